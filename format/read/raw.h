/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw.h - what <vft/raw.h> keeps closed: for the programs of this tree, which decode blocks in
 * threads of their own. Called by: replay/source/flow.c.
 */
#ifndef VFT_READ_RAW_H
#define VFT_READ_RAW_H

#include "format/block/block.h"
#include "format/block/schema.h"
#include <vft/raw.h>

/* What a VFT_ITEM_RAW item points to; the reader's until its next call. */
struct vft_raw {
	struct vft_header header; /* the payload's checksum is right, and its mask undone */
	uint64_t before_ns;       /* the greatest event time before it */
	uint64_t last_ns;         /* its own greatest time, as it says */
	const struct vft_schema *schema;
	uint64_t schema_number;           /* another one: another schema */
	const struct vft_buffer *payload; /* the reader's own */
};

/* Exchange the payload of the item at hand for @buffer's memory, whatever that holds. */
void vft_reader_swap_payload(struct vft_reader *reader, struct vft_buffer *buffer);

#endif
