/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slots.h - an open-addressing hash of indexes; what is compared lies elsewhere.
 *
 * Owns: its slots. A tag of the hash beside each index keeps nearly all comparisons of keys, which
 * would miss the cache, away. Called by: the tree.
 */
#ifndef REP_SLOTS_H
#define REP_SLOTS_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <vft/err.h>
#include "replay/base/seed.h"

#define REP_HUGE_PAGE ((size_t)1 << 21)

struct rep_slot {
	uint32_t tag;
	uint32_t index; /* plus 1; 0 = free */
};

struct rep_slots {
	struct rep_slot *items;
	uint32_t n, capacity; /* a power of two, or 0 */
};

/* To begin with rep_seed. */
static inline uint64_t rep_mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0xff51afd7ed558ccdull;
	return hash ^ hash >> 32;
}

static inline struct rep_slot *rep_slots_at(const struct rep_slots *slots, uint32_t tag)
{
	return &slots->items[tag & (slots->capacity - 1)];
}

/* The slot behind @slot. */
static inline struct rep_slot *rep_slots_next(const struct rep_slots *slots, struct rep_slot *slot)
{
	return slot + 1 == slots->items + slots->capacity ? slots->items : slot + 1;
}

/*
 * Memory that is hit at random costs as much for the address as for the bytes: fewer and larger
 * pages, where there are any.
 */
static inline void rep_advise_huge(void *memory, size_t size)
{
	uintptr_t from = ((uintptr_t)memory + REP_HUGE_PAGE - 1) & ~(uintptr_t)(REP_HUGE_PAGE - 1);
	uintptr_t to = ((uintptr_t)memory + size) & ~(uintptr_t)(REP_HUGE_PAGE - 1);

	if (size >= 4 * REP_HUGE_PAGE)
		(void)madvise((char *)memory + (from - (uintptr_t)memory), to - from,
			      MADV_HUGEPAGE);
}

/* Room for @n more, so that a free slot is always found. -ENOMEM. */
VFT_MUST_CHECK static inline int rep_slots_reserve(struct rep_slots *slots, uint32_t n)
{
	struct rep_slots grown = {.n = slots->n,
				  .capacity = slots->capacity ? slots->capacity * 2 : 64};

	/* At most three quarters full. */
	if (slots->n + n <= slots->capacity / 4 * 3)
		return 0;
	if (slots->capacity >= 1u << 31)
		return -ENOMEM;
	grown.items = calloc(grown.capacity, sizeof(*grown.items));
	if (!grown.items)
		return -ENOMEM;
	rep_advise_huge(grown.items, grown.capacity * sizeof(*grown.items));
	for (uint32_t i = 0; i < slots->capacity; i++) {
		struct rep_slot *slot;

		if (!slots->items[i].index)
			continue;
		slot = rep_slots_at(&grown, slots->items[i].tag);
		while (slot->index)
			slot = rep_slots_next(&grown, slot);
		*slot = slots->items[i];
	}
	free(slots->items);
	*slots = grown;
	return 0;
}

static inline void rep_slots_set(struct rep_slots *slots, struct rep_slot *slot, uint32_t tag,
				 uint32_t index)
{
	slots->n += !slot->index;
	*slot = (struct rep_slot){tag, index + 1};
}

/* Takes out what @slot holds, which is not free, by shifting back what stands behind it. */
static inline void rep_slots_remove(struct rep_slots *slots, struct rep_slot *slot)
{
	uint32_t mask = slots->capacity - 1, hole = (uint32_t)(slot - slots->items);

	for (uint32_t i = (hole + 1) & mask; slots->items[i].index; i = (i + 1) & mask) {
		/* It may move into the hole unless its home lies behind the hole. */
		if (((i - slots->items[i].tag) & mask) < ((i - hole) & mask))
			continue;
		slots->items[hole] = slots->items[i];
		hole = i;
	}
	slots->items[hole].index = 0;
	slots->n--;
}

static inline void rep_slots_release(struct rep_slots *slots)
{
	free(slots->items);
	*slots = (struct rep_slots){0};
}

#endif
