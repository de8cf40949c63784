/* SPDX-License-Identifier: BSD-2-Clause */
#include <vft/writer.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/grown.h"
#include "format/block/encode.h"
#include "format/block/index.h"
#include "format/block/layout.h"
#include "format/block/schema.h"
#include "format/block/meta.h"

#define DEFAULT_LEVEL 3
#define MAX_LEVEL     19

/* What a block's payload takes beyond its columns: TLVs and the directory, generously. */
#define OVERHEAD       (64u << 10)
#define MAX_RAW_TARGET (VFT_MAX_RAW - OVERHEAD)

struct vft_writer {
	struct vft_sink *sink;
	struct vft_encoder encoder;
	struct vft_packer *packer;
	struct vft_buffer payload, entries; /* entries: of the blocks since the last INDEX */
	uint64_t section_id, seq, size_bytes;
	uint64_t n_events, index_off;
	uint32_t raw_target;
	int level;
	int failed;    /* the error that every later call repeats */
	uint16_t type; /* of the open block, 0 = none */
	bool finished;
};

/* Report @code, and again from every later call: a block that failed half way cannot be resumed. */
static int fail(struct vft_writer *writer, struct vft_err *err, int code)
{
	writer->failed = code;
	if (code == -ENOMEM)
		return vft_fail(err, code, writer->size_bytes, "out of memory");
	return vft_fail(err, code, writer->size_bytes, "cannot write: %s", strerror(-code));
}

/* Give @bytes and writer->payload out. */
static int write_out(struct vft_writer *writer, uint8_t *bytes, size_t size)
{
	struct iovec iov[2] = {{bytes, size}, {writer->payload.data, writer->payload.size}};
	uint64_t total = size + writer->payload.size;
	int r = writer->sink->writev(writer->sink, iov, writer->payload.size ? 2 : 1);

	writer->payload.size = 0;
	if (r < 0)
		return r;
	writer->size_bytes += total;
	return 0;
}

/* Write writer->payload as one block. @header needs type, raw_len, n_events and first_ts. */
static int write_block(struct vft_writer *writer, struct vft_header *header, uint64_t last_ns)
{
	struct vft_index_entry entry;
	uint8_t bytes[VFT_HEADER_SIZE];
	int r;

	header->version = VFT_HEADER_VERSION;
	header->section_id = writer->section_id;
	header->seq = writer->seq;
	header->self_off = writer->size_bytes;
	r = vft_payload_seal(&writer->payload, header);
	if (r < 0)
		return r;
	entry = (struct vft_index_entry){.self_off = header->self_off,
					 .size_bytes = vft_header_get_size(header),
					 .seq = header->seq,
					 .first_ns = header->first_ts,
					 .last_ns = last_ns,
					 .n_lost = writer->encoder.n_lost,
					 .kinds = writer->encoder.kinds,
					 .n_events = header->n_events,
					 .type = header->type};
	if (header->type != VFT_BLOCK_INDEX) {
		r = vft_index_append(&writer->entries, &entry);
		if (r < 0)
			return r;
	}
	vft_header_store(header, bytes);
	r = write_out(writer, bytes, sizeof(bytes));
	if (r == 0)
		writer->seq++;
	return r;
}

/* A block that has no rows: its payload is in writer->payload. */
static int write_plain(struct vft_writer *writer, uint16_t type)
{
	struct vft_header header = {.type = type, .raw_len = (uint32_t)writer->payload.size};

	if (writer->payload.size > VFT_MAX_PAYLOAD)
		return -EINVAL;
	return write_block(writer, &header, 0);
}

static int write_index(struct vft_writer *writer)
{
	uint64_t at = writer->size_bytes;
	int r = vft_index_encode(&writer->entries, writer->index_off, &writer->payload);

	if (r == 0)
		r = write_plain(writer, VFT_BLOCK_INDEX);
	if (r < 0)
		return r;
	writer->index_off = at;
	writer->entries.size = 0;
	return 0;
}

static int end_block(struct vft_writer *writer)
{
	struct vft_encoder *encoder = &writer->encoder;
	struct vft_header header = {.type = writer->type};
	int r;

	if (!encoder->n_events)
		return 0;
	r = vft_encoder_pack(encoder, writer->packer, writer->level, &writer->payload, &header);
	if (r == 0)
		r = write_block(writer, &header, encoder->last_ns);
	if (r < 0)
		return r;
	writer->n_events += encoder->n_events;
	writer->type = 0;
	vft_encoder_reset(encoder);
	if (vft_index_count(&writer->entries) >= VFT_INDEX_EVERY)
		return write_index(writer);
	return 0;
}

static int write_start(struct vft_writer *writer, const struct vft_writer_options *options,
		       const struct vft_meta *meta)
{
	struct vft_section ours = {.version = VFT_FORMAT_VERSION, .segment = options->segment};
	int r;

	memcpy(ours.uuid, options->uuid, sizeof(ours.uuid));
	r = vft_section_encode(&ours, &writer->payload);
	if (r == 0)
		r = write_plain(writer, VFT_BLOCK_SECTION);
	if (r == 0)
		r = vft_meta_encode(meta, &writer->payload);
	if (r == 0)
		r = write_plain(writer, VFT_BLOCK_META);
	if (r == 0)
		r = vft_schema_encode(&writer->payload);
	if (r == 0)
		r = write_plain(writer, VFT_BLOCK_SCHEMA);
	return r;
}

static int refuse_size(struct vft_err *err, int code)
{
	return vft_fail(err, code, 0, "%s",
			code == -E2BIG ? "options that this version of libvft does not know"
				       : "a struct without its size");
}

int vft_writer_open(struct vft_sink *sink, const struct vft_writer_options *given,
		    const struct vft_meta *meta, struct vft_writer **ret, struct vft_err *err)
{
	struct vft_writer_options ours;
	const struct vft_writer_options *options = &ours;
	struct vft_writer *writer;
	int r = vft_grown_take(given, VFT_LEAST(struct vft_writer_options, raw_target), &ours,
			       sizeof(ours));

	if (r < 0)
		return refuse_size(err, r);
	if (options->level < 0 || options->level > MAX_LEVEL ||
	    options->raw_target > MAX_RAW_TARGET)
		return vft_fail(err, -EINVAL, 0, "compression level or block size out of range");
	writer = calloc(1, sizeof(*writer));
	if (!writer)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	writer->sink = sink;
	writer->section_id = options->section_id;
	writer->level = options->level ? options->level : DEFAULT_LEVEL;
	writer->raw_target = options->raw_target ? options->raw_target : VFT_BLOCK_RAW_TARGET;
	vft_encoder_init(&writer->encoder, options->section_id);
	r = vft_packer_new(&writer->packer);
	if (r == 0)
		r = write_start(writer, options, meta);
	if (r < 0) {
		r = fail(writer, err, r);
		vft_writer_close(writer);
		return r;
	}
	*ret = writer;
	return 0;
}

/* A cgroup's name joins whatever list is open; alone it belongs to the snapshot that follows it. */
static uint16_t choose_type(const struct vft_writer *writer, unsigned int kind)
{
	if (kind == VFT_KIND_CLOCK)
		return VFT_BLOCK_CLOCK;
	if (kind == VFT_KIND_SNAPSHOT)
		return VFT_BLOCK_SNAPSHOT;
	if (kind == VFT_KIND_CGROUP)
		return writer->type == VFT_BLOCK_EVENTS ? VFT_BLOCK_EVENTS : VFT_BLOCK_SNAPSHOT;
	return VFT_BLOCK_EVENTS;
}

static bool is_late(const struct vft_writer *writer, uint64_t time_ns)
{
	uint64_t start_ns = writer->encoder.start_ns;

	return time_ns > start_ns && time_ns - start_ns >= VFT_BLOCK_TIME_NS;
}

static bool must_end(const struct vft_writer *writer, uint16_t type, uint32_t bound,
		     const struct vft_event *event)
{
	const struct vft_encoder *encoder = &writer->encoder;

	return encoder->n_events &&
	       (type != writer->type || bound > VFT_MAX_RAW - OVERHEAD - encoder->raw_size ||
		(event->kind != VFT_KIND_LOST && is_late(writer, event->time_ns)));
}

bool vft_writer_is_due(const struct vft_writer *writer, uint64_t time_ns)
{
	const struct vft_encoder *encoder = &writer->encoder;

	return encoder->n_events &&
	       (encoder->raw_size >= writer->raw_target - writer->raw_target / 8 ||
		is_late(writer, time_ns));
}

int vft_writer_append(struct vft_writer *writer, const struct vft_event *event, struct vft_err *err)
{
	const struct vft_encoder *encoder = &writer->encoder;
	uint32_t bound;
	uint16_t type;
	int r;

	if (writer->failed)
		return fail(writer, err, writer->failed);
	if (writer->finished || vft_encoder_bound(event, &bound) < 0)
		return vft_fail(err, -EINVAL, writer->size_bytes,
				writer->finished ? "the trace is finished"
						 : "an event that the format cannot hold");
	type = choose_type(writer, event->kind);
	if (must_end(writer, type, bound, event)) {
		r = end_block(writer);
		if (r < 0)
			return fail(writer, err, r);
	}
	r = vft_encoder_append(&writer->encoder, event, bound);
	if (r < 0)
		return fail(writer, err, r);
	writer->type = type;
	if (encoder->raw_size >= writer->raw_target || encoder->n_events == VFT_MAX_ROWS ||
	    encoder->tasks.n_refs > VFT_MAX_REFS / 2 || encoder->strings.n > VFT_MAX_TABLE / 2) {
		r = end_block(writer);
		if (r < 0)
			return fail(writer, err, r);
	}
	return 0;
}

int vft_writer_flush(struct vft_writer *writer, struct vft_err *err)
{
	int r = writer->failed ? writer->failed : end_block(writer);

	return r < 0 ? fail(writer, err, r) : 0;
}

void vft_writer_set_level(struct vft_writer *writer, int level)
{
	writer->level = level < 1 ? 1 : level > MAX_LEVEL ? MAX_LEVEL : level;
}

uint64_t vft_writer_get_size(const struct vft_writer *writer)
{
	return writer->size_bytes;
}

uint64_t vft_writer_get_block_start(const struct vft_writer *writer)
{
	return writer->encoder.start_ns;
}

static int write_finish(struct vft_writer *writer, const struct vft_end *end)
{
	struct vft_end ours = *end;
	struct vft_trailer trailer = {.section = (uint32_t)writer->section_id};
	uint8_t bytes[VFT_TRAILER_SIZE];
	uint64_t end_off;
	int r = end_block(writer);

	if (r == 0)
		r = write_index(writer);
	if (r < 0)
		return r;
	ours.n_blocks = writer->seq;
	ours.n_events = writer->n_events;
	end_off = writer->size_bytes;
	r = vft_end_encode(&ours, &writer->payload);
	if (r == 0)
		r = write_plain(writer, VFT_BLOCK_END);
	if (r < 0)
		return r;
	trailer.self_off = writer->size_bytes;
	trailer.to_end = (uint32_t)(writer->size_bytes - end_off);
	trailer.to_index = (uint32_t)(writer->size_bytes - writer->index_off);
	vft_trailer_store(&trailer, bytes);
	return write_out(writer, bytes, sizeof(bytes));
}

int vft_writer_finish(struct vft_writer *writer, const struct vft_end *end, struct vft_err *err)
{
	struct vft_end ours;
	int r = vft_grown_take(end, VFT_LEAST(struct vft_end, seen_rows), &ours, sizeof(ours));

	if (r < 0)
		return refuse_size(err, r);
	r = writer->failed;
	if (writer->finished)
		return vft_fail(err, -EINVAL, writer->size_bytes, "the trace is finished");
	if (r == 0)
		r = write_finish(writer, &ours);
	if (r < 0)
		return fail(writer, err, r);
	writer->finished = true;
	return 0;
}

void vft_writer_close(struct vft_writer *writer)
{
	if (!writer)
		return;
	vft_encoder_release(&writer->encoder);
	vft_packer_free(writer->packer);
	vft_buffer_release(&writer->payload);
	vft_buffer_release(&writer->entries);
	free(writer);
}
