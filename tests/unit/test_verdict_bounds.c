/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of a wait's length and of a child's end when not all of it was seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

static const struct rep_episode *run(struct fixture *fixture, uint32_t child_tid)
{
	const struct rep_episode *episode;

	if (fixture->result)
		result_free(fixture->result);
	fixture->result = script_run(fixture->script, 0);
	assert_int_equal(fixture->result->r, 0);
	episode = result_episode(fixture->result, child_tid);
	assert_non_null(episode);
	return episode;
}

static void check(const struct rep_episode *episode, enum rep_outcome outcome, bool certain)
{
	assert_string_equal(rep_outcome_name(episode->outcome), rep_outcome_name(outcome));
	assert_int_equal(episode->certain, certain);
	assert_int_equal(episode->reason == REP_REASON_NONE, certain);
}

static void check_bounds(const struct rep_episode *episode, uint64_t min_ns, uint64_t max_ns)
{
	assert_int_equal(episode->blocked_min_ns, min_ns);
	assert_int_equal(episode->blocked_max_ns, max_ns);
}

/* Of a wait whose end may be lost it is still known how long it lasted at least, and at most. */
static void test_verdict__bounds_under_loss(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	check_bounds(run(fixture, 200), 990 * MS, UINT64_MAX);
	/* Nothing can have ended it before the loss. */
	script_lost(fixture->script, 300 * MS, 210 * MS, 220 * MS, 1);
	check_bounds(run(fixture, 200), 200 * MS - REP_LOSS_SLACK_NS, UINT64_MAX);
	script_pending(fixture->script, 200 * MS, VFT_KIND_STALL, CHILD, PARENT);
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
	check_bounds(fixture->result->episodes, 200 * MS - REP_LOSS_SLACK_NS, UINT64_MAX);
	assert_false(fixture->result->episodes->has_blocked);
	/* The parent was seen running again. */
	script_exec_fail(fixture->script, 400 * MS, PARENT, "/no", 2);
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
	check_bounds(fixture->result->episodes, 190 * MS, 390 * MS);
	script_exit(fixture->script, 350 * MS, CHILD, 0, 0, VFT_EXIT_PROCESS);
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
	check_bounds(fixture->result->episodes, 190 * MS, 340 * MS);
}

static void test_verdict__bounds_of_what_was_seen(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exec(fixture->script, 13 * MS, CHILD, "/bin/true");
	/* The exec event is an upper bound. */
	check_bounds(run(fixture, 200), 0, 3 * MS);
	fixture->script->n = 1;
	script_release(fixture->script, 12 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_exec(fixture->script, 13 * MS, CHILD, "/bin/true");
	check_bounds(run(fixture, 200), 2 * MS, 2 * MS);
	fixture->script->n = 1;
	script_exit(fixture->script, 15 * MS, CHILD, 0, 9,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	check_bounds(run(fixture, 200), 5 * MS, 5 * MS);
	fixture->script->n = 1;
	script_exit(fixture->script, 16 * MS, PARENT, 0, 9, VFT_EXIT_PROCESS | VFT_EXIT_WAITER);
	check_bounds(run(fixture, 200), 6 * MS, 6 * MS);
	/* Not closed: it was open when the last was heard of it. */
	fixture->script->n = 1;
	script_mark(fixture->script, 50 * MS, VFT_MARK_STOP);
	fixture->script->is_closed = false;
	check(run(fixture, 200), REP_OUTCOME_OPEN, false);
	check_bounds(fixture->result->episodes, 0, UINT64_MAX);
}

/* Its leader has let the parent go; another thread of the child may exec when the trace is over. */
static void test_verdict__leader_only(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 12 * MS, CHILD, 3, 0, VFT_EXIT_VFORK_PENDING);
	script_release(fixture->script, 13 * MS, CHILD, PARENT, VFT_BY_EXIT);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(episode->reason, REP_REASON_TRACE_ENDS);
	assert_false(episode->has_exit);
	assert_int_equal(episode->blocked_ns, 3 * MS);
	script_exit(fixture->script, 14 * MS, thread_of(200, 10 * MS, 205), 4, 0, VFT_EXIT_PROCESS);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_EXIT, true);
	assert_true(episode->has_exit);
	assert_int_equal(episode->exit_code, 4);
}

/* A failed exec is no reason to end; the signal is. */
static void test_verdict__killed_after_a_failed_exec(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exec_fail(fixture->script, 11 * MS, CHILD, "/no", 2);
	script_exit(fixture->script, 12 * MS, CHILD, 0, 9,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_KILLED, true);
	assert_int_equal(episode->exec_error, 2);
}

/* By another CPU's clock, a parent that went on a little behind the exit was let go before it. */
static void test_verdict__parent_went_on_at_the_exit(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exec_fail(fixture->script, 12 * MS + REP_LOSS_SLACK_NS, PARENT, "/no", 2);
	script_exit(fixture->script, 12 * MS, CHILD, 0, 0, VFT_EXIT_PROCESS);
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(fixture->result->episodes->reason, REP_REASON_PATH_UNKNOWN);
	fixture->script->steps[1].event.time_ns++;
	check(run(fixture, 200), REP_OUTCOME_EXIT, true);
}

/* What a row says of a moment before events that stand before it may be over. */
static void test_verdict__row_of_before(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_exec_fail(fixture->script, 30 * MS, PARENT, "/no", 2);
	script_pending(fixture->script, 20 * MS, VFT_KIND_STALL, CHILD, PARENT);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(episode->reason, REP_REASON_OLD_ROW);
	script_exit(fixture->script, 40 * MS, PARENT, 0, 9, VFT_EXIT_PROCESS | VFT_EXIT_WAITER);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_PARENT_KILLED, false);
	assert_int_equal(episode->reason, REP_REASON_OLD_ROW);
}

/* What was lost before the release does not hide what came of the child behind it. */
static void test_verdict__given_up_behind_the_release(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_lost(fixture->script, 12 * MS, 11 * MS, 12 * MS, 1);
	script_release(fixture->script, 13 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_spawn(fixture->script, 60 * MS, leader_of(300, 1 * MS), leader_of(200, 60 * MS), 0);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(episode->reason, REP_REASON_PID_REUSED);
}

/* The parent is let go once, whatever a file tells later. */
static void test_verdict__released_twice(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_release(fixture->script, 12 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_release(fixture->script, 14 * MS, CHILD, PARENT, VFT_BY_EXIT);
	script_exec(fixture->script, 15 * MS, CHILD, "/bin/true");
	check(run(fixture, 200), REP_OUTCOME_EXEC, true);
	assert_int_equal(fixture->result->episodes->blocked_ns, 2 * MS);
}

/* A thread that ends by itself was not blocked any more. */
static void test_verdict__parent_thread_exits(void **state)
{
	struct fixture *fixture = *state;
	struct vft_task thread = thread_of(100, 1 * MS, 101);

	script_vfork(fixture->script, 10 * MS, thread, CHILD);
	script_exit(fixture->script, 12 * MS, thread, 0, 0, 0);
	script_exec(fixture->script, 13 * MS, CHILD, "/bin/true");
	check(run(fixture, 200), REP_OUTCOME_EXEC, true);
	assert_int_equal(fixture->result->episodes->blocked_ns, 2 * MS);
}

/* The kernel tells when its process began, not when the thread did. */
static void test_verdict__thread_found_by_a_list(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_pending(fixture->script, 20 * MS, VFT_KIND_SNAPSHOT, thread_of(200, 10 * MS, 205),
		       PARENT);
	episode = run(fixture, 205);
	check(episode, REP_OUTCOME_OPEN, true);
	assert_false(episode->has_blocked);
	check_bounds(episode, 0, UINT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_verdict__bounds_under_loss),
		TEST(test_verdict__bounds_of_what_was_seen),
		TEST(test_verdict__leader_only),
		TEST(test_verdict__killed_after_a_failed_exec),
		TEST(test_verdict__parent_went_on_at_the_exit),
		TEST(test_verdict__row_of_before),
		TEST(test_verdict__given_up_behind_the_release),
		TEST(test_verdict__released_twice),
		TEST(test_verdict__parent_thread_exits),
		TEST(test_verdict__thread_found_by_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
