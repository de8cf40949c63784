/* SPDX-License-Identifier: BSD-2-Clause */
#include "tree_oracle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NODES 8192
#define NONE      (-1)

struct node {
	struct rep_key key, parent_key;
	unsigned int boot;
	uint64_t start_ns;
	struct rep_look look;
	bool selected, is_top, in_cycle;
	int parent, mark;
	int first_child, next; /* of all, not only of what is shown */
	char *text;            /* of it and all below it, without pids: NULL = not shown */
};

struct oracle {
	struct node nodes[MAX_NODES];
	int n;
	unsigned int boot;
	bool from_tops;
};

struct oracle *oracle_new(void)
{
	return calloc(1, sizeof(struct oracle));
}

void oracle_free(struct oracle *oracle)
{
	for (int i = 0; i < oracle->n; i++) {
		rep_str_release(oracle->nodes[i].look.comm);
		rep_str_release(oracle->nodes[i].look.exe);
		free(oracle->nodes[i].text);
	}
	free(oracle);
}

void oracle_begin(struct oracle *oracle, unsigned int boot)
{
	oracle->boot = boot;
}

static int find(const struct oracle *oracle, unsigned int boot, struct rep_key key)
{
	for (int i = 0; i < oracle->n; i++)
		if (oracle->nodes[i].boot == boot && oracle->nodes[i].key.tgid == key.tgid &&
		    oracle->nodes[i].key.start_ns == key.start_ns)
			return i;
	return NONE;
}

static struct node *get(struct oracle *oracle, struct rep_key key)
{
	int i = find(oracle, oracle->boot, key);

	if (i == NONE) {
		if (oracle->n == MAX_NODES)
			abort();
		i = oracle->n++;
		oracle->nodes[i] = (struct node){.key = key, .boot = oracle->boot};
	}
	return &oracle->nodes[i];
}

static void set_str(struct rep_str **slot, struct rep_str *str)
{
	rep_str_acquire(str);
	rep_str_release(*slot);
	*slot = str;
}

void oracle_add_process(struct oracle *oracle, const struct rep_process *process, bool selected,
			bool is_top)
{
	struct node *node = get(oracle, process->key);

	if (process->parent.tgid)
		node->parent_key = process->parent;
	if (process->comm)
		set_str(&node->look.comm, process->comm);
	if (process->exe)
		set_str(&node->look.exe, process->exe);
	if (!node->start_ns || process->spawn != REP_SPAWN_EXISTING)
		node->start_ns = process->start_ns;
	node->look.ended = process->ended;
	node->look.exit_code = process->exit_code;
	node->look.exit_signal = process->exit_signal;
	node->selected |= selected;
	node->is_top |= is_top;
}

void oracle_add_episode(struct oracle *oracle, const struct rep_episode *episode)
{
	struct node *node = get(oracle, episode->child);

	if (episode->parent.tgid && !node->parent_key.tgid)
		node->parent_key = episode->parent;
	if (!node->start_ns)
		node->start_ns = episode->start_ns;
	if (!node->look.comm)
		set_str(&node->look.comm, episode->child_comm);
	node->look.holds = episode->outcome == REP_OUTCOME_OPEN;
	node->look.blocked_ns = node->look.holds ? episode->blocked_ns : 0;
	node->look.state = node->look.holds ? (uint8_t)episode->child_state : 0;
}

static void link_parents(struct oracle *oracle)
{
	for (int i = 0; i < oracle->n; i++) {
		struct node *node = &oracle->nodes[i];

		node->mark = 0;
		node->parent = NONE;
		if (node->parent_key.tgid)
			node->parent = find(oracle, node->boot, node->parent_key);
		if (node->parent == i)
			node->parent = NONE;
	}
	for (int i = 0; i < oracle->n; i++)
		for (int at = i; at != NONE && !oracle->nodes[at].mark;
		     at = oracle->nodes[at].parent) {
			struct node *node = &oracle->nodes[at];

			node->mark = i + 1;
			if (node->parent == NONE || oracle->nodes[node->parent].mark != i + 1)
				continue;
			node->in_cycle = true;
			node->parent = NONE;
		}
	for (int i = 0; i < oracle->n; i++)
		oracle->nodes[i].first_child = NONE;
	for (int i = oracle->n; i--;) {
		struct node *node = &oracle->nodes[i];

		if (node->parent == NONE)
			continue;
		node->next = oracle->nodes[node->parent].first_child;
		oracle->nodes[node->parent].first_child = i;
	}
}

static bool is_inside(const struct oracle *oracle, int at)
{
	for (; at != NONE; at = oracle->nodes[at].parent)
		if (oracle->nodes[at].is_top)
			return true;
	return !oracle->from_tops;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_start(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	if (x->key.tgid != y->key.tgid)
		return x->key.tgid < y->key.tgid ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void put_look(FILE *to, const struct rep_look *look)
{
	struct vft_str comm = rep_str_get(look->comm);

	(void)fprintf(to, "%.*s", (int)comm.size, comm.data ? comm.data : "");
	if (look->ended)
		(void)fprintf(to, " ended %u,%u", look->exit_code, look->exit_signal);
	if (look->holds)
		(void)fprintf(to, " holds %" PRIu64 ",%u", look->blocked_ns, look->state);
}

static void make_text(struct oracle *oracle, int at)
{
	struct node *node = &oracle->nodes[at];
	struct vft_str exe = rep_str_get(node->look.exe);
	char **below = calloc((size_t)oracle->n + 1, sizeof(*below));
	size_t n = 0, size;
	bool is_shown;
	FILE *to;

	for (int i = node->first_child; i != NONE; i = oracle->nodes[i].next) {
		make_text(oracle, i);
		if (oracle->nodes[i].text)
			below[n++] = oracle->nodes[i].text;
	}
	is_shown = is_inside(oracle, at) &&
		   (node->selected || n || (oracle->from_tops && node->is_top));
	if (is_shown) {
		to = open_memstream(&node->text, &size);
		put_look(to, &node->look);
		(void)fprintf(to, "|%.*s|", (int)exe.size, exe.data ? exe.data : "");
		/* What holds its parent is one of its kind. */
		if (node->look.holds)
			(void)fprintf(to, "%d", at);
		qsort(below, n, sizeof(*below), by_text);
		for (size_t i = 0; i < n; i++)
			(void)fprintf(to, "(%s)", below[i]);
		(void)fclose(to);
	}
	free(below);
}

void oracle_line(FILE *to, unsigned int depth, uint32_t tgid, uint32_t n_equal,
		 const struct rep_look *look, bool in_cycle)
{
	(void)fprintf(to, "%u ", depth);
	put_look(to, look);
	if (n_equal > 1)
		(void)fprintf(to, " x%u", n_equal);
	else
		(void)fprintf(to, " [%u]", tgid);
	(void)fprintf(to, "%s\n", in_cycle ? " cycle" : "");
}

static void draw_siblings(struct oracle *oracle, int first, unsigned int depth, FILE *to);

static void draw(struct oracle *oracle, const struct node *node, uint32_t n_equal,
		 unsigned int depth, FILE *to)
{
	oracle_line(to, depth, node->key.tgid, n_equal, &node->look, node->in_cycle);
	draw_siblings(oracle, node->first_child, depth + 1, to);
}

/* Those from @first on; of NONE at depth 0 the roots. */
static void draw_siblings(struct oracle *oracle, int first, unsigned int depth, FILE *to)
{
	struct node **siblings = calloc((size_t)oracle->n + 1, sizeof(struct node *));
	size_t n = 0;

	if (depth) {
		for (int i = first; i != NONE; i = oracle->nodes[i].next)
			if (oracle->nodes[i].text)
				siblings[n++] = &oracle->nodes[i];
	} else {
		for (int i = 0; i < oracle->n; i++)
			if (oracle->nodes[i].parent == NONE && oracle->nodes[i].text)
				siblings[n++] = &oracle->nodes[i];
	}
	qsort(siblings, n, sizeof(struct node *), by_start);
	for (size_t i = 0; i < n; i++) {
		uint32_t n_equal = 1;

		if (!siblings[i])
			continue;
		for (size_t k = i + 1; k < n; k++)
			if (siblings[k] && !strcmp(siblings[k]->text, siblings[i]->text)) {
				siblings[k] = NULL;
				n_equal++;
			}
		draw(oracle, siblings[i], n_equal, depth, to);
	}
	free(siblings);
}

void oracle_draw(struct oracle *oracle, bool from_tops, FILE *to)
{
	oracle->from_tops = from_tops;
	link_parents(oracle);
	for (int i = 0; i < oracle->n; i++)
		if (oracle->nodes[i].parent == NONE)
			make_text(oracle, i);
	if (!from_tops)
		draw_siblings(oracle, NONE, 0, to);
	for (int i = 0; from_tops && i < oracle->n; i++) {
		const struct node *node = &oracle->nodes[i];

		if (node->is_top && !is_inside(oracle, node->parent))
			draw(oracle, node, 1, 0, to);
	}
}
