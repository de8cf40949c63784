/* SPDX-License-Identifier: BSD-2-Clause */
#include <vft/raw.h>

#include <errno.h>

#include "format/read/raw.h"

uint64_t vft_raw_get_seq(const struct vft_raw *raw)
{
	return raw->header.seq;
}

uint64_t vft_raw_get_n_events(const struct vft_raw *raw)
{
	return raw->header.n_events;
}

uint64_t vft_raw_get_first_ns(const struct vft_raw *raw)
{
	return raw->header.first_ts;
}

uint64_t vft_raw_get_last_ns(const struct vft_raw *raw)
{
	return raw->last_ns;
}

const void *vft_raw_get_payload(const struct vft_raw *raw, size_t *ret_size)
{
	*ret_size = raw->header.payload_len;
	return raw->payload->data;
}

static int unpack(const struct vft_column_frame *frame, uint8_t *buffer)
{
	struct vft_unpacker *unpacker;
	int r = vft_unpacker_new(&unpacker);

	if (r < 0)
		return r;
	r = vft_unpacker_unpack(unpacker, frame, buffer);
	vft_unpacker_free(unpacker);
	return r;
}

int vft_raw_unpack(const struct vft_raw *raw, unsigned int column, void *buffer, size_t size,
		   size_t *ret_size, struct vft_err *err)
{
	struct vft_cursor payload = vft_cursor_init(raw->payload->data, raw->header.payload_len);
	const struct vft_column_frame *frame = NULL;
	struct vft_directory directory;
	const char *what;
	int r = vft_directory_parse(payload, &raw->header, &directory, &what);

	if (r < 0)
		return vft_fail(err, r, 0, "%s", what);
	for (uint32_t i = 0; i < directory.n_columns; i++)
		if (directory.columns[i].id == column)
			frame = &directory.columns[i];
	if (frame && frame->raw_len > size) {
		*ret_size = frame->raw_len;
		return vft_fail(err, -ENOSPC, 0, "the column is larger than its buffer");
	}
	r = frame ? unpack(frame, buffer) : 0;
	if (r < 0)
		return vft_fail(err, r, 0,
				r == -ENOMEM ? "out of memory" : "a column is malformed");
	*ret_size = frame ? frame->raw_len : 0;
	return 0;
}
