/* SPDX-License-Identifier: BSD-2-Clause */
#include "truth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int truth_fd = STDERR_FILENO;

void truth_fail(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	_exit(1);
}

void truth_init(void)
{
	const char *path = getenv("VFT_TRUTH");

	alarm(TRUTH_GUARD_SECONDS);
	if (!path)
		return;
	truth_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (truth_fd < 0)
		truth_fail(path);
}

uint64_t truth_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void truth_line(const char *format, ...)
{
	char line[16384];
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	if (size < 0 || (size_t)size >= sizeof(line) - 1)
		truth_fail("a line of truth is too long");
	line[size++] = '\n';
	if (write(truth_fd, line, (size_t)size) != size)
		truth_fail("writing the truth");
}

void truth_spawn_line(const struct truth_spawn *spawn)
{
	truth_line("{\"what\": \"%s\", \"parent_pid\": %d, \"parent_tid\": %d, \"child_pid\": %d, "
		   "\"child_ns_pid\": %d, \"before_ns\": %llu, \"began_ns\": %llu, "
		   "\"ended_ns\": %llu, \"after_ns\": %llu, \"status\": %d}",
		   spawn->what, spawn->parent_pid, spawn->parent_tid, spawn->child_pid,
		   spawn->child_ns_pid, (unsigned long long)spawn->before_ns,
		   (unsigned long long)spawn->began_ns, (unsigned long long)spawn->ended_ns,
		   (unsigned long long)spawn->after_ns, spawn->status);
}

void truth_parent_begins(struct truth_spawn *spawn, const char *what)
{
	*spawn = (struct truth_spawn){
		.what = what,
		.parent_pid = getpid(),
		.parent_tid = (pid_t)syscall(SYS_gettid),
		.status = -1,
	};
	spawn->before_ns = truth_now();
}

void truth_child_begins(struct truth_spawn *spawn)
{
	spawn->child_ns_pid = (pid_t)syscall(SYS_getpid);
	spawn->began_ns = truth_now();
	/* An alarm is not inherited, and a child that outlives its parent needs its own guard. */
	alarm(TRUTH_GUARD_SECONDS);
}

void truth_child_ends(struct truth_spawn *spawn)
{
	spawn->ended_ns = truth_now();
}

void truth_parent_ends(struct truth_spawn *spawn, pid_t child)
{
	spawn->after_ns = truth_now();
	if (child < 0)
		truth_fail(spawn->what);
	spawn->child_pid = child;
	if (waitpid(child, &spawn->status, 0) != child)
		spawn->status = -1;
	truth_spawn_line(spawn);
}

void truth_vfork(const char *what, truth_body *body, const void *argument)
{
	struct truth_spawn spawn;
	pid_t child;

	truth_parent_begins(&spawn, what);
	child = vfork();
	if (child == 0) {
		truth_child_begins(&spawn);
		body(&spawn, argument);
		_exit(99);
	}
	truth_parent_ends(&spawn, child);
}

void truth_exec_true(struct truth_spawn *spawn, const void *argument)
{
	truth_child_ends(spawn);
	execl("/bin/true", "true", spawn->what, (char *)NULL);
	_exit(98);
}

void truth_exit_with(struct truth_spawn *spawn, const void *argument)
{
	truth_child_ends(spawn);
	_exit(*(const int *)argument);
}

void truth_exec_argv(struct truth_spawn *spawn, const void *argument)
{
	const char *const *argv = argument;

	truth_child_ends(spawn);
	execv(argv[0], truth_mutable(argv));
	_exit(98);
}

void truth_sleep_ms(unsigned int ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

void truth_wait_gate(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, &byte, 1) < 0)
		truth_fail(path);
	close(fd);
}

int truth_run(const struct truth_scenario *scenarios, int argc, char **argv)
{
	truth_init();
	for (; argc > 1 && scenarios->name; scenarios++) {
		if (strcmp(scenarios->name, argv[1]) == 0) {
			scenarios->run(argv + 2);
			return 0;
		}
	}
	fprintf(stderr, "%s: no such scenario\n", argv[0]);
	return 2;
}
