/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema.h - the JSON Schema of the tables, generated from their columns.
 */
#ifndef REP_SCHEMA_H
#define REP_SCHEMA_H

#include "replay/print/out.h"

/* What --json-schema prints. */
void rep_schema_fill(struct rep_out *out);

#endif
