/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/base/parse.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{"", 1000000000}, /* as in sleep and timeout */
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

static const struct unit *find_unit(const struct unit *units, size_t n_units, const char *name,
				    size_t size)
{
	for (size_t i = 0; i < n_units; i++)
		if (strlen(units[i].name) == size && !memcmp(units[i].name, name, size))
			return &units[i];
	return NULL;
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

/* "90", "1.5s", "30m": a number and its unit at *text, which moves behind them. */
static int parse_part(const char **text, uint64_t *ret_ns, uint64_t *ret_factor)
{
	uint64_t value, numerator = 0, denominator = 1;
	const struct unit *unit;
	size_t size;
	int r = parse_digits(text, &value);

	if (r == 0 && **text == '.') {
		(*text)++;
		r = parse_fraction(text, &numerator, &denominator);
	}
	if (r < 0)
		return r;
	size = strspn(*text, "nusmhd");
	unit = find_unit(durations, sizeof(durations) / sizeof(durations[0]), *text, size);
	if (!unit)
		return -EINVAL;
	*text += size;
	if (__builtin_mul_overflow(value, unit->factor, &value))
		return -ERANGE;
	/* Cannot overflow apart: numerator < 10^9, and a factor is below 10^14, so go by parts. */
	numerator = unit->factor / denominator * numerator +
		    unit->factor % denominator * numerator / denominator;
	if (__builtin_add_overflow(value, numerator, ret_ns))
		return -ERANGE;
	*ret_factor = size ? unit->factor : 0;
	return denominator > 1; /* nothing may follow */
}

int vft_parse_duration(const char *text, uint64_t *ret_ns)
{
	uint64_t total = 0, before = UINT64_MAX;
	bool is_first = true;
	int r;

	do {
		uint64_t ns, factor;

		r = parse_part(&text, &ns, &factor);
		if (r < 0)
			return r;
		/* From large to small, each once. A bare number stands alone. */
		if (factor >= before || (!factor && !is_first) || ((!factor || r) && *text))
			return -EINVAL;
		if (__builtin_add_overflow(total, ns, &total))
			return -ERANGE;
		before = factor;
		is_first = false;
	} while (*text);
	*ret_ns = total;
	return 0;
}

int vft_parse_size(const char *text, uint64_t *ret_bytes)
{
	const struct unit *unit;
	uint64_t value;
	int r = parse_digits(&text, &value);

	if (r < 0)
		return r;
	unit = find_unit(sizes, sizeof(sizes) / sizeof(sizes[0]), text, strlen(text));
	if (!unit)
		return -EINVAL;
	if (__builtin_mul_overflow(value, unit->factor, &value))
		return -ERANGE;
	*ret_bytes = value;
	return 0;
}
