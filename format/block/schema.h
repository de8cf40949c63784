/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema.h - which columns a file's event kinds have, and where they go in ours.
 *
 * Owns: the SCHEMA block's payload, and the decode plan made from it once per section, so that the
 * decoder never looks anything up. Called by: writer (encode), reader and decode.c.
 */
#ifndef VFT_SCHEMA_H
#define VFT_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/buffer.h"
#include "format/base/cursor.h"
#include <vft/event.h>
#include "format/block/layout.h"

#define VFT_DEST_NONE 0xff /* decode and drop */

/* How one value of a row is read, and which member of struct vft_event it becomes. */
struct vft_step {
	uint8_t slot; /* which of the schema's columns */
	uint8_t encoding;
	uint8_t dest;   /* enum vft_type or VFT_DEST_NONE */
	uint8_t offset; /* of the member */
	uint8_t bits;   /* of a value of VFT_TYPE_U32, at most */
};

struct vft_plan {
	bool is_present; /* the file's schema has this kind */
	bool is_known;   /* and we do */
	uint8_t n_steps;
	uint16_t first_step;
	uint64_t lacks; /* bit n: this version's kind has column n, the file's has not */
};

struct vft_schema {
	uint32_t n_columns;
	uint16_t column_ids[VFT_MAX_COLUMNS]; /* rising */
	uint8_t encodings[VFT_MAX_COLUMNS];
	struct vft_plan plans[VFT_N_KINDS];
	uint32_t n_steps;
	struct vft_step steps[VFT_N_KINDS * VFT_MAX_FIELDS];
	uint64_t own_kinds; /* bit n: kind n has this version's columns, or some of them */
	bool is_guess;      /* no SCHEMA said it */
};

/* Bits that a value of @column may have, of those that are kept in 32. */
static inline unsigned int vft_column_bits(uint64_t column)
{
	return column == VFT_COL_CODE ? 8 : 32;
}

/* Whether a file of that schema may have rows of @kind. */
static inline bool vft_schema_has(const struct vft_schema *schema, uint64_t kind)
{
	return kind <= VFT_KIND_MAX && schema->plans[kind].is_present;
}

/* More that a file lacks is not of an older version of ours, and memory for it is not bounded. */
#define VFT_MAX_ABSENT 4u

/* How many columns of nothing a block may need: VFT_MAX_ABSENT at most. */
unsigned int vft_schema_max_absent(const struct vft_schema *schema);
/*
 * *ret: the columns that the file lacks for all rows of @kinds. False if it lacks some for a part
 * of them, or more than VFT_MAX_ABSENT: then which values are whose is told row by row only.
 */
bool vft_schema_find_absent(const struct vft_schema *schema, uint64_t kinds, uint64_t *ret);

/* Append the payload of this version's SCHEMA block. -ENOMEM. */
VFT_MUST_CHECK int vft_schema_encode(struct vft_buffer *payload);

/* This version's own schema: a guess for a file whose own is lost. */
void vft_schema_init(struct vft_schema *ret);
/* The schema of the first recorders: the other guess. */
void vft_schema_init_first(struct vft_schema *ret);

/* Read a SCHEMA payload. -EBADMSG for one that is malformed; *ret is then undefined. */
VFT_MUST_CHECK int vft_schema_decode(struct vft_cursor payload, struct vft_schema *ret);

#endif
