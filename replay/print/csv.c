/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/cell.h"
#include "replay/print/escape.h"
#include "replay/print/exporter.h"

static void end_line(struct rep_buf *buf)
{
	rep_buf_bytes(buf, "\r\n", 2);
}

static void between(struct rep_buf *buf, const struct rep_column *columns, size_t n, size_t from,
		    size_t to)
{
	size_t last = to == n ? n - 1 : to;

	rep_buf_fill(buf, ',', from == REP_ROW_BEGIN ? last : last - from);
	if (to == n)
		end_line(buf);
}

/* Bytes that need neither escape nor quote; false: they do, and nothing is written. */
static bool plain_bytes(struct rep_buf *buf, struct vft_str bytes)
{
	if (!bytes.size || bytes.data[0] == ' ' || bytes.data[bytes.size - 1] == ' ' ||
	    !rep_escape_are(bytes, REP_IN_CSV))
		return false;
	rep_buf_bytes(buf, bytes.data, bytes.size);
	return true;
}

/* The same for arguments, none of which a shell would need quotes for. */
static bool plain_argv(struct rep_buf *buf, struct vft_str argv)
{
	char *begin, *end, *p;

	if (!argv.size || argv.data[argv.size - 1] || !rep_escape_are(argv, REP_IN_ARGV) ||
	    !rep_buf_reserve(buf, argv.size))
		return false;
	begin = buf->data + buf->size;
	end = begin + argv.size;
	memcpy(begin, argv.data, argv.size);
	for (p = begin; p < end; p++) {
		if (!*p || *p == '=')
			return false;
		p = memchr(p, '\0', (size_t)(end - p)); /* the last byte is one */
		*p = ' ';
	}
	buf->size += argv.size - 1;
	return true;
}

static void cell(struct rep_pen *pen, const struct rep_column *column, const struct rep_cell *value)
{
	if (value->is_null)
		return;
	if (column->type == REP_CELL_UINT) { /* most of all */
		rep_buf_u64(pen->buf, value->u);
		return;
	}
	if (column->type != REP_CELL_BYTES && column->type != REP_CELL_ARGV) {
		rep_cell_common(pen->buf, column->type, value);
		return;
	}
	if (!pen->csv_safe && (column->type == REP_CELL_BYTES ? plain_bytes(pen->buf, value->bytes)
							      : plain_argv(pen->buf, value->bytes)))
		return;
	pen->scratch.size = 0;
	rep_cell_common(&pen->scratch, column->type, value);
	rep_escape_csv(pen->buf, pen->scratch.data, pen->scratch.size, pen->csv_safe);
	if (pen->scratch.failed)
		pen->buf->failed = true;
}

static int begin(struct rep_out *out, const struct rep_column *columns, size_t n_columns,
		 void **ret)
{
	for (size_t i = 0; i < n_columns; i++) {
		if (i)
			rep_buf_char(&out->buf, ',');
		rep_buf_text(&out->buf, columns[i].name);
	}
	end_line(&out->buf);
	return rep_syntax_begin(out, columns, n_columns, ret);
}

static const struct rep_syntax syntax = {
	.between = between,
	.cell = cell,
	.separator = "",
	.max_number = UINT64_MAX,
};

const struct rep_exporter rep_exporter_csv = {
	.name = "csv",
	.begin = begin,
	.row = rep_syntax_row,
	.end = rep_syntax_end,
	.free = rep_syntax_free,
	.syntax = &syntax,
};
