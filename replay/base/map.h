/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.h - an open-addressing hash from integers to pointers.
 *
 * Owns: its table of slots. Never does: own what the pointers point to. Called by: the model.
 * Linear probing, removal by shifting back: no tombstones, so that a map whose content comes and
 * goes for hours stays as fast as a new one.
 */
#ifndef REP_MAP_H
#define REP_MAP_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <vft/err.h>
#include "replay/base/seed.h"

struct map_slot {
	uint64_t key;
	void *value; /* NULL: free */
};

struct map {
	struct map_slot *slots;
	size_t n, capacity; /* a power of two, or 0 */
};

static inline size_t map_home(const struct map *map, uint64_t key)
{
	key = (key ^ rep_seed) * 0x9e3779b97f4a7c15ull;
	key = (key ^ key >> 32) * (rep_seed | 1);
	/* One secret in a hundred, as a factor, leaves chosen keys close together. */
	key = (key ^ key >> 29) * 0xff51afd7ed558ccdull;
	return (key >> 32) & (map->capacity - 1);
}

static inline void *map_find(const struct map *map, uint64_t key)
{
	size_t i;

	if (!map->n)
		return NULL;
	for (i = map_home(map, key); map->slots[i].value; i = (i + 1) & (map->capacity - 1))
		if (map->slots[i].key == key)
			return map->slots[i].value;
	return NULL;
}

static inline void map_place(struct map *map, uint64_t key, void *value)
{
	size_t i = map_home(map, key);

	while (map->slots[i].value && map->slots[i].key != key)
		i = (i + 1) & (map->capacity - 1);
	map->n += !map->slots[i].value;
	map->slots[i] = (struct map_slot){key, value};
}

/* Replaces what stood under @key. @value is not NULL. -ENOMEM. */
VFT_MUST_CHECK static inline int map_set(struct map *map, uint64_t key, void *value)
{
	/* At most five eighths full. */
	if (map->n >= map->capacity / 8 * 5) {
		struct map grown = {.capacity = map->capacity ? map->capacity * 2 : 64};

		grown.slots = calloc(grown.capacity, sizeof(*grown.slots));
		if (!grown.slots)
			return -ENOMEM;
		for (size_t i = 0; i < map->capacity; i++)
			if (map->slots[i].value)
				map_place(&grown, map->slots[i].key, map->slots[i].value);
		free(map->slots);
		*map = grown;
	}
	map_place(map, key, value);
	return 0;
}

/* Takes @value out; does nothing when something else stands under @key. */
static inline void map_remove(struct map *map, uint64_t key, const void *value)
{
	size_t mask = map->capacity - 1, i, hole;

	if (!map->n)
		return;
	for (i = map_home(map, key); map->slots[i].key != key || !map->slots[i].value;
	     i = (i + 1) & mask)
		if (!map->slots[i].value)
			return;
	if (map->slots[i].value != value)
		return;
	hole = i;
	for (i = (i + 1) & mask; map->slots[i].value; i = (i + 1) & mask) {
		/* It may move into the hole unless its home lies behind the hole. */
		if (((i - map_home(map, map->slots[i].key)) & mask) < ((i - hole) & mask))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole].value = NULL;
	map->n--;
}

static inline void map_release(struct map *map)
{
	free(map->slots);
	*map = (struct map){0};
}

#endif
