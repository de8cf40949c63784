/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names.c - paths, argument lists and comms that anyone may choose, and nobody may trust.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "truth.h"

/* argv through a vfork: truth_exec_argv runs argv[0]. */
static void exec_arguments(char **arguments)
{
	truth_vfork("argv", truth_exec_argv, arguments);
}

/* Newline, tab, escape sequences, C1, bidi override, invalid UTF-8, quotes, a comma, an empty word.
 */
static void hostile(char **arguments)
{
	static const char *const argv[] = {
		"/bin/true",
		"line\nfeed\ttab\rreturn",
		"\033[31mred\033[0m\033]0;title\a",
		"\xff\xfe\xc0\xaf\xed\xa0\x80",
		"c1\xc2\x9b"
		"31m",
		"bidi\xe2\x80\xae"
		"dlrow",
		"quo\"te's,comma;semi",
		"",
		"=cmd|' /C calc'!A0",
		"\xe4\xb8\xad\xe6\x96\x87",
		NULL,
	};

	truth_vfork("hostile", truth_exec_argv, argv);
}

/* 'a' often enough to take @size bytes with its NUL. */
static const char *new_word(size_t size)
{
	char *word = calloc(1, size);

	if (!word)
		truth_fail("calloc");
	memset(word, 'a', size - 1);
	return word;
}

/* As many bytes of arguments as asked for, in words of at most 64 KiB. */
static void huge(char **arguments)
{
	struct rlimit large_stack = {.rlim_cur = 64u << 20, .rlim_max = RLIM_INFINITY};
	static const char *argv[256] = {"/bin/true"};
	size_t left = strtoul(arguments[0], NULL, 10) - sizeof("/bin/true");
	int n = 1;

	if (setrlimit(RLIMIT_STACK, &large_stack) < 0)
		truth_fail("setrlimit");
	while (left > 0) {
		size_t size = left < 65536 ? left : 65536;

		argv[n++] = new_word(size);
		left -= size;
	}
	truth_vfork("huge", truth_exec_argv, argv);
}

static void set_comm_and_exit(struct truth_spawn *spawn, const void *argument)
{
	static const int code = 8;

	if (prctl(PR_SET_NAME, argument) < 0)
		truth_fail("prctl");
	truth_sleep_ms(1);
	truth_exit_with(spawn, &code);
}

static void comm(char **arguments)
{
	/* The parent's comm too: prctl names the calling thread, and a vfork child is one of its
	 * own. */
	if (prctl(PR_SET_NAME, "\033[2J\n\xff,\"p") < 0)
		truth_fail("prctl");
	truth_vfork("comm", set_comm_and_exit, "\033]0;x\a\n\xc2\x9b\xfe'");
}

static int copy_to_memfd(const char *path)
{
	static char buffer[1 << 20];
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = memfd_create("vft-memfd", MFD_CLOEXEC);
	ssize_t size;

	if (from < 0 || to < 0)
		truth_fail(path);
	while ((size = read(from, buffer, sizeof(buffer))) > 0) {
		if (write(to, buffer, (size_t)size) != size)
			truth_fail("memfd");
	}
	close(from);
	return to;
}

static void exec_fd(struct truth_spawn *spawn, const void *argument)
{
	static const char *const argv[] = {"from-memfd", "argument", NULL};
	static const char *const no_environment[] = {NULL};

	truth_child_ends(spawn);
	syscall(SYS_execveat, *(const int *)argument, "", truth_mutable(argv),
		truth_mutable(no_environment), AT_EMPTY_PATH);
	_exit(98);
}

static void memfd(char **arguments)
{
	int fd = copy_to_memfd("/bin/true");

	truth_vfork("memfd", exec_fd, &fd);
}

#define MAX_WORDS 16

/* "6162 -": hexadecimal words, - for an empty one; NULL behind the last. In place. */
static void unhex(char *line, const char **words)
{
	char *rest, *word = strtok_r(line, " \n", &rest);
	int n = 0;

	for (; word && n < MAX_WORDS; word = strtok_r(NULL, " \n", &rest)) {
		size_t size = 0;

		words[n++] = word;
		for (unsigned int byte; sscanf(word + 2 * size, "%2x", &byte) == 1; size++)
			word[size] = (char)byte;
		word[size] = '\0';
	}
	words[n] = NULL;
}

struct renamed {
	const char *comm, *path;
	const char *const *argv;
};

static void name_and_exec(struct truth_spawn *spawn, const void *argument)
{
	const struct renamed *renamed = argument;

	if (renamed->comm && prctl(PR_SET_NAME, renamed->comm) < 0)
		_exit(97);
	truth_child_ends(spawn);
	execv(renamed->path, truth_mutable(renamed->argv));
	_exit(5);
}

/*
 * Each line of a file has a comm, the path of a program, one of none, and arguments: two vforks, of
 * which the first gets the arguments and the second takes the comm and then fails to exec.
 */
static void table(char **arguments)
{
	FILE *file = fopen(arguments[0], "re");
	static char line[65536];
	const char *words[MAX_WORDS + 1];

	if (!file)
		truth_fail(arguments[0]);
	while (fgets(line, sizeof(line), file)) {
		struct renamed renamed;

		unhex(line, words);
		renamed = (struct renamed){NULL, words[1], words + 3};
		if (prctl(PR_SET_NAME, words[0]) < 0)
			truth_fail("prctl");
		truth_vfork("exec", name_and_exec, &renamed);
		renamed = (struct renamed){words[0], words[2], words + 3};
		truth_vfork("fail", name_and_exec, &renamed);
	}
	fclose(file);
}

static const struct truth_scenario scenarios[] = {
	{"argv", exec_arguments}, {"hostile", hostile}, {"huge", huge}, {"comm", comm},
	{"memfd", memfd},         {"table", table},     {NULL, NULL},
};

int main(int argc, char **argv)
{
	return truth_run(scenarios, argc, argv);
}
