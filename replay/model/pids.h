/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pids.h - what stands under each pid: one array, in pages that are there while they are in use.
 *
 * Owns: its pages. Never does: own what the pointers point to, or know what it is. Called by: the
 * model. Linux has no pid of PIDS_MAX or more; where a file names one, it goes into a hash map.
 * Pids are given in order, so those that live at one time share few lines of the cache, which a
 * hash would spread.
 */
#ifndef REP_PIDS_H
#define REP_PIDS_H

#include "replay/base/map.h"

#define PIDS_MAX      (1u << 22) /* PID_MAX_LIMIT of 64-bit kernels */
#define PIDS_PER_PAGE 256u
#define PIDS_N_PAGES  (PIDS_MAX / PIDS_PER_PAGE)

enum pid_role {
	PID_PROCESS, /* the process of this tgid */
	PID_CHILD,   /* the open episode whose child this thread is */
	PID_WAITER,  /* the open episode in which this thread is blocked */
	N_PID_ROLES,
};

struct pids_page {
	void *slots[PIDS_PER_PAGE][N_PID_ROLES];
	uint32_t n_used;
};

struct pids {
	struct pids_page *pages[PIDS_N_PAGES]; /* NULL: nothing stands there */
	struct pids_page *spare;               /* an empty one */
	struct map beyond[N_PID_ROLES];        /* PIDS_MAX and more */
	size_t n[N_PID_ROLES];                 /* all that stand there */
};

static inline void *pids_find(const struct pids *pids, uint32_t pid, enum pid_role role)
{
	const struct pids_page *page;

	if (pid >= PIDS_MAX)
		return map_find(&pids->beyond[role], pid);
	page = pids->pages[pid / PIDS_PER_PAGE];
	return page ? page->slots[pid % PIDS_PER_PAGE][role] : NULL;
}

/* @pid will be looked at soon. */
static inline void pids_prefetch(const struct pids *pids, uint32_t pid)
{
	if (pid < PIDS_MAX && pids->pages[pid / PIDS_PER_PAGE])
		__builtin_prefetch(pids->pages[pid / PIDS_PER_PAGE]->slots[pid % PIDS_PER_PAGE]);
}

/* Replaces what stood there. @value is not NULL. -ENOMEM. */
VFT_MUST_CHECK int pids_set(struct pids *pids, uint32_t pid, enum pid_role role, void *value);
/* The same where something stands already, for which there is memory. */
void pids_replace(struct pids *pids, uint32_t pid, enum pid_role role, void *value);
/* Takes @value out; does nothing when something else stands there. */
void pids_remove(struct pids *pids, uint32_t pid, enum pid_role role, const void *value);
void pids_release(struct pids *pids);

#endif
