/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command.h - the CMD of "-- CMD": started, watched, its status passed on.
 *
 * It runs as the user who started the recorder and with everything that user may do: it is forked
 * before the recorder gives up its privileges, and waits for a word to exec. Owns: the child
 * process. Never does: kill it. Called by: recorder.c.
 */
#ifndef REC_COMMAND_H
#define REC_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include <vft/err.h>

#include "record/start/signals.h"

struct rec_command {
	pid_t pid;
	int pidfd;              /* polls readable when CMD has ended; -1 when there is none */
	int gate_fd, report_fd; /* -1 when done with */
};

struct rec_command_options {
	char *const *argv;
	bool stdout_is_taken;              /* what it prints goes to stderr */
	const struct rec_signals *signals; /* as it finds them; NULL = as they are */
};

/* Fork a child that will become options->argv. It ends by itself if it is never released. -errno.
 */
VFT_MUST_CHECK int rec_command_fork(const struct rec_command_options *options,
				    struct rec_command *ret, struct vft_err *err);
/* Let it exec, and do not wait for it. -errno. */
VFT_MUST_CHECK int rec_command_release(struct rec_command *command, struct vft_err *err);
/*
 * Never waits: report_fd is readable when there is an answer. 1 when the exec went through or the
 * child died in it, 0 when it has not ended, or its -errno: -ENOENT when there is no such program.
 */
VFT_MUST_CHECK int rec_command_get_exec(struct rec_command *command, struct vft_err *err);
/*
 * Wait at most @timeout_ms for the end (0 = just look). 1 with *ret_status filled as a shell would
 * (128 + signal), 0 if it still runs, or -errno.
 */
VFT_MUST_CHECK int rec_command_wait(struct rec_command *command, int timeout_ms, int *ret_status);
/* Close what is open, which ends a child that was not released. */
void rec_command_close(struct rec_command *command);

#endif
