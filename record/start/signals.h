/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signals.h - which signals the recorder hears, and what CMD inherits.
 *
 * Owns: the signal mask and the ignored signals of the process, and what they were before. Called
 * by: recorder.c, and command.c between fork and exec.
 */
#ifndef REC_SIGNALS_H
#define REC_SIGNALS_H

#include <signal.h>

#include <vft/err.h>

struct rec_signals {
	sigset_t mask;
	struct sigaction pipe, xfsz, child;
};

/*
 * Block the signals that end a recording and make them readable at *ret_fd; SIGHUP only if it is
 * not ignored, as under nohup. Writes that would be a signal become errors. -errno.
 */
VFT_MUST_CHECK int rec_signals_take(struct rec_signals *ret, int *ret_fd);

/* As they were: for CMD. Safe between fork and exec. -errno. */
VFT_MUST_CHECK int rec_signals_restore(const struct rec_signals *signals);

#endif
