/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "replay/model/model_internal.h"

#define FLAG_CLONE_VM     0x100u
#define FLAG_CLONE_VFORK  0x4000u
#define FLAG_CLONE_PARENT 0x8000u

static size_t ended_slot(struct rep_key key)
{
	uint64_t hash = (key.start_ns ^ (uint64_t)key.tgid << 40) * 0x9e3779b97f4a7c15ull;

	return (hash >> 32) % MODEL_N_ENDED;
}

/* Rows of a snapshot may stand behind the events that happened since: they must not revive the
 * dead. */
bool model_is_ended(const struct rep_model *model, struct rep_key key)
{
	const struct rep_key *slot = &model->ended[ended_slot(key)];

	return slot->tgid == key.tgid && slot->start_ns == key.start_ns && key.tgid;
}

void model_set_ended(struct rep_model *model, struct rep_key key)
{
	model->ended[ended_slot(key)] = key;
	model->has_ended = true;
}

struct process *model_process_find(const struct rep_model *model, struct rep_key key)
{
	struct process *process = map_find(&model->processes, key.tgid);

	return process && process->pub.key.start_ns == key.start_ns ? process : NULL;
}

static int process_new(struct rep_model *model, struct rep_key key, struct process **ret)
{
	struct process *process;
	struct episode *former;
	int r;

	if (model->processes.n + model->episodes.n >= model->max_live)
		return -E2BIG;
	/* An episode whose child's pid this was can learn nothing more. */
	former = map_find(&model->episodes, key.tgid);
	if (former && former->pub.child.start_ns != key.start_ns) {
		r = model_episode_give_up(model, former, key.start_ns, REP_GIVEN_UP_PID_REUSED);
		if (r < 0)
			return r;
	}
	process = model_pool_new(&model->process_pool, sizeof(*process));
	if (!process)
		return -ENOMEM;
	process->pub.key = key;
	process->pub.start_ns = key.start_ns;
	r = map_set(&model->processes, key.tgid, process);
	if (r < 0) {
		model_pool_put(&model->process_pool, process, sizeof(*process));
		return r;
	}
	process->previous = model->last_process;
	if (model->last_process)
		model->last_process->next = process;
	else
		model->first_process = process;
	model->last_process = process;
	*ret = process;
	return 0;
}

int model_process_get(struct rep_model *model, struct rep_key key, struct process **ret)
{
	struct process *process = map_find(&model->processes, key.tgid);
	int r;

	*ret = NULL;
	if (process && process->pub.key.start_ns == key.start_ns) {
		*ret = process;
		return 0;
	}
	if ((process && key.start_ns < process->pub.key.start_ns) || model_is_ended(model, key))
		return 0;
	if (process) {
		r = model_process_vanish(model, process, key.start_ns, REP_GIVEN_UP_PID_REUSED);
		if (r < 0)
			return r;
	}
	return process_new(model, key, ret);
}

static void take_task(struct process *process, const struct vft_task *task, uint64_t time_ns)
{
	process->pub.ns_tgid = task->ns_tgid;
	process->pub.uid = task->uid;
	process->pub.pidns = task->pidns;
	process->pub.cgroup = task->cgroup;
	if (time_ns > process->last_ns)
		process->last_ns = time_ns;
}

int model_process_touch(struct rep_model *model, const struct vft_event *event,
			struct process **ret)
{
	const struct vft_task *task = event->task;
	struct rep_key key = {task->tgid, task->start_ns};
	struct process *process = model_process_find(model, key);

	if (!process) {
		int r = model_process_get(model, key, &process);

		if (r < 0)
			return r;
	}
	*ret = process;
	if (!process)
		return 0;
	take_task(process, task, event->time_ns);
	/* Threads have names of their own; the process's is its leader's. */
	if (task->tid != task->tgid && process->pub.comm)
		return 0;
	return model_set_str(model, &process->pub.comm, event->comm);
}

int model_process_spawn(struct rep_model *model, const struct vft_event *event,
			struct process *caller)
{
	const struct vft_task *task = event->spawn.child;
	struct rep_key key = {task->tgid, task->start_ns};
	struct process *child = map_find(&model->processes, key.tgid);
	uint64_t flags = event->spawn.clone_flags;
	int r;

	if (child && child->pub.key.start_ns != key.start_ns) {
		r = model_process_vanish(model, child, event->time_ns, REP_GIVEN_UP_PID_REUSED);
		if (r < 0)
			return r;
		child = NULL;
		/* The caller itself held the pid: a hostile file. */
		caller = model_process_find(
			model, (struct rep_key){event->task->tgid, event->task->start_ns});
	}
	if (!child) {
		r = process_new(model, key, &child);
		if (r < 0)
			return r;
	}
	take_task(child, task, event->time_ns);
	child->pub.start_ns = event->time_ns;
	if (flags & FLAG_CLONE_VFORK)
		child->pub.spawn = REP_SPAWN_VFORK;
	else
		child->pub.spawn = flags & FLAG_CLONE_VM ? REP_SPAWN_CLONE : REP_SPAWN_FORK;
	if (!(flags & FLAG_CLONE_PARENT))
		child->pub.parent = (struct rep_key){event->task->tgid, event->task->start_ns};
	else if (caller)
		child->pub.parent = caller->pub.parent;
	if (!caller || caller == child)
		return 0;
	if (!child->pub.comm)
		model_copy_str(&child->pub.comm, caller->pub.comm);
	if (!child->pub.exe) {
		model_copy_str(&child->pub.exe, caller->pub.exe);
		model_copy_str(&child->pub.argv, caller->pub.argv);
		child->pub.argv_size = caller->pub.argv_size;
		child->pub.argv_cut = caller->pub.argv_cut;
	}
	return 0;
}

static void process_free(struct rep_model *model, struct process *process)
{
	map_remove(&model->processes, process->pub.key.tgid, process);
	if (process->previous)
		process->previous->next = process->next;
	else
		model->first_process = process->next;
	if (process->next)
		process->next->previous = process->previous;
	else
		model->last_process = process->previous;
	model_release_str(process->pub.comm);
	model_release_str(process->pub.exe);
	model_release_str(process->pub.argv);
	model_pool_put(&model->process_pool, process, sizeof(*process));
}

int model_process_end(struct rep_model *model, struct process *process)
{
	int r = 0;

	while (process->waiters)
		model_episode_unblock(model, process->waiters);
	model_set_ended(model, process->pub.key);
	if (model->ops.on_process)
		r = model->ops.on_process(model->context, &process->pub);
	process_free(model, process);
	return r < 0 ? r : 0;
}

int model_process_vanish(struct rep_model *model, struct process *process, uint64_t time_ns,
			 enum rep_giving_up why)
{
	struct episode *episode;
	int r;

	while (process->waiters) {
		r = model_episode_give_up(model, process->waiters, time_ns,
					  REP_GIVEN_UP_PARENT_VANISHED);
		if (r < 0)
			return r;
	}
	episode = model_episode_find(model, process->pub.key.tgid, process->pub.key);
	if (episode) {
		r = model_episode_give_up(model, episode, time_ns, why);
		if (r < 0)
			return r;
	}
	return model_process_end(model, process);
}

void model_process_drop(struct rep_model *model)
{
	while (model->first_process) {
		model->first_process->waiters = NULL;
		process_free(model, model->first_process);
	}
	if (model->has_ended)
		memset(model->ended, 0, sizeof(model->ended));
	model->has_ended = false;
}
