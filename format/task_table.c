/* SPDX-License-Identifier: BSD-2-Clause */
#include "task_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct vft_task_slot {
	uint32_t generation, hash, last_ref;
	struct vft_task task;
};

/* Without padding a task can be compared and hashed as bytes. */
_Static_assert(sizeof(struct vft_task) == 40, "struct vft_task has no padding");

void vft_tasks_init(struct vft_tasks *tasks, uint64_t seed)
{
	*tasks = (struct vft_tasks){.generation = 1, .seed = seed};
}

void vft_tasks_release(struct vft_tasks *tasks)
{
	free(tasks->slots);
}

void vft_tasks_reset(struct vft_tasks *tasks)
{
	tasks->n = 0;
	tasks->n_refs = 0;
	if (++tasks->generation)
		return;
	if (tasks->n_slots)
		memset(tasks->slots, 0, tasks->n_slots * sizeof(*tasks->slots));
	tasks->generation = 1;
}

int vft_tasks_reserve(struct vft_tasks *tasks, uint32_t n)
{
	uint32_t need = tasks->n + n, n_slots = tasks->n_slots ? tasks->n_slots : 1024;
	struct vft_task_slot *slots;

	if (need <= tasks->n_slots / 2)
		return 0;
	while (need > n_slots / 2)
		n_slots *= 2;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < tasks->n_slots; i++) {
		const struct vft_task_slot *old = &tasks->slots[i];
		uint32_t at = old->hash & (n_slots - 1);

		if (old->generation != tasks->generation)
			continue;
		while (slots[at].generation == tasks->generation)
			at = (at + 1) & (n_slots - 1);
		slots[at] = *old;
	}
	free(tasks->slots);
	tasks->slots = slots;
	tasks->n_slots = n_slots;
	return 0;
}

uint32_t vft_tasks_refer(struct vft_tasks *tasks, const struct vft_task *task)
{
	uint32_t hash = (uint32_t)vft_hash_bytes(tasks->seed, task, sizeof(*task));
	uint32_t i = hash & (tasks->n_slots - 1), distance;

	for (; tasks->slots[i].generation == tasks->generation;
	     i = (i + 1) & (tasks->n_slots - 1)) {
		struct vft_task_slot *slot = &tasks->slots[i];

		if (slot->hash != hash || memcmp(&slot->task, task, sizeof(*task)))
			continue;
		distance = tasks->n_refs - slot->last_ref;
		slot->last_ref = tasks->n_refs++;
		return distance;
	}
	tasks->slots[i] = (struct vft_task_slot){tasks->generation, hash, tasks->n_refs++, *task};
	tasks->n++;
	return 0;
}
