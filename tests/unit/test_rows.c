/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows blocks: what goes in comes out, and what no writer would write is refused. */
#include <errno.h>

#include "format/block/decode.h"
#include "format/block/encode.h"
#include "trace.h"

/* One block, from events to events, with room to tamper in between. */
struct block {
	struct vft_encoder encoder;
	struct vft_packer *packer;
	struct vft_decoder decoder;
	struct vft_schema schema;
	struct vft_header header;
	struct vft_buffer payload;
	const struct vft_batch *batch;
	const char *what;
};

static int set_up(void **state)
{
	struct block *block = calloc(1, sizeof(*block));

	assert_non_null(block);
	vft_encoder_init(&block->encoder, 1);
	assert_int_equal(vft_packer_new(&block->packer), 0);
	assert_int_equal(vft_decoder_init(&block->decoder), 0);
	vft_schema_init(&block->schema);
	block->schema.is_guess = false;
	*state = block;
	return 0;
}

static int tear_down(void **state)
{
	struct block *block = *state;

	vft_encoder_release(&block->encoder);
	vft_packer_free(block->packer);
	vft_decoder_release(&block->decoder);
	vft_buffer_release(&block->payload);
	free(block);
	return 0;
}

static void encode(struct block *block, const struct vft_event *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t bound;

		assert_int_equal(vft_encoder_bound(&list[i], &bound), 0);
		assert_int_equal(vft_encoder_append(&block->encoder, &list[i], bound), 0);
	}
	vft_encoder_keep_sizes(&block->encoder); /* for tests that change a column */
}

/* Pack and decode, with the payload at the edge of memory. Once per encoding: packing ends it. */
static int decode(struct block *block)
{
	struct edge edge;
	int r;

	block->payload.size = 0;
	block->header = (struct vft_header){.type = VFT_BLOCK_EVENTS};
	vft_encoder_find_ends(&block->encoder);
	assert_int_equal(vft_encoder_pack(&block->encoder, block->packer, 3, &block->payload,
					  &block->header),
			 0);
	edge = edge_make(block->payload.data, block->payload.size);
	r = vft_decoder_decode(&block->decoder, &block->schema, &block->header,
			       vft_cursor_init(edge.data, block->payload.size), &block->batch,
			       &block->what);
	edge_free(&edge);
	return r;
}

static void encode_sample(struct block *block)
{
	size_t n;
	const struct vft_event *list = sample_events(&n);

	encode(block, list, n);
}

static void assert_refused(struct block *block)
{
	block->what = NULL;
	assert_int_equal(decode(block), -EBADMSG);
	assert_non_null(block->what);
}

static void test_rows__every_kind(void **state)
{
	struct block *block = *state;
	size_t n;
	const struct vft_event *list = sample_events(&n);

	for (unsigned int round = 0; round < 3; round++) {
		encode(block, list, n);
		assert_int_equal(decode(block), 0);
		assert_int_equal(block->batch->n_events, n);
		assert_int_equal(block->batch->first_ns, T0);
		assert_int_equal(block->batch->last_ns, T0 + 900);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(event_hash(&block->batch->events[i]),
					 event_hash(&list[i]));
		vft_encoder_reset(&block->encoder);
	}
}

/* As the first recorders wrote it. None of them recorded failures, whose columns were fewer. */
static void encode_first(struct block *block)
{
	struct vft_event events[32];
	size_t n, n_kept = 0;
	const struct vft_event *list = sample_events(&n);

	assert_in_range(n, 1, N_OF(events));
	for (size_t i = 0; i < n; i++)
		if (list[i].kind != VFT_KIND_EXEC_FAIL && list[i].kind != VFT_KIND_SPAWN_FAIL)
			events[n_kept++] = list[i];
	encode(block, events, n_kept);
	block->encoder.columns[VFT_COL_EXE].size = 0;
}

/* Without the file's SCHEMA, a block of the first recorders is not taken for one of this version.
 */
static void test_rows__schema_is_guessed(void **state)
{
	struct block *block = *state;

	encode_first(block);
	assert_refused(block);
	vft_encoder_reset(&block->encoder);
	block->schema.is_guess = true;
	for (unsigned int round = 0; round < 2; round++) {
		if (round == 0)
			encode_first(block);
		else
			encode_sample(block);
		assert_int_equal(decode(block), 0);
		vft_encoder_reset(&block->encoder);
	}
	encode_first(block);
	block->encoder.columns[VFT_COL_EXE].size = block->encoder.columns[VFT_COL_PATH].size = 0;
	assert_refused(block);
}

/* The same tasks and strings take a row of their table each, whatever the number of events. */
static void test_rows__tables_hold_each_once(void **state)
{
	struct block *block = *state;
	struct vft_task task = sample_task(9), other = sample_task(10);
	struct vft_str comm = STR("comm");

	for (unsigned int i = 0; i < 5000; i++) {
		struct vft_event e = {.kind = VFT_KIND_EXIT,
				      .time_ns = T0 + i,
				      .comm = &comm,
				      .task = i % 2 ? &task : &other};

		encode(block, &e, 1);
	}
	assert_int_equal(block->encoder.tasks.n, 2);
	assert_int_equal(block->encoder.strings.n, 1);
	assert_int_equal(decode(block), 0);
	assert_int_equal(block->batch->n_events, 5000);
	assert_int_equal(block->batch->events[4999].task->tid, 9);
	assert_ptr_equal(block->batch->events[4999].comm, block->batch->events[0].comm);
}

/* So many that every table grows while it is in use. */
static void test_rows__tables_grow(void **state)
{
	struct block *block = *state;
	struct vft_event *list = calloc(20000, sizeof(*list));
	struct vft_task *tasks = calloc(20000, sizeof(*tasks));
	struct vft_str *strs = calloc(20000, sizeof(*strs));
	char *text = calloc(20000, 8);

	assert_true(list && tasks && strs && text);
	for (unsigned int i = 0; i < 20000; i++) {
		tasks[i] = sample_task(1 + i * 7 % 10000);
		(void)snprintf(text + 8 * i, 8, "%u", i % 6000);
		strs[i] = (struct vft_str){text + 8 * i, (uint32_t)strlen(text + 8 * i)};
		list[i] = (struct vft_event){.kind = VFT_KIND_EXIT,
					     .time_ns = T0 + i,
					     .task = &tasks[i],
					     .comm = &strs[i]};
	}
	encode(block, list, 20000);
	assert_int_equal(block->encoder.tasks.n, 10000);
	assert_int_equal(block->encoder.strings.n, 6000);
	assert_int_equal(decode(block), 0);
	for (unsigned int i = 0; i < 20000; i++)
		assert_int_equal(event_hash(&block->batch->events[i]), event_hash(&list[i]));
	free(list);
	free(tasks);
	free(strs);
	free(text);
}

static void test_rows__refuses_bad_events(void **state)
{
	struct vft_task task = sample_task(5);
	struct vft_str comm = {"", VFT_MAX_STRING + 1};
	struct vft_event e = {.kind = VFT_KIND_EXIT, .time_ns = T0, .task = &task};
	uint32_t bound;

	(void)state;
	assert_int_equal(vft_encoder_bound(&e, &bound), 0);
	e.kind = 0;
	assert_int_equal(vft_encoder_bound(&e, &bound), -EINVAL);
	e.kind = VFT_KIND_MAX;
	assert_int_equal(vft_encoder_bound(&e, &bound), -EINVAL);
	e.kind = UINT8_MAX;
	assert_int_equal(vft_encoder_bound(&e, &bound), -EINVAL);
	e.kind = VFT_KIND_EXIT;
	e.time_ns = VFT_MAX_TIME_NS + 1;
	assert_int_equal(vft_encoder_bound(&e, &bound), -EINVAL);
	e.time_ns = VFT_MAX_TIME_NS;
	e.comm = &comm;
	assert_int_equal(vft_encoder_bound(&e, &bound), -EINVAL);
	e.comm = NULL;
	task.tid = 0;
	assert_int_equal(vft_encoder_bound(&e, &bound), -EINVAL);
	task.tid = VFT_MAX_PID + 1;
	assert_int_equal(vft_encoder_bound(&e, &bound), -EINVAL);
	e.task = NULL;
	assert_int_equal(vft_encoder_bound(&e, &bound), -EINVAL);
}

/* Each number of a task at its limit, and beyond it. */
static void test_rows__refuses_bad_tasks(void **state)
{
	const struct vft_task good = {
		VFT_MAX_PID, VFT_MAX_PID, VFT_MAX_TIME_NS, VFT_MAX_PID, VFT_MAX_PID, 0, 0, 0};
	struct vft_task bad[6];
	struct vft_event e = {.kind = VFT_KIND_EXIT, .time_ns = T0, .task = &good};
	uint32_t bound;

	(void)state;
	assert_int_equal(vft_encoder_bound(&e, &bound), 0);
	for (size_t i = 0; i < N_OF(bad); i++)
		bad[i] = good;
	bad[0].tgid = 0;
	bad[1].tgid++;
	bad[2].tid++;
	bad[3].ns_tid++;
	bad[4].ns_tgid++;
	bad[5].start_ns++;
	for (size_t i = 0; i < N_OF(bad); i++) {
		e.task = &bad[i];
		assert_int_equal(vft_encoder_bound(&e, &bound), -EINVAL);
	}
}

static int decode_info(const uint8_t *bytes, size_t size, struct vft_rows_info *ret)
{
	struct vft_header header = {.first_ts = T0};
	struct edge edge = edge_make(bytes, size);
	int r = vft_rows_info_decode(vft_cursor_init(edge.data, size), &header, ret);

	edge_free(&edge);
	return r;
}

static int decode_info_of(uint64_t id, uint64_t value, struct vft_rows_info *ret)
{
	struct vft_buffer info = {0};
	int r;

	assert_int_equal(vft_buffer_append_tlv_uint(&info, id, value), 0);
	r = decode_info(info.data, info.size, ret);
	vft_buffer_release(&info);
	return r;
}

static void test_rows__info(void **state)
{
	static const uint8_t two_numbers[] = {VFT_INFO_LOST, 2, 1, 1}, half[] = {VFT_INFO_LOST},
			     half_id[] = {0x80};
	struct vft_rows_info info;

	assert_int_equal(decode_info_of(VFT_INFO_LAST_TS, VFT_MAX_TIME_NS - T0, &info), 0);
	assert_true(info.has_last_ts && info.last_ts == VFT_MAX_TIME_NS);
	assert_int_equal(decode_info_of(VFT_INFO_LAST_TS, VFT_MAX_TIME_NS - T0 + 1, &info),
			 -EBADMSG);
	assert_int_equal(decode_info_of(VFT_INFO_PID_MIN, VFT_MAX_PID, &info), 0);
	assert_int_equal(info.pid_min, VFT_MAX_PID);
	assert_int_equal(decode_info_of(VFT_INFO_PID_MAX, VFT_MAX_PID, &info), 0);
	assert_int_equal(info.pid_max, VFT_MAX_PID);
	assert_int_equal(decode_info_of(VFT_INFO_PID_MIN, VFT_MAX_PID + 1ull, &info), -EBADMSG);
	assert_int_equal(decode_info_of(VFT_INFO_PID_MAX, VFT_MAX_PID + 1ull, &info), -EBADMSG);
	assert_int_equal(decode_info_of(VFT_INFO_LOST, UINT64_MAX, &info), 0);
	assert_true(info.n_lost == UINT64_MAX);
	/* Of a later version. */
	assert_int_equal(decode_info_of(0, 1, &info), 0);
	assert_int_equal(decode_info_of(VFT_INFO_KINDS + 1, 1, &info), 0);
	assert_false(info.has_last_ts || info.has_kinds);
	assert_int_equal(decode_info(two_numbers, sizeof(two_numbers), &info), -EBADMSG);
	assert_int_equal(decode_info(half, sizeof(half), &info), -EBADMSG);
	assert_int_equal(decode_info(half_id, sizeof(half_id), &info), -EBADMSG);
}

/* Each tampering alone must be enough. */
static void tamper_byte(void **state, unsigned int column, size_t at, uint8_t value)
{
	struct block *block = *state;

	encode_sample(block);
	assert_true(block->encoder.columns[column].size > at);
	assert_int_not_equal(block->encoder.columns[column].data[at], value);
	block->encoder.columns[column].data[at] = value;
	assert_refused(block);
}

static void test_rows__task_distance_beyond(void **state)
{
	tamper_byte(state, VFT_COL_TASK, 1, 100);
}

static void test_rows__task_table_overrun(void **state)
{
	tamper_byte(state, VFT_COL_TASK, 1, 0);
}

static void test_rows__pid_zero(void **state)
{
	struct block *block = *state;
	struct vft_task task = sample_task(5);
	struct vft_event e = {.kind = VFT_KIND_EXIT, .time_ns = T0, .task = &task};

	encode(block, &e, 1);
	block->encoder.columns[VFT_COL_TASK_TID].data[0] = 0;
	assert_refused(block);
	assert_string_equal(block->what, "task with an impossible pid");
}

static void test_rows__pid_negative(void **state)
{
	tamper_byte(state, VFT_COL_TASK_TID, 1, 0xc9);
}

static void test_rows__string_row_beyond(void **state)
{
	tamper_byte(state, VFT_COL_COMM, 1, 100);
}

/* A string may only be referred to behind the place where it is introduced. */
static void test_rows__string_before_its_turn(void **state)
{
	tamper_byte(state, VFT_COL_COMM, 0, 4);
}

static void test_rows__string_too_long(void **state)
{
	tamper_byte(state, VFT_COL_STRING_LEN, 0, 127);
}

static void test_rows__unknown_kind(void **state)
{
	tamper_byte(state, VFT_COL_KIND, 0, 60);
}

static void test_rows__kind_beyond_set(void **state)
{
	tamper_byte(state, VFT_COL_KIND, 0, 64);
}

static void test_rows__time_before_first(void **state)
{
	tamper_byte(state, VFT_COL_TIME, 0, 3);
}

static void test_rows__kinds_differ(void **state)
{
	struct block *block = *state;

	encode_sample(block);
	block->encoder.kinds ^= 1ull << VFT_KIND_EXIT;
	assert_refused(block);
}

static void test_rows__last_time_differs(void **state)
{
	struct block *block = *state;

	encode_sample(block);
	block->encoder.last_ns += 1;
	assert_refused(block);
}

static void test_rows__first_time_differs(void **state)
{
	struct block *block = *state;

	encode_sample(block);
	block->encoder.first_ns -= 1;
	block->encoder.start_ns -= 1;
	assert_refused(block);
}

static void test_rows__more_events_than_values(void **state)
{
	struct block *block = *state;

	encode_sample(block);
	block->encoder.n_events++;
	assert_refused(block);
}

static void test_rows__fewer_events_than_values(void **state)
{
	struct block *block = *state;

	encode_sample(block);
	block->encoder.n_events--;
	assert_refused(block);
}

static void test_rows__value_too_wide(void **state)
{
	struct block *block = *state;
	struct vft_buffer *column = &block->encoder.columns[VFT_COL_CPU];

	encode_sample(block);
	column->size--;
	assert_int_equal(vft_buffer_append_varint(column, 1ull << 32), 0);
	assert_refused(block);
}

/* The same for the columns of one kind: the largest value is taken, and one more is not. */
static void test_rows__member_too_wide(void **state)
{
	static const struct {
		unsigned int column;
		uint64_t most;
	} limits[] = {{VFT_COL_OLD_TID, UINT32_MAX}, {VFT_COL_CODE, 255}};
	struct block *block = *state;

	for (size_t i = 0; i < N_OF(limits); i++) {
		struct vft_buffer *column = &block->encoder.columns[limits[i].column];

		encode_sample(block);
		column->size = 0;
		assert_int_equal(vft_buffer_append_varint(column, limits[i].most), 0);
		assert_int_equal(decode(block), 0);
		vft_encoder_reset(&block->encoder);
		encode_sample(block);
		column->size = 0;
		assert_int_equal(vft_buffer_append_varint(column, limits[i].most + 1), 0);
		assert_refused(block);
		vft_encoder_reset(&block->encoder);
	}
}

static void test_rows__writer_keeps_to_the_range(void **state)
{
	struct vft_task task = sample_task(5);
	struct vft_event e = {.kind = VFT_KIND_EXIT, .time_ns = T0, .task = &task};
	uint32_t bound;

	(void)state;
	e.exit.code = VFT_MAX_EXIT_CODE;
	assert_int_equal(vft_encoder_bound(&e, &bound), 0);
	e.exit.code++;
	assert_int_equal(vft_encoder_bound(&e, &bound), -EINVAL);
}

/* One byte more than the lengths add up to, in a table of its own size. */
static void test_rows__strings_leave_bytes(void **state)
{
	struct block *block = *state;

	encode_sample(block);
	assert_int_equal(vft_buffer_append_bytes(&block->encoder.strings.data, "x", 1), 0);
	assert_refused(block);
	assert_string_equal(block->what, "strings do not fill the table");
}

/* A block of @n rows of an unknown kind with @n_columns references each. Rows @a and @b begin with
 * a new task, all others with the one before. */
static int decode_references(struct block *block, uint32_t n, unsigned int n_columns, uint32_t a,
			     uint32_t b)
{
	static uint8_t nothing[2];
	struct vft_buffer zero = {nothing, 1 + (a != b), sizeof(nothing)};
	struct vft_buffer zeros = {0}, kinds = {0}, first = {0}, more = {0}, info = {0}, one = {0};
	struct vft_column_data columns[32];
	size_t n_used = 0;
	int r;

	block->schema.n_columns = 0;
	block->schema.n_steps = n_columns;
	block->schema.plans[40] = (struct vft_plan){.is_present = true, .n_steps = n_columns};
	for (unsigned int i = 0; i < n_columns; i++) {
		block->schema.column_ids[i] = (uint16_t)(200 + i);
		block->schema.encodings[i] = VFT_ENC_TASK;
		block->schema.steps[i] = (struct vft_step){
			.slot = (uint8_t)i, .encoding = VFT_ENC_TASK, .dest = VFT_DEST_NONE};
		block->schema.n_columns++;
	}
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(vft_buffer_append_varint(&zeros, 0), 0);
		assert_int_equal(vft_buffer_append_varint(&kinds, 40), 0);
		assert_int_equal(vft_buffer_append_varint(&first, i != a && i != b), 0);
		assert_int_equal(vft_buffer_append_varint(&more, 1), 0);
	}
	assert_int_equal(vft_buffer_append_varint(&one, vft_zigzag(1)), 0);
	if (a != b)
		assert_int_equal(vft_buffer_append_varint(&one, vft_zigzag(1)), 0);
	columns[n_used++] = (struct vft_column_data){VFT_COL_TIME, &zeros};
	columns[n_used++] = (struct vft_column_data){VFT_COL_KIND, &kinds};
	columns[n_used++] = (struct vft_column_data){VFT_COL_CPU, &zeros};
	columns[n_used++] = (struct vft_column_data){VFT_COL_TASK_TID, &one};
	zeros.size = n;
	for (unsigned int id = VFT_COL_TASK_TGID; id <= VFT_COL_TASK_CGROUP; id++)
		columns[n_used++] = (struct vft_column_data){(uint16_t)id, &zero};
	for (unsigned int i = 0; i < n_columns; i++)
		columns[n_used++] =
			(struct vft_column_data){(uint16_t)(200 + i), i ? &more : &first};
	assert_int_equal(vft_buffer_append_tlv_uint(&info, VFT_INFO_LAST_TS, 0), 0);
	block->header = (struct vft_header){.type = VFT_BLOCK_EVENTS, .first_ts = T0};
	block->header.n_events = n;
	block->payload.size = 0;
	r = vft_packer_pack(block->packer, 1, &info, columns, n_used, &block->payload,
			    &block->header.raw_len);
	assert_int_equal(r, 0);
	r = vft_decoder_decode(&block->decoder, &block->schema, &block->header,
			       vft_cursor_init(block->payload.data, block->payload.size),
			       &block->batch, &block->what);
	vft_buffer_release(&zeros);
	vft_buffer_release(&kinds);
	vft_buffer_release(&first);
	vft_buffer_release(&more);
	vft_buffer_release(&info);
	vft_buffer_release(&one);
	return r;
}

static void test_rows__too_many_references(void **state)
{
	struct block *block = *state;
	uint32_t n = VFT_MAX_REFS / 8;

	_Static_assert(VFT_MAX_REFS % 8 == 0, "eight references a row");
	assert_int_equal(decode_references(block, n, 8, 0, 0), 0);
	assert_int_equal(block->batch->n_skipped, n);
	assert_int_equal(decode_references(block, n + 1, 8, 0, 0), -EBADMSG);
	/* That the first one too many is a new task makes no difference. */
	assert_int_equal(decode_references(block, n, 8, 0, n - 1), 0);
	assert_int_equal(decode_references(block, n + 1, 8, 0, n), -EBADMSG);
}

static void test_rows__reference_before_the_first(void **state)
{
	struct block *block = *state;

	assert_int_equal(decode_references(block, 2, 1, 0, 1), 0);
	assert_int_equal(decode_references(block, 2, 1, 1, 1), -EBADMSG);
	assert_string_equal(block->what, "event with a value out of range");
}

/* Bytes of the last varint. */
static size_t count_last(const struct vft_buffer *column)
{
	size_t n = 1;

	while (n < column->size && column->data[column->size - 1 - n] & 0x80)
		n++;
	return n;
}

/* A reader bears a number in more bytes than it needs; a strict one finds it, in any column. */
static void test_rows__long_varint(void **state)
{
	struct block *block = *state;

	block->decoder.is_strict = true;
	for (unsigned int id = VFT_COL_TIME; id < VFT_N_COLUMNS; id++) {
		struct vft_buffer *column = &block->encoder.columns[id];

		vft_encoder_reset(&block->encoder);
		encode_sample(block);
		if (!column->size || count_last(column) == VFT_VARINT_MAX)
			continue;
		assert_int_equal(decode(block), 0);
		assert_false(block->decoder.has_long);
		vft_encoder_reset(&block->encoder);
		encode_sample(block);
		column->data[column->size - 1] |= 0x80;
		assert_int_equal(vft_buffer_append_bytes(column, "\0", 1), 0);
		assert_int_equal(decode(block), 0);
		assert_true(block->decoder.has_long);
	}
}

static void test_rows__lost_saturates(void **state)
{
	struct block *block = *state;
	struct vft_event e = {.kind = VFT_KIND_LOST, .time_ns = T0};

	e.lost.count = 1ull << 63;
	encode(block, &e, 1);
	encode(block, &e, 1);
	assert_true(block->encoder.n_lost == UINT64_MAX);
}

/* One more than the largest pid, with everything that hangs on it in range. */
static void test_rows__pid_too_large(void **state)
{
	struct block *block = *state;
	struct vft_task task = sample_task(VFT_MAX_PID);
	struct vft_event e = {.kind = VFT_KIND_EXIT, .time_ns = T0, .task = &task};
	struct vft_buffer *column = &block->encoder.columns[VFT_COL_TASK_TID];

	encode(block, &e, 1);
	assert_int_equal(decode(block), 0);
	vft_encoder_reset(&block->encoder);
	encode(block, &e, 1);
	column->size = 0;
	assert_int_equal(vft_buffer_append_varint(column, vft_zigzag(VFT_MAX_PID + 1ull)), 0);
	assert_refused(block);
}

/* Every string is introduced, and the tables are used up: only the order is wrong. */
static void test_rows__string_referred_to_too_early(void **state)
{
	struct block *block = *state;
	struct vft_task task = sample_task(5);
	struct vft_str a = STR("a"), b = STR("b");
	struct vft_event list[3];
	uint8_t *codes;

	for (size_t i = 0; i < N_OF(list); i++)
		list[i] = (struct vft_event){.kind = VFT_KIND_EXIT,
					     .time_ns = T0 + i,
					     .task = &task,
					     .comm = i == 1 ? &b : &a};
	encode(block, list, N_OF(list));
	codes = block->encoder.columns[VFT_COL_COMM].data;
	assert_memory_equal(codes, "\1\1\2", 3);
	memcpy(codes, "\3\1\1", 3);
	assert_refused(block);
}

/* One value less, or one more, in any column at all. */
static void test_rows__every_column_length(void **state)
{
	struct block *block = *state;

	for (unsigned int id = VFT_COL_TIME; id < VFT_N_COLUMNS; id++) {
		struct vft_buffer *column = &block->encoder.columns[id];

		encode_sample(block);
		if (column->size && id != VFT_COL_TIME) {
			column->size--;
			assert_refused(block);
			column->size++;
		}
		vft_encoder_reset(&block->encoder);
		encode_sample(block);
		if (column->size) {
			assert_int_equal(vft_buffer_append_varint(column, 0), 0);
			assert_refused(block);
		}
		vft_encoder_reset(&block->encoder);
	}
}

/* Whatever one byte of a column becomes: no crash, and never more events than there were. */
static void test_rows__every_byte_of_every_column(void **state)
{
	struct block *block = *state;
	size_t n, n_refused = 0, n_tried = 0;

	(void)sample_events(&n);
	for (unsigned int id = VFT_COL_TIME; id < VFT_N_COLUMNS; id++) {
		struct vft_buffer *column = id == VFT_COL_STRING_DATA ? &block->encoder.strings.data
								      : &block->encoder.columns[id];

		for (size_t at = 0;; at++) {
			static const uint8_t masks[] = {1, 2, 0x40, 0x80, 0xff};
			bool done = false;

			for (size_t m = 0; m < N_OF(masks); m++) {
				vft_encoder_reset(&block->encoder);
				encode_sample(block);
				done = at >= column->size;
				if (done)
					break;
				column->data[at] ^= masks[m];
				n_tried++;
				if (decode(block) == 0)
					assert_in_range(block->batch->n_events, 1, n);
				else
					n_refused++;
			}
			if (done)
				break;
		}
	}
	assert_true(n_refused > n_tried / 4);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_rows__every_kind),
		TEST(test_rows__schema_is_guessed),
		TEST(test_rows__tables_hold_each_once),
		TEST(test_rows__tables_grow),
		TEST(test_rows__refuses_bad_events),
		TEST(test_rows__refuses_bad_tasks),
		TEST(test_rows__info),
		TEST(test_rows__task_distance_beyond),
		TEST(test_rows__task_table_overrun),
		TEST(test_rows__pid_zero),
		TEST(test_rows__pid_negative),
		TEST(test_rows__string_row_beyond),
		TEST(test_rows__string_before_its_turn),
		TEST(test_rows__string_too_long),
		TEST(test_rows__unknown_kind),
		TEST(test_rows__kind_beyond_set),
		TEST(test_rows__time_before_first),
		TEST(test_rows__kinds_differ),
		TEST(test_rows__last_time_differs),
		TEST(test_rows__first_time_differs),
		TEST(test_rows__more_events_than_values),
		TEST(test_rows__fewer_events_than_values),
		TEST(test_rows__value_too_wide),
		TEST(test_rows__member_too_wide),
		TEST(test_rows__writer_keeps_to_the_range),
		TEST(test_rows__strings_leave_bytes),
		TEST(test_rows__too_many_references),
		TEST(test_rows__reference_before_the_first),
		TEST(test_rows__long_varint),
		TEST(test_rows__lost_saturates),
		TEST(test_rows__pid_too_large),
		TEST(test_rows__string_referred_to_too_early),
		TEST(test_rows__every_column_length),
		TEST(test_rows__every_byte_of_every_column),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
