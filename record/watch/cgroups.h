/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroups.h - names for the cgroup ids that tasks carry.
 *
 * Owns: id to path, from one walk of the mounts at start, from what the kernel part tells of
 * cgroups that come and go, and from another walk where a name is missing; which names the file
 * has; and which of a task's cgroups is the one to name. Never does: system calls while events are
 * drained. Called by: recorder.c for events, snapshot.c for lists.
 */
#ifndef REC_CGROUPS_H
#define REC_CGROUPS_H

#include "record/kernel/translate.h"
#include "record/store/sink.h"
#include "record/watch/cgroup_scan.h"

/* A longer path is cut to this many bytes, the last of which are a mark, and flagged. */
#define REC_CGROUP_PATH_MAX 4096u

struct rec_cgroups;

/* Opens the mounts; without one the names of older cgroups are simply unknown. -ENOMEM. */
VFT_MUST_CHECK int rec_cgroups_new(const struct rec_hierarchies *hierarchies,
				   struct rec_cgroups **ret);

/* Learn what is there. Once the hooks are attached, so that none comes unseen after it. */
void rec_cgroups_scan(struct rec_cgroups *cgroups);
/* @change: the translation of a record of a cgroup that is new, or gone. */
void rec_cgroups_learn(struct rec_cgroups *cgroups, const struct rec_translation *change);
/* Let go of cgroups that are gone. Not while a list that was taken earlier is not written yet: its
 * rows may refer to them. */
void rec_cgroups_forget_gone(struct rec_cgroups *cgroups);

/*
 * Before @translation's event is appended: choose the cgroup of each of its tasks, and append the
 * names that the file does not have yet.
 */
VFT_MUST_CHECK int rec_cgroups_tell(struct rec_cgroups *cgroups,
				    struct rec_translation *translation, struct rec_sink *sink,
				    struct vft_err *err);

/* In between, names are told anew: a list says itself what it refers to. Looks again for what is
 * missing, but not more often than is cheap. */
VFT_MUST_CHECK int rec_cgroups_begin_list(struct rec_cgroups *cgroups, struct rec_sink *sink,
					  struct vft_err *err);
void rec_cgroups_end_list(struct rec_cgroups *cgroups);

/* For the last rows of a recording: look again for what is missing, whenever that was last done. */
VFT_MUST_CHECK int rec_cgroups_find_missing(struct rec_cgroups *cgroups, struct rec_sink *sink,
					    struct vft_err *err);

/* The name of the cgroup of a task that is in @v2 and, where it is used, in @v1; of no bytes where
 * it is not known. Borrowed until something is learnt or forgotten. */
struct vft_str rec_cgroups_find_path(struct rec_cgroups *cgroups, uint64_t v2, uint64_t v1);

/* How many names are known; those of cgroups that are gone count until they are let go. */
size_t rec_cgroups_count(const struct rec_cgroups *cgroups);
void rec_cgroups_free(struct rec_cgroups *cgroups); /* NULL is fine */

#endif
