/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorder.h - one recording from the first hook to the last byte.
 *
 * Owns: the order of things. Never does: parse options. Called by: main.c.
 */
#ifndef REC_RECORDER_H
#define REC_RECORDER_H

#include "record/options.h"
#include "record/start/privileges.h"

/* Exit codes, as the manual page lists them. */
enum {
	REC_EXIT_OK = 0,
	REC_EXIT_USAGE = 2,      /* also: the output cannot be opened, no such process */
	REC_EXIT_INCOMPLETE = 4, /* recording broke off; what was written until then is readable */
	REC_EXIT_FORBIDDEN = 5,  /* missing permission or kernel feature */
};

/*
 * Record as @options say, as @user once recording is on; errors go to stderr, one line each.
 * Returns the exit status.
 */
int rec_record(const struct rec_options *options, const struct rec_user *user);

#endif
