/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One block's columns, uncompressed, straight to the decoder: without checksums and frames in the
 * way, and by a schema of the input's own if its first bit says so.
 *
 * byte mode; [varint size, SCHEMA payload]; byte type; varints n_events, first_ts; varint size,
 * info; then columns: varint id, varint size, bytes. With mode's second bit, the payload as it is
 * stored instead of info and columns.
 */
#include "fuzz.h"

#include <errno.h>

#include "format/block/columns.h"

#define MAX_ROWS 4096u

static int pack_columns(struct vft_cursor *c, struct vft_header *header, struct vft_buffer *payload)
{
	struct vft_cursor info = vft_cursor_sub(c, vft_cursor_varint(c));
	size_t n_info = vft_cursor_left(&info), n = 0, n_raw = 0;
	struct vft_buffer directory = {0}, bytes = {0};
	int r;

	r = vft_buffer_append_varint(payload, n_info);
	if (r == 0)
		r = vft_buffer_append_bytes(payload, vft_cursor_bytes(&info, n_info), n_info);
	for (; r == 0 && !c->failed && vft_cursor_left(c) && n < VFT_MAX_COLUMNS; n++) {
		uint64_t id = vft_cursor_varint(c);
		struct vft_cursor column = vft_cursor_sub(c, vft_cursor_varint(c));
		size_t size = vft_cursor_left(&column);

		r = vft_buffer_reserve(&directory, 4 * VFT_VARINT_MAX);
		if (r < 0)
			break;
		vft_buffer_put_varint(&directory, id);
		vft_buffer_put_varint(&directory, VFT_CODEC_RAW);
		vft_buffer_put_varint(&directory, size);
		vft_buffer_put_varint(&directory, size);
		r = vft_buffer_append_bytes(&bytes, vft_cursor_bytes(&column, size), size);
		n_raw += size;
	}
	header->raw_len = (uint32_t)n_raw;
	if (r == 0)
		r = vft_buffer_append_varint(payload, n);
	if (r == 0)
		r = vft_buffer_append_bytes(payload, directory.data, directory.size);
	if (r == 0)
		r = vft_buffer_append_bytes(payload, bytes.data, bytes.size);
	vft_buffer_release(&directory);
	vft_buffer_release(&bytes);
	return r;
}

/* Column by column, by either set of kernels, the block is what it is event by event. */
static void compare(const struct vft_schema *schema, const struct vft_header *header,
		    const struct vft_buffer *payload, const struct vft_kernels *kernels,
		    const struct vft_batch *batch)
{
	struct vft_columns_decoder *decoder;
	const struct vft_columns *columns;
	const char *what = NULL;
	int r = vft_columns_decoder_new(&decoder);

	if (r < 0)
		return;
	vft_columns_decoder_set_kernels(decoder, kernels);
	r = vft_columns_decode(decoder, schema, header,
			       vft_cursor_init(payload->data, payload->size), VFT_COLUMNS_ALL,
			       &columns, &what);
	if (r == -ENOMEM)
		goto out;
	if ((r < 0) != !batch || (r < 0 && !what))
		abort();
	if (batch) {
		struct vft_event *events = calloc(columns->n_rows + 1, sizeof(*events));

		if (columns->n_rows != batch->n_events || columns->n_skipped != batch->n_skipped ||
		    columns->first_ns != batch->first_ns || columns->last_ns != batch->last_ns)
			abort();
		if (events)
			vft_columns_to_events(columns, events);
		for (size_t i = 0; events && i < batch->n_events; i++)
			if (events[i].kind != batch->events[i].kind ||
			    fuzz_touch(&events[i]) != fuzz_touch(&batch->events[i]))
				abort();
		free(events);
	}
out:
	vft_columns_decoder_free(decoder);
}

static void decode(const struct vft_schema *schema, const struct vft_header *header,
		   const struct vft_buffer *payload)
{
	struct vft_decoder decoder = {0};
	const struct vft_batch *batch;
	const char *what = NULL;
	uint64_t sum = 0;
	int r = vft_decoder_init(&decoder);

	if (r == 0)
		r = vft_decoder_decode(&decoder, schema, header,
				       vft_cursor_init(payload->data, payload->size), &batch,
				       &what);
	if (r == -EBADMSG && !what)
		abort();
	for (size_t i = 0; r == 0 && i < batch->n_events; i++) {
		if (batch->events[i].time_ns < batch->first_ns ||
		    batch->events[i].time_ns > batch->last_ns)
			abort();
		sum += fuzz_touch(&batch->events[i]);
	}
	if (r == 0 || r == -EBADMSG) {
		compare(schema, header, payload, &vft_kernels_portable, r == 0 ? batch : NULL);
		compare(schema, header, payload, vft_kernels_get(), r == 0 ? batch : NULL);
	}
	__asm__ volatile("" : : "r"(sum)); /* what was touched must have been read */
	vft_decoder_release(&decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vft_cursor c = vft_cursor_init(data, size);
	static struct vft_schema schema; /* large for a stack */
	struct vft_buffer payload = {0};
	struct vft_header header = {.version = VFT_HEADER_VERSION, .section_id = 1};
	unsigned int mode = vft_cursor_u8(&c);
	size_t left;
	int r = 0;

	vft_schema_init(&schema);
	if (mode & 1)
		r = vft_schema_decode(vft_cursor_sub(&c, vft_cursor_varint(&c)), &schema);
	header.type = (uint16_t)(VFT_BLOCK_CLOCK + vft_cursor_u8(&c) % 3);
	header.n_events = (uint32_t)(vft_cursor_varint(&c) % MAX_ROWS);
	header.first_ts = vft_cursor_varint(&c);
	if (r == 0 && mode & 2) {
		header.raw_len = (uint32_t)(vft_cursor_varint(&c) % (1u << 20));
		left = vft_cursor_left(&c);
		r = vft_buffer_append_bytes(&payload, vft_cursor_bytes(&c, left), left);
	} else if (r == 0) {
		r = pack_columns(&c, &header, &payload);
	}
	header.payload_len = (uint32_t)payload.size;
	if (r == 0 && !vft_header_check(&header))
		decode(&schema, &header, &payload);
	vft_buffer_release(&payload);
	return 0;
}
