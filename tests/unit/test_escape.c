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

static void utf8_of(int32_t code, char text[5])
{
	unsigned int c = (unsigned int)code, n = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned int heads[] = {0, 0xc0, 0xe0, 0xf0};

	text[n + 1] = '\0';
	text[0] = (char)(heads[n] | c >> (6 * n));
	for (unsigned int i = 1; i <= n; i++)
		text[i] = (char)(0x80 | (c >> (6 * (n - i)) & 0x3f));
}

static bool is_escaped(int32_t code)
{
	struct rep_buf buf = {0};
	char text[5];
	bool escaped;

	utf8_of(code, text);
	rep_escape_text(&buf, (struct vft_str){text, (uint32_t)strlen(text)});
	escaped = buf.size != strlen(text) || memcmp(buf.data, text, buf.size) != 0;
	rep_buf_release(&buf);
	return escaped;
}

/* What has no shape, at both ends of each range; and its neighbours, which people write with. */
static void test_escape__text_invisible(void **state)
{
	static const int32_t invisible[] = {0xad,    0x61c,  0x180e, 0x200b,  0x200d,  0x200f,
					    0x2028,  0x202e, 0x2060, 0x2069,  0x206a,  0x206f,
					    0xfeff,  0xfff9, 0xfffb, 0xe0000, 0xe0001, 0xe0020,
					    0xe007f, 0x3164, 0x115f, 0xfe0f,  0xe0100};
	static const int32_t visible[] = {0xac,   0xae,    0xdb,   0x61b,   0x2010, 0x2027,
					  0x2030, 0x205e,  0x2070, 0xfefe,  0xff00, 0xffef,
					  0xfffd, 0x1f427, 0x3000, 0x10000, 0xdffff};

	for (size_t i = 0; i < sizeof(invisible) / sizeof(invisible[0]); i++) {
		if (!is_escaped(invisible[i]))
			fail_msg("U+%04X passes", (unsigned int)invisible[i]);
	}
	for (size_t i = 0; i < sizeof(visible) / sizeof(visible[0]); i++) {
		if (is_escaped(visible[i]))
			fail_msg("U+%04X does not pass", (unsigned int)visible[i]);
	}
}

/* U+00DB ends with the byte that is CSI to a terminal of eight bits. */
static void test_escape__ascii_only(void **state)
{
	struct vft_str evil = STR("\xc3\x9b"
				  "31m \xf0\x9f\x90\xa7\xff");
	struct rep_buf buf = {.ascii_only = true};

	rep_escape_text(&buf, evil);
	check(&buf, "\\xc3\\x9b31m \\xf0\\x9f\\x90\\xa7\\xff");
	buf.ascii_only = true;
	rep_escape_shell(&buf, evil);
	check(&buf, "$'\\xc3\\x9b31m \\xf0\\x9f\\x90\\xa7\\xff'");
	buf.ascii_only = true;
	assert_true(rep_escape_json(&buf, evil));
	check(&buf, "\"\\u00db31m \\ud83d\\udc27\\ufffd\"");
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
	check_text(STR("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");          /* the same in three */
	check_text(STR("\xf0\x80\x80\xaf"), "\\xf0\\x80\\x80\\xaf"); /* and in four */
	check_text(STR("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"); /* past U+10FFFF */
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
	check_json(STR("\xef\xbf\xbd"), false, "\"\xef\xbf\xbd\"");       /* a real U+FFFD */
	check_json(STR("\xf3\xa0\x80\x81"), false, "\"\\udb40\\udc01\""); /* a tag */
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
	check_csv(" =1", true, "\"' =1\"");
	check_csv("\t=1", true, "'\t=1");
	check_csv("\t", true, "'\t");
	check_csv("\rx", true, "\"'\rx\"");
	check_csv("  x=1", true, "\"  x=1\"");
	check_csv(" ", true, "\" \"");
	check_csv("\xef\xbc\x9d"
		  "1",
		  true,
		  "'\xef\xbc\x9d"
		  "1"); /* U+FF1D, and the others that Excel takes for it */
	check_csv("\xef\xbc\x8b", true, "'\xef\xbc\x8b");
	check_csv("\xef\xbc\x8d", true, "'\xef\xbc\x8d");
	check_csv("\xef\xbc\xa0", true, "'\xef\xbc\xa0");
	check_csv("\xe3\x80\x80=1", true, "'\xe3\x80\x80=1"); /* behind U+3000 */
	check_csv("\xef\xbc\x9d", false, "\xef\xbc\x9d");
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
	/* Every group of four digits, in front and behind. */
	for (uint64_t four = 0; four < 10000; four++) {
		check_u64(four);
		check_u64(four * 10000 + 9999 - four);
		check_u64(UINT64_C(1000000000000) + four * 100000003);
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
		cmocka_unit_test(test_escape__text_invisible),
		cmocka_unit_test(test_escape__ascii_only),
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
