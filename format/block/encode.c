/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/encode.h"

#include <errno.h>
#include <string.h>

/* A kind has at most this many tasks, and this many strings: what one event may add to the tables.
 */
#define MAX_ADDED 8

/* Room in the columns is made for so many events at once. */
#define ROOMY_EVENTS 64u

static const uint8_t column_ids[] = {
#define X(id, NAME, name, ENC) id,
	VFT_COLUMN_LIST(X)
#undef X
};

#define N_COLUMN_IDS (sizeof(column_ids) / sizeof(column_ids[0]))

#define X(id, NAME, name, ENC) _Static_assert(id < VFT_N_COLUMNS, "column id fits the arrays");
VFT_COLUMN_LIST(X)
#undef X

/*
 * What the room that is made rests on, for every kind there is or will be: one event adds at most
 * MAX_ADDED rows to either table, and gives each column above the tables' one value at most. A sum
 * of powers of two is their union just when none comes twice.
 */
#define IS_OF(KIND, COLUMN, member, type)                                                          \
	_Generic(((struct vft_event *)0)->member, const type * : 1, default : 0)
#define N_TASKS(KIND, COLUMN, member)    +IS_OF(KIND, COLUMN, member, struct vft_task)
#define N_STRINGS(KIND, COLUMN, member)  +IS_OF(KIND, COLUMN, member, struct vft_str)
#define COLUMN_SUM(KIND, COLUMN, member) +(1ull << VFT_COL_##COLUMN)
#define COLUMN_SET(KIND, COLUMN, member) | (1ull << VFT_COL_##COLUMN)
#define TABLES                           ((2ull << VFT_COL_STRING_DATA) - 1)
#define X(id, NAME, name)                                                                          \
	_Static_assert(0 VFT_FIELDS_##NAME(N_TASKS) <= MAX_ADDED, #name ": tasks");                \
	_Static_assert(0 VFT_FIELDS_##NAME(N_STRINGS) <= MAX_ADDED, #name ": strings");            \
	_Static_assert((0ull VFT_FIELDS_##NAME(COLUMN_SUM)) ==                                     \
			       (0ull VFT_FIELDS_##NAME(COLUMN_SET)),                               \
		       #name ": a column twice");                                                  \
	_Static_assert(!((0ull VFT_FIELDS_##NAME(COLUMN_SET)) & TABLES), #name ": own columns");
VFT_KIND_LIST(X)
#undef X

static void init_kind(struct vft_encoder *encoder, unsigned int kind)
{
	size_t n;
	const struct vft_field *fields = vft_event_fields(kind, &n);

	encoder->bounds[kind] = (uint32_t)(3 + n) * VFT_VARINT_MAX;
	for (size_t i = 0; i < n; i++) {
		struct vft_encode_step step = {fields[i].column,
					       (uint8_t)vft_column_encoding(fields[i].column),
					       fields[i].type, (uint8_t)fields[i].offset};

		encoder->steps[kind][i] = step;
		if (step.type == VFT_TYPE_TASK)
			encoder->bounds[kind] += 8 * VFT_VARINT_MAX;
		else if (step.type == VFT_TYPE_STR)
			encoder->bounds[kind] += VFT_VARINT_MAX;
		else
			continue;
		encoder->pointers[kind][encoder->n_pointers[kind]++] = step;
	}
	encoder->n_steps[kind] = (uint8_t)n;
}

void vft_encoder_init(struct vft_encoder *encoder, uint64_t seed)
{
	memset(encoder, 0, sizeof(*encoder));
	vft_strings_init(&encoder->strings, seed);
	vft_tasks_init(&encoder->tasks, seed);
	for (unsigned int kind = 1; kind <= VFT_KIND_MAX; kind++)
		init_kind(encoder, kind);
}

void vft_encoder_release(struct vft_encoder *encoder)
{
	for (size_t i = 0; i < VFT_N_COLUMNS; i++)
		vft_buffer_release(&encoder->columns[i]);
	vft_strings_release(&encoder->strings);
	vft_tasks_release(&encoder->tasks);
}

void vft_encoder_reset(struct vft_encoder *encoder)
{
	for (size_t i = 0; i < VFT_N_COLUMNS; i++)
		encoder->columns[i].size = 0;
	memset(encoder->last, 0, sizeof(encoder->last));
	vft_strings_reset(&encoder->strings);
	vft_tasks_reset(&encoder->tasks);
	encoder->start_ns = encoder->first_ns = encoder->last_ns = 0;
	encoder->kinds = encoder->n_lost = 0;
	encoder->pid_min = encoder->pid_max = 0;
	encoder->n_events = encoder->raw_size = 0;
}

static const void *member(const struct vft_event *event, const struct vft_encode_step *step)
{
	return (const char *)event + step->offset;
}

static const struct vft_task *get_task(const struct vft_event *event,
				       const struct vft_encode_step *step)
{
	return *(const struct vft_task *const *)member(event, step);
}

static const struct vft_str *get_str(const struct vft_event *event,
				     const struct vft_encode_step *step)
{
	return *(const struct vft_str *const *)member(event, step);
}

static uint64_t get_number(const struct vft_event *event, const struct vft_encode_step *step)
{
	if (step->type == VFT_TYPE_U64)
		return *(const uint64_t *)member(event, step);
	if (step->type == VFT_TYPE_I32)
		return (uint64_t)(int64_t) * (const int32_t *)member(event, step);
	return *(const uint32_t *)member(event, step);
}

static int is_valid_task(const struct vft_task *task)
{
	return task && task->tid && task->tid <= VFT_MAX_PID && task->tgid &&
	       task->tgid <= VFT_MAX_PID && task->ns_tid <= VFT_MAX_PID &&
	       task->ns_tgid <= VFT_MAX_PID && task->start_ns <= VFT_MAX_TIME_NS;
}

int vft_encoder_bound(const struct vft_encoder *encoder, const struct vft_event *event,
		      uint32_t *ret_bytes)
{
	const struct vft_encode_step *step, *end;
	uint32_t bytes;

	if (event->kind > VFT_KIND_MAX || !encoder->n_steps[event->kind] ||
	    event->time_ns > VFT_MAX_TIME_NS ||
	    (event->kind == VFT_KIND_EXIT && event->exit.code > VFT_MAX_EXIT_CODE))
		return -EINVAL;
	bytes = encoder->bounds[event->kind];
	step = encoder->pointers[event->kind];
	for (end = step + encoder->n_pointers[event->kind]; step < end; step++) {
		const struct vft_str *str;

		if (step->type == VFT_TYPE_TASK) {
			if (!is_valid_task(get_task(event, step)))
				return -EINVAL;
			continue;
		}
		str = get_str(event, step);
		if (str && str->size > VFT_MAX_STRING)
			return -EINVAL;
		bytes += str ? str->size : 0;
	}
	*ret_bytes = bytes;
	return 0;
}

static int make_roomy(struct vft_encoder *encoder)
{
	int r = 0;

	for (size_t i = 0; i < N_COLUMN_IDS; i++) {
		size_t n = column_ids[i] <= VFT_COL_STRING_LEN ? MAX_ADDED : 1;

		r |= vft_buffer_reserve(&encoder->columns[column_ids[i]],
					ROOMY_EVENTS * n * VFT_VARINT_MAX);
	}
	if (r)
		return -ENOMEM;
	encoder->n_roomy = ROOMY_EVENTS;
	return 0;
}

/* Make room for an event of @bound bytes, so that nothing fails half way. */
static int reserve(struct vft_encoder *encoder, uint32_t bound)
{
	int r = encoder->n_roomy ? 0 : make_roomy(encoder);

	if (r == 0)
		r = vft_strings_reserve(&encoder->strings, MAX_ADDED, bound);
	return r == 0 ? vft_tasks_reserve(&encoder->tasks, MAX_ADDED) : r;
}

static unsigned int put_delta(struct vft_encoder *encoder, unsigned int column, uint64_t value)
{
	uint64_t delta = value - encoder->last[column];

	encoder->last[column] = value;
	return vft_buffer_put_varint(&encoder->columns[column], vft_zigzag(delta));
}

static unsigned int put_task(struct vft_encoder *encoder, unsigned int column,
			     const struct vft_task *task, uint64_t time_ns)
{
	struct vft_buffer *columns = encoder->columns;
	uint32_t distance = vft_tasks_refer(&encoder->tasks, task);
	unsigned int n = vft_buffer_put_varint(&columns[column], distance);
	uint64_t tid = task->tid, tgid = task->tgid;

	if (distance)
		return n;
	n += put_delta(encoder, VFT_COL_TASK_TID, tid);
	n += vft_buffer_put_varint(&columns[VFT_COL_TASK_TGID], vft_zigzag(tid - tgid));
	n += vft_buffer_put_varint(&columns[VFT_COL_TASK_START],
				   vft_zigzag(time_ns - task->start_ns));
	n += vft_buffer_put_varint(&columns[VFT_COL_TASK_NS_TID], vft_zigzag(tid - task->ns_tid));
	n += vft_buffer_put_varint(&columns[VFT_COL_TASK_NS_TGID],
				   vft_zigzag(tgid - task->ns_tgid));
	n += put_delta(encoder, VFT_COL_TASK_UID, task->uid);
	n += put_delta(encoder, VFT_COL_TASK_PIDNS, task->pidns);
	n += put_delta(encoder, VFT_COL_TASK_CGROUP, task->cgroup);
	if (!encoder->pid_min || task->tgid < encoder->pid_min)
		encoder->pid_min = task->tgid;
	if (task->tgid > encoder->pid_max)
		encoder->pid_max = task->tgid;
	return n;
}

static unsigned int put_string(struct vft_encoder *encoder, unsigned int column,
			       const struct vft_str *str)
{
	struct vft_buffer *columns = encoder->columns;
	uint32_t n_before = encoder->strings.n, row;
	uint64_t *last = &encoder->last[column]; /* as written; 0 = none yet */

	if (!str)
		return vft_buffer_put_varint(&columns[column], 0);
	if (*last && vft_strings_is(&encoder->strings, (uint32_t)(*last - 2), str))
		return vft_buffer_put_varint(&columns[column], *last);
	row = vft_strings_intern(&encoder->strings, str);
	*last = (uint64_t)row + 2;
	if (row != n_before)
		return vft_buffer_put_varint(&columns[column], *last);
	return vft_buffer_put_varint(&columns[column], 1) +
	       vft_buffer_put_varint(&columns[VFT_COL_STRING_LEN], str->size) + str->size;
}

static unsigned int put_field(struct vft_encoder *encoder, const struct vft_event *event,
			      const struct vft_encode_step *step)
{
	struct vft_buffer *column = &encoder->columns[step->column];

	switch ((enum vft_encoding)step->encoding) {
	case VFT_ENC_UINT:
		return vft_buffer_put_varint(column, get_number(event, step));
	case VFT_ENC_SINT:
		return vft_buffer_put_varint(column, vft_zigzag(get_number(event, step)));
	case VFT_ENC_DELTA:
		return put_delta(encoder, step->column, get_number(event, step));
	case VFT_ENC_TIME:
		return vft_buffer_put_varint(column,
					     vft_zigzag(event->time_ns - get_number(event, step)));
	case VFT_ENC_TASK:
		return put_task(encoder, step->column, get_task(event, step), event->time_ns);
	case VFT_ENC_STRING:
		return put_string(encoder, step->column, get_str(event, step));
	case VFT_ENC_BYTES:
		break;
	}
	return 0;
}

/*
 * The first value of the time column is relative to the header's first_ts, which is the smallest
 * time of the block and not known before its end. So the column begins with the second event, and
 * the first value is put in front when the block is packed.
 */
static unsigned int put_time(struct vft_encoder *encoder, uint64_t time_ns)
{
	if (!encoder->n_events) {
		encoder->start_ns = encoder->first_ns = encoder->last_ns = time_ns;
		encoder->last[VFT_COL_TIME] = time_ns;
		return VFT_VARINT_MAX;
	}
	if (time_ns < encoder->first_ns)
		encoder->first_ns = time_ns;
	if (time_ns > encoder->last_ns)
		encoder->last_ns = time_ns;
	return put_delta(encoder, VFT_COL_TIME, time_ns);
}

int vft_encoder_append(struct vft_encoder *encoder, const struct vft_event *event, uint32_t bound)
{
	const struct vft_encode_step *steps = encoder->steps[event->kind];
	unsigned int n;
	int r = reserve(encoder, bound);

	if (r < 0)
		return r;
	encoder->n_roomy--;
	n = put_time(encoder, event->time_ns);
	n += vft_buffer_put_varint(&encoder->columns[VFT_COL_KIND], event->kind);
	n += vft_buffer_put_varint(&encoder->columns[VFT_COL_CPU], event->cpu);
	for (unsigned int i = 0; i < encoder->n_steps[event->kind]; i++)
		n += put_field(encoder, event, &steps[i]);
	encoder->kinds |= 1ull << event->kind;
	if (event->kind == VFT_KIND_LOST &&
	    __builtin_add_overflow(encoder->n_lost, event->lost.count, &encoder->n_lost))
		encoder->n_lost = UINT64_MAX;
	if (event->kind == VFT_KIND_SNAPSHOT && event->flags & VFT_SNAPSHOT_FIRST)
		encoder->kinds |= VFT_KINDS_SNAPSHOT_BEGINS;
	encoder->n_events++;
	encoder->raw_size += n;
	return 0;
}

static int put_info(const struct vft_encoder *encoder, struct vft_buffer *info)
{
	int r = vft_buffer_append_tlv_uint(info, VFT_INFO_LAST_TS,
					   encoder->last_ns - encoder->first_ns);

	if (r == 0)
		r = vft_buffer_append_tlv_uint(info, VFT_INFO_LOST, encoder->n_lost);
	if (r == 0 && encoder->pid_max)
		r = vft_buffer_append_tlv_uint(info, VFT_INFO_PID_MIN, encoder->pid_min);
	if (r == 0 && encoder->pid_max)
		r = vft_buffer_append_tlv_uint(info, VFT_INFO_PID_MAX, encoder->pid_max);
	if (r == 0)
		r = vft_buffer_append_tlv_uint(info, VFT_INFO_KINDS, encoder->kinds);
	return r;
}

int vft_encoder_pack(struct vft_encoder *encoder, struct vft_packer *packer, int level,
		     struct vft_buffer *payload, struct vft_header *header)
{
	uint8_t info_bytes[8 * VFT_VARINT_MAX * 3];
	struct vft_buffer info = {info_bytes, 0, sizeof(info_bytes)};
	struct vft_buffer *time = &encoder->columns[VFT_COL_TIME];
	struct vft_column_data columns[N_COLUMN_IDS];
	uint8_t first_bytes[VFT_VARINT_MAX];
	struct vft_buffer first = {first_bytes, 0, sizeof(first_bytes)};
	int r = vft_buffer_reserve(time, sizeof(first_bytes));

	if (r == 0)
		r = put_info(encoder, &info);
	if (r < 0)
		return r;
	vft_buffer_put_varint(&first, vft_zigzag(encoder->start_ns - encoder->first_ns));
	memmove(time->data + first.size, time->data, time->size);
	memcpy(time->data, first_bytes, first.size);
	time->size += first.size;
	for (size_t i = 0; i < N_COLUMN_IDS; i++) {
		columns[i].id = column_ids[i];
		columns[i].data = &encoder->columns[column_ids[i]];
		if (column_ids[i] == VFT_COL_STRING_DATA)
			columns[i].data = &encoder->strings.data;
	}
	header->n_events = encoder->n_events;
	header->first_ts = encoder->first_ns;
	return vft_packer_pack(packer, level, &info, columns, N_COLUMN_IDS, payload,
			       &header->raw_len);
}
