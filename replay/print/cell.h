/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cell.h - columns, and the typed values under them, each as text.
 *
 * Owns: what types there are; how each type of cell is written out, without quotes of any format.
 * Never does: I/O, rows. Called by: the formats of tables, and whoever fills rows.
 */
#ifndef REP_CELL_H
#define REP_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include <vft/err.h>
#include <vft/event.h>
#include "replay/print/buf.h"

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

/* As people read it, not padded. @utf8: of our own signs too. */
void rep_cell_text(struct rep_buf *buf, enum rep_cell_type type, const struct rep_cell *cell,
		   bool utf8);

/* What text and CSV have in common: everything but durations, offsets and booleans. */
void rep_cell_common(struct rep_buf *buf, enum rep_cell_type type, const struct rep_cell *cell);

#endif
