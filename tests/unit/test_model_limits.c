/* SPDX-License-Identifier: BSD-2-Clause */
/* The model fed without a script: its limits, its callbacks, its look-ups. */
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

static int count(void *context, const struct rep_process *process)
{
	int *n = context;

	(*n)++;
	return 0;
}

static int stop(void *context, const struct rep_process *process)
{
	return -ECANCELED;
}

/* Feed the spawns of @n processes, and their exits when @do_exit, in one model. */
static int feed(struct rep_model *model, uint32_t n, bool do_exit)
{
	struct vft_task parent = PARENT, child;
	struct vft_event events[2];
	struct vft_batch batch = {
		.type = VFT_BLOCK_EVENTS, .events = events, .n_events = do_exit ? 2 : 1};
	int r = 0;

	for (uint32_t i = 0; i < n && r == 0; i++) {
		child = leader_of(1000 + i, 10 * MS + i);
		memset(events, 0, sizeof(events));
		events[0] = (struct vft_event){
			.time_ns = 10 * MS + i, .kind = VFT_KIND_SPAWN, .task = &parent};
		events[0].spawn.child = &child;
		events[1] = (struct vft_event){.time_ns = 10 * MS + i,
					       .kind = VFT_KIND_EXIT,
					       .flags = VFT_EXIT_PROCESS,
					       .task = &child};
		r = rep_model_batch(model, &batch);
	}
	return r;
}

static void test_model__cap_of_live_processes(void **state)
{
	struct rep_model_ops ops = {.on_process = count};
	struct rep_model *model;
	int n = 0;

	assert_int_equal(rep_model_new(&ops, &n, &model), 0);
	rep_model_set_max(model, 10);
	assert_int_equal(rep_model_begin(model, NULL), 0);
	assert_int_equal(feed(model, 1000, true), 0);
	assert_int_equal(n, 1000);
	assert_int_equal(feed(model, 1000, false), -E2BIG);
	rep_model_free(model);
}

static void test_model__callback_stops(void **state)
{
	struct rep_model_ops ops = {.on_process = stop};
	struct rep_model *model;

	assert_int_equal(rep_model_new(&ops, NULL, &model), 0);
	assert_int_equal(rep_model_begin(model, NULL), 0);
	assert_int_equal(feed(model, 10, true), -ECANCELED);
	rep_model_free(model);
}

static void test_model__finds_live_processes_and_cgroups(void **state)
{
	struct rep_model_ops ops = {.on_process = count};
	struct vft_str path = {"/a.slice", 8};
	struct vft_event event = {.kind = VFT_KIND_CGROUP, .cgroup = {.id = 77, .path = &path}};
	struct vft_batch batch = {.type = VFT_BLOCK_EVENTS, .events = &event, .n_events = 1};
	struct rep_model *model;
	int n = 0;

	assert_int_equal(rep_model_new(&ops, &n, &model), 0);
	assert_int_equal(rep_model_begin(model, NULL), 0);
	assert_int_equal(rep_model_batch(model, &batch), 0);
	assert_int_equal(feed(model, 1, false), 0);
	assert_int_equal(rep_str_get(rep_model_cgroup(model, 77)).size, 8);
	assert_null(rep_model_cgroup(model, 78));
	assert_non_null(rep_model_find(model, (struct rep_key){1000, 10 * MS}));
	assert_null(rep_model_find(model, (struct rep_key){1000, 11 * MS}));
	/* Another section is another world. */
	assert_int_equal(rep_model_begin(model, NULL), 0);
	assert_null(rep_model_find(model, (struct rep_key){1000, 10 * MS}));
	assert_null(rep_model_cgroup(model, 77));
	rep_model_free(model);
}

/* A block of a few KiB may refer to one long string from each of its events. */
static void test_model__long_strings_are_shared(void **state)
{
	static char text[4096];
	struct vft_str shared = {text, sizeof(text)};
	struct vft_event cgroups[2] = {{.kind = VFT_KIND_CGROUP, .cgroup = {1, &shared}},
				       {.kind = VFT_KIND_CGROUP, .cgroup = {2, &shared}}};
	struct vft_batch batch = {.type = VFT_BLOCK_EVENTS, .events = cgroups, .n_events = 2};
	struct script *script = script_new();
	struct rep_model_ops ops = {0};
	const struct rep_process *first, *second;
	struct rep_model *model;
	struct result *result;

	script_exec(script, 10 * MS, leader_of(100, MS), "/a")->exec.argv = &shared;
	script_exec(script, 20 * MS, leader_of(200, MS), "/b")->exec.argv = &shared;
	result = script_run(script, 0);
	first = result_process(result, 100);
	second = result_process(result, 200);
	assert_int_equal(rep_str_get(first->argv).size, sizeof(text));
	assert_ptr_equal(first->argv, second->argv);
	result_free(result);
	script_free(script);

	assert_int_equal(rep_model_new(&ops, NULL, &model), 0);
	assert_int_equal(rep_model_begin(model, NULL), 0);
	assert_int_equal(rep_model_batch(model, &batch), 0);
	assert_int_equal(rep_str_get(rep_model_cgroup(model, 1)).size, sizeof(text));
	assert_ptr_equal(rep_model_cgroup(model, 1), rep_model_cgroup(model, 2));
	rep_model_free(model);
}

struct early {
	uint32_t n, n_certain, n_early;
};

static int take_early(void *context, const struct rep_episode *episode)
{
	struct early *early = context;

	early->n++;
	early->n_certain += episode->certain;
	early->n_early += episode->reason == REP_REASON_EARLY;
	return 0;
}

/*
 * Verdicts that wait for the section's end are told before it to bound memory: certain only when
 * what was lost then would have been told.
 */
static void test_model__verdicts_before_the_end(void **state)
{
	struct rep_model_ops ops = {.on_episode = take_early};
	struct vft_task parent = PARENT, child;
	struct vft_event events[2] = {{.kind = VFT_KIND_SPAWN, .task = &parent},
				      {.kind = VFT_KIND_EXEC, .task = &child}};
	struct vft_batch batch = {.events = events, .n_events = 2};

	for (uint64_t step_ns = 100; step_ns <= MS; step_ns += MS - 100) {
		struct early early = {0};
		struct rep_model *model;
		uint64_t now_ns = 10 * MS;

		assert_int_equal(rep_model_new(&ops, &early, &model), 0);
		assert_int_equal(rep_model_begin(model, NULL), 0);
		for (uint32_t i = 0; i < 32768 + 100; i++, now_ns += step_ns) {
			child = leader_of(1000 + i, now_ns);
			events[0].time_ns = events[1].time_ns = now_ns;
			events[0].spawn.child = &child;
			events[0].spawn.clone_flags = F_VFORK_VM;
			assert_int_equal(rep_model_batch(model, &batch), 0);
		}
		assert_int_equal(early.n, 100);
		assert_int_equal(early.n_early, step_ns == MS ? 0 : 100);
		assert_int_equal(early.n_certain, step_ns == MS ? 100 : 0);
		rep_model_free(model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model__cap_of_live_processes),
		cmocka_unit_test(test_model__callback_stops),
		cmocka_unit_test(test_model__finds_live_processes_and_cgroups),
		cmocka_unit_test(test_model__verdicts_before_the_end),
		cmocka_unit_test(test_model__long_strings_are_shared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
