/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * format_vectors - the test vectors of docs/format.md.
 *
 *   format_vectors describe DIR    print what libvft makes of every .vft in DIR, by name
 *   format_vectors write DIR       make the vectors of this version again (only ever for new ones:
 *                                  what was released stays as it is)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "format/base/crc32c.h"
#include "format/block/encode.h"
#include "format/block/meta_codec.h"
#include "trace.h"
#include <vft/verify.h>

static const char *target;

static void save(const char *name, const void *data, size_t size)
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

	save("smallest", b.data, b.size);
	save("every_kind", a.data, a.size);
	save("not_closed", open.data, open.size);
	save("two_sections", both.data, both.size);
	made = make_masked();
	save("masked", made.data, made.size);
	bytes_free(&made);
	made = make_future_blocks();
	save("future_blocks", made.data, made.size);
	bytes_free(&made);
	made = make_future_kind();
	save("future_kind", made.data, made.size);
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

	save("cut", trace.data, at + 100);
	trace.data[at + 30] ^= 1;
	save("damaged_header", trace.data, trace.size);
	trace.data[at + 30] ^= 1;
	trace.data[at + VFT_HEADER_SIZE] ^= 1;
	save("damaged_payload", trace.data, trace.size);
	trace.data[at + VFT_HEADER_SIZE] ^= 1;
	trace.data[9] ^= 1;
	save("section_lost", trace.data, trace.size);
	trace.data[9] ^= 1;
	end = at + vft_header_get_size(&header) - 1;
	trace.data[end] ^= header.payload_len % 8 ? 1 : 0;
	save("bad_padding", trace.data, trace.size);
	trace.data[end] ^= header.payload_len % 8 ? 1 : 0;
	save("head_missing", trace.data + 100, trace.size - 100);
	header.payload_len = VFT_MAX_PAYLOAD + 1;
	vft_header_store(&header, trace.data + at);
	save("over_limit", trace.data, trace.size);
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
	save("string_beyond_table", trace.data, trace.size);
	bytes_free(&trace);
	trace = make_smallest();
	at = trace_find(trace, VFT_BLOCK_INDEX, &header);
	trace.data[at + VFT_HEADER_SIZE + 4] ^= 0x30; /* size of the first block */
	trace_reseal(trace, at);
	save("index_disagrees", trace.data, trace.size);
	bytes_free(&trace);
	trace = make_smallest();
	trace.data[VFT_HEADER_SIZE + VFT_SEC_INCOMPAT + 7] = 0x80;
	trace_reseal(trace, 0);
	save("future_incompat", trace.data, trace.size);
	bytes_free(&trace);
	save("empty", "", 0);
	save("foreign", foreign, sizeof(foreign) - 1);
}

/* --- what libvft makes of them --- */

static void print_str(const struct vft_str *str)
{
	if (!str) {
		(void)printf("-");
		return;
	}
	(void)putchar('"');
	for (uint32_t i = 0; i < str->size; i++) {
		unsigned char c = (unsigned char)str->data[i];

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			(void)printf("\\x%02x", c);
		else
			(void)putchar(c);
	}
	(void)putchar('"');
}

static void print_task(const struct vft_task *t)
{
	(void)printf(
		"{tgid %u tid %u start %" PRIu64 " ns %u/%u uid %u pidns %u cgroup %" PRIu64 "}",
		t->tgid, t->tid, t->start_ns, t->ns_tgid, t->ns_tid, t->uid, t->pidns, t->cgroup);
}

static void print_event(const struct vft_event *event)
{
	size_t n;
	const struct vft_field *fields = vft_event_fields(event->kind, &n);

	(void)printf("  %" PRIu64 " cpu %u %s", event->time_ns, event->cpu,
		     vft_kind_name(event->kind));
	for (size_t i = 0; i < n; i++) {
		const void *member = (const char *)event + fields[i].offset;

		(void)printf(" %s=", vft_column_name(fields[i].column));
		switch ((enum vft_type)fields[i].type) {
		case VFT_TYPE_U32:
			(void)printf("%" PRIu32, *(const uint32_t *)member);
			break;
		case VFT_TYPE_I32:
			(void)printf("%" PRId32, *(const int32_t *)member);
			break;
		case VFT_TYPE_U64:
			(void)printf("%" PRIu64, *(const uint64_t *)member);
			break;
		case VFT_TYPE_STR:
			print_str(*(const struct vft_str *const *)member);
			break;
		case VFT_TYPE_TASK:
			print_task(*(const struct vft_task *const *)member);
			break;
		}
	}
	(void)putchar('\n');
}

static void print_item(const struct vft_item *item)
{
	static const char *const kinds[] = {"?",   "section", "meta",    "batch",
					    "end", "gap",     "skipped", "index"};
	static const char *const gaps[] = {"?", "damage", "cut", "not_closed", "refused"};

	(void)printf("%" PRIu64 "+%" PRIu64 " %s", item->offset, item->size_bytes,
		     kinds[item->kind]);
	if (item->block_type)
		(void)printf(" type %#x", item->block_type);
	if (item->kind == VFT_ITEM_GAP)
		(void)printf(" %s: %s; %" PRIu64 " missing, %" PRIu64 "..%" PRIu64,
			     gaps[item->gap.kind], item->gap.what, item->gap.n_missing_blocks,
			     item->gap.from_ns, item->gap.to_ns);
	(void)putchar('\n');
	if (item->kind != VFT_ITEM_BATCH)
		return;
	for (size_t i = 0; i < item->batch->n_events; i++)
		print_event(&item->batch->events[i]);
	if (item->batch->n_skipped)
		(void)printf("  and %" PRIu64 " of unknown kinds\n", item->batch->n_skipped);
}

static int print_damage(void *context, const struct vft_damage *damage)
{
	(void)context;
	(void)printf("%s at %" PRIu64 "+%" PRIu64 ": %s\n", damage->is_notice ? "notice" : "damage",
		     damage->offset, damage->length, damage->what);
	return 0;
}

static struct vft_source *open_source(const char *path)
{
	struct vft_source *source;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || vft_source_open_fd(fd, &source, NULL) < 0) {
		perror(path);
		exit(1);
	}
	return source;
}

static void describe(const char *dir, const char *name)
{
	char path[4096];
	struct vft_reader *reader;
	struct vft_verify result;
	struct vft_err err = {0};
	struct vft_item item;
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	(void)printf("== %s\n", name);
	r = vft_reader_open(open_source(path), NULL, &reader, &err);
	if (r < 0) {
		(void)printf("error: %s\n", err.message);
		return;
	}
	while ((r = vft_reader_next(reader, &item, &err)) > 0)
		print_item(&item);
	vft_reader_close(reader);
	if (r == 0)
		r = vft_verify(open_source(path), NULL, print_damage, NULL, &result, &err);
	if (r < 0)
		(void)printf("error: %s\n", err.message);
	else
		(void)printf("verify: %s, %" PRIu64 " blocks, %" PRIu64 " events, %" PRIu64
			     " behind the first damage\n",
			     result.ok ? "ok" : "damaged", result.n_blocks, result.n_events,
			     result.n_recovered_events);
}

static int is_vector(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return size > 4 && !strcmp(entry->d_name + size - 4, ".vft");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int n;

	if (argc != 3 || (strcmp(argv[1], "write") && strcmp(argv[1], "describe"))) {
		(void)fputs("usage: format_vectors write|describe DIR\n", stderr);
		return 2;
	}
	target = argv[2];
	if (!strcmp(argv[1], "write")) {
		write_valid();
		write_damaged();
		write_malformed();
		return 0;
	}
	n = scandir(target, &entries, is_vector, by_name);
	if (n < 0) {
		perror(target);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		describe(target, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ferror(stdout) || fflush(stdout);
}
