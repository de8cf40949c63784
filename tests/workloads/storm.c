/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm.c - many processes that live for microseconds: storm COUNT [GATE [names]]
 *
 * Each is a vfork child that exits with 7. With a GATE (a FIFO; - is none) the storm waits for it
 * to open. With "names" each has a name of its own that cannot be compressed, for a trace that
 * grows.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truth.h"

#define STORM_CODE 7

static void take_name(void)
{
	static uint64_t random = 88172645463325252u;
	char name[16] = {0};

	for (size_t i = 0; i + 1 < sizeof(name); i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		name[i] = (char)('0' + random % 75);
	}
	if (prctl(PR_SET_NAME, name))
		truth_fail("prctl");
}

static void make_one(void)
{
	int status;
	pid_t child = vfork();

	if (child == 0)
		_exit(STORM_CODE);
	if (child < 0 || waitpid(child, &status, 0) != child)
		truth_fail("vfork");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != STORM_CODE)
		truth_fail("a child of the storm ended otherwise than it should");
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? strtol(argv[1], NULL, 10) : 0;

	bool names = argc > 3 && strcmp(argv[3], "names") == 0;

	truth_init();
	truth_line("{\"what\": \"ready\", \"pid\": %d}", getpid());
	if (argc > 2 && strcmp(argv[2], "-") != 0)
		truth_wait_gate(argv[2]);
	for (long i = 0; i < count; i++) {
		if (names)
			take_name();
		make_one();
	}
	truth_line("{\"what\": \"storm\", \"pid\": %d, \"made\": %ld, \"code\": %d}", getpid(),
		   count, STORM_CODE);
	return 0;
}
