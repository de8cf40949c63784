/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree.h - who made whom: nodes from processes, linked to their original parents.
 *
 * Owns: the nodes, their order, which are equal. Never does: output, recursion (a hostile file may
 * hold a chain of millions). What many nodes have in common, their look, is there once. Called by:
 * cmd_tree.c.
 *
 * A tree that is drawn is folded: a node of which all is known, and all below it, becomes a fold,
 * and of the folds below one parent that look the same the oldest is kept, with their number. This
 * is done while rows come in, so that memory holds what is drawn and what is not yet finished
 * (tree_fold.c). A tree that is told row by row keeps every process. Memory: 53 bytes for a node,
 * 8 more with rows; 36 for a fold, and 11 to 21 while its parent is not finished.
 */
#ifndef REP_TREE_H
#define REP_TREE_H

#include "replay/base/slots.h"
#include "replay/rows/top.h"

#define REP_NO_NODE      UINT32_MAX
/* From here on a node's parent is no node but refs[parent - REP_NODE_REF]. */
#define REP_NODE_REF     (1u << 31)
/* So many boots have their ends remembered, and so many pids: the kernel gives no higher one. */
#define REP_TREE_BOOTS   64u
#define REP_TREE_MAX_PID (1u << 22)

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
	uint32_t tgid;
	union {
		uint32_t ns_tgid; /* with_rows */
		uint32_t number;  /* else: in the order in which they were first named */
	};
	uint32_t parent; /* node, or what REP_NODE_REF says, or REP_NO_NODE */
	uint32_t look;
	uint32_t family; /* what is below it and folded; 0 = nothing */
	uint32_t origin : 24;
	uint32_t selected : 1; /* by the selection */
	uint32_t is_top : 1;   /* --pid's own: the drawing starts here */
	/* while linking; shown also after it: selected, or has a descendant that is */
	uint32_t shown : 1, is_placed : 1, is_inside : 1, has_shown : 1;
	uint32_t in_cycle : 1; /* its ancestors led back to it; that link was cut */
	uint32_t is_over : 1;  /* it has ended, or somebody else has its pid */
};

/* Beside the nodes, so that it takes no room while they are gathered. */
union rep_link {
	uint32_t n_children; /* while linking: that are not done */
	uint32_t mark;
	struct {
		uint32_t first_child, next; /* of those that are drawn */
	};
};

/* A node that is finished, and all siblings that look like it, with all that is below them. */
struct rep_fold {
	uint64_t start_ns;
	uint32_t tgid, number, look;
	uint32_t n_equal : 31; /* itself too */
	uint32_t in_cycle : 1;
	uint32_t next;   /* sibling, or REP_NO_NODE */
	uint32_t family; /* below it; 0 = nothing */
	uint32_t above;  /* the family it is of; while it is drawn, its parent */
} __attribute__((packed, aligned(4)));

/* The folds below one parent. */
struct rep_family {
	uint64_t sum;   /* of what they look like */
	uint32_t first; /* or, in one that is free, the next free one */
};

/* The key of a parent that is no node, at least not yet. */
struct rep_ref {
	uint64_t key_ns;
	uint32_t tgid;  /* 0 = it has become a node */
	uint32_t index; /* the node, else the origin */
	uint32_t family;
};

/* For each pid the latest start of its owners that are folded, by pages. */
struct rep_tree_boot {
	const struct rep_origin *origin; /* any of it */
	uint64_t **pages;
};

struct rep_tree_update;

struct rep_tree {
	/* To be set before the first row. */
	bool with_rows; /* every process is told by itself, also when it ended; else they fold */
	bool from_tops; /* drawn from the nodes that are is_top, else from the roots */
	/*
	 * Calls rep_tree_hold for every key that a row still to come may name, for all that is
	 * known. NULL: nothing is folded before all rows are there. May become NULL.
	 */
	void (*hold_keys)(void *context, struct rep_tree *tree);
	void *context;
	uint32_t n_gather; /* so many have to end at least before nodes are looked over */

	struct rep_node *nodes;
	uint64_t *ends; /* with_rows; 0 = not seen to end */
	uint32_t n_nodes, max_nodes;
	union rep_link *links; /* while linking, and with_rows after it */
	struct rep_look *looks;
	uint32_t n_looks, max_looks;
	struct rep_ref *refs;
	uint32_t n_refs, max_refs;
	const struct rep_origin **origins; /* borrowed */
	uint32_t n_origins, max_origins;
	struct rep_slots by_key, by_look;
	uint32_t line_shift;             /* of by_key */
	struct rep_tree_update *updates; /* with_rows: not yet in the nodes */
	uint32_t n_updates;
	uint32_t first_root; /* after rep_tree_link */

	struct rep_fold *folds;
	uint32_t n_folds, max_folds, free_fold; /* free_fold: its index plus 1, as in next */
	struct rep_family *families;            /* the first is none */
	uint32_t n_families, max_families, free_family;
	struct rep_slots by_kind; /* folds below the same unfinished parent, by what they look like
				   */
	uint32_t roots;           /* the family of those without a parent */
	uint64_t n_finished;      /* nodes that have become folds, or are not shown, before the end
				   */
	uint64_t n_passed;        /* waits that say nothing of their own */
	bool has_open;            /* one was open at the end of a section */
	uint32_t n_named;         /* nodes that there have been */
	uint32_t n_over;          /* since nodes were looked over */
	uint32_t collect_at;      /* at so many of them they are again */
	uint32_t n_held;
	uint32_t n_pinned; /* the first so many nodes are of former sections: kept to the end */
	struct rep_tree_boot *boots;
	uint32_t n_boots, boot; /* n_boots: none, too many */
};

/* What is drawn of one line. */
struct rep_line {
	const struct rep_look *look;
	uint32_t tgid, n_equal;
	bool in_cycle;
};

/* What is added from here on is of this section. -ENOMEM; -E2BIG past 2^24 sections. */
VFT_MUST_CHECK int rep_tree_begin(struct rep_tree *tree, const struct rep_origin *origin);
/*
 * Each may come more than once for a process, in the next segment of a recording: the later says
 * more. -ENOMEM; -E2BIG past 2^31 processes; -EAGAIN: it names somebody who may have been folded,
 * which only a hostile file does, or one that lost events. The tree is worth nothing then, and
 * right when built again without hold_keys.
 */
VFT_MUST_CHECK int rep_tree_add_process(struct rep_tree *tree, const struct rep_process *process,
					bool selected, bool is_top);
VFT_MUST_CHECK int rep_tree_add_episode(struct rep_tree *tree, const struct rep_episode *episode);
/* Whether it matters for the tree that a wait has_child_row and has ended. */
bool rep_tree_takes_ended(const struct rep_tree *tree);
/* From hold_keys only. */
void rep_tree_hold(struct rep_tree *tree, struct rep_key key);
/*
 * Link children to parents, cut cycles, find what is shown; nothing can be added any more. -ENOMEM;
 * -EAGAIN: as above, there are cycles.
 */
VFT_MUST_CHECK int rep_tree_link(struct rep_tree *tree);
/*
 * The first of what is drawn below @at, the oldest; of REP_NO_NODE where the drawing starts. @at is
 * a node with_rows, else a fold. -ENOMEM.
 */
VFT_MUST_CHECK int rep_tree_first(struct rep_tree *tree, uint32_t at, uint32_t *ret);
uint32_t rep_tree_next(const struct rep_tree *tree, uint32_t at);   /* or REP_NO_NODE */
uint32_t rep_tree_parent(const struct rep_tree *tree, uint32_t at); /* once it has been entered */
struct rep_line rep_tree_line(const struct rep_tree *tree, uint32_t fold);
struct rep_key rep_tree_key(const struct rep_tree *tree, uint32_t node);
struct rep_key rep_tree_parent_key(const struct rep_tree *tree, uint32_t node);
void rep_tree_release(struct rep_tree *tree);

/* The files of this folder only. All that was added is in the nodes. */
VFT_MUST_CHECK int rep_tree_flush(struct rep_tree *tree);
/* Room for one more behind the @n in *@array, which moves, and @max with it. */
VFT_MUST_CHECK int rep_tree_grow(void *array, uint32_t *max, uint32_t n, size_t size);
bool rep_tree_same_boot(const struct rep_origin *a, const struct rep_origin *b);
/* The node or reference of @key, plus 1, or 0. */
uint32_t rep_tree_find(const struct rep_tree *tree, struct rep_key key);
/* All keys are put anew. */
void rep_tree_place_keys(struct rep_tree *tree);
static inline uint32_t rep_tree_parent_node(const struct rep_tree *tree, uint32_t node)
{
	return tree->nodes[node].parent < REP_NODE_REF ? tree->nodes[node].parent : REP_NO_NODE;
}
/* Parents that have become nodes. */
void rep_tree_resolve(struct rep_tree *tree);
/* tree_fold.c: what is finished becomes folds, when it is time. Errors as rep_tree_add_process. */
VFT_MUST_CHECK int rep_tree_collect(struct rep_tree *tree);
/* Whether one of @key may have been folded. */
bool rep_tree_may_be_folded(const struct rep_tree *tree, struct rep_key key);
/* A section of this boot begins. */
VFT_MUST_CHECK int rep_tree_set_boot(struct rep_tree *tree, const struct rep_origin *origin);
/* A node whose children are done becomes a fold of *@family, of none if that is NULL. -ENOMEM. */
VFT_MUST_CHECK int rep_tree_fold(struct rep_tree *tree, uint32_t node, uint32_t *family,
				 uint32_t *ret);
/* All of family @from, into *@to. -ENOMEM. */
VFT_MUST_CHECK int rep_tree_adopt(struct rep_tree *tree, uint32_t from, uint32_t *to);
void rep_tree_fold_release(struct rep_tree *tree);

#endif
