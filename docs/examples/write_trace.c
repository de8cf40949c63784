/* SPDX-License-Identifier: BSD-2-Clause */
/* write_trace FILE - a trace of one process that is made, execs and exits. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <vft/writer.h>

#define STR(text)                                                                                  \
	{                                                                                          \
		(text), sizeof(text) - 1                                                           \
	}

static int write_events(struct vft_writer *writer, struct vft_err *err)
{
	static const struct vft_str comm = STR("parent"), child_comm = STR("true");
	static const struct vft_str path = STR("/bin/true"), argv = STR("true\0");
	static const struct vft_task parent = {.tgid = 100, .tid = 100, .start_ns = 1000};
	static const struct vft_task child = {.tgid = 101, .tid = 101, .start_ns = 5000};
	const struct vft_event events[] = {
		{.time_ns = 5000,
		 .kind = VFT_KIND_SPAWN,
		 .task = &parent,
		 .comm = &comm,
		 .spawn = {.child = &child,
			   .clone_flags = 0x4100,
			   .exit_signal = 17,
			   .syscall = 58}},
		{.time_ns = 6000,
		 .kind = VFT_KIND_EXEC,
		 .task = &child,
		 .comm = &child_comm,
		 .exec = {.path = &path, .argv = &argv, .argv_size = 5}},
		{.time_ns = 7000,
		 .kind = VFT_KIND_EXIT,
		 .task = &child,
		 .comm = &child_comm,
		 .flags = VFT_EXIT_PROCESS},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(events) / sizeof(events[0]); i++)
		r = vft_writer_append(writer, &events[i], err);
	return r;
}

static int make_meta(struct vft_str tool, struct vft_meta **ret, struct vft_err *err)
{
	int r = vft_meta_new(ret);

	if (r == 0)
		r = vft_meta_set_text(*ret, VFT_META_TOOL, tool);
	if (r == 0)
		r = vft_meta_set_number(*ret, VFT_META_START_NS, 1000);
	return r < 0 ? vft_fail(err, r, 0, "cannot say how it was made") : 0;
}

int main(int argc, char **argv)
{
	struct vft_writer_options options = {.size = sizeof(options), .section_id = 0x1234};
	static const struct vft_str tool = STR("write_trace");
	struct vft_meta *meta = NULL;
	struct vft_end end = {.size = sizeof(end), .n_seen = 3, .n_delivered = 3, .end_ns = 8000};
	struct vft_writer *writer = NULL;
	struct vft_sink *sink = NULL;
	struct vft_err err = {0};
	int fd = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1, r;

	if (fd < 0) {
		fprintf(stderr, "usage: write_trace FILE (which must not exist)\n");
		return 2;
	}
	r = vft_sink_open_fd(fd, &sink, &err);
	if (r == 0)
		r = make_meta(tool, &meta, &err);
	if (r == 0)
		r = vft_writer_open(sink, &options, meta, &writer, &err);
	if (r == 0)
		r = write_events(writer, &err);
	if (r == 0)
		r = vft_writer_finish(writer, &end, &err);
	vft_writer_close(writer);
	vft_sink_close(sink);
	vft_meta_free(meta);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], err.message);
	return r < 0 ? 3 : 0;
}
