/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TASK_REFS   2u /* of one row */
#define MAX_STRING_REFS 6u

/* Which columns of a kind refer to the tables, in order. */
struct refs {
	uint8_t n_tasks, n_strings;
	uint8_t tasks[MAX_TASK_REFS], strings[MAX_STRING_REFS];
};

struct vft_columns_decoder {
	struct vft_columns pub;
	const struct vft_kernels *kernels;
	struct vft_unpacker *unpacker;
	struct vft_directory directory;
	struct vft_buffer arena;   /* what pub points to; size is what was taken */
	struct vft_buffer scratch; /* one column, uncompressed */
	struct vft_decoder other;  /* for blocks of other versions */
	bool has_other;
	uint64_t absent; /* columns that the file does not have for the rows at hand */

	/* From the one list of event kinds. */
	uint64_t kinds_of[VFT_COLUMN_MAX]; /* which kinds have the column */
	uint8_t type_of[VFT_COLUMN_MAX];   /* enum vft_type */
	struct refs refs_of[VFT_N_KINDS];
	uint64_t string_columns;
};

static const char mismatch[] = "columns and events do not match";
static const char undecodable[] = "column does not decompress";

static void learn_field(struct vft_columns_decoder *d, const struct vft_field *field)
{
	struct refs *refs = &d->refs_of[field->kind];
	unsigned int column = field->column;

	d->kinds_of[column] |= 1ull << field->kind;
	d->type_of[column] = field->type;
	if (field->type == VFT_TYPE_TASK && refs->n_tasks < MAX_TASK_REFS)
		refs->tasks[refs->n_tasks++] = (uint8_t)column;
	if (field->type == VFT_TYPE_STR) {
		d->string_columns |= 1ull << column;
		if (refs->n_strings < MAX_STRING_REFS)
			refs->strings[refs->n_strings++] = (uint8_t)column;
	}
}

int vft_columns_decoder_new(struct vft_columns_decoder **ret)
{
	struct vft_columns_decoder *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	r = vft_unpacker_new(&d->unpacker);
	if (r < 0) {
		free(d);
		return r;
	}
	d->kernels = vft_kernels_get();
	for (unsigned int kind = 1; kind <= VFT_KIND_MAX; kind++) {
		size_t n;
		const struct vft_field *fields = vft_event_fields(kind, &n);

		for (size_t i = 0; i < n; i++)
			learn_field(d, &fields[i]);
	}
	*ret = d;
	return 0;
}

void vft_columns_decoder_free(struct vft_columns_decoder *decoder)
{
	if (!decoder)
		return;
	vft_unpacker_free(decoder->unpacker);
	vft_buffer_release(&decoder->arena);
	vft_buffer_release(&decoder->scratch);
	if (decoder->has_other)
		vft_decoder_release(&decoder->other);
	free(decoder);
}

void vft_columns_decoder_set_kernels(struct vft_columns_decoder *decoder,
				     const struct vft_kernels *kernels)
{
	decoder->kernels = kernels;
}

/* ---- memory ---- */

/* Room for @n values; what is needed in all was reserved before, so that nothing moves. */
static void *take(struct vft_columns_decoder *d, size_t n, size_t size)
{
	void *p = d->arena.data + d->arena.size;

	/* A column that is not there has no share in what was reserved. */
	if (!n)
		return d->arena.data;
	d->arena.size += (n * size + VFT_SLACK + 63) & ~(size_t)63;
	return p;
}

static size_t room(size_t bytes)
{
	return bytes + VFT_SLACK + 63;
}

/* No column has more values than bytes, so the directory bounds what can be taken. */
static int reserve(struct vft_columns_decoder *d, const struct vft_schema *schema,
		   const struct vft_header *header)
{
	size_t need = 4 * room(0) + (size_t)header->n_events * 8, n_refs = 0;

	need += vft_schema_max_absent(schema) * room((size_t)header->n_events * 8);

	for (uint32_t i = 0; i < d->directory.n_columns; i++) {
		const struct vft_column_frame *frame = &d->directory.columns[i];

		need += room((size_t)frame->raw_len * 8);
		if (frame->id == VFT_COL_TASK_TID)
			need += room(frame->raw_len * sizeof(struct vft_task)) +
				2 * room((size_t)frame->raw_len * 8);
		if (frame->id == VFT_COL_STRING_LEN)
			need += room(frame->raw_len * sizeof(struct vft_str));
		if (frame->id == VFT_COL_TASK || frame->id == VFT_COL_CHILD)
			n_refs += frame->raw_len;
	}
	d->arena.size = d->scratch.size = 0;
	if (vft_buffer_reserve(&d->arena, need + room(n_refs * 4)) < 0 ||
	    vft_buffer_reserve(&d->scratch, header->raw_len + VFT_SLACK) < 0)
		return -ENOMEM;
	return 0;
}

/* ---- one column ---- */

struct raw {
	const uint8_t *p; /* with VFT_SLACK behind; NULL: it does not decompress */
	size_t size;
};

static const struct vft_column_frame *find_frame(const struct vft_columns_decoder *d,
						 unsigned int id)
{
	for (uint32_t i = 0; i < d->directory.n_columns; i++)
		if (d->directory.columns[i].id == id)
			return &d->directory.columns[i];
	return NULL;
}

static struct raw unpack(struct vft_columns_decoder *d, unsigned int id)
{
	const struct vft_column_frame *frame = find_frame(d, id);

	if (!frame)
		return (struct raw){d->scratch.data, 0};
	if (vft_unpacker_unpack(d->unpacker, frame, d->scratch.data) < 0)
		return (struct raw){NULL, 0};
	return (struct raw){d->scratch.data, frame->raw_len};
}

static bool is_64(unsigned int type)
{
	return type == VFT_TYPE_U64;
}

/* @n values into @out, as @encoding says; TIME is still relative, references are unresolved. */
static bool expand(const struct vft_kernels *k, enum vft_encoding encoding, bool is_wide,
		   struct raw raw, void *out, size_t n)
{
	switch (encoding) {
	case VFT_ENC_UINT:
	case VFT_ENC_TASK:
	case VFT_ENC_STRING:
		return is_wide ? k->uint64(raw.p, raw.size, out, n)
			       : k->uint32(raw.p, raw.size, out, n);
	case VFT_ENC_SINT:
	case VFT_ENC_TIME:
		return is_wide ? k->sint64(raw.p, raw.size, out, n)
			       : k->sint32(raw.p, raw.size, out, n);
	case VFT_ENC_DELTA:
		return is_wide ? k->delta64(raw.p, raw.size, out, n, 0)
			       : k->delta32(raw.p, raw.size, out, n);
	case VFT_ENC_BYTES:
		break;
	}
	return false;
}

/* Column @id of @n values; *ret_what says what is wrong when NULL is returned. */
static void *expand_column(struct vft_columns_decoder *d, unsigned int id, bool is_wide, size_t n,
			   const char **ret_what)
{
	struct raw raw;
	void *out;

	*ret_what = mismatch;
	if (d->absent >> id & 1)
		return memset(take(d, n, is_wide ? 8 : 4), 0, n * (is_wide ? 8 : 4));
	raw = unpack(d, id);

	if (!raw.p)
		*ret_what = undecodable;
	/* Checked before the room for the values is counted on. */
	if (!raw.p || n > raw.size)
		return NULL;
	out = take(d, n, is_wide ? 8 : 4);
	return expand(d->kernels, vft_column_encoding(id), is_wide, raw, out, n) ? out : NULL;
}

/* ---- rows ---- */

static bool count_kinds(struct vft_columns_decoder *d, const struct vft_schema *schema,
			const uint8_t *kind, uint32_t n_rows)
{
	uint32_t n[256] = {0};

	for (uint32_t i = 0; i < n_rows; i++)
		n[kind[i]]++;
	memset(d->pub.n_kind, 0, sizeof(d->pub.n_kind));
	d->pub.kinds = 0;
	for (unsigned int i = 0; i < 256; i++) {
		if (!n[i])
			continue;
		if (!vft_schema_has(schema, i))
			return false;
		d->pub.n_kind[i] = n[i];
		d->pub.kinds |= 1ull << i;
	}
	return true;
}

static const char *read_kinds(struct vft_columns_decoder *d, const struct vft_schema *schema,
			      uint32_t n_rows)
{
	const char *what;
	const uint32_t *wide;
	uint8_t *kind;

	wide = expand_column(d, VFT_COL_KIND, false, n_rows, &what);
	if (!wide)
		return what;
	kind = take(d, n_rows, 1);
	for (uint32_t i = 0; i < n_rows; i++) {
		if (wide[i] > VFT_KIND_MAX)
			return "event of a kind that the schema lacks";
		kind[i] = (uint8_t)wide[i];
	}
	d->pub.kind = kind;
	return count_kinds(d, schema, kind, n_rows) ? NULL
						    : "event of a kind that the schema lacks";
}

/* All lie within the block's span, and its first and last moment are among them. */
static bool are_times_right(const uint64_t *time_ns, uint32_t n, uint64_t first_ns, uint64_t span)
{
	uint64_t min = UINT64_MAX, max = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t late = time_ns[i] - first_ns;

		min = late < min ? late : min;
		max = late > max ? late : max;
	}
	return min == 0 && max == span;
}

static const char *read_times(struct vft_columns_decoder *d, const struct vft_header *header,
			      uint64_t last_ns)
{
	struct raw raw = unpack(d, VFT_COL_TIME);
	uint64_t *time_ns;

	if (!raw.p)
		return undecodable;
	if (raw.size < header->n_events)
		return "fewer values than events";
	time_ns = take(d, header->n_events, 8);
	if (!d->kernels->delta64(raw.p, raw.size, time_ns, header->n_events, header->first_ts))
		return mismatch;
	d->pub.time_ns = time_ns;
	d->pub.first_ns = header->first_ts;
	d->pub.last_ns = last_ns;
	return are_times_right(time_ns, header->n_events, header->first_ts,
			       last_ns - header->first_ts)
		       ? NULL
		       : "block times are not those of its events";
}

static uint32_t n_values(const struct vft_columns_decoder *d, unsigned int column)
{
	uint64_t kinds = d->kinds_of[column] & d->pub.kinds;
	uint32_t n = 0;

	for (; kinds; kinds &= kinds - 1)
		n += d->pub.n_kind[__builtin_ctzll(kinds)];
	return n;
}

/* ---- the task table ---- */

struct resolver {
	uint32_t *at[VFT_COLUMN_MAX]; /* the next value of each column */
	uint32_t *refs, n_refs;
	uint32_t next, n; /* rows of the table introduced so far, and all of them */
	uint64_t *intro;  /* the time of the row that introduced each */
};

/* A distance in place becomes the row it means. */
static inline bool resolve_task(struct resolver *r, unsigned int column, uint64_t time_ns)
{
	uint32_t *value = r->at[column]++, distance = *value, row;

	if (distance) {
		if (VFT_UNLIKELY(distance > r->n_refs))
			return false;
		row = r->refs[r->n_refs - distance];
	} else {
		if (VFT_UNLIKELY(r->next == r->n))
			return false;
		row = r->next++;
		r->intro[row] = time_ns;
	}
	r->refs[r->n_refs++] = row;
	*value = row;
	return true;
}

static bool resolve_tasks(const struct vft_columns_decoder *d, struct resolver *r, uint32_t n_rows)
{
	for (uint32_t i = 0; i < n_rows; i++) {
		const struct refs *refs = &d->refs_of[d->pub.kind[i]];

		if (refs->n_tasks && !resolve_task(r, refs->tasks[0], d->pub.time_ns[i]))
			return false;
		if (refs->n_tasks > 1 && !resolve_task(r, refs->tasks[1], d->pub.time_ns[i]))
			return false;
	}
	return r->next == r->n;
}

static const char *read_task_refs(struct vft_columns_decoder *d, uint32_t n_rows, uint64_t *intro)
{
	struct resolver r = {.n = d->pub.n_tasks, .intro = intro};
	static const uint8_t columns[] = {VFT_COL_TASK, VFT_COL_CHILD};
	uint64_t n_refs = 0;
	const char *what;

	for (size_t i = 0; i < sizeof(columns); i++) {
		uint32_t n = n_values(d, columns[i]);

		r.at[columns[i]] = expand_column(d, columns[i], false, n, &what);
		if (!r.at[columns[i]])
			return what;
		d->pub.of[columns[i]].u32 = r.at[columns[i]];
		d->pub.n_of[columns[i]] = n;
		n_refs += n;
	}
	if (n_refs > VFT_MAX_REFS)
		return "more references than the format allows";
	r.refs = take(d, n_refs, 4);
	return resolve_tasks(d, &r, n_rows) ? NULL : mismatch;
}

/* The columns of the table, one value for each task. */
struct task_columns {
	const uint32_t *tid, *tgid, *ns_tid, *ns_tgid, *uid, *pidns;
	const uint64_t *start, *cgroup;
};

static const char *read_task_columns(struct vft_columns_decoder *d, struct task_columns *ret)
{
	const char *what;
	size_t n = d->pub.n_tasks;

#define READ(member, ID, is_wide)                                                                  \
	do {                                                                                       \
		ret->member = expand_column(d, VFT_COL_TASK_##ID, is_wide, n, &what);              \
		if (!ret->member)                                                                  \
			return what;                                                               \
	} while (0)
	READ(tid, TID, false);
	READ(tgid, TGID, false);
	READ(start, START, true);
	READ(ns_tid, NS_TID, false);
	READ(ns_tgid, NS_TGID, false);
	READ(uid, UID, false);
	READ(pidns, PIDNS, false);
	READ(cgroup, CGROUP, true);
#undef READ
	return NULL;
}

static const char *fill_tasks(struct vft_columns_decoder *d, const struct task_columns *c,
			      const uint64_t *intro)
{
	struct vft_task *tasks = take(d, d->pub.n_tasks, sizeof(*tasks));
	uint64_t bad = 0;

	for (uint32_t i = 0; i < d->pub.n_tasks; i++) {
		struct vft_task *task = &tasks[i];

		task->tid = c->tid[i];
		task->tgid = c->tid[i] - c->tgid[i];
		task->ns_tid = c->tid[i] - c->ns_tid[i];
		task->ns_tgid = task->tgid - c->ns_tgid[i];
		task->uid = c->uid[i];
		task->pidns = c->pidns[i];
		task->cgroup = c->cgroup[i];
		task->start_ns = intro[i] - c->start[i];
		bad |= (task->tid - 1) >> 31 | (task->tgid - 1) >> 31 | task->ns_tid >> 31 |
		       task->ns_tgid >> 31 | task->start_ns >> 63;
	}
	d->pub.tasks = tasks;
	return bad ? "task with an impossible pid" : NULL;
}

static const char *read_tasks(struct vft_columns_decoder *d, uint32_t n_rows)
{
	struct raw tids = unpack(d, VFT_COL_TASK_TID);
	struct task_columns columns = {0};
	uint64_t *intro;
	const char *what;

	if (!tids.p)
		return undecodable;
	d->pub.n_tasks = (uint32_t)d->kernels->count(tids.p, tids.size);
	if (d->pub.n_tasks > VFT_MAX_TABLE)
		return "more tasks or strings than the format allows";
	what = read_task_columns(d, &columns);
	if (what)
		return what;
	intro = take(d, d->pub.n_tasks, 8);
	what = read_task_refs(d, n_rows, intro);
	return what ? what : fill_tasks(d, &columns, intro);
}

/* ---- the string table ---- */

static bool resolve_strings(const struct vft_columns_decoder *d, uint32_t **at, uint32_t n_rows)
{
	uint32_t next = 0, bad = 0;

	for (uint32_t i = 0; i < n_rows; i++) {
		const struct refs *refs = &d->refs_of[d->pub.kind[i]];

		for (unsigned int j = 0; j < refs->n_strings; j++) {
			uint32_t *value = at[refs->strings[j]]++, code = *value, row = code - 2;

			row = code == 1 ? next : row;
			next += code == 1;
			bad |= code && row >= next;
			*value = code ? row : VFT_NO_STRING;
		}
	}
	return !bad && next == d->pub.n_strings;
}

static const char *read_string_refs(struct vft_columns_decoder *d, uint32_t n_rows)
{
	uint32_t *at[VFT_COLUMN_MAX] = {NULL};
	const char *what;

	for (uint64_t left = d->string_columns; left; left &= left - 1) {
		unsigned int column = (unsigned int)__builtin_ctzll(left);
		uint32_t n = n_values(d, column);

		at[column] = expand_column(d, column, false, n, &what);
		if (!at[column])
			return what;
		d->pub.of[column].u32 = at[column];
		d->pub.n_of[column] = n;
	}
	return resolve_strings(d, at, n_rows) ? NULL : mismatch;
}

static const char *fill_strings(struct vft_columns_decoder *d, const uint32_t *sizes,
				const char *bytes, uint32_t n_bytes)
{
	struct vft_str *strings = take(d, d->pub.n_strings, sizeof(*strings));
	uint32_t at = 0;

	for (uint32_t i = 0; i < d->pub.n_strings; i++) {
		if (sizes[i] > VFT_MAX_STRING)
			return "string longer than the format allows";
		if (sizes[i] > n_bytes - at)
			return "string reaches beyond the table";
		strings[i] = (struct vft_str){bytes ? bytes + at : NULL, sizes[i]};
		at += sizes[i];
	}
	d->pub.strings = strings;
	return at == n_bytes ? NULL : "strings do not fill the table";
}

static const char *read_strings(struct vft_columns_decoder *d, uint32_t n_rows, bool with_bytes)
{
	const struct vft_column_frame *data = find_frame(d, VFT_COL_STRING_DATA);
	struct raw lengths = unpack(d, VFT_COL_STRING_LEN);
	uint32_t n_bytes = data ? data->raw_len : 0;
	char *bytes = NULL;
	const uint32_t *sizes;
	const char *what;

	if (!lengths.p)
		return undecodable;
	d->pub.n_strings = (uint32_t)d->kernels->count(lengths.p, lengths.size);
	if (d->pub.n_strings > VFT_MAX_TABLE)
		return "more tasks or strings than the format allows";
	sizes = expand_column(d, VFT_COL_STRING_LEN, false, d->pub.n_strings, &what);
	if (!sizes)
		return what;
	if (with_bytes) {
		bytes = take(d, n_bytes, 1);
		if (data && vft_unpacker_unpack(d->unpacker, data, (uint8_t *)bytes) < 0)
			return undecodable;
	}
	what = fill_strings(d, sizes, bytes, n_bytes);
	return what ? what : read_string_refs(d, n_rows);
}

/* ---- the kinds' own columns ---- */

/* Moments near their row: relative to the time of each row whose kind has the column. */
static void add_times(const struct vft_columns_decoder *d, unsigned int column, uint64_t *values,
		      uint32_t n_rows)
{
	for (uint32_t i = 0; i < n_rows; i++) {
		if (!(d->kinds_of[column] >> d->pub.kind[i] & 1))
			continue;
		*values = d->pub.time_ns[i] - *values;
		values++;
	}
}

/* Whether all are of as few bits as the column's values may have. */
static bool are_in_range(const uint32_t *values, uint32_t n, unsigned int bits)
{
	uint32_t all = 0;

	for (uint32_t i = 0; i < n; i++)
		all |= values[i];
	return (uint64_t)all >> bits == 0;
}

static const char *read_value_column(struct vft_columns_decoder *d, unsigned int column,
				     uint32_t n_rows)
{
	uint32_t n = n_values(d, column);
	const char *what;
	void *values = expand_column(d, column, is_64(d->type_of[column]), n, &what);

	if (!values)
		return what;
	if (vft_column_bits(column) < 32 && !are_in_range(values, n, vft_column_bits(column)))
		return "event with a value out of range";
	if (n && vft_column_encoding(column) == VFT_ENC_TIME && !(d->absent >> column & 1))
		add_times(d, column, values, n_rows);
	d->pub.of[column].u64 = values;
	d->pub.n_of[column] = n;
	return NULL;
}

/* The file's columns that no row of this block has must be empty. */
static const char *check_unused(const struct vft_columns_decoder *d,
				const struct vft_schema *schema)
{
	for (uint32_t i = 0; i < d->directory.n_columns; i++) {
		const struct vft_column_frame *frame = &d->directory.columns[i];
		bool is_listed = false;

		if (!frame->raw_len || frame->id < VFT_COL_TASK ||
		    (frame->id < VFT_COLUMN_MAX && !(d->absent >> frame->id & 1) &&
		     n_values(d, frame->id)))
			continue;
		for (uint32_t slot = 0; slot < schema->n_columns; slot++)
			is_listed |= schema->column_ids[slot] == frame->id &&
				     schema->encodings[slot] <= VFT_ENC_BYTES;
		if (is_listed)
			return mismatch;
	}
	return NULL;
}

static const char *read_own_columns(struct vft_columns_decoder *d, const struct vft_schema *schema,
				    uint32_t n_rows, uint64_t wanted)
{
	const char *what = NULL;

	if (wanted & d->string_columns)
		what = read_strings(d, n_rows, wanted & VFT_COLUMN_BIT(STRING_DATA));
	for (unsigned int column = VFT_COL_TASK; column < VFT_COLUMN_MAX && !what; column++) {
		unsigned int type = d->type_of[column];

		if (d->kinds_of[column] && wanted >> column & 1 && type != VFT_TYPE_TASK &&
		    type != VFT_TYPE_STR)
			what = read_value_column(d, column, n_rows);
	}
	return what || wanted != VFT_COLUMNS_ALL ? what : check_unused(d, schema);
}

/* ---- a block ---- */

static const char *decode(struct vft_columns_decoder *d, const struct vft_schema *schema,
			  const struct vft_header *header, const struct vft_rows_info *info,
			  uint64_t wanted)
{
	uint32_t n_rows = header->n_events;
	const char *what = read_times(d, header, info->last_ts);

	if (!what && wanted & VFT_COLUMN_BIT(CPU)) {
		d->pub.cpu = expand_column(d, VFT_COL_CPU, false, n_rows, &what);
		if (d->pub.cpu)
			what = NULL;
	}
	if (!what)
		what = read_tasks(d, n_rows);
	return what ? what : read_own_columns(d, schema, n_rows, wanted);
}

/* ---- blocks of other versions ---- */

/* The arrays themselves: what is decoded is only ever written here. */
static uint32_t *out32(const union vft_values *of)
{
	return (uint32_t *)(uintptr_t)of->u32;
}

static uint64_t *out64(const union vft_values *of)
{
	return (uint64_t *)(uintptr_t)of->u64;
}

static void put_value(struct vft_columns *columns, const struct vft_event *event,
		      const struct vft_field *field)
{
	const void *member = (const char *)event + field->offset;
	const union vft_values *of = &columns->of[field->column];
	uint32_t i = columns->n_of[field->column]++;
	const struct vft_str *str;

	switch ((enum vft_type)field->type) {
	case VFT_TYPE_U32:
	case VFT_TYPE_I32:
		out32(of)[i] = *(const uint32_t *)member;
		break;
	case VFT_TYPE_U64:
		out64(of)[i] = *(const uint64_t *)member;
		break;
	case VFT_TYPE_TASK:
		out32(of)[i] = (uint32_t)(*(const struct vft_task *const *)member - columns->tasks);
		break;
	case VFT_TYPE_STR:
		str = *(const struct vft_str *const *)member;
		out32(of)[i] = str ? (uint32_t)(str - columns->strings) : VFT_NO_STRING;
		break;
	}
}

static int take_columns(struct vft_columns_decoder *d, uint32_t n_rows)
{
	size_t need = 3 * room(0) + (size_t)n_rows * 13;

	for (unsigned int column = VFT_COL_TASK; column < VFT_COLUMN_MAX; column++)
		need += room((size_t)n_values(d, column) * 8);
	d->arena.size = 0;
	if (vft_buffer_reserve(&d->arena, need) < 0)
		return -ENOMEM;
	d->pub.kind = take(d, n_rows, 1);
	d->pub.time_ns = take(d, n_rows, 8);
	d->pub.cpu = take(d, n_rows, 4);
	for (unsigned int column = VFT_COL_TASK; column < VFT_COLUMN_MAX; column++)
		if (d->kinds_of[column])
			d->pub.of[column].u64 = take(d, n_values(d, column), 8);
	return 0;
}

static int from_events(struct vft_columns_decoder *d, const struct vft_batch *batch)
{
	struct vft_columns *columns = &d->pub;
	int r;

	columns->n_rows = (uint32_t)batch->n_events;
	columns->n_skipped = (uint32_t)batch->n_skipped;
	columns->first_ns = batch->first_ns;
	columns->last_ns = batch->last_ns;
	for (size_t i = 0; i < batch->n_events; i++) {
		columns->n_kind[batch->events[i].kind]++;
		columns->kinds |= 1ull << batch->events[i].kind;
	}
	r = take_columns(d, columns->n_rows);
	if (r < 0)
		return r;
	for (size_t i = 0; i < batch->n_events; i++) {
		const struct vft_event *event = &batch->events[i];
		size_t n;
		const struct vft_field *fields = vft_event_fields(event->kind, &n);

		((uint8_t *)(uintptr_t)columns->kind)[i] = event->kind;
		((uint64_t *)(uintptr_t)columns->time_ns)[i] = event->time_ns;
		((uint32_t *)(uintptr_t)columns->cpu)[i] = event->cpu;
		for (size_t j = 0; j < n; j++)
			put_value(columns, event, &fields[j]);
	}
	return 0;
}

static int decode_other(struct vft_columns_decoder *d, const struct vft_schema *schema,
			const struct vft_header *header, struct vft_cursor payload,
			const char **ret_what)
{
	const struct vft_batch *batch;
	int r = d->has_other ? 0 : vft_decoder_init(&d->other);

	if (r < 0)
		return r;
	d->has_other = true;
	r = vft_decoder_decode(&d->other, schema, header, payload, &batch, ret_what);
	if (r < 0)
		return r;
	vft_decoder_get_tables(&d->other, &d->pub.tasks, &d->pub.n_tasks, &d->pub.strings,
			       &d->pub.n_strings);
	return from_events(d, batch);
}

static void forget(struct vft_columns_decoder *d, const struct vft_header *header)
{
	memset(&d->pub, 0, sizeof(d->pub));
	d->pub.type = header->type;
	d->pub.n_rows = header->n_events;
}

int vft_columns_decode(struct vft_columns_decoder *d, const struct vft_schema *schema,
		       const struct vft_header *header, struct vft_cursor payload, uint64_t wanted,
		       const struct vft_columns **ret, const char **ret_what)
{
	struct vft_rows_info info;
	const char *what;
	bool is_other;
	int r = vft_directory_parse(payload, header, &d->directory, ret_what);

	if (r < 0)
		return r;
	*ret_what = "block information is malformed";
	if (!header->n_events || vft_rows_info_decode(d->directory.info, header, &info) < 0 ||
	    !info.has_last_ts)
		return -EBADMSG;
	forget(d, header);
	d->absent = 0;
	if (reserve(d, schema, header) < 0)
		return -ENOMEM;
	what = read_kinds(d, schema, header->n_events);
	if (!what && info.has_kinds && (info.kinds & ~VFT_KINDS_SNAPSHOT_BEGINS) != d->pub.kinds)
		what = "block's kinds are not those of its events";
	is_other = !what && !vft_schema_find_absent(schema, d->pub.kinds, &d->absent);
	if (!what && !is_other)
		what = decode(d, schema, header, &info, wanted);
	if (is_other || (what && schema->is_guess)) {
		forget(d, header);
		r = decode_other(d, schema, header, payload, ret_what);
		*ret = &d->pub;
		return r;
	}
	if (what) {
		*ret_what = what;
		return -EBADMSG;
	}
	*ret = &d->pub;
	return 0;
}
