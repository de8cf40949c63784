/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/base/crc32c.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif

/* One step of the reflected polynomial 82F63B78, four bits at a time: sixteen words are a table
 * that needs no initialisation at run time. */
static const uint32_t nibbles[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t vft_crc32c_portable(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *p = data;

	crc = ~crc;
	for (size_t i = 0; i < size; i++) {
		crc ^= p[i];
		crc = (crc >> 4) ^ nibbles[crc & 15];
		crc = (crc >> 4) ^ nibbles[crc & 15];
	}
	return ~crc;
}

#if defined(__x86_64__)

static bool have_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *p,
								 size_t size)
{
	uint64_t wide = ~crc & UINT32_MAX;
	uint32_t narrow;

	for (; size >= 8; size -= 8, p += 8) {
		uint64_t word;

		memcpy(&word, p, sizeof(word));
		wide = _mm_crc32_u64(wide, word);
	}
	narrow = (uint32_t)wide;
	for (; size; size--, p++)
		narrow = _mm_crc32_u8(narrow, *p);
	return ~narrow;
}

#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

static bool have_instruction(void)
{
	return getauxval(AT_HWCAP) & HWCAP_CRC32;
}

__attribute__((target("+crc"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *p,
							       size_t size)
{
	crc = ~crc;
	for (; size >= 8; size -= 8, p += 8) {
		uint64_t word;

		memcpy(&word, p, sizeof(word));
		crc = __crc32cd(crc, word);
	}
	for (; size; size--, p++)
		crc = __crc32cb(crc, *p);
	return ~crc;
}

#else

static bool have_instruction(void)
{
	return false;
}

static uint32_t by_instruction(uint32_t crc, const uint8_t *p, size_t size)
{
	return vft_crc32c_portable(crc, p, size);
}

#endif

uint32_t vft_crc32c(uint32_t crc, const void *data, size_t size)
{
	return have_instruction() ? by_instruction(crc, data, size)
				  : vft_crc32c_portable(crc, data, size);
}
