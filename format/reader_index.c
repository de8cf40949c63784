/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader's use of the index: a hint that is checked before anything rests on it. */
#include <errno.h>
#include <string.h>

#include "reader_impl.h"

struct loaded_index {
	uint64_t start;            /* of the section in the input */
	uint32_t section;          /* low half of its id */
	uint64_t next_off;         /* where the entries so far end */
	struct vft_buffer entries; /* of every block up to the last INDEX, in file order */
};

/* The last section's trailer: 1, 0 when there is none that fits, or negative. */
static int load_trailer(struct vft_reader *reader, struct vft_trailer *ret)
{
	uint8_t bytes[VFT_TRAILER_SIZE];
	uint64_t size = reader->source->size_bytes;
	int64_t n;

	if (!reader->source->seekable || size < VFT_TRAILER_SIZE)
		return 0;
	n = reader->source->read_at(reader->source, size - sizeof(bytes), bytes, sizeof(bytes));
	if (n < 0)
		return (int)n;
	return n == sizeof(bytes) && vft_trailer_parse(bytes, ret) == 0 &&
	       ret->self_off <= size - VFT_TRAILER_SIZE && ret->to_index &&
	       ret->to_index <= ret->self_off;
}

/* Check the INDEX block at @self_off and read its payload into @payload: 1, 0, or negative. */
static int load_block(struct vft_reader *reader, const struct loaded_index *index,
		      uint64_t self_off, struct vft_header *header, struct vft_buffer *payload)
{
	int r = vft_scan_header(reader, index->start + self_off, header);

	if (r != 1)
		return r;
	if (header->type != VFT_BLOCK_INDEX || header->self_off != self_off ||
	    (uint32_t)header->section_id != index->section)
		return 0;
	return vft_scan_payload(reader, index->start + self_off, header, payload);
}

/* The places of all INDEX blocks, the last one first, which is at @self_off. 1, 0, or negative. */
static int find_blocks(struct vft_reader *reader, const struct loaded_index *index,
		       uint64_t self_off, struct vft_buffer *offsets, struct vft_buffer *payload)
{
	for (;;) {
		struct vft_header header;
		struct vft_cursor c;
		uint64_t previous_off;
		int r = load_block(reader, index, self_off, &header, payload);

		if (r != 1)
			return r;
		c = vft_cursor_init(payload->data, header.payload_len);
		previous_off = vft_cursor_varint(&c);
		if (c.failed || previous_off >= self_off)
			return 0;
		if (vft_buffer_append_bytes(offsets, &self_off, sizeof(self_off)) < 0)
			return -ENOMEM;
		if (!previous_off)
			return 1;
		self_off = previous_off;
	}
}

/*
 * Append the entries of the INDEX block at @self_off and one for itself. They must go on where the
 * entries so far end, and reach up to it: so their number is bounded by the input's size.
 */
static int append_entries(struct vft_reader *reader, struct loaded_index *index, uint64_t self_off,
			  struct vft_buffer *payload)
{
	struct vft_index_entry own = {.self_off = self_off, .type = VFT_BLOCK_INDEX};
	size_t i = vft_index_count(&index->entries);
	struct vft_header header;
	uint64_t previous_off;
	int r = load_block(reader, index, self_off, &header, payload);

	if (r != 1)
		return r;
	r = vft_index_decode(vft_cursor_init(payload->data, header.payload_len),
			     (size_t)(self_off / VFT_HEADER_SIZE), &index->entries, &previous_off);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	own.size_bytes = vft_header_get_size(&header);
	own.seq = header.seq;
	if (vft_index_append(&index->entries, &own) < 0)
		return -ENOMEM;
	for (; i < vft_index_count(&index->entries); i++) {
		const struct vft_index_entry *e = vft_index_get(&index->entries, i);

		if (e->self_off != index->next_off || e->seq != i)
			return 0;
		index->next_off += e->size_bytes;
	}
	return 1;
}

/* 1, 0 when it is not whole, negative for the source's errors and -ENOMEM. */
static int load_index(struct vft_reader *reader, struct loaded_index *index)
{
	struct vft_buffer offsets = {0}, payload = {0};
	struct vft_trailer trailer;
	int r = load_trailer(reader, &trailer);

	if (r != 1)
		return r;
	index->start = reader->source->size_bytes - VFT_TRAILER_SIZE - trailer.self_off;
	index->section = trailer.section;
	r = find_blocks(reader, index, trailer.self_off - trailer.to_index, &offsets, &payload);
	for (size_t n = offsets.size / sizeof(uint64_t); r == 1 && n; n--)
		r = append_entries(reader, index,
				   ((const uint64_t *)(const void *)offsets.data)[n - 1], &payload);
	vft_buffer_release(&offsets);
	vft_buffer_release(&payload);
	return r;
}

static int check_entry(struct vft_reader *reader, const struct loaded_index *index,
		       const struct vft_index_entry *entry)
{
	struct vft_header header;
	int r = vft_scan_header(reader, index->start + entry->self_off, &header);

	return r == 1 ? (uint32_t)header.section_id == index->section &&
				vft_index_entry_agrees(entry, &header)
		      : r;
}

static int fail(struct vft_reader *reader, struct vft_err *err, int code)
{
	return vft_fail(err, code, reader->at, "cannot read the index: %s", strerror(-code));
}

int vft_reader_has_index(struct vft_reader *reader, struct vft_err *err)
{
	struct loaded_index index = {0};
	int r = load_index(reader, &index);

	for (size_t i = 0; r == 1 && i < vft_index_count(&index.entries); i++)
		r = check_entry(reader, &index, vft_index_get(&index.entries, i));
	vft_buffer_release(&index.entries);
	return r < 0 ? fail(reader, err, r) : r;
}

/* The entry to go on at, and the one at which the section's beginning ends. */
static bool choose(const struct loaded_index *index, uint64_t time_ns,
		   const struct vft_index_entry **ret_from, const struct vft_index_entry **ret_to)
{
	const struct vft_index_entry *from = NULL, *to = NULL;

	for (size_t i = 0; i < vft_index_count(&index->entries); i++) {
		const struct vft_index_entry *e = vft_index_get(&index->entries, i);

		if (!from && (e->type == VFT_BLOCK_EVENTS || e->type == VFT_BLOCK_SNAPSHOT))
			from = e;
		if (e->type == VFT_BLOCK_SNAPSHOT && e->kinds & VFT_KINDS_SNAPSHOT_BEGINS &&
		    e->first_ns <= time_ns)
			to = e;
	}
	*ret_from = from;
	*ret_to = from && to && to->self_off > from->self_off ? to : NULL;
	return from != NULL;
}

int vft_reader_seek_time(struct vft_reader *reader, uint64_t time_ns, struct vft_err *err)
{
	struct loaded_index index = {0};
	const struct vft_index_entry *from, *to;
	int r = load_index(reader, &index);

	if (r == 1 && (index.start != 0 || !choose(&index, time_ns, &from, &to)))
		r = 0;
	if (r == 1)
		r = check_entry(reader, &index, from);
	if (r == 1 && to)
		r = check_entry(reader, &index, to);
	if (r == 1) {
		reader->where = (struct vft_where){0};
		reader->at = 0;
		reader->is_done = reader->is_loaded = false;
		reader->n_queued = reader->next_queued = 0;
		reader->n_first = reader->next_first = 0;
		reader->will_jump = to != NULL;
		reader->jump_from = from->self_off;
		reader->jump_to = to ? to->self_off : 0;
		reader->jump_seq = to ? to->seq : 0;
	}
	vft_buffer_release(&index.entries);
	return r < 0 ? fail(reader, err, r) : r;
}
