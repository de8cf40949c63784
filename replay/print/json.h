/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json.h - JSON and NDJSON, value by value.
 *
 * Owns: commas, keys and escapes. Never does: choose what is written. Called by: commands, for what
 * stands around rows.
 */
#ifndef REP_JSON_H
#define REP_JSON_H

#include "replay/print/cell.h"
#include "replay/print/out.h"

/* JSON and NDJSON: objects, arrays and single values; @key NULL inside arrays. */
void rep_json_open(struct rep_out *out, const char *key, char bracket);
void rep_json_close(struct rep_out *out, char bracket);
void rep_json_value(struct rep_out *out, const char *key, enum rep_cell_type type,
		    struct rep_cell cell);
/* The end of a document or an NDJSON line. */
void rep_json_end(struct rep_out *out);

#endif
