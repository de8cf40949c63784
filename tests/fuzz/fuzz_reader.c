/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole file through the reader and through verify, touching every byte that an event points to.
 *
 * With the first byte's lowest bit set the input is repaired first: checksums, section ids and
 * positions of its blocks are put right, so that mutations reach the decoders.
 */
#include "fuzz.h"

#include "base/crc32c.h"
#include "block.h"
#include "reader.h"
#include "verify.h"

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

/* By the index, blocks here and there left out: items cover the input all the same. */
static void read_part(const uint8_t *data, size_t size, uint64_t *sum)
{
	const struct vft_index_entry *entries;
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_item item;
	uint64_t at = 0;
	size_t n;
	int r;

	if (vft_source_open_memory(data, size, &source, NULL) < 0 ||
	    vft_reader_open(source, NULL, &reader, NULL) < 0)
		return;
	if (vft_reader_get_index(reader, &entries, &n, NULL) == 1) {
		vft_reader_set_pass(reader, pass_some, sum);
		while ((r = vft_reader_next(reader, &item, NULL)) > 0) {
			if (item.offset != at || item.size_bytes > size - at)
				abort();
			at += item.size_bytes;
		}
		if (r == 0 && at != size)
			abort();
	}
	vft_reader_close(reader);
}

static void read_all(const uint8_t *data, size_t size, uint64_t *sum)
{
	struct vft_limits limits = {.max_raw_total = 64u << 20};
	struct vft_source *source;
	struct vft_reader *reader;
	struct vft_verify result;
	struct vft_item item;
	uint64_t at = 0;
	int r;

	if (vft_source_open_memory(data, size, &source, NULL) < 0)
		return;
	if (vft_reader_open(source, &limits, &reader, NULL) == 0) {
		while ((r = vft_reader_next(reader, &item, NULL)) > 0) {
			/* Items follow one another and cover the input. */
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
		vft_reader_close(reader);
	}
	read_part(data, size, sum);
	if (vft_source_open_memory(data, size, &source, NULL) == 0 &&
	    vft_verify(source, &limits, ignore, sum, &result, NULL) == 0)
		*sum += result.n_events;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t sum = 0;
	uint8_t *copy = malloc(size + 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	/* A trace begins with the sync, whose first byte is odd; so both ways are tried for seeds.
	 */
	read_all(copy, size, &sum);
	if (size && data[0] & 1) {
		repair(copy, size);
		read_all(copy, size, &sum);
	}
	__asm__ volatile("" : : "r"(sum)); /* what was touched must have been read */
	free(copy);
	return 0;
}
