/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/rows/event_text_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/print/digits.h"
#include "replay/print/escape.h"
#include "replay/rows/rows_events.h"

/* What is kept of a block's text. Nearly all blocks are less, and this bounds the others. */
#define MAX_TEXT (8u << 20)
#define ROW      256u /* bytes of one, more or less */
/* What is sent at once: whole rows, so that an output that is stopped ends with one. */
#define PIECE    (128u << 10)

/* Where the values of the next row are. */
struct cursor {
	uint32_t row;
	const uint8_t *next[VFT_COLUMN_MAX];
};

/* A string that was written for one column; the size is 0 where it was not. */
struct said {
	uint32_t at;
	uint32_t size : 24, column : 8;
};

struct rep_event_text {
	const struct vft_columns *columns;
	uint64_t start_ns;
	struct rep_buf text; /* of rows [0, n_done) */
	uint32_t *ends;      /* of each row in text */
	uint32_t n_done, max_rows;
	struct cursor cursor;
	struct rep_pen pen;
	uint32_t (*counts)[N_KINDS]; /* rows of each kind before each CHECKPOINT; else NULL */
	struct piece *tasks;         /* of TASK, then of CHILD */
	struct said *strings;
	size_t max_tasks, max_strings;
};

/* ---- one row ---- */

#define HIGH_UNIT 100000000u

struct recent {
	uint64_t high; /* 0: none; in units of HIGH_UNIT */
	uint8_t size;
	char digits[REP_DIGITS_ROOM + CHUNK];
};

/* The last columns of a task, which most tasks have in common. */
struct tail {
	uint64_t cgroup;
	uint32_t uid, pidns;
	struct piece text; /* of size 0: none */
};

/* Writes rows of one block; there is room for a template's row behind @p. */
struct writer {
	const struct rep_event_format *format;
	const struct vft_columns *columns;
	struct rep_event_text *text;
	struct rep_buf *buf;
	const char *literals;
	uint64_t max_number;
	struct recent time, start;
	struct tail tails[2]; /* of TASK; of CHILD where that has a text of its own */
	bool may_copy;        /* what was written stays where it is in @buf */
};

struct chunk {
	char bytes[CHUNK];
};

static inline void copy_chunk(char *p, const char *from)
{
	struct chunk chunk;

	memcpy(&chunk, from, CHUNK);
	memcpy(p, &chunk, CHUNK);
}

/* Up to CHUNK bytes more are written, and read. */
static inline char *copy(char *p, const char *from, size_t size)
{
	copy_chunk(p, from);
	for (size_t i = CHUNK; i < size; i += CHUNK)
		copy_chunk(p + i, from + i);
	return p + size;
}

static inline char *put_literal(const char *literals, char *p, struct piece piece)
{
	return copy(p, literals + piece.at, piece.size);
}

static char *put_null(const struct writer *w, char *p)
{
	return put_literal(w->literals, p, w->format->null);
}

static void end_at(struct writer *w, const char *p)
{
	w->buf->size = (size_t)(p - w->buf->data);
}

/* As end_at, and then room for @size and a row again: its rest needs no more. */
static inline char *make_room(struct writer *w, const char *p, size_t size, size_t room)
{
	end_at(w, p);
	return rep_buf_reserve(w->buf, size + room) ? w->buf->data + w->buf->size : NULL;
}

/* What is not worth a step of its own. NULL: no memory. */
static char *put_cell(struct writer *w, char *p, unsigned int column, struct rep_cell cell,
		      size_t room)
{
	end_at(w, p);
	w->format->syntax->cell(&w->text->pen, &rep_events_columns[column], &cell);
	if (w->buf->failed || !rep_buf_reserve(w->buf, room))
		return NULL;
	return w->buf->data + w->buf->size;
}

static inline char *put_number(struct writer *w, char *p, const struct step *step,
			       unsigned int column, uint64_t value, size_t room)
{
	if (step->zero_is_null && !value)
		return put_null(w, p);
	if (VFT_UNLIKELY(value > w->max_number))
		return put_cell(w, p, column, REP_UINT(value), room);
	return rep_digits(p, value);
}

/* A number whose digits but the last eight are mostly those of the one before. */
static inline char *put_near(struct recent *recent, char *p, uint64_t value)
{
	uint64_t high = value / HIGH_UNIT;

	if (!high)
		return rep_digits(p, value);
	if (VFT_UNLIKELY(high != recent->high)) {
		recent->high = high;
		recent->size = (uint8_t)(rep_digits(recent->digits, high) - recent->digits);
	}
	p = copy(p, recent->digits, recent->size);
	return rep_digits_eight(p, (uint32_t)(value % HIGH_UNIT));
}

static char *put_time(struct writer *w, char *p, int64_t time_ns, size_t room)
{
	uint64_t value = (uint64_t)time_ns;

	if (time_ns < 0 || value > w->max_number)
		return put_cell(w, p, REP_EV_TIME_NS, REP_MOMENT(time_ns, 0), room);
	return put_near(&w->time, p, value);
}

/* Most ids of a task are one number, whose digits (no more than ten) need to be found once. */
static inline char *put_id(char *p, uint64_t id, uint64_t known, const char *digits, size_t size)
{
	return id == known ? copy(p, digits, size) : rep_digits(p, id);
}

static char *put_long(struct writer *w, char *p, unsigned int column, uint64_t value, size_t room)
{
	if (VFT_UNLIKELY(value > w->max_number))
		return put_cell(w, p, column, REP_UINT(value), room);
	return put_near(&w->start, p, value);
}

/* Users and places, of which a block has few. */
static char *put_tail(struct writer *w, char *p, const struct step *step,
		      const struct vft_task *task, size_t room)
{
	struct tail *tail = &w->tails[step->has_own_text];
	size_t at = (size_t)(p - w->buf->data);

	if (tail->text.size && tail->uid == task->uid && tail->pidns == task->pidns &&
	    tail->cgroup == task->cgroup) {
		p = make_room(w, p, tail->text.size, room);
		return p ? copy(p, w->buf->data + tail->text.at, tail->text.size) : NULL;
	}
	p = put_literal(w->literals, p, step->before_more[5]);
	p = rep_digits(p, task->uid);
	p = put_literal(w->literals, p, step->before_more[6]);
	p = rep_digits(p, task->pidns);
	p = put_literal(w->literals, p, step->before_more[7]);
	p = task->cgroup > w->max_number
		    ? put_cell(w, p, step->to + 7u, REP_UINT(task->cgroup), room)
		    : rep_digits(p, task->cgroup);
	if (p && w->may_copy)
		*tail = (struct tail){task->cgroup,
				      task->uid,
				      task->pidns,
				      {(uint32_t)at, (uint32_t)((size_t)(p - w->buf->data) - at)}};
	return p;
}

static char *put_new_task(struct writer *w, char *p, const struct step *step,
			  const struct vft_task *task, size_t room)
{
	const char *first = p, *literals = w->literals;
	size_t size;

	_Static_assert(REP_EV_PID + 3 == REP_EV_NS_TID && REP_EV_PID + 4 == REP_EV_TASK_START &&
			       REP_EV_PID + N_TASK - 1 == REP_EV_CGROUP,
		       "four ids, the start, and the rest");
	p = rep_digits(p, task->tgid);
	size = (size_t)(p - first);
	p = put_literal(literals, p, step->before_more[1]);
	p = put_id(p, task->tid, task->tgid, first, size);
	p = put_literal(literals, p, step->before_more[2]);
	p = put_id(p, task->ns_tgid, task->tgid, first, size);
	p = put_literal(literals, p, step->before_more[3]);
	p = put_id(p, task->ns_tid, task->tgid, first, size);
	p = put_literal(literals, p, step->before_more[4]);
	p = put_long(w, p, step->to + 4u, task->start_ns, room);
	return p ? put_tail(w, p, step, task, room) : NULL;
}

static inline char *put_task(struct writer *w, char *p, const struct step *step, uint32_t row,
			     size_t room)
{
	const struct vft_task *task = &w->columns->tasks[row];
	struct piece *said;
	size_t at = (size_t)(p - w->buf->data);

	if (!w->may_copy)
		return put_new_task(w, p, step, task, room);
	said = &w->text->tasks[step->has_own_text ? w->columns->n_tasks + row : row];
	if (said->size) {
		p = make_room(w, p, said->size, room);
		return p ? copy(p, w->buf->data + said->at, said->size) : NULL;
	}
	p = put_new_task(w, p, step, task, room);
	if (p)
		*said = (struct piece){(uint32_t)at, (uint32_t)((size_t)(p - w->buf->data) - at)};
	return p;
}

static char *put_new_string(struct writer *w, char *p, const struct step *step, uint32_t row,
			    size_t room)
{
	struct vft_str string = w->columns->strings[row];

	if (!string.data)
		string.data = "";
	return put_cell(w, p, step->to, REP_BYTES(string), room);
}

static char *put_string(struct writer *w, char *p, const struct step *step, uint32_t row,
			size_t room)
{
	struct said *said;
	size_t at = (size_t)(p - w->buf->data);

	if (row == VFT_NO_STRING)
		return put_null(w, p);
	if (!w->may_copy)
		return put_new_string(w, p, step, row, room);
	said = &w->text->strings[row];
	if (said->size && said->column == step->to) {
		p = make_room(w, p, said->size, room);
		return p ? copy(p, w->buf->data + said->at, said->size) : NULL;
	}
	p = put_new_string(w, p, step, row, room);
	if (p && w->buf->size - at < MAX_TEXT)
		*said = (struct said){(uint32_t)at, (uint32_t)(w->buf->size - at) & 0xffffff,
				      step->to};
	return p;
}

static inline uint32_t take32(struct cursor *cursor, unsigned int column)
{
	uint32_t value;

	memcpy(&value, cursor->next[column], sizeof(value));
	cursor->next[column] += sizeof(value);
	return value;
}

static inline uint64_t take64(struct cursor *cursor, unsigned int column)
{
	uint64_t value;

	memcpy(&value, cursor->next[column], sizeof(value));
	cursor->next[column] += sizeof(value);
	return value;
}

static uint64_t take(struct cursor *cursor, const struct step *step)
{
	return step->width == 8 ? take64(cursor, step->column) : take32(cursor, step->column);
}

static char *put_other(struct writer *w, char *p, const struct step *step, uint64_t value,
		       size_t room)
{
	char name[2][REP_NAME_SIZE];

	return put_cell(w, p, step->to, rep_events_number(step->to, value, w->text->start_ns, name),
			room);
}

static char *put_code(struct writer *w, char *p, uint32_t code)
{
	uint32_t signal;

	/* Its column stands behind, and has not been taken from yet. */
	memcpy(&signal, w->text->cursor.next[VFT_COL_SIGNAL], sizeof(signal));
	return signal ? put_null(w, p) : rep_digits(p, code);
}

static char *put_clock(struct writer *w, char *p, const struct step *step, uint64_t value,
		       size_t room)
{
	p = put_cell(w, p, step->to, REP_UINT(value), room);
	if (p)
		p = put_literal(w->literals, p, step->before_more[0]);
	return p ? put_cell(w, p, step->to + 1u, REP_UINT(value), room) : NULL;
}

static char *put_signed(struct writer *w, char *p, int32_t value)
{
	return value < 0 ? put_null(w, p) : rep_digits(p, (uint32_t)value);
}

static inline char *put_word(struct writer *w, char *p, const struct step *step, size_t room)
{
	uint32_t value = take32(&w->text->cursor, step->column);

	if (value < N_WORDS)
		return put_literal(w->literals, p, step->words[value]);
	return put_other(w, p, step, value, room);
}

static char *put_row(struct writer *w, char *p)
{
	const struct vft_columns *columns = w->columns;
	struct cursor *cursor = &w->text->cursor;
	uint32_t row = cursor->row++;
	const struct template *t = &w->format->templates[columns->kind[row]];
	size_t room = t->room;
	const char *literals = w->literals; /* in a register: what is written may be anything */

	for (const struct step *step = t->steps; p; step++) {
		p = put_literal(literals, p, step->before);
		switch ((enum code)step->code) {
		case PUT_TIME:
			p = put_time(w, p, (int64_t)(columns->time_ns[row] - w->text->start_ns),
				     room);
			break;
		case PUT_CPU:
			p = columns->cpu[row] == VFT_CPU_NONE ? put_null(w, p)
							      : rep_digits(p, columns->cpu[row]);
			break;
		case PUT_TASK:
			p = put_task(w, p, step, take32(cursor, step->column), room);
			break;
		case PUT_STRING:
			p = put_string(w, p, step, take32(cursor, step->column), room);
			break;
		case PUT_U32:
			p = put_number(w, p, step, step->to, take32(cursor, step->column), room);
			break;
		case PUT_U64:
			p = put_number(w, p, step, step->to, take64(cursor, step->column), room);
			break;
		case PUT_WORD:
			p = put_word(w, p, step, room);
			break;
		case PUT_I32:
			p = put_signed(w, p, (int32_t)take32(cursor, step->column));
			break;
		case PUT_CODE:
			p = put_code(w, p, take32(cursor, step->column));
			break;
		case PUT_CLOCK:
			p = put_clock(w, p, step, take64(cursor, step->column), room);
			break;
		case PUT_OTHER:
			p = put_other(w, p, step, take(cursor, step), room);
			break;
		case PUT_NOTHING:
			return p;
		}
	}
	return NULL;
}

static void begin_writing(struct writer *w, const struct rep_event_format *format,
			  struct rep_event_text *text, struct rep_buf *buf)
{
	w->format = format;
	w->columns = text->columns;
	w->text = text;
	w->buf = text->pen.buf = buf;
	w->literals = format->literals.data;
	w->max_number = format->syntax->max_number;
}

/* The next row. False: no memory. */
static bool write_row(struct writer *w)
{
	const struct vft_columns *columns = w->columns;
	size_t room = w->format->templates[columns->kind[w->text->cursor.row]].room;
	char *p;

	if (!rep_buf_reserve(w->buf, room))
		return false;
	p = put_row(w, w->buf->data + w->buf->size);
	if (!p)
		return false;
	end_at(w, p);
	return !w->text->pen.scratch.failed;
}

/* ---- the place in the columns ---- */

static unsigned int width_of(const struct rep_event_format *format, unsigned int kind,
			     unsigned int column)
{
	const struct template *t = &format->templates[kind];

	for (unsigned int i = 0; i < t->n_steps; i++)
		if (t->steps[i].width && t->steps[i].column == column)
			return t->steps[i].width;
	return 0;
}

static void pass(const struct rep_event_format *format, struct cursor *cursor,
		 const uint32_t n[N_KINDS])
{
	for (unsigned int kind = 0; kind < N_KINDS; kind++) {
		uint64_t left = n[kind] ? format->templates[kind].columns : 0;

		for (; left; left &= left - 1) {
			unsigned int column = (unsigned int)__builtin_ctzll(left);

			cursor->next[column] += (size_t)n[kind] * width_of(format, kind, column);
		}
	}
}

static void rewind_to_begin(struct rep_event_text *text)
{
	text->cursor.row = 0;
	for (unsigned int column = 0; column < VFT_COLUMN_MAX; column++)
		text->cursor.next[column] = (const uint8_t *)text->columns->of[column].u32;
}

static int count_rows(struct rep_event_text *text)
{
	const struct vft_columns *columns = text->columns;
	uint32_t n[N_KINDS] = {0};

	text->counts = calloc(columns->n_rows / CHECKPOINT + 1, sizeof(*text->counts));
	if (!text->counts)
		return -ENOMEM;
	for (uint32_t i = 0; i < columns->n_rows; i++) {
		if (i % CHECKPOINT == 0)
			memcpy(text->counts[i / CHECKPOINT], n, sizeof(n));
		n[columns->kind[i]]++;
	}
	return 0;
}

static int seek(const struct rep_event_format *format, struct rep_event_text *text, uint32_t row)
{
	struct cursor *cursor = &text->cursor;
	uint32_t n[N_KINDS] = {0};
	int r;

	if (row == cursor->row)
		return 0;
	r = text->counts ? 0 : count_rows(text);
	if (r < 0)
		return r;
	if (row < cursor->row || row - cursor->row > CHECKPOINT) {
		rewind_to_begin(text);
		cursor->row = row - row % CHECKPOINT;
		pass(format, cursor, text->counts[row / CHECKPOINT]);
	}
	while (cursor->row < row)
		n[text->columns->kind[cursor->row++]]++;
	pass(format, cursor, n);
	return 0;
}

/* ---- the rows of a block ---- */

/* Room for @n of @size, all zero. */
static int clear(void *array, size_t *max, size_t n, size_t size)
{
	void **memory = array;

	if (n > *max) {
		free(*memory);
		*max = 0;
		*memory = calloc(n, size);
		if (!*memory)
			return -ENOMEM;
		*max = n;
	} else if (n) {
		memset(*memory, 0, n * size);
	}
	return 0;
}

static int prepare(struct rep_event_text *text, const struct vft_columns *columns, bool is_kept)
{
	int r = 0;

	free(text->counts);
	text->counts = NULL;
	text->text.size = 0;
	text->n_done = 0;
	if (is_kept && columns->n_rows > text->max_rows) {
		free(text->ends);
		text->max_rows = 0;
		text->ends = calloc(columns->n_rows, sizeof(*text->ends));
		if (!text->ends)
			return -ENOMEM;
		text->max_rows = columns->n_rows;
	}
	if (is_kept)
		r = clear(&text->tasks, &text->max_tasks, 2 * (size_t)columns->n_tasks,
			  sizeof(*text->tasks));
	if (is_kept && !r)
		r = clear(&text->strings, &text->max_strings, columns->n_strings,
			  sizeof(*text->strings));
	return r;
}

int rep_event_text_make(const struct rep_event_format *format, const struct vft_columns *columns,
			uint64_t start_ns, uint32_t n_max, struct rep_event_text **ret)
{
	struct rep_event_text *text = *ret ? *ret : calloc(1, sizeof(*text));
	struct writer w = {.may_copy = true};
	uint32_t n = columns->n_rows < n_max ? columns->n_rows : n_max;
	int r;

	if (!text)
		return -ENOMEM;
	*ret = text;
	text->columns = columns;
	text->start_ns = start_ns;
	begin_writing(&w, format, text, &text->text);
	text->text.ascii_only = text->pen.scratch.ascii_only = format->ascii_only;
	text->pen.csv_safe = format->csv_safe;
	rewind_to_begin(text);
	r = prepare(text, columns, n);
	/* About what they will take, at once: memory that grows is copied. */
	if (!r && !rep_buf_reserve(&text->text, n < MAX_TEXT / ROW ? n * ROW : MAX_TEXT))
		r = -ENOMEM;
	while (!r && text->n_done < n && text->text.size < MAX_TEXT) {
		if (!write_row(&w))
			return -ENOMEM;
		text->ends[text->n_done++] = (uint32_t)text->text.size;
	}
	return r;
}

static int send(struct rep_out *out, size_t separator_size, const char *data, size_t size)
{
	size_t skip = out->json_first ? separator_size : 0;

	if (separator_size)
		out->json_first = false;
	return rep_out_send(out, data + skip, size - skip);
}

/* Those that are there. */
static int send_done(const struct rep_event_format *format, struct rep_event_text *text,
		     uint32_t first, uint32_t n, struct rep_out *out)
{
	uint32_t at = first ? text->ends[first - 1] : 0, to = first + n;
	int err = 0;

	while (first < to && !err) {
		uint32_t low = first + 1, high = to;

		/* As many rows as are about a piece. */
		while (low < high) {
			uint32_t middle = low + (high - low) / 2;

			if (text->ends[middle - 1] - at < PIECE)
				low = middle + 1;
			else
				high = middle;
		}
		err = send(out, format->separator_size, text->text.data + at,
			   text->ends[low - 1] - at);
		at = text->ends[low - 1];
		first = low;
	}
	return err;
}

/* Those that are not, one after the other. */
static int send_rest(const struct rep_event_format *format, struct rep_event_text *text,
		     uint32_t first, uint32_t n, struct rep_out *out)
{
	struct rep_buf row = {.ascii_only = format->ascii_only};
	struct writer w = {0};
	int err = seek(format, text, first);

	begin_writing(&w, format, text, &row);
	while (n-- && !err) {
		row.size = 0;
		err = write_row(&w) ? send(out, format->separator_size, row.data, row.size)
				    : -ENOMEM;
	}
	text->pen.buf = &text->text;
	rep_buf_release(&row);
	return err;
}

int rep_event_text_send(const struct rep_event_format *format, struct rep_event_text *text,
			uint32_t first, uint32_t n, struct rep_out *out)
{
	uint32_t n_done = first >= text->n_done      ? 0
			  : text->n_done - first < n ? text->n_done - first
						     : n;
	int err = n_done ? send_done(format, text, first, n_done, out) : 0;

	if (err || n_done == n)
		return err;
	return send_rest(format, text, first + n_done, n - n_done, out);
}

void rep_event_text_free(struct rep_event_text *text)
{
	if (!text)
		return;
	rep_buf_release(&text->text);
	rep_pen_release(&text->pen);
	free(text->ends);
	free(text->counts);
	free(text->tasks);
	free(text->strings);
	free(text);
}
