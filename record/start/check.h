/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h - vfork-record --check: what this kernel and these permissions allow, said to people or
 * programs.
 *
 * Owns: the wording and the JSON. Never does: know what recording needs; privileges.c and session.c
 * do. Called by: main.c.
 */
#ifndef REC_CHECK_H
#define REC_CHECK_H

#include <stdbool.h>

#include "record/start/privileges.h"

/*
 * Print to stdout what there is and what is missing; try every hook if that is allowed, and then to
 * become @user, which this process stays. Returns the exit status: REC_EXIT_OK if recording is
 * possible.
 */
int rec_check(const struct rec_user *user, bool json);

#endif
