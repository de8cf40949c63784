/* SPDX-License-Identifier: BSD-2-Clause */
#include "task_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/*
 * Most tasks of a block are new ones: the slots that a search wanders through are small, so that
 * they stay in the cache, and rows are appended.
 */
struct vft_task_slot {
	uint32_t hash, row;
};

struct vft_task_row {
	struct vft_task task;
	uint32_t last_ref;
};

#define NO_ROW UINT32_MAX

/* Without padding a task can be compared and hashed as bytes. */
_Static_assert(sizeof(struct vft_task) == 40, "struct vft_task has no padding");

void vft_tasks_init(struct vft_tasks *tasks, uint64_t seed)
{
	*tasks = (struct vft_tasks){.seed = seed};
}

void vft_tasks_release(struct vft_tasks *tasks)
{
	free(tasks->slots);
	free(tasks->rows);
}

static void clear(struct vft_task_slot *slots, uint32_t n)
{
	if (n)
		memset(slots, 0xff, n * sizeof(*slots));
}

void vft_tasks_reset(struct vft_tasks *tasks)
{
	clear(tasks->slots, tasks->n_slots);
	tasks->n = 0;
	tasks->n_refs = 0;
}

int vft_tasks_reserve(struct vft_tasks *tasks, uint32_t n)
{
	uint32_t need = tasks->n + n, n_slots = tasks->n_slots ? tasks->n_slots : 1024;
	struct vft_task_slot *slots;
	struct vft_task_row *rows;

	if (need <= tasks->n_slots / 2)
		return 0;
	while (need > n_slots / 2)
		n_slots *= 2;
	rows = reallocarray(tasks->rows, n_slots / 2, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	tasks->rows = rows;
	slots = reallocarray(NULL, n_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	clear(slots, n_slots);
	for (uint32_t i = 0; i < tasks->n_slots; i++) {
		uint32_t at = tasks->slots[i].hash & (n_slots - 1);

		if (tasks->slots[i].row == NO_ROW)
			continue;
		while (slots[at].row != NO_ROW)
			at = (at + 1) & (n_slots - 1);
		slots[at] = tasks->slots[i];
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

	for (; tasks->slots[i].row != NO_ROW; i = (i + 1) & (tasks->n_slots - 1)) {
		struct vft_task_row *row = &tasks->rows[tasks->slots[i].row];

		if (tasks->slots[i].hash != hash || memcmp(&row->task, task, sizeof(*task)))
			continue;
		distance = tasks->n_refs - row->last_ref;
		row->last_ref = tasks->n_refs++;
		return distance;
	}
	tasks->slots[i] = (struct vft_task_slot){hash, tasks->n};
	tasks->rows[tasks->n++] = (struct vft_task_row){*task, tasks->n_refs++};
	return 0;
}
