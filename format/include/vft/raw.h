/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw.h - blocks of rows as they stand in the file: found and checked by a reader, not decoded.
 *
 * For programs that count, copy or pass on blocks, or want single columns of them; what columns and
 * payload are is in docs/format.md. Called on the thread of the reader, whose item the block is.
 */
#ifndef VFT_RAW_H
#define VFT_RAW_H

#include <vft/reader.h>

VFT_BEGIN_DECLS

/* From here on blocks of rows come as VFT_ITEM_RAW, except those that are counted or passed. A
 * block whose inside is malformed is not found out then. */
void vft_reader_set_raw(struct vft_reader *reader);

/* As its header says it. */
uint64_t vft_raw_get_seq(const struct vft_raw *raw); /* its number in the section */
uint64_t vft_raw_get_n_events(const struct vft_raw *raw);
uint64_t vft_raw_get_first_ns(const struct vft_raw *raw); /* smallest time, CLOCK_BOOTTIME */
uint64_t vft_raw_get_last_ns(const struct vft_raw *raw);  /* greatest */

/* The payload, whose checksum is right and whose mask is undone; the reader's until its next call.
 */
const void *vft_raw_get_payload(const struct vft_raw *raw, size_t *ret_size);

/*
 * The bytes of column @column (enum vft_column, or one of a later version), decompressed, into
 * @buffer of @size bytes; *ret_size is their number, 0 where the block has no such column. -ENOSPC:
 * there are more than @size, and *ret_size says how many. -EBADMSG: the block is malformed.
 * -ENOMEM.
 */
VFT_MUST_CHECK int vft_raw_unpack(const struct vft_raw *raw, unsigned int column, void *buffer,
				  size_t size, size_t *ret_size, struct vft_err *err);

VFT_END_DECLS

#endif
