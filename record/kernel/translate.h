/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * translate.h - the customs house between the kernel part's records and the file's events.
 *
 * Owns: the mapping of one list of kinds to the other, and the check of every length. Never does:
 * system calls, allocation. Called by: recorder.c for each record, snapshot.c for each task. Tested
 * from byte arrays, without root.
 */
#ifndef REC_TRANSLATE_H
#define REC_TRANSLATE_H

#include <stddef.h>

#include <vft/err.h>
#include <stdbool.h>

#include <vft/event.h>

/* Bytes kept of one argv at most: what the kernel part reads. */
#define REC_ARGV_MAX 4096u

/* The path of a file at most: its names, what separates them, and the kernel's mark of a deleted
 * one.
 */
#define REC_EXE_MAX (4096u + 256u + sizeof(" (deleted)"))

enum rec_args { REC_ARGS_NONE, REC_ARGS_ARGV0, REC_ARGS_REDACTED, REC_ARGS_FULL };

/*
 * An event and everything it points to, but for bytes that still lie in the record: valid as long
 * as the record and until the next use of the same struct.
 */
struct rec_translation {
	struct vft_event event;
	struct vft_task task, other;
	struct vft_str comm, path, interp, argv, exe;
	char exe_bytes[REC_EXE_MAX];
	/* the tasks' cgroups in a v1 hierarchy, 0 = none; their .cgroup is that of v2 */
	uint64_t task_cgroup_v1, other_cgroup_v1;
	/* of a new cgroup; the name is empty where the path is whole */
	uint64_t cgroup_parent;
	struct vft_str cgroup_name;
};

struct vfe_task_state;

/*
 * Fill @ret from @record. 0, or -EBADMSG when it is none that this recorder's kernel part writes
 * (too short, an unknown kind, sizes that do not add up); @ret is then undefined. A cgroup that is
 * gone becomes an event of kind cgroup without a path, which is not for the file.
 */
VFT_MUST_CHECK int rec_translate(const void *record, size_t size, enum rec_args args,
				 struct rec_translation *ret);

/*
 * A snapshot event without path, argv and waiter, which are not the iterator's to know; flags has
 * VFT_SNAPSHOT_VFORK_PENDING, _THREAD and _EXECED as they apply.
 */
void rec_translate_task(const struct vfe_task_state *task, struct rec_translation *ret);

/* A stall event without waiter and stack. */
void rec_translate_stall(const struct vfe_task_state *task, struct rec_translation *ret);

/* Whether arguments are left out by option. What is redacted is still there. */
bool rec_args_are_cut(enum rec_args args);

/* Its enum vft_state. */
uint32_t rec_translate_state(const struct vfe_task_state *task);

/* What is stored of @argv under @args: all of it, its first string with the NUL, or nothing. */
struct vft_str rec_translate_argv(struct vft_str argv, enum rec_args args);

#endif
