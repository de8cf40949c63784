/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.h - text of bounded size, and bytes that anyone may have chosen made fit to be in it.
 *
 * Never does: overrun; what does not fit is cut, and ends in "...". Called by: stall/.
 */
#ifndef REC_TEXT_H
#define REC_TEXT_H

#include <stddef.h>

#include <vft/err.h>

struct rec_text {
	char *bytes; /* always ends in NUL */
	size_t size, used;
};

/* Over an array; of no size is no good. */
#define REC_TEXT(array) rec_text_over(array, sizeof(array))
struct rec_text rec_text_over(char *bytes, size_t size);

void rec_text_add(struct rec_text *text, const char *format, ...) VFT_PRINTF(2, 3);

/* All but printable ASCII becomes \xNN, and a backslash two. */
void rec_text_escape(struct rec_text *text, const char *bytes, size_t size);

#endif
