/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cell.h - one typed value as text.
 *
 * Owns: how each type of cell is written out, without quotes of any format. Never does: I/O, rows.
 * Called by: the formats of tables.
 */
#ifndef REP_CELL_H
#define REP_CELL_H

#include "replay/print/table.h"

/* What text and CSV have in common: everything but durations, offsets and booleans. */
void rep_cell_common(struct rep_buf *buf, enum rep_cell_type type, const struct rep_cell *cell);

#endif
