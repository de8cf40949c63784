/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * demo.c - what ./dev demo records: demo GROUP_FILE
 *
 * One healthy vfork, which execs at once, and one whose child never does. Leads a process group
 * of its own and writes its number to GROUP_FILE, so that ./dev can end it; ends by itself anyway.
 */
#include <stdio.h>
#include <unistd.h>

#define GUARD_SECONDS 30

static int write_group(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		return -1;
	fprintf(file, "%d\n", getpgrp());
	return fclose(file);
}

static void vfork_healthy(void)
{
	if (vfork() == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
}

static void vfork_stuck(void)
{
	if (vfork() == 0) {
		alarm(GUARD_SECONDS);
		for (;;)
			pause();
	}
}

int main(int argc, char **argv)
{
	setpgid(0, 0);
	alarm(GUARD_SECONDS);
	if (argc != 2 || write_group(argv[1]) < 0) {
		fprintf(stderr, "usage: demo GROUP_FILE\n");
		return 2;
	}
	vfork_healthy();
	vfork_stuck();
	return 0;
}
