/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/block/block.h"
#include "replay/source/trace.h"
#include "trace.h"
#include <vft/writer.h>
#include "format/block/meta.h"

#define S     1000000000ull
#define MS    1000000ull
#define EPOCH 1700000000ull

struct seen {
	size_t n_sections, n_ends, n_batches, n_gaps, n_episodes;
	struct rep_section_info last; /* pointers in it are stale, but for what is compared */
	enum rep_outcome outcome;
	bool certain;
	uint64_t realtime_ns, first_loss_ns;
	bool has_realtime;
	int answer; /* of on_section */
};

static int on_section(void *context, const struct rep_section_info *info)
{
	struct seen *seen = context;

	seen->n_sections++;
	assert_true(info->has_meta);
	assert_memory_equal(info->meta.hostname.data, "host", 4);
	return seen->answer;
}

static int on_block(void *context, const struct rep_section_info *info, struct rep_block *block,
		    uint64_t kinds)
{
	struct seen *seen = context;

	seen->n_batches++;
	return 0;
}

static int on_gap(void *context, const struct rep_section_info *info, uint64_t offset,
		  uint64_t size_bytes, const struct vft_gap *gap)
{
	struct seen *seen = context;

	seen->n_gaps++;
	return 0;
}

static int on_section_end(void *context, const struct rep_section_info *info)
{
	struct seen *seen = context;

	seen->n_ends++;
	seen->last = *info;
	seen->has_realtime = rep_section_realtime(info, 12 * S, &seen->realtime_ns);
	assert_int_equal(rep_section_relative(info, 9 * S), -(int64_t)S);
	return 0;
}

/* Of one without META, too. */
static int on_section_end_of_any(void *context, const struct rep_section_info *info)
{
	struct seen *seen = context;

	seen->n_ends++;
	seen->last = *info;
	seen->first_loss_ns = info->n_losses ? info->losses[0].from_ns : UINT64_MAX;
	return 0;
}

static int on_episode(void *context, const struct rep_episode *episode)
{
	struct seen *seen = context;

	seen->n_episodes++;
	seen->outcome = episode->outcome;
	seen->certain = episode->certain;
	return 0;
}

static const struct rep_trace_ops ops = {
	.model = {.on_episode = on_episode},
	.on_section = on_section,
	.on_block = on_block,
	.on_gap = on_gap,
	.on_section_end = on_section_end,
};

/* A clock, a vfork by @parent, what else happened, and with @do_finish the end. Malloc'd; the size
 * in *ret. */
static unsigned char *write_story(bool do_finish, const struct vft_task *parent,
				  const struct vft_event *others, size_t n, size_t *ret)
{
	struct vft_writer_options options = {.size = sizeof(options), .section_id = 42};
	struct vft_meta meta = {
		.hostname = {"host", 4}, .start_ns = 10 * S, .has = VFT_HAS_RELEASE};
	struct vft_end end = {.size = sizeof(end), .end_ns = 20 * S};
	struct vft_task child = {.tgid = 200, .tid = 200, .start_ns = 11 * S};
	struct vft_event clock = {.time_ns = 10 * S, .kind = VFT_KIND_CLOCK};
	struct vft_event spawn = {.time_ns = 11 * S, .kind = VFT_KIND_SPAWN, .task = parent};
	struct vft_writer *writer;
	struct vft_sink *sink;
	unsigned char *copy;

	clock.clock.monotonic_ns = 10 * S;
	clock.clock.realtime_ns = EPOCH * S;
	spawn.spawn.child = &child;
	spawn.spawn.clone_flags = 0x4100;
	assert_int_equal(vft_sink_open_memory(&sink, NULL), 0);
	assert_int_equal(vft_writer_open(sink, &options, &meta, &writer, NULL), 0);
	assert_int_equal(vft_writer_append(writer, &clock, NULL), 0);
	assert_int_equal(vft_writer_append(writer, &spawn, NULL), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(vft_writer_append(writer, &others[i], NULL), 0);
	assert_int_equal(vft_writer_flush(writer, NULL), 0);
	if (do_finish)
		assert_int_equal(vft_writer_finish(writer, &end, NULL), 0);
	vft_writer_close(writer);
	copy = malloc(vft_sink_memory(sink, ret) ? *ret : 1);
	assert_non_null(copy);
	memcpy(copy, vft_sink_memory(sink, ret), *ret);
	vft_sink_close(sink);
	return copy;
}

/* The vfork stays open; @lost (NULL: none). */
static unsigned char *write_events(bool do_finish, const struct vft_event *lost, size_t *ret)
{
	struct vft_task parent = {.tgid = 100, .tid = 100, .start_ns = S};

	return write_story(do_finish, &parent, lost, lost != NULL, ret);
}

static unsigned char *write_trace(bool do_finish, size_t *ret)
{
	return write_events(do_finish, NULL, ret);
}

/* Every test runs without and with a thread of a flow's. */
static struct rep_trace_options options;

static int replay(const void *data, size_t size, struct seen *seen, struct rep_trace_total *total)
{
	struct vft_source *source;

	assert_int_equal(vft_source_open_memory(data, size, &source, NULL), 0);
	return rep_trace_replay(&source, 1, &options, &ops, seen, total, NULL);
}

static void test_replay_trace__whole(void **state)
{
	struct rep_trace_total total;
	struct seen seen = {0};
	size_t size;
	unsigned char *data = write_trace(true, &size);

	assert_int_equal(replay(data, size, &seen, &total), 0);
	assert_int_equal(seen.n_sections, 1);
	assert_int_equal(seen.n_ends, 1);
	assert_int_equal(seen.n_batches, 2);
	assert_int_equal(seen.n_gaps, 0);
	assert_int_equal(seen.n_episodes, 1);
	assert_int_equal(seen.outcome, REP_OUTCOME_OPEN);
	assert_true(seen.certain);
	assert_true(seen.has_realtime);
	assert_int_equal(seen.realtime_ns, (EPOCH + 2) * S);
	assert_int_equal(seen.last.start_ns, 10 * S);
	assert_int_equal(seen.last.end_ns, 20 * S);
	assert_int_equal(seen.last.n_kind[VFT_KIND_SPAWN], 1);
	assert_true(total.clean_end);
	assert_false(total.damaged);
	assert_false(total.incomplete);
	assert_int_equal(total.n_events, 2);
	assert_int_equal(total.err.code, 0);
	free(data);
}

/* Where nobody wants rows they are counted; all that is told of the section stays the same. */
/* A thread that was let go execs, and is its process's only one: that did not kill it. */
static void test_replay_trace__exec_by_the_waiter(void **state)
{
	struct vft_task thread = {.tgid = 100, .tid = 101, .start_ns = S};
	struct vft_task leader = {.tgid = 100, .tid = 100, .start_ns = S};
	struct vft_task child = {.tgid = 200, .tid = 200, .start_ns = 11 * S};
	struct vft_str path = {"/bin/sh", 7};
	struct vft_event execs[] = {
		{.time_ns = 12 * S, .kind = VFT_KIND_EXEC, .task = &leader},
		{.time_ns = 13 * S, .kind = VFT_KIND_EXEC, .task = &child},
	};
	struct rep_trace_total total;
	struct seen seen = {0};
	unsigned char *data;
	size_t size;

	execs[0].exec.path = execs[1].exec.path = &path;
	execs[0].exec.old_tid = 101;
	data = write_story(true, &thread, execs, 2, &size);
	assert_int_equal(replay(data, size, &seen, &total), 0);
	assert_int_equal(seen.n_episodes, 1);
	assert_int_equal(seen.outcome, REP_OUTCOME_EXEC);
	free(data);
}

static void test_replay_trace__counted(void **state)
{
	static const struct rep_trace_ops few = {.on_section_end = on_section_end};

	for (int is_closed = 0; is_closed < 2; is_closed++) {
		struct rep_trace_total whole, total;
		struct seen decoded = {0}, counted = {0};
		struct vft_source *source;
		size_t size;
		unsigned char *data = write_trace(is_closed, &size);

		assert_int_equal(replay(data, size, &decoded, &whole), 0);
		assert_int_equal(vft_source_open_memory(data, size, &source, NULL), 0);
		assert_int_equal(
			rep_trace_replay(&source, 1, &options, &few, &counted, &total, NULL), 0);
		assert_int_equal(counted.n_ends, 1);
		assert_memory_equal(counted.last.n_kind, decoded.last.n_kind,
				    sizeof(decoded.last.n_kind));
		assert_int_equal(counted.last.n_events, decoded.last.n_events);
		assert_int_equal(counted.last.first_ns, decoded.last.first_ns);
		assert_int_equal(counted.last.last_ns, decoded.last.last_ns);
		assert_int_equal(counted.last.start_ns, decoded.last.start_ns);
		assert_int_equal(counted.last.end_ns, decoded.last.end_ns);
		assert_int_equal(counted.last.n_clocks, 1);
		assert_int_equal(total.n_events, whole.n_events);
		assert_int_equal(total.size_bytes, whole.size_bytes);
		assert_int_equal(total.clean_end, whole.clean_end);
		free(data);
	}
}

static void test_replay_trace__not_closed(void **state)
{
	struct rep_trace_total total;
	struct seen seen = {0};
	size_t size;
	unsigned char *data = write_trace(false, &size);

	assert_int_equal(replay(data, size, &seen, &total), 0);
	assert_int_equal(seen.outcome, REP_OUTCOME_OPEN);
	assert_false(seen.certain);
	assert_false(total.clean_end);
	assert_true(total.incomplete);
	/* A notice, not damage. */
	assert_false(total.damaged);
	free(data);
}

/* The first block of @type: its header and place. */
static size_t find_block(const unsigned char *data, uint16_t type, struct vft_header *ret)
{
	size_t offset = 0;

	for (;;) {
		assert_int_equal(vft_header_parse(data + offset, ret), 0);
		if (ret->type == type)
			return offset;
		offset += vft_header_get_size(ret);
	}
}

/* What is missing at the beginning of a section is known to whoever judges its events: whether its
 * head was cut off, or the blocks behind SECTION are damaged. */
static void test_replay_trace__beginning_lost(void **state)
{
	struct vft_header header;
	size_t size, n_head, n_damaged;
	unsigned char *data = write_trace(true, &size);
	static const struct rep_trace_ops few = {.on_section_end = on_section_end_of_any};

	n_head = find_block(data, VFT_BLOCK_EVENTS, &header);
	n_damaged = find_block(data, VFT_BLOCK_META, &header);
	memset(data + n_damaged, 0, n_head - n_damaged);
	for (unsigned int is_cut = 0; is_cut < 2; is_cut++) {
		struct rep_trace_total total;
		struct seen seen = {0};
		struct vft_source *source;
		size_t from = is_cut ? n_head : 0;

		assert_int_equal(vft_source_open_memory(data + from, size - from, &source, NULL),
				 0);
		assert_int_equal(rep_trace_replay(&source, 1, &options, &few, &seen, &total, NULL),
				 0);
		assert_int_equal(seen.n_ends, 1);
		assert_int_equal(seen.last.n_kind[VFT_KIND_SPAWN], 1);
		assert_int_equal(seen.first_loss_ns, 0);
		assert_true(total.damaged);
		assert_true(total.incomplete);
	}
	free(data);
}

/* Behind another one a section whose SECTION alone is missing is told with its META, and nothing of
 * it is missing: SECTION holds no event. */
static void test_replay_trace__only_section_lost(void **state)
{
	struct rep_trace_total total;
	struct seen seen = {0};
	struct vft_header header;
	size_t size, n_head;
	unsigned char *data = write_trace(true, &size), *both = malloc(2 * size);

	assert_non_null(both);
	n_head = find_block(data, VFT_BLOCK_META, &header);
	memcpy(both, data, size);
	memcpy(both + size, data + n_head, size - n_head);
	assert_int_equal(replay(both, 2 * size - n_head, &seen, &total), 0);
	assert_int_equal(seen.n_sections, 2);
	assert_int_equal(seen.n_gaps, 1);
	assert_int_equal(seen.n_episodes, 2);
	assert_true(seen.certain);
	assert_true(total.damaged);
	free(both);
	free(data);
}

/* A block that is not known, and not marked as one that may be ignored, is something missing. */
static void test_replay_trace__unknown_block(void **state)
{
	static const uint16_t types[] = {0x123, 0x8123};

	for (size_t i = 0; i < 2; i++) {
		struct rep_trace_total total;
		struct seen seen = {0};
		struct vft_header header;
		size_t size;
		unsigned char *data = write_trace(true, &size);
		size_t offset = find_block(data, VFT_BLOCK_INDEX, &header);

		header.type = types[i];
		vft_header_store(&header, data + offset);
		assert_int_equal(replay(data, size, &seen, &total), 0);
		assert_int_equal(seen.last.n_skipped_blocks, 1);
		assert_int_equal(total.n_unknown_blocks, i == 0);
		assert_int_equal(seen.last.n_losses, i == 0);
		assert_int_equal(total.incomplete, i == 0);
		assert_int_equal(seen.certain, i != 0);
		assert_false(total.damaged);
		free(data);
	}
}

static void test_replay_trace__cut_anywhere(void **state)
{
	size_t size;
	unsigned char *data = write_trace(true, &size);

	for (size_t n = 0; n < size; n++) {
		struct rep_trace_total total;
		struct seen seen = {0};
		struct vft_source *source;
		struct rep_trace_ops few = {.model = {.on_episode = on_episode}};

		assert_int_equal(vft_source_open_memory(data, n, &source, NULL), 0);
		assert_int_equal(rep_trace_replay(&source, 1, &options, &few, &seen, &total, NULL),
				 0);
		/* What stands behind END, its padding and the trailer, is but a hint. */
		assert_true(total.damaged || total.incomplete || n + 32 + 7 >= size);
		if (seen.n_episodes && seen.certain)
			assert_true(total.clean_end);
	}
	free(data);
}

static void test_replay_trace__two_in_one(void **state)
{
	struct rep_trace_total total;
	struct seen seen = {0};
	size_t size;
	unsigned char *data = write_trace(true, &size), *both = malloc(2 * size);

	assert_non_null(both);
	memcpy(both, data, size);
	memcpy(both + size, data, size);
	assert_int_equal(replay(both, 2 * size, &seen, &total), 0);
	assert_int_equal(seen.n_sections, 2);
	assert_int_equal(seen.n_ends, 2);
	assert_int_equal(seen.n_episodes, 2);
	assert_int_equal(total.n_sections, 2);
	assert_true(total.clean_end);
	free(both);
	free(data);
}

/* Make END's integer TLV @id, of one byte, more by @by. */
static void change_end(struct bytes trace, uint8_t id, int by)
{
	struct vft_header header;
	size_t at = trace_find(trace, VFT_BLOCK_END, &header);

	for (size_t i = at + VFT_HEADER_SIZE; trace.data[i] < 7; i += 2 + trace.data[i + 1]) {
		if (trace.data[i] != id)
			continue;
		trace.data[i + 2] = (uint8_t)(trace.data[i + 2] + by);
		trace_reseal(trace, at);
		return;
	}
	fail();
}

/* A block taken out, and those behind it numbered anew: END counts more than there is. */
static void test_replay_trace__end_counts_more(void **state)
{
	for (uint8_t id = VFT_END_N_BLOCKS; id <= VFT_END_N_EVENTS; id++) {
		for (int by = -1; by < 2; by++) {
			struct rep_trace_total total;
			struct seen seen = {0};
			struct bytes trace;

			trace.data = write_trace(true, &trace.size);
			change_end(trace, id, by);
			assert_int_equal(replay(trace.data, trace.size, &seen, &total), 0);
			assert_int_equal(total.damaged, by > 0);
			assert_int_equal(seen.n_gaps, by > 0);
			assert_int_equal(total.n_missing_blocks, by > 0 && id == VFT_END_N_BLOCKS);
			assert_int_equal(seen.outcome,
					 by > 0 ? REP_OUTCOME_UNKNOWN : REP_OUTCOME_OPEN);
			assert_int_equal(seen.certain, by <= 0);
			free(trace.data);
		}
	}
}

/* What comes behind END cannot hide anything that came before it. */
static void test_replay_trace__damage_behind_the_end(void **state)
{
	static const char more[] = "somebody wrote on behind the end of this trace";
	struct rep_trace_total total;
	struct seen seen = {0};
	size_t size;
	unsigned char *data = write_trace(true, &size);

	data = realloc(data, size + sizeof(more));
	assert_non_null(data);
	memcpy(data + size, more, sizeof(more));
	assert_int_equal(replay(data, size + sizeof(more), &seen, &total), 0);
	assert_true(total.damaged);
	assert_int_equal(seen.n_gaps, 1);
	assert_int_equal(seen.outcome, REP_OUTCOME_OPEN);
	assert_true(seen.certain);
	free(data);
}

static struct vft_event loss_of(uint64_t count)
{
	struct vft_event lost = {.time_ns = 13 * S, .kind = VFT_KIND_LOST};

	lost.lost.cause = VFT_CAUSE_RING_FULL;
	lost.lost.from_ns = 12 * S;
	lost.lost.to_ns = 13 * S;
	lost.lost.count = count;
	return lost;
}

/* What two sections lost does not add up to nothing. */
static void test_replay_trace__losses_saturate(void **state)
{
	struct vft_event lost = loss_of(1ull << 63);
	struct rep_trace_total total;
	struct seen seen = {0};
	size_t size;
	unsigned char *data = write_events(true, &lost, &size), *both = malloc(2 * size);

	assert_non_null(both);
	memcpy(both, data, size);
	memcpy(both + size, data, size);
	assert_int_equal(replay(both, 2 * size, &seen, &total), 0);
	assert_true(total.n_lost == UINT64_MAX);
	assert_int_equal(seen.outcome, REP_OUTCOME_UNKNOWN);
	free(both);
	free(data);
}

/* A window is a loss, whatever it counts. */
static void test_replay_trace__loss_of_none(void **state)
{
	struct vft_event lost = loss_of(0);
	struct rep_trace_total total;
	struct seen seen = {0};
	size_t size;
	unsigned char *data = write_events(true, &lost, &size);

	assert_int_equal(replay(data, size, &seen, &total), 0);
	assert_int_equal(total.n_lost, 0);
	assert_int_equal(total.n_losses, 1);
	assert_true(total.incomplete);
	assert_int_equal(seen.outcome, REP_OUTCOME_UNKNOWN);
	free(data);
}

/* One that is no trace does not keep the others from being read. */
static void test_replay_trace__foreign_input(void **state)
{
	static const char text[] =
		"This is not a trace, but a text of some length that never ends well.";
	struct vft_source *sources[2];
	struct rep_trace_total total;
	struct seen seen = {0};
	size_t size;
	unsigned char *data = write_trace(true, &size);

	assert_int_equal(vft_source_open_memory(text, sizeof(text), &sources[0], NULL), 0);
	assert_int_equal(vft_source_open_memory(data, size, &sources[1], NULL), 0);
	assert_int_equal(rep_trace_replay(sources, 2, &options, &ops, &seen, &total, NULL), 0);
	assert_int_equal(seen.n_ends, 1);
	assert_int_equal(seen.last.source, 1);
	assert_true(total.damaged);
	assert_int_equal(total.err.code, -EBADMSG);
	assert_int_equal(total.err_source, 0);
	free(data);
}

static void test_replay_trace__callback_stops(void **state)
{
	struct rep_trace_total total;
	struct seen seen = {.answer = -ECANCELED};
	size_t size;
	unsigned char *data = write_trace(true, &size);

	assert_int_equal(replay(data, size, &seen, &total), -ECANCELED);
	assert_int_equal(seen.n_batches, 0);
	free(data);
}

static int read_ahead(void **state)
{
	return rep_flow_new(1, &options.flow);
}

static int read_in_turn(void **state)
{
	rep_flow_free(options.flow);
	options.flow = NULL;
	return 0;
}

#define IN_TURN_AND_AHEAD(test)                                                                    \
	cmocka_unit_test(test), cmocka_unit_test_setup_teardown(test, read_ahead, read_in_turn)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TURN_AND_AHEAD(test_replay_trace__whole),
		IN_TURN_AND_AHEAD(test_replay_trace__exec_by_the_waiter),
		IN_TURN_AND_AHEAD(test_replay_trace__counted),
		IN_TURN_AND_AHEAD(test_replay_trace__not_closed),
		IN_TURN_AND_AHEAD(test_replay_trace__beginning_lost),
		IN_TURN_AND_AHEAD(test_replay_trace__unknown_block),
		IN_TURN_AND_AHEAD(test_replay_trace__only_section_lost),
		IN_TURN_AND_AHEAD(test_replay_trace__cut_anywhere),
		IN_TURN_AND_AHEAD(test_replay_trace__two_in_one),
		IN_TURN_AND_AHEAD(test_replay_trace__end_counts_more),
		IN_TURN_AND_AHEAD(test_replay_trace__damage_behind_the_end),
		IN_TURN_AND_AHEAD(test_replay_trace__losses_saturate),
		IN_TURN_AND_AHEAD(test_replay_trace__loss_of_none),
		IN_TURN_AND_AHEAD(test_replay_trace__foreign_input),
		IN_TURN_AND_AHEAD(test_replay_trace__callback_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
