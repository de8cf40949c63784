/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "replay/print/escape.h"

static bool takes_utf8;

void rep_message_set_utf8(bool utf8)
{
	takes_utf8 = utf8;
}

void rep_message(const char *file, const char *fmt, ...)
{
	struct rep_buf line = {.ascii_only = !takes_utf8};
	char text[512];
	va_list args;
	size_t at = 0;

	va_start(args, fmt);
	if (vsnprintf(text, sizeof(text), fmt, args) < 0)
		text[0] = '\0';
	va_end(args);
	rep_buf_text(&line, "vfork-report: ");
	if (file) {
		rep_escape_text(&line, (struct vft_str){file, (uint32_t)strlen(file)});
		rep_buf_text(&line, ": ");
	}
	rep_buf_text(&line, text);
	rep_buf_char(&line, '\n');
	/* What there is no memory to say of a name is said without it. */
	if (line.failed) {
		dprintf(STDERR_FILENO, "vfork-report: %s\n", text);
		rep_buf_release(&line);
		return;
	}
	/* One write, so that lines of several programs do not mix. */
	while (at < line.size) {
		ssize_t n = write(STDERR_FILENO, line.data + at, line.size - at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	rep_buf_release(&line);
}
