/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join_rows.h - two rows of one wait, or of one process, become one: the rules.
 *
 * Owns: which says more. An end that was seen beats none, a certain one an uncertain one; else the
 * later knowledge counts. Never does: keep rows. Called by: join.c.
 */
#ifndef REP_JOIN_ROWS_H
#define REP_JOIN_ROWS_H

#include "replay/model/model.h"

/* From when until when it was watched. CLOCK_BOOTTIME. */
struct rep_watched {
	uint64_t begin_ns, end_ns;
};

/* No other recording can say better what became of it. */
bool rep_join_is_ended(const struct rep_episode *episode);
/* Of two rows with one child: a thread may hold its parent twice under one key. */
bool rep_join_is_same_wait(const struct rep_episode *a, const struct rep_episode *b);
/* Make *@held, which holds what it points to, one row with @other. */
void rep_join_episodes(struct rep_episode *held, struct rep_watched *span,
		       const struct rep_episode *other, struct rep_watched other_span);
void rep_join_processes(struct rep_process *held, struct rep_watched *span,
			const struct rep_process *other, struct rep_watched other_span);
/*
 * No more is known of it, though its boot was recorded until @end_ns, and all who ran were listed
 * at
 * @list_ns (0: never).
 */
void rep_join_close_episode(struct rep_episode *episode, struct rep_watched span, uint64_t list_ns,
			    uint64_t end_ns);
void rep_join_close_process(struct rep_process *process, struct rep_watched span, uint64_t list_ns);

#endif
