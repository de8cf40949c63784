/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pidns.c - a child in a new pid namespace; one pid for two processes.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "truth.h"

/* Others make processes meanwhile and may take the pid: then once more. */
#define MAX_TRIES 2000

static const int exit_code = 11;

static int exit_child(void *argument)
{
	truth_child_begins(argument);
	truth_sleep_ms(5);
	truth_exit_with(argument, &exit_code);
	return 98;
}

static void new_namespace(char **arguments)
{
	char *stack = mmap(NULL, TRUTH_STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	struct truth_spawn spawn;

	if (stack == MAP_FAILED)
		truth_fail("mmap");
	truth_parent_begins(&spawn, "new_namespace");
	truth_parent_ends(&spawn, clone(exit_child, stack + TRUTH_STACK_SIZE,
					CLONE_NEWPID | CLONE_VFORK | CLONE_VM | SIGCHLD, &spawn));
}

/* Asks that the next pid be @pid. */
static void wind_pids(pid_t pid)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%d", pid - 1);
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, (size_t)size) != size)
		truth_fail("/proc/sys/kernel/ns_last_pid");
	close(fd);
}

static void vfork_noted(struct truth_spawn *spawn, const char *what, const int *code)
{
	pid_t child;

	truth_parent_begins(spawn, what);
	child = vfork();
	if (child == 0) {
		truth_child_begins(spawn);
		truth_exit_with(spawn, code);
	}
	truth_parent_ends(spawn, child);
}

static void reuse(char **arguments)
{
	static const int first_code = 21, second_code = 22;
	struct truth_spawn first, second;

	vfork_noted(&first, "first", &first_code);
	for (int i = 0; i < MAX_TRIES; i++) {
		wind_pids(first.child_pid);
		vfork_noted(&second, "second", &second_code);
		if (second.child_pid == first.child_pid)
			return;
	}
	truth_fail("the pid was never given out again");
}

static const struct truth_scenario scenarios[] = {
	{"new_namespace", new_namespace},
	{"reuse", reuse},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	return truth_run(scenarios, argc, argv);
}
