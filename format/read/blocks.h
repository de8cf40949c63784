/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blocks.h - the next block that can be believed. Internal to libvft.
 *
 * Owns: its place, header and payload, and where in a section it must stand. Never does: say what a
 * block contains, or hand out items. Called by: reader.c, follow.c, verify.c.
 */
#ifndef VFT_READ_BLOCKS_H
#define VFT_READ_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include <vft/io.h>

#include "format/base/buffer.h"
#include "format/block/block.h"

/* The section that blocks must belong to. */
struct vft_where {
	bool is_active;  /* there is one */
	bool is_refused; /* of a later version: its blocks are passed over */
	bool has_ended;  /* END was read */
	bool has_trailer;
	bool has_schema;
	uint64_t id;
	uint64_t begins_at; /* what is left of it, in the input */
	/* position in the input - self_off, mod 2^64: its head may be cut off */
	uint64_t start;
	uint64_t next_seq;
	uint64_t last_ns;            /* greatest event time so far; after END its end_ns */
	uint64_t n_blocks, n_events; /* read or passed over; of the section */
	uint64_t end_off, index_off; /* self_off of them; 0 = none */
};

/* The input as blocks, and the one at hand. */
struct vft_blocks {
	struct vft_source *source; /* borrowed */
	struct vft_where where;
	bool is_strict; /* look for what a writer must not do and a reader bears */

	/* The block at loaded_at, whose checksums are right; not yet delivered when is_loaded. */
	bool is_loaded;
	bool has_bad_padding; /* it is not zero */
	bool has_cut_padding; /* not all of it is there */
	bool has_sync;        /* the payload has the sync pattern; known when is_strict */
	uint64_t loaded_at, loaded_size;
	struct vft_header header;
	struct vft_buffer payload;

	uint8_t *chunk;      /* of a search */
	uint64_t n_wasted;   /* bytes checked in vain during searches */
	uint64_t n_searched; /* bytes looked at beyond the first block that may be believed */
};

enum vft_load {
	VFT_LOAD_END = 0, /* no bytes there */
	VFT_LOAD_BLOCK,   /* blocks->header and payload are filled */
	VFT_LOAD_CUT,     /* the input ends inside it */
	VFT_LOAD_REFUSED, /* an intact header that is over a limit or of a later version */
	VFT_LOAD_DAMAGED, /* a wrong checksum, or none of ours */
	VFT_LOAD_PAYLOAD, /* of these, with an intact header: blocks->header says how long it is */
};

/*
 * Look at the block at @offset, which must go on with the current section or begin one. Returns an
 * enum vft_load, and *ret_what says what is wrong with it; *ret_size is its size by its header, 0
 * when that is not known. Negative for the source's errors, -ENOMEM.
 */
VFT_MUST_CHECK int vft_scan_load(struct vft_blocks *blocks, uint64_t offset, const char **ret_what,
				 uint64_t *ret_size);

/*
 * Search for a believable block, for damage that begins at @gap, where vft_scan_load gave @load and
 * @size. 1 when one is loaded and *ret_offset is its place; 0 when there is none and *ret_offset is
 * the input's end.
 */
VFT_MUST_CHECK int vft_scan_search(struct vft_blocks *blocks, uint64_t gap, enum vft_load load,
				   uint64_t size, uint64_t *ret_offset);

/*
 * The time of the first event at or behind the loaded block, which bounds a gap before it; or, from
 * END, when recording ended. UINT64_MAX when nothing says.
 */
VFT_MUST_CHECK int vft_scan_time(struct vft_blocks *blocks, uint64_t *ret_ns);

/* The same for what follows at @offset, with nothing loaded there yet. Leaves the payload alone. */
VFT_MUST_CHECK int vft_scan_time_at(struct vft_blocks *blocks, uint64_t offset, uint64_t *ret_ns);

/* Whether a header is that of a SECTION block, or of the current section's next block at @offset.
 */
bool vft_scan_is_section(const struct vft_header *header);
bool vft_scan_continues(const struct vft_where *where, const struct vft_header *header,
			uint64_t offset);

/* Or of a later block of it, that does not stand where it says, for damage that begins at @gap. */
bool vft_scan_resumes(const struct vft_where *where, const struct vft_header *header, uint64_t gap);

static inline bool vft_type_is_rows(uint16_t type)
{
	return type == VFT_BLOCK_EVENTS || type == VFT_BLOCK_SNAPSHOT || type == VFT_BLOCK_CLOCK;
}

static inline struct vft_cursor vft_blocks_payload(const struct vft_blocks *blocks)
{
	return vft_cursor_init(blocks->payload.data, blocks->header.payload_len);
}

/* Read the header at @offset. 1, 0 when there is no intact one, negative for the source's errors.
 */
VFT_MUST_CHECK int vft_scan_header(struct vft_blocks *blocks, uint64_t offset,
				   struct vft_header *ret);

/* Read the payload of the block at @offset into @payload and check it: 1, 0, or negative. */
VFT_MUST_CHECK int vft_scan_payload(struct vft_blocks *blocks, uint64_t offset,
				    const struct vft_header *header, struct vft_buffer *payload);

#endif
