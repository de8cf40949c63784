/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * same.h - whether two short runs of bytes are the same, without the call that memcmp() is.
 */
#ifndef VFT_BASE_SAME_H
#define VFT_BASE_SAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool vft_are_same_bytes(const void *a, const void *b, size_t size)
{
	const uint8_t *p = (const uint8_t *)a, *q = (const uint8_t *)b;
	uint64_t head_p, head_q, tail_p, tail_q;

	if (size > 16)
		return !memcmp(p, q, size);
	if (size >= 8) { /* two words, which overlap */
		memcpy(&head_p, p, 8);
		memcpy(&head_q, q, 8);
		memcpy(&tail_p, p + size - 8, 8);
		memcpy(&tail_q, q + size - 8, 8);
		return !((head_p ^ head_q) | (tail_p ^ tail_q));
	}
	for (; size; size--, p++, q++)
		if (*p != *q)
			return false;
	return true;
}

#endif
