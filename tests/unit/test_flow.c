/* SPDX-License-Identifier: BSD-2-Clause */
/* A flow gives what the reader gives, item by item, whatever the threads and the damage. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/source/flow.h"
#include "trace.h"
#include "format/block/meta.h"

static uint64_t mix(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * 0x9e3779b97f4a7c15ull + (hash >> 31);
}

/* What can be said of an item by numbers. */
static uint64_t item_hash(const struct vft_item *item)
{
	uint64_t hash = mix(item->kind, item->offset);

	hash = mix(mix(hash, item->size_bytes), item->block_type);
	if (item->kind == VFT_ITEM_SECTION)
		return mix(hash, item->section->section_id);
	if (item->kind == VFT_ITEM_END)
		return mix(hash, item->end->end_ns);
	if (item->kind != VFT_ITEM_GAP)
		return hash;
	hash = mix(mix(hash, item->gap.kind), item->gap.n_missing_blocks);
	return mix(mix(hash, item->gap.from_ns), item->gap.to_ns);
}

static uint64_t rows_hash(const struct vft_event *events, size_t n, uint64_t n_skipped)
{
	uint64_t hash = n_skipped;

	for (size_t i = 0; i < n; i++)
		hash = mix(hash, event_hash(&events[i]));
	return hash;
}

struct walk {
	uint64_t *hashes;
	size_t n;
	int end;
};

static void put(struct walk *walk, uint64_t hash)
{
	walk->hashes = realloc(walk->hashes, (walk->n + 1) * sizeof(uint64_t));
	assert_non_null(walk->hashes);
	walk->hashes[walk->n++] = hash;
}

static struct vft_reader *open_bytes(const void *data, size_t size)
{
	struct vft_reader *reader = NULL;
	struct vft_source *source;

	assert_int_equal(vft_source_open_memory(data, size, &source, NULL), 0);
	return vft_reader_open(source, NULL, &reader, NULL) ? NULL : reader;
}

static struct walk by_reader(const void *data, size_t size)
{
	struct vft_reader *reader = open_bytes(data, size);
	struct walk walk = {.end = reader ? 1 : -1};
	struct vft_item item;

	while (reader && (walk.end = vft_reader_next(reader, &item, NULL)) == 1) {
		put(&walk, item_hash(&item));
		if (item.kind == VFT_ITEM_BATCH)
			put(&walk, rows_hash(item.batch->events, item.batch->n_events,
					     item.batch->n_skipped));
	}
	vft_reader_close(reader);
	return walk;
}

static struct walk by_flow(struct rep_flow *flow, const void *data, size_t size)
{
	struct vft_reader *reader = open_bytes(data, size);
	struct walk walk = {.end = reader ? 1 : -1};
	struct rep_item item;

	if (reader)
		rep_flow_begin(flow, reader, VFT_COLUMNS_ALL, true);
	while (reader && (walk.end = rep_flow_next(flow, &item, NULL)) == 1) {
		if (item.block)
			item.item.kind = VFT_ITEM_BATCH;
		put(&walk, item_hash(&item.item));
		if (item.block) {
			const struct vft_columns *columns = item.block->columns;
			put(&walk, rows_hash(item.block->batch.events, columns->n_rows,
					     columns->n_skipped));
		}
	}
	rep_flow_end(flow);
	vft_reader_close(reader);
	return walk;
}

static struct rep_flow *flows[3];

static void compare(const void *data, size_t size)
{
	struct walk want = by_reader(data, size);

	for (size_t i = 0; i < N_OF(flows); i++) {
		struct walk have = by_flow(flows[i], data, size);

		assert_int_equal(have.end, want.end);
		assert_int_equal(have.n, want.n);
		for (size_t j = 0; j < want.n; j++)
			assert_int_equal(have.hashes[j], want.hashes[j]);
		free(have.hashes);
	}
	free(want.hashes);
}

static void test_flow__whole_and_cut(void **state)
{
	struct bytes trace = trace_sample();

	for (size_t size = trace.size; size > 0; size -= size > 97 ? 97 : size)
		compare(trace.data, size);
	bytes_free(&trace);
}

static void test_flow__damaged_anywhere(void **state)
{
	struct bytes trace = trace_sample();

	for (size_t at = 0; at < trace.size; at += 61) {
		trace.data[at] ^= 0x20;
		compare(trace.data, trace.size);
		trace.data[at] ^= 0x20;
	}
	bytes_free(&trace);
}

/* Blocks with right checksums whose rows do not fit together: found by whoever decodes them. */
static void test_flow__malformed_inside(void **state)
{
	struct bytes trace = trace_sample();
	struct vft_header header;
	size_t offset, n_rows = 0;

	for (size_t i = 0; trace_block(trace, i, &header, &offset); i++) {
		if (header.type != VFT_BLOCK_EVENTS)
			continue;
		for (size_t at = 0; at < header.payload_len; at += 7) {
			uint8_t *byte = &trace.data[offset + VFT_HEADER_SIZE + at];

			*byte ^= 0x55;
			trace_reseal(trace, offset);
			compare(trace.data, trace.size);
			*byte ^= 0x55;
			trace_reseal(trace, offset);
		}
		n_rows++;
	}
	assert_true(n_rows > 1);
	bytes_free(&trace);
}

static void compare_file(const char *folder, const char *name)
{
	char path[4096];
	struct stat st;
	uint8_t *data;
	int fd;

	snprintf(path, sizeof(path), "%s/tests/golden/v1/%s/%s", getenv("SOURCE_ROOT"), folder,
		 name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	data = malloc((size_t)st.st_size + 1);
	assert_non_null(data);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	close(fd);
	compare(data, (size_t)st.st_size);
	free(data);
}

static void test_flow__golden_traces(void **state)
{
	static const char *const folders[] = {"format", "cli"};
	size_t n = 0;

	for (size_t i = 0; i < N_OF(folders); i++) {
		char path[4096];
		struct dirent *entry;
		DIR *dir;

		snprintf(path, sizeof(path), "%s/tests/golden/v1/%s", getenv("SOURCE_ROOT"),
			 folders[i]);
		dir = opendir(path);
		assert_non_null(dir);
		while ((entry = readdir(dir))) {
			if (!strstr(entry->d_name, ".vft"))
				continue;
			compare_file(folders[i], entry->d_name);
			n++;
		}
		closedir(dir);
	}
	assert_true(n > 20);
}

/* A block that is held stays as it was while others are decoded. */
static void test_flow__held_block(void **state)
{
	struct bytes trace = trace_sample();

	for (size_t i = 0; i < N_OF(flows); i++) {
		struct vft_reader *reader = open_bytes(trace.data, trace.size);
		struct rep_block *held = NULL;
		uint64_t first = 0;
		struct rep_item item;
		size_t n = 0;

		rep_flow_begin(flows[i], reader, VFT_COLUMNS_ALL, false);
		while (rep_flow_next(flows[i], &item, NULL) == 1) {
			if (!item.block)
				continue;
			if (!held && item.block->columns->type == VFT_BLOCK_EVENTS) {
				held = rep_block_acquire(item.block);
				first = held->columns->time_ns[0];
			}
			n++;
		}
		assert_true(n > 2);
		assert_non_null(held);
		assert_int_equal(held->columns->time_ns[0], first);
		rep_flow_end(flows[i]);
		vft_reader_close(reader);
		rep_block_release(held);
	}
	bytes_free(&trace);
}

/* To stop in the middle leaves nothing behind for the next input. */
static void test_flow__ended_early(void **state)
{
	struct bytes trace = trace_sample();

	for (size_t i = 0; i < N_OF(flows); i++) {
		for (size_t n = 0; n < 6; n++) {
			struct vft_reader *reader = open_bytes(trace.data, trace.size);
			struct rep_item item;

			rep_flow_begin(flows[i], reader, 0, false);
			for (size_t j = 0; j < n; j++)
				assert_int_equal(rep_flow_next(flows[i], &item, NULL), 1);
			rep_flow_end(flows[i]);
			vft_reader_close(reader);
		}
	}
	compare(trace.data, trace.size);
	bytes_free(&trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flow__whole_and_cut),
		cmocka_unit_test(test_flow__damaged_anywhere),
		cmocka_unit_test(test_flow__malformed_inside),
		cmocka_unit_test(test_flow__golden_traces),
		cmocka_unit_test(test_flow__held_block),
		cmocka_unit_test(test_flow__ended_early),
	};
	int failed;

	for (unsigned int i = 0; i < N_OF(flows); i++)
		if (rep_flow_new(i * 2, &flows[i]))
			return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	for (unsigned int i = 0; i < N_OF(flows); i++)
		rep_flow_free(flows[i]);
	return failed;
}
