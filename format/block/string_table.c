/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/string_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/hash.h"

struct vft_string_slot {
	uint32_t generation, hash, row;
};

void vft_strings_init(struct vft_strings *strings, uint64_t seed)
{
	*strings = (struct vft_strings){.generation = 1, .seed = seed};
}

void vft_strings_release(struct vft_strings *strings)
{
	free(strings->slots);
	free(strings->entries);
	vft_buffer_release(&strings->data);
}

void vft_strings_reset(struct vft_strings *strings)
{
	strings->n = 0;
	strings->data.size = 0;
	if (++strings->generation)
		return;
	/* Wrapped: slots of 2^32 blocks ago would come alive. */
	if (strings->n_slots)
		memset(strings->slots, 0, strings->n_slots * sizeof(*strings->slots));
	strings->generation = 1;
}

static struct vft_string_slot *find_free(struct vft_string_slot *slots, uint32_t n_slots,
					 uint32_t generation, uint32_t hash)
{
	uint32_t i = hash & (n_slots - 1);

	while (slots[i].generation == generation)
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

static int grow_slots(struct vft_strings *strings, uint32_t n_slots)
{
	struct vft_string_slot *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < strings->n_slots; i++) {
		const struct vft_string_slot *old = &strings->slots[i];

		if (old->generation == strings->generation)
			*find_free(slots, n_slots, strings->generation, old->hash) = *old;
	}
	free(strings->slots);
	strings->slots = slots;
	strings->n_slots = n_slots;
	return 0;
}

int vft_strings_reserve(struct vft_strings *strings, uint32_t n)
{
	uint32_t need = strings->n + n;

	if (need > strings->capacity) {
		uint32_t capacity = need < 512 ? 1024 : need * 2;
		void *entries = realloc(strings->entries, capacity * sizeof(*strings->entries));

		if (!entries)
			return -ENOMEM;
		strings->entries = entries;
		strings->capacity = capacity;
	}
	if (need > strings->n_slots / 2) {
		uint32_t n_slots = strings->n_slots ? strings->n_slots : 1024;

		while (need > n_slots / 2)
			n_slots *= 2;
		if (grow_slots(strings, n_slots) < 0)
			return -ENOMEM;
	}
	return 0;
}

uint32_t vft_strings_intern(struct vft_strings *strings, const struct vft_str *str)
{
	uint32_t hash = (uint32_t)vft_hash_bytes(strings->seed, str->data, str->size);
	uint32_t i = hash & (strings->n_slots - 1);

	for (; strings->slots[i].generation == strings->generation;
	     i = (i + 1) & (strings->n_slots - 1)) {
		const struct vft_string_slot *slot = &strings->slots[i];

		if (slot->hash == hash && vft_strings_is(strings, slot->row, str))
			return slot->row;
	}
	strings->slots[i] = (struct vft_string_slot){strings->generation, hash, strings->n};
	strings->entries[strings->n] =
		(struct vft_string_entry){(uint32_t)strings->data.size, str->size};
	vft_buffer_put_bytes(&strings->data, str->data, str->size);
	return strings->n++;
}
