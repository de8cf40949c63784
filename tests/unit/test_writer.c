/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <limits.h>

#include "trace.h"
#include "format/block/meta.h"

static struct vft_writer_options options = {.size = sizeof(options), .section_id = SECTION_ID};
static struct vft_meta meta;

static struct vft_event mark_at(uint64_t time_ns)
{
	return (struct vft_event){.kind = VFT_KIND_MARK, .time_ns = time_ns};
}

static struct bytes sink_bytes(const struct vft_sink *sink)
{
	struct bytes bytes;

	bytes.data = (uint8_t *)(uintptr_t)vft_sink_memory(sink, &bytes.size);
	return bytes;
}

static size_t count_blocks(struct bytes trace, uint16_t type)
{
	struct vft_header header;
	size_t offset, n = 0;

	for (size_t i = 0; trace_block(trace, i, &header, &offset); i++)
		n += header.type == type;
	return n;
}

static struct vft_writer *open_writer(struct vft_sink **ret_sink)
{
	struct vft_writer *writer;

	assert_int_equal(vft_sink_open_memory(ret_sink, NULL), 0);
	assert_int_equal(vft_writer_open(*ret_sink, &options, &meta, &writer, NULL), 0);
	return writer;
}

static void append(struct vft_writer *writer, const struct vft_event *event)
{
	assert_int_equal(vft_writer_append(writer, event, NULL), 0);
}

static void test_writer__block_ends_by_time(void **state)
{
	struct vft_sink *sink;
	struct vft_writer *writer = open_writer(&sink);
	struct vft_event e = mark_at(T0);

	assert_int_equal(vft_writer_get_block_start(writer), 0);
	append(writer, &e);
	assert_int_equal(vft_writer_get_block_start(writer), T0);
	e.time_ns += VFT_BLOCK_TIME_NS - 1;
	append(writer, &e);
	assert_int_equal(count_blocks(sink_bytes(sink), VFT_BLOCK_EVENTS), 0);
	e.time_ns++;
	append(writer, &e);
	assert_int_equal(count_blocks(sink_bytes(sink), VFT_BLOCK_EVENTS), 1);
	assert_int_equal(vft_writer_get_block_start(writer), e.time_ns);
	assert_int_equal(vft_writer_get_size(writer), sink_bytes(sink).size);
	vft_writer_close(writer);
	vft_sink_close(sink);
}

/* Who asks can say what was lost while the block was filled, before it is written. */
static void test_writer__losses_join_the_block(void **state)
{
	struct vft_sink *sink;
	struct vft_writer *writer = open_writer(&sink);
	struct vft_event e = mark_at(T0), lost = {.kind = VFT_KIND_LOST};

	lost.lost.cause = VFT_CAUSE_RING_FULL;
	lost.time_ns = lost.lost.from_ns = lost.lost.to_ns = T0 + 2 * VFT_BLOCK_TIME_NS;
	assert_false(vft_writer_is_due(writer, T0));
	append(writer, &e);
	assert_false(vft_writer_is_due(writer, T0 + VFT_BLOCK_TIME_NS - 1));
	assert_true(vft_writer_is_due(writer, T0 + VFT_BLOCK_TIME_NS));
	append(writer, &lost);
	assert_int_equal(count_blocks(sink_bytes(sink), VFT_BLOCK_EVENTS), 0);
	assert_int_equal(vft_writer_flush(writer, NULL), 0);
	assert_false(vft_writer_is_due(writer, UINT64_MAX));
	/* By size it is due some time before the writer ends it by itself. */
	while (!vft_writer_is_due(writer, T0)) {
		append(writer, &e);
		assert_int_equal(count_blocks(sink_bytes(sink), VFT_BLOCK_EVENTS), 1);
	}
	for (size_t i = 0; i < 100; i++)
		append(writer, &lost);
	assert_int_equal(count_blocks(sink_bytes(sink), VFT_BLOCK_EVENTS), 1);
	vft_writer_close(writer);
	vft_sink_close(sink);
}

static void test_writer__block_ends_by_type(void **state)
{
	static const uint8_t kinds[] = {VFT_KIND_CLOCK,  VFT_KIND_CGROUP, VFT_KIND_SNAPSHOT,
					VFT_KIND_CGROUP, VFT_KIND_MARK,   VFT_KIND_CGROUP,
					VFT_KIND_CLOCK};
	struct vft_task task = sample_task(4);
	struct vft_sink *sink;
	struct vft_writer *writer = open_writer(&sink);

	for (size_t i = 0; i < N_OF(kinds); i++) {
		struct vft_event e = {.kind = kinds[i], .time_ns = T0 + i};

		if (kinds[i] == VFT_KIND_SNAPSHOT)
			e.task = &task;
		append(writer, &e);
	}
	assert_int_equal(vft_writer_flush(writer, NULL), 0);
	assert_int_equal(vft_writer_flush(writer, NULL), 0); /* nothing more to write */
	assert_int_equal(count_blocks(sink_bytes(sink), VFT_BLOCK_CLOCK), 2);
	assert_int_equal(count_blocks(sink_bytes(sink), VFT_BLOCK_SNAPSHOT), 1);
	assert_int_equal(count_blocks(sink_bytes(sink), VFT_BLOCK_EVENTS), 1);
	vft_writer_close(writer);
	vft_sink_close(sink);
}

/* Strings of the largest size allowed: blocks stay inside the limits, and all come back. */
static void test_writer__large_strings(void **state)
{
	char *text = malloc(VFT_MAX_STRING + 1);
	struct vft_str str = {text, VFT_MAX_STRING};
	struct vft_event e = mark_at(T0);
	struct vft_sink *sink;
	struct vft_writer *writer;
	struct vft_header header;
	struct reading reading;
	size_t offset;
	uint32_t x = 9;

	assert_non_null(text);
	options.raw_target = 15u << 20;
	writer = open_writer(&sink);
	options.raw_target = 0;
	e.mark.text = &str;
	for (size_t i = 0; i < 20; i++) {
		for (size_t j = 0; j < VFT_MAX_STRING; j++) {
			x = x * 1664525u + 1013904223u;
			text[j] = (char)(x >> 24);
		}
		e.time_ns = T0 + i;
		append(writer, &e);
	}
	str.size++;
	assert_int_equal(vft_writer_append(writer, &e, NULL), -EINVAL); /* and goes on */
	str.size = 1;
	append(writer, &e);
	assert_int_equal(vft_writer_flush(writer, NULL), 0);
	for (size_t i = 0; trace_block(sink_bytes(sink), i, &header, &offset); i++)
		assert_null(vft_header_check(&header));
	reading = read_bytes(sink_bytes(sink).data, sink_bytes(sink).size);
	assert_int_equal(reading.n_events, 21);
	assert_int_equal(count_gaps(&reading, VFT_GAP_NOT_CLOSED), reading.n_gaps);
	reading_free(&reading);
	vft_writer_close(writer);
	vft_sink_close(sink);
	free(text);
}

static void test_writer__rows_limit(void **state)
{
	struct vft_sink *sink;
	struct vft_writer *writer;
	struct reading reading;
	struct vft_header header;
	size_t offset;

	options.raw_target = 8u << 20;
	writer = open_writer(&sink);
	options.raw_target = 0;
	for (size_t i = 0; i < VFT_MAX_ROWS + 5; i++) {
		struct vft_event e = mark_at(T0 + i);

		append(writer, &e);
	}
	assert_int_equal(vft_writer_flush(writer, NULL), 0);
	for (size_t i = 0; trace_block(sink_bytes(sink), i, &header, &offset); i++)
		assert_null(vft_header_check(&header));
	reading = read_bytes(sink_bytes(sink).data, sink_bytes(sink).size);
	assert_int_equal(reading.n_events, VFT_MAX_ROWS + 5);
	reading_free(&reading);
	vft_writer_close(writer);
	vft_sink_close(sink);
}

static void test_writer__bad_options(void **state)
{
	struct vft_writer_options bad = options;
	struct vft_writer *writer = NULL;
	struct vft_sink *sink;
	struct vft_err err = {0};

	assert_int_equal(vft_sink_open_memory(&sink, NULL), 0);
	bad.level = 20;
	assert_int_equal(vft_writer_open(sink, &bad, &meta, &writer, &err), -EINVAL);
	assert_int_equal(err.code, -EINVAL);
	bad.level = -1;
	assert_int_equal(vft_writer_open(sink, &bad, &meta, &writer, NULL), -EINVAL);
	bad.level = 0;
	bad.raw_target = UINT32_MAX;
	assert_int_equal(vft_writer_open(sink, &bad, &meta, &writer, NULL), -EINVAL);
	assert_int_equal(sink_bytes(sink).size, 0);
	vft_sink_close(sink);
}

/* As programs give them that were built with the headers of another version. */
static void test_writer__options_of_other_versions(void **state)
{
	struct {
		struct vft_writer_options options;
		uint64_t later;
	} given = {.options = options};
	struct vft_writer *writer = NULL;
	struct vft_sink *sink;

	assert_int_equal(vft_sink_open_memory(&sink, NULL), 0);
	given.options.size = 0;
	assert_int_equal(vft_writer_open(sink, &given.options, &meta, &writer, NULL), -EINVAL);
	given.options.size = sizeof(given);
	given.later = 1;
	assert_int_equal(vft_writer_open(sink, &given.options, &meta, &writer, NULL), -E2BIG);
	assert_int_equal(sink_bytes(sink).size, 0);
	given.later = 0;
	assert_int_equal(vft_writer_open(sink, &given.options, &meta, &writer, NULL), 0);
	vft_writer_close(writer);
	vft_sink_close(sink);
}

/* From the next block on; what zstd does not know is taken for the nearest it does. */
static void test_writer__set_level(void **state)
{
	static const int levels[] = {1, 19, INT_MIN, 0, INT_MAX};
	struct bytes traces[N_OF(levels)];
	size_t n;
	const struct vft_event *list = sample_events(&n);

	for (size_t i = 0; i < N_OF(levels); i++) {
		struct vft_sink *sink;
		struct vft_writer *writer = open_writer(&sink);

		vft_writer_set_level(writer, levels[i]);
		for (size_t j = 0; j < 3000; j++) /* of one type, else each is a block */
			append(writer, &list[2 + j % 6]);
		assert_int_equal(vft_writer_flush(writer, NULL), 0);
		vft_writer_close(writer);
		traces[i] = bytes_join(sink_bytes(sink), (struct bytes){0});
		vft_sink_close(sink);
	}
	assert_int_not_equal(traces[0].size, traces[1].size);
	for (size_t i = 2; i < N_OF(levels); i++) {
		size_t same = levels[i] > 0;

		assert_int_equal(traces[i].size, traces[same].size);
		assert_memory_equal(traces[i].data, traces[same].data, traces[i].size);
	}
	for (size_t i = 0; i < N_OF(levels); i++)
		bytes_free(&traces[i]);
}

static void test_writer__finish_ends(void **state)
{
	struct vft_sink *sink;
	struct vft_writer *writer = open_writer(&sink);
	struct vft_event e = mark_at(T0);
	struct vft_end end = {.size = sizeof(end)};
	size_t size;

	append(writer, &e);
	assert_int_equal(vft_writer_finish(writer, &end, NULL), 0);
	size = sink_bytes(sink).size;
	assert_int_equal(vft_writer_append(writer, &e, NULL), -EINVAL);
	assert_int_equal(vft_writer_finish(writer, &end, NULL), -EINVAL);
	assert_int_equal(sink_bytes(sink).size, size);
	vft_writer_close(writer);
	vft_sink_close(sink);
}

/* A sink that takes @left bytes, then fails for ever; the bytes before stay. */
struct full_sink {
	struct vft_sink sink;
	uint8_t *data;
	size_t size, left, n_calls;
};

static int write_full(struct vft_sink *sink, struct iovec *iov, int n_iov)
{
	struct full_sink *s = (struct full_sink *)sink;

	s->n_calls++;
	for (int i = 0; i < n_iov; i++) {
		size_t n = iov[i].iov_len < s->left ? iov[i].iov_len : s->left;

		memcpy(s->data + s->size, iov[i].iov_base, n);
		s->size += n;
		s->left -= n;
		if (n < iov[i].iov_len)
			return -ENOSPC;
	}
	return 0;
}

static void test_writer__disk_full_at_every_byte(void **state)
{
	struct bytes whole = trace_sample();
	size_t n;
	const struct vft_event *list = sample_events(&n);

	options.raw_target = 64;
	for (size_t left = 0; left <= whole.size + 100; left += 7) {
		struct full_sink sink = {
			.sink = {.writev = write_full}, .left = left, .data = malloc(left + 1)};
		struct vft_writer *writer = NULL;
		struct vft_end end = {.size = sizeof(end)};
		struct reading reading;
		size_t n_done = 0;
		int r = vft_writer_open(&sink.sink, &options, &meta, &writer, NULL);

		while (r == 0 && n_done < n)
			r = vft_writer_append(writer, &list[n_done++], NULL);
		if (r == 0)
			r = vft_writer_finish(writer, &end, NULL);
		if (left < 900)
			assert_int_equal(r, -ENOSPC);
		if (r < 0 && writer) {
			size_t n_calls = sink.n_calls;

			/* The same error again, and not one more write. */
			sink.left = SIZE_MAX;
			assert_int_equal(vft_writer_append(writer, &list[0], NULL), -ENOSPC);
			assert_int_equal(vft_writer_flush(writer, NULL), -ENOSPC);
			assert_int_equal(vft_writer_finish(writer, &end, NULL), -ENOSPC);
			assert_int_equal(sink.n_calls, n_calls);
		}
		vft_writer_close(writer);
		reading = read_bytes(sink.data, sink.size);
		assert_true(reading.n_events <= n_done);
		assert_int_equal(count_gaps(&reading, VFT_GAP_DAMAGE), 0);
		reading_free(&reading);
		free(sink.data);
	}
	options.raw_target = 0;
	bytes_free(&whole);
}

/* One writev per block, and nothing else. */
static void test_writer__one_write_per_block(void **state)
{
	struct full_sink sink = {
		.sink = {.writev = write_full}, .left = 100000, .data = malloc(100000)};
	struct vft_writer *writer;
	struct vft_event e = mark_at(T0);
	struct vft_end end = {.size = sizeof(end)};

	assert_int_equal(vft_writer_open(&sink.sink, &options, &meta, &writer, NULL), 0);
	assert_int_equal(sink.n_calls, 3);
	append(writer, &e);
	assert_int_equal(sink.n_calls, 3);
	assert_int_equal(vft_writer_flush(writer, NULL), 0);
	assert_int_equal(sink.n_calls, 4);
	assert_int_equal(vft_writer_finish(writer, &end, NULL), 0);
	assert_int_equal(sink.n_calls, 7); /* INDEX, END, trailer */
	vft_writer_close(writer);
	free(sink.data);
}

static void test_writer__same_events_same_bytes(void **state)
{
	struct bytes a = trace_sample(), b = trace_sample();

	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
	bytes_free(&a);
	bytes_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writer__block_ends_by_time),
		cmocka_unit_test(test_writer__losses_join_the_block),
		cmocka_unit_test(test_writer__block_ends_by_type),
		cmocka_unit_test(test_writer__large_strings),
		cmocka_unit_test(test_writer__rows_limit),
		cmocka_unit_test(test_writer__bad_options),
		cmocka_unit_test(test_writer__options_of_other_versions),
		cmocka_unit_test(test_writer__set_level),
		cmocka_unit_test(test_writer__finish_ends),
		cmocka_unit_test(test_writer__disk_full_at_every_byte),
		cmocka_unit_test(test_writer__one_write_per_block),
		cmocka_unit_test(test_writer__same_events_same_bytes),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
