/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow.h - a trace's items in the order of the file, with the work on each block spread over
 * threads.
 *
 * Owns: the threads, and the blocks that are read, checked, decompressed and decoded while those
 * before them are replayed. Memory is bounded by the number of slots. Never does: change the order
 * or the number of items. Threads are made before the sandbox shuts, which forbids to make one.
 * Called by: main (new, free), trace.c. One consumer.
 */
#ifndef REP_FLOW_H
#define REP_FLOW_H

#include "format/block/columns.h"
#include <vft/reader.h>

#define REP_MAX_THREADS 8u /* more than one model can keep busy */

struct rep_flow;

/* The rows of one block, as columns and, where they were asked for, as events. */
struct rep_block {
	const struct vft_columns *columns;
	struct vft_batch batch; /* events is NULL where they were not */
	/* What rep_work made of it, or of an earlier block in the same memory. */
	void *made;
	bool is_made; /* of this one */
};

/*
 * What is made of each block on the thread that has decoded it. @make is called on several threads
 * at once, each with another block: 0, and block->made is there; or -ENOMEM. It should use the
 * memory of what block->made already is.
 */
struct rep_work {
	int (*make)(void *context, uint64_t start_ns, struct rep_block *block);
	void (*free)(void *made);
	void *context;
	uint64_t start_ns; /* zero of the report's time, as in rep_section_info */
};

struct rep_item {
	struct vft_item item;    /* never VFT_ITEM_BATCH or _RAW: those come as a block */
	struct rep_block *block; /* NULL: no rows */
};

/*
 * With @n_threads beside the caller's own, which works while it waits; 0: no threads at all. When
 * this returns they wait for work. -EAGAIN and the like from pthread_create, -ENOMEM.
 */
VFT_MUST_CHECK int rep_flow_new(unsigned int n_threads, struct rep_flow **ret);

/* @reader is the flow's until rep_flow_end. @wanted: see vft_columns_decode; all for @with_events.
 */
void rep_flow_begin(struct rep_flow *flow, struct vft_reader *reader, uint64_t wanted,
		    bool with_events);

/* From now on; those decoded before are left to the caller, see rep_block_make. NULL: no more. */
void rep_flow_set_work(struct rep_flow *flow, const struct rep_work *work);
/* Do now what was not done on another thread: nothing if is_made. Errors as work->make. */
VFT_MUST_CHECK int rep_block_make(struct rep_block *block, const struct rep_work *work);

/* As vft_reader_next. What *ret points to is the flow's until the next call. */
VFT_MUST_CHECK int rep_flow_next(struct rep_flow *flow, struct rep_item *ret, struct vft_err *err);

/* Keep a block beyond the next call; give it back with rep_block_release, on the consumer's thread.
 */
struct rep_block *rep_block_acquire(struct rep_block *block);
void rep_block_release(struct rep_block *block); /* NULL is fine */

/* The reader is the caller's again, wherever it stands. Nothing to do without a begin. */
void rep_flow_end(struct rep_flow *flow);
void rep_flow_free(struct rep_flow *flow); /* NULL is fine */

#endif
