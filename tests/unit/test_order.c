/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/source/order.h"

/* Blocks of the test's own: what a flow's functions on them would do is not asked for here. */
#define N_BATCHES 40u
#define N_EVENTS  25u

static int n_held;

struct rep_block *__wrap_rep_block_acquire(struct rep_block *block);
void __wrap_rep_block_release(struct rep_block *block);

struct rep_block *__wrap_rep_block_acquire(struct rep_block *block)
{
	n_held++;
	return block;
}

void __wrap_rep_block_release(struct rep_block *block)
{
	n_held -= block != NULL;
}

struct seen {
	uint64_t last_ns;
	size_t n, n_inversions, n_calls;
	uint32_t cpus[8];
};

static int on_rows(void *context, const struct rep_block *block, uint32_t first, uint32_t n)
{
	struct seen *seen = context;

	for (uint32_t i = first; i < first + n; i++) {
		uint64_t time_ns = block->columns->time_ns[i];

		seen->n_inversions += time_ns < seen->last_ns;
		seen->last_ns = time_ns;
		if (seen->n < 8)
			seen->cpus[seen->n] = i;
		seen->n++;
	}
	seen->n_calls++;
	return 0;
}

static void rank(struct rep_ranks *ranks, const struct vft_columns *columns, bool only_even)
{
	uint32_t *rows, n = 0;

	if (!only_even) {
		assert_int_equal(rep_ranks_init(ranks, columns), 0);
		return;
	}
	assert_int_equal(rep_ranks_select(ranks, columns, &rows), 0);
	for (uint32_t i = 0; i < columns->n_rows; i += 2)
		rows[n++] = i;
	rep_ranks_finish(ranks, columns, n);
}

static void run(struct rep_order *order, uint64_t step_ns, uint64_t jitter_ns, bool only_even)
{
	static uint64_t times[N_BATCHES][N_EVENTS];
	static struct vft_columns columns[N_BATCHES];
	static struct rep_block blocks[N_BATCHES];
	static struct rep_ranks ranks[N_BATCHES];
	uint64_t time_ns = 1000000;

	srand(1);
	for (size_t b = 0; b < N_BATCHES; b++) {
		for (size_t i = 0; i < N_EVENTS; i++) {
			time_ns += step_ns;
			times[b][i] = time_ns + (uint64_t)rand() % (jitter_ns + 1);
		}
		columns[b] = (struct vft_columns){.n_rows = N_EVENTS, .time_ns = times[b]};
		blocks[b] = (struct rep_block){.columns = &columns[b]};
		rank(&ranks[b], &columns[b], only_even);
		assert_int_equal(rep_order_append(order, &blocks[b], &ranks[b]), 0);
		assert_in_range(n_held, 0, REP_ORDER_BLOCKS);
	}
	assert_int_equal(rep_order_flush(order), 0);
	assert_int_equal(n_held, 0);
	rep_order_release(order);
	for (size_t b = 0; b < N_BATCHES; b++)
		rep_ranks_release(&ranks[b]);
}

static void test_order__inversions_across_batches(void **state)
{
	struct seen seen = {0};
	struct rep_order order = {.on_rows = on_rows, .context = &seen};

	run(&order, 100000, 1000000, false); /* an event may belong ten places earlier */
	assert_int_equal(seen.n, N_BATCHES * N_EVENTS);
	assert_int_equal(seen.n_inversions, 0);
}

static void test_order__all_at_once(void **state)
{
	struct seen seen = {0};
	struct rep_order order = {.on_rows = on_rows, .context = &seen};

	run(&order, 0, 0, false); /* nothing ever leaves the window: the oldest batch must */
	assert_int_equal(seen.n, N_BATCHES * N_EVENTS);
	assert_int_equal(seen.n_inversions, 0);
}

static void test_order__only_what_is_wanted(void **state)
{
	struct seen seen = {0};
	struct rep_order order = {.on_rows = on_rows, .context = &seen};

	run(&order, 1000, 5000, true);
	assert_int_equal(seen.n, N_BATCHES * 13);
	assert_int_equal(seen.n_inversions, 0);
}

static void test_order__equal_times_stay_in_file_order(void **state)
{
	static const uint64_t times[2][3] = {{5, 5, 4}, {4, 5, 6}};
	static const uint32_t expected[] = {2, 0, 0, 1, 1, 2};
	struct vft_columns columns[2] = {{.n_rows = 3, .time_ns = times[0]},
					 {.n_rows = 3, .time_ns = times[1]}};
	struct rep_block blocks[2] = {{.columns = &columns[0]}, {.columns = &columns[1]}};
	struct rep_ranks ranks[2] = {{0}};
	struct seen seen = {0};
	struct rep_order order = {.on_rows = on_rows, .context = &seen};

	for (size_t i = 0; i < 2; i++) {
		rank(&ranks[i], &columns[i], false);
		assert_int_equal(rep_order_append(&order, &blocks[i], &ranks[i]), 0);
	}
	assert_int_equal(rep_order_flush(&order), 0);
	assert_int_equal(seen.n_inversions, 0);
	assert_int_equal(seen.n, 6);
	assert_memory_equal(seen.cpus, expected, sizeof(expected));
	rep_order_release(&order);
	rep_ranks_release(&ranks[0]);
	rep_ranks_release(&ranks[1]);
}

/* Rows that nothing overtakes come in one piece. */
static void test_order__in_one_piece(void **state)
{
	static const uint64_t times[] = {1, 2, 3, 3, 4};
	struct vft_columns columns = {.n_rows = 5, .time_ns = times};
	struct rep_block block = {.columns = &columns};
	struct rep_ranks ranks = {0};
	struct seen seen = {0};
	struct rep_order order = {.on_rows = on_rows, .context = &seen};

	rank(&ranks, &columns, false);
	assert_int_equal(rep_order_append(&order, &block, &ranks), 0);
	assert_int_equal(rep_order_flush(&order), 0);
	assert_int_equal(seen.n, 5);
	assert_int_equal(seen.n_calls, 1);
	rep_order_release(&order);
	rep_ranks_release(&ranks);
}

/* Row by row against a stable sort of all, with times that step back by any amount. */
static int by_time_and_place(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return x[0] != y[0] ? (x[0] < y[0] ? -1 : 1) : (x[1] < y[1] ? -1 : 1);
}

struct trail {
	uint64_t (*all)[2];
	size_t n;
	const uint64_t (*times)[N_EVENTS];
};

static int follow(void *context, const struct rep_block *block, uint32_t first, uint32_t n)
{
	struct trail *trail = context;
	const uint64_t(*times)[N_EVENTS] = (const void *)block->columns->time_ns;

	for (uint32_t i = 0; i < n; i++, trail->n++) {
		assert_int_equal(trail->all[trail->n][0], times[0][first + i]);
		assert_int_equal(trail->all[trail->n][1],
				 (uint64_t)(times - trail->times) * N_EVENTS + first + i);
	}
	return 0;
}

static void test_order__as_a_stable_sort(void **state)
{
	static uint64_t times[REP_ORDER_BLOCKS][N_EVENTS], all[REP_ORDER_BLOCKS * N_EVENTS][2];
	struct vft_columns columns[REP_ORDER_BLOCKS];
	struct rep_block blocks[REP_ORDER_BLOCKS];
	struct rep_ranks ranks[REP_ORDER_BLOCKS] = {{0}};

	srand(7);
	for (unsigned int turn = 0; turn < 200; turn++) {
		struct trail trail = {.all = all, .times = (const void *)times};
		struct rep_order order = {.on_rows = follow, .context = &trail};
		uint64_t spread = 1 + (uint64_t)rand() % 300;

		for (size_t b = 0; b < REP_ORDER_BLOCKS; b++)
			for (size_t i = 0; i < N_EVENTS; i++) {
				uint64_t at = b * N_EVENTS + i;

				all[at][0] = times[b][i] = at + (uint64_t)rand() % spread;
				all[at][1] = at;
			}
		qsort(all, REP_ORDER_BLOCKS * N_EVENTS, sizeof(all[0]), by_time_and_place);
		for (size_t b = 0; b < REP_ORDER_BLOCKS; b++) {
			columns[b] = (struct vft_columns){.n_rows = N_EVENTS, .time_ns = times[b]};
			blocks[b] = (struct rep_block){.columns = &columns[b]};
			rank(&ranks[b], &columns[b], false);
			assert_int_equal(rep_order_append(&order, &blocks[b], &ranks[b]), 0);
		}
		assert_int_equal(rep_order_flush(&order), 0);
		assert_int_equal(trail.n, REP_ORDER_BLOCKS * N_EVENTS);
		rep_order_release(&order);
	}
	for (size_t b = 0; b < REP_ORDER_BLOCKS; b++)
		rep_ranks_release(&ranks[b]);
}

static int refuse(void *context, const struct rep_block *block, uint32_t first, uint32_t n)
{
	return ++*(int *)context == 1 ? -EPIPE : 0;
}

/* Nobody takes the rows; what comes later must not find blocks that are gone. */
static void test_order__goes_on_after_an_error(void **state)
{
	int n_calls = 0;
	struct rep_order order = {.on_rows = refuse, .context = &n_calls};
	static const uint64_t times[2][2] = {{1, 2}, {1, 3}};
	struct vft_columns columns[2] = {{.n_rows = 2, .time_ns = times[0]},
					 {.n_rows = 2, .time_ns = times[1]}};
	struct rep_block blocks[2] = {{.columns = &columns[0]}, {.columns = &columns[1]}};
	struct rep_ranks ranks[2] = {{0}};

	rank(&ranks[0], &columns[0], false);
	rank(&ranks[1], &columns[1], false);
	assert_int_equal(rep_order_append(&order, &blocks[0], &ranks[0]), 0);
	assert_int_equal(rep_order_flush(&order), -EPIPE);
	assert_int_equal(n_held, 0);
	assert_int_equal(rep_order_append(&order, &blocks[1], &ranks[1]), 0);
	assert_int_equal(rep_order_flush(&order), 0);
	assert_int_equal(n_held, 0);
	rep_order_release(&order);
}

/* Under UBSan: no arithmetic on the array that there is none of yet. */
static void test_order__nothing_at_all(void **state)
{
	struct seen seen = {0};
	struct rep_order order = {.on_rows = on_rows, .context = &seen};

	assert_int_equal(rep_order_flush(&order), 0);
	assert_int_equal(seen.n, 0);
	rep_order_release(&order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order__inversions_across_batches),
		cmocka_unit_test(test_order__all_at_once),
		cmocka_unit_test(test_order__only_what_is_wanted),
		cmocka_unit_test(test_order__equal_times_stay_in_file_order),
		cmocka_unit_test(test_order__in_one_piece),
		cmocka_unit_test(test_order__as_a_stable_sort),
		cmocka_unit_test(test_order__goes_on_after_an_error),
		cmocka_unit_test(test_order__nothing_at_all),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
