/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm.c - many processes that live for microseconds: storm COUNT [GATE]
 *
 * Each is a vfork child that exits with 7. With a GATE (a FIFO) the storm waits for it to open.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truth.h"

#define STORM_CODE 7

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

	truth_init();
	truth_line("{\"what\": \"ready\", \"pid\": %d}", getpid());
	if (argc > 2)
		truth_wait_gate(argv[2]);
	for (long i = 0; i < count; i++)
		make_one();
	truth_line("{\"what\": \"storm\", \"pid\": %d, \"made\": %ld, \"code\": %d}", getpid(),
		   count, STORM_CODE);
	return 0;
}
