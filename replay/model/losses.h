/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * losses.h - what is missing from a section, and when.
 *
 * Owns: the windows of lost events and missing bytes, merged; their counts. Never does: decide what
 * a loss means. Called by: model.c, which is told of losses, and verdict.c, which asks.
 */
#ifndef REP_LOSSES_H
#define REP_LOSSES_H

#include "replay/model/model.h"

/* Windows kept apart; past this many, those of one cause and CPU become one. */
#define REP_MAX_LOSSES 16384u

/* Events step back in time by microseconds; a loss reaches this much beyond its window. */
#define REP_LOSS_SLACK_NS 100000u

struct rep_losses {
	struct rep_loss *items; /* by from_ns once sorted */
	uint32_t *latest;       /* of items[0..i], the one with the largest to_ns */
	size_t n, capacity;
	bool is_sorted;
	uint64_t n_events; /* the sum of counts; saturates */
};

void rep_losses_reset(struct rep_losses *losses); /* empties, keeps the memory */
void rep_losses_release(struct rep_losses *losses);

/* Add a window; from and to may stand in either order. -ENOMEM. */
VFT_MUST_CHECK int rep_losses_add(struct rep_losses *losses, const struct rep_loss *loss);

/* Sort and merge windows that touch, of one cause and CPU. Not needed before a find. */
void rep_losses_sort(struct rep_losses *losses);

/* A loss that reaches into [from_ns, to_ns] (in either order), borrowed; NULL when there is none.
 */
const struct rep_loss *rep_losses_find(struct rep_losses *losses, uint64_t from_ns, uint64_t to_ns);

/* When the first loss begins that reaches into [from_ns, to_ns]; false when there is none. */
bool rep_losses_first(struct rep_losses *losses, uint64_t from_ns, uint64_t to_ns,
		      uint64_t *ret_ns);

/* The sum of counts of one cause and CPU, saturating. */
uint64_t rep_losses_count(const struct rep_losses *losses, uint32_t cause, uint32_t cpu);
bool rep_losses_has(const struct rep_losses *losses, uint32_t cause, uint32_t cpu);

#endif
