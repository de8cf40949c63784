/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/buf.h"

#include <errno.h>
#include <stdlib.h>

#include "replay/print/digits.h"

#define NS_PER_S 1000000000ull

void rep_buf_release(struct rep_buf *buf)
{
	free(buf->data);
	*buf = (struct rep_buf){0};
}

bool rep_buf_grow(struct rep_buf *buf, size_t n)
{
	size_t capacity = buf->capacity ? buf->capacity : 256;
	char *data;

	if (buf->failed || n > SIZE_MAX / 2 - buf->size) {
		buf->failed = true;
		return false;
	}
	while (capacity - buf->size < n)
		capacity *= 2;
	if (capacity == buf->capacity)
		return true;
	data = realloc(buf->data, capacity);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

int rep_buf_error(const struct rep_buf *buf)
{
	return buf->failed ? -ENOMEM : 0;
}

void rep_buf_fill(struct rep_buf *buf, char c, size_t n)
{
	if (!n || !rep_buf_reserve(buf, n))
		return;
	if (n < 8) /* a call would cost more */
		for (size_t i = 0; i < n; i++)
			buf->data[buf->size + i] = c;
	else
		memset(buf->data + buf->size, c, n);
	buf->size += n;
}

char *rep_digits_many(char *p, uint64_t value)
{
	const uint64_t e8 = 100000000, e16 = e8 * e8;
	uint64_t rest;

	if (value < e8)
		return rep_digits_few(p, (uint32_t)value);
	if (value < e16) {
		p = rep_digits_few(p, (uint32_t)(value / e8));
		return rep_digits_eight(p, (uint32_t)(value % e8));
	}
	rest = value % e16;
	p = rep_digits_few(p, (uint32_t)(value / e16));
	p = rep_digits_eight(p, (uint32_t)(rest / e8));
	return rep_digits_eight(p, (uint32_t)(rest % e8));
}

void rep_buf_u64(struct rep_buf *buf, uint64_t value)
{
	if (!rep_buf_reserve(buf, REP_DIGITS_ROOM))
		return;
	buf->size = (size_t)(rep_digits(buf->data + buf->size, value) - buf->data);
}

void rep_buf_i64(struct rep_buf *buf, int64_t value)
{
	if (value < 0) {
		rep_buf_char(buf, '-');
		rep_buf_u64(buf, 0 - (uint64_t)value);
	} else {
		rep_buf_u64(buf, (uint64_t)value);
	}
}

void rep_buf_hex2(struct rep_buf *buf, unsigned int byte)
{
	static const char hex[] = "0123456789abcdef";

	rep_buf_char(buf, hex[(byte >> 4) & 15]);
	rep_buf_char(buf, hex[byte & 15]);
}

/* @value with at least @width digits */
static void padded(struct rep_buf *buf, uint64_t value, unsigned int width)
{
	uint64_t limit = 10;

	for (unsigned int i = 1; i < width; i++, limit *= 10) {
		if (value < limit) {
			rep_buf_fill(buf, '0', width - i);
			break;
		}
	}
	rep_buf_u64(buf, value);
}

void rep_buf_time(struct rep_buf *buf, uint64_t epoch_ns)
{
	uint64_t seconds = epoch_ns / NS_PER_S, days = seconds / 86400, rest = seconds % 86400;
	/* Civil date from days, by eras of 400 years that begin on 1 March. */
	uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	uint64_t mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 3 : mp - 9;

	padded(buf, yoe + era * 400 + (month <= 2), 4);
	rep_buf_char(buf, '-');
	padded(buf, month, 2);
	rep_buf_char(buf, '-');
	padded(buf, doy - (153 * mp + 2) / 5 + 1, 2);
	rep_buf_char(buf, 'T');
	padded(buf, rest / 3600, 2);
	rep_buf_char(buf, ':');
	padded(buf, rest / 60 % 60, 2);
	rep_buf_char(buf, ':');
	padded(buf, rest % 60, 2);
	rep_buf_char(buf, '.');
	padded(buf, epoch_ns % NS_PER_S, 9);
	rep_buf_char(buf, 'Z');
}

static void two_units(struct rep_buf *buf, uint64_t value, uint64_t unit, const char *names)
{
	rep_buf_u64(buf, value / unit);
	rep_buf_char(buf, names[0]);
	padded(buf, value % unit, 2);
	rep_buf_char(buf, names[1]);
}

void rep_buf_duration(struct rep_buf *buf, uint64_t ns)
{
	static const char units[][3] = {"us", "ms", "s"};
	uint64_t scale = 1000, whole, fraction;
	unsigned int unit = 0;

	if (ns < 1000) {
		rep_buf_u64(buf, ns);
		rep_buf_text(buf, "ns");
		return;
	}
	if (ns >= 60 * NS_PER_S) {
		uint64_t seconds = ns / NS_PER_S;

		if (seconds < 3600)
			two_units(buf, seconds, 60, "ms");
		else if (seconds < 86400)
			two_units(buf, seconds / 60, 60, "hm");
		else
			two_units(buf, seconds / 3600, 24, "dh");
		return;
	}
	while (unit < 2 && ns >= scale * 1000) {
		scale *= 1000;
		unit++;
	}
	/* Cut, not rounded: nothing is shown as longer than it was. */
	whole = ns / scale;
	fraction = ns % scale / (scale / 1000);
	rep_buf_u64(buf, whole);
	if (whole < 10) {
		rep_buf_char(buf, '.');
		padded(buf, fraction / 10, 2);
	} else if (whole < 100) {
		rep_buf_char(buf, '.');
		rep_buf_u64(buf, fraction / 100);
	}
	rep_buf_text(buf, units[unit]);
}
