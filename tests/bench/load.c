/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load.c - the loads of ./dev bench:
 *
 *   load exit N           vfork + _exit, N times
 *   load exec N PROGRAM   vfork + exec of PROGRAM, N times
 *   load spawners N       two processes that each do `exit N` at the same time
 *   load getppid N        N system calls that no recorder has a reason to look at
 *   load sleepers N       N processes that sleep until stdin ends
 *
 * Prints one line: nanoseconds that passed, nanoseconds of CPU that it and its children took.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t cpu_of(int who)
{
	struct rusage usage;

	if (getrusage(who, &usage))
		fail("getrusage");
	return ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * 1000000000u +
	       ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * 1000u;
}

static void wait_for(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || status)
		fail("a child failed");
}

static void spawn_exits(uint64_t n)
{
	while (n--) {
		pid_t child = vfork();

		if (child == 0)
			_exit(0);
		wait_for(child);
	}
}

static void spawn_execs(uint64_t n, const char *program)
{
	while (n--) {
		pid_t child = vfork();

		if (child == 0) {
			execl(program, program, (char *)NULL);
			_exit(127);
		}
		wait_for(child);
	}
}

static void run_spawners(uint64_t n)
{
	pid_t children[2];

	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			spawn_exits(n);
			_exit(0);
		}
	}
	for (int i = 0; i < 2; i++)
		wait_for(children[i]);
}

static void call_getppid(uint64_t n)
{
	while (n--)
		syscall(SYS_getppid);
}

static void keep_sleepers(uint64_t n)
{
	char end;
	pid_t *children = calloc(n, sizeof(*children));

	if (!children)
		fail("calloc");
	for (uint64_t i = 0; i < n; i++) {
		children[i] = fork();
		if (children[i] == 0)
			for (;;)
				pause();
		if (children[i] < 0)
			fail("fork");
	}
	(void)!write(STDOUT_FILENO, "ready\n", 6);
	while (read(STDIN_FILENO, &end, 1) > 0)
		;
	for (uint64_t i = 0; i < n; i++)
		kill(children[i], SIGKILL);
	free(children);
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	const char *what = argc > 1 ? argv[1] : "";
	uint64_t start_ns = now_ns();

	if (!strcmp(what, "exit"))
		spawn_exits(n);
	else if (!strcmp(what, "exec") && argc > 3)
		spawn_execs(n, argv[3]);
	else if (!strcmp(what, "spawners"))
		run_spawners(n);
	else if (!strcmp(what, "getppid"))
		call_getppid(n);
	else if (!strcmp(what, "sleepers"))
		keep_sleepers(n);
	else
		return 2;
	return printf("%" PRIu64 " %" PRIu64 "\n", now_ns() - start_ns,
		      cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN)) < 0;
}
