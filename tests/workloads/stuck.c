/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stuck.c - vfork children that hold their parent: for ever, or until a gate opens.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
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

/* As systemd, runc and sshd do before exec. Of this thread alone: libc would change its parent. */
static void hang_renamed(struct truth_spawn *spawn, const void *argument)
{
	prctl(PR_SET_NAME, "(renamed)");
	if (syscall(SYS_setresuid, 33, 33, 33) != 0)
		truth_fail("setresuid");
	hang_in_pause(spawn, NULL);
}

/* The child waits for a child that waits for a child. */
static void hang_nested(struct truth_spawn *spawn, const void *argument)
{
	unsigned int depth = *(const unsigned int *)argument + 1;
	char name[16];

	snprintf(name, sizeof(name), "nested-%u", depth);
	prctl(PR_SET_NAME, name);
	if (depth == 3)
		hang_in_pause(spawn, NULL);
	say_stuck(spawn);
	truth_vfork("stuck", hang_nested, &depth);
}

static void *hang_here(void *argument)
{
	prctl(PR_SET_NAME, "worker");
	truth_vfork("stuck", hang_in_pause, NULL);
	return NULL;
}

static void renamed(char **arguments)
{
	truth_vfork("stuck", hang_renamed, NULL);
}

static void nested(char **arguments)
{
	unsigned int depth = 0;

	truth_vfork("stuck", hang_nested, &depth);
}

static void in_thread(char **arguments)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, hang_here, NULL) != 0)
		truth_fail("pthread_create");
	pthread_join(thread, NULL);
}

/* Two that never exec, one of which ends, and one that does. */
static void forks(char **arguments)
{
	for (int i = 0; i < 3; i++) {
		if (fork() != 0)
			continue;
		if (i == 1)
			_exit(0);
		if (i == 2)
			execl("/bin/true", "true", (char *)NULL);
		truth_line("{\"what\": \"forked\", \"pid\": %d}", getpid());
		for (;;)
			pause();
	}
	truth_sleep_ms(50);
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
	{"until_gate", until_gate}, {"renamed", renamed}, {"nested", nested},
	{"in_thread", in_thread},   {"forks", forks},     {NULL, NULL},
};

int main(int argc, char **argv)
{
	return truth_run(scenarios, argc, argv);
}
