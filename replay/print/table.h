/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - typed columns and rows, printed as aligned text, JSON, NDJSON or CSV.
 *
 * Owns: the one place that escapes, aligns, colours and quotes. Never does: read traces or decide
 * what is shown. Called by: the commands, which fill rows and never print.
 *
 * Errors of the output are sticky in struct rep_out; the functions that return int pass them on, so
 * that a command stops reading when nobody takes its rows.
 */
#ifndef REP_TABLE_H
#define REP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <vft/err.h>
#include <vft/event.h>
#include "replay/print/out.h"

enum rep_cell_type {
	REP_CELL_INT,      /* i64 */
	REP_CELL_UINT,     /* u64 */
	REP_CELL_BOOL,     /* text shows yes or no */
	REP_CELL_DURATION, /* u64 ns; text shows "12.3ms", others the integer */
	REP_CELL_OFFSET,   /* i64 ns since trace start; text shows seconds, others the integer */
	REP_CELL_MOMENT, /* the same, and of the world's clock; text shows both where it is known */
	REP_CELL_FLAGS,  /* u64; text shows the names of the bits, others the integer */
	REP_CELL_TIME,   /* u64 ns since the epoch as RFC 3339 in UTC with nine digits */
	REP_CELL_BYTES,  /* chosen by anyone: escaped in text and CSV; U+FFFD plus NAME_raw in JSON
			  */
	REP_CELL_WORD,   /* our own static text */
	REP_CELL_ARGV,   /* NUL-separated bytes: array in JSON, shell-quoted in text and CSV */
};

enum rep_style { REP_PLAIN, REP_BOLD, REP_DIM, REP_GOOD, REP_WARN, REP_BAD };

/* How a column shows in text */
enum rep_show {
	REP_HIDE,   /* not at all */
	REP_SHOW,   /* under its own heading */
	REP_WIDE,   /* the same, where the terminal is wide enough */
	REP_DETAIL, /* as name=value in the last column, when it has a value */
	REP_LINE,   /* as name: value on a line of its own behind the row, when it has a value */
};

struct rep_column {
	const char *name;         /* JSON key and CSV header, in contract order */
	const char *title;        /* text heading */
	const char *about;        /* docs/schema.md and the JSON schema */
	const char *const *words; /* of a WORD: what it can say, NULL-ended; NULL = free */
	const char *const
		*bits; /* of FLAGS: the name of each from bit 0 on, "" = none; NULL-ended */
	enum rep_cell_type type;
	enum rep_show show;
	bool may_be_null;
	uint16_t max_width; /* of text on a terminal, in columns; 0 = no cut */
};

/* A cell: is_null wins over the value. Bytes are borrowed until the call returns. */
struct rep_cell {
	bool is_null;
	bool is_quiet;    /* text leaves it out of the details */
	bool is_at_least; /* a null DURATION of which text can say that much: "≥ 12.3ms" */
	uint8_t style;    /* enum rep_style */
	union {
		int64_t i;
		uint64_t u;
		bool b;
		const char *word;
		struct vft_str bytes;
		struct {
			int64_t i;
			uint64_t epoch_ns; /* 0 = not known */
		} moment;
	};
};

#define REP_NULL             ((struct rep_cell){.is_null = true})
#define REP_INT(v)           ((struct rep_cell){.i = (v)})
#define REP_UINT(v)          ((struct rep_cell){.u = (v)})
#define REP_MOMENT(v, epoch) ((struct rep_cell){.moment = {(v), (epoch)}})
#define REP_BOOL(v)          ((struct rep_cell){.b = (v)})
#define REP_WORD(v)          rep_cell_word(v)
#define REP_BYTES(v)         rep_cell_bytes(v)

static inline struct rep_cell rep_cell_word(const char *word)
{
	return (struct rep_cell){.is_null = !word, .word = word};
}

static inline struct rep_cell rep_cell_bytes(struct vft_str bytes)
{
	return (struct rep_cell){.is_null = !bytes.data, .bytes = bytes};
}

struct rep_table;

/*
 * Begin a table of @n_columns (at most 255; borrowed until rep_table_end). CSV: writes the header.
 * In JSON the rows are values of the array that the caller has opened. -ENOMEM.
 */
VFT_MUST_CHECK int rep_table_begin(struct rep_out *out, const struct rep_column *columns,
				   size_t n_columns, struct rep_table **ret);
/* One cell per column. */
VFT_MUST_CHECK int rep_table_row(struct rep_table *table, const struct rep_cell *cells);
/* Only the columns whose rising numbers are in @which; the others are absent (CSV: empty). */
VFT_MUST_CHECK int rep_table_row_sparse(struct rep_table *table, const uint8_t *which,
					const struct rep_cell *cells, size_t n);
/* In text, what stands in the details of the rows from here on: "file=web1.vft". @name NULL:
 * nothing. Borrowed. */
void rep_table_note(struct rep_table *table, const char *name, struct vft_str value);
/* Print what is held back, all of it: more may take long to come. The widths are fixed by then. */
VFT_MUST_CHECK int rep_table_flush(struct rep_table *table);
/* Print what is held back for alignment. Frees the table, also on failure. */
VFT_MUST_CHECK int rep_table_end(struct rep_table *table);
void rep_table_free(struct rep_table *table); /* without printing; NULL is fine */

/* JSON and NDJSON: objects, arrays and single values; @key NULL inside arrays. */
void rep_json_open(struct rep_out *out, const char *key, char bracket);
void rep_json_close(struct rep_out *out, char bracket);
void rep_json_value(struct rep_out *out, const char *key, enum rep_cell_type type,
		    struct rep_cell cell);
/* The end of a document or an NDJSON line. */
void rep_json_end(struct rep_out *out);

/* Text: one line, piece by piece. */
void rep_line_word(struct rep_out *out, enum rep_style style, const char *text);
/* Escaped, cut to @columns (0 = never); "-" when there is none. */
void rep_line_bytes(struct rep_out *out, enum rep_style style, struct vft_str bytes,
		    unsigned int columns);
void rep_line_cell(struct rep_out *out, enum rep_style style, enum rep_cell_type type,
		   struct rep_cell cell);
/* The same, padded to @columns; on the left when @right. */
void rep_line_padded(struct rep_out *out, enum rep_style style, enum rep_cell_type type,
		     struct rep_cell cell, unsigned int columns, bool right);
void rep_line_end(struct rep_out *out);

/* For table_text.c and the tests: one cell as text, not padded. @utf8: of our own signs too. */
void rep_cell_text(struct rep_buf *buf, enum rep_cell_type type, const struct rep_cell *cell,
		   bool utf8);
void rep_style_begin(struct rep_out *out, enum rep_style style);
void rep_style_end(struct rep_out *out, enum rep_style style);

#endif
