/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct rep_ordered {
	uint64_t time_ns;
	const struct vft_event *event;
	unsigned int slot;
};

static int reserve(struct rep_ordered **array, size_t *max, size_t n)
{
	struct rep_ordered *bigger;

	if (n <= *max)
		return 0;
	n += n / 2;
	bigger = reallocarray(*array, n, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*max = n;
	return 0;
}

/* Stable: [from, middle) and [middle, to) are sorted; so is all of it then. */
static void merge(struct rep_ordered *array, size_t from, size_t middle, size_t to,
		  struct rep_ordered *spare)
{
	size_t a = 0, n = middle - from, b = middle, out = from;

	if (from == middle || middle == to || array[middle - 1].time_ns <= array[middle].time_ns)
		return;
	memcpy(spare, array + from, n * sizeof(*spare));
	while (a < n && b < to)
		array[out++] = array[b].time_ns < spare[a].time_ns ? array[b++] : spare[a++];
	memcpy(array + out, spare + a, (n - a) * sizeof(*spare));
}

/* Merges runs that are already in order, which nearly all are: linear for what recorders write. */
static void sort(struct rep_ordered *array, size_t from, size_t to, struct rep_ordered *spare)
{
	size_t middle = from + (to - from) / 2;
	bool sorted = true;

	for (size_t i = from + 1; i < to && sorted; i++)
		sorted = array[i - 1].time_ns <= array[i].time_ns;
	if (sorted)
		return;
	sort(array, from, middle, spare);
	sort(array, middle, to, spare);
	merge(array, from, middle, to, spare);
}

static void let_go(struct rep_order *order, unsigned int slot)
{
	rep_block_release(order->held[slot]);
	order->held[slot] = NULL;
}

static int give(struct rep_order *order, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct rep_ordered *o = &order->pending[i];

		err = order->on_event(order->context, o->event);
		if (--order->n_left[o->slot] == 0)
			let_go(order, o->slot);
	}
	if (err)
		return err;
	order->n_pending -= n;
	if (order->n_pending) /* with none there may be no memory yet */
		memmove(order->pending, order->pending + n,
			order->n_pending * sizeof(*order->pending));
	return 0;
}

/* Where the last event of the batch in @slot stands, plus one. */
static size_t end_of(const struct rep_order *order, unsigned int slot)
{
	size_t n = order->n_pending;

	while (n && order->pending[n - 1].slot != slot)
		n--;
	return n;
}

int rep_order_append(struct rep_order *order, const struct vft_batch *batch)
{
	unsigned int slot = order->next;
	size_t before, n = 0;
	uint64_t horizon;
	int err;

	if (!batch->n_events)
		return 0;
	if (order->held[slot]) {
		err = give(order, end_of(order, slot));
		if (err)
			return err;
	}
	before = order->n_pending;
	err = reserve(&order->pending, &order->max_pending, before + batch->n_events);
	if (!err)
		err = reserve(&order->spare, &order->max_spare, before + batch->n_events);
	if (err)
		return err;
	for (size_t i = 0; i < batch->n_events; i++) {
		const struct vft_event *event = &batch->events[i];

		err = order->wants ? order->wants(order->context, event) : 1;
		if (err < 0)
			return err;
		if (err)
			order->pending[order->n_pending++] =
				(struct rep_ordered){event->time_ns, event, slot};
	}
	if (order->n_pending == before)
		return 0;
	order->held[slot] = rep_block_acquire(rep_block_of(batch));
	order->n_left[slot] = order->n_pending - before;
	order->next = (slot + 1) % REP_ORDER_BATCHES;
	sort(order->pending, before, order->n_pending, order->spare);
	merge(order->pending, 0, before, order->n_pending, order->spare);
	horizon = order->pending[order->n_pending - 1].time_ns;
	horizon = horizon > REP_ORDER_WINDOW_NS ? horizon - REP_ORDER_WINDOW_NS : 0;
	while (n < order->n_pending && order->pending[n].time_ns < horizon)
		n++;
	return give(order, n);
}

int rep_order_flush(struct rep_order *order)
{
	return give(order, order->n_pending);
}

void rep_order_release(struct rep_order *order)
{
	for (unsigned int i = 0; i < REP_ORDER_BATCHES; i++)
		let_go(order, i);
	free(order->pending);
	free(order->spare);
	*order = (struct rep_order){0};
}
