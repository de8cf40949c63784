/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema.h - the JSON Schema of the tables, generated from their columns.
 */
#ifndef REP_SCHEMA_H
#define REP_SCHEMA_H

#include <stddef.h>

#include "replay/print/out.h"

/* What --json-schema prints. @commands: those whose rows are of these tables. */
void rep_schema_fill(struct rep_out *out, const char *const *commands, size_t n);

#endif
