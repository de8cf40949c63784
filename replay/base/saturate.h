/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * saturate.h - sums that stay at the largest number instead of starting anew: what a file claims to
 * have lost must not add up to nothing.
 */
#ifndef REP_SATURATE_H
#define REP_SATURATE_H

#include <stdint.h>

static inline uint64_t rep_add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

#endif
