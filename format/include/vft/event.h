/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * event.h - the one list of event kinds, their columns, and the event in memory.
 *
 * Owns: the ids and names that appear on disk and in every output. Never does: I/O, text.
 * Called by: writer and reader (which encode and decode by these tables), record/translate.c (which
 * fills events), replay (which reads them). docs/format.md repeats the registries; a test holds the
 * two against each other. Ids are never reused, and new ones are only ever appended.
 */
#ifndef VFT_EVENT_H
#define VFT_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include <vft/err.h>

VFT_BEGIN_DECLS

/* How one column's values are stored; all varints are LEB128. */
enum vft_encoding {
	VFT_ENC_UINT = 1, /* varint */
	VFT_ENC_SINT = 2, /* zigzag varint */
	/* zigzag of the difference, mod 2^64, to the column's last value (0 at block start) */
	VFT_ENC_DELTA = 3,
	/* zigzag of (the event's time - value), mod 2^64: times near their event */
	VFT_ENC_TIME = 4,
	/* varint d: 0 = the next row of the task table, else what was meant d references ago */
	VFT_ENC_TASK = 5,
	/* varint: 0 = absent, 1 = the next string of the table, n = string n - 2 */
	VFT_ENC_STRING = 6,
	VFT_ENC_BYTES = 7, /* raw bytes; only string_data */
};

/* X(id, NAME, name, ENCODING) */
#define VFT_COLUMN_LIST(X)                                                                         \
	/* every event, in this order, before the kind's own */                                    \
	X(1, TIME, time, DELTA) /* ns CLOCK_BOOTTIME; the first value is relative to first_ts */   \
	X(2, KIND, kind, UINT)                                                                     \
	X(3, CPU, cpu, UINT)                                                                       \
	/* the task table: one value per new task; tid/tgid/ns_* relative to tid */                \
	X(4, TASK_TID, task_tid, DELTA)                                                            \
	X(5, TASK_TGID, task_tgid, SINT)       /* tid - tgid */                                    \
	X(6, TASK_START, task_start, TIME)     /* ns CLOCK_BOOTTIME, of the process (leader) */    \
	X(7, TASK_NS_TID, task_ns_tid, SINT)   /* tid - pid in the task's own pid namespace */     \
	X(8, TASK_NS_TGID, task_ns_tgid, SINT) /* tgid - pid in the task's own pid namespace */    \
	X(9, TASK_UID, task_uid, DELTA)                                                            \
	X(10, TASK_PIDNS, task_pidns, DELTA)   /* inode of the pid namespace */                    \
	X(11, TASK_CGROUP, task_cgroup, DELTA) /* VFT_CGROUP_ID */                                 \
	/* the string table */                                                                     \
	X(12, STRING_LEN, string_len, UINT)                                                        \
	X(13, STRING_DATA, string_data, BYTES)                                                     \
	/* the kinds' own */                                                                       \
	X(16, TASK, task, TASK)                                                                    \
	X(17, COMM, comm, STRING)                                                                  \
	X(18, CHILD, child, TASK)                                                                  \
	X(19, CLONE_FLAGS, clone_flags, DELTA)                                                     \
	X(20, EXIT_SIGNAL, exit_signal, UINT)                                                      \
	X(21, SYSCALL, syscall, SINT) /* number in the caller's ABI, -1 unknown */                 \
	X(22, FLAGS, flags, UINT)                                                                  \
	X(23, STACK, stack, UINT) /* stack id, 0 none */                                           \
	X(24, PARENT_TGID, parent_tgid, DELTA)                                                     \
	X(25, PARENT_TID, parent_tid, DELTA)                                                       \
	X(26, PARENT_START, parent_start, DELTA)                                                   \
	X(27, BY, by, UINT)                                                                        \
	X(28, PATH, path, STRING)                                                                  \
	X(29, INTERP, interp, STRING)  /* what the kernel loaded, where not path */                \
	X(30, EXE_DEV, exe_dev, DELTA) /* (major << 20) | minor */                                 \
	X(31, EXE_INO, exe_ino, DELTA)                                                             \
	X(32, EXE_FS, exe_fs, DELTA)      /* superblock magic */                                   \
	X(33, ARGV, argv, STRING)         /* NUL-separated, as at exec */                          \
	X(34, ARGV_SIZE, argv_size, UINT) /* bytes before any cut */                               \
	X(35, OLD_TID, old_tid, UINT)     /* the thread that called exec, 0 if the leader */       \
	X(36, ERROR, error, UINT)         /* positive errno */                                     \
	X(37, CODE, code, UINT)                                                                    \
	X(38, SIGNAL, signal, UINT)                                                                \
	X(39, SENDER_TGID, sender_tgid, UINT)                                                      \
	X(40, SENDER_COMM, sender_comm, STRING)                                                    \
	X(41, STATE, state, UINT)              /* enum vft_state */                                \
	X(42, WAITER_TGID, waiter_tgid, DELTA) /* the blocked thread of a pending vfork */         \
	X(43, WAITER_TID, waiter_tid, DELTA)                                                       \
	X(44, WAITER_START, waiter_start, DELTA)                                                   \
	X(45, CAUSE, cause, UINT)       /* enum vft_cause */                                       \
	X(46, LOST_CPU, lost_cpu, UINT) /* VFT_CPU_NONE when not of one CPU */                     \
	X(47, COUNT, count, UINT)                                                                  \
	X(48, FROM, from, TIME)                                                                    \
	X(49, TO, to, TIME)                                                                        \
	X(50, MONOTONIC, monotonic, TIME) /* ns CLOCK_MONOTONIC at the event's time */             \
	X(51, REALTIME, realtime, DELTA)  /* ns CLOCK_REALTIME at the event's time */              \
	X(52, WHAT, what, UINT)           /* enum vft_mark */                                      \
	X(53, TEXT, text, STRING)                                                                  \
	X(54, CGROUP, cgroup, UINT)                                                                \
	X(55, EXE, exe, STRING)                                                                    \
	X(56, NPROC, nproc, UINT)                                                                  \
	X(57, NPROC_LIMIT, nproc_limit, UINT) /* VFT_NO_LIMIT: none, or not known */               \
	X(58, PIDS, pids, UINT)                                                                    \
	X(59, PIDS_LIMIT, pids_limit, UINT)

enum vft_column {
#define X(id, NAME, name, ENC) VFT_COL_##NAME = id,
	VFT_COLUMN_LIST(X)
#undef X
};

/* X(id, NAME, name): what each says is in docs/format.md */
#define VFT_KIND_LIST(X)                                                                           \
	X(1, SPAWN, spawn)                                                                         \
	X(2, RELEASE, release)                                                                     \
	X(3, EXEC, exec)                                                                           \
	X(4, EXEC_FAIL, exec_fail)                                                                 \
	X(5, EXIT, exit)                                                                           \
	X(6, SIGNAL, signal)                                                                       \
	X(7, SNAPSHOT, snapshot)                                                                   \
	X(8, STALL, stall)                                                                         \
	X(9, LOST, lost)                                                                           \
	X(10, CLOCK, clock)                                                                        \
	X(11, MARK, mark)                                                                          \
	X(12, CGROUP, cgroup)                                                                      \
	X(13, SPAWN_FAIL, spawn_fail)

enum vft_kind {
#define X(id, NAME, name) VFT_KIND_##NAME = id,
	VFT_KIND_LIST(X)
#undef X
	/* a file's kinds are ids 1..63, so that a set of them fits 64 bits */
	VFT_KIND_MAX = 63,
	VFT_N_KINDS, /* the size of an array by kind */
};

/*
 * The ordered columns of each kind, after time, kind and cpu.
 * F(kind, COLUMN, member of struct vft_event)
 */
#define VFT_FIELDS_SPAWN(F)                                                                        \
	F(SPAWN, TASK, task) /* the thread that called */                                          \
	F(SPAWN, COMM, comm)                                                                       \
	F(SPAWN, CHILD, spawn.child)                                                               \
	F(SPAWN, CLONE_FLAGS, spawn.clone_flags)                                                   \
	F(SPAWN, EXIT_SIGNAL, spawn.exit_signal)                                                   \
	F(SPAWN, SYSCALL, spawn.syscall)                                                           \
	F(SPAWN, FLAGS, flags) /* VFT_SPAWN_* */                                                   \
	F(SPAWN, STACK, spawn.stack)
#define VFT_FIELDS_RELEASE(F)                                                                      \
	F(RELEASE, TASK, task) /* the child */                                                     \
	F(RELEASE, PARENT_TGID, release.parent_tgid)                                               \
	F(RELEASE, PARENT_TID, release.parent_tid)                                                 \
	F(RELEASE, PARENT_START, release.parent_start_ns)                                          \
	F(RELEASE, BY, release.by) /* enum vft_release_by */
#define VFT_FIELDS_EXEC(F)                                                                         \
	F(EXEC, TASK, task)                                                                        \
	F(EXEC, COMM, comm)      /* the new one */                                                 \
	F(EXEC, PATH, exec.path) /* as given to exec */                                            \
	F(EXEC, INTERP, exec.interp)                                                               \
	F(EXEC, EXE_DEV, exec.exe_dev)                                                             \
	F(EXEC, EXE_INO, exec.exe_ino)                                                             \
	F(EXEC, EXE_FS, exec.exe_fs)                                                               \
	F(EXEC, ARGV, exec.argv)                                                                   \
	F(EXEC, ARGV_SIZE, exec.argv_size)                                                         \
	F(EXEC, OLD_TID, exec.old_tid)                                                             \
	F(EXEC, FLAGS, flags)  /* VFT_EXEC_* */                                                    \
	F(EXEC, EXE, exec.exe) /* the file that runs, by its whole path */
#define VFT_FIELDS_EXEC_FAIL(F)                                                                    \
	F(EXEC_FAIL, TASK, task)                                                                   \
	F(EXEC_FAIL, COMM, comm)                                                                   \
	F(EXEC_FAIL, PATH, exec_fail.path)                                                         \
	F(EXEC_FAIL, ERROR, exec_fail.error)                                                       \
	F(EXEC_FAIL, INTERP, exec_fail.interp) /* of a script: whom it asked for */                \
	F(EXEC_FAIL, FLAGS, flags)             /* VFT_EXEC_FAIL_* */
#define VFT_FIELDS_EXIT(F)                                                                         \
	F(EXIT, TASK, task)                                                                        \
	F(EXIT, COMM, comm)                                                                        \
	F(EXIT, CODE, exit.code)     /* 0..255, what wait() reports */                             \
	F(EXIT, SIGNAL, exit.signal) /* 0 = by itself */                                           \
	F(EXIT, FLAGS, flags)        /* VFT_EXIT_* */
#define VFT_FIELDS_SIGNAL(F)                                                                       \
	F(SIGNAL, TASK, task) /* the target */                                                     \
	F(SIGNAL, COMM, comm)                                                                      \
	F(SIGNAL, SIGNAL, signal.signal)                                                           \
	F(SIGNAL, SENDER_TGID, signal.sender_tgid)                                                 \
	F(SIGNAL, SENDER_COMM, signal.sender_comm)
#define VFT_FIELDS_SNAPSHOT(F)                                                                     \
	F(SNAPSHOT, TASK, task)                                                                    \
	F(SNAPSHOT, COMM, comm)                                                                    \
	F(SNAPSHOT, PARENT_TGID, snapshot.parent_tgid)                                             \
	F(SNAPSHOT, PARENT_START, snapshot.parent_start_ns)                                        \
	F(SNAPSHOT, STATE, snapshot.state)                                                         \
	F(SNAPSHOT, FLAGS, flags) /* VFT_SNAPSHOT_* */                                             \
	F(SNAPSHOT, WAITER_TGID, snapshot.waiter_tgid)                                             \
	F(SNAPSHOT, WAITER_TID, snapshot.waiter_tid)                                               \
	F(SNAPSHOT, WAITER_START, snapshot.waiter_start_ns)                                        \
	F(SNAPSHOT, PATH, snapshot.path)                                                           \
	F(SNAPSHOT, EXE_DEV, snapshot.exe_dev)                                                     \
	F(SNAPSHOT, EXE_INO, snapshot.exe_ino)                                                     \
	F(SNAPSHOT, ARGV, snapshot.argv)                                                           \
	F(SNAPSHOT, ARGV_SIZE, snapshot.argv_size)
#define VFT_FIELDS_STALL(F)                                                                        \
	F(STALL, TASK, task) /* the child that holds its parent */                                 \
	F(STALL, COMM, comm)                                                                       \
	F(STALL, STATE, stall.state)                                                               \
	F(STALL, WAITER_TGID, stall.waiter_tgid)                                                   \
	F(STALL, WAITER_TID, stall.waiter_tid)                                                     \
	F(STALL, WAITER_START, stall.waiter_start_ns)                                              \
	F(STALL, SYSCALL, stall.syscall)                                                           \
	F(STALL, STACK, stall.stack)
#define VFT_FIELDS_LOST(F)                                                                         \
	F(LOST, CAUSE, lost.cause)                                                                 \
	F(LOST, LOST_CPU, lost.cpu)                                                                \
	F(LOST, COUNT, lost.count)                                                                 \
	F(LOST, FROM, lost.from_ns)                                                                \
	F(LOST, TO, lost.to_ns)
#define VFT_FIELDS_CLOCK(F)                                                                        \
	F(CLOCK, MONOTONIC, clock.monotonic_ns)                                                    \
	F(CLOCK, REALTIME, clock.realtime_ns)
#define VFT_FIELDS_MARK(F)                                                                         \
	F(MARK, WHAT, mark.what)                                                                   \
	F(MARK, TEXT, mark.text)
#define VFT_FIELDS_CGROUP(F)                                                                       \
	F(CGROUP, CGROUP, cgroup.id)                                                               \
	F(CGROUP, PATH, cgroup.path) /* below the root of its hierarchy */
#define VFT_FIELDS_SPAWN_FAIL(F)                                                                   \
	F(SPAWN_FAIL, TASK, task) /* the thread that called */                                     \
	F(SPAWN_FAIL, COMM, comm)                                                                  \
	F(SPAWN_FAIL, SYSCALL, spawn_fail.syscall)                                                 \
	F(SPAWN_FAIL, ERROR, spawn_fail.error)                                                     \
	F(SPAWN_FAIL, CLONE_FLAGS, spawn_fail.clone_flags)                                         \
	F(SPAWN_FAIL, FLAGS, flags) /* VFT_SPAWN_FAIL_* */                                         \
	/* of EAGAIN: how many there were right behind it, and how many were allowed */            \
	F(SPAWN_FAIL, NPROC, spawn_fail.nproc)                                                     \
	F(SPAWN_FAIL, NPROC_LIMIT, spawn_fail.nproc_limit)                                         \
	F(SPAWN_FAIL, PIDS, spawn_fail.pids)                                                       \
	F(SPAWN_FAIL, PIDS_LIMIT, spawn_fail.pids_limit)

#define VFT_FIELD_LIST(F)                                                                          \
	VFT_FIELDS_SPAWN(F)                                                                        \
	VFT_FIELDS_RELEASE(F)                                                                      \
	VFT_FIELDS_EXEC(F)                                                                         \
	VFT_FIELDS_EXEC_FAIL(F)                                                                    \
	VFT_FIELDS_EXIT(F)                                                                         \
	VFT_FIELDS_SIGNAL(F)                                                                       \
	VFT_FIELDS_SNAPSHOT(F)                                                                     \
	VFT_FIELDS_STALL(F)                                                                        \
	VFT_FIELDS_LOST(F)                                                                         \
	VFT_FIELDS_CLOCK(F)                                                                        \
	VFT_FIELDS_MARK(F)                                                                         \
	VFT_FIELDS_CGROUP(F)                                                                       \
	VFT_FIELDS_SPAWN_FAIL(F)

/* flags, per kind */
#define VFT_SPAWN_COMPAT 0x1u /* the caller ran a 32-bit system call: its numbers are others */
#define VFT_SPAWN_KERNEL 0x2u /* the caller is a thread of the kernel */

#define VFT_EXEC_SCRIPT     0x1u  /* path names a script; interp is what runs it */
#define VFT_EXEC_PATH_CUT   0x2u  /* path or interp was longer than the recorder keeps */
#define VFT_EXEC_ARGV_FAULT 0x4u  /* argv could not be read from the new image */
#define VFT_EXEC_ARGV_OFF   0x8u  /* argv was left out, wholly or after argv[0], by option */
#define VFT_EXEC_EXE_CUT    0x10u /* exe lacks its head, and does not begin with a slash */

#define VFT_EXEC_FAIL_PATH_CUT 0x1u /* path was longer than the recorder keeps */
#define VFT_EXEC_FAIL_OPENED   0x2u /* the file itself was found and opened: it fails further on */

#define VFT_SPAWN_FAIL_NO_FLAGS 0x1u /* clone_flags are not known */

/* nproc_limit, pids_limit: there is none, or it is not known. */
#define VFT_NO_LIMIT UINT64_MAX

#define VFT_EXIT_CORE          0x1u /* the core flag of the wait status */
#define VFT_EXIT_PROCESS       0x2u /* the last thread: the process is gone */
#define VFT_EXIT_VFORK_PENDING 0x4u /* this child had not released its parent yet */
#define VFT_EXIT_WAITER        0x8u /* this thread was itself blocked in vfork */

#define VFT_SNAPSHOT_VFORK_PENDING 0x1u /* holds a parent; waiter_* says whom, 0 if not found */
#define VFT_SNAPSHOT_FIRST         0x2u /* first and last of one complete list */
#define VFT_SNAPSHOT_LAST          0x4u
#define VFT_SNAPSHOT_ARGV_OFF      0x8u  /* argv left out by option, or not readable in time */
#define VFT_SNAPSHOT_THREAD        0x10u /* not the leader */
#define VFT_SNAPSHOT_EXECED        0x20u /* has exec'd since its fork, or nothing says it has not */

#define VFT_SNAPSHOT_OUTSIDE 0x40u /* not followed: named as whom a followed child holds */

/*
 * A cgroup's id: its inode, which is unique in its hierarchy only, and in front of it the number of
 * the hierarchy: 0 for cgroup v2, for v1 as in /proc/PID/cgroup.
 */
#define VFT_CGROUP_ID(hierarchy, ino) ((uint64_t)(hierarchy) << 40 | (ino))

enum vft_release_by { VFT_BY_UNKNOWN = 0, VFT_BY_EXEC = 1, VFT_BY_EXIT = 2 };

/* X(id, NAME, name) */
#define VFT_STATE_LIST(X)                                                                          \
	X(0, UNKNOWN, unknown)                                                                     \
	X(1, RUNNING, running)                                                                     \
	X(2, SLEEPING, sleeping) /* interruptible */                                               \
	X(3, BLOCKED, blocked)   /* uninterruptible: D */                                          \
	X(4, STOPPED, stopped)                                                                     \
	X(5, TRACED, traced)                                                                       \
	X(6, FROZEN, frozen)                                                                       \
	X(7, DEAD, dead) /* exiting or zombie */

enum vft_state {
#define X(id, NAME, name) VFT_STATE_##NAME = id,
	VFT_STATE_LIST(X)
#undef X
};

/* Why events are missing. X(id, NAME, name) */
#define VFT_CAUSE_LIST(X)                                                                          \
	X(1, RING_FULL, ring_full) /* no room in the ring buffer */                                \
	X(2, RECURSION, recursion) /* the kernel skipped a nested program run */                   \
	X(3, PENDING_FULL,                                                                         \
	  pending_full) /* no room to remember a pending vfork: its release is lost */             \
	X(4, TRACKED_FULL,                                                                         \
	  tracked_full)              /* no room to remember a descendant: it is not followed */    \
	X(5, BAD_RECORD, bad_record) /* the recorder could not read a record of the kernel part */ \
	X(6, WRITE, write)           /* a block could not be written */

enum vft_cause {
#define X(id, NAME, name) VFT_CAUSE_##NAME = id,
	VFT_CAUSE_LIST(X)
#undef X
};

#define VFT_CPU_NONE UINT32_MAX

/* X(id, NAME, name) */
#define VFT_MARK_LIST(X)                                                                           \
	X(1, START, start) /* every hook is attached from here on */                               \
	X(2, STOP, stop)   /* and until here */                                                    \
	X(3, TRIGGER, trigger)                                                                     \
	X(4, ROTATE, rotate)

enum vft_mark {
#define X(id, NAME, name) VFT_MARK_##NAME = id,
	VFT_MARK_LIST(X)
#undef X
};

/*
 * Bytes anyone may have chosen: not text, not NUL-terminated. In events a NULL pointer to a struct
 * vft_str means "absent"; a zero size is an empty string.
 */
struct vft_str {
	const char *data;
	uint32_t size;
};

/* One thread, at the moment of an event. (boot_id, tgid, start_ns) names its process for ever. */
struct vft_task {
	uint32_t tgid, tid;
	uint64_t start_ns;        /* of the process (the leader's start_boottime), CLOCK_BOOTTIME */
	uint32_t ns_tgid, ns_tid; /* in the task's own pid namespace */
	uint32_t uid;             /* real, as the host sees it */
	uint32_t pidns;           /* inode of the pid namespace */
	uint64_t cgroup;          /* VFT_CGROUP_ID, 0 unknown */
};

/*
 * One event. The pointed-to tasks and strings belong to the caller (writing) or to the batch
 * (reading). Members of kinds that the event is not are undefined.
 */
struct vft_event {
	uint64_t time_ns; /* CLOCK_BOOTTIME */
	uint32_t cpu;
	uint8_t kind; /* enum vft_kind */
	uint32_t flags;
	const struct vft_task *task; /* NULL for lost, clock, mark, cgroup */
	const struct vft_str *comm;
	union {
		struct {
			const struct vft_task *child;
			uint64_t clone_flags; /* CLONE_* bits without the exit signal */
			uint32_t exit_signal;
			int32_t syscall;
			uint32_t stack;
		} spawn;
		struct {
			uint32_t parent_tgid, parent_tid;
			uint64_t parent_start_ns;
			uint32_t by;
		} release;
		struct {
			const struct vft_str *path, *interp, *argv, *exe;
			uint64_t exe_ino;
			uint32_t exe_dev;
			uint32_t exe_fs;
			uint32_t argv_size;
			uint32_t old_tid;
		} exec;
		struct {
			const struct vft_str *path, *interp;
			uint32_t error;
		} exec_fail;
		struct {
			uint64_t clone_flags;        /* as in spawn */
			uint64_t nproc, nproc_limit; /* of the user, RLIMIT_NPROC */
			uint64_t pids, pids_limit;   /* of a cgroup, pids.max */
			uint32_t error;
			int32_t syscall;
		} spawn_fail;
		struct {
			uint32_t code, signal;
		} exit;
		struct {
			const struct vft_str *sender_comm;
			uint32_t signal, sender_tgid;
		} signal;
		struct {
			const struct vft_str *path, *argv;
			uint64_t parent_start_ns, waiter_start_ns;
			uint32_t parent_tgid, waiter_tgid, waiter_tid;
			uint32_t state;
			uint64_t exe_ino;
			uint32_t exe_dev;
			uint32_t argv_size;
		} snapshot;
		struct {
			uint64_t waiter_start_ns;
			uint32_t waiter_tgid, waiter_tid;
			uint32_t state;
			int32_t syscall;
			uint32_t stack;
		} stall;
		struct {
			uint32_t cause, cpu;
			uint64_t count, from_ns, to_ns;
		} lost;
		struct {
			uint64_t monotonic_ns, realtime_ns;
		} clock;
		struct {
			const struct vft_str *text;
			uint32_t what;
		} mark;
		struct {
			uint64_t id;
			const struct vft_str *path;
		} cgroup;
	};
};

enum vft_type { VFT_TYPE_U32, VFT_TYPE_I32, VFT_TYPE_U64, VFT_TYPE_STR, VFT_TYPE_TASK };

/* One column of one kind, as a table row. */
struct vft_field {
	uint8_t kind;    /* enum vft_kind */
	uint8_t column;  /* enum vft_column */
	uint8_t type;    /* enum vft_type: the member's C type */
	uint16_t offset; /* of the member in struct vft_event */
};

/* The fields of @kind in file order; *ret_n is 0 for an unknown kind. Never fails. */
const struct vft_field *vft_event_fields(unsigned int kind, size_t *ret_n);

/* Names as on disk and in outputs ("spawn", "ring_full"); NULL for an unknown id. */
const char *vft_kind_name(unsigned int kind);
const char *vft_column_name(unsigned int column);
enum vft_encoding vft_column_encoding(unsigned int column); /* 0 for an unknown id */
const char *vft_state_name(unsigned int state);
const char *vft_cause_name(unsigned int cause);
const char *vft_mark_name(unsigned int what);

VFT_END_DECLS

#endif
