/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs.h - paths of executables and command lines of running processes.
 *
 * Owns: the reads. Never does: wait for a process: /proc/PID/cmdline takes the target's memory
 * lock, which a hung process may hold for ever, so that reading happens on a thread that is left
 * behind when its time is up. Called by: snapshot.c.
 */
#ifndef REC_PROCFS_H
#define REC_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "event.h"

struct rec_proc_names {
	pid_t pid;      /* in: as this process's /proc knows it */
	bool may_block; /* in: a thread of it is stuck in the kernel: leave its command line alone
			 */
	struct vft_str exe, argv; /* out: data NULL if unreadable */
	uint32_t argv_size;       /* out: bytes before the cut at @argv_max */
};

struct rec_proc_batch;

/*
 * Read the names of @n processes, for at most @timeout_ns; what is not read by then stays NULL. The
 * results live in *ret. -ENOMEM, or -EAGAIN if no thread can be started.
 */
VFT_MUST_CHECK int rec_proc_read(const struct rec_proc_names *wanted, size_t n, uint32_t argv_max,
				 uint64_t timeout_ns, struct rec_proc_batch **ret);
const struct rec_proc_names *rec_proc_get(const struct rec_proc_batch *batch, size_t i);
void rec_proc_free(struct rec_proc_batch *batch); /* NULL is fine */

#endif
