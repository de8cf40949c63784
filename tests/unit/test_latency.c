/* SPDX-License-Identifier: BSD-2-Clause */
/* Percentiles against those of all values, sorted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "replay/base/latency.h"

#define MAX_VALUES 50000u

static uint64_t seed = 7;

static uint64_t next_random(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return seed >> 16 ^ seed << 32;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t nearest_rank(const uint64_t *sorted, size_t n, unsigned int percent)
{
	size_t rank = (n * percent + 99) / 100;

	return sorted[rank ? rank - 1 : 0];
}

static void check(size_t n, unsigned int bits)
{
	static uint64_t values[MAX_VALUES];
	struct rep_latency latency = {0};
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++) {
		values[i] = next_random() >> (64 - 1 - next_random() % bits);
		assert_int_equal(rep_latency_append(&latency, values[i]), 0);
		if (__builtin_add_overflow(total, values[i], &total))
			total = UINT64_MAX;
	}
	qsort(values, n, sizeof(values[0]), by_value);
	assert_int_equal(latency.n, n);
	assert_int_equal(latency.total_ns, total);
	assert_int_equal(latency.max_ns, values[n - 1]);
	for (unsigned int percent = 0; percent <= 100; percent++) {
		uint64_t want = nearest_rank(values, n, percent);
		uint64_t have = rep_latency_percentile(&latency, percent);
		uint64_t off = have > want ? have - want : want - have;

		assert_true(off <= (n <= REP_N_EXACT || percent == 100 ? 0 : want / 2048 + 1));
	}
	rep_latency_release(&latency);
}

static void test_latency__few_are_exact(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 99, 100, 101, REP_N_EXACT - 1, REP_N_EXACT};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check(sizes[i], 63);
}

static void test_latency__many_are_close(void **state)
{
	static const size_t sizes[] = {REP_N_EXACT + 1, 2000, 20000, MAX_VALUES};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned int bits = 1; bits <= 63; bits += 4)
			check(sizes[i], bits);
}

static void test_latency__largest_and_smallest(void **state)
{
	struct rep_latency latency = {0};

	assert_int_equal(rep_latency_percentile(&latency, 50), 0);
	for (unsigned int i = 0; i < 3 * REP_N_EXACT; i++)
		assert_int_equal(rep_latency_append(&latency, i % 3 ? UINT64_MAX : 0), 0);
	assert_int_equal(latency.total_ns, UINT64_MAX);
	assert_int_equal(rep_latency_percentile(&latency, 33), 0);
	assert_int_equal(rep_latency_percentile(&latency, 100), UINT64_MAX);
	assert_int_equal(latency.decades[0], REP_N_EXACT);
	assert_int_equal(latency.decades[REP_N_DECADES - 1], 2 * REP_N_EXACT);
	rep_latency_release(&latency);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_latency__few_are_exact),
		cmocka_unit_test(test_latency__many_are_close),
		cmocka_unit_test(test_latency__largest_and_smallest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
