/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "replay/model/losses.h"

#define MS 1000000ull

static void add(struct rep_losses *losses, uint32_t cause, uint32_t cpu, uint64_t count,
		uint64_t from_ms, uint64_t to_ms)
{
	struct rep_loss loss = {cause, cpu, count, from_ms * MS, to_ms * MS};

	assert_int_equal(rep_losses_add(losses, &loss), 0);
}

static bool is_found(struct rep_losses *losses, uint64_t from_ms, uint64_t to_ms)
{
	return rep_losses_find(losses, from_ms * MS, to_ms * MS) != NULL;
}

static void test_losses__merges_what_touches(void **state)
{
	struct rep_losses losses = {0};

	add(&losses, 1, 0, 5, 30, 40);
	add(&losses, 1, 0, 3, 10, 20);
	add(&losses, 1, 0, 2, 20, 30);
	add(&losses, 1, 1, 1, 15, 18);
	rep_losses_sort(&losses);
	assert_int_equal(losses.n, 2);
	assert_int_equal(losses.items[0].count, 10);
	assert_int_equal(losses.items[0].from_ns, 10 * MS);
	assert_int_equal(losses.items[0].to_ns, 40 * MS);
	assert_int_equal(losses.items[1].cpu, 1);
	assert_int_equal(losses.n_events, 11);
	rep_losses_release(&losses);
}

/* A long window that began early is found behind short ones that began later. */
static void test_losses__finds_the_long_one(void **state)
{
	struct rep_losses losses = {0};

	add(&losses, 1, 0, 1, 10, 500);
	add(&losses, 2, 0, 1, 20, 30);
	add(&losses, 3, 0, 1, 40, 50);
	assert_true(is_found(&losses, 400, 410));
	assert_true(is_found(&losses, 410, 400));
	assert_false(is_found(&losses, 501, 600));
	assert_false(is_found(&losses, 5, 9));
	/* Touching is enough. */
	assert_true(is_found(&losses, 5, 10));
	assert_true(is_found(&losses, 500, 600));
	rep_losses_release(&losses);
}

/* A short one within a long one of the same source takes nothing from it. */
static void test_losses__merges_what_lies_within(void **state)
{
	struct rep_losses losses = {0};

	add(&losses, 1, 0, 1, 10, 90);
	add(&losses, 1, 0, 1, 20, 30);
	assert_true(is_found(&losses, 80, 85));
	assert_int_equal(losses.n, 1);
	rep_losses_release(&losses);
}

/* A hostile file's window may run backwards: it is the same. */
static void test_losses__backwards(void **state)
{
	struct rep_losses losses = {0};

	add(&losses, 1, 0, 1, 30, 20);
	assert_true(is_found(&losses, 24, 26));
	assert_false(is_found(&losses, 10, 15));
	rep_losses_release(&losses);
}

/* Merging makes the list shorter while it is searched. */
static void test_losses__finds_after_merge(void **state)
{
	struct rep_losses losses = {0};

	for (uint64_t i = 0; i < 40; i++)
		add(&losses, 1, 0, 1, 10 + i, 11 + i);
	assert_false(is_found(&losses, 60, 70));
	assert_true(is_found(&losses, 45, 70));
	assert_int_equal(losses.n, 1);
	rep_losses_release(&losses);
}

static void test_losses__memory_is_bounded(void **state)
{
	struct rep_losses losses = {0};

	for (uint32_t i = 0; i < 5 * REP_MAX_LOSSES; i++)
		add(&losses, i % 7, i, 1, 10 * (uint64_t)i, 10 * (uint64_t)i + 1);
	assert_true(losses.capacity <= 2 * REP_MAX_LOSSES);
	assert_int_equal(losses.n_events, 5 * REP_MAX_LOSSES);
	/* What was merged covers more, never less. */
	for (uint32_t i = 0; i < 5 * REP_MAX_LOSSES; i += 97)
		assert_true(is_found(&losses, 10 * (uint64_t)i, 10 * (uint64_t)i + 1));
	rep_losses_release(&losses);
}

static void test_losses__unknown_count_stays_unknown(void **state)
{
	struct rep_losses losses = {0};

	add(&losses, 0, VFT_CPU_NONE, 0, 10, 20);
	add(&losses, 0, VFT_CPU_NONE, 5, 20, 30);
	rep_losses_sort(&losses);
	assert_int_equal(losses.n, 1);
	assert_int_equal(losses.items[0].count, 0);
	rep_losses_release(&losses);
}

static struct rep_loss window(uint64_t from_ns, uint64_t to_ns)
{
	return (struct rep_loss){1, 0, 1, from_ns, to_ns};
}

/* To the nanosecond: as far as the slack reaches, and no further. */
static void test_losses__slack_on_both_sides(void **state)
{
	struct rep_loss loss = window(10 * MS, 20 * MS);
	struct rep_losses losses = {0};

	assert_int_equal(rep_losses_add(&losses, &loss), 0);
	assert_non_null(rep_losses_find(&losses, 5 * MS, 10 * MS - REP_LOSS_SLACK_NS));
	assert_null(rep_losses_find(&losses, 5 * MS, 10 * MS - REP_LOSS_SLACK_NS - 1));
	assert_non_null(rep_losses_find(&losses, 20 * MS + REP_LOSS_SLACK_NS, 30 * MS));
	assert_null(rep_losses_find(&losses, 20 * MS + REP_LOSS_SLACK_NS + 1, 30 * MS));
	assert_non_null(rep_losses_find(&losses, 12 * MS, 13 * MS));
	rep_losses_release(&losses);
}

/* Past the cap those of one cause and CPU become one; another's stay apart as long as they can. */
static void test_losses__one_source_at_the_cap(void **state)
{
	struct rep_losses losses = {0};

	add(&losses, 2, 7, 1, 500, 501);
	for (uint32_t i = 0; i <= REP_MAX_LOSSES; i++)
		add(&losses, 1, 0, 1, 1000 + 10 * (uint64_t)i, 1001 + 10 * (uint64_t)i);
	rep_losses_sort(&losses);
	assert_true(losses.n <= 4);
	assert_true(is_found(&losses, 1005, 1006));
	assert_false(is_found(&losses, 600, 900));
	assert_int_equal(losses.items[0].count, 1);
	assert_int_equal(losses.n_events, REP_MAX_LOSSES + 2);
	rep_losses_release(&losses);
}

static void test_losses__sums_saturate(void **state)
{
	struct rep_losses losses = {0};

	add(&losses, 1, 0, 1ull << 63, 10, 20);
	add(&losses, 1, 0, 1ull << 63, 30, 40);
	assert_true(losses.n_events == UINT64_MAX);
	add(&losses, 1, 0, 1, 20, 30);
	rep_losses_sort(&losses);
	assert_int_equal(losses.n, 1);
	assert_true(losses.items[0].count == UINT64_MAX);
	rep_losses_release(&losses);
}

static void test_losses__none_is_a_loss(void **state)
{
	struct rep_losses losses = {0};

	add(&losses, 1, 0, 0, 10, 20);
	assert_true(is_found(&losses, 15, 16));
	assert_false(is_found(&losses, 25, 26));
	rep_losses_release(&losses);
}

/* ---- what the end counts ---- */

static void add_total(struct rep_losses *losses, uint32_t cause, uint32_t cpu, uint64_t count)
{
	struct vft_loss total = {cause, cpu, count};

	assert_int_equal(rep_losses_add_totals(losses, &total, 1), 0);
}

static void test_losses__totals_that_were_told_add_nothing(void **state)
{
	struct rep_losses losses = {0};

	add(&losses, 1, 0, 3, 10, 20);
	add(&losses, 1, 0, 4, 40, 50);
	add(&losses, 2, 0, 0, 60, 70);
	add_total(&losses, 1, 0, 7);
	add_total(&losses, 1, 0, 0);
	add_total(&losses, 2, 0, 0);
	assert_int_equal(losses.n_events, 7);
	assert_false(is_found(&losses, 25, 30));
	rep_losses_release(&losses);
}

static void test_losses__untold_may_be_anywhere(void **state)
{
	/* Another's, more than was told, an unknown count of which nothing was told. */
	static const struct vft_loss totals[] = {{1, 1, 2}, {1, 0, 9}, {3, 0, 0}};
	static const uint64_t sums[] = {2, 9 - 3, 0};

	for (size_t i = 0; i < 3; i++) {
		struct rep_losses losses = {0};

		add(&losses, 1, 0, 3, 10, 20);
		add_total(&losses, totals[i].cause, totals[i].cpu, totals[i].count);
		assert_int_equal(losses.n_events, 3 + sums[i]);
		assert_true(is_found(&losses, 100000, 100001));
		rep_losses_release(&losses);
	}
}

/* Only a hostile file says one twice: the larger holds, in whatever order. */
static void test_losses__totals_said_twice(void **state)
{
	static const struct vft_loss totals[] = {{1, 0, 5}, {2, 0, 1}, {1, 0, 9}, {1, 0, 2}};
	struct rep_losses losses = {0};

	add(&losses, 1, 0, 3, 10, 20);
	assert_int_equal(rep_losses_add_totals(&losses, totals, 4), 0);
	assert_int_equal(losses.n_events, 9 + 1);
	rep_losses_release(&losses);
}

/* ---- what it costs ---- */

/* Any windows in any order: what is found is what a look at each of them finds. */
static void test_losses__finds_what_a_search_finds(void **state)
{
	enum { N = 700 };
	static struct rep_loss all[N];
	struct rep_losses losses = {0};
	uint64_t seed = 1;

	for (uint32_t i = 0; i < N; i++) {
		uint64_t from_ms, first_ns, size_ms;
		bool is_hit = false;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		from_ms = seed >> 33 & 0x3fff, size_ms = seed >> 50 & 63;
		all[i] = (struct rep_loss){1 + (seed >> 60 & 1), seed >> 61 & 3, 1, from_ms * MS,
					   (from_ms + size_ms) * MS};
		assert_int_equal(rep_losses_add(&losses, &all[i]), 0);
		from_ms = seed >> 20 & 0x3fff;
		for (uint32_t k = 0; k <= i; k++)
			is_hit |= all[k].from_ns <= (from_ms + 3) * MS + REP_LOSS_SLACK_NS &&
				  all[k].to_ns + REP_LOSS_SLACK_NS >= from_ms * MS;
		assert_int_equal(is_found(&losses, from_ms, from_ms + 3), is_hit);
		assert_int_equal(
			rep_losses_first(&losses, from_ms * MS, (from_ms + 3) * MS, &first_ns),
			is_hit);
	}
	rep_losses_release(&losses);
}

enum order { RISING, FALLING, EQUAL, ZIGZAG, NESTED, PER_CPU, N_ORDERS };

static struct rep_loss window_of(enum order order, uint64_t i, uint64_t n)
{
	uint64_t at = order == FALLING ? n - i : order == ZIGZAG && i % 2 ? 2 * n - i : i;
	struct rep_loss loss = {1, 0, 1, 10 * at, 10 * at + 1};

	if (order == EQUAL)
		loss.cpu = (uint32_t)i, loss.from_ns = loss.to_ns = 5;
	else if (order == NESTED)
		loss.cpu = (uint32_t)i, loss.to_ns = 20 * n - i;
	else if (order == PER_CPU)
		loss.cpu = i % 64, loss.from_ns = 10 * n * (i % 64) + i;
	return loss;
}

/* Added and asked for in turns, whatever their order: never as if each were sorted anew. */
static void test_losses__cost_is_bounded(void **state)
{
	enum { N = 3 * REP_MAX_LOSSES, STEPS_EACH = 400 };

	for (int order = 0; order < N_ORDERS; order++) {
		struct rep_losses losses = {0};

		for (uint64_t i = 0; i < N; i++) {
			struct rep_loss loss = window_of((enum order)order, i, N);

			assert_int_equal(rep_losses_add(&losses, &loss), 0);
			assert_non_null(rep_losses_find(&losses, loss.from_ns, loss.to_ns));
		}
		assert_in_range(losses.n_steps, N, (uint64_t)STEPS_EACH * N);
		assert_in_range(losses.capacity, 1, REP_MAX_LOSSES);
		rep_losses_release(&losses);
	}
}

static void test_losses__finds_the_first(void **state)
{
	const uint64_t slack = REP_LOSS_SLACK_NS;
	struct rep_losses losses = {0};
	uint64_t first_ns;

	add(&losses, 1, 0, 1, 10, 90);
	add(&losses, 1, 1, 1, 20, 30);
	add(&losses, 1, 2, 1, 95, 96);
	assert_true(rep_losses_first(&losses, 5 * MS, 100 * MS, &first_ns));
	assert_int_equal(first_ns, 10 * MS - slack);
	assert_true(rep_losses_first(&losses, 92 * MS, 100 * MS, &first_ns));
	assert_int_equal(first_ns, 95 * MS - slack);
	assert_true(rep_losses_first(&losses, 40 * MS, 50 * MS, &first_ns));
	assert_int_equal(first_ns, 10 * MS - slack);
	assert_false(rep_losses_first(&losses, 91 * MS, 94 * MS, &first_ns));
	/* One that ends just where the slack begins is still the first. */
	assert_true(rep_losses_first(&losses, 90 * MS + slack, 94 * MS, &first_ns));
	assert_int_equal(first_ns, 10 * MS - slack);
	rep_losses_release(&losses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_losses__merges_what_touches),
		cmocka_unit_test(test_losses__finds_the_long_one),
		cmocka_unit_test(test_losses__merges_what_lies_within),
		cmocka_unit_test(test_losses__backwards),
		cmocka_unit_test(test_losses__finds_after_merge),
		cmocka_unit_test(test_losses__memory_is_bounded),
		cmocka_unit_test(test_losses__unknown_count_stays_unknown),
		cmocka_unit_test(test_losses__slack_on_both_sides),
		cmocka_unit_test(test_losses__one_source_at_the_cap),
		cmocka_unit_test(test_losses__sums_saturate),
		cmocka_unit_test(test_losses__none_is_a_loss),
		cmocka_unit_test(test_losses__finds_the_first),
		cmocka_unit_test(test_losses__totals_that_were_told_add_nothing),
		cmocka_unit_test(test_losses__untold_may_be_anywhere),
		cmocka_unit_test(test_losses__totals_said_twice),
		cmocka_unit_test(test_losses__finds_what_a_search_finds),
		cmocka_unit_test(test_losses__cost_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
