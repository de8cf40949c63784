/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tree.h"

static const struct rep_origin origin = {.boot_id = "b", .boot_id_size = 1};

static struct rep_node *add(struct rep_tree *tree, uint32_t pid, uint32_t parent, const char *comm)
{
	struct vft_str bytes = {comm, (uint32_t)strlen(comm)};
	struct rep_node *node;

	assert_int_equal(rep_tree_get(tree, &origin, (struct rep_key){pid, pid}, &node), 0);
	node->parent_key = (struct rep_key){parent, parent};
	node->start_ns = pid;
	node->selected = true;
	node->comm = rep_str_new(&bytes);
	assert_non_null(node->comm);
	return node;
}

static struct rep_node *get(struct rep_tree *tree, uint32_t pid)
{
	struct rep_node *node;

	assert_int_equal(rep_tree_get(tree, &origin, (struct rep_key){pid, pid}, &node), 0);
	return node;
}

static void test_tree__equal_siblings_fold(void **state)
{
	struct rep_tree tree = {0};

	add(&tree, 1, 0, "make");
	add(&tree, 2, 1, "cc");
	add(&tree, 3, 1, "ld");
	add(&tree, 4, 1, "cc");
	add(&tree, 5, 1, "cc");
	add(&tree, 6, 5, "as"); /* this cc is not like the others */
	assert_int_equal(rep_tree_link(&tree, true), 0);
	assert_int_equal(get(&tree, 2)->n_equal, 2);
	assert_int_equal(get(&tree, 4)->n_equal, 0);
	assert_int_equal(get(&tree, 5)->n_equal, 1);
	assert_int_equal(get(&tree, 3)->n_equal, 1);
	rep_tree_release(&tree);
}

static void test_tree__what_holds_a_parent_is_not_folded(void **state)
{
	struct rep_tree tree = {0};

	add(&tree, 1, 0, "make");
	add(&tree, 2, 1, "cc")->holds = true;
	add(&tree, 3, 1, "cc")->holds = true;
	add(&tree, 4, 1, "cc");
	assert_int_equal(rep_tree_link(&tree, true), 0);
	assert_int_equal(get(&tree, 2)->n_equal, 1);
	assert_int_equal(get(&tree, 3)->n_equal, 1);
	assert_int_equal(get(&tree, 4)->n_equal, 1);
	rep_tree_release(&tree);
}

static void test_tree__cycles_are_cut(void **state)
{
	struct rep_tree tree = {0};
	unsigned int n_cut = 0, n_shown = 0;

	add(&tree, 1, 3, "a");
	add(&tree, 2, 1, "b");
	add(&tree, 3, 2, "c");
	add(&tree, 4, 4, "own parent");
	add(&tree, 5, 3, "below");
	assert_int_equal(rep_tree_link(&tree, true), 0);
	for (uint32_t pid = 1; pid <= 5; pid++) {
		n_cut += get(&tree, pid)->in_cycle;
		n_shown += get(&tree, pid)->shown;
	}
	assert_int_equal(n_cut, 1);
	assert_int_equal(n_shown, 5);
	rep_tree_release(&tree);
}

static void test_tree__ancestors_of_the_selected_are_shown(void **state)
{
	struct rep_tree tree = {0};

	add(&tree, 1, 0, "a")->selected = false;
	add(&tree, 2, 1, "b")->selected = false;
	add(&tree, 3, 2, "c");
	add(&tree, 4, 1, "d")->selected = false;
	assert_int_equal(rep_tree_link(&tree, true), 0);
	assert_true(get(&tree, 1)->shown);
	assert_true(get(&tree, 2)->shown);
	assert_true(get(&tree, 3)->shown);
	assert_false(get(&tree, 4)->shown);
	rep_tree_release(&tree);
}

static void test_tree__only_below_a_top(void **state)
{
	struct rep_tree tree = {0};

	add(&tree, 1, 0, "a");
	add(&tree, 2, 1, "b")->is_top = true;
	add(&tree, 3, 2, "c");
	add(&tree, 4, 1, "d");
	assert_int_equal(rep_tree_link(&tree, false), 0);
	assert_false(get(&tree, 1)->shown);
	assert_true(get(&tree, 2)->shown);
	assert_true(get(&tree, 3)->shown);
	assert_false(get(&tree, 4)->shown);
	rep_tree_release(&tree);
}

static void test_tree__a_chain_of_a_million(void **state)
{
	struct rep_tree tree = {0};
	struct rep_node *node;

	for (uint32_t pid = 1; pid <= 1000000; pid++) {
		assert_int_equal(rep_tree_get(&tree, &origin, (struct rep_key){pid, 1}, &node), 0);
		node->parent_key = (struct rep_key){pid - 1, 1};
		node->selected = true;
	}
	assert_int_equal(rep_tree_link(&tree, true), 0);
	assert_int_equal(tree.n_nodes, 1000000);
	assert_true(tree.nodes[999999].shown);
	rep_tree_release(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree__equal_siblings_fold),
		cmocka_unit_test(test_tree__what_holds_a_parent_is_not_folded),
		cmocka_unit_test(test_tree__cycles_are_cut),
		cmocka_unit_test(test_tree__ancestors_of_the_selected_are_shown),
		cmocka_unit_test(test_tree__only_below_a_top),
		cmocka_unit_test(test_tree__a_chain_of_a_million),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
