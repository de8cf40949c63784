/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char cut[] = "...";

struct rec_text rec_text_over(char *bytes, size_t size)
{
	bytes[0] = '\0';
	return (struct rec_text){.bytes = bytes, .size = size};
}

static void mark_cut(struct rec_text *text)
{
	if (text->size >= sizeof(cut))
		memcpy(text->bytes + text->size - sizeof(cut), cut, sizeof(cut));
	text->used = text->size - 1;
}

void rec_text_add(struct rec_text *text, const char *format, ...)
{
	size_t room = text->size - text->used;
	va_list args;
	int n;

	if (room <= 1)
		return;
	va_start(args, format);
	n = vsnprintf(text->bytes + text->used, room, format, args);
	va_end(args);
	if (n < 0)
		text->bytes[text->used] = '\0';
	else if ((size_t)n >= room)
		mark_cut(text);
	else
		text->used += (size_t)n;
}

void rec_text_escape(struct rec_text *text, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size && text->used + 1 < text->size; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '\\')
			rec_text_add(text, "\\\\");
		else if (c >= 0x20 && c < 0x7f)
			rec_text_add(text, "%c", c);
		else
			rec_text_add(text, "\\x%02x", c);
	}
}
