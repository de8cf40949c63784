/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * encode.h - events into the columns of one rows block.
 *
 * Owns: the block's columns and tables. Never does: I/O, deciding when a block ends. Called by:
 * writer.c.
 */
#ifndef VFT_ENCODE_H
#define VFT_ENCODE_H

#include <stdint.h>

#include "format/block/block.h"
#include <vft/event.h>
#include "format/block/string_table.h"
#include "format/block/task_table.h"

#define VFT_N_COLUMNS      64u  /* this version's column ids are all below */
#define VFT_ENCODER_FIELDS 128u /* all kinds together have no more fields */

struct vft_encoder {
	struct vft_buffer columns[VFT_N_COLUMNS]; /* by id; string_data is in strings */
	uint8_t *ends[VFT_N_COLUMNS]; /* where a column's next byte goes; its size lags behind */
	uint64_t last[VFT_N_COLUMNS]; /* of DELTA columns */
	uint32_t hints[VFT_ENCODER_FIELDS]; /* the string that each field had last */
	uint32_t n_roomy;                   /* so many more events fit columns and tables */
	struct vft_strings strings;
	struct vft_tasks tasks;
	uint64_t start_ns; /* time of the first event, which its delta is undone by when the block
			      ends */
	uint64_t first_ns, last_ns; /* smallest and largest */
	uint64_t kinds, n_lost;
	uint32_t pid_min, pid_max;
	uint32_t n_events, raw_size;
};

void vft_encoder_init(struct vft_encoder *encoder, uint64_t seed);
void vft_encoder_release(struct vft_encoder *encoder);
void vft_encoder_reset(struct vft_encoder *encoder); /* a new block */

/* ->ends to the sizes of ->columns, and back: for who wants to see a column, or change it. */
void vft_encoder_keep_sizes(struct vft_encoder *encoder);
void vft_encoder_find_ends(struct vft_encoder *encoder);

/* Bytes that @event takes at most; -EINVAL for one that the format cannot hold. */
VFT_MUST_CHECK int vft_encoder_bound(const struct vft_event *event, uint32_t *ret_bytes);

/* Append @event, whose @bound vft_encoder_bound has told. All or nothing. -ENOMEM. */
VFT_MUST_CHECK int vft_encoder_append(struct vft_encoder *encoder, const struct vft_event *event,
				      uint32_t bound);

/* Append the block's payload; fills n_events, raw_len and first_ts of @header. -ENOMEM. */
VFT_MUST_CHECK int vft_encoder_pack(struct vft_encoder *encoder, struct vft_packer *packer,
				    int level, struct vft_buffer *payload,
				    struct vft_header *header);

#endif
