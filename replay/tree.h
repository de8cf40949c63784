/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree.h - who made whom: nodes from processes, linked to their original parents.
 *
 * Owns: the nodes, their order, which are equal. Never does: output, recursion (a hostile file may
 * hold a chain of a million). Called by: cmd_tree.c.
 */
#ifndef REP_TREE_H
#define REP_TREE_H

#include "top.h"

#define REP_NO_NODE UINT32_MAX

struct rep_node {
	struct rep_key key, parent_key;
	const struct rep_origin *origin; /* borrowed */
	struct rep_str *comm, *exe;
	uint64_t start_ns, end_ns;
	uint64_t blocked_ns; /* holds: so far */
	uint32_t ns_tgid, exit_code, exit_signal;
	uint8_t spawn, state; /* enum rep_spawn; holds: enum vft_state */
	bool ended;
	bool holds;    /* it holds the parent that made it with vfork, and nothing has ended that */
	bool selected; /* by the selection */
	/* after rep_tree_link */
	bool shown;                         /* selected, or has a descendant that is */
	bool is_top;                        /* --pid's own: the drawing starts here */
	bool in_cycle;                      /* its ancestors led back to it; that link was cut */
	uint32_t parent, first_child, next; /* indexes; next: the sibling that started after */
	uint32_t n_equal; /* siblings that look the same, itself too; 0 = drawn by another */
	uint64_t hash;    /* of what its subtree looks like */
};

struct rep_tree {
	struct rep_node *nodes;
	uint32_t n_nodes, max_nodes;
	uint32_t *slots; /* by key */
	uint32_t n_slots;
	uint32_t first_root; /* chained by next */
};

/*
 * The node of a process of that boot, which is made when there is none yet. -ENOMEM; -E2BIG past
 * 2^31 nodes.
 */
VFT_MUST_CHECK int rep_tree_get(struct rep_tree *tree, const struct rep_origin *origin,
				struct rep_key key, struct rep_node **ret);
/*
 * Link children to parents, oldest first, cut cycles, find what is shown and what is equal.
 * @whole: start at the roots, else at the nodes that are is_top. -ENOMEM.
 */
VFT_MUST_CHECK int rep_tree_link(struct rep_tree *tree, bool whole);
void rep_tree_release(struct rep_tree *tree);

#endif
