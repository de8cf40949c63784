/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/tree/tree.h"

#include <errno.h>
#include <stdlib.h>

#define MAX_ORIGINS (1u << 24)
/* What is added waits for so many more, while its slot is on the way from memory. */
#define N_UPDATES   32u
/* Keys are looked for first among the eight slots of their time, in one line of the cache. */
#define LINE        ((size_t)64)
#define N_LINE      (uint32_t)(LINE / sizeof(struct rep_slot))
/* So many that come one after the other share a line, or half of it. */
#define N_SHARE     4u

/* One call of rep_tree_add_*. */
struct rep_tree_update {
	uint64_t hash;
	struct rep_key key, parent;
	struct rep_look look;
	uint64_t start_ns, end_ns;
	uint32_t ns_tgid;
	bool is_episode, selected, is_top, is_over;
};

static uint64_t hash_key(struct rep_key key)
{
	return rep_mix(rep_mix(rep_seed, key.start_ns), key.tgid);
}

/* Of all that is drawn of a look: two with the same look like one. */
static uint64_t hash_text(const struct rep_look *look)
{
	uint64_t hash =
		rep_mix(rep_mix(rep_seed, rep_str_hash(look->comm)), rep_str_hash(look->exe));

	hash = rep_mix(hash, look->exit_code | (uint64_t)look->exit_signal << 32);
	return rep_mix(hash, look->ended);
}

int rep_tree_grow(void *array, uint32_t *max, uint32_t n, size_t size)
{
	uint32_t longer = *max ? *max + *max / 2 : 64;
	void *former, *grown;

	if (n < *max)
		return 0;
	if (longer > REP_NODE_REF - 2)
		return -E2BIG;
	memcpy(&former, array, sizeof(former));
	grown = reallocarray(former, longer, size);
	if (!grown)
		return -ENOMEM;
	memcpy(array, &grown, sizeof(grown));
	*max = longer;
	return 0;
}

bool rep_tree_same_boot(const struct rep_origin *a, const struct rep_origin *b)
{
	return a == b || (a->boot_id_size == b->boot_id_size &&
			  memcmp(a->boot_id, b->boot_id, a->boot_id_size) == 0);
}

/* Whether the node or reference @index is of that key, in the boot of the last section. */
static bool is_of_key(const struct rep_tree *tree, uint32_t index, struct rep_key key)
{
	uint32_t tgid, origin;
	uint64_t key_ns;

	if (index >= REP_NODE_REF && !tree->refs[index - REP_NODE_REF].tgid)
		index = tree->refs[index - REP_NODE_REF].index;
	if (index >= REP_NODE_REF) {
		const struct rep_ref *ref = &tree->refs[index - REP_NODE_REF];

		tgid = ref->tgid;
		key_ns = ref->key_ns;
		origin = ref->index;
	} else {
		tgid = tree->nodes[index].tgid;
		key_ns = tree->nodes[index].key_ns;
		origin = tree->nodes[index].origin;
	}
	return tgid == key.tgid && key_ns == key.start_ns &&
	       rep_tree_same_boot(tree->origins[origin], tree->origins[tree->n_origins - 1]);
}

static struct rep_slot *key_line(const struct rep_tree *tree, struct rep_key key)
{
	uint32_t n_lines = tree->by_key.capacity / N_LINE;

	return tree->by_key.items + (key.start_ns >> tree->line_shift & (n_lines - 1)) * N_LINE;
}

/*
 * Processes that come one after the other have slots that lie close together; a hash of the whole
 * key would miss the cache for each. Where many began at one time their line is full, and the hash
 * decides for the rest. Nothing is ever taken out.
 */
static struct rep_slot *find_key(const struct rep_tree *tree, uint64_t hash, struct rep_key key)
{
	uint32_t tag = (uint32_t)(hash >> 32);
	struct rep_slot *slot = tree->with_rows ? key_line(tree, key) : NULL;

	for (uint32_t i = 0; slot && i < N_LINE; i++, slot++)
		if (!slot->index || (slot->tag == tag && is_of_key(tree, slot->index - 1, key)))
			return slot;
	slot = rep_slots_at(&tree->by_key, tag);
	while (slot->index && (slot->tag != tag || !is_of_key(tree, slot->index - 1, key)))
		slot = rep_slots_next(&tree->by_key, slot);
	return slot;
}

uint32_t rep_tree_find(const struct rep_tree *tree, struct rep_key key)
{
	return tree->by_key.n ? find_key(tree, hash_key(key), key)->index : 0;
}

static void place_key(struct rep_tree *tree, uint32_t index, struct rep_key key)
{
	uint32_t tag = (uint32_t)(hash_key(key) >> 32);
	struct rep_slot *slot = key_line(tree, key), *behind = slot + N_LINE;

	while (tree->with_rows && slot < behind && slot->index)
		slot++;
	if (slot == behind || !tree->with_rows)
		slot = rep_slots_at(&tree->by_key, tag);
	while (slot->index)
		slot = rep_slots_next(&tree->by_key, slot);
	rep_slots_set(&tree->by_key, slot, tag, index);
}

/* By how fast processes came lately. */
static void set_line_shift(struct rep_tree *tree)
{
	uint32_t n = tree->n_nodes / 2;
	uint64_t ns;

	if (!n)
		return;
	ns = (tree->nodes[tree->n_nodes - 1].key_ns - tree->nodes[n].key_ns) / n * N_SHARE;
	tree->line_shift = 63 - (uint32_t)__builtin_clzll(ns | 1);
}

/* In their order, which is nearly that of time. */
void rep_tree_place_keys(struct rep_tree *tree)
{
	struct rep_slots *slots = &tree->by_key;

	memset(slots->items, 0, slots->capacity * sizeof(*slots->items));
	slots->n = 0;
	for (uint32_t i = 0; i < tree->n_nodes; i++)
		place_key(tree, i, (struct rep_key){tree->nodes[i].tgid, tree->nodes[i].key_ns});
	for (uint32_t i = 0; i < tree->n_refs; i++)
		if (tree->refs[i].tgid)
			place_key(tree, REP_NODE_REF + i,
				  (struct rep_key){tree->refs[i].tgid, tree->refs[i].key_ns});
}

/* Room for @n more. */
static int reserve_keys(struct rep_tree *tree, uint32_t n)
{
	struct rep_slots *slots = &tree->by_key;
	uint32_t capacity = slots->capacity ? slots->capacity * 2 : 64;
	size_t size = capacity * sizeof(*slots->items);

	if (slots->n + n <= slots->capacity / 4 * 3)
		return 0;
	if (slots->capacity >= 1u << 31)
		return -ENOMEM;
	rep_slots_release(slots);
	slots->items = aligned_alloc(LINE, size);
	if (!slots->items)
		return -ENOMEM;
	rep_advise_huge(slots->items, size);
	slots->capacity = capacity;
	set_line_shift(tree);
	rep_tree_place_keys(tree);
	return 0;
}

static int get_parent(struct rep_tree *tree, struct rep_key key, uint32_t *ret)
{
	uint64_t hash = hash_key(key);
	struct rep_slot *slot = find_key(tree, hash, key);

	if (!slot->index) {
		if (rep_tree_may_be_folded(tree, key))
			return -EAGAIN;
		tree->refs[tree->n_refs] =
			(struct rep_ref){key.start_ns, key.tgid, tree->n_origins - 1, 0};
		rep_slots_set(&tree->by_key, slot, (uint32_t)(hash >> 32),
			      REP_NODE_REF + tree->n_refs++);
	}
	*ret = slot->index - 1;
	return 0;
}

static int get_node(struct rep_tree *tree, const struct rep_tree_update *update, uint32_t *ret)
{
	struct rep_slot *slot = find_key(tree, update->hash, update->key);
	uint32_t max = tree->max_nodes, family = 0;
	int err;

	*ret = slot->index - 1;
	if (slot->index && *ret < REP_NODE_REF)
		return 0;
	if (!slot->index && rep_tree_may_be_folded(tree, update->key))
		return -EAGAIN;
	if (tree->with_rows) {
		err = rep_tree_grow(&tree->ends, &max, tree->n_nodes, sizeof(*tree->ends));
		if (err)
			return err;
	}
	err = rep_tree_grow(&tree->nodes, &tree->max_nodes, tree->n_nodes, sizeof(*tree->nodes));
	if (err)
		return err;
	if (slot->index) {
		family = tree->refs[*ret - REP_NODE_REF].family;
		tree->refs[*ret - REP_NODE_REF] = (struct rep_ref){.index = tree->n_nodes};
	}
	*ret = tree->n_nodes++;
	tree->nodes[*ret] = (struct rep_node){
		.key_ns = update->key.start_ns,
		.tgid = update->key.tgid,
		.parent = REP_NO_NODE,
		.look = REP_NO_NODE,
		.family = family,
		.origin = (tree->n_origins - 1) & (MAX_ORIGINS - 1),
	};
	if (tree->with_rows)
		tree->ends[*ret] = 0;
	else
		tree->nodes[*ret].number = tree->n_named++;
	rep_slots_set(&tree->by_key, slot, (uint32_t)(update->hash >> 32), *ret);
	return 0;
}

static uint64_t hash_look(const struct rep_look *look)
{
	uint64_t hash = rep_mix(hash_text(look), look->blocked_ns);

	return rep_mix(hash,
		       look->spawn | (uint32_t)look->state << 8 | (uint32_t)look->holds << 16);
}

static bool is_same_look(const struct rep_look *a, const struct rep_look *b)
{
	return a->exit_code == b->exit_code && a->exit_signal == b->exit_signal &&
	       a->blocked_ns == b->blocked_ns && a->spawn == b->spawn && a->state == b->state &&
	       a->ended == b->ended && a->holds == b->holds && rep_str_equal(a->comm, b->comm) &&
	       rep_str_equal(a->exe, b->exe);
}

/* @look's strings are borrowed; there is room for one more. */
static uint32_t get_look(struct rep_tree *tree, const struct rep_look *look)
{
	uint32_t tag = (uint32_t)(hash_look(look) >> 32);
	struct rep_look *own;
	struct rep_slot *slot = rep_slots_at(&tree->by_look, tag);

	while (slot->index &&
	       (slot->tag != tag || !is_same_look(&tree->looks[slot->index - 1], look)))
		slot = rep_slots_next(&tree->by_look, slot);
	if (!slot->index) {
		own = &tree->looks[tree->n_looks];
		*own = *look;
		own->hash = hash_text(look);
		rep_str_acquire(own->comm);
		rep_str_acquire(own->exe);
		rep_slots_set(&tree->by_look, slot, tag, tree->n_looks++);
	}
	return slot->index - 1;
}

/* Also for a child that no process row tells of. */
static void merge_episode(struct rep_look *look, const struct rep_look *with)
{
	if (!look->comm)
		look->comm = with->comm;
	look->holds = with->holds;
	look->blocked_ns = with->blocked_ns;
	look->state = with->state;
}

/* A process that lives on into the next segment comes again, and then says more. */
static void merge_process(struct rep_node *node, struct rep_look *look,
			  const struct rep_tree_update *update, bool with_rows)
{
	if (update->look.comm)
		look->comm = update->look.comm;
	if (update->look.exe)
		look->exe = update->look.exe;
	if (!node->start_ns || update->look.spawn != REP_SPAWN_EXISTING) {
		node->start_ns = update->start_ns;
		look->spawn = update->look.spawn;
	}
	look->ended = update->look.ended;
	look->exit_code = update->look.exit_code;
	look->exit_signal = update->look.exit_signal;
	if (with_rows)
		node->ns_tgid = update->ns_tgid;
	node->selected |= update->selected;
	node->is_top |= update->is_top;
	node->is_over = update->is_over;
}

/* Room for what one row may add, so that no node is left without its look. */
static int reserve(struct rep_tree *tree)
{
	int err = reserve_keys(tree, 2);

	if (!err)
		err = rep_slots_reserve(&tree->by_look, 1);
	if (!err)
		err = rep_tree_grow(&tree->looks, &tree->max_looks, tree->n_looks,
				    sizeof(*tree->looks));
	if (!err)
		err = rep_tree_grow(&tree->refs, &tree->max_refs, tree->n_refs,
				    sizeof(*tree->refs));
	return err;
}

static int apply(struct rep_tree *tree, const struct rep_tree_update *update)
{
	struct rep_look look = {0};
	struct rep_node *node;
	uint32_t index;
	int err = reserve(tree);

	if (!err)
		err = get_node(tree, update, &index);
	if (err)
		return err;
	node = &tree->nodes[index];
	if (node->look != REP_NO_NODE)
		look = tree->looks[node->look];
	if (update->parent.tgid && (!update->is_episode || node->parent == REP_NO_NODE) &&
	    (node->parent == REP_NO_NODE || !is_of_key(tree, node->parent, update->parent))) {
		err = get_parent(tree, update->parent, &node->parent);
		if (err)
			return err;
	}
	if (update->is_episode) {
		merge_episode(&look, &update->look);
		if (!node->start_ns)
			node->start_ns = update->start_ns;
	} else {
		merge_process(node, &look, update, tree->with_rows);
		if (tree->with_rows)
			tree->ends[index] = update->end_ns;
	}
	node->look = get_look(tree, &look);
	return 0;
}

int rep_tree_flush(struct rep_tree *tree)
{
	int err = 0;

	for (uint32_t i = 0; i < tree->n_updates; i++) {
		struct rep_tree_update *update = &tree->updates[i];

		if (!err)
			err = apply(tree, update);
		rep_str_release(update->look.comm);
		rep_str_release(update->look.exe);
	}
	tree->n_updates = 0;
	return err;
}

static int add(struct rep_tree *tree, struct rep_tree_update *update)
{
	struct rep_tree_update *own;
	int err;

	update->hash = hash_key(update->key);
	/* What is folded as it comes stays few: it is in the cache. */
	if (!tree->with_rows) {
		err = apply(tree, update);
		tree->n_over += update->is_over;
		return err ? err : rep_tree_collect(tree);
	}
	err = tree->n_updates == N_UPDATES ? rep_tree_flush(tree) : 0;
	if (err)
		return err;
	own = &tree->updates[tree->n_updates++];
	*own = *update;
	rep_str_acquire(own->look.comm);
	rep_str_acquire(own->look.exe);
	if (tree->by_key.capacity)
		__builtin_prefetch(key_line(tree, own->key));
	return 0;
}

int rep_tree_begin(struct rep_tree *tree, const struct rep_origin *origin)
{
	int err = rep_tree_flush(tree);

	if (!err && !tree->updates) {
		tree->updates = reallocarray(NULL, N_UPDATES, sizeof(*tree->updates));
		err = tree->updates ? 0 : -ENOMEM;
	}
	if (!err)
		err = tree->n_origins == MAX_ORIGINS
			      ? -E2BIG
			      : rep_tree_grow(&tree->origins, &tree->max_origins, tree->n_origins,
					      sizeof(const struct rep_origin *));
	if (err)
		return err;
	tree->origins[tree->n_origins++] = origin;
	return rep_tree_set_boot(tree, origin);
}

int rep_tree_add_process(struct rep_tree *tree, const struct rep_process *process, bool selected,
			 bool is_top)
{
	struct rep_tree_update update = {
		.key = process->key,
		.parent = process->parent,
		.look = {.comm = process->comm,
			 .exe = process->exe,
			 .exit_code = process->exit_code,
			 .exit_signal = process->exit_signal,
			 .spawn = (uint8_t)process->spawn,
			 .ended = process->ended},
		.start_ns = process->start_ns,
		.end_ns = process->end_ns,
		.ns_tgid = process->ns_tgid,
		.selected = selected,
		.is_top = is_top,
		.is_over = process->ended || process->vanished,
	};

	return add(tree, &update);
}

bool rep_tree_takes_ended(const struct rep_tree *tree)
{
	/* Nothing of it is drawn that its child's own row does not say, but for its end. */
	return !tree->hold_keys || tree->from_tops || tree->has_open;
}

int rep_tree_add_episode(struct rep_tree *tree, const struct rep_episode *episode)
{
	struct rep_tree_update update = {
		.key = episode->child,
		.parent = episode->parent,
		.look = {.comm = episode->child_comm},
		.start_ns = episode->start_ns,
		.is_episode = true,
	};

	if (episode->has_child_row && episode->outcome != REP_OUTCOME_OPEN &&
	    !rep_tree_takes_ended(tree)) {
		tree->n_passed++;
		return 0;
	}
	if (episode->outcome == REP_OUTCOME_OPEN) {
		tree->has_open = update.look.holds = true;
		update.look.blocked_ns = episode->blocked_ns;
		update.look.state = (uint8_t)episode->child_state;
	}
	return add(tree, &update);
}

struct rep_key rep_tree_key(const struct rep_tree *tree, uint32_t node)
{
	return (struct rep_key){tree->nodes[node].tgid, tree->nodes[node].key_ns};
}

struct rep_key rep_tree_parent_key(const struct rep_tree *tree, uint32_t node)
{
	uint32_t parent = tree->nodes[node].parent;

	if (parent == REP_NO_NODE)
		return (struct rep_key){0};
	if (parent < REP_NODE_REF)
		return rep_tree_key(tree, parent);
	return (struct rep_key){tree->refs[parent - REP_NODE_REF].tgid,
				tree->refs[parent - REP_NODE_REF].key_ns};
}

void rep_tree_release(struct rep_tree *tree)
{
	for (uint32_t i = 0; i < tree->n_updates; i++) {
		rep_str_release(tree->updates[i].look.comm);
		rep_str_release(tree->updates[i].look.exe);
	}
	for (uint32_t i = 0; i < tree->n_looks; i++) {
		rep_str_release(tree->looks[i].comm);
		rep_str_release(tree->looks[i].exe);
	}
	rep_slots_release(&tree->by_key);
	rep_slots_release(&tree->by_look);
	rep_tree_fold_release(tree);
	free(tree->updates);
	free(tree->nodes);
	free(tree->ends);
	free(tree->links);
	free(tree->looks);
	free(tree->refs);
	free(tree->origins);
	*tree = (struct rep_tree){0};
}
