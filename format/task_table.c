/* SPDX-License-Identifier: BSD-2-Clause */
#include "task_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* Few bytes a slot: a block has some ten thousand tasks, and looking one up is a cache miss. */
struct vft_task_slot {
	uint32_t hash, row; /* row: counted on from block to block; below ->first_row it is free */
};

struct vft_task_entry {
	struct vft_task task;
	uint32_t last_ref;
};

/* Without padding a task can be compared and hashed as bytes. */
_Static_assert(sizeof(struct vft_task) == 40, "struct vft_task has no padding");

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
	tasks->first_row = 1;
}

static int grow_slots(struct vft_tasks *tasks, uint32_t n_slots)
{
	struct vft_task_slot *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < tasks->n_slots; i++) {
		const struct vft_task_slot *old = &tasks->slots[i];
		uint32_t at = old->hash & (n_slots - 1);

		if (old->row < tasks->first_row)
			continue;
		while (slots[at].row)
			at = (at + 1) & (n_slots - 1);
		slots[at] = *old;
	}
	free(tasks->slots);
	tasks->slots = slots;
	tasks->n_slots = n_slots;
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

uint32_t vft_tasks_refer(struct vft_tasks *tasks, const struct vft_task *task)
{
	uint32_t hash = (uint32_t)vft_hash_bytes(tasks->seed, task, sizeof(*task));
	uint32_t i = hash & (tasks->n_slots - 1), distance;

	for (; tasks->slots[i].row >= tasks->first_row; i = (i + 1) & (tasks->n_slots - 1)) {
		struct vft_task_entry *entry;

		if (tasks->slots[i].hash != hash)
			continue;
		entry = &tasks->entries[tasks->slots[i].row - tasks->first_row];
		if (memcmp(&entry->task, task, sizeof(*task)))
			continue;
		distance = tasks->n_refs - entry->last_ref;
		entry->last_ref = tasks->n_refs++;
		return distance;
	}
	tasks->slots[i] = (struct vft_task_slot){hash, tasks->first_row + tasks->n};
	tasks->entries[tasks->n++] = (struct vft_task_entry){*task, tasks->n_refs++};
	return 0;
}
