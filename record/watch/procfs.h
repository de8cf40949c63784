/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfs.h - paths of executables and command lines of running processes.
 *
 * Owns: the process that reads them, and what it said. Never does: wait for a process longer than
 * told: /proc/PID/cmdline takes the target's memory lock, which a hung process may hold for ever.
 * So a helper does the reading, a process rather than a thread: it can be killed while it waits,
 * and if it cannot, its privileges are not those of the recorder. Called by: snapshot.c; started
 * and stopped by recorder.c.
 */
#ifndef REC_PROCFS_H
#define REC_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vft/err.h>
#include <vft/event.h>

struct rec_proc_names {
	pid_t pid;      /* in: as this process's /proc knows it */
	bool may_block; /* in: a thread of it is stuck in the kernel: leave its command line alone
			 */
	struct vft_str exe, argv; /* out: data NULL if unreadable */
	uint32_t argv_size;       /* out: bytes before the cut at @argv_max */
};

struct rec_proc_reader {
	pid_t pid; /* 0 = none */
	int request_fd, reply_fd;
};

/* Start the helper: with today's privileges, before there are threads and before hooks that would
 * record it. -errno. */
VFT_MUST_CHECK int rec_proc_reader_start(struct rec_proc_reader *ret);
/* Kill it. Fine when it is not there. */
void rec_proc_reader_stop(struct rec_proc_reader *reader);

struct rec_proc_batch;

/*
 * Have the helper read the names of @n processes, once in its life and for at most @timeout_ns;
 * what is not read by then, or because the helper is gone, stays NULL. At most REC_ARGV_MAX for
 * @argv_max. The results live in *ret. -ENOMEM, or -errno of the pipes.
 */
VFT_MUST_CHECK int rec_proc_read(struct rec_proc_reader *reader,
				 const struct rec_proc_names *wanted, size_t n, uint32_t argv_max,
				 uint64_t timeout_ns, struct rec_proc_batch **ret);
const struct rec_proc_names *rec_proc_get(const struct rec_proc_batch *batch, size_t i);
void rec_proc_free(struct rec_proc_batch *batch); /* NULL is fine */

#endif
