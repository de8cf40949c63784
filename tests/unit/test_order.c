/* SPDX-License-Identifier: BSD-2-Clause */
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
	size_t n, n_inversions;
};

static int on_event(void *context, const struct vft_event *event)
{
	struct seen *seen = context;

	seen->n_inversions += event->time_ns < seen->last_ns;
	seen->last_ns = event->time_ns;
	seen->n++;
	return 0;
}

static int wants_even(void *context, const struct vft_event *event)
{
	return event->cpu % 2 == 0;
}

static void run(struct rep_order *order, uint64_t step_ns, uint64_t jitter_ns)
{
	static struct vft_event events[N_BATCHES][N_EVENTS];
	uint64_t time_ns = 1000000;

	srand(1);
	for (size_t b = 0; b < N_BATCHES; b++) {
		struct rep_block block = {.batch = {.events = events[b], .n_events = N_EVENTS}};

		for (size_t i = 0; i < N_EVENTS; i++) {
			time_ns += step_ns;
			events[b][i] = (struct vft_event){
				.time_ns = time_ns + (uint64_t)rand() % (jitter_ns + 1),
				.cpu = (uint32_t)i};
		}
		assert_int_equal(rep_order_append(order, &block.batch), 0);
		assert_in_range(n_held, 0, REP_ORDER_BATCHES);
	}
	assert_int_equal(rep_order_flush(order), 0);
	assert_int_equal(n_held, 0);
	rep_order_release(order);
}

static void test_order__inversions_across_batches(void **state)
{
	struct seen seen = {0};
	struct rep_order order = {.on_event = on_event, .context = &seen};

	run(&order, 100000, 1000000); /* an event may belong ten places earlier */
	assert_int_equal(seen.n, N_BATCHES * N_EVENTS);
	assert_int_equal(seen.n_inversions, 0);
}

static void test_order__all_at_once(void **state)
{
	struct seen seen = {0};
	struct rep_order order = {.on_event = on_event, .context = &seen};

	run(&order, 0, 0); /* nothing ever leaves the window: the oldest batch must */
	assert_int_equal(seen.n, N_BATCHES * N_EVENTS);
	assert_int_equal(seen.n_inversions, 0);
}

static void test_order__only_what_is_wanted(void **state)
{
	struct seen seen = {0};
	struct rep_order order = {.wants = wants_even, .on_event = on_event, .context = &seen};

	run(&order, 1000, 5000);
	assert_int_equal(seen.n, N_BATCHES * 13);
	assert_int_equal(seen.n_inversions, 0);
}

static void test_order__equal_times_stay_in_file_order(void **state)
{
	struct vft_event events[3] = {
		{.time_ns = 5, .cpu = 1}, {.time_ns = 5, .cpu = 2}, {.time_ns = 4, .cpu = 3}};
	struct rep_block block = {.batch = {.events = events, .n_events = 3}};
	struct seen seen = {0};
	struct rep_order order = {.on_event = on_event, .context = &seen};

	assert_int_equal(rep_order_append(&order, &block.batch), 0);
	assert_int_equal(rep_order_flush(&order), 0);
	assert_int_equal(seen.n_inversions, 0);
	assert_int_equal(seen.n, 3);
	rep_order_release(&order);
}

/* Under UBSan: no arithmetic on the array that there is none of yet. */
static void test_order__nothing_at_all(void **state)
{
	struct seen seen = {0};
	struct rep_order order = {.on_event = on_event, .context = &seen};

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
		cmocka_unit_test(test_order__nothing_at_all),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
