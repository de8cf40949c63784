/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * columns.h - one rows block as arrays, one per column.
 *
 * Owns: the memory of a decoded block. Believes nothing: a right checksum only says that the bytes
 * are as somebody wrote them. Never does: I/O. Called by: the reader, which makes events of them,
 * and by whoever reads blocks in threads of its own; each thread needs its own vft_columns.
 *
 * A block whose kinds have the columns of this version is decoded column by column. One from
 * another version goes through events (decode.h), so that what is here always looks the same.
 */
#ifndef VFT_COLUMNS_H
#define VFT_COLUMNS_H

#include "format/block/block.h"
#include "format/block/decode.h"
#include "format/block/kernels.h"
#include "format/block/schema.h"

#define VFT_NO_STRING  UINT32_MAX
#define VFT_COLUMN_MAX 64u /* ids of this version's columns are below it */

#define VFT_COLUMN_BIT(NAME) (1ull << VFT_COL_##NAME)
#define VFT_COLUMNS_ALL      UINT64_MAX

/*
 * The values of a column stand in the order of those rows whose kind has it: whoever goes over the
 * rows keeps one position per column that he looks at. TASK columns hold rows of tasks, STRING
 * columns rows of strings or VFT_NO_STRING, and TIME columns the moment itself.
 */
union vft_values {
	const uint32_t *u32;
	const int32_t *i32;
	const uint64_t *u64;
};

struct vft_columns {
	uint16_t type;      /* enum vft_block_type */
	uint32_t n_rows;    /* of kinds that this version knows */
	uint32_t n_skipped; /* rows of others */
	uint32_t n_tasks, n_strings;
	uint64_t first_ns, last_ns;
	uint64_t kinds; /* bit n: has rows of kind n */
	uint32_t n_kind[VFT_N_KINDS];
	const uint8_t *kind;     /* by row */
	const uint64_t *time_ns; /* by row */
	const uint32_t *cpu;     /* by row */
	const struct vft_task *tasks;
	const struct vft_str *strings; /* in the block's own bytes; {NULL, size} if not wanted */
	union vft_values of[VFT_COLUMN_MAX]; /* by column id; NULL where not wanted or not there */
	uint32_t n_of[VFT_COLUMN_MAX];
};

struct vft_columns_decoder;

VFT_MUST_CHECK int vft_columns_decoder_new(struct vft_columns_decoder **ret); /* -ENOMEM */
void vft_columns_decoder_free(struct vft_columns_decoder *decoder);           /* NULL is fine */

/* Use @kernels instead of the fastest: for tests. */
void vft_columns_decoder_set_kernels(struct vft_columns_decoder *decoder,
				     const struct vft_kernels *kernels);

/*
 * Decode @payload, whose checksum is right. Only the columns in @wanted (a set of VFT_COLUMN_BIT)
 * are decompressed and checked, besides kinds, times, tasks and the lengths of strings; string_data
 * stands for the strings' bytes. *ret is the decoder's until the next call. -EBADMSG for a
 * malformed block, and *ret_what says why; -ENOMEM.
 */
VFT_MUST_CHECK int vft_columns_decode(struct vft_columns_decoder *decoder,
				      const struct vft_schema *schema,
				      const struct vft_header *header, struct vft_cursor payload,
				      uint64_t wanted, const struct vft_columns **ret,
				      const char **ret_what);

/* Row @i, the next one, into *@event; @at counts the values of each column that were taken. Members
 * of columns that were not wanted are 0. */
void vft_columns_get(const struct vft_columns *columns, uint32_t at[VFT_COLUMN_MAX], uint32_t i,
		     struct vft_event *event);

/*
 * Make the event of each row, in order: @events has room for n_rows. All columns must have been
 * wanted. What they point to is the columns'.
 */
void vft_columns_to_events(const struct vft_columns *columns, struct vft_event *events);

#endif
