/* SPDX-License-Identifier: BSD-2-Clause */
/* What the reader makes of an index, right or wrong. */
#include <errno.h>

#include "format/block/index.h"
#include "trace.h"

static bool pass_early(void *context, const struct vft_index_entry *entry)
{
	return entry->last_ns < *(const uint64_t *)context;
}

struct seen {
	size_t n_events, n_passed, n_gaps;
	uint64_t first_ns, at;
	bool has_section, has_meta, has_end;
};

static struct seen read_but(struct vft_reader *reader, vft_pass_fn pass, void *context)
{
	struct seen seen = {0};
	struct vft_item item;

	vft_reader_set_pass(reader, pass, context);
	while (vft_reader_next(reader, &item, NULL) == 1) {
		/* Items cover the input, also those that stand for what was not read. */
		assert_int_equal(item.offset, seen.at);
		seen.at += item.size_bytes;
		seen.has_section |= item.kind == VFT_ITEM_SECTION;
		seen.has_meta |= item.kind == VFT_ITEM_META;
		seen.has_end |= item.kind == VFT_ITEM_END;
		seen.n_gaps += item.kind == VFT_ITEM_GAP;
		if (item.kind == VFT_ITEM_PASSED)
			seen.n_passed += item.passed.n_events;
		if (item.kind == VFT_ITEM_BATCH && !seen.n_events)
			seen.first_ns = item.batch->first_ns;
		if (item.kind == VFT_ITEM_BATCH)
			seen.n_events += item.batch->n_events;
	}
	assert_true(seen.has_section && seen.has_meta && seen.has_end);
	assert_int_equal(seen.n_gaps, 0);
	return seen;
}

static void test_reader_index__pass(void **state)
{
	struct bytes trace = trace_long();
	const struct vft_index_entry *entries;
	struct vft_source *source;
	struct vft_reader *reader;
	uint64_t from_ns = T0 + 30000000000ull;
	struct seen seen;
	size_t n;

	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	assert_int_equal(vft_reader_has_index(reader, NULL), 1);
	assert_int_equal(vft_reader_get_index(reader, &entries, &n, NULL), 1);
	assert_int_equal(entries[0].type, VFT_BLOCK_SECTION);
	seen = read_but(reader, pass_early, &from_ns);
	assert_int_equal(seen.first_ns, from_ns);
	assert_int_equal(seen.n_events, 3000);
	assert_int_equal(seen.n_passed, 3000);
	assert_int_equal(seen.at, trace.size);
	vft_reader_close(reader);
	bytes_free(&trace);
}

/* The index says where blocks are; a file that says otherwise is right. */
static void test_reader_index__index_mismatch(void **state)
{
	struct bytes trace = trace_long();
	struct vft_header header;
	size_t offset = trace_find(trace, VFT_BLOCK_INDEX, &header), n;
	const struct vft_index_entry *entries;
	uint64_t end_of_time = UINT64_MAX;
	struct vft_source *source;
	struct vft_reader *reader;
	struct reading reading;

	assert_true(trace.data[offset + VFT_HEADER_SIZE + 12] < 0x80);
	trace.data[offset + VFT_HEADER_SIZE + 12] ^= 8;
	trace_reseal(trace, offset);
	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	assert_int_equal(vft_reader_has_index(reader, NULL), 0);
	if (vft_reader_get_index(reader, &entries, &n, NULL) == 1)
		assert_int_equal(read_but(reader, pass_early, &end_of_time).n_events, 6000);
	vft_reader_close(reader);
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.n_events, 6000);
	assert_int_equal(reading.n_gaps, 0);
	reading_free(&reading);
	bytes_free(&trace);
}

static bool pass_before(void *context, const struct vft_index_entry *entry)
{
	return entry->self_off < *(const uint64_t *)context;
}

/* Move where one block of the first INDEX's ends and the next begins. Returns where it does so. */
static uint64_t move_boundary(struct bytes trace, size_t i)
{
	struct vft_header header;
	size_t offset = trace_find(trace, VFT_BLOCK_INDEX, &header);
	struct vft_buffer entries = {0}, payload = {0};
	uint8_t *at = trace.data + offset + VFT_HEADER_SIZE;
	struct vft_index_entry *list;
	uint64_t previous_off, boundary;

	assert_int_equal(vft_index_decode(vft_cursor_init(at, header.payload_len), 1000, &entries,
					  &previous_off),
			 0);
	list = (struct vft_index_entry *)(void *)entries.data;
	list[i].size_bytes += 8;
	list[i + 1].self_off += 8;
	list[i + 1].size_bytes -= 8;
	boundary = list[i + 1].self_off;
	assert_int_equal(vft_index_encode(&entries, previous_off, &payload), 0);
	assert_int_equal(payload.size, header.payload_len);
	memcpy(at, payload.data, payload.size);
	trace_reseal(trace, offset);
	vft_buffer_release(&entries);
	vft_buffer_release(&payload);
	return boundary;
}

/* A trailer is one of its section only if END, and INDEX, stand where it says. */
static void test_reader_index__trailer_of_another(void **state)
{
	struct bytes trace = trace_sample();
	uint8_t *at = trace.data + trace.size - VFT_TRAILER_SIZE;
	struct vft_trailer good, bad[4];

	assert_int_equal(vft_trailer_parse(at, &good), 0);
	for (size_t i = 0; i < N_OF(bad); i++)
		bad[i] = good;
	bad[0].to_end += 8;
	bad[1].to_index += 8;
	bad[2].self_off += 8;
	bad[3].section ^= 1;
	for (size_t i = 0; i < N_OF(bad); i++) {
		struct reading reading;

		vft_trailer_store(&bad[i], at);
		reading = read_bytes(trace.data, trace.size);
		assert_int_equal(reading.n_gaps, 1);
		assert_int_equal(reading.gaps[0].size_bytes, VFT_TRAILER_SIZE);
		/* And nothing is lost by it. */
		assert_int_equal(reading.gaps[0].gap.from_ns, reading.gaps[0].gap.to_ns);
		reading_free(&reading);
	}
	bytes_free(&trace);
}

/* What is passed over begins where the index says, and does not end there. */
static void test_reader_index__end_of_passed_run(void **state)
{
	struct bytes trace = trace_long();
	const struct vft_index_entry *entries;
	struct vft_source *source;
	struct vft_reader *reader;
	uint64_t boundary = move_boundary(trace, 10);
	struct seen seen;
	size_t n;

	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	assert_int_equal(vft_reader_get_index(reader, &entries, &n, NULL), 1);
	seen = read_but(reader, pass_before, &boundary);
	assert_int_equal(seen.n_passed, 0);
	assert_int_equal(seen.n_events, 6000);
	vft_reader_close(reader);
	bytes_free(&trace);
}

static bool pass_events(void *context, const struct vft_index_entry *entry)
{
	return entry->type == VFT_BLOCK_EVENTS;
}

/* How many rows the first INDEX says that its first block of events has. */
static void change_first(struct bytes trace, int by)
{
	struct vft_header header;
	size_t offset = trace_find(trace, VFT_BLOCK_INDEX, &header);
	struct vft_buffer entries = {0}, payload = {0};
	uint8_t *at = trace.data + offset + VFT_HEADER_SIZE;
	struct vft_index_entry *entry;
	uint64_t previous_off;

	assert_int_equal(vft_index_decode(vft_cursor_init(at, header.payload_len), 1000, &entries,
					  &previous_off),
			 0);
	entry = (struct vft_index_entry *)(void *)entries.data;
	while (entry->type != VFT_BLOCK_EVENTS)
		entry++;
	entry->n_events += (uint32_t)by;
	assert_int_equal(vft_index_encode(&entries, previous_off, &payload), 0);
	assert_int_equal(payload.size, header.payload_len);
	memcpy(at, payload.data, payload.size);
	trace_reseal(trace, offset);
	vft_buffer_release(&entries);
	vft_buffer_release(&payload);
}

/* The other way round: where it ends, and does not begin where the index says. */
static void test_reader_index__beginning_of_passed_run(void **state)
{
	struct bytes trace = trace_long();
	const struct vft_index_entry *entries;
	struct vft_source *source;
	struct vft_reader *reader;
	struct seen seen;
	size_t n;

	change_first(trace, -1);
	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	assert_int_equal(vft_reader_get_index(reader, &entries, &n, NULL), 1);
	seen = read_but(reader, pass_events, NULL);
	assert_int_equal(seen.n_passed, 0);
	assert_int_equal(seen.n_events, 6000);
	vft_reader_close(reader);
	bytes_free(&trace);
}

/* A block of somebody else's where the index has one of ours is not passed over: it is a gap. */
static void test_reader_index__block_of_another_section(void **state)
{
	struct bytes trace = trace_long();
	const struct vft_index_entry *entries;
	struct vft_header header;
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_item item;
	size_t offset = trace_find(trace, VFT_BLOCK_EVENTS, &header), n, n_gaps = 0, n_passed = 0;

	header.section_id ^= 1;
	vft_header_store(&header, trace.data + offset);
	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	assert_int_equal(vft_reader_get_index(reader, &entries, &n, NULL), 1);
	vft_reader_set_pass(reader, pass_events, NULL);
	while (vft_reader_next(reader, &item, NULL) == 1) {
		n_gaps += item.kind == VFT_ITEM_GAP;
		n_passed += item.kind == VFT_ITEM_PASSED;
	}
	assert_int_equal(n_gaps, 1);
	assert_int_equal(n_passed, 0);
	vft_reader_close(reader);
	bytes_free(&trace);
}

/* What END claims, and beside it what was seen: also of what was passed over or not decoded. */
static void check_seen(struct bytes trace, bool is_passed, bool is_counted, uint64_t n_blocks,
		       uint64_t n_rows)
{
	const struct vft_index_entry *entries;
	uint64_t end_of_time = UINT64_MAX;
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_item item;
	size_t n, n_ends = 0;

	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	if (is_passed) {
		assert_int_equal(vft_reader_get_index(reader, &entries, &n, NULL), 1);
		vft_reader_set_pass(reader, pass_early, &end_of_time);
	}
	if (is_counted)
		vft_reader_set_counted(reader, UINT64_MAX);
	while (vft_reader_next(reader, &item, NULL) == 1) {
		if (item.kind != VFT_ITEM_END)
			continue;
		assert_int_equal(item.end->seen_blocks, n_blocks);
		assert_int_equal(item.end->seen_rows, n_rows);
		n_ends++;
	}
	assert_int_equal(n_ends, 1);
	vft_reader_close(reader);
}

static void test_reader_index__end_tells_what_was_seen(void **state)
{
	struct bytes trace = trace_long();
	struct vft_header header;
	size_t offset = trace_find(trace, VFT_BLOCK_END, &header);
	uint64_t n_blocks = header.seq;

	for (unsigned int i = 0; i < 4; i++)
		check_seen(trace, i & 1, i & 2, n_blocks, 6000);
	/* Rows of a block that is not known are rows. */
	offset = trace_find(trace, VFT_BLOCK_EVENTS, &header);
	header.type = 0x8123;
	vft_header_store(&header, trace.data + offset);
	check_seen(trace, false, false, n_blocks, 6000);
	/* Those that cannot be read are not seen. */
	trace.data[offset + VFT_HEADER_SIZE] ^= 1;
	check_seen(trace, false, false, n_blocks - 1, 6000 - header.n_events);
	bytes_free(&trace);
}

static void test_reader_index__no_index(void **state)
{
	struct bytes trace = trace_long();
	const struct vft_index_entry *entries;
	size_t n;
	struct vft_source *source;
	struct vft_reader *reader;

	assert_int_equal(vft_source_open_memory(trace.data, trace.size - 1, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	assert_int_equal(vft_reader_has_index(reader, NULL), 0);
	assert_int_equal(vft_reader_get_index(reader, &entries, &n, NULL), 0);
	vft_reader_close(reader);
	bytes_free(&trace);
}

/* The trailer, and the INDEX block it leads to, saying what they cannot. */
static int index_with(struct bytes trace)
{
	const struct vft_index_entry *entries;
	struct vft_source *source;
	struct vft_reader *reader;
	size_t n;
	int r;

	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	assert_int_equal(vft_reader_open(source, NULL, &reader, NULL), 0);
	r = vft_reader_get_index(reader, &entries, &n, NULL);
	if (r == 1) {
		const struct vft_index_entry *again;

		assert_int_equal(vft_reader_get_index(reader, &again, &n, NULL), 1);
		assert_ptr_equal(again, entries);
	}
	assert_int_equal(vft_reader_has_index(reader, NULL), r);
	vft_reader_close(reader);
	return r;
}

static void test_reader_index__trailer_lies(void **state)
{
	struct bytes trace = trace_sample();
	uint8_t *at = trace.data + trace.size - VFT_TRAILER_SIZE;
	struct vft_trailer good, bad[7];

	assert_int_equal(index_with(trace), 1);
	assert_int_equal(vft_trailer_parse(at, &good), 0);
	for (size_t i = 0; i < N_OF(bad); i++)
		bad[i] = good;
	bad[0].self_off += 8;
	bad[1].self_off = UINT64_MAX;
	bad[2].to_index = 0;
	bad[3].to_index = (uint32_t)good.self_off + 8;
	bad[4].to_index = good.to_end; /* END, where INDEX should be */
	bad[5].to_index -= 8;
	bad[6].section ^= 1;
	for (size_t i = 0; i < N_OF(bad); i++) {
		vft_trailer_store(&bad[i], at);
		assert_int_equal(index_with(trace), 0);
	}
	bytes_free(&trace);
}

static void test_reader_index__index_lies(void **state)
{
	struct bytes trace = trace_sample();
	struct vft_header header;
	size_t offset = trace_find(trace, VFT_BLOCK_INDEX, &header);
	uint8_t *payload = trace.data + offset + VFT_HEADER_SIZE;
	/* previous_off, the number of entries, the first one's place and sequence number */
	static const struct {
		size_t at;
		uint8_t value;
	} bad[] = {{0, 0x7f}, {1, 1}, {1, 0}, {2, 8}, {3, 1}};

	assert_int_equal(header.flags, 0);
	assert_int_equal(payload[0], 0);
	for (size_t i = 0; i < N_OF(bad); i++) {
		uint8_t was = payload[bad[i].at];

		payload[bad[i].at] = bad[i].value;
		trace_reseal(trace, offset);
		assert_int_equal(index_with(trace), 0);
		payload[bad[i].at] = was;
	}
	/* A previous INDEX that is further on than this one; and a number without an end. */
	memset(payload, 0xff, 3);
	payload[3] = 0;
	trace_reseal(trace, offset);
	assert_int_equal(index_with(trace), 0);
	memset(payload, 0xff, 11);
	trace_reseal(trace, offset);
	assert_int_equal(index_with(trace), 0);
	bytes_free(&trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader_index__pass),
		cmocka_unit_test(test_reader_index__index_mismatch),
		cmocka_unit_test(test_reader_index__trailer_of_another),
		cmocka_unit_test(test_reader_index__end_of_passed_run),
		cmocka_unit_test(test_reader_index__beginning_of_passed_run),
		cmocka_unit_test(test_reader_index__block_of_another_section),
		cmocka_unit_test(test_reader_index__end_tells_what_was_seen),
		cmocka_unit_test(test_reader_index__no_index),
		cmocka_unit_test(test_reader_index__trailer_lies),
		cmocka_unit_test(test_reader_index__index_lies),
	};

	return cmocka_run_group_tests_name("reader_index", tests, NULL, NULL);
}
