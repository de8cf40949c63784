/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/autopsy.h"

#include <errno.h>
#include <string.h>

#include <vft/event.h>

#include "bpf/events.h"
#include "record/kernel/translate.h"
#include "record/stall/syscalls.h"
#include "record/stall/text.h"
#include "record/stall/wait.h"
#include "record/watch/cgroups.h"
#include "record/watch/snapshot.h"

#define MAX_KINDS 64 /* of what the threads of one process do */

/* ---- the parent's threads ---- */

static const char *what_it_does(const struct vfe_task_state *task)
{
	static const char *const states[] = {
#define X(id, NAME, name) [id] = #name,
		VFT_STATE_LIST(X)
#undef X
	};
	uint32_t state = rec_translate_state(task);
	const char *name = NULL;

	if (state == VFT_STATE_SLEEPING || state == VFT_STATE_BLOCKED)
		name = rec_syscall_name(rec_abi_here(task->syscall_flags & VFE_SPAWN_COMPAT),
					task->syscall);
	return name ? name : states[state];
}

static void count_kind(struct rec_group *groups, size_t *n, const char *what)
{
	size_t i = 0;

	while (i < *n && strcmp(groups[i].what, what) != 0)
		i++;
	if (i == MAX_KINDS)
		return;
	if (i == *n)
		groups[(*n)++] = (struct rec_group){.what = what};
	groups[i].n++;
}

/* The largest first, those of one size as they came. */
static void take_largest(const struct rec_group *groups, size_t n, struct rec_autopsy *ret)
{
	bool is_taken[MAX_KINDS] = {false};

	while (ret->n_groups < REC_MAX_GROUPS && ret->n_groups < n) {
		size_t best = n;

		for (size_t i = 0; i < n; i++)
			if (!is_taken[i] && (best == n || groups[i].n > groups[best].n))
				best = i;
		is_taken[best] = true;
		ret->groups[ret->n_groups++] = groups[best];
	}
}

static void group_threads(const struct rec_scene *scene, uint32_t tgid, struct rec_autopsy *ret)
{
	const struct rec_snapshot *snapshot = scene->snapshot;
	struct rec_group groups[MAX_KINDS];
	size_t n = 0;

	for (size_t i = 0; i < rec_snapshot_count(snapshot); i++) {
		const struct vfe_task_state *task = rec_snapshot_get(snapshot, i);
		bool in_vfork;

		if (task->task.tgid != tgid || task->exit_state)
			continue;
		in_vfork = rec_snapshot_is_waiter(snapshot, i);
		ret->n_threads++;
		ret->n_in_vfork += in_vfork;
		count_kind(groups, &n, in_vfork ? "vfork" : what_it_does(task));
	}
	take_largest(groups, n, ret);
}

/* ---- where it comes from ---- */

static void find_lineage(const struct rec_scene *scene, const struct vfe_task_state *child,
			 struct rec_autopsy *ret)
{
	const struct vfe_task_state *task = child;

	while (task && ret->n_lineage < REC_MAX_LINEAGE) {
		struct rec_ancestor *ancestor = &ret->lineage[ret->n_lineage++];

		ancestor->tgid = task->task.tgid;
		rec_wait_copy_comm(task->task.comm, ancestor->comm);
		if (task->parent_tgid == task->task.tgid)
			break;
		task = rec_snapshot_find_process(scene->snapshot, task->parent_tgid);
	}
}

static void find_cgroup(const struct rec_scene *scene, const struct vfe_task_state *child,
			struct rec_autopsy *ret)
{
	struct rec_text text = REC_TEXT(ret->cgroup);
	struct vft_str path =
		rec_cgroups_find_path(scene->cgroups, child->task.cgroup, child->task.cgroup_v1);

	rec_text_escape(&text, path.data, path.size);
}

/* ---- since the look before ---- */

static const struct vfe_task_state *find_before(const struct rec_snapshot *before,
						const struct vfe_task_state *task)
{
	for (size_t i = 0; before && i < rec_snapshot_count(before); i++) {
		const struct vfe_task_state *other = rec_snapshot_get(before, i);

		if (other->task.tid == task->task.tid &&
		    other->thread_start_ns == task->thread_start_ns)
			return other;
	}
	return NULL;
}

static void compare(const struct rec_snapshot *before, const struct vfe_task_state *child,
		    struct rec_autopsy *ret)
{
	const struct vfe_task_state *then = find_before(before, child);

	if (!then || then->header.time_ns >= child->header.time_ns)
		return;
	ret->interval_ns = child->header.time_ns - then->header.time_ns;
	ret->interval_cpu_ns = child->cpu_ns - then->cpu_ns;
	ret->interval_switches = child->n_switches - then->n_switches;
}

int rec_autopsy_perform(const struct rec_scene *scene, size_t i, const struct rec_snapshot *before,
			struct rec_autopsy *ret)
{
	const struct vfe_task_state *child = rec_snapshot_get(scene->snapshot, i);
	const struct vfe_task_state *parent = rec_snapshot_get_waiter(scene->snapshot, i);
	int r;

	memset(ret, 0, sizeof(*ret));
	r = rec_wait_look(scene, child, &ret->child);
	if (r)
		return r;
	if (!ret->child.is_pending)
		return -ESRCH;
	if (parent && rec_wait_look(scene, parent, &ret->parent))
		ret->parent.tid = 0;
	ret->examined_ns = child->header.time_ns;
	ret->held_ns = ret->examined_ns > child->thread_start_ns
			       ? ret->examined_ns - child->thread_start_ns
			       : 0;
	ret->uid = child->task.uid;
	r = rec_chain_follow(scene, &ret->child, &ret->chain);
	if (r)
		return r;
	if (parent)
		group_threads(scene, parent->task.tgid, ret);
	find_lineage(scene, child, ret);
	find_cgroup(scene, child, ret);
	compare(before, child, ret);
	return rec_wait_look_again(scene, &ret->child, &ret->has_moved);
}
