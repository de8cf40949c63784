/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/base/clock.h"

/* Of the process, as its clocks are: a time namespace cannot be left or changed from within. */
static uint64_t boottime_ahead, monotonic_ahead;

void rec_clock_correct(int64_t boottime_ahead_ns, int64_t monotonic_ahead_ns)
{
	boottime_ahead = (uint64_t)boottime_ahead_ns;
	monotonic_ahead = (uint64_t)monotonic_ahead_ns;
}

uint64_t rec_clock_now(void)
{
	return rec_clock_read(CLOCK_BOOTTIME) - boottime_ahead;
}

uint64_t rec_clock_monotonic(void)
{
	return rec_clock_read(CLOCK_MONOTONIC) - monotonic_ahead;
}
