/* SPDX-License-Identifier: BSD-2-Clause */
/* Several recordings: one zero for their times, one row for what they tell of the same. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/source/join.h"
#include "replay/source/survey.h"
#include <vft/writer.h>
#include "format/block/meta.h"

#define S        1000000000ull
#define MAX_SEEN 64

static const struct vft_str boot_a = {"boot-a", 6}, boot_b = {"boot-b", 6};

struct seen {
	struct rep_episode episodes[MAX_SEEN];
	struct rep_process processes[MAX_SEEN];
	size_t n_episodes, n_processes, n_sections;
	uint64_t start_ns; /* of the last section */
	struct vft_str cgroup;
	const struct rep_section_info *info;
	uint32_t inputs[MAX_SEEN]; /* that rows held were told by */
	size_t n_inputs;
};

static int on_section(void *context, const struct rep_section_info *info)
{
	struct seen *seen = context;

	seen->n_sections++;
	seen->start_ns = info->start_ns;
	seen->info = info;
	return 0;
}

static int on_episode(void *context, const struct rep_episode *episode)
{
	struct seen *seen = context;

	assert_true(seen->n_episodes < MAX_SEEN);
	if (seen->info)
		seen->cgroup = rep_str_get(rep_model_cgroup(seen->info->model, episode->cgroup));
	seen->episodes[seen->n_episodes++] = *episode;
	return 0;
}

static int on_process(void *context, const struct rep_process *process)
{
	struct seen *seen = context;

	assert_true(seen->n_processes < MAX_SEEN);
	seen->processes[seen->n_processes++] = *process;
	return 0;
}

static void on_input(void *context, uint32_t input)
{
	struct seen *seen = context;

	assert_true(seen->n_inputs < MAX_SEEN);
	seen->inputs[seen->n_inputs++] = input;
}

static const struct rep_trace_ops ops = {
	.model = {.on_episode = on_episode, .on_process = on_process}, .on_section = on_section};

static struct rep_section_info section_of(struct vft_str boot, uint64_t begin_ns, uint64_t end_ns)
{
	struct rep_section_info info = {
		.has_meta = true, .begin_ns = begin_ns, .start_ns = 5 * S, .end_ns = end_ns};

	info.meta.boot_id = boot;
	return info;
}

static struct rep_boot_id id_of(struct vft_str boot)
{
	struct vft_meta meta = {.boot_id = boot};
	struct vft_section section = {0};
	struct rep_boot_id id;

	rep_boot_id_init(&id, &section, &meta);
	return id;
}

static struct rep_episode wait_of(enum rep_outcome outcome, uint64_t start_ns, uint64_t end_ns)
{
	struct rep_episode episode = {.start_ns = start_ns,
				      .child = {200, 11 * S},
				      .child_tid = 200,
				      .parent = {100, S},
				      .parent_tid = 100,
				      .syscall = -1,
				      .outcome = outcome,
				      .certain = outcome != REP_OUTCOME_UNKNOWN,
				      .blocked_max_ns = UINT64_MAX};

	if (outcome != REP_OUTCOME_UNKNOWN) {
		episode.has_blocked = true;
		episode.blocked_ns = end_ns - start_ns;
		episode.blocked_min_ns = end_ns - start_ns;
	}
	if (outcome != REP_OUTCOME_UNKNOWN && outcome != REP_OUTCOME_OPEN) {
		episode.end_ns = end_ns;
		episode.blocked_max_ns = episode.blocked_ns;
	}
	return episode;
}

/* Recordings of boot a, each of one wait; then all is given. */
struct recording {
	uint64_t begin_ns, end_ns, list_ns;
	struct rep_episode *episode; /* NULL: none */
	struct rep_process *process;
	struct rep_str *cgroup; /* 77's */
};

/* A list of all who run, at @list_ns. */
static void put_list(struct rep_model *model, uint64_t list_ns)
{
	struct vft_task task = {.tgid = 1, .tid = 1, .start_ns = 1};
	struct vft_event event = {.time_ns = list_ns,
				  .kind = VFT_KIND_SNAPSHOT,
				  .task = &task,
				  .flags = VFT_SNAPSHOT_FIRST | VFT_SNAPSHOT_LAST};
	struct vft_batch batch = {.events = &event, .n_events = 1};
	struct vft_meta meta = {.pidns = REP_PIDNS_INITIAL};

	assert_int_equal(rep_model_meta(model, &meta), 0);
	assert_int_equal(rep_model_batch(model, &batch), 0);
}

static struct seen *join_all(struct recording *recordings, size_t n, size_t max_held, int *ret)
{
	static const struct rep_model_ops some = {.on_process = on_process};
	struct seen *seen = test_calloc(1, sizeof(*seen)), ignored = {0};
	struct rep_join *join = rep_join_new(&ops, seen, max_held);
	struct rep_boot_id id = id_of(boot_a);
	int r = 0;

	assert_non_null(join);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rep_join_expect(join, &id, recordings[i].begin_ns), 0);
	assert_int_equal(rep_join_count(join, &id), n);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct recording *one = &recordings[i];
		struct rep_section_info info = section_of(boot_a, one->begin_ns, one->end_ns);
		struct rep_model *model;

		assert_int_equal(rep_model_new(&some, &ignored, &model), 0);
		assert_int_equal(rep_model_begin(model, NULL), 0);
		if (one->list_ns)
			put_list(model, one->list_ns);
		assert_int_equal(rep_model_set_cgroup(model, 77, one->cgroup), 0);
		info.model = model;
		rep_join_begin(join, &info, (uint32_t)i);
		if (one->episode)
			r = rep_join_episode(join, one->episode);
		if (one->process && r == 0)
			r = rep_join_process(join, one->process);
		rep_join_end(join);
		rep_model_free(model);
	}
	if (r == 0)
		r = rep_join_flush(join, on_input, seen);
	rep_join_free(join);
	*ret = r;
	return seen;
}

static void test_join__one_hang_two_recordings(void **state)
{
	struct rep_episode first = wait_of(REP_OUTCOME_OPEN, 12 * S, 20 * S);
	struct rep_episode second = wait_of(REP_OUTCOME_OPEN, 11 * S, 40 * S);
	struct recording two[] = {{10 * S, 20 * S, 10 * S, &first, NULL, NULL},
				  {30 * S, 40 * S, 30 * S, &second, NULL, NULL}};
	struct seen *seen;
	int r;

	first.has_flags = true;
	first.syscall = 58;
	second.from_snapshot = true;
	second.child_state = VFT_STATE_STOPPED;
	seen = join_all(two, 2, 0, &r);
	assert_int_equal(r, 0);
	assert_int_equal(seen->n_episodes, 1);
	assert_int_equal(seen->n_sections, 1);
	assert_int_equal(seen->n_inputs, 1);
	assert_true(seen->inputs[0] == REP_JOIN_SEVERAL);
	assert_int_equal(seen->start_ns, 5 * S);
	assert_int_equal(seen->episodes[0].outcome, REP_OUTCOME_OPEN);
	assert_true(seen->episodes[0].certain);
	/* From the spawn that only the first saw, to the end of the second. */
	assert_int_equal(seen->episodes[0].start_ns, 12 * S);
	assert_int_equal(seen->episodes[0].blocked_ns, 28 * S);
	assert_int_equal(seen->episodes[0].blocked_min_ns, 28 * S);
	assert_true(seen->episodes[0].blocked_max_ns == UINT64_MAX);
	assert_int_equal(seen->episodes[0].syscall, 58);
	assert_int_equal(seen->episodes[0].child_state, VFT_STATE_STOPPED);
	assert_false(seen->episodes[0].from_snapshot);
	test_free(seen);
}

/* In whatever order they come, and whether they overlap or not. */
static void test_join__an_end_beats_open(void **state)
{
	struct rep_episode open = wait_of(REP_OUTCOME_OPEN, 12 * S, 20 * S);
	struct rep_episode ended = wait_of(REP_OUTCOME_KILLED, 12 * S, 15 * S);
	struct rep_episode unknown = wait_of(REP_OUTCOME_UNKNOWN, 12 * S, 0);
	struct rep_episode *others[] = {&open, &unknown};

	ended.has_exit = true;
	ended.exit_signal = 9;
	unknown.blocked_min_ns = S;
	for (int i = 0; i < 4; i++) {
		struct rep_episode *other = others[i % 2];
		struct recording two[] = {{10 * S, 20 * S, 0, i < 2 ? other : &ended, NULL, NULL},
					  {11 * S, 40 * S, 0, i < 2 ? &ended : other, NULL, NULL}};
		struct seen *seen;
		int r;

		seen = join_all(two, 2, 0, &r);
		assert_int_equal(r, 0);
		assert_int_equal(seen->n_episodes, 1);
		assert_int_equal(seen->episodes[0].outcome, REP_OUTCOME_KILLED);
		assert_int_equal(seen->episodes[0].exit_signal, 9);
		assert_int_equal(seen->episodes[0].blocked_ns, 3 * S);
		assert_int_equal(seen->episodes[0].blocked_min_ns, 3 * S);
		assert_int_equal(seen->episodes[0].blocked_max_ns, 3 * S);
		test_free(seen);
	}
}

/* Of two ends a certain one counts, of two certain ones that which was told first. */
static void test_join__two_ends(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct rep_episode a = wait_of(REP_OUTCOME_KILLED, 12 * S, 15 * S);
		struct rep_episode b = wait_of(REP_OUTCOME_EXEC, 12 * S, 15 * S);
		struct recording two[] = {{10 * S, 20 * S, 0, &a, NULL, NULL},
					  {11 * S, 40 * S, 0, &b, NULL, NULL}};
		struct seen *seen;
		int r;

		a.certain = i & 1;
		b.certain = i & 2;
		seen = join_all(two, 2, 0, &r);
		assert_int_equal(seen->n_episodes, 1);
		assert_int_equal(seen->episodes[0].outcome,
				 i == 2 ? REP_OUTCOME_EXEC : REP_OUTCOME_KILLED);
		assert_int_equal(seen->episodes[0].certain, i > 0);
		test_free(seen);
	}
}

/* Of two without an end the later counts; what the earlier has seen of the length stays true. */
static void test_join__the_later_knowledge(void **state)
{
	struct rep_episode open = wait_of(REP_OUTCOME_OPEN, 12 * S, 20 * S);
	struct rep_episode unknown = wait_of(REP_OUTCOME_UNKNOWN, 12 * S, 0);
	struct recording two[] = {{10 * S, 20 * S, 0, &open, NULL, NULL},
				  {30 * S, 40 * S, 0, &unknown, NULL, NULL}};
	struct seen *seen;
	int r;

	unknown.blocked_max_ns = 25 * S;
	seen = join_all(two, 2, 0, &r);
	assert_int_equal(seen->n_episodes, 1);
	assert_int_equal(seen->episodes[0].outcome, REP_OUTCOME_UNKNOWN);
	assert_int_equal(seen->episodes[0].blocked_min_ns, 8 * S);
	assert_int_equal(seen->episodes[0].blocked_max_ns, 25 * S);
	test_free(seen);
}

/* Open when one recording ended; the next lists all who run, and it is not among them. */
static void test_join__over_between_two_recordings(void **state)
{
	struct rep_episode open = wait_of(REP_OUTCOME_OPEN, 12 * S, 20 * S);
	struct rep_process process = {.key = {200, 11 * S}, .spawn = REP_SPAWN_VFORK};
	struct recording two[] = {{10 * S, 20 * S, 10 * S, &open, &process, NULL},
				  {30 * S, 40 * S, 30 * S, NULL, NULL, NULL}};
	struct seen *seen;
	int r;

	seen = join_all(two, 2, 0, &r);
	assert_int_equal(seen->n_episodes, 1);
	assert_int_equal(seen->episodes[0].outcome, REP_OUTCOME_UNKNOWN);
	assert_int_equal(seen->episodes[0].reason, REP_REASON_NOT_LISTED);
	assert_int_equal(seen->episodes[0].reason_ns, 30 * S);
	assert_int_equal(seen->episodes[0].blocked_min_ns, 8 * S);
	assert_int_equal(seen->episodes[0].blocked_max_ns, 18 * S);
	assert_true(seen->processes[0].vanished);
	test_free(seen);
	/* The later one does not say who else runs. */
	two[1].list_ns = 0;
	seen = join_all(two, 2, 0, &r);
	assert_int_equal(seen->episodes[0].outcome, REP_OUTCOME_OPEN);
	assert_false(seen->episodes[0].certain);
	assert_int_equal(seen->episodes[0].reason, REP_REASON_TRACE_ENDS);
	assert_int_equal(seen->episodes[0].reason_ns, 20 * S);
	assert_false(seen->processes[0].vanished);
	test_free(seen);
}

/* What ended before the next recording began goes on at once, in its own section. */
static void test_join__holds_only_what_may_come_again(void **state)
{
	struct rep_episode early = wait_of(REP_OUTCOME_EXEC, 12 * S, 13 * S);
	struct rep_process process = {.key = {200, 11 * S}, .ended = true, .end_ns = 14 * S};
	struct recording two[] = {{10 * S, 20 * S, 0, &early, &process, NULL},
				  {15 * S, 40 * S, 0, NULL, NULL, NULL}};
	struct seen *seen;
	int r;

	seen = join_all(two, 2, 0, &r);
	assert_int_equal(seen->n_episodes, 1);
	assert_int_equal(seen->n_processes, 1);
	assert_int_equal(seen->n_sections, 0);
	test_free(seen);
	early.end_ns = process.end_ns = 15 * S;
	seen = join_all(two, 2, 0, &r);
	assert_int_equal(seen->n_episodes, 1);
	assert_int_equal(seen->n_processes, 1);
	assert_int_equal(seen->n_sections, 1);
	test_free(seen);
}

static void test_join__processes(void **state)
{
	struct rep_process first = {.key = {200, 11 * S},
				    .spawn = REP_SPAWN_FORK,
				    .start_ns = 12 * S,
				    .parent = {100, S},
				    .exec_count = 1,
				    .exec_ns = 13 * S,
				    .execed = true};
	struct rep_process second = {.key = {200, 11 * S},
				     .spawn = REP_SPAWN_EXISTING,
				     .start_ns = 11 * S,
				     .parent = {1, 1},
				     .uid = 7,
				     .exec_count = 2,
				     .exec_ns = 31 * S,
				     .execed = true,
				     .ended = true,
				     .end_ns = 35 * S,
				     .exit_code = 3};
	struct recording two[] = {{10 * S, 20 * S, 0, NULL, &first, NULL},
				  {30 * S, 40 * S, 0, NULL, &second, NULL}};
	struct seen *seen;
	int r;

	seen = join_all(two, 2, 0, &r);
	assert_int_equal(seen->n_processes, 1);
	assert_int_equal(seen->processes[0].spawn, REP_SPAWN_FORK);
	assert_int_equal(seen->processes[0].start_ns, 12 * S);
	assert_int_equal(seen->processes[0].parent.tgid, 100);
	assert_int_equal(seen->processes[0].uid, 7);
	assert_int_equal(seen->processes[0].exec_count, 3);
	assert_int_equal(seen->processes[0].exec_ns, 13 * S);
	assert_int_equal(seen->processes[0].end_ns, 35 * S);
	assert_int_equal(seen->processes[0].exit_code, 3);
	test_free(seen);
	/* Both watched: each saw the same execs. */
	two[1].begin_ns = 12 * S;
	seen = join_all(two, 2, 0, &r);
	assert_int_equal(seen->processes[0].exec_count, 2);
	test_free(seen);
}

/* A cgroup that only one recording names is named for what another told of it. */
static void test_join__names_of_cgroups(void **state)
{
	struct vft_str text = {"/a.slice", 8};
	struct rep_str *path = rep_str_new(&text);
	struct rep_episode open = wait_of(REP_OUTCOME_OPEN, 12 * S, 20 * S), again = open;

	open.cgroup = again.cgroup = 77;
	for (int i = 0; i < 2; i++) {
		struct recording two[] = {{10 * S, 20 * S, 0, &open, NULL, i ? path : NULL},
					  {30 * S, 40 * S, 0, &again, NULL, i ? NULL : path}};
		struct seen *seen;
		int r;

		seen = join_all(two, 2, 0, &r);
		assert_int_equal(seen->cgroup.size, 8);
		test_free(seen);
	}
	rep_str_release(path);
}

static void test_join__is_bounded(void **state)
{
	struct rep_episode open = wait_of(REP_OUTCOME_OPEN, 12 * S, 20 * S), other = open;
	struct recording two[] = {{10 * S, 20 * S, 0, &open, NULL, NULL},
				  {30 * S, 40 * S, 0, &other, NULL, NULL}};
	struct seen *seen;
	int r;

	other.child.tgid = other.child_tid = 201;
	seen = join_all(two, 2, 2, &r);
	assert_int_equal(r, 0);
	assert_int_equal(seen->n_episodes, 2);
	/* Each of one input. */
	assert_int_equal(seen->n_inputs, 2);
	assert_int_equal(seen->inputs[0], 0);
	assert_int_equal(seen->inputs[1], 1);
	test_free(seen);
	seen = join_all(two, 2, 1, &r);
	assert_int_equal(r, -E2BIG);
	test_free(seen);
}

/* Of a boot with one recording nothing is held. */
static void test_join__others_pass(void **state)
{
	struct rep_episode open = wait_of(REP_OUTCOME_OPEN, 12 * S, 20 * S);
	struct recording one[] = {{10 * S, 20 * S, 0, &open, NULL, NULL}};
	struct seen *seen;
	int r;

	seen = join_all(one, 1, 0, &r);
	assert_int_equal(seen->n_episodes, 1);
	assert_int_equal(seen->n_sections, 0);
	test_free(seen);
}

static void test_timeline__one_boot_one_zero(void **state)
{
	struct rep_section_info first = section_of(boot_a, 10 * S, 20 * S);
	struct rep_section_info second = section_of(boot_a, 30 * S, 40 * S);
	struct rep_section_info earlier = section_of(boot_a, 3 * S, 4 * S);
	struct rep_timeline timeline = {0};

	rep_timeline_place(&timeline, &first);
	rep_timeline_place(&timeline, &second);
	rep_timeline_place(&timeline, &earlier);
	assert_int_equal(first.start_ns, 10 * S);
	assert_int_equal(second.start_ns, 10 * S);
	assert_int_equal(earlier.start_ns, 10 * S);
	assert_int_equal(rep_section_relative(&second, 31 * S), 21 * S);
	assert_int_equal(rep_section_relative(&earlier, 3 * S), -7 * (int64_t)S);
	rep_timeline_place(NULL, &second);
	assert_int_equal(second.start_ns, 30 * S);
}

/* Hosts by the world's clock; one may have come up since. */
static void test_timeline__other_hosts(void **state)
{
	struct rep_clock here = {10 * S, 1700000000 * S}, there = {7 * S, 1700000060 * S};
	struct rep_clock up_later = {2 * S, 1700001000 * S}, mad = {2 * S, UINT64_MAX / 2};
	struct rep_section_info a = section_of(boot_a, 10 * S, 20 * S);
	struct rep_section_info b = section_of(boot_b, 7 * S, 9 * S);
	struct rep_section_info none = section_of((struct vft_str){"c", 1}, 7 * S, 9 * S);
	struct rep_timeline timeline = {0};

	a.clocks = &here;
	b.clocks = &there;
	a.n_clocks = b.n_clocks = 1;
	rep_timeline_place(&timeline, &a);
	rep_timeline_place(&timeline, &b);
	assert_int_equal(rep_section_relative(&b, 8 * S), 61 * S);
	b.meta.boot_id = (struct vft_str){"d", 1};
	b.clocks = &up_later;
	rep_timeline_place(&timeline, &b);
	assert_int_equal(rep_section_relative(&b, 3 * S), 1001 * S);
	assert_true((int64_t)b.start_ns < 0);
	/* Nothing says when it was. */
	rep_timeline_place(&timeline, &none);
	assert_int_equal(none.start_ns, 7 * S);
	b.meta.boot_id = (struct vft_str){"e", 1};
	b.clocks = &mad;
	rep_timeline_place(&timeline, &b);
	assert_int_equal(b.start_ns, 7 * S);
}

static void write_section(struct vft_sink *sink, uint64_t id, struct vft_str boot, bool do_finish)
{
	struct vft_writer_options options = {.size = sizeof(options), .section_id = id};
	struct vft_meta meta = {.boot_id = boot, .start_ns = id * S};
	struct vft_event clock = {.time_ns = id * S, .kind = VFT_KIND_CLOCK};
	struct vft_end end = {.size = sizeof(end), .end_ns = (id + 1) * S};
	struct vft_writer *writer;

	assert_int_equal(vft_writer_open(sink, &options, &meta, &writer, NULL), 0);
	assert_int_equal(vft_writer_append(writer, &clock, NULL), 0);
	assert_int_equal(vft_writer_flush(writer, NULL), 0);
	if (do_finish)
		assert_int_equal(vft_writer_finish(writer, &end, NULL), 0);
	vft_writer_close(writer);
}

static size_t survey(const struct vft_str *boots, size_t n, bool do_finish,
		     struct rep_survey_section **ret)
{
	unsigned char *bytes = NULL;
	struct vft_source *source;
	size_t size = 0, n_found;

	/* A writer writes at its own sink's beginning. */
	for (size_t i = 0; i < n; i++) {
		struct vft_sink *sink;
		const void *data;
		size_t more;

		assert_int_equal(vft_sink_open_memory(&sink, NULL), 0);
		write_section(sink, i + 1, boots[i], do_finish || i + 1 < n);
		data = vft_sink_memory(sink, &more);
		bytes = realloc(bytes, size + more);
		assert_non_null(bytes);
		memcpy(bytes + size, data, more);
		size += more;
		vft_sink_close(sink);
	}
	assert_int_equal(vft_source_open_memory(bytes, size, &source, NULL), 0);
	assert_int_equal(rep_survey(source, ret, &n_found), 0);
	vft_source_close(source);
	free(bytes);
	return n_found;
}

static void test_survey__finds_every_section(void **state)
{
	const struct vft_str boots[] = {boot_a, boot_b, boot_a};
	struct rep_boot_id a = id_of(boot_a), b = id_of(boot_b);
	struct rep_survey_section *sections;

	assert_int_equal(survey(boots, 3, true, &sections), 3);
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(sections[i].section_id, i + 1);
		assert_int_equal(sections[i].begin_ns, (i + 1) * S);
		assert_true(rep_boot_id_equal(&sections[i].boot, i == 1 ? &b : &a));
	}
	free(sections);
	/* The only one, not closed. */
	assert_int_equal(survey(boots, 1, false, &sections), 1);
	assert_int_equal(sections[0].section_id, 1);
	free(sections);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join__one_hang_two_recordings),
		cmocka_unit_test(test_join__an_end_beats_open),
		cmocka_unit_test(test_join__two_ends),
		cmocka_unit_test(test_join__the_later_knowledge),
		cmocka_unit_test(test_join__over_between_two_recordings),
		cmocka_unit_test(test_join__holds_only_what_may_come_again),
		cmocka_unit_test(test_join__processes),
		cmocka_unit_test(test_join__names_of_cgroups),
		cmocka_unit_test(test_join__is_bounded),
		cmocka_unit_test(test_join__others_pass),
		cmocka_unit_test(test_timeline__one_boot_one_zero),
		cmocka_unit_test(test_timeline__other_hosts),
		cmocka_unit_test(test_survey__finds_every_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
