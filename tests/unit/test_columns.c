/* SPDX-License-Identifier: BSD-2-Clause */
/* The columns against docs/schema.md, the contract's order, and libvft's fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/rows/rows.h"

static char *read_doc(void)
{
	const char *root = getenv("SOURCE_ROOT");
	char path[4096], *text = calloc(1, 1 << 20);
	FILE *file;

	assert_non_null(text);
	assert_non_null(root);
	snprintf(path, sizeof(path), "%s/docs/schema.md", root);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_in_range(fread(text, 1, (1 << 20) - 1, file), 1000, (1 << 20) - 2);
	fclose(file);
	return text;
}

static const char *type_word(const struct rep_column *column)
{
	if (column->words)
		return "word";
	switch (column->type) {
	case REP_CELL_INT:
	case REP_CELL_UINT:
	case REP_CELL_DURATION:
	case REP_CELL_OFFSET:
	case REP_CELL_MOMENT:
	case REP_CELL_FLAGS:
		return "integer";
	case REP_CELL_BOOL:
		return "boolean";
	case REP_CELL_TIME:
		return "RFC 3339";
	case REP_CELL_ARGV:
		return "array of strings";
	case REP_CELL_BYTES:
	case REP_CELL_WORD:
		break;
	}
	return "string";
}

/* The line that docs/schema.md must have for @column. */
static void doc_line(const struct rep_column *column, struct rep_buf *line)
{
	line->size = 0;
	rep_buf_text(line, "| `");
	rep_buf_text(line, column->name);
	rep_buf_text(line, "` | ");
	rep_buf_text(line, type_word(column));
	rep_buf_text(line, column->may_be_null ? " | yes | " : " | no | ");
	for (const char *c = column->about; *c; c++) {
		if (*c == '|')
			rep_buf_char(line, '\\');
		rep_buf_char(line, *c);
	}
	for (size_t i = 0; column->words && column->words[i]; i++) {
		rep_buf_text(line, i ? ", `" : ": `");
		rep_buf_text(line, column->words[i]);
		rep_buf_char(line, '`');
	}
	rep_buf_text(line, " |\n");
	rep_buf_char(line, '\0');
}

static void test_columns__docs_agree(void **state)
{
	char *doc = read_doc();
	struct rep_buf line = {0};

	for (const struct rep_table_info *table = rep_tables; table->name; table++) {
		char heading[64];
		const char *at;

		snprintf(heading, sizeof(heading), "\n## %s\n", table->name);
		at = strstr(doc, heading);
		assert_non_null(at);
		at = strstr(at, "| --- | --- | --- | --- |\n");
		assert_non_null(at);
		at = strchr(at, '\n') + 1;
		for (size_t i = 0; i < table->n_columns; i++) {
			size_t n = strcspn(at, "\n") + 1;
			char found[1024] = "";

			doc_line(&table->columns[i], &line);
			memcpy(found, at, n < sizeof(found) ? n : sizeof(found) - 1);
			assert_string_equal(found, line.data);
			at += n;
		}
		assert_int_not_equal(*at, '|'); /* and no more */
	}
	rep_buf_release(&line);
	free(doc);
}

static void check_names(const struct rep_column *columns, size_t n, const char *names)
{
	struct rep_buf all = {0};

	for (size_t i = 0; i < n; i++) {
		rep_buf_text(&all, columns[i].name);
		rep_buf_char(&all, ' ');
	}
	rep_buf_char(&all, '\0');
	assert_string_equal(all.data, names);
	rep_buf_release(&all);
}

static void test_columns__contract_order(void **state)
{
	check_names(rep_vforks_columns, REP_N_VFORKS,
		    "start_ns start parent_pid parent_tid parent_comm parent_exe child_pid "
		    "child_ns_pid child_comm syscall clone_flags outcome certain reason blocked_ns "
		    "release_source from_snapshot exec_path exec_errno exit_code exit_signal "
		    "child_state uid cgroup container_id parent_key child_key blocked_min_ns "
		    "blocked_max_ns child_uid child_cgroup child_container_id selected ");
	check_names(rep_processes_columns, REP_N_PROCESSES,
		    "key pid ns_pid ppid parent_key comm exe argv argv_truncated uid cgroup "
		    "container_id spawn start_ns end_ns exec_count exit_code exit_signal "
		    "exec_ns selected ");
	check_names(rep_events_columns, 3, "time_ns kind cpu ");
}

static void test_columns__every_field_of_every_kind(void **state)
{
	for (unsigned int kind = 1; kind <= VFT_KIND_MAX; kind++) {
		const struct vft_field *fields;
		size_t n;

		fields = vft_event_fields(kind, &n);
		for (size_t i = 0; i < n; i++) {
			enum rep_events_column column = rep_events_column(fields[i].column);

			assert_int_not_equal(column, REP_N_EVENTS);
			if (fields[i].type != VFT_TYPE_TASK)
				assert_string_equal(rep_events_columns[column].name,
						    vft_column_name(fields[i].column));
		}
	}
}

static void test_columns__event_row_is_rising(void **state)
{
	static const struct vft_str path = {"/bin/x", 6};
	static const struct vft_task task = {.tgid = 7, .tid = 8};
	struct vft_event event = {.time_ns = 1500, .kind = VFT_KIND_SNAPSHOT, .task = &task};
	struct rep_event_row row = {0};

	event.snapshot.path = &path;
	event.snapshot.state = VFT_STATE_STOPPED;
	rep_events_cells(&event, 1000, &row);
	for (size_t i = 1; i < row.n; i++)
		assert_true(row.which[i - 1] < row.which[i]);
	assert_int_equal(row.cells[0].i, 500);
	for (size_t i = 0; i < row.n; i++) {
		if (row.which[i] == REP_EV_STATE)
			assert_string_equal(row.cells[i].word, "stopped");
		if (row.which[i] == REP_EV_PID)
			assert_int_equal(row.cells[i].u, 7);
		if (row.which[i] == REP_EV_ARGV)
			assert_true(row.cells[i].is_null);
	}
}

/* The kind must have such a column. */
static struct rep_cell cell_of(const struct rep_event_row *row, enum rep_events_column column)
{
	size_t i = 0;

	while (i < row->n && row->which[i] != column)
		i++;
	assert_true(i < row->n);
	return row->cells[i];
}

static void test_columns__whom_a_signal_ended_has_no_code(void **state)
{
	static const struct vft_task task = {.tgid = 7, .tid = 7};
	struct vft_event event = {.kind = VFT_KIND_EXIT, .task = &task};
	struct rep_event_row row = {0};

	rep_events_cells(&event, 0, &row);
	assert_false(cell_of(&row, REP_EV_CODE).is_null);
	assert_int_equal(cell_of(&row, REP_EV_CODE).u, 0);
	assert_true(cell_of(&row, REP_EV_SIGNAL).is_null);
	event.exit.signal = 9;
	rep_events_cells(&event, 0, &row);
	assert_true(cell_of(&row, REP_EV_CODE).is_null);
	assert_string_equal(cell_of(&row, REP_EV_SIGNAL).word, "SIGKILL");
}

static void test_columns__spawn_of_a_thread_shows_its_tid(void **state)
{
	static const struct vft_task task = {.tgid = 7, .tid = 7}, child = {.tgid = 8, .tid = 8};
	static const struct vft_task thread = {.tgid = 7, .tid = 9};
	struct vft_event event = {.kind = VFT_KIND_SPAWN, .task = &task, .spawn.child = &child};
	struct rep_event_row row = {0};

	assert_int_equal(rep_events_columns[REP_EV_CHILD_TID].show, REP_DETAIL);
	rep_events_cells(&event, 0, &row);
	assert_int_equal(cell_of(&row, REP_EV_CHILD_TID).u, 8);
	assert_true(cell_of(&row, REP_EV_CHILD_TID).is_quiet);
	event.spawn.child = &thread;
	rep_events_cells(&event, 0, &row);
	assert_int_equal(cell_of(&row, REP_EV_CHILD_TID).u, 9);
	assert_false(cell_of(&row, REP_EV_CHILD_TID).is_quiet);
}

static void test_columns__clock_in_words(void **state)
{
	struct vft_event event = {.kind = VFT_KIND_CLOCK,
				  .clock = {.realtime_ns = 1700000000123456789u}};
	struct rep_event_row row = {0};

	rep_events_cells(&event, 0, &row);
	assert_int_equal(cell_of(&row, REP_EV_REALTIME).u, 1700000000123456789u);
	assert_int_equal(cell_of(&row, REP_EV_REALTIME_UTC).u, 1700000000123456789u);
	assert_int_equal(rep_events_columns[REP_EV_REALTIME_UTC].type, REP_CELL_TIME);
	for (size_t i = 1; i < row.n; i++)
		assert_true(row.which[i - 1] < row.which[i]);
}

/* The row of an episode whose end is not known, and what text makes of it. */
static void test_columns__bounds_and_child(void **state)
{
	struct rep_origin origin = {.start_ns = 1000};
	struct rep_vfork vfork = {.origin = &origin,
				  .match = REP_MATCH_MAYBE,
				  .child_cgroup_str = rep_str_new(&(struct vft_str){"/a", 2}),
				  .episode = {.outcome = REP_OUTCOME_UNKNOWN,
					      .may_be_open = true,
					      .child_state = VFT_STATE_SLEEPING,
					      .parent = {7, 1},
					      .parent_tid = 9,
					      .child_uid = 33,
					      .child_cgroup = 5,
					      .blocked_min_ns = 181000000000,
					      .blocked_max_ns = UINT64_MAX}};
	struct rep_cell cells[REP_N_VFORKS];
	struct rep_scratch scratch;

	rep_vforks_cells(&vfork, &scratch, cells);
	assert_true(cells[REP_VF_BLOCKED_NS].is_null);
	assert_true(cells[REP_VF_BLOCKED_NS].is_at_least);
	assert_int_equal(cells[REP_VF_BLOCKED_NS].u, 181000000000);
	assert_int_equal(cells[REP_VF_BLOCKED_MIN_NS].u, 181000000000);
	assert_true(cells[REP_VF_BLOCKED_MAX_NS].is_null);
	assert_string_equal(cells[REP_VF_CHILD_STATE].word, "sleeping");
	assert_string_equal(cells[REP_VF_SELECTED].word, "maybe");
	assert_false(cells[REP_VF_SELECTED].is_quiet);
	assert_false(cells[REP_VF_PARENT_TID].is_quiet);
	assert_true(cells[REP_VF_UID].is_null);
	assert_int_equal(cells[REP_VF_CHILD_UID].u, 33);
	assert_memory_equal(cells[REP_VF_CHILD_CGROUP].bytes.data, "/a", 2);
	vfork.match = REP_MATCH_YES;
	vfork.episode.parent_tid = 7;
	vfork.episode.blocked_min_ns = 0;
	rep_str_release(vfork.child_cgroup_str);
	vfork.child_cgroup_str = NULL;
	rep_vforks_cells(&vfork, &scratch, cells);
	assert_false(cells[REP_VF_BLOCKED_NS].is_at_least);
	assert_string_equal(cells[REP_VF_SELECTED].word, "yes");
	assert_true(cells[REP_VF_SELECTED].is_quiet);
	assert_true(cells[REP_VF_PARENT_TID].is_quiet);
	assert_memory_equal(cells[REP_VF_CHILD_CGROUP].bytes.data, "id:5", 4);
}

static void check_container(const char *path, const char *id)
{
	struct vft_str found = rep_container_id((struct vft_str){path, (uint32_t)strlen(path)});

	assert_int_equal(found.size, strlen(id));
	if (found.size)
		assert_memory_equal(found.data, id, found.size);
}

/* Some reasons are fixed texts, others are written into the scratch space. */
static void test_columns__every_reason(void **state)
{
	struct rep_origin origin = {.start_ns = 1000};
	struct rep_cell cells[REP_N_VFORKS];
	struct rep_scratch scratch;
	size_t n = 0;

	(void)state;
	for (enum rep_reason reason = REP_REASON_NONE; reason <= REP_REASON_EARLY; reason++) {
		struct rep_vfork vfork = {.origin = &origin,
					  .episode = {.reason = reason, .reason_ns = 2000}};
		const struct rep_cell *cell = &cells[REP_VF_REASON];
		char buffer[REP_REASON_SIZE];
		const char *want = rep_reason_text(&vfork.episode, origin.start_ns, buffer);

		memset(&scratch, 'x', sizeof(scratch));
		rep_vforks_cells(&vfork, &scratch, cells);
		assert_int_equal(cell->is_null, want == NULL);
		if (!want)
			continue;
		assert_int_equal(cell->bytes.size, strlen(want));
		assert_memory_equal(cell->bytes.data, want, strlen(want));
		n++;
	}
	assert_in_range(n, 10, 99);
}

static void test_columns__container_ids(void **state)
{
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	check_container("/system.slice/docker-" ID ".scope", ID);
	check_container("/docker/" ID, ID);
	check_container("/docker/" ID "/init", ID);
	check_container("/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope", ID);
	check_container("/kubepods/burstable/pod1/" ID, ID);
	check_container("/machine.slice/libpod-" ID ".scope/container", ID);
	check_container("/kubepods.slice/crio-" ID ".scope", ID);
	check_container("/system.slice/docker-" ID "0.scope", "");
	check_container("/user.slice/x" ID, "");
	check_container("/user.slice", "");
	check_container("", "");
#undef ID
}

static void test_columns__syscall_names(void **state)
{
	static const struct {
		const char *arch;
		bool compat;
		int number;
		const char *name;
	} cases[] = {{"x86_64", false, 58, "vfork"},   {"x86_64", false, 56, "clone"},
		     {"x86_64", false, 435, "clone3"}, {"x86_64", true, 190, "vfork"},
		     {"x86_64", true, 120, "clone"},   {"x86_64", true, 58, NULL},
		     {"aarch64", false, 220, "clone"}, {"aarch64", false, 58, NULL},
		     {"vax", false, 58, NULL},         {"x86_64", false, -1, NULL}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vft_str arch = {cases[i].arch, (uint32_t)strlen(cases[i].arch)};
		const char *name = rep_syscall_name(arch, cases[i].compat, cases[i].number);

		assert_int_equal(name == NULL, cases[i].name == NULL);
		if (name)
			assert_string_equal(name, cases[i].name);
	}
}

static void test_columns__signal_and_errno_names(void **state)
{
	char buffer[REP_NAME_SIZE];

	assert_null(rep_signal_name(0, buffer));
	assert_string_equal(rep_signal_name(9, buffer), "SIGKILL");
	assert_string_equal(rep_signal_name(31, buffer), "SIGSYS");
	assert_string_equal(rep_signal_name(34, buffer), "SIGRTMIN");
	assert_string_equal(rep_signal_name(36, buffer), "SIGRTMIN+2");
	assert_string_equal(rep_signal_name(4000000000u, buffer), "SIG4000000000");
	assert_null(rep_errno_name(0, buffer));
	assert_string_equal(rep_errno_name(2, buffer), "ENOENT");
	assert_string_equal(rep_errno_name(11, buffer), "EAGAIN");
	assert_string_equal(rep_errno_name(133, buffer), "EHWPOISON");
	assert_string_equal(rep_errno_name(41, buffer), "E41");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns__docs_agree),
		cmocka_unit_test(test_columns__contract_order),
		cmocka_unit_test(test_columns__every_field_of_every_kind),
		cmocka_unit_test(test_columns__event_row_is_rising),
		cmocka_unit_test(test_columns__whom_a_signal_ended_has_no_code),
		cmocka_unit_test(test_columns__spawn_of_a_thread_shows_its_tid),
		cmocka_unit_test(test_columns__clock_in_words),
		cmocka_unit_test(test_columns__bounds_and_child),
		cmocka_unit_test(test_columns__every_reason),
		cmocka_unit_test(test_columns__container_ids),
		cmocka_unit_test(test_columns__syscall_names),
		cmocka_unit_test(test_columns__signal_and_errno_names),
	};

	return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
