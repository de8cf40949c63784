/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows_events.h - the table events: every recorded event with its kind's own fields.
 *
 * Owns: the union of all kinds' columns, and which of them a kind fills. The fields themselves come
 * from format/event.h, so that a new kind shows up here by itself or fails the build's tests.
 */
#ifndef REP_ROWS_EVENTS_H
#define REP_ROWS_EVENTS_H

#include <vft/event.h>
#include "replay/rows/names.h"
#include "replay/print/table.h"

/*
 * X(ID, name, TITLE, TYPE, SHOW, about), in order. Times of the trace are relative to its start;
 * those that name a process (task_start and kin) are CLOCK_BOOTTIME as in keys.
 */
#define REP_EVENTS_LIST(X)                                                                         \
	X(TIME_NS, time_ns, "OFFSET", MOMENT, SHOW, "ns since trace start")                        \
	X(KIND, kind, "KIND", WORD, SHOW, "what happened")                                         \
	X(CPU, cpu, "CPU", UINT, SHOW, "where")                                                    \
	X(PID, pid, "PID", UINT, SHOW, "process, as the host sees it")                             \
	X(TID, tid, "TID", UINT, SHOW, "thread, as the host sees it")                              \
	X(NS_PID, ns_pid, NULL, UINT, HIDE, "process, in its own pid namespace")                   \
	X(NS_TID, ns_tid, NULL, UINT, HIDE, "thread, in its own pid namespace")                    \
	X(TASK_START, task_start, NULL, UINT, HIDE, "start of the process, as in keys")            \
	X(UID, uid, NULL, UINT, HIDE, "real uid as the host sees it")                              \
	X(PIDNS, pidns, NULL, UINT, HIDE, "inode of the pid namespace")                            \
	X(CGROUP, cgroup, NULL, UINT, HIDE, "id of the cgroup; see docs/format.md")                \
	X(COMM, comm, "COMM", BYTES, SHOW, "name of the thread")                                   \
	X(CHILD_PID, child_pid, "child", UINT, DETAIL, "the new process")                          \
	X(CHILD_TID, child_tid, "thread", UINT, DETAIL, "the new thread")                          \
	X(CHILD_NS_PID, child_ns_pid, NULL, UINT, HIDE, "child_pid in its own namespace")          \
	X(CHILD_NS_TID, child_ns_tid, NULL, UINT, HIDE, "child_tid in its own namespace")          \
	X(CHILD_START, child_start, NULL, UINT, HIDE, "start of the new process, as in keys")      \
	X(CHILD_UID, child_uid, NULL, UINT, HIDE, "the child's real uid")                          \
	X(CHILD_PIDNS, child_pidns, NULL, UINT, HIDE, "inode of the child's pid namespace")        \
	X(CHILD_CGROUP, child_cgroup, NULL, UINT, HIDE, "id of the child's cgroup")                \
	X(CLONE_FLAGS, clone_flags, "clone_flags", FLAGS, DETAIL, "CLONE_* bits, no exit signal")  \
	X(EXIT_SIGNAL, exit_signal, NULL, WORD, HIDE, "what the parent gets when the child ends")  \
	X(SYSCALL, syscall, NULL, INT, HIDE, "number in the caller's ABI")                         \
	X(FLAGS, flags, NULL, UINT, HIDE, "bits per kind; see docs/format.md")                     \
	X(STACK, stack, NULL, UINT, HIDE, "stack id")                                              \
	X(PARENT_TGID, parent_tgid, "parent", UINT, DETAIL, "process of the parent")               \
	X(PARENT_TID, parent_tid, NULL, UINT, HIDE, "thread of the parent")                        \
	X(PARENT_START, parent_start, NULL, UINT, HIDE, "start of the parent, as in keys")         \
	X(BY, by, "by", WORD, DETAIL, "what released the parent")                                  \
	X(PATH, path, "path", BYTES, DETAIL, "of the file, or of the cgroup")                      \
	X(INTERP, interp, "interp", BYTES, DETAIL, "what the kernel loaded, where not path")       \
	X(EXE_DEV, exe_dev, NULL, UINT, HIDE, "device, major << 20 | minor")                       \
	X(EXE_INO, exe_ino, NULL, UINT, HIDE, "inode")                                             \
	X(EXE_FS, exe_fs, NULL, UINT, HIDE, "superblock magic")                                    \
	X(ARGV, argv, "argv", ARGV, DETAIL, "arguments")                                           \
	X(ARGV_SIZE, argv_size, NULL, UINT, HIDE, "bytes of the arguments before any cut")         \
	X(OLD_TID, old_tid, "old_tid", UINT, DETAIL, "thread that called exec, if not the leader") \
	X(ERROR, error, "error", WORD, DETAIL, "errno's name")                                     \
	X(CODE, code, "code", UINT, DETAIL, "exit code")                                           \
	X(SIGNAL, signal, "signal", WORD, DETAIL, "signal's name")                                 \
	X(SENDER_TGID, sender_tgid, "sender", UINT, DETAIL, "process that sent it")                \
	X(SENDER_COMM, sender_comm, "sender_comm", BYTES, DETAIL, "its name")                      \
	X(STATE, state, "state", WORD, DETAIL, "of the process")                                   \
	X(WAITER_TGID, waiter_tgid, "waiter", UINT, DETAIL, "process of the blocked thread")       \
	X(WAITER_TID, waiter_tid, NULL, UINT, HIDE, "the blocked thread")                          \
	X(WAITER_START, waiter_start, NULL, UINT, HIDE, "start of its process, as in keys")        \
	X(CAUSE, cause, "cause", WORD, DETAIL, "why events were lost")                             \
	X(LOST_CPU, lost_cpu, "cpu", UINT, DETAIL, "where they were lost; null: not one CPU")      \
	X(COUNT, count, "count", UINT, DETAIL, "how many were lost")                               \
	X(FROM, from, "from", OFFSET, DETAIL, "ns since trace start")                              \
	X(TO, to, "to", OFFSET, DETAIL, "ns since trace start")                                    \
	X(MONOTONIC, monotonic, NULL, UINT, HIDE, "CLOCK_MONOTONIC, ns")                           \
	X(REALTIME, realtime, NULL, UINT, HIDE, "CLOCK_REALTIME, ns since the epoch")              \
	X(REALTIME_UTC, realtime_utc, "realtime", TIME, DETAIL, "the same as RFC 3339, UTC, ns")   \
	X(WHAT, what, "what", WORD, DETAIL, "what a mark says")                                    \
	X(TEXT, text, "text", BYTES, DETAIL, "its text")                                           \
	X(EXE, exe, NULL, BYTES, HIDE, "of an exec: the file that runs, by its whole path")        \
	X(NPROC, nproc, "nproc", UINT, DETAIL, "of EAGAIN: processes and threads of the user")     \
	X(NPROC_LIMIT, nproc_limit, "of", UINT, DETAIL, "RLIMIT_NPROC; null: none, or not known")  \
	X(PIDS, pids, "pids", UINT, DETAIL, "of EAGAIN: processes and threads of the cgroup")      \
	X(PIDS_LIMIT, pids_limit, "of", UINT, DETAIL, "pids.max; null: none, or not known")

enum rep_events_column {
#define X(ID, ...) REP_EV_##ID,
	REP_EVENTS_LIST(X)
#undef X
		REP_N_EVENTS
};

extern const struct rep_column rep_events_columns[REP_N_EVENTS];

/* Zero before the first use: it also keeps in which order the fields of each kind come. */
struct rep_event_row {
	uint8_t which[REP_N_EVENTS]; /* rising */
	struct {
		uint8_t n; /* 0: not known yet */
		uint8_t fields[REP_N_EVENTS], columns[REP_N_EVENTS];
	} orders[VFT_N_KINDS];
	struct rep_cell cells[REP_N_EVENTS];
	size_t n;
	char number[2][REP_NAME_SIZE];
};

/* The columns of @event that its kind has; valid while the event is. @start_ns: zero of the time.
 */
void rep_events_cells(const struct vft_event *event, uint64_t start_ns, struct rep_event_row *ret);
/* The fields of @kind by the place of their columns, of which a task has eight that stand together:
 * how many. Room for REP_N_EVENTS each; fields are numbers in vft_event_fields(). */
size_t rep_events_order(unsigned int kind, uint8_t *ret_fields, uint8_t *ret_columns);
/* The cell of a number that an event has for @column. May use @name. */
struct rep_cell rep_events_number(enum rep_events_column column, uint64_t value, uint64_t start_ns,
				  char name[2][REP_NAME_SIZE]);
/* Whether that is the number itself, but for 0. Of words it is not asked. */
bool rep_events_is_plain(enum rep_events_column column);
/* The table's column of a file's column; REP_N_EVENTS when there is none. */
enum rep_events_column rep_events_column(unsigned int vft_column);

#endif
