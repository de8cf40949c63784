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

#define VFT_N_COLUMNS 64u /* this version's column ids are all below */

struct vft_encode_step {
	uint8_t column, encoding, type, offset;
};

struct vft_encoder {
	struct vft_buffer columns[VFT_N_COLUMNS]; /* by id; string_data is in strings */
	uint64_t last[VFT_N_COLUMNS];             /* of DELTA and STRING columns */
	struct vft_encode_step steps[VFT_KIND_MAX + 1][VFT_MAX_FIELDS];
	struct vft_encode_step pointers[VFT_KIND_MAX + 1][VFT_MAX_FIELDS]; /* tasks and strings */
	uint8_t n_steps[VFT_KIND_MAX + 1], n_pointers[VFT_KIND_MAX + 1];
	uint32_t bounds[VFT_KIND_MAX + 1]; /* bytes of a kind's event, without its strings */
	uint32_t n_roomy;                  /* so many more events fit the columns */
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

/* Bytes that @event takes at most; -EINVAL for one that the format cannot hold. */
VFT_MUST_CHECK int vft_encoder_bound(const struct vft_encoder *encoder,
				     const struct vft_event *event, uint32_t *ret_bytes);

/* Append @event, whose @bound vft_encoder_bound has told. All or nothing. -ENOMEM. */
VFT_MUST_CHECK int vft_encoder_append(struct vft_encoder *encoder, const struct vft_event *event,
				      uint32_t bound);

/* Append the block's payload; fills n_events, raw_len and first_ts of @header. -ENOMEM. */
VFT_MUST_CHECK int vft_encoder_pack(struct vft_encoder *encoder, struct vft_packer *packer,
				    int level, struct vft_buffer *payload,
				    struct vft_header *header);

#endif
