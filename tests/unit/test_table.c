/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/base/zone.h"
#include "replay/print/table.h"

#define STR(s) ((struct vft_str){(s), sizeof(s) - 1})

static const struct rep_column columns[] = {
	{.name = "n", .title = "N", .type = REP_CELL_UINT, .show = REP_SHOW},
	{.name = "name", .title = "NAME", .type = REP_CELL_BYTES, .show = REP_SHOW, .max_width = 6},
	{.name = "argv", .title = "argv", .type = REP_CELL_ARGV, .show = REP_DETAIL},
	{.name = "ok", .type = REP_CELL_BOOL, .show = REP_HIDE},
	{.name = "took", .title = "TOOK", .type = REP_CELL_DURATION, .show = REP_SHOW},
};
enum { N_COLUMNS = 5 };

static void fill(struct rep_cell cells[N_COLUMNS], uint64_t n, struct vft_str name,
		 struct vft_str argv)
{
	cells[0] = REP_UINT(n);
	cells[1] = REP_BYTES(name);
	cells[2] = REP_BYTES(argv);
	cells[3] = REP_BOOL(true);
	cells[4] = REP_UINT(12345678);
}

/* One row as @options want it, against @expected. */
static void check_row(struct rep_out_options options, const struct rep_cell *cells,
		      const char *expected)
{
	struct rep_table *table;
	struct rep_out out;

	rep_out_init(&out, -1, &options);
	assert_int_equal(rep_table_begin(&out, columns, N_COLUMNS, &table), 0);
	assert_int_equal(rep_table_row(table, cells), 0);
	assert_int_equal(rep_table_end(table), 0);
	rep_buf_char(&out.buf, '\0');
	assert_string_equal(out.buf.data, expected);
	rep_out_release(&out);
}

static void test_table__text_aligns(void **state)
{
	struct rep_out_options options = {.format = REP_TEXT};
	struct rep_cell cells[N_COLUMNS];

	fill(cells, 7, STR("sh"), STR("sh\0-c\0a b\0"));
	check_row(options, cells, "N  NAME    TOOK  DETAILS\n7  sh    12.3ms  argv=sh -c 'a b'\n");
}

static void test_table__text_null_is_a_dash(void **state)
{
	struct rep_out_options options = {.format = REP_TEXT};
	struct rep_cell cells[N_COLUMNS] = {REP_NULL, REP_NULL, REP_NULL, REP_NULL, REP_NULL};

	check_row(options, cells, "N  NAME  TOOK  DETAILS\n-  -        -\n");
}

static void test_table__text_at_least(void **state)
{
	struct rep_out_options options = {.format = REP_TEXT, .utf8 = true};
	struct rep_cell cells[N_COLUMNS] = {REP_UINT(7), REP_NULL, REP_NULL, REP_NULL};

	cells[4] = (struct rep_cell){.is_null = true, .is_at_least = true, .u = 181000000000};
	check_row(options, cells, "N  NAME     TOOK  DETAILS\n7  -     \xe2\x89\xa5 3m01s\n");
	options.utf8 = false;
	check_row(options, cells, "N  NAME      TOOK  DETAILS\n7  -     >= 3m01s\n");
	options.format = REP_CSV;
	check_row(options, cells, "n,name,argv,ok,took\r\n7,,,,\r\n");
	options.format = REP_NDJSON;
	check_row(options, cells,
		  "{\"n\":7,\"name\":null,\"argv\":null,\"ok\":null,\"took\":null}\n");
}

static void test_table__text_quiet_detail(void **state)
{
	struct rep_out_options options = {.format = REP_TEXT};
	struct rep_cell cells[N_COLUMNS];

	fill(cells, 7, STR("sh"), STR("x\0"));
	cells[2].is_quiet = true;
	check_row(options, cells, "N  NAME    TOOK  DETAILS\n7  sh    12.3ms\n");
}

/* Doubles hold whole numbers up to 2^53 - 1 exactly. */
static void test_table__json_digits_of_large_numbers(void **state)
{
	struct rep_out_options options = {.format = REP_NDJSON};
	struct rep_out out;

	rep_out_init(&out, -1, &options);
	rep_json_open(&out, NULL, '{');
	rep_json_value(&out, "a", REP_CELL_UINT, REP_UINT((1ull << 53) - 1));
	rep_json_value(&out, "b", REP_CELL_UINT, REP_UINT(1ull << 53));
	rep_json_value(&out, "c", REP_CELL_OFFSET, REP_INT(-(1ll << 53) + 1));
	rep_json_value(&out, "d", REP_CELL_OFFSET, REP_INT(-(1ll << 53)));
	rep_json_value(&out, "e", REP_CELL_INT, REP_INT(INT64_MIN));
	rep_json_value(&out, "f", REP_CELL_DURATION, REP_UINT(UINT64_MAX));
	rep_json_value(&out, "g", REP_CELL_UINT, REP_NULL);
	rep_json_close(&out, '}');
	rep_buf_char(&out.buf, '\0');
	assert_string_equal(out.buf.data,
			    "{\"a\":9007199254740991,"
			    "\"b\":9007199254740992,\"b_text\":\"9007199254740992\","
			    "\"c\":-9007199254740991,"
			    "\"d\":-9007199254740992,\"d_text\":\"-9007199254740992\","
			    "\"e\":-9223372036854775808,\"e_text\":\"-9223372036854775808\","
			    "\"f\":18446744073709551615,\"f_text\":\"18446744073709551615\","
			    "\"g\":null}");
	rep_out_release(&out);
}

static void test_table__text_cut_only_on_a_terminal(void **state)
{
	struct rep_out_options options = {.format = REP_TEXT, .width = 30, .utf8 = true};
	struct rep_cell cells[N_COLUMNS];

	fill(cells, 7, STR("abcdefghij"), STR("x\0yyyyyyyyyyyyyyyyyyyy\0"));
	check_row(options, cells,
		  "N  NAME      TOOK  DETAILS\n7  abcde\xe2\x80\xa6  12.3ms\n    argv=x "
		  "yyyyyyyyyyyyyyyyyy\xe2\x80\xa6\n");
	options.width = 0;
	check_row(options, cells,
		  "N  NAME          TOOK  DETAILS\n7  abcdefghij  12.3ms  argv=x "
		  "yyyyyyyyyyyyyyyyyyyy\n");
}

static const char *const bits[] = {"", "A", "B", NULL};
static const struct rep_column rich[] = {
	{.name = "at", .title = "START", .type = REP_CELL_MOMENT, .show = REP_SHOW},
	{.name = "name",
	 .title = "NAME",
	 .type = REP_CELL_BYTES,
	 .show = REP_SHOW,
	 .max_width = 16},
	{.name = "call", .title = "CALL", .type = REP_CELL_WORD, .show = REP_WIDE},
	{.name = "bits", .title = "bits", .type = REP_CELL_FLAGS, .show = REP_DETAIL, .bits = bits},
	{.name = "why", .title = "why", .type = REP_CELL_BYTES, .show = REP_LINE},
};
#define NOON 1704110400000000000u /* 2024-01-01 12:00 UTC */

static void check_rich(struct rep_out_options options, const struct rep_cell (*rows)[5], size_t n,
		       const char *expected)
{
	struct rep_table *table;
	struct rep_out out;

	rep_out_init(&out, -1, &options);
	assert_int_equal(rep_table_begin(&out, rich, 5, &table), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(rep_table_row(table, rows[i]), 0);
	assert_int_equal(rep_table_end(table), 0);
	rep_buf_char(&out.buf, '\0');
	assert_string_equal(out.buf.data, expected);
	rep_out_release(&out);
}

/* The clock beside the offset, with the date on another day; names of bits; a line for a reason. */
static void test_table__text_clock_flags_and_lines(void **state)
{
	const struct rep_cell rows[][5] = {
		{REP_MOMENT(1500000000, NOON + 1500000000),
		 REP_BYTES(STR("sh")),
		 REP_WORD("vfork"),
		 {.u = 6},
		 REP_BYTES(STR("the reason is long"))},
		{REP_MOMENT(2, NOON + 86400000000000u),
		 REP_BYTES(STR("a")),
		 REP_NULL,
		 {.u = 9},
		 REP_NULL},
		{REP_MOMENT(3, 0), REP_BYTES(STR("b")), REP_NULL, {.u = 0}, REP_NULL},
	};

	rep_zone_set(true);
	check_rich((struct rep_out_options){.format = REP_TEXT}, rows, 3,
		   "         TIME(UTC)     START  NAME  CALL   DETAILS\n"
		   "      12:00:01.500  1.500000  sh    vfork  bits=A|B\n"
		   "    why: the reason is long\n"
		   "01-02 12:00:00.000  0.000000  a     -      bits=0x9\n"
		   "                 -  0.000000  b     -      bits=0\n");
	check_rich((struct rep_out_options){.format = REP_CSV}, rows, 1,
		   "at,name,call,bits,why\r\n1500000000,sh,vfork,6,the reason is long\r\n");
	/* Without any clock there is no column of it. */
	check_rich((struct rep_out_options){.format = REP_TEXT}, rows + 2, 1,
		   "   START  NAME  CALL  DETAILS\n0.000000  b     -     bits=0\n");
}

/* Too narrow: what can be missed, what is said twice, then the length of names. */
static void test_table__text_fits_the_terminal(void **state)
{
	const struct rep_cell rows[][5] = {
		{REP_MOMENT(1500000000, NOON),
		 REP_BYTES(STR("abcdefghijklmn")),
		 REP_WORD("vfork"),
		 {.u = 6},
		 REP_BYTES(STR("one two three four five"))},
	};
	struct rep_out_options options = {.format = REP_TEXT, .width = 74};

	rep_zone_set(true);
	check_rich(options, rows, 1,
		   "   TIME(UTC)     START  NAME            CALL   DETAILS\n"
		   "12:00:00.000  1.500000  abcdefghijklmn  vfork  bits=A|B\n"
		   "    why: one two three four five\n");
	options.width = 60;
	check_rich(options, rows, 1,
		   "   TIME(UTC)     START  NAME            DETAILS\n"
		   "12:00:00.000  1.500000  abcdefghijklmn  bits=A|B\n"
		   "    why: one two three four five\n");
	options.width = 40;
	check_rich(options, rows, 1,
		   "   TIME(UTC)  NAME            DETAILS\n"
		   "12:00:00.000  abcdefghijklmn  bits=A|B\n"
		   "    why: one two three four five\n");
	options.width = 24;
	check_rich(options, rows, 1,
		   "   TIME(UTC)  NAME\n"
		   "12:00:00.000  abcdefg...\n"
		   "    bits=A|B\n"
		   "    why: one two three\n"
		   "    four five\n");
}

static void test_table__text_note(void **state)
{
	struct rep_out_options options = {.format = REP_TEXT};
	struct rep_cell cells[N_COLUMNS];
	struct rep_table *table;
	struct rep_out out;

	fill(cells, 7, STR("sh"), (struct vft_str){0});
	rep_out_init(&out, -1, &options);
	assert_int_equal(rep_table_begin(&out, columns, N_COLUMNS, &table), 0);
	rep_table_note(table, "file", STR("a\x1b.vft"));
	assert_int_equal(rep_table_row(table, cells), 0);
	rep_table_note(table, NULL, (struct vft_str){0});
	assert_int_equal(rep_table_row(table, cells), 0);
	assert_int_equal(rep_table_end(table), 0);
	rep_buf_char(&out.buf, '\0');
	assert_string_equal(out.buf.data,
			    "N  NAME    TOOK  DETAILS\n7  sh    12.3ms  file=a\\x1b.vft\n"
			    "7  sh    12.3ms\n");
	rep_out_release(&out);
}

/* A text of which no more is looked at than columns can need: plain, of escapes, of no width. */
static void test_table__long_text_is_cut(void **state)
{
	static const struct {
		const char *piece;
		size_t min, max; /* bytes that are shown of it */
	} cases[] = {{"abcdefgh", 9, 9}, {"\x1b", 9, 9}, {"\xcc\x81", 3, 400}};
	const size_t size = 2 << 20;
	char *text = malloc(size);

	assert_non_null(text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rep_out_options options = {.format = REP_TEXT, .utf8 = true};
		struct rep_out out;

		for (size_t at = 0; at < size; at++)
			text[at] = cases[i].piece[at % strlen(cases[i].piece)];
		rep_out_init(&out, -1, &options);
		rep_line_bytes(&out, REP_PLAIN, (struct vft_str){text, (uint32_t)size}, 10);
		assert_in_range(out.buf.size, cases[i].min + 3, cases[i].max + 3);
		assert_memory_equal(out.buf.data + out.buf.size - 3, "\xe2\x80\xa6", 3);
		assert_in_range(out.buf.capacity, 1, 64 << 10);
		rep_out_release(&out);
	}
	free(text);
}

static void test_table__text_escapes_before_color(void **state)
{
	struct rep_out_options options = {.format = REP_TEXT, .color = true};
	struct rep_cell cells[N_COLUMNS];

	fill(cells, 7, STR("a\x1b[0m"), (struct vft_str){0});
	cells[1].style = REP_BAD;
	check_row(options, cells,
		  "\x1b[1mN\x1b[0m  \x1b[1mNAME\x1b[0m        \x1b[1mTOOK\x1b[0m  "
		  "\x1b[1mDETAILS\x1b[0m\n"
		  "7  \x1b[1;31ma\\x1b[0m\x1b[0m  12.3ms\n");
}

static void test_table__csv_quotes(void **state)
{
	struct rep_out_options options = {.format = REP_CSV};
	struct rep_cell cells[N_COLUMNS];

	fill(cells, 7, STR("a,\"b\"\n"), STR("sh\0-c\0x, y\0"));
	check_row(
		options, cells,
		"n,name,argv,ok,took\r\n7,\"a,\"\"b\"\"\\x0a\",\"sh -c 'x, y'\",true,12345678\r\n");
}

/* What needs no quotes is written without a look at each argument, and must know what does. */
static void test_table__csv_arguments(void **state)
{
	static const struct {
		struct vft_str name, argv;
		const char *expected;
	} cases[] = {
		{STR("a b"), STR("x\0y\0"), "a b,x y"},
		{STR(" a"), STR("x\0=y\0"), "\" a\",x '=y'"},
		{STR("a "), STR("=x\0y=z\0"), "\"a \",'=x' y=z"},
		{STR("a\\"), STR("x\0\0y\0"), "a\\\\,x '' y"},
		{STR("a\x7f"), STR("x,y\0"), "a\\x7f,\"x,y\""},
		{STR("~!#$"), STR("%+-./:@_\0"), "~!#$,%+-./:@_"},
		{STR("a,"), STR("x y\0"), "\"a,\",'x y'"},
		{STR("-"), STR("\0"), "-,''"},
		{STR("a"), STR("open"), "a,open"},
	};
	struct rep_out_options options = {.format = REP_CSV};
	struct rep_cell cells[N_COLUMNS];
	char line[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fill(cells, 7, cases[i].name, cases[i].argv);
		snprintf(line, sizeof(line), "n,name,argv,ok,took\r\n7,%s,true,12345678\r\n",
			 cases[i].expected);
		check_row(options, cells, line);
	}
}

static void test_table__json_arguments(void **state)
{
	static const struct {
		struct vft_str argv;
		const char *expected;
	} cases[] = {
		{STR("x\0y z\0"), "[\"x\",\"y z\"]"},
		{STR("x\0\0y\0"), "[\"x\",\"\",\"y\"]"},
		{STR("\0"), "[\"\"]"},
		{STR("x\0open"), "[\"x\",\"open\"]"},
		{STR("\"\0"), "[\"\\\"\"]"},
		{STR("a\\\0"), "[\"a\\\\\"]"},
		{STR("a\n\0"), "[\"a\\n\"]"},
		{STR(","), "[\",\"]"},
	};
	struct rep_out_options options = {.format = REP_JSON};
	struct rep_cell cells[N_COLUMNS];
	char line[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fill(cells, 7, STR("a"), cases[i].argv);
		snprintf(line, sizeof(line),
			 "{\"n\":7,\"name\":\"a\",\"argv\":%s,\"ok\":true,\"took\":12345678}",
			 cases[i].expected);
		check_row(options, cells, line);
	}
}

static void test_table__csv_null_and_empty_differ(void **state)
{
	struct rep_out_options options = {.format = REP_CSV};
	struct rep_cell cells[N_COLUMNS];

	fill(cells, 7, STR(""), (struct vft_str){0});
	check_row(options, cells, "n,name,argv,ok,took\r\n7,\"\",,true,12345678\r\n");
}

static void test_table__csv_safe_guards_bytes_only(void **state)
{
	struct rep_out_options options = {.format = REP_CSV, .csv_safe = true};
	struct rep_cell cells[N_COLUMNS];

	fill(cells, 7, STR("=cmd()"), STR("@x\0"));
	check_row(options, cells, "n,name,argv,ok,took\r\n7,'=cmd(),'@x,true,12345678\r\n");
}

static void test_table__json_raw_beside_replaced(void **state)
{
	struct rep_out_options options = {.format = REP_JSON};
	struct rep_cell cells[N_COLUMNS];

	fill(cells, 7, STR("a\xff"), STR("ok\0\xfe\0"));
	check_row(options, cells,
		  "{\"n\":7,\"name\":\"a\xef\xbf\xbd\",\"name_raw\":\"Yf8=\",\"argv\":[\"ok\","
		  "\"\xef\xbf"
		  "\xbd\"],\"argv_raw\":[\"b2s=\",\"/g==\"],\"ok\":true,\"took\":12345678}");
	fill(cells, 7, STR("a"), STR(""));
	check_row(options, cells,
		  "{\"n\":7,\"name\":\"a\",\"argv\":[],\"ok\":true,\"took\":12345678}");
}

static void test_table__ndjson_is_a_line_per_row(void **state)
{
	struct rep_out_options options = {.format = REP_NDJSON};
	struct rep_cell cells[N_COLUMNS];
	struct rep_table *table;
	struct rep_out out;

	fill(cells, 1, STR("a\nb"), (struct vft_str){0});
	rep_out_init(&out, -1, &options);
	assert_int_equal(rep_table_begin(&out, columns, N_COLUMNS, &table), 0);
	assert_int_equal(rep_table_row(table, cells), 0);
	assert_int_equal(rep_table_row(table, cells), 0);
	assert_int_equal(rep_table_end(table), 0);
	rep_buf_char(&out.buf, '\0');
	assert_string_equal(
		out.buf.data,
		"{\"n\":1,\"name\":\"a\\nb\",\"argv\":null,\"ok\":true,\"took\":12345678}\n"
		"{\"n\":1,\"name\":\"a\\nb\",\"argv\":null,\"ok\":true,\"took\":12345678}\n");
	rep_out_release(&out);
}

static void test_table__sparse_rows(void **state)
{
	static const uint8_t which[] = {0, 4};
	const struct rep_cell cells[] = {REP_UINT(1), REP_UINT(5)};
	static const struct {
		enum rep_format format;
		const char *expected;
	} cases[] = {{REP_CSV, "n,name,argv,ok,took\r\n1,,,,5\r\n"},
		     {REP_JSON, "{\"n\":1,\"took\":5}"},
		     {REP_TEXT, "N  NAME  TOOK  DETAILS\n1  -      5ns\n"}};

	for (size_t i = 0; i < 3; i++) {
		struct rep_out_options options = {.format = cases[i].format};
		struct rep_table *table;
		struct rep_out out;

		rep_out_init(&out, -1, &options);
		assert_int_equal(rep_table_begin(&out, columns, N_COLUMNS, &table), 0);
		assert_int_equal(rep_table_row_sparse(table, which, cells, 2), 0);
		assert_int_equal(rep_table_end(table), 0);
		rep_buf_char(&out.buf, '\0');
		assert_string_equal(out.buf.data, cases[i].expected);
		rep_out_release(&out);
	}
}

static void test_table__text_memory_is_bounded(void **state)
{
	struct rep_out_options options = {.format = REP_TEXT};
	struct rep_cell cells[N_COLUMNS];
	struct rep_table *table;
	struct rep_out out;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	rep_out_init(&out, fd, &options);
	fill(cells, 1, STR("sh"), STR("sh\0"));
	assert_int_equal(rep_table_begin(&out, columns, N_COLUMNS, &table), 0);
	for (int i = 0; i < 200000; i++)
		assert_int_equal(rep_table_row(table, cells), 0);
	assert_int_equal(rep_table_end(table), 0);
	assert_in_range(out.buf.capacity, 1, 1 << 20);
	assert_int_equal(rep_out_close(&out), 0);
	assert_in_range(out.n_sent, 200000 * 10, 200000 * 100);
	rep_out_release(&out);
}

static void test_table__full_device(void **state)
{
	struct rep_out_options options = {.format = REP_CSV};
	struct rep_table *table;
	struct rep_out out;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		skip();
	rep_out_init(&out, fd, &options);
	assert_int_equal(rep_table_begin(&out, columns, N_COLUMNS, &table), 0);
	assert_int_equal(rep_table_end(table), 0);
	assert_int_equal(rep_out_close(&out), -ENOSPC);
	rep_out_release(&out);
}

static void test_table__output_is_capped(void **state)
{
	struct rep_out_options options = {.format = REP_CSV, .max_bytes = 100};
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct rep_out out;

	assert_true(fd >= 0);
	rep_out_init(&out, fd, &options);
	rep_buf_fill(&out.buf, 'x', 100);
	assert_int_equal(rep_out_flush(&out), 0);
	rep_buf_char(&out.buf, 'x');
	assert_int_equal(rep_out_flush(&out), -EFBIG);
	assert_int_equal(rep_out_close(&out), -EFBIG);
	assert_int_equal(out.n_sent, 100);
	rep_out_release(&out);
}

static int setup(void **state)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table__text_aligns),
		cmocka_unit_test(test_table__text_null_is_a_dash),
		cmocka_unit_test(test_table__text_at_least),
		cmocka_unit_test(test_table__text_quiet_detail),
		cmocka_unit_test(test_table__json_digits_of_large_numbers),
		cmocka_unit_test(test_table__text_cut_only_on_a_terminal),
		cmocka_unit_test(test_table__text_clock_flags_and_lines),
		cmocka_unit_test(test_table__text_fits_the_terminal),
		cmocka_unit_test(test_table__text_note),
		cmocka_unit_test(test_table__long_text_is_cut),
		cmocka_unit_test(test_table__text_escapes_before_color),
		cmocka_unit_test(test_table__csv_quotes),
		cmocka_unit_test(test_table__csv_arguments),
		cmocka_unit_test(test_table__json_arguments),
		cmocka_unit_test(test_table__csv_null_and_empty_differ),
		cmocka_unit_test(test_table__csv_safe_guards_bytes_only),
		cmocka_unit_test(test_table__json_raw_beside_replaced),
		cmocka_unit_test(test_table__ndjson_is_a_line_per_row),
		cmocka_unit_test(test_table__sparse_rows),
		cmocka_unit_test(test_table__text_memory_is_bounded),
		cmocka_unit_test(test_table__full_device),
		cmocka_unit_test(test_table__output_is_capped),
	};

	return cmocka_run_group_tests_name("table", tests, setup, NULL);
}
