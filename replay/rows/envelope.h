/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope.h - the JSON document around the rows of every command.
 *
 * Owns: its opening, the "trace" and "losses" objects, its end. Called by: the commands.
 */
#ifndef REP_ENVELOPE_H
#define REP_ENVELOPE_H

#include "replay/print/out.h"
#include "replay/source/facts.h"

/* The JSON envelope: {"schema_version":1,"command":NAME, then what the command writes, then }. */
void rep_envelope_open(struct rep_out *out, const char *command);
void rep_envelope_facts(struct rep_out *out, const struct rep_facts *facts);
void rep_envelope_close(struct rep_out *out);

#endif
