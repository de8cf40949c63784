/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree.h - who made whom: nodes from processes, linked to their original parents.
 *
 * Owns: the nodes, their order, which are equal. Never does: output, recursion (a hostile file may
 * hold a chain of millions). Memory: about 55 bytes a process, and 8 more with_ends; what many have
 * in common, their look, is there once. Called by: cmd_tree.c.
 */
#ifndef REP_TREE_H
#define REP_TREE_H

#include "replay/base/slots.h"
#include "replay/rows/top.h"

#define REP_NO_NODE  UINT32_MAX
/* From here on a node's parent is no node but refs[parent - REP_NODE_REF]. */
#define REP_NODE_REF (1u << 31)

/* What a node looks like. What holds its parent hardly shares it: blocked_ns differs. */
struct rep_look {
	struct rep_str *comm, *exe;
	uint64_t hash;       /* of the text of it; equal looks are drawn as one */
	uint64_t blocked_ns; /* holds: so far */
	uint32_t exit_code, exit_signal;
	uint8_t spawn, state; /* enum rep_spawn; holds: enum vft_state */
	bool ended;
	bool holds; /* it holds the parent that made it with vfork, and nothing has ended that */
};

struct rep_node {
	uint64_t key_ns; /* start of its key */
	uint64_t start_ns;
	uint32_t tgid, ns_tgid;
	uint32_t parent; /* node, or what REP_NODE_REF says, or REP_NO_NODE */
	uint32_t look;
	uint32_t n_equal; /* siblings that look the same, itself too; 0 = drawn by another */
	uint32_t origin : 24;
	uint32_t selected : 1; /* by the selection */
	uint32_t is_top : 1;   /* --pid's own: the drawing starts here */
	/* after rep_tree_link */
	uint32_t shown : 1;    /* selected, or has a descendant that is */
	uint32_t in_cycle : 1; /* its ancestors led back to it; that link was cut */
	/* while linking */
	uint32_t is_placed : 1, is_inside : 1, has_shown : 1;
};

/* Beside the nodes, so that it takes no room while they are gathered. */
union rep_link {
	uint64_t hash; /* while linking: of what the subtree looks like */
	struct {
		uint32_t first_child, next; /* of those that are drawn */
	};
};

/* The key of a parent that is no node, at least not yet. */
struct rep_ref {
	uint64_t key_ns;
	uint32_t tgid;  /* 0 = it has become a node */
	uint32_t index; /* the node, else the origin */
};

struct rep_tree_update;

struct rep_tree {
	bool with_ends; /* ends are kept: to be set before the first process */

	struct rep_node *nodes;
	uint64_t *ends; /* NULL without with_ends; 0 = not seen to end */
	uint32_t n_nodes, max_nodes;
	union rep_link *links; /* after rep_tree_link */
	uint32_t first_root;
	struct rep_look *looks;
	uint32_t n_looks, max_looks;
	struct rep_ref *refs;
	uint32_t n_refs, max_refs;
	const struct rep_origin **origins; /* borrowed */
	uint32_t n_origins, max_origins;
	struct rep_slots by_key, by_look;
	uint32_t line_shift;             /* of by_key */
	struct rep_tree_update *updates; /* not yet in the nodes */
	uint32_t n_updates;
};

/* What is added from here on is of this section. -ENOMEM; -E2BIG past 2^24 sections. */
VFT_MUST_CHECK int rep_tree_begin(struct rep_tree *tree, const struct rep_origin *origin);
/*
 * Each may come more than once for a process, in the next segment of a recording: the later says
 * more. -ENOMEM; -E2BIG past 2^31 processes.
 */
VFT_MUST_CHECK int rep_tree_add_process(struct rep_tree *tree, const struct rep_process *process,
					bool selected, bool is_top);
VFT_MUST_CHECK int rep_tree_add_episode(struct rep_tree *tree, const struct rep_episode *episode);
/*
 * Link children to parents, cut cycles, find what is shown; nothing can be added any more. @whole:
 * start at the roots, else at the nodes that are is_top. @fold: of siblings that look the same only
 * the oldest is linked. -ENOMEM.
 */
VFT_MUST_CHECK int rep_tree_link(struct rep_tree *tree, bool whole, bool fold);
/* The first of @node's children that are drawn, the oldest; of REP_NO_NODE the first root. -ENOMEM.
 */
VFT_MUST_CHECK int rep_tree_first(struct rep_tree *tree, uint32_t node, uint32_t *ret);
/* Once linked: the keys of a node and of its parent; the latter's tgid is 0 when not known. */
struct rep_key rep_tree_key(const struct rep_tree *tree, uint32_t node);
struct rep_key rep_tree_parent_key(const struct rep_tree *tree, uint32_t node);
void rep_tree_release(struct rep_tree *tree);

/* tree.c and tree_link.c only. All that was added is in the nodes. */
VFT_MUST_CHECK int rep_tree_flush(struct rep_tree *tree);
/* Room for one more behind the @n in *@array, which moves, and @max with it. */
VFT_MUST_CHECK int rep_tree_grow(void *array, uint32_t *max, uint32_t n, size_t size);

#endif
