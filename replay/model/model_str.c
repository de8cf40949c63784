/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "replay/model/model_internal.h"
#include "replay/base/seed.h"

/* Any hash will do: a collision costs an allocation, not correctness. */
static uint64_t hash_bytes(const struct vft_str *bytes)
{
	uint64_t hash = rep_seed ^ bytes->size * 0x9e3779b97f4a7c15ull, word;
	uint32_t i = 0;

	for (; i + 8 <= bytes->size; i += 8) {
		memcpy(&word, bytes->data + i, 8);
		hash = (hash ^ word) * 0xff51afd7ed558ccdull;
		hash ^= hash >> 32;
	}
	word = 0;
	if (bytes->size > i)
		memcpy(&word, bytes->data + i, bytes->size - i);
	hash = (hash ^ word) * 0xff51afd7ed558ccdull;
	return hash ^ hash >> 32;
}

struct rep_str *rep_str_new(const struct vft_str *bytes)
{
	struct rep_str *str;

	if (!bytes)
		return NULL;
	str = malloc(sizeof(*str) + bytes->size);
	if (!str)
		return NULL;
	str->n_refs = 1;
	str->size = bytes->size;
	str->hash = hash_bytes(bytes);
	if (bytes->size)
		memcpy(str->data, bytes->data, bytes->size);
	return str;
}

struct rep_str *rep_str_acquire(struct rep_str *str)
{
	if (str)
		str->n_refs++;
	return str;
}

void rep_str_release(struct rep_str *str)
{
	if (str && --str->n_refs == 0)
		free(str);
}

struct vft_str rep_str_get(const struct rep_str *str)
{
	return str ? (struct vft_str){str->data, str->size} : (struct vft_str){NULL, 0};
}

uint64_t rep_str_hash(const struct rep_str *str)
{
	return str ? str->hash : 0;
}

bool rep_str_equal(const struct rep_str *a, const struct rep_str *b)
{
	return a == b || (a && b && a->hash == b->hash && a->size == b->size &&
			  memcmp(a->data, b->data, a->size) == 0);
}

static bool is_equal(const struct rep_str *str, const struct vft_str *bytes)
{
	return str && str->size == bytes->size &&
	       (!bytes->size || memcmp(str->data, bytes->data, bytes->size) == 0);
}

void model_forget_seen(struct rep_model *model)
{
	for (size_t i = 0; i < MODEL_N_SEEN; i++)
		rep_str_release(model->seen[i].str);
	memset(model->seen, 0, sizeof(model->seen));
	for (size_t i = 0; model->long_seen.n && i < model->long_seen.capacity; i++)
		rep_str_release(model->long_seen.slots[i].value);
	map_release(&model->long_seen);
}

/*
 * A block of a few KiB can refer a hundred thousand times to one string of 2 MiB: copied or
 * compared each time, it would take all memory or all day. So each has one copy for each batch.
 */
static struct rep_str *share_long(struct rep_model *model, const struct vft_str *bytes)
{
	struct rep_str *str = map_find(&model->long_seen, (uintptr_t)bytes);

	if (str)
		return str;
	str = rep_str_new(bytes);
	if (!str || map_set(&model->long_seen, (uintptr_t)bytes, str) == 0)
		return str;
	free(str); /* nobody else has it */
	return NULL;
}

/*
 * Names repeat: a direct-mapped cache of the last ones makes nearly every copy a reference. Long
 * strings seldom repeat, and would be kept alive by the cache, so they pass it by.
 */
static struct rep_str *intern(struct rep_model *model, const struct vft_str *bytes)
{
	struct rep_str **cached = &model->interned[hash_bytes(bytes) % MODEL_N_INTERNED], *str;

	if (is_equal(*cached, bytes))
		return *cached;
	str = rep_str_new(bytes);
	if (!str)
		return NULL;
	rep_str_release(*cached);
	*cached = str;
	return str;
}

int model_set_new_str(struct rep_model *model, struct rep_str **slot, const struct vft_str *bytes)
{
	size_t i = model_seen_slot(bytes);
	struct rep_str *str;

	if (bytes->size > MODEL_INTERN_SIZE) {
		str = share_long(model, bytes);
		if (!str)
			return -ENOMEM;
		model_copy_str(slot, str);
		return 0;
	}
	str = intern(model, bytes);
	if (!str)
		return -ENOMEM;
	model->seen[i].bytes = bytes;
	model_copy_str(&model->seen[i].str, str);
	model_copy_str(slot, str);
	return 0;
}

void rep_episode_acquire(struct rep_episode *episode)
{
#define X(member) rep_str_acquire(episode->member);
	REP_EPISODE_STRINGS(X)
#undef X
	if (episode->chain)
		episode->chain->n_refs++;
}

void rep_episode_release(struct rep_episode *episode)
{
#define X(member) model_release_str(episode->member);
	REP_EPISODE_STRINGS(X)
#undef X
	if (episode->chain && --episode->chain->n_refs == 0) {
		rep_str_release(episode->chain->holder_comm);
		free(episode->chain);
	}
}
