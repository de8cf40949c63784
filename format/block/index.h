/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index.h - what an INDEX block says about the blocks before it, and the trailer that finds it.
 *
 * Owns: both encodings. Never does: I/O, belief: an entry is a hint until the header it points to
 * agrees. Called by: writer, reader, verify.
 */
#ifndef VFT_INDEX_H
#define VFT_INDEX_H

#include "format/base/buffer.h"
#include "format/base/cursor.h"
#include "format/block/block.h"
#include <vft/reader.h>

/* Entries in memory: an array of struct vft_index_entry inside a buffer. */
static inline size_t vft_index_count(const struct vft_buffer *entries)
{
	return entries->size / sizeof(struct vft_index_entry);
}

static inline const struct vft_index_entry *vft_index_get(const struct vft_buffer *entries,
							  size_t i)
{
	return (const struct vft_index_entry *)(const void *)entries->data + i;
}

VFT_MUST_CHECK int vft_index_append(struct vft_buffer *entries,
				    const struct vft_index_entry *entry);

/* @previous_off: self_off of the INDEX block before, 0 = this is the first. -ENOMEM. */
VFT_MUST_CHECK int vft_index_encode(const struct vft_buffer *entries, uint64_t previous_off,
				    struct vft_buffer *payload);

/*
 * Append the entries of an INDEX payload to @entries, at most @max_entries. -EBADMSG for a
 * malformed one or one whose blocks do not follow each other without a gap; -ENOMEM.
 */
VFT_MUST_CHECK int vft_index_decode(struct vft_cursor payload, size_t max_entries,
				    struct vft_buffer *entries, uint64_t *ret_previous_off);

/* Whether the block at entry->self_off is what the entry says. */
bool vft_index_entry_agrees(const struct vft_index_entry *entry, const struct vft_header *header);

struct vft_trailer {
	uint64_t self_off; /* length of the section before it */
	uint32_t to_end, to_index;
	uint32_t section; /* low half of section_id */
};

void vft_trailer_store(const struct vft_trailer *trailer, uint8_t *bytes);
/* -EBADMSG unless magic and checksum are right. */
VFT_MUST_CHECK int vft_trailer_parse(const uint8_t *bytes, struct vft_trailer *ret);

#endif
