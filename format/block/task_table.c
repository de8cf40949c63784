/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/task_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/hash.h"

/* Few bytes a slot: a block has some ten thousand tasks, and looking one up is a cache miss. */
struct vft_task_slot {
	uint32_t tid, row; /* row: counted on from block to block; below ->first_row it is free */
};

void vft_tasks_init(struct vft_tasks *tasks, uint64_t seed)
{
	*tasks = (struct vft_tasks){.first_row = 1, .seed = seed};
}

void vft_tasks_release(struct vft_tasks *tasks)
{
	free(tasks->slots);
	free(tasks->entries);
}

void vft_tasks_reset(struct vft_tasks *tasks)
{
	tasks->first_row += tasks->n;
	tasks->n = 0;
	tasks->n_refs = 0;
	if (tasks->first_row <= UINT32_MAX / 2)
		return;
	if (tasks->n_slots)
		memset(tasks->slots, 0, tasks->n_slots * sizeof(*tasks->slots));
	memset(tasks->recent, 0, sizeof(tasks->recent));
	tasks->first_row = 1;
}

/*
 * The slot of @task, or the free one that it belongs into. Neighbours by tid share a cache line,
 * since most new tasks have the next tid. Where that slot is taken, the way on depends on a hash of
 * the whole task: one process can have many tasks in a block (of changing uids), and may choose to.
 */
static struct vft_task_slot *find_slot(const struct vft_tasks *tasks, const struct vft_task *task)
{
	uint32_t mask = tasks->n_slots - 1, tid = task->tid, step = 0;
	uint32_t i = ((uint32_t)vft_hash_mix(tasks->seed, tid / 8) * 8 + tid % 8) & mask;

	for (;; i = (i + step) & mask) {
		struct vft_task_slot *slot = &tasks->slots[i];

		if (slot->row < tasks->first_row)
			return slot;
		if (slot->tid == tid &&
		    vft_is_same_task(&tasks->entries[slot->row - tasks->first_row].task, task))
			return slot;
		if (!step)
			step = (uint32_t)vft_hash_bytes(tasks->seed, task, sizeof(*task)) | 1;
	}
}

static int grow_slots(struct vft_tasks *tasks, uint32_t n_slots)
{
	struct vft_task_slot *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(tasks->slots);
	tasks->slots = slots;
	tasks->n_slots = n_slots;
	for (uint32_t row = 0; row < tasks->n; row++) {
		const struct vft_task *task = &tasks->entries[row].task;

		*find_slot(tasks, task) = (struct vft_task_slot){task->tid, tasks->first_row + row};
	}
	return 0;
}

int vft_tasks_reserve(struct vft_tasks *tasks, uint32_t n)
{
	uint32_t need = tasks->n + n, n_slots = tasks->n_slots ? tasks->n_slots : 1024;
	void *entries;

	if (need <= tasks->n_slots / 2)
		return 0;
	while (need > n_slots / 2)
		n_slots *= 2;
	entries = realloc(tasks->entries, n_slots / 2 * sizeof(*tasks->entries));
	if (!entries)
		return -ENOMEM;
	tasks->entries = entries;
	return grow_slots(tasks, n_slots);
}

uint32_t vft_tasks_look_up(struct vft_tasks *tasks, const struct vft_task *task)
{
	struct vft_task_slot *slot = find_slot(tasks, task);
	uint32_t *recent = &tasks->recent[task->tid % VFT_RECENT_TASKS];
	struct vft_task_entry *entry;
	uint32_t distance;

	if (slot->row < tasks->first_row) {
		*slot = (struct vft_task_slot){task->tid, tasks->first_row + tasks->n};
		*recent = slot->row;
		tasks->entries[tasks->n++] = (struct vft_task_entry){*task, tasks->n_refs++};
		return 0;
	}
	*recent = slot->row;
	entry = &tasks->entries[slot->row - tasks->first_row];
	distance = tasks->n_refs - entry->last_ref;
	entry->last_ref = tasks->n_refs++;
	return distance;
}
