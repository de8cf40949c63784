/* SPDX-License-Identifier: BSD-2-Clause */
/* The customs house between wire and file, from byte arrays: no root, no kernel. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "bpf/events.h"
#include "record/kernel/translate.h"

static const struct vfe_task some_task = {
	.tgid = 100,
	.tid = 101,
	.start_ns = 5000,
	.cgroup = 77,
	.cgroup_v1 = 88,
	.ns_tgid = 1,
	.ns_tid = 2,
	.pidns = 4026531836u,
	.uid = 1000,
	.comm = "a\x1b[31m\nb",
};

static struct vfe_header header(enum vfe_kind kind, size_t size)
{
	return (struct vfe_header){
		.time_ns = 9000, .size = (uint32_t)size, .kind = (uint16_t)kind, .cpu = 3};
}

/* An exec record in the last bytes before an unmapped page, so that one byte too far is a fault. */
struct edge {
	char *pages;
	size_t page; /* more than any record */
	struct vfe_exec *exec;
	size_t size;
};

static struct edge exec_of_file(const char *names, size_t names_size, const char *path,
				const char *interp, const char *argv, size_t argv_size)
{
	struct edge edge = {.page = 4 * (size_t)sysconf(_SC_PAGESIZE)};
	size_t path_size = path ? strlen(path) + 1 : 0,
	       interp_size = interp ? strlen(interp) + 1 : 0;
	char *data;

	edge.pages = mmap(NULL, 2 * edge.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	assert_true(edge.pages != MAP_FAILED);
	assert_int_equal(mprotect(edge.pages + edge.page, edge.page, PROT_NONE), 0);
	edge.size = sizeof(struct vfe_exec) + names_size + path_size + interp_size + argv_size;
	edge.exec = (void *)(edge.pages + edge.page - edge.size);
	*edge.exec = (struct vfe_exec){.header = header(VFE_EXEC, edge.size),
				       .task = some_task,
				       .exe_ino = 12,
				       .exe_dev = (8u << 20) | 1,
				       .exe_fs = 0xef53,
				       .old_tid = 101,
				       .argv_full_size = argv_size,
				       .path_size = (uint32_t)path_size,
				       .interp_size = (uint32_t)interp_size,
				       .argv_size = (uint32_t)argv_size,
				       .exe_size = (uint32_t)names_size};
	data = (char *)(edge.exec + 1);
	memcpy(data, names, names_size);
	data += names_size;
	if (path)
		memcpy(data, path, path_size);
	if (interp)
		memcpy(data + path_size, interp, interp_size);
	memcpy(data + path_size + interp_size, argv, argv_size);
	return edge;
}

static struct edge exec_on_edge(const char *path, const char *interp, const char *argv,
				size_t argv_size)
{
	return exec_of_file("", 0, path, interp, argv, argv_size);
}

static void free_edge(struct edge *edge)
{
	munmap(edge->pages, 2 * edge->page);
}

static void assert_str(const struct vft_str *got, const void *want, size_t size)
{
	assert_non_null(got);
	assert_int_equal(got->size, size);
	assert_memory_equal(got->data, want, size);
}

static void test_translate__spawn(void **state)
{
	struct vfe_spawn wire = {.header = header(VFE_SPAWN, sizeof(wire)),
				 .parent = some_task,
				 .clone_flags = 0x4100,
				 .child_start_ns = 8000,
				 .child_cgroup = 78,
				 .child_cgroup_v1 = 89,
				 .child_tgid = 200,
				 .child_tid = 200,
				 .child_ns_tgid = 9,
				 .child_ns_tid = 9,
				 .child_pidns = 4026532000u,
				 .exit_signal = 17,
				 .syscall = 58,
				 .flags = VFE_SPAWN_COMPAT};
	struct rec_translation out;

	(void)state;
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), 0);
	assert_int_equal(out.event.kind, VFT_KIND_SPAWN);
	assert_int_equal(out.event.time_ns, 9000);
	assert_int_equal(out.event.cpu, 3);
	assert_int_equal(out.event.flags, VFT_SPAWN_COMPAT);
	wire.flags = VFE_SPAWN_KERNEL;
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), 0);
	assert_int_equal(out.event.flags, VFT_SPAWN_KERNEL);
	assert_int_equal(out.event.task->tid, 101);
	assert_int_equal(out.event.task->ns_tid, 2);
	assert_int_equal(out.event.task->start_ns, 5000);
	assert_str(out.event.comm, "a\x1b[31m\nb", 8);
	assert_int_equal(out.event.spawn.child->tgid, 200);
	assert_int_equal(out.event.spawn.child->ns_tid, 9);
	assert_int_equal(out.event.spawn.child->start_ns, 8000);
	assert_int_equal(out.event.spawn.child->cgroup, 78);
	assert_int_equal(out.task_cgroup_v1, 88);
	assert_int_equal(out.other_cgroup_v1, 89);
	assert_int_equal(out.event.spawn.child->uid, 1000);
	assert_int_equal(out.event.spawn.child->pidns, 4026532000u);
	assert_int_equal(out.event.spawn.clone_flags, 0x4100);
	assert_int_equal(out.event.spawn.exit_signal, 17);
	assert_int_equal(out.event.spawn.syscall, 58);
}

static void test_translate__release(void **state)
{
	struct vfe_release wire = {.header = header(VFE_RELEASE, sizeof(wire)),
				   .child = some_task,
				   .parent_start_ns = 4000,
				   .parent_tgid = 50,
				   .parent_tid = 51,
				   .by = VFE_BY_EXIT};
	struct rec_translation out;

	(void)state;
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), 0);
	assert_int_equal(out.event.kind, VFT_KIND_RELEASE);
	assert_int_equal(out.event.task->tgid, 100);
	assert_int_equal(out.event.release.parent_tgid, 50);
	assert_int_equal(out.event.release.parent_tid, 51);
	assert_int_equal(out.event.release.parent_start_ns, 4000);
	assert_int_equal(out.event.release.by, VFT_BY_EXIT);
	wire.by = VFE_BY_EXEC;
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), 0);
	assert_int_equal(out.event.release.by, VFT_BY_EXEC);
	wire.by = 99;
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), 0);
	assert_int_equal(out.event.release.by, VFT_BY_UNKNOWN);
}

static void test_translate__exit_status(void **state)
{
	struct vfe_exit wire = {.header = header(VFE_EXIT, sizeof(wire)), .task = some_task};
	struct rec_translation out;

	(void)state;
	wire.wait_status = 3 << 8;
	wire.flags = VFE_EXIT_PROCESS | VFE_EXIT_VFORK_PENDING;
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), 0);
	assert_int_equal(out.event.exit.code, 3);
	assert_int_equal(out.event.exit.signal, 0);
	assert_int_equal(out.event.flags, VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	wire.wait_status = 11 | 0x80;
	wire.flags = VFE_EXIT_WAITER;
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), 0);
	assert_int_equal(out.event.exit.code, 0);
	assert_int_equal(out.event.exit.signal, 11);
	assert_int_equal(out.event.flags, VFT_EXIT_CORE | VFT_EXIT_WAITER);
}

static void test_translate__exec(void **state)
{
	static const char argv[] = "cc\0-o\0x";
	struct edge edge = exec_on_edge("/usr/bin/cc", NULL, argv, sizeof(argv));
	struct rec_translation out;

	(void)state;
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_FULL, &out), 0);
	assert_int_equal(out.event.kind, VFT_KIND_EXEC);
	assert_str(out.event.exec.path, "/usr/bin/cc", 11);
	assert_null(out.event.exec.interp);
	assert_str(out.event.exec.argv, argv, sizeof(argv));
	assert_int_equal(out.event.exec.argv_size, sizeof(argv));
	assert_int_equal(out.event.exec.exe_ino, 12);
	assert_int_equal(out.event.exec.exe_dev, (8u << 20) | 1);
	assert_int_equal(out.event.exec.exe_fs, 0xef53);
	assert_int_equal(out.event.exec.old_tid, 0); /* the thread itself */
	assert_int_equal(out.event.flags, 0);
	free_edge(&edge);
}

static void test_translate__exec_script_by_other_thread(void **state)
{
	static const char argv[] = "sh\0./x";
	struct edge edge = exec_on_edge("./x", "/bin/sh", argv, sizeof(argv));
	struct rec_translation out;

	(void)state;
	edge.exec->old_tid = 150;
	edge.exec->argv_full_size = 1ull << 40;
	edge.exec->flags = VFE_EXEC_PATH_CUT;
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_FULL, &out), 0);
	assert_str(out.event.exec.path, "./x", 3);
	assert_str(out.event.exec.interp, "/bin/sh", 7);
	assert_int_equal(out.event.exec.old_tid, 150);
	assert_int_equal(out.event.exec.argv_size, UINT32_MAX);
	assert_int_equal(out.event.flags, VFT_EXEC_SCRIPT | VFT_EXEC_PATH_CUT);
	free_edge(&edge);
}

static void test_translate__exec_args_left_out(void **state)
{
	static const char argv[] = "mysql\0-psecret";
	struct edge edge = exec_on_edge("/bin/mysql", NULL, argv, sizeof(argv));
	struct rec_translation out;

	(void)state;
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_ARGV0, &out), 0);
	assert_str(out.event.exec.argv, "mysql", 6); /* with its NUL: a whole word */
	assert_int_equal(out.event.exec.argv_size, sizeof(argv));
	assert_int_equal(out.event.flags, VFT_EXEC_ARGV_OFF);
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_NONE, &out), 0);
	assert_null(out.event.exec.argv);
	assert_int_equal(out.event.flags, VFT_EXEC_ARGV_OFF);
	free_edge(&edge);
}

static void assert_exe(const char *names, size_t size, uint32_t flags, const char *exe)
{
	struct edge edge = exec_of_file(names, size, "./x", "/bin/sh", "x", 2);
	struct rec_translation out;

	edge.exec->flags = flags;
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_FULL, &out), 0);
	if (exe)
		assert_str(out.event.exec.exe, exe, strlen(exe));
	else
		assert_null(out.event.exec.exe);
	assert_str(out.event.exec.path, "./x", 3);
	assert_str(out.event.exec.interp, "/bin/sh", 7);
	assert_str(out.event.exec.argv, "x", 2);
	assert_int_equal(out.event.flags & VFT_EXEC_EXE_CUT,
			 flags & VFE_EXEC_EXE_CUT ? VFT_EXEC_EXE_CUT : 0);
	free_edge(&edge);
}

static void test_translate__exec_file(void **state)
{
	static const char names[] = "cc\0bin\0usr";

	(void)state;
	assert_exe(names, sizeof(names), 0, "/usr/bin/cc");
	assert_exe(names, sizeof(names), VFE_EXEC_EXE_GONE, "/usr/bin/cc (deleted)");
	assert_exe(names, sizeof(names), VFE_EXEC_EXE_CUT, "usr/bin/cc");
	assert_exe(names, sizeof(names), VFE_EXEC_EXE_CUT | VFE_EXEC_EXE_GONE,
		   "usr/bin/cc (deleted)");
	assert_exe("memfd:x", 8, VFE_EXEC_EXE_GONE, "/memfd:x (deleted)");
	assert_exe("", 0, 0, "/"); /* a mount of one file that is nowhere */
	assert_exe("", 0, VFE_EXEC_EXE_CUT, NULL);
	assert_exe("", 0, VFE_EXEC_EXE_CUT | VFE_EXEC_EXE_GONE, NULL);
}

/* As many bytes as the kernel part can send, in names of one letter and of none. */
static void test_translate__exec_file_of_the_longest_path(void **state)
{
	static char names[VFE_EXE_MAX], exe[VFE_EXE_MAX + 11];

	(void)state;
	for (size_t i = 0; i < sizeof(names); i += 2)
		names[i] = 'a';
	for (size_t i = 0; i < sizeof(names); i++)
		exe[i] = i % 2 ? 'a' : '/';
	strcpy(exe + sizeof(names), " (deleted)");
	assert_exe(names, sizeof(names), VFE_EXEC_EXE_GONE, exe);
	memset(names, 0, sizeof(names));
	memset(exe, '/', sizeof(names));
	assert_exe(names, sizeof(names), VFE_EXEC_EXE_GONE, exe);
}

static void test_translate__exec_file_without_end(void **state)
{
	static const char names[VFE_EXE_MAX + 1];
	struct edge edge = exec_of_file("cc", 2, "./x", NULL, "x", 2);
	struct rec_translation out;

	(void)state;
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_FULL, &out), -EBADMSG);
	edge.exec->exe_size = UINT32_MAX;
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_FULL, &out), -EBADMSG);
	free_edge(&edge);
	edge = exec_of_file(names, sizeof(names), "./x", NULL, "x", 2);
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_FULL, &out), -EBADMSG);
	free_edge(&edge);
}

static void test_translate__exec_sizes_that_do_not_add_up(void **state)
{
	struct edge edge = exec_on_edge("/bin/a", "/bin/b", "a", 2);
	struct rec_translation out;
	struct vfe_exec good = *edge.exec;

	(void)state;
	edge.exec->path_size = UINT32_MAX;
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_FULL, &out), -EBADMSG);
	*edge.exec = good;
	edge.exec->interp_size = UINT32_MAX - good.path_size + 1;
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_FULL, &out), -EBADMSG);
	*edge.exec = good;
	edge.exec->argv_size++;
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_FULL, &out), -EBADMSG);
	*edge.exec = good;
	edge.exec->argv_size--;
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_FULL, &out), -EBADMSG);
	*edge.exec = good;
	assert_int_equal(rec_translate(edge.exec, edge.size, REC_ARGS_FULL, &out), 0);
	free_edge(&edge);
}

static void test_translate__every_short_size(void **state)
{
	static const struct {
		enum vfe_kind kind;
		size_t size;
	} kinds[] = {{VFE_SPAWN, sizeof(struct vfe_spawn)},
		     {VFE_RELEASE, sizeof(struct vfe_release)},
		     {VFE_EXEC, sizeof(struct vfe_exec)},
		     {VFE_EXIT, sizeof(struct vfe_exit)},
		     {VFE_CGROUP, sizeof(struct vfe_cgroup)},
		     {VFE_CGROUP_GONE, sizeof(struct vfe_cgroup)}};
	struct rec_translation out;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (size_t size = 0; size < kinds[i].size; size++) {
			struct vfe_header *record = calloc(1, size ? size : 1);

			assert_non_null(record);
			if (size >= sizeof(*record))
				*record = header(kinds[i].kind, size);
			assert_int_equal(rec_translate(record, size, REC_ARGS_FULL, &out),
					 -EBADMSG);
			free(record);
		}
	}
}

static void test_translate__unknown_kind_and_wrong_size(void **state)
{
	struct vfe_exit wire = {.header = header(VFE_EXIT, sizeof(wire)), .task = some_task};
	struct rec_translation out;

	(void)state;
	wire.header.size++;
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), -EBADMSG);
	wire.header = header(VFE_TASK, sizeof(wire)); /* never through the ring */
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), -EBADMSG);
	wire.header.kind = 0;
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), -EBADMSG);
	wire.header.kind = UINT16_MAX;
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), -EBADMSG);
}

static void test_translate__exec_fail(void **state)
{
	struct {
		struct vfe_exec_fail wire;
		char data[8];
	} record = {.wire = {.header = header(VFE_EXEC_FAIL, sizeof(record)), .task = some_task},
		    .data = "/no\0/sh"};
	struct rec_translation out;

	(void)state;
	record.wire.error = 2;
	record.wire.path_size = record.wire.interp_size = 4;
	record.wire.flags = VFE_EXEC_FAIL_OPENED;
	assert_int_equal(rec_translate(&record, sizeof(record), REC_ARGS_FULL, &out), 0);
	assert_int_equal(out.event.kind, VFT_KIND_EXEC_FAIL);
	assert_int_equal(out.event.exec_fail.error, 2);
	assert_int_equal(out.event.flags, VFT_EXEC_FAIL_OPENED);
	assert_int_equal(out.event.exec_fail.path->size, 3);
	assert_memory_equal(out.event.exec_fail.interp->data, "/sh", 3);
	record.wire.interp_size = 5;
	assert_int_equal(rec_translate(&record, sizeof(record), REC_ARGS_FULL, &out), -EBADMSG);
	record.wire.path_size = UINT32_MAX;
	assert_int_equal(rec_translate(&record, sizeof(record), REC_ARGS_FULL, &out), -EBADMSG);
}

static void test_translate__cgroup(void **state)
{
	struct {
		struct vfe_cgroup cgroup;
		char bytes[5];
	} wire = {.cgroup = {.id = 42, .parent_id = 41, .path_size = 5},
		  .bytes = {'/', 'a', '/', 'b', 'c'}};
	size_t size = sizeof(wire.cgroup) + 5;
	struct rec_translation out;

	(void)state;
	wire.cgroup.header = header(VFE_CGROUP, size);
	assert_int_equal(rec_translate(&wire, size, REC_ARGS_FULL, &out), 0);
	assert_int_equal(out.event.cgroup.id, 42);
	assert_str(out.event.cgroup.path, "/a/bc", 5);
	assert_int_equal(out.cgroup_parent, 41);
	assert_int_equal(out.cgroup_name.size, 0);
	wire.cgroup.path_size = 3;
	assert_int_equal(rec_translate(&wire, size, REC_ARGS_FULL, &out), -EBADMSG);
	wire.cgroup.name_size = 2;
	assert_int_equal(rec_translate(&wire, size, REC_ARGS_FULL, &out), 0);
	assert_str(out.event.cgroup.path, "/a/", 3);
	assert_str(&out.cgroup_name, "bc", 2);
	wire.cgroup.name_size = 3;
	assert_int_equal(rec_translate(&wire, size, REC_ARGS_FULL, &out), -EBADMSG);
	wire.cgroup.path_size = UINT32_MAX;
	wire.cgroup.name_size = 6;
	assert_int_equal(rec_translate(&wire, size, REC_ARGS_FULL, &out), -EBADMSG);
}

static void test_translate__cgroup_gone(void **state)
{
	struct vfe_cgroup wire = {.header = header(VFE_CGROUP_GONE, sizeof(wire)), .id = 42};
	struct rec_translation out;

	(void)state;
	assert_int_equal(rec_translate(&wire, sizeof(wire), REC_ARGS_FULL, &out), 0);
	assert_int_equal(out.event.kind, VFT_KIND_CGROUP);
	assert_int_equal(out.event.cgroup.id, 42);
	assert_null(out.event.cgroup.path);
}

static uint32_t state_of(uint32_t state, uint32_t exit_state, uint32_t frozen)
{
	struct vfe_task_state wire = {
		.task = some_task, .state = state, .exit_state = exit_state, .frozen = frozen};
	struct rec_translation out;

	rec_translate_task(&wire, &out);
	return out.event.snapshot.state;
}

static void test_translate__task_states(void **state)
{
	(void)state;
	assert_int_equal(state_of(0, 0, 0), VFT_STATE_RUNNING);
	assert_int_equal(state_of(0x1, 0, 0), VFT_STATE_SLEEPING);
	assert_int_equal(state_of(0x1, 0, 1), VFT_STATE_FROZEN);
	assert_int_equal(state_of(0x8000, 0, 1), VFT_STATE_FROZEN);
	assert_int_equal(state_of(0x8000, 0, 0), VFT_STATE_UNKNOWN); /* not with a cgroup */
	assert_int_equal(state_of(0x102, 0, 0), VFT_STATE_BLOCKED);
	assert_int_equal(state_of(0x104, 0, 0), VFT_STATE_STOPPED);
	assert_int_equal(state_of(0x104, 0, 1), VFT_STATE_STOPPED);
	assert_int_equal(state_of(0x108, 0, 0), VFT_STATE_TRACED);
	assert_int_equal(state_of(0x80, 0x20, 0), VFT_STATE_DEAD);
	assert_int_equal(state_of(0x40, 0, 0), VFT_STATE_UNKNOWN);
}

/* Of a frozen task the cgroup is that in the hierarchy which freezes it. */
static void test_translate__stall(void **state)
{
	struct vfe_task_state wire = {.task = some_task, .state = 1};
	struct rec_translation out;

	(void)state;
	rec_translate_stall(&wire, &out);
	assert_int_equal(out.event.stall.state, VFT_STATE_SLEEPING);
	assert_int_equal(out.task_cgroup_v1, 88);
	assert_int_equal(out.event.task->cgroup, 77);
	wire.frozen = 1;
	wire.frozen_cgroup = 99;
	rec_translate_stall(&wire, &out);
	assert_int_equal(out.event.stall.state, VFT_STATE_FROZEN);
	assert_int_equal(out.task_cgroup_v1, 0);
	assert_int_equal(out.event.task->cgroup, 99);
	rec_translate_task(&wire, &out);
	assert_int_equal(out.event.task->cgroup, 99);
}

static void test_translate__task_flags(void **state)
{
	struct vfe_task_state wire = {.task = some_task,
				      .vfork_done = 0xffffc90000000000u,
				      .task_flags = 0x40,
				      .parent_tgid = 7,
				      .parent_start_ns = 6};
	struct rec_translation out;

	(void)state;
	rec_translate_task(&wire, &out);
	assert_int_equal(out.event.flags, VFT_SNAPSHOT_VFORK_PENDING | VFT_SNAPSHOT_THREAD);
	assert_int_equal(out.event.snapshot.parent_tgid, 7);
	assert_int_equal(out.event.snapshot.parent_start_ns, 6);
	wire.vfork_done = 0;
	wire.task_flags = 0;
	wire.task.tid = wire.task.tgid;
	rec_translate_task(&wire, &out);
	assert_int_equal(out.event.flags, VFT_SNAPSHOT_EXECED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_translate__spawn),
		cmocka_unit_test(test_translate__release),
		cmocka_unit_test(test_translate__exit_status),
		cmocka_unit_test(test_translate__exec),
		cmocka_unit_test(test_translate__exec_script_by_other_thread),
		cmocka_unit_test(test_translate__exec_args_left_out),
		cmocka_unit_test(test_translate__exec_file),
		cmocka_unit_test(test_translate__exec_file_of_the_longest_path),
		cmocka_unit_test(test_translate__exec_file_without_end),
		cmocka_unit_test(test_translate__exec_sizes_that_do_not_add_up),
		cmocka_unit_test(test_translate__every_short_size),
		cmocka_unit_test(test_translate__unknown_kind_and_wrong_size),
		cmocka_unit_test(test_translate__exec_fail),
		cmocka_unit_test(test_translate__cgroup),
		cmocka_unit_test(test_translate__cgroup_gone),
		cmocka_unit_test(test_translate__stall),
		cmocka_unit_test(test_translate__task_states),
		cmocka_unit_test(test_translate__task_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
