/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/now.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <vft/meta.h>

#include "bpf/events.h"
#include "record/base/clock.h"
#include "record/kernel/examiner.h"
#include "record/kernel/session.h"
#include "record/base/exit.h"
#include "record/base/say.h"
#include "record/stall/autopsy.h"
#include "record/stall/show.h"
#include "record/stall/text.h"
#include "record/start/seccomp.h"
#include "record/watch/cgroups.h"
#include "record/watch/snapshot.h"

#define SCHEMA_VERSION 1
#define RING_BYTES     65536u     /* nothing is ever in it */
#define BETWEEN_NS     100000000u /* two looks tell who uses the CPU */
/* Most machines have fewer stalls. Those that have been held the longest are examined. */
#define BUDGET_NS      1000000000u

struct look {
	const struct rec_options *options;
	struct rec_session *session;
	struct rec_cgroups *cgroups;
	struct rec_examiner *examiner; /* NULL where this kernel has none */
	struct rec_snapshot *before, *list;
	size_t *stalls; /* entries of the list, the longest held first */
	size_t n_stalls, n_examined;
	struct rec_autopsy *autopsy;
	bool is_partial; /* the list is that of a pid namespace */
};

/* ---- before the privileges go ---- */

static int open_session(struct look *look, struct vft_err *err)
{
	struct rec_hierarchies hierarchies;
	struct rec_session_config config = {.ring_bytes = RING_BYTES, .list_only = true};
	int64_t boottime_ns, monotonic_ns;
	int r;

	rec_hierarchies_find(&hierarchies);
	config.v1_hierarchy = hierarchies.container;
	config.v1_is_pids = hierarchies.container_is_pids;
	config.freezer_hierarchy = hierarchies.freezer;
	r = rec_cgroups_new(&hierarchies, &look->cgroups);
	if (r)
		return vft_fail(err, r, 0, "out of memory");
	r = rec_session_open(&config, &look->session, err);
	if (r)
		return r;
	rec_session_get_clocks(look->session, &boottime_ns, &monotonic_ns);
	rec_clock_correct(boottime_ns, monotonic_ns);
	rec_cgroups_scan(look->cgroups);
	return 0;
}

/* A kernel that cannot explain can still say who is held. */
static int open_examiner(struct look *look, struct vft_err *err)
{
	struct vft_err why = {0};
	int r = rec_examiner_open(&look->examiner, &why);

	if (r == -ENOMEM)
		return vft_fail(err, r, 0, "%s", why.message);
	if (r)
		rec_say("stalls cannot be explained here: %s; see vfork-record --check",
			why.message);
	return 0;
}

static int is_usable(void *context)
{
	const struct look *look = context;
	int r = rec_session_is_usable(look->session);

	return r || !look->examiner ? r : rec_examiner_is_usable(look->examiner);
}

/* ---- who is meant ---- */

static bool is_named(const struct look *look, const struct vfe_task_state *task)
{
	for (size_t i = 0; i < look->options->n_pids; i++) {
		uint32_t pid = (uint32_t)look->options->pids[i];

		/* In a pid namespace of its own, this process knows others by that one's ids. */
		if (task->task.pidns == task->lister_pidns
			    ? pid == task->task.ns_tgid || pid == task->task.ns_tid
			    : pid == task->task.tgid || pid == task->task.tid)
			return true;
	}
	return false;
}

/* -p means a process and its descendants, and whom they hold. */
static bool is_wanted(const struct look *look, size_t i)
{
	const struct vfe_task_state *task = rec_snapshot_get(look->list, i);
	const struct vfe_task_state *waiter = rec_snapshot_get_waiter(look->list, i);

	if (!look->options->n_pids || (waiter && is_named(look, waiter)))
		return true;
	for (size_t depth = 0; task && depth < rec_snapshot_count(look->list); depth++) {
		if (is_named(look, task))
			return true;
		if (task->parent_tgid == task->task.tgid)
			break;
		task = rec_snapshot_find_process(look->list, task->parent_tgid);
	}
	return false;
}

static uint64_t start_of(const struct look *look, size_t stall)
{
	return rec_snapshot_get(look->list, look->stalls[stall])->thread_start_ns;
}

static void sort_by_start(struct look *look)
{
	/* Few, and nearly in order. */
	for (size_t i = 1; i < look->n_stalls; i++)
		for (size_t j = i; j > 0 && start_of(look, j) < start_of(look, j - 1); j--) {
			size_t other = look->stalls[j];

			look->stalls[j] = look->stalls[j - 1];
			look->stalls[j - 1] = other;
		}
}

static int find_stalls(struct look *look, struct vft_err *err)
{
	size_t n = rec_snapshot_count(look->list);

	look->is_partial = n && rec_snapshot_get(look->list, 0)->lister_pidns != VFT_PIDNS_INITIAL;

	look->stalls = calloc(n + 1, sizeof(look->stalls[0]));
	look->autopsy = malloc(sizeof(*look->autopsy));
	if (!look->stalls || !look->autopsy)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (rec_snapshot_holds_parent(look->list, i, false) && is_wanted(look, i))
			look->stalls[look->n_stalls++] = i;
	sort_by_start(look);
	return 0;
}

static int take_lists(struct look *look, struct vft_err *err)
{
	struct timespec between = {.tv_nsec = BETWEEN_NS};
	int r = rec_snapshot_take(look->session, &look->before, err);

	if (r)
		return r;
	while (nanosleep(&between, &between) && errno == EINTR)
		continue;
	return rec_snapshot_take(look->session, &look->list, err);
}

/* ---- what is printed ---- */

static void print_head(const struct look *look)
{
	if (look->options->json)
		printf("{\"schema_version\": %d, \"command\": \"now\", \"rows\": [",
		       SCHEMA_VERSION);
	else if (!look->n_stalls)
		printf("No thread is held by a vfork.\n");
	else
		printf("%zu %s held by vfork.\n", look->n_stalls,
		       look->n_stalls == 1 ? "thread is" : "threads are");
}

static void print_plain(const struct look *look, size_t stall)
{
	const struct vfe_task_state *child = rec_snapshot_get(look->list, look->stalls[stall]);
	const struct vfe_task_state *parent =
		rec_snapshot_get_waiter(look->list, look->stalls[stall]);
	char line[REC_LINE_TEXT];
	struct rec_text text = REC_TEXT(line);

	rec_show_task(&text, child);
	rec_text_add(&text, " has held ");
	if (parent)
		rec_show_task(&text, parent);
	else
		rec_text_add(&text, "a thread");
	printf("\n%s for %.1f s; it was not examined.\n", line,
	       (double)(child->header.time_ns - child->thread_start_ns) / 1e9);
}

static void print_stall(struct look *look, size_t stall, bool is_examined)
{
	if (look->options->json && is_examined) {
		printf("%s\n  ", look->n_examined ? "," : "");
		rec_show_json(stdout, look->autopsy);
	} else if (is_examined) {
		putchar('\n');
		rec_show_text(stdout, look->autopsy);
	} else if (!look->options->json) {
		print_plain(look, stall);
	}
	look->n_examined += is_examined;
}

/* Examine one after the other, and print each at once: the first are the oldest. Returns how many
 * were still held. */
static size_t examine(struct look *look)
{
	struct rec_scene scene = {.examiner = look->examiner,
				  .snapshot = look->list,
				  .cgroups = look->cgroups,
				  .is_partial = look->is_partial};
	uint64_t end_ns = rec_clock_now() + BUDGET_NS;
	size_t n = 0;

	for (size_t i = 0; i < look->n_stalls; i++) {
		int r = -EOPNOTSUPP;

		if (look->examiner && rec_clock_now() < end_ns)
			r = rec_autopsy_perform(&scene, look->stalls[i], look->before,
						look->autopsy);
		if (r == -ESRCH)
			continue; /* it has ended since */
		print_stall(look, i, r == 0);
		n++;
	}
	return n;
}

static int print_all(struct look *look)
{
	size_t n;

	print_head(look);
	n = examine(look);
	if (look->options->json)
		printf("%s], \"n_stalls\": %zu, \"n_not_examined\": %zu}\n",
		       look->n_examined ? "\n" : "", n, n - look->n_examined);
	else if (n < look->n_stalls)
		printf("\n%zu of them ended while this was looked at.\n", look->n_stalls - n);
	if (fflush(stdout) || ferror(stdout)) {
		rec_say("cannot write to stdout: %s", strerror(errno));
		return REC_EXIT_USAGE;
	}
	return n && look->options->exit_code ? REC_EXIT_FOUND : REC_EXIT_OK;
}

static int run(struct look *look, const struct rec_user *user, struct vft_err *err)
{
	int r = open_session(look, err);

	if (!r)
		r = open_examiner(look, err);
	if (!r)
		r = rec_privileges_drop(user, is_usable, look, err);
	if (r < 0)
		return r;
	(void)rec_seccomp_enter(); /* --check says where there is none */
	r = take_lists(look, err);
	return r ? r : find_stalls(look, err);
}

int rec_now(const struct rec_options *options, const struct rec_user *user)
{
	struct look look = {.options = options};
	struct vft_err err = {0};
	int status = REC_EXIT_FORBIDDEN;

	if (run(&look, user, &err))
		rec_say("%s", err.message);
	else
		status = print_all(&look);
	free(look.stalls);
	free(look.autopsy);
	rec_snapshot_free(look.before);
	rec_snapshot_free(look.list);
	rec_examiner_close(look.examiner);
	rec_session_close(look.session);
	rec_cgroups_free(look.cgroups);
	return status;
}
