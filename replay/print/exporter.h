/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exporter.h - the formats that a table can be written in, one descriptor each.
 *
 * Owns: what a format begins with, how it writes a row, how it ends, and whether its output must be
 * a file in which one can go back. Commands never ask which format it is. Called by: table.c, and
 * by who writes rows ahead of their turn (rows/event_text.c).
 */
#ifndef REP_EXPORTER_H
#define REP_EXPORTER_H

#include "replay/print/cell.h"
#include "replay/print/out.h"

#define REP_ROW_BEGIN SIZE_MAX

/* What cells are written with. Threads have one each. */
struct rep_pen {
	struct rep_buf *buf;
	struct rep_buf scratch; /* a field before it is quoted */
	bool csv_safe;
};

/* Of formats in which the text of a row depends on nothing but the row. */
struct rep_syntax {
	/* Write what stands before column @to, when @from was the last one that was written;
	 * REP_ROW_BEGIN none yet, @n no more. */
	void (*between)(struct rep_buf *buf, const struct rep_column *columns, size_t n,
			size_t from, size_t to);
	/* Write the value of @column, also where there is none. */
	void (*cell)(struct rep_pen *pen, const struct rep_column *column,
		     const struct rep_cell *cell);
	const char *separator; /* between two rows; of one byte at most */
	bool has_keys;         /* columns are named in each row */
	uint64_t max_number;   /* up to this one a number is its digits */
};

struct rep_exporter {
	const char *name;     /* as in --format */
	bool needs_seek;      /* the output must be a file */
	bool is_document;     /* rows are part of one, with the facts of the trace behind them */
	bool has_world_clock; /* rows show CLOCK_REALTIME too, where it is known */
	/* -ENOMEM. *ret goes to the others; NULL where there is no such function. */
	int (*begin)(struct rep_out *out, const struct rep_column *columns, size_t n_columns,
		     void **ret);
	int (*row)(void *state, const uint8_t *which, const struct rep_cell *cells, size_t n);
	int (*end)(void *state); /* print what is held back */
	void (*note)(void *state, const char *name, struct vft_str value);
	void (*free)(void *state);       /* NULL is fine */
	const struct rep_syntax *syntax; /* NULL: a row's text depends on others */
};

/* By enum rep_format. */
extern const struct rep_exporter rep_exporter_text, rep_exporter_json, rep_exporter_ndjson,
	rep_exporter_csv;
const struct rep_exporter *rep_exporter_of(const struct rep_out *out);
const struct rep_exporter *rep_exporter_get(enum rep_format format);

void rep_pen_init(struct rep_pen *pen, struct rep_buf *buf, const struct rep_out *out);
void rep_pen_release(struct rep_pen *pen);

/* begin, row and free of every format with a syntax. */
VFT_MUST_CHECK int rep_syntax_begin(struct rep_out *out, const struct rep_column *columns,
				    size_t n_columns, void **ret);
VFT_MUST_CHECK int rep_syntax_row(void *state, const uint8_t *which, const struct rep_cell *cells,
				  size_t n);
VFT_MUST_CHECK int rep_syntax_end(void *state);
void rep_syntax_free(void *state);

#endif
