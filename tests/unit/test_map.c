/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/base/map.h"

#define N_KEYS 4096u

static int values[N_KEYS];

static void test_map__sets_finds_removes(void **state)
{
	struct map map = {0};

	for (uint64_t i = 0; i < N_KEYS; i++)
		assert_int_equal(map_set(&map, i * 3, &values[i]), 0);
	assert_int_equal(map.n, N_KEYS);
	map_remove(&map, 0, &values[1]); /* something else stands there */
	for (uint64_t i = 0; i < N_KEYS; i += 2)
		map_remove(&map, i * 3, &values[i]);
	for (uint64_t i = 0; i < N_KEYS; i++)
		assert_ptr_equal(map_find(&map, i * 3), i % 2 ? &values[i] : NULL);
	assert_int_equal(map.n, N_KEYS / 2);
	map_release(&map);
	assert_null(map_find(&map, 3));
}

static size_t count_homes(uint64_t factor)
{
	struct map map = {.capacity = N_KEYS * 2};
	uint8_t is_home[N_KEYS * 2] = {0};
	size_t n_homes = 0;

	for (uint64_t i = 0; i < N_KEYS; i++)
		is_home[map_home(&map, factor * (i << 56 | i >> 8 << 44))] = 1;
	for (size_t i = 0; i < sizeof(is_home); i++)
		n_homes += is_home[i];
	return n_homes;
}

/* Keys that are one to a hash without a secret have homes all over the table, whatever it is. */
static void test_map__chosen_keys_spread(void **state)
{
	uint64_t inverse = 0x9e3779b97f4a7c15ull, drawn = rep_seed;

	for (int i = 0; i < 6; i++) /* Newton: of an odd number, mod 2^64 */
		inverse *= 2 - 0x9e3779b97f4a7c15ull * inverse;
	assert_int_equal(inverse * 0x9e3779b97f4a7c15ull, 1);
	assert_true(drawn != 0);
	for (uint64_t i = 0; i < 2000; i++) {
		/* Secrets with few bits set, and others. */
		rep_seed = i < 64 ? 1ull << i : i * i * 0xd1342543de82ef95ull;
		assert_true(count_homes(inverse) > N_KEYS / 2);
		assert_true(count_homes(1) > N_KEYS / 2);
	}
	rep_seed = drawn;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map__sets_finds_removes),
		cmocka_unit_test(test_map__chosen_keys_spread),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
