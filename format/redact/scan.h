/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan.h - one walk over what a process said, word by word and atom by atom.
 *
 * A word is what a shell would split at blanks; an atom is a run without the bytes of DELIMITER.
 * Owns: nothing; redact.c makes a struct scan on its stack. Private to redact.c (the whole),
 * words.c (options and commands), atoms.c (names and values, URLs, keys) and scan.c (bytes).
 */
#ifndef VFT_REDACT_SCAN_H
#define VFT_REDACT_SCAN_H

#include <vft/meta.h>

#include "format/base/buffer.h"
#include "format/redact/rules.h"

struct vft_redact {
	uint64_t key[2];
	struct vft_rules rules;
	struct vft_buffer out;
	uint64_t counts[VFT_N_REMOVED];
};

/* One walk over one string. */
struct scan {
	struct vft_redact *redact;
	const uint8_t *text;
	size_t size, at;
	size_t word_end;          /* of the argument that @at is in */
	size_t copied;            /* of @text to redact->out */
	bool is_changed, is_path; /* is_path: the string is a file's name */
	bool is_spaced;           /* the argument has blanks: a sentence, or a line for a shell */
	bool is_start;            /* @at may be where a word of the argument begins */
	bool is_id;               /* what comes next identifies something */
	const struct vft_program *program;
	struct vft_span command, last; /* as it was called; the word before */
	enum vft_style pending;        /* the next word is the value of an option */
	enum vft_name pending_name;
	unsigned int n_words; /* of the command */
	int error;
};

enum {
	BLANK = 1,
	QUOTE = 2,     /* and the backslash before one */
	SEPARATOR = 4, /* ends a command in a line for a shell */
	DELIMITER = 8, /* no part of an atom */
	IS_DIGIT = 16,
	LETTER = 32,
};

static inline struct vft_span vft_scan_span(const struct scan *s, size_t from, size_t to)
{
	return (struct vft_span){s->text + from, to - from};
}

extern const uint8_t vft_scan_kinds[256];

static inline bool vft_scan_is(uint8_t c, unsigned int kind)
{
	return vft_scan_kinds[c] & kind;
}

/* ---- scan.c ---- */

bool vft_span_begins(struct vft_span with, const char *text);
/* @text is in lower case; the case of @word does not matter. */
bool vft_span_equals(struct vft_span word, const char *text);
/* The first of @bytes in @from..@to, or @to. */
size_t vft_scan_find(const struct scan *s, size_t from, size_t to, const char *bytes);
/* @from is behind an opening @quote: where it closes. */
size_t vft_scan_closing_quote(const struct scan *s, size_t from, uint8_t quote);
bool vft_scan_is_quoted(const struct scan *s, size_t at);
enum vft_name vft_scan_name(const struct scan *s, struct vft_span name);
/* Replace @from..@to, which lies behind what was replaced before, by its token. */
void vft_scan_remove(struct scan *s, size_t from, size_t to, enum vft_removed why);

/* ---- atoms.c ---- */

/* The atom at s->at, and its value if it is a name. */
void vft_scan_atom(struct scan *s);
/* A block in PEM at s->at; removed if it is a private key. Whether there was one. */
bool vft_scan_pem(struct scan *s);

/* ---- words.c ---- */

void vft_scan_words(struct scan *s);

#endif
