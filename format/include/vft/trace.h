/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h - the events of a file, one after the other: for programs that want no more than that.
 *
 * Owns: a reader and the block at hand. Never does: print. What is damaged is passed over and
 * counted; who must know where, and of losses and sections, uses reader.h. One thread for each
 * trace.
 */
#ifndef VFT_TRACE_H
#define VFT_TRACE_H

#include <vft/event.h>
#include <vft/meta.h>

VFT_BEGIN_DECLS

struct vft_trace;

/*
 * Open the trace at @path ("-" is standard input). The errno of open(2), or as vft_reader_open;
 * @err (may be NULL) says it in one line. On success *ret is the caller's, to be closed.
 */
VFT_MUST_CHECK int vft_open_path(const char *path, struct vft_trace **ret, struct vft_err *err);

/*
 * The next event: 1 and *ret, which is the trace's until the next call, 0 at the end. Negative: as
 * vft_reader_next; there are no more events then.
 */
VFT_MUST_CHECK int vft_next_event(struct vft_trace *trace, const struct vft_event **ret,
				  struct vft_err *err);

/* What was passed over so far: places of damage, cuts and blocks of later versions. */
uint64_t vft_trace_get_n_gaps(const struct vft_trace *trace);

/* What the section at hand says of its making; NULL before its META block, or without one. The
 * trace's until the next call of vft_next_event. */
const struct vft_meta *vft_trace_get_meta(const struct vft_trace *trace);

void vft_trace_close(struct vft_trace *trace); /* NULL is fine */

VFT_END_DECLS

#endif
