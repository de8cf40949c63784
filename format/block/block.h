/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * block.h - one block: its header, its columns' frames, its checksums.
 *
 * Owns: the compressor and decompressor (the only user of zstd). Never does: I/O, deciding where
 * the next block is, knowing what columns mean. Called by: writer and reader.
 */
#ifndef VFT_BLOCK_H
#define VFT_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/buffer.h"
#include "format/base/cursor.h"
#include "format/block/layout.h"

struct vft_header {
	uint16_t type;
	uint8_t version, flags;
	uint32_t payload_len, raw_len, n_events;
	uint64_t section_id, seq, self_off, first_ts;
	uint32_t payload_crc;
};

/* -EBADMSG unless the 64 @bytes begin with the sync and the header's own checksum is right. Nothing
 * else is checked: see vft_header_check. */
VFT_MUST_CHECK int vft_header_parse(const uint8_t *bytes, struct vft_header *ret);

/* NULL, or what is over a limit or of a later version; such a block must not be read. */
const char *vft_header_check(const struct vft_header *header);

/* Also computes the header's checksum. */
void vft_header_store(const struct vft_header *header, uint8_t *bytes);

/* Of the whole block: header, payload, padding. */
static inline uint64_t vft_header_get_size(const struct vft_header *header)
{
	return VFT_HEADER_SIZE + (((uint64_t)header->payload_len + 7) & ~7ull);
}

/*
 * Make @payload's stored form: mask it if the sync pattern occurs in it (so that no search for a
 * block can ever be led into recorded bytes), set payload_len, flags and payload_crc in @header,
 * and append the padding. section_id must be set. -ENOMEM.
 */
VFT_MUST_CHECK int vft_payload_seal(struct vft_buffer *payload, struct vft_header *header);

/* Check the stored @payload against @header and undo its mask. -EBADMSG: wrong checksum. */
VFT_MUST_CHECK int vft_payload_open(uint8_t *payload, const struct vft_header *header);

/* The columns of a rows block, uncompressed. */
struct vft_column_data {
	uint16_t id;
	const struct vft_buffer *data;
};

struct vft_packer; /* compresses; reused from block to block */

VFT_MUST_CHECK int vft_packer_new(struct vft_packer **ret);
void vft_packer_free(struct vft_packer *packer);

/*
 * Append to @payload: @info with its length, the directory, then each column, compressed at @level
 * where that makes it smaller. Ids must rise; empty columns are left out. *ret_raw_len is their
 * total. -ENOMEM.
 */
VFT_MUST_CHECK int vft_packer_pack(struct vft_packer *packer, int level,
				   const struct vft_buffer *info,
				   const struct vft_column_data *columns, size_t n_columns,
				   struct vft_buffer *payload, uint32_t *ret_raw_len);

/* A column as the directory of a rows block names it: sizes are checked, the bytes are not. */
struct vft_column_frame {
	uint16_t id;
	uint8_t codec;
	uint32_t raw_len;
	struct vft_cursor stored;
};

struct vft_directory {
	struct vft_cursor info;
	uint32_t n_columns;
	struct vft_column_frame columns[VFT_MAX_COLUMNS]; /* ids rise */
};

/* Parse the payload of a rows block. -EBADMSG, and *ret_what says why. */
VFT_MUST_CHECK int vft_directory_parse(struct vft_cursor payload, const struct vft_header *header,
				       struct vft_directory *ret, const char **ret_what);

struct vft_unpacker; /* decompresses; reused from block to block */

VFT_MUST_CHECK int vft_unpacker_new(struct vft_unpacker **ret);
void vft_unpacker_free(struct vft_unpacker *unpacker);

/* Decompress @frame into exactly frame->raw_len bytes at @raw. -EBADMSG. */
VFT_MUST_CHECK int vft_unpacker_unpack(struct vft_unpacker *unpacker,
				       const struct vft_column_frame *frame, uint8_t *raw);

#endif
