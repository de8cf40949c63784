/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decode.h - the columns of one rows block into a batch of events.
 *
 * Owns: batches and their memory. Believes nothing: a right checksum only says that the bytes are
 * as somebody wrote them. Called by: reader.c.
 */
#ifndef VFT_DECODE_H
#define VFT_DECODE_H

#include "format/block/block.h"
#include <vft/reader.h>
#include "format/block/schema.h"

/* As many as a consumer is likely to hold at a time; more are allocated and freed. */
#define VFT_N_BATCHES 16u

/* What the block says about itself. */
struct vft_rows_info {
	uint64_t last_ts, n_lost, kinds;
	uint32_t pid_min, pid_max;
	bool has_last_ts, has_kinds;
};

struct vft_decoder {
	struct vft_unpacker *unpacker;
	struct vft_buffer scratch; /* the columns, uncompressed */
	struct vft_buffer refs;    /* rows of the task table, one uint32_t per reference */
	struct vft_directory directory;
	struct vft_cursor columns[VFT_MAX_COLUMNS]; /* by slot of the schema */
	uint64_t last[VFT_MAX_COLUMNS];
	struct vft_schema *first;       /* see vft_schema_init_first; NULL until it is needed */
	struct vft_batch_memory *batch; /* the latest */
	bool is_strict;                 /* find out has_long */
	bool has_long;                  /* a number of the block is in more bytes than it needs */
	/* What was allocated so far, used again when nobody else holds it. */
	struct vft_batch_memory *batches[VFT_N_BATCHES];
};

/* Zero @decoder first. -ENOMEM. */
VFT_MUST_CHECK int vft_decoder_init(struct vft_decoder *decoder);
void vft_decoder_release(struct vft_decoder *decoder);

/* Read the info TLVs. -EBADMSG. */
VFT_MUST_CHECK int vft_rows_info_decode(struct vft_cursor info, const struct vft_header *header,
					struct vft_rows_info *ret);

/*
 * Decode @payload, whose checksum is right. *ret is the decoder's until the next call, unless held
 * by vft_batch_acquire. -EBADMSG for a malformed block, and *ret_what says why; -ENOMEM. Where
 * @schema is a guess, a block that is malformed by it is tried by the other one.
 */
VFT_MUST_CHECK int vft_decoder_decode(struct vft_decoder *decoder, const struct vft_schema *schema,
				      const struct vft_header *header, struct vft_cursor payload,
				      const struct vft_batch **ret, const char **ret_what);

/* The tables that the latest batch's events point into; borrowed like the batch. */
void vft_decoder_get_tables(const struct vft_decoder *decoder, const struct vft_task **ret_tasks,
			    uint32_t *ret_n_tasks, const struct vft_str **ret_strings,
			    uint32_t *ret_n_strings);

/*
 * Count the rows of @payload, whose checksum is right, if all are of @kinds: 1. 0: they are not, or
 * something is wrong, which decoding will say. -ENOMEM.
 */
VFT_MUST_CHECK int vft_decoder_count(struct vft_decoder *decoder, const struct vft_schema *schema,
				     const struct vft_header *header, struct vft_cursor payload,
				     uint64_t kinds, struct vft_counted *ret);

#endif
