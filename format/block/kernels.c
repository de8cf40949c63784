/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/kernels_impl.h"

#define HIGH_BITS 0x8080808080808080ull

/* The lowest byte is the one at @p, whatever the machine is. */
VFT_INLINE uint64_t load(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, 8);
	return le64toh(word);
}

/* Eight groups of seven bits move together, by pairs, by fours, by eights. */
VFT_INLINE uint64_t gather(uint64_t word)
{
	word = (word & 0x007f007f007f007full) | (word & 0x7f007f007f007f00ull) >> 1;
	word = (word & 0x00003fff00003fffull) | (word & 0x3fff00003fff0000ull) >> 2;
	return (word & 0x000000000fffffffull) | (word & 0x0fffffff00000000ull) >> 4;
}

VFT_INLINE size_t length(const uint8_t *p, size_t left)
{
	size_t n = 1;

	while (n < left && p[n - 1] >= 0x80)
		n++;
	return n;
}

VFT_INLINE bool portable(enum operation op, const uint8_t *p, size_t size, size_t n,
			 struct run *run)
{
	size_t at = 0, k = 0;

	while (at < size && k < n) {
		uint64_t word = load(p + at), stops = ~word & HIGH_BITS;
		size_t bytes;

		if (stops == HIGH_BITS && size - at >= 8 && n - k >= 8) {
			for (unsigned int i = 0; i < 8; i++)
				emit(op, run, k + i, word >> (8 * i) & 0x7f);
			at += 8;
			k += 8;
			continue;
		}
		bytes = stops ? (size_t)__builtin_ctzll(stops) / 8 + 1 : length(p + at, size - at);
		if (VFT_UNLIKELY(bytes > size - at || p[at + bytes - 1] >= 0x80))
			return false;
		if (VFT_LIKELY(bytes <= 8))
			word = gather(word & UINT64_MAX >> (64 - 8 * bytes));
		else
			word = long_varint(p + at, bytes, &run->bad);
		emit(op, run, k++, word);
		at += bytes;
	}
	return at == size && k == n && !run->bad;
}

static size_t portable_count(const uint8_t *p, size_t size)
{
	size_t n = 0, i = 0;

	for (; size - i >= 8; i += 8)
		n += (size_t)__builtin_popcountll(~load(p + i) & HIGH_BITS);
	for (; i < size; i++)
		n += p[i] < 0x80;
	return n;
}

VFT_KERNEL_SET(, portable)

const struct vft_kernels vft_kernels_portable = VFT_KERNEL_TABLE(portable);

#ifndef __x86_64__
const struct vft_kernels *vft_kernels_x86(void)
{
	return NULL;
}
#endif

const struct vft_kernels *vft_kernels_get(void)
{
	const struct vft_kernels *x86 = vft_kernels_x86();

	return x86 ? x86 : &vft_kernels_portable;
}
