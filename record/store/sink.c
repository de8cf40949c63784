/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/store/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "record/store/outlet.h"
#include "format/block/meta.h"

struct rec_sink {
	struct rec_outlet *outlet;
	struct vft_writer *writer;
	struct rec_redact *redact; /* NULL = strings are written as they are */
	struct rec_output output;  /* its descriptor belongs to the outlet, once that is there */
	uint64_t n_events;
	int level;
	bool pressure;
};

static int draw_random(struct vft_writer_options *options, struct vft_err *err)
{
	if (getrandom(options->uuid, sizeof(options->uuid), 0) != sizeof(options->uuid) ||
	    getrandom(&options->section_id, sizeof(options->section_id), 0) !=
		    sizeof(options->section_id))
		return vft_fail(err, -EIO, 0, "no random numbers from the kernel");
	options->uuid[6] = (options->uuid[6] & 0x0f) | 0x40; /* RFC 4122: version 4 */
	options->uuid[8] = (options->uuid[8] & 0x3f) | 0x80;
	return 0;
}

static int open_writer(struct rec_sink *sink, const struct vft_meta *meta, struct vft_err *err)
{
	struct vft_writer_options options = {.size = sizeof(options), .level = sink->level};
	int r = rec_outlet_new(sink->output.fd, &sink->outlet, err);

	if (!r)
		r = draw_random(&options, err);
	if (!r)
		r = vft_writer_open(rec_outlet_get_sink(sink->outlet), &options, meta,
				    &sink->writer, err);
	return r;
}

int rec_sink_open(struct rec_output *output, int level, const struct vft_meta *meta,
		  struct rec_redact *redact, struct rec_sink **ret, struct vft_err *err)
{
	struct rec_sink *sink = calloc(1, sizeof(*sink));
	int r;

	if (!sink) {
		rec_output_remove(output);
		close(output->fd);
		rec_output_release(output);
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	}
	sink->output = *output;
	sink->level = level;
	sink->redact = redact;
	r = open_writer(sink, meta, err);
	if (r) {
		rec_sink_discard(sink);
		return r;
	}
	*ret = sink;
	return 0;
}

int rec_sink_start(struct rec_sink *sink, struct vft_err *err)
{
	return rec_outlet_start(sink->outlet, err);
}

int rec_sink_append(struct rec_sink *sink, const struct vft_event *event, struct vft_err *err)
{
	int r = sink->redact ? rec_redact_event(sink->redact, event, &event) : 0;

	r = r ? vft_fail(err, r, 0, "cannot redact: %s", strerror(-r))
	      : vft_writer_append(sink->writer, event, err);
	if (!r)
		sink->n_events++;
	return r;
}

int rec_sink_flush(struct rec_sink *sink, struct vft_err *err)
{
	return vft_writer_flush(sink->writer, err);
}

bool rec_sink_is_due(const struct rec_sink *sink, uint64_t time_ns)
{
	return vft_writer_is_due(sink->writer, time_ns);
}

bool rec_sink_is_full(const struct rec_sink *sink)
{
	return rec_outlet_is_full(sink->outlet);
}

bool rec_sink_is_stream(const struct rec_sink *sink)
{
	return rec_outlet_is_stream(sink->outlet);
}

int rec_sink_get_output_fd(const struct rec_sink *sink)
{
	return sink->output.fd;
}

int rec_sink_get_event_fd(const struct rec_sink *sink)
{
	return rec_outlet_get_event_fd(sink->outlet);
}

int rec_sink_get_error(const struct rec_sink *sink)
{
	return rec_outlet_get_error(sink->outlet);
}

void rec_sink_set_pressure(struct rec_sink *sink, bool pressure)
{
	if (pressure == sink->pressure)
		return;
	sink->pressure = pressure;
	vft_writer_set_level(sink->writer, pressure ? 1 : sink->level);
}

int rec_sink_finish(struct rec_sink *sink, const struct vft_end *end, struct vft_err *err)
{
	return vft_writer_finish(sink->writer, end, err);
}

int rec_sink_settle(struct rec_sink *sink, int hurry_fd, struct vft_err *err)
{
	int r = rec_outlet_settle(sink->outlet, hurry_fd, err);

	return r ? r : rec_output_check(&sink->output, err);
}

uint64_t rec_sink_get_size(const struct rec_sink *sink)
{
	return vft_writer_get_size(sink->writer);
}

uint64_t rec_sink_get_n_events(const struct rec_sink *sink)
{
	return sink->n_events;
}

void rec_sink_discard(struct rec_sink *sink)
{
	if (sink)
		rec_output_remove(&sink->output);
	rec_sink_close(sink);
}

void rec_sink_close(struct rec_sink *sink)
{
	if (!sink)
		return;
	vft_writer_close(sink->writer);
	if (sink->outlet)
		rec_outlet_close(sink->outlet);
	else
		close(sink->output.fd);
	rec_output_release(&sink->output);
	free(sink);
}
