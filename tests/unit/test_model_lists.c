/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of a child by looks at it: rows of lists, stalls, signals that it was sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "replay/model/losses.h"
#include "script.h"

#define PARENT leader_of(100, 1 * MS)
#define CHILD  leader_of(200, 10 * MS)

struct fixture {
	struct script *script;
	struct result *result;
};

static int set_up(void **state)
{
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));

	fixture->script = script_new();
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->result)
		result_free(fixture->result);
	script_free(fixture->script);
	test_free(fixture);
	return 0;
}

static const struct result *run(struct fixture *fixture)
{
	if (fixture->result)
		result_free(fixture->result);
	fixture->result = script_run(fixture->script, 0);
	assert_int_equal(fixture->result->r, 0);
	return fixture->result;
}

/* Rows may stand in another order than their moments: the latest look counts. */
static void test_model__an_older_look_takes_nothing_back(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_pending(fixture->script, 300 * MS, VFT_KIND_STALL, CHILD, PARENT);
	script_pending(fixture->script, 200 * MS, VFT_KIND_SNAPSHOT, CHILD, PARENT);
	script_lost(fixture->script, 400 * MS, 210 * MS, 220 * MS, 1);
	episode = result_episode(run(fixture), 200);
	assert_int_equal(episode->outcome, REP_OUTCOME_OPEN);
	assert_true(episode->certain);
}

/* Seen to act behind the list that lacks it, it has not ended: the list was made too early. */
static void test_model__who_acts_behind_the_list_has_not_ended(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_process *process;

	fixture->script->end.end_ns = 9000 * MS;
	script_lost(fixture->script, 6 * MS, 4 * MS, 5 * MS, 2);
	script_spawn(fixture->script, 20 * MS, PARENT, CHILD, 0);
	script_snapshot(fixture->script, 100 * MS, leader_of(1, 1), VFT_SNAPSHOT_FIRST);
	script_snapshot(fixture->script, 100 * MS + 1, PARENT, VFT_SNAPSHOT_LAST);
	script_exec(fixture->script, 150 * MS, CHILD, "/bin/true");
	script_spawn(fixture->script, 3000 * MS, PARENT, leader_of(300, 3000 * MS), 0);
	script_exit(fixture->script, 4000 * MS, CHILD, 5, 0, VFT_EXIT_PROCESS);
	process = result_process(run(fixture), 200);
	assert_true(process->ended);
	assert_false(process->vanished);
	assert_int_equal(process->exit_code, 5);
}

/* Who is not in it did not run: said of a list of everybody only. */
static void test_model__list_of_everybody(void **state)
{
	struct fixture *fixture = *state;

	script_snapshot(fixture->script, 100 * MS, leader_of(1, 1), VFT_SNAPSHOT_FIRST);
	script_snapshot(fixture->script, 100 * MS + 1, PARENT, VFT_SNAPSHOT_LAST);
	assert_int_equal(run(fixture)->list_ns, 100 * MS);
	fixture->script->list_pidns = 4026532000u;
	assert_int_equal(run(fixture)->list_ns, 0);
	fixture->script->list_pidns = 0;
	fixture->script->has |= VFT_HAS_FILTER;
	assert_int_equal(run(fixture)->list_ns, 0);
}

/* Who sent a signal is told of the one that killed. */
static void test_model__sender_of_another_signal(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_signal(fixture->script, 11 * MS, CHILD, 9, 77);
	script_exit(fixture->script, 12 * MS, CHILD, 0, 9,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	assert_int_equal(result_episode(run(fixture), 200)->sender_tgid, 77);
	fixture->script->steps[1].event.signal.signal = 15;
	assert_int_equal(result_episode(run(fixture), 200)->sender_tgid, 0);
}

/* What a row of @time_ns shows of somebody unknown, behind more ends than are remembered. */
static enum rep_outcome outcome_behind_many_ends(struct fixture *fixture, uint64_t time_ns)
{
	fixture->script->n = 0;
	fixture->script->end.end_ns = 20000 * MS;
	script_mark(fixture->script, 5 * MS, VFT_MARK_START);
	script_lost(fixture->script, 6 * MS, 5 * MS, 6 * MS, 1);
	for (uint32_t i = 0; i < 5000; i++)
		script_exit(fixture->script, 1000 * MS + i * MS, leader_of(1000 + i, 10 * MS), 0, 0,
			    VFT_EXIT_PROCESS);
	script_pending(fixture->script, time_ns, VFT_KIND_STALL, leader_of(7000, 20 * MS),
		       leader_of(7001, 1 * MS));
	return result_episode(run(fixture), 7000)->outcome;
}

/* By another CPU's clock, one that ended a little before the row may have ended behind it. */
static void test_model__row_at_the_last_forgotten_end(void **state)
{
	struct fixture *fixture = *state;
	uint64_t last_ms = 0;

	for (uint64_t ms = 1890; ms < 1920; ms++)
		if (outcome_behind_many_ends(fixture, ms * MS) == REP_OUTCOME_UNKNOWN)
			last_ms = ms;
	assert_in_range(last_ms, 1890, 1918);
	assert_int_equal(outcome_behind_many_ends(fixture, last_ms * MS + REP_LOSS_SLACK_NS),
			 REP_OUTCOME_UNKNOWN);
	assert_int_equal(outcome_behind_many_ends(fixture, last_ms * MS + REP_LOSS_SLACK_NS + 1),
			 REP_OUTCOME_OPEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_model__an_older_look_takes_nothing_back),
		TEST(test_model__who_acts_behind_the_list_has_not_ended),
		TEST(test_model__list_of_everybody),
		TEST(test_model__sender_of_another_signal),
		TEST(test_model__row_at_the_last_forgotten_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
