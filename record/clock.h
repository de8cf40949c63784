/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - the recorder's clock: CLOCK_BOOTTIME, the one the kernel part stamps events with and
 * counts process starts in.
 */
#ifndef REC_CLOCK_H
#define REC_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t rec_clock_read(clockid_t id)
{
	struct timespec now;

	/* Cannot fail: the clock exists since 2.6.39 and the pointer is good. */
	(void)clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t rec_clock_now(void)
{
	return rec_clock_read(CLOCK_BOOTTIME);
}

#endif
