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

	if (x->episode.has_blocked != y->episode.has_blocked)
		return x->episode.has_blocked ? -1 : 1;
	if (x->episode.has_blocked && x->episode.blocked_ns != y->episode.blocked_ns)
		return x->episode.blocked_ns > y->episode.blocked_ns ? -1 : 1;
	return by_start(a, b);
}

static int compare(const struct rep_top *top, const void *a, const void *b)
{
	return top->by == REP_BY_START ? by_start(a, b) : by_blocked(a, b);
}

void rep_top_sort(struct rep_top *top)
{
	if (!top->n_rows)
		return;
	qsort(top->rows, top->n_rows, sizeof(*top->rows),
	      top->by == REP_BY_START ? by_start : by_blocked);
	while (top->n_rows > top->limit)
		rep_vfork_release(&top->rows[--top->n_rows]);
	top->is_full = top->n_rows == top->limit;
}

int rep_top_append(struct rep_top *top, const struct rep_vfork *vfork)
{
	/* Once sorted, nearly all that comes is no better than the last of those to be kept. */
	if (!top->limit || (top->is_full && compare(top, vfork, &top->rows[top->limit - 1]) >= 0))
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
