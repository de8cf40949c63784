/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * span.h - when a trace begins and ends, by the world's clock, before it is replayed.
 *
 * Called by: input.c, for moments that count from there.
 */
#ifndef REP_SPAN_H
#define REP_SPAN_H

#include "replay/source/trace.h"

struct rep_span {
	bool is_known; /* some section has a clock */
	uint64_t start_epoch_ns, end_epoch_ns;
};

/* Widen @ret by what @source, which must be seekable and stays open, tells. -ENOMEM. */
VFT_MUST_CHECK int rep_span_find(struct vft_source *source, struct rep_span *ret);

#endif
