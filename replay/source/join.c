/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replay/base/slots.h"
#include "replay/model/losses.h"
#include "replay/source/join_rows.h"
#include "format/block/meta.h"

struct expected {
	uint64_t begin_ns;
	bool is_past;
};

/* A row, with what its section says: from when until when it was watched. */
struct held {
	union {
		struct rep_episode episode;
		struct rep_process process;
	};
	struct rep_str *cgroup, *child_cgroup;
	struct rep_watched span;
	uint32_t input; /* REP_JOIN_SEVERAL: told by more than one */
	uint32_t number;
};

struct table {
	struct held *items;
	size_t n, capacity;
	struct rep_slots slots;
};

struct boot {
	struct rep_boot_id id;
	struct expected *sections;
	size_t n_sections;
	struct table episodes, processes;
	struct rep_section_info info; /* of the first section, with texts and clocks of its own */
	char *texts;
	struct rep_clock *clocks;
	/* The last list of all who run, and the end of the last section. */
	uint64_t list_ns, end_ns;
	bool has_info;
};

struct rep_join {
	const struct rep_trace_ops *ops;
	void *context;
	size_t max_held;
	struct boot *boots;
	size_t n_boots;
	const struct rep_section_info *info; /* of the section being read */
	struct boot *current;                /* NULL: its boot has no other section */
	uint64_t next_ns;                    /* when the next section of this boot begins */
	uint32_t input;                      /* which it is in */
};

struct rep_join *rep_join_new(const struct rep_trace_ops *ops, void *context, size_t max_held)
{
	struct rep_join *join = calloc(1, sizeof(*join));

	if (!join)
		return NULL;
	join->ops = ops;
	join->context = context;
	join->max_held = max_held ? max_held : REP_MAX_LIVE;
	return join;
}

static void release_table(struct table *table, bool is_episodes)
{
	for (size_t i = 0; i < table->n; i++) {
		if (is_episodes)
			rep_episode_release(&table->items[i].episode);
		else
			rep_process_release(&table->items[i].process);
		rep_str_release(table->items[i].cgroup);
		rep_str_release(table->items[i].child_cgroup);
	}
	free(table->items);
	rep_slots_release(&table->slots);
	*table = (struct table){0};
}

void rep_join_free(struct rep_join *join)
{
	if (!join)
		return;
	for (size_t i = 0; i < join->n_boots; i++) {
		struct boot *boot = &join->boots[i];

		release_table(&boot->episodes, true);
		release_table(&boot->processes, false);
		free(boot->sections);
		free(boot->texts);
		free(boot->clocks);
	}
	free(join->boots);
	free(join);
}

static struct boot *find_boot(const struct rep_join *join, const struct rep_boot_id *id)
{
	for (size_t i = 0; i < join->n_boots; i++)
		if (rep_boot_id_equal(&join->boots[i].id, id))
			return &join->boots[i];
	return NULL;
}

size_t rep_join_count(const struct rep_join *join, const struct rep_boot_id *id)
{
	const struct boot *boot = find_boot(join, id);

	return boot ? boot->n_sections : 0;
}

int rep_join_expect(struct rep_join *join, const struct rep_boot_id *id, uint64_t begin_ns)
{
	struct boot *boot = find_boot(join, id);
	struct expected *sections;

	if (!id->size)
		return 0;
	if (!boot) {
		boot = reallocarray(join->boots, join->n_boots + 1, sizeof(*boot));
		if (!boot)
			return -ENOMEM;
		join->boots = boot;
		boot += join->n_boots++;
		*boot = (struct boot){.id = *id};
	}
	sections = reallocarray(boot->sections, boot->n_sections + 1, sizeof(*sections));
	if (!sections)
		return -ENOMEM;
	boot->sections = sections;
	sections[boot->n_sections++] = (struct expected){.begin_ns = begin_ns};
	return 0;
}

/* ---- sections ---- */

void rep_join_begin(struct rep_join *join, const struct rep_section_info *info, uint32_t input)
{
	struct rep_boot_id id;
	struct boot *boot;
	bool is_known = false;

	join->info = info;
	join->input = input;
	join->current = NULL;
	rep_boot_id_init(&id, &info->section, &info->meta);
	boot = find_boot(join, &id);
	if (!boot || boot->n_sections < 2)
		return;
	join->current = boot;
	join->next_ns = UINT64_MAX;
	for (size_t i = 0; i < boot->n_sections; i++) {
		struct expected *section = &boot->sections[i];

		if (!is_known && !section->is_past && section->begin_ns == info->begin_ns)
			section->is_past = is_known = true;
		else if (!section->is_past && section->begin_ns < join->next_ns)
			join->next_ns = section->begin_ns;
	}
}

/* What the rows of the boot need of a section when none is being read any more. */
static int keep_info(struct boot *boot, const struct rep_section_info *info)
{
	size_t size = 1;
	char *bytes;

	if (boot->has_info)
		return 0;
#define X(id, NAME, member) size += info->meta.member.size;
	VFT_META_TEXT_LIST(X)
#undef X
	bytes = boot->texts = malloc(size);
	boot->clocks = calloc(info->n_clocks + 1, sizeof(*boot->clocks));
	if (!boot->texts || !boot->clocks)
		return -ENOMEM;
	boot->info = *info;
	boot->info.losses = NULL;
	boot->info.n_losses = 0;
	boot->info.model = NULL;
	boot->info.is_joined = true;
	boot->info.end.losses = NULL;
	boot->info.clocks = boot->clocks;
	for (size_t i = 0; i < info->n_clocks; i++)
		boot->clocks[i] = info->clocks[i];
#define X(id, NAME, member)                                                                              \
	if (info->meta.member.size) {                                                              \
		memcpy(bytes, info->meta.member.data, info->meta.member.size);                     \
		boot->info.meta.member.data = bytes;                                               \
		bytes += info->meta.member.size;                                                   \
	}
	VFT_META_TEXT_LIST(X)
#undef X
	boot->has_info = true;
	return 0;
}

void rep_join_end(struct rep_join *join)
{
	struct boot *boot = join->current;
	uint64_t list_ns = boot ? rep_model_list_ns(join->info->model) : 0;

	if (!boot)
		return;
	if (list_ns > boot->list_ns)
		boot->list_ns = list_ns;
	if (join->info->end_ns > boot->end_ns)
		boot->end_ns = join->info->end_ns;
	join->current = NULL;
}

/* ---- rows ---- */

static uint32_t tag_of(struct rep_key key, uint32_t tid)
{
	uint64_t hash = rep_mix(rep_mix(rep_seed, key.start_ns), (uint64_t)key.tgid << 32 | tid);

	return (uint32_t)(hash >> 32);
}

static struct held *find_episode(const struct table *table, const struct rep_episode *episode)
{
	uint32_t tag = tag_of(episode->child, episode->child_tid);
	struct rep_slot *slot = table->n ? rep_slots_at(&table->slots, tag) : NULL;

	for (; slot && slot->index; slot = rep_slots_next(&table->slots, slot)) {
		struct held *held = &table->items[slot->index - 1];

		if (slot->tag == tag && held->episode.child.tgid == episode->child.tgid &&
		    held->episode.child.start_ns == episode->child.start_ns &&
		    held->episode.child_tid == episode->child_tid &&
		    rep_join_is_same_wait(&held->episode, episode))
			return held;
	}
	return NULL;
}

static struct held *find_process(const struct table *table, struct rep_key key)
{
	uint32_t tag = tag_of(key, 0);
	struct rep_slot *slot = table->n ? rep_slots_at(&table->slots, tag) : NULL;

	for (; slot && slot->index; slot = rep_slots_next(&table->slots, slot)) {
		struct held *held = &table->items[slot->index - 1];

		if (slot->tag == tag && held->process.key.tgid == key.tgid &&
		    held->process.key.start_ns == key.start_ns)
			return held;
	}
	return NULL;
}

static struct rep_watched span_of(const struct rep_join *join)
{
	return (struct rep_watched){join->info->begin_ns, join->info->end_ns};
}

/* A place for one more under @tag. */
static int hold(struct rep_join *join, struct table *table, uint32_t tag, struct held **ret)
{
	struct rep_slot *slot;
	int r;

	if (table->n >= join->max_held || table->n >= UINT32_MAX / 2)
		return -E2BIG;
	r = rep_slots_reserve(&table->slots, 1);
	if (r < 0)
		return r;
	if (table->n == table->capacity) {
		size_t capacity = table->capacity ? table->capacity * 2 : 64;
		struct held *items = reallocarray(table->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		table->items = items;
		table->capacity = capacity;
	}
	slot = rep_slots_at(&table->slots, tag);
	while (slot->index)
		slot = rep_slots_next(&table->slots, slot);
	rep_slots_set(&table->slots, slot, tag, (uint32_t)table->n);
	*ret = &table->items[table->n];
	**ret = (struct held){
		.span = span_of(join), .input = join->input, .number = (uint32_t)table->n++};
	return 0;
}

/* Ended before another recording began, by more than times step back. */
static bool is_past(const struct rep_join *join, bool has_ended, uint64_t end_ns)
{
	return has_ended && end_ns < join->next_ns && join->next_ns - end_ns > REP_LOSS_SLACK_NS;
}

static int give_episode(struct rep_join *join, const struct rep_episode *episode)
{
	int r = join->ops->model.on_episode(join->context, episode);

	return r < 0 ? r : 0;
}

static int give_process(struct rep_join *join, const struct rep_process *process)
{
	int r = join->ops->model.on_process(join->context, process);

	return r < 0 ? r : 0;
}

/* By now the row may be of another cgroup, or this section may be the first to name it. */
static void learn_cgroup(const struct rep_join *join, struct rep_str **slot, uint64_t id)
{
	struct rep_str *path = rep_model_cgroup(join->info->model, id);

	if (!path)
		return;
	rep_str_acquire(path);
	rep_str_release(*slot);
	*slot = path;
}

static void take_input(const struct rep_join *join, struct held *held)
{
	if (held->input != join->input)
		held->input = REP_JOIN_SEVERAL;
}

int rep_join_episode(struct rep_join *join, const struct rep_episode *episode)
{
	struct boot *boot = join->current;
	struct held *held;
	int r;

	if (!boot)
		return give_episode(join, episode);
	held = find_episode(&boot->episodes, episode);
	if (held) {
		rep_join_episodes(&held->episode, &held->span, episode, span_of(join));
		take_input(join, held);
		learn_cgroup(join, &held->cgroup, held->episode.cgroup);
		learn_cgroup(join, &held->child_cgroup, held->episode.child_cgroup);
		return 0;
	}
	if (is_past(join, rep_join_is_ended(episode), episode->end_ns))
		return give_episode(join, episode);
	r = keep_info(boot, join->info);
	if (r == 0)
		r = hold(join, &boot->episodes, tag_of(episode->child, episode->child_tid), &held);
	if (r < 0)
		return r;
	held->episode = *episode;
	rep_episode_acquire(&held->episode);
	learn_cgroup(join, &held->cgroup, episode->cgroup);
	learn_cgroup(join, &held->child_cgroup, episode->child_cgroup);
	return 0;
}

int rep_join_process(struct rep_join *join, const struct rep_process *process)
{
	struct boot *boot = join->current;
	struct held *held;
	int r;

	if (!boot)
		return give_process(join, process);
	held = find_process(&boot->processes, process->key);
	if (held) {
		rep_join_processes(&held->process, &held->span, process, span_of(join));
		take_input(join, held);
		learn_cgroup(join, &held->cgroup, held->process.cgroup);
		return 0;
	}
	if (is_past(join, process->ended, process->end_ns))
		return give_process(join, process);
	r = keep_info(boot, join->info);
	if (r == 0)
		r = hold(join, &boot->processes, tag_of(process->key, 0), &held);
	if (r < 0)
		return r;
	rep_process_acquire(process);
	held->process = *process;
	learn_cgroup(join, &held->cgroup, process->cgroup);
	return 0;
}

/* ---- all are read ---- */

/* Names of cgroups are the boot's: what one recording says serves all rows. */
static int name_cgroups(struct boot *boot, struct rep_model *model)
{
	int r = 0;

	for (size_t i = 0; i < boot->episodes.n && r == 0; i++) {
		const struct held *held = &boot->episodes.items[i];

		r = rep_model_set_cgroup(model, held->episode.cgroup, held->cgroup);
		if (r == 0)
			r = rep_model_set_cgroup(model, held->episode.child_cgroup,
						 held->child_cgroup);
	}
	for (size_t i = 0; i < boot->processes.n && r == 0; i++)
		r = rep_model_set_cgroup(model, boot->processes.items[i].process.cgroup,
					 boot->processes.items[i].cgroup);
	return r;
}

static int by_input(const void *pa, const void *pb)
{
	const struct held *a = pa, *b = pb;

	if (a->input != b->input)
		return a->input < b->input ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

static int flush_episodes(struct rep_join *join, const struct boot *boot, uint32_t input,
			  size_t *at)
{
	const struct table *table = &boot->episodes;
	int r = 0;

	for (; *at < table->n && table->items[*at].input == input && r == 0; (*at)++) {
		struct held *held = &table->items[*at];

		rep_join_close_episode(&held->episode, held->span, boot->list_ns, boot->end_ns);
		r = give_episode(join, &held->episode);
	}
	return r;
}

static int flush_processes(struct rep_join *join, const struct boot *boot, uint32_t input,
			   size_t *at)
{
	const struct table *table = &boot->processes;
	int r = 0;

	for (; *at < table->n && table->items[*at].input == input && r == 0; (*at)++) {
		struct held *held = &table->items[*at];

		rep_join_close_process(&held->process, held->span, boot->list_ns);
		r = give_process(join, &held->process);
	}
	return r;
}

/* The input of the next rows: the lower of both tables'. False behind the last. */
static bool next_input(const struct boot *boot, size_t i, size_t k, uint32_t *ret)
{
	uint32_t a = i < boot->episodes.n ? boot->episodes.items[i].input : REP_JOIN_SEVERAL;
	uint32_t b = k < boot->processes.n ? boot->processes.items[k].input : REP_JOIN_SEVERAL;

	*ret = a < b ? a : b;
	return i < boot->episodes.n || k < boot->processes.n;
}

static void sort(struct table *table)
{
	if (table->n)
		qsort(table->items, table->n, sizeof(*table->items), by_input);
	/* They are not looked for any more. */
	rep_slots_release(&table->slots);
}

static int flush_boot(struct rep_join *join, struct boot *boot, struct rep_model *model,
		      void (*on_input)(void *context, uint32_t input), void *context)
{
	size_t i = 0, k = 0;
	uint32_t input;
	int r = rep_model_begin(model, NULL);

	if (r == 0)
		r = name_cgroups(boot, model);
	boot->info.model = model;
	sort(&boot->episodes);
	sort(&boot->processes);
	while (r == 0 && next_input(boot, i, k, &input)) {
		on_input(context, input);
		if (join->ops->on_section)
			r = join->ops->on_section(join->context, &boot->info);
		r = r < 0 ? r : flush_episodes(join, boot, input, &i);
		if (r == 0)
			r = flush_processes(join, boot, input, &k);
	}
	return r;
}

int rep_join_flush(struct rep_join *join, void (*on_input)(void *context, uint32_t input),
		   void *context)
{
	static const struct rep_model_ops none = {0};
	struct rep_model *model;
	int r = rep_model_new(&none, NULL, &model);

	if (r < 0)
		return r;
	for (size_t i = 0; i < join->n_boots && r == 0; i++)
		if (join->boots[i].has_info)
			r = flush_boot(join, &join->boots[i], model, on_input, context);
	rep_model_free(model);
	return r;
}
