/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader_impl.h - the reader's state, shared by the files that make it up. Internal to libvft.
 *
 * blocks.c finds the next block that can be believed, reader.c turns it into an item, follow.c goes
 * by the index, verify.c looks closer than others need.
 */
#ifndef VFT_READER_IMPL_H
#define VFT_READER_IMPL_H

#include "format/base/buffer.h"
#include "format/block/block.h"
#include "format/block/decode.h"
#include "format/block/index.h"
#include "format/read/blocks.h"
#include <vft/reader.h>
#include "format/block/schema.h"
#include "format/read/raw.h"
#include "format/block/meta.h"

#define VFT_N_QUEUED                                                                               \
	6              /* at most: a gap, NOT_CLOSED or refused, SECTION, two that it begins with  \
			*/
#define VFT_N_FIRST 64 /* items before the first SECTION that open remembers */

/* How the index is followed, past what nobody wants. */
struct vft_follow {
	/* The blocks before @next_entry are behind; none are left when the index is not followed.
	 */
	struct vft_buffer entries;
	size_t next_entry;
	vft_pass_fn pass;
	void *pass_context;
};

struct vft_reader {
	struct vft_blocks blocks;
	struct vft_follow follow;
	uint64_t max_raw_total, raw_total;
	bool is_scaled; /* max_raw_total grows with the input read */
	uint64_t at;    /* the input up to here is done with */
	bool is_done;
	bool is_limited; /* by who opened it */

	/* Where to go on, and in which section, should the input have grown; until then what is
	 * said of its end holds. */
	bool has_rest;
	uint64_t rest_at, block_end; /* of the last block, all its padding included */
	struct vft_where rest_where;

	struct vft_section section;
	struct vft_meta meta;
	struct vft_end end;
	struct vft_schema schema;
	struct vft_decoder decoder;
	struct vft_buffer losses;

	struct vft_item queue[VFT_N_QUEUED];
	unsigned int n_queued, next_queued;
	struct vft_item first[VFT_N_FIRST];
	unsigned int n_first, next_first;

	uint64_t counted_kinds;
	struct vft_counted counted;

	bool is_raw;
	struct vft_raw raw;
	uint64_t schema_number;
};

/* Pass over what is not wanted at reader->at: 1 and an item is queued, 0, or negative. */
VFT_MUST_CHECK int vft_reader_pass(struct vft_reader *reader);

#endif
