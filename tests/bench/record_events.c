/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_events - record_events LIVES [FILE [exec]]: what the recorder does with the records of so
 * many lives (spawn, exit, release; with exec: spawn, release, exec, exit), without a kernel: from
 * the wire into the columns of a trace. Prints the nanoseconds of CPU that a life takes to
 * translate, and in all. The same LIVES give the same bytes.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpf/events.h"
#include "record/kernel/translate.h"
#include <vft/writer.h>
#include "format/block/meta.h"

#define BATCH 4096u /* lives that are made before the clock runs */

struct state {
	uint64_t random, time_ns;
	uint32_t pid;
	bool has_exec;
	uint8_t *bytes;
	size_t size;
};

static void fail(const char *what)
{
	fprintf(stderr, "record_events: %s\n", what);
	exit(1);
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t draw(struct state *state, uint64_t n)
{
	state->random ^= state->random << 13;
	state->random ^= state->random >> 7;
	state->random ^= state->random << 17;
	return state->random % n;
}

static struct vfe_header header(struct state *state, enum vfe_kind kind, size_t size)
{
	state->time_ns += 1000 + draw(state, 4000);
	return (struct vfe_header){state->time_ns, (uint32_t)size, (uint16_t)kind,
				   (uint16_t)draw(state, 2)};
}

static void put(struct state *state, const void *data, size_t size)
{
	memcpy(state->bytes + state->size, data, size);
	state->size += size;
}

static void put_exec(struct state *state, const struct vfe_task *task)
{
	static const char bytes[] = "true\0bin\0usr\0/usr/bin/true\0true\0--help";
	struct vfe_exec exec = {.task = *task,
				.exe_ino = 4711,
				.argv_full_size = sizeof("true\0--help"),
				.exe_dev = (8u << 20) | 1,
				.exe_fs = 0xef53,
				.old_tid = task->tid,
				.path_size = sizeof("/usr/bin/true"),
				.argv_size = sizeof("true\0--help"),
				.exe_size = sizeof("true\0bin\0usr")};

	exec.header = header(state, VFE_EXEC, sizeof(exec) + sizeof(bytes));
	put(state, &exec, sizeof(exec));
	put(state, bytes, sizeof(bytes));
}

static void put_life(struct state *state)
{
	struct vfe_task parent = {.tgid = 1900,
				  .tid = 1900,
				  .start_ns = 999000000000u,
				  .cgroup = 5000,
				  .ns_tgid = 1900,
				  .ns_tid = 1900,
				  .pidns = 4026531836u,
				  .comm = "load"};
	struct vfe_task child = parent;
	struct vfe_spawn spawn = {.header = header(state, VFE_SPAWN, sizeof(spawn)),
				  .parent = parent};
	struct vfe_exit exit_record = {.task = child, .flags = VFE_EXIT_PROCESS};
	struct vfe_release release = {.parent_start_ns = parent.start_ns,
				      .parent_tgid = 1900,
				      .parent_tid = 1900,
				      .by = state->has_exec ? VFE_BY_EXEC : VFE_BY_EXIT};

	state->pid = state->pid >= 32000 ? 2000 : state->pid + 1;
	child.tgid = child.tid = child.ns_tgid = child.ns_tid = state->pid;
	child.start_ns = spawn.header.time_ns - 1500 - draw(state, 1000);
	spawn.clone_flags = 0x4100;
	spawn.child_start_ns = child.start_ns;
	spawn.child_cgroup = child.cgroup;
	spawn.child_tgid = spawn.child_tid = spawn.child_ns_tgid = spawn.child_ns_tid = child.tid;
	spawn.child_pidns = child.pidns;
	spawn.exit_signal = 17;
	spawn.syscall = 58;
	put(state, &spawn, sizeof(spawn));
	exit_record.task = release.child = child;
	release.header = header(state, VFE_RELEASE, sizeof(release));
	if (state->has_exec) {
		put(state, &release, sizeof(release));
		put_exec(state, &child);
	}
	exit_record.header = header(state, VFE_EXIT, sizeof(exit_record));
	put(state, &exit_record, sizeof(exit_record));
	if (!state->has_exec) {
		release.header = header(state, VFE_RELEASE, sizeof(release));
		put(state, &release, sizeof(release));
	}
}

/* All of what was made, to @writer if that is not NULL. */
static void take(const struct state *state, struct vft_writer *writer)
{
	static struct rec_translation translation;
	struct vft_err err;

	for (size_t at = 0; at < state->size;) {
		const struct vfe_header *record = (const void *)(state->bytes + at);

		if (rec_translate(record, record->size, REC_ARGS_FULL, &translation) < 0)
			fail("a record is none");
		if (writer && vft_writer_append(writer, &translation.event, &err) < 0)
			fail(err.message);
		at += record->size;
	}
}

int main(int argc, char **argv)
{
	uint64_t n_lives = argc > 1 ? strtoull(argv[1], NULL, 10) : 0, translate_ns = 0, all_ns = 0;
	struct state state = {.random = 88172645463325252u,
			      .time_ns = 1000000000000u,
			      .pid = 2000,
			      .has_exec = argc > 3};
	struct vft_writer_options options = {.size = sizeof(options), .section_id = 77};
	struct vft_meta meta = {.start_ns = 1};
	struct vft_end end = {.size = sizeof(end)};
	struct vft_writer *writer;
	struct vft_sink *sink;
	struct vft_err err;
	int fd = open(argc > 2 ? argv[2] : "/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	state.bytes = malloc(BATCH * (size_t)1024);
	if (!state.bytes || !n_lives || fd < 0)
		fail("record_events LIVES [FILE [exec]]");
	if (vft_sink_open_fd(fd, &sink, &err) < 0 ||
	    vft_writer_open(sink, &options, &meta, &writer, &err) < 0)
		fail(err.message);
	for (uint64_t i = 0; i < n_lives; i += BATCH) {
		uint64_t start_ns, middle_ns;

		state.size = 0;
		for (unsigned int j = 0; j < BATCH; j++)
			put_life(&state);
		start_ns = cpu_ns();
		take(&state, NULL);
		middle_ns = cpu_ns();
		take(&state, writer);
		translate_ns += middle_ns - start_ns;
		all_ns += cpu_ns() - middle_ns;
	}
	if (vft_writer_finish(writer, &end, &err) < 0)
		fail(err.message);
	printf("%.1f ns/life to translate, %.1f in all, %.2f bytes/life\n",
	       (double)translate_ns / (double)n_lives, (double)all_ns / (double)n_lives,
	       (double)vft_writer_get_size(writer) / (double)n_lives);
	vft_writer_close(writer);
	vft_sink_close(sink);
	free(state.bytes);
	return 0;
}
