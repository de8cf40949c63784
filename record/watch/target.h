/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target.h - what the user's --pid turned out to be, where it is no process to be followed.
 *
 * Owns: the words. Never does: follow anybody. Called by: recorder.c, before privileges are
 * dropped.
 */
#ifndef REC_TARGET_H
#define REC_TARGET_H

#include <sys/types.h>

#include <vft/err.h>

#include "record/watch/snapshot.h"

/* Say why @pid, which is in no list, cannot be followed; -ESRCH. */
int rec_target_explain(pid_t pid, struct vft_err *err);

/* One line on stderr if @pid is the id of a thread: its process is what is recorded. */
void rec_target_say_thread(const struct rec_snapshot *snapshot, pid_t pid);

#endif
