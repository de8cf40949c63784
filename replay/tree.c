/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0xff51afd7ed558ccdull;
	return hash ^ hash >> 32;
}

static uint64_t hash_bytes(uint64_t hash, struct vft_str bytes)
{
	for (uint32_t i = 0; i < bytes.size; i++)
		hash = (hash ^ (unsigned char)bytes.data[i]) * 0x100000001b3ull;
	return mix(hash, bytes.size);
}

static bool same_boot(const struct rep_origin *a, const struct rep_origin *b)
{
	return a == b || (a->boot_id_size == b->boot_id_size &&
			  memcmp(a->boot_id, b->boot_id, a->boot_id_size) == 0);
}

static uint32_t find_slot(const struct rep_tree *tree, const struct rep_origin *origin,
			  struct rep_key key)
{
	uint32_t at = (uint32_t)mix(mix(0, key.start_ns), key.tgid) & (tree->n_slots - 1);

	for (; tree->slots[at] != REP_NO_NODE; at = (at + 1) & (tree->n_slots - 1)) {
		const struct rep_node *node = &tree->nodes[tree->slots[at]];

		if (node->key.tgid == key.tgid && node->key.start_ns == key.start_ns &&
		    same_boot(node->origin, origin))
			break;
	}
	return at;
}

static int grow(struct rep_tree *tree)
{
	uint32_t max = tree->max_nodes ? tree->max_nodes * 2 : 256, n_slots = max * 2;
	struct rep_node *nodes;
	uint32_t *slots;

	if (max > 1u << 30)
		return -E2BIG;
	nodes = reallocarray(tree->nodes, max, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	tree->nodes = nodes;
	slots = reallocarray(NULL, n_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots, 0xff, n_slots * sizeof(*slots));
	free(tree->slots);
	tree->slots = slots;
	tree->n_slots = n_slots;
	tree->max_nodes = max;
	for (uint32_t i = 0; i < tree->n_nodes; i++)
		slots[find_slot(tree, nodes[i].origin, nodes[i].key)] = i;
	return 0;
}

int rep_tree_get(struct rep_tree *tree, const struct rep_origin *origin, struct rep_key key,
		 struct rep_node **ret)
{
	uint32_t slot;

	if (tree->n_nodes == tree->max_nodes) {
		int err = grow(tree);

		if (err)
			return err;
	}
	slot = find_slot(tree, origin, key);
	if (tree->slots[slot] == REP_NO_NODE) {
		tree->nodes[tree->n_nodes] = (struct rep_node){.key = key, .origin = origin};
		tree->slots[slot] = tree->n_nodes++;
	}
	*ret = &tree->nodes[tree->slots[slot]];
	return 0;
}

/* Cut the link of a node whose ancestors lead back to it: each node is walked over once. */
static void cut_cycles(struct rep_tree *tree, uint32_t *walk)
{
	memset(walk, 0, tree->n_nodes * sizeof(*walk));
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		for (uint32_t at = i; at != REP_NO_NODE && !walk[at]; at = tree->nodes[at].parent) {
			uint32_t parent = tree->nodes[at].parent;

			walk[at] = i + 1;
			if (parent != REP_NO_NODE && walk[parent] == i + 1) {
				tree->nodes[at].parent = REP_NO_NODE;
				tree->nodes[at].in_cycle = true;
			}
		}
	}
}

static int by_start(const void *a, const void *b, void *nodes)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct rep_node *x = (const struct rep_node *)nodes + i;
	const struct rep_node *y = (const struct rep_node *)nodes + j;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	if (x->key.tgid != y->key.tgid)
		return x->key.tgid < y->key.tgid ? -1 : 1;
	return i < j ? -1 : i > j;
}

static int by_hash(const void *a, const void *b, void *nodes)
{
	uint64_t x = ((const struct rep_node *)nodes)[*(const uint32_t *)a].hash;
	uint64_t y = ((const struct rep_node *)nodes)[*(const uint32_t *)b].hash;

	return x != y ? (x < y ? -1 : 1) : by_start(a, b, nodes);
}

/* Children in order of their start, roots too: each is put before those that were put already. */
static void link_children(struct rep_tree *tree, uint32_t *order)
{
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		order[i] = i;
		tree->nodes[i].first_child = REP_NO_NODE;
	}
	qsort_r(order, tree->n_nodes, sizeof(*order), by_start, tree->nodes);
	tree->first_root = REP_NO_NODE;
	for (uint32_t i = tree->n_nodes; i--;) {
		struct rep_node *node = &tree->nodes[order[i]];
		uint32_t *head = node->parent == REP_NO_NODE
					 ? &tree->first_root
					 : &tree->nodes[node->parent].first_child;

		node->next = *head;
		*head = order[i];
	}
}

/* Parents before their children, by levels; returns how many. */
static uint32_t list_levels(const struct rep_tree *tree, uint32_t *order)
{
	uint32_t n = 0;

	for (uint32_t root = tree->first_root; root != REP_NO_NODE; root = tree->nodes[root].next)
		order[n++] = root;
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t c = tree->nodes[order[i]].first_child; c != REP_NO_NODE;
		     c = tree->nodes[c].next)
			order[n++] = c;
	}
	return n;
}

static uint64_t own_hash(const struct rep_node *node, uint32_t index)
{
	uint64_t hash = hash_bytes(0xcbf29ce484222325ull, rep_str_get(node->comm));

	hash = hash_bytes(hash, rep_str_get(node->exe));
	hash = mix(hash, node->exit_code | (uint64_t)node->exit_signal << 32);
	hash = mix(hash, node->ended);
	/* What holds a parent is one of its kind. */
	return node->holds ? mix(hash, index) : hash;
}

/* Fold the siblings that start with @first: equal ones are drawn by the oldest. */
static uint64_t fold(struct rep_tree *tree, uint32_t first, uint32_t *scratch)
{
	uint64_t hash = 0;
	uint32_t n = 0;

	for (uint32_t c = first; c != REP_NO_NODE; c = tree->nodes[c].next) {
		if (tree->nodes[c].shown)
			scratch[n++] = c;
	}
	qsort_r(scratch, n, sizeof(*scratch), by_hash, tree->nodes);
	for (uint32_t i = 0, end; i < n; i = end) {
		struct rep_node *oldest = &tree->nodes[scratch[i]];

		for (end = i + 1; end < n && tree->nodes[scratch[end]].hash == oldest->hash; end++)
			tree->nodes[scratch[end]].n_equal = 0;
		oldest->n_equal = end - i;
		hash = mix(mix(hash, oldest->hash), end - i);
	}
	return hash;
}

int rep_tree_link(struct rep_tree *tree, bool whole)
{
	uint32_t *order, *scratch, n;

	if (!tree->n_nodes) {
		tree->first_root = REP_NO_NODE;
		return 0;
	}
	order = reallocarray(NULL, tree->n_nodes, 2 * sizeof(*order));
	if (!order)
		return -ENOMEM;
	scratch = order + tree->n_nodes;
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		struct rep_node *node = &tree->nodes[i];

		node->parent = REP_NO_NODE;
		if (node->parent_key.tgid)
			node->parent = tree->slots[find_slot(tree, node->origin, node->parent_key)];
		if (node->parent == i)
			node->parent = REP_NO_NODE;
	}
	cut_cycles(tree, order);
	link_children(tree, order);
	n = list_levels(tree, order);
	/* Downwards: below --pid's own all that is selected is shown. */
	for (uint32_t i = 0; i < n; i++) {
		struct rep_node *node = &tree->nodes[order[i]];
		bool inside = whole || node->is_top ||
			      (node->parent != REP_NO_NODE && tree->nodes[node->parent].shown);

		node->shown = inside;
	}
	/* Upwards: an inner node stays for what is below it. */
	for (uint32_t i = n; i--;) {
		struct rep_node *node = &tree->nodes[order[i]];
		bool below = false;

		for (uint32_t c = node->first_child; c != REP_NO_NODE; c = tree->nodes[c].next)
			below |= tree->nodes[c].shown;
		node->shown = node->shown && (node->selected || below || (!whole && node->is_top));
		node->n_equal = 1;
		node->hash = mix(own_hash(node, order[i]), fold(tree, node->first_child, scratch));
	}
	if (whole)
		fold(tree, tree->first_root, scratch);
	free(order);
	return 0;
}

void rep_tree_release(struct rep_tree *tree)
{
	for (uint32_t i = 0; i < tree->n_nodes; i++) {
		rep_str_release(tree->nodes[i].comm);
		rep_str_release(tree->nodes[i].exe);
	}
	free(tree->nodes);
	free(tree->slots);
	*tree = (struct rep_tree){0};
}
