/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <vft/raw.h>
#include "format/block/schema.h"
#include "trace.h"
#include "format/block/meta.h"

static void test_reader__round_trip(void **state)
{
	size_t n;
	const struct vft_event *list = sample_events(&n);
	struct bytes trace = trace_sample();
	struct reading reading = read_bytes(trace.data, trace.size);

	assert_int_equal(reading.n_events, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(reading.events[i], event_hash(&list[i]));
	assert_int_equal(reading.n_items[VFT_ITEM_SECTION], 1);
	assert_int_equal(reading.n_items[VFT_ITEM_META], 1);
	assert_int_equal(reading.n_items[VFT_ITEM_END], 1);
	assert_int_equal(reading.n_gaps, 0);
	assert_int_equal(reading.covered, trace.size);
	reading_free(&reading);
	bytes_free(&trace);
}

static void test_reader__meta_and_end(void **state)
{
	struct bytes trace = trace_sample();
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_item item;
	size_t n_checked = 0, n;

	(void)sample_events(&n);
	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	while (vft_reader_next(reader, &item, NULL) == 1) {
		if (item.kind == VFT_ITEM_SECTION) {
			assert_memory_equal(item.section->uuid, "0123456789abcdef", 16);
			assert_int_equal(item.section->section_id, SECTION_ID);
			assert_int_equal(item.section->version, VFT_FORMAT_VERSION);
			n_checked++;
		} else if (item.kind == VFT_ITEM_META) {
			assert_int_equal(item.meta->tool.size, 6);
			assert_memory_equal(item.meta->tool.data, "test 1", 6);
			assert_memory_equal(item.meta->command.data, "sh\0-c\0true\0", 11);
			assert_null(item.meta->hostname.data);
			assert_int_equal(item.meta->start_ns, T0);
			n_checked++;
		} else if (item.kind == VFT_ITEM_END) {
			assert_int_equal(item.end->n_events, n);
			assert_int_equal(item.end->end_ns, T0 + 1000);
			assert_int_equal(item.end->n_losses, 1);
			assert_int_equal(item.end->losses[0].count, 12345);
			n_checked++;
		}
	}
	assert_int_equal(n_checked, 3);
	vft_reader_close(reader);
	bytes_free(&trace);
}

static void test_reader__nothing_to_read(void **state)
{
	static const uint8_t zeros[5000];
	const char *text =
		"#!/bin/sh\necho this is a shell script and no trace of anything at all\n";
	struct reading reading = read_bytes("", 0);

	assert_int_equal(reading.open_error, -ENODATA);
	reading = read_bytes("abc", 3);
	assert_int_equal(reading.open_error, -ENODATA);
	reading = read_bytes(zeros, sizeof(zeros));
	assert_int_equal(reading.open_error, -EBADMSG);
	reading = read_bytes(text, strlen(text));
	assert_int_equal(reading.open_error, -EBADMSG);
	assert_int_equal(reading.err.code, -EBADMSG);
	assert_true(strlen(reading.err.message) > 0);
}

static void test_reader__pipe_equals_file(void **state)
{
	struct bytes trace = trace_sample();
	struct reading file = read_bytes(trace.data, trace.size);
	struct reading piped = read_pipe(trace.data, trace.size);

	assert_int_equal(piped.n_events, file.n_events);
	assert_memory_equal(piped.events, file.events, file.n_events * sizeof(uint64_t));
	assert_memory_equal(piped.n_items, file.n_items, sizeof(file.n_items));
	reading_free(&file);
	reading_free(&piped);
	trace.data[1300] ^= 1;
	file = read_bytes(trace.data, trace.size);
	piped = read_pipe(trace.data, trace.size);
	assert_true(file.n_gaps > 0);
	assert_int_equal(piped.n_gaps, file.n_gaps);
	assert_int_equal(piped.n_events, file.n_events);
	for (size_t i = 0; i < file.n_gaps; i++) {
		assert_int_equal(piped.gaps[i].offset, file.gaps[i].offset);
		assert_int_equal(piped.gaps[i].size_bytes, file.gaps[i].size_bytes);
		assert_int_equal(piped.gaps[i].gap.to_ns, file.gaps[i].gap.to_ns);
	}
	reading_free(&file);
	reading_free(&piped);
	bytes_free(&trace);
}

static void test_reader__concatenated(void **state)
{
	size_t n;
	const struct vft_event *list = sample_events(&n);
	struct bytes a = trace_sample(), b = trace_make(99, list, n, 0, false);
	struct bytes ab = bytes_join(a, b), aba = bytes_join(ab, a);
	struct reading reading = read_bytes(aba.data, aba.size);

	assert_int_equal(reading.n_sections, 3);
	assert_int_equal(reading.section_ids[0], SECTION_ID);
	assert_int_equal(reading.section_ids[1], 99);
	assert_int_equal(reading.section_ids[2], SECTION_ID);
	assert_int_equal(reading.n_events, 3 * n);
	assert_int_equal(reading.n_gaps, 1); /* b was not closed */
	assert_int_equal(count_gaps(&reading, VFT_GAP_NOT_CLOSED), 1);
	assert_int_equal(reading.gaps[0].offset, ab.size);
	reading_free(&reading);
	bytes_free(&a);
	bytes_free(&b);
	bytes_free(&ab);
	bytes_free(&aba);
}

static void test_reader__corrupt_block_length(void **state)
{
	static const uint32_t lengths[] = {
		0, 1, 7, 64, 4096, VFT_MAX_PAYLOAD, VFT_MAX_PAYLOAD + 1, INT32_MAX, UINT32_MAX};
	struct bytes trace = trace_sample();
	struct vft_header header, wrong;
	size_t offset = trace_find(trace, VFT_BLOCK_SNAPSHOT, &header);
	struct reading whole = read_bytes(trace.data, trace.size);

	for (size_t i = 0; i < N_OF(lengths); i++) {
		struct reading reading;

		/* A header with a right checksum and a wrong length. */
		wrong = header;
		wrong.payload_len = lengths[i];
		vft_header_store(&wrong, trace.data + offset);
		reading = read_bytes(trace.data, trace.size);
		assert_int_equal(reading.error, 0);
		assert_int_equal(reading.n_events, whole.n_events - header.n_events);
		assert_int_equal(reading.n_gaps, 1);
		assert_int_equal(reading.gaps[0].offset, offset);
		assert_int_equal(reading.gaps[0].size_bytes, vft_header_get_size(&header));
		assert_int_equal(reading.gaps[0].gap.kind,
				 lengths[i] > VFT_MAX_PAYLOAD ? VFT_GAP_REFUSED : VFT_GAP_DAMAGE);
		reading_free(&reading);
	}
	reading_free(&whole);
	bytes_free(&trace);
}

static void test_reader__header_over_limit(void **state)
{
	struct bytes trace = trace_sample();
	struct vft_header header, wrong;
	size_t offset = trace_find(trace, VFT_BLOCK_EVENTS, &header);

	for (unsigned int i = 0; i < 5; i++) {
		struct reading reading;

		wrong = header;
		if (i == 0)
			wrong.raw_len = VFT_MAX_RAW + 1;
		else if (i == 1)
			wrong.n_events = wrong.raw_len + 1;
		else if (i == 2)
			wrong.version = VFT_HEADER_VERSION + 1;
		else if (i == 3)
			wrong.first_ts = VFT_MAX_TIME_NS + 1;
		else
			wrong.n_events = VFT_MAX_ROWS + 1;
		vft_header_store(&wrong, trace.data + offset);
		reading = read_bytes(trace.data, trace.size);
		assert_int_equal(count_gaps(&reading, VFT_GAP_REFUSED), 1);
		assert_int_equal(reading.gaps[0].offset, offset);
		reading_free(&reading);
	}
	bytes_free(&trace);
}

static struct bytes start_of_trace(void)
{
	size_t n;

	return trace_make(SECTION_ID, sample_events(&n), 0, 0, false);
}

static void test_reader__unknown_blocks(void **state)
{
	struct bytes trace = start_of_trace(), a, b;
	struct reading reading;

	a = block_make(0x123 | VFT_TYPE_IGNORABLE, 0, 0, 0, "from the future", 15);
	b = block_make(0x124, 0, 0, 0, "", 0);
	trace_append(&trace, a);
	trace_append(&trace, b);
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.n_items[VFT_ITEM_SKIPPED], 2);
	assert_int_equal(count_gaps(&reading, VFT_GAP_NOT_CLOSED), reading.n_gaps);
	reading_free(&reading);
	bytes_free(&trace);
	bytes_free(&a);
	bytes_free(&b);
}

/* SECTION with @incompat and @version, in front of the sample. */
static struct bytes from_the_future(uint64_t incompat, uint32_t version)
{
	struct bytes trace = trace_sample(), block;
	struct vft_section section = {.version = version, .incompat = incompat};
	struct vft_buffer payload = {0};

	assert_int_equal(vft_section_encode(&section, &payload), 0);
	block = block_make(VFT_BLOCK_SECTION, SECTION_ID, 0, 0, payload.data, payload.size);
	memcpy(trace.data, block.data, block.size);
	vft_buffer_release(&payload);
	bytes_free(&block);
	return trace;
}

static void test_reader__refused_section(void **state)
{
	struct bytes future = from_the_future(1ull << 40, 1), plain, both;
	size_t n;
	const struct vft_event *list = sample_events(&n);
	struct reading reading = read_bytes(future.data, future.size);

	assert_int_equal(reading.open_error, -EOPNOTSUPP);
	plain = trace_make(7, list, n, 0, true);
	both = bytes_join(future, plain);
	reading = read_bytes(both.data, both.size);
	assert_int_equal(reading.open_error, 0);
	assert_int_equal(reading.n_events, n);
	assert_int_equal(reading.n_sections, 1);
	assert_int_equal(reading.section_ids[0], 7);
	assert_int_equal(reading.n_gaps, 1);
	assert_int_equal(reading.gaps[0].gap.kind, VFT_GAP_REFUSED);
	assert_int_equal(reading.gaps[0].offset, 0);
	assert_int_equal(reading.gaps[0].size_bytes, future.size);
	reading_free(&reading);
	bytes_free(&future);
	bytes_free(&both);
	future = from_the_future(0, 2);
	both = bytes_join(plain, future);
	reading = read_bytes(both.data, both.size);
	assert_int_equal(reading.n_events, n);
	assert_int_equal(reading.gaps[0].offset, plain.size);
	assert_int_equal(reading.gaps[0].size_bytes, future.size);
	reading_free(&reading);
	bytes_free(&future);
	bytes_free(&both);
	bytes_free(&plain);
}

static void test_reader__raw_total_limit(void **state)
{
	struct bytes trace = trace_sample();
	struct vft_limits limits = {.size = sizeof(limits), .max_raw_total = 100};
	struct vft_source *source;
	struct reading reading;

	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	reading = read_source(source, &limits);
	assert_int_equal(reading.error, -EFBIG);
	assert_int_equal(reading.err.code, -EFBIG);
	reading_free(&reading);
	limits.max_raw_total = 0; /* as without limits */
	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	reading = read_source(source, &limits);
	assert_int_equal(reading.error, 0);
	assert_true(reading.n_events > 0);
	reading_free(&reading);
	bytes_free(&trace);
}

/* --- files that grow ------------------------------------------------------------------------- */

static int64_t read_growing(struct vft_source *source, uint64_t offset, void *buffer, size_t size)
{
	const struct bytes *there = source->context;
	size_t n = offset < there->size ? there->size - (size_t)offset : 0;

	n = n < size ? n : size;
	if (n)
		memcpy(buffer, there->data + offset, n);
	return (int64_t)n;
}

static void close_nothing(struct vft_source *source)
{
	(void)source;
}

/* Reads what is there; only the last end may be said to be one. */
static void read_on(struct vft_reader *reader, struct bytes *events, size_t *n_sections,
		    size_t *n_gaps)
{
	struct vft_item item;
	int r;

	*n_gaps = 0;
	while ((r = vft_reader_next(reader, &item, NULL)) > 0) {
		*n_sections += item.kind == VFT_ITEM_SECTION;
		*n_gaps += item.kind == VFT_ITEM_GAP;
		for (size_t i = 0; item.kind == VFT_ITEM_BATCH && i < item.batch->n_events; i++) {
			uint64_t hash = event_hash(&item.batch->events[i]);

			events->data = realloc(events->data, events->size + sizeof(hash));
			assert_non_null(events->data);
			memcpy(events->data + events->size, &hash, sizeof(hash));
			events->size += sizeof(hash);
		}
	}
	assert_int_equal(r, 0);
}

/* Read a file that grows by @step bytes at a time: the same events, once each, and one section. */
static void grow_by(struct bytes whole, const struct reading *want, size_t step)
{
	struct bytes there = {whole.data, 600}, events = {0};
	struct vft_source source = {.read_at = read_growing,
				    .close = close_nothing,
				    .seekable = true,
				    .size_bytes = 600,
				    .context = &there};
	struct vft_reader *reader;
	size_t n_sections = 0, n_gaps, n_said = 0;

	assert_int_equal(vft_reader_open(&source, NULL, &reader, NULL), 0);
	for (;;) {
		read_on(reader, &events, &n_sections, &n_gaps);
		if (there.size == whole.size)
			break;
		n_said += n_gaps;
		there.size = whole.size - there.size < step ? whole.size : there.size + step;
		assert_int_equal(vft_reader_resume(reader, NULL), 0);
	}
	assert_true(n_said > 0);
	assert_int_equal(n_gaps, 0);
	assert_int_equal(n_sections, 1);
	assert_int_equal(events.size, want->n_events * sizeof(uint64_t));
	assert_memory_equal(events.data, want->events, events.size);
	free(events.data);
	vft_reader_close(reader);
}

static void test_reader__resumes_a_file_that_grew(void **state)
{
	struct bytes trace = trace_sample();
	struct reading want = read_bytes(trace.data, trace.size);

	assert_true(trace.size > 1000);
	for (size_t step = 1; step < 400; step = step * 3 + 1)
		grow_by(trace, &want, step);
	reading_free(&want);
	bytes_free(&trace);
}

static void test_reader__resumes_only_at_the_end(void **state)
{
	struct bytes trace = trace_sample();
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_item item;

	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	assert_int_equal(vft_reader_resume(reader, NULL), -EBUSY);
	while (vft_reader_next(reader, &item, NULL) > 0)
		;
	assert_int_equal(vft_reader_resume(reader, NULL), 0);
	assert_int_equal(vft_reader_next(reader, &item, NULL), 0); /* it did not grow */
	source->seekable = false;
	assert_int_equal(vft_reader_resume(reader, NULL), -ESPIPE);
	vft_reader_close(reader);
	bytes_free(&trace);
}

static void test_reader__raw_blocks(void **state)
{
	struct bytes trace = trace_sample();
	struct reading whole = read_bytes(trace.data, trace.size);
	uint8_t kinds[4096];
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_item item;
	struct vft_err err;
	uint64_t n_events = 0, seq = 0;
	size_t size;
	int r;

	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	vft_reader_set_raw(reader);
	while ((r = vft_reader_next(reader, &item, NULL)) > 0) {
		assert_int_not_equal(item.kind, VFT_ITEM_BATCH);
		if (item.kind != VFT_ITEM_RAW)
			continue;
		assert_true(vft_raw_get_seq(item.raw) > seq);
		seq = vft_raw_get_seq(item.raw);
		assert_true(vft_raw_get_first_ns(item.raw) <= vft_raw_get_last_ns(item.raw));
		assert_non_null(vft_raw_get_payload(item.raw, &size));
		assert_true(size > 0 && size <= item.size_bytes);
		/* each row has a kind, and those of this version take a byte */
		assert_int_equal(
			vft_raw_unpack(item.raw, VFT_COL_KIND, kinds, sizeof(kinds), &size, &err),
			0);
		assert_int_equal(size, vft_raw_get_n_events(item.raw));
		assert_int_equal(
			vft_raw_unpack(item.raw, VFT_COL_KIND, kinds, size - 1, &size, &err),
			-ENOSPC);
		assert_int_equal(size, vft_raw_get_n_events(item.raw));
		assert_int_equal(vft_raw_unpack(item.raw, 9999, kinds, 1, &size, &err), 0);
		assert_int_equal(size, 0);
		n_events += vft_raw_get_n_events(item.raw);
	}
	assert_int_equal(r, 0);
	assert_int_equal(n_events, whole.n_events);
	vft_reader_close(reader);
	reading_free(&whole);
	bytes_free(&trace);
}

/* A batch held beyond the next call stays as it was. */
static void test_reader__held_batch(void **state)
{
	struct bytes trace = trace_sample();
	const struct vft_batch *held = NULL;
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_item item;
	uint64_t hash = 0;
	size_t n_batches = 0;

	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	while (vft_reader_next(reader, &item, NULL) == 1) {
		if (item.kind != VFT_ITEM_BATCH)
			continue;
		if (!n_batches++) {
			held = vft_batch_acquire(item.batch);
			hash = event_hash(&held->events[0]);
		}
	}
	assert_true(n_batches > 2);
	vft_reader_close(reader);
	assert_int_equal(event_hash(&held->events[0]), hash);
	vft_batch_release(held);
	vft_batch_release(NULL);
	bytes_free(&trace);
}

/* However many of a reader's batches are held, none is written to again: the decoder goes on with
 * memory of its own, also once all that it keeps has been used. */
static void test_reader__many_held_batches(void **state)
{
	static const struct vft_batch *held[64];
	static uint64_t hashes[N_OF(held)];
	struct bytes trace = trace_long();
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_item item;
	size_t n = 0;

	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	while (vft_reader_next(reader, &item, NULL) == 1) {
		size_t slot = n % N_OF(held);

		if (item.kind != VFT_ITEM_BATCH)
			continue;
		if (n >= N_OF(held)) {
			assert_int_equal(event_hash(&held[slot]->events[0]), hashes[slot]);
			vft_batch_release(held[slot]);
		}
		held[slot] = vft_batch_acquire(item.batch);
		hashes[slot] = event_hash(&item.batch->events[0]);
		n++;
	}
	assert_true(n > 2 * N_OF(held));
	vft_reader_close(reader);
	for (size_t i = 0; i < N_OF(held); i++) {
		assert_int_equal(event_hash(&held[i]->events[0]), hashes[i]);
		vft_batch_release(held[i]);
	}
	bytes_free(&trace);
}

struct kinds {
	uint64_t n_kind[VFT_N_KINDS], n_decoded, n_counted, n_gaps, first_ns, last_ns;
};

/* Rows by kind, those of @counted kinds not decoded where they have a block to themselves. */
static struct kinds count_kinds(struct bytes trace, uint64_t counted)
{
	struct kinds kinds = {.first_ns = UINT64_MAX};
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_item item;

	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	vft_reader_set_counted(reader, counted);
	while (vft_reader_next(reader, &item, NULL) == 1) {
		uint64_t first_ns = UINT64_MAX, last_ns = 0;

		kinds.n_gaps += item.kind == VFT_ITEM_GAP;
		if (item.kind == VFT_ITEM_BATCH) {
			for (size_t i = 0; i < item.batch->n_events; i++)
				kinds.n_kind[item.batch->events[i].kind]++;
			kinds.n_decoded += item.batch->n_events;
			first_ns = item.batch->first_ns;
			last_ns = item.batch->last_ns;
		} else if (item.kind == VFT_ITEM_COUNTED) {
			for (size_t i = 0; i < 64; i++)
				kinds.n_kind[i] += item.counted->n_kind[i];
			kinds.n_counted += item.counted->n_events;
			first_ns = item.counted->first_ns;
			last_ns = item.counted->last_ns;
		}
		kinds.first_ns = first_ns < kinds.first_ns ? first_ns : kinds.first_ns;
		kinds.last_ns = last_ns > kinds.last_ns ? last_ns : kinds.last_ns;
	}
	vft_reader_close(reader);
	return kinds;
}

static void test_reader__counted(void **state)
{
	struct bytes trace = trace_long();
	struct kinds decoded = count_kinds(trace, 0), counted = count_kinds(trace, ~0ull);
	struct vft_header header;
	size_t offset;

	assert_int_equal(decoded.n_decoded, 6000);
	assert_int_equal(decoded.n_kind[VFT_KIND_EXIT], 5994);
	assert_int_equal(counted.n_counted, 6000);
	assert_int_equal(counted.n_decoded, 0);
	assert_memory_equal(counted.n_kind, decoded.n_kind, sizeof(decoded.n_kind));
	assert_true(counted.first_ns == decoded.first_ns && counted.last_ns == decoded.last_ns);
	/* A block with one row of another kind is decoded. */
	counted = count_kinds(trace, ~(1ull << VFT_KIND_SNAPSHOT));
	assert_int_equal(counted.n_decoded, 6);
	assert_int_equal(counted.n_counted, 5994);
	assert_memory_equal(counted.n_kind, decoded.n_kind, sizeof(decoded.n_kind));
	/* What is malformed where counting looks is refused as ever. */
	offset = trace_find(trace, VFT_BLOCK_EVENTS, &header);
	memset(trace.data + offset + VFT_HEADER_SIZE, 0xff, 12);
	trace_reseal(trace, offset);
	assert_int_equal(count_kinds(trace, 0).n_gaps, 1);
	counted = count_kinds(trace, ~0ull);
	assert_int_equal(counted.n_gaps, 1);
	assert_int_equal(counted.n_decoded, 0);
	assert_int_equal(counted.n_counted, 6000 - header.n_events);
	bytes_free(&trace);
}

static void test_reader__malformed_end(void **state)
{
	static const uint8_t bad[] = {VFT_END_N_EVENTS, 200, 1};
	struct bytes trace = start_of_trace();
	struct bytes block = block_make(VFT_BLOCK_END, 0, 0, 0, bad, sizeof(bad));
	struct reading reading;

	trace_append(&trace, block);
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.n_items[VFT_ITEM_END], 0);
	assert_int_equal(count_gaps(&reading, VFT_GAP_REFUSED), 1);
	assert_int_equal(count_gaps(&reading, VFT_GAP_NOT_CLOSED), 1);
	reading_free(&reading);
	bytes_free(&trace);
	bytes_free(&block);
}

/* A source whose reads fail from some place on. */
static struct bytes failing_bytes;
static uint64_t failing_from;

static int64_t fail_at(struct vft_source *source, uint64_t offset, void *buffer, size_t size)
{
	if (offset > failing_from || size > failing_from - offset)
		return -EIO;
	memcpy(buffer, failing_bytes.data + offset, size);
	return (int64_t)size;
}

static void no_close(struct vft_source *source)
{
}

static void test_reader__source_error(void **state)
{
	struct vft_source source = {.read_at = fail_at, .close = no_close, .seekable = true};
	struct reading reading;

	failing_bytes = trace_sample();
	source.size_bytes = failing_bytes.size;
	for (failing_from = 0; failing_from + VFT_TRAILER_SIZE < failing_bytes.size;
	     failing_from += 8) {
		reading = read_source(&source, NULL);
		assert_int_equal(reading.open_error ? reading.open_error : reading.error, -EIO);
		assert_int_equal(reading.err.code, -EIO);
		reading_free(&reading);
	}
	bytes_free(&failing_bytes);
}

/* A size that its hundredfold does not fit. */
static void test_reader__largest_size(void **state)
{
	struct vft_source source = {
		.read_at = fail_at, .close = no_close, .seekable = true, .size_bytes = INT64_MAX};
	const struct vft_index_entry *entries;
	struct vft_reader *reader;
	struct vft_item item;
	size_t n;

	failing_bytes = trace_sample();
	failing_from = failing_bytes.size;
	assert_int_equal(vft_reader_open(&source, NULL, &reader, NULL), 0);
	assert_int_equal(vft_reader_next(reader, &item, NULL), 1);
	assert_int_equal(item.kind, VFT_ITEM_SECTION);
	assert_int_equal(vft_reader_get_index(reader, &entries, &n, NULL), -EIO);
	vft_reader_close(reader);
	bytes_free(&failing_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader__round_trip),
		cmocka_unit_test(test_reader__meta_and_end),
		cmocka_unit_test(test_reader__nothing_to_read),
		cmocka_unit_test(test_reader__pipe_equals_file),
		cmocka_unit_test(test_reader__concatenated),
		cmocka_unit_test(test_reader__corrupt_block_length),
		cmocka_unit_test(test_reader__header_over_limit),
		cmocka_unit_test(test_reader__unknown_blocks),
		cmocka_unit_test(test_reader__refused_section),
		cmocka_unit_test(test_reader__raw_blocks),
		cmocka_unit_test(test_reader__raw_total_limit),
		cmocka_unit_test(test_reader__resumes_a_file_that_grew),
		cmocka_unit_test(test_reader__resumes_only_at_the_end),
		cmocka_unit_test(test_reader__held_batch),
		cmocka_unit_test(test_reader__many_held_batches),
		cmocka_unit_test(test_reader__counted),
		cmocka_unit_test(test_reader__malformed_end),
		cmocka_unit_test(test_reader__source_error),
		cmocka_unit_test(test_reader__largest_size),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
