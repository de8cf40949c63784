/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * basic.c - the ways a vfork ends: exec, exit, a signal, a failed exec, a parent that dies first.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truth.h"

#define CHILD_SLEEP_MS 30

static void sleep_and_exec(struct truth_spawn *spawn, const void *argument)
{
	truth_sleep_ms(CHILD_SLEEP_MS);
	truth_exec_true(spawn, NULL);
}

static void vfork_exec(char **arguments)
{
	truth_vfork("vfork_exec", sleep_and_exec, NULL);
}

static void vfork_exit(char **arguments)
{
	static const int code = 3;

	truth_vfork("vfork_exit", truth_exit_with, &code);
}

static void sleep_and_exit(struct truth_spawn *spawn, const void *argument)
{
	truth_sleep_ms(CHILD_SLEEP_MS);
	truth_exit_with(spawn, argument);
}

static void vfork_exit_late(char **arguments)
{
	static const int code = 4;

	truth_vfork("vfork_exit_late", sleep_and_exit, &code);
}

static void kill_itself(struct truth_spawn *spawn, const void *argument)
{
	truth_child_ends(spawn);
	kill((pid_t)syscall(SYS_getpid), SIGKILL);
	pause();
}

static void touch_forbidden_page(struct truth_spawn *spawn, const void *argument)
{
	volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	truth_child_ends(spawn);
	page[0] = 1;
}

static void killed(char **arguments)
{
	/* A core dump would end all who share the memory, on kernels before 5.16. */
	prctl(PR_SET_DUMPABLE, 0);
	truth_vfork("killed_sigkill", kill_itself, NULL);
	truth_vfork("killed_sigsegv", touch_forbidden_page, NULL);
}

static void exec_missing(struct truth_spawn *spawn, const void *argument)
{
	execl("/nonexistent/program", "program", (char *)NULL);
	truth_child_ends(spawn);
	_exit(127);
}

static void exec_failed(char **arguments)
{
	truth_vfork("exec_failed", exec_missing, NULL);
}

static void vfork_again(struct truth_spawn *spawn, const void *argument)
{
	truth_vfork("nested_inner", truth_exec_true, NULL);
	truth_exec_true(spawn, NULL);
}

static void nested(char **arguments)
{
	truth_vfork("nested_outer", vfork_again, NULL);
}

/* /bin/sh is exec'd, which execs /bin/true: two execs by one process. */
static void exec_twice(char **arguments)
{
	static const char *const argv[] = {"/bin/sh", "-c", "exec /bin/true twice", NULL};

	truth_vfork("exec_twice", truth_exec_argv, argv);
}

static void kill_parent(struct truth_spawn *spawn, const void *argument)
{
	spawn->child_pid = spawn->child_ns_pid;
	truth_sleep_ms(CHILD_SLEEP_MS);
	spawn->ended_ns = truth_now();
	kill(spawn->parent_pid, SIGKILL);
	/* The parent is dead when it is no longer ours. */
	while (getppid() == spawn->parent_pid)
		truth_sleep_ms(1);
	spawn->after_ns = truth_now();
	truth_spawn_line(spawn);
	truth_sleep_ms(CHILD_SLEEP_MS);
	_exit(5);
}

static void parent_killed(char **arguments)
{
	int status;
	pid_t child;
	pid_t parent;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	parent = fork();
	if (parent == 0) {
		truth_vfork("parent_killed", kill_parent, NULL);
		_exit(1);
	}
	while ((child = wait(&status)) > 0)
		truth_line("{\"what\": \"reaped\", \"pid\": %d, \"status\": %d}", child, status);
}

/* Ends with the given code: what vfork-record itself must end with. */
static void end_with(char **arguments)
{
	_exit(atoi(arguments[0]));
}

static void end_by_signal(char **arguments)
{
	kill(getpid(), atoi(arguments[0]));
	pause();
}

static const struct truth_scenario scenarios[] = {
	{"vfork_exec", vfork_exec},
	{"vfork_exit", vfork_exit},
	{"vfork_exit_late", vfork_exit_late},
	{"killed", killed},
	{"exec_failed", exec_failed},
	{"nested", nested},
	{"exec_twice", exec_twice},
	{"parent_killed", parent_killed},
	{"end_with", end_with},
	{"end_by_signal", end_by_signal},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	return truth_run(scenarios, argc, argv);
}
