/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows.h - what the tables vforks, processes and events are, and how a row of each is filled.
 *
 * Owns: the columns (docs/schema.md lists the same, and a test compares) and how a value becomes a
 * cell. Never does: output, selection. Called by: the commands, and schema.c.
 */
#ifndef REP_ROWS_H
#define REP_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/model/model.h"
#include "replay/rows/names.h"
#include "replay/rows/rows_events.h"
#include "replay/print/table.h"
#include "replay/source/trace.h"

#define REP_SCHEMA_VERSION 1

/* X(ID, name, TITLE, TYPE, SHOW, may be null, words, max width, about), in contract order */
#define REP_VFORKS_LIST(X)                                                                         \
	X(START_NS, start_ns, "START", MOMENT, SHOW, false, NULL, 0,                               \
	  "ns since trace start; negative for an episode that began before")                       \
	X(START, start, NULL, TIME, HIDE, true, NULL, 0, "the same moment as RFC 3339, UTC, ns")   \
	X(PARENT_PID, parent_pid, "PARENT", UINT, SHOW, true, NULL, 0,                             \
	  "process of the blocked thread")                                                         \
	X(PARENT_TID, parent_tid, "thread", UINT, DETAIL, true, NULL, 0, "the blocked thread")     \
	X(PARENT_COMM, parent_comm, "COMM", BYTES, SHOW, true, NULL, 16, "its name at the spawn")  \
	X(PARENT_EXE, parent_exe, NULL, BYTES, HIDE, true, NULL, 0,                                \
	  "the file it runs, by its whole path")                                                   \
	X(CHILD_PID, child_pid, "CHILD", UINT, SHOW, true, NULL, 0, "pid as the host sees it")     \
	X(CHILD_NS_PID, child_ns_pid, "ns_pid", UINT, HIDE, true, NULL, 0,                         \
	  "pid in the child's own pid namespace")                                                  \
	X(CHILD_COMM, child_comm, "COMM", BYTES, SHOW, true, NULL, 16, "the child's last name")    \
	X(SYSCALL, syscall, "CALL", WORD, WIDE, true, rep_words_syscall, 0,                        \
	  "the system call that made the child")                                                   \
	X(CLONE_FLAGS, clone_flags, NULL, UINT, HIDE, true, NULL, 0,                               \
	  "CLONE_* bits without the exit signal")                                                  \
	X(OUTCOME, outcome, "OUTCOME", WORD, SHOW, false, rep_words_outcome, 0,                    \
	  "what became of the child")                                                              \
	X(CERTAIN, certain, NULL, BOOL, HIDE, false, NULL, 0,                                      \
	  "nothing that is missing could make the outcome another one")                            \
	X(REASON, reason, "reason", BYTES, LINE, true, NULL, 0, "why not certain")                 \
	X(BLOCKED_NS, blocked_ns, "BLOCKED", DURATION, SHOW, true, NULL, 0,                        \
	  "how long the parent was held; so far, when open")                                       \
	X(RELEASE_SOURCE, release_source, NULL, WORD, HIDE, true, rep_words_source, 0,             \
	  "what blocked_ns rests on; exec is an upper bound")                                      \
	X(FROM_SNAPSHOT, from_snapshot, NULL, BOOL, HIDE, false, NULL, 0,                          \
	  "was already waiting when recording began")                                              \
	X(EXEC_PATH, exec_path, "exec", BYTES, DETAIL, true, NULL, 0,                              \
	  "path as given to the exec, or to the last failed one")                                  \
	X(EXEC_ERRNO, exec_errno, "errno", WORD, DETAIL, true, NULL, 0,                            \
	  "error of the last failed exec, such as ENOENT")                                         \
	X(EXIT_CODE, exit_code, "code", UINT, DETAIL, true, NULL, 0,                               \
	  "of a child that ended by itself before exec")                                           \
	X(EXIT_SIGNAL, exit_signal, "signal", WORD, DETAIL, true, NULL, 0,                         \
	  "that ended the child before exec, such as SIGKILL")                                     \
	X(CHILD_STATE, child_state, "state", WORD, DETAIL, true, rep_words_state, 0,               \
	  "of the child of one that is or may be open: the last that is known")                    \
	X(UID, uid, NULL, UINT, HIDE, true, NULL, 0, "the parent's real uid as the host sees it")  \
	X(CGROUP, cgroup, NULL, BYTES, HIDE, true, NULL, 0,                                        \
	  "the parent's cgroup's path, or id:N where the file does not say it")                    \
	X(CONTAINER_ID, container_id, NULL, BYTES, HIDE, true, NULL, 0,                            \
	  "64 hexadecimal digits out of the parent's cgroup path")                                 \
	X(PARENT_KEY, parent_key, NULL, BYTES, HIDE, true, NULL, 0,                                \
	  "key of the parent in processes")                                                        \
	X(CHILD_KEY, child_key, NULL, BYTES, HIDE, true, NULL, 0, "key of the child in processes") \
	X(BLOCKED_MIN_NS, blocked_min_ns, NULL, DURATION, HIDE, false, NULL, 0,                    \
	  "the wait lasted at least so long, whatever was lost")                                   \
	X(BLOCKED_MAX_NS, blocked_max_ns, NULL, DURATION, HIDE, true, NULL, 0,                     \
	  "and at most so long; null when it is or may be open")                                   \
	X(CHILD_UID, child_uid, NULL, UINT, HIDE, false, NULL, 0, "the child's last real uid")     \
	X(CHILD_CGROUP, child_cgroup, NULL, BYTES, HIDE, true, NULL, 0,                            \
	  "the child's last cgroup, as cgroup")                                                    \
	X(CHILD_CONTAINER_ID, child_container_id, NULL, BYTES, HIDE, true, NULL, 0,                \
	  "64 hexadecimal digits out of the child's cgroup path")                                  \
	X(SELECTED, selected, "selected", WORD, DETAIL, false, rep_words_selected, 0,              \
	  "whether the row is what was asked for; maybe: what is not known could decide it")

#define REP_PROCESSES_LIST(X)                                                                      \
	X(KEY, key, NULL, BYTES, HIDE, false, NULL, 0,                                             \
	  "boot_id:pid:start, start in ns of CLOCK_BOOTTIME: names the process for ever")          \
	X(PID, pid, "PID", UINT, SHOW, false, NULL, 0, "pid as the host sees it")                  \
	X(NS_PID, ns_pid, NULL, UINT, HIDE, true, NULL, 0, "pid in its own pid namespace")         \
	X(PPID, ppid, "PPID", UINT, SHOW, true, NULL, 0, "the original parent's pid")              \
	X(PARENT_KEY, parent_key, NULL, BYTES, HIDE, true, NULL, 0, "the original parent's key")   \
	X(COMM, comm, "COMM", BYTES, SHOW, true, NULL, 16, "its last name")                        \
	X(EXE, exe, NULL, BYTES, HIDE, true, NULL, 0, "the file it runs, by its whole path")       \
	X(ARGV, argv, "ARGV", ARGV, DETAIL, true, NULL, 0, "arguments of its last exec")           \
	X(ARGV_TRUNCATED, argv_truncated, NULL, BOOL, HIDE, false, NULL, 0,                        \
	  "there were more arguments than the recorder kept")                                      \
	X(UID, uid, "UID", UINT, SHOW, true, NULL, 0, "real uid as the host sees it")              \
	X(CGROUP, cgroup, NULL, BYTES, HIDE, true, NULL, 0,                                        \
	  "path of its cgroup, or id:N where the file does not say it")                            \
	X(CONTAINER_ID, container_id, NULL, BYTES, HIDE, true, NULL, 0,                            \
	  "64 hexadecimal digits out of the cgroup path")                                          \
	X(SPAWN, spawn, "SPAWN", WORD, SHOW, false, rep_words_spawn, 0, "how it came to be")       \
	X(START_NS, start_ns, "START", OFFSET, SHOW, true, NULL, 0,                                \
	  "ns since trace start; negative for one that ran before")                                \
	X(END_NS, end_ns, "END", OFFSET, SHOW, true, NULL, 0,                                      \
	  "ns since trace start; null when its end was not seen")                                  \
	X(EXEC_COUNT, exec_count, NULL, UINT, HIDE, false, NULL, 0, "successful execs seen")       \
	X(EXIT_CODE, exit_code, "code", UINT, DETAIL, true, NULL, 0, "when it ended by itself")    \
	X(EXIT_SIGNAL, exit_signal, "signal", WORD, DETAIL, true, NULL, 0,                         \
	  "that ended it, such as SIGKILL")                                                        \
	X(EXEC_NS, exec_ns, NULL, OFFSET, HIDE, true, NULL, 0,                                     \
	  "of its first exec, ns since trace start; null when none was seen")                      \
	X(SELECTED, selected, "selected", WORD, DETAIL, false, rep_words_selected, 0,              \
	  "whether the row is what was asked for; maybe: what is not known could decide it")

enum rep_vforks_column {
#define X(ID, ...) REP_VF_##ID,
	REP_VFORKS_LIST(X)
#undef X
		REP_N_VFORKS
};

enum rep_processes_column {
#define X(ID, ...) REP_PR_##ID,
	REP_PROCESSES_LIST(X)
#undef X
		REP_N_PROCESSES
};

extern const char *const rep_words_syscall[],
	*const rep_words_outcome[], *const rep_words_source[],
					    *const rep_words_state[],
						    *const rep_words_spawn[],
							    *const rep_words_selected[];
extern const struct rep_column rep_vforks_columns[REP_N_VFORKS];
extern const struct rep_column rep_processes_columns[REP_N_PROCESSES];

struct rep_table_info {
	const char *name;
	const struct rep_column *columns;
	size_t n_columns;
	const char *about;
};

/* The tables by name; NULL-named entry at the end. */
extern const struct rep_table_info rep_tables[];

/* What rows keep of their section. Fits a boot id; longer ones are cut. */
struct rep_origin {
	size_t source;
	uint64_t start_ns; /* zero of the report's time */
	char boot_id[64], arch[16], host[64];
	uint32_t boot_id_size, arch_size, host_size;
	const char *file; /* name of the input, borrowed; NULL: there is only one */
};

/* What text says with a row where rows come from several: "file", or "host" where that is not that
 * of @first. NULL: nothing. */
const char *rep_origin_note(const struct rep_origin *origin, const struct rep_origin *first,
			    struct vft_str *ret);
void rep_origin_init(struct rep_origin *origin, const struct rep_section_info *info);

/*
 * Whether a row is of the selection. What is not known may leave that open: such a row is kept, and
 * says so.
 */
enum rep_match { REP_MATCH_NO, REP_MATCH_MAYBE, REP_MATCH_YES };

/* An episode with what its row needs of the section. */
struct rep_vfork {
	struct rep_episode episode;
	const struct rep_origin *origin; /* borrowed */
	bool has_time;
	uint64_t time_ns;                              /* of the start, ns since the epoch */
	struct rep_str *cgroup_str, *child_cgroup_str; /* the model's, NULL when not known */
	struct rep_str *parent_argv;                   /* of who is held; NULL when not known */
	enum rep_match match;                          /* whether it is of the selection */
};

/* Borrows: lives no longer than the callback that gave @episode. A match until told otherwise. */
void rep_vfork_init(struct rep_vfork *ret, const struct rep_section_info *info,
		    const struct rep_origin *origin, const struct rep_episode *episode);
/* Make a copy of one its own, beyond the callback; release it with rep_vfork_release. */
void rep_vfork_acquire(struct rep_vfork *vfork);
void rep_vfork_release(struct rep_vfork *vfork);
int64_t rep_vfork_start(const struct rep_vfork *vfork); /* ns since trace start */

/* Room for the text that cells point to. */
struct rep_scratch {
	char key[96], parent_key[96], cgroup[32], child_cgroup[32], reason[REP_REASON_SIZE];
	char number[3][REP_NAME_SIZE];
};

/* Fill one row; valid while what it was made of and @scratch are. */
void rep_vforks_cells(const struct rep_vfork *vfork, struct rep_scratch *scratch,
		      struct rep_cell cells[REP_N_VFORKS]);
void rep_processes_cells(const struct rep_section_info *info, const struct rep_origin *origin,
			 const struct rep_process *process, enum rep_match match,
			 struct rep_scratch *scratch, struct rep_cell cells[REP_N_PROCESSES]);

/* The container's id in a cgroup path: its last component that names one; {NULL, 0} when none does.
 */
struct vft_str rep_container_id(struct vft_str cgroup_path);

#endif
