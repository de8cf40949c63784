/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "map.h"

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

/* Keys that are one to a hash without a secret have homes all over the table. */
static void test_map__chosen_keys_spread(void **state)
{
	struct map map = {.capacity = N_KEYS * 2};
	uint64_t inverse = 0x9e3779b97f4a7c15ull, n_homes = 0;
	uint8_t is_home[N_KEYS * 2] = {0};

	for (int i = 0; i < 6; i++) /* Newton: of an odd number, mod 2^64 */
		inverse *= 2 - 0x9e3779b97f4a7c15ull * inverse;
	assert_int_equal(inverse * 0x9e3779b97f4a7c15ull, 1);
	assert_true(rep_seed != 0);
	for (uint64_t i = 0; i < N_KEYS; i++)
		is_home[map_home(&map, inverse * (i << 56 | i >> 8 << 44))] = 1;
	for (size_t i = 0; i < sizeof(is_home); i++)
		n_homes += is_home[i];
	assert_true(n_homes > N_KEYS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map__sets_finds_removes),
		cmocka_unit_test(test_map__chosen_keys_spread),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
