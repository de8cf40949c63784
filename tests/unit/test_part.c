/* SPDX-License-Identifier: BSD-2-Clause */
/* A part of a trace says of a window what all of it says. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/source/part.h"
#include <vft/writer.h>
#include "format/block/meta.h"

#define S         1000000000ull
#define MS        1000000ull
#define N_SECONDS 40u
#define PARENT    100u
#define MAX_SEEN  2048u

/* A second holds ten vforks; every tenth second begins with a list of processes. */
struct plan {
	uint64_t long_from_ns, long_to_ns; /* one more vfork, that waits this long; 0 = none */
	bool has_loss;
	uint64_t pidns, list_pidns; /* pidns 0: the first one */
	int64_t adjusted_ns;        /* the world's clock, half-way */
};

static struct vft_task task_of(uint32_t pid, uint64_t start_ns)
{
	return (struct vft_task){.tgid = pid, .tid = pid, .start_ns = start_ns};
}

static void append(struct vft_writer *writer, struct vft_event event)
{
	assert_int_equal(vft_writer_append(writer, &event, NULL), 0);
}

static void put_clock(struct vft_writer *writer, uint64_t time_ns, int64_t adjusted_ns)
{
	struct vft_event event = {.kind = VFT_KIND_CLOCK, .time_ns = time_ns};

	event.clock.realtime_ns = 1700000000 * S + time_ns + (uint64_t)adjusted_ns;
	append(writer, event);
}

static void put_spawn(struct vft_writer *writer, uint64_t time_ns, uint32_t pid)
{
	struct vft_task parent = task_of(PARENT, S), child = task_of(pid, time_ns);
	struct vft_event event = {.kind = VFT_KIND_SPAWN, .time_ns = time_ns, .task = &parent};

	event.spawn.child = &child;
	event.spawn.clone_flags = 0x4100;
	append(writer, event);
}

static void put_exit(struct vft_writer *writer, uint64_t time_ns, uint32_t pid, uint64_t start_ns)
{
	struct vft_task child = task_of(pid, start_ns);
	struct vft_event event = {.kind = VFT_KIND_RELEASE, .time_ns = time_ns, .task = &child};

	event.release.parent_tgid = event.release.parent_tid = PARENT;
	event.release.parent_start_ns = S;
	event.release.by = VFT_BY_EXIT;
	append(writer, event);
	append(writer, (struct vft_event){.kind = VFT_KIND_EXIT,
					  .time_ns = time_ns + 1000,
					  .task = &child,
					  .flags = VFT_EXIT_PROCESS});
}

static void put_list(struct vft_writer *writer, uint64_t time_ns, const struct plan *plan)
{
	bool is_pending = plan->long_from_ns < time_ns && time_ns < plan->long_to_ns;
	struct vft_task parent = task_of(PARENT, S), child = task_of(999, plan->long_from_ns);
	struct vft_event event = {.kind = VFT_KIND_SNAPSHOT,
				  .time_ns = time_ns,
				  .task = &parent,
				  .flags = VFT_SNAPSHOT_FIRST};

	event.snapshot.state = VFT_STATE_BLOCKED;
	if (!is_pending)
		event.flags |= VFT_SNAPSHOT_LAST;
	append(writer, event);
	event.flags = VFT_SNAPSHOT_LAST | VFT_SNAPSHOT_VFORK_PENDING;
	event.task = &child;
	event.snapshot.waiter_tgid = event.snapshot.waiter_tid = PARENT;
	event.snapshot.waiter_start_ns = S;
	if (is_pending)
		append(writer, event);
}

static void put_second(struct vft_writer *writer, uint64_t second, const struct plan *plan)
{
	for (uint64_t i = 0; i < 10; i++) {
		uint64_t now_ns = second * S + i * 100 * MS;
		uint32_t pid = (uint32_t)(1000 + second * 10 + i);

		put_spawn(writer, now_ns, pid);
		put_exit(writer, now_ns + 10 * MS, pid, now_ns);
		if (plan->long_from_ns == now_ns + 50 * MS)
			put_spawn(writer, plan->long_from_ns, 999);
		if (plan->long_to_ns == now_ns + 50 * MS)
			put_exit(writer, plan->long_to_ns, 999, plan->long_from_ns);
	}
}

static struct vft_sink *write_plan(const struct plan *plan)
{
	struct vft_writer_options options = {
		.size = sizeof(options), .section_id = 42, .raw_target = 512};
	struct vft_meta meta = {.start_ns = 10 * S,
				.has = VFT_HAS_RELEASE,
				.pidns = plan->pidns ? plan->pidns : REP_PIDNS_INITIAL,
				.list_pidns = plan->list_pidns};
	struct vft_end end = {.size = sizeof(end), .end_ns = (10 + N_SECONDS) * S};
	struct vft_event lost = {.kind = VFT_KIND_LOST, .time_ns = 20 * S};
	struct vft_event mark = {.kind = VFT_KIND_MARK, .time_ns = 10 * S};
	struct vft_writer *writer;
	struct vft_sink *sink;

	lost.lost.cause = VFT_CAUSE_RING_FULL;
	lost.lost.count = 1;
	lost.lost.from_ns = lost.lost.to_ns = 20 * S;
	mark.mark.what = VFT_MARK_START;
	assert_int_equal(vft_sink_open_memory(&sink, NULL), 0);
	assert_int_equal(vft_writer_open(sink, &options, &meta, &writer, NULL), 0);
	put_clock(writer, 10 * S, 0);
	append(writer, mark);
	for (uint64_t second = 10; second < 10 + N_SECONDS; second++) {
		if (second % 10 == 0)
			put_list(writer, second * S, plan);
		if (second == 30)
			put_clock(writer, 30 * S, plan->adjusted_ns);
		if (plan->has_loss && second == 20)
			append(writer, lost);
		put_second(writer, second, plan);
	}
	assert_int_equal(vft_writer_finish(writer, &end, NULL), 0);
	vft_writer_close(writer);
	return sink;
}

struct seen {
	const struct rep_period *period;
	const struct rep_section_info *info;
	struct rep_episode episodes[MAX_SEEN];
	uint64_t times[MAX_SEEN];
	size_t n_episodes, n_times, n_rows;
	uint64_t n_events, n_blocks, size_bytes;
};

static int on_section(void *context, const struct rep_section_info *info)
{
	((struct seen *)context)->info = info;
	return 0;
}

static int on_block(void *context, const struct rep_section_info *info, struct rep_block *block,
		    uint64_t kinds)
{
	struct seen *seen = context;
	struct rep_window window = rep_period_window(seen->period, info);
	const struct vft_batch *batch = &block->batch;

	for (size_t i = 0; i < batch->n_events; i++) {
		uint64_t time_ns = batch->events[i].time_ns;

		if (!(kinds >> batch->events[i].kind & 1))
			continue;
		seen->n_rows++;
		if (time_ns >= window.from_ns && time_ns <= window.to_ns)
			seen->times[seen->n_times++] = time_ns;
		assert_true(seen->n_times < MAX_SEEN);
	}
	return 0;
}

static int on_episode(void *context, const struct rep_episode *episode)
{
	struct seen *seen = context;
	struct rep_window window = rep_period_window(seen->period, seen->info);
	uint64_t end_ns = episode->end_ns ? episode->end_ns : UINT64_MAX;

	if (episode->start_ns > window.to_ns || end_ns < window.from_ns)
		return 0;
	assert_true(seen->n_episodes < MAX_SEEN);
	seen->episodes[seen->n_episodes++] = *episode;
	return 0;
}

static int on_section_end(void *context, const struct rep_section_info *info)
{
	struct seen *seen = context;

	seen->n_events = info->n_events;
	seen->n_blocks = info->n_blocks;
	seen->size_bytes = info->size_bytes;
	assert_int_equal(info->n_gaps, 0);
	return 0;
}

static struct seen *replay(const struct vft_sink *sink, const struct rep_period *period,
			   const struct rep_part *part)
{
	static const struct rep_trace_ops ops = {.model = {.on_episode = on_episode},
						 .on_section = on_section,
						 .on_block = on_block,
						 .on_section_end = on_section_end};
	struct rep_trace_options options = {.part = part};
	struct rep_trace_total total;
	struct seen *seen = calloc(1, sizeof(*seen));
	struct vft_source *source;
	size_t size;
	const void *data = vft_sink_memory(sink, &size);

	assert_non_null(seen);
	seen->period = period;
	assert_int_equal(vft_source_open_memory(data, size, &source, NULL), 0);
	assert_int_equal(rep_trace_replay(&source, 1, &options, &ops, seen, &total, NULL), 0);
	return seen;
}

static int find(const struct vft_sink *sink, const struct rep_period *period, enum rep_need need,
		struct rep_part *ret)
{
	struct vft_source *source;
	size_t size;
	const void *data = vft_sink_memory(sink, &size);
	int r;

	assert_int_equal(vft_source_open_memory(data, size, &source, NULL), 0);
	r = rep_part_find(source, period, need, NULL, ret);
	vft_source_close(source);
	return r;
}

static void set_window(struct rep_period *period, int64_t from_ns, int64_t to_ns)
{
	*period = (struct rep_period){.from = {.is_given = true, .relative_ns = from_ns},
				      .to = {.is_given = true, .relative_ns = to_ns}};
}

/* Both ways; returns how many rows the part took less. */
static size_t compare(const struct vft_sink *sink, const struct rep_period *period,
		      const struct rep_part *part)
{
	struct seen *whole = replay(sink, period, NULL), *some = replay(sink, period, part);
	size_t saved = whole->n_rows - some->n_rows;

	assert_int_equal(some->n_events, whole->n_events);
	assert_int_equal(some->n_blocks, whole->n_blocks);
	assert_int_equal(some->size_bytes, whole->size_bytes);
	assert_int_equal(some->n_times, whole->n_times);
	assert_memory_equal(some->times, whole->times, whole->n_times * sizeof(whole->times[0]));
	assert_int_equal(some->n_episodes, whole->n_episodes);
	for (size_t i = 0; i < whole->n_episodes; i++) {
		const struct rep_episode *a = &whole->episodes[i], *b = &some->episodes[i];

		assert_int_equal(a->child.tgid, b->child.tgid);
		assert_int_equal(a->start_ns, b->start_ns);
		assert_int_equal(a->outcome, b->outcome);
		assert_int_equal(a->certain, b->certain);
		assert_int_equal(a->end_ns, b->end_ns);
		assert_int_equal(a->clone_flags, b->clone_flags);
		assert_int_equal(a->from_snapshot, b->from_snapshot);
	}
	free(whole);
	free(some);
	return saved;
}

static void test_part__every_window(void **state)
{
	struct plan plan = {.long_from_ns = 18 * S + 450 * MS, .long_to_ns = 33 * S + 50 * MS};
	struct vft_sink *sink = write_plan(&plan);

	for (int64_t from = -1; from <= N_SECONDS; from++) {
		for (int64_t to = from; to <= N_SECONDS + 1; to += 7) {
			struct rep_period period;
			struct rep_part part;

			set_window(&period, from * (int64_t)S, to * (int64_t)S);
			assert_int_equal(find(sink, &period, REP_NEED_LISTS, &part), 1);
			compare(sink, &period, &part);
			assert_int_equal(find(sink, &period, REP_NEED_PAST, &part), 1);
			assert_int_equal(part.resume_off, 0);
			compare(sink, &period, &part);
		}
	}
	vft_sink_close(sink);
}

/* A wait that reaches into the window is told from its beginning, one that does not is left out. */
static void test_part__begins_at_a_list(void **state)
{
	struct plan plan = {.long_from_ns = 18 * S + 450 * MS, .long_to_ns = 33 * S + 50 * MS};
	struct vft_sink *sink = write_plan(&plan);
	struct rep_period period;
	struct rep_part early, pending, late;

	set_window(&period, 5 * (int64_t)S, 6 * (int64_t)S);
	assert_int_equal(find(sink, &period, REP_NEED_LISTS, &early), 1);
	set_window(&period, 21 * (int64_t)S, 22 * (int64_t)S);
	assert_int_equal(find(sink, &period, REP_NEED_LISTS, &pending), 1);
	assert_true(early.resume_off > 0);
	assert_int_equal(pending.resume_off, early.resume_off);
	set_window(&period, 35 * (int64_t)S, 36 * (int64_t)S);
	assert_int_equal(find(sink, &period, REP_NEED_LISTS, &late), 1);
	assert_true(late.resume_off > early.resume_off);
	/* Thirty seconds of thirty events before, and four behind. */
	assert_true(compare(sink, &period, &late) > 900);
	vft_sink_close(sink);
}

static void test_part__nothing_to_choose(void **state)
{
	struct plan plan = {.has_loss = true};
	struct vft_sink *sink = write_plan(&plan);
	struct rep_period period;
	struct rep_part part;

	/* What was lost must be weighed with all that is known. */
	set_window(&period, 35 * (int64_t)S, 36 * (int64_t)S);
	assert_int_equal(find(sink, &period, REP_NEED_LISTS, &part), 0);
	vft_sink_close(sink);
	plan.has_loss = false;
	sink = write_plan(&plan);
	assert_int_equal(find(sink, &period, REP_NEED_ALL, &part), 0);
	period = (struct rep_period){0};
	assert_int_equal(find(sink, &period, REP_NEED_LISTS, &part), 0);
	vft_sink_close(sink);
}

/* Who is in no list may run all the same: then a window is told with all that was before it. */
static void test_part__lists_of_a_namespace(void **state)
{
	struct plan plans[] = {{.pidns = 4026532000u},
			       {.list_pidns = 4026532000u},
			       {.pidns = 4026532000u, .list_pidns = 4026532000u}};

	for (size_t i = 0; i < 3; i++) {
		struct vft_sink *sink = write_plan(&plans[i]);
		struct rep_period period;
		struct rep_part part;

		set_window(&period, 35 * (int64_t)S, 36 * (int64_t)S);
		assert_int_equal(find(sink, &period, REP_NEED_LISTS, &part), 1);
		assert_int_equal(part.resume_off, 0);
		compare(sink, &period, &part);
		vft_sink_close(sink);
	}
}

/* Moments of a clock that was set back while recording. */
static void test_part__adjusted_clock(void **state)
{
	struct plan plan = {.adjusted_ns = -2 * (int64_t)S};
	struct vft_sink *sink = write_plan(&plan);

	for (uint64_t from = 12; from < 10 + N_SECONDS; from++) {
		struct rep_moment moment = {.is_given = true, .is_absolute = true};
		struct rep_period period = {.from = moment, .to = moment};
		struct rep_part part;

		period.from.epoch_ns = (1700000000 + from) * S;
		period.to.epoch_ns = (1700000000 + from + 1) * S;
		assert_int_equal(find(sink, &period, REP_NEED_LISTS, &part), 1);
		compare(sink, &period, &part);
	}
	vft_sink_close(sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_part__every_window),
		cmocka_unit_test(test_part__begins_at_a_list),
		cmocka_unit_test(test_part__nothing_to_choose),
		cmocka_unit_test(test_part__lists_of_a_namespace),
		cmocka_unit_test(test_part__adjusted_clock),
	};

	return cmocka_run_group_tests_name("part", tests, NULL, NULL);
}
