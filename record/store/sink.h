/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink.h - the output: written in blocks, synced in the background.
 *
 * Owns: the output descriptor, the writer, the sync thread. Never does: translate or count. Called
 * by: recorder.c, snapshot.c, losses.c.
 */
#ifndef REC_SINK_H
#define REC_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include <vft/writer.h>

struct rec_sink;

/*
 * Open @path as rec_output_open does, and write the file's head; its section id and uuid are drawn
 * at random. No thread runs yet. The errors of rec_output_open and of the write.
 */
VFT_MUST_CHECK int rec_sink_open(const char *path, bool force, int level,
				 const struct vft_meta *meta, struct rec_sink **ret,
				 struct vft_err *err);

/* Sync from time to time from now on, on a thread with the caller's credentials of now. -errno. */
VFT_MUST_CHECK int rec_sink_start_sync(struct rec_sink *sink, struct vft_err *err);

/* As vft_writer_append, _flush and _finish; finish also syncs and reports what the sync thread saw.
 */
VFT_MUST_CHECK int rec_sink_append(struct rec_sink *sink, const struct vft_event *event,
				   struct vft_err *err);
VFT_MUST_CHECK int rec_sink_flush(struct rec_sink *sink, struct vft_err *err);
VFT_MUST_CHECK int rec_sink_finish(struct rec_sink *sink, const struct vft_end *end,
				   struct vft_err *err);

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
