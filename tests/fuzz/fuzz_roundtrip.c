/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any events through the writer and back: what was accepted comes back as it was, and the file is
 * clean by its own verify, which takes the place of reading for every fourth size of input.
 */
#include "fuzz.h"

#include "format/base/cursor.h"
#include "format/block/layout.h"
#include <vft/reader.h>
#include <vft/verify.h>
#include <vft/writer.h>
#include "format/block/meta.h"

#define MAX_EVENTS 200

struct made {
	struct vft_event event;
	struct vft_task tasks[VFT_MAX_FIELDS];
	struct vft_str strings[VFT_MAX_FIELDS];
};

/* An event whose every member is taken from the input. */
static void make_event(struct vft_cursor *c, struct made *made)
{
	unsigned int n_tasks = 0, n_strings = 0;
	const struct vft_field *fields;
	size_t n;

	memset(made, 0, sizeof(*made));
	made->event.kind = vft_cursor_u8(c) % 14;
	made->event.time_ns = vft_cursor_varint(c);
	made->event.cpu = vft_cursor_u8(c);
	fields = vft_event_fields(made->event.kind, &n);
	for (size_t i = 0; i < n; i++) {
		char *member = (char *)&made->event + fields[i].offset;
		struct vft_task *task;
		struct vft_str *str;

		switch ((enum vft_type)fields[i].type) {
		case VFT_TYPE_U32:
		case VFT_TYPE_I32:
			*(uint32_t *)(void *)member = (uint32_t)vft_cursor_varint(c);
			break;
		case VFT_TYPE_U64:
			*(uint64_t *)(void *)member = vft_cursor_varint(c);
			break;
		case VFT_TYPE_STR:
			str = &made->strings[n_strings++];
			str->size = vft_cursor_u8(c) % 32;
			str->data = (const char *)vft_cursor_bytes(c, str->size);
			if (str->data)
				*(const struct vft_str **)(void *)member = str;
			break;
		case VFT_TYPE_TASK:
			task = &made->tasks[n_tasks++];
			*task = (struct vft_task){.tgid = vft_cursor_u8(c),
						  .tid = vft_cursor_u8(c),
						  .start_ns = vft_cursor_varint(c),
						  .ns_tid = vft_cursor_u8(c),
						  .uid = (uint32_t)vft_cursor_varint(c),
						  .cgroup = vft_cursor_varint(c)};
			*(const struct vft_task **)(void *)member = task;
			break;
		}
	}
}

static bool same_str(const struct vft_str *a, const struct vft_str *b)
{
	if (!a || !b)
		return a == b;
	return a->size == b->size && (!a->size || !memcmp(a->data, b->data, a->size));
}

static bool same_event(const struct vft_event *a, const struct vft_event *b)
{
	size_t n;
	const struct vft_field *fields = vft_event_fields(a->kind, &n);
	bool same = a->kind == b->kind && a->time_ns == b->time_ns && a->cpu == b->cpu;

	for (size_t i = 0; same && i < n; i++) {
		const void *x = (const char *)a + fields[i].offset;
		const void *y = (const char *)b + fields[i].offset;

		switch ((enum vft_type)fields[i].type) {
		case VFT_TYPE_U32:
		case VFT_TYPE_I32:
			same = !memcmp(x, y, 4);
			break;
		case VFT_TYPE_U64:
			same = !memcmp(x, y, 8);
			break;
		case VFT_TYPE_STR:
			same = same_str(*(const struct vft_str *const *)x,
					*(const struct vft_str *const *)y);
			break;
		case VFT_TYPE_TASK:
			same = !memcmp(*(const void *const *)x, *(const void *const *)y,
				       sizeof(struct vft_task));
			break;
		}
	}
	return same;
}

static int fail_on_damage(void *context, const struct vft_damage *damage)
{
	(void)context;
	/* Any times are taken, and said to be out of order. */
	if (!damage->is_notice || !strstr(damage->what, "times step back"))
		abort();
	return 0;
}

static void check_events(const void *data, size_t size, const struct made *made, size_t n_made)
{
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_item item;
	size_t n = 0;

	if (vft_source_open_memory(data, size, &source, NULL) < 0)
		return;
	if (vft_reader_open(source, NULL, &reader, NULL) < 0)
		abort();
	while (vft_reader_next(reader, &item, NULL) > 0) {
		if (item.kind == VFT_ITEM_GAP)
			abort();
		for (size_t i = 0; item.kind == VFT_ITEM_BATCH && i < item.batch->n_events; i++)
			if (n == n_made || !same_event(&made[n++].event, &item.batch->events[i]))
				abort();
	}
	if (n != n_made || vft_reader_has_index(reader, NULL) != 1)
		abort();
	vft_reader_close(reader);
}

static void check_clean(const void *data, size_t size)
{
	struct vft_source *source;
	struct vft_verify result = {.size = sizeof(result)};

	if (vft_source_open_memory(data, size, &source, NULL) == 0 &&
	    (vft_verify(source, NULL, fail_on_damage, NULL, &result, NULL) < 0 || !result.ok))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vft_writer_options options = {.size = sizeof(options), .section_id = 42, .level = 1};
	struct vft_cursor c = vft_cursor_init(data, size);
	struct made *made = calloc(MAX_EVENTS, sizeof(*made));
	struct vft_writer *writer = NULL;
	struct vft_sink *sink = NULL;
	struct vft_meta meta = {0};
	struct vft_end end = {.size = sizeof(end)};
	const void *bytes;
	size_t n = 0, n_bytes;

	options.raw_target = vft_cursor_u8(&c) * 16u;
	if (made && vft_sink_open_memory(&sink, NULL) == 0 &&
	    vft_writer_open(sink, &options, &meta, &writer, NULL) == 0) {
		while (n < MAX_EVENTS && vft_cursor_left(&c)) {
			make_event(&c, &made[n]);
			if (vft_writer_append(writer, &made[n].event, NULL) == 0)
				n++;
		}
		if (vft_writer_finish(writer, &end, NULL) == 0) {
			bytes = vft_sink_memory(sink, &n_bytes);
			if (size & 3)
				check_events(bytes, n_bytes, made, n);
			else
				check_clean(bytes, n_bytes);
		}
	}
	vft_writer_close(writer);
	vft_sink_close(sink);
	free(made);
	return 0;
}
