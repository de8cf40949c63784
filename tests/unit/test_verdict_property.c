/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The property of damage: take any events out of a trace and say so, as a loss or a gap, and every
 * outcome either stays or becomes unknown or uncertain. None becomes another one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "script.h"

#define N_SEEDS    1000u
#define N_DAMAGES  20u
#define MAX_TRUTHS 128u

struct world {
	uint64_t random;
	struct script *script;
	/* Since when and until when each was a process, and held its parent; 0 = for ever. */
	struct truth {
		struct vft_task child, parent;
		uint64_t held_until_ns, dead_from_ns;
		enum rep_outcome outcome;
	} truths[MAX_TRUTHS];
	size_t n_truths;
	uint32_t next_pid;
	bool is_old_kernel; /* exit comes after the release */
};

static uint64_t next_random(struct world *world)
{
	world->random ^= world->random << 13;
	world->random ^= world->random >> 7;
	world->random ^= world->random << 17;
	return world->random;
}

static uint64_t below(struct world *world, uint64_t n)
{
	return next_random(world) % n;
}

/* Between half a millisecond and three: wider than the slack around a loss. */
static void pass(struct world *world, uint64_t *time_ns)
{
	*time_ns += MS / 2 + below(world, 5 * MS / 2);
}

static void exits(struct world *world, uint64_t *time_ns, struct vft_task parent,
		  struct vft_task child, uint32_t code, uint32_t signal, bool has_release)
{
	uint32_t pending = world->is_old_kernel ? 0 : VFT_EXIT_VFORK_PENDING;

	if (world->is_old_kernel && has_release)
		script_release(world->script, *time_ns, child, parent, VFT_BY_EXIT);
	script_exit(world->script, *time_ns + 1000, child, code, signal,
		    VFT_EXIT_PROCESS | pending);
	if (!world->is_old_kernel && has_release)
		script_release(world->script, *time_ns + 2000, child, parent, VFT_BY_EXIT);
	*time_ns += 2000;
}

/* A new pid, or one that somebody had who is dead by then. */
static uint32_t choose_pid(struct world *world, uint64_t time_ns)
{
	for (size_t i = below(world, 3) ? world->n_truths : 0; i < world->n_truths; i++) {
		uint32_t pid = world->truths[i].child.tgid;
		bool is_free = true;

		for (size_t k = 0; k < world->n_truths; k++)
			is_free &= world->truths[k].child.tgid != pid ||
				   (world->truths[k].dead_from_ns &&
				    world->truths[k].dead_from_ns < time_ns);
		if (is_free)
			return pid;
	}
	return world->next_pid++;
}

/* One vfork of @parent, to its end; false when the parent did not live through it. */
static bool vforks(struct world *world, uint64_t *time_ns, struct vft_task parent,
		   enum rep_outcome outcome)
{
	struct script *script = world->script;
	struct vft_task child = leader_of(choose_pid(world, *time_ns), *time_ns);
	struct truth *truth = &world->truths[world->n_truths++];
	/* A parent that had not yet fallen asleep is let go without a release event. */
	bool has_release = below(world, 8) != 0;

	*truth = (struct truth){.child = child, .parent = parent, .outcome = outcome};
	script_vfork(script, *time_ns, parent, child);
	pass(world, time_ns);
	switch (outcome) {
	case REP_OUTCOME_EXEC:
		if (below(world, 4) == 0 && (script->has & VFT_HAS_EXEC_FAIL))
			script_exec_fail(script, (*time_ns)++, child, "/no/such", 2);
		truth->held_until_ns = *time_ns;
		if (has_release)
			script_release(script, *time_ns, child, parent, VFT_BY_EXEC);
		pass(world, time_ns);
		script_exec(script, *time_ns, child, "/bin/true");
		pass(world, time_ns);
		if (below(world, 3) == 0)
			script_exec(script, (*time_ns)++, child, "/bin/second");
		if (below(world, 2) == 0) {
			script_exit(script, *time_ns, child, 0, 0, VFT_EXIT_PROCESS);
			truth->dead_from_ns = *time_ns;
		}
		break;
	case REP_OUTCOME_EXEC_DIED:
		truth->held_until_ns = *time_ns;
		script_release(script, *time_ns, child, parent, VFT_BY_EXEC);
		pass(world, time_ns);
		script_exit(script, *time_ns, child, 0, 11, VFT_EXIT_PROCESS);
		truth->dead_from_ns = *time_ns;
		break;
	case REP_OUTCOME_EXEC_FAILED:
		script_exec_fail(script, *time_ns, child, "/no/such", 2);
		pass(world, time_ns);
		truth->held_until_ns = *time_ns;
		exits(world, time_ns, parent, child, 127, 0, has_release);
		truth->dead_from_ns = *time_ns;
		break;
	case REP_OUTCOME_EXIT:
		truth->held_until_ns = *time_ns;
		exits(world, time_ns, parent, child, 3, 0, has_release);
		truth->dead_from_ns = *time_ns;
		break;
	case REP_OUTCOME_KILLED:
		truth->held_until_ns = *time_ns;
		exits(world, time_ns, parent, child, 0, 9, has_release);
		truth->dead_from_ns = *time_ns;
		break;
	case REP_OUTCOME_PARENT_KILLED:
		truth->held_until_ns = *time_ns;
		script_exit(script, *time_ns, parent, 0, 9, VFT_EXIT_PROCESS | VFT_EXIT_WAITER);
		pass(world, time_ns);
		if (below(world, 2))
			script_exec(script, *time_ns, child, "/bin/orphan");
		pass(world, time_ns);
		if (below(world, 2))
			script_exit(script, *time_ns, child, 0, 0, VFT_EXIT_PROCESS);
		return false;
	case REP_OUTCOME_OPEN:
		if (below(world, 3) == 0)
			script_pending(script, *time_ns, VFT_KIND_SNAPSHOT, child, parent);
		return false;
	case REP_OUTCOME_UNKNOWN:
	case REP_N_OUTCOMES:
		fail();
	}
	pass(world, time_ns);
	return true;
}

static bool is_listed(const struct script *script, size_t first, uint32_t tid)
{
	for (size_t i = first; i < script->n; i++)
		if (script->steps[i].task.tid == tid)
			return true;
	return false;
}

/*
 * A list that begins at @time_ns, as a recorder writes it: at the start before the events that
 * happened meanwhile, at the end, of those only that hold a parent, behind those that happened
 * since. Each row is of its own moment.
 */
static void list(struct world *world, uint64_t time_ns, bool is_final)
{
	struct script *script = world->script;
	size_t first = script->n;

	for (size_t i = 0; i < world->n_truths; i++) {
		const struct truth *truth = &world->truths[i];
		bool is_held;

		time_ns += below(world, MS);
		is_held = !truth->held_until_ns || time_ns < truth->held_until_ns;
		/* No list names a pid twice. */
		if (truth->child.start_ns >= time_ns ||
		    is_listed(script, first, truth->child.tid) ||
		    (truth->dead_from_ns && truth->dead_from_ns <= time_ns))
			continue;
		if (is_held)
			script_pending(script, time_ns,
				       is_final ? VFT_KIND_STALL : VFT_KIND_SNAPSHOT, truth->child,
				       truth->parent);
		else if (!is_final)
			script_snapshot(script, time_ns, truth->child, 0);
	}
	for (size_t i = first; i < script->n; i++)
		script->steps[i].place = is_final ? 1 : -1;
	if (script->n > first && !is_final) {
		script->steps[first].event.flags |= VFT_SNAPSHOT_FIRST;
		script->steps[script->n - 1].event.flags |= VFT_SNAPSHOT_LAST;
	}
}

/* Anywhere, or among the last events. */
static uint64_t final_time(struct world *world)
{
	uint64_t last_ns = 0;

	for (size_t i = 0; i < world->script->n; i++)
		if (world->script->steps[i].event.time_ns > last_ns)
			last_ns = world->script->steps[i].event.time_ns;
	return below(world, 3) ? last_ns - below(world, 20 * MS) : 50 * MS + below(world, 300 * MS);
}

static void build(struct world *world, uint64_t seed)
{
	static const enum rep_outcome outcomes[] = {
		REP_OUTCOME_EXEC,        REP_OUTCOME_EXEC_DIED,     REP_OUTCOME_EXIT,
		REP_OUTCOME_KILLED,      REP_OUTCOME_PARENT_KILLED, REP_OUTCOME_OPEN,
		REP_OUTCOME_EXEC_FAILED,
	};
	uint64_t n_outcomes = 6, begin;

	memset(world, 0, sizeof(*world));
	world->random = seed * 0x9e3779b97f4a7c15ull + 1;
	world->script = script_new();
	world->next_pid = 1000;
	world->is_old_kernel = below(world, 2);
	if (below(world, 2)) {
		world->script->has |= VFT_HAS_EXEC_FAIL;
		n_outcomes = 7;
	}
	/* Parents one after another in the file, overlapping in time. */
	for (uint32_t i = 0; i < 8; i++) {
		struct vft_task parent = leader_of(100 + i, i + 1);

		begin = 10 * MS + below(world, 300 * MS);
		if (below(world, 4) == 0)
			parent.tid += 500;
		for (uint32_t n = 0; n < 6; n++)
			if (!vforks(world, &begin, parent, outcomes[below(world, n_outcomes)]))
				break;
	}
	script_mark(world->script, 1, VFT_MARK_START);
	world->script->steps[world->script->n - 1].place = -1;
	if (below(world, 3))
		list(world, 10 * MS + below(world, 200 * MS), false);
	if (below(world, 3))
		list(world, final_time(world), true);
}

/* The file's order is that of time, but for lists; equal times keep the script's. */
static int compare_steps(const void *pa, const void *pb)
{
	const struct step *a = pa, *b = pb;

	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	if (a->place)
		return (a->gap.n_missing_blocks > b->gap.n_missing_blocks) -
		       (a->gap.n_missing_blocks < b->gap.n_missing_blocks);
	if (a->event.time_ns != b->event.time_ns)
		return a->event.time_ns < b->event.time_ns ? -1 : 1;
	return (a->gap.n_missing_blocks > b->gap.n_missing_blocks) -
	       (a->gap.n_missing_blocks < b->gap.n_missing_blocks);
}

static void relink(struct script *script)
{
	for (size_t i = 0; i < script->n; i++) {
		struct step *step = &script->steps[i];

		if (step->event.task)
			step->event.task = &step->task;
		if (step->event.kind == VFT_KIND_SPAWN)
			step->event.spawn.child = &step->child;
	}
}

static void sort(struct script *script)
{
	for (size_t i = 0; i < script->n; i++)
		script->steps[i].gap.n_missing_blocks = i;
	qsort(script->steps, script->n, sizeof(*script->steps), compare_steps);
	relink(script);
}

static bool is_row(const struct step *step)
{
	return step->event.kind == VFT_KIND_SNAPSHOT || step->event.kind == VFT_KIND_STALL;
}

static const struct rep_episode *find(const struct result *result, const struct truth *truth)
{
	for (size_t i = 0; i < result->n_episodes; i++)
		if (result->episodes[i].child_tid == truth->child.tid &&
		    result->episodes[i].child.start_ns == truth->child.start_ns)
			return &result->episodes[i];
	return NULL;
}

static void check_against(const struct world *world, const struct result *result, uint64_t seed,
			  const char *what, bool is_damaged)
{
	size_t n_found = 0;

	for (size_t i = 0; i < world->n_truths; i++) {
		const struct rep_episode *episode = find(result, &world->truths[i]);
		bool is_same = episode && episode->outcome == world->truths[i].outcome;

		n_found += episode != NULL;
		if (is_damaged &&
		    (!episode || episode->outcome == REP_OUTCOME_UNKNOWN || !episode->certain))
			continue;
		if (is_same &&
		    (is_damaged || episode->certain || episode->outcome == REP_OUTCOME_UNKNOWN))
			continue;
		print_error("seed %llu, %s: child %u is %s, told %s\n", (unsigned long long)seed,
			    what, world->truths[i].child.tid,
			    rep_outcome_name(world->truths[i].outcome),
			    episode ? rep_outcome_name(episode->outcome) : "nothing");
		fail();
	}
	/* Each is told once, and nobody else is. */
	if (n_found != result->n_episodes)
		print_error("seed %llu, %s: %zu told for %zu\n", (unsigned long long)seed, what,
			    result->n_episodes, n_found);
	assert_int_equal(n_found, result->n_episodes);
}

/* Take events of [first, last] out, each with a chance of one in @one_in, and tell it as a loss. */
static void lose(struct world *world, struct script *damaged, size_t first, size_t last,
		 uint64_t one_in, bool is_told_by_end)
{
	const struct script *whole = world->script;
	uint64_t n_lost = 0, from_ns = UINT64_MAX, to_ns = 0;

	damaged->n = 0;
	for (size_t i = 0; i < whole->n; i++) {
		uint64_t time_ns = whole->steps[i].event.time_ns;

		/* Only what comes through the ring can be lost. */
		if (i < first || i > last || is_row(&whole->steps[i]) ||
		    !whole->steps[i].event.task || below(world, one_in) != 0) {
			damaged->steps[damaged->n++] = whole->steps[i];
			continue;
		}
		n_lost++;
		from_ns = time_ns < from_ns ? time_ns : from_ns;
		to_ns = time_ns > to_ns ? time_ns : to_ns;
	}
	relink(damaged);
	damaged->end = whole->end;
	damaged->has = whole->has;
	damaged->is_closed = true;
	damaged->end.n_delivered = damaged->n;
	damaged->end.n_dropped = n_lost;
	damaged->end.n_seen = damaged->n + n_lost;
	/* Told last of all, as late as it can be. */
	if (n_lost && !is_told_by_end)
		script_lost(damaged, 999 * MS, from_ns, to_ns, n_lost);
}

/*
 * Take whole runs of events out, as a damaged block does. Its window is what a reader knows: the
 * latest time before it, and that of the block behind it, whichever is the earlier.
 */
static void damage(struct world *world, struct script *damaged, size_t first, size_t last)
{
	const struct script *whole = world->script;
	uint64_t before_ns = 0;
	uint64_t behind_ns =
		last + 1 < whole->n ? whole->steps[last + 1].event.time_ns : UINT64_MAX;
	uint64_t from_ns, to_ns;

	for (size_t i = 0; i < first; i++)
		if (whole->steps[i].event.time_ns > before_ns)
			before_ns = whole->steps[i].event.time_ns;
	from_ns = before_ns < behind_ns ? before_ns : behind_ns;
	to_ns = before_ns < behind_ns ? behind_ns : before_ns;
	damaged->n = 0;
	damaged->has = whole->has;
	damaged->end = whole->end;
	damaged->is_closed = below(world, 2);
	for (size_t i = 0; i < whole->n; i++) {
		if (i == first)
			script_gap(damaged, from_ns, to_ns);
		if (i < first || i > last)
			damaged->steps[damaged->n++] = whole->steps[i];
	}
	relink(damaged);
}

/* The last step that is no row of the final list. */
static size_t n_before_rows(const struct script *script)
{
	size_t i = script->n - 1;

	while (i > 20 && is_row(&script->steps[i]))
		i--;
	return i;
}

static void check_damaged(struct world *world, struct script *damaged, uint64_t seed)
{
	for (uint32_t i = 0; i < N_DAMAGES; i++) {
		size_t a = below(world, world->script->n), b = below(world, world->script->n);
		size_t first = a < b ? a : b, last = a < b ? b : a;
		struct result *result;
		const char *what;

		if (i % 5 == 0) {
			what = "one event lost";
			lose(world, damaged, first, first, 1, below(world, 2));
		} else if (i % 5 == 1) {
			what = "some events lost";
			lose(world, damaged, first, last, 2 + below(world, 6), below(world, 2));
		} else if (i % 5 == 2) {
			what = "a run of events lost";
			lose(world, damaged, first, first + below(world, 10), 1, false);
		} else if (i % 5 == 3) {
			/* The block before the last, which ends with rows of before. */
			what = "a gap at the end";
			last = n_before_rows(world->script) - below(world, 2);
			first = last - below(world, 12);
			damage(world, damaged, first, last);
		} else {
			what = "a gap";
			damage(world, damaged, first, last < first + 20 ? last : first + 20);
		}
		result = script_run(damaged, 1 + below(world, 50));
		assert_int_equal(result->r, 0);
		check_against(world, result, seed, what, true);
		result_free(result);
	}
}

/* A trace cut anywhere: what is told of an end stays true. */
static void check_cut(struct world *world, struct script *damaged, uint64_t seed)
{
	struct result *result;

	damaged->n = below(world, world->script->n);
	memcpy(damaged->steps, world->script->steps, damaged->n * sizeof(*damaged->steps));
	relink(damaged);
	damaged->has = world->script->has;
	damaged->is_closed = false;
	result = script_run(damaged, 0);
	assert_int_equal(result->r, 0);
	check_against(world, result, seed, "cut", true);
	result_free(result);
}

static void test_verdict__damage_never_invents_an_outcome(void **state)
{
	struct script *damaged = script_new();

	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		struct world world;

		build(&world, seed);
		sort(world.script);
		check_damaged(&world, damaged, seed);
		check_cut(&world, damaged, seed);
		script_free(world.script);
	}
	damaged->n = 0;
	script_free(damaged);
}

static void test_verdict__whole_traces_tell_the_truth(void **state)
{
	size_t n_per_outcome[REP_N_OUTCOMES] = {0};

	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		struct world world;
		struct result *result;

		build(&world, seed);
		sort(world.script);
		result = script_run(world.script, 7);
		assert_int_equal(result->r, 0);
		check_against(&world, result, seed, "whole", false);
		for (size_t i = 0; i < result->n_episodes; i++)
			n_per_outcome[result->episodes[i].outcome]++;
		result_free(result);
		script_free(world.script);
	}
	/* The generator reaches every outcome, or the other test says nothing. */
	for (int i = 0; i < REP_OUTCOME_UNKNOWN; i++)
		assert_true(n_per_outcome[i] > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdict__whole_traces_tell_the_truth),
		cmocka_unit_test(test_verdict__damage_never_invents_an_outcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
