/* SPDX-License-Identifier: BSD-2-Clause */
#include <vft/reader.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/grown.h"
#include "format/read/reader_impl.h"
#include "format/block/meta.h"

#define MIN_RAW_TOTAL (256ull << 20)
#define RAW_PER_BYTE  100

static void push(struct vft_reader *reader, const struct vft_item *item)
{
	/* The queue is only filled when it is empty, by at most VFT_N_QUEUED. */
	if (reader->n_queued < VFT_N_QUEUED)
		reader->queue[reader->n_queued++] = *item;
}

static void push_gap(struct vft_reader *reader, uint64_t offset, uint64_t size,
		     const struct vft_gap *gap)
{
	struct vft_item item = {
		.kind = VFT_ITEM_GAP, .offset = offset, .size_bytes = size, .gap = *gap};

	if (item.gap.to_ns < item.gap.from_ns) { /* times step back a little */
		item.gap.to_ns = gap->from_ns;
		item.gap.from_ns = gap->to_ns;
	}
	push(reader, &item);
}

/* The current section ends at reader->at, one way or the other. */
static void leave_section(struct vft_reader *reader)
{
	struct vft_where *where = &reader->blocks.where;
	struct vft_gap gap = {.from_ns = where->last_ns, .to_ns = UINT64_MAX};

	if (where->is_refused) {
		gap.kind = VFT_GAP_REFUSED;
		gap.from_ns = 0;
		gap.what = "a recording in a later version of the format";
		push_gap(reader, where->begins_at, reader->at - where->begins_at, &gap);
	} else if (where->is_active && !where->has_ended) {
		gap.kind = VFT_GAP_NOT_CLOSED;
		gap.what = "the recording was not closed";
		push_gap(reader, reader->at, 0, &gap);
	}
	*where = (struct vft_where){0};
}

static void enter_section(struct vft_reader *reader, uint64_t start)
{
	leave_section(reader);
	reader->blocks.where = (struct vft_where){.is_active = true,
						  .id = reader->blocks.header.section_id,
						  .begins_at = reader->at,
						  .start = start};
	vft_schema_init(&reader->schema);
	reader->schema_number++;
	reader->section = (struct vft_section){.section_id = reader->blocks.header.section_id,
					       .version = VFT_FORMAT_VERSION};
}

static bool is_section_known(const struct vft_section *section)
{
	return section->version == VFT_FORMAT_VERSION && !section->incompat;
}

/* A SECTION block is loaded. 1: an item; 0: none, because the section is refused. */
static int deliver_section(struct vft_reader *reader, struct vft_item *ret)
{
	struct vft_section section;

	if (vft_section_decode(vft_blocks_payload(&reader->blocks), &section) < 0)
		section = (struct vft_section){.version = UINT32_MAX};
	section.section_id = reader->blocks.header.section_id;
	reader->section = section;
	if (!is_section_known(&section)) {
		reader->blocks.where.is_refused = true;
		return 0;
	}
	ret->kind = VFT_ITEM_SECTION;
	ret->section = &reader->section;
	return 1;
}

/* The loaded block is intact and yet not readable. */
static int deliver_refused(struct vft_reader *reader, struct vft_item *ret, const char *what)
{
	struct vft_gap gap = {.kind = VFT_GAP_REFUSED,
			      .n_missing_blocks = 1,
			      .what = what,
			      .from_ns = reader->blocks.where.last_ns};
	uint64_t to_ns;
	int r = vft_scan_time_at(&reader->blocks, reader->at, &to_ns);

	if (r < 0)
		return r;
	gap.to_ns = to_ns;
	if (gap.to_ns < gap.from_ns) {
		gap.from_ns = to_ns;
		gap.to_ns = reader->blocks.where.last_ns;
	}
	ret->kind = VFT_ITEM_GAP;
	ret->block_type = 0;
	ret->gap = gap;
	return 1;
}

/* What rows say about the section, decoded or not. */
static void take_rows(struct vft_reader *reader, uint64_t last_ns)
{
	reader->blocks.where.n_events += reader->blocks.header.n_events;
	if (last_ns > reader->blocks.where.last_ns)
		reader->blocks.where.last_ns = last_ns;
}

static int deliver_counted(struct vft_reader *reader, struct vft_item *ret)
{
	int r = vft_decoder_count(&reader->decoder, &reader->schema, &reader->blocks.header,
				  vft_blocks_payload(&reader->blocks), reader->counted_kinds,
				  &reader->counted);

	if (r != 1)
		return r;
	take_rows(reader, reader->counted.last_ns);
	ret->kind = VFT_ITEM_COUNTED;
	ret->counted = &reader->counted;
	return 1;
}

/* As far as can be told without decoding: what is malformed further inside is the caller's to find.
 */
static int deliver_raw(struct vft_reader *reader, struct vft_item *ret)
{
	struct vft_directory *directory = &reader->decoder.directory;
	struct vft_rows_info info;
	const char *what;
	int r = vft_directory_parse(vft_blocks_payload(&reader->blocks), &reader->blocks.header,
				    directory, &what);

	if (r < 0)
		return deliver_refused(reader, ret, what);
	if (!reader->blocks.header.n_events ||
	    vft_rows_info_decode(directory->info, &reader->blocks.header, &info) < 0 ||
	    !info.has_last_ts)
		return deliver_refused(reader, ret, "block information is malformed");
	reader->raw = (struct vft_raw){.header = reader->blocks.header,
				       .before_ns = reader->blocks.where.last_ns,
				       .last_ns = info.last_ts,
				       .schema = &reader->schema,
				       .schema_number = reader->schema_number,
				       .payload = &reader->blocks.payload};
	take_rows(reader, info.last_ts);
	ret->kind = VFT_ITEM_RAW;
	ret->raw = &reader->raw;
	return 1;
}

static int deliver_rows(struct vft_reader *reader, struct vft_item *ret)
{
	const char *what = NULL;
	const struct vft_batch *batch;
	int r;

	reader->raw_total += reader->blocks.header.raw_len;
	/* A stream's size is what has come of it. */
	if (reader->raw_total > reader->max_raw_total &&
	    (!reader->is_scaled || reader->raw_total / RAW_PER_BYTE > reader->at))
		return -EFBIG;
	r = reader->counted_kinds ? deliver_counted(reader, ret) : 0;
	if (r != 0)
		return r;
	if (reader->is_raw)
		return deliver_raw(reader, ret);
	r = vft_decoder_decode(&reader->decoder, &reader->schema, &reader->blocks.header,
			       vft_blocks_payload(&reader->blocks), &batch, &what);
	if (r == -EBADMSG)
		return deliver_refused(reader, ret, what);
	if (r < 0)
		return r;
	take_rows(reader, batch->last_ns);
	ret->kind = VFT_ITEM_BATCH;
	ret->batch = batch;
	return 1;
}

static int deliver_end(struct vft_reader *reader, struct vft_item *ret)
{
	int r = vft_end_decode(vft_blocks_payload(&reader->blocks), &reader->losses, &reader->end);

	if (r == -EBADMSG)
		return deliver_refused(reader, ret, "END block is malformed");
	if (r < 0)
		return r;
	reader->blocks.where.has_ended = true;
	reader->blocks.where.end_off = reader->blocks.header.self_off;
	reader->end.seen_blocks = reader->blocks.where.n_blocks - 1;
	reader->end.seen_rows = reader->blocks.where.n_events;
	if (reader->end.end_ns > reader->blocks.where.last_ns)
		reader->blocks.where.last_ns = reader->end.end_ns;
	ret->kind = VFT_ITEM_END;
	ret->end = &reader->end;
	return 1;
}

static int deliver_meta(struct vft_reader *reader, struct vft_item *ret)
{
	if (vft_meta_decode(vft_blocks_payload(&reader->blocks), &reader->meta) < 0)
		return deliver_refused(reader, ret, "META block is malformed");
	ret->kind = VFT_ITEM_META;
	ret->meta = &reader->meta;
	return 1;
}

static int deliver_schema(struct vft_reader *reader, struct vft_item *ret)
{
	reader->blocks.where.has_schema = true;
	reader->schema_number++;
	if (vft_schema_decode(vft_blocks_payload(&reader->blocks), &reader->schema) < 0) {
		vft_schema_init(&reader->schema);
		return deliver_refused(reader, ret,
				       "SCHEMA block is malformed; that of version 1 is used");
	}
	ret->kind = VFT_ITEM_INDEX;
	return 1;
}

/* A block of a type that is not known here. Without bit 15 it is more than a hint: rows of it may
 * be what others rest on. */
static int deliver_unknown(struct vft_reader *reader, struct vft_item *ret)
{
	struct vft_item gap = {0};
	int r = 0;

	if (!(reader->blocks.header.type & VFT_TYPE_IGNORABLE))
		r = deliver_refused(reader, &gap, "a block of a later version of the format");
	ret->kind = VFT_ITEM_SKIPPED;
	ret->gap = gap.gap;
	ret->gap.n_missing_blocks = 0;
	return r < 0 ? r : 1;
}

/* The loaded block as an item: 1, 0 when it makes none, or negative. */
static int deliver(struct vft_reader *reader, struct vft_item *ret)
{
	*ret = (struct vft_item){.offset = reader->blocks.loaded_at,
				 .size_bytes = reader->blocks.loaded_size,
				 .block_type = reader->blocks.header.type};
	reader->blocks.where.n_blocks++;
	if (!vft_type_is_rows(
		    reader->blocks.header.type)) /* of others, a later version may have rows */
		reader->blocks.where.n_events += reader->blocks.header.n_events;
	if (reader->blocks.where.is_refused) {
		reader->blocks.where.has_ended = reader->blocks.header.type == VFT_BLOCK_END;
		return 0;
	}
	switch (reader->blocks.header.type) {
	case VFT_BLOCK_SECTION:
		return deliver_section(reader, ret);
	case VFT_BLOCK_META:
		return deliver_meta(reader, ret);
	case VFT_BLOCK_SCHEMA:
		return deliver_schema(reader, ret);
	case VFT_BLOCK_CLOCK:
	case VFT_BLOCK_SNAPSHOT:
	case VFT_BLOCK_EVENTS:
		return deliver_rows(reader, ret);
	case VFT_BLOCK_INDEX:
		reader->blocks.where.index_off = reader->blocks.header.self_off;
		ret->kind = VFT_ITEM_INDEX;
		return 1;
	case VFT_BLOCK_END:
		return deliver_end(reader, ret);
	default:
		return deliver_unknown(reader, ret);
	}
}

/* MUST be said: what an earlier SCHEMA block may have changed is not known. */
static void notice_schema(struct vft_reader *reader, uint64_t offset)
{
	struct vft_where *where = &reader->blocks.where;
	struct vft_gap gap = {.kind = VFT_GAP_REFUSED,
			      .from_ns = reader->blocks.header.first_ts,
			      .to_ns = reader->blocks.header.first_ts,
			      .what = "no SCHEMA block; that of version 1 is used"};

	if (where->is_refused || where->has_schema || !vft_type_is_rows(reader->blocks.header.type))
		return;
	where->has_schema = true;
	push_gap(reader, offset, 0, &gap);
}

/* The loaded block goes on with the current section: say what is missing before it, unless that was
 * said already. */
static int precede(struct vft_reader *reader, uint64_t offset)
{
	struct vft_where *where = &reader->blocks.where;
	struct vft_gap gap = {.kind = VFT_GAP_DAMAGE, .from_ns = where->last_ns};
	uint64_t n_missing = reader->blocks.header.seq - where->next_seq;
	int r;

	where->next_seq = reader->blocks.header.seq + 1;
	if (n_missing && !reader->n_queued && !where->is_refused) {
		gap.n_missing_blocks = n_missing;
		gap.what = "blocks are missing by their sequence numbers";
		r = vft_scan_time(&reader->blocks, &gap.to_ns);
		if (r < 0)
			return r;
		push_gap(reader, offset, 0, &gap);
	}
	notice_schema(reader, offset);
	return 0;
}

/* The loaded block at @offset is one of a section whose beginning is lost. */
static int adopt(struct vft_reader *reader, uint64_t offset)
{
	const struct vft_header *header = &reader->blocks.header;
	struct vft_item item = {.kind = VFT_ITEM_SECTION, .offset = offset};
	struct vft_gap gap = {.kind = VFT_GAP_DAMAGE,
			      .n_missing_blocks = header->seq,
			      .what = "the beginning of the section is missing"};
	/* Without another before it, the damage before it is its own. */
	bool is_told = !reader->blocks.where.is_active;
	int r;

	enter_section(reader, offset - header->self_off);
	item.section = &reader->section;
	push(reader, &item);
	if (!is_told) {
		r = vft_scan_time(&reader->blocks, &gap.to_ns);
		if (r < 0)
			return r;
		gap.from_ns = header->seq == 1 ? gap.to_ns : 0; /* SECTION holds no event */
		push_gap(reader, offset, 0, &gap);
	}
	reader->blocks.where.next_seq = header->seq + 1;
	notice_schema(reader, offset);
	return 0;
}

/* The block at @offset is loaded: take it, and begin its section if it is another one. */
static int accept(struct vft_reader *reader, uint64_t offset)
{
	const struct vft_header *header = &reader->blocks.header;
	int r = 0;

	reader->at = offset;
	reader->has_rest = false;
	if (vft_scan_is_section(header)) {
		enter_section(reader, offset);
		reader->blocks.where.next_seq = 1;
	} else if (vft_scan_continues(&reader->blocks.where, header, offset)) {
		r = precede(reader, offset);
	} else {
		r = adopt(reader, offset);
	}
	reader->blocks.is_loaded = true;
	reader->at = offset + reader->blocks.loaded_size;
	reader->block_end = offset + vft_header_get_size(header);
	return r;
}

/*
 * The loaded block at @offset goes on with the section, maybe at another distance from its start,
 * which is that of the section from here on.
 */
static int bound_inner_gap(struct vft_reader *reader, uint64_t from, uint64_t offset,
			   struct vft_gap *gap)
{
	const struct vft_header *header = &reader->blocks.header;
	struct vft_where *where = &reader->blocks.where;
	/* Bytes of the section that are missing; padding is less than 8 of them. */
	uint64_t n_bytes = header->self_off - (from - where->start);

	gap->n_missing_blocks = header->seq - where->next_seq;
	if (!vft_scan_continues(where, header, offset)) {
		where->start = offset - header->self_off;
		if (offset == from)
			gap->what = "bytes are missing";
		if (!gap->n_missing_blocks && n_bytes < 8) {
			gap->to_ns = gap->from_ns; /* every block is there */
			return 0;
		}
	}
	return vft_scan_time(&reader->blocks, &gap->to_ns);
}

/* Fill in the gap [from, @offset) that the loaded block bounds. */
static int bound_gap(struct vft_reader *reader, uint64_t from, uint64_t offset, struct vft_gap *gap)
{
	const struct vft_header *header = &reader->blocks.header;
	const struct vft_where *where = &reader->blocks.where;
	struct vft_where adopted;
	int r;

	gap->to_ns = where->has_ended ? where->last_ns : UINT64_MAX;
	if (vft_scan_continues(where, header, offset) || vft_scan_resumes(where, header, from))
		return bound_inner_gap(reader, from, offset, gap);
	if (vft_scan_is_section(header) || where->is_active)
		return 0;
	/* At the very start: what is missing is the beginning of the section that follows.
	 * SECTION itself, number 0, holds no event. */
	if (offset == from)
		gap->what = "the beginning of the section is missing";
	gap->n_missing_blocks = header->seq;
	adopted = *where;
	reader->blocks.where = (struct vft_where){
		.is_active = true, .id = header->section_id, .start = offset - header->self_off};
	r = vft_scan_time(&reader->blocks, &gap->to_ns);
	reader->blocks.where = adopted;
	gap->from_ns = header->seq == 1 ? gap->to_ns : 0;
	return r;
}

/* From reader->at on there is nothing yet that can be believed. */
static void keep_rest(struct vft_reader *reader)
{
	if (reader->has_rest)
		return;
	reader->has_rest = true;
	/* the padding of the last block may have been cut */
	reader->rest_at = reader->at < reader->block_end ? reader->block_end : reader->at;
	reader->rest_where = reader->blocks.where;
}

/* Nothing that can be believed follows [from, @offset), which is the input's end. */
static void lose_rest(struct vft_reader *reader, uint64_t from, uint64_t offset,
		      struct vft_gap *gap)
{
	keep_rest(reader);
	gap->to_ns = reader->blocks.where.has_ended ? gap->from_ns : UINT64_MAX;
	if (!reader->blocks.where.is_refused)
		push_gap(reader, from, offset - from, gap);
	reader->at = offset;
}

/*
 * No believable block at reader->at, which is of @size bytes if that is known. Find out what is
 * lost, and where it goes on.
 */
static int lose(struct vft_reader *reader, enum vft_load load, const char *what, uint64_t size)
{
	struct vft_gap gap = {
		.kind = VFT_GAP_DAMAGE, .what = what, .from_ns = reader->blocks.where.last_ns};
	uint64_t from = reader->at, offset = from + size, ignored_size;
	const char *ignored;
	int r = 0;

	if (load == VFT_LOAD_REFUSED)
		gap.kind = VFT_GAP_REFUSED;
	/* Where the header is intact, what stands right behind is likelier than what is inside. */
	if (load == VFT_LOAD_PAYLOAD)
		r = vft_scan_load(&reader->blocks, offset, &ignored, &ignored_size);
	if (r >= 0 && r != VFT_LOAD_BLOCK) {
		r = vft_scan_search(&reader->blocks, from, load, size, &offset);
		if (r == 0) {
			if (load == VFT_LOAD_CUT)
				gap.kind = VFT_GAP_CUT;
			lose_rest(reader, from, offset, &gap);
			return 0;
		}
	}
	if (r >= 0)
		r = bound_gap(reader, from, offset, &gap);
	if (r < 0)
		return r;
	/* A section that follows another at once: nothing of that one is missing. */
	if (!reader->blocks.where.is_refused && !(offset == from && reader->blocks.where.has_ended))
		push_gap(reader, from, offset - from, &gap);
	return accept(reader, offset);
}

/* The trailer, if it stands at reader->at: 1 and an item is queued, 0, or negative. */
static int take_trailer(struct vft_reader *reader)
{
	struct vft_where *where = &reader->blocks.where;
	uint8_t bytes[VFT_TRAILER_SIZE];
	struct vft_trailer trailer;
	struct vft_item item = {
		.kind = VFT_ITEM_INDEX, .offset = reader->at, .size_bytes = VFT_TRAILER_SIZE};
	int64_t n;

	if (!where->has_ended || where->has_trailer)
		return 0;
	n = reader->blocks.source->read_at(reader->blocks.source, reader->at, bytes, sizeof(bytes));
	if (n < 0)
		return (int)n;
	if (n < (int64_t)sizeof(bytes) || vft_trailer_parse(bytes, &trailer) < 0 ||
	    trailer.self_off != reader->at - where->start || trailer.section != (uint32_t)where->id)
		return 0;
	if (!where->is_refused &&
	    (trailer.to_end != trailer.self_off - where->end_off ||
	     (where->index_off && trailer.to_index != trailer.self_off - where->index_off)))
		return 0;
	where->has_trailer = true;
	if (!where->is_refused)
		push(reader, &item);
	reader->at += VFT_TRAILER_SIZE;
	return 1;
}

/* Go on to whatever comes next: load a block, or queue items, or be done. */
static int step(struct vft_reader *reader)
{
	const char *what = NULL;
	uint64_t size = 0;
	int r;

	r = vft_reader_pass(reader);
	if (r == 0)
		r = take_trailer(reader);
	if (r != 0)
		return r < 0 ? r : 0;
	r = vft_scan_load(&reader->blocks, reader->at, &what, &size);
	if (r < 0)
		return r;
	switch ((enum vft_load)r) {
	case VFT_LOAD_END:
		keep_rest(reader);
		leave_section(reader);
		reader->is_done = true;
		return 0;
	case VFT_LOAD_BLOCK:
		return accept(reader, reader->at);
	case VFT_LOAD_CUT:
	case VFT_LOAD_REFUSED:
	case VFT_LOAD_DAMAGED:
	case VFT_LOAD_PAYLOAD:
		break;
	}
	return lose(reader, (enum vft_load)r, what, size);
}

static int fail(const struct vft_reader *reader, struct vft_err *err, int code)
{
	if (code == -ENOMEM)
		return vft_fail(err, code, reader->at, "out of memory");
	if (code == -EFBIG)
		return vft_fail(err, code, reader->at,
				"the trace expands to more than the allowed size");
	return vft_fail(err, code, reader->at, "cannot read: %s", strerror(-code));
}

static int next_item(struct vft_reader *reader, struct vft_item *ret)
{
	int r;

	for (;;) {
		if (reader->next_queued < reader->n_queued) {
			*ret = reader->queue[reader->next_queued++];
			return 1;
		}
		reader->next_queued = reader->n_queued = 0;
		if (reader->blocks.is_loaded) {
			reader->blocks.is_loaded = false;
			r = deliver(reader, ret);
			if (r != 0)
				return r;
			continue;
		}
		if (reader->is_done)
			return 0;
		r = step(reader);
		if (r < 0)
			return r;
	}
}

int vft_reader_next(struct vft_reader *reader, struct vft_item *ret, struct vft_err *err)
{
	struct vft_item item;
	int r;

	if (reader->next_first < reader->n_first) {
		*ret = reader->first[reader->next_first++];
		return 1;
	}
	r = next_item(reader, &item);
	if (r < 0)
		return fail(reader, err, r);
	if (r > 0)
		*ret = item;
	return r;
}

int vft_reader_resume(struct vft_reader *reader, struct vft_err *err)
{
	if (!reader->blocks.source->seekable)
		return vft_fail(err, -ESPIPE, reader->at, "a pipe does not grow behind its end");
	if (!reader->is_done || reader->next_queued < reader->n_queued ||
	    reader->next_first < reader->n_first)
		return vft_fail(err, -EBUSY, reader->at, "not all was read yet");
	reader->is_done = reader->has_rest = false;
	reader->at = reader->rest_at;
	reader->blocks.where = reader->rest_where;
	reader->is_scaled = !reader->is_limited; /* to what is read, not to what the size was */
	return 0;
}

/* What kept the input from being a trace. */
static int judge_nothing(const struct vft_reader *reader, struct vft_err *err)
{
	bool is_cut = reader->n_first == 1 && reader->first[0].gap.kind == VFT_GAP_CUT;

	for (unsigned int i = 0; i < reader->n_first; i++)
		if (reader->first[i].kind == VFT_ITEM_GAP &&
		    reader->first[i].gap.kind == VFT_GAP_REFUSED)
			return vft_fail(err, -EOPNOTSUPP, reader->first[i].offset, "%s",
					reader->first[i].gap.what);
	if (reader->at == 0)
		return vft_fail(err, -ENODATA, 0, "the input is empty");
	if (is_cut || reader->at < VFT_HEADER_SIZE)
		return vft_fail(err, -ENODATA, reader->at, "too short for a trace (%llu bytes)",
				(unsigned long long)reader->at);
	return vft_fail(err, -EBADMSG, 0, "not a vfork trace");
}

/* Read as far as the first SECTION, remembering what stands before it. */
static int read_first(struct vft_reader *reader, struct vft_err *err)
{
	while (reader->n_first < VFT_N_FIRST) {
		struct vft_item *item = &reader->first[reader->n_first];
		int r = next_item(reader, item);

		if (r < 0)
			return fail(reader, err, r);
		if (r == 0)
			return judge_nothing(reader, err);
		reader->n_first++;
		if (item->kind == VFT_ITEM_SECTION)
			return 0;
	}
	return 0;
}

int vft_reader_open(struct vft_source *source, const struct vft_limits *limits,
		    struct vft_reader **ret, struct vft_err *err)
{
	struct vft_limits ours = {0};
	struct vft_reader *reader;
	uint64_t allowed;
	int r = limits ? vft_grown_take(limits, VFT_LEAST(struct vft_limits, max_raw_total), &ours,
					sizeof(ours))
		       : 0;

	if (r < 0) {
		vft_source_close(source);
		return vft_fail(err, r, 0, "limits that this version of libvft does not know");
	}
	reader = calloc(1, sizeof(*reader));
	if (!reader) {
		vft_source_close(source);
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	}
	reader->blocks.source = source;
	if (__builtin_mul_overflow(source->size_bytes, RAW_PER_BYTE, &allowed))
		allowed = UINT64_MAX;
	reader->max_raw_total = allowed > MIN_RAW_TOTAL ? allowed : MIN_RAW_TOTAL;
	reader->is_scaled = !source->seekable;
	if (ours.max_raw_total) {
		reader->is_scaled = false;
		reader->is_limited = true;
		reader->max_raw_total = ours.max_raw_total;
	}
	r = vft_decoder_init(&reader->decoder);
	r = r < 0 ? fail(reader, err, r) : read_first(reader, err);
	if (r < 0) {
		vft_reader_close(reader);
		return r;
	}
	*ret = reader;
	return 0;
}

void vft_reader_set_counted(struct vft_reader *reader, uint64_t kinds)
{
	reader->counted_kinds = kinds;
}

void vft_reader_set_raw(struct vft_reader *reader)
{
	reader->is_raw = true;
}

void vft_reader_swap_payload(struct vft_reader *reader, struct vft_buffer *buffer)
{
	struct vft_buffer payload = reader->blocks.payload;

	reader->blocks.payload = *buffer;
	*buffer = payload;
}

void vft_reader_close(struct vft_reader *reader)
{
	if (!reader)
		return;
	vft_source_close(reader->blocks.source);
	vft_decoder_release(&reader->decoder);
	vft_buffer_release(&reader->blocks.payload);
	vft_buffer_release(&reader->losses);
	vft_buffer_release(&reader->follow.entries);
	free(reader->blocks.chunk);
	free(reader);
}
