/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/base/zone.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000ull
#define MAX_S    16725225600ll /* the year 2500 */

static bool is_local;

void rep_zone_set(bool utc)
{
	is_local = !utc;
	if (is_local)
		tzset();
}

void rep_zone_name(int offset_s, char ret[REP_ZONE_NAME])
{
	unsigned int minutes = (unsigned int)(offset_s < 0 ? -offset_s : offset_s) / 60 % 6000;

	if (!offset_s)
		memcpy(ret, "UTC", sizeof("UTC"));
	else
		snprintf(ret, REP_ZONE_NAME, "%c%02u:%02u", offset_s < 0 ? '-' : '+', minutes / 60,
			 minutes % 60);
}

void rep_zone_split(uint64_t epoch_ns, struct rep_civil *ret)
{
	time_t seconds = (time_t)(epoch_ns / NS_PER_S);
	struct tm tm = {0};

	if (!is_local || !localtime_r(&seconds, &tm))
		(void)gmtime_r(&seconds, &tm); /* cannot fail: 2^64 ns are 584 years */
	*ret = (struct rep_civil){
		.year = tm.tm_year + 1900,
		.month = tm.tm_mon + 1,
		.day = tm.tm_mday,
		.hour = tm.tm_hour,
		.minute = tm.tm_min,
		.second = tm.tm_sec,
		.ns = (uint32_t)(epoch_ns % NS_PER_S),
		.offset_s = (int)tm.tm_gmtoff,
	};
}

bool rep_zone_join(const struct rep_civil *civil, uint64_t *ret_epoch_ns)
{
	struct tm tm = {
		.tm_year = civil->year - 1900,
		.tm_mon = civil->month - 1,
		.tm_mday = civil->day,
		.tm_hour = civil->hour,
		.tm_min = civil->minute,
		.tm_sec = civil->second,
		.tm_isdst = -1, /* as the zone says for that day */
	};
	time_t seconds = is_local ? mktime(&tm) : timegm(&tm);

	if (seconds < 0 || seconds > MAX_S)
		return false;
	*ret_epoch_ns = (uint64_t)seconds * NS_PER_S + civil->ns;
	return true;
}
