/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event_text.h - rows of the table events as text, a block at a time and straight from its columns.
 *
 * Owns: a template for the rows of each kind, which is made once from the list of columns and the
 * format's syntax, and the text of a block's rows. A task or string that a block refers to more
 * than once is written out once and copied. Never does: I/O of its own, or decide what is shown.
 * Called by: the threads that decode (make), each with another text; whoever shows the rows (send).
 */
#ifndef REP_EVENT_TEXT_H
#define REP_EVENT_TEXT_H

#include "format/block/columns.h"
#include "replay/print/out.h"

/* Not changed once it is made: threads share it. */
struct rep_event_format;

/* *ret is NULL where rows of @out's format have no text of their own: see struct rep_exporter.
 * -ENOMEM. */
VFT_MUST_CHECK int rep_event_format_new(const struct rep_out *out, struct rep_event_format **ret);
void rep_event_format_free(struct rep_event_format *format); /* NULL is fine */

/* Of one block; memory is used again for the next. Zero at first. */
struct rep_event_text;

/*
 * Write the rows of @columns, or the first of them where they would be too much to keep. With
 * @n_max 0 none: they will be written when they are sent. *text is NULL at first. -ENOMEM.
 */
VFT_MUST_CHECK int rep_event_text_make(const struct rep_event_format *format,
				       const struct vft_columns *columns, uint64_t start_ns,
				       uint32_t n_max, struct rep_event_text **text);
/* Send rows [first, first + n) to @out. On one thread. Errors as rep_out_drain. */
VFT_MUST_CHECK int rep_event_text_send(const struct rep_event_format *format,
				       struct rep_event_text *text, uint32_t first, uint32_t n,
				       struct rep_out *out);
void rep_event_text_free(struct rep_event_text *text); /* NULL is fine */

#endif
