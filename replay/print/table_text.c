/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/table_text.h"

#include <errno.h>
#include <stdlib.h>

#include "replay/print/escape.h"

#define HOLD_BYTES (512u << 10)
#define HOLD_CELLS 32768u
#define GAP        2u /* columns between two columns */
#define PAD_FACTOR 4u /* a column is padded to this times its max_width, no more */

#define RESET "\x1b[0m"

struct held {
	uint32_t size, columns; /* bytes in the buffer, columns on the terminal */
	uint8_t style;
};

struct rep_text {
	struct rep_out *out;
	const struct rep_column *columns;
	size_t n_columns;
	uint8_t shown[255]; /* numbers of the columns with a heading */
	size_t n_shown;     /* of them */
	bool has_detail;    /* one more cell at the end of each row */
	unsigned int width[256];
	bool settled; /* widths are fixed and the heading is out */
	struct rep_buf bytes;
	struct held *cells;
	size_t n_cells, max_cells;
};

static bool is_right(enum rep_cell_type type)
{
	return type == REP_CELL_INT || type == REP_CELL_UINT || type == REP_CELL_DURATION ||
	       type == REP_CELL_OFFSET;
}

struct rep_text *rep_text_new(struct rep_out *out, const struct rep_column *columns, size_t n)
{
	struct rep_text *text = n > 255 ? NULL : calloc(1, sizeof(*text));

	if (!text)
		return NULL;
	text->out = out;
	text->columns = columns;
	text->n_columns = n;
	text->bytes.ascii_only = out->buf.ascii_only;
	for (size_t i = 0; i < n; i++) {
		if (columns[i].show == REP_SHOW) {
			text->width[text->n_shown] = (unsigned int)strlen(columns[i].title);
			text->shown[text->n_shown++] = (uint8_t)i;
		} else if (columns[i].show == REP_DETAIL) {
			text->has_detail = true;
		}
	}
	return text;
}

static size_t row_cells(const struct rep_text *text)
{
	return text->n_shown + text->has_detail;
}

/* No name of so many bytes a column is shown whole. */
#define BYTES_PER_COLUMN 16u

/* Leave no more of @bytes than @columns can need: 2 MiB are not escaped to show 32 columns. */
static bool shorten(struct vft_str *bytes, unsigned int columns)
{
	uint32_t most = (columns + 1) * BYTES_PER_COLUMN;

	if (!columns || bytes->size <= most)
		return false;
	bytes->size = most;
	return true;
}

/*
 * Cut what stands from @from on in @buf to @columns, with an ellipsis; @is_part: it is not all, be
 * it ever so narrow.
 */
static void cut(struct rep_buf *buf, size_t from, size_t columns, bool utf8, bool is_part)
{
	size_t dots = utf8 ? 1 : columns < 3 ? columns : 3, n;

	if (buf->failed || buf->size == from ||
	    (!is_part && rep_utf8_columns(buf->data + from, buf->size - from) <= columns))
		return;
	n = rep_utf8_fit(buf->data + from, buf->size - from, columns > dots ? columns - dots : 0);
	buf->size = from + n;
	if (utf8)
		rep_buf_text(buf, "\xe2\x80\xa6");
	else
		rep_buf_fill(buf, '.', dots);
}

void rep_style_begin(struct rep_out *out, enum rep_style style)
{
	static const char *const codes[] = {"",         "\x1b[1m",  "\x1b[2m",
					    "\x1b[32m", "\x1b[33m", "\x1b[1;31m"};

	if (!out->options.color || style == REP_PLAIN)
		return;
	/* Goes on where the same style has just ended: one sequence for both. */
	if (out->styled && out->styled == out->buf.size && out->style == style)
		out->buf.size -= sizeof(RESET) - 1;
	else
		rep_buf_text(&out->buf, codes[style]);
}

void rep_style_end(struct rep_out *out, enum rep_style style)
{
	if (!out->options.color || style == REP_PLAIN)
		return;
	rep_buf_text(&out->buf, RESET);
	out->styled = out->buf.size;
	out->style = (uint8_t)style;
}

static void print_cell(struct rep_text *text, size_t index, const char *data,
		       const struct held *cell, unsigned int *at)
{
	struct rep_buf *buf = &text->out->buf;
	bool last = index + 1 == row_cells(text);
	unsigned int pad =
		text->width[index] > cell->columns ? text->width[index] - cell->columns : 0;
	bool right = index < text->n_shown && is_right(text->columns[text->shown[index]].type);
	unsigned int limit = text->out->options.width;

	if (index) {
		rep_buf_fill(buf, ' ', GAP);
		*at += GAP;
	}
	if (right)
		rep_buf_fill(buf, ' ', pad);
	rep_style_begin(text->out, cell->style);
	if (last && limit && *at + cell->columns > limit) {
		size_t from = buf->size;

		rep_buf_bytes(buf, data, cell->size);
		cut(buf, from, limit > *at ? limit - *at : 1, text->out->options.utf8, false);
	} else {
		rep_buf_bytes(buf, data, cell->size);
	}
	rep_style_end(text->out, cell->style);
	if (!right && !last)
		rep_buf_fill(buf, ' ', pad);
	*at += pad + cell->columns;
}

static void trim_end(struct rep_buf *buf)
{
	while (buf->size && buf->data[buf->size - 1] == ' ')
		buf->size--;
	rep_buf_char(buf, '\n');
}

static void print_heading(struct rep_text *text)
{
	unsigned int at = 0;
	struct held cell;

	for (size_t i = 0; i < row_cells(text); i++) {
		const char *title =
			i < text->n_shown ? text->columns[text->shown[i]].title : "DETAILS";

		cell = (struct held){(uint32_t)strlen(title), (uint32_t)strlen(title), REP_BOLD};
		print_cell(text, i, title, &cell, &at);
	}
	trim_end(&text->out->buf);
}

static int settle(struct rep_text *text)
{
	size_t per_row = row_cells(text), offset = 0;
	unsigned int at = 0;

	for (size_t i = 0; i < text->n_cells; i++) {
		size_t index = i % per_row;
		unsigned int most =
			index < text->n_shown ? text->columns[text->shown[index]].max_width : 0;
		unsigned int columns = text->cells[i].columns;

		/* Where nothing is cut, escapes may make a name this much longer. */
		if (most && columns > most * PAD_FACTOR)
			columns = most * PAD_FACTOR;
		if (columns > text->width[index])
			text->width[index] = columns;
	}
	print_heading(text);
	for (size_t i = 0; i < text->n_cells; i++) {
		if (i % per_row == 0)
			at = 0;
		print_cell(text, i % per_row, text->bytes.data + offset, &text->cells[i], &at);
		offset += text->cells[i].size;
		if (i % per_row == per_row - 1) {
			trim_end(&text->out->buf);
			if (rep_out_drain(text->out))
				return text->out->error;
		}
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
		cut(&text->bytes, from, max_width, text->out->options.utf8, is_part);
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

/* Render one row behind what is held. */
static int render(struct rep_text *text, const uint8_t *which, const struct rep_cell *cells,
		  size_t n)
{
	size_t given = 0, from;
	int err;

	for (size_t i = 0; i < text->n_shown; i++) {
		const struct rep_column *column = &text->columns[text->shown[i]];
		unsigned int max_width = text->out->options.width ? column->max_width : 0;
		struct rep_cell cell = REP_NULL;
		bool is_part = false;

		while (given < n && (which ? which[given] : given) < text->shown[i])
			given++;
		if (given < n && (which ? which[given] : given) == text->shown[i])
			cell = cells[given];
		from = text->bytes.size;
		if (column->type == REP_CELL_BYTES && !cell.is_null)
			is_part = shorten(&cell.bytes, max_width);
		rep_cell_text(&text->bytes, column->type, &cell, text->out->options.utf8);
		err = hold(text, from, max_width, is_part, cell.style);
		if (err)
			return err;
	}
	if (!text->has_detail)
		return 0;
	from = text->bytes.size;
	for (size_t i = 0; i < n; i++) {
		const struct rep_column *column = &text->columns[which ? which[i] : i];

		if (column->show != REP_DETAIL || cells[i].is_null || cells[i].is_quiet)
			continue;
		if (text->bytes.size > from)
			rep_buf_char(&text->bytes, ' ');
		rep_buf_text(&text->bytes, column->title ? column->title : column->name);
		rep_buf_char(&text->bytes, '=');
		rep_cell_text(&text->bytes, column->type, &cells[i], text->out->options.utf8);
	}
	return hold(text, from, 0, false, REP_PLAIN);
}

int rep_text_row(struct rep_text *text, const uint8_t *which, const struct rep_cell *cells,
		 size_t n)
{
	int err = render(text, which, cells, n);
	size_t offset = 0;
	unsigned int at = 0;

	if (err)
		return err;
	if (!text->settled) {
		if (text->bytes.size > HOLD_BYTES || text->n_cells > HOLD_CELLS)
			return settle(text);
		return 0;
	}
	for (size_t i = 0; i < text->n_cells; i++) {
		print_cell(text, i, text->bytes.data + offset, &text->cells[i], &at);
		offset += text->cells[i].size;
	}
	trim_end(&text->out->buf);
	text->n_cells = 0;
	text->bytes.size = 0;
	return rep_out_drain(text->out);
}

int rep_text_flush(struct rep_text *text)
{
	if (!text->settled && text->n_cells)
		return settle(text);
	return rep_out_drain(text->out);
}

void rep_text_free(struct rep_text *text)
{
	if (!text)
		return;
	rep_buf_release(&text->bytes);
	free(text->cells);
	free(text);
}

void rep_line_word(struct rep_out *out, enum rep_style style, const char *word)
{
	rep_style_begin(out, style);
	rep_buf_text(&out->buf, word);
	rep_style_end(out, style);
}

void rep_line_bytes(struct rep_out *out, enum rep_style style, struct vft_str bytes,
		    unsigned int columns)
{
	bool is_part = shorten(&bytes, columns);
	size_t from;

	rep_style_begin(out, style);
	from = out->buf.size;
	if (bytes.data)
		rep_escape_text(&out->buf, bytes);
	else
		rep_buf_char(&out->buf, '-');
	if (columns)
		cut(&out->buf, from, columns, out->options.utf8, is_part);
	rep_style_end(out, style);
}

void rep_line_cell(struct rep_out *out, enum rep_style style, enum rep_cell_type type,
		   struct rep_cell cell)
{
	rep_line_padded(out, style, type, cell, 0, false);
}

void rep_line_padded(struct rep_out *out, enum rep_style style, enum rep_cell_type type,
		     struct rep_cell cell, unsigned int columns, bool right)
{
	struct rep_buf bytes = {.ascii_only = out->buf.ascii_only};
	size_t used, pad;

	rep_cell_text(&bytes, type, &cell, out->options.utf8);
	if (bytes.failed)
		out->buf.failed = true;
	used = bytes.size ? rep_utf8_columns(bytes.data, bytes.size) : 0;
	pad = columns > used ? columns - used : 0;
	if (right)
		rep_buf_fill(&out->buf, ' ', pad);
	rep_style_begin(out, style);
	rep_buf_bytes(&out->buf, bytes.data, bytes.size);
	rep_style_end(out, style);
	if (!right)
		rep_buf_fill(&out->buf, ' ', pad);
	rep_buf_release(&bytes);
}

void rep_line_end(struct rep_out *out)
{
	trim_end(&out->buf);
}
