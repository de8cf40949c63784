/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/watch/target.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/base/say.h"

#define KERNEL_PF_KTHREAD 0x200000u
#define COMM_MAX          64 /* those of kernel threads can be longer than 15 bytes */

struct stat_line {
	char comm[COMM_MAX];
	char state;
	unsigned int flags;
};

/* Names are anybody's choice: nothing of them may reach the terminal but what can be seen. */
static void copy_comm(const char *from, size_t size, char to[COMM_MAX])
{
	size_t n = size < COMM_MAX - 1 ? size : COMM_MAX - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = isascii((unsigned char)from[i]) && isprint((unsigned char)from[i]) ? from[i]
											   : '?';
	to[n] = '\0';
}

/* " S 0 0 0 0 -1 2129984 ...": the state, and behind five numbers the flags. */
static bool parse_state(const char *at, struct stat_line *ret)
{
	char *end;

	if (*at != ' ' || !at[1])
		return false;
	ret->state = at[1];
	for (int i = 0; at && i < 6; i++)
		at = strchr(at + 1, ' ');
	if (!at)
		return false;
	ret->flags = (unsigned int)strtoul(at + 1, &end, 10);
	return end != at + 1;
}

/* "2 (kthreadd) S 0 0 0 0 -1 2129984 ...": the name may hold anything, also parentheses. */
static bool read_stat(pid_t pid, struct stat_line *ret)
{
	char path[64], line[1024];
	const char *open, *close;
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	n = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[n] = '\0';
	open = strchr(line, '(');
	close = strrchr(line, ')');
	if (!open || !close || close < open)
		return false;
	copy_comm(open + 1, (size_t)(close - open - 1), ret->comm);
	return parse_state(close + 1, ret);
}

int rec_target_explain(pid_t pid, struct vft_err *err)
{
	struct stat_line line;

	if (!read_stat(pid, &line)) {
		if (kill(pid, 0) && errno == ESRCH)
			return vft_fail(err, -ESRCH, 0,
					"there is no process %d; look it up with ps", (int)pid);
		return vft_fail(err, -ESRCH, 0,
				"process %d is there, but the kernel does not list it to this "
				"recorder; record without --pid and select it in the report",
				(int)pid);
	}
	if (line.flags & KERNEL_PF_KTHREAD)
		return vft_fail(
			err, -ESRCH, 0,
			"%d (%s) is a kernel thread: those run no programs and never vfork; "
			"leave it out",
			(int)pid, line.comm);
	if (line.state == 'Z' || line.state == 'X')
		return vft_fail(
			err, -ESRCH, 0,
			"process %d (%s) has ended already and waits to be reaped; leave it "
			"out",
			(int)pid, line.comm);
	return vft_fail(
		err, -ESRCH, 0,
		"process %d (%s) is there, but the kernel does not list it to this recorder; "
		"record without --pid and select it in the report",
		(int)pid, line.comm);
}

void rec_target_say_thread(const struct rec_snapshot *snapshot, pid_t pid)
{
	char raw[COMM_MAX], comm[COMM_MAX];
	pid_t process = rec_snapshot_get_process(snapshot, pid, raw, sizeof(raw));

	if (!process || process == pid)
		return;
	copy_comm(raw, strlen(raw), comm);
	rec_say("%d is a thread of process %d (%s), which is recorded with all its threads",
		(int)pid, (int)process, comm);
}
