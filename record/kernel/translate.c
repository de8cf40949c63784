/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/kernel/translate.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "bpf/events.h"

_Static_assert(REC_ARGV_MAX == VFE_ARGV_MAX, "one limit");
_Static_assert(REC_EXE_MAX >= VFE_EXE_MAX + sizeof(" (deleted)"), "a path fits");
_Static_assert(VFE_NO_LIMIT == VFT_NO_LIMIT, "one value");
_Static_assert(VFE_CGROUP_ID(3, 5) == VFT_CGROUP_ID(3, 5), "the kernel part makes the file's ids");

/* The kernel's task state bits, as far as they are told apart here. */
enum {
	KERNEL_INTERRUPTIBLE = 0x1,
	KERNEL_UNINTERRUPTIBLE = 0x2,
	KERNEL_STOPPED = 0x4,
	KERNEL_TRACED = 0x8,
	KERNEL_PF_FORKNOEXEC = 0x40,
	WAIT_STATUS_CORE = 0x80,
};

static uint32_t comm_size(const char *comm)
{
	uint64_t words[2];

	_Static_assert(sizeof(words) == VFE_COMM_SIZE, "two words");
	memcpy(words, comm, sizeof(words));
	for (uint32_t i = 0; i < 2; i++) {
		/* the high bit of each byte that is 0, and perhaps of some behind the first */
		uint64_t zeros = (le64toh(words[i]) - 0x0101010101010101u) & ~le64toh(words[i]) &
				 0x8080808080808080u;

		if (zeros)
			return i * 8 + (uint32_t)__builtin_ctzll(zeros) / 8;
	}
	return VFE_COMM_SIZE;
}

static const struct vft_str *comm_of(const struct vfe_task *wire, struct rec_translation *ret)
{
	ret->comm.data = wire->comm;
	ret->comm.size = comm_size(wire->comm);
	return &ret->comm;
}

static const struct vft_task *task_of(const struct vfe_task *wire, struct rec_translation *ret)
{
	ret->task = (struct vft_task){
		.tgid = wire->tgid,
		.tid = wire->tid,
		.start_ns = wire->start_ns,
		.ns_tgid = wire->ns_tgid,
		.ns_tid = wire->ns_tid,
		.uid = wire->uid,
		.pidns = wire->pidns,
		.cgroup = wire->cgroup,
	};
	ret->task_cgroup_v1 = wire->cgroup_v1;
	return &ret->task;
}

static void spawn(const struct vfe_spawn *wire, struct rec_translation *ret)
{
	ret->other = (struct vft_task){
		.tgid = wire->child_tgid,
		.tid = wire->child_tid,
		.start_ns = wire->child_start_ns,
		.ns_tgid = wire->child_ns_tgid,
		.ns_tid = wire->child_ns_tid,
		.uid = wire->parent.uid, /* the child begins with its parent's credentials */
		.pidns = wire->child_pidns,
		.cgroup = wire->child_cgroup,
	};
	ret->other_cgroup_v1 = wire->child_cgroup_v1;
	ret->event.kind = VFT_KIND_SPAWN;
	ret->event.task = task_of(&wire->parent, ret);
	ret->event.comm = comm_of(&wire->parent, ret);
	ret->event.flags = (wire->flags & VFE_SPAWN_COMPAT ? VFT_SPAWN_COMPAT : 0) |
			   (wire->flags & VFE_SPAWN_KERNEL ? VFT_SPAWN_KERNEL : 0);
	ret->event.spawn.child = &ret->other;
	ret->event.spawn.clone_flags = wire->clone_flags;
	ret->event.spawn.exit_signal = wire->exit_signal;
	ret->event.spawn.syscall = wire->syscall;
	ret->event.spawn.stack = 0;
}

static void release(const struct vfe_release *wire, struct rec_translation *ret)
{
	ret->event.kind = VFT_KIND_RELEASE;
	ret->event.task = task_of(&wire->child, ret);
	ret->event.release.parent_tgid = wire->parent_tgid;
	ret->event.release.parent_tid = wire->parent_tid;
	ret->event.release.parent_start_ns = wire->parent_start_ns;
	ret->event.release.by = wire->by == VFE_BY_EXEC   ? VFT_BY_EXEC
				: wire->by == VFE_BY_EXIT ? VFT_BY_EXIT
							  : VFT_BY_UNKNOWN;
}

bool rec_args_are_cut(enum rec_args args)
{
	return args == REC_ARGS_NONE || args == REC_ARGS_ARGV0;
}

struct vft_str rec_translate_argv(struct vft_str argv, enum rec_args args)
{
	const char *nul;

	switch (args) {
	case REC_ARGS_NONE:
		argv.size = 0;
		break;
	case REC_ARGS_ARGV0:
		nul = memchr(argv.data, '\0', argv.size);
		if (nul)
			argv.size = (uint32_t)(nul - argv.data) + 1;
		break;
	case REC_ARGS_REDACTED:
	case REC_ARGS_FULL:
		break;
	}
	return argv;
}

/* A name the kernel part read, without its NUL. */
static const struct vft_str *name_of(const char *data, uint32_t size, struct vft_str *ret)
{
	if (!size)
		return NULL;
	ret->data = data;
	ret->size = (uint32_t)strnlen(data, size);
	return ret;
}

/*
 * The path of the file from its names, of which the last comes first. One that was cut lacks its
 * head, and so does not begin with a slash.
 */
static const struct vft_str *exe_of(const char *names, const struct vfe_exec *wire,
				    struct rec_translation *ret)
{
	static const char gone[] = " (deleted)";
	char *end = ret->exe_bytes + sizeof(ret->exe_bytes), *to = end;
	bool is_cut = wire->flags & VFE_EXEC_EXE_CUT;

	if (is_cut && !wire->exe_size)
		return NULL;
	if (wire->flags & VFE_EXEC_EXE_GONE)
		to = memcpy(to - (sizeof(gone) - 1), gone, sizeof(gone) - 1);
	for (uint32_t at = 0; at < wire->exe_size;) {
		uint32_t n = (uint32_t)strnlen(names + at, wire->exe_size - at);

		to = memcpy(to - n, names + at, n);
		*--to = '/';
		at += n + 1;
	}
	if (is_cut)
		to++;
	else if (!wire->exe_size)
		*--to = '/';
	ret->exe = (struct vft_str){to, (uint32_t)(end - to)};
	return &ret->exe;
}

static bool are_names(const char *names, uint32_t size)
{
	return size <= VFE_EXE_MAX && (!size || !names[size - 1]);
}

static int exec(const struct vfe_exec *wire, size_t size, enum rec_args args,
		struct rec_translation *ret)
{
	const char *names = (const char *)(wire + 1), *data = names + wire->exe_size;
	size_t rest = size - sizeof(*wire);

	if (wire->exe_size > rest || !are_names(names, wire->exe_size))
		return -EBADMSG;
	rest -= wire->exe_size;
	if (wire->path_size > rest || wire->interp_size > rest - wire->path_size ||
	    wire->argv_size != rest - wire->path_size - wire->interp_size)
		return -EBADMSG;
	ret->event.kind = VFT_KIND_EXEC;
	ret->event.task = task_of(&wire->task, ret);
	ret->event.comm = comm_of(&wire->task, ret);
	ret->event.exec.path = name_of(data, wire->path_size, &ret->path);
	ret->event.exec.interp = name_of(data + wire->path_size, wire->interp_size, &ret->interp);
	ret->argv.data = data + wire->path_size + wire->interp_size;
	ret->argv.size = wire->argv_size;
	ret->argv = rec_translate_argv(ret->argv, args);
	ret->event.exec.argv = args == REC_ARGS_NONE ? NULL : &ret->argv;
	ret->event.exec.argv_size =
		wire->argv_full_size > UINT32_MAX ? UINT32_MAX : (uint32_t)wire->argv_full_size;
	ret->event.exec.exe = exe_of(names, wire, ret);
	ret->event.exec.exe_dev = wire->exe_dev;
	ret->event.exec.exe_ino = wire->exe_ino;
	ret->event.exec.exe_fs = wire->exe_fs;
	ret->event.exec.old_tid = wire->old_tid == wire->task.tid ? 0 : wire->old_tid;
	ret->event.flags = (ret->event.exec.interp ? VFT_EXEC_SCRIPT : 0) |
			   (wire->flags & VFE_EXEC_PATH_CUT ? VFT_EXEC_PATH_CUT : 0) |
			   (wire->flags & VFE_EXEC_ARGV_FAULT ? VFT_EXEC_ARGV_FAULT : 0) |
			   (wire->flags & VFE_EXEC_EXE_CUT ? VFT_EXEC_EXE_CUT : 0) |
			   (rec_args_are_cut(args) ? VFT_EXEC_ARGV_OFF : 0);
	return 0;
}

static void exit_event(const struct vfe_exit *wire, struct rec_translation *ret)
{
	ret->event.kind = VFT_KIND_EXIT;
	ret->event.task = task_of(&wire->task, ret);
	ret->event.comm = comm_of(&wire->task, ret);
	ret->event.exit.code = (wire->wait_status >> 8) & 0xff;
	ret->event.exit.signal = wire->wait_status & 0x7f;
	ret->event.flags = (wire->wait_status & WAIT_STATUS_CORE ? VFT_EXIT_CORE : 0) |
			   (wire->flags & VFE_EXIT_PROCESS ? VFT_EXIT_PROCESS : 0) |
			   (wire->flags & VFE_EXIT_VFORK_PENDING ? VFT_EXIT_VFORK_PENDING : 0) |
			   (wire->flags & VFE_EXIT_WAITER ? VFT_EXIT_WAITER : 0);
}

static int exec_fail(const struct vfe_exec_fail *wire, size_t size, struct rec_translation *ret)
{
	const char *data = (const char *)(wire + 1);
	size_t rest = size - sizeof(*wire);

	if (wire->path_size > rest || wire->interp_size != rest - wire->path_size)
		return -EBADMSG;
	ret->event.kind = VFT_KIND_EXEC_FAIL;
	ret->event.task = task_of(&wire->task, ret);
	ret->event.comm = comm_of(&wire->task, ret);
	ret->event.exec_fail.path = name_of(data, wire->path_size, &ret->path);
	ret->event.exec_fail.interp =
		name_of(data + wire->path_size, wire->interp_size, &ret->interp);
	ret->event.exec_fail.error = wire->error;
	ret->event.flags = (wire->flags & VFE_EXEC_FAIL_PATH_CUT ? VFT_EXEC_FAIL_PATH_CUT : 0) |
			   (wire->flags & VFE_EXEC_FAIL_OPENED ? VFT_EXEC_FAIL_OPENED : 0);
	return 0;
}

static void spawn_fail(const struct vfe_spawn_fail *wire, struct rec_translation *ret)
{
	ret->event.kind = VFT_KIND_SPAWN_FAIL;
	ret->event.task = task_of(&wire->task, ret);
	ret->event.comm = comm_of(&wire->task, ret);
	ret->event.flags = wire->flags & VFE_SPAWN_FAIL_NO_FLAGS ? VFT_SPAWN_FAIL_NO_FLAGS : 0;
	ret->event.spawn_fail.syscall = wire->syscall;
	ret->event.spawn_fail.error = wire->error;
	ret->event.spawn_fail.clone_flags = wire->clone_flags;
	ret->event.spawn_fail.nproc = wire->nproc;
	ret->event.spawn_fail.nproc_limit = wire->nproc_limit;
	ret->event.spawn_fail.pids = wire->pids;
	ret->event.spawn_fail.pids_limit = wire->pids_limit;
}

static int cgroup(const struct vfe_cgroup *wire, size_t size, struct rec_translation *ret)
{
	const char *bytes = (const char *)(wire + 1);
	size_t rest = size - sizeof(*wire);

	if (wire->path_size > rest || wire->name_size != rest - wire->path_size)
		return -EBADMSG;
	ret->path = (struct vft_str){bytes, wire->path_size};
	ret->cgroup_parent = wire->parent_id;
	ret->cgroup_name = (struct vft_str){bytes + wire->path_size, wire->name_size};
	ret->event.kind = VFT_KIND_CGROUP;
	ret->event.cgroup.id = wire->id;
	ret->event.cgroup.path = &ret->path;
	return 0;
}

static int translate_body(const struct vfe_header *header, enum rec_args args,
			  struct rec_translation *ret)
{
	switch ((enum vfe_kind)header->kind) {
	case VFE_SPAWN:
		if (header->size != sizeof(struct vfe_spawn))
			return -EBADMSG;
		spawn((const void *)header, ret);
		return 0;
	case VFE_RELEASE:
		if (header->size != sizeof(struct vfe_release))
			return -EBADMSG;
		release((const void *)header, ret);
		return 0;
	case VFE_EXEC:
		if (header->size < sizeof(struct vfe_exec))
			return -EBADMSG;
		return exec((const void *)header, header->size, args, ret);
	case VFE_EXIT:
		if (header->size != sizeof(struct vfe_exit))
			return -EBADMSG;
		exit_event((const void *)header, ret);
		return 0;
	case VFE_CGROUP:
		if (header->size < sizeof(struct vfe_cgroup))
			return -EBADMSG;
		return cgroup((const void *)header, header->size, ret);
	case VFE_CGROUP_GONE:
		if (header->size != sizeof(struct vfe_cgroup))
			return -EBADMSG;
		ret->event.kind = VFT_KIND_CGROUP;
		ret->event.cgroup.id = ((const struct vfe_cgroup *)(const void *)header)->id;
		ret->event.cgroup.path = NULL;
		return 0;
	case VFE_EXEC_FAIL:
		if (header->size < sizeof(struct vfe_exec_fail))
			return -EBADMSG;
		return exec_fail((const void *)header, header->size, ret);
	case VFE_SPAWN_FAIL:
		if (header->size != sizeof(struct vfe_spawn_fail))
			return -EBADMSG;
		spawn_fail((const void *)header, ret);
		return 0;
	case VFE_TASK: /* never through the ring */
		break;
	}
	return -EBADMSG;
}

int rec_translate(const void *record, size_t size, enum rec_args args, struct rec_translation *ret)
{
	const struct vfe_header *header = record;

	if (size < sizeof(*header) || header->size != size)
		return -EBADMSG;
	ret->event = (struct vft_event){.time_ns = header->time_ns, .cpu = header->cpu};
	return translate_body(header, args, ret);
}

uint32_t rec_translate_state(const struct vfe_task_state *wire)
{
	if (wire->exit_state)
		return VFT_STATE_DEAD;
	/* A stopped task counts as frozen for its cgroup, too: the stop is what holds it. */
	if (wire->state & KERNEL_TRACED)
		return VFT_STATE_TRACED;
	if (wire->state & KERNEL_STOPPED)
		return VFT_STATE_STOPPED;
	if (wire->frozen)
		return VFT_STATE_FROZEN;
	if (wire->state & KERNEL_UNINTERRUPTIBLE)
		return VFT_STATE_BLOCKED;
	if (wire->state & KERNEL_INTERRUPTIBLE)
		return VFT_STATE_SLEEPING;
	return wire->state ? VFT_STATE_UNKNOWN : VFT_STATE_RUNNING;
}

static void take_task(const struct vfe_task_state *wire, struct rec_translation *ret)
{
	ret->event.task = task_of(&wire->task, ret);
	ret->event.comm = comm_of(&wire->task, ret);
	if (wire->frozen_cgroup) { /* the one that matters, and there is nothing to choose */
		ret->task.cgroup = wire->frozen_cgroup;
		ret->task_cgroup_v1 = 0;
	}
}

void rec_translate_task(const struct vfe_task_state *wire, struct rec_translation *ret)
{
	ret->event = (struct vft_event){
		.time_ns = wire->header.time_ns,
		.cpu = wire->header.cpu,
		.kind = VFT_KIND_SNAPSHOT,
	};
	take_task(wire, ret);
	ret->event.flags = (wire->vfork_done ? VFT_SNAPSHOT_VFORK_PENDING : 0) |
			   (wire->task.tid != wire->task.tgid ? VFT_SNAPSHOT_THREAD : 0) |
			   (wire->task_flags & KERNEL_PF_FORKNOEXEC ? 0 : VFT_SNAPSHOT_EXECED);
	ret->event.snapshot.parent_tgid = wire->parent_tgid;
	ret->event.snapshot.parent_start_ns = wire->parent_start_ns;
	ret->event.snapshot.state = rec_translate_state(wire);
	ret->event.snapshot.exe_dev = (uint32_t)wire->exe_dev;
	ret->event.snapshot.exe_ino = wire->exe_ino;
}

void rec_translate_stall(const struct vfe_task_state *wire, struct rec_translation *ret)
{
	ret->event = (struct vft_event){
		.time_ns = wire->header.time_ns,
		.cpu = wire->header.cpu,
		.kind = VFT_KIND_STALL,
		.stall = {.state = rec_translate_state(wire), .syscall = -1},
	};
	take_task(wire, ret);
}
