/* SPDX-License-Identifier: BSD-2-Clause */
/* The encoder, which the compiler unrolls and which remembers a lot, against a plain reading of
 * docs/format.md: tables are searched from the beginning, each value is written by itself. */
#include "format/base/cursor.h"
#include "format/block/encode.h"
#include "trace.h"

#define N_EVENTS 3000u
#define N_BLOCKS 6u

struct plain {
	struct vft_buffer columns[VFT_N_COLUMNS];
	uint64_t last[VFT_N_COLUMNS];
	struct vft_task tasks[2 * N_EVENTS];
	uint32_t referred[2 * N_EVENTS];
	struct vft_str strings[5 * N_EVENTS];
	uint32_t n_tasks, n_refs, n_strings;
};

static void put(struct plain *plain, unsigned int column, uint64_t value)
{
	assert_int_equal(vft_buffer_append_varint(&plain->columns[column], value), 0);
}

static uint64_t zigzag(uint64_t value)
{
	return (int64_t)value < 0 ? ~(value << 1) : value << 1;
}

static void put_delta(struct plain *plain, unsigned int column, uint64_t value)
{
	put(plain, column, zigzag(value - plain->last[column]));
	plain->last[column] = value;
}

static void put_task(struct plain *plain, unsigned int column, const struct vft_task *task,
		     uint64_t time_ns)
{
	uint32_t i = 0;

	while (i < plain->n_tasks && memcmp(&plain->tasks[i], task, sizeof(*task)) != 0)
		i++;
	if (i < plain->n_tasks) {
		put(plain, column, plain->n_refs - plain->referred[i]);
		plain->referred[i] = plain->n_refs++;
		return;
	}
	put(plain, column, 0);
	plain->tasks[plain->n_tasks] = *task;
	plain->referred[plain->n_tasks++] = plain->n_refs++;
	put_delta(plain, VFT_COL_TASK_TID, task->tid);
	put(plain, VFT_COL_TASK_TGID, zigzag((uint64_t)task->tid - task->tgid));
	put(plain, VFT_COL_TASK_START, zigzag(time_ns - task->start_ns));
	put(plain, VFT_COL_TASK_NS_TID, zigzag((uint64_t)task->tid - task->ns_tid));
	put(plain, VFT_COL_TASK_NS_TGID, zigzag((uint64_t)task->tgid - task->ns_tgid));
	put_delta(plain, VFT_COL_TASK_UID, task->uid);
	put_delta(plain, VFT_COL_TASK_PIDNS, task->pidns);
	put_delta(plain, VFT_COL_TASK_CGROUP, task->cgroup);
}

static void put_str(struct plain *plain, unsigned int column, const struct vft_str *str)
{
	uint32_t i = 0;

	if (!str) {
		put(plain, column, 0);
		return;
	}
	while (i < plain->n_strings && (plain->strings[i].size != str->size ||
					memcmp(plain->strings[i].data, str->data, str->size) != 0))
		i++;
	if (i < plain->n_strings) {
		put(plain, column, (uint64_t)i + 2);
		return;
	}
	plain->strings[plain->n_strings++] = *str;
	put(plain, column, 1);
	put(plain, VFT_COL_STRING_LEN, str->size);
	assert_int_equal(
		vft_buffer_append_bytes(&plain->columns[VFT_COL_STRING_DATA], str->data, str->size),
		0);
}

static uint64_t number(const void *member, unsigned int type)
{
	if (type == VFT_TYPE_U64)
		return *(const uint64_t *)member;
	if (type == VFT_TYPE_I32)
		return (uint64_t)(int64_t) * (const int32_t *)member;
	return *(const uint32_t *)member;
}

static void put_field(struct plain *plain, const struct vft_event *event,
		      const struct vft_field *field)
{
	const void *member = (const char *)event + field->offset;

	switch (vft_column_encoding(field->column)) {
	case VFT_ENC_UINT:
		put(plain, field->column, number(member, field->type));
		break;
	case VFT_ENC_SINT:
		put(plain, field->column, zigzag(number(member, field->type)));
		break;
	case VFT_ENC_DELTA:
		put_delta(plain, field->column, number(member, field->type));
		break;
	case VFT_ENC_TIME:
		put(plain, field->column, zigzag(event->time_ns - number(member, field->type)));
		break;
	case VFT_ENC_TASK:
		put_task(plain, field->column, *(const struct vft_task *const *)member,
			 event->time_ns);
		break;
	case VFT_ENC_STRING:
		put_str(plain, field->column, *(const struct vft_str *const *)member);
		break;
	case VFT_ENC_BYTES:
		fail();
	}
}

static void plain_append(struct plain *plain, const struct vft_event *event, bool is_first)
{
	size_t n;
	const struct vft_field *fields = vft_event_fields(event->kind, &n);

	if (is_first) /* is put in front when the block ends */
		plain->last[VFT_COL_TIME] = event->time_ns;
	else
		put_delta(plain, VFT_COL_TIME, event->time_ns);
	put(plain, VFT_COL_KIND, event->kind);
	put(plain, VFT_COL_CPU, event->cpu);
	for (size_t i = 0; i < n; i++)
		put_field(plain, event, &fields[i]);
}

static void plain_reset(struct plain *plain)
{
	for (unsigned int i = 0; i < VFT_N_COLUMNS; i++)
		plain->columns[i].size = 0;
	memset(plain->last, 0, sizeof(plain->last));
	plain->n_tasks = plain->n_refs = plain->n_strings = 0;
}

static uint64_t draw(uint64_t n)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* Of any length in bytes, small ones as often as large ones. */
static uint64_t draw_number(void)
{
	return draw(UINT64_MAX) >> draw(64);
}

/* A few hundred tasks, of which many have one tid, or tids that are far apart. */
static void draw_task(struct vft_task *ret)
{
	uint32_t tid = 1 + (uint32_t)(draw(3) ? draw(20) : 64 * draw(20));

	*ret = (struct vft_task){.tgid = tid,
				 .tid = draw(8) ? tid : tid + 1,
				 .start_ns = draw(2) * 1000,
				 .ns_tid = tid,
				 .ns_tgid = draw(4) ? tid : 1,
				 .uid = (uint32_t)draw(2) * 1000,
				 .pidns = 4026531836u,
				 .cgroup = draw(2) ? 77 : 1};
}

/* Strings of all lengths up to 30 that often differ in one byte only. */
static void draw_str(struct vft_str *ret)
{
	static char texts[60][30];
	size_t i = draw(60);

	memset(texts[i], 'a', sizeof(texts[i]));
	texts[i][i % 30] = (char)('a' + i / 30);
	*ret = (struct vft_str){texts[i], (uint32_t)draw(31)};
}

struct drawn {
	struct vft_event event;
	struct vft_task tasks[2];
	struct vft_str strings[5];
};

static void draw_event(struct drawn *ret, uint64_t time_ns)
{
	unsigned int n_tasks = 0, n_strings = 0;
	const struct vft_field *fields;
	size_t n;

	ret->event = (struct vft_event){.time_ns = time_ns,
					.kind = (uint8_t)(1 + draw(VFT_KIND_SPAWN_FAIL)),
					.cpu = (uint16_t)draw(300)};
	fields = vft_event_fields(ret->event.kind, &n);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		void *member = (char *)&ret->event + fields[i].offset;

		if (fields[i].type == VFT_TYPE_TASK) {
			draw_task(&ret->tasks[n_tasks]);
			*(const struct vft_task **)member = &ret->tasks[n_tasks++];
		} else if (fields[i].type == VFT_TYPE_STR) {
			draw_str(&ret->strings[n_strings]);
			*(const struct vft_str **)member =
				draw(9) ? &ret->strings[n_strings] : NULL;
			n_strings++;
		} else if (fields[i].type == VFT_TYPE_U64) {
			*(uint64_t *)member = draw_number();
		} else if (fields[i].type == VFT_TYPE_I32) {
			*(int32_t *)member = (int32_t)draw_number();
		} else {
			*(uint32_t *)member = (uint32_t)draw_number();
		}
	}
	if (ret->event.kind == VFT_KIND_EXIT)
		ret->event.exit.code &= 0xff;
}

static void assert_same_columns(struct vft_encoder *encoder, const struct plain *plain)
{
	size_t size = VFT_VARINT_MAX; /* of the first time, which is not there yet */

	vft_encoder_keep_sizes(encoder);
	for (unsigned int i = 0; i < VFT_N_COLUMNS; i++) {
		const struct vft_buffer *want = &plain->columns[i], *got = &encoder->columns[i];

		if (i == VFT_COL_STRING_DATA)
			got = &encoder->strings.data;
		if (want->size != got->size || memcmp(want->data, got->data, want->size) != 0)
			fail_msg("column %s differs", vft_column_name(i));
		size += want->size;
	}
	assert_int_equal(encoder->raw_size, size);
}

/* Of every kind there is, in several blocks one after another. */
static void test_encoder__writes_what_the_format_says(void **state)
{
	struct plain *plain = calloc(1, sizeof(*plain));
	struct drawn *drawn = calloc(1, sizeof(*drawn));
	struct vft_encoder encoder;
	uint64_t time_ns = T0;

	assert_true(plain && drawn);
	vft_encoder_init(&encoder, 1);
	for (unsigned int block = 0; block < N_BLOCKS; block++) {
		for (unsigned int i = 0; i < N_EVENTS; i++) {
			uint32_t bound;

			time_ns += draw(20) ? draw(20000) : draw_number() >> 24;
			draw_event(drawn, time_ns - draw(9000));
			assert_int_equal(vft_encoder_bound(&drawn->event, &bound), 0);
			assert_int_equal(vft_encoder_append(&encoder, &drawn->event, bound), 0);
			plain_append(plain, &drawn->event, i == 0);
		}
		assert_same_columns(&encoder, plain);
		vft_encoder_reset(&encoder);
		plain_reset(plain);
	}
	vft_encoder_release(&encoder);
	for (unsigned int i = 0; i < VFT_N_COLUMNS; i++)
		vft_buffer_release(&plain->columns[i]);
	free(plain);
	free(drawn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encoder__writes_what_the_format_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
