/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meta.h - what <vft/meta.h> keeps closed, for the programs of this tree, which are built with the
 * library; and SECTION, META and END payloads to and from these structs. Decoded texts point into
 * the payload. Called by: writer and reader, and whoever fills or reads a struct.
 */
#ifndef VFT_BLOCK_META_H
#define VFT_BLOCK_META_H

#include <vft/meta.h>
#include "format/base/buffer.h"
#include "format/base/cursor.h"

struct vft_section {
	uint8_t uuid[16];    /* of the recording session; the same in every rotated segment */
	uint64_t section_id; /* random, in every block of the section */
	uint32_t version;
	uint32_t segment; /* 0, 1, ... under rotation */
	uint64_t compat, incompat;
};

struct vft_meta {
#define X(id, NAME, member) struct vft_str member;
	VFT_META_TEXT_LIST(X)
#undef X
#define X(id, NAME, member) uint64_t member;
	VFT_META_INT_LIST(X)
#undef X
};

VFT_MUST_CHECK int vft_section_encode(const struct vft_section *section,
				      struct vft_buffer *payload);
/* -EBADMSG: too short. section_id is in the header, not here. */
VFT_MUST_CHECK int vft_section_decode(struct vft_cursor payload, struct vft_section *ret);

VFT_MUST_CHECK int vft_meta_encode(const struct vft_meta *meta, struct vft_buffer *payload);
VFT_MUST_CHECK int vft_meta_decode(struct vft_cursor payload, struct vft_meta *ret);

VFT_MUST_CHECK int vft_end_encode(const struct vft_end *end, struct vft_buffer *payload);
/* The losses are appended to @losses, which ret->losses then points into. -ENOMEM, -EBADMSG. */
VFT_MUST_CHECK int vft_end_decode(struct vft_cursor payload, struct vft_buffer *losses,
				  struct vft_end *ret);

#endif
