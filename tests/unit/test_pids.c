/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay/model/pids.h"

#define N_PIDS 9u

/* Neighbours, both ends of a page, both ends of what has pages, and what has none. */
static const uint32_t pids_of[N_PIDS] = {
	0,        1,         PIDS_PER_PAGE - 1, PIDS_PER_PAGE, PIDS_MAX - 1, PIDS_MAX, PIDS_MAX + 1,
	1u << 31, UINT32_MAX};

struct fixture {
	struct pids pids;
	void *expected[N_PIDS][N_PID_ROLES];
	int values[64];
};

static void check(const struct fixture *f)
{
	size_t n[N_PID_ROLES] = {0};

	for (unsigned int i = 0; i < N_PIDS; i++) {
		for (unsigned int role = 0; role < N_PID_ROLES; role++) {
			assert_ptr_equal(pids_find(&f->pids, pids_of[i], role),
					 f->expected[i][role]);
			n[role] += f->expected[i][role] != NULL;
		}
	}
	assert_memory_equal(n, f->pids.n, sizeof(n));
}

static void test_pids__is_an_array(void **state)
{
	static struct fixture f;
	uint32_t random = 1;

	for (unsigned int step = 0; step < 20000; step++) {
		unsigned int i, role;
		void *value;

		random = random * 1664525 + 1013904223;
		i = (random >> 8) % N_PIDS;
		role = (random >> 12) % N_PID_ROLES;
		value = &f.values[(random >> 16) % 64];
		if (random >> 24 & 1) {
			assert_int_equal(pids_set(&f.pids, pids_of[i], role, value), 0);
			f.expected[i][role] = value;
		} else if (f.expected[i][role] && random >> 25 & 1) {
			pids_replace(&f.pids, pids_of[i], role, value);
			f.expected[i][role] = value;
		} else {
			/* What somebody else put there stays. */
			pids_remove(&f.pids, pids_of[i], role, &f);
			pids_remove(&f.pids, pids_of[i], role, NULL);
			pids_remove(&f.pids, pids_of[i], role, f.expected[i][role]);
			f.expected[i][role] = NULL;
		}
		check(&f);
	}
	pids_release(&f.pids);
	memset(f.expected, 0, sizeof(f.expected));
	check(&f);
}

static size_t count_pages(const struct pids *pids)
{
	size_t n = pids->spare != NULL;

	for (unsigned int i = 0; i < PIDS_N_PAGES; i++)
		n += pids->pages[i] != NULL;
	return n;
}

/* Pids wrap: memory goes with those in use, not with all that ever were. */
static void test_pids__lets_pages_go(void **state)
{
	static struct pids pids;
	int value;

	for (uint32_t pid = 0; pid < PIDS_MAX; pid += PIDS_PER_PAGE / 2) {
		assert_int_equal(pids_set(&pids, pid, PID_CHILD, &value), 0);
		assert_int_equal(pids_set(&pids, pid, PID_WAITER, &value), 0);
		pids_remove(&pids, pid, PID_CHILD, &value);
		assert_true(count_pages(&pids) <= 2);
		assert_ptr_equal(pids_find(&pids, pid, PID_WAITER), &value);
		pids_remove(&pids, pid, PID_WAITER, &value);
	}
	assert_true(count_pages(&pids) <= 1);
	pids_release(&pids);
	assert_int_equal(count_pages(&pids), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pids__is_an_array),
		cmocka_unit_test(test_pids__lets_pages_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
