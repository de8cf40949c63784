/* SPDX-License-Identifier: BSD-2-Clause */
#include <vft/trace.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <vft/reader.h>
#include <vft/version.h>
#include "format/block/meta.h"

struct vft_trace {
	struct vft_reader *reader;
	const struct vft_meta *meta;
	const struct vft_batch *batch; /* the reader's */
	size_t next;                   /* of its events */
	uint64_t n_gaps;
};

unsigned int vft_version(void)
{
	return VFT_VERSION_NUMBER;
}

int vft_open_path(const char *path, struct vft_trace **ret, struct vft_err *err)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
				   : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	struct vft_trace *trace;
	struct vft_source *source;
	int r;

	if (fd < 0) {
		r = -errno;
		return vft_fail(err, r, 0, "cannot open: %s", strerror(-r));
	}
	r = vft_source_open_fd(fd, &source, err);
	if (r < 0)
		return r;
	trace = calloc(1, sizeof(*trace));
	if (!trace) {
		vft_source_close(source);
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	}
	r = vft_reader_open(source, NULL, &trace->reader, err);
	if (r < 0) {
		free(trace);
		return r;
	}
	*ret = trace;
	return 0;
}

static void take_item(struct vft_trace *trace, const struct vft_item *item)
{
	trace->batch = item->kind == VFT_ITEM_BATCH ? item->batch : NULL;
	trace->next = 0;
	if (item->kind == VFT_ITEM_SECTION)
		trace->meta = NULL;
	if (item->kind == VFT_ITEM_META)
		trace->meta = item->meta;
	if (item->kind == VFT_ITEM_GAP && item->gap.kind != VFT_GAP_NOT_CLOSED)
		trace->n_gaps++;
}

int vft_next_event(struct vft_trace *trace, const struct vft_event **ret, struct vft_err *err)
{
	struct vft_item item;
	int r;

	while (!trace->batch || trace->next == trace->batch->n_events) {
		r = vft_reader_next(trace->reader, &item, err);
		if (r <= 0) {
			trace->batch = NULL;
			return r;
		}
		take_item(trace, &item);
	}
	*ret = &trace->batch->events[trace->next++];
	return 1;
}

uint64_t vft_trace_get_n_gaps(const struct vft_trace *trace)
{
	return trace->n_gaps;
}

const struct vft_meta *vft_trace_get_meta(const struct vft_trace *trace)
{
	return trace->meta;
}

void vft_trace_close(struct vft_trace *trace)
{
	if (!trace)
		return;
	vft_reader_close(trace->reader);
	free(trace);
}
