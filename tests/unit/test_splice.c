/* SPDX-License-Identifier: BSD-2-Clause */
/* What comes back where bytes are missing, or too many, or belong elsewhere. */
#include <errno.h>

#include "format/base/crc32c.h"
#include "trace.h"

/* @trace with @n_removed bytes at @at exchanged for @n_added of @added. */
static struct bytes splice(struct bytes trace, size_t at, size_t n_removed, const void *added,
			   size_t n_added)
{
	struct bytes head = {trace.data, at}, middle = {(uint8_t *)(uintptr_t)added, n_added},
		     tail = {trace.data + at + n_removed, trace.size - at - n_removed};
	struct bytes front = bytes_join(head, middle), whole = bytes_join(front, tail);

	bytes_free(&front);
	return whole;
}

/* Events of the blocks of @trace whose bytes, but for padding, lie outside [@at, @end). */
static size_t count_untouched(struct bytes trace, size_t at, size_t end)
{
	struct vft_header header;
	size_t offset, n = 0;

	for (size_t i = 0; trace_block(trace, i, &header, &offset); i++) {
		size_t last = offset + VFT_HEADER_SIZE + header.payload_len;

		/* Inserted bytes touch what they are inside of. */
		if (last <= at || offset >= end)
			n += header.n_events;
	}
	return n;
}

static void check_splice(struct bytes trace, size_t at, size_t n_removed, size_t n_added)
{
	static uint8_t noise[4096];
	struct reading whole = read_bytes(trace.data, trace.size), reading;
	struct bytes damaged;
	size_t expected = count_untouched(trace, at, at + n_removed);

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 7 + 1);
	damaged = splice(trace, at, n_removed, noise, n_added);
	reading = read_bytes(damaged.data, damaged.size);
	if (reading.open_error) {
		assert_int_equal(expected, 0);
	} else {
		/* More, where the bytes were exchanged for the same. */
		assert_in_range(reading.n_events, expected, whole.n_events);
		assert_true(is_subsequence(&reading, &whole));
		assert_int_equal(reading.covered, damaged.size);
		assert_int_equal(reading.n_sections, 1);
	}
	reading_free(&reading);
	reading_free(&whole);
	bytes_free(&damaged);
}

/* Each whole block comes back, wherever bytes are missing or too many: also both at once. */
static void test_splice__anywhere(void **state)
{
	static const size_t sizes[] = {0, 1, 5, 8, 64, 200, 1000};
	struct bytes trace = trace_sample();

	for (size_t at = 0; at < trace.size; at += 3)
		for (size_t i = 0; i < N_OF(sizes); i++)
			for (size_t j = 0; j < N_OF(sizes); j++)
				if (i + j && sizes[i] <= trace.size - at)
					check_splice(trace, at, sizes[i], sizes[j]);
	bytes_free(&trace);
}

static uint32_t next_random(uint32_t *x)
{
	*x = *x * 1664525u + 1013904223u;
	return *x >> 8;
}

/* Two places at once. */
static void test_splice__two_places(void **state)
{
	static uint8_t noise[512];
	struct bytes trace = trace_sample();
	struct reading whole = read_bytes(trace.data, trace.size);
	uint32_t x = 1;

	memset(noise, 0xa5, sizeof(noise));
	for (unsigned int round = 0; round < 20000; round++) {
		size_t a = next_random(&x) % trace.size, b = next_random(&x) % trace.size;
		size_t at[2] = {a < b ? a : b, a < b ? b : a}, n_removed[2], n_added[2];
		size_t expected = 0, offset;
		struct bytes once, twice;
		struct vft_header header;
		struct reading reading;

		n_removed[0] = next_random(&x) % 300;
		n_removed[1] = next_random(&x) % 300;
		if (at[0] + n_removed[0] > at[1])
			n_removed[0] = at[1] - at[0];
		if (at[1] + n_removed[1] > trace.size)
			n_removed[1] = trace.size - at[1];
		n_added[0] = next_random(&x) % 300;
		n_added[1] = next_random(&x) % 300;
		/* What stands where it says is believed before what does not. */
		if (n_added[0] + n_added[1] == n_removed[0] + n_removed[1])
			continue;
		once = splice(trace, at[1], n_removed[1], noise, n_added[1]);
		twice = splice(once, at[0], n_removed[0], noise, n_added[0]);
		for (size_t i = 0; trace_block(trace, i, &header, &offset); i++) {
			size_t end = offset + VFT_HEADER_SIZE + header.payload_len;
			bool is_whole = true;

			for (size_t j = 0; j < 2; j++)
				is_whole &= end <= at[j] || offset >= at[j] + n_removed[j];
			expected += is_whole ? header.n_events : 0;
		}
		reading = read_bytes(twice.data, twice.size);
		assert_int_equal(reading.open_error, 0);
		assert_in_range(reading.n_events, expected, whole.n_events);
		assert_true(is_subsequence(&reading, &whole));
		assert_int_equal(reading.covered, twice.size);
		reading_free(&reading);
		bytes_free(&once);
		bytes_free(&twice);
	}
	reading_free(&whole);
	bytes_free(&trace);
}

static struct bytes sample_of(uint64_t id)
{
	size_t n;
	const struct vft_event *list = sample_events(&n);

	return trace_make(id, list, n, 64, true);
}

static struct bytes headless(uint64_t id, uint16_t type)
{
	struct bytes trace = sample_of(id), tail;
	struct vft_header header;
	size_t offset = trace_find(trace, type, &header);

	tail = splice(trace, 0, offset, "", 0);
	bytes_free(&trace);
	return tail;
}

/* The input's head is missing up to a block: it is that block that stands there. */
static void test_splice__head_cut_at_block(void **state)
{
	struct bytes trace = trace_sample();
	struct reading whole = read_bytes(trace.data, trace.size);
	struct vft_header header;
	size_t offset, n_before = 0;

	for (size_t i = 0; trace_block(trace, i, &header, &offset); i++) {
		struct reading reading = read_bytes(trace.data + offset, trace.size - offset);

		assert_int_equal(reading.open_error, 0);
		assert_int_equal(reading.n_events, whole.n_events - n_before);
		if (i) {
			assert_int_equal(reading.gaps[0].gap.kind, VFT_GAP_DAMAGE);
			assert_int_equal(reading.gaps[0].size_bytes, 0);
			assert_int_equal(reading.gaps[0].gap.n_missing_blocks, i);
		}
		/* Rows that are read without SCHEMA are said to be. */
		if (i > 2 && header.type != VFT_BLOCK_INDEX && header.type != VFT_BLOCK_END)
			assert_int_equal(count_gaps(&reading, VFT_GAP_REFUSED), 1);
		n_before += header.n_events;
		reading_free(&reading);
	}
	reading_free(&whole);
	bytes_free(&trace);
}

static void test_splice__bytes_missing(void **state)
{
	struct bytes trace = trace_sample(), damaged;
	struct vft_header header;
	size_t offset = trace_find(trace, VFT_BLOCK_SNAPSHOT, &header);
	struct reading reading;

	damaged = splice(trace, offset, vft_header_get_size(&header), "", 0);
	reading = read_bytes(damaged.data, damaged.size);
	assert_int_equal(reading.n_gaps, 1);
	assert_int_equal(reading.gaps[0].offset, offset);
	assert_int_equal(reading.gaps[0].size_bytes, 0);
	assert_int_equal(reading.gaps[0].gap.n_missing_blocks, 1);
	assert_int_equal(reading.gaps[0].gap.from_ns, T0);
	assert_int_equal(reading.gaps[0].gap.to_ns, T0 + 90); /* smallest of what follows */
	assert_int_equal(reading.n_items[VFT_ITEM_END], 1);
	/* END and the trailer belong to it as ever. */
	assert_int_equal(reading.n_items[VFT_ITEM_INDEX], 3);
	reading_free(&reading);
	bytes_free(&damaged);
	bytes_free(&trace);
}

/* Only bytes that hold nothing are missing: no event can be. */
static void test_splice__padding_missing(void **state)
{
	struct bytes trace = trace_sample();
	struct reading whole = read_bytes(trace.data, trace.size);
	struct vft_header header;
	size_t offset, n_checked = 0;

	for (size_t i = 0; trace_block(trace, i, &header, &offset); i++) {
		size_t end = offset + VFT_HEADER_SIZE + header.payload_len;
		size_t n_padding = offset + vft_header_get_size(&header) - end;

		for (size_t n = 1; n <= n_padding && header.type != VFT_BLOCK_END; n++) {
			struct bytes damaged = splice(trace, end + n_padding - n, n, "", 0);
			struct reading reading = read_bytes(damaged.data, damaged.size);

			assert_int_equal(reading.n_events, whole.n_events);
			assert_int_equal(reading.n_gaps, 1);
			assert_int_equal(reading.gaps[0].size_bytes, 0);
			assert_int_equal(reading.gaps[0].gap.n_missing_blocks, 0);
			assert_int_equal(reading.gaps[0].gap.from_ns, reading.gaps[0].gap.to_ns);
			reading_free(&reading);
			bytes_free(&damaged);
			n_checked++;
		}
	}
	assert_true(n_checked > 5);
	reading_free(&whole);
	bytes_free(&trace);
}

/* A section that was cut in its padding leaves the next one its first bytes. */
static void test_splice__cut_in_padding_then_another(void **state)
{
	struct bytes a = trace_sample(), b = sample_of(9);
	struct vft_header header;
	size_t offset = trace_find(a, VFT_BLOCK_SNAPSHOT, &header), n_before = 2;
	size_t end = offset + VFT_HEADER_SIZE + header.payload_len;
	struct reading second = read_bytes(b.data, b.size);

	assert_int_not_equal(header.payload_len % 8, 0);
	for (a.size = end; a.size < offset + vft_header_get_size(&header); a.size++) {
		struct bytes both = bytes_join(a, b);
		struct reading reading = read_bytes(both.data, both.size);

		assert_int_equal(reading.n_sections, 2);
		assert_int_equal(reading.n_events, n_before + second.n_events);
		assert_int_equal(reading.n_gaps, 1);
		assert_int_equal(reading.gaps[0].gap.kind, VFT_GAP_NOT_CLOSED);
		assert_int_equal(reading.covered, both.size);
		reading_free(&reading);
		bytes_free(&both);
	}
	reading_free(&second);
	bytes_free(&a);
	bytes_free(&b);
}

/* A copy that broke off, and the whole file behind it: wherever it broke off. */
static void test_splice__partial_then_whole_copy(void **state)
{
	struct bytes trace = trace_sample(), part = trace;
	struct reading whole = read_bytes(trace.data, trace.size);

	for (part.size = VFT_HEADER_SIZE + VFT_SEC_SIZE; part.size < trace.size; part.size++) {
		struct bytes both = bytes_join(part, trace);
		struct reading reading = read_bytes(both.data, both.size);
		size_t expected = count_untouched(trace, part.size, trace.size);

		assert_int_equal(reading.n_events, expected + whole.n_events);
		assert_int_equal(reading.n_items[VFT_ITEM_SECTION], 2);
		assert_int_equal(reading.covered, both.size);
		reading_free(&reading);
		bytes_free(&both);
	}
	reading_free(&whole);
	bytes_free(&trace);
}

/* A part of a recording that begins with a block, behind what is closed, cut or not closed. */
static void check_headless_behind(struct bytes before, size_t n_events, uint64_t id)
{
	struct bytes tail = headless(id, VFT_BLOCK_SNAPSHOT), both = bytes_join(before, tail);
	struct reading reading = read_bytes(both.data, both.size);
	struct reading alone = read_bytes(tail.data, tail.size);
	size_t n_told = 0;

	assert_int_equal(reading.n_sections, 2);
	assert_int_equal(reading.section_ids[1], id);
	assert_int_equal(reading.n_events, n_events + alone.n_events);
	assert_int_equal(reading.covered, both.size);
	/* Its head is missing, from its first moment on. */
	for (size_t i = 0; i < reading.n_gaps; i++)
		n_told += reading.gaps[i].gap.n_missing_blocks == 4 &&
			  reading.gaps[i].gap.from_ns == 0 && reading.gaps[i].gap.to_ns == T0 + 50;
	assert_int_equal(n_told, 1);
	reading_free(&alone);
	reading_free(&reading);
	bytes_free(&both);
	bytes_free(&tail);
}

static void test_splice__headless_behind(void **state)
{
	struct bytes trace = trace_sample(), part = trace;
	struct reading whole = read_bytes(trace.data, trace.size);
	struct vft_header header;
	size_t offset;

	check_headless_behind(trace, whole.n_events, 9);
	check_headless_behind(trace, whole.n_events, SECTION_ID);
	for (size_t i = 4; i < 8; i++) {
		assert_true(trace_block(trace, i, &header, &offset));
		part.size = offset;
		check_headless_behind(part, count_untouched(trace, offset, trace.size), 9);
		for (size_t n = 1; n < vft_header_get_size(&header); n += 5) {
			part.size = offset + n;
			check_headless_behind(part, count_untouched(trace, part.size, trace.size),
					      9);
		}
	}
	reading_free(&whole);
	bytes_free(&trace);
}

/*
 * Recorded bytes that are a copy of the section so far, in the last block, which a writer that
 * knows no masks left: whatever of that block is damaged, they are none of the section's blocks.
 */
static void test_splice__copy_in_last_block(void **state)
{
	static const size_t damaged[] = {0, 12, 30, 60, VFT_HEADER_SIZE + 1};
	struct vft_event mark = {.kind = VFT_KIND_MARK, .time_ns = T0};
	struct bytes trace = trace_make(SECTION_ID, &mark, 1, 0, false), block;
	struct bytes image = bytes_join((struct bytes){(uint8_t *)(uintptr_t) "1234567", 7}, trace);
	struct vft_header header;
	size_t offset = trace.size;

	block = block_make(VFT_BLOCK_STACKS, SECTION_ID, 0, 0, image.data, image.size);
	assert_int_equal(vft_header_parse(block.data, &header), 0);
	assert_int_not_equal(header.flags, 0);
	memcpy(block.data + VFT_HEADER_SIZE, image.data, image.size);
	header.flags = 0;
	header.payload_crc = vft_crc32c(0, image.data, image.size);
	vft_header_store(&header, block.data);
	trace_append(&trace, block);
	for (size_t i = 0; i < N_OF(damaged); i++) {
		/* Whole, and cut at each byte behind the copy's first block. */
		for (size_t cut = 0; cut < image.size - 150; cut += 7) {
			struct reading reading;

			trace.data[offset + damaged[i]] ^= 1;
			reading = read_bytes(trace.data, trace.size - cut);
			trace.data[offset + damaged[i]] ^= 1;
			assert_int_equal(reading.n_sections, 1);
			assert_int_equal(reading.n_events, 1);
			assert_int_equal(reading.gaps[0].offset, offset);
			assert_int_equal(reading.gaps[0].size_bytes, trace.size - cut - offset);
			reading_free(&reading);
		}
	}
	bytes_free(&image);
	bytes_free(&block);
	bytes_free(&trace);
}

/* The same of a section that was closed, in a block that the input ends inside of: the copy's end
 * is not the input's. */
static void test_splice__closed_copy_in_cut_block(void **state)
{
	struct vft_event mark = {.kind = VFT_KIND_MARK, .time_ns = T0};
	struct bytes trace = trace_make(SECTION_ID, &mark, 1, 0, false), image = trace_sample();
	struct bytes more = splice(image, image.size, 0, "more than the copy", 19), block;
	struct vft_header header;
	size_t offset = trace.size;

	block = block_make(VFT_BLOCK_STACKS, SECTION_ID, 0, 0, more.data, more.size);
	assert_int_equal(vft_header_parse(block.data, &header), 0);
	memcpy(block.data + VFT_HEADER_SIZE, more.data, more.size);
	header.flags = 0;
	vft_header_store(&header, block.data);
	trace_append(&trace, block);
	for (size_t cut = 6; cut < 24; cut++) {
		struct reading reading = read_bytes(trace.data, trace.size - cut);
		bool is_its_end = trace.size - cut == offset + VFT_HEADER_SIZE + image.size;

		/* Where it is, nothing tells it from a copy that broke off before a whole one. */
		assert_int_equal(reading.n_sections, is_its_end ? 2 : 1);
		if (!is_its_end)
			assert_int_equal(reading.n_events, 1);
		reading_free(&reading);
	}
	bytes_free(&more);
	bytes_free(&image);
	bytes_free(&block);
	bytes_free(&trace);
}

/* seq never falls: a block that stands where it says, and is of what was read, is not of here. */
static void test_splice__seq_never_falls(void **state)
{
	struct bytes trace = trace_sample();
	struct vft_header header;
	struct reading whole = read_bytes(trace.data, trace.size), reading;
	size_t offset = trace_find(trace, VFT_BLOCK_EVENTS, &header);

	header.seq = 1;
	vft_header_store(&header, trace.data + offset);
	reading = read_bytes(trace.data, trace.size);
	assert_int_equal(reading.n_events, whole.n_events - header.n_events);
	assert_int_equal(reading.n_gaps, 1);
	assert_int_equal(reading.gaps[0].offset, offset);
	reading_free(&reading);
	reading_free(&whole);
	bytes_free(&trace);
}

/* @trace with the block of @type, whose header is changed to be @seq at @self_off, behind damage.
 */
static struct reading read_moved(uint16_t type, uint64_t seq, uint64_t self_off)
{
	struct bytes trace = trace_sample(), damaged;
	struct vft_header header;
	size_t at = trace_find(trace, VFT_BLOCK_SNAPSHOT, &header), offset;
	struct reading reading;

	offset = trace_find(trace, type, &header);
	header.seq = seq;
	header.self_off = self_off;
	vft_header_store(&header, trace.data + offset);
	/* Up to it all is missing but a byte, and nothing follows. */
	trace.size = offset + vft_header_get_size(&header);
	damaged = splice(trace, at, offset - at - 1, "", 0);
	reading = read_bytes(damaged.data, damaged.size);
	bytes_free(&damaged);
	bytes_free(&trace);
	return reading;
}

/* What goes on elsewhere than it says is of what was still to come, by seq and by self_off. */
static void test_splice__only_what_was_to_come(void **state)
{
	struct bytes sample = trace_sample();
	struct vft_header sound;
	/* Of the first that will be missing. */
	const uint64_t at = trace_find(sample, VFT_BLOCK_SNAPSHOT, &sound);
	const struct {
		uint64_t seq, self_off;
		size_t n_events;
	} moved[] = {{4, at, 3}, {4, at + 8, 3}, {9, 5000, 3},
		     {3, at, 1}, {4, at - 1, 1}, {3, 5000, 1}};

	for (size_t i = 0; i < N_OF(moved); i++) {
		struct reading reading;

		assert_int_equal(sound.seq, 4);
		reading = read_moved(VFT_BLOCK_EVENTS, moved[i].seq, moved[i].self_off);
		assert_int_equal(reading.n_events, moved[i].n_events);
		/* Where bytes are missing events may be, whatever seq says. */
		if (reading.n_events > 1 && moved[i].self_off > at)
			assert_true(reading.gaps[0].gap.from_ns < reading.gaps[0].gap.to_ns);
		if (reading.n_events > 1 && moved[i].self_off == at)
			assert_true(reading.gaps[0].gap.from_ns == reading.gaps[0].gap.to_ns);
		reading_free(&reading);
	}
	bytes_free(&sample);
}

/* END is the last of its section: what stands behind is no more of it. */
static void test_splice__block_behind_end(void **state)
{
	struct vft_event mark = {.kind = VFT_KIND_MARK, .time_ns = T0};
	struct bytes trace = trace_make(SECTION_ID, &mark, 1, 0, true), block = {0};
	struct vft_header header;
	size_t offset = trace_find(trace, VFT_BLOCK_EVENTS, &header);
	struct reading reading;

	block.size = vft_header_get_size(&header);
	block.data = malloc(block.size);
	assert_non_null(block.data);
	memcpy(block.data, trace.data + offset, block.size);
	trace.size -= VFT_TRAILER_SIZE;
	trace_append(&trace, block);
	reading = read_bytes(trace.data, trace.size);
	/* As of another section, whose beginning is lost, and with a gap that says so. */
	assert_int_equal(reading.n_items[VFT_ITEM_SECTION], 2);
	assert_true(count_gaps(&reading, VFT_GAP_DAMAGE) > 0);
	reading_free(&reading);
	bytes_free(&block);
	bytes_free(&trace);
}

/* Another section's later block inside damage: one that cannot have begun there is not believed. */
static void test_splice__foreign_block_in_payload(void **state)
{
	struct vft_event mark = {.kind = VFT_KIND_MARK, .time_ns = T0};
	struct bytes trace = trace_make(SECTION_ID, &mark, 1, 0, false);
	struct bytes foreign = headless(42, VFT_BLOCK_EVENTS), block;
	struct bytes image =
		bytes_join((struct bytes){(uint8_t *)(uintptr_t) "12345678", 8}, foreign);
	struct vft_header header;
	struct reading reading;
	size_t offset = trace.size;

	block = block_make(VFT_BLOCK_STACKS, SECTION_ID, 0, 0, image.data, image.size);
	assert_int_equal(vft_header_parse(block.data, &header), 0);
	memcpy(block.data + VFT_HEADER_SIZE, image.data, image.size);
	header.flags = 0;
	header.payload_crc = vft_crc32c(0, image.data, image.size);
	vft_header_store(&header, block.data);
	trace_append(&trace, block);
	for (size_t at = 0; at <= VFT_HEADER_SIZE; at += VFT_HEADER_SIZE) {
		trace.data[offset + at] ^= 1;
		reading = read_bytes(trace.data, trace.size);
		trace.data[offset + at] ^= 1;
		assert_int_equal(reading.n_sections, 1);
		assert_int_equal(reading.n_events, 1);
		reading_free(&reading);
	}
	bytes_free(&image);
	bytes_free(&foreign);
	bytes_free(&block);
	bytes_free(&trace);
}

/* A source that counts what is read of it. */
static struct bytes counted;
static uint64_t n_read;

static int64_t read_counted(struct vft_source *source, uint64_t offset, void *buffer, size_t size)
{
	size_t left = offset < counted.size ? counted.size - (size_t)offset : 0;
	size_t n = size < left ? size : left;

	if (n)
		memcpy(buffer, counted.data + offset, n);
	n_read += n;
	return (int64_t)n;
}

static void no_close(struct vft_source *source)
{
}

/* Headers that each lead to sixteen megabytes in vain: a search does not become quadratic. */
static void test_splice__wasted_work_is_bounded(void **state)
{
	struct vft_event mark = {.kind = VFT_KIND_MARK, .time_ns = T0};
	struct bytes trace = trace_make(SECTION_ID, &mark, 1, 0, false);
	struct vft_source source = {.read_at = read_counted, .close = no_close, .seekable = true};
	size_t start = trace.size;
	struct reading reading;

	counted.size = start + (17u << 20);
	counted.data = calloc(1, counted.size);
	assert_non_null(counted.data);
	memcpy(counted.data, trace.data, start);
	for (size_t i = 0; i < 1000; i++) {
		size_t at = start + 1 + i * 100;
		struct vft_header header = {.type = VFT_BLOCK_STACKS,
					    .version = VFT_HEADER_VERSION,
					    .payload_len = VFT_MAX_PAYLOAD,
					    .raw_len = VFT_MAX_PAYLOAD,
					    .section_id = SECTION_ID,
					    .seq = 5,
					    .self_off = at,
					    .payload_crc = 1};

		vft_header_store(&header, counted.data + at);
	}
	source.size_bytes = counted.size;
	n_read = 0;
	reading = read_source(&source, NULL);
	assert_int_equal(reading.n_events, 1);
	/* 256 MiB in vain, and a few passes over the input. */
	assert_true(n_read > (256u << 20));
	assert_true(n_read < (400u << 20));
	reading_free(&reading);
	bytes_free(&counted);
	bytes_free(&trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_splice__anywhere),
		cmocka_unit_test(test_splice__two_places),
		cmocka_unit_test(test_splice__head_cut_at_block),
		cmocka_unit_test(test_splice__bytes_missing),
		cmocka_unit_test(test_splice__padding_missing),
		cmocka_unit_test(test_splice__cut_in_padding_then_another),
		cmocka_unit_test(test_splice__partial_then_whole_copy),
		cmocka_unit_test(test_splice__headless_behind),
		cmocka_unit_test(test_splice__copy_in_last_block),
		cmocka_unit_test(test_splice__closed_copy_in_cut_block),
		cmocka_unit_test(test_splice__seq_never_falls),
		cmocka_unit_test(test_splice__only_what_was_to_come),
		cmocka_unit_test(test_splice__block_behind_end),
		cmocka_unit_test(test_splice__foreign_block_in_payload),
		cmocka_unit_test(test_splice__wasted_work_is_bounded),
	};

	return cmocka_run_group_tests_name("splice", tests, NULL, NULL);
}
