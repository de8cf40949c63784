/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules.h - what redact.c asks: is a name that of a secret, does a word look like one, does a
 * program take a password with this option?
 *
 * Owns: the tables. Pure functions of bytes, but for struct vft_rules, which a user's file adds to.
 * Called by: redact.c alone.
 */
#ifndef VFT_REDACT_RULES_H
#define VFT_REDACT_RULES_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vft/err.h>

struct vft_span {
	const uint8_t *at;
	size_t size;
};

/* ---- names.c ---- */

enum vft_name {
	VFT_NAME_NONE,
	VFT_NAME_SECRET, /* whatever the value is */
	VFT_NAME_KEY,    /* unless the value is a path, a number or the like */
	VFT_NAME_HEADER, /* of HTTP: the value runs to the end of the line */
	VFT_NAME_ID,     /* the value is an identifier, however random it looks */
};

/* By the last words of @name: db_password, --apiKey, AWS_SECRET_ACCESS_KEY. */
enum vft_name vft_name_find(struct vft_span name);
/* Several words, of which the last say that it is a secret: aws_secret_access_key. */
bool vft_name_is_compound(struct vft_span name);
/* Whether @value is what a secret never is: nothing, a reference such as $X, a word like "none". */
bool vft_value_is_harmless(struct vft_span value, enum vft_name name);

/* ---- shapes.c ---- */

/* What one walk over a word counts. */
struct vft_shape {
	uint32_t n, n_upper, n_lower, n_digit, n_hex, n_switches;
};

struct vft_shape vft_shape_of(struct vft_span run);
/* Letters and digits as a random generator draws them, not as people name things. */
bool vft_shape_is_random(const struct vft_shape *shape);
bool vft_shape_is_hex_key(const struct vft_shape *shape);
/* The length of the token of a known service that @word begins with, or 0. */
size_t vft_token_size(struct vft_span word);
/* Whether @word is base64 of text that has a colon or an equals sign: user:password. */
bool vft_is_wrapped(struct vft_span word);

/* ---- programs.c ---- */

enum vft_style {
	VFT_STYLE_NONE,
	VFT_STYLE_VALUE,  /* -p X, or -pX */
	VFT_STYLE_NEXT,   /* -p X alone: -pX means something else */
	VFT_STYLE_JOINED, /* -pX alone: -p asks */
	VFT_STYLE_PAIR,   /* -u user:X, -u user,X and -U user%X */
	VFT_STYLE_SLASH,  /* user/X@host, no option */
	VFT_STYLE_LAST,   /* the last argument */
	VFT_STYLE_SETTER, /* set aws_secret_access_key X */
	VFT_STYLE_IDS,    /* its hexadecimal arguments are identifiers */
	VFT_STYLE_RUNS,   /* its arguments are another command */
};

struct vft_program {
	const char *name;
	const char *option; /* with its dash; NULL = style is of the program as such */
	enum vft_style style;
};

/* The first line of @name, the basename of a command, in the table; NULL if it has none. */
const struct vft_program *vft_program_find(struct vft_span name);
/* The style of @word among the lines of @program, and how much of @word is the option. */
enum vft_style vft_program_find_option(const struct vft_program *program, struct vft_span word,
				       size_t *ret_size);
bool vft_program_has_style(const struct vft_program *program, enum vft_style style);

/* ---- extra.c ---- */

struct vft_option_rule {
	char *program, *option;
};

/* What --redact-rules adds. */
struct vft_rules {
	char **names, **prefixes;
	size_t n_names, n_prefixes;
	struct vft_option_rule *options;
	size_t n_options;
	regex_t *regexes;
	size_t n_regexes;
};

VFT_MUST_CHECK int vft_rules_add(struct vft_rules *rules, const char *line, struct vft_err *err);
void vft_rules_release(struct vft_rules *rules);
bool vft_rules_has_name(const struct vft_rules *rules, struct vft_span name);
size_t vft_rules_token_size(const struct vft_rules *rules, struct vft_span word);
enum vft_style vft_rules_find_option(const struct vft_rules *rules, struct vft_span program,
				     struct vft_span word, size_t *ret_size);

#endif
