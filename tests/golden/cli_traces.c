/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli_traces - wrote the traces of tests/golden/v1/cli, whose every output is kept beside them.
 *
 * usage: cli_traces FOLDER. Released traces are not written again: this says what is in them, and
 * makes those of a later version.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/hash.h"
#include <vft/writer.h>
#include "format/block/meta.h"

#define STR(text) ((struct vft_str){(text), sizeof(text) - 1})
#define MS        1000000ull
#define START     (3600 * 1000 * MS) /* the machine had run for an hour */
#define ID        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define VFORK_VM  0x4100u

static struct vft_writer *writer;

static void put(struct vft_event event, uint64_t ms)
{
	struct vft_err err = {0};

	event.time_ns = START + ms * MS;
	event.cpu = event.task ? event.task->tid % 4 : 0;
	if (vft_writer_append(writer, &event, &err)) {
		fprintf(stderr, "cli_traces: %s\n", err.message);
		exit(1);
	}
}

static struct vft_task task_of(uint32_t pid, uint64_t ms)
{
	return (struct vft_task){.tgid = pid,
				 .tid = pid,
				 .start_ns = START + ms * MS - 5000,
				 .ns_tgid = pid,
				 .ns_tid = pid,
				 .uid = 1000,
				 .pidns = 4026531836u,
				 .cgroup = 42};
}

static void spawn(const struct vft_task *parent, struct vft_str comm, const struct vft_task *child,
		  int32_t syscall, uint64_t ms)
{
	put((struct vft_event){.kind = VFT_KIND_SPAWN,
			       .task = parent,
			       .comm = &comm,
			       .spawn = {.child = child,
					 .clone_flags = syscall == 57 ? 0 : VFORK_VM,
					 .exit_signal = 17,
					 .syscall = syscall}},
	    ms);
}

static void release(const struct vft_task *child, const struct vft_task *parent, uint32_t by,
		    uint64_t ms)
{
	put((struct vft_event){.kind = VFT_KIND_RELEASE,
			       .task = child,
			       .release = {.parent_tgid = parent->tgid,
					   .parent_tid = parent->tid,
					   .parent_start_ns = parent->start_ns,
					   .by = by}},
	    ms);
}

static void exec(const struct vft_task *task, struct vft_str comm, struct vft_str path,
		 struct vft_str argv, uint32_t argv_size, uint64_t ms)
{
	put((struct vft_event){.kind = VFT_KIND_EXEC,
			       .task = task,
			       .comm = &comm,
			       .exec = {.path = &path,
					.argv = &argv,
					.argv_size = argv_size ? argv_size : argv.size,
					.exe_ino = 99,
					.exe_dev = 8 << 20 | 1,
					.exe_fs = 0xef53}},
	    ms);
}

static void leave(const struct vft_task *task, struct vft_str comm, uint32_t code, uint32_t signal,
		  uint32_t flags, uint64_t ms)
{
	put((struct vft_event){.kind = VFT_KIND_EXIT,
			       .task = task,
			       .comm = &comm,
			       .flags = flags | VFT_EXIT_PROCESS,
			       .exit = {.code = code, .signal = signal}},
	    ms);
}

static void snapshot(const struct vft_task *task, struct vft_str comm, struct vft_str path,
		     const struct vft_task *parent, const struct vft_task *waiter, uint32_t flags)
{
	struct vft_event event = {.kind = VFT_KIND_SNAPSHOT,
				  .task = task,
				  .comm = &comm,
				  .flags = flags | VFT_SNAPSHOT_EXECED};

	event.snapshot.path = &path;
	event.snapshot.state = VFT_STATE_SLEEPING;
	if (parent) {
		event.snapshot.parent_tgid = parent->tgid;
		event.snapshot.parent_start_ns = parent->start_ns;
	}
	if (waiter) {
		event.flags = flags | VFT_SNAPSHOT_VFORK_PENDING;
		event.snapshot.waiter_tgid = waiter->tgid;
		event.snapshot.waiter_tid = waiter->tid;
		event.snapshot.waiter_start_ns = waiter->start_ns;
	}
	put(event, 0);
}

static void begin(void)
{
	static const struct vft_str cgroup = {"/system.slice/docker-" ID ".scope", 21 + 64 + 6};
	static const struct vft_str text = {"attached", 8};

	put((struct vft_event){.kind = VFT_KIND_CLOCK,
			       .clock = {START - 5 * MS, 1700000000ull * 1000 * MS}},
	    0);
	put((struct vft_event){.kind = VFT_KIND_CGROUP, .cgroup = {.id = 42, .path = &cgroup}}, 0);
	put((struct vft_event){.kind = VFT_KIND_MARK,
			       .mark = {.text = &text, .what = VFT_MARK_START}},
	    0);
}

/* One child of each fate; the last two hold their parents when the trace ends. */
static void write_outcomes(bool lossy)
{
	const struct vft_task init = {
		.tgid = 1, .tid = 1, .start_ns = 1, .ns_tgid = 1, .ns_tid = 1};
	struct vft_task shell = task_of(100, 0), java = task_of(200, 0), early = task_of(201, 0);
	struct vft_task child[9], stall = task_of(320, 700), dead = task_of(101, 0);

	shell.start_ns = 50 * MS;
	java.start_ns = 60 * MS;
	java.ns_tgid = java.ns_tid = 1;
	early.start_ns = START - 2500 * MS;
	early.ns_tgid = early.ns_tid = 7;
	for (uint32_t i = 0; i < 9; i++)
		child[i] = task_of(300 + i, 100 + i * 50);
	stall.start_ns = START + 700 * MS - 5000;
	begin();
	snapshot(&init, STR("init"), STR("/sbin/init"), NULL, NULL, VFT_SNAPSHOT_FIRST);
	snapshot(&shell, STR("sh"), STR("/bin/sh"), &init, NULL, 0);
	snapshot(&dead, STR("worker"), STR("/usr/bin/worker"), &shell, NULL, 0);
	snapshot(&java, STR("java"), STR("/usr/bin/java"), &init, NULL, 0);
	snapshot(&early, STR("java"), STR("/usr/bin/java"), &java, &java, VFT_SNAPSHOT_LAST);
	for (uint32_t i = 0; i < 3; i++) {
		spawn(&shell, STR("sh"), &child[i], i == 1 ? 435 : 58, 100 + i * 50);
		release(&child[i], &shell, VFT_BY_EXEC, 102 + i * 50);
		exec(&child[i], STR("cc1"), STR("/usr/bin/cc1"), STR("cc1\0-O2\0a file.c\0"), 0,
		     102 + i * 50);
		leave(&child[i], STR("cc1"), 0, 0, 0, 130 + i * 50);
	}
	spawn(&shell, STR("sh"), &child[3], 58, 250);
	put((struct vft_event){.kind = VFT_KIND_EXEC_FAIL,
			       .task = &child[3],
			       .comm = &STR("sh"),
			       .exec_fail = {.path = &STR("/no/such"), .error = 2}},
	    251);
	leave(&child[3], STR("sh"), 127, 0, VFT_EXIT_VFORK_PENDING, 252);
	release(&child[3], &shell, VFT_BY_EXIT, 252);
	spawn(&shell, STR("sh"), &child[4], 56, 300);
	leave(&child[4], STR("sh"), 3, 0, VFT_EXIT_VFORK_PENDING, 301);
	release(&child[4], &shell, VFT_BY_EXIT, 301);
	spawn(&shell, STR("sh"), &child[5], 58, 350);
	leave(&child[5], STR("sh"), 0, 9, VFT_EXIT_VFORK_PENDING, 390);
	release(&child[5], &shell, VFT_BY_EXIT, 390);
	spawn(&shell, STR("sh"), &child[6], 58, 400);
	release(&child[6], &shell, VFT_BY_EXEC, 402);
	leave(&child[6], STR("sh"), 0, 11, VFT_EXIT_CORE, 403);
	spawn(&dead, STR("worker"), &child[7], 58, 450);
	leave(&dead, STR("worker"), 0, 15, VFT_EXIT_WAITER, 470);
	leave(&child[7], STR("worker"), 0, 0, 0, 480);
	spawn(&shell, STR("sh"), &child[8], 57, 500); /* a plain fork */
	if (lossy) {
		put((struct vft_event){.kind = VFT_KIND_LOST,
				       .lost = {VFT_CAUSE_RING_FULL, 1, 17, START + 690 * MS,
						START + 900 * MS}},
		    900);
		put((struct vft_event){.kind = VFT_KIND_LOST,
				       .lost = {VFT_CAUSE_RECURSION, VFT_CPU_NONE, 2,
						START + 100 * MS, START + 200 * MS}},
		    901);
	}
	spawn(&shell, STR("sh"), &stall, 58, 700);
	put((struct vft_event){.kind = VFT_KIND_STALL,
			       .task = &stall,
			       .comm = &STR("sh"),
			       .stall = {.state = VFT_STATE_STOPPED,
					 .waiter_tgid = 100,
					 .waiter_tid = 100,
					 .waiter_start_ns = shell.start_ns,
					 .syscall = -1}},
	    1900);
	put((struct vft_event){.kind = VFT_KIND_MARK, .mark = {.what = VFT_MARK_STOP}}, 2000);
}

static void stall(const struct vft_task *task, struct vft_str comm, const struct vft_task *waiter,
		  uint64_t ms)
{
	put((struct vft_event){.kind = VFT_KIND_STALL,
			       .task = task,
			       .comm = &comm,
			       .stall = {.state = VFT_STATE_SLEEPING,
					 .waiter_tgid = waiter->tgid,
					 .waiter_tid = waiter->tid,
					 .waiter_start_ns = waiter->start_ns,
					 .syscall = -1}},
	    ms);
}

/*
 * Four that wait for one another, the last of which has another name, user and cgroup; a thread of
 * a server; and one of whose end nothing is known.
 */
static void write_chain(void)
{
	static const struct vft_str scope = {"/kubepods/pod7/" ID, 15 + 64};
	struct vft_task chain[5], server = task_of(400, 0), thread = server,
				  child = task_of(410, 215);
	struct vft_task old = task_of(500, 0), lost = task_of(510, 100);

	thread.tid = thread.ns_tid = 402;
	server.start_ns = thread.start_ns = old.start_ns = 50 * MS;
	for (uint32_t i = 0; i < 5; i++)
		chain[i] = task_of(300 + i, 200 + i * 10);
	chain[0].start_ns = 60 * MS;
	begin();
	put((struct vft_event){.kind = VFT_KIND_CGROUP, .cgroup = {.id = 43, .path = &scope}}, 0);
	snapshot(&chain[0], STR("java"), STR("/usr/bin/java"), NULL, NULL, VFT_SNAPSHOT_FIRST);
	snapshot(&server, STR("python3"), STR("/usr/bin/python3"), NULL, NULL, 0);
	snapshot(&old, STR("cron"), STR("/usr/sbin/cron"), NULL, NULL, VFT_SNAPSHOT_LAST);
	spawn(&old, STR("cron"), &lost, 58, 100);
	spawn(&chain[0], STR("java"), &chain[1], 58, 210);
	/* Behind the first of the chain and before the last: the chain is told first. */
	spawn(&thread, STR("worker-2"), &child, 58, 215);
	for (uint32_t i = 2; i < 5; i++)
		spawn(&chain[i - 1], STR("hook"), &chain[i], 58, 200 + i * 10);
	/* A thread of the server's own, which is no process. */
	put((struct vft_event){.kind = VFT_KIND_SPAWN,
			       .task = &server,
			       .comm = &STR("python3"),
			       .spawn = {.child = &thread, .clone_flags = 0x10100, .syscall = 435}},
	    310);
	stall(&lost, STR("cron"), &old, 1100);
	chain[4].uid = 33;
	chain[4].cgroup = 43;
	stall(&chain[4], STR("(nginx)"), &chain[3], 1250);
	put((struct vft_event){.kind = VFT_KIND_LOST,
			       .lost = {VFT_CAUSE_RING_FULL, 0, 3, START + 1200 * MS,
					START + 1240 * MS}},
	    1400);
	for (uint32_t i = 1; i < 4; i++)
		stall(&chain[i], STR("hook"), &chain[i - 1], 1260);
	stall(&child, STR("worker-2"), &thread, 1300);
	put((struct vft_event){.kind = VFT_KIND_MARK, .mark = {.what = VFT_MARK_STOP}}, 2000);
}

/* One that is not old enough to be called stuck, if it is. */
static void write_late(void)
{
	struct vft_task shell = task_of(100, 0), child = task_of(101, 1950);

	begin();
	snapshot(&shell, STR("sh"), STR("/bin/sh"), NULL, NULL,
		 VFT_SNAPSHOT_FIRST | VFT_SNAPSHOT_LAST);
	spawn(&shell, STR("sh"), &child, 58, 1950);
	put((struct vft_event){.kind = VFT_KIND_LOST,
			       .lost = {VFT_CAUSE_RING_FULL, 0, 3, START + 1960 * MS,
					START + 1970 * MS}},
	    1980);
	put((struct vft_event){.kind = VFT_KIND_MARK, .mark = {.what = VFT_MARK_STOP}}, 2000);
}

/* Names and arguments made to break the terminals, tables and spreadsheets of whoever looks. */
static void write_hostile(void)
{
	static const struct vft_str names[] = {STR("\x1b[31mred"),
					       STR("=1+1|'cmd'!A"),
					       STR("\xff\xfe,\"q\""),
					       STR("a\nb\tc\r"),
					       STR("\xe2\x80\xae"
						   "txt.exe"),
					       STR("\xc2\x9b"
						   "2J"),
					       STR("h\xc3\xa9llo"),
					       STR("\xe6\xbc\xa2\xe5\xad\x97"),
					       STR("back\\slash"),
					       STR("it's"),
					       STR(""),
					       STR("</script>&amp;"),
					       STR("\x07\x08\x7f"),
					       STR("a\0b"),
					       STR("\xed\xa0\x80\xf4\x90")};
	static const struct vft_str argv =
		STR("prog\0it's\0a b\0\x1b]0;x\x07\0\xc3(\0\0$(rm -rf ~)\0\xe2\x80\xa8\0=2+5\0");
	struct vft_task shell = task_of(100, 0);

	begin();
	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct vft_task child = task_of(300 + i, 10 + i * 10);

		spawn(&shell, names[i], &child, 58, 10 + i * 10);
		release(&child, &shell, VFT_BY_EXEC, 11 + i * 10);
		exec(&child, names[i], names[(i + 1) % 15], argv, 2000, 11 + i * 10);
	}
	put((struct vft_event){.kind = VFT_KIND_MARK,
			       .mark = {.text = &STR("\x1b[2J"), .what = VFT_MARK_TRIGGER}},
	    500);
}

/* The first traces share an id; each that was added since has one of its own. */
static void choose_id(const char *name, struct vft_writer_options *options)
{
	static const char *const first[] = {"outcomes", "lossy", "hostile", "not_closed"};

	options->section_id = vft_hash_bytes(0, name, strlen(name));
	memcpy(options->uuid, &options->section_id, sizeof(options->section_id));
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (strcmp(name, first[i]) == 0)
			*options = (struct vft_writer_options){.size = sizeof(*options),
							       .uuid = {0xca, 0xfe},
							       .section_id = 0x1122334455667788ull};
}

static int write_trace(const char *folder, const char *name, void (*fill)(void), bool closed)
{
	struct vft_writer_options options = {.size = sizeof(options)};
	struct vft_meta meta = {.tool = STR("vfork-record 0.1.0"),
				.kernel = STR("6.1.0-18-amd64"),
				.arch = STR("x86_64"),
				.boot_id = STR("11111111-2222-3333-4444-555555555555"),
				.hostname = STR("build\x1b[1m7"),
				.options = STR("--args full"),
				.filters = STR(""),
				.redaction = STR("full"),
				.n_cpus = 4,
				.argv_limit = 4096,
				.ring_size = 16 << 20,
				.start_ns = START,
				.pidns = 4026531836u,
				.has = VFT_HAS_RELEASE | VFT_HAS_ARGV | VFT_HAS_EXEC_FAIL};
	static const struct vft_loss losses[] = {{VFT_CAUSE_RING_FULL, 1, 17},
						 {VFT_CAUSE_RECURSION, VFT_CPU_NONE, 2}};
	static const struct vft_loss three[] = {{VFT_CAUSE_RING_FULL, 0, 3}};
	struct vft_end end = {
		.size = sizeof(end), .n_seen = 50, .n_delivered = 50, .end_ns = START + 2000 * MS};
	struct vft_sink *sink;
	struct vft_err err = {0};
	char path[4096];
	int fd, result;

	choose_id(name, &options);
	snprintf(path, sizeof(path), "%s/%s.vft", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0) {
		fprintf(stderr, "cli_traces: %s: %s\n", path, strerror(errno));
		return 1;
	}
	result = vft_sink_open_fd(fd, &sink, &err);
	if (result)
		return 1;
	result = vft_writer_open(sink, &options, &meta, &writer, &err);
	if (!result) {
		fill();
		if (strcmp(name, "lossy") == 0) {
			end.losses = losses;
			end.n_losses = 2;
			end.n_dropped = 19;
			end.n_seen = 69;
		} else if (strcmp(name, "chain") == 0 || strcmp(name, "late") == 0) {
			end.losses = three;
			end.n_losses = 1;
			end.n_dropped = 3;
			end.n_seen = 53;
		}
		result = closed ? vft_writer_finish(writer, &end, &err)
				: vft_writer_flush(writer, &err);
		vft_writer_close(writer);
	}
	vft_sink_close(sink);
	if (result)
		fprintf(stderr, "cli_traces: %s: %s\n", path, err.message);
	return result != 0;
}

static void fill_outcomes(void)
{
	write_outcomes(false);
}

static void fill_lossy(void)
{
	write_outcomes(true);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: cli_traces FOLDER\n");
		return 2;
	}
	return write_trace(argv[1], "outcomes", fill_outcomes, true) |
	       write_trace(argv[1], "lossy", fill_lossy, true) |
	       write_trace(argv[1], "hostile", write_hostile, true) |
	       write_trace(argv[1], "not_closed", fill_outcomes, false) |
	       write_trace(argv[1], "chain", write_chain, true) |
	       write_trace(argv[1], "late", write_late, true);
}
