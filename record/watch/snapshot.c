/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/watch/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <vft/meta.h>

#include "bpf/events.h"
#include "record/watch/cgroups.h"
#include "record/watch/procfs.h"

/* No kernel stack is larger (arm64 with 64 KiB pages). */
#define MAX_STACK_BYTES        65536u
#define KERNEL_UNINTERRUPTIBLE 0x2u
#define ARGV_TIMEOUT_NS        2000000000u

struct entry {
	struct vfe_task_state state;
	bool selected;
	const struct entry *waiter; /* the thread that this one's pending vfork blocks */
	bool is_waiter;
	bool is_outside; /* not selected, but a selected child holds one of its threads */
};

struct rec_snapshot {
	struct entry *entries; /* by tgid, then tid */
	size_t n, capacity;
	uint32_t own_pidns, own_tgid; /* the recorder's; 0 = unknown */
	size_t n_unfollowed;
};

static int add_entry(void *context, const struct vfe_task_state *task)
{
	struct rec_snapshot *snapshot = context;

	if (snapshot->n == snapshot->capacity) {
		size_t capacity = snapshot->capacity ? 2 * snapshot->capacity : 1024;
		struct entry *grown =
			reallocarray(snapshot->entries, capacity, sizeof(snapshot->entries[0]));

		if (!grown)
			return -ENOMEM;
		snapshot->entries = grown;
		snapshot->capacity = capacity;
	}
	snapshot->entries[snapshot->n++] = (struct entry){.state = *task};
	snapshot->own_pidns = task->lister_pidns;
	snapshot->own_tgid = task->lister_tgid;
	return 0;
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int by_pid(const void *a, const void *b)
{
	const struct vfe_task *x = &((const struct entry *)a)->state.task;
	const struct vfe_task *y = &((const struct entry *)b)->state.task;
	int r = compare_u64(x->tgid, y->tgid);

	return r ? r : compare_u64(x->tid, y->tid);
}

static int by_stack(const void *a, const void *b)
{
	return compare_u64((*(struct entry *const *)a)->state.stack,
			   (*(struct entry *const *)b)->state.stack);
}

/* The thread on whose kernel stack @address lies: stacks do not overlap, so it is the last that
 * begins at or before it. */
static struct entry *stack_owner(struct entry **sorted, size_t n, uint64_t address)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle]->state.stack <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address - sorted[low - 1]->state.stack >= MAX_STACK_BYTES)
		return NULL;
	return sorted[low - 1];
}

/* vfork_done points at a completion on the blocked thread's stack; with CLONE_PARENT the child's
 * real_parent would be the wrong one to ask. */
static int pair_waiters(struct rec_snapshot *snapshot)
{
	struct entry **sorted = calloc(snapshot->n + 1, sizeof(struct entry *));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->n; i++)
		sorted[i] = &snapshot->entries[i];
	qsort(sorted, snapshot->n, sizeof(struct entry *), by_stack);
	for (size_t i = 0; i < snapshot->n; i++) {
		struct entry *child = &snapshot->entries[i];
		struct entry *waiter;

		if (!child->state.vfork_done)
			continue;
		waiter = stack_owner(sorted, snapshot->n, child->state.vfork_done);
		child->waiter = waiter;
		if (waiter)
			waiter->is_waiter = true;
	}
	free(sorted);
	return 0;
}

int rec_snapshot_take(struct rec_session *session, struct rec_snapshot **ret, struct vft_err *err)
{
	struct rec_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	int r;

	if (!snapshot)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	r = rec_session_list_tasks(session, add_entry, snapshot, err);
	if (!r) {
		qsort(snapshot->entries, snapshot->n, sizeof(struct entry), by_pid);
		r = pair_waiters(snapshot);
	}
	if (r) {
		rec_snapshot_free(snapshot);
		return r == -ENOMEM ? vft_fail(err, r, 0, "out of memory") : r;
	}
	*ret = snapshot;
	return 0;
}

void rec_snapshot_free(struct rec_snapshot *snapshot)
{
	if (!snapshot)
		return;
	free(snapshot->entries);
	free(snapshot);
}

static bool is_leader(const struct entry *entry)
{
	return entry->state.task.tid == entry->state.task.tgid;
}

static struct entry *find_leader(const struct rec_snapshot *snapshot, uint32_t tgid)
{
	struct entry key = {.state.task = {.tgid = tgid, .tid = tgid}};

	return snapshot->n ? bsearch(&key, snapshot->entries, snapshot->n, sizeof(key), by_pid)
			   : NULL;
}

/*
 * A task's id in the recorder's own pid namespace, which is what /proc shows and users know, given
 * those on the host and in the task's namespace; 0 where it cannot be told.
 */
static pid_t visible_id(const struct rec_snapshot *snapshot, const struct entry *entry,
			uint32_t host_id, uint32_t ns_id)
{
	if (entry->state.task.pidns == snapshot->own_pidns)
		return (pid_t)ns_id;
	/* In the first namespace, host pids are visible pids. */
	return snapshot->own_pidns == VFT_PIDNS_INITIAL ? (pid_t)host_id : 0;
}

static pid_t visible_pid(const struct rec_snapshot *snapshot, const struct entry *entry)
{
	return visible_id(snapshot, entry, entry->state.task.tgid, entry->state.task.ns_tgid);
}

static pid_t visible_tid(const struct rec_snapshot *snapshot, const struct entry *entry)
{
	return visible_id(snapshot, entry, entry->state.task.tid, entry->state.task.ns_tid);
}

static int follow(struct rec_snapshot *snapshot, struct rec_session *session, struct entry *entry,
		  bool is_self)
{
	const struct vfe_task *task = &entry->state.task;
	int r;

	entry->selected = true;
	if (rec_session_is_followed(session, task->tgid, task->start_ns))
		return 0;
	r = rec_session_follow(session, task->tgid, task->start_ns, is_self);
	if (r == -ENOSPC) {
		snapshot->n_unfollowed++;
		return 0;
	}
	return r ? r : 1;
}

size_t rec_snapshot_get_n_unfollowed(const struct rec_snapshot *snapshot)
{
	return snapshot->n_unfollowed;
}

static bool has_selected_parent(const struct rec_snapshot *snapshot, const struct entry *entry)
{
	const struct entry *parent = find_leader(snapshot, entry->state.parent_tgid);

	return parent && parent->selected &&
	       parent->state.task.start_ns == entry->state.parent_start_ns;
}

static int follow_descendants(struct rec_snapshot *snapshot, struct rec_session *session)
{
	bool again = true;
	int n = 0;

	while (again) {
		again = false;
		for (size_t i = 0; i < snapshot->n; i++) {
			struct entry *entry = &snapshot->entries[i];
			int r;

			if (!is_leader(entry) || entry->selected ||
			    !has_selected_parent(snapshot, entry))
				continue;
			r = follow(snapshot, session, entry, false);
			if (r < 0)
				return r;
			n += r;
			again = true;
		}
	}
	return n;
}

/* The leader of the process that has a thread of that id: of itself, as a rule. */
static struct entry *find_visible(const struct rec_snapshot *snapshot, pid_t id)
{
	for (size_t i = 0; i < snapshot->n; i++) {
		const struct entry *entry = &snapshot->entries[i];

		if (entry->state.alive && visible_tid(snapshot, entry) == id)
			return find_leader(snapshot, entry->state.task.tgid);
	}
	return NULL;
}

pid_t rec_snapshot_get_process(const struct rec_snapshot *snapshot, pid_t id, char *ret_comm,
			       size_t comm_size)
{
	const struct entry *entry = find_visible(snapshot, id);

	if (!entry)
		return 0;
	snprintf(ret_comm, comm_size, "%.*s", VFE_COMM_SIZE, entry->state.task.comm);
	return visible_pid(snapshot, entry);
}

int rec_snapshot_follow_self(struct rec_snapshot *snapshot, struct rec_session *session)
{
	struct entry *entry = find_leader(snapshot, snapshot->own_tgid);

	return entry ? follow(snapshot, session, entry, true) : -ESRCH;
}

int rec_snapshot_follow_tree(struct rec_snapshot *snapshot, struct rec_session *session, pid_t pid)
{
	struct entry *entry = find_visible(snapshot, pid);
	int r = entry ? follow(snapshot, session, entry, false) : -ESRCH;
	int n = r;

	if (r < 0)
		return r;
	r = follow_descendants(snapshot, session);
	return r < 0 ? r : n + r;
}

void rec_snapshot_select_followed(struct rec_snapshot *snapshot, struct rec_session *session)
{
	for (size_t i = 0; i < snapshot->n; i++) {
		struct entry *entry = &snapshot->entries[i];

		entry->selected =
			is_leader(entry) && rec_session_is_followed(session, entry->state.task.tgid,
								    entry->state.task.start_ns);
	}
}

size_t rec_snapshot_count_selected(const struct rec_snapshot *snapshot)
{
	size_t n = 0;

	for (size_t i = 0; i < snapshot->n; i++)
		n += snapshot->entries[i].selected;
	return n;
}

static bool is_selected(const struct rec_snapshot *snapshot, const struct entry *entry)
{
	const struct entry *leader = find_leader(snapshot, entry->state.task.tgid);

	return leader && leader->selected;
}

int rec_snapshot_add_waiters(const struct rec_snapshot *snapshot, struct rec_session *session,
			     bool selected_only)
{
	int n_left = 0;

	for (size_t i = 0; i < snapshot->n; i++) {
		const struct entry *child = &snapshot->entries[i];
		int r;

		if (!child->waiter || (selected_only && !is_selected(snapshot, child)))
			continue;
		r = rec_session_add_waiter(session, child->waiter->state.task.tid,
					   child->state.task.tid);
		if (r && r != -ENOSPC)
			return r;
		n_left += r != 0;
	}
	return n_left;
}

static bool holds_parent(const struct rec_snapshot *snapshot, const struct entry *entry,
			 bool selected_only)
{
	return entry->state.vfork_done && entry->state.alive &&
	       (!selected_only || is_selected(snapshot, entry));
}

size_t rec_snapshot_count_waiters(const struct rec_snapshot *snapshot, bool selected_only)
{
	size_t n = 0;

	for (size_t i = 0; i < snapshot->n; i++)
		n += holds_parent(snapshot, &snapshot->entries[i], selected_only);
	return n;
}

size_t rec_snapshot_count(const struct rec_snapshot *snapshot)
{
	return snapshot->n;
}

const struct vfe_task_state *rec_snapshot_get(const struct rec_snapshot *snapshot, size_t i)
{
	return &snapshot->entries[i].state;
}

const struct vfe_task_state *rec_snapshot_get_waiter(const struct rec_snapshot *snapshot, size_t i)
{
	const struct entry *waiter = snapshot->entries[i].waiter;

	return waiter ? &waiter->state : NULL;
}

bool rec_snapshot_is_waiter(const struct rec_snapshot *snapshot, size_t i)
{
	return snapshot->entries[i].is_waiter;
}

bool rec_snapshot_holds_parent(const struct rec_snapshot *snapshot, size_t i, bool selected_only)
{
	return holds_parent(snapshot, &snapshot->entries[i], selected_only);
}

const struct vfe_task_state *rec_snapshot_find_process(const struct rec_snapshot *snapshot,
						       uint32_t tgid)
{
	const struct entry *leader = find_leader(snapshot, tgid);

	return leader ? &leader->state : NULL;
}

static int write_stall(const struct entry *entry, struct rec_cgroups *cgroups,
		       struct rec_sink *sink, struct vft_err *err)
{
	struct rec_translation out;
	int r;

	rec_translate_stall(&entry->state, &out);
	if (entry->waiter) {
		out.event.stall.waiter_tgid = entry->waiter->state.task.tgid;
		out.event.stall.waiter_tid = entry->waiter->state.task.tid;
		out.event.stall.waiter_start_ns = entry->waiter->state.task.start_ns;
	}
	r = rec_cgroups_tell(cgroups, &out, sink, err);
	return r ? r : rec_sink_append(sink, &out.event, err);
}

int rec_snapshot_write_stalls(const struct rec_snapshot *snapshot, bool selected_only,
			      struct rec_cgroups *cgroups, struct rec_sink *sink,
			      struct vft_err *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < snapshot->n; i++)
		if (holds_parent(snapshot, &snapshot->entries[i], selected_only))
			r = write_stall(&snapshot->entries[i], cgroups, sink, err);
	return r ? r : rec_cgroups_find_missing(cgroups, sink, err);
}

/* Whom a followed child holds is named, too, whoever was to be followed. */
static void mark_outside(struct rec_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n; i++) {
		const struct entry *child = &snapshot->entries[i];
		struct entry *leader;

		if (!child->waiter || !is_selected(snapshot, child))
			continue;
		leader = find_leader(snapshot, child->waiter->state.task.tgid);
		if (leader && !leader->selected)
			leader->is_outside = true;
	}
}

static bool is_wanted(const struct rec_snapshot *snapshot, const struct entry *entry,
		      const struct rec_snapshot_options *options)
{
	if (!entry->state.alive)
		return false;
	if (options->selected_only && !is_selected(snapshot, entry))
		return entry->is_outside;
	return is_leader(entry) || options->threads || entry->state.vfork_done;
}

/* A thread that waits in the kernel may hold its process's memory lock. One that waits in vfork
 * does not, and its command line is just what is wanted. */
static bool is_stuck(const struct entry *entry)
{
	return (entry->state.state & KERNEL_UNINTERRUPTIBLE) && !entry->is_waiter;
}

static bool may_block(const struct rec_snapshot *snapshot, const struct entry *leader)
{
	const struct entry *end = snapshot->entries + snapshot->n;

	for (const struct entry *entry = leader;
	     entry < end && entry->state.task.tgid == leader->state.task.tgid; entry++)
		if (is_stuck(entry) || (entry->waiter && is_stuck(entry->waiter)))
			return true;
	return false;
}

static int read_names(const struct rec_snapshot *snapshot, const size_t *wanted, size_t n,
		      const struct rec_snapshot_options *options, struct rec_proc_batch **ret)
{
	struct rec_proc_names *names = calloc(n + 1, sizeof(names[0]));
	uint32_t argv_max = options->args == REC_ARGS_NONE ? 0 : VFE_ARGV_MAX;
	int r;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct entry *entry = &snapshot->entries[wanted[i]];

		names[i].pid = visible_pid(snapshot, entry);
		names[i].may_block = may_block(snapshot, entry);
	}
	r = rec_proc_read(options->reader, names, n, argv_max, ARGV_TIMEOUT_NS, ret);
	free(names);
	return r;
}

static int write_entry(const struct entry *entry, const struct rec_proc_names *names,
		       uint32_t more_flags, const struct rec_snapshot_options *options,
		       struct rec_sink *sink, struct vft_err *err)
{
	struct rec_translation out;
	struct vft_event *event = &out.event;
	enum rec_args args = options->args;
	int r;

	rec_translate_task(&entry->state, &out);
	event->flags |= more_flags | (entry->is_outside ? VFT_SNAPSHOT_OUTSIDE : 0);
	if (entry->waiter) {
		event->snapshot.waiter_tgid = entry->waiter->state.task.tgid;
		event->snapshot.waiter_tid = entry->waiter->state.task.tid;
		event->snapshot.waiter_start_ns = entry->waiter->state.task.start_ns;
	}
	if (names && names->exe.data) {
		out.path = names->exe;
		event->snapshot.path = &out.path;
	}
	if (names && names->argv.data) {
		out.argv = rec_translate_argv(names->argv, args);
		event->snapshot.argv = &out.argv;
		event->snapshot.argv_size = names->argv_size;
	}
	if (!event->snapshot.argv || rec_args_are_cut(args))
		event->flags |= VFT_SNAPSHOT_ARGV_OFF;
	r = rec_cgroups_tell(options->cgroups, &out, sink, err);
	return r ? r : rec_sink_append(sink, event, err);
}

static int write_entries(const struct rec_snapshot *snapshot, const size_t *wanted, size_t n,
			 const struct rec_proc_batch *batch,
			 const struct rec_snapshot_options *options, struct rec_sink *sink,
			 struct vft_err *err)
{
	int r = rec_cgroups_begin_list(options->cgroups, sink, err);

	for (size_t i = 0; !r && i < n; i++) {
		uint32_t flags =
			(i == 0 ? VFT_SNAPSHOT_FIRST : 0) | (i == n - 1 ? VFT_SNAPSHOT_LAST : 0);

		r = write_entry(&snapshot->entries[wanted[i]],
				batch ? rec_proc_get(batch, i) : NULL, flags, options, sink, err);
	}
	rec_cgroups_end_list(options->cgroups);
	return r ? r : rec_sink_flush(sink, err);
}

int rec_snapshot_write(struct rec_snapshot *snapshot, const struct rec_snapshot_options *options,
		       struct rec_sink *sink, struct vft_err *err)
{
	size_t *wanted = calloc(snapshot->n + 1, sizeof(wanted[0]));
	struct rec_proc_batch *batch = NULL;
	size_t n = 0;
	int r = 0;

	if (!wanted)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	if (options->selected_only)
		mark_outside(snapshot);
	for (size_t i = 0; i < snapshot->n; i++)
		if (is_wanted(snapshot, &snapshot->entries[i], options))
			wanted[n++] = i;
	if (options->reader) {
		r = read_names(snapshot, wanted, n, options, &batch);
		if (r)
			r = vft_fail(err, r, 0, "cannot read the running processes' names");
	}
	if (!r)
		r = write_entries(snapshot, wanted, n, batch, options, sink, err);
	rec_proc_free(batch);
	free(wanted);
	return r;
}
