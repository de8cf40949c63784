/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows that say what is, not what happened: lists of processes, and stalls. */
#include "replay/model/model_internal.h"

/* A snapshot row or a stall shows the child still holding its parent. */
static int is_seen_pending(struct rep_model *model, const struct vft_event *event,
			   struct rep_key waiter, uint32_t waiter_tid, struct episode **ret)
{
	struct episode *episode =
		model_episode_find(model, event->task->tid, model_key_of(event->task));
	int r;

	*ret = NULL;
	if (!episode) {
		r = model_episode_discover(model, event, waiter, waiter_tid, &episode);
		if (r < 0 || !episode)
			return r;
		episode->pub.from_snapshot = true;
	}
	if (episode->evidence.is_released || episode->evidence.is_exited)
		return 0;
	r = model_episode_set_waiter(model, episode, waiter, waiter_tid, event);
	if (r < 0)
		return r;
	r = model_episode_take_child(model, episode, event);
	if (r < 0)
		return r;
	model_episode_set_pending(model, episode, event);
	*ret = episode;
	return 0;
}

int model_on_stall(struct rep_model *model, const struct vft_event *event)
{
	struct rep_key waiter = {event->stall.waiter_tgid, event->stall.waiter_start_ns};
	struct episode *episode;
	struct process *child;
	int r = model_process_touch(model, event, &child);

	return r < 0 ? r : is_seen_pending(model, event, waiter, event->stall.waiter_tid, &episode);
}

static int update_snapshot(struct rep_model *model, struct process *process,
			   const struct vft_event *event)
{
	int r;

	if (process->pub.spawn == REP_SPAWN_UNKNOWN &&
	    (model->list.number <= 1 || process->pub.key.start_ns <= model->start_ns))
		process->pub.spawn = REP_SPAWN_EXISTING;
	process->pub.execed |= (event->flags & VFT_SNAPSHOT_EXECED) != 0;
	if (!process->pub.parent.tgid)
		process->pub.parent = (struct rep_key){event->snapshot.parent_tgid,
						       event->snapshot.parent_start_ns};
	r = model_set_str(model, &process->pub.exe, event->snapshot.path);
	if (r < 0 || !event->snapshot.argv || model->ops.without_argv)
		return r;
	process->pub.argv_size = event->snapshot.argv_size;
	process->pub.argv_cut = event->snapshot.argv_size > event->snapshot.argv->size;
	return model_set_str(model, &process->pub.argv, event->snapshot.argv);
}

int model_on_snapshot(struct rep_model *model, const struct vft_event *event)
{
	struct rep_key waiter = {event->snapshot.waiter_tgid, event->snapshot.waiter_start_ns};
	struct episode *episode;
	struct process *process;
	int r;

	if (event->flags & VFT_SNAPSHOT_FIRST) {
		model->list.number++;
		model->list.is_running = true;
		model->list.is_done = false;
		model->list.first_ns = event->time_ns;
	}
	r = model_process_touch(model, event, &process);
	if (r < 0)
		return r;
	if (process) {
		process->list = model->list.number;
		if (!(event->flags & VFT_SNAPSHOT_THREAD)) {
			r = update_snapshot(model, process, event);
			if (r < 0)
				return r;
		}
	}
	if (event->flags & VFT_SNAPSHOT_VFORK_PENDING) {
		r = is_seen_pending(model, event, waiter, event->snapshot.waiter_tid, &episode);
		if (r < 0)
			return r;
		if (episode)
			episode->list = model->list.number;
	}
	if ((event->flags & VFT_SNAPSHOT_LAST) && model->list.is_running) {
		model->list.is_running = false;
		model->list.is_done = true;
		model->list.last_ns = event->time_ns;
		if (!model->is_list_partial && !model->has_whole_list) {
			model->has_whole_list = true;
			model->whole_list_ns = model->list.first_ns;
		}
	}
	return 0;
}

/* Whether what the last complete list does not name has ended unseen. */
static bool is_missing(const struct rep_model *model, uint32_t list, uint64_t start_ns,
		       uint64_t last_ns)
{
	return list != model->list.number && start_ns < model->list.first_ns &&
	       last_ns < model->list.first_ns;
}

/*
 * After a loss, ends may have gone unseen: what a later complete list lacks is given up, so that
 * memory does not grow with what was lost. Without a loss there is nothing to find, and under a
 * filter a list is no proof.
 */
int model_sweep(struct rep_model *model)
{
	struct process *process, *next_process;
	struct episode *episode, *next_episode;
	int r;

	model->list.is_done = false;
	r = model_vanish_older(model);
	if (r < 0 || (!model->losses->n && !model->n_gaps) || model->is_list_partial ||
	    (model->has & (VFT_HAS_FILTER | VFT_HAS_VFORK_ONLY)))
		return r;
	for (episode = model->first_episode; episode; episode = next_episode) {
		next_episode = episode->next;
		if (!is_missing(model, episode->list, episode->pub.start_ns,
				episode->evidence.pending.time_ns) ||
		    (episode->evidence.is_released &&
		     model_process_find(model, episode->pub.child)))
			continue;
		r = model_episode_give_up(model, episode, model->list.first_ns,
					  REP_GIVEN_UP_NOT_LISTED);
		if (r < 0)
			return r;
	}
	for (process = model->first_process; process; process = next_process) {
		next_process = process->next;
		if (process->pub.spawn == REP_SPAWN_UNKNOWN ||
		    !is_missing(model, process->list, process->pub.key.start_ns, process->last_ns))
			continue;
		r = model_process_vanish(model, process, model->list.first_ns,
					 REP_GIVEN_UP_NOT_LISTED);
		if (r < 0)
			return r;
	}
	return 0;
}
