/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stuck.c - vfork children that hold their parent: for ever, or until a gate opens.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "truth.h"

/* The child speaks before it hangs: nobody else can, the parent waits. */
static void say_stuck(struct truth_spawn *spawn)
{
	spawn->child_pid = spawn->child_ns_pid;
	spawn->ended_ns = truth_now();
	truth_spawn_line(spawn);
}

static void hang_in_pause(struct truth_spawn *spawn, const void *argument)
{
	say_stuck(spawn);
	for (;;)
		pause();
}

static void hang_stopped(struct truth_spawn *spawn, const void *argument)
{
	say_stuck(spawn);
	for (;;)
		kill((pid_t)syscall(SYS_getpid), SIGSTOP);
}

static void hang_running(struct truth_spawn *spawn, const void *argument)
{
	say_stuck(spawn);
	for (;;)
		__asm__ volatile("" ::: "memory");
}

static void hang_until_gate(struct truth_spawn *spawn, const void *argument)
{
	say_stuck(spawn);
	truth_wait_gate(argument);
	truth_exec_true(spawn, NULL);
}

static void in_pause(char **arguments)
{
	truth_vfork("stuck", hang_in_pause, NULL);
}

static void stopped(char **arguments)
{
	truth_vfork("stuck", hang_stopped, NULL);
}

static void running(char **arguments)
{
	truth_vfork("stuck", hang_running, NULL);
}

static void until_gate(char **arguments)
{
	truth_vfork("gated", hang_until_gate, arguments[0]);
}

static const struct truth_scenario scenarios[] = {
	{"pause", in_pause},        {"stopped", stopped}, {"running", running},
	{"until_gate", until_gate}, {NULL, NULL},
};

int main(int argc, char **argv)
{
	return truth_run(scenarios, argc, argv);
}
