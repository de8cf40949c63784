/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * examiner.h - the kernel part that looks at single tasks: registers, kernel stack, memory, files.
 *
 * Owns: the BPF object autopsy.bpf.c and its links. Never does: interpret what it saw, stop or
 * trace a task, open a file of /proc. Bytes of a task's memory are wiped here once they are handed
 * over. Opened with privileges, used without. Called by: stall/. One thread.
 */
#ifndef REC_EXAMINER_H
#define REC_EXAMINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vft/err.h>

#include "record/kernel/fact.h"

#define REC_N_EXAMINER_FACTS 3

struct vfa_file;
struct vfa_task;
struct rec_examiner;

/*
 * Load what this kernel can do. -EOPNOTSUPP where it can do nothing of it, -EPERM, -ENOMEM, or
 * another errno of the load.
 */
VFT_MUST_CHECK int rec_examiner_open(struct rec_examiner **ret, struct vft_err *err);
void rec_examiner_close(struct rec_examiner *examiner); /* NULL is fine */

/* Whether this process may still use it; -errno. */
VFT_MUST_CHECK int rec_examiner_is_usable(const struct rec_examiner *examiner);

/* What examining needs, each by name: whether this kernel has it and, with @try, whether it loads.
 */
VFT_MUST_CHECK int rec_examiner_list(bool try, struct rec_fact ret[REC_N_EXAMINER_FACTS],
				     struct vft_err *err);

/* Room for all the lines of one kernel stack. */
#define REC_KSTACK_TEXT 8192

/*
 * Look at one thread. @kstack: a line per frame, the innermost first. -ESRCH when there is no such
 * thread; -errno of the iterator.
 */
VFT_MUST_CHECK int rec_examiner_look(struct rec_examiner *examiner, uint32_t tid,
				     struct vfa_task *ret, char kstack[REC_KSTACK_TEXT]);

/*
 * Copy @size bytes of its memory. -EFAULT where it has none; -EOPNOTSUPP on a kernel before 5.18;
 * -ESRCH.
 */
VFT_MUST_CHECK int rec_examiner_peek(struct rec_examiner *examiner, uint32_t tid, uint64_t address,
				     void *to, size_t size);

/* @path ends in NUL, and is empty where the kernel gives none. Not 0 ends the list. */
typedef int (*rec_file_fn)(void *context, const struct vfa_file *file, const char *path);

/* Those of the descriptors @fds that a process has; *ret_n_open: how many it has in all. */
VFT_MUST_CHECK int rec_examiner_list_fds(struct rec_examiner *examiner, uint32_t tgid,
					 const uint32_t *fds, size_t n, rec_file_fn on_file,
					 void *context, size_t *ret_n_open);
/* Everybody who has that file open, and who holds its locks. */
VFT_MUST_CHECK int rec_examiner_list_holders(struct rec_examiner *examiner, uint64_t ino,
					     uint64_t dev, rec_file_fn on_file, void *context);

#endif
