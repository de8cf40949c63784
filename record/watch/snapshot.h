/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot.h - the processes that run already, and the vforks that block some of them.
 *
 * Owns: the list of one pass of the task iterator. Never does: stop, trace or wait for any process.
 * Called by: recorder.c at start and from time to time.
 */
#ifndef REC_SNAPSHOT_H
#define REC_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "record/kernel/session.h"
#include "record/store/sink.h"
#include "record/kernel/translate.h"

struct rec_cgroups;
struct rec_proc_reader;
struct rec_snapshot;

/* List every task now. -ENOMEM or the iterator's error. */
VFT_MUST_CHECK int rec_snapshot_take(struct rec_session *session, struct rec_snapshot **ret,
				     struct vft_err *err);
void rec_snapshot_free(struct rec_snapshot *snapshot); /* NULL is fine */

/*
 * Select the process that this recorder's pid namespace knows as @pid, or that has a thread of that
 * id, with all its descendants, and have the session follow them. Returns how many it did not
 * follow before, -ESRCH if the list has no such process. Those that the
 * session has no room for are selected, but not followed.
 */
VFT_MUST_CHECK int rec_snapshot_follow_tree(struct rec_snapshot *snapshot,
					    struct rec_session *session, pid_t pid);
/* The same for this recorder alone, so that what it starts is followed. */
VFT_MUST_CHECK int rec_snapshot_follow_self(struct rec_snapshot *snapshot,
					    struct rec_session *session);

/* How many are selected but not followed: their descendants, and their later lives, are lost. */
size_t rec_snapshot_get_n_unfollowed(const struct rec_snapshot *snapshot);
/* The process that has @id, or a thread of that id, and its name, ended by NUL; 0 if there is none.
 */
pid_t rec_snapshot_get_process(const struct rec_snapshot *snapshot, pid_t id, char *ret_comm,
			       size_t comm_size);

/* Select whom the session follows already. */
void rec_snapshot_select_followed(struct rec_snapshot *snapshot, struct rec_session *session);
/* How many processes are selected. */
size_t rec_snapshot_count_selected(const struct rec_snapshot *snapshot);

/*
 * Tell the session of each pending vfork which thread it blocks; @selected_only: those of selected
 * children. Returns how many it has no room for: their releases are lost.
 */
VFT_MUST_CHECK int rec_snapshot_add_waiters(const struct rec_snapshot *snapshot,
					    struct rec_session *session, bool selected_only);

/* How many threads are blocked in vfork; @selected_only: by a selected child. */
size_t rec_snapshot_count_waiters(const struct rec_snapshot *snapshot, bool selected_only);

/* Append a stall event for each of them: what state the child is in that holds its parent. */
VFT_MUST_CHECK int rec_snapshot_write_stalls(const struct rec_snapshot *snapshot,
					     bool selected_only, struct rec_cgroups *cgroups,
					     struct rec_sink *sink, struct vft_err *err);

/* ---- one entry after the other: processes by pid, each one's threads together ---- */

size_t rec_snapshot_count(const struct rec_snapshot *snapshot);
/* @i below the count. Lives as long as the list. */
const struct vfe_task_state *rec_snapshot_get(const struct rec_snapshot *snapshot, size_t i);
/* The thread that the pending vfork of entry @i blocks; NULL if there is none. */
const struct vfe_task_state *rec_snapshot_get_waiter(const struct rec_snapshot *snapshot, size_t i);
/* Whether vfork holds entry @i. */
bool rec_snapshot_is_waiter(const struct rec_snapshot *snapshot, size_t i);
/* Whether entry @i holds a thread in vfork; @selected_only: and is selected. */
bool rec_snapshot_holds_parent(const struct rec_snapshot *snapshot, size_t i, bool selected_only);
/* The leader of a process, or NULL. */
const struct vfe_task_state *rec_snapshot_find_process(const struct rec_snapshot *snapshot,
						       uint32_t tgid);

struct rec_snapshot_options {
	bool selected_only; /* what rec_snapshot_follow selected */
	bool threads;
	struct rec_cgroups *cgroups;
	struct rec_proc_reader *reader; /* for executables' paths and command lines, or NULL */
	enum rec_args args;
};

/* Append one event per process, the first and the last of them flagged, and flush. */
VFT_MUST_CHECK int rec_snapshot_write(struct rec_snapshot *snapshot,
				      const struct rec_snapshot_options *options,
				      struct rec_sink *sink, struct vft_err *err);

#endif
