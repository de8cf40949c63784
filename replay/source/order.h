/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * order.h - events in the order of their time.
 *
 * A file holds events in the order of cause and effect, in which times step back by microseconds.
 * Owns: the batches whose events may still be overtaken. Never does: hold more than a few of them:
 * an event that is later than the window goes out where it stands. Called by: whatever shows
 * events.
 */
#ifndef REP_ORDER_H
#define REP_ORDER_H

#include <vft/err.h>
#include "replay/source/flow.h"

#define REP_ORDER_WINDOW_NS 10000000ull
#define REP_ORDER_BATCHES   8u

struct rep_ordered;

struct rep_order {
	/* 1: keep it, 0: leave it out, negative: stop. Asked in file order. NULL: keep all. */
	int (*wants)(void *context, const struct vft_event *event);
	int (*on_event)(void *context, const struct vft_event *event);
	void *context;
	struct rep_ordered *pending; /* by time, then by arrival */
	size_t n_pending, max_pending;
	struct rep_ordered *spare; /* for merging */
	size_t max_spare;
	struct rep_block *held[REP_ORDER_BATCHES];
	size_t n_left[REP_ORDER_BATCHES]; /* events of each that are still pending */
	unsigned int next;                /* slot for the next batch */
};

/* Take @batch, a block's, in and give out what nothing can overtake. -ENOMEM, or a callback's
 * error. */
VFT_MUST_CHECK int rep_order_append(struct rep_order *order, const struct vft_batch *batch);
/* Give out the rest. on_event's error. */
VFT_MUST_CHECK int rep_order_flush(struct rep_order *order);
void rep_order_release(struct rep_order *order);

#endif
