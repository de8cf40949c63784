/* SPDX-License-Identifier: BSD-2-Clause */
/* The first vectors, all with one section id; what is added has one of its own: vectors_more.c. */
#include "vectors.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "format/base/crc32c.h"
#include "format/block/encode.h"
#include "format/block/meta.h"

static const char *target;

void vectors_save(const char *name, const void *data, size_t size)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s.vft", target, name);
	file = fopen(path, "wbe");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file)) {
		perror(path);
		exit(1);
	}
}

/* --- valid --- */

static struct bytes make_smallest(void)
{
	struct vft_str text = STR("hello");
	struct vft_event e = {.kind = VFT_KIND_MARK, .time_ns = T0, .cpu = 1};

	e.mark.what = VFT_MARK_START;
	e.mark.text = &text;
	return trace_make(SECTION_ID, &e, 1, 0, true);
}

/* A column of argv that is stored as it is and would contain the sync pattern. */
static struct bytes make_masked(void)
{
	struct vft_task task = sample_task(300);
	struct vft_str argv = STR(VFT_SYNC "\x06\0\x01\0");
	struct vft_event e = {.kind = VFT_KIND_EXEC, .time_ns = T0, .task = &task};

	e.exec.argv = &argv;
	e.exec.argv_size = argv.size;
	return trace_make(SECTION_ID, &e, 1, 0, true);
}

static struct bytes start_of_trace(void)
{
	size_t n;

	return trace_make(SECTION_ID, sample_events(&n), 0, 0, false);
}

static void append_taken(struct bytes *trace, struct bytes from, uint16_t type)
{
	struct vft_header header;
	size_t offset = trace_find(from, type, &header);

	trace_append(trace, (struct bytes){from.data + offset, vft_header_get_size(&header)});
}

/* Unknown blocks with and without the ignorable bit, among known ones. */
static struct bytes make_future_blocks(void)
{
	struct bytes trace = start_of_trace(), sample = trace_sample();
	struct bytes a = block_make(0x123 | VFT_TYPE_IGNORABLE, 0, 0, 0, "later", 5);
	struct bytes b = block_make(0x124, 0, 0, 0, "later still", 11);

	append_taken(&trace, sample, VFT_BLOCK_CLOCK);
	trace_append(&trace, a);
	append_taken(&trace, sample, VFT_BLOCK_SNAPSHOT);
	trace_append(&trace, b);
	append_taken(&trace, sample, VFT_BLOCK_EVENTS);
	bytes_free(&sample);
	bytes_free(&a);
	bytes_free(&b);
	return trace;
}

static void put(struct vft_buffer *buffer, uint64_t value)
{
	if (vft_buffer_append_varint(buffer, value) < 0)
		abort();
}

static void put_all(struct vft_buffer *buffer, const uint64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(buffer, values[i]);
}

#define PUT(buffer, ...)                                                                           \
	put_all(buffer, (const uint64_t[]){__VA_ARGS__},                                           \
		sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* A schema with kind 40, unknown here, whose column 200 moves the string table of mark's text. */
static struct bytes make_future_kind(void)
{
	struct bytes whole = make_smallest(), trace = {0}, block;
	struct vft_buffer payload = {0};
	struct vft_header header;
	size_t start = trace_find(whole, VFT_BLOCK_SCHEMA, &header);

	trace.data = whole.data;
	trace.size = start;
	PUT(&payload, 2, 53, 4, 't', 'e', 'x', 't', VFT_ENC_STRING, 200, 3, 'n', 'e', 'w',
	    VFT_ENC_STRING, 2, VFT_KIND_MARK, 4, 'm', 'a', 'r', 'k', 1, 53, 40, 5, 'l', 'a', 't',
	    'e', 'r', 1, 200);
	block = block_make(VFT_BLOCK_SCHEMA, 0, 0, 0, payload.data, payload.size);
	trace_append(&trace, block);
	bytes_free(&block);
	payload.size = 0;
	/* info: last_ts 3; columns time, kind, cpu, string_len, string_data, text, new */
	PUT(&payload, 3, VFT_INFO_LAST_TS, 1, 3, 7);
	PUT(&payload, 1, 0, 3, 3, 2, 0, 3, 3, 3, 0, 3, 3, 12, 0, 2, 2, 13, 0, 7, 7, 53, 0, 2, 2,
	    200, 0, 1, 1);
	PUT(&payload, 0, 4, 2, VFT_KIND_MARK, 40, VFT_KIND_MARK, 0, 0, 1, 3, 4);
	PUT(&payload, 'o', 'n', 'e', 'm', 'o', 'r', 'e', 1, 2, 1);
	block = block_make(VFT_BLOCK_EVENTS, 0, 0, 0, payload.data, payload.size);
	if (vft_header_parse(block.data, &header) < 0)
		abort();
	header.raw_len = 21;
	header.n_events = 3;
	header.first_ts = T0;
	vft_header_store(&header, block.data);
	trace_append(&trace, block);
	bytes_free(&block);
	vft_buffer_release(&payload);
	return trace;
}

static void write_valid(void)
{
	size_t n;
	const struct vft_event *list = sample_events(&n);
	struct bytes a = trace_sample(), b = make_smallest(), both = bytes_join(a, b);
	struct bytes open = trace_make(SECTION_ID, list, n, 64, false), made;

	vectors_save("smallest", b.data, b.size);
	vectors_save("every_kind", a.data, a.size);
	vectors_save("not_closed", open.data, open.size);
	vectors_save("two_sections", both.data, both.size);
	made = make_masked();
	vectors_save("masked", made.data, made.size);
	bytes_free(&made);
	made = make_future_blocks();
	vectors_save("future_blocks", made.data, made.size);
	bytes_free(&made);
	made = make_future_kind();
	vectors_save("future_kind", made.data, made.size);
	bytes_free(&made);
	bytes_free(&a);
	bytes_free(&b);
	bytes_free(&both);
	bytes_free(&open);
}

/* --- invalid --- */

static void write_damaged(void)
{
	struct bytes trace = trace_sample();
	struct vft_header header;
	size_t at = trace_find(trace, VFT_BLOCK_SNAPSHOT, &header), end;

	vectors_save("cut", trace.data, at + 100);
	trace.data[at + 30] ^= 1;
	vectors_save("damaged_header", trace.data, trace.size);
	trace.data[at + 30] ^= 1;
	trace.data[at + VFT_HEADER_SIZE] ^= 1;
	vectors_save("damaged_payload", trace.data, trace.size);
	trace.data[at + VFT_HEADER_SIZE] ^= 1;
	trace.data[9] ^= 1;
	vectors_save("section_lost", trace.data, trace.size);
	trace.data[9] ^= 1;
	end = at + vft_header_get_size(&header) - 1;
	trace.data[end] ^= header.payload_len % 8 ? 1 : 0;
	vectors_save("bad_padding", trace.data, trace.size);
	trace.data[end] ^= header.payload_len % 8 ? 1 : 0;
	vectors_save("head_missing", trace.data + 100, trace.size - 100);
	header.payload_len = VFT_MAX_PAYLOAD + 1;
	vft_header_store(&header, trace.data + at);
	vectors_save("over_limit", trace.data, trace.size);
	bytes_free(&trace);
}

/* Right checksums around wrong contents. */
static void write_malformed(void)
{
	static const char foreign[] =
		"any other file, long enough to hold a block header, and yet there is none in it\n";
	struct bytes trace = make_smallest();
	struct vft_header header;
	size_t at = trace_find(trace, VFT_BLOCK_EVENTS, &header);
	uint8_t *last = trace.data + at + VFT_HEADER_SIZE + header.payload_len - 1;

	*last = 9; /* the text: string number 7 of a table of one */
	trace_reseal(trace, at);
	vectors_save("string_beyond_table", trace.data, trace.size);
	bytes_free(&trace);
	trace = make_smallest();
	at = trace_find(trace, VFT_BLOCK_INDEX, &header);
	trace.data[at + VFT_HEADER_SIZE + 4] ^= 0x30; /* size of the first block */
	trace_reseal(trace, at);
	vectors_save("index_disagrees", trace.data, trace.size);
	bytes_free(&trace);
	trace = make_smallest();
	trace.data[VFT_HEADER_SIZE + VFT_SEC_INCOMPAT + 7] = 0x80;
	trace_reseal(trace, 0);
	vectors_save("future_incompat", trace.data, trace.size);
	bytes_free(&trace);
	vectors_save("empty", "", 0);
	vectors_save("foreign", foreign, sizeof(foreign) - 1);
}

void vectors_write(const char *dir)
{
	target = dir;
	write_valid();
	write_damaged();
	write_malformed();
}
