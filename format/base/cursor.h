/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cursor.h - reads bytes that nobody vouches for, and cannot overrun.
 *
 * The one place where pointers into file bytes move. A read that does not fit fails stickily: it
 * and every later one give zero, and one check of ->failed after a group of reads is enough. A
 * length is compared with what remains, never subtracted from.
 */
#ifndef VFT_BASE_CURSOR_H
#define VFT_BASE_CURSOR_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct vft_cursor {
	const uint8_t *at, *end;
	bool failed;
};

#define VFT_LIKELY(x)   __builtin_expect(!!(x), 1)
#define VFT_UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline struct vft_cursor vft_cursor_init(const void *data, size_t size)
{
	const uint8_t *p = data;

	return (struct vft_cursor){p, size ? p + size : p, false};
}

static inline size_t vft_cursor_left(const struct vft_cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline void vft_cursor_fail(struct vft_cursor *c)
{
	c->failed = true;
	c->at = c->end;
}

/* Everything was read, and nothing beyond. */
static inline bool vft_cursor_is_done(const struct vft_cursor *c)
{
	return !c->failed && c->at == c->end;
}

/* @size bytes in place, or NULL. */
static inline const uint8_t *vft_cursor_bytes(struct vft_cursor *c, size_t size)
{
	const uint8_t *p = c->at;

	if (size > vft_cursor_left(c)) {
		vft_cursor_fail(c);
		return NULL;
	}
	if (size)
		c->at += size;
	return p;
}

/* A cursor over the next @size bytes; a failed one when they are not there. */
static inline struct vft_cursor vft_cursor_sub(struct vft_cursor *c, size_t size)
{
	const uint8_t *p = vft_cursor_bytes(c, size);
	struct vft_cursor sub = vft_cursor_init(p, p ? size : 0);

	sub.failed = c->failed;
	return sub;
}

/* Move to the next occurrence of @pattern, if there is one. Never fails. */
static inline bool vft_cursor_find(struct vft_cursor *c, const void *pattern, size_t size)
{
	const uint8_t *p =
		c->at == c->end ? NULL : memmem(c->at, vft_cursor_left(c), pattern, size);

	if (p)
		c->at = p;
	return p != NULL;
}

static inline uint8_t vft_cursor_u8(struct vft_cursor *c)
{
	const uint8_t *p = vft_cursor_bytes(c, 1);

	return p ? *p : 0;
}

/* Little-endian, whatever the machine is. */
static inline uint64_t vft_cursor_fixed(struct vft_cursor *c, unsigned int size)
{
	const uint8_t *p = vft_cursor_bytes(c, size);
	uint64_t value = 0;

	for (unsigned int i = 0; p && i < size; i++)
		value |= (uint64_t)p[i] << (8 * i);
	return value;
}

static inline uint16_t vft_cursor_u16(struct vft_cursor *c)
{
	return (uint16_t)vft_cursor_fixed(c, 2);
}

static inline uint32_t vft_cursor_u32(struct vft_cursor *c)
{
	return (uint32_t)vft_cursor_fixed(c, 4);
}

static inline uint64_t vft_cursor_u64(struct vft_cursor *c)
{
	return vft_cursor_fixed(c, 8);
}

/* The part of a LEB128 behind its first byte, which is the last one read: byte by byte. */
static inline uint64_t vft_cursor_varint_slow(struct vft_cursor *c, uint64_t value)
{
	value &= 0x7f;
	for (unsigned int shift = 7; shift < 64; shift += 7) {
		uint8_t byte;

		if (c->at == c->end)
			break;
		byte = *c->at++;
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	vft_cursor_fail(c);
	return 0;
}

/* The same, eight bytes at once where there are as many. */
static inline uint64_t vft_cursor_varint_rest(struct vft_cursor *c, uint64_t value)
{
	uint64_t word, stops;
	unsigned int bits;

	if (VFT_UNLIKELY(c->end - c->at < 8))
		return vft_cursor_varint_slow(c, value);
	memcpy(&word, c->at, 8);
	word = le64toh(word);
	stops = ~word & 0x8080808080808080;
	if (VFT_UNLIKELY(!stops))
		return vft_cursor_varint_slow(c, value);
	bits = (unsigned int)__builtin_ctzll(stops) + 1;
	c->at += bits / 8;
	/* Eight groups of seven bits move together, by pairs, by fours, by eights: no loop whose
	 * end the processor has to guess. */
	word &= UINT64_MAX >> (64 - bits);
	word = (word & 0x007f007f007f007f) | (word & 0x7f007f007f007f00) >> 1;
	word = (word & 0x00003fff00003fff) | (word & 0x3fff00003fff0000) >> 2;
	word = (word & 0x000000000fffffff) | (word & 0x0fffffff00000000) >> 4;
	return (value & 0x7f) | word << 7;
}

/* Unsigned LEB128 of at most 64 bits. Overlong forms are accepted, an eleventh byte is not. */
static inline uint64_t vft_cursor_varint(struct vft_cursor *c)
{
	uint64_t byte;

	if (VFT_UNLIKELY(c->at == c->end)) {
		vft_cursor_fail(c);
		return 0;
	}
	byte = *c->at++;
	if (VFT_LIKELY(byte < 0x80))
		return byte;
	return vft_cursor_varint_rest(c, byte);
}

static inline uint64_t vft_unzigzag(uint64_t value)
{
	return (value >> 1) ^ (0 - (value & 1));
}

static inline uint64_t vft_zigzag(uint64_t value)
{
	return (value << 1) ^ (0 - (value >> 63));
}

static inline uint64_t vft_cursor_svarint(struct vft_cursor *c)
{
	return vft_unzigzag(vft_cursor_varint(c));
}

#endif
