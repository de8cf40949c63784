/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - typed columns and rows, printed as aligned text, JSON, NDJSON or CSV.
 *
 * Owns: the one place that escapes, aligns, colours and quotes. Never does: read traces or decide
 * what is shown. Called by: the commands, which fill rows and never print.
 */
#ifndef REP_TABLE_H
#define REP_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "event.h"

enum rep_format { REP_TEXT, REP_JSON, REP_NDJSON, REP_CSV };

enum rep_cell_type {
	REP_CELL_INT,	 /* i64 */
	REP_CELL_UINT,	 /* u64 */
	REP_CELL_BOOL,
	REP_CELL_DURATION, /* ns; text shows "12.3ms", others the integer */
	REP_CELL_TIME,	   /* ns since the epoch as RFC 3339 in UTC with nine digits */
	REP_CELL_BYTES,	   /* chosen by anyone: escaped in text and CSV; U+FFFD plus NAME_raw in JSON */
	REP_CELL_WORD,	   /* our own static text */
	REP_CELL_ARGV,	   /* NUL-separated bytes: array in JSON, shell-quoted in text and CSV */
};

struct rep_column {
	const char *name; /* JSON key and CSV header, in contract order */
	const char *title; /* text heading; NULL = not shown in text */
	enum rep_cell_type type;
	unsigned int max_width; /* of text, in columns; 0 = no cut */
};

/* A cell: is_null wins over the value. Bytes are borrowed until rep_table_row returns. */
struct rep_cell {
	bool is_null;
	union {
		int64_t i;
		uint64_t u;
		bool b;
		const char *word;
		struct vft_str bytes;
	};
};

#endif
