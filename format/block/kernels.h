/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernels.h - the values of one column, all at once, into an array.
 *
 * Owns: the loops over varints, one set for every machine and one for x86 CPUs with AVX2 and BMI2,
 * of which the first call picks. Never does: I/O, allocation, knowing what a column means. Called
 * by: columns.c; tests compare the sets with each other and with the cursor.
 */
#ifndef VFT_KERNELS_H
#define VFT_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes behind a column's end that a kernel may read, whatever they are. */
#define VFT_SLACK 64u

/*
 * Each decodes the @size bytes at @p into @n values and returns whether they are exactly @n, each a
 * varint of at most 64 bits whose value fits its type. What @out holds after false is undefined.
 */
struct vft_kernels {
	bool (*uint32)(const uint8_t *p, size_t size, uint32_t *out, size_t n);
	bool (*uint64)(const uint8_t *p, size_t size, uint64_t *out, size_t n);
	bool (*sint32)(const uint8_t *p, size_t size, uint32_t *out,
		       size_t n); /* two's complement */
	bool (*sint64)(const uint8_t *p, size_t size, uint64_t *out, size_t n);
	/* Running sums of zigzag values, from @first on. */
	bool (*delta32)(const uint8_t *p, size_t size, uint32_t *out, size_t n);
	bool (*delta64)(const uint8_t *p, size_t size, uint64_t *out, size_t n, uint64_t first);
	bool (*check)(const uint8_t *p, size_t size, size_t n); /* of a column nobody wants */
	size_t (*count)(const uint8_t *p, size_t size);         /* bytes that end a varint */
};

extern const struct vft_kernels vft_kernels_portable;

/* The fastest set that this CPU has. */
const struct vft_kernels *vft_kernels_get(void);

#endif
