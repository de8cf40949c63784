/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crc32c.h - CRC-32C (Castagnoli), as every block carries it twice. Check value E3069283.
 */
#ifndef VFT_BASE_CRC32C_H
#define VFT_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of @size bytes; @crc is 0, or the result for the bytes before them. */
uint32_t vft_crc32c(uint32_t crc, const void *data, size_t size);

/* The same without the CPU's instruction; for tests, and for CPUs that have none. */
uint32_t vft_crc32c_portable(uint32_t crc, const void *data, size_t size);

#endif
