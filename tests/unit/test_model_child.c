/* SPDX-License-Identifier: BSD-2-Clause */
/* What the model says of a vfork's child, and of waits that wait for one another. */
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

static void assert_text(const struct rep_str *str, const char *text)
{
	struct vft_str bytes = rep_str_get(str);

	assert_non_null(bytes.data);
	assert_int_equal(bytes.size, strlen(text));
	assert_memory_equal(bytes.data, text, bytes.size);
}

/* What the child calls itself now, as whom and where. */
static const struct vft_str renamed = {"(nginx)", 7}, older = {"older", 5};

static struct vft_task changed(void)
{
	struct vft_task task = CHILD;

	task.uid = 33;
	task.cgroup = 99;
	return task;
}

static struct vft_event *stall(struct script *script, uint64_t time_ns, struct vft_task task,
			       struct vft_task waiter)
{
	struct vft_event *event = script_snapshot(script, time_ns, task, 0);

	event->kind = VFT_KIND_STALL;
	event->stall.state = VFT_STATE_SLEEPING;
	event->stall.waiter_tgid = waiter.tgid;
	event->stall.waiter_tid = waiter.tid;
	event->stall.waiter_start_ns = waiter.start_ns;
	return event;
}

static void check_changed(const struct rep_episode *episode)
{
	assert_text(episode->child_comm, "(nginx)");
	assert_int_equal(episode->child_uid, 33);
	assert_int_equal(episode->child_cgroup, 99);
	assert_int_equal(episode->uid, PARENT.uid);
	assert_int_equal(episode->cgroup, PARENT.cgroup);
	assert_true(episode->has_parent_task);
}

static void test_child__facts_of_a_stall(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	assert_text(run(fixture, 200)->child_comm, "parent");
	assert_int_equal(run(fixture, 200)->child_uid, PARENT.uid);
	stall(fixture->script, 50 * MS, changed(), PARENT)->comm = &renamed;
	check_changed(run(fixture, 200));
}

static void test_child__facts_of_a_list(void **state)
{
	struct fixture *fixture = *state;
	struct vft_event *event;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	event = script_snapshot(fixture->script, 60 * MS, changed(), VFT_SNAPSHOT_VFORK_PENDING);
	event->comm = &renamed;
	/* It stands behind, and is older. */
	event = script_snapshot(fixture->script, 40 * MS, CHILD, VFT_SNAPSHOT_VFORK_PENDING);
	event->comm = &older;
	check_changed(run(fixture, 200));
}

/* A list that was made between the spawn and its row knows more than the spawn. */
static void test_child__list_before_the_spawn(void **state)
{
	struct fixture *fixture = *state;
	struct vft_event *event;

	event = script_snapshot(fixture->script, 20 * MS, changed(), VFT_SNAPSHOT_VFORK_PENDING);
	event->comm = &renamed;
	event->snapshot.waiter_tgid = event->snapshot.waiter_tid = 100;
	event->snapshot.waiter_start_ns = 1 * MS;
	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	check_changed(run(fixture, 200));
}

static void test_child__facts_of_its_own_acts(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_exec_fail(fixture->script, 20 * MS, changed(), "/no", 2)->comm = &renamed;
	check_changed(run(fixture, 200));
	script_exit(fixture->script, 30 * MS, changed(), 1, 0,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING)
		->comm = &older;
	assert_text(run(fixture, 200)->child_comm, "older");
}

static void test_child__name_of_its_own_child(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_spawn(fixture->script, 20 * MS, changed(), leader_of(300, 20 * MS), 0)->comm =
		&renamed;
	check_changed(run(fixture, 200));
}

/* Its other threads have names of their own. */
static void test_child__not_of_another_thread(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	stall(fixture->script, 50 * MS, changed(), PARENT)->comm = &renamed;
	script_exit(fixture->script, 60 * MS, thread_of(200, 10 * MS, 201), 0, 9, VFT_EXIT_PROCESS)
		->comm = &older;
	check_changed(run(fixture, 200));
}

static void test_child__exec_names_it(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	stall(fixture->script, 20 * MS, changed(), PARENT)->comm = &renamed;
	script_release(fixture->script, 30 * MS, CHILD, PARENT, VFT_BY_EXEC);
	script_exec(fixture->script, 31 * MS, CHILD, "/bin/true");
	assert_text(run(fixture, 200)->child_comm, "child");
	assert_int_equal(result_process(fixture->result, 200)->exec_ns, 31 * MS);
	assert_int_equal(result_process(fixture->result, 100)->exec_ns, 0);
}

/* Nobody is root because nothing is known of him. */
static void test_child__parent_is_a_key_only(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	stall(fixture->script, 20 * MS, changed(), PARENT)->comm = &renamed;
	episode = run(fixture, 200);
	assert_false(episode->has_parent_task);
	assert_int_equal(episode->child_uid, 33);
	assert_false(result_process(fixture->result, 100)->has_task);
	assert_true(result_process(fixture->result, 200)->has_task);
	script_snapshot(fixture->script, 20 * MS, PARENT, 0);
	check_changed(run(fixture, 200));
}

static void test_child__held_thread_and_its_leader(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *episode;

	script_exec(fixture->script, 5 * MS, PARENT, "/usr/bin/java");
	script_vfork(fixture->script, 10 * MS, thread_of(100, 1 * MS, 101), CHILD);
	episode = run(fixture, 200);
	assert_text(episode->parent_comm, "parent");
	assert_text(episode->leader_comm, "child"); /* of exec's comm */
	assert_int_equal(episode->parent_tid, 101);
}

static void check_link(const struct rep_episode *episode, uint32_t n_inside, uint32_t n_behind)
{
	assert_int_equal(episode->n_inside, n_inside);
	assert_int_equal(rep_episode_n_behind(episode), n_behind);
	assert_int_equal(episode->chain != NULL, n_inside || n_behind);
}

/* 100 waits for 200, which waits for 300, which waits for 400; and a pair of its own. */
static void test_child__chain_of_waits(void **state)
{
	struct fixture *fixture = *state;
	const struct rep_episode *first, *last;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_vfork(fixture->script, 20 * MS, CHILD, leader_of(300, 20 * MS));
	script_vfork(fixture->script, 25 * MS, leader_of(700, 2 * MS), leader_of(800, 25 * MS));
	script_vfork(fixture->script, 30 * MS, leader_of(300, 20 * MS), leader_of(400, 30 * MS));
	stall(fixture->script, 60 * MS, leader_of(400, 30 * MS), leader_of(300, 20 * MS))->comm =
		&renamed;
	first = run(fixture, 200);
	last = result_episode(fixture->result, 400);
	check_link(first, 2, 0);
	check_link(result_episode(fixture->result, 300), 1, 0);
	check_link(last, 0, 2);
	check_link(result_episode(fixture->result, 800), 0, 0);
	assert_ptr_equal(first->chain, last->chain);
	assert_int_equal(first->chain->n_waits, 3);
	assert_int_equal(first->chain->start_ns, 10 * MS);
	assert_int_equal(first->chain->holder.tgid, 400);
	assert_int_equal(first->chain->holder_tid, 400);
	assert_int_equal(first->chain->holder_state, VFT_STATE_SLEEPING);
	assert_text(first->chain->holder_comm, "(nginx)");
}

/* Whoever has been let go, or is gone, holds and waits no more. */
static void test_child__chain_of_those_that_wait(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_vfork(fixture->script, 20 * MS, CHILD, leader_of(300, 20 * MS));
	check_link(run(fixture, 200), 1, 0);
	script_release(fixture->script, 30 * MS, leader_of(300, 20 * MS), CHILD, VFT_BY_EXEC);
	check_link(run(fixture, 200), 0, 0);
}

/* Its release is all that is still to come. */
static void test_child__chain_without_the_dead(void **state)
{
	struct fixture *fixture = *state;

	script_vfork(fixture->script, 10 * MS, PARENT, CHILD);
	script_vfork(fixture->script, 20 * MS, CHILD, leader_of(300, 20 * MS));
	script_exit(fixture->script, 30 * MS, leader_of(300, 20 * MS), 0, 9,
		    VFT_EXIT_PROCESS | VFT_EXIT_VFORK_PENDING);
	check_link(run(fixture, 200), 0, 0);
	check_link(result_episode(fixture->result, 300), 0, 0);
}

/* Only a hostile file has a circle; a tail that leads into it must not turn in it for ever. */
static void test_child__circle_of_waits(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < 3; i++) {
		struct vft_event *event =
			stall(fixture->script, 50 * MS, leader_of(200 + i, 10 * MS),
			      leader_of(200 + (i + 1) % 3, 10 * MS));

		event->comm = &renamed;
	}
	stall(fixture->script, 51 * MS, leader_of(210, 10 * MS), leader_of(200, 10 * MS));
	run(fixture, 210);
	assert_int_equal(fixture->result->n_episodes, 4);
}

/* With a walk for each wait through all that are inside of it this takes minutes. */
#define DEPTH 200000u

struct depth {
	uint64_t n_inside, n_last;
};

static int add_depth(void *context, const struct rep_episode *episode)
{
	struct depth *depth = context;

	depth->n_inside += episode->n_inside;
	depth->n_last += rep_episode_n_behind(episode) == DEPTH - 1;
	return 0;
}

static void test_child__deep_chain_is_walked_once(void **state)
{
	static const struct rep_model_ops ops = {.on_episode = add_depth};
	struct depth depth = {0};
	struct rep_model *model;

	(void)state;
	assert_int_equal(rep_model_new(&ops, &depth, &model), 0);
	assert_int_equal(rep_model_begin(model, NULL), 0);
	for (uint32_t i = 0; i < DEPTH; i++) {
		struct vft_task parent = leader_of(100 + i, MS), child = leader_of(101 + i, MS);
		struct vft_event event = {.time_ns = (10 + i) * MS,
					  .kind = VFT_KIND_SPAWN,
					  .task = &parent,
					  .spawn = {.child = &child, .clone_flags = F_VFORK_VM}};
		struct vft_batch batch = {
			.type = VFT_BLOCK_EVENTS, .events = &event, .n_events = 1};

		assert_int_equal(rep_model_batch(model, &batch), 0);
	}
	assert_int_equal(rep_model_end(model, NULL), 0);
	rep_model_free(model);
	assert_int_equal(depth.n_inside, (uint64_t)DEPTH * (DEPTH - 1) / 2);
	assert_int_equal(depth.n_last, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_child__facts_of_a_stall),
		TEST(test_child__facts_of_a_list),
		TEST(test_child__list_before_the_spawn),
		TEST(test_child__facts_of_its_own_acts),
		TEST(test_child__name_of_its_own_child),
		TEST(test_child__not_of_another_thread),
		TEST(test_child__exec_names_it),
		TEST(test_child__parent_is_a_key_only),
		TEST(test_child__held_thread_and_its_leader),
		TEST(test_child__chain_of_waits),
		TEST(test_child__chain_of_those_that_wait),
		TEST(test_child__chain_without_the_dead),
		TEST(test_child__circle_of_waits),
		TEST(test_child__deep_chain_is_walked_once),
	};

	return cmocka_run_group_tests_name("model_child", tests, NULL, NULL);
}
