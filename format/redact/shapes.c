/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/redact/rules.h"

#include <string.h>

#define MIN_RANDOM  20u /* letters and digits: fewer do not tell chance from a name */
#define MIN_HEX     32u /* 128 bits */
#define MIN_TOKEN   15u /* with its prefix */
#define MIN_WRAPPED 12u
#define MAX_WRAPPED 1024u

enum class { OTHER, UPPER, LOWER, DIGIT };

static const uint8_t classes[256] = {
	['A' ... 'Z'] = UPPER, ['a' ... 'z'] = LOWER, ['0' ... '9'] = DIGIT};

struct vft_shape vft_shape_of(struct vft_span run)
{
	uint32_t n_of[4] = {0};
	struct vft_shape shape = {0};
	uint8_t last = OTHER;

	for (size_t i = 0; i < run.size; i++) {
		uint8_t c = run.at[i], class = classes[c];

		n_of[class]++;
		if (class == OTHER)
			continue;
		shape.n_hex += class == DIGIT || (c | 0x20) <= 'f';
		shape.n_switches += last != OTHER && class != last;
		last = class;
	}
	shape.n_upper = n_of[UPPER];
	shape.n_lower = n_of[LOWER];
	shape.n_digit = n_of[DIGIT];
	shape.n = shape.n_upper + shape.n_lower + shape.n_digit;
	return shape;
}

/*
 * Of two neighbours in random letters and digits 62 of 100 are of different classes, 40 where one
 * case is missing; in names that people make it is one in four or fewer, and digits are few.
 */
bool vft_shape_is_random(const struct vft_shape *shape)
{
	uint32_t n = shape->n;

	if (n < MIN_RANDOM)
		return false;
	if (shape->n_upper * 8 >= n && shape->n_lower * 8 >= n)
		return shape->n_digit ? shape->n_switches * 100 >= n * 36
				      : n >= 24 && shape->n_switches * 100 >= n * 42;
	return n >= 24 && (!shape->n_upper || !shape->n_lower) && shape->n_digit * 7 >= n &&
	       shape->n_digit * 3 <= n * 2 && shape->n_switches * 4 >= n;
}

bool vft_shape_is_hex_key(const struct vft_shape *shape)
{
	return shape->n >= MIN_HEX && shape->n_hex == shape->n && shape->n % 8 == 0 &&
	       shape->n_digit * 4 >= shape->n && shape->n_digit < shape->n &&
	       (!shape->n_upper || !shape->n_lower);
}

struct prefix {
	const char *text;
	unsigned int min; /* characters behind it */
};

/* As the services document them, and as public lists of such patterns have them; sorted. */
static const struct prefix prefixes[] = {
	{"ABSKQ", 60},
	{"AGE-SECRET-KEY-1", 30},
	{"AIza", 30},
	{"AKIA", 12},
	{"ASIA", 12},
	{"ATATT3", 30},
	{"CCIPAT_", 20},
	{"CLOJRS", 60},
	{"EAAC", 40},
	{"FLWSECK", 12},
	{"GOCSPX-", 20},
	{"LTAI", 12},
	{"MDM0", 60},
	{"NRAK-", 20},
	{"PMAK-", 24},
	{"SG.", 20},
	{"ZAPI", 24},
	{"api.telegram.org/bot", 20},
	{"atlasv1.", 20},
	{"dapi", 32},
	{"dckr_oat_", 20},
	{"dckr_pat_", 20},
	{"discord.com/api/webhooks/", 20},
	{"discordapp.com/api/webhooks/", 20},
	{"do1_", 20},
	{"doo_v1_", 32},
	{"dop_v1_", 32},
	{"dor_v1_", 32},
	{"dp.pt.", 20},
	{"dt0c01.", 20},
	{"eyJ", 17},
	{"figd_", 20},
	{"fio-u-", 20},
	{"gAAAAA", 60},
	{"gho_", 16},
	{"ghp_", 16},
	{"ghr_", 16},
	{"ghs_", 16},
	{"ghu_", 16},
	{"github_pat_", 20},
	{"glc_", 20},
	{"glcbt-", 16},
	{"gldt-", 16},
	{"glft-", 16},
	{"glimt-", 16},
	{"glpat-", 16},
	{"glptt-", 16},
	{"glrt-", 16},
	{"glsa_", 20},
	{"gsk_", 20},
	{"hf_", 20},
	{"hooks.slack.com/", 20},
	{"hvb.", 20},
	{"hvs.", 20},
	{"key-", 32},
	{"lin_api_", 20},
	{"mailchimp-", 20},
	{"nfp_", 20},
	{"npm_", 20},
	{"ntn_", 20},
	{"pk_live_", 16},
	{"pplx-", 20},
	{"pscale_pw_", 20},
	{"pscale_tkn_", 20},
	{"pul-", 20},
	{"pypi-", 20},
	{"r8_", 20},
	{"rdme_", 20},
	{"rk_live_", 16},
	{"rk_test_", 16},
	{"rubygems_", 20},
	{"s.", 24},
	{"secret_", 24},
	{"shpat_", 20},
	{"shpca_", 20},
	{"shppa_", 20},
	{"shpss_", 20},
	{"sk-", 20},
	{"sk_live_", 16},
	{"sk_test_", 16},
	{"sntrys_", 20},
	{"sntryu_", 20},
	{"sq0atp-", 16},
	{"sq0csp-", 16},
	{"tfp_", 20},
	{"tskey-", 16},
	{"vault:v1:", 16},
	{"whsec_", 16},
	{"xapp-", 16},
	{"xoxa-", 10},
	{"xoxb-", 10},
	{"xoxe-", 10},
	{"xoxe.", 10},
	{"xoxo-", 10},
	{"xoxp-", 10},
	{"xoxr-", 10},
	{"xoxs-", 10},
	{"ya29.", 20},
};

static bool is_token_byte(uint8_t c)
{
	return classes[c] != OTHER || c == '_' || c == '-' || c == '.' || c == '=' || c == '+' ||
	       c == '/' || c == '~' || c == ':';
}

static size_t token_run(struct vft_span word, size_t from)
{
	size_t at = from;

	while (at < word.size && is_token_byte(word.at[at]))
		at++;
	return at;
}

/* "sk-" and "s." begin ordinary names too; a token of theirs is random behind it. */
static bool is_weak(const struct prefix *prefix)
{
	return strlen(prefix->text) <= 4 && prefix->min >= 20;
}

static bool is_token(const struct prefix *prefix, struct vft_span word, size_t *ret_size)
{
	size_t n = strlen(prefix->text), end;
	struct vft_shape shape;

	if (word.size < n + prefix->min || memcmp(word.at, prefix->text, n) != 0)
		return false;
	end = token_run(word, n);
	if (end < n + prefix->min)
		return false;
	shape = vft_shape_of((struct vft_span){word.at + n, end - n});
	*ret_size = end;
	return is_weak(prefix) ? vft_shape_is_random(&shape) || vft_shape_is_hex_key(&shape)
			       : shape.n_digit > 0 || shape.n_upper > 0;
}

size_t vft_token_size(struct vft_span word)
{
	size_t from = 0, to = sizeof(prefixes) / sizeof(prefixes[0]), size;

	if (word.size < MIN_TOKEN)
		return 0;
	while (from < to) { /* the first that begins with the same two bytes */
		size_t middle = (from + to) / 2;

		if (memcmp(prefixes[middle].text, word.at, 2) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	for (; from < sizeof(prefixes) / sizeof(prefixes[0]); from++) {
		if (memcmp(prefixes[from].text, word.at, 2) != 0)
			return 0;
		if (is_token(&prefixes[from], word, &size))
			return size;
	}
	return 0;
}

static int sextet(uint8_t c)
{
	switch (classes[c]) {
	case UPPER:
		return c - 'A';
	case LOWER:
		return c - 'a' + 26;
	case DIGIT:
		return c - '0' + 52;
	default:
		return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
	}
}

bool vft_is_wrapped(struct vft_span word)
{
	uint32_t bits = 0, n_bits = 0;
	size_t n = 0;
	bool has_sign = false;

	while (word.size && word.at[word.size - 1] == '=')
		word.size--;
	if (word.size < MIN_WRAPPED || word.size > MAX_WRAPPED)
		return false;
	for (size_t i = 0; i < word.size; i++) {
		int value = sextet(word.at[i]);
		uint8_t c;

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		c = (uint8_t)(bits >> n_bits);
		if ((c < ' ' && c != '\n') || c > '~')
			return false;
		has_sign = has_sign || ((c == ':' || c == '=') && n);
		n++;
	}
	return has_sign;
}
