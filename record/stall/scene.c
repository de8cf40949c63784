/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/scene.h"

#include <string.h>

#include "bpf/events.h"
#include "record/stall/text.h"
#include "record/watch/snapshot.h"

void rec_wait_copy_comm(const char comm[16], char to[REC_COMM_TEXT])
{
	struct rec_text text = rec_text_over(to, REC_COMM_TEXT);

	rec_text_escape(&text, comm, strnlen(comm, VFE_COMM_SIZE));
}

const struct vfe_task_state *rec_scene_find(const struct rec_scene *scene, uint32_t tid)
{
	for (size_t i = 0; tid && i < rec_snapshot_count(scene->snapshot); i++) {
		const struct vfe_task_state *task = rec_snapshot_get(scene->snapshot, i);

		if (task->task.tid == tid)
			return task;
	}
	return NULL;
}
