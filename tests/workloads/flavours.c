/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flavours.c - the other calls that make a CLONE_VFORK child: clone, clone3, posix_spawn, system,
 * popen.
 */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truth.h"

extern char **environ;

static const int exit_code = 4;

static int clone_child(void *argument)
{
	struct truth_spawn *spawn = argument;

	truth_child_begins(spawn);
	truth_exec_true(spawn, NULL);
	return 98;
}

/* @flags beside CLONE_VFORK|CLONE_VM, with a stack of the child's own. */
static pid_t clone_on_stack(struct truth_spawn *spawn, int flags)
{
	char *stack = mmap(NULL, TRUTH_STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		truth_fail("mmap");
	return clone(clone_child, stack + TRUTH_STACK_SIZE,
		     flags | CLONE_VFORK | CLONE_VM | SIGCHLD, spawn);
}

static void clone_vm(char **arguments)
{
	struct truth_spawn spawn;

	truth_parent_begins(&spawn, "clone_vm");
	truth_parent_ends(&spawn, clone_on_stack(&spawn, 0));
}

static struct truth_spawn *new_shared_spawn(void)
{
	void *memory = mmap(NULL, sizeof(struct truth_spawn), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		truth_fail("mmap");
	return memory;
}

/* The child has a copy of the memory, so that the parent waits for no good reason. */
static void clone_no_vm(char **arguments)
{
	struct truth_spawn *spawn = new_shared_spawn();
	pid_t child;

	truth_parent_begins(spawn, "clone_no_vm");
	child = (pid_t)syscall(SYS_clone, (unsigned long)CLONE_VFORK | SIGCHLD, NULL, NULL, NULL,
			       NULL);
	if (child == 0) {
		truth_child_begins(spawn);
		truth_sleep_ms(10);
		truth_exit_with(spawn, &exit_code);
	}
	truth_parent_ends(spawn, child);
}

static void clone3_no_vm(char **arguments)
{
	struct truth_spawn *spawn = new_shared_spawn();
	struct clone_args args = {.flags = CLONE_VFORK, .exit_signal = SIGCHLD};
	pid_t child;

	truth_parent_begins(spawn, "clone3_no_vm");
	child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (child == 0) {
		truth_child_begins(spawn);
		truth_exec_true(spawn, NULL);
	}
	truth_parent_ends(spawn, child);
}

#ifdef __x86_64__
/* Inline, since a child on the parent's stack must not return from the frame that made the call. */
static inline __attribute__((always_inline)) long clone3_inline(struct clone_args *args)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(SYS_clone3), "D"(args), "S"(sizeof(*args))
			 : "rcx", "r11", "memory");
	return result;
}

static void clone3_vm(char **arguments)
{
	struct clone_args args = {.flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD};
	struct truth_spawn spawn;
	long child;

	truth_parent_begins(&spawn, "clone3_vm");
	child = clone3_inline(&args);
	if (child == 0) {
		truth_child_begins(&spawn);
		truth_exec_true(&spawn, NULL);
	}
	truth_parent_ends(&spawn, child < 0 ? -1 : (pid_t)child);
}
#else
static void clone3_vm(char **arguments)
{
	_exit(77);
}
#endif

/* The child becomes the child of our parent, but it is we who wait for its exec. */
static void clone_parent(char **arguments)
{
	struct truth_spawn *spawn = new_shared_spawn();
	pid_t middle = fork();
	pid_t child;

	if (middle == 0) {
		truth_parent_begins(spawn, "clone_parent");
		child = clone_on_stack(spawn, CLONE_PARENT);
		spawn->after_ns = truth_now();
		spawn->child_pid = child;
		_exit(child < 0);
	}
	waitpid(middle, NULL, 0);
	if (waitpid(spawn->child_pid, &spawn->status, 0) != spawn->child_pid)
		truth_fail("waiting for the child of clone_parent");
	truth_spawn_line(spawn);
}

static void spawn_works(char **arguments)
{
	static const char *const argv[] = {"true", "spawn_works", NULL};
	struct truth_spawn spawn;
	pid_t child = -1;

	truth_parent_begins(&spawn, "spawn_works");
	if (posix_spawn(&child, "/bin/true", NULL, NULL, truth_mutable(argv), environ) != 0)
		truth_fail("posix_spawn");
	truth_parent_ends(&spawn, child);
}

static void spawn_fails(char **arguments)
{
	static const char *const argv[] = {"program", NULL};
	struct truth_spawn spawn;
	pid_t child = -1;

	truth_parent_begins(&spawn, "spawn_fails");
	spawn.status = posix_spawn(&child, "/nonexistent/program", NULL, NULL, truth_mutable(argv),
				   environ);
	spawn.after_ns = truth_now();
	if (spawn.status != ENOENT)
		truth_fail("posix_spawn did not fail");
	truth_spawn_line(&spawn);
}

static void run_system(char **arguments)
{
	struct truth_spawn spawn;

	truth_parent_begins(&spawn, "system");
	spawn.status = system("exit 6");
	spawn.after_ns = truth_now();
	truth_spawn_line(&spawn);
}

static void run_popen(char **arguments)
{
	struct truth_spawn spawn;
	char word[16] = "";
	FILE *pipe;

	truth_parent_begins(&spawn, "popen");
	pipe = popen("echo $$; exit 2", "r");
	if (!pipe || !fgets(word, sizeof(word), pipe))
		truth_fail("popen");
	spawn.child_pid = atoi(word);
	spawn.status = pclose(pipe);
	spawn.after_ns = truth_now();
	truth_spawn_line(&spawn);
}

static const struct truth_scenario scenarios[] = {
	{"clone_vm", clone_vm},         {"clone_no_vm", clone_no_vm},
	{"clone3_vm", clone3_vm},       {"clone3_no_vm", clone3_no_vm},
	{"clone_parent", clone_parent}, {"spawn_works", spawn_works},
	{"spawn_fails", spawn_fails},   {"system", run_system},
	{"popen", run_popen},           {NULL, NULL},
};

int main(int argc, char **argv)
{
	return truth_run(scenarios, argc, argv);
}
