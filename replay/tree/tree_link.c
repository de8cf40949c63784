/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "replay/tree/tree.h"

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

void rep_tree_resolve(struct rep_tree *tree)
{
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		struct rep_node *node = &tree->nodes[i];
		const struct rep_ref *ref;

		if (node->parent == REP_NO_NODE || node->parent < REP_NODE_REF)
			continue;
		ref = &tree->refs[node->parent - REP_NODE_REF];
		if (!ref->tgid)
			node->parent = ref->index;
	}
}

/*
 * Cut the link of a node whose ancestors lead back to it: each node is walked over once. Which link
 * it is depends on where the first walk comes from, and that may have been folded.
 */
static int cut_cycles(struct rep_tree *tree)
{
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		int err = tree->nodes[i].parent == i ? unlink_node(tree, i) : 0;

		if (err)
			return err;
	}
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		for (uint32_t at = i; at != REP_NO_NODE && !tree->links[at].mark;
		     at = rep_tree_parent_node(tree, at)) {
			uint32_t parent = rep_tree_parent_node(tree, at);
			int err;

			tree->links[at].mark = i + 1;
			if (parent == REP_NO_NODE || tree->links[parent].mark != i + 1)
				continue;
			err = tree->n_finished || tree->n_passed ? -EAGAIN : unlink_node(tree, at);
			if (err)
				return err;
			tree->nodes[at].in_cycle = true;
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

		for (; at != REP_NO_NODE && !tree->nodes[at].is_placed;
		     at = rep_tree_parent_node(tree, at))
			if (tree->nodes[at].is_top)
				top = at;
		end = at;
		inside = end != REP_NO_NODE && tree->nodes[end].is_inside;
		for (at = i; at != end; at = rep_tree_parent_node(tree, at)) {
			tree->nodes[at].is_placed = true;
			tree->nodes[at].is_inside = inside || top != REP_NO_NODE;
			if (at == top)
				top = REP_NO_NODE;
		}
	}
	for (uint32_t i = 0; i < tree->n_nodes; i++)
		tree->nodes[i].is_placed = false;
}

/* Whether the drawing starts at @node, which is shown. */
static bool is_start(const struct rep_tree *tree, uint32_t node)
{
	uint32_t parent = rep_tree_parent_node(tree, node);

	return parent == REP_NO_NODE || (tree->from_tops && !tree->nodes[parent].is_inside);
}

/* All below @node is done: an inner node stays for what is below it. */
static int finish_node(struct rep_tree *tree, uint32_t index)
{
	struct rep_node *node = &tree->nodes[index];
	uint32_t parent = rep_tree_parent_node(tree, index), fold, *family = &tree->roots;
	int err;

	node->is_placed = true;
	node->shown = (!tree->from_tops || node->is_inside) &&
		      (node->selected || node->has_shown || node->family ||
		       (tree->from_tops && node->is_top));
	if (!node->shown)
		return 0;
	if (parent != REP_NO_NODE) {
		tree->nodes[parent].has_shown = true;
		family = &tree->nodes[parent].family;
	}
	if (tree->with_rows)
		return 0;
	/* Each of --pid's own is drawn, also where two look the same. */
	if (tree->from_tops && is_start(tree, index))
		family = NULL;
	err = rep_tree_fold(tree, index, family, &fold);
	if (!err && !family)
		tree->links[index].mark = fold;
	return err;
}

/* Children before their parents, each when the last of its children is done. */
static int finish_nodes(struct rep_tree *tree)
{
	int err = 0;

	memset(tree->links, 0, tree->n_nodes * sizeof(*tree->links));
	for (uint32_t i = 0; i < tree->n_nodes; i++)
		if (tree->nodes[i].parent < REP_NODE_REF)
			tree->links[tree->nodes[i].parent].n_children++;
	for (uint32_t i = 0; i < tree->n_nodes && !err; i++) {
		uint32_t at = i;

		while (at != REP_NO_NODE && !tree->nodes[at].is_placed &&
		       !tree->links[at].n_children && !err) {
			err = finish_node(tree, at);
			at = rep_tree_parent_node(tree, at);
			if (at != REP_NO_NODE)
				tree->links[at].n_children--;
		}
	}
	return err;
}

/* In the order of the nodes, which is nearly that of their starts. */
static void link_children(struct rep_tree *tree)
{
	for (uint32_t i = 0; i < tree->n_nodes; i++)
		tree->links[i].first_child = tree->links[i].next = REP_NO_NODE;
	for (uint32_t i = tree->n_nodes; i--;) {
		uint32_t *first = &tree->first_root;

		if (!tree->nodes[i].shown)
			continue;
		if (!is_start(tree, i))
			first = &tree->links[tree->nodes[i].parent].first_child;
		tree->links[i].next = *first;
		*first = i;
	}
}

/* Where the drawing of folds starts. */
static int link_starts(struct rep_tree *tree)
{
	int err = 0;

	for (uint32_t i = tree->n_nodes; tree->from_tops && i--;) {
		if (!tree->nodes[i].shown || !is_start(tree, i))
			continue;
		tree->folds[tree->links[i].mark].next = tree->first_root;
		tree->first_root = tree->links[i].mark;
	}
	/* Whose parent never came is a root. */
	for (uint32_t i = 0; i < tree->n_refs && !tree->from_tops && !err; i++)
		if (tree->refs[i].tgid)
			err = rep_tree_adopt(tree, tree->refs[i].family, &tree->roots);
	if (!tree->from_tops && tree->roots)
		tree->first_root = tree->families[tree->roots].first;
	return err;
}

int rep_tree_link(struct rep_tree *tree)
{
	int err = rep_tree_flush(tree);

	tree->first_root = REP_NO_NODE;
	if (err)
		return err;
	rep_slots_release(&tree->by_key);
	tree->links = calloc((size_t)tree->n_nodes + 1, sizeof(*tree->links));
	if (!tree->links)
		return -ENOMEM;
	rep_tree_resolve(tree);
	err = cut_cycles(tree);
	if (err)
		return err;
	if (tree->from_tops)
		find_inside(tree);
	err = finish_nodes(tree);
	if (err)
		return err;
	if (tree->with_rows)
		link_children(tree);
	else
		err = link_starts(tree);
	return err;
}
