/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/base/nearest.h"

static const char *find(const char *word)
{
	static const char *const names[] = {
		"json-schema", "summary", "vforks", "tree", "events", "export",   "info",  "verify",
		"exit-code",   "outcome", "csv",    "json", "ndjson", "csv-safe", "limit", "min"};
	struct vft_nearest nearest = {0};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		vft_nearest_offer(&nearest, word, names[i]);
	return nearest.name;
}

static void test_nearest__one_slip(void **state)
{
	assert_string_equal(find("sumary"), "summary"); /* left out */
	assert_string_equal(find("vfforks"), "vforks"); /* twice */
	assert_string_equal(find("tere"), "tree");      /* swapped */
	assert_string_equal(find("event"), "events");   /* not ended */
	assert_string_equal(find("verifx"), "verify");  /* replaced */
	assert_string_equal(find("exit_code"), "exit-code");
	assert_string_equal(find("out"), "outcome"); /* how it begins */
	assert_string_equal(find("jsno"), "json");
	assert_string_equal(find("sumamyr"), "summary"); /* two */
}

static void test_nearest__the_nearest_and_not_the_first(void **state)
{
	assert_string_equal(find("ndjso"), "ndjson");
	assert_string_equal(find("json"), "json");
	assert_string_equal(find("csv-saf"), "csv-safe");
	assert_string_equal(find("jso"), "json"); /* the shorter of two that begin so */
}

static void test_nearest__none_is_near(void **state)
{
	assert_null(find(""));
	assert_null(find("x"));
	assert_null(find("replay"));
	assert_null(find("abcdefghijklmnop"));
	assert_null(find("summarysummarysummarysummarysummary"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest__one_slip),
		cmocka_unit_test(test_nearest__the_nearest_and_not_the_first),
		cmocka_unit_test(test_nearest__none_is_near),
	};

	return cmocka_run_group_tests_name("nearest", tests, NULL, NULL);
}
