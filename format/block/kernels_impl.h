/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernels_impl.h - what the sets of kernels share: the operations, and one value of each. Internal
 * to kernels.c and kernels_x86.c.
 */
#ifndef VFT_KERNELS_IMPL_H
#define VFT_KERNELS_IMPL_H

#include <endian.h>
#include <string.h>

#include "format/base/cursor.h"
#include "format/block/kernels.h"

#define VFT_INLINE static inline __attribute__((always_inline))

enum operation {
	OP_UINT32,
	OP_UINT64,
	OP_SINT32,
	OP_SINT64,
	OP_DELTA32,
	OP_DELTA64,
	OP_CHECK,
};

struct run {
	uint32_t *out32;
	uint64_t *out64;
	uint64_t last; /* of the deltas */
	uint64_t bad;  /* becomes nonzero at the first value that does not fit */
};

/* Value number @k. @op is a constant wherever this is called. */
VFT_INLINE void emit(enum operation op, struct run *run, size_t k, uint64_t v)
{
	switch (op) {
	case OP_UINT32:
		run->bad |= v >> 32;
		run->out32[k] = (uint32_t)v;
		break;
	case OP_UINT64:
		run->out64[k] = v;
		break;
	case OP_SINT32:
		v = vft_unzigzag(v);
		run->bad |= (v + 0x80000000u) >> 32;
		run->out32[k] = (uint32_t)v;
		break;
	case OP_SINT64:
		run->out64[k] = vft_unzigzag(v);
		break;
	case OP_DELTA32:
		run->last += vft_unzigzag(v);
		run->bad |= run->last >> 32;
		run->out32[k] = (uint32_t)run->last;
		break;
	case OP_DELTA64:
		run->last += vft_unzigzag(v);
		run->out64[k] = run->last;
		break;
	case OP_CHECK:
		break;
	}
}

/* A varint of @size bytes, more than eight of them. */
VFT_INLINE uint64_t long_varint(const uint8_t *p, size_t size, uint64_t *bad)
{
	uint64_t value = 0;

	if (size > 10 || (size == 10 && p[9] > 1)) {
		*bad = 1;
		return 0;
	}
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)(p[i] & 0x7f) << (7 * i);
	return value;
}

/* The set: @walk(op, p, size, n, run) goes over the bytes. */
#define VFT_KERNEL_SET(ATTRIBUTE, walk)                                                            \
	ATTRIBUTE static bool walk##_uint32(const uint8_t *p, size_t size, uint32_t *out,          \
					    size_t n)                                              \
	{                                                                                          \
		struct run run = {.out32 = out};                                                   \
                                                                                                   \
		return walk(OP_UINT32, p, size, n, &run);                                          \
	}                                                                                          \
	ATTRIBUTE static bool walk##_uint64(const uint8_t *p, size_t size, uint64_t *out,          \
					    size_t n)                                              \
	{                                                                                          \
		struct run run = {.out64 = out};                                                   \
                                                                                                   \
		return walk(OP_UINT64, p, size, n, &run);                                          \
	}                                                                                          \
	ATTRIBUTE static bool walk##_sint32(const uint8_t *p, size_t size, uint32_t *out,          \
					    size_t n)                                              \
	{                                                                                          \
		struct run run = {.out32 = out};                                                   \
                                                                                                   \
		return walk(OP_SINT32, p, size, n, &run);                                          \
	}                                                                                          \
	ATTRIBUTE static bool walk##_sint64(const uint8_t *p, size_t size, uint64_t *out,          \
					    size_t n)                                              \
	{                                                                                          \
		struct run run = {.out64 = out};                                                   \
                                                                                                   \
		return walk(OP_SINT64, p, size, n, &run);                                          \
	}                                                                                          \
	ATTRIBUTE static bool walk##_delta32(const uint8_t *p, size_t size, uint32_t *out,         \
					     size_t n)                                             \
	{                                                                                          \
		struct run run = {.out32 = out};                                                   \
                                                                                                   \
		return walk(OP_DELTA32, p, size, n, &run);                                         \
	}                                                                                          \
	ATTRIBUTE static bool walk##_delta64(const uint8_t *p, size_t size, uint64_t *out,         \
					     size_t n, uint64_t first)                             \
	{                                                                                          \
		struct run run = {.out64 = out, .last = first};                                    \
                                                                                                   \
		return walk(OP_DELTA64, p, size, n, &run);                                         \
	}                                                                                          \
	ATTRIBUTE static bool walk##_check(const uint8_t *p, size_t size, size_t n)                \
	{                                                                                          \
		struct run run = {0};                                                              \
                                                                                                   \
		return walk(OP_CHECK, p, size, n, &run);                                           \
	}

#define VFT_KERNEL_TABLE(walk)                                                                     \
	{                                                                                          \
		.uint32 = walk##_uint32, .uint64 = walk##_uint64, .sint32 = walk##_sint32,         \
		.sint64 = walk##_sint64, .delta32 = walk##_delta32, .delta64 = walk##_delta64,     \
		.check = walk##_check, .count = walk##_count,                                      \
	}

/* Defined where there is an x86 compiler; NULL: this CPU lacks what they use. */
const struct vft_kernels *vft_kernels_x86(void);

#endif
