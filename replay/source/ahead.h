/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ahead.h - a reader that reads ahead, in a thread of its own.
 *
 * Owns: the thread, and the few batches that are decoded while those before them are replayed.
 * Never does: change the order or the number of items. The thread is made before the sandbox shuts,
 * which forbids to make one. Called by: main (new, free), trace.c.
 */
#ifndef REP_AHEAD_H
#define REP_AHEAD_H

#include <vft/reader.h>

struct rep_ahead;

/* When this returns the thread waits for work. -EAGAIN and the like from pthread_create, -ENOMEM.
 */
VFT_MUST_CHECK int rep_ahead_new(struct rep_ahead **ret);
/* @reader is the thread's until rep_ahead_end. */
void rep_ahead_begin(struct rep_ahead *ahead, struct vft_reader *reader);
/* As vft_reader_next. */
VFT_MUST_CHECK int rep_ahead_next(struct rep_ahead *ahead, struct vft_item *ret,
				  struct vft_err *err);
/* The reader is the caller's again, wherever it stands. Nothing to do without a begin. */
void rep_ahead_end(struct rep_ahead *ahead);
void rep_ahead_free(struct rep_ahead *ahead); /* NULL is fine */

#endif
