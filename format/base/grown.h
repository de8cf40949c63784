/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * grown.h - structs of the public headers that begin with their size, as an older or newer program
 * knows them.
 */
#ifndef VFT_BASE_GROWN_H
#define VFT_BASE_GROWN_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <vft/err.h>

/*
 * Copy @given, which begins with its size, to @ret of @size bytes; what it does not have is zero.
 * -EINVAL: less than @least bytes; -E2BIG: more than we know, and not zero.
 */
VFT_MUST_CHECK static inline int vft_grown_take(const void *given, size_t least, void *ret,
						size_t size)
{
	const uint8_t *bytes = (const uint8_t *)given;
	size_t given_size;

	memcpy(&given_size, given, sizeof(given_size));
	if (given_size < least)
		return -EINVAL;
	for (size_t i = size; i < given_size; i++)
		if (bytes[i])
			return -E2BIG;
	memset(ret, 0, size);
	memcpy(ret, given, given_size < size ? given_size : size);
	return 0;
}

/* The other way: fill the caller's @to, which begins with its size, from @from of @size bytes. */
VFT_MUST_CHECK static inline int vft_grown_give(const void *from, size_t size, size_t least,
						void *to)
{
	size_t to_size;

	memcpy(&to_size, to, sizeof(to_size));
	if (to_size < least)
		return -EINVAL;
	memset(to, 0, to_size);
	memcpy(to, from, to_size < size ? to_size : size);
	memcpy(to, &to_size, sizeof(to_size));
	return 0;
}

/* Up to the end of @member, the last that the first version had. */
#define VFT_LEAST(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

#endif
