/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink.h - the output as blocks: what is appended is encoded, compressed and queued.
 *
 * Owns: the writer, and the way out of what it writes. Never does: translate, count, or wait, but
 * in rec_sink_settle. Called by: recorder.c, loop.c, feed.c, snapshot.c, losses.c.
 */
#ifndef REC_SINK_H
#define REC_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include <vft/writer.h>

#include "record/store/output.h"
#include "record/store/redact.h"
#include "format/block/meta.h"

struct rec_sink;

/*
 * Write the head of a trace to @output, which is taken over, also on failure; its section id and
 * uuid are drawn at random. What is appended passes @redact, which stays the caller's; NULL = as it
 * is. No thread runs yet. -ENOMEM, -EIO, or the errno of a write.
 */
VFT_MUST_CHECK int rec_sink_open(struct rec_output *output, int level, const struct vft_meta *meta,
				 struct rec_redact *redact, struct rec_sink **ret,
				 struct vft_err *err);

/* Write and sync on a thread from now on, with the caller's credentials of now. -errno. */
VFT_MUST_CHECK int rec_sink_start(struct rec_sink *sink, struct vft_err *err);

/*
 * As vft_writer_append, _flush and _finish. What they report may be the failure of an earlier
 * write.
 */
VFT_MUST_CHECK int rec_sink_append(struct rec_sink *sink, const struct vft_event *event,
				   struct vft_err *err);
VFT_MUST_CHECK int rec_sink_flush(struct rec_sink *sink, struct vft_err *err);
VFT_MUST_CHECK int rec_sink_finish(struct rec_sink *sink, const struct vft_end *end,
				   struct vft_err *err);

/*
 * The end, with or without rec_sink_finish: wait as rec_outlet_settle does until all is written and
 * synced, then see as rec_output_check does whether the file is still there.
 */
VFT_MUST_CHECK int rec_sink_settle(struct rec_sink *sink, int hurry_fd, struct vft_err *err);

/* Whether more waits to be written than should. */
bool rec_sink_is_full(const struct rec_sink *sink);
/* Whether somebody may be reading along. */
bool rec_sink_is_stream(const struct rec_sink *sink);
int rec_sink_get_output_fd(const struct rec_sink *sink); /* to be waited for, not written to */
/* Readable once a write has failed; rec_sink_get_error says with what. */
int rec_sink_get_event_fd(const struct rec_sink *sink);
int rec_sink_get_error(const struct rec_sink *sink);

/* Whether an event of @time_ns should begin a new block: see vft_writer_is_due. */
bool rec_sink_is_due(const struct rec_sink *sink, uint64_t time_ns);

/* Under pressure blocks are compressed at level 1. */
void rec_sink_set_pressure(struct rec_sink *sink, bool pressure);

uint64_t rec_sink_get_size(const struct rec_sink *sink);
uint64_t rec_sink_get_n_events(const struct rec_sink *sink);
/* Close, and remove the file if this sink made it: nothing worth keeping was recorded. */
void rec_sink_discard(struct rec_sink *sink); /* NULL is fine */
void rec_sink_close(struct rec_sink *sink);   /* NULL is fine */

#endif
