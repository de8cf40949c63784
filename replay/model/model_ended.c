/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has ended, for as long as a row can still speak of them as alive: see model_internal.h. A
 * ring of the last to end, and for each hash the last of them that has it; each points to the one
 * before it with the same hash. What leaves the ring needs no work.
 */
#include <stdlib.h>
#include <string.h>

#include "replay/base/seed.h"
#include "replay/model/model_internal.h"

#define MIN_CAPACITY 4096u
#define MAX_CAPACITY (1u << 20)

struct ended_entry {
	uint64_t start_ns, end_ns;
	uint32_t tgid;
	uint32_t previous; /* number of the one before it with the same hash; 0 = none */
};

static size_t slot_of(const struct ended *ended, struct rep_key key)
{
	uint64_t hash =
		(key.start_ns ^ rep_seed ^ (uint64_t)key.tgid << 40) * 0x9e3779b97f4a7c15ull;

	hash = (hash ^ hash >> 32) * (rep_seed | 1);
	return (hash >> 32) & (ended->capacity - 1);
}

static struct ended_entry *entry_at(const struct ended *ended, uint32_t number)
{
	return &ended->entries[number & (ended->capacity - 1)];
}

static struct ended_entry *find(const struct ended *ended, struct rep_key key)
{
	uint32_t number = ended->capacity ? ended->last[slot_of(ended, key)] : 0;

	/* Numbers below the first are of places that have been used again. */
	while (number >= ended->first) {
		struct ended_entry *entry = entry_at(ended, number);

		if (entry->tgid == key.tgid && entry->start_ns == key.start_ns)
			return entry;
		number = entry->previous;
	}
	return NULL;
}

static void place(struct ended *ended, struct rep_key key, uint64_t end_ns)
{
	uint32_t *last = &ended->last[slot_of(ended, key)];

	*entry_at(ended, ended->next) = (struct ended_entry){key.start_ns, end_ns, key.tgid, *last};
	*last = ended->next++;
}

static bool grow(struct ended *ended)
{
	uint32_t capacity = ended->capacity ? ended->capacity * 2 : MIN_CAPACITY;
	struct ended grown = {.capacity = capacity,
			      .first = 1,
			      .next = 1,
			      .forgotten_ns = ended->forgotten_ns,
			      .has_forgotten = ended->has_forgotten};

	grown.entries = malloc(capacity * sizeof(*grown.entries));
	grown.last = calloc(capacity, sizeof(*grown.last));
	if (!grown.entries || !grown.last) {
		free(grown.entries);
		free(grown.last);
		return false;
	}
	for (uint32_t i = ended->first; i < ended->next; i++) {
		const struct ended_entry *entry = entry_at(ended, i);

		place(&grown, (struct rep_key){entry->tgid, entry->start_ns}, entry->end_ns);
	}
	free(ended->entries);
	free(ended->last);
	*ended = grown;
	return true;
}

static void forget(struct ended *ended, uint64_t end_ns)
{
	if (end_ns > ended->forgotten_ns)
		ended->forgotten_ns = end_ns;
	ended->has_forgotten = true;
}

static void forget_all(struct ended *ended)
{
	for (uint32_t i = ended->first; i < ended->next; i++)
		forget(ended, entry_at(ended, i)->end_ns);
	memset(ended->last, 0, ended->capacity * sizeof(*ended->last));
	ended->first = ended->next = 1;
}

bool model_is_ended(const struct rep_model *model, struct rep_key key)
{
	return key.tgid && find(&model->ended, key);
}

bool model_may_be_forgotten(const struct rep_model *model, uint64_t time_ns)
{
	const struct ended *ended = &model->ended;

	return ended->has_forgotten && (time_ns <= ended->forgotten_ns ||
					time_ns - ended->forgotten_ns <= REP_LOSS_SLACK_NS);
}

/* Room for one more. Without memory the oldest goes, which is remembered as a time. */
static bool make_room(struct ended *ended, uint64_t now_ns)
{
	const struct ended_entry *oldest;

	if (!ended->capacity)
		return grow(ended);
	if (ended->next == UINT32_MAX)
		forget_all(ended);
	if (ended->next - ended->first < ended->capacity)
		return true;
	oldest = entry_at(ended, ended->first);
	if (ended->capacity < MAX_CAPACITY &&
	    (now_ns < oldest->end_ns || now_ns - oldest->end_ns < MODEL_LIST_DELAY_NS) &&
	    grow(ended))
		return true;
	forget(ended, entry_at(ended, ended->first)->end_ns);
	ended->first++;
	return true;
}

void model_set_ended(struct rep_model *model, struct rep_key key, uint64_t end_ns)
{
	struct ended *ended = &model->ended;

	if (make_room(ended, end_ns))
		place(ended, key, end_ns);
	else
		forget(ended, end_ns);
}

void model_ended_drop(struct rep_model *model)
{
	struct ended *ended = &model->ended;

	if (ended->next > 1)
		memset(ended->last, 0, ended->capacity * sizeof(*ended->last));
	ended->first = ended->next = 1;
	ended->forgotten_ns = 0;
	ended->has_forgotten = false;
}

void model_ended_release(struct rep_model *model)
{
	free(model->ended.entries);
	free(model->ended.last);
	model->ended = (struct ended){0};
}
