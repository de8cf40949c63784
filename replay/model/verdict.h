/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - the outcome of an episode, and what loss does to it.
 *
 * Owns: the rules, as one function of evidence. Never does: look at events or keep anything. Called
 * by: model.c, when an episode's end was seen, and once more at the section's end where the verdict
 * rests on nothing having been lost.
 *
 * An event that was seen proves what it says, whatever was lost. That something did not happen is
 * proved only by its event's absence from a window in which nothing was lost, of any cause, on any
 * CPU. Every rule below is one of the two, so that taking events away (and saying so) can only turn
 * an outcome into unknown, or make it uncertain.
 */
#ifndef REP_VERDICT_H
#define REP_VERDICT_H

#include "replay/model/losses.h"
#include "replay/model/model.h"

/* Why the search for an episode's end was given up before the section's end. */
enum rep_giving_up {
	REP_NOT_GIVEN_UP,
	REP_GIVEN_UP_NOT_LISTED,
	REP_GIVEN_UP_PARENT_VANISHED,
	REP_GIVEN_UP_PID_REUSED,
};

/* A point of the section: in time, and in the order of the file (how many gaps stood before it).
 */
struct rep_point {
	uint64_t time_ns;
	uint32_t n_gaps;
};

struct rep_evidence {
	struct rep_point known;   /* the child's beginning, since when its events count */
	struct rep_point pending; /* the last moment at which the wait is known to have been open */
	struct rep_point released, execed, exited, parent_died, parent_went_on, given_up;
	struct rep_loss gap; /* the last gap before the decision, where n_gaps differ */
	uint32_t release_by; /* enum vft_release_by */
	bool is_released, is_execed, is_exited, is_parent_died, is_parent_went_on;
	bool is_exit_pending;  /* the exit event says that the wait was still open */
	bool is_parent_execed; /* the parent died by a sibling thread's exec */
	bool is_spawn_unseen;
	bool is_leader_only; /* exited was the child's leader alone; another thread may yet exec */
	bool is_doubtful;    /* known by a row older than events that may have ended it */
	enum rep_giving_up giving_up;
};

struct rep_verdict_context {
	uint64_t has; /* VFT_HAS_* */
	struct rep_losses *losses;
	uint64_t attached_ns; /* every hook was attached from here on; 0 = from the start */
	struct rep_point end; /* how far the section is known */
	bool is_closed;       /* it ended cleanly there */
};

/*
 * Fill in @episode's outcome, certain, reason, end_ns, blocked_ns and source from @evidence and the
 * exit and exec_error it already carries. True when the verdict rests on nothing being lost, so
 * that a loss told later would change it.
 */
bool rep_verdict_decide(const struct rep_verdict_context *context,
			const struct rep_evidence *evidence, struct rep_episode *episode);

#endif
