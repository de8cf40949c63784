/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "replay/tree/tree.h"

static uint32_t parent_of(const struct rep_tree *tree, uint32_t node)
{
	return tree->nodes[node].parent < REP_NODE_REF ? tree->nodes[node].parent : REP_NO_NODE;
}

/* Make @node a root that still tells its parent's key. */
static int unlink_node(struct rep_tree *tree, uint32_t node)
{
	struct rep_key key = rep_tree_parent_key(tree, node);
	int err = rep_tree_grow(&tree->refs, &tree->max_refs, tree->n_refs, sizeof(*tree->refs));

	if (err)
		return err;
	tree->refs[tree->n_refs] = (struct rep_ref){.key_ns = key.start_ns, .tgid = key.tgid};
	tree->nodes[node].parent = REP_NODE_REF + tree->n_refs++;
	return 0;
}

/* Parents that have become nodes; none is its own. */
static int resolve_parents(struct rep_tree *tree)
{
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		struct rep_node *node = &tree->nodes[i];
		const struct rep_ref *ref;

		if (node->parent != REP_NO_NODE && node->parent >= REP_NODE_REF) {
			ref = &tree->refs[node->parent - REP_NODE_REF];
			if (!ref->tgid)
				node->parent = ref->index;
		}
		if (node->parent == i) {
			int err = unlink_node(tree, i);

			if (err)
				return err;
		}
	}
	return 0;
}

/*
 * Cut the link of a node whose ancestors lead back to it: each node is walked over once. n_equal is
 * the walk's mark.
 */
static int cut_cycles(struct rep_tree *tree)
{
	for (uint32_t i = 0; i < tree->n_nodes; i++)
		tree->nodes[i].n_equal = 0;
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		for (uint32_t at = i; at != REP_NO_NODE && !tree->nodes[at].n_equal;
		     at = parent_of(tree, at)) {
			uint32_t parent = parent_of(tree, at);

			tree->nodes[at].n_equal = i + 1;
			if (parent != REP_NO_NODE && tree->nodes[parent].n_equal == i + 1) {
				int err = unlink_node(tree, at);

				if (err)
					return err;
				tree->nodes[at].in_cycle = true;
			}
		}
	}
	return 0;
}

/* Below --pid's own: up to a node that is placed already, then again to place those on the way. */
static void find_inside(struct rep_tree *tree)
{
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		uint32_t at = i, top = REP_NO_NODE, end;
		bool inside;

		for (; at != REP_NO_NODE && !tree->nodes[at].is_placed; at = parent_of(tree, at))
			if (tree->nodes[at].is_top)
				top = at;
		end = at;
		inside = end != REP_NO_NODE && tree->nodes[end].is_inside;
		for (at = i; at != end; at = parent_of(tree, at)) {
			tree->nodes[at].is_placed = true;
			tree->nodes[at].is_inside = inside || top != REP_NO_NODE;
			if (at == top)
				top = REP_NO_NODE;
		}
	}
}

/* All below @node is done: an inner node stays for what is below it. */
static void finish_node(struct rep_tree *tree, uint32_t index, bool whole)
{
	struct rep_node *node = &tree->nodes[index];
	const struct rep_look *look = &tree->looks[node->look];
	uint64_t hash = look->hash;

	node->is_placed = true;
	node->shown = (whole || node->is_inside) &&
		      (node->selected || node->has_shown || (!whole && node->is_top));
	/* What holds a parent is one of its kind. */
	if (look->holds)
		hash = rep_mix(hash, index);
	tree->links[index].hash = rep_mix(hash, tree->links[index].hash);
}

/* Children before their parents, each when the last of its children is done. */
static void find_shown(struct rep_tree *tree, bool whole)
{
	struct rep_node *nodes = tree->nodes;

	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		nodes[i].n_equal = 0;
		nodes[i].is_placed = false;
	}
	/* n_equal: children that are not done. */
	for (uint32_t i = 0; i < tree->n_nodes; i++)
		if (nodes[i].parent < REP_NODE_REF)
			nodes[nodes[i].parent].n_equal++;
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		uint32_t at = i, parent;

		while (!nodes[at].n_equal && !nodes[at].is_placed) {
			finish_node(tree, at, whole);
			parent = parent_of(tree, at);
			if (parent == REP_NO_NODE)
				break;
			nodes[parent].n_equal--;
			if (nodes[at].shown) {
				nodes[parent].has_shown = true;
				/* A sum: siblings come in any order. */
				tree->links[parent].hash +=
					rep_mix(rep_mix(rep_seed, tree->links[at].hash), 2);
			}
			at = parent;
		}
	}
}

static bool is_before(const struct rep_tree *tree, uint32_t a, uint32_t b)
{
	const struct rep_node *x = &tree->nodes[a], *y = &tree->nodes[b];

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns;
	if (x->tgid != y->tgid)
		return x->tgid < y->tgid;
	return a < b;
}

/* Of equal siblings the oldest is drawn for all. */
static int fold(struct rep_tree *tree, bool whole)
{
	struct rep_slots groups = {0};
	struct rep_slot *slot;
	int err = 0;

	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		struct rep_node *node = &tree->nodes[i], *other;
		uint64_t hash = rep_mix(tree->links[i].hash ^ rep_seed, parent_of(tree, i));
		uint32_t tag = (uint32_t)(hash >> 32);

		if (!node->shown || (!whole && parent_of(tree, i) == REP_NO_NODE))
			continue;
		err = rep_slots_reserve(&groups, 1);
		if (err)
			break;
		slot = rep_slots_at(&groups, tag);
		while (slot->index && (slot->tag != tag ||
				       tree->links[slot->index - 1].hash != tree->links[i].hash ||
				       parent_of(tree, slot->index - 1) != parent_of(tree, i)))
			slot = rep_slots_next(&groups, slot);
		if (!slot->index) {
			rep_slots_set(&groups, slot, tag, i);
			continue;
		}
		other = &tree->nodes[slot->index - 1];
		if (is_before(tree, i, slot->index - 1)) {
			node->n_equal = other->n_equal + 1;
			other->n_equal = 0;
			rep_slots_set(&groups, slot, tag, i);
		} else {
			other->n_equal++;
			node->n_equal = 0;
		}
	}
	rep_slots_release(&groups);
	return err;
}

/* In the order of the nodes, which is nearly that of their starts. */
static void link_children(struct rep_tree *tree)
{
	for (uint32_t i = 0; i < tree->n_nodes; i++)
		tree->links[i].first_child = tree->links[i].next = REP_NO_NODE;
	tree->first_root = REP_NO_NODE;
	for (uint32_t i = tree->n_nodes; i--;) {
		uint32_t parent = parent_of(tree, i);
		uint32_t *first = parent == REP_NO_NODE ? &tree->first_root
							: &tree->links[parent].first_child;

		if (!tree->nodes[i].shown || !tree->nodes[i].n_equal)
			continue;
		tree->links[i].next = *first;
		*first = i;
	}
}

int rep_tree_link(struct rep_tree *tree, bool whole, bool do_fold)
{
	int err = rep_tree_flush(tree);

	tree->first_root = REP_NO_NODE;
	if (err || !tree->n_nodes)
		return err;
	rep_slots_release(&tree->by_key);
	err = resolve_parents(tree);
	if (!err)
		err = cut_cycles(tree);
	if (err)
		return err;
	if (!whole)
		find_inside(tree);
	tree->links = calloc(tree->n_nodes, sizeof(*tree->links));
	if (!tree->links)
		return -ENOMEM;
	find_shown(tree, whole);
	for (uint32_t i = 0; i < tree->n_nodes; i++)
		tree->nodes[i].n_equal = 1;
	if (do_fold)
		err = fold(tree, whole);
	if (!err)
		link_children(tree);
	return err;
}

struct entry {
	uint64_t start_ns;
	uint32_t tgid, index;
};

static int by_start(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int sort_siblings(struct rep_tree *tree, uint32_t *first, size_t n)
{
	struct entry *entries = reallocarray(NULL, n, sizeof(*entries));
	uint32_t at = *first;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++, at = tree->links[at].next)
		entries[i] = (struct entry){tree->nodes[at].start_ns, tree->nodes[at].tgid, at};
	qsort(entries, n, sizeof(*entries), by_start);
	*first = REP_NO_NODE;
	for (size_t i = n; i--;) {
		tree->links[entries[i].index].next = *first;
		*first = entries[i].index;
	}
	free(entries);
	return 0;
}

int rep_tree_first(struct rep_tree *tree, uint32_t node, uint32_t *ret)
{
	uint32_t *first = node == REP_NO_NODE ? &tree->first_root : &tree->links[node].first_child;
	bool sorted = true;
	size_t n = 0;
	int err = 0;

	for (uint32_t at = *first; at != REP_NO_NODE; at = tree->links[at].next, n++)
		sorted = sorted && (tree->links[at].next == REP_NO_NODE ||
				    is_before(tree, at, tree->links[at].next));
	if (!sorted)
		err = sort_siblings(tree, first, n);
	*ret = *first;
	return err;
}
