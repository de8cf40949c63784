/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/rows/event_text_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/print/digits.h"
#include "replay/rows/rows_events.h"

static struct piece since(const struct rep_buf *buf, size_t at)
{
	return (struct piece){(uint32_t)at, (uint32_t)(buf->size - at)};
}

static struct piece between(struct rep_event_format *format, size_t from, size_t to)
{
	size_t at = format->literals.size;

	if (from == REP_ROW_BEGIN)
		rep_buf_text(&format->literals, format->syntax->separator);
	format->syntax->between(&format->literals, rep_events_columns, REP_N_EVENTS, from, to);
	return since(&format->literals, at);
}

static struct piece literal(struct rep_event_format *format, size_t column, struct rep_cell cell)
{
	struct rep_pen pen = {.buf = &format->literals, .csv_safe = format->csv_safe};
	size_t at = format->literals.size;

	pen.scratch.ascii_only = format->ascii_only;
	format->syntax->cell(&pen, &rep_events_columns[column], &cell);
	format->literals.failed |= pen.scratch.failed;
	rep_pen_release(&pen);
	return since(&format->literals, at);
}

static int learn_words(struct rep_event_format *format, struct template *t, struct step *step)
{
	char name[2][REP_NAME_SIZE];
	uint32_t most = 0;

	step->words = calloc(N_WORDS, sizeof(*step->words));
	if (!step->words)
		return -ENOMEM;
	for (uint32_t i = 0; i < N_WORDS; i++) {
		step->words[i] = literal(format, step->to, rep_events_number(step->to, i, 0, name));
		most = step->words[i].size > most ? step->words[i].size : most;
	}
	t->room += most + CHUNK;
	return 0;
}

static enum code number_code(const struct vft_field *field, enum rep_events_column to)
{
	if (field->type == VFT_TYPE_I32)
		return PUT_I32;
	if (rep_events_columns[to].type == REP_CELL_WORD)
		return field->type == VFT_TYPE_U32 ? PUT_WORD : PUT_OTHER;
	if (to == REP_EV_CODE)
		return PUT_CODE;
	if (to == REP_EV_REALTIME)
		return PUT_CLOCK;
	if (!rep_events_is_plain(to))
		return PUT_OTHER;
	return field->type == VFT_TYPE_U64 ? PUT_U64 : PUT_U32;
}

/* The value of @field, behind that of column *from. */
static int learn_field(struct rep_event_format *format, struct template *t,
		       const struct vft_field *field, enum rep_events_column to, size_t *from)
{
	struct step *step = &t->steps[t->n_steps++];
	char name[2][REP_NAME_SIZE];
	int r = 0;

	*step = (struct step){.column = field->column,
			      .to = (uint8_t)to,
			      .width = field->type == VFT_TYPE_U64 ? 8 : 4,
			      .before = between(format, *from, to)};
	t->columns |= 1ull << field->column;
	*from = to;
	if (field->type == VFT_TYPE_TASK) {
		step->code = PUT_TASK;
		step->has_own_text = field->column == VFT_COL_CHILD && format->syntax->has_keys;
		for (size_t i = 1; i < N_TASK; i++) {
			step->before_more[i] = between(format, to + i - 1, to + i);
			t->room += step->before_more[i].size + CHUNK + REP_DIGITS_ROOM;
		}
		*from = to + N_TASK - 1;
	} else if (field->type == VFT_TYPE_STR) {
		step->code = PUT_STRING;
	} else {
		step->code = (uint8_t)number_code(field, to);
		step->zero_is_null = rep_events_number(to, 0, 0, name).is_null;
	}
	if (step->code == PUT_WORD)
		r = learn_words(format, t, step);
	if (step->code == PUT_CLOCK) {
		step->before_more[0] = between(format, to, to + 1);
		*from = to + 1;
	}
	t->room += step->before.size + CHUNK + REP_DIGITS_ROOM;
	return r;
}

/* Time, kind and CPU, which all have; the kind is a literal. */
static size_t learn_head(struct rep_event_format *format, struct template *t, unsigned int kind)
{
	struct step *time = &t->steps[0], *cpu = &t->steps[1];
	const char *name = vft_kind_name(kind);

	*time = (struct step){.code = PUT_TIME,
			      .to = REP_EV_TIME_NS,
			      .before = between(format, REP_ROW_BEGIN, REP_EV_TIME_NS)};
	*cpu = (struct step){.code = PUT_CPU,
			     .to = REP_EV_CPU,
			     .before = between(format, REP_EV_TIME_NS, REP_EV_KIND)};
	(void)literal(format, REP_EV_KIND, REP_WORD(name));
	(void)between(format, REP_EV_KIND, REP_EV_CPU);
	cpu->before = since(&format->literals, cpu->before.at);
	t->n_steps = 2;
	t->room = time->before.size + cpu->before.size + 2 * (CHUNK + REP_DIGITS_ROOM);
	return REP_EV_CPU;
}

static int learn_kind(struct rep_event_format *format, unsigned int kind)
{
	struct template *t = &format->templates[kind];
	uint8_t which[REP_N_EVENTS], columns[REP_N_EVENTS];
	size_t n_fields, from = learn_head(format, t, kind);
	const struct vft_field *fields = vft_event_fields(kind, &n_fields);
	size_t n = rep_events_order(kind, which, columns);
	int r = 0;

	_Static_assert(REP_EV_TIME_NS + 1 == REP_EV_KIND && REP_EV_KIND + 1 == REP_EV_CPU,
		       "what all kinds have stands first");
	if (t->n_steps + n + 1 > MAX_STEPS)
		return -E2BIG;
	for (size_t i = 0; i < n && !r; i++)
		r = learn_field(format, t, &fields[which[i]], columns[i], &from);
	t->steps[t->n_steps++] =
		(struct step){.code = PUT_NOTHING, .before = between(format, from, REP_N_EVENTS)};
	t->room += t->steps[t->n_steps - 1].before.size + CHUNK;
	return r;
}

int rep_event_format_new(const struct rep_out *out, struct rep_event_format **ret)
{
	const struct rep_exporter *exporter = rep_exporter_of(out);
	struct rep_event_format *format;
	int r = 0;

	*ret = NULL;
	if (!exporter->syntax)
		return 0;
	format = calloc(1, sizeof(*format));
	if (!format)
		return -ENOMEM;
	format->syntax = exporter->syntax;
	format->csv_safe = out->options.csv_safe;
	format->ascii_only = format->literals.ascii_only = out->buf.ascii_only;
	format->separator_size = strlen(exporter->syntax->separator);
	format->null = literal(format, REP_EV_CPU, REP_NULL);
	for (unsigned int kind = 0; kind < N_KINDS && !r; kind++)
		r = learn_kind(format, kind);
	if (!rep_buf_reserve(&format->literals, CHUNK))
		r = -ENOMEM;
	if (r < 0)
		rep_event_format_free(format);
	else
		*ret = format;
	return r;
}

void rep_event_format_free(struct rep_event_format *format)
{
	if (!format)
		return;
	for (unsigned int kind = 0; kind < N_KINDS; kind++)
		for (unsigned int i = 0; i < format->templates[kind].n_steps; i++)
			free(format->templates[kind].steps[i].words);
	rep_buf_release(&format->literals);
	free(format);
}
