/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Ranks [from, to) of the block in @slot. */
struct rep_order_run {
	uint32_t from, to;
	unsigned int slot;
};

/* ---- the rows of one block ---- */

static int reserve_ranks(struct rep_ranks *ranks, size_t n)
{
	uint32_t *bigger;

	if (2 * n <= ranks->max)
		return 0;
	bigger = reallocarray(ranks->array, 2 * n, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	ranks->array = bigger;
	ranks->max = 2 * n;
	return 0;
}

/* Stable: [from, middle) and [middle, to) are sorted; so is all of it then. */
static void merge(uint32_t *rows, const uint64_t *time_ns, size_t from, size_t middle, size_t to,
		  uint32_t *spare)
{
	size_t a = 0, n = middle - from, b = middle, out = from;

	memcpy(spare, rows + from, n * sizeof(*spare));
	while (a < n && b < to)
		rows[out++] = time_ns[rows[b]] < time_ns[spare[a]] ? rows[b++] : spare[a++];
	memcpy(rows + out, spare + a, (n - a) * sizeof(*spare));
}

/* Merges runs that are already in order, which nearly all are: linear for what recorders write. */
static void sort(uint32_t *rows, const uint64_t *time_ns, size_t from, size_t to, uint32_t *spare)
{
	size_t middle = from + (to - from) / 2;
	bool sorted = true;

	for (size_t i = from + 1; i < to && sorted; i++)
		sorted = time_ns[rows[i - 1]] <= time_ns[rows[i]];
	if (sorted)
		return;
	sort(rows, time_ns, from, middle, spare);
	sort(rows, time_ns, middle, to, spare);
	merge(rows, time_ns, from, middle, to, spare);
}

int rep_ranks_init(struct rep_ranks *ranks, const struct vft_columns *columns)
{
	const uint64_t *time_ns = columns->time_ns;
	uint64_t steps_back = 0;
	uint32_t *rows;
	int r;

	ranks->rows = NULL;
	ranks->n = columns->n_rows;
	for (uint32_t i = 1; i < columns->n_rows; i++)
		steps_back += time_ns[i] < time_ns[i - 1];
	if (!steps_back)
		return 0;
	r = rep_ranks_select(ranks, columns, &rows);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < columns->n_rows; i++)
		rows[i] = i;
	rep_ranks_finish(ranks, columns, columns->n_rows);
	return 0;
}

int rep_ranks_select(struct rep_ranks *ranks, const struct vft_columns *columns, uint32_t **ret)
{
	int r = reserve_ranks(ranks, columns->n_rows);

	if (r < 0)
		return r;
	ranks->rows = *ret = ranks->array;
	ranks->n = 0;
	return 0;
}

void rep_ranks_finish(struct rep_ranks *ranks, const struct vft_columns *columns, uint32_t n)
{
	ranks->n = n;
	if (n)
		sort(ranks->rows, columns->time_ns, 0, n, ranks->array + ranks->max / 2);
}

void rep_ranks_release(struct rep_ranks *ranks)
{
	free(ranks->array);
	*ranks = (struct rep_ranks){0};
}

/* ---- the blocks that are held ---- */

static int reserve(struct rep_order_run **array, size_t *max, size_t n)
{
	struct rep_order_run *bigger;

	if (n <= *max)
		return 0;
	n += n / 2 + 16;
	bigger = reallocarray(*array, n, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	*array = bigger;
	*max = n;
	return 0;
}

static uint32_t row_at(const struct rep_ranks *ranks, uint32_t rank)
{
	return ranks->rows ? ranks->rows[rank] : rank;
}

static uint64_t time_at(const struct rep_order *order, unsigned int slot, uint32_t rank)
{
	return order->held[slot].block->columns->time_ns[row_at(order->held[slot].ranks, rank)];
}

/* The first rank in @run that is at @time_ns or later; with @behind, later. Near is found soon. */
static uint32_t find(const struct rep_order *order, const struct rep_order_run *run,
		     uint64_t time_ns, bool behind)
{
	uint32_t low = run->from, high = run->to, step = 1;

#define IS_BEFORE(rank)                                                                            \
	(time_at(order, run->slot, rank) < time_ns ||                                              \
	 (behind && time_at(order, run->slot, rank) == time_ns))
	while (step < high - low && IS_BEFORE(low + step - 1)) {
		low += step;
		step *= 2;
	}
	if (step < high - low)
		high = low + step;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (IS_BEFORE(middle))
			low = middle + 1;
		else
			high = middle;
	}
#undef IS_BEFORE
	return low;
}

static void let_go(struct rep_order *order, unsigned int slot)
{
	rep_block_release(order->held[slot].block);
	order->held[slot].block = NULL;
}

static int give_run(struct rep_order *order, const struct rep_order_run *run)
{
	const struct rep_block *block = order->held[run->slot].block;
	const struct rep_ranks *ranks = order->held[run->slot].ranks;
	uint32_t at = run->from, n;
	int err = 0;

	while (at < run->to && !err) {
		uint32_t first = row_at(ranks, at);

		n = ranks->rows ? 1 : run->to - at;
		while (at + n < run->to && row_at(ranks, at + n) == first + n)
			n++;
		err = order->on_rows(order->context, block, first, n);
		at += n;
	}
	order->held[run->slot].n_left -= run->to - run->from;
	if (!order->held[run->slot].n_left)
		let_go(order, run->slot);
	return err;
}

/* The first @n runs. */
static int give(struct rep_order *order, size_t n)
{
	int err = 0;

	size_t i = 0;

	while (i < n && !err)
		err = give_run(order, &order->pending[i++]);
	/* Also when one failed: its block may be gone. */
	order->n_pending -= i;
	if (order->n_pending) /* with none there may be no memory yet */
		memmove(order->pending, order->pending + i,
			order->n_pending * sizeof(*order->pending));
	return err;
}

/* All before @time_ns. */
static int give_before(struct rep_order *order, uint64_t time_ns)
{
	struct rep_order_run part;
	size_t n = 0;
	int err;

	while (n < order->n_pending &&
	       time_at(order, order->pending[n].slot, order->pending[n].to - 1) < time_ns)
		n++;
	err = give(order, n);
	if (err || !order->n_pending)
		return err;
	part = order->pending[0];
	part.to = find(order, &part, time_ns, false);
	order->pending[0].from = part.to;
	return part.from < part.to ? give_run(order, &part) : 0;
}

/* Where the last run of the block in @slot stands, plus one. */
static size_t end_of(const struct rep_order *order, unsigned int slot)
{
	size_t n = order->n_pending;

	while (n && order->pending[n - 1].slot != slot)
		n--;
	return n;
}

/* There is room. */
static void put(struct rep_order *order, struct rep_order_run run)
{
	struct rep_order_run *last =
		order->n_pending ? &order->pending[order->n_pending - 1] : NULL;

	if (run.from == run.to)
		return;
	if (last && last->slot == run.slot && last->to == run.from)
		last->to = run.to;
	else
		order->pending[order->n_pending++] = run;
}

/* Those runs of which something is later than @time_ns, from the end; and how many ranks. */
static size_t count_overtaken(const struct rep_order *order, uint64_t time_ns, size_t *ret_ranks)
{
	size_t n = 0;

	*ret_ranks = 0;
	while (n < order->n_pending) {
		const struct rep_order_run *run = &order->pending[order->n_pending - 1 - n];

		if (time_at(order, run->slot, run->to - 1) <= time_ns)
			break;
		*ret_ranks += run->to - run->from;
		n++;
	}
	return n;
}

/* Put all ranks of a new block among what is pending; behind those of the same time. */
static int insert(struct rep_order *order, struct rep_order_run run)
{
	size_t n_ranks, n = count_overtaken(order, time_at(order, run.slot, 0), &n_ranks);
	int err = reserve(&order->spare, &order->max_spare, n);

	/* Each that is overtaken can begin a run behind a new one. */
	if (!err)
		err = reserve(&order->pending, &order->max_pending,
			      order->n_pending + 2 * n_ranks + 1);
	if (err)
		return err;
	order->n_pending -= n;
	if (n)
		memcpy(order->spare, order->pending + order->n_pending, n * sizeof(run));
	for (size_t i = 0; i < n; i++) {
		struct rep_order_run old = order->spare[i], part;

		while (old.from < old.to && run.from < run.to) {
			part = old;
			part.to = find(order, &old, time_at(order, run.slot, run.from), true);
			put(order, part);
			old.from = part.to;
			if (old.from == old.to)
				break;
			part = run;
			part.to = find(order, &run, time_at(order, old.slot, old.from), false);
			put(order, part);
			run.from = part.to;
		}
		put(order, old);
	}
	put(order, run);
	return 0;
}

int rep_order_append(struct rep_order *order, struct rep_block *block,
		     const struct rep_ranks *ranks)
{
	unsigned int slot = order->next;
	const struct rep_order_run *last;
	uint64_t horizon;
	int err;

	if (!ranks->n)
		return 0;
	if (order->held[slot].block) {
		err = give(order, end_of(order, slot));
		if (err)
			return err;
	}
	order->held[slot].block = block;
	order->held[slot].ranks = ranks;
	order->held[slot].n_left = ranks->n;
	err = insert(order, (struct rep_order_run){0, ranks->n, slot});
	if (err) {
		order->held[slot].block = NULL;
		return err;
	}
	(void)rep_block_acquire(block);
	order->next = (slot + 1) % REP_ORDER_BLOCKS;
	last = &order->pending[order->n_pending - 1];
	horizon = time_at(order, last->slot, last->to - 1);
	return give_before(order,
			   horizon > REP_ORDER_WINDOW_NS ? horizon - REP_ORDER_WINDOW_NS : 0);
}

int rep_order_flush(struct rep_order *order)
{
	return give(order, order->n_pending);
}

void rep_order_release(struct rep_order *order)
{
	for (unsigned int i = 0; i < REP_ORDER_BLOCKS; i++)
		let_go(order, i);
	free(order->pending);
	free(order->spare);
	*order = (struct rep_order){0};
}
