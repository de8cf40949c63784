/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * events.h - the records that pass from the kernel part to the recorder, and what both share.
 *
 * These never reach a file: record/translate.c turns them into struct vft_event, and the two lists
 * of kinds are unrelated on purpose. Fixed-width types, explicit padding, every offset asserted.
 * Sizes are those of one machine's kernel and recorder, built together, so there is no versioning
 * here.
 */
#ifndef VFE_EVENTS_H
#define VFE_EVENTS_H

#ifndef __bpf__
#include <linux/types.h>
#include <stddef.h>
#endif

enum vfe_kind {
	VFE_SPAWN = 1,
	VFE_RELEASE = 2,
	VFE_EXEC = 3,
	VFE_EXIT = 4,
	VFE_CGROUP = 5,
	VFE_TASK = 6, /* from the task iterator, not through the ring */
	VFE_CGROUP_GONE = 7,
	VFE_EXEC_FAIL = 8,
	VFE_SPAWN_FAIL = 9,
};

/* TASK_COMM_LEN, which every kernel since 2.6 has fixed at 16. */
#define VFE_COMM_SIZE 16

/* PATH_MAX: the kernel accepts no longer name, and a cut one could mislead. */
#define VFE_PATH_MAX 4096

/*
 * Bytes kept of one argv. Reading 256 B or 4 KiB costs the same 0.3 us at exec, and compiler and
 * Java command lines need the latter.
 */
#define VFE_ARGV_MAX 4096

/* Names of a path of at most PATH_MAX, and the last one as a whole (NAME_MAX and its NUL). */
#define VFE_NAME_MAX 256
#define VFE_EXE_MAX  (VFE_PATH_MAX + VFE_NAME_MAX)

/* Most a record can take: a file, a path, an interpreter and an argv behind struct vfe_exec. */
#define VFE_DATA_MAX (VFE_EXE_MAX + 2 * VFE_PATH_MAX + VFE_ARGV_MAX)

struct vfe_header {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u32 size;    /* of the whole record */
	__u16 kind;    /* enum vfe_kind */
	__u16 cpu;
};

/*
 * kernfs ids are unique in one hierarchy only, so that a cgroup's id here has the hierarchy's
 * number in front: 0 is cgroup v2.
 */
#define VFE_CGROUP_ID(hierarchy, id) ((__u64)(hierarchy) << 40 | (id))

/* start_ns is the process leader's start_boottime: with tgid it names the process for ever. */
struct vfe_task {
	__u32 tgid, tid;
	__u64 start_ns;
	__u64 cgroup;    /* of cgroup v2 */
	__u64 cgroup_v1; /* of the v1 hierarchy that is read too; 0 = there is none, or its root */
	__u32 ns_tgid, ns_tid; /* in the task's own, innermost pid namespace */
	__u32 pidns;           /* that namespace's inode */
	__u32 uid;
	char comm[VFE_COMM_SIZE];
};

#define VFE_SPAWN_COMPAT 0x1u
#define VFE_SPAWN_KERNEL 0x2u /* the caller is a thread of the kernel */

struct vfe_spawn {
	struct vfe_header header;
	struct vfe_task parent; /* the calling thread */
	__u64 clone_flags;
	__u64 child_start_ns; /* of the child's process */
	__u64 child_cgroup, child_cgroup_v1;
	__u32 child_tgid, child_tid;
	__u32 child_ns_tgid, child_ns_tid;
	__u32 child_pidns;
	__u32 exit_signal;
	__s32 syscall; /* -1 unknown */
	__u32 flags;   /* VFE_SPAWN_* */
};

enum vfe_release_by { VFE_BY_EXEC = 1, VFE_BY_EXIT = 2 };

struct vfe_release {
	struct vfe_header header;
	struct vfe_task child;
	__u64 parent_start_ns;
	__u32 parent_tgid, parent_tid;
	__u32 by; /* enum vfe_release_by */
	__u32 pad;
};

#define VFE_EXEC_PATH_CUT   0x1u
#define VFE_EXEC_ARGV_FAULT 0x2u
#define VFE_EXEC_EXE_CUT    0x4u /* the head of the file's path is missing */
#define VFE_EXEC_EXE_GONE   0x8u /* the file has no name any more, or never had one */

/*
 * Followed by exe_size, path_size, interp_size and argv_size bytes. The first are the names of the
 * file's path from the last to the first, each ended by NUL; of none, it is the root. path and
 * interp end in NUL or are empty.
 */
struct vfe_exec {
	struct vfe_header header;
	struct vfe_task task;
	__u64 exe_ino;
	__u64 argv_full_size; /* before the cut at VFE_ARGV_MAX or the option's */
	__u32 exe_dev;        /* (major << 20) | minor, the kernel's own form */
	__u32 exe_fs;         /* superblock magic */
	__u32 old_tid;        /* the thread that called exec */
	__u32 flags;          /* VFE_EXEC_* */
	__u32 path_size, interp_size;
	__u32 argv_size;
	__u32 exe_size;
};

#define VFE_EXIT_PROCESS       0x1u /* the last thread of the process */
#define VFE_EXIT_VFORK_PENDING 0x2u /* its own vfork wait has not been released yet */
#define VFE_EXIT_WAITER        0x4u /* was itself blocked in vfork */

struct vfe_exit {
	struct vfe_header header;
	struct vfe_task task;
	__u32 wait_status; /* as wait() packs it */
	__u32 flags;       /* VFE_EXIT_* */
};

#define VFE_INTERP_MAX 256 /* BINPRM_BUF_SIZE: of a script's first line no more is read */

#define VFE_EXEC_FAIL_PATH_CUT 0x1u
#define VFE_EXEC_FAIL_OPENED   0x2u /* the file was found and opened */

/* Followed by path_size and interp_size bytes, which end in NUL or are not there. */
struct vfe_exec_fail {
	struct vfe_header header;
	struct vfe_task task;
	__u32 error;
	__u32 flags; /* VFE_EXEC_FAIL_* */
	__u32 path_size, interp_size;
};

#define VFE_SPAWN_FAIL_NO_FLAGS 0x1u /* clone_flags could not be read */
#define VFE_NO_LIMIT            (~0ull)

/* The last four are filled for EAGAIN. */
struct vfe_spawn_fail {
	struct vfe_header header;
	struct vfe_task task; /* the calling thread */
	__u64 clone_flags;
	__u32 error;
	__s32 syscall;
	__u32 flags; /* VFE_SPAWN_FAIL_* */
	__u32 pad;
	__u64 nproc, nproc_limit;
	__u64 pids, pids_limit;
};

/* The kernel gives its tracepoints a path of at most this size, NUL included, cut without a word.
 */
#define VFE_TRACE_CGROUP_PATH 1024

/* NAME_MAX, and NUL. */
#define VFE_CGROUP_NAME 256

/* Of VFE_CGROUP: path_size and name_size bytes follow, without NUL. */
struct vfe_cgroup {
	struct vfe_header header;
	__u64 id, parent_id;
	__u32 path_size;
	__u32 name_size; /* its own name, only where the path may be cut */
};

/* One thread, as the iterator sees it. The two addresses pair a pending vfork with the thread it
 * blocks and go no further than the recorder's memory. */
struct vfe_task_state {
	struct vfe_header header;
	struct vfe_task task;
	__u64 parent_start_ns;
	__u64 vfork_done; /* kernel address, 0 = none pending */
	__u64 stack;      /* kernel address of the thread's stack */
	__u64 exe_ino;
	__u64 exe_dev;
	__u32 parent_tgid;
	__u32 state, exit_state, task_flags; /* the kernel's own bits */
	__u32 frozen;                        /* its cgroup is frozen, and so is the task */
	__u32 alive;                         /* the process still has a running thread */
	/* who reads the list: only its pid namespace and those below it are in it */
	__u32 lister_tgid;
	__u32 lister_pidns;
	__u64 frozen_cgroup; /* its cgroup in the hierarchy that freezes it, 0 = not frozen */
	__u64 thread_start_ns;
	__u64 cpu_ns, n_switches; /* of the thread, since its start */
	__s32 syscall;            /* -1 none, or unknown */
	__u32 syscall_flags;      /* VFE_SPAWN_COMPAT */
};

/* A vfork that blocks a thread: keyed by that thread's tid. */
struct vfe_waiter {
	__u32 child_tid;
	__u32 pad;
};

/* A process that is followed: keyed by its tgid. */
#define VFE_FOLLOW  0x1u /* inside the filter: its children are followed too */
#define VFE_SELF    0x4u /* the recorder: what it starts is followed, itself is left out */
#define VFE_VFORKED 0x2u /* began as a vfork child */

struct vfe_tracked {
	__u64 start_ns; /* tells a reused pid from the process that was meant */
	__u32 flags;
	__u32 pad;
};

enum vfe_drop { VFE_DROP_RING, VFE_DROP_PENDING, VFE_DROP_TRACKED, VFE_N_DROPS };

/* One CPU's counters, mapped into the recorder, which only reads. Two cache lines, the unit that
 * CPUs fetch, so that none are shared. seen = delivered + drops[VFE_DROP_RING]. */
struct vfe_cpu {
	__u64 seen;
	__u64 drops[VFE_N_DROPS];
	__u64 pad[12];
};

#define VFE_AT(type, member, at)                                                                   \
	_Static_assert(__builtin_offsetof(struct type, member) == (at), #type "." #member)

VFE_AT(vfe_header, size, 8);
VFE_AT(vfe_header, kind, 12);
VFE_AT(vfe_header, cpu, 14);
VFE_AT(vfe_task, start_ns, 8);
VFE_AT(vfe_task, cgroup, 16);
VFE_AT(vfe_task, cgroup_v1, 24);
VFE_AT(vfe_task, ns_tgid, 32);
VFE_AT(vfe_task, pidns, 40);
VFE_AT(vfe_task, comm, 48);
VFE_AT(vfe_spawn, parent, 16);
VFE_AT(vfe_spawn, clone_flags, 80);
VFE_AT(vfe_spawn, child_tgid, 112);
VFE_AT(vfe_spawn, syscall, 136);
VFE_AT(vfe_spawn, flags, 140);
VFE_AT(vfe_release, parent_start_ns, 80);
VFE_AT(vfe_release, by, 96);
VFE_AT(vfe_exec, exe_ino, 80);
VFE_AT(vfe_exec, exe_dev, 96);
VFE_AT(vfe_exec, path_size, 112);
VFE_AT(vfe_exec, exe_size, 124);
_Static_assert(sizeof(struct vfe_exec) == 128, "struct vfe_exec");
VFE_AT(vfe_exit, wait_status, 80);
VFE_AT(vfe_exit, flags, 84);
VFE_AT(vfe_exec_fail, error, 80);
_Static_assert(sizeof(struct vfe_exec_fail) == 96, "struct vfe_exec_fail");
VFE_AT(vfe_spawn_fail, clone_flags, 80);
VFE_AT(vfe_spawn_fail, nproc, 104);
_Static_assert(sizeof(struct vfe_spawn_fail) == 136, "struct vfe_spawn_fail");
_Static_assert(sizeof(struct vfe_cgroup) == 40, "struct vfe_cgroup");
VFE_AT(vfe_task_state, parent_start_ns, 80);
VFE_AT(vfe_task_state, parent_tgid, 120);
VFE_AT(vfe_task_state, alive, 140);
_Static_assert(sizeof(struct vfe_task_state) == 192, "struct vfe_task_state");
_Static_assert(sizeof(struct vfe_cpu) == 128, "struct vfe_cpu");

#endif
