/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "replay/model/model_internal.h"
#include "format/block/meta.h"

#define FLAG_CLONE_VFORK  0x4000u
#define FLAG_CLONE_THREAD 0x10000u

/* A blocked thread died: its wait, if still open, ended with it. */
static int parent_dies(struct rep_model *model, struct episode *episode, uint64_t time_ns,
		       bool by_exec)
{
	/* A list knows of a later wait: it was another thread that died. */
	if (model_is_before_wait(episode, time_ns))
		return 0;
	/* The child's end was seen first; only its release is missing. */
	if (!episode->evidence.is_exited) {
		episode->evidence.is_parent_died = true;
		episode->evidence.is_parent_execed = by_exec;
		episode->evidence.parent_died = model_now(model, time_ns);
	}
	return model_episode_finish(model, episode);
}

static int on_spawn(struct rep_model *model, const struct vft_event *event)
{
	struct episode *episode;
	struct process *caller;
	int r = model_process_touch(model, event, &caller);

	if (r < 0 || !event->spawn.child)
		return r;
	model_thread_acts(model, event->task->tid, model_key_of(event->task), event->time_ns);
	if (!(event->spawn.clone_flags & FLAG_CLONE_THREAD)) {
		r = model_process_spawn(model, event, caller);
		if (r < 0)
			return r;
		/* It may have lost its place to a child of the same pid. */
		if (event->spawn.child->tgid == event->task->tgid)
			caller = model_process_find(model, model_key_of(event->task));
	}
	/* A vfork child that makes a child of its own says its name. */
	episode = caller && caller->had_episode
			  ? model_episode_find(model, event->task->tid, model_key_of(event->task))
			  : NULL;
	if (episode) {
		r = model_episode_take_child(model, episode, event);
		if (r < 0)
			return r;
	}
	if (!(event->spawn.clone_flags & FLAG_CLONE_VFORK))
		return 0;
	return model_episode_spawn(model, event, caller);
}

static int on_release(struct rep_model *model, const struct vft_event *event)
{
	struct rep_key parent = {event->release.parent_tgid, event->release.parent_start_ns};
	struct episode *episode;
	struct process *child;
	int r = model_process_touch(model, event, &child);

	if (r < 0)
		return r;
	episode = model_episode_find(model, event->task->tid, model_key_of(event->task));
	if (!episode) {
		r = model_episode_discover(model, event, parent, event->release.parent_tid,
					   &episode);
		if (r < 0 || !episode)
			return r;
		episode->evidence.is_spawn_unseen = true;
	}
	if (episode->evidence.is_released)
		return 0;
	episode->evidence.is_doubtful = false;
	r = model_episode_take_child(model, episode, event);
	if (r < 0)
		return r;
	r = model_episode_set_waiter(model, episode, parent, event->release.parent_tid, event);
	if (r < 0)
		return r;
	episode->evidence.is_released = true;
	episode->evidence.released = model_now(model, event->time_ns);
	episode->evidence.release_by = event->release.by;
	model_episode_unblock(model, episode);
	if (episode->is_child_gone)
		return model_episode_finish(model, episode);
	return 0;
}

/* All that wait of @process die. */
static int end_waiters(struct rep_model *model, struct process *process, uint64_t time_ns,
		       bool by_exec)
{
	struct episode *episode = process->waiters, *next;
	int r = 0;

	for (; episode && r == 0; episode = next) {
		next = episode->next_waiter;
		r = parent_dies(model, episode, time_ns, by_exec);
	}
	return r;
}

/* Of @process only the thread that exec'd is left. */
static int end_siblings(struct rep_model *model, struct process *process,
			const struct vft_event *event)
{
	uint32_t survivor = event->exec.old_tid ? event->exec.old_tid : event->task->tgid;

	model_thread_acts(model, survivor, process->pub.key, event->time_ns);
	return end_waiters(model, process, event->time_ns, true);
}

static int finish_exec(struct rep_model *model, struct episode *episode,
		       const struct vft_event *event)
{
	int r = model_set_str(model, &episode->pub.child_comm, event->comm);

	episode->pub.child_uid = event->task->uid;
	episode->pub.child_cgroup = event->task->cgroup;
	if (r == 0) {
		/* A failed attempt before this one may have left its own. */
		model_copy_str(&episode->pub.exec_path, NULL);
		r = model_set_str(model, &episode->pub.exec_path, event->exec.path);
	}
	if (r == 0)
		r = model_set_str(model, &episode->pub.exec_exe, event->exec.exe);
	if (r < 0)
		return r;
	episode->pub.exec_error = 0;
	/* Its leader may have exited before another thread came to exec. */
	episode->pub.has_exit = episode->pub.exit_core = false;
	episode->pub.exit_code = episode->pub.exit_signal = 0;
	episode->evidence.is_doubtful = false;
	episode->evidence.is_execed = true;
	episode->evidence.execed = model_now(model, event->time_ns);
	return model_episode_finish(model, episode);
}

static int update_exec(struct rep_model *model, struct process *process,
		       const struct vft_event *event)
{
	const struct vft_str *argv = event->exec.argv;
	int r = model_set_str(model, &process->pub.exe, rep_exec_file(event));

	if (r == 0 && event->comm)
		r = model_set_str(model, &process->pub.comm, event->comm);
	if (r < 0)
		return r;
	/* Not copied for nobody. */
	if (model->ops.without_argv)
		argv = NULL;
	if (!argv)
		model_copy_str(&process->pub.argv, NULL);
	process->pub.argv_size = event->exec.argv_size;
	process->pub.argv_cut = event->exec.argv_size > (argv ? argv->size : 0);
	process->pub.execed = true;
	if (!process->pub.exec_count++)
		process->pub.exec_ns = event->time_ns;
	return model_set_str(model, &process->pub.argv, argv);
}

static int on_exec(struct rep_model *model, const struct vft_event *event)
{
	struct episode *episode;
	struct process *process;
	int r = model_process_touch(model, event, &process);

	if (r < 0 || !process)
		return r;
	r = update_exec(model, process, event);
	if (r < 0)
		return r;
	r = end_siblings(model, process, event);
	if (r < 0)
		return r;
	/* A child that is a thread and execs takes over its leader's pid. */
	if (event->exec.old_tid && event->exec.old_tid != event->task->tgid) {
		episode = model_episode_find(model, event->exec.old_tid, process->pub.key);
		if (episode) {
			r = finish_exec(model, episode, event);
			if (r < 0)
				return r;
		}
	}
	episode = model_episode_find(model, event->task->tgid, process->pub.key);
	return episode ? finish_exec(model, episode, event) : 0;
}

static int on_exec_fail(struct rep_model *model, const struct vft_event *event)
{
	struct episode *episode;
	struct process *process;
	int r = model_process_touch(model, event, &process);

	if (r < 0)
		return r;
	model_thread_acts(model, event->task->tid, model_key_of(event->task), event->time_ns);
	episode = model_episode_find(model, event->task->tid, model_key_of(event->task));
	if (!episode || episode->evidence.is_released || episode->evidence.is_exited)
		return 0;
	r = model_episode_take_child(model, episode, event);
	if (r < 0)
		return r;
	episode->pub.exec_error = event->exec_fail.error;
	model_copy_str(&episode->pub.exec_path, NULL);
	return model_set_str(model, &episode->pub.exec_path, event->exec_fail.path);
}

/* The end of a vfork child: of a process, of its leader only, or of a child that is a thread. */
static int child_exits(struct rep_model *model, struct episode *episode,
		       const struct vft_event *event)
{
	bool is_leader_only = !(event->flags & VFT_EXIT_PROCESS) &&
			      episode->pub.child_tid == episode->pub.child.tgid;
	int r;

	if (event->task->tid == episode->pub.child_tid && (event->flags & VFT_EXIT_VFORK_PENDING) &&
	    !episode->evidence.is_released) {
		episode->evidence.is_exit_pending = true;
		episode->evidence.pending = model_now(model, event->time_ns);
	}
	r = model_episode_take_child(model, episode, event);
	if (r < 0)
		return r;
	if (!episode->evidence.is_exited) {
		episode->evidence.is_exited = true;
		episode->evidence.exited = model_now(model, event->time_ns);
	}
	episode->evidence.is_doubtful = false;
	episode->evidence.is_leader_only = is_leader_only;
	episode->pub.has_exit = true;
	episode->pub.exit_code = event->exit.code;
	episode->pub.exit_signal = event->exit.signal;
	episode->pub.exit_core = event->flags & VFT_EXIT_CORE;
	/* Another thread of the child may yet exec. */
	if (is_leader_only)
		return 0;
	episode->is_child_gone = true;
	if (episode->evidence.is_released || !episode->evidence.is_exit_pending)
		return model_episode_finish(model, episode);
	/* The release follows within microseconds. */
	return 0;
}

static int end_waits_of(struct rep_model *model, struct process *process,
			const struct vft_event *event)
{
	struct episode *episode = pids_find(model->pids, event->task->tid, PID_WAITER);
	struct rep_key key = model_key_of(event->task);
	int r;

	if (episode && episode->pub.parent.tgid == key.tgid &&
	    episode->pub.parent.start_ns == key.start_ns) {
		/* A blocked thread cannot exit by itself, unless the whole process is made to. */
		if ((event->flags & VFT_EXIT_WAITER) || event->exit.signal) {
			r = parent_dies(model, episode, event->time_ns, false);
			if (r < 0)
				return r;
		} else {
			model_thread_acts(model, event->task->tid, key, event->time_ns);
		}
	}
	if (!(event->flags & VFT_EXIT_PROCESS))
		return 0;
	return process ? end_waiters(model, process, event->time_ns, false) : 0;
}

static int on_exit_event(struct rep_model *model, const struct vft_event *event)
{
	struct rep_key key = model_key_of(event->task);
	struct episode *episode;
	struct process *process;
	int r = model_process_touch(model, event, &process);

	if (r < 0)
		return r;
	r = end_waits_of(model, process, event);
	if (r < 0)
		return r;
	episode = model_episode_find(model, event->task->tid, key);
	if (!episode && (event->flags & VFT_EXIT_VFORK_PENDING)) {
		r = model_episode_discover(model, event, (struct rep_key){0}, 0, &episode);
		if (r < 0)
			return r;
		if (episode) {
			episode->evidence.is_spawn_unseen = true;
			if (process)
				episode->pub.parent = process->pub.parent;
		}
	}
	if (!episode && (event->flags & VFT_EXIT_PROCESS))
		episode = model_episode_find(model, event->task->tgid, key);
	if (episode) {
		r = child_exits(model, episode, event);
		if (r < 0)
			return r;
	}
	if (!process || !(event->flags & VFT_EXIT_PROCESS))
		return 0;
	/* The leader may have exited before, and was the vfork child. */
	episode = model_episode_find(model, event->task->tgid, key);
	if (episode && !episode->is_child_gone) {
		r = child_exits(model, episode, event);
		if (r < 0)
			return r;
	}
	process->pub.ended = true;
	process->pub.end_ns = event->time_ns;
	process->pub.exit_code = event->exit.code;
	process->pub.exit_signal = event->exit.signal;
	return model_process_end(model, process);
}

static int on_signal(struct rep_model *model, const struct vft_event *event)
{
	struct episode *episode =
		model_episode_find(model, event->task->tid, model_key_of(event->task));
	int r;

	if (!episode && event->task->tid != event->task->tgid)
		episode = model_episode_find(model, event->task->tgid, model_key_of(event->task));
	if (!episode)
		return 0;
	r = model_episode_take_child(model, episode, event);
	if (r < 0)
		return r;
	episode->sent_signal = event->signal.signal;
	episode->sent_by = event->signal.sender_tgid;
	return model_set_str(model, &episode->sent_comm, event->signal.sender_comm);
}

static int on_lost(struct rep_model *model, const struct vft_event *event)
{
	struct rep_loss loss = {
		.cause = event->lost.cause,
		.cpu = event->lost.cpu,
		.count = event->lost.count,
		.from_ns = event->lost.from_ns,
		.to_ns = event->lost.to_ns,
	};

	return rep_losses_add(model->losses, &loss);
}

static int on_cgroup(struct rep_model *model, const struct vft_event *event)
{
	struct rep_str *path = NULL, *former = map_find(&model->cgroups, event->cgroup.id);
	int r;

	if (!event->cgroup.path || (!former && model->cgroups.n >= MODEL_MAX_CGROUPS))
		return 0;
	r = model_set_str(model, &path, event->cgroup.path);
	if (r < 0)
		return r;
	r = map_set(&model->cgroups, event->cgroup.id, path);
	rep_str_release(r < 0 ? path : former);
	return r;
}

static int on_mark(struct rep_model *model, const struct vft_event *event)
{
	if (event->mark.what == VFT_MARK_START && !model->attached_ns)
		model->attached_ns = event->time_ns;
	if (event->mark.what == VFT_MARK_STOP)
		model->stop_ns = event->time_ns;
	return 0;
}

static int rebuild(struct rep_model *model, const struct vft_event *event)
{
	int r;

	if (!event->task)
		return 0;
	if (event->kind == VFT_KIND_SNAPSHOT)
		return model_on_snapshot(model, event);
	if (model->is_gap_open && event->kind != VFT_KIND_STALL) {
		model->is_gap_open = false;
		if (event->time_ns > model->gap_end_ns)
			model->gap_end_ns = event->time_ns;
	}
	if (model->list.is_done && event->time_ns > model->list.last_ns &&
	    event->time_ns - model->list.last_ns > MODEL_LIST_DELAY_NS) {
		r = model_sweep(model);
		if (r < 0)
			return r;
	}
	switch (event->kind) {
	case VFT_KIND_SPAWN:
		return on_spawn(model, event);
	case VFT_KIND_RELEASE:
		return on_release(model, event);
	case VFT_KIND_EXEC:
		return on_exec(model, event);
	case VFT_KIND_EXEC_FAIL:
		return on_exec_fail(model, event);
	case VFT_KIND_EXIT:
		return on_exit_event(model, event);
	case VFT_KIND_SIGNAL:
		return on_signal(model, event);
	case VFT_KIND_STALL:
		return model_on_stall(model, event);
	default:
		return 0;
	}
}

int model_take(struct rep_model *model, const struct vft_event *event)
{
	if (event->time_ns > model->last_ns)
		model->last_ns = event->time_ns;
	if (event->kind == VFT_KIND_LOST)
		return on_lost(model, event);
	if (event->kind == VFT_KIND_CGROUP)
		return on_cgroup(model, event);
	if (event->kind == VFT_KIND_MARK)
		return on_mark(model, event);
	return model->is_rebuilding ? rebuild(model, event) : 0;
}

int rep_model_batch(struct rep_model *model, const struct vft_batch *batch)
{
	int r = 0;

	model_forget_seen(model);
	for (size_t i = 0; i < batch->n_events && r == 0; i++)
		r = model_take(model, &batch->events[i]);
	return r;
}

int rep_model_gap(struct rep_model *model, const struct vft_gap *gap)
{
	struct rep_loss loss = {
		.cpu = VFT_CPU_NONE,
		.from_ns = gap->from_ns,
		.to_ns = gap->to_ns,
	};

	/* Behind a cut there is nothing that could be hidden: the section's end says so itself. */
	if (gap->kind == VFT_GAP_NOT_CLOSED || gap->kind == VFT_GAP_CUT)
		return 0;
	model->n_gaps++;
	model->is_gap_open = true;
	model->last_gap = loss;
	/* A list with rows missing is not complete. */
	model->list.is_running = model->list.is_done = false;
	return rep_losses_add(model->losses, &loss);
}

/* What END counts and no lost event told may be missing anywhere in the section. */
static int add_untold(struct rep_model *model, const struct vft_end *end)
{
	struct rep_loss loss = {.to_ns = UINT64_MAX};
	int r = rep_losses_add_totals(model->losses, end->losses, end->n_losses);
	uint64_t told = model->losses->n_events, untold;

	if (r < 0)
		return r;
	untold = end->n_dropped > told ? end->n_dropped - told : 0;
	if (end->n_seen > end->n_delivered && end->n_seen - end->n_delivered > end->n_dropped &&
	    end->n_seen - end->n_delivered - end->n_dropped > untold)
		untold = end->n_seen - end->n_delivered - end->n_dropped;
	if (!untold)
		return 0;
	loss.cause = VFT_CAUSE_RING_FULL;
	loss.cpu = VFT_CPU_NONE;
	loss.count = untold;
	return rep_losses_add(model->losses, &loss);
}

int rep_model_end(struct rep_model *model, const struct vft_end *end)
{
	struct rep_verdict_context context = {
		.has = model->has,
		.losses = model->losses,
		.attached_ns = model->attached_ns,
		.is_closed = end != NULL,
	};
	uint64_t end_ns = model->last_ns;
	int r;

	if (end) {
		r = add_untold(model, end);
		if (r < 0)
			return r;
		/* What happened after the hooks were taken off was not seen. */
		end_ns = model->stop_ns ? model->stop_ns : end->end_ns;
	}
	rep_losses_sort(model->losses);
	context.end = model_now(model, end_ns);
	r = model_vanish_older(model);
	if (r == 0)
		r = model_episode_flush(model, &context);
	return r == 0 ? model_process_flush(model) : r;
}

static void drop_section(struct rep_model *model)
{
	model_episode_drop(model);
	model_process_drop(model);
	for (size_t i = 0; i < model->cgroups.capacity; i++)
		rep_str_release(model->cgroups.slots[i].value);
	map_release(&model->cgroups);
}

int rep_model_begin(struct rep_model *model, const struct vft_section *section)
{
	drop_section(model);
	/* Until META says otherwise, anything may have been recorded: the stricter reading. */
	model->has = VFT_HAS_RELEASE | VFT_HAS_EXEC_FAIL;
	model->start_ns = model->last_ns = model->attached_ns = model->stop_ns = 0;
	model->n_gaps = 0;
	model->gap_end_ns = 0;
	model->is_gap_open = model->has_whole_list = false;
	model->is_list_partial = true;
	memset(&model->last_gap, 0, sizeof(model->last_gap));
	memset(&model->list, 0, sizeof(model->list));
	rep_losses_reset(model->losses);
	return 0;
}

bool rep_model_list_is_partial(const struct vft_meta *meta)
{
	/* Before there was a statement, a recorder's own namespace is what its lists covered. */
	return meta->list_pidns || (meta->pidns && meta->pidns != REP_PIDNS_INITIAL);
}

bool rep_model_list_is_whole(const struct vft_meta *meta)
{
	return !meta->list_pidns && meta->pidns == REP_PIDNS_INITIAL;
}

int rep_model_meta(struct rep_model *model, const struct vft_meta *meta)
{
	model->has = meta->has;
	model->start_ns = meta->start_ns;
	model->is_list_partial = !rep_model_list_is_whole(meta);
	return 0;
}

int rep_model_new(const struct rep_model_ops *ops, void *context, struct rep_model **ret)
{
	struct rep_model *model = calloc(1, sizeof(*model));

	if (!model)
		return -ENOMEM;
	model->losses = calloc(1, sizeof(*model->losses));
	model->pids = calloc(1, sizeof(*model->pids));
	if (!model->losses || !model->pids) {
		free(model->losses);
		free(model->pids);
		free(model);
		return -ENOMEM;
	}
	model->ops = *ops;
	model->ops.without_argv |= !ops->on_process;
	model->context = context;
	model->max_live = REP_MAX_LIVE;
	model->is_rebuilding = ops->on_episode || ops->on_process;
	model_ended_drop(model);
	*ret = model;
	return 0;
}

void rep_model_set_max(struct rep_model *model, size_t max_live)
{
	model->max_live = max_live ? max_live : REP_MAX_LIVE;
}

void rep_model_free(struct rep_model *model)
{
	if (!model)
		return;
	drop_section(model);
	pids_release(model->pids);
	free(model->pids);
	rep_losses_release(model->losses);
	free(model->losses);
	model_forget_seen(model);
	for (size_t i = 0; i < MODEL_N_INTERNED; i++)
		rep_str_release(model->interned[i]);
	model_pool_release(&model->process_pool);
	model_pool_release(&model->episode_pool);
	model_ended_release(model);
	free(model->waiting);
	free(model);
}

const struct rep_loss *rep_model_losses(const struct rep_model *model, size_t *ret_n)
{
	rep_losses_sort(model->losses);
	*ret_n = model->losses->n;
	return model->losses->items;
}

uint64_t rep_model_n_lost(const struct rep_model *model)
{
	return model->losses->n_events;
}

bool rep_model_is_settled(const struct rep_model *model, uint64_t time_ns)
{
	const struct episode *episode = model->first_episode;

	if (model->last_ns < time_ns || model->last_ns - time_ns < REP_LOSS_SLACK_NS)
		return false;
	/* A loss is weighed when all of the section is known. */
	if (model->losses->n || model->n_gaps)
		return false;
	while (episode && episode->pub.start_ns > time_ns)
		episode = episode->next;
	return !episode;
}

int rep_model_set_cgroup(struct rep_model *model, uint64_t id, struct rep_str *path)
{
	int r;

	if (!path || map_find(&model->cgroups, id) || model->cgroups.n >= MODEL_MAX_CGROUPS)
		return 0;
	r = map_set(&model->cgroups, id, path);
	if (r == 0)
		rep_str_acquire(path);
	return r;
}

uint64_t rep_model_list_ns(const struct rep_model *model)
{
	return model->has_whole_list && !(model->has & VFT_HAS_FILTER) ? model->whole_list_ns : 0;
}

struct rep_str *rep_model_cgroup(const struct rep_model *model, uint64_t id)
{
	return map_find(&model->cgroups, id);
}

const struct rep_process *rep_model_find(const struct rep_model *model, struct rep_key key)
{
	const struct process *process = model_process_find(model, key);

	return process ? &process->pub : NULL;
}
