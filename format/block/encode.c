/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/encode.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/*
 * Every kind's fields are written out by the compiler from the lists of event.h, so that an event
 * goes into its columns in a straight line.
 */

/* What one event may add to the tables, whatever its kind. */
#define MAX_TASKS   2
#define MAX_STRINGS 5

#define TASK_COLUMNS 8 /* of the table of tasks */

/* Room in columns and tables is made for so many events at once. */
#define ROOMY_EVENTS 64u

#define INLINE inline __attribute__((always_inline))

static const uint8_t column_ids[] = {
#define X(id, NAME, name, ENC) id,
	VFT_COLUMN_LIST(X)
#undef X
};

#define N_COLUMN_IDS (sizeof(column_ids) / sizeof(column_ids[0]))

enum {
#define X(id, NAME, name, ENC) ENCODING_##NAME = VFT_ENC_##ENC,
	VFT_COLUMN_LIST(X)
#undef X
};

/* A place for each field of each kind. */
enum {
#define F(KIND, COLUMN, member) FIELD_##KIND##_##COLUMN,
	VFT_FIELD_LIST(F)
#undef F
		N_FIELDS
};

_Static_assert(N_FIELDS <= VFT_ENCODER_FIELDS, "each has a hint");

#define X(id, NAME, name, ENC) _Static_assert(id < VFT_N_COLUMNS, "column id fits the arrays");
VFT_COLUMN_LIST(X)
#undef X

/*
 * What the room that is made rests on, for every kind there is or will be: one event adds at most
 * MAX_TASKS and MAX_STRINGS rows to the tables, and gives each column above the tables' one value
 * at most. A sum of powers of two is their union just when none comes twice.
 */
#define IS_OF(KIND, COLUMN, member, type)                                                          \
	_Generic(((struct vft_event *)0)->member, const type * : 1, default : 0)
#define COUNT_TASK(KIND, COLUMN, member)   +IS_OF(KIND, COLUMN, member, struct vft_task)
#define COUNT_STRING(KIND, COLUMN, member) +IS_OF(KIND, COLUMN, member, struct vft_str)
#define COUNT_FIELD(KIND, COLUMN, member)  +1
#define COLUMN_SUM(KIND, COLUMN, member)   +(1ull << VFT_COL_##COLUMN)
#define COLUMN_SET(KIND, COLUMN, member)   | (1ull << VFT_COL_##COLUMN)
#define TABLES                             ((2ull << VFT_COL_STRING_DATA) - 1)
#define X(id, NAME, name)                                                                          \
	_Static_assert(0 VFT_FIELDS_##NAME(COUNT_TASK) <= MAX_TASKS, #name ": tasks");             \
	_Static_assert(0 VFT_FIELDS_##NAME(COUNT_STRING) <= MAX_STRINGS, #name ": strings");       \
	_Static_assert((0ull VFT_FIELDS_##NAME(COLUMN_SUM)) ==                                     \
			       (0ull VFT_FIELDS_##NAME(COLUMN_SET)),                               \
		       #name ": a column twice");                                                  \
	_Static_assert(!((0ull VFT_FIELDS_##NAME(COLUMN_SET)) & TABLES), #name ": own columns");
VFT_KIND_LIST(X)
#undef X

/* Bytes of a kind's event, without those of its strings: time, kind, cpu and its fields, and a row
 * of a table for each task and string. */
enum {
#define X(id, NAME, name)                                                                          \
	BOUND_##NAME =                                                                             \
		VFT_VARINT_MAX *                                                                   \
		(3 VFT_FIELDS_##NAME(COUNT_FIELD) +                                                \
		 TASK_COLUMNS * (0 VFT_FIELDS_##NAME(COUNT_TASK))VFT_FIELDS_##NAME(COUNT_STRING)),
	VFT_KIND_LIST(X)
#undef X
};

void vft_encoder_init(struct vft_encoder *encoder, uint64_t seed)
{
	memset(encoder, 0, sizeof(*encoder));
	vft_strings_init(&encoder->strings, seed);
	vft_tasks_init(&encoder->tasks, seed);
}

void vft_encoder_release(struct vft_encoder *encoder)
{
	for (size_t i = 0; i < VFT_N_COLUMNS; i++)
		vft_buffer_release(&encoder->columns[i]);
	vft_strings_release(&encoder->strings);
	vft_tasks_release(&encoder->tasks);
}

void vft_encoder_keep_sizes(struct vft_encoder *encoder)
{
	for (size_t i = 0; i < N_COLUMN_IDS; i++) {
		struct vft_buffer *b = &encoder->columns[column_ids[i]];

		b->size = b->data ? (size_t)(encoder->ends[column_ids[i]] - b->data) : 0;
	}
}

void vft_encoder_find_ends(struct vft_encoder *encoder)
{
	for (size_t i = 0; i < N_COLUMN_IDS; i++) {
		const struct vft_buffer *b = &encoder->columns[column_ids[i]];

		encoder->ends[column_ids[i]] = b->data ? b->data + b->size : NULL;
	}
}

void vft_encoder_reset(struct vft_encoder *encoder)
{
	for (size_t i = 0; i < VFT_N_COLUMNS; i++)
		encoder->columns[i].size = 0;
	vft_encoder_find_ends(encoder);
	memset(encoder->last, 0, sizeof(encoder->last));
	memset(encoder->hints, 0, sizeof(encoder->hints));
	vft_strings_reset(&encoder->strings);
	vft_tasks_reset(&encoder->tasks);
	encoder->start_ns = encoder->first_ns = encoder->last_ns = 0;
	encoder->kinds = encoder->n_lost = 0;
	encoder->pid_min = encoder->pid_max = 0;
	encoder->n_events = encoder->raw_size = 0;
}

static INLINE bool is_valid_task(const struct vft_task *task)
{
	return task && task->tid && task->tgid &&
	       (task->tid | task->tgid | task->ns_tid | task->ns_tgid) <= VFT_MAX_PID &&
	       task->start_ns <= VFT_MAX_TIME_NS;
}

_Static_assert((VFT_MAX_PID & (VFT_MAX_PID + 1)) == 0, "all bits below the limit");

/* The bytes that a field adds to its kind's bound, or UINT64_MAX where the format cannot hold it.
 */
static INLINE uint64_t bound_task(const struct vft_task *task)
{
	return is_valid_task(task) ? 0 : UINT64_MAX;
}

static INLINE uint64_t bound_str(const struct vft_str *str)
{
	return !str ? 0 : str->size > VFT_MAX_STRING ? UINT64_MAX : str->size;
}

static INLINE uint64_t bound_number(uint64_t value)
{
	return 0;
}

#define ADD_BOUND(KIND, COLUMN, member)                                                              \
	extra = _Generic((event->member), const struct vft_task *: bound_task,                     \
			 const struct vft_str *: bound_str, default: bound_number)(event->member); \
	if (extra == UINT64_MAX)                                                                     \
		return -EINVAL;                                                                      \
	bytes += (uint32_t)extra;

int vft_encoder_bound(const struct vft_event *event, uint32_t *ret_bytes)
{
	uint32_t bytes;
	uint64_t extra;

	if (event->time_ns > VFT_MAX_TIME_NS ||
	    (event->kind == VFT_KIND_EXIT && event->exit.code > VFT_MAX_EXIT_CODE))
		return -EINVAL;
	switch (event->kind) {
#define X(id, NAME, name)                                                                          \
	case id:                                                                                   \
		bytes = BOUND_##NAME;                                                              \
		VFT_FIELDS_##NAME(ADD_BOUND) break;
		VFT_KIND_LIST(X)
#undef X
	default:
		return -EINVAL;
	}
	*ret_bytes = bytes;
	return 0;
}

static int grow(struct vft_encoder *encoder)
{
	int r = vft_strings_reserve(&encoder->strings, ROOMY_EVENTS * MAX_STRINGS);

	if (r == 0)
		r = vft_tasks_reserve(&encoder->tasks, ROOMY_EVENTS * MAX_TASKS);
	for (size_t i = 0; r == 0 && i < N_COLUMN_IDS; i++) {
		unsigned int id = column_ids[i];
		size_t n = id >= VFT_COL_TASK_TID && id < VFT_COL_STRING_LEN ? MAX_TASKS
			   : id >= VFT_COL_STRING_LEN && id < VFT_COL_TASK   ? MAX_STRINGS
									     : 1;

		r = vft_buffer_reserve(&encoder->columns[id], ROOMY_EVENTS * n * VFT_VARINT_MAX);
	}
	return r;
}

static int make_roomy(struct vft_encoder *encoder)
{
	int r;

	vft_encoder_keep_sizes(encoder);
	r = grow(encoder);
	vft_encoder_find_ends(encoder);
	if (r == 0)
		encoder->n_roomy = ROOMY_EVENTS;
	return r;
}

/* Make room for an event of @bound bytes, so that nothing fails half way. */
static INLINE int reserve(struct vft_encoder *encoder, uint32_t bound)
{
	int r = encoder->n_roomy ? 0 : make_roomy(encoder);

	return r == 0 ? vft_buffer_reserve(&encoder->strings.data, bound) : r;
}

/* What takes more than two bytes, which few values do. */
static __attribute__((noinline)) uint8_t *put_long(uint8_t *p, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*p++ = (uint8_t)(value | 0x80);
	*p++ = (uint8_t)value;
	return p;
}

/* The encoder of an event, and the bytes that it takes beyond one for each of its values. */
struct writing {
	struct vft_encoder *encoder;
	uint64_t time_ns;
	uint32_t extra;
};

static INLINE void put(struct writing *writing, unsigned int column, uint64_t value)
{
	uint8_t **end = &writing->encoder->ends[column], *p = *end;

	if (__builtin_expect(value < 0x80, 1)) {
		*p = (uint8_t)value;
		*end = p + 1;
		return;
	}
	if (__builtin_expect(value < 1u << 14, 1)) {
		p[0] = (uint8_t)(value | 0x80);
		p[1] = (uint8_t)(value >> 7);
		*end = p + 2;
		writing->extra++;
		return;
	}
	*end = put_long(p, value);
	writing->extra += (uint32_t)(*end - p) - 1;
}

static INLINE void put_delta(struct writing *writing, unsigned int column, uint64_t value)
{
	uint64_t delta = value - writing->encoder->last[column];

	writing->encoder->last[column] = value;
	put(writing, column, vft_zigzag(delta));
}

/* Its row of the table, all of whose bytes are extra. */
static __attribute__((noinline)) uint32_t
put_new_task(struct vft_encoder *encoder, const struct vft_task *task, uint64_t time_ns)
{
	struct writing writing = {encoder, time_ns, TASK_COLUMNS};
	uint64_t tid = task->tid, tgid = task->tgid;

	put_delta(&writing, VFT_COL_TASK_TID, tid);
	put(&writing, VFT_COL_TASK_TGID, vft_zigzag(tid - tgid));
	put(&writing, VFT_COL_TASK_START, vft_zigzag(time_ns - task->start_ns));
	put(&writing, VFT_COL_TASK_NS_TID, vft_zigzag(tid - task->ns_tid));
	put(&writing, VFT_COL_TASK_NS_TGID, vft_zigzag(tgid - task->ns_tgid));
	put_delta(&writing, VFT_COL_TASK_UID, task->uid);
	put_delta(&writing, VFT_COL_TASK_PIDNS, task->pidns);
	put_delta(&writing, VFT_COL_TASK_CGROUP, task->cgroup);
	if (!encoder->pid_min || task->tgid < encoder->pid_min)
		encoder->pid_min = task->tgid;
	if (task->tgid > encoder->pid_max)
		encoder->pid_max = task->tgid;
	return writing.extra;
}

/* One that is not the last of its field. Returns the bytes beyond one. */
static __attribute__((noinline)) uint32_t put_other_string(struct vft_encoder *encoder,
							   unsigned int column, uint32_t *hint,
							   const struct vft_str *str)
{
	struct writing writing = {.encoder = encoder};
	uint32_t n_before = encoder->strings.n;
	uint32_t row = vft_strings_intern(&encoder->strings, str);

	*hint = row + 2;
	if (row != n_before) {
		put(&writing, column, *hint);
		return writing.extra;
	}
	put(&writing, column, 1);
	put(&writing, VFT_COL_STRING_LEN, str->size);
	return writing.extra + 1 + str->size;
}

/* Where a value goes: all of it known to the compiler. */
struct place {
	unsigned int column, encoding, field;
};

static INLINE void put_task(struct writing *writing, struct place place,
			    const struct vft_task *task)
{
	uint32_t distance = vft_tasks_refer(&writing->encoder->tasks, task);

	put(writing, place.column, distance);
	if (!distance)
		writing->extra += put_new_task(writing->encoder, task, writing->time_ns);
}

/* The same field of the same kind often says the same: what it said last is looked at first. */
static INLINE void put_str(struct writing *writing, struct place place, const struct vft_str *str)
{
	struct vft_encoder *encoder = writing->encoder;
	uint32_t *hint = &encoder->hints[place.field]; /* as written; 0 = none yet */

	if (!str)
		put(writing, place.column, 0);
	else if (*hint && vft_strings_is(&encoder->strings, *hint - 2, str))
		put(writing, place.column, *hint);
	else
		writing->extra += put_other_string(encoder, place.column, hint, str);
}

static INLINE void put_number(struct writing *writing, struct place place, uint64_t value)
{
	switch (place.encoding) {
	case VFT_ENC_SINT:
		put(writing, place.column, vft_zigzag(value));
		break;
	case VFT_ENC_DELTA:
		put_delta(writing, place.column, value);
		break;
	case VFT_ENC_TIME:
		put(writing, place.column, vft_zigzag(writing->time_ns - value));
		break;
	default:
		put(writing, place.column, value);
		break;
	}
}

/* Widened with its sign. */
static INLINE void put_i32(struct writing *writing, struct place place, int32_t value)
{
	put_number(writing, place, (uint64_t)(int64_t)value);
}

#define PUT(KIND, COLUMN, member)                                                                  \
	_Generic((event->member), const struct vft_task *: put_task,                               \
		 const struct vft_str *: put_str, int32_t: put_i32, default: put_number)(          \
		&writing,                                                                          \
		(struct place){VFT_COL_##COLUMN, ENCODING_##COLUMN, FIELD_##KIND##_##COLUMN},      \
		event->member);

/* The kind's own columns. Returns the bytes that were added. */
static INLINE uint32_t put_fields(struct vft_encoder *encoder, const struct vft_event *event)
{
	struct writing writing = {.encoder = encoder, .time_ns = event->time_ns};

	switch (event->kind) {
#define X(id, NAME, name)                                                                          \
	case id:                                                                                   \
		VFT_FIELDS_##NAME(PUT) return writing.extra + 0 VFT_FIELDS_##NAME(COUNT_FIELD);
		VFT_KIND_LIST(X)
#undef X
	default: /* vft_encoder_bound() has refused it */
		return 0;
	}
}

/*
 * The first value of the time column is relative to the header's first_ts, which is the smallest
 * time of the block and not known before its end. So the column begins with the second event, and
 * the first value is put in front when the block is packed.
 */
static INLINE void put_time(struct writing *writing)
{
	struct vft_encoder *encoder = writing->encoder;
	uint64_t time_ns = writing->time_ns;

	if (!encoder->n_events) {
		encoder->start_ns = encoder->first_ns = encoder->last_ns = time_ns;
		encoder->last[VFT_COL_TIME] = time_ns;
		writing->extra = VFT_VARINT_MAX - 1;
		return;
	}
	if (time_ns < encoder->first_ns)
		encoder->first_ns = time_ns;
	if (time_ns > encoder->last_ns)
		encoder->last_ns = time_ns;
	put_delta(writing, VFT_COL_TIME, time_ns);
}

int vft_encoder_append(struct vft_encoder *encoder, const struct vft_event *event, uint32_t bound)
{
	struct writing writing = {encoder, event->time_ns, 0};
	uint32_t n;
	int r = reserve(encoder, bound);

	if (r < 0)
		return r;
	encoder->n_roomy--;
	put_time(&writing);
	put(&writing, VFT_COL_KIND, event->kind);
	put(&writing, VFT_COL_CPU, event->cpu);
	n = 3 + writing.extra + put_fields(encoder, event);
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
	int r;

	vft_encoder_keep_sizes(encoder);
	r = vft_buffer_reserve(time, sizeof(first_bytes));
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
