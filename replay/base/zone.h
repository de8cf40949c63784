/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zone.h - moments as people read and write them: in the local zone, or in UTC.
 *
 * Owns: which of the two. Never does: ask for the time. Called by: whatever reads or prints a clock
 * time. The zone's file must be read before the sandbox shuts: rep_zone_set() does it.
 */
#ifndef REP_ZONE_H
#define REP_ZONE_H

#include <stdbool.h>
#include <stdint.h>

struct rep_civil {
	int year, month, day, hour, minute, second;
	uint32_t ns;
	int offset_s; /* east of Greenwich; rep_zone_join() does not look at it */
};

/* Before anything else of this is called the zone is UTC. */
void rep_zone_set(bool utc);
/* "UTC" or "+02:00" */
#define REP_ZONE_NAME 16u
void rep_zone_name(int offset_s, char ret[REP_ZONE_NAME]);
void rep_zone_split(uint64_t epoch_ns, struct rep_civil *ret);
/* A day past its month's end is the next month's. False: before 1970, or past the year 2500. */
bool rep_zone_join(const struct rep_civil *civil, uint64_t *ret_epoch_ns);

#endif
