/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <vft/event.h>
#include "format/base/crc32c.h"

/* Below this a frame's own header eats what compression gains. */
#define MIN_COMPRESSED 24

int vft_header_parse(const uint8_t *bytes, struct vft_header *ret)
{
	struct vft_cursor c = vft_cursor_init(bytes, VFT_HEADER_SIZE);

	if (memcmp(bytes, VFT_SYNC, VFT_SYNC_SIZE))
		return -EBADMSG;
	(void)vft_cursor_bytes(&c, VFT_SYNC_SIZE);
	ret->type = vft_cursor_u16(&c);
	ret->version = vft_cursor_u8(&c);
	ret->flags = vft_cursor_u8(&c);
	ret->payload_len = vft_cursor_u32(&c);
	ret->raw_len = vft_cursor_u32(&c);
	ret->n_events = vft_cursor_u32(&c);
	ret->section_id = vft_cursor_u64(&c);
	ret->seq = vft_cursor_u64(&c);
	ret->self_off = vft_cursor_u64(&c);
	ret->first_ts = vft_cursor_u64(&c);
	ret->payload_crc = vft_cursor_u32(&c);
	if (vft_cursor_u32(&c) != vft_crc32c(0, bytes, VFT_HDR_CRC))
		return -EBADMSG;
	return 0;
}

const char *vft_header_check(const struct vft_header *header)
{
	if (header->version != VFT_HEADER_VERSION)
		return "block header of a later version";
	if (header->payload_len > VFT_MAX_PAYLOAD)
		return "block larger than the format allows";
	if (header->raw_len > VFT_MAX_RAW)
		return "block expands to more than the format allows";
	if (header->n_events > VFT_MAX_ROWS || header->n_events > header->raw_len)
		return "block claims more events than it can hold";
	if (header->first_ts > VFT_MAX_TIME_NS)
		return "block time out of range";
	return NULL;
}

void vft_header_store(const struct vft_header *header, uint8_t *bytes)
{
	memcpy(bytes + VFT_HDR_SYNC, VFT_SYNC, VFT_SYNC_SIZE);
	vft_put_fixed(bytes + VFT_HDR_TYPE, header->type, 2);
	bytes[VFT_HDR_VERSION] = header->version;
	bytes[VFT_HDR_FLAGS] = header->flags;
	vft_put_fixed(bytes + VFT_HDR_PAYLOAD_LEN, header->payload_len, 4);
	vft_put_fixed(bytes + VFT_HDR_RAW_LEN, header->raw_len, 4);
	vft_put_fixed(bytes + VFT_HDR_N_EVENTS, header->n_events, 4);
	vft_put_fixed(bytes + VFT_HDR_SECTION_ID, header->section_id, 8);
	vft_put_fixed(bytes + VFT_HDR_SEQ, header->seq, 8);
	vft_put_fixed(bytes + VFT_HDR_SELF_OFF, header->self_off, 8);
	vft_put_fixed(bytes + VFT_HDR_FIRST_TS, header->first_ts, 8);
	vft_put_fixed(bytes + VFT_HDR_PAYLOAD_CRC, header->payload_crc, 4);
	vft_put_fixed(bytes + VFT_HDR_CRC, vft_crc32c(0, bytes, VFT_HDR_CRC), 4);
}

/* The mask is the section's random id, varied by @flags: whoever is recorded cannot foresee it. */
static void apply_mask(uint8_t *data, size_t size, uint64_t section_id, uint8_t flags)
{
	uint8_t key[8];

	vft_put_fixed(key, section_id, 8);
	for (size_t i = 0; i < size; i++)
		data[i] ^= key[i & 7] ^ flags;
}

int vft_payload_seal(struct vft_buffer *payload, struct vft_header *header)
{
	unsigned int mask = 0;
	size_t size = payload->size;
	int r = vft_buffer_reserve(payload, 8);

	if (r < 0)
		return r;
	while (memmem(payload->data, size, VFT_SYNC, VFT_SYNC_SIZE) && mask < UINT8_MAX) {
		if (mask)
			apply_mask(payload->data, size, header->section_id, (uint8_t)mask);
		mask++;
		apply_mask(payload->data, size, header->section_id, (uint8_t)mask);
	}
	header->flags = (uint8_t)mask;
	header->payload_len = (uint32_t)size;
	header->payload_crc = vft_crc32c(0, payload->data, size);
	while (payload->size % 8)
		payload->data[payload->size++] = 0;
	return 0;
}

int vft_payload_open(uint8_t *payload, const struct vft_header *header)
{
	if (vft_crc32c(0, payload, header->payload_len) != header->payload_crc)
		return -EBADMSG;
	if (header->flags)
		apply_mask(payload, header->payload_len, header->section_id, header->flags);
	return 0;
}

struct vft_packer {
	ZSTD_CCtx *zstd;
	struct vft_buffer frames;
};

int vft_packer_new(struct vft_packer **ret)
{
	struct vft_packer *packer = calloc(1, sizeof(*packer));

	if (!packer)
		return -ENOMEM;
	packer->zstd = ZSTD_createCCtx();
	if (!packer->zstd) {
		free(packer);
		return -ENOMEM;
	}
	*ret = packer;
	return 0;
}

void vft_packer_free(struct vft_packer *packer)
{
	if (!packer)
		return;
	(void)ZSTD_freeCCtx(packer->zstd);
	vft_buffer_release(&packer->frames);
	free(packer);
}

/* Append @column's stored form to packer->frames. */
static int pack_column(struct vft_packer *packer, int level, const struct vft_buffer *column,
		       enum vft_codec *ret_codec, size_t *ret_stored_len)
{
	size_t bound = ZSTD_compressBound(column->size), n;
	int r = vft_buffer_reserve(&packer->frames, bound);

	if (r < 0)
		return r;
	*ret_codec = VFT_CODEC_ZSTD;
	*ret_stored_len = column->size;
	if (column->size >= MIN_COMPRESSED) {
		n = ZSTD_compressCCtx(packer->zstd, packer->frames.data + packer->frames.size,
				      bound, column->data, column->size, level);
		/* The only error with room enough is memory, and raw is right then too. */
		if (!ZSTD_isError(n) && n < column->size) {
			*ret_stored_len = n;
			packer->frames.size += n;
			return 0;
		}
	}
	*ret_codec = VFT_CODEC_RAW;
	vft_buffer_put_bytes(&packer->frames, column->data, column->size);
	return 0;
}

/*
 * Times are most of what a block takes to compress, and their bytes hardly repeat: level 2 finds as
 * much in them as level 3, in two thirds of the time. Who asks for more than 3 wants all there is.
 */
static int choose_level(uint16_t column, int level)
{
	return level == 3 && (column == VFT_COL_TIME || column == VFT_COL_TASK_START) ? 2 : level;
}

int vft_packer_pack(struct vft_packer *packer, int level, const struct vft_buffer *info,
		    const struct vft_column_data *columns, size_t n_columns,
		    struct vft_buffer *payload, uint32_t *ret_raw_len)
{
	uint32_t n_stored = 0, raw_len = 0;
	int r;

	for (size_t i = 0; i < n_columns; i++)
		n_stored += columns[i].data->size != 0;
	packer->frames.size = 0;
	r = vft_buffer_reserve(payload, info->size + (2 + 4 * (size_t)n_stored) * VFT_VARINT_MAX);
	if (r < 0)
		return r;
	vft_buffer_put_varint(payload, info->size);
	vft_buffer_put_bytes(payload, info->data, info->size);
	vft_buffer_put_varint(payload, n_stored);
	for (size_t i = 0; i < n_columns; i++) {
		enum vft_codec codec;
		size_t stored_len;

		if (!columns[i].data->size)
			continue;
		r = pack_column(packer, choose_level(columns[i].id, level), columns[i].data, &codec,
				&stored_len);
		if (r < 0)
			return r;
		vft_buffer_put_varint(payload, columns[i].id);
		vft_buffer_put_varint(payload, codec);
		vft_buffer_put_varint(payload, columns[i].data->size);
		vft_buffer_put_varint(payload, stored_len);
		raw_len += (uint32_t)columns[i].data->size;
	}
	*ret_raw_len = raw_len;
	return vft_buffer_append_bytes(payload, packer->frames.data, packer->frames.size);
}

static const char *read_entry(struct vft_cursor *c, struct vft_column_frame *ret, uint64_t after,
			      uint64_t raw_left, uint64_t *ret_stored_len)
{
	uint64_t id = vft_cursor_varint(c), codec = vft_cursor_varint(c);
	uint64_t raw_len = vft_cursor_varint(c), stored_len = vft_cursor_varint(c);

	if (c->failed)
		return "column directory cut short";
	if (id <= after || id > UINT16_MAX)
		return "column ids do not rise";
	if (codec != VFT_CODEC_RAW && codec != VFT_CODEC_ZSTD)
		return "column codec of a later version";
	if (raw_len > raw_left)
		return "columns do not add up to the block's size";
	if (stored_len > VFT_MAX_PAYLOAD || (codec == VFT_CODEC_RAW && stored_len != raw_len))
		return "column of impossible size";
	ret->id = (uint16_t)id;
	ret->codec = (uint8_t)codec;
	ret->raw_len = (uint32_t)raw_len;
	*ret_stored_len = stored_len;
	return NULL;
}

static const char *parse_directory(struct vft_cursor c, uint32_t raw_len, struct vft_directory *ret)
{
	uint64_t stored_len[VFT_MAX_COLUMNS], n_columns, raw_left = raw_len;
	uint64_t last_id = 0;

	ret->info = vft_cursor_sub(&c, vft_cursor_varint(&c));
	n_columns = vft_cursor_varint(&c);
	if (c.failed)
		return "column directory cut short";
	if (n_columns > VFT_MAX_COLUMNS)
		return "more columns than the format allows";
	ret->n_columns = (uint32_t)n_columns;
	for (uint32_t i = 0; i < ret->n_columns; i++) {
		const char *what =
			read_entry(&c, &ret->columns[i], last_id, raw_left, &stored_len[i]);

		if (what)
			return what;
		last_id = ret->columns[i].id;
		raw_left -= ret->columns[i].raw_len;
	}
	for (uint32_t i = 0; i < ret->n_columns; i++)
		ret->columns[i].stored = vft_cursor_sub(&c, stored_len[i]);
	if (raw_left)
		return "columns do not add up to the block's size";
	return vft_cursor_is_done(&c) ? NULL : "columns do not fill the block";
}

int vft_directory_parse(struct vft_cursor payload, const struct vft_header *header,
			struct vft_directory *ret, const char **ret_what)
{
	const char *what = parse_directory(payload, header->raw_len, ret);

	if (!what)
		return 0;
	*ret_what = what;
	return -EBADMSG;
}

struct vft_unpacker {
	ZSTD_DCtx *zstd;
};

int vft_unpacker_new(struct vft_unpacker **ret)
{
	struct vft_unpacker *unpacker = calloc(1, sizeof(*unpacker));

	if (!unpacker)
		return -ENOMEM;
	unpacker->zstd = ZSTD_createDCtx();
	if (!unpacker->zstd) {
		free(unpacker);
		return -ENOMEM;
	}
	*ret = unpacker;
	return 0;
}

void vft_unpacker_free(struct vft_unpacker *unpacker)
{
	if (!unpacker)
		return;
	(void)ZSTD_freeDCtx(unpacker->zstd);
	free(unpacker);
}

int vft_unpacker_unpack(struct vft_unpacker *unpacker, const struct vft_column_frame *frame,
			uint8_t *raw)
{
	struct vft_cursor stored = frame->stored;
	size_t size = vft_cursor_left(&stored), n;
	const uint8_t *data = vft_cursor_bytes(&stored, size);

	if (!data || !size)
		return frame->raw_len || frame->codec != VFT_CODEC_RAW ? -EBADMSG : 0;
	if (frame->codec == VFT_CODEC_RAW) {
		memcpy(raw, data, size);
		return 0;
	}
	/* Exactly one frame: zstd itself would go on with the next, or skip a skippable one. */
	if (ZSTD_findFrameCompressedSize(data, size) != size)
		return -EBADMSG;
	n = ZSTD_decompressDCtx(unpacker->zstd, raw, frame->raw_len, data, size);
	return ZSTD_isError(n) || n != frame->raw_len ? -EBADMSG : 0;
}
