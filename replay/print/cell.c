/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/cell.h"

#include "replay/print/escape.h"

static void cell_offset(struct rep_buf *buf, int64_t ns)
{
	uint64_t abs_us = (ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns) / 1000,
		 rest = abs_us % 1000000;

	if (ns < 0)
		rep_buf_char(buf, '-');
	rep_buf_u64(buf, abs_us / 1000000);
	rep_buf_char(buf, '.');
	for (uint64_t scale = 100000; scale > rest && scale > 1; scale /= 10)
		rep_buf_char(buf, '0');
	rep_buf_u64(buf, rest);
}

static void argv_text(struct rep_buf *buf, struct vft_str argv)
{
	struct vft_str arg;
	size_t at = 0;

	for (bool first = true; rep_argv_next(argv, &at, &arg); first = false) {
		if (!first)
			rep_buf_char(buf, ' ');
		rep_escape_shell(buf, arg);
	}
}

void rep_cell_common(struct rep_buf *buf, enum rep_cell_type type, const struct rep_cell *cell)
{
	switch (type) {
	case REP_CELL_INT:
	case REP_CELL_OFFSET:
	case REP_CELL_MOMENT:
		rep_buf_i64(buf, cell->i);
		break;
	case REP_CELL_UINT:
	case REP_CELL_FLAGS:
	case REP_CELL_DURATION:
		rep_buf_u64(buf, cell->u);
		break;
	case REP_CELL_BOOL:
		rep_buf_text(buf, cell->b ? "true" : "false");
		break;
	case REP_CELL_TIME:
		rep_buf_time(buf, cell->u);
		break;
	case REP_CELL_BYTES:
		rep_escape_text(buf, cell->bytes);
		break;
	case REP_CELL_WORD:
		rep_buf_text(buf, cell->word);
		break;
	case REP_CELL_ARGV:
		argv_text(buf, cell->bytes);
		break;
	}
}

void rep_cell_text(struct rep_buf *buf, enum rep_cell_type type, const struct rep_cell *cell,
		   bool utf8)
{
	if (cell->is_at_least) {
		rep_buf_text(buf, utf8 ? "\xe2\x89\xa5 " : ">= ");
		rep_buf_duration(buf, cell->u);
		return;
	}
	if (cell->is_null)
		rep_buf_char(buf, '-');
	else if (type == REP_CELL_DURATION)
		rep_buf_duration(buf, cell->u);
	else if (type == REP_CELL_OFFSET || type == REP_CELL_MOMENT)
		cell_offset(buf, cell->i);
	else if (type == REP_CELL_BOOL)
		rep_buf_text(buf, cell->b ? "yes" : "no");
	else
		rep_cell_common(buf, type, cell);
}
