/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * view.h - one more reader of an input that stays open: for a look at it before it is replayed.
 *
 * Called by: input.c, part.c, survey.c.
 */
#ifndef REP_VIEW_H
#define REP_VIEW_H

#include <vft/io.h>
#include <vft/reader.h>

/* A source that reads @of, which must be seekable and outlive it, from @from_off on. NULL for
 * -ENOMEM. */
struct vft_source *rep_view_new(struct vft_source *of, uint64_t from_off);
/* A reader of such a source; errors as vft_reader_open. */
VFT_MUST_CHECK int rep_view_open(struct vft_source *of, uint64_t from_off, struct vft_reader **ret);

#endif
