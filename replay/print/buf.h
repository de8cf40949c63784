/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buf.h - a growing buffer and the numbers, times and durations written into it.
 *
 * Owns: memory, and digits. Never does: escaping (escape.h), I/O (out.h). Called by: escape, table.
 * Out of memory is sticky: appends after it do nothing, and whoever drains the buffer asks once
 * with rep_buf_error().
 */
#ifndef REP_BUF_H
#define REP_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <vft/err.h>

struct rep_buf {
	char *data;
	size_t size, capacity;
	bool failed;
	/* For a terminal that does not take UTF-8: it would obey a byte that is a C1 control by
	 * itself. escape.c goes by it. */
	bool ascii_only;
};

void rep_buf_release(struct rep_buf *buf);
/* Make room for @n more bytes. False on out of memory, also an earlier one. */
bool rep_buf_grow(struct rep_buf *buf, size_t n);
/* 0, or -ENOMEM if any append since the start failed. */
VFT_MUST_CHECK int rep_buf_error(const struct rep_buf *buf);

static inline bool rep_buf_reserve(struct rep_buf *buf, size_t n)
{
	return buf->capacity - buf->size >= n || rep_buf_grow(buf, n);
}

static inline void rep_buf_bytes(struct rep_buf *buf, const void *data, size_t n)
{
	if (!n || !rep_buf_reserve(buf, n))
		return;
	memcpy(buf->data + buf->size, data, n);
	buf->size += n;
}

static inline void rep_buf_char(struct rep_buf *buf, char c)
{
	if (rep_buf_reserve(buf, 1))
		buf->data[buf->size++] = c;
}

static inline void rep_buf_text(struct rep_buf *buf, const char *text)
{
	rep_buf_bytes(buf, text, strlen(text));
}

void rep_buf_fill(struct rep_buf *buf, char c, size_t n);
void rep_buf_u64(struct rep_buf *buf, uint64_t value);
void rep_buf_i64(struct rep_buf *buf, int64_t value);
void rep_buf_hex2(struct rep_buf *buf, unsigned int byte); /* two lower-case digits */
/* ns since the epoch as 2024-05-01T12:00:00.123456789Z, in UTC */
void rep_buf_time(struct rep_buf *buf, uint64_t epoch_ns);
/* ns for people, three digits: "812ns", "12.3us", "1.50s", "2m03s", "5h07m", "3d04h" */
void rep_buf_duration(struct rep_buf *buf, uint64_t ns);

#endif
