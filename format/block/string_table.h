/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * string_table.h - the strings of the block being written: each is stored once.
 *
 * Owns: which bytes stand at which row of the string table. Called by: encode.c. The hash is
 * seeded, because whoever is recorded chooses the strings.
 */
#ifndef VFT_STRING_TABLE_H
#define VFT_STRING_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/buffer.h"
#include "format/base/same.h"
#include <vft/event.h>

struct vft_string_entry {
	uint32_t offset, size;
};

struct vft_strings {
	struct vft_string_slot *slots;
	uint32_t n_slots;    /* a power of two, or 0 */
	uint32_t generation; /* of the block: older slots are empty */
	struct vft_string_entry *entries;
	uint32_t n, capacity;
	uint64_t seed;
	struct vft_buffer data; /* the string_data column */
};

void vft_strings_init(struct vft_strings *strings, uint64_t seed);
void vft_strings_release(struct vft_strings *strings);

/* A new block: forget all. */
void vft_strings_reset(struct vft_strings *strings);

/* Room for @n more strings; for their bytes it is made in ->data. -ENOMEM. */
VFT_MUST_CHECK int vft_strings_reserve(struct vft_strings *strings, uint32_t n);

/*
 * The row of @str; @str is appended when it is new, for which room must have been reserved. The row
 * is new exactly if it equals ->n as it was before.
 */
uint32_t vft_strings_intern(struct vft_strings *strings, const struct vft_str *str);

/* Whether @str is the string of that row. */
static inline bool vft_strings_is(const struct vft_strings *strings, uint32_t row,
				  const struct vft_str *str)
{
	const struct vft_string_entry *entry = &strings->entries[row];

	return entry->size == str->size &&
	       vft_are_same_bytes(strings->data.data + entry->offset, str->data, str->size);
}

#endif
