/* SPDX-License-Identifier: BSD-2-Clause */
/* The three lines at the end: each cause of loss has advice that helps against it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/status.h"

#define SECOND 1000000000u

/* What @end says on stderr. */
static const char *summarise(const struct rec_progress *end, const char *output)
{
	static char text[4096];
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_true(saved >= 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	rec_status_summarise(end, output);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	close(fds[1]);
	n = read(fds[0], text, sizeof(text) - 1);
	close(fds[0]);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void test_summary__advice_for_each_cause(void **state)
{
	static const struct {
		enum vft_cause cause;
		const char *advice;
	} all[] = {
		{VFT_CAUSE_RING_FULL, "--ring-size"}, {VFT_CAUSE_PENDING_FULL, "fewer processes"},
		{VFT_CAUSE_TRACKED_FULL, "with -a"},  {VFT_CAUSE_RECURSION, "no option"},
		{VFT_CAUSE_BAD_RECORD, "as a bug"},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct rec_progress end = {.n_lost = 12, .now_ns = SECOND};
		const char *text;

		end.lost_by_cause[all[i].cause] = 12;
		text = summarise(&end, "t.vft");
		assert_non_null(strstr(text, "12 events lost"));
		for (size_t j = 0; j < sizeof(all) / sizeof(all[0]); j++)
			assert_true((strstr(text, all[j].advice) != NULL) == (i == j));
	}
}

static void test_summary__slow_output(void **state)
{
	struct rec_progress end = {.n_lost = 7, .now_ns = SECOND, .was_stalled = true};
	const char *text;

	end.lost_by_cause[VFT_CAUSE_RING_FULL] = 7;
	text = summarise(&end, "-");
	assert_non_null(strstr(text, "too slowly"));
	assert_null(strstr(text, "--ring-size"));
}

static void test_summary__how_long_it_was(void **state)
{
	struct rec_progress end = {.start_ns = SECOND, .now_ns = 6ull * SECOND};

	assert_non_null(strstr(summarise(&end, "t.vft"), "5.0 s, "));
	end.asked_ns = 5ull * SECOND;
	assert_non_null(strstr(summarise(&end, "t.vft"), "5.0 s, "));
	end.asked_ns = 2ull * SECOND;
	assert_non_null(strstr(summarise(&end, "t.vft"), "5.0 s (2.0 s were asked for)"));
}

static void test_summary__no_command_to_read_a_stream_with(void **state)
{
	struct rec_progress end = {.now_ns = SECOND};

	assert_non_null(strstr(summarise(&end, "t.vft"), "vfork-report t.vft"));
	assert_null(strstr(summarise(&end, "-"), "vfork-report"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_summary__advice_for_each_cause),
		cmocka_unit_test(test_summary__slow_output),
		cmocka_unit_test(test_summary__how_long_it_was),
		cmocka_unit_test(test_summary__no_command_to_read_a_stream_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
