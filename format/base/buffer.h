/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buffer.h - a growable run of bytes for what is being written.
 *
 * Reserve first, which may fail; then put, which cannot: so an event is either wholly in its
 * columns or not at all.
 */
#ifndef VFT_BASE_BUFFER_H
#define VFT_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <vft/err.h>

#define VFT_VARINT_MAX 10u /* bytes of the longest LEB128 */

struct vft_buffer {
	uint8_t *data;
	size_t size, capacity;
};

/* The slow half of vft_buffer_reserve. -ENOMEM. */
VFT_MUST_CHECK int vft_buffer_grow(struct vft_buffer *buffer, size_t extra);
void vft_buffer_release(struct vft_buffer *buffer);

/* Room for @extra more bytes. -ENOMEM. */
VFT_MUST_CHECK static inline int vft_buffer_reserve(struct vft_buffer *b, size_t extra)
{
	return b->capacity - b->size >= extra ? 0 : vft_buffer_grow(b, extra);
}

static inline unsigned int vft_buffer_put_varint(struct vft_buffer *b, uint64_t value)
{
	uint8_t *p = b->data + b->size;
	unsigned int n = 0;

	for (; value >= 0x80; value >>= 7)
		p[n++] = (uint8_t)(value | 0x80);
	p[n++] = (uint8_t)value;
	b->size += n;
	return n;
}

static inline void vft_buffer_put_bytes(struct vft_buffer *b, const void *data, size_t size)
{
	if (!size)
		return;
	memcpy(b->data + b->size, data, size);
	b->size += size;
}

static inline void vft_put_fixed(uint8_t *p, uint64_t value, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

/* Reserving forms, for what is written seldom. -ENOMEM. */
VFT_MUST_CHECK int vft_buffer_append_varint(struct vft_buffer *buffer, uint64_t value);
VFT_MUST_CHECK int vft_buffer_append_fixed(struct vft_buffer *buffer, uint64_t value,
					   unsigned int size);
VFT_MUST_CHECK int vft_buffer_append_bytes(struct vft_buffer *buffer, const void *data,
					   size_t size);
/* One TLV: varint id, varint length, value. */
VFT_MUST_CHECK int vft_buffer_append_tlv(struct vft_buffer *buffer, uint64_t id, const void *data,
					 size_t size);
VFT_MUST_CHECK int vft_buffer_append_tlv_uint(struct vft_buffer *buffer, uint64_t id,
					      uint64_t value);

#endif
