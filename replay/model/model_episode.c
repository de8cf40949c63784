/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "replay/model/model_internal.h"

struct rep_point model_now(const struct rep_model *model, uint64_t time_ns)
{
	return (struct rep_point){time_ns, model->n_gaps};
}

static void episode_free(struct rep_model *model, struct episode *episode)
{
	struct episode *newest = pids_find(model->pids, episode->pub.child_tid, PID_CHILD);

	if (newest == episode && !episode->older) {
		pids_remove(model->pids, episode->pub.child_tid, PID_CHILD, episode);
	} else {
		model->n_older--;
		if (newest == episode)
			pids_replace(model->pids, episode->pub.child_tid, PID_CHILD,
				     episode->older);
		else if (newest)
			newest->older = NULL;
	}
	if (episode->previous)
		episode->previous->next = episode->next;
	else
		model->first_episode = episode->next;
	if (episode->next)
		episode->next->previous = episode->previous;
	else
		model->last_episode = episode->previous;
	rep_episode_release(&episode->pub);
	rep_str_release(episode->sent_comm);
	model_pool_put(&model->episode_pool, episode, sizeof(*episode));
}

void model_episode_unblock(struct rep_model *model, struct episode *episode)
{
	if (episode->pub.parent_tid)
		pids_remove(model->pids, episode->pub.parent_tid, PID_WAITER, episode);
	if (!episode->waiter)
		return;
	if (episode->previous_waiter)
		episode->previous_waiter->next_waiter = episode->next_waiter;
	else
		episode->waiter->waiters = episode->next_waiter;
	if (episode->next_waiter)
		episode->next_waiter->previous_waiter = episode->previous_waiter;
	episode->next_waiter = episode->previous_waiter = NULL;
	episode->waiter = NULL;
}

int model_episode_set_waiter(struct rep_model *model, struct episode *episode,
			     struct rep_key waiter, uint32_t waiter_tid,
			     const struct vft_event *event)
{
	const struct episode *other;
	struct process *process;
	int r = 0;

	/* No process waits for itself: a hostile file, and freeing one would free the other. */
	if (!waiter_tid || episode->pub.parent_tid || waiter.tgid == episode->pub.child_tid)
		return 0;
	episode->pub.parent = waiter;
	episode->pub.parent_tid = waiter_tid;
	/* A thread waits for one child at a time. */
	model_thread_acts(model, waiter_tid, waiter, episode->pub.start_ns);
	/* A list may have named its next wait before this one is told. */
	other = pids_find(model->pids, waiter_tid, PID_WAITER);
	if (!other || other->pub.start_ns <= episode->pub.start_ns)
		r = pids_set(model->pids, waiter_tid, PID_WAITER, episode);
	if (r < 0 || !waiter.start_ns)
		return r;
	r = model_process_get(model, waiter, event, &process);
	if (r < 0 || !process)
		return r;
	model_copy_str(&episode->pub.parent_comm, process->pub.comm);
	model_copy_str(&episode->pub.parent_exe, process->pub.exe);
	episode->waiter = process;
	episode->next_waiter = process->waiters;
	if (process->waiters)
		process->waiters->previous_waiter = episode;
	process->waiters = episode;
	return 0;
}

/* What a row says of gaps: those that hide nothing later than its own moment lie before it. */
static struct rep_point row_point(const struct rep_model *model, const struct vft_event *row,
				  uint32_t n_known_gaps)
{
	bool is_behind = !model->is_gap_open && row->time_ns > model->gap_end_ns &&
			 row->time_ns - model->gap_end_ns > REP_LOSS_SLACK_NS;

	return (struct rep_point){row->time_ns, is_behind ? model->n_gaps : n_known_gaps};
}

void model_episode_set_pending(struct rep_model *model, struct episode *episode,
			       const struct vft_event *row)
{
	struct rep_point *pending = &episode->evidence.pending;

	if (row->time_ns < pending->time_ns)
		return;
	*pending = row_point(model, row, pending->n_gaps);
	episode->is_row_pending = true;
	episode->pub.child_state =
		row->kind == VFT_KIND_STALL ? row->stall.state : row->snapshot.state;
}

bool model_is_before_wait(const struct episode *episode, uint64_t time_ns)
{
	return episode->is_row_pending && time_ns < episode->evidence.pending.time_ns;
}

static int give_up_reused(struct rep_model *model, struct episode *episode, uint64_t time_ns)
{
	return episode ? model_episode_give_up(model, episode, time_ns, REP_GIVEN_UP_PID_REUSED)
		       : 0;
}

int model_episode_arrive(struct rep_model *model, struct rep_key key, uint64_t time_ns)
{
	struct episode *episode = pids_find(model->pids, key.tgid, PID_CHILD);
	int r;

	if (!episode)
		return 0;
	if (episode->older && episode->older->pub.child.start_ns < key.start_ns) {
		r = give_up_reused(model, episode->older, time_ns);
		if (r < 0)
			return r;
	}
	if (episode->pub.child.start_ns < key.start_ns)
		return give_up_reused(model, episode, time_ns);
	if (episode->pub.child.start_ns == key.start_ns)
		episode->is_ahead = false;
	return 0;
}

/*
 * Where an episode of @child stands among those of its tid. 1: there is room for it, behind
 * *ret_newest if that is set, before *ret_older otherwise. 0: it is over, whatever it was.
 */
static int make_place(struct rep_model *model, const struct vft_event *event,
		      const struct vft_task *child, struct episode **ret_newest,
		      struct episode **ret_older)
{
	struct episode *newest = pids_find(model->pids, child->tid, PID_CHILD);
	bool is_later, is_row = model_is_row(event);
	int r;

	*ret_newest = *ret_older = NULL;
	if (!newest)
		return 1;
	is_later = newest->pub.child.start_ns < child->start_ns;
	if (newest->pub.child.start_ns > child->start_ns && event->kind != VFT_KIND_SPAWN &&
	    (is_row || !newest->is_ahead))
		return 0;
	r = give_up_reused(model, newest->older, event->time_ns);
	if (r < 0)
		return r;
	if (is_row && is_later)
		*ret_older = newest;
	else if (newest->is_ahead && newest->pub.child.start_ns > child->start_ns)
		*ret_newest = newest;
	else
		r = give_up_reused(model, newest, event->time_ns);
	return r < 0 ? r : 1;
}

/* *ret NULL: there can be none. */
static int episode_new(struct rep_model *model, const struct vft_event *event,
		       const struct vft_task *child, struct episode **ret)
{
	struct episode *episode, *newest, *older;
	int r = make_place(model, event, child, &newest, &older);

	*ret = NULL;
	if (r <= 0)
		return r;
	if (model_is_full(model))
		return -E2BIG;
	episode = model_pool_new(&model->episode_pool, sizeof(*episode));
	if (!episode)
		return -ENOMEM;
	r = newest ? 0 : pids_set(model->pids, child->tid, PID_CHILD, episode);
	if (r < 0) {
		model_pool_put(&model->episode_pool, episode, sizeof(*episode));
		return r;
	}
	episode->pub.child = (struct rep_key){child->tgid, child->start_ns};
	episode->pub.child_tid = child->tid;
	episode->pub.child_ns_tgid = child->ns_tgid;
	episode->pub.syscall = -1;
	episode->pub.start_ns = child->start_ns;
	/* What the child did since its start, as far as it was watched, belongs to it. */
	episode->evidence.known = (struct rep_point){child->start_ns, 0};
	episode->evidence.pending =
		model_is_row(event) ? row_point(model, event, 0) : model_now(model, event->time_ns);
	episode->is_ahead = model_is_row(event);
	episode->older = older;
	if (newest)
		newest->older = episode;
	model->n_older += newest || older;
	episode->previous = model->last_episode;
	if (model->last_episode)
		model->last_episode->next = episode;
	else
		model->first_episode = episode;
	model->last_episode = episode;
	*ret = episode;
	return 0;
}

static void set_had_episode(struct rep_model *model, const struct rep_episode *episode)
{
	struct process *child = NULL;

	if (episode->child_tid == episode->child.tgid)
		child = model_process_find(model, episode->child);
	if (child)
		child->had_episode = true;
}

int model_episode_spawn(struct rep_model *model, const struct vft_event *event,
			struct process *caller)
{
	const struct vft_task *child = event->spawn.child, *task = event->task;
	struct rep_key parent = {task->tgid, task->start_ns};
	struct episode *episode = model_episode_find(
		model, child->tid, (struct rep_key){child->tgid, child->start_ns});
	int r;

	/* What the snapshot found first is the same episode, unless its spawn was seen before. */
	if (!episode || episode->pub.has_flags) {
		r = episode_new(model, event, child, &episode);
		if (r < 0 || !episode)
			return r;
	}
	episode->is_ahead = false;
	episode->pub.start_ns = event->time_ns;
	episode->pub.from_snapshot = false;
	episode->pub.has_flags = true;
	episode->pub.clone_flags = event->spawn.clone_flags;
	episode->pub.syscall = event->spawn.syscall;
	episode->pub.compat = event->flags & VFT_SPAWN_COMPAT;
	episode->pub.uid = task->uid;
	episode->pub.cgroup = task->cgroup;
	episode->pub.parent_ns_tgid = task->ns_tgid;
	episode->pub.has_parent_task = true;
	episode->evidence.is_spawn_unseen = episode->evidence.is_doubtful = false;
	episode->evidence.known = model_now(model, event->time_ns);
	if (event->time_ns > episode->evidence.pending.time_ns)
		episode->evidence.pending = episode->evidence.known;
	/* A row that shows it pending later knows nothing of a gap between. */
	episode->evidence.pending.n_gaps = model->n_gaps;
	if (episode->pub.parent_tid != task->tid)
		model_episode_unblock(model, episode), episode->pub.parent_tid = 0;
	r = model_episode_set_waiter(model, episode, parent, task->tid, event);
	if (r < 0)
		return r;
	r = model_set_str(model, &episode->pub.parent_comm, event->comm);
	if (r < 0)
		return r;
	if (caller)
		model_copy_str(&episode->pub.parent_exe, caller->pub.exe);
	/* What a list or a stall said of the child before is newer than its birth. */
	if (!episode->child_ns) {
		episode->pub.child_uid = child->uid;
		episode->pub.child_cgroup = child->cgroup;
		model_copy_str(&episode->pub.child_comm, episode->pub.parent_comm);
	}
	set_had_episode(model, &episode->pub);
	return 0;
}

int model_episode_take_child(struct rep_model *model, struct episode *episode,
			     const struct vft_event *event)
{
	/* Another thread has another name. A row may come after events of later moments. */
	if (event->task->tid != episode->pub.child_tid ||
	    (model_is_row(event) && event->time_ns < episode->child_ns))
		return 0;
	episode->child_ns = event->time_ns;
	episode->pub.child_uid = event->task->uid;
	episode->pub.child_cgroup = event->task->cgroup;
	return model_set_str(model, &episode->pub.child_comm, event->comm);
}

/* Events that stand before @row, of moments behind it, may have ended the wait that it shows. */
static bool may_be_over(const struct rep_model *model, const struct vft_event *row,
			const struct process *child, struct rep_key waiter)
{
	const struct process *parent = model_process_find(model, waiter);

	if (!child && model_may_be_forgotten(model, row->time_ns))
		return true;
	return (child && child->last_ns > row->time_ns) ||
	       (parent && parent->last_ns > row->time_ns) ||
	       (!parent &&
		(model_is_ended(model, waiter) || model_may_be_forgotten(model, row->time_ns)));
}

int model_episode_discover(struct rep_model *model, const struct vft_event *event,
			   struct rep_key waiter, uint32_t waiter_tid, struct episode **ret)
{
	const struct vft_task *task = event->task;
	struct rep_key key = {task->tgid, task->start_ns};
	const struct process *child = model_process_find(model, key);
	int r;

	*ret = NULL;
	if (model_is_ended(model, (struct rep_key){task->tid, task->start_ns}))
		return 0;
	if (child && child->had_episode && task->tid == task->tgid)
		return 0;
	r = episode_new(model, event, task, ret);
	if (r < 0 || !*ret)
		return r;
	(*ret)->evidence.is_doubtful =
		model_is_row(event) && may_be_over(model, event, child, waiter);
	set_had_episode(model, &(*ret)->pub);
	r = model_episode_set_waiter(model, *ret, waiter, waiter_tid, event);
	if (r < 0)
		return r;
	return model_episode_take_child(model, *ret, event);
}

void model_thread_acts(struct rep_model *model, uint32_t tid, struct rep_key key, uint64_t time_ns)
{
	struct episode *episode = pids_find(model->pids, tid, PID_WAITER);

	if (!episode || episode->pub.parent.tgid != key.tgid ||
	    episode->pub.parent.start_ns != key.start_ns || model_is_before_wait(episode, time_ns))
		return;
	/*
	 * Not the end of the story: a parent that was let go before it had fallen asleep is let go
	 * without a release event, and may act before its child's exec event comes.
	 */
	episode->evidence.is_parent_went_on = true;
	episode->evidence.parent_went_on = model_now(model, time_ns);
	model_episode_unblock(model, episode);
}

/* A row of before the events has named one whose end, if it has ended, is forgotten. */
static bool is_over(const struct rep_model *model, const struct episode *episode)
{
	if (model_process_find(model, episode->pub.child))
		return false;
	/* Everyone else has been seen from the beginning, and is not there. */
	return episode->evidence.giving_up != REP_NOT_GIVEN_UP ||
	       (!model->losses->n && !model->n_gaps && model->attached_ns &&
		(model->has_whole_list || episode->pub.child.start_ns > model->attached_ns));
}

static int hand_out(struct rep_model *model, const struct rep_episode *episode)
{
	int r = model->ops.on_episode ? model->ops.on_episode(model->context, episode) : 0;

	return r < 0 ? r : 0;
}

static struct rep_verdict_context get_context(struct rep_model *model)
{
	return (struct rep_verdict_context){
		.has = model->has,
		.losses = model->losses,
		.attached_ns = model->attached_ns,
		.end = model_now(model, model->last_ns),
	};
}

/* Room was needed: the oldest goes, and is certain only if no loss can reach it any more. */
static int hand_out_oldest(struct rep_model *model)
{
	struct waiting *oldest = &model->waiting[model->first_waiting];
	struct rep_verdict_context context = get_context(model);
	uint64_t end_ns = oldest->pub.end_ns;
	int r;

	(void)rep_verdict_decide(&context, &oldest->evidence, &oldest->pub);
	if (oldest->pub.certain &&
	    (model->last_ns < end_ns || model->last_ns - end_ns < MODEL_LOSS_DELAY_NS)) {
		oldest->pub.certain = false;
		oldest->pub.reason = REP_REASON_EARLY;
	}
	r = hand_out(model, &oldest->pub);
	rep_episode_release(&oldest->pub);
	model->first_waiting = (model->first_waiting + 1) % model->waiting_capacity;
	model->n_waiting--;
	return r;
}

static int keep_waiting(struct rep_model *model, struct episode *episode)
{
	struct waiting *grown;
	int r;

	if (model->n_waiting == model->waiting_capacity) {
		if (model->n_waiting >= MODEL_N_WAITING) {
			r = hand_out_oldest(model);
			if (r < 0)
				return r;
		} else {
			/* It has never been full, so first_waiting is still 0. */
			size_t capacity =
				model->waiting_capacity ? model->waiting_capacity * 2 : 64;

			grown = realloc(model->waiting, capacity * sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			model->waiting = grown;
			model->waiting_capacity = capacity;
		}
	}
	grown = &model->waiting[(model->first_waiting + model->n_waiting) %
				model->waiting_capacity];
	grown->pub = episode->pub;
	grown->evidence = episode->evidence;
	model->n_waiting++;
	/* The strings went along. */
#define X(member) episode->pub.member = NULL;
	REP_EPISODE_STRINGS(X)
#undef X
	return 0;
}

static void complete(struct rep_model *model, struct episode *episode)
{
	const struct process *parent = model_process_find(model, episode->pub.parent);
	const struct process *child = model_process_find(model, episode->pub.child);

	episode->pub.has_child_row = child && child->pub.comm && child->pub.parent.tgid;
	if (parent && !episode->pub.parent_comm)
		model_copy_str(&episode->pub.parent_comm, parent->pub.comm);
	if (parent && !episode->pub.parent_exe)
		model_copy_str(&episode->pub.parent_exe, parent->pub.exe);
	if (parent && episode->pub.parent_tid != episode->pub.parent.tgid)
		model_copy_str(&episode->pub.leader_comm, parent->pub.comm);
	if (parent && parent->pub.has_task && !episode->pub.has_parent_task) {
		episode->pub.uid = parent->pub.uid;
		episode->pub.cgroup = parent->pub.cgroup;
		episode->pub.parent_ns_tgid = parent->pub.ns_tgid;
		episode->pub.has_parent_task = true;
	}
	if (episode->pub.exit_signal && episode->pub.exit_signal == episode->sent_signal) {
		episode->pub.sender_tgid = episode->sent_by;
		model_copy_str(&episode->pub.sender_comm, episode->sent_comm);
	}
	episode->evidence.gap = model->last_gap;
}

/* Rows of before may still name it: a process says so itself, by having had an episode. */
static void remember(struct rep_model *model, const struct rep_episode *episode)
{
	struct rep_key key = {episode->child_tid, episode->child.start_ns};

	if ((key.tgid == episode->child.tgid && model_process_find(model, key)) ||
	    model_is_ended(model, key))
		return;
	model_set_ended(model, key, model->last_ns);
}

int model_episode_finish(struct rep_model *model, struct episode *episode)
{
	struct rep_verdict_context context = get_context(model);
	int r;

	model_episode_unblock(model, episode);
	complete(model, episode);
	remember(model, &episode->pub);
	if (episode->evidence.is_doubtful && is_over(model, episode))
		r = 0;
	else if (rep_verdict_decide(&context, &episode->evidence, &episode->pub))
		r = keep_waiting(model, episode);
	else
		r = hand_out(model, &episode->pub);
	episode_free(model, episode);
	return r;
}

int model_episode_give_up(struct rep_model *model, struct episode *episode, uint64_t time_ns,
			  enum rep_giving_up why)
{
	episode->evidence.giving_up = why;
	episode->evidence.given_up = model_now(model, time_ns);
	return model_episode_finish(model, episode);
}

/* Whether its parent is blocked, for all that is known. */
static bool is_waiting(const struct rep_model *model, const struct episode *episode)
{
	return episode->pub.parent_tid && !episode->evidence.is_exited &&
	       pids_find(model->pids, episode->pub.parent_tid, PID_WAITER) == episode;
}

/* The wait in which @episode's child is itself blocked. */
static struct episode *find_inner(const struct rep_model *model, const struct episode *episode)
{
	struct episode *inner = pids_find(model->pids, episode->pub.child_tid, PID_WAITER);

	return inner && inner->pub.parent.tgid == episode->pub.child.tgid &&
			       inner->pub.parent.start_ns == episode->pub.child.start_ns &&
			       is_waiting(model, inner)
		       ? inner
		       : NULL;
}

/* The wait in which the child is the one that @episode blocks. */
static struct episode *find_outer(const struct rep_model *model, const struct episode *episode)
{
	struct episode *outer =
		model_episode_find(model, episode->pub.parent_tid, episode->pub.parent);

	return outer && is_waiting(model, outer) ? outer : NULL;
}

static int make_chain(struct episode *last)
{
	struct rep_chain *chain = calloc(1, sizeof(*chain));

	if (!chain)
		return -ENOMEM;
	chain->n_refs = chain->n_waits = 1;
	chain->holder = last->pub.child;
	chain->holder_tid = last->pub.child_tid;
	chain->holder_state = last->pub.child_state;
	chain->holder_comm = rep_str_acquire(last->pub.child_comm);
	last->pub.chain = chain;
	return 0;
}

/*
 * Say of each chain of waits who holds it. Each wait has at most one inside and one outside, so
 * every one is passed once, on the way from the last outward; those of a circle, which only a
 * hostile file has, have no last and are not reached.
 */
static int link_waits(struct rep_model *model)
{
	for (struct episode *last = model->first_episode; last; last = last->next) {
		struct episode *outer = is_waiting(model, last) && !find_inner(model, last)
						? find_outer(model, last)
						: NULL;
		int r = outer ? make_chain(last) : 0;

		if (r < 0)
			return r;
		for (; outer; outer = find_outer(model, outer)) {
			outer->pub.chain = last->pub.chain;
			outer->pub.chain->n_refs++;
			outer->pub.n_inside = outer->pub.chain->n_waits++;
			outer->pub.chain->start_ns = outer->pub.start_ns;
		}
	}
	return 0;
}

int model_episode_flush(struct rep_model *model, const struct rep_verdict_context *context)
{
	int r = link_waits(model);

	while (model->n_waiting && r == 0) {
		struct waiting *oldest = &model->waiting[model->first_waiting];

		(void)rep_verdict_decide(context, &oldest->evidence, &oldest->pub);
		r = hand_out(model, &oldest->pub);
		rep_episode_release(&oldest->pub);
		model->first_waiting = (model->first_waiting + 1) % model->waiting_capacity;
		model->n_waiting--;
	}
	if (!model->n_waiting)
		model->first_waiting = 0;
	while (model->first_episode && r == 0) {
		struct episode *episode = model->first_episode;

		model_episode_unblock(model, episode);
		complete(model, episode);
		if (pids_find(model->pids, episode->pub.child_tid, PID_CHILD) != episode) {
			episode->evidence.giving_up = REP_GIVEN_UP_PID_REUSED;
			episode->evidence.given_up = context->end;
		}
		if (!episode->evidence.is_doubtful || !context->is_closed ||
		    !is_over(model, episode)) {
			(void)rep_verdict_decide(context, &episode->evidence, &episode->pub);
			r = hand_out(model, &episode->pub);
		}
		episode_free(model, episode);
	}
	return r;
}

void model_episode_drop(struct rep_model *model)
{
	while (model->n_waiting) {
		rep_episode_release(&model->waiting[model->first_waiting].pub);
		model->first_waiting = (model->first_waiting + 1) % model->waiting_capacity;
		model->n_waiting--;
	}
	model->first_waiting = 0;
	while (model->first_episode) {
		model_episode_unblock(model, model->first_episode);
		episode_free(model, model->first_episode);
	}
}
