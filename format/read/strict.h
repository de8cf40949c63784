/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strict.h - what a writer must not write and a reader bears all the same.
 *
 * Internal to libvft. Owns: nothing. Called by: verify.c.
 */
#ifndef VFT_STRICT_H
#define VFT_STRICT_H

#include "format/read/reader_impl.h"

/* Look at the block that @reader has delivered last. NULL, or what is wrong with it. */
const char *vft_strict_check(const struct vft_reader *reader);

#endif
