/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "format/block/decode.h"
#include "format/block/encode.h"
#include "format/block/schema.h"
#include "trace.h"

static struct vft_schema read_schema;

static void test_schema__own_round_trip(void **state)
{
	static struct vft_schema own;
	struct vft_buffer payload = {0};

	vft_schema_init(&own);
	assert_int_equal(vft_schema_encode(&payload), 0);
	assert_int_equal(
		vft_schema_decode(vft_cursor_init(payload.data, payload.size), &read_schema), 0);
	assert_int_equal(own.n_columns, read_schema.n_columns);
	assert_memory_equal(own.column_ids, read_schema.column_ids,
			    own.n_columns * sizeof(own.column_ids[0]));
	assert_memory_equal(own.encodings, read_schema.encodings, own.n_columns);
	assert_memory_equal(own.plans, read_schema.plans, sizeof(own.plans));
	assert_int_equal(own.n_steps, read_schema.n_steps);
	assert_memory_equal(own.steps, read_schema.steps, own.n_steps * sizeof(own.steps[0]));
	for (unsigned int kind = 1; kind <= VFT_KIND_MAX; kind++) {
		size_t n;

		(void)vft_event_fields(kind, &n);
		assert_int_equal(own.plans[kind].is_present, vft_kind_name(kind) != NULL);
		assert_int_equal(own.plans[kind].n_steps, n);
	}
	for (uint32_t i = 0; i < own.n_steps; i++)
		assert_int_not_equal(own.steps[i].dest, VFT_DEST_NONE);
	vft_buffer_release(&payload);
}

static void test_schema__cut_anywhere(void **state)
{
	struct vft_buffer payload = {0};

	assert_int_equal(vft_schema_encode(&payload), 0);
	for (size_t size = 0; size < payload.size; size++) {
		struct edge edge = edge_make(payload.data, size);

		assert_int_equal(vft_schema_decode(vft_cursor_init(edge.data, size), &read_schema),
				 -EBADMSG);
		edge_free(&edge);
	}
	vft_buffer_release(&payload);
}

static void put(struct vft_buffer *payload, const unsigned int *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(vft_buffer_append_varint(payload, values[i]), 0);
}

#define DECODE(...)                                                                                \
	decode_values((const unsigned int[]){__VA_ARGS__},                                         \
		      sizeof((const unsigned int[]){__VA_ARGS__}) / sizeof(unsigned int))

static int decode_values(const unsigned int *values, size_t n)
{
	struct vft_buffer payload = {0};
	int r;

	put(&payload, values, n);
	r = vft_schema_decode(vft_cursor_init(payload.data, payload.size), &read_schema);
	vft_buffer_release(&payload);
	return r;
}

/* columns: n, {id, name length, encoding}; kinds: n, {id, name length, n, ids} */
static void test_schema__malformed(void **state)
{
	assert_int_equal(DECODE(1, 20, 0, 1, 1, 5, 0, 1, 20), 0);
	assert_int_equal(DECODE(0, 0), 0);
	assert_int_equal(DECODE(1, 20, 0, 1, 1, 5, 0, 1, 21), -EBADMSG); /* no such column */
	assert_int_equal(DECODE(2, 20, 0, 1, 20, 0, 1, 0), -EBADMSG);    /* twice */
	assert_int_equal(DECODE(2, 21, 0, 1, 20, 0, 1, 0), -EBADMSG);    /* not rising */
	assert_int_equal(DECODE(1, 0, 0, 1, 0), -EBADMSG);
	assert_int_equal(DECODE(1, 65536, 0, 1, 0), -EBADMSG);
	assert_int_equal(DECODE(1, 20, 0, 0, 0), -EBADMSG);              /* encoding 0 */
	assert_int_equal(DECODE(1, 20, 0, 7, 1, 5, 0, 1, 20), -EBADMSG); /* bytes in a row */
	assert_int_equal(DECODE(1, 4, 0, 3, 1, 5, 0, 1, 4), -EBADMSG);   /* a table's column */
	assert_int_equal(DECODE(0, 1, 0, 0, 0), -EBADMSG);               /* kind 0 */
	assert_int_equal(DECODE(0, 1, 64, 0, 0), -EBADMSG);
	assert_int_equal(DECODE(0, 2, 5, 0, 0, 5, 0, 0), -EBADMSG); /* kind twice */
	assert_int_equal(DECODE(1, 20, 99, 1, 0), -EBADMSG);        /* name beyond the end */
	assert_int_equal(DECODE(0, 1, 5, 0, 65), -EBADMSG);         /* too many columns */
}

static void test_schema__too_many_columns(void **state)
{
	struct vft_buffer payload = {0};

	for (unsigned int n = VFT_MAX_COLUMNS; n <= VFT_MAX_COLUMNS + 1; n++) {
		payload.size = 0;
		put(&payload, &n, 1);
		for (unsigned int i = 0; i < n; i++)
			put(&payload, (const unsigned int[]){100 + i, 0, 1}, 3);
		put(&payload, (const unsigned int[]){0}, 1);
		assert_int_equal(vft_schema_decode(vft_cursor_init(payload.data, payload.size),
						   &read_schema),
				 n > VFT_MAX_COLUMNS ? -EBADMSG : 0);
	}
	vft_buffer_release(&payload);
}

/*
 * A file of a later version: kind 40 is new, exit has lost its comm, has its columns in another
 * order, and three new ones: a number, a task and a string, which move the shared tables.
 */
enum { COL_NUMBER = 200, COL_TASK = 201, COL_STRING = 202, COL_STRANGE = 203, KIND_NEW = 40 };

/* Read by DECODE into read_schema: columns {id, name length, encoding}, kinds {id, ..., columns}.
 */
static void decode_future_schema(void)
{
	/* clang-format off */
	assert_int_equal(DECODE(
		8,
		16, 0, VFT_ENC_TASK,
		22, 0, VFT_ENC_UINT,
		37, 0, VFT_ENC_UINT,
		38, 0, VFT_ENC_UINT,
		COL_NUMBER, 0, VFT_ENC_DELTA,
		COL_TASK, 0, VFT_ENC_TASK,
		COL_STRING, 0, VFT_ENC_STRING,
		COL_STRANGE, 0, 99,
		2,
		KIND_NEW, 0, 3, COL_STRING, 22, COL_TASK,
		VFT_KIND_EXIT, 0, 7, 38, COL_NUMBER, COL_TASK, 16, 37, COL_STRANGE, COL_STRING), 0);
	/* clang-format on */
	assert_true(read_schema.plans[KIND_NEW].is_present);
	assert_false(read_schema.plans[KIND_NEW].is_known);
}

/* Four rows: new, exit, new, exit. */
static void fill_future_columns(struct vft_buffer *columns)
{
	put(&columns[1], (const unsigned int[]){0, 2, 2, 2}, 4);
	put(&columns[2], (const unsigned int[]){KIND_NEW, 5, KIND_NEW, 5}, 4);
	put(&columns[3], (const unsigned int[]){0, 1, 2, 3}, 4);
	for (unsigned int id = 4; id <= 11; id++)
		put(&columns[id], (const unsigned int[]){id == 4 ? 20 : 0, id == 4 ? 2 : 0}, 2);
	put(&columns[12], (const unsigned int[]){1, 0}, 2);
	put(&columns[13], (const unsigned int[]){'x'}, 1);
	put(&columns[22], (const unsigned int[]){7, 8}, 2);
	put(&columns[COL_STRING], (const unsigned int[]){1, 1, 2, 3}, 4);
	/* References in all: 10 new; 10 again, 11 new; 10; 10 and 11. */
	put(&columns[COL_TASK], (const unsigned int[]){0, 1, 2, 3}, 4);
	put(&columns[16], (const unsigned int[]){0, 3}, 2);
	put(&columns[COL_NUMBER], (const unsigned int[]){2, 2}, 2);
	put(&columns[37], (const unsigned int[]){5, 6}, 2);
	put(&columns[38], (const unsigned int[]){9, 0}, 2);
	put(&columns[COL_STRANGE], (const unsigned int[]){250, 250, 250}, 3);
}

static void pack_future_block(struct vft_header *header, struct vft_buffer *payload)
{
	static struct vft_buffer columns[256];
	struct vft_column_data list[256];
	struct vft_buffer info = {0};
	struct vft_packer *packer;
	size_t n = 0;

	fill_future_columns(columns);
	assert_int_equal(vft_buffer_append_tlv_uint(&info, VFT_INFO_LAST_TS, 3), 0);
	assert_int_equal(vft_buffer_append_tlv(&info, 77, "later", 5), 0);
	for (unsigned int id = 1; id < 256; id++)
		if (columns[id].size)
			list[n++] = (struct vft_column_data){(uint16_t)id, &columns[id]};
	assert_int_equal(vft_packer_new(&packer), 0);
	assert_int_equal(vft_packer_pack(packer, 3, &info, list, n, payload, &header->raw_len), 0);
	vft_packer_free(packer);
	vft_buffer_release(&info);
	for (unsigned int id = 0; id < 256; id++)
		vft_buffer_release(&columns[id]);
}

static void test_schema__future_rows(void **state)
{
	static struct vft_decoder decoder;
	struct vft_header header = {.type = VFT_BLOCK_EVENTS, .n_events = 4, .first_ts = 1000};
	struct vft_buffer payload = {0};
	const struct vft_batch *batch;
	const char *what = NULL;

	decode_future_schema();
	pack_future_block(&header, &payload);
	assert_int_equal(vft_decoder_init(&decoder), 0);
	assert_int_equal(vft_decoder_decode(&decoder, &read_schema, &header,
					    vft_cursor_init(payload.data, payload.size), &batch,
					    &what),
			 0);
	assert_int_equal(batch->n_events, 2);
	assert_int_equal(batch->n_skipped, 2);
	assert_int_equal(batch->events[0].time_ns, 1001);
	assert_int_equal(batch->events[0].cpu, 1);
	assert_int_equal(batch->events[0].task->tid, 11);
	assert_int_equal(batch->events[0].exit.code, 5);
	assert_int_equal(batch->events[0].exit.signal, 9);
	assert_null(batch->events[0].comm);
	assert_int_equal(batch->events[0].flags, 0);
	assert_int_equal(batch->events[1].time_ns, 1003);
	assert_int_equal(batch->events[1].exit.code, 6);
	assert_int_equal(batch->events[1].task->tid, 11);
	vft_decoder_release(&decoder);
	vft_buffer_release(&payload);
}

/* What we store as a number may be a string elsewhere: then it is not ours. */
static void test_schema__other_encoding(void **state)
{
	assert_int_equal(DECODE(1, 37, 0, VFT_ENC_STRING, 1, VFT_KIND_EXIT, 0, 1, 37), 0);
	assert_int_equal(read_schema.steps[0].dest, VFT_DEST_NONE);
	assert_int_equal(DECODE(1, 37, 0, VFT_ENC_DELTA, 1, VFT_KIND_EXIT, 0, 1, 37), 0);
	assert_int_equal(read_schema.steps[0].dest, VFT_TYPE_U32);
	assert_int_equal(read_schema.steps[0].encoding, VFT_ENC_DELTA);
}

/* No event without the task it is about: readers rely on it. */
static void test_schema__kind_without_its_task(void **state)
{
	assert_int_equal(DECODE(2, 16, 0, 5, 37, 0, 1, 1, VFT_KIND_EXIT, 0, 2, 16, 37), 0);
	assert_true(read_schema.plans[VFT_KIND_EXIT].is_known);
	assert_int_equal(DECODE(2, 16, 0, 5, 37, 0, 1, 1, VFT_KIND_EXIT, 0, 1, 37), 0);
	assert_true(read_schema.plans[VFT_KIND_EXIT].is_present);
	assert_false(read_schema.plans[VFT_KIND_EXIT].is_known);
	assert_int_equal(DECODE(2, 16, 0, 1, 37, 0, 1, 1, VFT_KIND_EXIT, 0, 2, 16, 37), 0);
	assert_false(read_schema.plans[VFT_KIND_EXIT].is_known); /* a number is no task */
	assert_int_equal(DECODE(1, 36, 0, 1, 1, VFT_KIND_MARK, 0, 1, 36), 0);
	assert_true(read_schema.plans[VFT_KIND_MARK].is_known); /* has none */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schema__own_round_trip),
		cmocka_unit_test(test_schema__cut_anywhere),
		cmocka_unit_test(test_schema__malformed),
		cmocka_unit_test(test_schema__too_many_columns),
		cmocka_unit_test(test_schema__future_rows),
		cmocka_unit_test(test_schema__other_encoding),
		cmocka_unit_test(test_schema__kind_without_its_task),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
