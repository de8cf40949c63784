/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/read/strict.h"

#include <vft/meta.h>
#include "format/block/meta.h"

/* A payload that is walked by its structure; names and texts may hold any bytes. */
struct walk {
	struct vft_cursor c;
	bool has_long; /* a varint in more bytes than it needs */
};

static uint64_t take_varint(struct walk *walk)
{
	const uint8_t *from = walk->c.at;
	uint64_t value = vft_cursor_varint(&walk->c);

	walk->has_long |= !walk->c.failed && walk->c.at - from > 1 && walk->c.at[-1] == 0;
	return value;
}

static void take_bytes(struct walk *walk)
{
	(void)vft_cursor_bytes(&walk->c, take_varint(walk));
}

/* TLVs up to the end, whose value is one number where @is_number says so. */
static void take_tlvs(struct walk *walk, bool (*is_number)(uint64_t id))
{
	while (vft_cursor_left(&walk->c)) {
		uint64_t id = take_varint(walk);
		struct walk value = {vft_cursor_sub(&walk->c, take_varint(walk)), false};

		while (is_number(id) && vft_cursor_left(&value.c))
			(void)take_varint(&value);
		walk->has_long |= value.has_long;
	}
}

static bool is_meta_number(uint64_t id)
{
	switch (id) {
#define X(number, NAME, member) case number:
		VFT_META_INT_LIST(X)
#undef X
		return true;
	default:
		return false;
	}
}

static bool is_end_number(uint64_t id)
{
	return id >= VFT_END_N_BLOCKS && id <= VFT_END_LOSS;
}

static bool is_info_number(uint64_t id)
{
	return id >= VFT_INFO_LAST_TS && id <= VFT_INFO_KINDS;
}

static void take_schema(struct walk *walk)
{
	uint64_t n = take_varint(walk);

	for (; n && !walk->c.failed; n--) {
		(void)take_varint(walk);
		take_bytes(walk);
		(void)take_varint(walk);
	}
	for (n = take_varint(walk); n && !walk->c.failed; n--) {
		uint64_t n_columns;

		(void)take_varint(walk);
		take_bytes(walk);
		n_columns = take_varint(walk);
		for (; n_columns && !walk->c.failed; n_columns--)
			(void)take_varint(walk);
	}
}

/* The information and the directory; the columns were looked at when they were decoded. */
static void take_rows(struct walk *walk)
{
	struct walk info = {vft_cursor_sub(&walk->c, take_varint(walk)), false};
	uint64_t n = take_varint(walk);

	take_tlvs(&info, is_info_number);
	walk->has_long |= info.has_long;
	for (; n && !walk->c.failed; n--)
		for (unsigned int i = 0; i < 4; i++)
			(void)take_varint(walk);
}

static void take_index(struct walk *walk)
{
	while (vft_cursor_left(&walk->c))
		(void)take_varint(walk);
}

const char *vft_strict_check(const struct vft_reader *reader)
{
	struct walk walk = {vft_blocks_payload(&reader->blocks), false};

	if (reader->blocks.has_sync)
		return "a payload that has the sync pattern and no mask against it";
	switch (reader->blocks.header.type) {
	case VFT_BLOCK_META:
		take_tlvs(&walk, is_meta_number);
		break;
	case VFT_BLOCK_SCHEMA:
		take_schema(&walk);
		break;
	case VFT_BLOCK_CLOCK:
	case VFT_BLOCK_SNAPSHOT:
	case VFT_BLOCK_EVENTS:
		take_rows(&walk);
		walk.has_long |= reader->decoder.has_long;
		break;
	case VFT_BLOCK_INDEX:
		take_index(&walk);
		break;
	case VFT_BLOCK_END:
		take_tlvs(&walk, is_end_number);
		break;
	default:
		break;
	}
	return walk.has_long ? "a number in more bytes than it needs" : NULL;
}
