/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * moment.h - when: as people give it, and what that is in a trace.
 *
 * Owns: the forms of a moment. Never does: read. Called by: options.c, which has them parsed;
 * input.c, which knows where a trace ends; part.c and the commands' selection.
 */
#ifndef REP_MOMENT_H
#define REP_MOMENT_H

#include "replay/source/trace.h"

/* What has to be known before a moment is one of the world's clock. */
enum rep_moment_needs {
	REP_MOMENT_NEEDS_NOTHING,
	REP_MOMENT_NEEDS_ZONE,  /* epoch_ns is a date and time, as if it were UTC */
	REP_MOMENT_NEEDS_START, /* clock_ns is the time of a day: the trace's */
	REP_MOMENT_NEEDS_END,   /* clock_ns is how long before the end */
};

struct rep_moment {
	bool is_given, is_absolute;
	int64_t relative_ns; /* since the trace's start */
	uint64_t epoch_ns;   /* is_absolute */
	uint64_t clock_ns;
	enum rep_moment_needs needs;
};

/*
 * "1.5s", "-250ms", "2024-05-01T12:00:00Z" with a fraction or an offset, "2024-05-01 12:00",
 * "14:05", "14:05:30.5", "10m ago". -EINVAL, -ERANGE.
 */
VFT_MUST_CHECK int rep_moment_parse(const char *text, struct rep_moment *ret);
/* Once the zone is chosen (zone.h). -ERANGE. */
VFT_MUST_CHECK int rep_moment_settle(struct rep_moment *moment);
/* The time of the trace's day, by where it starts and ends: the next day's, if it runs past
 * midnight and that comes before its start. And the moment before its end. */
void rep_moment_resolve(struct rep_moment *moment, uint64_t start_epoch_ns, uint64_t end_epoch_ns);
/* A part of the time that a trace covers; what is not given is no limit. */
struct rep_period {
	struct rep_moment from, to;
};

/* CLOCK_BOOTTIME of the section, both inclusive. A moment without a clock to tell it is no limit.
 */
struct rep_window {
	uint64_t from_ns, to_ns;
};
struct rep_window rep_period_window(const struct rep_period *period,
				    const struct rep_section_info *info);

/* CLOCK_BOOTTIME of the section; @otherwise where it is not given or no clock tells it. */
uint64_t rep_moment_in(const struct rep_moment *moment, const struct rep_section_info *info,
		       uint64_t otherwise);
/* That both are given, can be compared now, and @to comes first. */
bool rep_moment_is_after(const struct rep_moment *from, const struct rep_moment *to);

#endif
