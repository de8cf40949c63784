/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recorder.h - one recording from the first hook to the last byte.
 *
 * Owns: the order of things. Never does: parse options. Called by: main.c.
 */
#ifndef REC_RECORDER_H
#define REC_RECORDER_H

#include "record/base/exit.h"
#include "record/options.h"
#include "record/start/privileges.h"

/*
 * Record as @options say, as @user once recording is on; errors go to stderr, one line each.
 * Returns the exit status.
 */
int rec_record(const struct rec_options *options, const struct rec_user *user);

#endif
