/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape.h - bytes that anyone may have chosen, made safe for a terminal, JSON, CSV or a shell.
 *
 * Owns: what is escaped and how. Never does: I/O. Called by: table.c, and message.c for file names.
 * A byte is "plain" when it belongs to a valid UTF-8 character that is no control (C0, DEL, C1), no
 * bidirectional control and not invisible; where the buffer is ascii_only, when it is ASCII too.
 * Nothing else reaches an output as it is.
 */
#ifndef REP_ESCAPE_H
#define REP_ESCAPE_H

#include <stdbool.h>

#include "replay/print/buf.h"
#include <vft/event.h>

/*
 * One character at @data (@size > 0): its length in bytes, and its code point, or -1 for a maximal
 * invalid sequence of that length (as Unicode counts them, so that each becomes one U+FFFD).
 */
size_t rep_utf8_next(const char *data, size_t size, int32_t *ret_code);
/* Columns a terminal gives to it: 0, 1 or 2. */
unsigned int rep_utf8_width(int32_t code);
/* C0, DEL, C1, the bidirectional controls, line and paragraph separators, and what has no shape
 * (Default_Ignorable_Code_Point of Unicode). */
bool rep_utf8_is_control(int32_t code);
/* Columns of text that has been escaped. */
size_t rep_utf8_columns(const char *data, size_t size);
/* Bytes of the longest head of @data that fits @columns. */
size_t rep_utf8_fit(const char *data, size_t size, size_t columns);

/* Bytes that stand as they are: in a CSV field (but for blanks at its ends), in a JSON string, in a
 * shell's word and a CSV field (but for = at the beginning). */
enum rep_plain {
	REP_IN_CSV = 1,
	REP_IN_JSON = 2,
	REP_IN_SHELL = 4,
	REP_IN_ARGV = 8, /* the same, and the NUL behind an argument */
};
extern const uint8_t rep_plain[256]; /* sets of enum rep_plain */
static inline bool rep_escape_is(char c, enum rep_plain where)
{
	return rep_plain[(unsigned char)c] & where;
}

/* Whether all of @bytes do. */
static inline bool rep_escape_are(struct vft_str bytes, enum rep_plain where)
{
	unsigned int all = where;

	for (uint32_t i = 0; i < bytes.size; i++)
		all &= rep_plain[(unsigned char)bytes.data[i]];
	return all;
}

/* What is not plain as \xNN per byte; a backslash as two. */
void rep_escape_text(struct rep_buf *buf, struct vft_str bytes);
/* One shell word: as it is, 'quoted', or $'quoted' when anything in it is not plain. */
void rep_escape_shell(struct rep_buf *buf, struct vft_str bytes);
/* A JSON string with its quotes. Invalid bytes become U+FFFD; true when there were any. */
bool rep_escape_json(struct rep_buf *buf, struct vft_str bytes);
/* Whether all of it is valid UTF-8. */
bool rep_escape_is_utf8(struct vft_str bytes);
void rep_escape_base64(struct rep_buf *buf, struct vft_str bytes);
/*
 * One CSV field per RFC 4180 of already escaped text. @guard: a field that a spreadsheet would run
 * as a formula gets an apostrophe before it, be it behind blanks or in full-width signs.
 */
void rep_escape_csv(struct rep_buf *buf, const char *text, size_t size, bool guard);

/* The next argument of a NUL-separated vector; false at the end. *@at starts at 0. */
bool rep_argv_next(struct vft_str argv, size_t *at, struct vft_str *ret);

#endif
