/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seccomp.h - the system calls that a recording needs once it is on, and no others.
 *
 * Owns: the list. Called by: recorder.c, when the last thread has been started; privileges.c.
 */
#ifndef REC_SECCOMP_H
#define REC_SECCOMP_H

#include <stdbool.h>

/*
 * From here on, in all threads, for good: drain, look up, write and wait; no new file to write to,
 * no socket, no process, no thread, no code. What is not on the list fails with EPERM. False where
 * the kernel or the build has nothing for it: a recording goes on without.
 */
bool rec_seccomp_enter(void);

/* Whether the kernel and the build have it. */
bool rec_seccomp_is_possible(void);

#endif
