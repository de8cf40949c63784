/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * truth.h - how a workload says what it did.
 *
 * Owns: the truth file ($VFT_TRUTH, JSON lines, one write(2) each), clocks, spawns that take notes.
 * Called by: every program of this folder. The harness in tests/e2e holds a report against it.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include <stdint.h>
#include <sys/types.h>

/* No workload outlives this, whatever becomes of the harness: SIGALRM ends what hangs. */
#define TRUTH_GUARD_SECONDS 120

#define TRUTH_STACK_SIZE (64 * 1024)

/*
 * One spawn. The child fills its half through shared memory; the times are CLOCK_BOOTTIME and nest:
 * before <= began <= ended <= after, and the kernel's wait lies between (began, ended) and
 * (before, after).
 */
struct truth_spawn {
	const char *what;
	pid_t parent_pid, parent_tid;
	volatile pid_t child_pid;    /* as the parent sees it: 0 until it is known */
	volatile pid_t child_ns_pid; /* as the child sees itself */
	uint64_t before_ns, after_ns;
	volatile uint64_t began_ns, ended_ns;
	int status; /* of waitpid, -1 when somebody else waits */
};

/* What a child does. It may not return: it execs, exits or is killed. */
typedef void truth_body(struct truth_spawn *spawn, const void *argument);

/* Opens $VFT_TRUTH (stderr when unset) and arms the guard. Ends the program when it cannot. */
void truth_init(void);

uint64_t truth_now(void);

/* Appends one line, in one write: safe in a vfork child. @format gives a whole JSON object. */
void truth_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes @spawn as a line. */
void truth_spawn_line(const struct truth_spawn *spawn);

/* In the child: notes who and when. In the parent: notes who calls, and when. */
void truth_child_begins(struct truth_spawn *spawn);
void truth_child_ends(struct truth_spawn *spawn);
void truth_parent_begins(struct truth_spawn *spawn, const char *what);
/* After the call that spawned: notes the time, waits for @child, writes the line. */
void truth_parent_ends(struct truth_spawn *spawn, pid_t child);

/* vfork, @body in the child, wait, write the line. */
void truth_vfork(const char *what, truth_body *body, const void *argument);

/* Bodies. */
truth_body truth_exec_true; /* exec /bin/true */
truth_body truth_exit_with; /* _exit(*(const int *)argument) */
truth_body truth_exec_argv; /* execv(argv[0], argv); argument is a const char *const * */

/* @argv as the exec family's prototypes want it; none of them writes to it. */
static inline char *const *truth_mutable(const char *const *argv)
{
	return (char *const *)(uintptr_t)argv;
}

void truth_sleep_ms(unsigned int ms);

/* Blocks until somebody writes to the FIFO @path. Safe in a vfork child. */
void truth_wait_gate(const char *path);

/* Prints why and ends with 1. */
void truth_fail(const char *what) __attribute__((noreturn));

/* A scenario by name, and the dispatch over a table that ends with a NULL name. */
struct truth_scenario {
	const char *name;
	void (*run)(char **arguments);
};
int truth_run(const struct truth_scenario *scenarios, int argc, char **argv);

#endif
