/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/join_rows.h"

static bool is_end_seen(const struct rep_episode *episode)
{
	return episode->outcome != REP_OUTCOME_OPEN && episode->outcome != REP_OUTCOME_UNKNOWN;
}

bool rep_join_is_ended(const struct rep_episode *episode)
{
	return is_end_seen(episode) && episode->certain && episode->end_ns;
}

bool rep_join_is_same_wait(const struct rep_episode *a, const struct rep_episode *b)
{
	/* The tid of a thread comes back within one process; its spawn says which it is. */
	return a->child_tid == a->child.tgid || !a->has_flags || !b->has_flags ||
	       a->start_ns == b->start_ns;
}

static bool is_better(const struct rep_episode *a, struct rep_watched a_span,
		      const struct rep_episode *b, struct rep_watched b_span)
{
	bool a_ended = is_end_seen(a), b_ended = is_end_seen(b);

	if (a_ended != b_ended)
		return b_ended;
	if (a_ended)
		return b->certain && !a->certain;
	if (a_span.end_ns != b_span.end_ns)
		return b_span.end_ns > a_span.end_ns;
	return b->outcome == REP_OUTCOME_OPEN &&
	       (a->outcome != REP_OUTCOME_OPEN || (b->certain && !a->certain));
}

static uint64_t shift(uint64_t length_ns, int64_t by_ns)
{
	if (length_ns == UINT64_MAX)
		return length_ns;
	if (by_ns < 0)
		return length_ns > 0 - (uint64_t)by_ns ? length_ns + (uint64_t)by_ns : 0;
	return length_ns > UINT64_MAX - (uint64_t)by_ns ? UINT64_MAX : length_ns + (uint64_t)by_ns;
}

/* @episode's wait is told from @start_ns on. */
static void set_start(struct rep_episode *episode, uint64_t start_ns)
{
	int64_t by_ns = (int64_t)(episode->start_ns - start_ns);

	episode->start_ns = start_ns;
	episode->blocked_ns = episode->has_blocked ? shift(episode->blocked_ns, by_ns) : 0;
	episode->blocked_min_ns = shift(episode->blocked_min_ns, by_ns);
	episode->blocked_max_ns = shift(episode->blocked_max_ns, by_ns);
	episode->open_ns = episode->may_be_open ? shift(episode->open_ns, by_ns) : 0;
}

/* Who waits for whom, since when, and by what call, as @from has seen it. */
static void take_spawn(struct rep_episode *episode, const struct rep_episode *from)
{
	set_start(episode, from->start_ns);
	episode->parent = from->parent;
	episode->parent_tid = from->parent_tid;
	episode->parent_comm = from->parent_comm;
	episode->parent_exe = from->parent_exe;
	episode->leader_comm = from->leader_comm;
	episode->has_parent_task = from->has_parent_task;
	episode->parent_ns_tgid = from->parent_ns_tgid;
	episode->uid = from->uid;
	episode->cgroup = from->cgroup;
	episode->syscall = from->syscall;
	episode->compat = from->compat;
	episode->clone_flags = from->clone_flags;
	episode->has_flags = from->has_flags;
	episode->from_snapshot = from->from_snapshot;
}

static void fill_gaps(struct rep_episode *episode, const struct rep_episode *from)
{
	if (!episode->parent_tid && from->parent_tid) {
		episode->parent = from->parent;
		episode->parent_tid = from->parent_tid;
	}
	if (!episode->parent_comm)
		episode->parent_comm = from->parent_comm;
	if (!episode->parent_exe)
		episode->parent_exe = from->parent_exe;
	if (!episode->child_comm)
		episode->child_comm = from->child_comm;
	if (!episode->leader_comm)
		episode->leader_comm = from->leader_comm;
	if (!episode->has_parent_task && from->has_parent_task) {
		episode->has_parent_task = true;
		episode->parent_ns_tgid = from->parent_ns_tgid;
		episode->uid = from->uid;
		episode->cgroup = from->cgroup;
	}
	if (!episode->child_state)
		episode->child_state = from->child_state;
}

/* Both bounds are true, so that the narrower of each is. */
static void narrow(struct rep_episode *episode, const struct rep_episode *by)
{
	if (by->blocked_min_ns > episode->blocked_min_ns)
		episode->blocked_min_ns = by->blocked_min_ns;
	if (by->blocked_max_ns < episode->blocked_max_ns && episode->outcome != REP_OUTCOME_OPEN)
		episode->blocked_max_ns = by->blocked_max_ns;
	if (episode->blocked_max_ns < episode->blocked_min_ns)
		episode->blocked_max_ns = episode->blocked_min_ns;
}

void rep_join_episodes(struct rep_episode *held, struct rep_watched *span,
		       const struct rep_episode *other, struct rep_watched other_span)
{
	struct rep_episode former = *held, by = *other;
	bool is_other = is_better(held, *span, other, other_span);
	const struct rep_episode *rest = is_other ? &former : other;
	/* Of two that both saw the spawn, or both did not, the earlier has more. */
	const struct rep_episode *spawn = other->has_flags && !former.has_flags ? other : &former;
	struct rep_episode result = is_other ? *other : former;

	take_spawn(&result, spawn);
	fill_gaps(&result, rest);
	by = *rest;
	set_start(&by, result.start_ns);
	if (result.blocked_min_ns != result.blocked_max_ns)
		narrow(&result, &by);
	rep_episode_acquire(&result);
	rep_episode_release(&former);
	*held = result;
	if (other_span.begin_ns < span->begin_ns)
		span->begin_ns = other_span.begin_ns;
	if (other_span.end_ns > span->end_ns)
		span->end_ns = other_span.end_ns;
}

static bool is_spawn_seen(const struct rep_process *process)
{
	return process->spawn != REP_SPAWN_UNKNOWN && process->spawn != REP_SPAWN_EXISTING;
}

static uint64_t first_of(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

void rep_join_processes(struct rep_process *held, struct rep_watched *span,
			const struct rep_process *other, struct rep_watched other_span)
{
	struct rep_process former = *held;
	bool is_later = other_span.end_ns >= span->end_ns;
	const struct rep_process *early = is_later ? &former : other;
	const struct rep_process *late = is_later ? other : &former;
	const struct rep_process *spawn =
		is_spawn_seen(late) && !is_spawn_seen(early) ? late : early;
	const struct rep_process *end = early->ended ? early : late;
	bool is_apart = other_span.begin_ns >= span->end_ns || span->begin_ns >= other_span.end_ns;
	struct rep_process result = *late;

	if (!late->has_task && early->has_task) {
		result.has_task = true;
		result.ns_tgid = early->ns_tgid;
		result.uid = early->uid;
		result.pidns = early->pidns;
		result.cgroup = early->cgroup;
	}
	result.comm = late->comm ? late->comm : early->comm;
	result.exe = late->exe ? late->exe : early->exe;
	if (!late->argv) {
		result.argv = early->argv;
		result.argv_size = early->argv_size;
		result.argv_cut = early->argv_cut;
	}
	result.spawn = spawn->spawn != REP_SPAWN_UNKNOWN ? spawn->spawn : late->spawn;
	result.start_ns = spawn->start_ns;
	result.parent = spawn->parent.tgid ? spawn->parent : result.parent;
	result.end_ns = end->end_ns;
	result.ended = end->ended;
	result.exit_code = end->exit_code;
	result.exit_signal = end->exit_signal;
	result.vanished = late->vanished && !end->ended;
	/* Both saw what happened while both watched. */
	if (is_apart)
		result.exec_count = early->exec_count + late->exec_count;
	else if (early->exec_count > late->exec_count)
		result.exec_count = early->exec_count;
	result.exec_ns = first_of(early->exec_ns, late->exec_ns);
	result.execed = early->execed || late->execed;
	rep_process_acquire(&result);
	rep_process_release(&former);
	*held = result;
	if (other_span.begin_ns < span->begin_ns)
		span->begin_ns = other_span.begin_ns;
	if (other_span.end_ns > span->end_ns)
		span->end_ns = other_span.end_ns;
}

void rep_join_close_episode(struct rep_episode *episode, struct rep_watched span, uint64_t list_ns,
			    uint64_t end_ns)
{
	if (episode->outcome != REP_OUTCOME_OPEN || end_ns <= span.end_ns)
		return;
	episode->certain = false;
	if (list_ns <= span.end_ns) {
		/* Whoever recorded later did not look at it. */
		episode->reason = REP_REASON_TRACE_ENDS;
		episode->reason_ns = span.end_ns;
		return;
	}
	episode->outcome = REP_OUTCOME_UNKNOWN;
	episode->reason = REP_REASON_NOT_LISTED;
	episode->reason_ns = list_ns;
	episode->has_blocked = episode->may_be_open = false;
	episode->blocked_ns = episode->open_ns = 0;
	episode->blocked_max_ns = list_ns > episode->start_ns ? list_ns - episode->start_ns : 0;
	if (episode->blocked_max_ns < episode->blocked_min_ns)
		episode->blocked_max_ns = episode->blocked_min_ns;
}

void rep_join_close_process(struct rep_process *process, struct rep_watched span, uint64_t list_ns)
{
	if (!process->ended && list_ns > span.end_ns)
		process->vanished = true;
}
