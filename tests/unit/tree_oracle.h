/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tree_oracle.h - the tree as it is defined, from all rows at once: slow, and simple enough to be
 * read. What replay/tree/ draws must be this.
 *
 * Owns: the rows. Called by: test_tree_property.c.
 */
#ifndef TEST_TREE_ORACLE_H
#define TEST_TREE_ORACLE_H

#include <stdio.h>

#include "replay/tree/tree.h"

struct oracle;

struct oracle *oracle_new(void);
void oracle_free(struct oracle *oracle);
/* The rows that follow are of this boot. */
void oracle_begin(struct oracle *oracle, unsigned int boot);
void oracle_add_process(struct oracle *oracle, const struct rep_process *process, bool selected,
			bool is_top);
void oracle_add_episode(struct oracle *oracle, const struct rep_episode *episode);
/* A line for each node that is drawn. */
void oracle_draw(struct oracle *oracle, bool from_tops, FILE *to);

/* One line, in the words of both. */
void oracle_line(FILE *to, unsigned int depth, uint32_t tgid, uint32_t n_equal,
		 const struct rep_look *look, bool in_cycle);

#endif
