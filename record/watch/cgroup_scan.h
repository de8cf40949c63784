/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroup_scan.h - the cgroup hierarchies of this machine, and a walk through their directories.
 *
 * Owns: open directories of the mounts. Never does: remember names, which is cgroups.c's. Called
 * by: cgroups.c; recorder.c asks which hierarchies there are.
 */
#ifndef REC_CGROUP_SCAN_H
#define REC_CGROUP_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vft/err.h>
#include <vft/event.h>

/* The numbers of the v1 hierarchies that matter, 0 = there is none. */
struct rec_hierarchies {
	uint32_t container; /* memory's or else pids's: container engines use both */
	bool container_is_pids;
	uint32_t freezer;
};

#define REC_N_HIERARCHIES 3 /* with cgroup v2, whose number is 0 */

/* Those of this process; without /proc, none. */
void rec_hierarchies_find(struct rec_hierarchies *ret);
/* The same from text like that of /proc/self/cgroup, line by line. */
void rec_hierarchies_add_line(struct rec_hierarchies *hierarchies, const char *line);

/* Where one hierarchy is mounted. */
struct rec_cgroup_mount {
	uint32_t hierarchy;
	int fd;       /* its topmost directory */
	char *prefix; /* path of that one, "" for the hierarchy's root */
};

/*
 * Open the mounts of cgroup v2 and of @hierarchies. Returns how many, at most REC_N_HIERARCHIES;
 * one whose place in its hierarchy cannot be told, as inside a cgroup namespace, is left out.
 */
size_t rec_cgroup_mounts_open(const struct rec_hierarchies *hierarchies,
			      struct rec_cgroup_mount ret[REC_N_HIERARCHIES]);
void rec_cgroup_mounts_close(struct rec_cgroup_mount *mounts, size_t n);

/* @path is borrowed; it may be of any length. */
typedef void (*rec_cgroup_fn)(void *context, uint64_t id, struct vft_str path);

/* Call @fn for each cgroup of the mount: the ones above before those below. What goes away
 * meanwhile is passed over. */
void rec_cgroup_mount_walk(const struct rec_cgroup_mount *mount, rec_cgroup_fn fn, void *context);

#endif
