/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse.h - numbers, durations and sizes as people type them, strictly.
 *
 * No sign, no blanks, no rest, no locale: digits and, where one belongs, a unit. All return 0 and
 * fill the result, -EINVAL for what is not of the form, -ERANGE for what is too large or too small.
 */
#ifndef VFT_BASE_PARSE_H
#define VFT_BASE_PARSE_H

#include <stdint.h>

#include <vft/err.h>

/* Decimal digits. */
VFT_MUST_CHECK int vft_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

/*
 * "250ms", "10s", "1.5s", "5m", "1h30m"; also ns, us and d. A bare number is seconds: "5", "0.5".
 * Of several parts each has a unit, smaller than the one before; a fraction ends it.
 */
VFT_MUST_CHECK int vft_parse_duration(const char *text, uint64_t *ret_ns);

/* "4096", "64K", "64M", "1G", "1T": powers of 1024. */
VFT_MUST_CHECK int vft_parse_size(const char *text, uint64_t *ret_bytes);

#endif
