/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/rows/top.h"

#include <errno.h>
#include <stdlib.h>

struct rep_origin_node {
	struct rep_origin_node *next;
	struct rep_origin origin;
};

const struct rep_origin *rep_origins_append(struct rep_origins *origins,
					    const struct rep_section_info *info)
{
	struct rep_origin_node *node = malloc(sizeof(*node));

	if (!node)
		return NULL;
	rep_origin_init(&node->origin, info);
	node->origin.file = origins->file;
	node->next = origins->first;
	origins->first = node;
	return &node->origin;
}

void rep_origins_release(struct rep_origins *origins)
{
	while (origins->first) {
		struct rep_origin_node *node = origins->first;

		origins->first = node->next;
		free(node);
	}
}

static int by_start(const void *a, const void *b)
{
	const struct rep_vfork *x = a, *y = b;
	int64_t s = rep_vfork_start(x), t = rep_vfork_start(y);

	if (s != t)
		return s < t ? -1 : 1;
	return x->episode.child.tgid < y->episode.child.tgid
		       ? -1
		       : x->episode.child.tgid > y->episode.child.tgid;
}

static int by_blocked(const void *a, const void *b)
{
	const struct rep_vfork *x = a, *y = b;
	uint64_t s = rep_episode_held(&x->episode), t = rep_episode_held(&y->episode);

	if (s != t)
		return s > t ? -1 : 1;
	if (x->episode.has_blocked != y->episode.has_blocked)
		return x->episode.has_blocked ? -1 : 1;
	return by_start(a, b);
}

static int64_t chain_start(const struct rep_vfork *vfork)
{
	const struct rep_chain *chain = vfork->episode.chain;

	return chain ? (int64_t)(chain->start_ns - vfork->origin->start_ns)
		     : rep_vfork_start(vfork);
}

/* Who holds the chain of waits that began first. */
static int by_chain(const void *a, const void *b)
{
	const struct rep_vfork *x = a, *y = b;
	int64_t s = chain_start(x), t = chain_start(y);

	if (s != t)
		return s < t ? -1 : 1;
	return by_start(a, b);
}

typedef int compare_fn(const void *a, const void *b);

static compare_fn *const orders[] = {
	[REP_BY_START] = by_start, [REP_BY_BLOCKED] = by_blocked, [REP_BY_CHAIN] = by_chain};

void rep_top_sort(struct rep_top *top)
{
	if (!top->n_rows)
		return;
	qsort(top->rows, top->n_rows, sizeof(*top->rows), orders[top->by]);
	while (top->n_rows > top->limit)
		rep_vfork_release(&top->rows[--top->n_rows]);
	top->is_full = top->n_rows == top->limit;
}

int rep_top_append(struct rep_top *top, const struct rep_vfork *vfork)
{
	/* Once sorted, nearly all that comes is no better than the last of those to be kept. */
	if (!top->limit ||
	    (top->is_full && orders[top->by](vfork, &top->rows[top->limit - 1]) >= 0))
		return 0;
	if (top->limit < SIZE_MAX / 2 && top->n_rows >= 2 * top->limit)
		rep_top_sort(top);
	if (top->n_rows == top->max_rows) {
		size_t max = top->max_rows ? top->max_rows * 2 : 16;
		struct rep_vfork *rows = reallocarray(top->rows, max, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		top->rows = rows;
		top->max_rows = max;
	}
	top->rows[top->n_rows] = *vfork;
	rep_vfork_acquire(&top->rows[top->n_rows++]);
	return 0;
}

void rep_top_release(struct rep_top *top)
{
	while (top->n_rows)
		rep_vfork_release(&top->rows[--top->n_rows]);
	free(top->rows);
	top->rows = NULL;
	top->max_rows = 0;
}
