/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h - traces made and read back in memory, for the tests of libvft.
 */
#ifndef TEST_TRACE_H
#define TEST_TRACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/block/block.h"
#include <vft/reader.h>
#include <vft/writer.h>

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))
#define STR(text)   ((struct vft_str){(text), sizeof(text) - 1})
#define SECTION_ID  0x1122334455667788ull
#define T0          5000000000ull /* time of the first event of the sample */

struct bytes {
	uint8_t *data;
	size_t size;
};

void bytes_free(struct bytes *bytes);
struct bytes bytes_join(struct bytes a, struct bytes b); /* copies */

/* Events of every kind, with absent, empty and hostile strings and the largest values. */
const struct vft_event *sample_events(size_t *ret_n);

struct vft_task sample_task(uint32_t pid);

/* A whole trace: events, cut into blocks of about @raw_target bytes, and closed if @closed. */
struct bytes trace_make(uint64_t section_id, const struct vft_event *events, size_t n,
			uint32_t raw_target, bool closed);

/* The sample, several blocks of it. */
struct bytes trace_sample(void);

/* Snapshots at 10 s steps, with a thousand events between, in blocks of about 128 bytes. */
struct bytes trace_long(void);

/* One block of @type around @payload at @self_off. */
struct bytes block_make(uint16_t type, uint64_t section_id, uint64_t seq, uint64_t self_off,
			const void *payload, size_t size);

/* A copy of @block goes to the end of @trace as its next block. */
void trace_append(struct bytes *trace, struct bytes block);

/* The i-th block of @trace: its header and offset; false behind the last. */
bool trace_block(struct bytes trace, size_t i, struct vft_header *ret, size_t *ret_offset);
/* The first block of @type. */
size_t trace_find(struct bytes trace, uint16_t type, struct vft_header *ret);
/* Make the checksums of the block at @offset right again. */
void trace_reseal(struct bytes trace, size_t offset);

#define MAX_GAPS 64

struct reading {
	int open_error, error; /* of open, of next */
	struct vft_err err;
	uint64_t *events; /* a hash of each, in order */
	size_t n_events;
	size_t n_items[VFT_ITEM_INDEX + 1];
	struct vft_item gaps[MAX_GAPS];
	size_t n_gaps;
	uint64_t n_skipped;
	uint64_t section_ids[8];
	size_t n_sections;
	uint64_t covered; /* bytes of all items */
};

uint64_t event_hash(const struct vft_event *event);

struct reading read_source(struct vft_source *source, const struct vft_limits *limits);
struct reading read_bytes(const void *data, size_t size);
struct reading read_pipe(const void *data, size_t size);
void reading_free(struct reading *reading);

/* Whether the events of @part occur in @whole in the same order. */
bool is_subsequence(const struct reading *part, const struct reading *whole);
size_t count_gaps(const struct reading *reading, enum vft_gap_kind kind);

/* A copy of @data that ends where memory does: one byte further is a fault. */
struct edge {
	void *pages;
	size_t size_pages;
	uint8_t *data;
};
struct edge edge_make(const void *data, size_t size);
void edge_free(struct edge *edge);

#endif
