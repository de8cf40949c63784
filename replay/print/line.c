/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/line.h"

#include "replay/print/escape.h"

#define RESET "\x1b[0m"

/* No name of so many bytes a column is shown whole. */
#define BYTES_PER_COLUMN 16u

bool rep_line_shorten(struct vft_str *bytes, unsigned int columns)
{
	uint32_t most = (columns + 1) * BYTES_PER_COLUMN;

	if (!columns || bytes->size <= most)
		return false;
	bytes->size = most;
	return true;
}

void rep_line_cut(struct rep_buf *buf, size_t from, size_t columns, bool utf8, bool is_part)
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

void rep_line_trim(struct rep_buf *buf)
{
	while (buf->size && buf->data[buf->size - 1] == ' ')
		buf->size--;
	rep_buf_char(buf, '\n');
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
	bool is_part = rep_line_shorten(&bytes, columns);
	size_t from;

	rep_style_begin(out, style);
	from = out->buf.size;
	if (bytes.data)
		rep_escape_text(&out->buf, bytes);
	else
		rep_buf_char(&out->buf, '-');
	if (columns)
		rep_line_cut(&out->buf, from, columns, out->options.utf8, is_part);
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
	rep_line_trim(&out->buf);
}
