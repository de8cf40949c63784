/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * table.h - typed columns and rows, printed as aligned text, JSON, NDJSON or CSV.
 *
 * Owns: that rows go to the format which is asked for (exporter.h). Never does: read traces or
 * decide what is shown. Called by: the commands, which fill rows and never print.
 *
 * Errors of the output are sticky in struct rep_out; the functions that return int pass them on, so
 * that a command stops reading when nobody takes its rows.
 */
#ifndef REP_TABLE_H
#define REP_TABLE_H

#include "replay/print/cell.h"
#include "replay/print/json.h"
#include "replay/print/line.h"
#include "replay/print/out.h"

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

#endif
