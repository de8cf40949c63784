/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox.h - vfork-report locks itself in, once its files are open and before it reads the first
 * byte of them: whoever takes the process over by a hostile trace finds nothing to reach.
 *
 * Owns: what this process may still ask of the kernel. Never does: fail; a layer that this kernel
 * does not have is left out, and the level says so. Called by: main.
 *
 * Behind it, nothing can be opened, run, connected or started: whatever libc loads late (locales)
 * must be loaded, terminals asked and threads made before. A layer cannot be taken off again.
 */
#ifndef REP_SANDBOX_H
#define REP_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/print/buf.h"

/* What to put on. Tests put on one at a time, to see that it holds alone. */
#define REP_SANDBOX_LIMITS   1u /* memory, descriptors, processes, core dumps */
#define REP_SANDBOX_LANDLOCK 2u
#define REP_SANDBOX_SECCOMP  4u
#define REP_SANDBOX_ALL      7u

/* The most that a hostile trace makes us map, beside twice the limit of memory. */
#define REP_SANDBOX_ADDRESS_SPACE (4ull << 30)

struct rep_sandbox_limits {
	uint64_t cpu_seconds;  /* SIGXCPU comes then; 0 = never */
	uint64_t memory_bytes; /* memory that can be written to; allocations fail then; 0 = none */
};

struct rep_sandbox {
	bool no_new_privs, limits, seccomp;
	unsigned int landlock; /* the ABI in force; 0 = none */
	const char *off;       /* why nothing is put on, or NULL */
};

/*
 * Put on the layers of @layers (and no_new_privs); @ret says which are in force now. @limits may be
 * NULL.
 */
void rep_sandbox_enter(unsigned int layers, const struct rep_sandbox_limits *limits,
		       struct rep_sandbox *ret);
/* "sandbox: seccomp, landlock 6, no_new_privs, rlimits" and a line's end. */
void rep_sandbox_describe(const struct rep_sandbox *sandbox, struct rep_buf *buf);

#endif
