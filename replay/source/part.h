/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * part.h - how much of a trace has to be read to say of a time window what all of it would say.
 *
 * Owns: that choice, by the index. Never does: change an answer to save time: a trace with any loss
 * or damage that shows beforehand is read whole. Called by: input.c.
 */
#ifndef REP_PART_H
#define REP_PART_H

#include "replay/source/moment.h"
#include "replay/source/trace.h"

/* What a command needs of the time before its window, and behind it. */
enum rep_need {
	REP_NEED_ALL,   /* what became of processes: everything */
	REP_NEED_PAST,  /* nothing behind the window, once its episodes have ended */
	REP_NEED_LISTS, /* nor, before it, more than the list of processes that a snapshot is */
};

/*
 * 1 and *ret filled when a part of @source (which stays open) is enough for @period;
 * 0 when all must be read; -ENOMEM. @timeline: of the inputs read before it; NULL: none were.
 */
VFT_MUST_CHECK int rep_part_find(struct vft_source *source, const struct rep_period *period,
				 enum rep_need need, const struct rep_timeline *timeline,
				 struct rep_part *ret);

#endif
