/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * top.h - episodes kept beyond the replay, all of them or the first by some order.
 *
 * Owns: copies of the rows and of what they need of their section. With a limit, memory holds twice
 * that many rows. Called by: summary, vforks.
 */
#ifndef REP_TOP_H
#define REP_TOP_H

#include "replay/rows/rows.h"

/* Chain: those that hold a chain of waits, by its first. */
enum rep_order_by { REP_BY_START, REP_BY_BLOCKED, REP_BY_CHAIN };

struct rep_top {
	enum rep_order_by by;
	size_t limit; /* SIZE_MAX = keep all */
	struct rep_vfork *rows;
	size_t n_rows, max_rows;
	bool is_full; /* the first limit rows are sorted: what is behind them cannot come in */
};

/* Keep a copy of @vfork, whose origin must outlive it. -ENOMEM. */
VFT_MUST_CHECK int rep_top_append(struct rep_top *top, const struct rep_vfork *vfork);
/* Sort, and drop what is past the limit. */
void rep_top_sort(struct rep_top *top);
void rep_top_release(struct rep_top *top);

/* The sections' facts that rows point to. */
struct rep_origins {
	struct rep_origin_node *first;
	const char *file; /* of the next sections; NULL: there is only one */
};

/* NULL: out of memory. */
const struct rep_origin *rep_origins_append(struct rep_origins *origins,
					    const struct rep_section_info *info);
void rep_origins_release(struct rep_origins *origins);

#endif
