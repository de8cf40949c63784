/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of events that are written a block at a time are those that the table writes one by one. */
#include <glob.h>

#include "replay/commands/cmd_events.h"
#include "replay/print/exporter.h"
#include "replay/rows/event_text.h"
#include "trace.h"

struct compared {
	struct rep_out_options options;
	uint32_t n_max;
	bool backwards; /* sent from the last row on, and some at a time */
	struct rep_event_format *format;
	const struct rep_section_info *info;
	struct rep_out ours, expected;
	struct rep_table *table;
	size_t n_rows, n_blocks;
};

static int make(void *context, uint64_t start_ns, struct rep_block *block)
{
	const struct compared *c = context;
	struct rep_event_text *text = block->made;
	int r = rep_event_text_make(c->format, block->columns, start_ns, c->n_max, &text);

	block->made = text;
	return r;
}

static void free_text(void *made)
{
	rep_event_text_free(made);
}

static int on_section(void *context, const struct rep_section_info *info)
{
	((struct compared *)context)->info = info;
	return 0;
}

static void expect_rows(struct compared *c, const struct vft_event *events, uint32_t first,
			uint32_t n)
{
	static struct rep_event_row row;

	for (uint32_t i = first; i < first + n; i++) {
		rep_events_cells(&events[i], c->info->start_ns, &row);
		assert_int_equal(rep_table_row_sparse(c->table, row.which, row.cells, row.n), 0);
	}
}

static void send(struct compared *c, const struct rep_block *block, const struct vft_event *events,
		 uint32_t first, uint32_t n)
{
	assert_int_equal(rep_event_text_send(c->format, block->made, first, n, &c->ours), 0);
	expect_rows(c, events, first, n);
}

static int on_block(void *context, const struct rep_section_info *info, struct rep_block *block,
		    uint64_t kinds)
{
	struct compared *c = context;
	uint32_t n = block->columns->n_rows, some;
	struct vft_event *events = calloc(n + 1, sizeof(*events));

	assert_non_null(events);
	vft_columns_to_events(block->columns, events);
	if (c->backwards) {
		for (uint32_t left = n; left; left -= some) {
			some = 1 + (uint32_t)rand() % 3 * 150;
			some = some < left ? some : left;
			send(c, block, events, left - some, some);
		}
	} else {
		send(c, block, events, 0, n);
	}
	free(events);
	assert_int_equal(c->ours.buf.size, c->expected.buf.size);
	assert_memory_equal(c->ours.buf.data, c->expected.buf.data, c->ours.buf.size);
	c->ours.buf.size = c->expected.buf.size = 0;
	c->n_rows += n;
	c->n_blocks++;
	return 0;
}

static void compare(struct compared *c, struct rep_flow *flow, const void *data, size_t size)
{
	const struct rep_trace_ops ops = {.on_section = on_section,
					  .on_block = on_block,
					  .without_events = true,
					  .make = make,
					  .free = free_text};
	const struct rep_trace_options options = {.flow = flow};
	struct rep_trace_total total;
	struct vft_source *source;

	rep_out_init(&c->ours, -1, &c->options);
	rep_out_init(&c->expected, -1, &c->options);
	assert_int_equal(rep_event_format_new(&c->ours, &c->format), 0);
	assert_non_null(c->format);
	assert_int_equal(rep_table_begin(&c->expected, rep_events_columns, REP_N_EVENTS, &c->table),
			 0);
	c->expected.buf.size = 0; /* the header is the table's in any case */
	assert_int_equal(vft_source_open_memory(data, size, &source, NULL), 0);
	assert_int_equal(rep_trace_replay(&source, 1, &options, &ops, c, &total, NULL), 0);
	rep_table_free(c->table);
	rep_out_release(&c->ours);
	rep_out_release(&c->expected);
}

/* Every format, with rows made by the threads or as they are sent. Returns the number of rows. */
static size_t compare_all(const void *data, size_t size)
{
	static const struct rep_out_options how[] = {
		{.format = REP_CSV},
		{.format = REP_CSV, .csv_safe = true},
		{.format = REP_CSV, .ascii_only = true},
		{.format = REP_JSON},
		{.format = REP_NDJSON},
		{.format = REP_NDJSON, .ascii_only = true},
	};
	static const uint32_t most[] = {UINT32_MAX, 0, 5};
	size_t n_rows = 0;

	for (unsigned int n_threads = 0; n_threads < 4; n_threads += 3) {
		struct rep_flow *flow;
		/* Blocks are used again while a format is there, and not beyond. */
		struct compared c[N_OF(how) * N_OF(most) * 2] = {0};
		size_t n = 0;

		assert_int_equal(rep_flow_new(n_threads, &flow), 0);
		for (size_t i = 0; i < N_OF(how) * N_OF(most) * 2; i++, n++) {
			c[n].options = how[i % N_OF(how)];
			c[n].n_max = most[i / N_OF(how) % N_OF(most)];
			c[n].backwards = i / (N_OF(how) * N_OF(most));
			compare(&c[n], flow, data, size);
			n_rows = c[n].n_rows;
		}
		rep_flow_free(flow);
		while (n--)
			rep_event_format_free(c[n].format);
	}
	return n_rows;
}

static void test_event_text__every_kind(void **state)
{
	struct bytes trace = trace_sample();
	size_t n;

	(void)sample_events(&n);
	assert_int_equal(compare_all(trace.data, trace.size), n);
	bytes_free(&trace);
}

static void test_event_text__golden_traces(void **state)
{
	const char *root = getenv("SOURCE_ROOT");
	char pattern[4096];
	size_t n_rows = 0;
	glob_t found;

	assert_non_null(root);
	snprintf(pattern, sizeof(pattern), "%s/tests/golden/v1/*/*.vft", root);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_in_range(found.gl_pathc, 10, 1000);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		uint8_t *data = malloc(1 << 20);
		FILE *file = fopen(found.gl_pathv[i], "re");
		size_t size;

		assert_non_null(data);
		assert_non_null(file);
		size = fread(data, 1, 1 << 20, file);
		fclose(file);
		n_rows += compare_all(data, size);
		free(data);
	}
	assert_in_range(n_rows, 100, 1000000);
	globfree(&found);
}

static const struct vft_str names[] = {
	{"", 0},
	{"sh", 2},
	{"a,b", 3},
	{"say \"hi\"", 8},
	{" blank", 6},
	{"blank ", 6},
	{"=cmd|' /C calc'!A0", 18},
	{"+1", 2},
	{"@x", 2},
	{"\\x41", 4},
	{"line\nfeed\rreturn", 16},
	{"nul\0inside", 10},
	{"\x1b[31mred\x1b[0m", 12},
	{"\xff\xfe not utf-8 \xc3", 15},
	{"snowman \xe2\x98\x83", 11},
	{"\xe2\x80\xaeright to left", 16},
	{"\xf0\x9f\x92\xa9", 4},
	{"\xed\xa0\x80 surrogate", 13},
	{"it's", 4},
	{"a\0b c\0=d\0e=f\0,\0\0g\0", 18},
	{"plain\0--and=safe\0/path\0", 23},
	{"\0", 1},
	{"x\0=y\0z\0", 7},
	{"last one is open\0no end", 23},
	{"0123456789012345678901234567890123456789012345678901234567890123456789", 70},
};

/* Each name everywhere, and more than once: as a string of two columns, and again in the same. */
static size_t hostile_events(struct vft_event *events, const struct vft_task *tasks, size_t n_tasks)
{
	size_t n = 0;

	for (size_t turn = 0; turn < 3; turn++) {
		for (size_t i = 0; i < N_OF(names); i++) {
			const struct vft_str *other = &names[(i + turn) % N_OF(names)];
			struct vft_event *e = &events[n];

			*e = (struct vft_event){.time_ns = T0 + 10 * n - (n % 7 == 3) * 35,
						.cpu = n % 5 ? (uint32_t)n : VFT_CPU_NONE,
						.kind = n % 2 ? VFT_KIND_EXEC : VFT_KIND_SPAWN,
						.task = &tasks[n % n_tasks],
						.comm = &names[i]};
			if (n % 2) {
				e->exec.path = &names[i];
				e->exec.interp = turn ? other : NULL;
				e->exec.argv = other;
				e->exec.exe = i % 3 ? &names[i] : NULL;
				e->exec.exe_ino = (1ull << 53) - 1 + i % 3;
				e->exec.argv_size = (uint32_t)i;
			} else {
				e->spawn.child = &tasks[(n + 1) % n_tasks];
				e->spawn.exit_signal = (uint32_t)i * 3;
				e->spawn.syscall = i % 4 ? (int32_t)i * 1000 : -1;
				e->spawn.clone_flags = 1ull << (i + 32) % 64;
			}
			n++;
		}
	}
	return n;
}

static void test_event_text__hostile_names(void **state)
{
	struct vft_event events[3 * N_OF(names)];
	struct vft_task tasks[5];
	struct bytes trace;
	size_t n;

	for (uint32_t i = 0; i < N_OF(tasks); i++)
		tasks[i] = sample_task(1000 + 7 * i);
	tasks[1].start_ns = 1ull << 60; /* more than a double holds */
	tasks[2].cgroup = UINT64_MAX;
	tasks[3].ns_tgid = 1;
	tasks[3].ns_tid = 2;
	tasks[4].tid = 0x7fffffff;
	tasks[4].pidns++; /* and of the same user and cgroup as the one before */
	n = hostile_events(events, tasks, N_OF(tasks));
	trace = trace_make(SECTION_ID, events, n, 1 << 20, true);
	assert_int_equal(compare_all(trace.data, trace.size), n);
	bytes_free(&trace);
}

/* More text than is kept: a long string in many rows. */
static void test_event_text__more_than_is_kept(void **state)
{
	enum { N = 700, SIZE = 20000 };
	struct vft_event *events = calloc(N, sizeof(*events));
	char *text = malloc(SIZE);
	struct vft_str argv = {text, SIZE};
	struct vft_task task = sample_task(77);
	struct bytes trace;

	assert_non_null(events);
	assert_non_null(text);
	memset(text, 'x', SIZE);
	for (size_t i = 0; i < N; i++) {
		events[i] = (struct vft_event){.time_ns = T0 + i,
					       .kind = i % 3 ? VFT_KIND_EXEC : VFT_KIND_RELEASE};
		events[i].task = &task;
		if (i % 3)
			events[i].exec.argv = &argv;
	}
	trace = trace_make(SECTION_ID, events, N, 1 << 20, true);
	for (unsigned int backwards = 0; backwards < 2; backwards++) {
		struct compared c = {.options = {.format = REP_NDJSON},
				     .n_max = UINT32_MAX,
				     .backwards = backwards};

		compare(&c, NULL, trace.data, trace.size);
		assert_int_equal(c.n_rows, N);
		assert_int_equal(c.n_blocks, 1);
		rep_event_format_free(c.format);
	}
	bytes_free(&trace);
	free(events);
	free(text);
}

/* Rows that are far from each other are found by what was counted before them. */
static void test_event_text__many_rows_backwards(void **state)
{
	enum { N = 3000 };
	struct vft_event *events = calloc(N, sizeof(*events));
	struct vft_task task = sample_task(77);
	struct compared c = {.options = {.format = REP_CSV}, .backwards = true};
	struct bytes trace;

	assert_non_null(events);
	for (size_t i = 0; i < N; i++) {
		events[i] = (struct vft_event){.time_ns = T0 + i,
					       .kind = i % 3   ? VFT_KIND_EXEC
						       : i % 2 ? VFT_KIND_EXIT
							       : VFT_KIND_RELEASE,
					       .task = &task};
		if (i % 3)
			events[i].exec.exe_ino = i;
		else if (i % 2)
			events[i].exit.code = i % 256;
		else
			events[i].release.parent_start_ns = i;
	}
	trace = trace_make(SECTION_ID, events, N, 1 << 20, true);
	compare(&c, NULL, trace.data, trace.size);
	assert_int_equal(c.n_rows, N);
	assert_int_equal(c.n_blocks, 1);
	rep_event_format_free(c.format);
	bytes_free(&trace);
	free(events);
}

/* Text has no rows of its own: they are aligned with others. */
static void test_event_text__not_in_text(void **state)
{
	struct rep_out_options options = {.format = REP_TEXT};
	struct rep_event_format *format = (void *)&options;
	struct rep_out out;

	rep_out_init(&out, -1, &options);
	assert_int_equal(rep_event_format_new(&out, &format), 0);
	assert_null(format);
	rep_out_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_text__every_kind),
		cmocka_unit_test(test_event_text__golden_traces),
		cmocka_unit_test(test_event_text__hostile_names),
		cmocka_unit_test(test_event_text__more_than_is_kept),
		cmocka_unit_test(test_event_text__many_rows_backwards),
		cmocka_unit_test(test_event_text__not_in_text),
	};

	return cmocka_run_group_tests_name("event_text", tests, NULL, NULL);
}
