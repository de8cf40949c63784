/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table_text.h - the aligned text form of a table, for table.c alone.
 *
 * Holds the first rows back until their widths are known, then streams: memory is bounded whatever
 * the number of rows, and a later cell that is wider pushes its row to the right. On a terminal
 * that is too narrow columns are left out, then shortened; details go to a line of their own.
 */
#ifndef REP_TABLE_TEXT_H
#define REP_TABLE_TEXT_H

#include "replay/print/table.h"

struct rep_text;

struct rep_text *rep_text_new(struct rep_out *out, const struct rep_column *columns, size_t n);
VFT_MUST_CHECK int rep_text_row(struct rep_text *text, const uint8_t *which,
				const struct rep_cell *cells, size_t n);
void rep_text_note(struct rep_text *text, const char *name, struct vft_str value);
VFT_MUST_CHECK int rep_text_flush(struct rep_text *text);
void rep_text_free(struct rep_text *text); /* NULL is fine */

#endif
