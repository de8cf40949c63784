/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/base/say.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 1000
/* A pipe with any room at all has this much: what is longer could block after all (PIPE_BUF). */
#define MAX_LINE    4096

static void write_once(const char *text, size_t size, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&poll_fd, 1, timeout_ms) <= 0 || !(poll_fd.revents & POLLOUT))
		return;
	if (write(STDERR_FILENO, text, size) < 0)
		return; /* nobody is left to be told */
}

void rec_say(const char *format, ...)
{
	static const char prefix[] = "vfork-record: ";
	char line[MAX_LINE];
	size_t at = sizeof(prefix) - 1, room = sizeof(line) - at - 1;
	va_list args;
	int n;

	memcpy(line, prefix, at);
	va_start(args, format);
	n = vsnprintf(line + at, room, format, args);
	va_end(args);
	if (n < 0)
		return;
	at += (size_t)n < room ? (size_t)n : room - 1;
	line[at++] = '\n';
	write_once(line, at, PATIENCE_MS);
}

void rec_say_now(const char *text)
{
	write_once(text, strlen(text), 0);
}
