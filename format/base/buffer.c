/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/base/buffer.h"

#include <errno.h>
#include <stdlib.h>

int vft_buffer_grow(struct vft_buffer *buffer, size_t extra)
{
	size_t need, capacity;
	uint8_t *data;

	if (__builtin_add_overflow(buffer->size, extra, &need) || need > SIZE_MAX / 2)
		return -ENOMEM;
	capacity = buffer->capacity * 2;
	if (capacity < need)
		capacity = need;
	if (capacity < 256)
		capacity = 256;
	data = realloc(buffer->data, capacity);
	if (!data)
		return -ENOMEM;
	buffer->data = data;
	buffer->capacity = capacity;
	return 0;
}

void vft_buffer_release(struct vft_buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct vft_buffer){0};
}

int vft_buffer_append_varint(struct vft_buffer *buffer, uint64_t value)
{
	int r = vft_buffer_reserve(buffer, VFT_VARINT_MAX);

	if (r < 0)
		return r;
	vft_buffer_put_varint(buffer, value);
	return 0;
}

int vft_buffer_append_fixed(struct vft_buffer *buffer, uint64_t value, unsigned int size)
{
	int r = vft_buffer_reserve(buffer, size);

	if (r < 0)
		return r;
	vft_put_fixed(buffer->data + buffer->size, value, size);
	buffer->size += size;
	return 0;
}

int vft_buffer_append_bytes(struct vft_buffer *buffer, const void *data, size_t size)
{
	int r = vft_buffer_reserve(buffer, size);

	if (r < 0)
		return r;
	vft_buffer_put_bytes(buffer, data, size);
	return 0;
}

int vft_buffer_append_tlv(struct vft_buffer *buffer, uint64_t id, const void *data, size_t size)
{
	int r = vft_buffer_reserve(buffer, 2 * VFT_VARINT_MAX + size);

	if (r < 0)
		return r;
	vft_buffer_put_varint(buffer, id);
	vft_buffer_put_varint(buffer, size);
	vft_buffer_put_bytes(buffer, data, size);
	return 0;
}

int vft_buffer_append_tlv_uint(struct vft_buffer *buffer, uint64_t id, uint64_t value)
{
	uint8_t bytes[VFT_VARINT_MAX];
	struct vft_buffer one = {bytes, 0, sizeof(bytes)};

	vft_buffer_put_varint(&one, value);
	return vft_buffer_append_tlv(buffer, id, bytes, one.size);
}
