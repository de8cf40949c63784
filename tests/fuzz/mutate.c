/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mutate - the custom mutator of the targets that take a whole file.
 *
 * Plain mutations of a file end at a checksum. This one takes the file apart into blocks, changes
 * one of them inside - a column as it is before compression, a payload before its mask, a field of
 * the header - or moves blocks about, and puts lengths, positions and checksums right again, so
 * that what follows them is reached. One time in eight it mutates the plain bytes.
 */
#include "fuzz.h"

#include "format/base/crc32c.h"
#include "format/block/block.h"

#define MAX_BLOCKS 256u
#define MAX_GROWTH 256u /* bytes that one mutation may add to a column or payload */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

struct block {
	struct vft_header header;
	struct vft_buffer payload; /* without its mask */
};

struct file {
	struct block blocks[MAX_BLOCKS];
	size_t n;
};

static uint32_t draw(unsigned int *state, uint32_t n)
{
	*state = *state * 1664525u + 1013904223u;
	return n ? (*state >> 8) % n : 0;
}

/* Blocks where their sync is found; what stands between them is dropped. */
static void take_apart(const uint8_t *data, size_t size, struct file *file)
{
	size_t at = 0;

	while (size - at >= VFT_HEADER_SIZE && file->n < MAX_BLOCKS) {
		struct block *block = &file->blocks[file->n];
		struct vft_header *header = &block->header;

		if (vft_header_parse(data + at, header) < 0 ||
		    header->payload_len > size - at - VFT_HEADER_SIZE) {
			at += 8 < size - at ? 8 : size - at;
			continue;
		}
		at += VFT_HEADER_SIZE;
		file->n++;
		if (vft_buffer_append_bytes(&block->payload, data + at, header->payload_len) < 0 ||
		    vft_payload_open(block->payload.data, header) < 0)
			block->payload.size = 0; /* it says nothing any more: an empty payload */
		at += (header->payload_len + 7u) & ~7u;
		if (at > size)
			at = size;
	}
}

/* Mutate @buffer in place, with room to grow. */
static void mutate_buffer(struct vft_buffer *buffer)
{
	size_t size = buffer->size;

	if (vft_buffer_reserve(buffer, MAX_GROWTH) < 0)
		return;
	buffer->size = LLVMFuzzerMutate(buffer->data, size, size + MAX_GROWTH);
}

/* One column, or the info, changed as it is before compression. */
static void mutate_columns(struct block *block, unsigned int *seed)
{
	struct vft_cursor payload = vft_cursor_init(block->payload.data, block->payload.size);
	struct vft_buffer raw[VFT_MAX_COLUMNS] = {0}, info = {0}, packed = {0};
	struct vft_column_data columns[VFT_MAX_COLUMNS];
	struct vft_unpacker *unpacker = NULL;
	struct vft_packer *packer = NULL;
	struct vft_directory directory;
	const char *what;
	size_t n_info;

	if (vft_directory_parse(payload, &block->header, &directory, &what) < 0 ||
	    vft_unpacker_new(&unpacker) < 0 || vft_packer_new(&packer) < 0)
		goto out;
	n_info = vft_cursor_left(&directory.info);
	if (n_info &&
	    vft_buffer_append_bytes(&info, vft_cursor_bytes(&directory.info, n_info), n_info) < 0)
		goto out;
	for (uint32_t i = 0; i < directory.n_columns; i++) {
		const struct vft_column_frame *frame = &directory.columns[i];

		columns[i] = (struct vft_column_data){frame->id, &raw[i]};
		if (frame->raw_len > VFT_MAX_RAW || vft_buffer_reserve(&raw[i], frame->raw_len) < 0)
			goto out;
		if (vft_unpacker_unpack(unpacker, frame, raw[i].data) == 0)
			raw[i].size = frame->raw_len;
	}
	if (!directory.n_columns || draw(seed, 8) == 0)
		mutate_buffer(&info);
	else
		mutate_buffer(&raw[draw(seed, directory.n_columns)]);
	if (vft_packer_pack(packer, 1, &info, columns, directory.n_columns, &packed,
			    &block->header.raw_len) == 0) {
		block->payload.size = 0;
		if (vft_buffer_append_bytes(&block->payload, packed.data, packed.size) < 0)
			block->payload.size = 0;
	}
out:
	for (size_t i = 0; i < VFT_MAX_COLUMNS; i++)
		vft_buffer_release(&raw[i]);
	vft_buffer_release(&info);
	vft_buffer_release(&packed);
	vft_packer_free(packer);
	vft_unpacker_free(unpacker);
}

static void mutate_header(struct vft_header *header, unsigned int *seed)
{
	switch (draw(seed, 5)) {
	case 0:
		header->n_events = draw(seed, 2) ? header->n_events + draw(seed, 3) - 1
						 : draw(seed, VFT_MAX_ROWS + 2);
		break;
	case 1:
		header->type = (uint16_t)(draw(seed, 2) ? draw(seed, 12) : draw(seed, 65536));
		break;
	case 2:
		header->first_ts = draw(seed, 2) ? header->first_ts + draw(seed, 1u << 20)
						 : (uint64_t)draw(seed, 1u << 20) << draw(seed, 45);
		break;
	case 3:
		header->raw_len = draw(seed, VFT_MAX_RAW + 2);
		break;
	default:
		header->section_id ^= 1ull << draw(seed, 64);
		break;
	}
}

static bool is_rows(const struct block *block)
{
	return block->header.type >= VFT_BLOCK_CLOCK && block->header.type <= VFT_BLOCK_EVENTS;
}

/* Change one block, or the order of two; @skip is the block to leave out, file->n for none. */
static void mutate_file(struct file *file, unsigned int *seed, size_t *skip)
{
	size_t which = draw(seed, (uint32_t)file->n), other = draw(seed, (uint32_t)file->n);
	struct block *block = &file->blocks[which], moved = *block;

	switch (draw(seed, 12)) {
	case 0:
		*skip = which;
		break;
	case 1:
		*block = file->blocks[other];
		file->blocks[other] = moved;
		break;
	case 2:
	case 3:
		mutate_header(&block->header, seed);
		break;
	default:
		if (is_rows(block))
			mutate_columns(block, seed);
		else
			mutate_buffer(&block->payload);
	}
}

/* Lengths, positions and checksums put right; 0 when it does not fit. */
static size_t put_together(struct file *file, size_t skip, uint8_t *data, size_t max_size)
{
	uint64_t section_id = 0, seq = 0;
	size_t at = 0, begin = 0;

	for (size_t i = 0; i < file->n; i++) {
		struct block *block = &file->blocks[i];
		uint32_t raw_len = block->payload.size;

		if (i == skip)
			continue;
		if (block->header.type == VFT_BLOCK_SECTION) {
			section_id = block->header.section_id;
			begin = at;
			seq = 0;
		} else if (block->header.section_id != section_id && seq) {
			section_id = block->header.section_id; /* a section without its head */
		}
		block->header.seq = seq++;
		block->header.self_off = at - begin;
		if (!is_rows(block))
			block->header.raw_len = raw_len;
		if (vft_payload_seal(&block->payload, &block->header) < 0 ||
		    block->payload.size + VFT_HEADER_SIZE > max_size - at)
			return 0;
		vft_header_store(&block->header, data + at);
		memcpy(data + at + VFT_HEADER_SIZE, block->payload.data, block->payload.size);
		at += VFT_HEADER_SIZE + block->payload.size;
	}
	return at;
}

/* The trailer of a file that ended with one, for the blocks that are there now. */
static size_t put_trailer(const struct file *file, uint8_t *data, size_t at, size_t max_size)
{
	const struct vft_header *end = &file->blocks[file->n - 1].header;
	uint8_t *p = data + at;
	uint64_t length = vft_header_get_size(end);

	if (end->type != VFT_BLOCK_END || max_size - at < VFT_TRAILER_SIZE)
		return at;
	memset(p, 0, VFT_TRAILER_SIZE);
	memcpy(p, VFT_TRAILER_MAGIC, VFT_SYNC_SIZE);
	vft_put_fixed(p + VFT_TRL_SELF_OFF, end->self_off + length, 8);
	vft_put_fixed(p + VFT_TRL_TO_END, length, 4);
	for (size_t i = file->n - 1; i--;) {
		const struct vft_header *header = &file->blocks[i].header;

		length += vft_header_get_size(header);
		if (header->type == VFT_BLOCK_INDEX) {
			vft_put_fixed(p + VFT_TRL_TO_INDEX, length, 4);
			break;
		}
	}
	vft_put_fixed(p + VFT_TRL_SECTION, end->section_id & UINT32_MAX, 4);
	vft_put_fixed(p + VFT_TRL_CRC, vft_crc32c(0, p, VFT_TRL_CRC), 4);
	return at + VFT_TRAILER_SIZE;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	struct file *file = calloc(1, sizeof(*file));
	size_t skip, new_size = 0;

	if (file && draw(&seed, 8))
		take_apart(data, size, file);
	if (file && file->n) {
		skip = file->n;
		mutate_file(file, &seed, &skip);
		new_size = put_together(file, skip, data, max_size);
		if (new_size && skip == file->n && draw(&seed, 8))
			new_size = put_trailer(file, data, new_size, max_size);
	}
	for (size_t i = 0; file && i < file->n; i++)
		vft_buffer_release(&file->blocks[i].payload);
	free(file);
	return new_size ? new_size : LLVMFuzzerMutate(data, size, max_size);
}
