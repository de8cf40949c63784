/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * losses.h - what is missing from a section, and when.
 *
 * Owns: the windows of lost events and missing bytes, merged; their counts. Never does: decide what
 * a loss means. Called by: model.c, which is told of losses, and verdict.c, which asks.
 */
#ifndef REP_LOSSES_H
#define REP_LOSSES_H

#include <vft/meta.h>
#include "replay/model/model.h"

/* Windows kept apart; past this many, those of one cause and CPU become one. */
#define REP_MAX_LOSSES 16384u

/* Events step back in time by microseconds; a loss reaches this much beyond its window. */
#define REP_LOSS_SLACK_NS 100000u

/* Each run is at most half as long as the one before it, so there are few. */
#define REP_MAX_LOSS_RUNS 32u

/*
 * Windows come in any order, and are asked for between any two of them. So items are kept in runs,
 * each sorted by time: one that does not fit behind the last run begins a run of its own, and runs
 * of like length become one. An add takes O(log n) on average, a find O(log^2 n).
 */
struct rep_losses {
	struct rep_loss *items; /* one run behind the other, each by from_ns */
	uint32_t *latest;       /* of the run's items up to this, the one with the largest to_ns */
	struct rep_loss *spare; /* as many as items: where runs are merged */
	size_t n, capacity;
	uint32_t starts[REP_MAX_LOSS_RUNS]; /* of each run */
	uint32_t n_runs;
	bool is_sorted;    /* one run, and windows that touch are merged */
	uint64_t n_events; /* the sum of counts; saturates */
	uint64_t n_steps;  /* what was compared and moved, for the tests */
};

void rep_losses_reset(struct rep_losses *losses); /* empties, keeps the memory */
void rep_losses_release(struct rep_losses *losses);

/* Add a window; from and to may stand in either order. -ENOMEM. */
VFT_MUST_CHECK int rep_losses_add(struct rep_losses *losses, const struct rep_loss *loss);

/*
 * What a section's end counts by cause and CPU, and no window has told, may be missing anywhere in
 * the section. A count of 0 is a loss of unknown size. -ENOMEM.
 */
VFT_MUST_CHECK int rep_losses_add_totals(struct rep_losses *losses, const struct vft_loss *totals,
					 size_t n);

/* Sort and merge windows that touch, of one cause and CPU. Not needed before a find. */
void rep_losses_sort(struct rep_losses *losses);

/* A loss that reaches into [from_ns, to_ns] (in either order), borrowed; NULL when there is none.
 */
const struct rep_loss *rep_losses_find(struct rep_losses *losses, uint64_t from_ns, uint64_t to_ns);

/* When the first loss begins that reaches into [from_ns, to_ns]; false when there is none. */
bool rep_losses_first(struct rep_losses *losses, uint64_t from_ns, uint64_t to_ns,
		      uint64_t *ret_ns);

#endif
