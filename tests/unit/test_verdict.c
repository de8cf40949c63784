/* SPDX-License-Identifier: BSD-2-Clause */
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

static const char *path_of(const struct rep_episode *episode)
{
	static char text[64];
	struct vft_str str = rep_str_get(episode->exec_path);

	assert_true(str.size < sizeof(text));
	memcpy(text, str.data ? str.data : "", str.size);
	text[str.size] = '\0';
	return text;
}

static void check(const struct rep_episode *episode, enum rep_outcome outcome, bool certain)
{
	assert_string_equal(rep_outcome_name(episode->outcome), rep_outcome_name(outcome));
	assert_int_equal(episode->certain, certain);
	assert_int_equal(episode->reason == REP_REASON_NONE, certain);
}

static void test_verdict__exec(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_release(fixture->script, 12 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_exec(fixture->script, 13 * MS, CHILD, "/bin/true");
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_EXEC, true);
	assert_true(episode->has_blocked);
	assert_int_equal(episode->blocked_ns, 2 * MS);
	assert_int_equal(episode->source, REP_SOURCE_RELEASE);
	assert_string_equal(path_of(episode), "/bin/true");
	assert_int_equal(episode->parent.tgid, 100);
	assert_int_equal(episode->parent_tid, 100);
	assert_int_equal(fixture->result->n_episodes, 1);
}

static void test_verdict__exec_without_release(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exec(fixture->script, 13 * MS, CHILD, "/bin/true");
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_EXEC, true);
	assert_int_equal(episode->blocked_ns, 3 * MS);
	assert_int_equal(episode->source, REP_SOURCE_EXEC);
}

static void test_verdict__exec_survives_loss(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_release(fixture->script, 12 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_exec(fixture->script, 13 * MS, CHILD, "/bin/true");
	script_lost(fixture->script, 14 * MS, 0, 900 * MS, 5);
	check(run(fixture, 200), REP_OUTCOME_EXEC, true);
}

/* The parent may have been killed first, and its exit event may be what was lost. */
static void test_verdict__exec_without_release_under_loss(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exec(fixture->script, 13 * MS, CHILD, "/bin/true");
	script_lost(fixture->script, 14 * MS, 11 * MS, 12 * MS, 5);
	check(run(fixture, 200), REP_OUTCOME_EXEC, false);
}

/* Released before it had fallen asleep, the parent acts before its child's exec event. */
static void test_verdict__exec_after_parent_went_on(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_vfork(fixture->script, 12 * MS, PARENT, leader_of(201, 12 * MS));
	script_exec(fixture->script, 13 * MS, CHILD, "/bin/true");
	script_exec(fixture->script, 15 * MS, leader_of(201, 12 * MS), "/bin/false");
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_EXEC, true);
	assert_int_equal(episode->blocked_ns, 2 * MS);
	check(run(fixture, 201), REP_OUTCOME_EXEC, true);
}

static void test_verdict__exec_died(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_release(fixture->script, 12 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_exit(fixture->script, 13 * MS, CHILD, 0, 11, VFT_EXIT_PROCESS);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_EXEC_DIED, true);
	assert_int_equal(episode->exit_signal, 11);
	assert_int_equal(episode->blocked_ns, 2 * MS);
}

static void test_verdict__exec_died_under_loss(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_release(fixture->script, 12 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_exit(fixture->script, 15 * MS, CHILD, 0, 11, VFT_EXIT_PROCESS);
	script_lost(fixture->script, 30 * MS, 13 * MS, 14 * MS, 1);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(episode->reason, REP_REASON_LOST);
	assert_int_equal(episode->hider.count, 1);
	assert_int_equal(episode->blocked_ns, 2 * MS);
}

static void test_verdict__exit_before_release(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 12 * MS, CHILD, 3, 0,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	script_release(fixture->script, 13 * MS, CHILD, PARENT, VFT_BY_EXIT);
	script_lost(fixture->script, 14 * MS, 0, 900 * MS, 5);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_EXIT, true);
	assert_int_equal(episode->exit_code, 3);
	assert_int_equal(episode->blocked_ns, 3 * MS);
	assert_int_equal(episode->source, REP_SOURCE_RELEASE);
	assert_int_equal(fixture->result->n_episodes, 1);
}

static void test_verdict__exit_after_release(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_release(fixture->script, 12 * MS, CHILD, PARENT, VFT_BY_EXIT);
	script_exit(fixture->script, 13 * MS, CHILD, 3, 0, VFT_EXIT_PROCESS);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_EXIT, true);
	assert_int_equal(episode->blocked_ns, 2 * MS);
}

/* The release was lost, but the exit event itself says that the wait was open. */
static void test_verdict__exit_pending_without_release(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 12 * MS, CHILD, 3, 0,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	script_lost(fixture->script, 14 * MS, 11 * MS, 13 * MS, 5);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_EXIT, true);
	assert_int_equal(episode->source, REP_SOURCE_EXIT);
	assert_int_equal(episode->blocked_ns, 2 * MS);
}

static void test_verdict__exit_without_evidence_under_loss(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 20 * MS, CHILD, 3, 0, VFT_EXIT_PROCESS);
	check(run(fixture, 200), REP_OUTCOME_EXIT, true);
	/* Told long after the window, as a loss is. */
	script_lost(fixture->script, 500 * MS, 15 * MS, 16 * MS, 1);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(episode->exit_code, 3);
}

static void test_verdict__loss_outside_the_window(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 20 * MS, CHILD, 3, 0, VFT_EXIT_PROCESS);
	script_lost(fixture->script, 500 * MS, 5 * MS, 8 * MS, 1);
	script_lost(fixture->script, 500 * MS, 25 * MS, 30 * MS, 1);
	check(run(fixture, 200), REP_OUTCOME_EXIT, true);
}

static void test_verdict__exec_failed(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	fixture->script->has |= VFT_HAS_EXEC_FAIL;
	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exec_fail(fixture->script, 11 * MS, CHILD, "/a/x", 13);
	script_exec_fail(fixture->script, 12 * MS, CHILD, "/b/x", 2);
	script_exit(fixture->script, 14 * MS, CHILD, 127, 0,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	script_release(fixture->script, 15 * MS, CHILD, PARENT, VFT_BY_EXIT);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_EXEC_FAILED, true);
	assert_string_equal(path_of(episode), "/b/x");
	assert_int_equal(episode->exec_error, 2);
	assert_int_equal(episode->exit_code, 127);
}

static void test_verdict__exec_failed_then_worked(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	fixture->script->has |= VFT_HAS_EXEC_FAIL;
	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exec_fail(fixture->script, 11 * MS, CHILD, "/a/x", 2);
	script_release(fixture->script, 12 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_exec(fixture->script, 13 * MS, CHILD, "/b/x");
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_EXEC, true);
	assert_string_equal(path_of(episode), "/b/x");
	assert_int_equal(episode->exec_error, 0);
}

/* Where failures are recorded, "exit" says that there was none: a negative. */
static void test_verdict__exit_or_exec_failed_under_loss(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 14 * MS, CHILD, 127, 0,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	script_release(fixture->script, 15 * MS, CHILD, PARENT, VFT_BY_EXIT);
	script_lost(fixture->script, 20 * MS, 11 * MS, 12 * MS, 1);
	check(run(fixture, 200), REP_OUTCOME_EXIT, true);
	fixture->script->has |= VFT_HAS_EXEC_FAIL;
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
}

static void test_verdict__killed(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_signal(fixture->script, 11 * MS, CHILD, 9, 4242);
	script_exit(fixture->script, 12 * MS, CHILD, 0, 9,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING | VFT_EXIT_CORE);
	script_release(fixture->script, 13 * MS, CHILD, PARENT, VFT_BY_EXIT);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_KILLED, true);
	assert_int_equal(episode->exit_signal, 9);
	assert_true(episode->exit_core);
	assert_int_equal(episode->sender_tgid, 4242);
	assert_memory_equal(rep_str_get(episode->sender_comm).data, "sender", 6);
}

static void test_verdict__parent_killed(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 20 * MS, PARENT, 0, 9, VFT_EXIT_PROCESS | VFT_EXIT_WAITER);
	script_exec(fixture->script, 30 * MS, CHILD, "/bin/true");
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_PARENT_KILLED, true);
	assert_int_equal(episode->blocked_ns, 10 * MS);
	assert_false(episode->has_exit);
	assert_int_equal(fixture->result->n_episodes, 1);
}

static void test_verdict__parent_killed_under_loss(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 20 * MS, PARENT, 0, 9, VFT_EXIT_PROCESS | VFT_EXIT_WAITER);
	script_lost(fixture->script, 30 * MS, 12 * MS, 13 * MS, 2);
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
}

/* The thread that exits was blocked; its process goes on. */
static void test_verdict__parent_thread_killed(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, thread_of(100, 1 * MS, 101), CHILD);
	script_exit(fixture->script, 20 * MS, thread_of(100, 1 * MS, 101), 0, 0, VFT_EXIT_WAITER);
	check(run(fixture, 200), REP_OUTCOME_PARENT_KILLED, true);
}

/* The last thread to exit is another one than the blocked. */
static void test_verdict__parent_killed_with_its_group(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, thread_of(100, 1 * MS, 101), CHILD);
	script_exit(fixture->script, 20 * MS, thread_of(100, 1 * MS, 102), 1, 0, VFT_EXIT_PROCESS);
	check(run(fixture, 200), REP_OUTCOME_PARENT_KILLED, true);
}

static void test_verdict__parent_killed_after_child_ended(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 12 * MS, CHILD, 0, 9,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	script_exit(fixture->script, 13 * MS, PARENT, 0, 9, VFT_EXIT_PROCESS);
	check(run(fixture, 200), REP_OUTCOME_KILLED, true);
}

static void test_verdict__parent_killed_by_sibling_exec(void **state)
{
	struct fixture *fixture = *state;
	struct vft_event *event;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	event = script_exec(fixture->script, 20 * MS, PARENT, "/bin/new");
	event->exec.old_tid = 107;
	check(run(fixture, 200), REP_OUTCOME_PARENT_KILLED, true);
}

static void test_verdict__open(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_snapshot(fixture->script, 20 * MS, CHILD, VFT_SNAPSHOT_VFORK_PENDING);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_OPEN, true);
	assert_int_equal(episode->blocked_ns, 990 * MS);
	assert_int_equal(episode->source, REP_SOURCE_NONE);
	assert_int_equal(episode->child_state, VFT_STATE_SLEEPING);
	assert_false(episode->from_snapshot);
}

static void test_verdict__open_under_loss(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_lost(fixture->script, 40 * MS, 20 * MS, 30 * MS, 1);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_false(episode->has_blocked);
	/* Until the loss nothing ended it. */
	assert_true(episode->may_be_open);
	assert_int_equal(episode->blocked_min_ns, 10 * MS - REP_LOSS_SLACK_NS);
	assert_int_equal(episode->blocked_max_ns, UINT64_MAX);
	assert_int_equal(episode->open_ns, 990 * MS);
	/* A later look at the child proves that nothing of it was lost before. */
	script_snapshot(fixture->script, 50 * MS, CHILD, VFT_SNAPSHOT_VFORK_PENDING);
	check(run(fixture, 200), REP_OUTCOME_OPEN, true);
}

/* Held at least since: the last look, or the loss behind it, whichever is later. */
static void test_verdict__open_bounds(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_lost(fixture->script, 40 * MS, 20 * MS, 30 * MS, 1);
	script_snapshot(fixture->script, 50 * MS, CHILD, VFT_SNAPSHOT_VFORK_PENDING);
	script_lost(fixture->script, 300 * MS, 250 * MS, 260 * MS, 1);
	script_lost(fixture->script, 300 * MS, 191 * MS, 300 * MS, 1);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_true(episode->may_be_open);
	assert_int_equal(episode->blocked_min_ns, 181 * MS - REP_LOSS_SLACK_NS);
	/* A gap lies where it stands in the file, whatever its times say. */
	script_gap(fixture->script, 900 * MS, 901 * MS);
	episode = run(fixture, 200);
	assert_true(episode->may_be_open);
	assert_int_equal(episode->blocked_min_ns, 40 * MS);
}

/* Bounds of what is over: the parent went on at some time before it was seen to. */
static void test_verdict__bounds_of_the_unknown(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_snapshot(fixture->script, 30 * MS, CHILD, VFT_SNAPSHOT_VFORK_PENDING);
	script_spawn(fixture->script, 70 * MS, PARENT, leader_of(300, 70 * MS), 0);
	script_lost(fixture->script, 90 * MS, 40 * MS, 80 * MS, 1);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_false(episode->may_be_open);
	assert_int_equal(episode->blocked_min_ns, 20 * MS);
	assert_int_equal(episode->blocked_max_ns, 60 * MS);
}

static void test_verdict__open_not_closed(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;
	char buffer[REP_REASON_SIZE];

	fixture->script->is_closed = false;
	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_mark(fixture->script, 70 * MS, VFT_MARK_TRIGGER);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_OPEN, false);
	assert_int_equal(episode->blocked_ns, 60 * MS);
	assert_string_equal(rep_reason_text(episode, 0, buffer), "trace ends at 0.070000000s");
}

static void test_verdict__open_until_hooks_are_off(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_mark(fixture->script, 800 * MS, VFT_MARK_STOP);
	assert_int_equal(run(fixture, 200)->blocked_ns, 790 * MS);
}

static void test_verdict__open_across_gap(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_gap(fixture->script, 20 * MS, 30 * MS);
	script_vfork(fixture->script, 40 * MS, leader_of(300, 1), leader_of(301, 40 * MS));
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(episode->reason, REP_REASON_GAP);
	check(run(fixture, 301), REP_OUTCOME_OPEN, true);
}

/* The place in the file counts even where a reader could not tell the times. */
static void test_verdict__gap_without_times(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_gap(fixture->script, 0, 0);
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
}

static void test_verdict__released_but_trace_ends(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_release(fixture->script, 12 * MS, CHILD, PARENT, VFT_BY_EXEC);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(episode->reason, REP_REASON_TRACE_ENDS);
	assert_int_equal(episode->blocked_ns, 2 * MS);
}

static void test_verdict__end_counts_more_than_was_told(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 20 * MS, CHILD, 3, 0, VFT_EXIT_PROCESS);
	script_lost(fixture->script, 50 * MS, 40 * MS, 45 * MS, 2);
	fixture->script->end.n_seen = 102;
	fixture->script->end.n_delivered = 100;
	fixture->script->end.n_dropped = 2;
	check(run(fixture, 200), REP_OUTCOME_EXIT, true);
	fixture->script->end.n_dropped = 3;
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
	fixture->script->end.n_dropped = 2;
	fixture->script->end.n_seen = 110;
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
}

static void test_verdict__end_names_an_untold_cause(void **state)
{
	struct fixture *fixture = *state;
	struct vft_loss loss = {VFT_CAUSE_RECURSION, 3, 4};
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	fixture->script->end.losses = &loss;
	fixture->script->end.n_losses = 1;
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(episode->hider.cause, VFT_CAUSE_RECURSION);
	assert_int_equal(episode->hider.cpu, 3);
	assert_int_equal(episode->hider.count, 4);
}

static void test_verdict__before_every_hook_was_attached(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_mark(fixture->script, 15 * MS, VFT_MARK_START);
	episode = run(fixture, 200);
	check(episode, REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(episode->reason, REP_REASON_NOT_ATTACHED);
	script_snapshot(fixture->script, 16 * MS, CHILD, VFT_SNAPSHOT_VFORK_PENDING);
	check(run(fixture, 200), REP_OUTCOME_OPEN, true);
}

static void test_verdict__release_path_unknown(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_release(fixture->script, 12 * MS, CHILD, PARENT, VFT_BY_UNKNOWN);
	script_exit(fixture->script, 13 * MS, CHILD, 0, 0, VFT_EXIT_PROCESS);
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
}

static void test_verdict__times_reversed(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_release(fixture->script, 10 * MS - 500, CHILD, PARENT, VFT_BY_EXEC);
	script_exec(fixture->script, 13 * MS, CHILD, "/bin/true");
	episode = run(fixture, 200);
	assert_true(episode->has_blocked);
	assert_int_equal(episode->blocked_ns, 0);
	fixture->script->steps[1].event.time_ns = 1;
	assert_false(run(fixture, 200)->has_blocked);
}

/* By the order of events on two CPUs a wait can seem to end before it began, by very little. */
static void test_verdict__a_little_before_its_start(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	for (uint64_t by_ns = MS; by_ns < MS + 2; by_ns++) {
		fixture->script->n = 0;
		script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
		script_release(fixture->script, 10 * MS - by_ns, CHILD, PARENT, VFT_BY_EXEC);
		script_exec(fixture->script, 11 * MS, CHILD, "/bin/true");
		episode = run(fixture, 200);
		assert_int_equal(episode->has_blocked, by_ns == MS);
		assert_int_equal(episode->blocked_ns, 0);
		free((void *)(uintptr_t)fixture->script->steps[2].event.exec.path);
	}
	fixture->script->n = 0;
}

/* What was lost before the release cannot have been the exec that is missing. */
static void test_verdict__released_behind_a_loss(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_lost(fixture->script, 20 * MS, 11 * MS, 12 * MS, 1);
	script_release(fixture->script, 20 * MS, CHILD, PARENT, VFT_BY_EXEC);
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(fixture->result->episodes[0].reason, REP_REASON_TRACE_ENDS);
}

static void test_verdict__open_across_a_refused_block(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_gap(fixture->script, 20 * MS, 30 * MS);
	fixture->script->steps[1].gap.kind = VFT_GAP_REFUSED;
	script_exec(fixture->script, 40 * MS, leader_of(300, 1), "/bin/true");
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
}

/* Marks of a trigger or a later start say nothing of the hooks. */
static void test_verdict__the_first_start_counts(void **state)
{
	struct fixture *fixture = *state;

	script_mark(fixture->script, 5 * MS, VFT_MARK_START);
	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_mark(fixture->script, 50 * MS, VFT_MARK_START);
	check(run(fixture, 200), REP_OUTCOME_OPEN, true);
}

/* A list knew it waiting behind the loss, although its spawn is told later, of before. */
static void test_verdict__spawn_behind_the_list_that_shows_it(void **state)
{
	struct fixture *fixture = *state;

	script_pending(fixture->script, 100 * MS, VFT_KIND_SNAPSHOT, CHILD, PARENT);
	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_lost(fixture->script, 110 * MS, 50 * MS, 60 * MS, 1);
	check(run(fixture, 200), REP_OUTCOME_OPEN, true);
}

/* A row cannot undo a release. */
static void test_verdict__row_behind_the_release(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_release(fixture->script, 12 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_pending(fixture->script, 13 * MS, VFT_KIND_STALL, CHILD, PARENT);
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
	assert_int_equal(fixture->result->episodes[0].child_state, VFT_STATE_UNKNOWN);
	assert_int_equal(fixture->result->episodes[0].blocked_ns, 2 * MS);
}

/* The kernel part says that it lost some, not how many, and nothing in the trace says when. */
static void test_verdict__end_names_a_loss_of_none(void **state)
{
	struct fixture *fixture = *state;
	struct vft_loss losses[] = {{VFT_CAUSE_RING_FULL, 1, 0}};

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	fixture->script->end.losses = losses;
	fixture->script->end.n_losses = 1;
	check(run(fixture, 200), REP_OUTCOME_UNKNOWN, false);
	/* It has been told, and touches nothing. */
	script_lost(fixture->script, 9 * MS, 2 * MS, 3 * MS, 0);
	check(run(fixture, 200), REP_OUTCOME_OPEN, true);
}

static void test_verdict__reason_text(void **state)
{
	struct rep_episode episode = {
		.reason = REP_REASON_LOST,
		.hider = {VFT_CAUSE_RING_FULL, 1, 5, 20 * MS, 30 * MS},
	};
	char buffer[REP_REASON_SIZE];

	assert_string_equal(rep_reason_text(&episode, 10 * MS, buffer),
			    "5 events lost (ring_full) on CPU 1 from 0.010000000s to 0.020000000s");
	episode.reason = REP_REASON_GAP;
	episode.hider = (struct rep_loss){0, VFT_CPU_NONE, 0, 5 * MS, UINT64_MAX};
	assert_string_equal(rep_reason_text(&episode, 10 * MS, buffer),
			    "file damaged or incomplete from -0.005000000s to the end");
	episode.reason = REP_REASON_NONE;
	assert_null(rep_reason_text(&episode, 0, buffer));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_verdict__exec),
		TEST(test_verdict__exec_without_release),
		TEST(test_verdict__exec_survives_loss),
		TEST(test_verdict__exec_without_release_under_loss),
		TEST(test_verdict__exec_after_parent_went_on),
		TEST(test_verdict__exec_died),
		TEST(test_verdict__exec_died_under_loss),
		TEST(test_verdict__exit_before_release),
		TEST(test_verdict__exit_after_release),
		TEST(test_verdict__exit_pending_without_release),
		TEST(test_verdict__exit_without_evidence_under_loss),
		TEST(test_verdict__loss_outside_the_window),
		TEST(test_verdict__exec_failed),
		TEST(test_verdict__exec_failed_then_worked),
		TEST(test_verdict__exit_or_exec_failed_under_loss),
		TEST(test_verdict__killed),
		TEST(test_verdict__parent_killed),
		TEST(test_verdict__parent_killed_under_loss),
		TEST(test_verdict__parent_thread_killed),
		TEST(test_verdict__parent_killed_with_its_group),
		TEST(test_verdict__parent_killed_after_child_ended),
		TEST(test_verdict__parent_killed_by_sibling_exec),
		TEST(test_verdict__open),
		TEST(test_verdict__open_under_loss),
		TEST(test_verdict__open_bounds),
		TEST(test_verdict__bounds_of_the_unknown),
		TEST(test_verdict__open_not_closed),
		TEST(test_verdict__open_until_hooks_are_off),
		TEST(test_verdict__open_across_gap),
		TEST(test_verdict__gap_without_times),
		TEST(test_verdict__released_but_trace_ends),
		TEST(test_verdict__end_counts_more_than_was_told),
		TEST(test_verdict__end_names_an_untold_cause),
		TEST(test_verdict__before_every_hook_was_attached),
		TEST(test_verdict__release_path_unknown),
		TEST(test_verdict__times_reversed),
		TEST(test_verdict__a_little_before_its_start),
		TEST(test_verdict__released_behind_a_loss),
		TEST(test_verdict__open_across_a_refused_block),
		TEST(test_verdict__the_first_start_counts),
		TEST(test_verdict__spawn_behind_the_list_that_shows_it),
		TEST(test_verdict__row_behind_the_release),
		TEST(test_verdict__end_names_a_loss_of_none),
		TEST(test_verdict__reason_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
