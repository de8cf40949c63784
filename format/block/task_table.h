/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task_table.h - the tasks of the block being written, and how long ago each was last referred to.
 *
 * Distances rather than row numbers, because spawn, release, exec and exit of short-lived processes
 * then repeat the same small numbers, which compress to nothing. Called by: encode.c.
 */
#ifndef VFT_TASK_TABLE_H
#define VFT_TASK_TABLE_H

#include <stdint.h>

#include <vft/err.h>
#include <vft/event.h>

struct vft_tasks {
	struct vft_task_slot *slots;
	struct vft_task_entry *entries; /* by row; half as many as slots */
	uint32_t n_slots;               /* a power of two, or 0 */
	uint32_t first_row; /* rows of all blocks before, since the slots were cleared */
	uint32_t n;         /* rows */
	uint32_t n_refs;    /* references made in this block */
	uint64_t seed;
};

void vft_tasks_init(struct vft_tasks *tasks, uint64_t seed);
void vft_tasks_release(struct vft_tasks *tasks);
void vft_tasks_reset(struct vft_tasks *tasks);

/* Room for @n more tasks. -ENOMEM. */
VFT_MUST_CHECK int vft_tasks_reserve(struct vft_tasks *tasks, uint32_t n);

/* Refer to @task: 0 when it is new in this block, else how many references ago it was the last. */
uint32_t vft_tasks_refer(struct vft_tasks *tasks, const struct vft_task *task);

#endif
