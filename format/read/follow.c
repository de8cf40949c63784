/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader's use of the index: a hint that is checked before anything rests on it. */
#include <errno.h>
#include <string.h>

#include "format/read/reader_impl.h"

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
	uint64_t size = reader->blocks.source->size_bytes;
	int64_t n;

	if (!reader->blocks.source->seekable || size < VFT_TRAILER_SIZE)
		return 0;
	n = reader->blocks.source->read_at(reader->blocks.source, size - sizeof(bytes), bytes,
					   sizeof(bytes));
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
	int r = vft_scan_header(&reader->blocks, index->start + self_off, header);

	if (r != 1)
		return r;
	if (header->type != VFT_BLOCK_INDEX || header->self_off != self_off ||
	    (uint32_t)header->section_id != index->section)
		return 0;
	return vft_scan_payload(&reader->blocks, index->start + self_off, header, payload);
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
	index->start = reader->blocks.source->size_bytes - VFT_TRAILER_SIZE - trailer.self_off;
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
	int r = vft_scan_header(&reader->blocks, index->start + entry->self_off, &header);

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

int vft_reader_get_index(struct vft_reader *reader, const struct vft_index_entry **ret_entries,
			 size_t *ret_n, struct vft_err *err)
{
	if (!reader->follow.entries.size) {
		struct loaded_index index = {0};
		int r = load_index(reader, &index);

		if (r != 1 || index.start) {
			vft_buffer_release(&index.entries);
			return r < 0 ? fail(reader, err, r) : 0;
		}
		reader->follow.entries = index.entries;
		reader->follow.next_entry = 0;
	}
	*ret_entries = vft_index_get(&reader->follow.entries, 0);
	*ret_n = vft_index_count(&reader->follow.entries);
	return 1;
}

void vft_reader_set_pass(struct vft_reader *reader, vft_pass_fn pass, void *context)
{
	reader->follow.pass = pass;
	reader->follow.pass_context = context;
}

/* The entry of the block at reader->at, if the blocks so far were what the index says. */
static const struct vft_index_entry *entry_here(struct vft_reader *reader)
{
	const struct vft_where *where = &reader->blocks.where;
	size_t n = vft_index_count(&reader->follow.entries);

	for (; reader->follow.next_entry < n; reader->follow.next_entry++) {
		const struct vft_index_entry *e =
			vft_index_get(&reader->follow.entries, reader->follow.next_entry);

		if (e->self_off > reader->at)
			return NULL;
		if (e->self_off == reader->at && where->is_active && !where->is_refused &&
		    !where->start && e->seq == where->next_seq)
			return e;
	}
	return NULL;
}

static bool is_passed(const struct vft_reader *reader, const struct vft_index_entry *entry)
{
	return vft_type_is_rows(entry->type) &&
	       reader->follow.pass(reader->follow.pass_context, entry);
}

/* How many entries from @entry on are passed over. */
static size_t count_passed(const struct vft_reader *reader, const struct vft_index_entry *entry)
{
	size_t n = vft_index_count(&reader->follow.entries) - reader->follow.next_entry, i = 0;

	while (i < n && is_passed(reader, &entry[i]))
		i++;
	return i;
}

/* The first block that is left out, and the one to go on at, are looked at: the index may lie. */
static int check_run(struct vft_reader *reader, const struct vft_index_entry *entry,
		     size_t n_passed)
{
	struct loaded_index index = {.section = (uint32_t)reader->blocks.where.id};
	int r = check_entry(reader, &index, entry);

	if (r == 1 &&
	    reader->follow.next_entry + n_passed < vft_index_count(&reader->follow.entries))
		r = check_entry(reader, &index, entry + n_passed);
	return r;
}

int vft_reader_pass(struct vft_reader *reader)
{
	const struct vft_index_entry *entry = reader->follow.pass ? entry_here(reader) : NULL;
	struct vft_item item = {.kind = VFT_ITEM_PASSED, .offset = reader->at};
	struct vft_where *where = &reader->blocks.where;
	size_t n = entry ? count_passed(reader, entry) : 0;
	int r = n ? check_run(reader, entry, n) : 0;

	if (r == 0 && n)
		reader->follow.next_entry = vft_index_count(&reader->follow.entries);
	if (r != 1)
		return r;
	for (size_t i = 0; i < n; i++) {
		item.size_bytes += entry[i].size_bytes;
		item.passed.n_events += entry[i].n_events;
		if (entry[i].last_ns > where->last_ns)
			where->last_ns = entry[i].last_ns;
	}
	item.passed.n_blocks = n;
	where->next_seq += n;
	where->n_blocks += n;
	where->n_events += item.passed.n_events;
	reader->at += item.size_bytes;
	reader->follow.next_entry += n;
	reader->queue[reader->n_queued++] = item;
	return 1;
}
