/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vectors.h - makes the test vectors of docs/format.md.
 */
#ifndef GOLDEN_VECTORS_H
#define GOLDEN_VECTORS_H

#include "trace.h"

/* Into @dir, made again byte by byte, but for what zstd's version changes. */
void vectors_write(const char *dir);
void vectors_write_more(void);

/* For the two of them. */
void vectors_save(const char *name, const void *data, size_t size);

#endif
