/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - the recorder's clocks: those of the kernel part, which stamps events with
 * CLOCK_BOOTTIME and counts process starts in it.
 *
 * Owns: how far this process's own clocks are ahead of those, which is not 0 in a time namespace.
 * Called by: everybody who puts a time into the file or compares one with an event's.
 */
#ifndef REC_CLOCK_H
#define REC_CLOCK_H

#include <stdint.h>
#include <time.h>

/* As this process sees it: for timeouts, and for clocks that no namespace shifts. */
static inline uint64_t rec_clock_read(clockid_t id)
{
	struct timespec now;

	/* Cannot fail: the clock exists since 2.6.39 and the pointer is good. */
	(void)clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Before the first time is written; the session knows the offsets. */
void rec_clock_correct(int64_t boottime_ahead_ns, int64_t monotonic_ahead_ns);

uint64_t rec_clock_now(void); /* CLOCK_BOOTTIME */
uint64_t rec_clock_monotonic(void);

#endif
