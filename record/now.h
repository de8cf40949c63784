/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * now.h - one look at all whom vfork holds at this moment: --now.
 *
 * Owns: the order of things. Never does: attach a hook, or write a file. Called by: main.c.
 */
#ifndef REC_NOW_H
#define REC_NOW_H

#include "record/options.h"
#include "record/start/privileges.h"

/* Look, print, and return the exit status. Errors go to stderr, one line each. */
int rec_now(const struct rec_options *options, const struct rec_user *user);

#endif
