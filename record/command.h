/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command.h - the CMD of "-- CMD": started, watched, its status passed on.
 *
 * Owns: the child process. Never does: kill it. Called by: recorder.c.
 */
#ifndef REC_COMMAND_H
#define REC_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct rec_command {
	pid_t pid;
	int pidfd; /* polls readable when CMD has ended; -1 when not started */
};

/* Start @argv. -errno of fork or exec: -ENOENT when there is no such program. */
VFT_MUST_CHECK int rec_command_start(char *const *argv, struct rec_command *ret,
				     struct vft_err *err);
/*
 * Wait at most @timeout_ms for the end (0 = just look). 1 with *ret_status filled as a shell would
 * (128 + signal), 0 if it still runs, or -errno.
 */
VFT_MUST_CHECK int rec_command_wait(struct rec_command *command, int timeout_ms, int *ret_status);

#endif
