/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * digits.h - decimal digits, eight at a time: exports are mostly numbers.
 *
 * Never does: check for room. Called by: buf.c, and by who has reserved it for many numbers.
 */
#ifndef REP_DIGITS_H
#define REP_DIGITS_H

#include <stdint.h>
#include <string.h>

#define REP_MAX_DIGITS  20u
/* Bytes that may be written, of which those behind the digits mean nothing. */
#define REP_DIGITS_ROOM 24u

/* The digits of @value, below 10^8, one a byte and the first one lowest. No table and no branch:
 * each step halves the numbers in all lanes, by a multiplication that is exact in its range. */
static inline uint64_t rep_digits_spread(uint32_t value)
{
	uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
	uint64_t top = fours * 10486 >> 20 & 0x7f0000007full;
	uint64_t pairs = ((fours - 100 * top) << 16) + top;
	uint64_t tens = pairs * 103 >> 10 & 0x000f000f000f000full;

	return tens + ((pairs - 10 * tens) << 8);
}

static inline char *rep_digits_store(char *p, uint64_t digits)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	digits = __builtin_bswap64(digits);
#endif
	memcpy(p, &digits, sizeof(digits));
	return p + sizeof(digits);
}

#define REP_DIGIT_ZEROS 0x3030303030303030ull

/* All eight, with zeros in front. */
static inline char *rep_digits_eight(char *p, uint32_t value)
{
	return rep_digits_store(p, rep_digits_spread(value) | REP_DIGIT_ZEROS);
}

/* Without zeros in front; below 10^8. */
static inline char *rep_digits_few(char *p, uint32_t value)
{
	uint64_t digits = rep_digits_spread(value);
	unsigned int zeros = (unsigned int)__builtin_ctzll(digits | 1ull << 56) / 8;

	digits = (digits | REP_DIGIT_ZEROS) >> (8 * zeros);
	return rep_digits_store(p, digits) - zeros;
}

/* What is more than a few digits; in buf.c. */
char *rep_digits_many(char *p, uint64_t value);

/* @value at @p, where there is REP_DIGITS_ROOM; its end. */
static inline char *rep_digits(char *p, uint64_t value)
{
	if (value >= 10)
		return rep_digits_many(p, value);
	*p = (char)('0' + value);
	return p + 1;
}

#endif
