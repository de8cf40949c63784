/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "format/block/layout.h"
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

static struct result *run(struct fixture *fixture)
{
	if (fixture->result)
		result_free(fixture->result);
	fixture->result = script_run(fixture->script, 0);
	assert_int_equal(fixture->result->r, 0);
	return fixture->result;
}

static enum rep_outcome outcome_of(const struct result *result, uint32_t child_tid)
{
	const struct rep_episode *episode = result_episode(result, child_tid);

	assert_non_null(episode);
	return episode->outcome;
}

static void assert_text(const struct rep_str *str, const char *text)
{
	struct vft_str bytes = rep_str_get(str);

	assert_non_null(bytes.data);
	assert_int_equal(bytes.size, strlen(text));
	assert_memory_equal(bytes.data, text, bytes.size);
}

static void test_model__process_from_spawn_to_exit(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_process *process;

	script_spawn(fixture->script, 10 * MS, PARENT, CHILD, 0);
	script_exec(fixture->script, 12 * MS, CHILD, "/bin/true");
	script_exec(fixture->script, 13 * MS, CHILD, "/bin/false");
	script_exit(fixture->script, 15 * MS, CHILD, 1, 0, VFT_EXIT_PROCESS);
	process = result_process(run(fixture), 200);
	assert_non_null(process);
	assert_int_equal(process->spawn, REP_SPAWN_FORK);
	assert_int_equal(process->parent.tgid, 100);
	assert_int_equal(process->parent.start_ns, 1 * MS);
	assert_int_equal(process->start_ns, 10 * MS);
	assert_int_equal(process->end_ns, 15 * MS);
	assert_int_equal(process->exec_count, 2);
	assert_int_equal(process->exec_ns, 12 * MS);
	assert_true(process->execed);
	assert_false(process->vanished);
	assert_int_equal(process->exit_code, 1);
	assert_true(process->ended);
	assert_text(process->exe, "/bin/false");
	assert_text(process->comm, "child");
	assert_int_equal(fixture->result->n_episodes, 0);
	/* The parent is known by its spawn only, and lives. */
	process = result_process(fixture->result, 100);
	assert_int_equal(process->spawn, REP_SPAWN_UNKNOWN);
	assert_false(process->ended);
	assert_int_equal(process->end_ns, 0);
	assert_int_equal(process->exec_ns, 0);
	assert_false(process->execed);
	assert_int_equal(fixture->result->n_processes, 2);
}

static void test_model__kinds_of_spawn(void **state)
{
	struct fixture *fixture = *state;

	script_spawn(fixture->script, 10 * MS, PARENT, leader_of(201, 10 * MS), F_VM);
	script_spawn(fixture->script, 11 * MS, PARENT, leader_of(202, 11 * MS), F_VFORK);
	script_spawn(fixture->script, 12 * MS, PARENT, thread_of(100, 1 * MS, 203),
		     F_THREAD | F_VM);
	script_exit(fixture->script, 13 * MS, leader_of(204, 2 * MS), 0, 0, VFT_EXIT_PROCESS);
	run(fixture);
	assert_int_equal(result_process(fixture->result, 201)->spawn, REP_SPAWN_CLONE);
	assert_int_equal(result_process(fixture->result, 202)->spawn, REP_SPAWN_VFORK);
	assert_null(result_process(fixture->result, 203));
	/* Known by its exit only. */
	assert_int_equal(result_process(fixture->result, 204)->spawn, REP_SPAWN_UNKNOWN);
	assert_int_equal(result_process(fixture->result, 204)->start_ns, 2 * MS);
}

static void test_model__child_inherits_image(void **state)
{
	struct fixture *fixture = *state;

	script_exec(fixture->script, 5 * MS, PARENT, "/bin/sh");
	script_spawn(fixture->script, 10 * MS, PARENT, CHILD, 0);
	assert_text(result_process(run(fixture), 200)->exe, "/bin/sh");
}

/* The file of a process and the words of its exec are two things; old recorders knew only these. */
static void test_model__exec_file(void **state)
{
	static const struct vft_str file = {"/usr/bin/dash", 13};
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_exec(fixture->script, 5 * MS, PARENT, "/bin/sh")->exec.exe = &file;
	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exec(fixture->script, 11 * MS, CHILD, "./old");
	script_spawn(fixture->script, 20 * MS, PARENT, leader_of(201, 20 * MS), F_VFORK_VM);
	script_exec(fixture->script, 21 * MS, leader_of(201, 20 * MS), "./new")->exec.exe = &file;
	run(fixture);
	assert_text(result_process(fixture->result, 100)->exe, "/usr/bin/dash");
	assert_text(result_process(fixture->result, 200)->exe, "./old");
	assert_text(result_process(fixture->result, 201)->exe, "/usr/bin/dash");
	episode = result_episode(fixture->result, 201);
	assert_text(episode->parent_exe, "/usr/bin/dash");
	assert_text(episode->exec_path, "./new");
	assert_text(episode->exec_exe, "/usr/bin/dash");
	episode = result_episode(fixture->result, 200);
	assert_null(episode->exec_exe);
}

static void test_model__clone_parent(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_spawn(fixture->script, 8 * MS, leader_of(50, 1), leader_of(100, 8 * MS), 0);
	script_spawn(fixture->script, 10 * MS, leader_of(100, 8 * MS), CHILD,
		     F_PARENT | F_VFORK_VM);
	run(fixture);
	assert_int_equal(result_process(fixture->result, 200)->parent.tgid, 50);
	/* Blocked is who called, whoever the parent is. */
	episode = result_episode(fixture->result, 200);
	assert_int_equal(episode->parent.tgid, 100);
	assert_int_equal(episode->parent_tid, 100);
}

/* The kernel's workers make their children siblings of their own, and are in no list. */
static void test_model__made_by_the_kernel(void **state)
{
	struct fixture *fixture = *state;
	struct vft_event *spawn =
		script_spawn(fixture->script, 10 * MS, leader_of(50, 1), CHILD, F_PARENT | F_VM);

	spawn->flags = VFT_SPAWN_KERNEL;
	run(fixture);
	assert_int_equal(result_process(fixture->result, 200)->parent.tgid, 50);
	assert_text(result_process(fixture->result, 50)->comm, "parent");
}

static void test_model__nested_vfork(void **state)
{
	struct fixture *fixture = *state;
	struct vft_task inner = leader_of(300, 11 * MS);

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_vfork(fixture->script, 11 * MS, CHILD, inner);
	script_exit(fixture->script, 12 * MS, inner, 0, 0,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	script_release(fixture->script, 13 * MS, inner, CHILD, VFT_BY_EXIT);
	script_release(fixture->script, 14 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_exec(fixture->script, 15 * MS, CHILD, "/bin/true");
	run(fixture);
	assert_int_equal(outcome_of(fixture->result, 300), REP_OUTCOME_EXIT);
	assert_int_equal(outcome_of(fixture->result, 200), REP_OUTCOME_EXEC);
	assert_int_equal(result_episode(fixture->result, 200)->blocked_ns, 4 * MS);
	assert_int_equal(result_episode(fixture->result, 300)->blocked_ns, 2 * MS);
}

/* The middle one is killed: a killed child of the outer, a killed parent of the inner. */
static void test_model__nested_vfork_middle_killed(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_vfork(fixture->script, 11 * MS, CHILD, leader_of(300, 11 * MS));
	script_exit(fixture->script, 12 * MS, CHILD, 0, 9,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING | VFT_EXIT_WAITER);
	script_release(fixture->script, 13 * MS, CHILD, PARENT, VFT_BY_EXIT);
	run(fixture);
	assert_int_equal(outcome_of(fixture->result, 200), REP_OUTCOME_KILLED);
	assert_int_equal(outcome_of(fixture->result, 300), REP_OUTCOME_PARENT_KILLED);
}

static void test_model__eight_threads_at_once(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < 8; i++)
		script_vfork(fixture->script, (10 + i) * MS, thread_of(100, 1 * MS, 100 + i),
			     leader_of(200 + i, (10 + i) * MS));
	for (uint32_t i = 8; i-- > 0;) {
		struct vft_task child = leader_of(200 + i, (10 + i) * MS);

		script_release(fixture->script, (40 - i) * MS, child,
			       thread_of(100, 1 * MS, 100 + i), VFT_BY_EXEC);
		script_exec(fixture->script, (40 - i) * MS + 1, child, "/bin/true");
	}
	run(fixture);
	assert_int_equal(fixture->result->n_episodes, 8);
	for (uint32_t i = 0; i < 8; i++) {
		const struct rep_episode *episode = result_episode(fixture->result, 200 + i);

		assert_int_equal(episode->outcome, REP_OUTCOME_EXEC);
		assert_int_equal(episode->parent_tid, 100 + i);
		assert_int_equal(episode->blocked_ns, (30 - 2 * i) * MS);
	}
}

static void test_model__child_is_a_thread(void **state)
{
	struct fixture *fixture = *state;
	struct vft_task child = thread_of(100, 1 * MS, 201);
	const struct rep_episode *episode;

	script_spawn(fixture->script, 10 * MS, PARENT, child, F_VFORK_VM | F_THREAD);
	script_exit(fixture->script, 12 * MS, child, 0, 0, VFT_EXIT_VFORK_PENDING);
	script_release(fixture->script, 13 * MS, child, PARENT, VFT_BY_EXIT);
	run(fixture);
	episode = result_episode(fixture->result, 201);
	assert_int_equal(episode->outcome, REP_OUTCOME_EXIT);
	assert_int_equal(episode->child.tgid, 100);
	assert_int_equal(episode->blocked_ns, 3 * MS);
	assert_int_equal(fixture->result->n_episodes, 1);
	assert_int_equal(fixture->result->n_processes, 1);
	assert_false(result_process(fixture->result, 100)->ended);
}

/* The exec of a child that is a thread kills the thread that waits for it. */
static void test_model__child_is_a_thread_and_execs(void **state)
{
	struct fixture *fixture = *state;

	script_spawn(fixture->script, 10 * MS, PARENT, thread_of(100, 1 * MS, 201),
		     F_VFORK_VM | F_THREAD);
	script_exec(fixture->script, 12 * MS, PARENT, "/bin/true")->exec.old_tid = 201;
	run(fixture);
	assert_int_equal(outcome_of(fixture->result, 201), REP_OUTCOME_PARENT_KILLED);
	assert_int_equal(fixture->result->n_episodes, 1);
}

/* The leader's exit lets the parent go; then another thread of the child execs. */
static void test_model__non_leader_of_the_child_execs(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_spawn(fixture->script, 11 * MS, CHILD, thread_of(200, 10 * MS, 205),
		     F_THREAD | F_VM);
	script_exit(fixture->script, 12 * MS, CHILD, 5, 0, VFT_EXIT_VFORK_PENDING);
	script_release(fixture->script, 13 * MS, CHILD, PARENT, VFT_BY_EXIT);
	script_exec(fixture->script, 14 * MS, CHILD, "/bin/true")->exec.old_tid = 205;
	run(fixture);
	episode = result_episode(fixture->result, 200);
	assert_int_equal(episode->outcome, REP_OUTCOME_EXEC);
	assert_int_equal(episode->blocked_ns, 3 * MS);
	/* That exit was its leader's, not the child's. */
	assert_false(episode->has_exit);
	assert_int_equal(episode->exit_code, 0);
	assert_false(result_process(fixture->result, 200)->ended);
}

static void test_model__pid_reused(void **state)
{
	struct fixture *fixture = *state;
	struct vft_task again = leader_of(200, 50 * MS);
	struct result *result;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 12 * MS, CHILD, 1, 0,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	script_release(fixture->script, 13 * MS, CHILD, PARENT, VFT_BY_EXIT);
	script_vfork(fixture->script, 50 * MS, PARENT, again);
	script_release(fixture->script, 51 * MS, again, PARENT, VFT_BY_EXEC);
	script_exec(fixture->script, 52 * MS, again, "/bin/true");
	result = run(fixture);
	assert_int_equal(result->n_episodes, 2);
	assert_int_equal(result->episodes[0].outcome, REP_OUTCOME_EXIT);
	assert_int_equal(result->episodes[1].outcome, REP_OUTCOME_EXEC);
	assert_int_equal(result->episodes[1].child.start_ns, 50 * MS);
	assert_int_equal(result->n_processes, 3);
	assert_int_equal(result->processes[0].exit_code, 1);
}

/* A pid given away while its former owner seemed to live: that one ended unseen. */
static void test_model__pid_reused_after_lost_end(void **state)
{
	struct fixture *fixture = *state;
	struct result *result;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_spawn(fixture->script, 50 * MS, leader_of(1, 1), leader_of(200, 50 * MS), 0);
	result = run(fixture);
	assert_int_equal(result->n_episodes, 1);
	assert_int_equal(result->episodes[0].outcome, REP_OUTCOME_UNKNOWN);
	assert_int_equal(result->episodes[0].reason, REP_REASON_PID_REUSED);
	assert_int_equal(result->n_processes, 4);
	assert_int_equal(result->processes[0].key.start_ns, 10 * MS);
	assert_false(result->processes[0].ended);
}

static void test_model__waiter_vforks_again(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_vfork(fixture->script, 20 * MS, PARENT, leader_of(201, 20 * MS));
	run(fixture);
	assert_int_equal(outcome_of(fixture->result, 200), REP_OUTCOME_UNKNOWN);
	assert_int_equal(result_episode(fixture->result, 200)->reason, REP_REASON_PARENT_WENT_ON);
	assert_int_equal(outcome_of(fixture->result, 201), REP_OUTCOME_OPEN);
}

/* The kernel writes a killed child's release behind its exit, and nothing before may be known. */
static void test_model__release_makes_no_process(void **state)
{
	struct fixture *fixture = *state;

	script_release(fixture->script, 30 * MS, CHILD, PARENT, VFT_BY_EXIT);
	run(fixture);
	assert_int_equal(fixture->result->n_processes, 0);
	assert_int_equal(fixture->result->n_episodes, 1);
	script_exit(fixture->script, 31 * MS, CHILD, 0, 0, VFT_EXIT_PROCESS);
	script_release(fixture->script, 32 * MS, CHILD, PARENT, VFT_BY_EXIT);
	run(fixture);
	assert_int_equal(fixture->result->n_processes, 1);
	assert_int_equal(fixture->result->n_episodes, 1);
}

/* Whether a process that ran before has exec'd is what a list says. */
static void test_model__lists_say_who_has_execed(void **state)
{
	struct fixture *fixture = *state;

	script_snapshot(fixture->script, 10 * MS, PARENT, VFT_SNAPSHOT_EXECED);
	script_snapshot(fixture->script, 10 * MS, CHILD, 0);
	run(fixture);
	assert_true(result_process(fixture->result, 100)->execed);
	assert_int_equal(result_process(fixture->result, 100)->exec_ns, 0);
	assert_false(result_process(fixture->result, 200)->execed);
}

static struct vft_event *snapshot_pending(struct fixture *fixture, uint64_t time_ns)
{
	struct vft_event *event =
		script_snapshot(fixture->script, time_ns, CHILD, VFT_SNAPSHOT_VFORK_PENDING);

	event->snapshot.waiter_tgid = event->snapshot.waiter_tid = 100;
	event->snapshot.waiter_start_ns = 1 * MS;
	event->snapshot.parent_tgid = 100;
	event->snapshot.parent_start_ns = 1 * MS;
	return event;
}

static void test_model__snapshot_finds_episode(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	snapshot_pending(fixture, 100 * MS);
	script_snapshot(fixture->script, 100 * MS, PARENT, 0)->comm =
		&(const struct vft_str){"waiter", 6};
	script_release(fixture->script, 110 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_exec(fixture->script, 111 * MS, CHILD, "/bin/true");
	run(fixture);
	episode = result_episode(fixture->result, 200);
	assert_int_equal(episode->outcome, REP_OUTCOME_EXEC);
	assert_true(episode->certain);
	assert_true(episode->from_snapshot);
	assert_false(episode->has_flags);
	assert_int_equal(episode->start_ns, 10 * MS);
	assert_int_equal(episode->blocked_ns, 100 * MS);
	assert_int_equal(episode->parent.tgid, 100);
	assert_text(episode->parent_comm, "waiter");
	assert_int_equal(result_process(fixture->result, 200)->spawn, REP_SPAWN_EXISTING);
	assert_int_equal(result_process(fixture->result, 200)->parent.tgid, 100);
}

/* It started after the hooks were attached, and before the list was made: it shows in both. */
static void test_model__snapshot_and_spawn_are_one_episode(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	snapshot_pending(fixture, 20 * MS);
	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_release(fixture->script, 30 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_exec(fixture->script, 31 * MS, CHILD, "/bin/true");
	run(fixture);
	assert_int_equal(fixture->result->n_episodes, 1);
	episode = &fixture->result->episodes[0];
	assert_false(episode->from_snapshot);
	assert_true(episode->has_flags);
	assert_int_equal(episode->blocked_ns, 20 * MS);
	assert_int_equal(result_process(fixture->result, 200)->spawn, REP_SPAWN_VFORK);
}

/* Rows of a list may stand behind the events that happened since. */
static void test_model__snapshot_behind_the_end(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exit(fixture->script, 30 * MS, CHILD, 3, 0,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	script_release(fixture->script, 31 * MS, CHILD, PARENT, VFT_BY_EXIT);
	snapshot_pending(fixture, 20 * MS);
	run(fixture);
	assert_int_equal(fixture->result->n_episodes, 1);
	assert_int_equal(fixture->result->n_processes, 2);
	assert_int_equal(outcome_of(fixture->result, 200), REP_OUTCOME_EXIT);
}

/* The first list names who has the pid now, before the events of who had it before. */
static void test_model__pid_reused_before_the_list(void **state)
{
	struct fixture *fixture = *state;
	struct vft_task again = leader_of(200, 60 * MS);
	const struct result *result;

	for (int has_spawn = 0; has_spawn < 2; has_spawn++) {
		fixture->script->n = 0;
		script_mark(fixture->script, 5 * MS, VFT_MARK_START);
		script_pending(fixture->script, 100 * MS, VFT_KIND_SNAPSHOT, again, PARENT);
		if (has_spawn)
			script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
		script_exit(fixture->script, 50 * MS, CHILD, 3, 0,
			    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
		script_release(fixture->script, 51 * MS, CHILD, PARENT, VFT_BY_EXIT);
		script_vfork(fixture->script, 60 * MS, PARENT, again);
		result = run(fixture);
		assert_int_equal(result->n_episodes, 2);
		assert_int_equal(result->episodes[0].child.start_ns, 10 * MS);
		assert_int_equal(result->episodes[0].outcome, REP_OUTCOME_EXIT);
		assert_int_equal(result->episodes[0].certain, has_spawn);
		assert_int_equal(result->episodes[1].outcome, REP_OUTCOME_OPEN);
		assert_true(result->episodes[1].certain);
		assert_int_equal(result->episodes[1].start_ns, 60 * MS);
		assert_int_equal(result->n_processes, 3);
		assert_int_equal(result->processes[0].key.start_ns, 10 * MS);
		assert_true(result->processes[0].ended);
		assert_int_equal(result->processes[0].exit_code, 3);
	}
}

/* Who had the pid and did not end before anybody's eyes has ended when its heir acts. */
static void test_model__list_gives_a_pid_away(void **state)
{
	struct fixture *fixture = *state;
	struct vft_task again = leader_of(200, 60 * MS);
	const struct result *result;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_pending(fixture->script, 100 * MS, VFT_KIND_SNAPSHOT, again, leader_of(101, MS));
	result = run(fixture);
	assert_int_equal(result->n_episodes, 2);
	assert_int_equal(result->n_processes, 4);
	for (int acts = 0; acts < 2; acts++) {
		assert_int_equal(result->episodes[0].child.start_ns, 10 * MS);
		assert_int_equal(result->episodes[0].reason, REP_REASON_PID_REUSED);
		assert_int_equal(result->episodes[1].outcome,
				 acts ? REP_OUTCOME_EXEC : REP_OUTCOME_OPEN);
		assert_int_equal(result->processes[0].key.start_ns, 10 * MS);
		assert_true(result->processes[0].vanished);
		assert_false(result->processes[0].ended);
		script_exec(fixture->script, 110 * MS, again, "/bin/true");
		result = run(fixture);
	}
}

/* A blocked thread's acts of before the wait that a list shows, seen behind it. */
static void test_model__acts_of_before_the_list(void **state)
{
	struct fixture *fixture = *state;

	script_pending(fixture->script, 100 * MS, VFT_KIND_SNAPSHOT, leader_of(200, 60 * MS),
		       PARENT);
	script_exec_fail(fixture->script, 50 * MS, PARENT, "/no", 2);
	/* Another thread's exec ended those who waited then. */
	script_exec(fixture->script, 55 * MS, PARENT, "/bin/daemon")->exec.old_tid = 107;
	script_vfork(fixture->script, 60 * MS, PARENT, leader_of(200, 60 * MS));
	assert_int_equal(outcome_of(run(fixture), 200), REP_OUTCOME_OPEN);
	assert_true(result_episode(fixture->result, 200)->certain);
	assert_int_equal(fixture->result->n_episodes, 1);
}

/* More ends behind one list than are remembered one by one: its rows invent nothing. */
static void test_model__rows_of_before_forgotten_ends(void **state)
{
	struct fixture *fixture = *state;
	const struct result *result;

	for (uint32_t n = 0; n < 2; n++) {
		uint64_t later_ns = 10000 * MS;

		fixture->script->n = 0;
		fixture->script->end.end_ns = 2 * later_ns;
		script_mark(fixture->script, 5 * MS, VFT_MARK_START);
		script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
		script_exit(fixture->script, 30 * MS, CHILD, 0, 9,
			    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
		script_release(fixture->script, 31 * MS, CHILD, PARENT, VFT_BY_EXIT);
		for (uint32_t i = 0; i < 5000; i++)
			script_exit(fixture->script, later_ns + i * MS,
				    leader_of(1000 + i, 10 * MS), 0, 0, VFT_EXIT_PROCESS);
		script_pending(fixture->script, 20 * MS, VFT_KIND_STALL, CHILD, PARENT);
		if (n)
			script_lost(fixture->script, later_ns, 15 * MS, 16 * MS, 1);
		result = run(fixture);
		assert_int_equal(result->episodes[0].outcome, REP_OUTCOME_KILLED);
		assert_true(result->episodes[0].certain);
		/* With a loss it could be one whose spawn was not seen. */
		assert_int_equal(result->n_episodes, 1 + n);
		assert_false(n && result->episodes[1].certain);
	}
}

static void add_list(struct fixture *fixture, uint64_t time_ns, struct vft_task task)
{
	script_snapshot(fixture->script, time_ns, leader_of(1, 1), VFT_SNAPSHOT_FIRST);
	script_snapshot(fixture->script, time_ns + 1, task, VFT_SNAPSHOT_LAST);
}

/* After a loss, what a later complete list lacks has ended unseen. */
static void test_model__list_ends_what_it_lacks(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	fixture->script->end.end_ns = 9000 * MS;
	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_lost(fixture->script, 60 * MS, 40 * MS, 50 * MS, 2);
	add_list(fixture, 100 * MS, PARENT);
	script_vfork(fixture->script, 200 * MS, PARENT, leader_of(300, 200 * MS));
	script_exec(fixture->script, 3000 * MS, leader_of(300, 200 * MS), "/bin/true");
	run(fixture);
	episode = result_episode(fixture->result, 200);
	assert_int_equal(episode->outcome, REP_OUTCOME_UNKNOWN);
	assert_int_equal(episode->reason, REP_REASON_LOST);
	/* Given up before the section's end, so that memory does not grow with what was lost. */
	assert_int_equal(fixture->result->processes[0].key.tgid, 200);
	assert_false(fixture->result->processes[0].ended);
}

/* A list with a gap inside, or under a filter, or that covers a namespace, does not name all. */
static void test_model__list_that_ends_nothing(void **state)
{
	struct fixture *fixture = *state;

	for (int how = 0; how < 3; how++) {
		fixture->script->n = 0;
		fixture->script->end.end_ns = 9000 * MS;
		fixture->script->has = VFT_HAS_RELEASE | (how == 1 ? VFT_HAS_FILTER : 0);
		fixture->script->list_pidns = how == 2 ? 4026532000u : 0;
		script_lost(fixture->script, 6 * MS, 4 * MS, 5 * MS, 2);
		script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
		script_snapshot(fixture->script, 100 * MS, leader_of(1, 1), VFT_SNAPSHOT_FIRST);
		if (how == 0)
			script_gap(fixture->script, 100 * MS, 100 * MS);
		script_snapshot(fixture->script, 100 * MS + 1, PARENT, VFT_SNAPSHOT_LAST);
		script_spawn(fixture->script, 3000 * MS, PARENT, leader_of(300, 3000 * MS), 0);
		script_exit(fixture->script, 4000 * MS, CHILD, 3, 0,
			    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
		run(fixture);
		assert_int_equal(outcome_of(fixture->result, 200), REP_OUTCOME_EXIT);
		assert_int_equal(result_process(fixture->result, 200)->exit_code, 3);
	}
}

/* After a loss too, an end may still be on its way for a while. */
static void test_model__list_waits_for_what_is_on_its_way(void **state)
{
	struct fixture *fixture = *state;

	fixture->script->end.end_ns = 9000 * MS;
	script_lost(fixture->script, 6 * MS, 4 * MS, 5 * MS, 2);
	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	add_list(fixture, 100 * MS, PARENT);
	script_exec(fixture->script, 101 * MS, leader_of(1, 1), "/bin/init");
	script_exit(fixture->script, 99 * MS, CHILD, 3, 0,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	assert_int_equal(outcome_of(run(fixture), 200), REP_OUTCOME_EXIT);
}

/* What is still on its way when the list is made is no loss. */
static void test_model__list_without_loss_ends_nothing(void **state)
{
	struct fixture *fixture = *state;

	fixture->script->end.end_ns = 9000 * MS;
	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	add_list(fixture, 100 * MS, PARENT);
	script_exit(fixture->script, 99 * MS, CHILD, 0, 0,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	script_spawn(fixture->script, 3000 * MS, PARENT, leader_of(300, 3000 * MS), 0);
	run(fixture);
	assert_int_equal(outcome_of(fixture->result, 200), REP_OUTCOME_EXIT);
}

static void test_model__stall_finds_episode(void **state)
{
	struct fixture *fixture = *state;
	struct vft_event *event = script_exit(fixture->script, 500 * MS, CHILD, 0, 0, 0);
	const struct rep_episode *episode;

	event->kind = VFT_KIND_STALL;
	event->stall.waiter_tgid = event->stall.waiter_tid = 100;
	event->stall.waiter_start_ns = 1 * MS;
	event->stall.state = VFT_STATE_BLOCKED;
	run(fixture);
	episode = result_episode(fixture->result, 200);
	assert_int_equal(episode->outcome, REP_OUTCOME_OPEN);
	assert_int_equal(episode->child_state, VFT_STATE_BLOCKED);
	assert_int_equal(episode->blocked_ns, 990 * MS);
}

static void test_model__release_without_spawn(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_release(fixture->script, 30 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_exec(fixture->script, 31 * MS, CHILD, "/bin/true");
	script_release(fixture->script, 32 * MS, CHILD, PARENT, VFT_BY_EXEC);
	run(fixture);
	assert_int_equal(fixture->result->n_episodes, 1);
	episode = &fixture->result->episodes[0];
	assert_int_equal(episode->outcome, REP_OUTCOME_EXEC);
	assert_false(episode->certain);
	assert_int_equal(episode->reason, REP_REASON_SPAWN_UNSEEN);
	assert_int_equal(episode->parent.tgid, 100);
	assert_int_equal(episode->blocked_ns, 20 * MS);
}

static void test_model__pid_namespace(void **state)
{
	struct fixture *fixture = *state;
	struct vft_task child = CHILD;

	child.ns_tgid = child.ns_tid = 2;
	child.pidns = 4026532000u;
	script_vfork(fixture->script, 10 * MS, PARENT, child);
	run(fixture);
	assert_int_equal(result_episode(fixture->result, 200)->child_ns_tgid, 2);
	assert_int_equal(result_process(fixture->result, 200)->ns_tgid, 2);
	assert_int_equal(result_process(fixture->result, 200)->pidns, 4026532000u);
}

/* Parents of themselves and of one another, pids that collide, times that make no sense. */
static void test_model__hostile_links(void **state)
{
	uint64_t random = 88172645463325252ull;

	for (int round = 0; round < 200; round++) {
		struct script *script = script_new();
		struct result *result;

		for (int i = 0; i < 400; i++) {
			struct vft_task task, other;
			uint64_t time_ns;

			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			task = thread_of((random >> 3) % 5, (random >> 6) % 4, (random >> 9) % 5);
			other = thread_of((random >> 12) % 5, (random >> 15) % 4,
					  (random >> 18) % 5);
			time_ns = (random >> 21) % 16 ? (uint64_t)i * 20 * MS : random;
			switch (random % 8) {
			case 0:
			case 1:
				script_spawn(script, time_ns, task, other, random >> 24);
				break;
			case 2:
				script_release(script, time_ns, task, other, random >> 30 & 3);
				break;
			case 3:
				script_exec(script, time_ns, task, "/x")->exec.old_tid =
					random >> 30 & 3;
				break;
			case 4:
				script_exit(script, time_ns, task, 0, random >> 30 & 1,
					    random >> 24 & 15);
				break;
			case 5: {
				struct vft_event *event =
					script_snapshot(script, time_ns, task, random >> 24 & 63);

				event->snapshot.waiter_tgid = other.tgid;
				event->snapshot.waiter_tid = other.tid;
				event->snapshot.waiter_start_ns = other.start_ns;
				break;
			}
			case 6:
				script_lost(script, time_ns, random, time_ns, 1);
				break;
			default:
				script_exec_fail(script, time_ns, task, "/y", 2);
				break;
			}
		}
		script->is_closed = random & 1;
		result = script_run(script, 3);
		assert_int_equal(result->r, 0);
		result_free(result);
		script_free(script);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_model__process_from_spawn_to_exit),
		TEST(test_model__kinds_of_spawn),
		TEST(test_model__child_inherits_image),
		TEST(test_model__exec_file),
		TEST(test_model__clone_parent),
		TEST(test_model__made_by_the_kernel),
		TEST(test_model__nested_vfork),
		TEST(test_model__nested_vfork_middle_killed),
		TEST(test_model__eight_threads_at_once),
		TEST(test_model__child_is_a_thread),
		TEST(test_model__child_is_a_thread_and_execs),
		TEST(test_model__non_leader_of_the_child_execs),
		TEST(test_model__pid_reused),
		TEST(test_model__pid_reused_after_lost_end),
		TEST(test_model__waiter_vforks_again),
		TEST(test_model__release_makes_no_process),
		TEST(test_model__lists_say_who_has_execed),
		TEST(test_model__snapshot_finds_episode),
		TEST(test_model__snapshot_and_spawn_are_one_episode),
		TEST(test_model__snapshot_behind_the_end),
		TEST(test_model__pid_reused_before_the_list),
		TEST(test_model__list_gives_a_pid_away),
		TEST(test_model__acts_of_before_the_list),
		TEST(test_model__rows_of_before_forgotten_ends),
		TEST(test_model__list_ends_what_it_lacks),
		TEST(test_model__list_that_ends_nothing),
		TEST(test_model__list_waits_for_what_is_on_its_way),
		TEST(test_model__list_without_loss_ends_nothing),
		TEST(test_model__stall_finds_episode),
		TEST(test_model__release_without_spawn),
		TEST(test_model__pid_namespace),
		TEST(test_model__hostile_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
