/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autopsy.h - why one vfork child holds its parent, at one moment.
 *
 * Owns: the conclusions; nothing of the patient's memory is in them but paths. Never does: stop,
 * trace or change anything. Called by: now.c, watcher.c. One thread.
 */
#ifndef REC_AUTOPSY_H
#define REC_AUTOPSY_H

#include "record/stall/chain.h"
#include "record/stall/scene.h"

#define REC_MAX_GROUPS  8
#define REC_MAX_LINEAGE 16

/* Threads that do the same. */
struct rec_group {
	const char *what; /* a system call, "vfork", or a state */
	size_t n;
};

struct rec_ancestor {
	uint32_t tgid;
	char comm[REC_COMM_TEXT];
};

struct rec_autopsy {
	uint64_t examined_ns; /* CLOCK_BOOTTIME */
	uint64_t held_ns;     /* until then */
	bool has_moved;       /* meanwhile: it may have been looked at in two places */
	struct rec_wait child;
	struct rec_wait parent; /* the blocked thread; tid 0 if it was not found */
	struct rec_chain chain;
	uint32_t uid;
	/* of the child, since an earlier look; interval_ns 0 without one */
	uint64_t interval_ns, interval_cpu_ns, interval_switches;
	/* the parent's process */
	size_t n_threads, n_in_vfork;
	struct rec_group groups[REC_MAX_GROUPS]; /* the largest first; the rest is left out */
	size_t n_groups;
	char cgroup[REC_FILE_TEXT];                   /* the child's; "" where it is not known */
	struct rec_ancestor lineage[REC_MAX_LINEAGE]; /* from the child upward */
	size_t n_lineage;
};

/*
 * Examine entry @i of the scene's list, which holds its parent. @before: an earlier list, or NULL.
 * -ESRCH when it holds nobody any more; -ENOMEM; -errno of the kernel part.
 */
VFT_MUST_CHECK int rec_autopsy_perform(const struct rec_scene *scene, size_t i,
				       const struct rec_snapshot *before, struct rec_autopsy *ret);

#endif
