/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task_table.h - the tasks of the block being written, and how long ago each was last referred to.
 *
 * Distances rather than row numbers, because spawn, release, exec and exit of short-lived processes
 * then repeat the same small numbers, which compress to nothing. Called by: encode.c.
 */
#ifndef VFT_TASK_TABLE_H
#define VFT_TASK_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <vft/err.h>
#include <vft/event.h>

/* How many of the last tasks are found without the table, by the last bits of their tids. */
#define VFT_RECENT_TASKS 64u

struct vft_task_entry {
	struct vft_task task;
	uint32_t last_ref;
};

struct vft_tasks {
	struct vft_task_slot *slots;
	struct vft_task_entry *entries; /* by row; half as many as slots */
	uint32_t n_slots;               /* a power of two, or 0 */
	uint32_t first_row; /* rows of all blocks before, since the slots were cleared */
	uint32_t n;         /* rows */
	uint32_t n_refs;    /* references made in this block */
	uint64_t seed;
	uint32_t recent[VFT_RECENT_TASKS]; /* rows, counted as slots count them */
};

void vft_tasks_init(struct vft_tasks *tasks, uint64_t seed);
void vft_tasks_release(struct vft_tasks *tasks);
void vft_tasks_reset(struct vft_tasks *tasks);

/* Room for @n more tasks. -ENOMEM. */
VFT_MUST_CHECK int vft_tasks_reserve(struct vft_tasks *tasks, uint32_t n);

/* vft_tasks_refer for one that is not among the recent. */
uint32_t vft_tasks_look_up(struct vft_tasks *tasks, const struct vft_task *task);

_Static_assert(sizeof(struct vft_task) == 5 * sizeof(uint64_t), "no padding, and five words");

static inline uint64_t vft_task_word(const struct vft_task *task, unsigned int i)
{
	uint64_t word;

	memcpy(&word, (const char *)task + i * sizeof(word), sizeof(word));
	return word;
}

static inline bool vft_is_same_task(const struct vft_task *a, const struct vft_task *b)
{
	uint64_t differing = 0;

	for (unsigned int i = 0; i < 5; i++)
		differing |= vft_task_word(a, i) ^ vft_task_word(b, i);
	return !differing;
}

/* Refer to @task: 0 when it is new in this block, else how many references ago it was the last. */
static inline uint32_t vft_tasks_refer(struct vft_tasks *tasks, const struct vft_task *task)
{
	uint32_t row = tasks->recent[task->tid % VFT_RECENT_TASKS], distance;
	struct vft_task_entry *entry;

	if (row < tasks->first_row)
		return vft_tasks_look_up(tasks, task);
	entry = &tasks->entries[row - tasks->first_row];
	if (!vft_is_same_task(&entry->task, task))
		return vft_tasks_look_up(tasks, task);
	distance = tasks->n_refs - entry->last_ref;
	entry->last_ref = tasks->n_refs++;
	return distance;
}

#endif
