/* SPDX-License-Identifier: BSD-2-Clause */
/* What is drawn, from the top down: nodes where each is told by itself, folds else. */
#include <errno.h>
#include <stdlib.h>

#include "replay/tree/tree.h"

struct entry {
	uint64_t start_ns;
	uint32_t tgid, number, index;
};

static struct entry entry_of(const struct rep_tree *tree, uint32_t at)
{
	const struct rep_fold *fold;

	if (tree->with_rows)
		return (struct entry){tree->nodes[at].start_ns, tree->nodes[at].tgid, at, at};
	fold = &tree->folds[at];
	return (struct entry){fold->start_ns, fold->tgid, fold->number, at};
}

static uint32_t *next_of(const struct rep_tree *tree, uint32_t at)
{
	return tree->with_rows ? &tree->links[at].next : &tree->folds[at].next;
}

static int by_start(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static int sort_siblings(struct rep_tree *tree, uint32_t *first, size_t n)
{
	struct entry *entries = reallocarray(NULL, n, sizeof(*entries));
	uint32_t at = *first;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++, at = *next_of(tree, at))
		entries[i] = entry_of(tree, at);
	qsort(entries, n, sizeof(*entries), by_start);
	*first = REP_NO_NODE;
	for (size_t i = n; i--;) {
		*next_of(tree, entries[i].index) = *first;
		*first = entries[i].index;
	}
	free(entries);
	return 0;
}

static uint32_t *first_of(struct rep_tree *tree, uint32_t at)
{
	if (at == REP_NO_NODE)
		return &tree->first_root;
	if (tree->with_rows)
		return &tree->links[at].first_child;
	return tree->folds[at].family ? &tree->families[tree->folds[at].family].first : NULL;
}

int rep_tree_first(struct rep_tree *tree, uint32_t at, uint32_t *ret)
{
	uint32_t *first = first_of(tree, at);
	bool sorted = true;
	size_t n = 0;
	int err = 0;

	*ret = REP_NO_NODE;
	if (!first)
		return 0;
	for (uint32_t i = *first, next; i != REP_NO_NODE; i = next, n++) {
		next = *next_of(tree, i);
		if (!tree->with_rows)
			tree->folds[i].above = at;
		if (next != REP_NO_NODE) {
			struct entry a = entry_of(tree, i), b = entry_of(tree, next);

			sorted = sorted && by_start(&a, &b) < 0;
		}
	}
	/* --pid's own are drawn in the order in which they were found. */
	if (!sorted && (at != REP_NO_NODE || !tree->from_tops))
		err = sort_siblings(tree, first, n);
	*ret = *first;
	return err;
}

uint32_t rep_tree_next(const struct rep_tree *tree, uint32_t at)
{
	return *next_of(tree, at);
}

uint32_t rep_tree_parent(const struct rep_tree *tree, uint32_t at)
{
	return tree->with_rows ? tree->nodes[at].parent : tree->folds[at].above;
}

struct rep_line rep_tree_line(const struct rep_tree *tree, uint32_t fold)
{
	const struct rep_fold *of = &tree->folds[fold];

	return (struct rep_line){&tree->looks[of->look], of->tgid, of->n_equal, of->in_cycle};
}
