/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event_text_impl.h - the templates by which rows of events are written.
 *
 * Owns: nothing. Private to event_format.c, which makes them, and event_text.c, which writes by
 * them.
 */
#ifndef REP_EVENT_TEXT_IMPL_H
#define REP_EVENT_TEXT_IMPL_H

#include "replay/print/exporter.h"
#include "replay/rows/event_text.h"

#define N_KINDS    (VFT_KIND_MAX + 1u)
#define N_TASK     8u  /* columns of a task */
#define N_WORDS    64u /* of those with a number below this the text is made in advance */
#define CHUNK      16u /* bytes are copied in pieces of this; there is room behind all */
#define CHECKPOINT 256u
#define MAX_STEPS  24u /* of a row */

enum code {
	PUT_TIME,
	PUT_CPU,
	PUT_TASK,
	PUT_STRING,
	PUT_U32,
	PUT_U64,
	PUT_I32,    /* below 0: none */
	PUT_WORD,   /* a number that has a name */
	PUT_OTHER,  /* as rep_events_number says */
	PUT_CODE,   /* none where a signal has ended the process */
	PUT_CLOCK,  /* and the same as a date behind it */
	PUT_NOTHING /* the end of the row */
};

/* Text that was made before, in some buffer. */
struct piece {
	uint32_t at, size;
};

/* What stands before a value, and the value. */
struct step {
	uint8_t code;      /* enum code */
	uint8_t column;    /* of the file */
	uint8_t to;        /* of the table; the first of a task's */
	uint8_t width;     /* bytes of a value in its column */
	bool zero_is_null; /* of a number */
	bool has_own_text; /* of a child, which JSON writes with other keys */
	struct piece before;
	struct piece before_more[N_TASK]; /* a task's others; [0] PUT_CLOCK's second value */
	struct piece *words;              /* N_WORDS */
};

struct template
{
	struct step steps[MAX_STEPS];
	unsigned int n_steps;
	size_t room;      /* of a row but for strings and what cell() writes */
	uint64_t columns; /* of the file, that have a value in each row */
};

struct rep_event_format {
	const struct rep_syntax *syntax;
	bool csv_safe, ascii_only;
	size_t separator_size;
	struct piece null;
	struct rep_buf literals;
	struct template templates[N_KINDS];
};

#endif
