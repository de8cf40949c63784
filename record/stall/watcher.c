/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/watcher.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <vft/meta.h>

#include "bpf/events.h"
#include "record/base/clock.h"
#include "record/kernel/session.h"
#include "record/stall/autopsy.h"
#include "record/stall/show.h"
#include "record/stall/text.h"
#include "record/watch/snapshot.h"

#define N_SLOTS      8192u /* a power of two */
#define MAX_WATCHED  4096u /* more wait only in a storm, of which these are a sample */
#define MAX_A_SECOND 20u
/* Of a turn. Then the ring has its turn, and four times as long nobody is examined. */
#define MAX_TURN_NS  50000000u
#define REST         4u
#define NS_PER_S     1000000000u

/* A thread that waits in vfork. */
struct watched {
	uint32_t parent_tid; /* 0 = free slot */
	uint32_t child_tid;
	uint32_t n_looks;
	uint64_t next_ns; /* when to look, UINT64_MAX for one that only seemed to wait */
};

struct table {
	struct watched slots[N_SLOTS];
	size_t n;
};

struct rec_watcher {
	struct rec_watcher_config config;
	struct table *now, *before;
	struct rec_autopsy *autopsy;
	uint64_t last_ns;   /* of the last look, 0 before the first */
	uint64_t rest_ns;   /* nobody is examined before */
	uint64_t second_ns; /* when the second began that these belong to */
	unsigned int n_examined;
	uint64_t n_left_out;
};

/* ---- who waits ---- */

static struct watched *slot_of(struct table *table, uint32_t parent_tid)
{
	size_t i = (parent_tid * 2654435761u) & (N_SLOTS - 1);

	while (table->slots[i].parent_tid && table->slots[i].parent_tid != parent_tid)
		i = (i + 1) & (N_SLOTS - 1);
	return &table->slots[i];
}

/*
 * What is new now began after the look before, so that it is not due earlier than that and the
 * threshold. What was there at the first look may be of any age.
 */
static uint64_t first_due(const struct rec_watcher *watcher)
{
	return watcher->last_ns ? watcher->last_ns + watcher->config.threshold_ns : 0;
}

static int list_waiters(struct rec_watcher *watcher)
{
	struct table *old = watcher->now, *new = watcher->before;
	uint32_t parent_tid = 0, child_tid = 0;
	int r = 0;

	/* Most of the time there is nobody, and there was nobody. */
	if (new->n)
		memset(new, 0, sizeof(*new));
	while (new->n < MAX_WATCHED &&
	       (r = rec_session_next_waiter(watcher->config.session, parent_tid, &parent_tid,
					    &child_tid)) == 1) {
		struct watched *slot = slot_of(new, parent_tid), *known = slot_of(old, parent_tid);

		if (slot->parent_tid)
			continue; /* the kernel began its walk anew */
		*slot = (struct watched){.parent_tid = parent_tid,
					 .child_tid = child_tid,
					 .next_ns = first_due(watcher)};
		if (known->parent_tid && known->child_tid == child_tid)
			*slot = *known;
		new->n++;
	}
	watcher->now = new;
	watcher->before = old;
	return r < 0 ? r : 0;
}

/* ---- what is said of them ---- */

static size_t find_entry(const struct rec_snapshot *list, uint32_t child_tid)
{
	size_t n = rec_snapshot_count(list);

	for (size_t i = 0; i < n; i++)
		if (rec_snapshot_get(list, i)->task.tid == child_tid &&
		    rec_snapshot_holds_parent(list, i, false))
			return i;
	return n;
}

/* Those that there was no time for are told by number, once a second. */
static void begin_turn(struct rec_watcher *watcher, uint64_t now_ns)
{
	char line[REC_LINE_TEXT];
	struct rec_text text = REC_TEXT(line);

	if (now_ns - watcher->second_ns < NS_PER_S)
		return;
	if (watcher->n_left_out) {
		rec_text_add(&text,
			     "%" PRIu64 " more were held past the threshold and not examined",
			     watcher->n_left_out);
		watcher->config.say(watcher->config.context, line);
	}
	watcher->second_ns = now_ns;
	watcher->n_examined = 0;
	watcher->n_left_out = 0;
}

static bool has_budget(const struct rec_watcher *watcher, uint64_t begin_ns)
{
	uint64_t now_ns = rec_clock_now();

	return watcher->n_examined < MAX_A_SECOND && now_ns - begin_ns < MAX_TURN_NS;
}

/* Who and how long, where why cannot be told. */
static void say_plainly(struct rec_watcher *watcher, const struct rec_snapshot *list, size_t i,
			uint64_t held_ns)
{
	const struct vfe_task_state *parent = rec_snapshot_get_waiter(list, i);
	char line[REC_LINE_TEXT];
	struct rec_text text = REC_TEXT(line);

	if (parent)
		rec_show_task(&text, parent);
	else
		rec_text_add(&text, "a thread");
	rec_text_add(&text, " held %.2fs by ", (double)held_ns / NS_PER_S);
	rec_show_task(&text, rec_snapshot_get(list, i));
	watcher->config.say(watcher->config.context, line);
}

static void examine(struct rec_watcher *watcher, const struct rec_snapshot *list, size_t i,
		    uint64_t held_ns)
{
	struct rec_scene scene = {
		.examiner = watcher->config.examiner,
		.snapshot = list,
		.cgroups = watcher->config.cgroups,
		.is_partial = rec_snapshot_get(list, i)->lister_pidns != VFT_PIDNS_INITIAL,
	};
	char line[REC_LINE_TEXT];
	int r = -EOPNOTSUPP;

	if (scene.examiner)
		r = rec_autopsy_perform(&scene, i, NULL, watcher->autopsy);
	if (r == -ESRCH)
		return; /* it has ended since */
	if (r) {
		say_plainly(watcher, list, i, held_ns);
		return;
	}
	rec_show_line(watcher->autopsy, line, sizeof(line));
	watcher->config.say(watcher->config.context, line);
}

/* Twice as long after each look. */
static void plan_next(struct watched *watched, uint64_t start_ns, uint64_t threshold_ns,
		      uint64_t now_ns)
{
	do {
		uint64_t wait_ns;

		watched->n_looks++;
		if (watched->n_looks >= 63 ||
		    __builtin_mul_overflow(threshold_ns, UINT64_C(1) << watched->n_looks,
					   &wait_ns) ||
		    __builtin_add_overflow(start_ns, wait_ns, &watched->next_ns))
			watched->next_ns = UINT64_MAX;
	} while (watched->next_ns <= now_ns);
}

static void look_at(struct rec_watcher *watcher, struct watched *watched,
		    const struct rec_snapshot *list, uint64_t now_ns)
{
	uint64_t threshold_ns = watcher->config.threshold_ns, start_ns;
	size_t i = find_entry(list, watched->child_tid);

	if (i == rec_snapshot_count(list)) {
		/* The kernel part forgets some who wait no more only later. */
		watched->next_ns = UINT64_MAX;
		return;
	}
	start_ns = rec_snapshot_get(list, i)->thread_start_ns;
	if (now_ns < start_ns + threshold_ns) {
		watched->next_ns = start_ns + threshold_ns;
		return;
	}
	plan_next(watched, start_ns, threshold_ns, now_ns);
	watcher->n_examined++;
	examine(watcher, list, i, now_ns - start_ns);
}

/* In a storm: counted, if it is one, and looked at when it is due again. */
static void leave_out(struct rec_watcher *watcher, struct watched *watched,
		      const struct rec_snapshot *list, uint64_t now_ns)
{
	const struct vfe_task_state *child = rec_snapshot_find_process(list, watched->child_tid);
	uint64_t threshold_ns = watcher->config.threshold_ns;

	if (child && child->vfork_done && now_ns >= child->thread_start_ns + threshold_ns)
		watcher->n_left_out++;
	plan_next(watched, child ? child->thread_start_ns : now_ns, threshold_ns, now_ns);
}

static int look_at_due(struct rec_watcher *watcher, uint64_t now_ns, struct vft_err *err)
{
	struct rec_snapshot *list = NULL;
	unsigned int n_before = watcher->n_examined;
	int r = 0;

	for (size_t i = 0; !r && i < N_SLOTS; i++) {
		struct watched *watched = &watcher->now->slots[i];

		if (!watched->parent_tid || watched->next_ns > now_ns)
			continue;
		if (!list)
			r = rec_snapshot_take(watcher->config.session, &list, err);
		if (r)
			break;
		if (has_budget(watcher, now_ns))
			look_at(watcher, watched, list, now_ns);
		else
			leave_out(watcher, watched, list, now_ns);
	}
	rec_snapshot_free(list);
	if (watcher->n_examined > n_before)
		watcher->rest_ns = now_ns + (REST + 1) * (rec_clock_now() - now_ns);
	return r;
}

/* ---- from outside ---- */

int rec_watcher_look(struct rec_watcher *watcher, uint64_t now_ns, struct vft_err *err)
{
	int r = list_waiters(watcher);

	watcher->last_ns = now_ns;
	begin_turn(watcher, now_ns);
	if (r)
		return vft_fail(err, r, 0, "cannot list who waits in vfork: %s", strerror(-r));
	if (!watcher->now->n || now_ns < watcher->rest_ns)
		return 0; /* what is due is due after the rest */
	return look_at_due(watcher, now_ns, err);
}

uint64_t rec_watcher_get_due(const struct rec_watcher *watcher)
{
	uint64_t due_ns = UINT64_MAX;

	for (size_t i = 0; watcher->now->n && i < N_SLOTS; i++)
		if (watcher->now->slots[i].parent_tid && watcher->now->slots[i].next_ns < due_ns)
			due_ns = watcher->now->slots[i].next_ns;
	return due_ns < watcher->rest_ns ? watcher->rest_ns : due_ns;
}

int rec_watcher_new(const struct rec_watcher_config *config, struct rec_watcher **ret)
{
	struct rec_watcher *watcher = calloc(1, sizeof(*watcher));

	if (!watcher)
		return -ENOMEM;
	watcher->config = *config;
	watcher->now = calloc(1, sizeof(*watcher->now));
	watcher->before = calloc(1, sizeof(*watcher->before));
	watcher->autopsy = malloc(sizeof(*watcher->autopsy));
	if (!watcher->now || !watcher->before || !watcher->autopsy) {
		rec_watcher_free(watcher);
		return -ENOMEM;
	}
	*ret = watcher;
	return 0;
}

void rec_watcher_free(struct rec_watcher *watcher)
{
	if (!watcher)
		return;
	free(watcher->now);
	free(watcher->before);
	free(watcher->autopsy);
	free(watcher);
}
