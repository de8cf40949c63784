/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_hostile - writes valid traces that no machine records, to see what they cost a reader.
 *
 *   chain N   each process is made by the one before it, and all live
 *   wide N    one process makes all others, which end at once
 *   cycle N   each process is made by the one before it, the first by the last
 *   argv N    one argv of 2 MiB, and N execs that refer to it
 *   bomb N    N execs, each with an argv of about 2 MiB of its own, all of one letter
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "layout.h"
#include "writer.h"

#define START_NS  1000000000000ull
#define FIRST_PID 1000u

struct generator {
	struct vft_writer *writer;
	uint64_t time_ns, n_written;
	struct vft_str comm, path, argv;
	bool ends;  /* children exit at once */
	bool turns; /* the first is made by the last */
};

static int put(struct generator *g, struct vft_event *event)
{
	event->time_ns = g->time_ns += 1000;
	event->comm = &g->comm;
	g->n_written++;
	return vft_writer_append(g->writer, event, NULL);
}

/* The same one each time that it is asked for; pids go round, start times do not. */
static struct vft_task task_of(uint64_t i)
{
	uint32_t pid = FIRST_PID + (uint32_t)(i % 4000000);

	return (struct vft_task){.tgid = pid,
				 .tid = pid,
				 .start_ns = START_NS / 2 + i,
				 .ns_tgid = pid,
				 .ns_tid = pid,
				 .uid = 1000,
				 .pidns = 4026531836u};
}

static int put_child(struct generator *g, uint64_t parent, uint64_t child)
{
	struct vft_task from = task_of(parent), to = task_of(child);
	struct vft_event spawn = {.kind = VFT_KIND_SPAWN, .task = &from};
	struct vft_event exit = {.kind = VFT_KIND_EXIT, .task = &to, .flags = VFT_EXIT_PROCESS};
	int r;

	spawn.spawn.child = &to;
	spawn.spawn.clone_flags = 0x1200000; /* a fork */
	spawn.spawn.exit_signal = 17;
	spawn.spawn.syscall = 56;
	r = put(g, &spawn);
	return r < 0 || !g->ends ? r : put(g, &exit);
}

static int put_chain(struct generator *g, uint64_t n)
{
	int r = 0;

	for (uint64_t i = 1; i < n && r == 0; i++)
		r = put_child(g, i - 1, i);
	return r == 0 && g->turns ? put_child(g, n - 1, 0) : r;
}

static int put_wide(struct generator *g, uint64_t n)
{
	int r = 0;

	/* Each 4 millionth would be the parent's pid. */
	for (uint64_t i = 1; i < n && r == 0; i++)
		r = i % 4000000 ? put_child(g, 0, i) : 0;
	return r;
}

static int put_exec(struct generator *g, uint64_t i)
{
	struct vft_task task = task_of(i % 1000);
	struct vft_event event = {.kind = VFT_KIND_EXEC, .task = &task};

	event.exec.path = &g->path;
	event.exec.argv = &g->argv;
	event.exec.argv_size = g->argv.size;
	return put(g, &event);
}

static int put_execs(struct generator *g, uint64_t n, bool differ)
{
	char *text = malloc(VFT_MAX_STRING);
	int r = 0;

	if (!text)
		return -1;
	memset(text, 'a', VFT_MAX_STRING);
	g->argv = (struct vft_str){text, VFT_MAX_STRING};
	for (uint64_t i = 0; i < n && r == 0; i++) {
		g->argv.size = VFT_MAX_STRING - (differ ? (uint32_t)(i % 65536) : 0);
		r = put_exec(g, i);
	}
	free(text);
	return r;
}

static int put_all(struct generator *g, const char *shape, uint64_t n)
{
	g->ends = strcmp(shape, "wide") == 0;
	g->turns = strcmp(shape, "cycle") == 0;
	if (g->ends)
		return put_wide(g, n);
	if (g->turns || strcmp(shape, "chain") == 0)
		return put_chain(g, n);
	return put_execs(g, n, strcmp(shape, "bomb") == 0);
}

static int generate(struct generator *g, struct vft_sink *sink, const char *shape, uint64_t n,
		    struct vft_err *err)
{
	struct vft_writer_options options = {.section = {.section_id = 0x0bad0bad0bad0badull}};
	struct vft_meta meta = {.tool = {"gen_hostile", 11},
				.arch = {"x86_64", 6},
				.boot_id = {"00000000-1111-2222-3333-444444444444", 36},
				.start_ns = START_NS,
				.n_cpus = 1,
				.has = VFT_HAS_RELEASE | VFT_HAS_ARGV};
	struct vft_end end = {0};
	int r;

	memcpy(options.section.uuid, "gen_hostile_file", 16);
	r = vft_writer_open(sink, &options, &meta, &g->writer, err);
	if (r < 0)
		return r;
	r = put_all(g, shape, n);
	if (r < 0)
		return vft_fail(err, r, vft_writer_get_size(g->writer), "cannot write");
	end.n_seen = end.n_delivered = g->n_written;
	end.end_ns = g->time_ns;
	return vft_writer_finish(g->writer, &end, err);
}

VFT_DEFINE_GUARD(close_sink, struct vft_sink *, vft_sink_close)

int main(int argc, char **argv)
{
	struct generator g = {
		.time_ns = START_NS, .comm = {"hostile", 7}, .path = {"/bin/hostile", 12}};
	struct vft_sink *sink VFT_CLEANUP(close_sink) = NULL;
	struct vft_err err = {0};
	uint64_t n;
	int r;

	if (argc != 3 || vft_parse_u64(argv[2], 1, UINT32_MAX, &n)) {
		(void)fputs("usage: gen_hostile chain|wide|cycle|argv|bomb N >FILE\n", stderr);
		return 2;
	}
	r = vft_sink_open_fd(STDOUT_FILENO, &sink, &err);
	if (r == 0)
		r = generate(&g, sink, argv[1], n, &err);
	vft_writer_close(g.writer);
	if (r < 0)
		(void)fprintf(stderr, "gen_hostile: %s\n", err.message);
	return r < 0 ? 5 : 0;
}
