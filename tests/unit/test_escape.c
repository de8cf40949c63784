/* SPDX-License-Identifier: BSD-2-Clause */
#include <locale.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "replay/print/escape.h"

#define STR(s) ((struct vft_str){(s), sizeof(s) - 1})

static void check(struct rep_buf *buf, const char *expected)
{
	rep_buf_char(buf, '\0');
	assert_int_equal(rep_buf_error(buf), 0);
	assert_string_equal(buf->data, expected);
	rep_buf_release(buf);
}

static void check_text(struct vft_str in, const char *expected)
{
	struct rep_buf buf = {0};

	rep_escape_text(&buf, in);
	check(&buf, expected);
}

static void check_shell(struct vft_str in, const char *expected)
{
	struct rep_buf buf = {0};

	rep_escape_shell(&buf, in);
	check(&buf, expected);
}

static void check_json(struct vft_str in, bool replaced, const char *expected)
{
	struct rep_buf buf = {0};

	assert_int_equal(rep_escape_json(&buf, in), replaced);
	assert_int_equal(rep_escape_is_utf8(in), !replaced);
	check(&buf, expected);
}

static void test_escape__text_controls(void **state)
{
	check_text(STR("plain"), "plain");
	check_text(STR("a\x1b[31m\n\x7f"), "a\\x1b[31m\\x0a\\x7f");
	check_text(STR("a\0b"), "a\\x00b");
	check_text(STR(""), "");
}

static void test_escape__text_backslash_is_unambiguous(void **state)
{
	check_text(STR("\\x1b"), "\\\\x1b");
	check_text(STR("\x1b"), "\\x1b");
}

static void test_escape__text_c1_and_bidi(void **state)
{
	check_text(STR("\xc2\x9b"), "\\xc2\\x9b");
	check_text(STR("\xe2\x80\xae"), "\\xe2\\x80\\xae"); /* U+202E */
	check_text(STR("\xe2\x81\xa6"), "\\xe2\\x81\\xa6"); /* U+2066 */
	check_text(STR("\xd8\x9c"), "\\xd8\\x9c");          /* U+061C */
	check_text(STR("\xe2\x80\x8e"), "\\xe2\\x80\\x8e"); /* U+200E */
	check_text(STR("\xe2\x80\xa8"), "\\xe2\\x80\\xa8"); /* U+2028 */
}

static void test_escape__text_keeps_utf8(void **state)
{
	check_text(STR("h\xc3\xa9llo \xe6\xbc\xa2 \xf0\x9f\x90\xa7"),
		   "h\xc3\xa9llo \xe6\xbc\xa2 \xf0\x9f\x90\xa7");
	check_text(STR("\xc2\xa0"), "\xc2\xa0"); /* U+00A0: the first behind C1 */
}

static void test_escape__text_invalid(void **state)
{
	check_text(STR("\xff\xfe"), "\\xff\\xfe");
	check_text(STR("a\xc3"), "a\\xc3");
	check_text(STR("\xc0\xaf"), "\\xc0\\xaf");                   /* overlong */
	check_text(STR("\xed\xa0\x80"), "\\xed\\xa0\\x80");          /* surrogate */
	check_text(STR("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
	check_text(STR("\xe6\xbc"), "\\xe6\\xbc");
}

static void test_escape__json_replaces_as_unicode_says(void **state)
{
	/* One U+FFFD for each maximal invalid sequence, as Python's errors="replace". */
	check_json(STR("\xe6\xbc"
		       "a"),
		   true,
		   "\"\xef\xbf\xbd"
		   "a\"");
	check_json(STR("\xff\xff"), true, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	check_json(STR("\xed\xa0\x80"), true, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	check_json(STR("\xf0\x9f\x90"), true, "\"\xef\xbf\xbd\"");
}

static void test_escape__json_controls(void **state)
{
	check_json(STR("a\"b\\c"), false, "\"a\\\"b\\\\c\"");
	check_json(STR("\n\t\r\b\f"), false, "\"\\n\\t\\r\\b\\f\"");
	check_json(STR("\x1b\x01"), false, "\"\\u001b\\u0001\"");
	check_json(STR("a\0b"), false, "\"a\\u0000b\"");
	check_json(STR("\x7f\xc2\x9b"), false, "\"\\u007f\\u009b\"");
	check_json(STR("\xe2\x80\xae\xe2\x80\xa8"), false, "\"\\u202e\\u2028\"");
	check_json(STR("\xef\xbf\xbd"), false, "\"\xef\xbf\xbd\""); /* a real U+FFFD */
}

static void test_escape__shell_words(void **state)
{
	check_shell(STR("gcc"), "gcc");
	check_shell(STR("-O2"), "-O2");
	check_shell(STR("--a=b"), "--a=b");
	check_shell(STR(""), "''");
	check_shell(STR("a b"), "'a b'");
	check_shell(STR("a\\b"), "'a\\b'");
	check_shell(STR("$(x)"), "'$(x)'");
	check_shell(STR("=x"), "'=x'");
	check_shell(STR("~"), "'~'");
	check_shell(STR("it's"), "$'it\\'s'");
	check_shell(STR("a\nb\\"), "$'a\\x0ab\\\\'");
	check_shell(STR("\xff"), "$'\\xff'");
}

static void test_escape__base64(void **state)
{
	static const char *const expected[] = {"", "AA==", "AP8=", "AP/+", "AP/+AQ=="};
	static const char bytes[] = "\x00\xff\xfe\x01";

	for (uint32_t n = 0; n <= 4; n++) {
		struct rep_buf buf = {0};

		rep_escape_base64(&buf, (struct vft_str){bytes, n});
		check(&buf, expected[n]);
	}
}

static void check_csv(const char *in, bool guard, const char *expected)
{
	struct rep_buf buf = {0};

	rep_escape_csv(&buf, in, strlen(in), guard);
	check(&buf, expected);
}

static void test_escape__csv_quotes(void **state)
{
	check_csv("plain", false, "plain");
	check_csv("a,b", false, "\"a,b\"");
	check_csv("say \"x\"", false, "\"say \"\"x\"\"\"");
	check_csv(" a", false, "\" a\"");
	check_csv("", false, "\"\"");
	check_csv("=1+1", false, "=1+1");
}

static void test_escape__csv_guard(void **state)
{
	check_csv("=1+1", true, "'=1+1");
	check_csv("@x,y", true, "\"'@x,y\"");
	check_csv("-x", true, "'-x");
	check_csv("+x", true, "'+x");
	check_csv("x=1", true, "x=1");
}

static void test_escape__argv_split(void **state)
{
	static const struct {
		struct vft_str argv;
		const char *joined;
	} cases[] = {
		{STR(""), ""},     {STR("a\0b\0"), "<a><b>"}, {STR("a\0b"), "<a><b>"},
		{STR("\0"), "<>"}, {STR("a\0\0"), "<a><>"},   {STR("\0\0b"), "<><><b>"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rep_buf buf = {0};
		struct vft_str arg;
		size_t at = 0;

		while (rep_argv_next(cases[i].argv, &at, &arg)) {
			rep_buf_char(&buf, '<');
			rep_buf_bytes(&buf, arg.data, arg.size);
			rep_buf_char(&buf, '>');
		}
		check(&buf, cases[i].joined);
	}
}

static void test_escape__width_and_fit(void **state)
{
	const char text[] = "a\xe6\xbc\xa2"
			    "b";

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	assert_int_equal(rep_utf8_columns(text, 5), 4);
	assert_int_equal(rep_utf8_fit(text, 5, 2), 1); /* the wide one does not fit */
	assert_int_equal(rep_utf8_fit(text, 5, 3), 4);
	assert_int_equal(rep_utf8_fit(text, 5, 9), 5);
}

static void test_escape__numbers(void **state)
{
	struct rep_buf buf = {0};

	rep_buf_u64(&buf, 0);
	rep_buf_char(&buf, ' ');
	rep_buf_u64(&buf, UINT64_MAX);
	rep_buf_char(&buf, ' ');
	rep_buf_i64(&buf, INT64_MIN);
	rep_buf_char(&buf, ' ');
	rep_buf_u64(&buf, 1234567);
	check(&buf, "0 18446744073709551615 -9223372036854775808 1234567");
}

static void check_u64(uint64_t value)
{
	struct rep_buf buf = {0};
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	rep_buf_u64(&buf, value);
	check(&buf, text);
}

/* At each change of length, in digits and in bits, and with digits that are all different. */
static void test_escape__every_length(void **state)
{
	for (uint64_t power = 1; power; power = power > UINT64_MAX / 10 ? 0 : power * 10) {
		check_u64(power - 1);
		check_u64(power);
		check_u64(power + 1);
		check_u64(UINT64_C(12345678901234567890) / power);
		check_u64(UINT64_C(9080706050403020109) / power);
	}
	for (unsigned int bit = 0; bit < 64; bit++) {
		check_u64((UINT64_C(1) << bit) - 1);
		check_u64(UINT64_C(1) << bit);
	}
}

static void test_escape__times(void **state)
{
	struct rep_buf buf = {0};

	rep_buf_time(&buf, 0);
	check(&buf, "1970-01-01T00:00:00.000000000Z");
	rep_buf_time(&buf, 1709210096000000001u); /* a leap day */
	check(&buf, "2024-02-29T12:34:56.000000001Z");
	rep_buf_time(&buf, 946684799999999999u);
	check(&buf, "1999-12-31T23:59:59.999999999Z");
}

static void test_escape__durations(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0ns"},
		{999, "999ns"},
		{1000, "1.00us"},
		{12399, "12.3us"},
		{999999, "999us"},
		{1234567890, "1.23s"},
		{59999999999, "59.9s"},
		{60000000000, "1m00s"},
		{3723000000000, "1h02m"},
		{90000000000000, "1d01h"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rep_buf buf = {0};

		rep_buf_duration(&buf, cases[i].ns);
		check(&buf, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape__text_controls),
		cmocka_unit_test(test_escape__text_backslash_is_unambiguous),
		cmocka_unit_test(test_escape__text_c1_and_bidi),
		cmocka_unit_test(test_escape__text_keeps_utf8),
		cmocka_unit_test(test_escape__text_invalid),
		cmocka_unit_test(test_escape__json_replaces_as_unicode_says),
		cmocka_unit_test(test_escape__json_controls),
		cmocka_unit_test(test_escape__shell_words),
		cmocka_unit_test(test_escape__base64),
		cmocka_unit_test(test_escape__csv_quotes),
		cmocka_unit_test(test_escape__csv_guard),
		cmocka_unit_test(test_escape__argv_split),
		cmocka_unit_test(test_escape__width_and_fit),
		cmocka_unit_test(test_escape__numbers),
		cmocka_unit_test(test_escape__every_length),
		cmocka_unit_test(test_escape__times),
		cmocka_unit_test(test_escape__durations),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
