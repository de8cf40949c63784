/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/exporter.h"

#include <errno.h>
#include <stdlib.h>

struct rows {
	struct rep_out *out;
	const struct rep_syntax *syntax;
	const struct rep_column *columns;
	size_t n_columns;
	struct rep_pen pen;
	/* What stands before each column of a row that has them all, and at its end. */
	struct rep_buf between;
	uint32_t ends[UINT8_MAX + 1];
};

void rep_pen_init(struct rep_pen *pen, struct rep_buf *buf, const struct rep_out *out)
{
	*pen = (struct rep_pen){.buf = buf, .csv_safe = out->options.csv_safe};
	pen->scratch.ascii_only = out->buf.ascii_only;
}

void rep_pen_release(struct rep_pen *pen)
{
	rep_buf_release(&pen->scratch);
}

int rep_syntax_begin(struct rep_out *out, const struct rep_column *columns, size_t n_columns,
		     void **ret)
{
	struct rows *rows = calloc(1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	*rows = (struct rows){.out = out,
			      .syntax = rep_exporter_of(out)->syntax,
			      .columns = columns,
			      .n_columns = n_columns};
	rep_pen_init(&rows->pen, &out->buf, out);
	for (size_t i = 0; i <= n_columns; i++) {
		rows->syntax->between(&rows->between, columns, n_columns, i ? i - 1 : REP_ROW_BEGIN,
				      i);
		rows->ends[i] = (uint32_t)rows->between.size;
	}
	if (rows->between.failed) {
		rep_syntax_free(rows);
		return -ENOMEM;
	}
	*ret = rows;
	return 0;
}

static void put_between(struct rows *rows, size_t from, size_t to)
{
	size_t begin;

	if (from + 1 != to) { /* REP_ROW_BEGIN + 1 is 0 */
		rows->syntax->between(&rows->out->buf, rows->columns, rows->n_columns, from, to);
		return;
	}
	begin = to ? rows->ends[to - 1] : 0;
	rep_buf_bytes(&rows->out->buf, rows->between.data + begin, rows->ends[to] - begin);
}

int rep_syntax_row(void *state, const uint8_t *which, const struct rep_cell *cells, size_t n)
{
	struct rows *rows = state;
	struct rep_out *out = rows->out;
	size_t from = REP_ROW_BEGIN, at;

	if (!out->json_first)
		rep_buf_text(&out->buf, rows->syntax->separator);
	out->json_first = !*rows->syntax->separator;
	for (size_t i = 0; i < n; i++) {
		at = which ? which[i] : i;
		put_between(rows, from, at);
		rows->syntax->cell(&rows->pen, &rows->columns[at], &cells[i]);
		from = at;
	}
	put_between(rows, from, rows->n_columns);
	if (rows->pen.scratch.failed)
		out->buf.failed = true;
	return rep_out_drain(out);
}

int rep_syntax_end(void *state)
{
	return rep_out_drain(((struct rows *)state)->out);
}

void rep_syntax_free(void *state)
{
	struct rows *rows = state;

	if (!rows)
		return;
	rep_pen_release(&rows->pen);
	rep_buf_release(&rows->between);
	free(rows);
}
