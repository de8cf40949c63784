/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_events - writes a synthetic trace of any size through libvft: the same bytes for the same
 * options, for figures and for tests of bounded memory.
 *
 * Each life is spawn (mostly vfork), release, exec with argv, exit; or spawn, release, exit. --live
 * processes are alive all the time, the oldest or a random one giving way to each new one. With
 * --stuck the first two are a parent and the vfork child that holds it from the last tenth on.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/cleanup.h"
#include "format/base/parse.h"
#include <vft/writer.h>
#include "format/block/meta.h"

#define START_NS          1000000000000ull
/* As the recorder: see record/recorder.c. */
#define LIST_PERIOD_BYTES (1u << 20)
#define LIST_SHARE        16u
#define VFORK_FLAGS       (0x4000u | 0x100u) /* CLONE_VFORK | CLONE_VM */

#define FIRST_PID 1000u

enum mix { MIX_BOTH, MIX_EXEC, MIX_EXIT };

struct generator {
	struct vft_writer *writer;
	uint64_t random, time_ns, n_written, n_events;
	struct vft_task *live;
	uint64_t list_at, list_bytes; /* the last list of processes: where it ended, its size */
	uint32_t n_live, next_pid;
	uint32_t n_stuck; /* of the live ones, at the front: 0 or 2 */
	enum mix mix;
	bool is_stuck;
};

static uint64_t next_random(struct generator *g)
{
	g->random ^= g->random << 13;
	g->random ^= g->random >> 7;
	g->random ^= g->random << 17;
	return g->random;
}

static int put(struct generator *g, struct vft_event *event, uint64_t step_ns)
{
	g->time_ns += step_ns / 2 + next_random(g) % (step_ns + 1);
	event->time_ns = g->time_ns;
	event->cpu = (uint32_t)(g->n_written / 64 % 8);
	g->n_written++;
	return vft_writer_append(g->writer, event, NULL);
}

static struct vft_task new_task(struct generator *g)
{
	struct vft_task task = {.tgid = g->next_pid,
				.tid = g->next_pid,
				.start_ns = g->time_ns,
				.ns_tgid = g->next_pid,
				.ns_tid = g->next_pid,
				.uid = 1000 + g->next_pid % 3,
				.pidns = 4026531836u,
				.cgroup = 5000 + g->next_pid % 7};

	/* Those of the first list may live to the end: nobody else has their pids. */
	g->next_pid = g->next_pid == 4194303 ? FIRST_PID + g->n_live : g->next_pid + 1;
	return task;
}

static struct vft_str make_str(const char *data, size_t size)
{
	return (struct vft_str){data, (uint32_t)size};
}

static int put_spawn(struct generator *g, const struct vft_task *parent,
		     const struct vft_task *child, bool is_vfork)
{
	struct vft_str comm = make_str("make", 4);
	struct vft_event event = {.kind = VFT_KIND_SPAWN, .task = parent, .comm = &comm};

	event.spawn.child = child;
	event.spawn.clone_flags = is_vfork ? VFORK_FLAGS : 0x1200000;
	event.spawn.exit_signal = 17;
	event.spawn.syscall = is_vfork ? 58 : 56;
	return put(g, &event, 20000);
}

static int put_release(struct generator *g, const struct vft_task *parent,
		       const struct vft_task *child, bool by_exec)
{
	struct vft_event event = {.kind = VFT_KIND_RELEASE, .task = child};

	event.release.parent_tgid = parent->tgid;
	event.release.parent_tid = parent->tid;
	event.release.parent_start_ns = parent->start_ns;
	event.release.by = by_exec ? VFT_BY_EXEC : VFT_BY_EXIT;
	return put(g, &event, 100000);
}

static int put_exec(struct generator *g, const struct vft_task *child)
{
	char text[160];
	struct vft_str comm = make_str("cc1", 3), path = make_str("/usr/bin/cc1", 12);
	struct vft_event event = {.kind = VFT_KIND_EXEC, .task = child, .comm = &comm};
	struct vft_str argv;
	int n = snprintf(text, sizeof(text),
			 "cc1%c-O2%c-I%cinclude%c-o%cbuild/unit_%u.o%csrc/unit_%u.c", 0, 0, 0, 0, 0,
			 child->tgid % 50000, 0, child->tgid % 50000);

	argv = make_str(text, (size_t)n + 1);
	event.exec.path = &path;
	event.exec.argv = &argv;
	event.exec.argv_size = argv.size;
	event.exec.exe_dev = 8 << 20 | 1;
	event.exec.exe_ino = 131072 + child->tgid % 5;
	event.exec.exe_fs = 0xef53;
	return put(g, &event, 5000);
}

static int put_exit(struct generator *g, const struct vft_task *task, bool had_exec)
{
	struct vft_str comm = had_exec ? make_str("cc1", 3) : make_str("make", 4);
	struct vft_event event = {.kind = VFT_KIND_EXIT, .task = task, .comm = &comm};

	event.exit.code = task->tgid % 97 == 0;
	event.flags = VFT_EXIT_PROCESS;
	return put(g, &event, 30000);
}

static int put_clock(struct generator *g)
{
	struct vft_event event = {.kind = VFT_KIND_CLOCK, .time_ns = g->time_ns};

	event.clock.monotonic_ns = g->time_ns;
	event.clock.realtime_ns = g->time_ns + 1700000000000000000ull;
	g->n_written++;
	return vft_writer_append(g->writer, &event, NULL);
}

static int put_list(struct generator *g)
{
	struct vft_str comm = make_str("make", 4);
	uint64_t size = vft_writer_get_size(g->writer);
	int r = vft_writer_flush(g->writer, NULL);

	for (uint32_t i = 0; i < g->n_live && r == 0; i++) {
		struct vft_event event = {.kind = VFT_KIND_SNAPSHOT, .comm = &comm};

		event.task = &g->live[i];
		event.flags = (i == 0 ? VFT_SNAPSHOT_FIRST : 0) |
			      (i + 1 == g->n_live ? VFT_SNAPSHOT_LAST : 0) | VFT_SNAPSHOT_EXECED;
		event.snapshot.parent_tgid = 1;
		event.snapshot.state = VFT_STATE_SLEEPING;
		if (i == 1 && g->n_stuck) {
			event.flags ^= VFT_SNAPSHOT_EXECED | VFT_SNAPSHOT_VFORK_PENDING;
			event.snapshot.waiter_tgid = event.snapshot.waiter_tid = g->live[0].tgid;
			event.snapshot.waiter_start_ns = g->live[0].start_ns;
		}
		r = put(g, &event, 100);
	}
	if (r == 0)
		r = vft_writer_flush(g->writer, NULL);
	g->list_at = vft_writer_get_size(g->writer);
	g->list_bytes = g->list_at - size;
	return r;
}

static int put_first_list(struct generator *g)
{
	for (uint32_t i = 0; i < g->n_live; i++)
		g->live[i] = new_task(g);
	return put_list(g);
}

static int put_stuck(struct generator *g)
{
	int r = put_exit(g, &g->live[1], true);

	g->live[1] = new_task(g);
	g->n_stuck = 2;
	return r < 0 ? r : put_spawn(g, &g->live[0], &g->live[1], true);
}

static bool is_stuck_due(const struct generator *g)
{
	return g->is_stuck && !g->n_stuck && g->n_written >= g->n_events / 10 * 9;
}

static bool is_list_due(const struct generator *g)
{
	uint64_t grown = vft_writer_get_size(g->writer) - g->list_at;

	return grown >= LIST_PERIOD_BYTES && grown >= LIST_SHARE * g->list_bytes;
}

/* One process comes, and one goes. */
static int put_life(struct generator *g)
{
	uint64_t dice = next_random(g);
	uint32_t n = g->n_live - g->n_stuck;
	struct vft_task *victim = &g->live[g->n_stuck + dice % n];
	const struct vft_task *parent = &g->live[g->n_stuck + (dice >> 32) % n];
	struct vft_task child;
	bool is_vfork = dice >> 60 != 0;
	bool has_exec = g->mix == MIX_EXEC || (g->mix == MIX_BOTH && (dice >> 56 & 15) != 0);
	int r;

	child = new_task(g);
	r = put_spawn(g, parent, &child, is_vfork);
	if (r == 0 && is_vfork)
		r = put_release(g, parent, &child, has_exec);
	if (r == 0 && has_exec)
		r = put_exec(g, &child);
	if (r < 0)
		return r;
	if (!has_exec)
		return put_exit(g, &child, false);
	r = put_exit(g, victim, true);
	*victim = child;
	return r;
}

static int generate(struct generator *g, struct vft_sink *sink, int level, struct vft_err *err)
{
	struct vft_writer_options options = {.size = sizeof(options), .level = level};
	struct vft_str tool = make_str("gen_events", 10), arch = make_str("x86_64", 6);
	struct vft_str boot = make_str("00000000-1111-2222-3333-444444444444", 36);
	struct vft_meta meta = {.tool = tool,
				.arch = arch,
				.boot_id = boot,
				.start_ns = START_NS,
				.n_cpus = 8,
				.pidns = 4026531836u,
				.has = VFT_HAS_RELEASE | VFT_HAS_ARGV | VFT_HAS_EXEC_FAIL};
	struct vft_end end = {.size = sizeof(end)};
	int r;

	options.section_id = 0x5eed5eed5eed5eedull;
	memcpy(options.uuid, "gen_events_trace", 16);
	r = vft_writer_open(sink, &options, &meta, &g->writer, err);
	if (r < 0)
		return r;
	r = put_clock(g);
	if (r == 0)
		r = put_first_list(g);
	while (r == 0 && g->n_written < g->n_events)
		r = is_list_due(g) ? put_list(g) : is_stuck_due(g) ? put_stuck(g) : put_life(g);
	if (r < 0)
		return vft_fail(err, r, vft_writer_get_size(g->writer), "cannot write");
	end.n_seen = end.n_delivered = g->n_written;
	end.end_ns = g->time_ns;
	return vft_writer_finish(g->writer, &end, err);
}

VFT_DEFINE_GUARD(close_sink, struct vft_sink *, vft_sink_close)

static int usage(void)
{
	(void)fputs("usage: gen_events [--events N] [--live N] [--mix both|exec|exit] [--level N]"
		    " [--stuck] -o FILE\n",
		    stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"events", required_argument, NULL, 'e'},
						{"live", required_argument, NULL, 'l'},
						{"mix", required_argument, NULL, 'm'},
						{"level", required_argument, NULL, 'L'},
						{"output", required_argument, NULL, 'o'},
						{"stuck", no_argument, NULL, 's'},
						{0}};
	struct generator g = {.random = 88172645463325252ull,
			      .time_ns = START_NS,
			      .next_pid = FIRST_PID,
			      .n_events = 1000000};
	struct vft_sink *sink VFT_CLEANUP(close_sink) = NULL;
	struct vft_err err = {0};
	const char *path = NULL;
	uint64_t n_live = 1000, level = 0;
	int c, fd, r = 0;

	while ((c = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (c == 'o')
			path = optarg;
		else if (c == 'e')
			r |= vft_parse_u64(optarg, 1, UINT64_MAX, &g.n_events);
		else if (c == 'l')
			r |= vft_parse_u64(optarg, 1, 1000000, &n_live);
		else if (c == 'L')
			r |= vft_parse_u64(optarg, 1, 19, &level);
		else if (c == 'm' && !strcmp(optarg, "exec"))
			g.mix = MIX_EXEC;
		else if (c == 'm' && !strcmp(optarg, "exit"))
			g.mix = MIX_EXIT;
		else if (c == 's')
			g.is_stuck = true;
		else if (c != 'm' || strcmp(optarg, "both"))
			return usage();
	}
	if (r || !path || optind != argc || (g.is_stuck && n_live < 3))
		return usage();
	g.n_live = (uint32_t)n_live;
	g.live = calloc(g.n_live, sizeof(*g.live));
	fd = strcmp(path, "-") ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : 1;
	if (!g.live || fd < 0) {
		perror("gen_events");
		free(g.live);
		return 5;
	}
	r = vft_sink_open_fd(fd, &sink, &err);
	if (r == 0)
		r = generate(&g, sink, (int)level, &err);
	vft_writer_close(g.writer);
	free(g.live);
	if (r < 0)
		(void)fprintf(stderr, "gen_events: %s\n", err.message);
	return r < 0 ? 5 : 0;
}
