/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.h - text for people: colours, lines piece by piece, cut to the terminal's width.
 *
 * Owns: escape sequences of our own, and the ellipsis. Called by: text.c, and commands whose output
 * is no table.
 */
#ifndef REP_LINE_H
#define REP_LINE_H

#include "replay/print/cell.h"
#include "replay/print/out.h"

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

void rep_style_begin(struct rep_out *out, enum rep_style style);
void rep_style_end(struct rep_out *out, enum rep_style style);

/* Leave no more of @bytes than @columns can need: 2 MiB are not escaped to show 32 columns. True:
 * there were more. */
bool rep_line_shorten(struct vft_str *bytes, unsigned int columns);
/* Cut the text from @from to the end of @buf to @columns, with an ellipsis. @is_part: more was left
 * out before, so that the ellipsis is due however narrow the text is. */
void rep_line_cut(struct rep_buf *buf, size_t from, size_t columns, bool utf8, bool is_part);
/* End the line in @buf without blanks before its end. */
void rep_line_trim(struct rep_buf *buf);

#endif
