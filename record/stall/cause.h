/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cause.h - what kind of thing a thread waits for, by its state, system call and kernel stack.
 *
 * Owns: the words. Never does: ask the kernel. Called by: wait.c.
 */
#ifndef REC_CAUSE_H
#define REC_CAUSE_H

#include <stddef.h>
#include <stdint.h>

/* X(NAME, word) */
#define REC_CAUSE_LIST(X)                                                                          \
	X(UNKNOWN, "unknown")                                                                      \
	X(CPU, "cpu")                                                                              \
	X(SLEEP, "sleep")                                                                          \
	X(SIGNAL, "signal")                                                                        \
	X(FIFO, "fifo")                                                                            \
	X(PIPE, "pipe")                                                                            \
	X(SOCKET, "socket")                                                                        \
	X(TERMINAL, "terminal")                                                                    \
	X(POLL, "poll")                                                                            \
	X(FUTEX, "futex")                                                                          \
	X(LOCK, "lock")                                                                            \
	X(KERNEL_LOCK, "kernel lock")                                                              \
	X(CHILD, "child")                                                                          \
	X(FILE, "file")                                                                            \
	X(FUSE, "fuse")                                                                            \
	X(FANOTIFY, "fanotify")                                                                    \
	X(NETWORK_FS, "network fs")                                                                \
	X(PAGE_FAULT, "page fault")                                                                \
	X(MEMORY_RECLAIM, "memory reclaim")                                                        \
	X(SECCOMP, "seccomp")                                                                      \
	X(CORE_DUMP, "core dump")                                                                  \
	X(FROZEN, "frozen")                                                                        \
	X(STOPPED, "stopped")                                                                      \
	X(PTRACE, "ptrace")                                                                        \
	X(GONE, "gone")

enum rec_cause {
#define X(NAME, word) REC_CAUSE_##NAME,
	REC_CAUSE_LIST(X)
#undef X
		REC_N_WAIT_CAUSES,
};

const char *rec_cause_word(enum rec_cause cause);

struct rec_signs {
	uint32_t state;            /* enum vft_state */
	const char *syscall;       /* NULL: none, or not known */
	const char *const *frames; /* "do_wait+0x12", the innermost first */
	size_t n_frames;
};

/* *ret_frame: which frame decided; n_frames if none did. */
enum rec_cause rec_cause_find(const struct rec_signs *signs, size_t *ret_frame);

#endif
