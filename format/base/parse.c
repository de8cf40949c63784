/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/base/parse.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{"ns", 1},
	{"us", 1000},
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60000000000ull},
	{"h", 3600000000000ull},
	{"d", 86400000000000ull},
};

static const struct unit sizes[] = {
	{"", 1}, {"K", 1ull << 10}, {"M", 1ull << 20}, {"G", 1ull << 30}, {"T", 1ull << 40},
};

/* Digits at *text, which moves behind them. */
static int parse_digits(const char **text, uint64_t *ret)
{
	const char *p = *text;
	uint64_t value = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return -ERANGE;
	}
	*text = p;
	*ret = value;
	return 0;
}

int vft_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t value;
	int r = parse_digits(&text, &value);

	if (r < 0)
		return r;
	if (*text)
		return -EINVAL;
	if (value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

static uint64_t find_factor(const struct unit *units, size_t n_units, const char *name)
{
	for (size_t i = 0; i < n_units; i++)
		if (!strcmp(units[i].name, name))
			return units[i].factor;
	return 0;
}

/* @factor times the decimal fraction at *text ("." is behind us), in whole units. */
static int parse_fraction(const char **text, uint64_t *ret_numerator, uint64_t *ret_denominator)
{
	const char *first = *text;
	int r = parse_digits(text, ret_numerator);

	if (r < 0)
		return r;
	if (*text - first > 9)
		return -ERANGE;
	for (*ret_denominator = 1; first < *text; first++)
		*ret_denominator *= 10;
	return 0;
}

int vft_parse_duration(const char *text, uint64_t *ret_ns)
{
	uint64_t value, factor, numerator = 0, denominator = 1;
	int r = parse_digits(&text, &value);

	if (r < 0)
		return r;
	if (!*text && !value) {
		*ret_ns = 0;
		return 0;
	}
	if (*text == '.') {
		text++;
		r = parse_fraction(&text, &numerator, &denominator);
		if (r < 0)
			return r;
	}
	factor = find_factor(durations, sizeof(durations) / sizeof(durations[0]), text);
	if (!factor)
		return -EINVAL;
	if (__builtin_mul_overflow(value, factor, &value))
		return -ERANGE;
	/* Cannot overflow apart: numerator < 10^9, and a factor is below 10^14, so go by parts. */
	numerator =
		factor / denominator * numerator + factor % denominator * numerator / denominator;
	if (__builtin_add_overflow(value, numerator, &value))
		return -ERANGE;
	*ret_ns = value;
	return 0;
}

int vft_parse_size(const char *text, uint64_t *ret_bytes)
{
	uint64_t value, factor;
	int r = parse_digits(&text, &value);

	if (r < 0)
		return r;
	factor = find_factor(sizes, sizeof(sizes) / sizeof(sizes[0]), text);
	if (!factor)
		return -EINVAL;
	if (__builtin_mul_overflow(value, factor, &value))
		return -ERANGE;
	*ret_bytes = value;
	return 0;
}
