/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash.h - a fast seeded hash for tables in memory. Never on disk.
 */
#ifndef VFT_BASE_HASH_H
#define VFT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t vft_hash_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ (hash >> 29);
}

static inline uint64_t vft_hash_bytes(uint64_t seed, const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t hash = vft_hash_mix(seed, size), word;

	for (; size >= sizeof(word); size -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		hash = vft_hash_mix(hash, word);
	}
	if (size) {
		word = 0;
		memcpy(&word, p, size);
		hash = vft_hash_mix(hash, word);
	}
	return hash ^ (hash >> 32);
}

#endif
