/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay/commands/cmd.h"
#include "replay/options.h"

#define MAX_ARGS 32

static struct rep_options options;
static struct rep_buf fault;

/* Splits @line at blanks and parses it. */
static int parse(const char *line)
{
	static char copy[512];
	char *argv[MAX_ARGS] = {(char[]){"vfork-report"}}, *save, *word;
	int argc = 1;

	rep_options_release(&options);
	rep_buf_release(&fault);
	assert_true(strlen(line) < sizeof(copy));
	strcpy(copy, line);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_true(argc < MAX_ARGS);
		argv[argc++] = word;
	}
	return rep_options_parse(argc, argv, &options, &fault);
}

static void check_fault(const char *line, const char *expected)
{
	assert_int_equal(parse(line), -EINVAL);
	rep_buf_char(&fault, '\0');
	assert_non_null(strstr(fault.data, expected));
	assert_null(strchr(fault.data, '\n'));
}

static void test_options__command_defaults_to_summary(void **state)
{
	assert_int_equal(parse("t.vft"), 0);
	assert_ptr_equal(options.command, &rep_cmd_summary);
	assert_int_equal(options.n_files, 1);
	assert_int_equal(parse("-"), 0);
	assert_string_equal(options.files[0], "-");
	assert_int_equal(parse("vforks a.vft b.vft"), 0);
	assert_ptr_equal(options.command, &rep_cmd_vforks);
	assert_int_equal(options.n_files, 2);
}

static void test_options__stand_anywhere(void **state)
{
	assert_int_equal(parse("--json vforks t.vft --min=10ms -n 3 -i u.vft"), 0);
	assert_ptr_equal(options.command, &rep_cmd_vforks);
	assert_int_equal(options.format, REP_JSON);
	assert_int_equal(options.min_ns, 10000000);
	assert_int_equal(options.limit, 3);
	assert_int_equal(options.n_files, 2);
	assert_int_equal(parse("vforks -n3 t.vft"), 0);
	assert_int_equal(options.limit, 3);
	assert_int_equal(parse("-q -- -t.vft"), 0);
	assert_string_equal(options.files[0], "-t.vft");
}

static void test_options__select(void **state)
{
	assert_int_equal(
		parse("--pid 1 --pid 2 --ns --comm sh --exe /bin/sh --container ab --uid 0 "
		      "--from -1s --to 2s t.vft"),
		0);
	assert_int_equal(options.select.pids.n, 2);
	assert_int_equal(options.select.pids.items[1], 2);
	assert_true(options.select.ns);
	assert_string_equal(options.select.comms.items[0], "sh");
	assert_int_equal(options.select.uids.n, 1);
	assert_int_equal(options.select.period.from.relative_ns, -1000000000);
	assert_false(rep_select_is_empty(&options.select));
}

static void test_options__outcomes(void **state)
{
	assert_int_equal(parse("vforks --outcome open,unknown t.vft"), 0);
	assert_int_equal(options.outcomes, 1u << REP_OUTCOME_OPEN | 1u << REP_OUTCOME_UNKNOWN);
	check_fault("vforks --outcome open,foo t.vft", "--outcome 'open,foo'");
	check_fault("vforks --outcome open, t.vft", "--outcome 'open,'");
	check_fault("vforks --outcome= t.vft", "--outcome ''");
}

static void test_options__export(void **state)
{
	assert_int_equal(parse("export --format csv t.vft"), 0);
	assert_string_equal(options.table->name, "vforks");
	assert_int_equal(options.format, REP_CSV);
	assert_int_equal(parse("export --format=ndjson --table processes -o - t.vft"), 0);
	assert_string_equal(options.table->name, "processes");
	assert_string_equal(options.output, "-");
	assert_int_equal(parse("export --csv-safe t.vft"), 0);
	assert_true(options.csv_safe);
	check_fault("export --format perfetto t.vft", "csv, ndjson, json");
	check_fault("export t.vft", "--format");
	check_fault("export --format csv --table x t.vft", "vforks, processes or events");
}

static void test_options__faults(void **state)
{
	check_fault("", "no FILE");
	check_fault("--quux t.vft", "unknown option '--quux'; see 'vfork-report --help'");
	check_fault("--quux=1 t.vft", "unknown option '--quux=1'");
	check_fault("-x t.vft", "unknown option '-x'");
	check_fault("analyse t.vft", "commands: summary, vforks, ");
	check_fault("--json --csv vforks t.vft", "more than one output format");
	check_fault("--json=yes t.vft", "takes no value");
	check_fault("t.vft --pid", "option '--pid' needs a value");
	check_fault("--pid -1 t.vft", "--pid '-1'");
	check_fault("--pid 4294967296 t.vft", "out of range; give 0 to 4294967295");
	check_fault("--uid 1,x t.vft", "--uid '1,x' is no number");
	check_fault("vforks -n 99999999999999999999 t.vft", "give 0 to 18446744073709551615");
	check_fault("vforks -n x t.vft", "is no number");
	check_fault("vforks --min 300y t.vft", "1h30m");
	check_fault("vforks --min 300000d t.vft", "give up to 213503d");
	check_fault("--max-cpu 0 t.vft", "1s or more");
	check_fault("--max-memory 63M t.vft", "64M or more");
	check_fault("--max-memory 9223372036854775807 t.vft", "64M or more");
	check_fault("--max-memory much t.vft", "512M or 2G");
	check_fault("--max-output 99999999T t.vft", "give 1 to 16777215T");
	check_fault("--min 1s t.vft", "--min is not an option of 'summary'");
	check_fault("--ns t.vft", "--pid too");
	check_fault("--max-output 0 t.vft", "--max-output '0'");
	check_fault("--color red t.vft", "--color 'red'");
	check_fault("--jso t.vft",
		    "did you mean --json?"); /* no abbreviations: they end in surprises */
}

static void test_options__what_was_meant(void **state)
{
	check_fault("sumary t.vft", "unknown command 'sumary'; did you mean summary?");
	check_fault("vfork t.vft", "did you mean vforks?");
	check_fault("vforks --exitcode t.vft", "did you mean --exit-code?");
	check_fault("vforks --outcom=open t.vft", "did you mean --outcome?");
	check_fault("t.vft vforks", "the command comes first: 'vfork-report vforks t.vft'");
	check_fault("-q t.vft --pid 1 tree", "'vfork-report tree t.vft'");
	check_fault("vforks --pid 1 2 t.vft", "there is no file '2'; give several pids as --pid");
	check_fault("--pid 1 2 t.vft", "there is no file '2'");
	check_fault("--from 5 --to 3s t.vft", "--from is after --to");
	check_fault("--from 2024-01-02T00:00Z --to 2024-01-01T00:00Z t.vft", "--from is after");
	assert_int_equal(parse("--from 23:00 --to 01:00 t.vft"), 0); /* a night */
	assert_int_equal(parse("--from 5 --to 5s t.vft"), 0);
	assert_int_equal(parse("vforks t.vft vforks"), 0); /* then it is a file */
	assert_int_equal(options.n_files, 2);
}

static void test_options__several_numbers(void **state)
{
	char *argv[] = {(char[]){"vfork-report"}, (char[]){"--pid"}, (char[]){"12 13\n"},
			(char[]){"t.vft"}};

	assert_int_equal(parse("--pid 1,2 --pid 3 --uid 0,1000 t.vft"), 0);
	assert_int_equal(options.select.pids.n, 3);
	assert_int_equal(options.select.pids.items[1], 2);
	assert_int_equal(options.select.pids.items[2], 3);
	assert_int_equal(options.select.uids.n, 2);
	check_fault("--pid 1,,x t.vft", "is no number");
	check_fault("--pid , t.vft", "is no number");
	check_fault("--pid= t.vft", "is no number");
	rep_options_release(&options);
	rep_buf_release(&fault);
	assert_int_equal(rep_options_parse(4, argv, &options, &fault), 0); /* $(pidof x) */
	assert_int_equal(options.select.pids.n, 2);
	assert_int_equal(options.select.pids.items[1], 13);
}

static void test_options__help_by_name(void **state)
{
	assert_int_equal(parse("help"), 0);
	assert_true(options.help);
	assert_null(options.command);
	assert_int_equal(parse("help vforks"), 0);
	assert_true(options.help);
	assert_ptr_equal(options.command, &rep_cmd_vforks);
	check_fault("help vfork", "did you mean vforks?");
	assert_int_equal(parse("-h"), 0);
	assert_true(options.help);
	assert_int_equal(parse("-V"), 0);
	assert_true(options.version);
}

static void test_options__fault_is_escaped(void **state)
{
	check_fault("--a\x1b[2J t.vft", "'--a\\x1b[2J'");
}

static void test_options__help_needs_no_file(void **state)
{
	assert_int_equal(parse("vforks --help"), 0);
	assert_ptr_equal(options.command, &rep_cmd_vforks);
	assert_true(options.help);
	assert_int_equal(parse("--help"), 0);
	assert_null(options.command);
	assert_int_equal(parse("--version"), 0);
	assert_int_equal(parse("--json-schema"), 0);
}

static void test_options__help_fits_a_screen(void **state)
{
	for (size_t i = 0; rep_commands[i]; i++) {
		size_t lines = 0, columns = 0;

		assert_int_equal(strncmp(rep_commands[i]->help, "Usage: vfork-report ", 20), 0);
		for (const char *c = rep_commands[i]->help; *c; c++) {
			columns = *c == '\n' ? 0 : columns + 1;
			lines += *c == '\n';
			assert_in_range(columns, 0, 80);
		}
		assert_in_range(lines, 1, 24);
	}
}

static int cleanup(void **state)
{
	rep_options_release(&options);
	rep_buf_release(&fault);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options__command_defaults_to_summary),
		cmocka_unit_test(test_options__stand_anywhere),
		cmocka_unit_test(test_options__select),
		cmocka_unit_test(test_options__outcomes),
		cmocka_unit_test(test_options__export),
		cmocka_unit_test(test_options__faults),
		cmocka_unit_test(test_options__what_was_meant),
		cmocka_unit_test(test_options__several_numbers),
		cmocka_unit_test(test_options__help_by_name),
		cmocka_unit_test(test_options__fault_is_escaped),
		cmocka_unit_test(test_options__help_needs_no_file),
		cmocka_unit_test(test_options__help_fits_a_screen),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, cleanup);
}
