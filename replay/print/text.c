/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The aligned text form of a table. Holds the first rows back until their widths are known, then
 * streams: memory is bounded whatever the number of rows, and a later cell that is wider pushes its
 * row to the right. On a terminal that is too narrow columns are left out, then shortened; details
 * go to a line of their own.
 */
#include "replay/print/exporter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "replay/base/zone.h"
#include "replay/print/escape.h"
#include "replay/print/line.h"

#define HOLD_BYTES (512u << 10)
#define HOLD_CELLS 32768u
#define GAP        2u /* columns between two columns */
#define PAD_FACTOR 4u /* a column is padded to this times its max_width, no more */

#define INDENT    4u  /* of a line that goes on */
#define LEAST     8u  /* a column is not made narrower than this */
#define DETAIL    20u /* what the details should have of a terminal */
#define MAX_SLOTS 253u

#define NS_PER_MS     1000000u
#define NS_PER_MINUTE 60000000000u

struct held {
	uint32_t size, columns; /* bytes in the buffer, columns on the terminal */
	uint8_t style;
};

/* What stands under one heading. A MOMENT has two: the clock, and the offset. */
struct slot {
	uint8_t column;
	bool is_clock, is_hidden;
	bool is_cut; /* narrower than what it holds */
	unsigned int width;
};

/* The last moment that was taken apart: those behind it are mostly of the same minute. */
struct clock {
	bool is_known;
	uint64_t minute;
	struct rep_civil civil;
	int year, month, day; /* of the first, which is not said with each */
	char title[32];
};

struct rep_text {
	struct rep_out *out;
	const struct rep_column *columns;
	size_t n_columns;
	struct slot slots[MAX_SLOTS];
	size_t n_slots;
	bool has_detail, has_line; /* one more cell each at the end of each row */
	bool settled;              /* widths are fixed and the heading is out */
	struct clock clock;
	const char *note_name;
	struct vft_str note;
	struct rep_buf bytes;
	struct held *cells;
	size_t n_cells, max_cells;
};

static bool is_right(enum rep_cell_type type)
{
	return type == REP_CELL_INT || type == REP_CELL_UINT || type == REP_CELL_DURATION ||
	       type == REP_CELL_OFFSET || type == REP_CELL_MOMENT;
}

static void add_slot(struct rep_text *text, size_t column, bool is_clock)
{
	struct slot *slot = &text->slots[text->n_slots++];

	*slot = (struct slot){.column = (uint8_t)column, .is_clock = is_clock};
	if (!is_clock)
		slot->width = (unsigned int)strlen(text->columns[column].title);
}

static struct rep_text *text_new(struct rep_out *out, const struct rep_column *columns, size_t n)
{
	struct rep_text *text = n > MAX_SLOTS / 2 ? NULL : calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->out = out;
	text->columns = columns;
	text->n_columns = n;
	text->bytes.ascii_only = out->buf.ascii_only;
	for (size_t i = 0; i < n; i++) {
		if (columns[i].show == REP_SHOW || columns[i].show == REP_WIDE) {
			if (columns[i].type == REP_CELL_MOMENT)
				add_slot(text, i, true);
			add_slot(text, i, false);
		} else if (columns[i].show == REP_DETAIL) {
			text->has_detail = true;
		} else if (columns[i].show == REP_LINE) {
			text->has_line = true;
		}
	}
	return text;
}

static void text_note(void *state, const char *name, struct vft_str value)
{
	struct rep_text *text = state;

	text->note_name = name;
	text->note = value;
	text->has_detail |= name && !text->settled && !text->n_cells;
}

static size_t row_cells(const struct rep_text *text)
{
	return text->n_slots + text->has_detail + text->has_line;
}

static void print_slot(struct rep_text *text, const struct slot *slot, bool is_first,
		       const char *data, const struct held *cell, bool is_last, unsigned int *at)
{
	struct rep_buf *buf = &text->out->buf;
	unsigned int columns = cell->columns, pad;
	bool right = is_right(text->columns[slot->column].type);
	size_t from;

	if (slot->is_cut && columns > slot->width)
		columns = slot->width;
	pad = slot->width > columns ? slot->width - columns : 0;
	if (!is_first)
		rep_buf_fill(buf, ' ', GAP);
	if (right)
		rep_buf_fill(buf, ' ', pad);
	rep_style_begin(text->out, cell->style);
	from = buf->size;
	rep_buf_bytes(buf, data, cell->size);
	if (columns < cell->columns)
		rep_line_cut(buf, from, columns, text->out->options.utf8, false);
	rep_style_end(text->out, cell->style);
	if (!right && !is_last)
		rep_buf_fill(buf, ' ', pad);
	*at += (is_first ? 0 : GAP) + pad + columns;
}

/* Behind the columns where there is room, else below them, cut to the terminal. */
static void print_detail(struct rep_text *text, const char *data, const struct held *cell,
			 unsigned int at)
{
	struct rep_buf *buf = &text->out->buf;
	unsigned int limit = text->out->options.width;
	bool fits = !limit || at + GAP + cell->columns <= limit;
	size_t from;

	if (!cell->size)
		return;
	if (!fits)
		rep_line_trim(buf);
	rep_buf_fill(buf, ' ', fits ? GAP : INDENT);
	from = buf->size;
	rep_buf_bytes(buf, data, cell->size);
	if (!fits)
		rep_line_cut(buf, from, limit > INDENT ? limit - INDENT : 1,
			     text->out->options.utf8, false);
}

/* On lines of its own, broken between words. */
static void print_line(struct rep_text *text, const char *data, size_t size)
{
	struct rep_buf *buf = &text->out->buf;
	unsigned int limit = text->out->options.width;
	size_t room = !limit ? SIZE_MAX : limit > 2 * INDENT ? limit - INDENT : INDENT, n;

	while (size) {
		n = rep_utf8_fit(data, size, room);
		if (n < size) {
			size_t space = n;

			while (space && data[space] != ' ')
				space--;
			n = space ? space : n ? n : 1;
		}
		rep_buf_fill(buf, ' ', INDENT);
		rep_buf_bytes(buf, data, n);
		rep_line_trim(buf);
		data += n;
		size -= n;
		while (size && *data == ' ') {
			data++;
			size--;
		}
	}
}

/* What is held of one row, beginning with @cells and @data; how many bytes those were. */
static size_t print_row(struct rep_text *text, const struct held *cells, const char *data)
{
	const char *from = data;
	unsigned int at = 0;
	bool is_first = true;

	for (size_t i = 0; i < text->n_slots; i++) {
		if (!text->slots[i].is_hidden) {
			print_slot(text, &text->slots[i], is_first, data, &cells[i],
				   i + 1 == text->n_slots && !text->has_detail, &at);
			is_first = false;
		}
		data += cells[i].size;
	}
	cells += text->n_slots;
	if (text->has_detail) {
		print_detail(text, data, cells, at);
		data += cells->size;
		cells++;
	}
	rep_line_trim(&text->out->buf);
	if (text->has_line) {
		print_line(text, data, cells->size);
		data += cells->size;
	}
	return (size_t)(data - from);
}

static void print_heading(struct rep_text *text)
{
	unsigned int at = 0;
	bool is_first = true;
	struct held cell = {.style = REP_BOLD};

	for (size_t i = 0; i < text->n_slots; i++) {
		const struct slot *slot = &text->slots[i];
		const char *title =
			slot->is_clock ? text->clock.title : text->columns[slot->column].title;

		if (slot->is_hidden)
			continue;
		cell.size = cell.columns = (uint32_t)strlen(title);
		print_slot(text, slot, is_first, title, &cell,
			   i + 1 == text->n_slots && !text->has_detail, &at);
		is_first = false;
	}
	/* A terminal that has no room for it shows details below. */
	if (text->has_detail && (!text->out->options.width ||
				 at + GAP + strlen("DETAILS") <= text->out->options.width)) {
		rep_buf_fill(&text->out->buf, ' ', GAP);
		rep_line_word(text->out, REP_BOLD, "DETAILS");
	}
	rep_line_trim(&text->out->buf);
}

static unsigned int total_width(const struct rep_text *text)
{
	unsigned int total = 0;

	for (size_t i = 0; i < text->n_slots; i++) {
		if (!text->slots[i].is_hidden)
			total += text->slots[i].width + (total ? GAP : 0);
	}
	return total;
}

/* The widest column of text that can still be shorter. */
static struct slot *widest(struct rep_text *text)
{
	struct slot *found = NULL;

	for (size_t i = 0; i < text->n_slots; i++) {
		struct slot *slot = &text->slots[i];

		if (!slot->is_hidden && text->columns[slot->column].type == REP_CELL_BYTES &&
		    slot->width > LEAST && (!found || slot->width > found->width))
			found = slot;
	}
	return found;
}

/* To the terminal: what can be done without goes first, then what is said twice, then length. */
static void fit(struct rep_text *text)
{
	unsigned int limit = text->out->options.width;
	unsigned int wanted =
		text->has_detail && limit > GAP + DETAIL ? limit - GAP - DETAIL : limit;
	struct slot *slot;

	if (!limit)
		return;
	for (size_t i = text->n_slots; i-- && total_width(text) > wanted;)
		text->slots[i].is_hidden |= text->columns[text->slots[i].column].show == REP_WIDE;
	for (size_t i = 1; i < text->n_slots && total_width(text) > wanted; i++)
		text->slots[i].is_hidden |=
			text->slots[i - 1].is_clock && !text->slots[i - 1].is_hidden;
	while (total_width(text) > limit && (slot = widest(text))) {
		slot->width--;
		slot->is_cut = true;
	}
}

static void widen(struct rep_text *text)
{
	size_t per_row = row_cells(text);

	for (size_t i = 0; i < text->n_cells; i++) {
		struct slot *slot = &text->slots[i % per_row];
		unsigned int columns = text->cells[i].columns, most;

		if (i % per_row >= text->n_slots)
			continue;
		/* Where nothing is cut, escapes may make a name this much longer. */
		most = text->columns[slot->column].max_width;
		if (most && columns > most * PAD_FACTOR)
			columns = most * PAD_FACTOR;
		if (columns > slot->width)
			slot->width = columns;
	}
	for (size_t i = 0; i < text->n_slots; i++) {
		struct slot *slot = &text->slots[i];
		unsigned int title = (unsigned int)strlen(text->clock.title);

		if (!slot->is_clock)
			continue;
		slot->is_hidden = !text->clock.is_known;
		slot->width = slot->width > title ? slot->width : title;
	}
}

static int settle(struct rep_text *text)
{
	size_t per_row = row_cells(text), offset = 0;

	widen(text);
	fit(text);
	print_heading(text);
	for (size_t i = 0; i < text->n_cells; i += per_row) {
		offset += print_row(text, &text->cells[i], text->bytes.data + offset);
		if (rep_out_drain(text->out))
			return text->out->error;
	}
	text->n_cells = 0;
	text->bytes.size = 0;
	text->settled = true;
	return 0;
}

static int hold(struct rep_text *text, size_t from, unsigned int max_width, bool is_part,
		uint8_t style)
{
	struct held *cell;

	if (max_width)
		rep_line_cut(&text->bytes, from, max_width, text->out->options.utf8, is_part);
	if (text->bytes.failed)
		return -ENOMEM;
	if (text->n_cells == text->max_cells) {
		size_t max = text->max_cells ? text->max_cells * 2 : 256;

		cell = reallocarray(text->cells, max, sizeof(*cell));
		if (!cell)
			return -ENOMEM;
		text->cells = cell;
		text->max_cells = max;
	}
	cell = &text->cells[text->n_cells++];
	cell->size = (uint32_t)(text->bytes.size - from);
	cell->columns =
		cell->size ? (uint32_t)rep_utf8_columns(text->bytes.data + from, cell->size) : 0;
	cell->style = style;
	return 0;
}

static void two_digits(struct rep_buf *buf, int value)
{
	rep_buf_char(buf, (char)('0' + value / 10 % 10));
	rep_buf_char(buf, (char)('0' + value % 10));
}

/* "14:05:30.123"; with the date before it on another day than the first. */
static void clock_text(struct rep_text *text, uint64_t epoch_ns)
{
	struct clock *clock = &text->clock;
	struct rep_buf *buf = &text->bytes;
	unsigned int ms = (unsigned int)(epoch_ns % NS_PER_MINUTE / NS_PER_MS);

	if (!clock->is_known || epoch_ns / NS_PER_MINUTE != clock->minute) {
		rep_zone_split(epoch_ns, &clock->civil);
		clock->minute = epoch_ns / NS_PER_MINUTE;
	}
	if (!clock->is_known) {
		char zone[REP_ZONE_NAME];

		clock->is_known = true;
		clock->year = clock->civil.year;
		clock->month = clock->civil.month;
		clock->day = clock->civil.day;
		rep_zone_name(clock->civil.offset_s, zone);
		snprintf(clock->title, sizeof(clock->title), "TIME(%s)", zone);
	}
	if (clock->civil.day != clock->day || clock->civil.month != clock->month ||
	    clock->civil.year != clock->year) {
		two_digits(buf, clock->civil.month);
		rep_buf_char(buf, '-');
		two_digits(buf, clock->civil.day);
		rep_buf_char(buf, ' ');
	}
	two_digits(buf, clock->civil.hour);
	rep_buf_char(buf, ':');
	two_digits(buf, clock->civil.minute);
	rep_buf_char(buf, ':');
	two_digits(buf, (int)(ms / 1000));
	rep_buf_char(buf, '.');
	rep_buf_char(buf, (char)('0' + ms / 100 % 10));
	two_digits(buf, (int)(ms % 100));
}

/* "VM|VFORK|0x8000000000000000" */
static void flags_text(struct rep_buf *buf, const char *const *bits, uint64_t flags)
{
	const char *between = "";
	char rest[24];

	for (unsigned int i = 0; bits && i < 64 && bits[i]; i++) {
		if (!(flags >> i & 1) || !*bits[i])
			continue;
		rep_buf_text(buf, between);
		rep_buf_text(buf, bits[i]);
		flags &= ~(1ull << i);
		between = "|";
	}
	if (!flags && *between)
		return;
	snprintf(rest, sizeof(rest), flags ? "%s0x%" PRIx64 : "%s0", between, flags);
	rep_buf_text(buf, rest);
}

static void named(struct rep_text *text, const struct rep_column *column,
		  const struct rep_cell *cell, size_t from, const char *between)
{
	if (text->bytes.size > from)
		rep_buf_char(&text->bytes, ' ');
	rep_buf_text(&text->bytes, column->title ? column->title : column->name);
	rep_buf_text(&text->bytes, between);
	if (column->type == REP_CELL_FLAGS)
		flags_text(&text->bytes, column->bits, cell->u);
	else
		rep_cell_text(&text->bytes, column->type, cell, text->out->options.utf8);
}

/* What @cells have for columns that are shown as @show. */
static int render_named(struct rep_text *text, enum rep_show show, const char *between,
			const uint8_t *which, const struct rep_cell *cells, size_t n)
{
	size_t from = text->bytes.size;

	for (size_t i = 0; i < n; i++) {
		const struct rep_column *column = &text->columns[which ? which[i] : i];

		if (column->show == show && !cells[i].is_null && !cells[i].is_quiet)
			named(text, column, &cells[i], from, between);
	}
	if (show == REP_DETAIL && text->note_name) {
		if (text->bytes.size > from)
			rep_buf_char(&text->bytes, ' ');
		rep_buf_text(&text->bytes, text->note_name);
		rep_buf_char(&text->bytes, '=');
		rep_escape_text(&text->bytes, text->note);
	}
	return hold(text, from, 0, false, REP_PLAIN);
}

static int render_slot(struct rep_text *text, const struct slot *slot, struct rep_cell *cell)
{
	const struct rep_column *column = &text->columns[slot->column];
	unsigned int max_width = text->out->options.width ? column->max_width : 0;
	size_t from = text->bytes.size;
	bool is_part = false;

	if (slot->is_clock) {
		if (!cell->is_null && cell->moment.epoch_ns)
			clock_text(text, cell->moment.epoch_ns);
		else
			rep_buf_char(&text->bytes, '-');
		return hold(text, from, 0, false, cell->style);
	}
	if (column->type == REP_CELL_BYTES && !cell->is_null)
		is_part = rep_line_shorten(&cell->bytes, max_width);
	rep_cell_text(&text->bytes, column->type, cell, text->out->options.utf8);
	return hold(text, from, max_width, is_part, cell->style);
}

/* Render one row behind what is held. */
static int render(struct rep_text *text, const uint8_t *which, const struct rep_cell *cells,
		  size_t n)
{
	size_t given = 0;
	int err = 0;

	for (size_t i = 0; i < text->n_slots && !err; i++) {
		struct rep_cell cell = REP_NULL;

		while (given < n && (which ? which[given] : given) < text->slots[i].column)
			given++;
		if (given < n && (which ? which[given] : given) == text->slots[i].column)
			cell = cells[given];
		err = render_slot(text, &text->slots[i], &cell);
	}
	if (!err && text->has_detail)
		err = render_named(text, REP_DETAIL, "=", which, cells, n);
	if (!err && text->has_line)
		err = render_named(text, REP_LINE, ": ", which, cells, n);
	return err;
}

static int text_row(void *state, const uint8_t *which, const struct rep_cell *cells, size_t n)
{
	struct rep_text *text = state;
	int err = render(text, which, cells, n);

	if (err)
		return err;
	if (!text->settled) {
		if (text->bytes.size > HOLD_BYTES || text->n_cells > HOLD_CELLS)
			return settle(text);
		return 0;
	}
	print_row(text, text->cells, text->bytes.data);
	text->n_cells = 0;
	text->bytes.size = 0;
	return rep_out_drain(text->out);
}

static int text_end(void *state)
{
	struct rep_text *text = state;

	if (!text->settled && text->n_cells)
		return settle(text);
	return rep_out_drain(text->out);
}

static void text_free(void *state)
{
	struct rep_text *text = state;

	if (!text)
		return;
	rep_buf_release(&text->bytes);
	free(text->cells);
	free(text);
}

static int text_begin(struct rep_out *out, const struct rep_column *columns, size_t n, void **ret)
{
	*ret = text_new(out, columns, n);
	return *ret ? 0 : -ENOMEM;
}

const struct rep_exporter rep_exporter_text = {
	.name = "text",
	.has_world_clock = true,
	.begin = text_begin,
	.row = text_row,
	.end = text_end,
	.note = text_note,
	.free = text_free,
};
