/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "replay/tree/tree.h"

static const struct rep_origin origin = {.boot_id = "b", .boot_id_size = 1};

static struct rep_node *get(struct rep_tree *tree, uint32_t pid)
{
	uint32_t i = 0;

	while (i < tree->n_nodes && tree->nodes[i].tgid != pid)
		i++;
	assert_true(i < tree->n_nodes);
	return &tree->nodes[i];
}

/* What the test says of a process, and the tree then holds. */
static void add_process(struct rep_tree *tree, uint32_t pid, uint32_t parent, const char *comm,
			bool selected, bool is_top)
{
	struct vft_str bytes = {comm, (uint32_t)strlen(comm)};
	struct rep_process process = {
		.key = {pid, pid}, .parent = {parent, parent}, .start_ns = pid, .ns_tgid = pid};

	process.comm = rep_str_new(&bytes);
	assert_non_null(process.comm);
	if (!tree->n_origins)
		assert_int_equal(rep_tree_begin(tree, &origin), 0);
	assert_int_equal(rep_tree_add_process(tree, &process, selected, is_top), 0);
	rep_str_release(process.comm);
}

static void add(struct rep_tree *tree, uint32_t pid, uint32_t parent, const char *comm)
{
	add_process(tree, pid, parent, comm, true, false);
}

/* The fold of @pid that is drawn, wherever it stands; REP_NO_NODE: it is not. */
static uint32_t find_fold(struct rep_tree *tree, uint32_t pid)
{
	uint32_t at, next;

	assert_int_equal(rep_tree_first(tree, REP_NO_NODE, &at), 0);
	while (at != REP_NO_NODE && tree->folds[at].tgid != pid) {
		assert_int_equal(rep_tree_first(tree, at, &next), 0);
		while (next == REP_NO_NODE && at != REP_NO_NODE) {
			next = rep_tree_next(tree, at);
			at = rep_tree_parent(tree, at);
		}
		at = next;
	}
	return at;
}

/* 0: it is not drawn. */
static uint32_t count_equal(struct rep_tree *tree, uint32_t pid)
{
	uint32_t fold = find_fold(tree, pid);

	return fold == REP_NO_NODE ? 0 : rep_tree_line(tree, fold).n_equal;
}

/* The pids of @pid's children that are drawn, in their order, 0 behind the last; of 0: the roots.
 */
static void assert_children(struct rep_tree *tree, uint32_t pid, const uint32_t *pids)
{
	uint32_t at = REP_NO_NODE;

	if (pid)
		at = tree->with_rows ? (uint32_t)(get(tree, pid) - tree->nodes)
				     : find_fold(tree, pid);
	assert_true(!pid || at != REP_NO_NODE);
	assert_int_equal(rep_tree_first(tree, at, &at), 0);
	for (; *pids; pids++, at = rep_tree_next(tree, at)) {
		assert_int_not_equal(at, REP_NO_NODE);
		assert_int_equal(tree->with_rows ? tree->nodes[at].tgid : tree->folds[at].tgid,
				 *pids);
	}
	assert_int_equal(at, REP_NO_NODE);
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
	assert_int_equal(rep_tree_link(&tree), 0);
	assert_int_equal(count_equal(&tree, 2), 2);
	assert_int_equal(count_equal(&tree, 4), 0);
	assert_int_equal(count_equal(&tree, 5), 1);
	assert_int_equal(count_equal(&tree, 3), 1);
	assert_children(&tree, 1, (uint32_t[]){2, 3, 5, 0});
	rep_tree_release(&tree);
}

static void test_tree__what_holds_a_parent_is_not_folded(void **state)
{
	struct rep_tree tree = {0};

	add(&tree, 1, 0, "make");
	for (uint32_t pid = 2; pid <= 4; pid++) {
		struct rep_episode open = {.child = {pid, pid},
					   .parent = {1, 1},
					   .blocked_ns = 5,
					   .outcome = REP_OUTCOME_OPEN};

		add(&tree, pid, 1, "cc");
		if (pid < 4)
			assert_int_equal(rep_tree_add_episode(&tree, &open), 0);
	}
	assert_int_equal(rep_tree_link(&tree), 0);
	assert_int_equal(count_equal(&tree, 2), 1);
	assert_int_equal(count_equal(&tree, 3), 1);
	assert_int_equal(count_equal(&tree, 4), 1);
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
	assert_int_equal(rep_tree_link(&tree), 0);
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

	add_process(&tree, 1, 0, "a", false, false);
	add_process(&tree, 2, 1, "b", false, false);
	add(&tree, 3, 2, "c");
	add_process(&tree, 4, 1, "d", false, false);
	assert_int_equal(rep_tree_link(&tree), 0);
	assert_true(get(&tree, 1)->shown);
	assert_true(get(&tree, 2)->shown);
	assert_true(get(&tree, 3)->shown);
	assert_false(get(&tree, 4)->shown);
	rep_tree_release(&tree);
}

static void test_tree__only_below_a_top(void **state)
{
	struct rep_tree tree = {.from_tops = true};

	add(&tree, 1, 0, "a");
	add_process(&tree, 2, 1, "b", true, true);
	add(&tree, 3, 2, "c");
	add(&tree, 4, 1, "d");
	assert_int_equal(rep_tree_link(&tree), 0);
	assert_false(get(&tree, 1)->shown);
	assert_true(get(&tree, 2)->shown);
	assert_true(get(&tree, 3)->shown);
	assert_false(get(&tree, 4)->shown);
	rep_tree_release(&tree);
}

/* They were asked for by number. */
static void test_tree__equal_tops_are_both_drawn(void **state)
{
	struct rep_tree tree = {.from_tops = true};

	add(&tree, 1, 0, "a");
	add_process(&tree, 3, 1, "b", true, true);
	add_process(&tree, 2, 1, "b", true, true);
	add(&tree, 4, 3, "c");
	add(&tree, 5, 2, "c");
	add(&tree, 6, 2, "c");
	add(&tree, 7, 6, "d");
	assert_int_equal(rep_tree_link(&tree), 0);
	assert_children(&tree, 0, (uint32_t[]){3, 2, 0});
	assert_int_equal(count_equal(&tree, 3), 1);
	assert_int_equal(count_equal(&tree, 2), 1);
	rep_tree_release(&tree);
}

static void test_tree__siblings_by_start(void **state)
{
	struct rep_tree tree = {.with_rows = true};

	/* The children end, and are added, before their parents and in no order. */
	add(&tree, 9, 2, "i");
	add(&tree, 4, 2, "d");
	add(&tree, 7, 2, "g");
	add(&tree, 3, 0, "c");
	add(&tree, 2, 1, "b");
	assert_int_equal(rep_tree_link(&tree), 0);
	assert_children(&tree, 2, (uint32_t[]){4, 7, 9, 0});
	assert_children(&tree, 0, (uint32_t[]){2, 3, 0});
	/* The parent that nothing is known of has a key. */
	assert_int_equal(rep_tree_parent_key(&tree, 4).tgid, 1);
	rep_tree_release(&tree);
}

static void test_tree__the_later_report_says_more(void **state)
{
	struct rep_process process = {.key = {2, 2}, .start_ns = 5, .spawn = REP_SPAWN_VFORK};
	struct rep_episode episode = {
		.child = {2, 2}, .parent = {1, 1}, .blocked_ns = 7, .outcome = REP_OUTCOME_OPEN};
	const struct rep_look *look;
	struct rep_tree tree = {.with_rows = true};

	assert_int_equal(rep_tree_begin(&tree, &origin), 0);
	assert_int_equal(rep_tree_add_episode(&tree, &episode), 0);
	assert_int_equal(rep_tree_add_process(&tree, &process, false, false), 0);
	/* The next segment, of the same boot. */
	assert_int_equal(rep_tree_begin(&tree, &origin), 0);
	process.start_ns = 2;
	process.spawn = REP_SPAWN_EXISTING;
	process.ended = true;
	process.exit_code = 3;
	process.end_ns = 11;
	episode.outcome = REP_OUTCOME_EXIT;
	assert_int_equal(rep_tree_add_episode(&tree, &episode), 0);
	assert_int_equal(rep_tree_add_process(&tree, &process, true, false), 0);
	assert_int_equal(rep_tree_link(&tree), 0);
	assert_int_equal(tree.n_nodes, 1);
	look = &tree.looks[tree.nodes[0].look];
	assert_int_equal(tree.nodes[0].start_ns, 5);
	assert_int_equal(look->spawn, REP_SPAWN_VFORK);
	assert_false(look->holds);
	assert_true(look->ended);
	assert_int_equal(look->exit_code, 3);
	assert_int_equal(tree.ends[0], 11);
	assert_true(tree.nodes[0].selected);
	assert_int_equal(rep_tree_parent_key(&tree, 0).tgid, 1);
	rep_tree_release(&tree);
}

/* Another boot's process of the same key is another process. */
static void test_tree__boots_are_apart(void **state)
{
	static const struct rep_origin other = {.boot_id = "c", .boot_id_size = 1};
	struct rep_tree tree = {0};

	add(&tree, 1, 0, "a");
	add(&tree, 2, 1, "b");
	assert_int_equal(rep_tree_begin(&tree, &other), 0);
	add(&tree, 2, 1, "b");
	assert_int_equal(rep_tree_link(&tree), 0);
	assert_int_equal(tree.n_nodes, 3);
	assert_true(tree.nodes[1].parent == 0);
	assert_true(tree.nodes[2].parent >= REP_NODE_REF);
	rep_tree_release(&tree);
}

static void test_tree__a_chain_of_a_million(void **state)
{
	struct rep_process process = {.comm = NULL};
	struct rep_tree tree = {0};
	uint32_t at = REP_NO_NODE;

	assert_int_equal(rep_tree_begin(&tree, &origin), 0);
	for (uint32_t pid = 1; pid <= 1000000; pid++) {
		process.key = (struct rep_key){pid, 1};
		process.parent = (struct rep_key){pid - 1, 1};
		assert_int_equal(rep_tree_add_process(&tree, &process, true, false), 0);
	}
	assert_int_equal(rep_tree_link(&tree), 0);
	assert_int_equal(tree.n_nodes, 1000000);
	for (uint32_t pid = 1; pid <= 1000000; pid++) {
		assert_int_equal(rep_tree_first(&tree, at, &at), 0);
		assert_int_equal(tree.folds[at].tgid, pid);
	}
	rep_tree_release(&tree);
}

static void hold_nobody(void *context, struct rep_tree *tree)
{
}

/* Each is folded below a parent of whom there never is a row: all are roots. */
static void test_tree__roots_of_several_unknown_parents(void **state)
{
	struct rep_tree tree = {.hold_keys = hold_nobody, .n_gather = 1};
	struct rep_process process = {.ended = true};

	assert_int_equal(rep_tree_begin(&tree, &origin), 0);
	for (uint32_t pid = 10; pid < 16; pid++) {
		process.key = (struct rep_key){pid, pid};
		process.parent = (struct rep_key){pid / 2, 1};
		process.start_ns = pid;
		assert_int_equal(rep_tree_add_process(&tree, &process, true, false), 0);
	}
	assert_true(tree.n_finished > 0);
	assert_int_equal(rep_tree_link(&tree), 0);
	assert_children(&tree, 0, (uint32_t[]){10, 0});
	assert_int_equal(count_equal(&tree, 10), 6);
	rep_tree_release(&tree);
}

/* The next section of the boot tells of it again. */
static void test_tree__who_lives_on_is_not_folded(void **state)
{
	struct rep_tree tree = {.hold_keys = hold_nobody, .n_gather = 1};
	struct rep_process lives = {.key = {2, 2}}, ends = {.key = {3, 3}, .ended = true};

	assert_int_equal(rep_tree_begin(&tree, &origin), 0);
	assert_int_equal(rep_tree_add_process(&tree, &lives, true, false), 0);
	assert_int_equal(rep_tree_add_process(&tree, &ends, true, false), 0);
	assert_int_equal(tree.n_finished, 1);
	assert_int_equal(rep_tree_begin(&tree, &origin), 0);
	lives.ended = true;
	assert_int_equal(rep_tree_add_process(&tree, &lives, true, false), 0);
	/* Of one that was folded there should be no row. */
	assert_int_equal(rep_tree_add_process(&tree, &ends, true, false), -EAGAIN);
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
		cmocka_unit_test(test_tree__equal_tops_are_both_drawn),
		cmocka_unit_test(test_tree__siblings_by_start),
		cmocka_unit_test(test_tree__the_later_report_says_more),
		cmocka_unit_test(test_tree__boots_are_apart),
		cmocka_unit_test(test_tree__roots_of_several_unknown_parents),
		cmocka_unit_test(test_tree__who_lives_on_is_not_folded),
		cmocka_unit_test(test_tree__a_chain_of_a_million),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
