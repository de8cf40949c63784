/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/rows/filter.h"

#include <errno.h>
#include <stdlib.h>

#include "replay/base/slots.h"

#define COMM_MAX 15u /* bytes of a name that the kernel keeps */

bool rep_select_is_empty(const struct rep_select *select)
{
	return !select->period.from.is_given && !select->period.to.is_given && !select->pids.n &&
	       !select->uids.n && !select->comms.n && !select->exes.n && !select->containers.n;
}

bool rep_glob(const char *pattern, struct vft_str text)
{
	const char *star = NULL;
	size_t at = 0, retry = 0;

	/* One star at a time is enough: no backtracking into an earlier one. */
	while (at < text.size) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = at;
		} else if (*pattern && (*pattern == '?' || *pattern == text.data[at])) {
			pattern++;
			at++;
		} else if (star) {
			pattern = star;
			at = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/*
 * What began at @start_ns and ended at @end_ns. Where only bounds of the end are known, these are
 * the first and @latest_ns, else both are the same.
 */
static enum rep_match overlaps(const struct rep_select *select, const struct rep_section_info *info,
			       uint64_t start_ns, uint64_t end_ns, uint64_t latest_ns)
{
	struct rep_window window;

	if (!select->period.from.is_given && !select->period.to.is_given)
		return REP_MATCH_YES;
	window = rep_period_window(&select->period, info);
	if (start_ns > window.to_ns || latest_ns < window.from_ns)
		return REP_MATCH_NO;
	return end_ns >= window.from_ns ? REP_MATCH_YES : REP_MATCH_MAYBE;
}

/* One of two sides is enough; one that is not known may be the one. */
static enum rep_match match_either(enum rep_match a, enum rep_match b)
{
	return a > b ? a : b;
}

static bool has_number(const struct rep_numbers *numbers, uint32_t value)
{
	for (size_t i = 0; i < numbers->n; i++) {
		if (numbers->items[i] == value)
			return true;
	}
	return false;
}

static enum rep_match match(bool is_known, bool matches)
{
	if (!is_known)
		return REP_MATCH_MAYBE;
	return matches ? REP_MATCH_YES : REP_MATCH_NO;
}

static enum rep_match match_number(const struct rep_numbers *numbers, bool is_known, uint32_t value)
{
	return match(is_known, has_number(numbers, value));
}

static enum rep_match match_comm(const struct rep_texts *comms, struct vft_str comm)
{
	for (size_t i = 0; i < comms->n && comm.data; i++) {
		const char *pattern = comms->items[i];

		if (rep_glob(pattern, comm))
			return REP_MATCH_YES;
		/* The kernel keeps 15 bytes: a longer name means its head. */
		if (strlen(pattern) > COMM_MAX && comm.size == COMM_MAX &&
		    memcmp(pattern, comm.data, COMM_MAX) == 0)
			return REP_MATCH_YES;
	}
	return match(comm.data, false);
}

static bool matches_exe(const struct rep_texts *exes, struct vft_str path)
{
	struct vft_str name = path;

	if (!path.data)
		return false;
	for (size_t i = path.size; i && name.size == path.size; i--) {
		if (path.data[i - 1] == '/')
			name = (struct vft_str){path.data + i, path.size - (uint32_t)i};
	}
	for (size_t i = 0; i < exes->n; i++) {
		if (rep_glob(exes->items[i], path) || rep_glob(exes->items[i], name))
			return true;
	}
	return false;
}

/* A cgroup whose path the file does not say may be that of any container. */
static enum rep_match match_container(const struct rep_texts *containers, struct vft_str cgroup)
{
	struct vft_str id = rep_container_id(cgroup);

	for (size_t i = 0; i < containers->n; i++) {
		size_t n = strlen(containers->items[i]);

		if (n && n <= id.size && memcmp(containers->items[i], id.data, n) == 0)
			return REP_MATCH_YES;
	}
	return match(cgroup.data, false);
}

static enum rep_match vfork_pid(const struct rep_select *select, const struct rep_episode *e)
{
	const struct rep_numbers *pids = &select->pids;

	if (select->ns)
		return match_either(match_number(pids, e->child_ns_tgid, e->child_ns_tgid),
				    match_number(pids, e->has_parent_task, e->parent_ns_tgid));
	if (has_number(pids, e->parent_tid) || has_number(pids, e->child.tgid) ||
	    has_number(pids, e->child_tid))
		return REP_MATCH_YES;
	return match_number(pids, e->parent.tgid, e->parent.tgid);
}

static enum rep_match vfork_window(const struct rep_select *select,
				   const struct rep_section_info *info, const struct rep_episode *e)
{
	uint64_t latest_ns = UINT64_MAX;

	if (e->outcome == REP_OUTCOME_OPEN)
		return overlaps(select, info, e->start_ns, UINT64_MAX, UINT64_MAX);
	if (e->blocked_max_ns < UINT64_MAX - e->start_ns)
		latest_ns = e->start_ns + e->blocked_max_ns;
	return overlaps(select, info, e->start_ns, e->start_ns + e->blocked_min_ns, latest_ns);
}

enum rep_match rep_match_min(const struct rep_episode *e, uint64_t min_ns)
{
	/* So far. */
	if (e->outcome == REP_OUTCOME_OPEN)
		return match(e->has_blocked, e->blocked_ns >= min_ns);
	if (e->blocked_min_ns >= min_ns)
		return REP_MATCH_YES;
	return match(e->blocked_max_ns < min_ns, false);
}

enum rep_match rep_select_vfork(const struct rep_select *select,
				const struct rep_section_info *info, const struct rep_vfork *vfork)
{
	const struct rep_episode *e = &vfork->episode;
	enum rep_match result = vfork_window(select, info, e);

	if (result && select->pids.n)
		result = rep_match_both(result, vfork_pid(select, e));
	if (result && select->uids.n)
		result = rep_match_both(
			result,
			match_either(match_number(&select->uids, e->has_parent_task, e->uid),
				     match_number(&select->uids, true, e->child_uid)));
	if (result && select->comms.n)
		result = rep_match_both(
			result,
			match_either(match_comm(&select->comms, rep_str_get(e->parent_comm)),
				     match_comm(&select->comms, rep_str_get(e->child_comm))));
	/* No path of an exec: none was tried, or it is not known which. */
	if (result && select->exes.n)
		result = rep_match_both(
			result,
			matches_exe(&select->exes,
				    rep_str_get(e->exec_exe ? e->exec_exe : e->exec_path))
				? REP_MATCH_YES
				: match(e->parent_exe,
					matches_exe(&select->exes, rep_str_get(e->parent_exe))));
	if (result && select->containers.n)
		result = rep_match_both(
			result,
			match_either(match_container(&select->containers,
						     rep_str_get(vfork->cgroup_str)),
				     match_container(&select->containers,
						     rep_str_get(vfork->child_cgroup_str))));
	return result;
}

/* Whether an end of before the window may be among what is missing. */
static bool has_losses_before(const struct rep_select *select, const struct rep_section_info *info)
{
	const struct rep_loss *losses;
	size_t n;

	if (!select->period.from.is_given || !info->model)
		return false;
	losses = rep_model_losses(info->model, &n);
	return n && losses->from_ns <= rep_period_window(&select->period, info).from_ns;
}

enum rep_match rep_select_process(const struct rep_select *select,
				  const struct rep_section_info *info, const struct rep_process *p)
{
	uint64_t latest_ns = p->end_ns ? p->end_ns : UINT64_MAX;
	uint64_t end_ns = p->end_ns || !has_losses_before(select, info) ? latest_ns : p->start_ns;
	enum rep_match result = overlaps(select, info, p->start_ns, end_ns, latest_ns);

	if (result && select->pids.n)
		result = rep_match_both(
			result, select->ns ? match_number(&select->pids, p->has_task, p->ns_tgid)
					   : match_number(&select->pids, true, p->key.tgid));
	if (result && select->uids.n)
		result = rep_match_both(result, match_number(&select->uids, p->has_task, p->uid));
	if (result && select->comms.n)
		result = rep_match_both(result, match_comm(&select->comms, rep_str_get(p->comm)));
	if (result && select->exes.n)
		result = rep_match_both(
			result, match(p->exe, matches_exe(&select->exes, rep_str_get(p->exe))));
	if (result && select->containers.n)
		result = rep_match_both(
			result,
			match_container(&select->containers,
					rep_str_get(rep_model_cgroup(info->model, p->cgroup))));
	return result;
}

struct rep_exe_slot {
	uint64_t start_ns;
	uint32_t tgid; /* 0 = free */
	bool matches;
};

static size_t exe_find(const struct rep_select_events *events, uint32_t tgid, uint64_t start_ns)
{
	uint64_t hash = rep_mix(rep_mix(rep_seed, start_ns), tgid);
	size_t at = (size_t)(hash >> 32) & (events->n_slots - 1);

	while (events->slots[at].tgid &&
	       (events->slots[at].tgid != tgid || events->slots[at].start_ns != start_ns))
		at = (at + 1) & (events->n_slots - 1);
	return at;
}

static int exe_rehash(struct rep_select_events *events, size_t n_slots)
{
	struct rep_select_events fresh = {.n_slots = n_slots};

	fresh.slots = calloc(n_slots, sizeof(*fresh.slots));
	if (!fresh.slots)
		return -ENOMEM;
	/* Those that match no more are left behind here, so the ended ones go away in time. */
	for (size_t i = 0; i < events->n_slots; i++) {
		const struct rep_exe_slot *slot = &events->slots[i];

		if (slot->tgid && slot->matches) {
			fresh.slots[exe_find(&fresh, slot->tgid, slot->start_ns)] = *slot;
			fresh.n_used++;
		}
	}
	free(events->slots);
	events->slots = fresh.slots;
	events->n_slots = n_slots;
	events->n_used = fresh.n_used;
	return 0;
}

static bool exe_get(const struct rep_select_events *events, uint32_t tgid, uint64_t start_ns)
{
	return events->n_slots && tgid && events->slots[exe_find(events, tgid, start_ns)].matches;
}

static int exe_set(struct rep_select_events *events, uint32_t tgid, uint64_t start_ns, bool matches)
{
	struct rep_exe_slot *slot;
	int err;

	if (!tgid || exe_get(events, tgid, start_ns) == matches)
		return 0;
	if ((events->n_used + 1) * 4 > events->n_slots * 3) {
		size_t n_live = 0;

		for (size_t i = 0; i < events->n_slots; i++)
			n_live += events->slots[i].matches;
		err = exe_rehash(events, !events->n_slots               ? 64
					 : n_live * 2 > events->n_slots ? events->n_slots * 2
									: events->n_slots);
		if (err)
			return err;
	}
	slot = &events->slots[exe_find(events, tgid, start_ns)];
	events->n_used += !slot->tgid;
	*slot = (struct rep_exe_slot){start_ns, tgid, matches};
	return 0;
}

/* Whether the event is of a process that runs a wanted file; keeps the list up to date. */
static int event_exe(struct rep_select_events *events, const struct vft_event *event)
{
	const struct vft_task *task = event->task, *child;
	const struct vft_str *path = NULL;
	bool before;
	int err = 0;

	if (!task)
		return 0;
	before = exe_get(events, task->tgid, task->start_ns);
	if (event->kind == VFT_KIND_EXEC)
		path = rep_exec_file(event);
	else if (event->kind == VFT_KIND_SNAPSHOT && !(event->flags & VFT_SNAPSHOT_THREAD))
		path = event->snapshot.path;
	if (path || event->kind == VFT_KIND_EXEC)
		err = exe_set(events, task->tgid, task->start_ns,
			      path && matches_exe(&events->select->exes, *path));
	if (event->kind == VFT_KIND_SPAWN && event->spawn.child) {
		child = event->spawn.child;
		err = exe_set(events, child->tgid, child->start_ns, before);
	}
	if (!err && event->kind == VFT_KIND_EXIT && event->flags & VFT_EXIT_PROCESS)
		err = exe_set(events, task->tgid, task->start_ns, false);
	if (err)
		return err;
	return before || exe_get(events, task->tgid, task->start_ns);
}

static bool task_has_pid(const struct rep_select *select, const struct vft_task *task)
{
	if (!task)
		return false;
	if (select->ns)
		return has_number(&select->pids, task->ns_tgid) ||
		       has_number(&select->pids, task->ns_tid);
	return has_number(&select->pids, task->tgid) || has_number(&select->pids, task->tid);
}

int rep_select_event(struct rep_select_events *events, const struct rep_section_info *info,
		     const struct rep_window *window, const struct vft_event *event)
{
	const struct rep_select *select = events->select;
	const struct vft_task *child = event->kind == VFT_KIND_SPAWN ? event->spawn.child : NULL;

	if (select->exes.n) {
		int wanted = event_exe(events, event);

		if (wanted <= 0)
			return wanted;
	}
	if (event->time_ns < window->from_ns || event->time_ns > window->to_ns)
		return 0;
	if (select->pids.n && !task_has_pid(select, event->task) && !task_has_pid(select, child))
		return 0;
	if (select->uids.n && !(event->task && has_number(&select->uids, event->task->uid)))
		return 0;
	if (select->comms.n && !(event->task && event->comm &&
				 match_comm(&select->comms, *event->comm) == REP_MATCH_YES))
		return 0;
	if (select->containers.n &&
	    !(event->task &&
	      match_container(&select->containers,
			      rep_str_get(rep_model_cgroup(info->model, event->task->cgroup)))))
		return 0;
	return 1;
}

void rep_select_events_release(struct rep_select_events *events)
{
	free(events->slots);
	events->slots = NULL;
	events->n_slots = events->n_used = 0;
}
