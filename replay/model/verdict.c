/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "replay/model/verdict.h"

/* A wait can seem to end this much before it began, by the order of events on two CPUs. */
#define CLAMP_NS 1000000u

static const char *const outcome_names[] = {
#define X(NAME, name) [REP_OUTCOME_##NAME] = #name,
	REP_OUTCOME_LIST(X)
#undef X
};

const char *rep_outcome_name(enum rep_outcome outcome)
{
	return (unsigned int)outcome < REP_N_OUTCOMES ? outcome_names[outcome] : NULL;
}

const char *rep_source_name(enum rep_source source)
{
	switch (source) {
	case REP_SOURCE_NONE:
		return NULL;
	case REP_SOURCE_RELEASE:
		return "release";
	case REP_SOURCE_PREPARE_EXEC:
		return "prepare_exec";
	case REP_SOURCE_EXEC:
		return "exec";
	case REP_SOURCE_EXIT:
		return "exit";
	}
	return NULL;
}

const char *rep_spawn_name(enum rep_spawn spawn)
{
	switch (spawn) {
	case REP_SPAWN_UNKNOWN:
		return "unknown";
	case REP_SPAWN_VFORK:
		return "vfork";
	case REP_SPAWN_FORK:
		return "fork";
	case REP_SPAWN_CLONE:
		return "clone";
	case REP_SPAWN_EXISTING:
		return "existing";
	}
	return NULL;
}

struct stamp {
	char text[32];
};

/* Seconds since @origin_ns, with nine digits: exact, and the same in every locale. */
static struct stamp format_time(uint64_t time_ns, uint64_t origin_ns)
{
	/* An origin of before the host was up is below 0. */
	bool before = (int64_t)origin_ns >= 0 && time_ns < origin_ns;
	uint64_t distance = before ? origin_ns - time_ns : time_ns - origin_ns;
	struct stamp stamp;

	snprintf(stamp.text, sizeof(stamp.text), "%s%" PRIu64 ".%09us", before ? "-" : "",
		 distance / 1000000000u, (unsigned int)(distance % 1000000000u));
	return stamp;
}

static void format_hider(const struct rep_loss *loss, uint64_t origin_ns, bool is_gap,
			 char buffer[REP_REASON_SIZE])
{
	const char *cause = vft_cause_name(loss->cause);
	struct stamp from = format_time(loss->from_ns, origin_ns);
	struct stamp to = format_time(loss->to_ns, origin_ns);
	char count[24] = "some", cpu[24] = "";

	if (loss->count)
		snprintf(count, sizeof(count), "%" PRIu64, loss->count);
	if (loss->cpu != VFT_CPU_NONE)
		snprintf(cpu, sizeof(cpu), " on CPU %" PRIu32, loss->cpu);
	if (loss->to_ns == UINT64_MAX)
		snprintf(to.text, sizeof(to.text), "the end");
	if (is_gap)
		snprintf(buffer, REP_REASON_SIZE, "file damaged or incomplete from %s to %s",
			 from.text, to.text);
	else
		snprintf(buffer, REP_REASON_SIZE, "%s event%s lost (%s)%s from %s to %s", count,
			 loss->count == 1 ? "" : "s", cause ? cause : "unknown cause", cpu,
			 from.text, to.text);
}

/* printf would need a format that is not a literal. */
static const char *with_time(const char *before, const struct rep_episode *episode,
			     uint64_t origin_ns, char buffer[REP_REASON_SIZE])
{
	snprintf(buffer, REP_REASON_SIZE, "%s %s", before,
		 format_time(episode->reason_ns, origin_ns).text);
	return buffer;
}

const char *rep_reason_text(const struct rep_episode *episode, uint64_t origin_ns,
			    char buffer[REP_REASON_SIZE])
{
	switch (episode->reason) {
	case REP_REASON_NONE:
		return NULL;
	case REP_REASON_LOST:
	case REP_REASON_GAP:
		format_hider(&episode->hider, origin_ns, episode->reason == REP_REASON_GAP, buffer);
		return buffer;
	case REP_REASON_TRACE_ENDS:
		return with_time("trace ends at", episode, origin_ns, buffer);
	case REP_REASON_NOT_ATTACHED:
		return with_time("not every hook was attached before", episode, origin_ns, buffer);
	case REP_REASON_NOT_LISTED:
		return with_time("already over in the process list of", episode, origin_ns, buffer);
	case REP_REASON_PARENT_WENT_ON:
		return with_time("end not seen; the parent was running again at", episode,
				 origin_ns, buffer);
	case REP_REASON_PARENT_VANISHED:
		return "the parent ended unseen";
	case REP_REASON_PID_REUSED:
		return "end not seen; the child's pid was used again";
	case REP_REASON_PATH_UNKNOWN:
		return "not recorded whether exec or exit released the parent";
	case REP_REASON_SPAWN_UNSEEN:
		return "the spawn was not seen";
	case REP_REASON_EARLY:
		return "decided before the trace's end, to bound memory";
	case REP_REASON_OLD_ROW:
		return "known by an earlier list only, and may have ended since";
	}
	return NULL;
}

/*
 * Whether an event between @from and @to may be missing; says so in @episode then. A gap counts by
 * its place in the file, which is the order of cause and effect, and by its time.
 */
static bool is_hidden(const struct rep_verdict_context *context,
		      const struct rep_evidence *evidence, const struct rep_point *from,
		      const struct rep_point *to, struct rep_episode *episode)
{
	const struct rep_loss *loss = rep_losses_find(context->losses, from->time_ns, to->time_ns);

	if (!loss && from->n_gaps < to->n_gaps)
		loss = &evidence->gap;
	if (loss) {
		episode->reason = loss->cause ? REP_REASON_LOST : REP_REASON_GAP;
		episode->hider = *loss;
		return true;
	}
	if (from->time_ns < context->attached_ns) {
		episode->reason = REP_REASON_NOT_ATTACHED;
		episode->reason_ns = context->attached_ns;
		return true;
	}
	return false;
}

static void set_unknown(struct rep_episode *episode, enum rep_reason reason, uint64_t reason_ns)
{
	episode->outcome = REP_OUTCOME_UNKNOWN;
	episode->certain = false;
	if (episode->reason != REP_REASON_NONE)
		return;
	episode->reason = reason;
	episode->reason_ns = reason_ns;
}

/* A thread found by the snapshot comes with its process's start, not its own. */
static bool has_start(const struct rep_episode *episode)
{
	return episode->child_tid == episode->child.tgid || !episode->from_snapshot;
}

static void set_end(struct rep_episode *episode, uint64_t end_ns, enum rep_source source)
{
	episode->end_ns = end_ns;
	episode->source = source;
	if (!has_start(episode) ||
	    (end_ns < episode->start_ns && episode->start_ns - end_ns > CLAMP_NS))
		return;
	episode->has_blocked = true;
	episode->blocked_ns = end_ns < episode->start_ns ? 0 : end_ns - episode->start_ns;
}

/* The child was seen to exec. Only whether the parent still waited then can be in doubt. */
static bool decide_execed(const struct rep_verdict_context *context, const struct rep_evidence *e,
			  struct rep_episode *episode)
{
	uint64_t end_ns = e->execed.time_ns;

	episode->outcome = REP_OUTCOME_EXEC;
	if (e->is_released)
		return false;
	if (e->is_parent_went_on && e->parent_went_on.time_ns < end_ns)
		end_ns = e->parent_went_on.time_ns;
	set_end(episode, end_ns, REP_SOURCE_EXEC);
	if (is_hidden(context, e, &e->pending, &e->execed, episode))
		episode->certain = false;
	return true;
}

/* The child was seen to exit, and not to exec. */
static bool decide_exited(const struct rep_verdict_context *context, const struct rep_evidence *e,
			  struct rep_episode *episode)
{
	bool had_not_execed =
		e->is_exit_pending || (e->is_released && e->release_by == VFT_BY_EXIT);
	/* By a list it may be told before, and yet have happened after. */
	bool went_on_before = e->is_parent_went_on &&
			      e->parent_went_on.time_ns <= e->exited.time_ns + REP_LOSS_SLACK_NS;
	bool rests = !had_not_execed;

	if (!e->is_released)
		set_end(episode, e->exited.time_ns, REP_SOURCE_EXIT);
	if (e->is_leader_only) {
		episode->has_exit = episode->exit_core = false;
		episode->exit_code = episode->exit_signal = 0;
		(void)is_hidden(context, e, &e->exited, &context->end, episode);
		set_unknown(episode, REP_REASON_TRACE_ENDS, context->end.time_ns);
		return false;
	}
	if (!had_not_execed && e->is_released && e->release_by == VFT_BY_EXEC) {
		episode->outcome = REP_OUTCOME_EXEC_DIED;
		if (is_hidden(context, e, &e->released, &e->exited, episode))
			set_unknown(episode, REP_REASON_NONE, 0);
		return true;
	}
	/* The parent ran on before the exit: it was let go by exec, or by an exit not yet recorded.
	 */
	if (!had_not_execed && (e->is_released || went_on_before)) {
		set_unknown(episode, REP_REASON_PATH_UNKNOWN, 0);
		return false;
	}
	if (!had_not_execed && is_hidden(context, e, &e->pending, &e->exited, episode)) {
		set_unknown(episode, REP_REASON_NONE, 0);
		return false;
	}
	if (episode->exit_signal) {
		episode->outcome = REP_OUTCOME_KILLED;
	} else if (episode->exec_error) {
		episode->outcome = REP_OUTCOME_EXEC_FAILED;
	} else {
		episode->outcome = REP_OUTCOME_EXIT;
		/* That no exec failed before is a negative, where failures are recorded at all. */
		if (context->has & VFT_HAS_EXEC_FAIL) {
			rests = true;
			if (!is_hidden(context, e, &e->known, &e->exited, episode))
				return rests;
			/* That it was over, and how, is known of one that was found waiting. */
			if (episode->from_snapshot)
				episode->certain = false;
			else
				set_unknown(episode, REP_REASON_NONE, 0);
		}
	}
	return rests;
}

static bool decide_parent_died(const struct rep_verdict_context *context,
			       const struct rep_evidence *e, struct rep_episode *episode)
{
	episode->outcome = REP_OUTCOME_PARENT_KILLED;
	if (is_hidden(context, e, &e->pending, &e->parent_died, episode)) {
		set_unknown(episode, REP_REASON_NONE, 0);
		return false;
	}
	set_end(episode, e->parent_died.time_ns,
		e->is_parent_execed ? REP_SOURCE_EXEC : REP_SOURCE_EXIT);
	return true;
}

static bool decide_given_up(const struct rep_verdict_context *context, const struct rep_evidence *e,
			    struct rep_episode *episode)
{
	const struct rep_point *from = e->is_released ? &e->released : &e->pending;

	/* Set before the reason proper, so that the loss that explains it comes first. */
	(void)is_hidden(context, e, from, &e->given_up, episode);
	switch (e->giving_up) {
	case REP_NOT_GIVEN_UP:
		break;
	case REP_GIVEN_UP_NOT_LISTED:
		set_unknown(episode, REP_REASON_NOT_LISTED, e->given_up.time_ns);
		break;
	case REP_GIVEN_UP_PARENT_VANISHED:
		set_unknown(episode, REP_REASON_PARENT_VANISHED, 0);
		break;
	case REP_GIVEN_UP_PID_REUSED:
		set_unknown(episode, REP_REASON_PID_REUSED, 0);
		break;
	}
	return false;
}

/* Nothing that ends an episode came before the section's end. */
static void decide_at_end(const struct rep_verdict_context *context, const struct rep_evidence *e,
			  struct rep_episode *episode)
{
	const struct rep_point *from = e->is_released ? &e->released : &e->pending;

	if (is_hidden(context, e, from, &context->end, episode)) {
		episode->may_be_open = !e->is_released && !e->is_parent_went_on;
		set_unknown(episode, REP_REASON_NONE, 0);
		return;
	}
	/* Let go, but the exec or exit that did it is still to come. */
	if (e->is_released) {
		set_unknown(episode, REP_REASON_TRACE_ENDS, context->end.time_ns);
		return;
	}
	if (e->is_parent_went_on) {
		set_unknown(episode, REP_REASON_PARENT_WENT_ON, e->parent_went_on.time_ns);
		return;
	}
	if (e->is_doubtful) {
		set_unknown(episode, REP_REASON_OLD_ROW, 0);
		return;
	}
	episode->outcome = REP_OUTCOME_OPEN;
	set_end(episode, context->end.time_ns, REP_SOURCE_NONE);
	episode->end_ns = 0;
	if (!context->is_closed) {
		episode->certain = false;
		episode->reason = REP_REASON_TRACE_ENDS;
		episode->reason_ns = context->end.time_ns;
	}
}

static uint64_t time_since(const struct rep_episode *episode, uint64_t time_ns)
{
	return time_ns > episode->start_ns ? time_ns - episode->start_ns : 0;
}

static void limit(const struct rep_episode *episode, bool is_seen, const struct rep_point *point,
		  uint64_t *most_ns)
{
	uint64_t length_ns = time_since(episode, point->time_ns);

	if (is_seen && length_ns < *most_ns)
		*most_ns = length_ns;
}

/* By what was seen alone, so that no loss can make it wrong. */
static void set_bounds(const struct rep_evidence *e, struct rep_episode *episode)
{
	uint64_t least_ns = time_since(episode, e->pending.time_ns), most_ns = UINT64_MAX;
	bool is_exact = e->is_released || e->is_exit_pending ||
			episode->outcome == REP_OUTCOME_PARENT_KILLED;

	episode->blocked_min_ns = 0;
	episode->blocked_max_ns = UINT64_MAX;
	if (!has_start(episode))
		return;
	if (episode->outcome != REP_OUTCOME_OPEN) {
		limit(episode, e->is_released, &e->released, &most_ns);
		limit(episode, e->is_execed, &e->execed, &most_ns);
		limit(episode, e->is_exited, &e->exited, &most_ns);
		limit(episode, e->is_parent_died, &e->parent_died, &most_ns);
		limit(episode, e->is_parent_went_on, &e->parent_went_on, &most_ns);
		limit(episode, e->giving_up != REP_NOT_GIVEN_UP, &e->given_up, &most_ns);
	}
	if (episode->has_blocked &&
	    (is_exact || (episode->outcome == REP_OUTCOME_OPEN && episode->certain)))
		least_ns = episode->blocked_ns;
	episode->blocked_min_ns = least_ns;
	episode->blocked_max_ns = most_ns > least_ns ? most_ns : least_ns;
}

/*
 * Nothing ended it up to the first loss: it was open then, though not seen. To be asked when all
 * losses are told. A gap has no time that can be trusted.
 */
static void set_open_bounds(const struct rep_verdict_context *context, const struct rep_evidence *e,
			    struct rep_episode *episode)
{
	uint64_t first_ns, least_ns;

	if (!has_start(episode))
		return;
	episode->open_ns = time_since(episode, context->end.time_ns);
	if (e->pending.n_gaps < context->end.n_gaps || e->pending.time_ns < context->attached_ns ||
	    !rep_losses_first(context->losses, e->pending.time_ns, context->end.time_ns, &first_ns))
		return;
	least_ns = time_since(episode, first_ns);
	if (least_ns > episode->blocked_min_ns)
		episode->blocked_min_ns = least_ns;
}

bool rep_verdict_decide(const struct rep_verdict_context *context,
			const struct rep_evidence *evidence, struct rep_episode *episode)
{
	bool rests = false;

	episode->certain = true;
	episode->may_be_open = false;
	episode->open_ns = 0;
	episode->reason = REP_REASON_NONE;
	episode->reason_ns = 0;
	episode->has_blocked = false;
	episode->blocked_ns = episode->end_ns = 0;
	episode->source = REP_SOURCE_NONE;
	if (evidence->is_released)
		set_end(episode, evidence->released.time_ns, REP_SOURCE_RELEASE);

	if (evidence->is_execed)
		rests = decide_execed(context, evidence, episode);
	else if (evidence->is_exited)
		rests = decide_exited(context, evidence, episode);
	else if (evidence->is_parent_died)
		rests = decide_parent_died(context, evidence, episode);
	else if (evidence->giving_up != REP_NOT_GIVEN_UP)
		rests = decide_given_up(context, evidence, episode);
	else
		decide_at_end(context, evidence, episode);

	if (evidence->is_spawn_unseen && episode->certain) {
		episode->certain = false;
		episode->reason = REP_REASON_SPAWN_UNSEEN;
	}
	if (evidence->is_doubtful && episode->certain) {
		episode->certain = false;
		episode->reason = REP_REASON_OLD_ROW;
	}
	set_bounds(evidence, episode);
	if (episode->may_be_open)
		set_open_bounds(context, evidence, episode);
	return rests;
}
