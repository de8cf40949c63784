/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.h - lines for stderr: "vfork-report: FILE: what, why; next step".
 *
 * Owns: their form and their escaping. Called by: main and input.c alone.
 */
#ifndef REP_MESSAGE_H
#define REP_MESSAGE_H

#include <stdbool.h>

#include <vft/err.h>

/* Whether what reads stderr takes UTF-8; before that is said, names are shown as ASCII alone. */
void rep_message_set_utf8(bool utf8);
/* One line; @file (may be NULL) is escaped, the rest is our own words. */
void rep_message(const char *file, const char *fmt, ...) VFT_PRINTF(2, 3);

#endif
