/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroups.h - names for the cgroup ids that tasks carry.
 *
 * Owns: id to path, from one walk of the cgroup v2 mount at start and from cgroup_mkdir since.
 * Never does: system calls while events are drained. Called by: recorder.c.
 */
#ifndef REC_CGROUPS_H
#define REC_CGROUPS_H

#include "record/store/sink.h"

struct rec_cgroups;

/* Walks the mount; without one the names are simply unknown. -ENOMEM. */
VFT_MUST_CHECK int rec_cgroups_new(struct rec_cgroups **ret);
/* A new or reused id; @path is copied. Forgotten beyond a fixed number of names. */
void rec_cgroups_add(struct rec_cgroups *cgroups, uint64_t id, struct vft_str path);
/* Before an event that refers to @id: append its name, once per id. */
VFT_MUST_CHECK int rec_cgroups_tell(struct rec_cgroups *cgroups, uint64_t id, uint64_t time_ns,
				    struct rec_sink *sink, struct vft_err *err);
void rec_cgroups_free(struct rec_cgroups *cgroups); /* NULL is fine */

#endif
