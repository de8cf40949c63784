/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes back from a trace that was cut, damaged, or made to mislead. */
#include <errno.h>

#include "format/base/crc32c.h"
#include "trace.h"

static void test_recovery__every_truncation(void **state)
{
	struct bytes trace = trace_sample();
	struct reading whole = read_bytes(trace.data, trace.size);

	assert_int_equal(whole.n_gaps, 0);
	for (size_t size = 0; size < trace.size; size++) {
		/* At the edge of memory, so that reading on is a fault. */
		struct edge edge = edge_make(trace.data, size);
		struct reading cut = read_bytes(edge.data, size);
		struct vft_header header;
		size_t offset, expected = 0;
		bool on_boundary = false, closed = false;

		for (size_t i = 0; trace_block(trace, i, &header, &offset); i++) {
			size_t end = offset + VFT_HEADER_SIZE + header.payload_len;

			/* The padding is not needed. */
			if (end <= size)
				expected += header.n_events;
			on_boundary |= end <= size && size <= offset + vft_header_get_size(&header);
			closed |= header.type == VFT_BLOCK_END && end <= size;
		}
		if (cut.open_error) {
			assert_true(cut.open_error == -ENODATA);
			assert_int_equal(expected, 0);
		} else {
			assert_int_equal(cut.error, 0);
			assert_int_equal(cut.n_events, expected);
			assert_true(is_subsequence(&cut, &whole));
			assert_int_equal(count_gaps(&cut, VFT_GAP_CUT), !on_boundary);
			assert_int_equal(count_gaps(&cut, VFT_GAP_NOT_CLOSED), !closed);
			assert_int_equal(cut.covered, size);
		}
		reading_free(&cut);
		edge_free(&edge);
	}
	reading_free(&whole);
	bytes_free(&trace);
}

/* A flip is either reported, or provably harmless: the same events and the same end. */
static void test_recovery__every_bit_flip(void **state)
{
	struct bytes trace = trace_sample();
	struct reading whole = read_bytes(trace.data, trace.size);
	struct vft_header header;
	size_t n_harmless = 0;

	for (size_t bit = 0; bit < trace.size * 8; bit++) {
		struct reading reading;

		trace.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		reading = read_bytes(trace.data, trace.size);
		trace.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_int_equal(reading.open_error, 0);
		assert_int_equal(reading.error, 0);
		assert_true(is_subsequence(&reading, &whole));
		assert_int_equal(reading.covered, trace.size);
		if (!reading.n_gaps) {
			assert_int_equal(reading.n_events, whole.n_events);
			n_harmless++;
		} else {
			size_t offset = 0, end = 0;

			/* Only the block that was hit is lost. */
			for (size_t i = 0; trace_block(trace, i, &header, &offset); i++) {
				end = offset + vft_header_get_size(&header);
				if (bit / 8 < end)
					break;
			}
			assert_in_range(reading.gaps[0].offset, 0, bit / 8);
			if (bit / 8 < end)
				assert_int_equal(reading.n_events,
						 whole.n_events - header.n_events);
			else
				assert_int_equal(reading.n_events, whole.n_events);
		}
		reading_free(&reading);
	}
	/* Harmless are padding bits alone: seven bytes a block at most. */
	assert_in_range(n_harmless, 0, 8 * 7 * (size_t)16);
	reading_free(&whole);
	bytes_free(&trace);
}

/* Large, and of bytes that do not compress, so that it is stored as it is. */
static struct bytes make_hostile(const struct bytes *image)
{
	struct vft_task task = sample_task(300);
	struct vft_str argv, comm = STR("evil");
	struct vft_event list[3];
	struct bytes noise = {malloc(40000), 40000}, both, trace;
	uint32_t x = 1;

	assert_non_null(noise.data);
	for (size_t i = 0; i < noise.size; i++) {
		x = x * 1664525u + 1013904223u;
		noise.data[i] = (uint8_t)(x >> 24);
	}
	both = bytes_join(noise, *image);
	bytes_free(&noise);
	argv = (struct vft_str){(const char *)both.data, (uint32_t)both.size};
	for (size_t i = 0; i < N_OF(list); i++) {
		list[i] = (struct vft_event){.kind = VFT_KIND_EXEC,
					     .time_ns = T0 + i * 3000000000ull,
					     .task = &task,
					     .comm = &comm};
		list[i].exec.argv = i == 1 ? &argv : NULL;
	}
	trace = trace_make(SECTION_ID, list, N_OF(list), 0, true);
	bytes_free(&both);
	return trace;
}

static size_t count_syncs(struct bytes trace)
{
	size_t n = 0;

	for (size_t i = 0; i + VFT_SYNC_SIZE <= trace.size; i++)
		n += !memcmp(trace.data + i, VFT_SYNC, VFT_SYNC_SIZE);
	return n;
}

static void test_recovery__sync_never_in_payload(void **state)
{
	struct bytes image = trace_sample();
	struct bytes trace = make_hostile(&image);
	struct reading reading = read_bytes(trace.data, trace.size);
	struct vft_header header;
	size_t offset, n_blocks = 0, n_masked = 0;

	while (trace_block(trace, n_blocks, &header, &offset)) {
		n_masked += header.flags != 0;
		n_blocks++;
	}
	assert_true(count_syncs(image) > 5);
	assert_int_equal(count_syncs(trace), n_blocks);
	assert_int_equal(n_masked, 1);
	assert_int_equal(reading.n_events, 3);
	assert_int_equal(reading.n_gaps, 0);
	reading_free(&reading);
	bytes_free(&trace);
	bytes_free(&image);
}

/*
 * A block that holds the image of a whole trace as a writer would leave it that knows nothing of
 * masks, between two ordinary ones, and damaged.
 */
static void check_image_in_block(uint64_t image_id, size_t damaged_byte)
{
	struct vft_event mark = {.kind = VFT_KIND_MARK, .time_ns = T0};
	struct bytes trace = trace_make(SECTION_ID, &mark, 1, 0, false), image, block, other, last;
	struct vft_header header;
	struct reading reading;
	size_t n, offset = trace.size;
	const struct vft_event *list = sample_events(&n);

	image = trace_make(image_id, list, n, 256, true);
	block = block_make(VFT_BLOCK_STACKS, SECTION_ID, 0, 0, image.data, image.size);
	assert_int_equal(vft_header_parse(block.data, &header), 0);
	assert_int_not_equal(header.flags, 0);
	memcpy(block.data + VFT_HEADER_SIZE, image.data, image.size);
	header.flags = 0;
	header.payload_crc = vft_crc32c(0, image.data, image.size);
	vft_header_store(&header, block.data);
	trace_append(&trace, block);
	mark.time_ns = T0 + 6000;
	other = trace_make(SECTION_ID, &mark, 1, 0, false);
	last.data = other.data + trace_find(other, VFT_BLOCK_EVENTS, &header);
	last.size = vft_header_get_size(&header);
	trace_append(&trace, last);

	trace.data[offset + damaged_byte] ^= 1;
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.n_sections, 1);
	assert_int_equal(reading.n_events, 2);
	assert_int_equal(reading.n_gaps, 2);
	assert_int_equal(reading.gaps[0].offset, offset);
	assert_int_equal(reading.gaps[0].size_bytes, block.size);
	assert_int_equal(reading.gaps[0].gap.n_missing_blocks, 1);
	assert_int_equal(reading.gaps[0].gap.from_ns, T0);
	assert_int_equal(reading.gaps[0].gap.to_ns, T0 + 6000);
	assert_int_equal(reading.gaps[1].gap.kind, VFT_GAP_NOT_CLOSED);
	reading_free(&reading);
	bytes_free(&trace);
	bytes_free(&image);
	bytes_free(&block);
	bytes_free(&other);
}

static void test_recovery__image_in_block_payload_damaged(void **state)
{
	check_image_in_block(42, VFT_HEADER_SIZE);
}

static void test_recovery__image_in_block_header_damaged(void **state)
{
	check_image_in_block(42, 0);
}

static void test_recovery__own_image_in_block_header_damaged(void **state)
{
	check_image_in_block(SECTION_ID, 0);
}

/* A block with @payload as it is, mask or not, at the end of @trace. Returns where it begins. */
static size_t append_bare(struct bytes *trace, const void *payload, size_t size)
{
	struct bytes block = block_make(VFT_BLOCK_STACKS, SECTION_ID, 0, 0, payload, size);
	struct vft_header header;
	size_t offset = trace->size;

	assert_int_equal(vft_header_parse(block.data, &header), 0);
	memcpy(block.data + VFT_HEADER_SIZE, payload, size);
	header.flags = 0;
	header.payload_crc = vft_crc32c(0, payload, size);
	vft_header_store(&header, block.data);
	trace_append(trace, block);
	bytes_free(&block);
	return offset;
}

/* The last block of a cut file: nothing of our own follows that could say otherwise. */
static void test_recovery__own_image_in_last_block(void **state)
{
	struct vft_event mark = {.kind = VFT_KIND_MARK, .time_ns = T0};
	struct bytes trace = trace_make(SECTION_ID, &mark, 1, 0, false), image = trace_sample();
	size_t offset = append_bare(&trace, image.data, image.size);
	struct reading reading;

	trace.data[offset] ^= 1;
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.n_sections, 1);
	assert_int_equal(reading.n_events, 1);
	assert_int_equal(reading.gaps[0].offset, offset);
	assert_int_equal(reading.gaps[0].size_bytes, trace.size - offset);
	reading_free(&reading);
	bytes_free(&image);
	bytes_free(&trace);
}

/* Somebody who can read the file forges what would fit exactly where it lies inside a block. */
static void test_recovery__forged_continuation_inside_payload(void **state)
{
	struct vft_event mark = {.kind = VFT_KIND_MARK, .time_ns = T0};
	struct bytes trace = trace_make(SECTION_ID, &mark, 1, 0, false), forged, last;
	struct bytes other = trace_make(SECTION_ID, &mark, 1, 0, false);
	uint8_t payload[512] = {0};
	struct vft_header header;
	size_t offset = trace.size, at = trace_find(other, VFT_BLOCK_EVENTS, &header);
	struct reading reading;

	last = (struct bytes){other.data + at, vft_header_get_size(&header)};
	forged = bytes_join(last, (struct bytes){0});
	header.seq = 5;
	header.self_off = offset + VFT_HEADER_SIZE + 8;
	vft_header_store(&header, forged.data);
	assert_true(forged.size + 8 <= sizeof(payload));
	memcpy(payload + 8, forged.data, forged.size);
	assert_int_equal(append_bare(&trace, payload, sizeof(payload)), offset);
	trace_append(&trace, last);
	trace.data[offset + VFT_HEADER_SIZE] ^= 1;
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.n_events, 2);
	assert_int_equal(reading.gaps[0].offset, offset);
	assert_int_equal(reading.gaps[0].size_bytes, VFT_HEADER_SIZE + sizeof(payload));
	assert_int_equal(reading.gaps[0].gap.n_missing_blocks, 1);
	reading_free(&reading);
	bytes_free(&forged);
	bytes_free(&other);
	bytes_free(&trace);
}

/* In the right place, with right checksums, and of another recording. */
static void test_recovery__block_of_another_section(void **state)
{
	struct bytes trace = trace_sample();
	struct reading whole = read_bytes(trace.data, trace.size), reading;
	struct vft_header header;
	size_t offset = trace_find(trace, VFT_BLOCK_SNAPSHOT, &header);

	header.section_id ^= 1;
	vft_header_store(&header, trace.data + offset);
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.n_events, whole.n_events - header.n_events);
	assert_int_equal(reading.n_sections, 1);
	assert_int_equal(reading.n_gaps, 1);
	assert_int_equal(reading.gaps[0].offset, offset);
	reading_free(&reading);
	reading_free(&whole);
	bytes_free(&trace);
}

static void test_recovery__section_block_lost(void **state)
{
	struct bytes trace = trace_sample();
	struct reading whole = read_bytes(trace.data, trace.size), reading;

	trace.data[20] ^= 0xff;
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.open_error, 0);
	assert_int_equal(reading.n_events, whole.n_events);
	assert_int_equal(reading.n_sections, 1);
	assert_int_equal(reading.section_ids[0], SECTION_ID);
	assert_int_equal(reading.n_items[VFT_ITEM_META], 1);
	assert_int_equal(reading.n_items[VFT_ITEM_END], 1);
	assert_int_equal(reading.n_gaps, 1);
	assert_int_equal(reading.gaps[0].gap.n_missing_blocks, 1);
	/* SECTION holds no event, so none can be missing. */
	assert_int_equal(reading.gaps[0].gap.from_ns, reading.gaps[0].gap.to_ns);
	reading_free(&reading);
	reading_free(&whole);
	bytes_free(&trace);
}

static void test_recovery__head_cut_off(void **state)
{
	struct bytes trace = trace_sample();
	struct vft_header header;
	size_t offset = trace_find(trace, VFT_BLOCK_EVENTS, &header), n_before = 2;
	struct reading whole = read_bytes(trace.data, trace.size);
	struct reading reading = read_bytes(trace.data + offset - 5, trace.size - offset + 5);

	assert_int_equal(reading.open_error, 0);
	assert_int_equal(reading.n_events, whole.n_events - n_before);
	assert_int_equal(reading.section_ids[0], SECTION_ID);
	assert_int_equal(reading.gaps[0].gap.n_missing_blocks, header.seq);
	assert_int_equal(reading.gaps[0].gap.from_ns, 0);
	assert_int_equal(reading.gaps[0].gap.to_ns, header.first_ts);
	reading_free(&reading);
	reading_free(&whole);
	bytes_free(&trace);
}

static void test_recovery__schema_block_lost(void **state)
{
	struct bytes trace = trace_sample();
	struct vft_header header;
	size_t offset = trace_find(trace, VFT_BLOCK_SCHEMA, &header);
	struct reading whole = read_bytes(trace.data, trace.size), reading;

	trace.data[offset + VFT_HEADER_SIZE + 3] ^= 4;
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.n_events, whole.n_events);
	assert_int_equal(count_gaps(&reading, VFT_GAP_DAMAGE), 1);
	assert_int_equal(count_gaps(&reading, VFT_GAP_REFUSED), 1); /* says which schema is used */
	reading_free(&reading);
	reading_free(&whole);
	bytes_free(&trace);
}

/* Every byte of one block, and of the next but one, is garbage. */
static void test_recovery__two_damages(void **state)
{
	struct bytes trace = trace_sample();
	struct reading whole = read_bytes(trace.data, trace.size), reading;
	struct vft_header header;
	size_t offset, lost = 0;

	for (size_t i = 4; i <= 6; i += 2) {
		assert_true(trace_block(trace, i, &header, &offset));
		lost += header.n_events;
	}
	assert_true(lost > 0);
	for (size_t i = 6; i >= 4; i -= 2) {
		assert_true(trace_block(trace, i, &header, &offset));
		memset(trace.data + offset, 0xa5, vft_header_get_size(&header));
	}
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.n_events, whole.n_events - lost);
	assert_int_equal(reading.n_gaps, 2);
	assert_int_equal(reading.gaps[0].gap.n_missing_blocks, 1);
	assert_int_equal(reading.gaps[1].gap.n_missing_blocks, 1);
	assert_true(reading.gaps[0].gap.to_ns <= reading.gaps[1].gap.from_ns);
	reading_free(&reading);
	reading_free(&whole);
	bytes_free(&trace);
}

/* A hole that leaves no bytes: seq jumps, and positions go on. */
static void test_recovery__missing_sequence_number(void **state)
{
	struct bytes trace = trace_sample();
	struct vft_header header;
	struct reading reading;
	size_t offset;

	assert_true(trace_block(trace, 4, &header, &offset));
	for (size_t i = 4; trace_block(trace, i, &header, &offset); i++) {
		header.seq += 3;
		vft_header_store(&header, trace.data + offset);
	}
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.n_gaps, 1);
	assert_int_equal(reading.gaps[0].size_bytes, 0);
	assert_int_equal(reading.gaps[0].gap.n_missing_blocks, 3);
	reading_free(&reading);
	bytes_free(&trace);
}

static void test_recovery__garbage_between_sections(void **state)
{
	struct bytes a = trace_sample(), noise = {(uint8_t *)strdup("some text in between"), 20};
	struct bytes front = bytes_join(noise, a), both = bytes_join(front, front);
	struct reading one = read_bytes(a.data, a.size);
	struct reading reading = read_bytes(both.data, both.size);

	assert_int_equal(reading.n_sections, 2);
	assert_int_equal(reading.n_events, 2 * one.n_events);
	assert_int_equal(count_gaps(&reading, VFT_GAP_DAMAGE), 2);
	assert_int_equal(reading.gaps[0].size_bytes, 20);
	assert_int_equal(reading.gaps[1].size_bytes, 20);
	assert_int_equal(reading.gaps[1].gap.from_ns, reading.gaps[1].gap.to_ns);
	reading_free(&reading);
	reading_free(&one);
	bytes_free(&a);
	bytes_free(&noise);
	bytes_free(&front);
	bytes_free(&both);
}

static void test_recovery__cut_section_then_another(void **state)
{
	struct bytes a = trace_sample(), b, both;
	size_t n;
	const struct vft_event *list = sample_events(&n);
	struct reading reading;

	b = trace_make(9, list, n, 0, true);
	a.size = a.size * 2 / 3 + 1;
	both = bytes_join(a, b);
	reading = read_bytes(both.data, both.size);
	assert_int_equal(reading.n_sections, 2);
	assert_int_equal(reading.section_ids[1], 9);
	assert_int_equal(count_gaps(&reading, VFT_GAP_NOT_CLOSED), 1);
	assert_true(reading.n_events > n);
	assert_int_equal(reading.covered, both.size);
	reading_free(&reading);
	bytes_free(&a);
	bytes_free(&b);
	bytes_free(&both);
}

/* Counts what is read of another. */
struct counting {
	struct vft_source source;
	struct vft_source *of;
	uint64_t n_bytes;
};

static int64_t read_counted(struct vft_source *source, uint64_t offset, void *buffer, size_t size)
{
	struct counting *counting = (struct counting *)source;
	int64_t n = counting->of->read_at(counting->of, offset, buffer, size);

	counting->n_bytes += n > 0 ? (uint64_t)n : 0;
	return n;
}

static void close_counted(struct vft_source *source)
{
	(void)source;
}

/*
 * Each section is said to be damaged at its end and followed by another: whether the own one goes
 * on is looked for behind each, but not to the file's end for each.
 */
static void test_recovery__searches_do_not_add_up(void **state)
{
	enum { N = 6000 };
	static const uint8_t junk[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct bytes trace = trace_sample(), all;
	struct vft_header header;
	size_t size = 0, offset, n_sections = 0;
	struct counting counting = {
		.source = {.read_at = read_counted, .close = close_counted, .seekable = true}};
	struct vft_reader *reader;
	struct vft_item item;

	assert_true(trace_block(trace, 0, &header, &offset));
	all.data = malloc(N * (VFT_HEADER_SIZE + header.payload_len + 16));
	assert_non_null(all.data);
	for (uint64_t i = 0; i < N; i++) {
		struct bytes block = block_make(VFT_BLOCK_SECTION, 0x1000 + i, 0, 0,
						trace.data + VFT_HEADER_SIZE, header.payload_len);

		memcpy(all.data + size, block.data, block.size);
		memcpy(all.data + size + block.size, junk, sizeof(junk));
		size += block.size + sizeof(junk);
		bytes_free(&block);
	}
	assert_int_equal(vft_source_open_memory(all.data, size, &counting.of, NULL), 0);
	counting.source.size_bytes = size;
	assert_int_equal(vft_reader_open(&counting.source, NULL, &reader, NULL), 0);
	while (vft_reader_next(reader, &item, NULL) == 1)
		n_sections += item.kind == VFT_ITEM_SECTION;
	assert_int_equal(n_sections, N);
	/* Each search reads 64 KiB at a time. */
	assert_in_range(counting.n_bytes, size, (128u << 20) + 2ull * N * (64u << 10));
	vft_reader_close(reader);
	vft_source_close(counting.of);
	free(all.data);
	bytes_free(&trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recovery__every_truncation),
		cmocka_unit_test(test_recovery__every_bit_flip),
		cmocka_unit_test(test_recovery__sync_never_in_payload),
		cmocka_unit_test(test_recovery__image_in_block_payload_damaged),
		cmocka_unit_test(test_recovery__image_in_block_header_damaged),
		cmocka_unit_test(test_recovery__own_image_in_block_header_damaged),
		cmocka_unit_test(test_recovery__own_image_in_last_block),
		cmocka_unit_test(test_recovery__forged_continuation_inside_payload),
		cmocka_unit_test(test_recovery__block_of_another_section),
		cmocka_unit_test(test_recovery__section_block_lost),
		cmocka_unit_test(test_recovery__head_cut_off),
		cmocka_unit_test(test_recovery__schema_block_lost),
		cmocka_unit_test(test_recovery__two_damages),
		cmocka_unit_test(test_recovery__missing_sequence_number),
		cmocka_unit_test(test_recovery__garbage_between_sections),
		cmocka_unit_test(test_recovery__cut_section_then_another),
		cmocka_unit_test(test_recovery__searches_do_not_add_up),
	};

	return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
