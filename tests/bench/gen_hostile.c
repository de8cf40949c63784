/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_hostile - writes valid traces that no machine records, to see what they cost a reader.
 *
 *   chain N   each process is made by the one before it, and all live
 *   live N    one process makes all others, and all live
 *   losses N  N vforks, with a loss of its own between any two
 *   wide N    one process makes all others, which end at once
 *   late N    the same, and some of them then make one more, though they have ended
 *   cycle N   each process is made by the one before it, the first by the last
 *   argv N    one string of 2 MiB, which N execs of as many processes have as argv
 *   refs N    the same string as the path of N cgroups, and as the name and file of N vforks in
 * them bomb N    N execs, each with an argv of about 2 MiB of its own, all of one letter names N
 * section N, in which every text of every kind is what stands on standard input
 *
 * argv, refs, live and losses fit as many rows into a block as the format allows.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/base/cleanup.h"
#include "format/base/parse.h"
#include "format/block/layout.h"
#include <vft/writer.h>
#include "format/block/meta.h"

#define START_NS  1000000000000ull
#define FIRST_PID 1000u

struct generator {
	struct vft_writer *writer;
	uint64_t time_ns, step_ns, n_written;
	struct vft_str comm, path, argv, text; /* text: 2 MiB, or what names is given */
	bool ends;                             /* children exit at once */
	bool turns;                            /* the first is made by the last */
};

static int put(struct generator *g, struct vft_event *event)
{
	event->time_ns = g->time_ns += g->step_ns;
	event->comm = &g->comm;
	g->n_written++;
	return vft_writer_append(g->writer, event, NULL);
}

/* The same one each time that it is asked for; pids go round, start times do not. */
static struct vft_task task_of(uint64_t i)
{
	uint32_t pid = FIRST_PID + (uint32_t)(i % 5000000);

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

static int put_loss(struct generator *g, uint64_t i)
{
	struct vft_task parent = task_of(0), child = task_of(i + 1);
	struct vft_event spawn = {.kind = VFT_KIND_SPAWN, .task = &parent};
	struct vft_event exec = {.kind = VFT_KIND_EXEC, .task = &child};
	struct vft_event lost = {.kind = VFT_KIND_LOST};
	int r;

	/* Each a nanosecond apart from the one before it, so that none become one. */
	lost.lost.cause = VFT_CAUSE_RING_FULL;
	lost.lost.count = 1;
	lost.lost.from_ns = lost.lost.to_ns = g->time_ns;
	spawn.spawn.child = &child;
	spawn.spawn.clone_flags = 0x4100; /* CLONE_VFORK | CLONE_VM */
	spawn.spawn.syscall = 58;
	r = put(g, &lost);
	if (r == 0)
		r = put(g, &spawn);
	return r == 0 ? put(g, &exec) : r;
}

static int put_losses(struct generator *g, uint64_t n)
{
	int r = 0;

	for (uint64_t i = 0; i < n && r == 0; i++)
		r = put_loss(g, i);
	return r;
}

static int put_wide(struct generator *g, uint64_t n)
{
	int r = 0;

	/* Each 5 millionth would be the parent's pid. */
	for (uint64_t i = 1; i < n && r == 0; i++)
		r = i % 5000000 ? put_child(g, 0, i) : 0;
	return r;
}

static int put_late(struct generator *g, uint64_t n)
{
	int r = put_wide(g, n);

	for (uint64_t i = 1; i < n && r == 0; i += 1000)
		r = put_child(g, i, n + i);
	return r;
}

static int put_exec(struct generator *g, uint64_t i)
{
	struct vft_task task = task_of(i);
	struct vft_event event = {.kind = VFT_KIND_EXEC, .task = &task};

	event.exec.path = &g->path;
	event.exec.argv = &g->argv;
	event.exec.argv_size = g->argv.size;
	return put(g, &event);
}

static int put_execs(struct generator *g, uint64_t n, bool differ)
{
	int r = 0;

	g->argv = g->text;
	for (uint64_t i = 0; i < n && r == 0; i++) {
		g->argv.size = VFT_MAX_STRING - (differ ? (uint32_t)(i % 65536) : 0);
		r = put_exec(g, i);
	}
	return r;
}

/* The same one, held by its child in a cgroup of its own. */
static int put_vfork(struct generator *g, uint64_t i)
{
	struct vft_task parent = task_of(2 * i), child = task_of(2 * i + 1);
	struct vft_event cgroup = {.kind = VFT_KIND_CGROUP, .cgroup = {i + 1, &g->text}};
	struct vft_event spawn = {.kind = VFT_KIND_SPAWN, .task = &parent};
	struct vft_event exec_fail = {.kind = VFT_KIND_EXEC_FAIL, .task = &child};
	int r;

	parent.cgroup = child.cgroup = i + 1;
	spawn.spawn.child = &child;
	spawn.spawn.clone_flags = 0x4100; /* CLONE_VFORK | CLONE_VM */
	spawn.spawn.syscall = 58;
	exec_fail.exec_fail.path = &g->text;
	exec_fail.exec_fail.error = 2;
	r = put(g, &cgroup);
	if (r == 0)
		r = put(g, &spawn);
	return r == 0 ? put(g, &exec_fail) : r;
}

static int put_refs(struct generator *g, uint64_t n)
{
	int r = 0;

	g->comm = g->text;
	for (uint64_t i = 0; i < n && r == 0; i++)
		r = put_vfork(g, i);
	return r;
}

/* Each kind that has a text, with this one. */
static int put_names(struct generator *g)
{
	struct vft_task parent = task_of(1), child = task_of(2);
	struct vft_str *text = &g->text;
	struct vft_event events[] = {
		{.kind = VFT_KIND_CLOCK, .clock = {START_NS, 1700000000000000000ull}},
		{.kind = VFT_KIND_CGROUP, .cgroup = {7, text}},
		{.kind = VFT_KIND_MARK, .mark = {text, VFT_MARK_START}},
		{.kind = VFT_KIND_SNAPSHOT, .task = &parent, .snapshot = {.path = text}},
		{.kind = VFT_KIND_SPAWN, .task = &parent, .spawn = {&child, 0x4100, 17, 58, 0}},
		{.kind = VFT_KIND_EXEC_FAIL, .task = &child, .exec_fail = {.path = text, .error = 2}},
		{.kind = VFT_KIND_EXEC, .task = &child},
		{.kind = VFT_KIND_SIGNAL, .task = &child, .signal = {text, 9, 77}},
		{.kind = VFT_KIND_EXIT, .task = &child, .flags = VFT_EXIT_PROCESS, .exit = {0, 9}},
	};
	int r = 0;

	parent.cgroup = child.cgroup = 7;
	g->comm = *text;
	events[3].snapshot.argv = events[6].exec.argv = text;
	events[6].exec.path = events[6].exec.interp = text;
	events[3].snapshot.argv_size = events[6].exec.argv_size = text->size;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]) && r == 0; i++)
		r = put(g, &events[i]);
	return r;
}

static int put_all(struct generator *g, const char *shape, uint64_t n)
{
	bool is_late = strcmp(shape, "late") == 0;

	g->ends = is_late || strcmp(shape, "wide") == 0;
	g->turns = strcmp(shape, "cycle") == 0;
	/* In step with the start times, which leaves nothing that takes space. */
	g->step_ns = strcmp(shape, "live") == 0 || strcmp(shape, "losses") == 0 ? 1 : 1000;
	if (g->ends)
		return is_late ? put_late(g, n) : put_wide(g, n);
	if (strcmp(shape, "losses") == 0)
		return put_losses(g, n);
	if (strcmp(shape, "live") == 0)
		return put_wide(g, n);
	if (g->turns || strcmp(shape, "chain") == 0)
		return put_chain(g, n);
	if (strcmp(shape, "refs") == 0)
		return put_refs(g, n);
	if (strcmp(shape, "names") == 0)
		return put_names(g);
	return put_execs(g, n, strcmp(shape, "bomb") == 0);
}

static int generate(struct generator *g, struct vft_sink *sink, const char *shape, uint64_t n,
		    struct vft_err *err)
{
	struct vft_writer_options options = {.size = sizeof(options),
					     .section_id = 0x0bad0bad0bad0badull};
	bool names = strcmp(shape, "names") == 0;
	struct vft_str head = g->text;
	struct vft_meta meta = {.tool = {"gen_hostile", 11},
				.arch = {"x86_64", 6},
				.boot_id = {"00000000-1111-2222-3333-444444444444", 36},
				.start_ns = START_NS,
				.n_cpus = 1,
				.has = VFT_HAS_RELEASE | VFT_HAS_ARGV};
	struct vft_end end = {.size = sizeof(end)};
	int r;

	memcpy(options.uuid, "gen_hostile_file", 16);
	if (strcmp(shape, "argv") == 0 || strcmp(shape, "refs") == 0 ||
	    strcmp(shape, "live") == 0 || strcmp(shape, "losses") == 0)
		options.raw_target = 15u << 20;
	/* META has nine of them, and a block holds 16 MiB. */
	head.size = head.size < VFT_MAX_STRING / 2 ? head.size : VFT_MAX_STRING / 2;
	if (names) {
		options.section_id += n;
		meta.tool = meta.kernel = meta.arch = meta.boot_id = meta.hostname = head;
		meta.options = meta.filters = meta.redaction = meta.command = head;
	}
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

/* 2 MiB of one letter, or what names is given. */
static int get_text(struct generator *g, char *text, bool is_given)
{
	size_t size = VFT_MAX_STRING;

	memset(text, 'a', VFT_MAX_STRING);
	if (is_given)
		size = fread(text, 1, VFT_MAX_STRING, stdin);
	g->text = (struct vft_str){text, (uint32_t)size};
	return ferror(stdin) ? -1 : 0;
}

VFT_DEFINE_GUARD(close_sink, struct vft_sink *, vft_sink_close)

int main(int argc, char **argv)
{
	struct generator g = {
		.time_ns = START_NS, .comm = {"hostile", 7}, .path = {"/bin/hostile", 12}};
	struct vft_sink *sink VFT_CLEANUP(close_sink) = NULL;
	static char text[VFT_MAX_STRING];
	struct vft_err err = {0};
	uint64_t n;
	int r;

	if (argc != 3 || vft_parse_u64(argv[2], 1, UINT32_MAX, &n)) {
		(void)fputs(
			"usage: gen_hostile chain|live|losses|wide|late|cycle|argv|refs|bomb|names "
			"N >FILE\n",
			stderr);
		return 2;
	}
	if (get_text(&g, text, strcmp(argv[1], "names") == 0)) {
		perror("gen_hostile: standard input");
		return 5;
	}
	r = vft_sink_open_fd(STDOUT_FILENO, &sink, &err);
	if (r == 0)
		r = generate(&g, sink, argv[1], n, &err);
	vft_writer_close(g.writer);
	if (r < 0)
		(void)fprintf(stderr, "gen_hostile: %s\n", err.message);
	return r < 0 ? 5 : 0;
}
