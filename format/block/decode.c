/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct vft_batch_memory {
	struct vft_batch batch;
	unsigned int n_references;
	size_t capacity; /* bytes behind the struct */
	struct vft_event *events;
	struct vft_task *tasks;
	struct vft_str *strings;
	uint32_t n_tasks, n_strings;
	uint8_t *bytes;
};

/* One block while it is being decoded. */
struct rows {
	struct vft_cursor time, kind, cpu;
	struct vft_cursor task[VFT_COL_TASK_CGROUP - VFT_COL_TASK_TID + 1];
	struct vft_cursor string_len;
	const struct vft_column_frame *string_data; /* NULL: none */
	size_t n_tasks, n_strings, n_bytes;
	struct vft_event *events;
	struct vft_task *tasks;
	struct vft_str *strings;
	uint32_t *refs;
	size_t n_refs, next_task, next_string;
	uint64_t bad; /* becomes nonzero at the first value out of its range */
};

static void batch_unref(struct vft_batch_memory *memory)
{
	if (memory && __atomic_sub_fetch(&memory->n_references, 1, __ATOMIC_ACQ_REL) == 0)
		free(memory);
}

const struct vft_batch *vft_batch_acquire(const struct vft_batch *batch)
{
	/* The public part comes first in our own memory, and every batch was made here. */
	struct vft_batch_memory *memory = (struct vft_batch_memory *)(uintptr_t)batch;

	__atomic_add_fetch(&memory->n_references, 1, __ATOMIC_RELAXED);
	return batch;
}

void vft_batch_release(const struct vft_batch *batch)
{
	batch_unref((struct vft_batch_memory *)(uintptr_t)batch);
}

int vft_decoder_init(struct vft_decoder *decoder)
{
	return vft_unpacker_new(&decoder->unpacker);
}

void vft_decoder_release(struct vft_decoder *decoder)
{
	vft_unpacker_free(decoder->unpacker);
	free(decoder->first);
	vft_buffer_release(&decoder->scratch);
	vft_buffer_release(&decoder->refs);
	for (size_t i = 0; i < VFT_N_BATCHES; i++)
		batch_unref(decoder->batches[i]);
}

int vft_rows_info_decode(struct vft_cursor c, const struct vft_header *header,
			 struct vft_rows_info *ret)
{
	struct vft_rows_info info = {.last_ts = header->first_ts};

	while (vft_cursor_left(&c)) {
		uint64_t id = vft_cursor_varint(&c);
		struct vft_cursor value = vft_cursor_sub(&c, vft_cursor_varint(&c));
		struct vft_cursor number = value;
		uint64_t n = vft_cursor_varint(&number);

		if (value.failed)
			return -EBADMSG;
		if (id < VFT_INFO_LAST_TS || id > VFT_INFO_KINDS)
			continue;
		if (!vft_cursor_is_done(&number))
			return -EBADMSG;
		if (id == VFT_INFO_LAST_TS) {
			if (n > VFT_MAX_TIME_NS - header->first_ts)
				return -EBADMSG;
			info.last_ts = header->first_ts + n;
			info.has_last_ts = true;
		} else if (id == VFT_INFO_LOST) {
			info.n_lost = n;
		} else if (id == VFT_INFO_KINDS) {
			info.kinds = n;
			info.has_kinds = true;
		} else if (n > VFT_MAX_PID) {
			return -EBADMSG;
		} else if (id == VFT_INFO_PID_MIN) {
			info.pid_min = (uint32_t)n;
		} else {
			info.pid_max = (uint32_t)n;
		}
	}
	if (c.failed)
		return -EBADMSG;
	*ret = info;
	return 0;
}

/* How many varints stand in @c: bytes that end one. */
static size_t count_varints(struct vft_cursor c)
{
	size_t size = vft_cursor_left(&c), n = 0;
	const uint8_t *p = vft_cursor_bytes(&c, size);

	for (size_t i = 0; p && i < size; i++)
		n += p[i] < 0x80;
	return n;
}

static struct vft_cursor *find_column(struct vft_decoder *decoder, struct rows *rows,
				      const struct vft_schema *schema, uint16_t id)
{
	switch (id) {
	case VFT_COL_TIME:
		return &rows->time;
	case VFT_COL_KIND:
		return &rows->kind;
	case VFT_COL_CPU:
		return &rows->cpu;
	case VFT_COL_STRING_LEN:
		return &rows->string_len;
	default:
		break;
	}
	if (id >= VFT_COL_TASK_TID && id <= VFT_COL_TASK_CGROUP)
		return &rows->task[id - VFT_COL_TASK_TID];
	/* The role of one that is added below this is not known: it is left alone. */
	if (id < VFT_FIRST_OWN_COLUMN)
		return NULL;
	for (uint32_t slot = 0; slot < schema->n_columns; slot++)
		if (schema->column_ids[slot] == id)
			return &decoder->columns[slot];
	return NULL;
}

/* Whether one of the varints in @raw ends in a byte that adds nothing. */
static bool has_long_varint(const uint8_t *raw, uint32_t size)
{
	for (uint32_t i = 1; i < size; i++)
		if (!raw[i] && raw[i - 1] & 0x80)
			return true;
	return false;
}

/* Whether a column of fixed role, or one of the schema's, is of an encoding that is known. */
static bool is_of_varints(const struct vft_schema *schema, uint16_t id)
{
	for (uint32_t slot = 0; id >= VFT_FIRST_OWN_COLUMN && slot < schema->n_columns; slot++)
		if (schema->column_ids[slot] == id)
			return schema->encodings[slot] < VFT_ENC_BYTES;
	return true;
}

/* Decompress every column that is used, except the strings' bytes, and set the cursors. */
static const char *unpack_columns(struct vft_decoder *decoder, struct rows *rows,
				  const struct vft_schema *schema)
{
	const struct vft_directory *directory = &decoder->directory;
	size_t at = 0;

	decoder->has_long = false;
	memset(decoder->columns, 0, schema->n_columns * sizeof(decoder->columns[0]));
	memset(decoder->last, 0, schema->n_columns * sizeof(decoder->last[0]));
	for (uint32_t i = 0; i < directory->n_columns; i++) {
		const struct vft_column_frame *frame = &directory->columns[i];
		uint8_t *raw = decoder->scratch.data + at;
		struct vft_cursor *column;

		if (frame->id == VFT_COL_STRING_DATA) {
			rows->string_data = frame;
			rows->n_bytes = frame->raw_len;
			continue;
		}
		column = find_column(decoder, rows, schema, frame->id);
		if (!column)
			continue;
		if (vft_unpacker_unpack(decoder->unpacker, frame, raw) < 0)
			return "column does not decompress";
		*column = vft_cursor_init(raw, frame->raw_len);
		at += frame->raw_len;
		if (decoder->is_strict && is_of_varints(schema, frame->id))
			decoder->has_long |= has_long_varint(raw, frame->raw_len);
	}
	return NULL;
}

/* Compare what the tables claim with the limits, before memory is asked for. */
static const char *check_counts(struct rows *rows, const struct vft_header *header)
{
	if (vft_cursor_left(&rows->time) < header->n_events ||
	    vft_cursor_left(&rows->kind) < header->n_events ||
	    vft_cursor_left(&rows->cpu) < header->n_events)
		return "fewer values than events";
	rows->n_tasks = count_varints(rows->task[0]);
	rows->n_strings = count_varints(rows->string_len);
	if (rows->n_tasks > VFT_MAX_TABLE || rows->n_strings > VFT_MAX_TABLE)
		return "more tasks or strings than the format allows";
	return NULL;
}

static bool is_free(const struct vft_batch_memory *memory)
{
	return !memory || __atomic_load_n(&memory->n_references, __ATOMIC_ACQUIRE) == 1;
}

/* Memory that nobody else holds: as it is, or what is too small exchanged for more. */
static struct vft_batch_memory *get_memory(struct vft_decoder *decoder, size_t need)
{
	struct vft_batch_memory **slot = &decoder->batches[0], *memory;

	for (size_t i = 0; i < VFT_N_BATCHES; i++) {
		memory = decoder->batches[i];
		if (!is_free(memory))
			continue;
		if (memory && memory->capacity >= need)
			return memory;
		slot = &decoder->batches[i];
	}
	/* With none free this leaves the first one to whoever holds it. */
	batch_unref(*slot);
	*slot = NULL;
	need += need / 4;
	memory = malloc(sizeof(*memory) + need);
	if (!memory)
		return NULL;
	memory->n_references = 1;
	memory->capacity = need;
	*slot = memory;
	return memory;
}

static int make_batch(struct vft_decoder *decoder, struct rows *rows, size_t n_events)
{
	size_t events_size = n_events * sizeof(struct vft_event);
	size_t tasks_size = rows->n_tasks * sizeof(struct vft_task);
	size_t strings_size = rows->n_strings * sizeof(struct vft_str);
	struct vft_batch_memory *memory =
		get_memory(decoder, events_size + tasks_size + strings_size + rows->n_bytes);
	char *at;

	if (!memory)
		return -ENOMEM;
	decoder->batch = memory;
	at = (char *)(memory + 1);
	memory->events = rows->events = (struct vft_event *)(void *)at;
	at += events_size;
	memory->tasks = rows->tasks = (struct vft_task *)(void *)at;
	at += tasks_size;
	memory->strings = rows->strings = (struct vft_str *)(void *)at;
	memory->n_tasks = (uint32_t)rows->n_tasks;
	memory->n_strings = (uint32_t)rows->n_strings;
	at += strings_size;
	memory->bytes = (uint8_t *)at;
	return 0;
}

static const char *decode_tasks(struct rows *rows)
{
	struct vft_cursor *c = rows->task;
	uint64_t tid = 0, uid = 0, pidns = 0, cgroup = 0, bad = 0;

	for (size_t i = 0; i < rows->n_tasks; i++) {
		uint64_t tgid, ns_tid, ns_tgid;

		tid += vft_cursor_svarint(&c[VFT_COL_TASK_TID - VFT_COL_TASK_TID]);
		tgid = tid - vft_cursor_svarint(&c[VFT_COL_TASK_TGID - VFT_COL_TASK_TID]);
		ns_tid = tid - vft_cursor_svarint(&c[VFT_COL_TASK_NS_TID - VFT_COL_TASK_TID]);
		ns_tgid = tgid - vft_cursor_svarint(&c[VFT_COL_TASK_NS_TGID - VFT_COL_TASK_TID]);
		uid += vft_cursor_svarint(&c[VFT_COL_TASK_UID - VFT_COL_TASK_TID]);
		pidns += vft_cursor_svarint(&c[VFT_COL_TASK_PIDNS - VFT_COL_TASK_TID]);
		cgroup += vft_cursor_svarint(&c[VFT_COL_TASK_CGROUP - VFT_COL_TASK_TID]);
		bad |= (tid - 1) >> 31 | (tgid - 1) >> 31 | ns_tid >> 31 | ns_tgid >> 31;
		bad |= tid >> 31 | tgid >> 31 | uid >> 32 | pidns >> 32;
		/* start_ns follows from the event that introduces the task */
		rows->tasks[i] = (struct vft_task){.tgid = (uint32_t)tgid,
						   .tid = (uint32_t)tid,
						   .ns_tgid = (uint32_t)ns_tgid,
						   .ns_tid = (uint32_t)ns_tid,
						   .uid = (uint32_t)uid,
						   .pidns = (uint32_t)pidns,
						   .cgroup = cgroup};
	}
	return bad ? "task with an impossible pid" : NULL;
}

static const char *decode_strings(struct vft_decoder *decoder, struct rows *rows)
{
	uint8_t *bytes = decoder->batch->bytes;
	uint64_t left = rows->n_bytes, at = 0;

	if (rows->string_data &&
	    vft_unpacker_unpack(decoder->unpacker, rows->string_data, bytes) < 0)
		return "column does not decompress";
	for (size_t i = 0; i < rows->n_strings; i++) {
		uint64_t size = vft_cursor_varint(&rows->string_len);

		if (size > VFT_MAX_STRING)
			return "string longer than the format allows";
		if (size > left)
			return "string reaches beyond the table";
		rows->strings[i] = (struct vft_str){(const char *)bytes + at, (uint32_t)size};
		at += size;
		left -= size;
	}
	return left ? "strings do not fill the table" : NULL;
}

/* NULL, and rows->bad set, for a reference to what does not exist. */
static const struct vft_task *next_task(struct rows *rows, struct vft_cursor *c, uint64_t time_ns)
{
	uint64_t distance = vft_cursor_varint(c);
	struct vft_task *task;
	uint32_t row;

	if (distance) {
		if (distance > rows->n_refs || rows->n_refs == VFT_MAX_REFS) {
			rows->bad = 1;
			return NULL;
		}
		row = rows->refs[rows->n_refs - distance];
	} else {
		if (rows->next_task == rows->n_tasks || rows->n_refs == VFT_MAX_REFS) {
			rows->bad = 1;
			return NULL;
		}
		row = (uint32_t)rows->next_task++;
		task = &rows->tasks[row];
		task->start_ns =
			time_ns -
			vft_cursor_svarint(&rows->task[VFT_COL_TASK_START - VFT_COL_TASK_TID]);
		rows->bad |= task->start_ns >> 63;
	}
	rows->refs[rows->n_refs++] = row;
	return &rows->tasks[row];
}

static const struct vft_str *next_string(struct rows *rows, struct vft_cursor *c)
{
	uint64_t code = vft_cursor_varint(c), row;

	if (!code)
		return NULL;
	row = code == 1 ? rows->next_string++ : code - 2;
	if (row >= rows->next_string || row >= rows->n_strings) {
		rows->bad = 1;
		return NULL;
	}
	return &rows->strings[row];
}

static inline uint64_t next_number(struct vft_cursor *c, uint64_t *last, unsigned int encoding,
				   uint64_t time_ns)
{
	uint64_t value = vft_cursor_varint(c);

	if (encoding == VFT_ENC_UINT)
		return value;
	value = vft_unzigzag(value);
	if (encoding == VFT_ENC_DELTA)
		return *last += value;
	return encoding == VFT_ENC_TIME ? time_ns - value : value;
}

static inline void decode_field(struct vft_decoder *decoder, struct rows *rows,
				const struct vft_step *step, struct vft_event *event)
{
	struct vft_cursor *c = &decoder->columns[step->slot];
	char *member = (char *)event + step->offset;
	uint64_t value;

	if (step->encoding == VFT_ENC_TASK) {
		const struct vft_task *task = next_task(rows, c, event->time_ns);

		if (step->dest == VFT_TYPE_TASK)
			*(const struct vft_task **)(void *)member = task;
		return;
	}
	if (step->encoding == VFT_ENC_STRING) {
		const struct vft_str *str = next_string(rows, c);

		if (step->dest == VFT_TYPE_STR)
			*(const struct vft_str **)(void *)member = str;
		return;
	}
	value = next_number(c, &decoder->last[step->slot], step->encoding, event->time_ns);
	if (step->dest == VFT_TYPE_U32) {
		rows->bad |= value >> step->bits;
		*(uint32_t *)(void *)member = (uint32_t)value;
	} else if (step->dest == VFT_TYPE_U64) {
		*(uint64_t *)(void *)member = value;
	} else if (step->dest == VFT_TYPE_I32) {
		rows->bad |= (value + 0x80000000u) >> 32;
		*(int32_t *)(void *)member = (int32_t)value;
	}
}

/* Every event; those of unknown kinds are decoded too, since they move the columns, and dropped. */
static const char *decode_events(struct vft_decoder *decoder, struct rows *rows,
				 const struct vft_schema *schema, const struct vft_header *header,
				 const struct vft_rows_info *info)
{
	struct vft_batch *batch = &decoder->batch->batch;
	uint64_t time_ns = header->first_ts, span = info->last_ts - header->first_ts;
	uint64_t min = 0, max = 0, kinds = 0;
	struct vft_event *event = rows->events;

	for (uint32_t i = 0; i < header->n_events; i++) {
		const struct vft_plan *plan;
		const struct vft_step *step;
		uint64_t kind, cpu, late;

		time_ns += vft_cursor_svarint(&rows->time);
		kind = vft_cursor_varint(&rows->kind);
		cpu = vft_cursor_varint(&rows->cpu);
		if (!vft_schema_has(schema, kind))
			return "event of a kind that the schema lacks";
		plan = &schema->plans[kind];
		late = time_ns - header->first_ts;
		rows->bad |= cpu >> 32 | (late > span);
		min = !i || late < min ? late : min;
		max = late > max ? late : max;
		kinds |= 1ull << kind;
		memset(event, 0, sizeof(*event));
		event->time_ns = time_ns;
		event->kind = (uint8_t)kind;
		event->cpu = (uint32_t)cpu;
		step = &schema->steps[plan->first_step];
		for (unsigned int n = plan->n_steps; n; n--)
			decode_field(decoder, rows, step++, event);
		if (VFT_UNLIKELY(rows->bad))
			return "event with a value out of range";
		event += plan->is_known;
	}
	if (min || max != span)
		return "block times are not those of its events";
	if (info->has_kinds && (info->kinds & ~VFT_KINDS_SNAPSHOT_BEGINS) != kinds)
		return "block's kinds are not those of its events";
	batch->n_events = (size_t)(event - rows->events);
	batch->n_skipped = header->n_events - batch->n_events;
	return NULL;
}

/* Every column was read to its end: otherwise events and columns have come apart somewhere. */
static const char *check_ends(const struct vft_decoder *decoder, const struct rows *rows,
			      const struct vft_schema *schema)
{
	bool ok = vft_cursor_is_done(&rows->time) && vft_cursor_is_done(&rows->kind) &&
		  vft_cursor_is_done(&rows->cpu) && vft_cursor_is_done(&rows->string_len) &&
		  rows->next_task == rows->n_tasks && rows->next_string == rows->n_strings;

	for (size_t i = 0; i < sizeof(rows->task) / sizeof(rows->task[0]); i++)
		ok &= vft_cursor_is_done(&rows->task[i]);
	for (uint32_t slot = 0; slot < schema->n_columns; slot++)
		ok &= schema->encodings[slot] > VFT_ENC_BYTES ||
		      vft_cursor_is_done(&decoder->columns[slot]);
	return ok ? NULL : "columns and events do not match";
}

static int decode_by(struct vft_decoder *decoder, const struct vft_schema *schema,
		     const struct vft_header *header, struct vft_cursor payload,
		     const struct vft_batch **ret, const char **ret_what)
{
	struct rows rows = {0};
	struct vft_rows_info info;
	const char *what;
	int r = vft_directory_parse(payload, header, &decoder->directory, ret_what);

	if (r < 0)
		return r;
	*ret_what = "block information is malformed";
	if (!header->n_events || vft_rows_info_decode(decoder->directory.info, header, &info) < 0 ||
	    !info.has_last_ts)
		return -EBADMSG;
	decoder->scratch.size = decoder->refs.size = 0;
	if (vft_buffer_reserve(&decoder->scratch, header->raw_len) < 0)
		return -ENOMEM;
	what = unpack_columns(decoder, &rows, schema);
	if (!what)
		what = check_counts(&rows, header);
	if (!what) {
		size_t n_refs = header->raw_len < VFT_MAX_REFS ? header->raw_len : VFT_MAX_REFS;

		if (vft_buffer_reserve(&decoder->refs, n_refs * sizeof(uint32_t)) < 0 ||
		    make_batch(decoder, &rows, header->n_events) < 0)
			return -ENOMEM;
		rows.refs = (uint32_t *)(void *)decoder->refs.data;
		what = decode_tasks(&rows);
	}
	if (!what)
		what = decode_strings(decoder, &rows);
	if (!what)
		what = decode_events(decoder, &rows, schema, header, &info);
	if (!what)
		what = check_ends(decoder, &rows, schema);
	if (what) {
		*ret_what = what;
		return -EBADMSG;
	}
	decoder->batch->batch.type = header->type;
	decoder->batch->batch.events = rows.events;
	decoder->batch->batch.first_ns = header->first_ts;
	decoder->batch->batch.last_ns = info.last_ts;
	*ret = &decoder->batch->batch;
	return 0;
}

int vft_decoder_decode(struct vft_decoder *decoder, const struct vft_schema *schema,
		       const struct vft_header *header, struct vft_cursor payload,
		       const struct vft_batch **ret, const char **ret_what)
{
	const char *what;
	int r = decode_by(decoder, schema, header, payload, ret, ret_what);

	if (r != -EBADMSG || !schema->is_guess)
		return r;
	if (!decoder->first) {
		decoder->first = malloc(sizeof(*decoder->first));
		if (!decoder->first)
			return -ENOMEM;
		vft_schema_init_first(decoder->first);
	}
	return decode_by(decoder, decoder->first, header, payload, ret, &what);
}

void vft_decoder_get_tables(const struct vft_decoder *decoder, const struct vft_task **ret_tasks,
			    uint32_t *ret_n_tasks, const struct vft_str **ret_strings,
			    uint32_t *ret_n_strings)
{
	const struct vft_batch_memory *memory = decoder->batch;

	*ret_tasks = memory->tasks;
	*ret_n_tasks = memory->n_tasks;
	*ret_strings = memory->strings;
	*ret_n_strings = memory->n_strings;
}

static const struct vft_column_frame *find_frame(const struct vft_directory *directory, uint16_t id)
{
	for (uint32_t i = 0; i < directory->n_columns; i++)
		if (directory->columns[i].id == id)
			return &directory->columns[i];
	return NULL;
}

/* One byte a row, which is how ids up to VFT_KIND_MAX are written. */
static int count_kinds(const uint8_t *kinds, const struct vft_header *header,
		       const struct vft_schema *schema, uint64_t allowed, struct vft_counted *ret)
{
	uint32_t n_rows[256] = {0};

	for (uint32_t i = 0; i < header->n_events; i++)
		n_rows[kinds[i]]++;
	for (unsigned int kind = 0; kind < 256; kind++) {
		if (!n_rows[kind])
			continue;
		if (!vft_schema_has(schema, kind) || !(allowed >> kind & 1))
			return 0;
		if (schema->plans[kind].is_known) {
			ret->n_kind[kind] = n_rows[kind];
			ret->n_events += n_rows[kind];
		} else {
			ret->n_skipped += n_rows[kind];
		}
	}
	return 1;
}

int vft_decoder_count(struct vft_decoder *decoder, const struct vft_schema *schema,
		      const struct vft_header *header, struct vft_cursor payload, uint64_t kinds,
		      struct vft_counted *ret)
{
	const struct vft_column_frame *frame;
	struct vft_rows_info info;
	const char *what;

	*ret = (struct vft_counted){0};
	if (vft_directory_parse(payload, header, &decoder->directory, &what) < 0 ||
	    vft_rows_info_decode(decoder->directory.info, header, &info) < 0 || !info.has_last_ts ||
	    (info.has_kinds && info.kinds & ~VFT_KINDS_SNAPSHOT_BEGINS & ~kinds))
		return 0;
	frame = find_frame(&decoder->directory, VFT_COL_KIND);
	if (!header->n_events || !frame || frame->raw_len != header->n_events)
		return 0;
	decoder->scratch.size = 0;
	if (vft_buffer_reserve(&decoder->scratch, frame->raw_len) < 0)
		return -ENOMEM;
	if (vft_unpacker_unpack(decoder->unpacker, frame, decoder->scratch.data) < 0)
		return 0;
	ret->first_ns = header->first_ts;
	ret->last_ns = info.last_ts;
	return count_kinds(decoder->scratch.data, header, schema, kinds, ret);
}
