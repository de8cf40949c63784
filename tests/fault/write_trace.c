/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write_trace - writes one trace of many small blocks as the recorder does, for others to make its
 * calls fail.
 *
 * usage: write_trace FILE [N_EVENTS]. 0; or 1 and one line on stderr. The same bytes each time,
 * unless it is built with the recorder's own sink, which draws its ids at random.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef WITH_RECORDER
#include "record/store/sink.h"
#else
#include <vft/writer.h>
#include "format/block/meta.h"
#endif

#define STR(text) ((struct vft_str){(text), sizeof(text) - 1})
#define MS        1000000ull
#define PER_FLUSH 20u

static const struct vft_meta meta = {
	.tool = {"fault 1", 7},
	.boot_id = {"00000000-0000-0000-0000-000000000001", 36},
	.has = VFT_HAS_RELEASE,
};

#ifdef WITH_RECORDER
static struct rec_sink *out;

static int open_out(const char *path, struct vft_err *err)
{
	struct rec_output_options options = {.signal_fd = -1};
	struct rec_output output;
	int r = rec_output_open(path, &options, &output, err);

	if (!r)
		r = rec_sink_open(&output, 3, &meta, NULL, &out, err);
	return r ? r : rec_sink_start(out, err);
}

static int append(const struct vft_event *event, struct vft_err *err)
{
	return rec_sink_append(out, event, err);
}

static int flush(struct vft_err *err)
{
	return rec_sink_flush(out, err);
}

static int finish(const struct vft_end *end, struct vft_err *err)
{
	int r = rec_sink_finish(out, end, err);

	return r ? r : rec_sink_settle(out, -1, err);
}

static void close_out(void)
{
	struct vft_err ignored;

	/* As the recorder does: what was appended before a failure is still written. */
	if (out && rec_sink_settle(out, -1, &ignored))
		return; /* the failure was told */
	rec_sink_close(out);
}
#else
static struct vft_sink *sink;
static struct vft_writer *out;
static int sync_fd = -1;

static int open_out(const char *path, struct vft_err *err)
{
	struct vft_writer_options options = {.size = sizeof(options),
					     .section_id = 0x1122334455667788ull};
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), r;

	if (fd < 0)
		return vft_fail(err, -errno, 0, "%s", strerror(errno));
	sync_fd = fd;
	r = vft_sink_open_fd(fd, &sink, err);
	return r ? r : vft_writer_open(sink, &options, &meta, &out, err);
}

static int append(const struct vft_event *event, struct vft_err *err)
{
	return vft_writer_append(out, event, err);
}

static int flush(struct vft_err *err)
{
	return vft_writer_flush(out, err);
}

static int finish(const struct vft_end *end, struct vft_err *err)
{
	int r = vft_writer_finish(out, end, err);

	if (!r && fdatasync(sync_fd))
		r = vft_fail(err, -errno, 0, "%s", strerror(errno));
	return r;
}

static void close_out(void)
{
	vft_writer_close(out);
	vft_sink_close(sink);
}
#endif

static int append_one(uint32_t n, struct vft_err *err)
{
	struct vft_task task = {.tgid = 100 + n, .tid = 100 + n, .start_ns = n * MS + 1};
	char text[64];
	struct vft_str path, comm = STR("fault");
	struct vft_event event = {
		.kind = VFT_KIND_EXEC, .time_ns = 10 * MS + n * MS, .task = &task, .comm = &comm};

	/* Some that differ, so that blocks do not compress to nothing. */
	path = (struct vft_str){text,
				(uint32_t)snprintf(text, sizeof(text), "/bin/%08x%08x",
						   n * 2654435761u, n * 2246822519u + 374761393u)};
	event.exec.path = &path;
	return append(&event, err);
}

int main(int argc, char **argv)
{
	uint32_t n_events = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 200;
	struct vft_err err = {0};
	struct vft_end end = {.size = sizeof(end)};
	int r;

	if (argc < 2)
		return 2;
	r = open_out(argv[1], &err);
	for (uint32_t n = 0; n < n_events && r == 0; n++) {
		r = append_one(n, &err);
		if (r == 0 && n % PER_FLUSH == PER_FLUSH - 1)
			r = flush(&err);
	}
	end.n_seen = end.n_delivered = n_events;
	end.end_ns = 20 * MS + n_events * MS;
	if (r == 0)
		r = finish(&end, &err);
	close_out();
	if (r)
		dprintf(STDERR_FILENO, "write_trace: %s: %s\n", argv[1], err.message);
	return r != 0;
}
