/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * order.h - rows in the order of their time.
 *
 * A file holds events in the order of cause and effect, in which times step back by microseconds.
 * Owns: the blocks of which rows may still be overtaken. Never does: look at more of a row than its
 * time, or hold more than a few blocks: a row that is later than the window goes out where it
 * stands. Called by: whatever shows events; rep_ranks_init on any thread, the rest on one.
 */
#ifndef REP_ORDER_H
#define REP_ORDER_H

#include <vft/err.h>
#include "replay/source/flow.h"

#define REP_ORDER_WINDOW_NS 10000000ull
#define REP_ORDER_BLOCKS    8u

/* Some rows of one block, sorted by time; those of one time as the block has them. */
struct rep_ranks {
	uint32_t *rows;  /* by rank, or NULL: rank and row are the same */
	uint32_t n;      /* ranks */
	uint32_t *array; /* the memory of rows */
	size_t max;      /* in array, of which one half is for sorting */
};

/* All rows of @columns. -ENOMEM. */
VFT_MUST_CHECK int rep_ranks_init(struct rep_ranks *ranks, const struct vft_columns *columns);
/* Room for any selection of rows in *ret, which the caller fills with rising numbers. -ENOMEM. */
VFT_MUST_CHECK int rep_ranks_select(struct rep_ranks *ranks, const struct vft_columns *columns,
				    uint32_t **ret);
/* The first @n of what rep_ranks_select gave are wanted. */
void rep_ranks_finish(struct rep_ranks *ranks, const struct vft_columns *columns, uint32_t n);
void rep_ranks_release(struct rep_ranks *ranks);

struct rep_order_run;

struct rep_order {
	/* @n rows of @block from @first on, which follow each other. Negative: stop. */
	int (*on_rows)(void *context, const struct rep_block *block, uint32_t first, uint32_t n);
	void *context;
	struct rep_order_run *pending, *spare; /* by time, then by arrival */
	size_t n_pending, max_pending, max_spare;
	struct {
		struct rep_block *block;
		const struct rep_ranks *ranks;
		uint32_t n_left; /* ranks that are still pending */
	} held[REP_ORDER_BLOCKS];
	unsigned int next; /* of held, for the next block */
};

/*
 * Take @ranks of @block in and give out what nothing can overtake. What @ranks points to must last
 * as long as the block, which is held. -ENOMEM, or on_rows' error.
 */
VFT_MUST_CHECK int rep_order_append(struct rep_order *order, struct rep_block *block,
				    const struct rep_ranks *ranks);
/* Give out the rest. on_rows' error. */
VFT_MUST_CHECK int rep_order_flush(struct rep_order *order);
void rep_order_release(struct rep_order *order);

#endif
