/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meta.h - what <vft/meta.h> keeps closed, for the programs of this tree, which are built with the
 * library.
 */
#ifndef VFT_BLOCK_META_H
#define VFT_BLOCK_META_H

#include <vft/meta.h>

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

#endif
