/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h - the kernel part, loaded and attached: the only user of libbpf.
 *
 * Owns: the BPF object, its links, the ring buffer. Never does: files, /proc, interpretation of
 * records. Called by: recorder.c, snapshot.c and check.c. One thread.
 */
#ifndef REC_SESSION_H
#define REC_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vft/err.h>
#include "record/kernel/fact.h"

#define REC_N_HOOKS 16

struct vfe_task_state;
struct rec_session;

struct rec_session_config {
	uint64_t ring_bytes; /* a power of two, at least a page */
	bool threads;        /* also thread creation and exit */
	bool filter;         /* only processes given to rec_session_follow, and their descendants */
	bool vfork_only;
	bool failures;     /* also calls that fail: makes every system call dearer */
	uint32_t argv_max; /* bytes of each argv */
	/* Room for so many threads blocked in vfork, and processes followed; 0 = as is usual. */
	uint32_t max_waiters, max_followed;
	/* numbers of v1 hierarchies whose cgroups are told beside those of v2, 0 = there is none */
	uint32_t v1_hierarchy, freezer_hierarchy;
	bool v1_is_pids; /* else it is memory's */
	bool list_only;  /* nothing but rec_session_list_tasks: no hook is loaded */
};

/* Sums over all CPUs since loading. seen = delivered + ring_drops. */
struct rec_counters {
	uint64_t seen, ring_drops, pending_drops, tracked_drops;
	uint64_t recursion_misses; /* whole program runs the kernel skipped; not in seen */
};

/*
 * Load the programs. Nothing is recorded yet, but tasks can be listed. -EPERM or -EOPNOTSUPP when
 * this kernel or these permissions do not allow it, -ENOMEM, or another negative errno of the load;
 * @err says it in one line.
 */
VFT_MUST_CHECK int rec_session_open(const struct rec_session_config *config,
				    struct rec_session **ret, struct vft_err *err);
VFT_MUST_CHECK int rec_session_attach(struct rec_session *session, struct vft_err *err);

/*
 * Follow a process (host tgid and start) and what it will spawn; @is_self: only what it will spawn.
 * -ENOSPC when there is no room for it.
 */
VFT_MUST_CHECK int rec_session_follow(struct rec_session *session, uint32_t tgid, uint64_t start_ns,
				      bool is_self);
bool rec_session_is_followed(struct rec_session *session, uint32_t tgid, uint64_t start_ns);
/* False only when all who were followed have ended. */
bool rec_session_follows_anybody(struct rec_session *session);
/* @parent_tid waits for @child_tid since before the programs were attached. -ENOSPC. */
VFT_MUST_CHECK int rec_session_add_waiter(struct rec_session *session, uint32_t parent_tid,
					  uint32_t child_tid);
/*
 * The next thread that the kernel part knows to wait in vfork, in no order; @after is the one
 * before it, 0 for the first. 1 with it and its child, 0 when there is no more, or -errno. One may
 * have ended a moment ago.
 */
VFT_MUST_CHECK int rec_session_next_waiter(struct rec_session *session, uint32_t after,
					   uint32_t *ret_parent_tid, uint32_t *ret_child_tid);

typedef int (*rec_record_fn)(void *context, const void *record, size_t size);

/*
 * Hand over the records that are there, at most about @max_bytes. Returns the number of bytes, or
 * the first negative value that @on_record returned.
 */
VFT_MUST_CHECK int64_t rec_session_drain(struct rec_session *session, rec_record_fn on_record,
					 void *context, uint64_t max_bytes);

/* The ring's descriptor. Wait for it edge-triggered: it is readable whenever the ring is not empty,
 * but only a wake-up is worth the turn. */
int rec_session_get_fd(const struct rec_session *session);
/* Say that the recorder is about to sleep (or is up again): only a sleeper is woken. */
void rec_session_set_asleep(struct rec_session *session, bool asleep);

/* Every thread that runs now. Negative: -errno, or what @on_task returned. */
VFT_MUST_CHECK int rec_session_list_tasks(struct rec_session *session,
					  int (*on_task)(void *context,
							 const struct vfe_task_state *task),
					  void *context, struct vft_err *err);

/* How far this process's clocks are ahead of those that events are stamped with. */
void rec_session_get_clocks(const struct rec_session *session, int64_t *ret_boottime_ahead_ns,
			    int64_t *ret_monotonic_ahead_ns);
/*
 * Which pid namespace rec_session_list_tasks lists, with those below it: as the kernel knows it,
 * whatever /proc shows.
 */
VFT_MUST_CHECK int rec_session_find_list_pidns(struct rec_session *session, uint32_t *ret,
					       struct vft_err *err);

/* One CPU's losses since loading, by enum vfe_drop; @cpu below n_cpus. Reads mapped memory only. */
size_t rec_session_n_cpus(const struct rec_session *session);
uint64_t rec_session_get_drops(const struct rec_session *session, size_t cpu, unsigned int drop);
/* Sums; asks the kernel for recursion_misses, a few system calls. */
void rec_session_get_counters(const struct rec_session *session, struct rec_counters *ret);

/* Whether this process may still do all that a recording asks of the kernel to its end; -errno. */
VFT_MUST_CHECK int rec_session_is_usable(const struct rec_session *session);

/*
 * Every hook and feature by name: whether this kernel's BTF has it and, with @try, whether it loads
 * and attaches by itself. -EOPNOTSUPP without BTF, when none of them is known.
 */
VFT_MUST_CHECK int rec_session_list_hooks(bool try, struct rec_fact ret[REC_N_HOOKS],
					  struct vft_err *err);

/* No event after this; what is in the ring can still be drained. */
void rec_session_detach(struct rec_session *session);
void rec_session_close(struct rec_session *session); /* NULL is fine */

#endif
