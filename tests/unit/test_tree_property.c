/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random events go through the model, and its rows to the tree, which folds while they come, and to
 * the oracle, which has them all at its end. Both draw the same, whatever the order of ends,
 * whatever was lost, and whatever a hostile file says. Where the tree has to be built again, as the
 * command does then, that is what is compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "script.h"
#include "tree_oracle.h"

#define N_SEEDS  1500u
#define N_STEPS  400u
#define MAX_LIVE 40u

static const struct rep_origin origins[] = {{.boot_id = "a", .boot_id_size = 1},
					    {.boot_id = "b", .boot_id_size = 1}};

struct sim {
	uint64_t random, time_ns;
	struct vft_task live[MAX_LIVE];
	bool is_vforked[MAX_LIVE];
	struct vft_task parents[MAX_LIVE];
	unsigned int n_live, n_pids, boot;
	struct vft_task former[MAX_LIVE]; /* some who have ended */
	bool is_lossy, is_hostile, is_deep;

	struct rep_model *model;
	struct rep_tree tree;
	struct oracle *oracle; /* NULL: the rows go to the tree alone */
	bool from_tops, selects;
	int r; /* of the tree */
};

static unsigned int draw_random(struct sim *sim, unsigned int n)
{
	sim->random ^= sim->random << 13;
	sim->random ^= sim->random >> 7;
	sim->random ^= sim->random << 17;
	return (unsigned int)(sim->random >> 32) % n;
}

static bool one_in(struct sim *sim, unsigned int n)
{
	return draw_random(sim, n) == 0;
}

/* ---- rows ---- */

static int on_process(void *context, const struct rep_process *process)
{
	struct sim *sim = context;
	bool selected = !sim->selects || process->key.tgid % 3 == 0;
	bool is_top = sim->from_tops && process->key.tgid % 16 == 5;

	if (sim->oracle)
		oracle_add_process(sim->oracle, process, selected, is_top);
	if (!sim->r)
		sim->r = rep_tree_add_process(&sim->tree, process, selected, is_top);
	return 0;
}

static int on_episode(void *context, const struct rep_episode *episode)
{
	struct sim *sim = context;

	if (sim->oracle)
		oracle_add_episode(sim->oracle, episode);
	if (!sim->r)
		sim->r = rep_tree_add_episode(&sim->tree, episode);
	return 0;
}

static void hold(void *context, struct rep_key key)
{
	rep_tree_hold(context, key);
}

static void hold_keys(void *context, struct rep_tree *tree)
{
	rep_model_name_held(((struct sim *)context)->model, rep_tree_takes_ended(tree), hold, tree);
}

/* ---- events ---- */

static void give(struct sim *sim, struct vft_event *event)
{
	struct vft_batch batch = {.events = event, .n_events = 1};

	event->time_ns = sim->time_ns;
	sim->time_ns += 1 + draw_random(sim, 3) * MS;
	if (sim->is_lossy && event->kind != VFT_KIND_LOST && one_in(sim, 8)) {
		struct vft_event lost = {.kind = VFT_KIND_LOST};

		lost.lost.cause = VFT_CAUSE_RING_FULL;
		lost.lost.count = 1;
		lost.lost.from_ns = event->time_ns;
		lost.lost.to_ns = sim->time_ns;
		if (one_in(sim, 2))
			give(sim, &lost);
		return;
	}
	assert_int_equal(rep_model_batch(sim->model, &batch), 0);
}

static const struct vft_str *any_name(struct sim *sim)
{
	static const struct vft_str names[] = {{"sh", 2}, {"cc", 2}, {"ld", 2}};

	return &names[draw_random(sim, 3)];
}

static bool has_pid(const struct sim *sim, uint32_t pid)
{
	for (unsigned int i = 0; i < sim->n_live; i++)
		if (sim->live[i].tgid == pid)
			return true;
	return false;
}

static struct vft_task new_task(struct sim *sim)
{
	uint32_t pid;

	do
		pid = 10 + draw_random(sim, sim->n_pids);
	while (has_pid(sim, pid) && !(sim->is_hostile && one_in(sim, 20)));
	return leader_of(pid, sim->time_ns++);
}

static struct vft_task any_task(struct sim *sim)
{
	if (sim->is_hostile && one_in(sim, 10))
		return sim->former[draw_random(sim, MAX_LIVE)];
	return sim->is_deep ? sim->live[sim->n_live - 1] : sim->live[draw_random(sim, sim->n_live)];
}

static void spawn(struct sim *sim)
{
	struct vft_task parent = any_task(sim), child = new_task(sim);
	struct vft_event event = {.kind = VFT_KIND_SPAWN, .task = &parent, .comm = any_name(sim)};
	bool is_vfork = !one_in(sim, 3);

	if (one_in(sim, 30)) /* of whom nothing else is known */
		parent = leader_of(5000 + draw_random(sim, 9), 7);
	event.spawn.child = &child;
	event.spawn.clone_flags = (is_vfork ? F_VFORK_VM : 0) | (one_in(sim, 8) ? F_PARENT : 0);
	give(sim, &event);
	sim->is_vforked[sim->n_live] = is_vfork;
	sim->parents[sim->n_live] = parent;
	sim->live[sim->n_live++] = child;
}

static void release(struct sim *sim, unsigned int i, uint32_t by)
{
	struct vft_event event = {.kind = VFT_KIND_RELEASE, .task = &sim->live[i]};

	if (!sim->is_vforked[i] || one_in(sim, 10))
		return;
	sim->is_vforked[i] = false;
	event.release.parent_tgid = event.release.parent_tid = sim->parents[i].tgid;
	event.release.parent_start_ns = sim->parents[i].start_ns;
	event.release.by = by;
	give(sim, &event);
}

static void exec(struct sim *sim)
{
	unsigned int i = draw_random(sim, sim->n_live);
	struct vft_event event = {
		.kind = VFT_KIND_EXEC, .task = &sim->live[i], .comm = any_name(sim)};

	release(sim, i, VFT_BY_EXEC);
	event.exec.path = event.comm;
	give(sim, &event);
}

static void end(struct sim *sim)
{
	unsigned int i = sim->is_deep ? sim->n_live - 1 : draw_random(sim, sim->n_live);
	struct vft_event event = {.kind = VFT_KIND_EXIT, .task = &sim->live[i]};
	bool is_released_first = one_in(sim, 2);

	/* The first lives on, but for a few times. */
	if (i == 0 && !one_in(sim, 20))
		return;
	event.exit.code = one_in(sim, 4);
	event.flags = VFT_EXIT_PROCESS;
	if (is_released_first)
		release(sim, i, VFT_BY_EXIT);
	else if (sim->is_vforked[i] && one_in(sim, 2))
		event.flags |= VFT_EXIT_VFORK_PENDING;
	give(sim, &event);
	if (!is_released_first)
		release(sim, i, VFT_BY_EXIT);
	sim->former[draw_random(sim, MAX_LIVE)] = sim->live[i];
	sim->n_live--;
	sim->live[i] = sim->live[sim->n_live];
	sim->is_vforked[i] = sim->is_vforked[sim->n_live];
	sim->parents[i] = sim->parents[sim->n_live];
}

/* Who has lost its parent is given to the first. */
static struct vft_task parent_of(const struct sim *sim, unsigned int i)
{
	const struct vft_task *parent = &sim->parents[i];

	for (unsigned int k = 0; k < sim->n_live; k++)
		if (sim->live[k].tgid == parent->tgid && sim->live[k].start_ns == parent->start_ns)
			return *parent;
	return sim->live[0];
}

/* A list of a moment that may lie behind what has been told since. */
static void list(struct sim *sim)
{
	uint64_t back = draw_random(sim, 4) * MS;

	for (unsigned int i = 0; i < sim->n_live; i++) {
		struct vft_task task = sim->is_hostile ? any_task(sim) : sim->live[i];
		struct vft_task parent = sim->is_hostile ? any_task(sim) : parent_of(sim, i);
		struct vft_event event = {
			.kind = VFT_KIND_SNAPSHOT, .task = &task, .comm = any_name(sim)};
		struct vft_batch batch = {.events = &event, .n_events = 1};

		event.time_ns = sim->time_ns > back ? sim->time_ns - back : 1;
		event.flags = (i == 0 ? VFT_SNAPSHOT_FIRST : 0) |
			      (i + 1 == sim->n_live ? VFT_SNAPSHOT_LAST : 0);
		event.snapshot.parent_tgid = parent.tgid;
		event.snapshot.parent_start_ns = parent.start_ns;
		if (sim->is_vforked[i]) {
			event.flags |= VFT_SNAPSHOT_VFORK_PENDING;
			event.snapshot.waiter_tgid = event.snapshot.waiter_tid =
				sim->parents[i].tgid;
			event.snapshot.waiter_start_ns = sim->parents[i].start_ns;
		}
		assert_int_equal(rep_model_batch(sim->model, &batch), 0);
	}
}

static void begin(struct sim *sim)
{
	struct vft_section section = {0};
	struct vft_meta meta = {.has = VFT_HAS_EXEC_FAIL | VFT_HAS_RELEASE,
				.pidns = REP_PIDNS_INITIAL};

	if (one_in(sim, 2))
		meta.has = 0;
	assert_int_equal(rep_model_begin(sim->model, &section), 0);
	assert_int_equal(rep_model_meta(sim->model, &meta), 0);
	if (sim->oracle)
		oracle_begin(sim->oracle, sim->boot);
	if (!sim->r)
		sim->r = rep_tree_begin(&sim->tree, &origins[sim->boot]);
}

static void next_section(struct sim *sim)
{
	assert_int_equal(rep_model_end(sim->model, NULL), 0);
	if (one_in(sim, 3))
		sim->boot ^= 1;
	begin(sim);
	if (one_in(sim, 2))
		list(sim);
}

/* All that @seed says. @oracle: NULL where only the tree is built, without folding early. */
static void run(uint32_t seed, struct oracle *oracle, struct sim *sim)
{
	static const struct rep_model_ops ops = {
		.on_process = on_process, .on_episode = on_episode, .without_argv = true};
	unsigned int sections = seed % 4 == 3 ? 60 : 4000;

	*sim = (struct sim){.random = seed * 0x9e3779b97f4a7c15ull + 1,
			    .time_ns = 1000,
			    .n_live = 1,
			    .oracle = oracle,
			    .from_tops = seed % 5 == 4,
			    .selects = seed / 5 % 4 == 3,
			    .is_lossy = seed / 20 % 3 == 1,
			    .is_hostile = seed / 60 % 3 == 1,
			    .is_deep = seed / 180 % 3 == 1};
	for (unsigned int i = 0; i < 8; i++)
		(void)draw_random(sim, 2);
	sim->n_pids = 45 + draw_random(sim, 2) * 3000;
	sim->live[0] = leader_of(1, 5);
	for (unsigned int i = 0; i < MAX_LIVE; i++)
		sim->former[i] = leader_of(4000 + i, 3 + i % 3);
	sim->tree = (struct rep_tree){.from_tops = sim->from_tops,
				      .hold_keys = oracle ? hold_keys : NULL,
				      .context = sim,
				      .n_gather = 1 + draw_random(sim, 40)};
	assert_int_equal(rep_model_new(&ops, sim, &sim->model), 0);
	begin(sim);
	for (unsigned int step = 0; step < N_STEPS; step++) {
		unsigned int dice = draw_random(sim, 100);

		if (sim->n_live < 3 || (dice < 45 && sim->n_live < MAX_LIVE - 1))
			spawn(sim);
		else if (dice < 85)
			end(sim);
		else if (dice < 97)
			exec(sim);
		else
			list(sim);
		if (one_in(sim, sections))
			next_section(sim);
	}
	assert_int_equal(rep_model_end(sim->model, NULL), 0);
	if (!sim->r)
		sim->r = rep_tree_link(&sim->tree);
	rep_model_free(sim->model);
}

static char *draw_tree(struct rep_tree *tree)
{
	unsigned int depth = 0;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	uint32_t at, child;

	assert_int_equal(rep_tree_first(tree, REP_NO_NODE, &at), 0);
	while (at != REP_NO_NODE) {
		struct rep_line line = rep_tree_line(tree, at);

		oracle_line(to, depth, line.tgid, line.n_equal, line.look, line.in_cycle);
		assert_int_equal(rep_tree_first(tree, at, &child), 0);
		if (child != REP_NO_NODE) {
			at = child;
			depth++;
			continue;
		}
		while (depth && rep_tree_next(tree, at) == REP_NO_NODE) {
			at = rep_tree_parent(tree, at);
			depth--;
		}
		at = rep_tree_next(tree, at);
	}
	(void)fclose(to);
	return text;
}

/* The first line that differs. */
static void assert_same(uint32_t seed, const char *drawn, const char *expected)
{
	size_t at = 0, line = 0;

	while (drawn[at] && drawn[at] == expected[at])
		line = drawn[at++] == '\n' ? at : line;
	if (drawn[at] != expected[at])
		fail_msg("seed %u: '%.60s' where it should be '%.60s'", seed, drawn + line,
			 expected + line);
}

static void test_tree__folded_early_is_what_all_rows_give(void **state)
{
	uint64_t n_finished = 0, n_passed = 0;
	unsigned int n_again = 0, n_sane_again = 0;

	for (uint32_t seed = 0; seed < N_SEEDS; seed++) {
		char *expected = NULL, *drawn;
		struct oracle *oracle = oracle_new();
		struct sim sim;
		size_t size;
		FILE *to;

		assert_non_null(oracle);
		run(seed, oracle, &sim);
		to = open_memstream(&expected, &size);
		oracle_draw(oracle, sim.from_tops, to);
		(void)fclose(to);
		n_finished += sim.tree.n_finished;
		n_passed += sim.tree.n_passed;
		if (sim.r == -EAGAIN) {
			n_again++;
			/* Nobody is named of whom the model has not said it. */
			assert_true(sim.is_hostile || sim.is_lossy || sim.tree.n_origins > 1);
			n_sane_again += !sim.is_hostile && !sim.is_lossy;
			rep_tree_release(&sim.tree);
			run(seed, NULL, &sim);
		}
		assert_int_equal(sim.r, 0);
		drawn = draw_tree(&sim.tree);
		assert_same(seed, drawn, expected);
		free(drawn);
		free(expected);
		rep_tree_release(&sim.tree);
		oracle_free(oracle);
	}
	/* All of it has been tried. */
	assert_true(n_finished > 20000);
	assert_true(n_passed > 5000);
	assert_true(n_again > 100);
	assert_true(n_sane_again < 12);
	print_message("# %u finished early, %u passed, %u again (%u sane)\n",
		      (unsigned int)n_finished, (unsigned int)n_passed, n_again, n_sane_again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree__folded_early_is_what_all_rows_give),
	};

	return cmocka_run_group_tests_name("tree_property", tests, NULL, NULL);
}
