/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "replay/base/saturate.h"
#include "replay/model/losses.h"

static uint64_t sub_sat(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

void rep_losses_reset(struct rep_losses *losses)
{
	losses->n = 0;
	losses->n_events = 0;
	losses->is_sorted = false;
}

void rep_losses_release(struct rep_losses *losses)
{
	free(losses->items);
	free(losses->latest);
	*losses = (struct rep_losses){0};
}

/* By cause and CPU, then by time: those that may merge stand together. */
static int compare_source(const void *pa, const void *pb)
{
	const struct rep_loss *a = pa, *b = pb;

	if (a->cause != b->cause)
		return a->cause < b->cause ? -1 : 1;
	if (a->cpu != b->cpu)
		return a->cpu < b->cpu ? -1 : 1;
	if (a->from_ns != b->from_ns)
		return a->from_ns < b->from_ns ? -1 : 1;
	return (a->to_ns > b->to_ns) - (a->to_ns < b->to_ns);
}

static int compare_time(const void *pa, const void *pb)
{
	const struct rep_loss *a = pa, *b = pb;

	if (a->from_ns != b->from_ns)
		return a->from_ns < b->from_ns ? -1 : 1;
	return compare_source(a, b);
}

/* Merge neighbours of one source that touch, or, with @all, all of one source. */
static void merge(struct rep_losses *losses, bool all)
{
	size_t n = 0;

	if (!losses->n)
		return;
	qsort(losses->items, losses->n, sizeof(*losses->items), compare_source);
	for (size_t i = 1; i < losses->n; i++) {
		struct rep_loss *last = &losses->items[n];
		const struct rep_loss *loss = &losses->items[i];

		if (loss->cause == last->cause && loss->cpu == last->cpu &&
		    (all || loss->from_ns <= rep_add(last->to_ns, 1))) {
			/* One unknown count makes the sum unknown. */
			last->count =
				last->count && loss->count ? rep_add(last->count, loss->count) : 0;
			if (loss->to_ns > last->to_ns)
				last->to_ns = loss->to_ns;
		} else {
			losses->items[++n] = *loss;
		}
	}
	losses->n = n + 1;
}

static int grow(struct rep_losses *losses)
{
	size_t capacity = losses->capacity ? losses->capacity * 2 : 64;
	struct rep_loss *items = realloc(losses->items, capacity * sizeof(*items));
	uint32_t *latest;

	if (!items)
		return -ENOMEM;
	losses->items = items;
	latest = realloc(losses->latest, capacity * sizeof(*latest));
	if (!latest)
		return -ENOMEM;
	losses->latest = latest;
	losses->capacity = capacity;
	return 0;
}

int rep_losses_add(struct rep_losses *losses, const struct rep_loss *loss)
{
	struct rep_loss item = *loss;
	int r;

	if (item.from_ns > item.to_ns) {
		item.from_ns = loss->to_ns;
		item.to_ns = loss->from_ns;
	}
	if (losses->n >= REP_MAX_LOSSES) {
		merge(losses, false);
		if (losses->n >= REP_MAX_LOSSES / 2)
			merge(losses, true);
		/* A hostile file's causes and CPUs are no sources of their own. */
		if (losses->n >= REP_MAX_LOSSES / 2) {
			for (size_t i = 0; i < losses->n; i++)
				losses->items[i].cpu = VFT_CPU_NONE, losses->items[i].cause = 0;
			merge(losses, true);
		}
	}
	if (losses->n == losses->capacity) {
		r = grow(losses);
		if (r < 0)
			return r;
	}
	losses->items[losses->n++] = item;
	losses->n_events = rep_add(losses->n_events, item.count);
	losses->is_sorted = false;
	return 0;
}

void rep_losses_sort(struct rep_losses *losses)
{
	if (losses->is_sorted || !losses->n)
		return;
	merge(losses, false);
	qsort(losses->items, losses->n, sizeof(*losses->items), compare_time);
	losses->latest[0] = 0;
	for (size_t i = 1; i < losses->n; i++) {
		uint32_t before = losses->latest[i - 1];

		losses->latest[i] =
			losses->items[i].to_ns > losses->items[before].to_ns ? (uint32_t)i : before;
	}
	losses->is_sorted = true;
}

const struct rep_loss *rep_losses_find(struct rep_losses *losses, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t first = sub_sat(from_ns < to_ns ? from_ns : to_ns, REP_LOSS_SLACK_NS);
	uint64_t last = rep_add(from_ns < to_ns ? to_ns : from_ns, REP_LOSS_SLACK_NS);
	const struct rep_loss *loss;
	size_t low = 0, high;

	rep_losses_sort(losses);
	high = losses->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (losses->items[middle].from_ns <= last)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	loss = &losses->items[losses->latest[low - 1]];
	return loss->to_ns >= first ? loss : NULL;
}

bool rep_losses_first(struct rep_losses *losses, uint64_t from_ns, uint64_t to_ns, uint64_t *ret_ns)
{
	uint64_t first = sub_sat(from_ns, REP_LOSS_SLACK_NS);
	size_t low = 0, high;

	if (!rep_losses_find(losses, from_ns, to_ns))
		return false;
	/* latest[] rises: of those that end at or after @first, the one that begins first. */
	high = losses->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (losses->items[losses->latest[middle]].to_ns < first)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_ns = sub_sat(losses->items[low].from_ns, REP_LOSS_SLACK_NS);
	return true;
}

uint64_t rep_losses_count(const struct rep_losses *losses, uint32_t cause, uint32_t cpu)
{
	uint64_t count = 0;

	for (size_t i = 0; i < losses->n; i++)
		if (losses->items[i].cause == cause && losses->items[i].cpu == cpu)
			count = rep_add(count, losses->items[i].count);
	return count;
}

bool rep_losses_has(const struct rep_losses *losses, uint32_t cause, uint32_t cpu)
{
	for (size_t i = 0; i < losses->n; i++)
		if (losses->items[i].cause == cause && losses->items[i].cpu == cpu)
			return true;
	return false;
}
