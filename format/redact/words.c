/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/redact/scan.h"

#include <string.h>

#define MAX_COMMAND 40u /* bytes of the longest name of a program in the table, and some */

/* Where the word that begins at @from ends, as a shell would see it. */
static size_t word_end(const struct scan *s, size_t from)
{
	size_t i = from;

	if (!s->is_spaced)
		return s->word_end;
	if (vft_scan_is_quoted(s, from))
		return vft_scan_closing_quote(s, from, s->text[from - 1]);
	while (i < s->word_end && !vft_scan_is(s->text[i], BLANK | SEPARATOR))
		i++;
	return i;
}

static bool take_styled(struct scan *s, enum vft_style style, enum vft_name name, size_t from,
			size_t to)
{
	size_t end = to;

	if (style == VFT_STYLE_PAIR) {
		from = vft_scan_find(s, from, to, ":,%");
		from += from < to;
	} else if (style == VFT_STYLE_SLASH) {
		from = vft_scan_find(s, from, to, "/");
		from += from < to;
		end = vft_scan_find(s, from, to, "@");
	}
	if (vft_span_begins(vft_scan_span(s, from, end), "pass:"))
		from += 5;
	if (vft_value_is_harmless(vft_scan_span(s, from, end), name))
		return false;
	vft_scan_remove(s, from, end,
			name == VFT_NAME_NONE ? VFT_REMOVED_OPTION : VFT_REMOVED_NAMED);
	s->at = to;
	return true;
}

/* "--user" and "-x" are options; "-" alone, and a value that begins with a dash, may not be. */
static bool is_option(struct vft_span word)
{
	size_t i = 0;

	while (i < word.size && word.at[i] == '-')
		i++;
	if (!i || i > 2 || i == word.size)
		return false;
	if (i == 1)
		return word.size == 2;
	for (; i < word.size && word.at[i] != '='; i++)
		if (!vft_scan_is(word.at[i], LETTER) && word.at[i] != '-')
			return false;
	return true;
}

static bool take_option(struct scan *s, size_t end)
{
	struct vft_span word = vft_scan_span(s, s->at, end);
	size_t size = 0;
	enum vft_style style = vft_rules_find_option(&s->redact->rules, s->command, word, &size);
	enum vft_name name;

	if (style == VFT_STYLE_NONE)
		style = vft_program_find_option(s->program, word, &size);
	if (style != VFT_STYLE_NONE && size < word.size)
		return take_styled(s, style, VFT_NAME_NONE, s->at + size, end);
	if (style != VFT_STYLE_NONE) {
		s->pending = style;
		s->pending_name = VFT_NAME_NONE;
		s->at = end;
		return true;
	}
	if (*word.at != '-' || vft_scan_find(s, s->at, end, "=: ") < end)
		return false;
	name = vft_scan_name(s, word);
	if (name == VFT_NAME_SECRET || name == VFT_NAME_KEY || name == VFT_NAME_HEADER) {
		s->pending = VFT_STYLE_VALUE;
		s->pending_name = name;
		s->at = end;
		return true;
	}
	s->is_id = name == VFT_NAME_ID;
	return false;
}

static struct vft_span basename_of(struct vft_span path)
{
	size_t from = path.size;

	while (from && path.at[from - 1] != '/')
		from--;
	return (struct vft_span){path.at + from, path.size - from};
}

/* Words that say by themselves that what comes next is a secret. */
static void see_word(struct scan *s, size_t end)
{
	struct vft_span word = vft_scan_span(s, s->at, end);
	bool sets = vft_program_has_style(s->program, VFT_STYLE_SETTER);
	size_t next = end;

	if (vft_scan_find(s, s->at, end, "=:/") < end && !sets)
		return;
	if (sets && (vft_name_is_compound(word) || vft_scan_name(s, word) == VFT_NAME_SECRET)) {
		s->pending = VFT_STYLE_VALUE;
		s->pending_name = VFT_NAME_SECRET;
		return;
	}
	while (next < s->word_end && vft_scan_is(s->text[next], BLANK))
		next++;
	/* SQL: IDENTIFIED BY 'X', PASSWORD 'X' */
	if (next > end && next < s->word_end && vft_scan_is(s->text[next], QUOTE) &&
	    (vft_span_equals(word, "password") ||
	     (vft_span_equals(word, "by") && vft_span_equals(s->last, "identified")))) {
		s->pending = VFT_STYLE_VALUE;
		s->pending_name = VFT_NAME_SECRET;
	}
}

/* Whether nothing of the command comes behind @end. */
static bool is_last_word(const struct scan *s, size_t end)
{
	if (!s->is_spaced)
		return end + 1 >= s->size;
	while (end < s->word_end && vft_scan_is(s->text[end], BLANK | QUOTE) &&
	       s->text[end] != '\n')
		end++;
	return end == s->word_end || vft_scan_is(s->text[end], SEPARATOR) || s->text[end] == '>';
}

static bool take_argument(struct scan *s, size_t end)
{
	if (s->n_words > 2 && vft_program_has_style(s->program, VFT_STYLE_LAST) &&
	    is_last_word(s, end))
		return take_styled(s, VFT_STYLE_VALUE, VFT_NAME_NONE, s->at, end);
	if (s->n_words > 1 && s->text[s->at] != '/' && s->text[s->at] != '@' &&
	    vft_program_has_style(s->program, VFT_STYLE_SLASH) &&
	    vft_scan_find(s, s->at, end, "/") < end)
		return take_styled(s, VFT_STYLE_SLASH, VFT_NAME_NONE, s->at, end);
	return false;
}

/* The first word of a command, or one behind "sudo -u me" and the like. */
static void see_command(struct scan *s, size_t end)
{
	struct vft_span word = vft_scan_span(s, s->at, end), name = basename_of(word);
	bool may_run = vft_program_has_style(s->program, VFT_STYLE_RUNS);
	const struct vft_program *program;

	if (s->n_words && !may_run && !vft_span_equals(word, "login"))
		return;
	if (!name.size || name.size > MAX_COMMAND || vft_scan_find(s, s->at, end, "=") < end)
		return;
	program = vft_program_find(name);
	if (!s->n_words || program) {
		s->program = program;
		s->command = name;
		s->n_words = 0;
	}
}

/* A word begins at s->at. Whether it is done with; else its atoms are looked at. */
static bool begin_word(struct scan *s)
{
	size_t end = word_end(s, s->at);
	enum vft_style pending = s->pending;
	bool is_done = false;

	s->pending = VFT_STYLE_NONE;
	if (vft_scan_pem(s))
		return true;
	if (pending != VFT_STYLE_NONE && !is_option(vft_scan_span(s, s->at, end)))
		is_done = take_styled(s, pending, s->pending_name, s->at, end);
	if (!is_done && (s->text[s->at] == '-' || s->text[s->at] == '/'))
		is_done = take_option(s, end);
	if (!is_done && s->text[s->at] != '-') {
		see_command(s, end);
		s->n_words++;
		is_done = take_argument(s, end);
		if (!is_done)
			see_word(s, end);
	}
	s->last = vft_scan_span(s, s->at < end ? s->at : end, end);
	return is_done;
}

static void end_command(struct scan *s)
{
	s->program = NULL;
	s->command.size = 0;
	s->n_words = 0;
}

static void scan_argument(struct scan *s)
{
	s->is_start = true;
	while (s->at < s->word_end) {
		uint8_t c = s->text[s->at];

		if (s->is_spaced && vft_scan_is(c, BLANK | SEPARATOR)) {
			if (vft_scan_is(c, SEPARATOR))
				end_command(s);
			s->is_start = true;
			s->at++;
			continue;
		}
		if (s->is_start && !vft_scan_is(c, QUOTE)) {
			s->is_start = false;
			if ((s->pending || !vft_scan_is(c, DELIMITER)) && begin_word(s))
				continue;
		}
		if (vft_scan_is(c, DELIMITER))
			s->at++;
		else
			vft_scan_atom(s);
	}
}

static bool has_blank(const uint8_t *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (vft_scan_is(text[i], BLANK))
			return true;
	return false;
}

/* A line for a shell within an argument has commands of its own. */
static void scan_line(struct scan *s)
{
	const struct vft_program *program = s->program;
	struct vft_span command = s->command;
	unsigned int n_words = s->n_words;

	end_command(s);
	scan_argument(s);
	s->program = program;
	s->command = command;
	s->n_words = n_words + 1;
}

void vft_scan_words(struct scan *s)
{
	while (s->at < s->size && !s->error) {
		size_t from = s->at;

		s->word_end = from + strnlen((const char *)s->text + from, s->size - from);
		s->is_spaced = has_blank(s->text + from, s->word_end - from);
		if (s->is_spaced)
			scan_line(s);
		else
			scan_argument(s);
		s->at = s->word_end + 1;
	}
}
