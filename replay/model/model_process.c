/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "replay/model/model_internal.h"

#define FLAG_CLONE_VM     0x100u
#define FLAG_CLONE_VFORK  0x4000u
#define FLAG_CLONE_PARENT 0x8000u

void rep_process_acquire(const struct rep_process *process)
{
	rep_str_acquire(process->comm);
	rep_str_acquire(process->exe);
	rep_str_acquire(process->argv);
}

void rep_process_release(const struct rep_process *process)
{
	rep_str_release(process->comm);
	rep_str_release(process->exe);
	rep_str_release(process->argv);
}

/* The newest of its pid, or behind @newest. */
static int process_new(struct rep_model *model, struct rep_key key, struct process *newest,
		       struct process **ret)
{
	struct process *process;
	int r = 0;

	if (model_is_full(model))
		return -E2BIG;
	process = model_pool_new(&model->process_pool, sizeof(*process));
	if (!process)
		return -ENOMEM;
	process->pub.key = key;
	process->pub.start_ns = key.start_ns;
	if (newest)
		newest->older = process, model->n_older++;
	else
		r = pids_set(model->pids, key.tgid, PID_PROCESS, process);
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

/* Of a pid that belongs to somebody else since @time_ns. */
static int vanish_all(struct rep_model *model, struct process *newest, uint64_t time_ns)
{
	int r = 0;

	if (newest && newest->older)
		r = model_process_vanish(model, newest->older, time_ns, REP_GIVEN_UP_PID_REUSED);
	if (newest && r == 0)
		r = model_process_vanish(model, newest, time_ns, REP_GIVEN_UP_PID_REUSED);
	return r;
}

/* One who had the pid before @newest, which a list has named ahead of its events. */
static int make_older(struct rep_model *model, struct rep_key key, struct process *newest,
		      struct process **ret)
{
	int r = 0;

	if (newest->older)
		r = model_process_vanish(model, newest->older, key.start_ns,
					 REP_GIVEN_UP_PID_REUSED);
	return r < 0 ? r : process_new(model, key, newest, ret);
}

/* A list names @key, whose spawn may still come, and before it the end of who had the pid. */
static int make_ahead(struct rep_model *model, struct rep_key key, struct process *former,
		      struct process **ret)
{
	int r = 0;

	if (former && former->older)
		r = model_process_vanish(model, former->older, key.start_ns,
					 REP_GIVEN_UP_PID_REUSED);
	if (r < 0)
		return r;
	r = process_new(model, key, NULL, ret);
	if (r < 0)
		return r;
	(*ret)->is_ahead = true;
	(*ret)->older = former;
	model->n_older += former != NULL;
	return 0;
}

static int make_newest(struct rep_model *model, struct rep_key key, struct process *former,
		       uint64_t time_ns, struct process **ret)
{
	int r = vanish_all(model, former, time_ns);

	if (r == 0)
		r = model_episode_arrive(model, key, key.start_ns);
	return r < 0 ? r : process_new(model, key, NULL, ret);
}

/* Rows, and releases by exit, can name the dead. */
static bool may_be_new(const struct rep_model *model, struct rep_key key,
		       const struct vft_event *event)
{
	bool is_release = event->kind == VFT_KIND_RELEASE;

	if (is_release && event->release.by != VFT_BY_EXEC)
		return false;
	return !model_is_ended(model, key) && !((is_release || model_is_row(event)) &&
						model_may_be_forgotten(model, event->time_ns));
}

int model_process_get(struct rep_model *model, struct rep_key key, const struct vft_event *event,
		      struct process **ret)
{
	struct process *newest = pids_find(model->pids, key.tgid, PID_PROCESS);

	*ret = model_process_find(model, key);
	if (*ret || !may_be_new(model, key, event))
		return 0;
	if (newest && key.start_ns < newest->pub.key.start_ns)
		return newest->is_ahead && !model_is_row(event)
			       ? make_older(model, key, newest, ret)
			       : 0;
	if (model_is_row(event))
		return make_ahead(model, key, newest, ret);
	return make_newest(model, key, newest, key.start_ns, ret);
}

/* An event of its own: nobody else has the pid any more. */
static int arrive(struct rep_model *model, struct process *process)
{
	int r = 0;

	process->is_ahead = false;
	if (process->older)
		r = model_process_vanish(model, process->older, process->pub.key.start_ns,
					 REP_GIVEN_UP_PID_REUSED);
	return r < 0 ? r : model_episode_arrive(model, process->pub.key, process->pub.key.start_ns);
}

static void take_task(struct process *process, const struct vft_task *task, uint64_t time_ns)
{
	process->pub.ns_tgid = task->ns_tgid;
	process->pub.uid = task->uid;
	process->pub.pidns = task->pidns;
	process->pub.cgroup = task->cgroup;
	process->pub.has_task = true;
	if (time_ns > process->last_ns)
		process->last_ns = time_ns;
}

int model_process_touch(struct rep_model *model, const struct vft_event *event,
			struct process **ret)
{
	const struct vft_task *task = event->task;
	struct rep_key key = {task->tgid, task->start_ns};
	struct process *process = model_process_find(model, key);

	int r = 0;

	if (!process)
		r = model_process_get(model, key, event, &process);
	else if (process->is_ahead && !model_is_row(event))
		r = arrive(model, process);
	*ret = process;
	/* A row of before its last event says nothing new of it. */
	if (r < 0 || !process || (model_is_row(event) && event->time_ns < process->last_ns))
		return r;
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
	struct process *child = model_process_find(model, key), *newest;
	uint64_t flags = event->spawn.clone_flags;
	int r = 0;

	if (child) {
		r = child->is_ahead ? arrive(model, child) : 0;
	} else {
		newest = pids_find(model->pids, key.tgid, PID_PROCESS);
		if (newest && newest->is_ahead && key.start_ns < newest->pub.key.start_ns)
			r = make_older(model, key, newest, &child);
		else
			r = make_newest(model, key, newest, event->time_ns, &child);
		/* In a hostile file the caller itself held the pid. */
		if (newest)
			caller = model_process_find(
				model, (struct rep_key){event->task->tgid, event->task->start_ns});
	}
	if (r < 0)
		return r;
	take_task(child, task, event->time_ns);
	child->pub.start_ns = event->time_ns;
	if (flags & FLAG_CLONE_VFORK)
		child->pub.spawn = REP_SPAWN_VFORK;
	else
		child->pub.spawn = flags & FLAG_CLONE_VM ? REP_SPAWN_CLONE : REP_SPAWN_FORK;
	/* The parent of what makes the kernel's tasks is in no list, and says nothing: it makes
	 * all. */
	if (!(flags & FLAG_CLONE_PARENT) || event->flags & VFT_SPAWN_KERNEL)
		child->pub.parent = (struct rep_key){event->task->tgid, event->task->start_ns};
	else if (caller && caller->pub.parent.tgid)
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
	struct process *newest = pids_find(model->pids, process->pub.key.tgid, PID_PROCESS);

	if (newest == process && !process->older) {
		pids_remove(model->pids, process->pub.key.tgid, PID_PROCESS, process);
	} else {
		model->n_older--;
		if (newest == process)
			pids_replace(model->pids, process->pub.key.tgid, PID_PROCESS,
				     process->older);
		else if (newest)
			newest->older = NULL;
	}
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

static int hand_out(struct rep_model *model, struct process *process)
{
	int r = 0;

	while (process->waiters)
		model_episode_unblock(model, process->waiters);
	if (model->ops.on_process)
		r = model->ops.on_process(model->context, &process->pub);
	process_free(model, process);
	return r < 0 ? r : 0;
}

int model_process_end(struct rep_model *model, struct process *process)
{
	model_set_ended(model, process->pub.key,
			process->pub.ended ? process->pub.end_ns : process->last_ns);
	return hand_out(model, process);
}

int model_process_flush(struct rep_model *model)
{
	int r = 0;

	while (model->first_process && r == 0)
		r = hand_out(model, model->first_process);
	return r;
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
	process->pub.vanished = true;
	if (time_ns > process->last_ns)
		process->last_ns = time_ns;
	return model_process_end(model, process);
}

int model_vanish_older(struct rep_model *model)
{
	struct process *process = model->n_older ? model->first_process : NULL, *next;
	int r = 0;

	for (; process && r == 0; process = next) {
		const struct process *newest =
			pids_find(model->pids, process->pub.key.tgid, PID_PROCESS);

		next = process->next;
		if (newest && process != newest)
			r = model_process_vanish(model, process, newest->pub.key.start_ns,
						 REP_GIVEN_UP_PID_REUSED);
	}
	return r;
}

void model_process_drop(struct rep_model *model)
{
	while (model->first_process) {
		model->first_process->waiters = NULL;
		process_free(model, model->first_process);
	}
	model_ended_drop(model);
}
