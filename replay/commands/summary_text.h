/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * summary_text.h - the summary's lines, for somebody who was just woken up.
 *
 * Owns: what is said first and in which words, and that it stays within 25 lines. Never does:
 * count.
 */
#ifndef REP_SUMMARY_TEXT_H
#define REP_SUMMARY_TEXT_H

#include "replay/commands/cmd.h"
#include "replay/base/latency.h"
#include "replay/rows/top.h"

#define REP_SUMMARY_ROWS  10u          /* of worst and open in JSON */
#define REP_SUMMARY_ENDED 4u           /* of ended, in text */
#define REP_STUCK_NS      100000000ull /* an open one that held its parent so long is "stuck" */
#define REP_SUMMARY_OPEN  3u           /* of open, in text */

struct rep_summary {
	struct rep_run *run;
	const struct rep_section_info *info;
	const struct rep_origin *origin, *first;
	struct rep_origins origins;
	uint64_t n_bytes; /* of the sections before */
	uint64_t n_episodes, n_processes, n_stuck;
	uint64_t n_may_be_open, n_may_be_stuck; /* of the unknown */
	uint64_t n_maybe_selected;
	uint64_t n_never_execed; /* made by fork or clone, and not seen to exec or to end */
	uint64_t outcomes[REP_N_OUTCOMES];
	struct rep_latency latency;
	struct rep_top worst, open, may_be_open;
	/* In text: the worst that are over, and of open ones those that hold all others. */
	struct rep_top ended, holders;
	struct rep_buf told; /* the first line, where it was said early */
};

/* The first line. */
void rep_summary_health(const struct rep_summary *summary);
/* All of it; the first line only if it is not what was told. */
VFT_MUST_CHECK int rep_summary_text(const struct rep_summary *summary);

#endif
