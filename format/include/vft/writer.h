/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writer.h - turns events into blocks, append-only.
 *
 * Owns: the current block's columns, sequence numbers, the index. Never does: clocks, seeking,
 * syncing, opening files. Called by: the recorder's sink, generators, rewriting commands. After the
 * first failed write every call returns that same error and writes nothing more; what was complete
 * before it stays readable. Not thread-safe.
 */
#ifndef VFT_WRITER_H
#define VFT_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include <vft/event.h>
#include <vft/io.h>
#include <vft/meta.h>

VFT_BEGIN_DECLS

struct vft_writer;

/* May grow at its end: see size in err.h. */
struct vft_writer_options {
	size_t size;         /* sizeof(struct vft_writer_options) */
	uint64_t section_id; /* random, in every block of the section */
	uint8_t uuid[16];    /* of the recording session; the same in every rotated segment */
	uint32_t segment;    /* 0, 1, ... under rotation */
	int level;           /* zstd level, 1..19; 0 = 3 */
	uint32_t raw_target; /* bytes before compression that end a block; 0 = 256 KiB */
};

/*
 * Write SECTION, META and SCHEMA to @sink, which stays the caller's and must outlive the writer.
 * @options is copied; of @meta nothing is kept. -ENOMEM, -EINVAL for options out of range, -E2BIG
 * for ones that this version does not know, or the sink's error.
 */
VFT_MUST_CHECK int vft_writer_open(struct vft_sink *sink, const struct vft_writer_options *options,
				   const struct vft_meta *meta, struct vft_writer **ret,
				   struct vft_err *err);

/*
 * Append one event; it is copied. Kinds snapshot, clock and the rest go to blocks of their own
 * type: a change of type ends the block. A block also ends when it is full, and when @event's time
 * is VFT_BLOCK_TIME_NS past its first event. No allocation once buffers have grown to a block's
 * size. -EINVAL for an event that the format cannot hold (unknown kind, string over
 * VFT_MAX_STRING): it is skipped and the writer goes on. -ENOMEM, or the sink's error.
 */
VFT_MUST_CHECK int vft_writer_append(struct vft_writer *writer, const struct vft_event *event,
				     struct vft_err *err);

/*
 * Whether an event of @time_ns should rather begin a new block: the current one is seven eighths
 * full, or two seconds old. Who asks before each event, and flushes, can say first what was lost
 * while this block was filled: a lost event does not end a block by its time.
 */
bool vft_writer_is_due(const struct vft_writer *writer, uint64_t time_ns);

/* End the current block, if it has events, and write it. The sink's error or -ENOMEM. */
VFT_MUST_CHECK int vft_writer_flush(struct vft_writer *writer, struct vft_err *err);

/* The zstd level from the next block on, 1..19. */
void vft_writer_set_level(struct vft_writer *writer, int level);

/* Bytes handed to the sink so far; ns time of the current block's first event, 0 if it is empty. */
uint64_t vft_writer_get_size(const struct vft_writer *writer);
uint64_t vft_writer_get_block_start(const struct vft_writer *writer);

/*
 * Flush, then write INDEX, END and the trailer. The writer fills in @end's n_blocks and n_events
 * itself. Further appends return -EINVAL. -E2BIG as vft_writer_open, -ENOMEM, or the sink's error.
 */
VFT_MUST_CHECK int vft_writer_finish(struct vft_writer *writer, const struct vft_end *end,
				     struct vft_err *err);

void vft_writer_close(struct vft_writer *writer); /* frees; does not finish; NULL is fine */

VFT_END_DECLS

#endif
