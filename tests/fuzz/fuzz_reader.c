/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole file through the reader, touching every byte that an event points to: as a file, as a
 * stream, by its index, counted, or through verify. Which one the input's checksum says, since all
 * of them would make a fuzzer four times slower.
 *
 * Every eighth input is repaired first: checksums, section ids and positions of its blocks are put
 * right, so that mutations reach the decoders.
 */
#include "fuzz.h"

#include "format/base/crc32c.h"
#include "format/block/block.h"
#include <vft/reader.h>
#include <vft/verify.h>

/* What the reader promises of each task that an event names. */
static void check_tasks(const struct vft_event *event)
{
	size_t n;
	const struct vft_field *fields = vft_event_fields(event->kind, &n);

	for (size_t i = 0; i < n; i++) {
		const void *member = (const char *)event + fields[i].offset;
		const struct vft_task *task;

		if (fields[i].type != VFT_TYPE_TASK)
			continue;
		task = *(const struct vft_task *const *)member;
		if (!task || !task->tid || !task->tgid || task->tid > VFT_MAX_PID)
			abort();
	}
}

/* Make the chain of blocks at the front of @data believable, as far as it goes. */
static void repair(uint8_t *data, size_t size)
{
	static const uint8_t id[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	size_t at = 0;

	for (uint64_t seq = 0; size - at >= VFT_HEADER_SIZE; seq++) {
		uint8_t *p = data + at;
		struct vft_header header;
		uint64_t length = (uint64_t)p[VFT_HDR_PAYLOAD_LEN] |
				  (uint64_t)p[VFT_HDR_PAYLOAD_LEN + 1] << 8 |
				  (uint64_t)p[VFT_HDR_PAYLOAD_LEN + 2] << 16;

		if (length > size - at - VFT_HEADER_SIZE)
			length = size - at - VFT_HEADER_SIZE;
		memcpy(p, VFT_SYNC, VFT_SYNC_SIZE);
		vft_put_fixed(p + VFT_HDR_PAYLOAD_LEN, length, 4);
		memcpy(p + VFT_HDR_SECTION_ID, id, sizeof(id));
		vft_put_fixed(p + VFT_HDR_SEQ, seq, 8);
		vft_put_fixed(p + VFT_HDR_SELF_OFF, at, 8);
		vft_put_fixed(p + VFT_HDR_PAYLOAD_CRC, vft_crc32c(0, p + VFT_HEADER_SIZE, length),
			      4);
		vft_put_fixed(p + VFT_HDR_CRC, vft_crc32c(0, p, VFT_HDR_CRC), 4);
		if (vft_header_parse(p, &header) < 0)
			abort();
		if (vft_header_get_size(&header) > size - at)
			return;
		at += vft_header_get_size(&header);
	}
}

static int ignore(void *context, const struct vft_damage *damage)
{
	uint64_t *sum = context;

	*sum += damage->offset + damage->length + (damage->what == NULL);
	return 0;
}

static bool pass_some(void *context, const struct vft_index_entry *entry)
{
	return (entry->seq ^ *(const uint64_t *)context) & 1;
}

/* Items follow one another and cover the input, whichever way it is read. */
static void read_items(struct vft_reader *reader, size_t size, uint64_t *sum)
{
	struct vft_item item;
	uint64_t at = 0;
	int r;

	while ((r = vft_reader_next(reader, &item, NULL)) > 0) {
		if (item.offset != at || item.size_bytes > size - at)
			abort();
		at += item.size_bytes;
		if (item.kind != VFT_ITEM_BATCH)
			continue;
		for (size_t i = 0; i < item.batch->n_events; i++) {
			check_tasks(&item.batch->events[i]);
			*sum += fuzz_touch(&item.batch->events[i]);
		}
	}
	if (r == 0 && at != size)
		abort();
	if (vft_reader_has_index(reader, NULL) < 0)
		*sum += 1;
}

/* What a pipe is: its size is not known before its end. */
struct stream {
	struct vft_source source;
	const uint8_t *data;
	size_t size;
};

static int64_t read_stream(struct vft_source *source, uint64_t offset, void *buffer, size_t size)
{
	struct stream *stream = (struct stream *)source;

	if (offset >= stream->size)
		return 0;
	if (size > stream->size - offset)
		size = (size_t)(stream->size - offset);
	memcpy(buffer, stream->data + offset, size);
	return (int64_t)size;
}

static void close_stream(struct vft_source *source)
{
	(void)source;
}

static void read_as_stream(const uint8_t *data, size_t size, uint64_t *sum)
{
	struct stream stream = {
		.source = {.read_at = read_stream, .close = close_stream}, data, size};
	struct vft_reader *reader;

	if (vft_reader_open(&stream.source, NULL, &reader, NULL) < 0)
		return;
	read_items(reader, size, sum);
	vft_reader_close(reader);
}

static void read_as_file(const uint8_t *data, size_t size, bool by_index, uint64_t *sum)
{
	struct vft_limits limits = {.size = sizeof(limits), .max_raw_total = 64u << 20};
	const struct vft_index_entry *entries;
	struct vft_source *source;
	struct vft_reader *reader;
	size_t n;

	if (vft_source_open_memory(data, size, &source, NULL) < 0 ||
	    vft_reader_open(source, &limits, &reader, NULL) < 0)
		return;
	if (by_index && vft_reader_get_index(reader, &entries, &n, NULL) == 1) {
		for (size_t i = 0; i < n; i++)
			*sum += entries[i].n_events;
		vft_reader_set_pass(reader, pass_some, sum);
	}
	read_items(reader, size, sum);
	vft_reader_close(reader);
}

struct counts {
	uint64_t n_kind[VFT_N_KINDS], n_gaps;
};

/* False: not read to the end. */
static bool count(const uint8_t *data, size_t size, uint64_t kinds, struct counts *counts)
{
	struct vft_limits limits = {.size = sizeof(limits), .max_raw_total = 64u << 20};
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_item item;
	int r;

	if (vft_source_open_memory(data, size, &source, NULL) < 0 ||
	    vft_reader_open(source, &limits, &reader, NULL) < 0)
		return false;
	vft_reader_set_counted(reader, kinds);
	while ((r = vft_reader_next(reader, &item, NULL)) > 0) {
		counts->n_gaps += item.kind == VFT_ITEM_GAP;
		for (size_t i = 0; item.kind == VFT_ITEM_BATCH && i < item.batch->n_events; i++)
			counts->n_kind[item.batch->events[i].kind]++;
		for (size_t i = 0; item.kind == VFT_ITEM_COUNTED && i < 64; i++)
			counts->n_kind[i] += item.counted->n_kind[i];
	}
	vft_reader_close(reader);
	return r == 0;
}

/* What decodes without complaint counts the same. */
static void compare_counts(const uint8_t *data, size_t size)
{
	struct counts decoded = {0}, counted = {0};

	if (!count(data, size, 0, &decoded) || decoded.n_gaps)
		return;
	if (!count(data, size, UINT64_MAX, &counted) ||
	    memcmp(&decoded, &counted, sizeof(decoded)) != 0)
		abort();
}

static void verify(const uint8_t *data, size_t size, uint64_t *sum)
{
	struct vft_limits limits = {.size = sizeof(limits), .max_raw_total = 64u << 20};
	struct vft_source *source;
	struct vft_verify result = {.size = sizeof(result)};

	if (vft_source_open_memory(data, size, &source, NULL) == 0 &&
	    vft_verify(source, &limits, ignore, sum, &result, NULL) == 0)
		*sum += result.n_events;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t pick = vft_crc32c(0, data, size);
	uint8_t *copy = malloc(size ? size : 1); /* ends where the input does */
	uint64_t sum = 0;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (!(pick >> 8 & 7))
		repair(copy, size);
	switch (pick & 3) {
	case 0:
		read_as_stream(copy, size, &sum);
		break;
	case 1:
		verify(copy, size, &sum);
		break;
	case 2:
		if (pick & 4)
			compare_counts(copy, size);
		else
			read_as_file(copy, size, false, &sum);
		break;
	default:
		read_as_file(copy, size, true, &sum);
		break;
	}
	__asm__ volatile("" : : "r"(sum)); /* what was touched must have been read */
	free(copy);
	return 0;
}
