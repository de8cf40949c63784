/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/base/saturate.h"
#include "replay/model/losses.h"

static uint64_t sub_sat(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

void rep_losses_reset(struct rep_losses *losses)
{
	losses->n = 0;
	losses->n_runs = 0;
	losses->n_events = losses->n_steps = 0;
	losses->is_sorted = false;
}

void rep_losses_release(struct rep_losses *losses)
{
	free(losses->items);
	free(losses->latest);
	free(losses->spare);
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

static bool is_of_one_source(const struct rep_loss *a, const struct rep_loss *b)
{
	return a->cause == b->cause && a->cpu == b->cpu;
}

/* @later, which does not begin before @loss, goes on where that ends, or lies within it. */
static bool touches(const struct rep_loss *loss, const struct rep_loss *later)
{
	return is_of_one_source(loss, later) && later->from_ns <= rep_add(loss->to_ns, 1);
}

static void take_into(struct rep_loss *loss, const struct rep_loss *later)
{
	/* One unknown count makes the sum unknown. */
	loss->count = loss->count && later->count ? rep_add(loss->count, later->count) : 0;
	if (later->to_ns > loss->to_ns)
		loss->to_ns = later->to_ns;
}

static void sort_by(struct rep_losses *losses, int (*compare)(const void *, const void *))
{
	if (losses->n)
		qsort(losses->items, losses->n, sizeof(*losses->items), compare);
	losses->n_steps += losses->n;
}

/*
 * Merge neighbours of one source that touch, or, with @all, all of one source. Leaves them sorted
 * by source.
 */
static void merge(struct rep_losses *losses, bool all)
{
	size_t n = 0;

	if (!losses->n)
		return;
	sort_by(losses, compare_source);
	for (size_t i = 1; i < losses->n; i++) {
		struct rep_loss *last = &losses->items[n];
		const struct rep_loss *loss = &losses->items[i];

		if (touches(last, loss) || (all && is_of_one_source(last, loss)))
			take_into(last, loss);
		else
			losses->items[++n] = *loss;
	}
	losses->n = n + 1;
}

static int grow(struct rep_losses *losses)
{
	size_t capacity = losses->capacity ? losses->capacity * 2 : 64;
	struct rep_loss *items = realloc(losses->items, capacity * sizeof(*items)), *spare;
	uint32_t *latest;

	if (!items)
		return -ENOMEM;
	losses->items = items;
	latest = realloc(losses->latest, capacity * sizeof(*latest));
	if (!latest)
		return -ENOMEM;
	losses->latest = latest;
	spare = realloc(losses->spare, capacity * sizeof(*spare));
	if (!spare)
		return -ENOMEM;
	losses->spare = spare;
	losses->capacity = capacity;
	return 0;
}

/* ---- runs ---- */

static size_t end_of_run(const struct rep_losses *losses, uint32_t run)
{
	return run + 1 < losses->n_runs ? losses->starts[run + 1] : losses->n;
}

static void set_latest(struct rep_losses *losses, size_t start, size_t i)
{
	uint32_t before = i > start ? losses->latest[i - 1] : (uint32_t)i;

	losses->latest[i] =
		losses->items[i].to_ns > losses->items[before].to_ns ? (uint32_t)i : before;
}

/* All items are one run, sorted by time. */
static void set_one_run(struct rep_losses *losses)
{
	for (size_t i = 0; i < losses->n; i++)
		set_latest(losses, 0, i);
	losses->starts[0] = 0;
	losses->n_runs = losses->n != 0;
	losses->n_steps += losses->n;
}

/* The last two become one. */
static void join_runs(struct rep_losses *losses)
{
	size_t start = losses->starts[losses->n_runs - 2], a = 0, out = start;
	size_t b = losses->starts[losses->n_runs - 1], n = b - start;

	memcpy(losses->spare, losses->items + start, n * sizeof(*losses->spare));
	while (a < n && b < losses->n)
		losses->items[out++] = compare_time(&losses->spare[a], &losses->items[b]) <= 0
					       ? losses->spare[a++]
					       : losses->items[b++];
	memcpy(losses->items + out, losses->spare + a, (n - a) * sizeof(*losses->spare));
	for (size_t i = start; i < losses->n; i++)
		set_latest(losses, start, i);
	losses->n_steps += losses->n - start;
	losses->n_runs--;
}

static bool is_too_long(const struct rep_losses *losses)
{
	uint32_t last = losses->n_runs - 1;

	return last && losses->starts[last] - losses->starts[last - 1] <
			       2 * (losses->n - losses->starts[last]);
}

/* As nearly always: it goes on where the window before it ended, or lies within that. */
static bool take_into_last(struct rep_losses *losses, const struct rep_loss *loss)
{
	struct rep_loss *last = losses->n ? &losses->items[losses->n - 1] : NULL;

	if (!last || loss->from_ns < last->from_ns || !touches(last, loss))
		return false;
	take_into(last, loss);
	set_latest(losses, losses->starts[losses->n_runs - 1], losses->n - 1);
	return true;
}

/* Too many: those of one source become one, so that half of the room is free again. */
static void make_room(struct rep_losses *losses)
{
	merge(losses, false);
	if (losses->n >= REP_MAX_LOSSES / 2)
		merge(losses, true);
	/* A hostile file's causes and CPUs are no sources of their own. */
	if (losses->n >= REP_MAX_LOSSES / 2) {
		for (size_t i = 0; i < losses->n; i++)
			losses->items[i].cpu = VFT_CPU_NONE, losses->items[i].cause = 0;
		merge(losses, true);
	}
	sort_by(losses, compare_time);
	set_one_run(losses);
}

int rep_losses_add(struct rep_losses *losses, const struct rep_loss *loss)
{
	struct rep_loss item = *loss;
	int r;

	if (item.from_ns > item.to_ns) {
		item.from_ns = loss->to_ns;
		item.to_ns = loss->from_ns;
	}
	if (losses->n >= REP_MAX_LOSSES)
		make_room(losses);
	if (losses->n == losses->capacity) {
		r = grow(losses);
		if (r < 0)
			return r;
	}
	losses->n_events = rep_add(losses->n_events, item.count);
	losses->is_sorted = false;
	losses->n_steps++;
	if (take_into_last(losses, &item))
		return 0;
	if (!losses->n || compare_time(&losses->items[losses->n - 1], &item) > 0)
		losses->starts[losses->n_runs++] = (uint32_t)losses->n;
	losses->items[losses->n++] = item;
	set_latest(losses, losses->starts[losses->n_runs - 1], losses->n - 1);
	while (is_too_long(losses))
		join_runs(losses);
	return 0;
}

void rep_losses_sort(struct rep_losses *losses)
{
	if (losses->is_sorted || !losses->n)
		return;
	merge(losses, false);
	sort_by(losses, compare_time);
	set_one_run(losses);
	losses->is_sorted = true;
}

/* ---- what the end counts ---- */

static int compare_total(const void *pa, const void *pb)
{
	const struct vft_loss *a = pa, *b = pb;

	if (a->cause != b->cause)
		return a->cause < b->cause ? -1 : 1;
	return (a->cpu > b->cpu) - (a->cpu < b->cpu);
}

/* Leave of @totals, sorted, what no window tells; the windows are sorted by source. */
static size_t keep_untold(const struct rep_losses *losses, struct vft_loss *totals, size_t n)
{
	size_t kept = 0, at = 0;

	for (size_t i = 0, next; i < n; i = next) {
		struct vft_loss *total = &totals[i];
		const struct rep_loss source = {.cause = total->cause, .cpu = total->cpu};
		uint64_t told = 0, most = 0;
		bool is_told = false, is_unknown = false;

		while (at < losses->n && compare_source(&losses->items[at], &source) < 0)
			at++;
		for (; at < losses->n && losses->items[at].cause == source.cause &&
		       losses->items[at].cpu == source.cpu;
		     at++) {
			is_told = true;
			told = rep_add(told, losses->items[at].count);
		}
		/* A hostile file may say it twice: the larger holds. */
		for (next = i; next < n && compare_total(&totals[next], total) == 0; next++) {
			is_unknown |= !totals[next].count;
			if (totals[next].count > most)
				most = totals[next].count;
		}
		if (most > told || (is_unknown && !is_told))
			totals[kept++] = (struct vft_loss){source.cause, source.cpu,
							   most > told ? most - told : 0};
	}
	return kept;
}

int rep_losses_add_totals(struct rep_losses *losses, const struct vft_loss *totals, size_t n)
{
	struct rep_loss loss = {.to_ns = UINT64_MAX};
	struct vft_loss *own;
	int r = 0;

	if (!n)
		return 0;
	own = calloc(n, sizeof(*own));
	if (!own)
		return -ENOMEM;
	memcpy(own, totals, n * sizeof(*own));
	qsort(own, n, sizeof(*own), compare_total);
	sort_by(losses, compare_source);
	n = keep_untold(losses, own, n);
	sort_by(losses, compare_time);
	set_one_run(losses);
	for (size_t i = 0; i < n && r == 0; i++) {
		loss.cause = own[i].cause;
		loss.cpu = own[i].cpu;
		loss.count = own[i].count;
		r = rep_losses_add(losses, &loss);
	}
	free(own);
	return r;
}

/* ---- asking ---- */

/* Of one run, the loss that ends last of those that begin at @last or before; NULL: none. */
static const struct rep_loss *find_in_run(struct rep_losses *losses, uint32_t run, uint64_t last)
{
	size_t start = losses->starts[run], low = start, high = end_of_run(losses, run);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		losses->n_steps++;
		if (losses->items[middle].from_ns <= last)
			low = middle + 1;
		else
			high = middle;
	}
	return low == start ? NULL : &losses->items[losses->latest[low - 1]];
}

/* Of several that end last, the first to begin. */
static bool is_better(const struct rep_loss *loss, const struct rep_loss *than)
{
	return !than || loss->to_ns > than->to_ns ||
	       (loss->to_ns == than->to_ns && compare_time(loss, than) < 0);
}

const struct rep_loss *rep_losses_find(struct rep_losses *losses, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t first = sub_sat(from_ns < to_ns ? from_ns : to_ns, REP_LOSS_SLACK_NS);
	uint64_t last = rep_add(from_ns < to_ns ? to_ns : from_ns, REP_LOSS_SLACK_NS);
	const struct rep_loss *best = NULL;

	for (uint32_t run = 0; run < losses->n_runs; run++) {
		const struct rep_loss *loss = find_in_run(losses, run, last);

		if (loss && is_better(loss, best))
			best = loss;
	}
	return best && best->to_ns >= first ? best : NULL;
}

bool rep_losses_first(struct rep_losses *losses, uint64_t from_ns, uint64_t to_ns, uint64_t *ret_ns)
{
	uint64_t first = sub_sat(from_ns, REP_LOSS_SLACK_NS), least_ns = UINT64_MAX;

	if (!rep_losses_find(losses, from_ns, to_ns))
		return false;
	/* latest[] rises: of those that end at or after @first, the one that begins first. */
	for (uint32_t run = 0; run < losses->n_runs; run++) {
		size_t low = losses->starts[run], end = end_of_run(losses, run), high = end;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			losses->n_steps++;
			if (losses->items[losses->latest[middle]].to_ns < first)
				low = middle + 1;
			else
				high = middle;
		}
		if (low < end && losses->items[low].from_ns < least_ns)
			least_ns = losses->items[low].from_ns;
	}
	*ret_ns = sub_sat(least_ns, REP_LOSS_SLACK_NS);
	return true;
}
