/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is finished becomes folds, while rows come in.
 *
 * A node is finished when its process is over, all below it is finished, and no row to come can
 * name it. The last is known of the model: whoever it holds, or one of those has for a parent, is
 * not finished (hold_keys). A row that names another one is the exception, and is noticed: of each
 * pid the start of its latest owner that was folded is kept, and an earlier or equal one that is
 * not there may have been (rep_tree_may_be_folded). Nobody else's start is so early: a pid has a
 * new owner when the former is over.
 *
 * Nodes are looked over again when as many have ended as were left the last time, so that each is
 * looked at a few times at most.
 */
#include <errno.h>
#include <stdlib.h>

#include "replay/tree/tree.h"

#define N_GATHER   16384u
#define PAGE_SHIFT 12u
#define PAGE_SIZE  (1u << PAGE_SHIFT)
#define N_PAGES    (REP_TREE_MAX_PID / PAGE_SIZE)

/* ---- who was folded ---- */

bool rep_tree_may_be_folded(const struct rep_tree *tree, struct rep_key key)
{
	const uint64_t *page;

	/* Neither is ever folded before the end. */
	if (!tree->n_finished || tree->boot >= tree->n_boots || key.tgid >= REP_TREE_MAX_PID ||
	    !key.start_ns)
		return false;
	page = tree->boots[tree->boot].pages[key.tgid >> PAGE_SHIFT];
	return page && key.start_ns <= page[key.tgid % PAGE_SIZE];
}

static int set_folded(struct rep_tree *tree, const struct rep_node *node)
{
	uint64_t **page = &tree->boots[tree->boot].pages[node->tgid >> PAGE_SHIFT], *latest;

	if (!*page) {
		*page = calloc(PAGE_SIZE, sizeof(**page));
		if (!*page)
			return -ENOMEM;
	}
	latest = &(*page)[node->tgid % PAGE_SIZE];
	if (node->key_ns > *latest)
		*latest = node->key_ns;
	tree->n_finished++;
	return 0;
}

int rep_tree_set_boot(struct rep_tree *tree, const struct rep_origin *origin)
{
	struct rep_tree_boot *boot;

	/* Another section of their boot may yet tell of them. */
	tree->n_pinned = tree->n_nodes;
	for (tree->boot = 0; tree->boot < tree->n_boots; tree->boot++)
		if (rep_tree_same_boot(tree->boots[tree->boot].origin, origin))
			return 0;
	if (!tree->hold_keys || tree->n_boots == REP_TREE_BOOTS)
		return 0;
	boot = reallocarray(tree->boots, tree->n_boots + 1, sizeof(*boot));
	if (!boot)
		return -ENOMEM;
	tree->boots = boot;
	boot += tree->n_boots;
	*boot = (struct rep_tree_boot){origin, calloc(N_PAGES, sizeof(*boot->pages))};
	if (!boot->pages)
		return -ENOMEM;
	tree->n_boots++;
	return 0;
}

/* ---- folds ---- */

/* Of all that is drawn of it and below it. What holds a parent is one of its kind. */
static uint64_t hash_fold(const struct rep_tree *tree, uint32_t index)
{
	const struct rep_fold *fold = &tree->folds[index];
	const struct rep_look *look = &tree->looks[fold->look];
	uint64_t hash = look->holds ? rep_mix(look->hash, index) : look->hash;

	return rep_mix(hash, fold->family ? tree->families[fold->family].sum : 0);
}

static uint32_t tag_of(uint32_t family, uint64_t hash)
{
	return (uint32_t)(rep_mix(hash ^ rep_seed, family) >> 32);
}

/* Of what looks like @hash below @family: its slot, or the free one where it would be. */
static struct rep_slot *find_kind(const struct rep_tree *tree, uint32_t family, uint64_t hash)
{
	uint32_t tag = tag_of(family, hash);
	struct rep_slot *slot = rep_slots_at(&tree->by_kind, tag);

	while (slot->index && (slot->tag != tag || tree->folds[slot->index - 1].above != family ||
			       hash_fold(tree, slot->index - 1) != hash))
		slot = rep_slots_next(&tree->by_kind, slot);
	return slot;
}

/* No other comes below @family: its folds need not be found any more. */
static void close_family(struct rep_tree *tree, uint32_t family)
{
	uint32_t at = family ? tree->families[family].first : REP_NO_NODE;

	for (; at != REP_NO_NODE; at = tree->folds[at].next)
		rep_slots_remove(&tree->by_kind, find_kind(tree, family, hash_fold(tree, at)));
}

static int new_family(struct rep_tree *tree, uint32_t *ret)
{
	uint32_t index = tree->free_family;
	int err;

	if (index) {
		tree->free_family = tree->families[index].first;
	} else {
		/* The first is none. */
		index = tree->n_families ? tree->n_families : 1;
		err = rep_tree_grow(&tree->families, &tree->max_families, index,
				    sizeof(*tree->families));
		if (err)
			return err;
		tree->n_families = index + 1;
	}
	tree->families[index] = (struct rep_family){0, REP_NO_NODE};
	*ret = index;
	return 0;
}

static void free_family(struct rep_tree *tree, uint32_t family)
{
	tree->families[family].first = tree->free_family;
	tree->free_family = family;
}

/* Families that are closed, and all below them, without recursion: what is below goes to a list. */
static void discard_family(struct rep_tree *tree, uint32_t family)
{
	uint32_t todo = REP_NO_NODE;

	while (family) {
		for (uint32_t at = tree->families[family].first, next; at != REP_NO_NODE;
		     at = next) {
			next = tree->folds[at].next;
			tree->folds[at].next = todo;
			todo = at;
		}
		free_family(tree, family);
		for (family = 0; todo != REP_NO_NODE && !family;) {
			uint32_t at = todo;

			todo = tree->folds[at].next;
			family = tree->folds[at].family;
			tree->folds[at].next = tree->free_fold;
			tree->free_fold = at + 1;
		}
	}
}

static bool is_before(const struct rep_fold *a, const struct rep_fold *b)
{
	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns;
	return a->tgid != b->tgid ? a->tgid < b->tgid : a->number < b->number;
}

/* One more like @kind, which stands for all of them if it is the oldest. */
static void merge_fold(struct rep_tree *tree, uint32_t kind, uint32_t index)
{
	struct rep_fold *to = &tree->folds[kind], *from = &tree->folds[index];

	to->n_equal += from->n_equal;
	if (is_before(from, to)) {
		struct rep_fold former = *to;

		to->start_ns = from->start_ns;
		to->tgid = from->tgid;
		to->number = from->number;
		to->look = from->look;
		to->in_cycle = from->in_cycle;
		to->family = from->family;
		from->family = former.family;
	}
	discard_family(tree, from->family);
	from->next = tree->free_fold;
	tree->free_fold = index + 1;
}

static int attach(struct rep_tree *tree, uint32_t index, uint32_t *family)
{
	uint64_t hash = hash_fold(tree, index);
	struct rep_slot *slot;
	int err = rep_slots_reserve(&tree->by_kind, 1);

	if (!err && !*family)
		err = new_family(tree, family);
	if (err)
		return err;
	/* A sum: siblings come in any order. */
	tree->families[*family].sum += rep_mix(rep_mix(rep_seed, hash), 2);
	slot = find_kind(tree, *family, hash);
	if (slot->index) {
		merge_fold(tree, slot->index - 1, index);
		return 0;
	}
	rep_slots_set(&tree->by_kind, slot, tag_of(*family, hash), index);
	tree->folds[index].above = *family;
	tree->folds[index].next = tree->families[*family].first;
	tree->families[*family].first = index;
	return 0;
}

int rep_tree_fold(struct rep_tree *tree, uint32_t node, uint32_t *family, uint32_t *ret)
{
	const struct rep_node *of = &tree->nodes[node];
	uint32_t index = tree->free_fold;
	int err;

	if (index) {
		index--;
		tree->free_fold = tree->folds[index].next;
	} else {
		err = rep_tree_grow(&tree->folds, &tree->max_folds, tree->n_folds,
				    sizeof(*tree->folds));
		if (err)
			return err;
		index = tree->n_folds++;
	}
	tree->folds[index] = (struct rep_fold){.start_ns = of->start_ns,
					       .tgid = of->tgid,
					       .number = of->number,
					       .look = of->look,
					       .n_equal = 1,
					       .in_cycle = of->in_cycle,
					       .next = REP_NO_NODE,
					       .family = of->family};
	close_family(tree, of->family);
	*ret = index;
	return family ? attach(tree, index, family) : 0;
}

int rep_tree_adopt(struct rep_tree *tree, uint32_t from, uint32_t *to)
{
	int err = 0;

	if (!from)
		return 0;
	if (!*to) {
		*to = from;
		return 0;
	}
	close_family(tree, from);
	for (uint32_t at = tree->families[from].first, next; at != REP_NO_NODE && !err; at = next) {
		next = tree->folds[at].next;
		err = attach(tree, at, to);
	}
	free_family(tree, from);
	return err;
}

/* ---- what is finished ---- */

void rep_tree_hold(struct rep_tree *tree, struct rep_key key)
{
	uint32_t index = key.tgid ? rep_tree_find(tree, key) : 0;

	tree->n_held++;
	/* As if by a child that is not done. */
	if (index && index - 1 < REP_NODE_REF)
		tree->links[index - 1].n_children = 1;
}

static bool can_finish(const struct rep_tree *tree, uint32_t index)
{
	const struct rep_node *node = &tree->nodes[index];

	/* --pid's own, and with them all above them, are needed one by one. */
	return index >= tree->n_pinned && node->is_over && !node->is_top && !node->is_placed &&
	       !tree->links[index].n_children && node->key_ns && node->tgid < REP_TREE_MAX_PID;
}

static int finish_node(struct rep_tree *tree, uint32_t index)
{
	struct rep_node *node = &tree->nodes[index];
	uint32_t *family = &tree->roots, fold;
	int err = set_folded(tree, node);

	node->is_placed = true;
	if (err || !(node->selected || node->family))
		return err;
	if (node->parent < REP_NODE_REF)
		family = &tree->nodes[node->parent].family;
	else if (node->parent != REP_NO_NODE)
		family = &tree->refs[node->parent - REP_NODE_REF].family;
	if (family != &tree->roots || !tree->from_tops)
		return rep_tree_fold(tree, index, family, &fold);
	/* A root, and none of --pid's own is below it. */
	close_family(tree, node->family);
	discard_family(tree, node->family);
	return 0;
}

/* Children before their parents. */
static int finish_nodes(struct rep_tree *tree)
{
	for (uint32_t i = 0; i < tree->n_nodes; i++)
		if (tree->nodes[i].parent < REP_NODE_REF)
			tree->links[tree->nodes[i].parent].n_children++;
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		uint32_t at = i;

		while (at != REP_NO_NODE && can_finish(tree, at)) {
			int err = finish_node(tree, at);

			if (err)
				return err;
			at = rep_tree_parent_node(tree, at);
			if (at != REP_NO_NODE)
				tree->links[at].n_children--;
		}
	}
	return 0;
}

/* References that still lead to something. */
static int compact_refs(struct rep_tree *tree)
{
	uint32_t *places = calloc((size_t)tree->n_refs + 1, sizeof(*places)), n = 0;

	if (!places)
		return -ENOMEM;
	for (uint32_t i = 0; i < tree->n_nodes; i++)
		if (tree->nodes[i].parent != REP_NO_NODE && tree->nodes[i].parent >= REP_NODE_REF)
			places[tree->nodes[i].parent - REP_NODE_REF] = 1;
	for (uint32_t i = 0; i < tree->n_refs; i++) {
		if (!places[i] && !tree->refs[i].family)
			continue;
		places[i] = n;
		tree->refs[n++] = tree->refs[i];
	}
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		uint32_t *parent = &tree->nodes[i].parent;

		if (*parent != REP_NO_NODE && *parent >= REP_NODE_REF)
			*parent = REP_NODE_REF + places[*parent - REP_NODE_REF];
	}
	tree->n_refs = n;
	free(places);
	return 0;
}

/* In their order, which decides between those of one start. */
static int compact(struct rep_tree *tree)
{
	uint32_t n = 0;
	int err;

	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		tree->links[i].mark = n;
		if (!tree->nodes[i].is_placed)
			tree->nodes[n++] = tree->nodes[i];
	}
	for (uint32_t i = 0; i < n; i++)
		if (tree->nodes[i].parent < REP_NODE_REF)
			tree->nodes[i].parent = tree->links[tree->nodes[i].parent].mark;
	tree->n_nodes = n;
	err = compact_refs(tree);
	if (!err)
		rep_tree_place_keys(tree);
	return err;
}

int rep_tree_collect(struct rep_tree *tree)
{
	uint32_t n_gather = tree->n_gather ? tree->n_gather : N_GATHER;
	uint64_t at;
	int err;

	if (!tree->hold_keys || tree->boot >= tree->n_boots ||
	    tree->n_over < (tree->collect_at ? tree->collect_at : n_gather))
		return 0;
	tree->links = calloc(tree->n_nodes, sizeof(*tree->links));
	if (!tree->links)
		return -ENOMEM;
	tree->n_held = 0;
	tree->hold_keys(tree->context, tree);
	rep_tree_resolve(tree);
	err = finish_nodes(tree);
	if (!err)
		err = compact(tree);
	free(tree->links);
	tree->links = NULL;
	tree->n_over = 0;
	at = (uint64_t)tree->n_nodes + tree->n_held + n_gather;
	tree->collect_at = at < REP_NODE_REF ? (uint32_t)at : REP_NODE_REF;
	return err;
}

void rep_tree_fold_release(struct rep_tree *tree)
{
	for (uint32_t i = 0; i < tree->n_boots; i++) {
		for (uint32_t k = 0; k < N_PAGES; k++)
			free(tree->boots[i].pages[k]);
		free(tree->boots[i].pages);
	}
	rep_slots_release(&tree->by_kind);
	free(tree->boots);
	free(tree->folds);
	free(tree->families);
}
