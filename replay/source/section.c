/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/section.h"

#include "replay/base/saturate.h"

int64_t rep_section_relative(const struct rep_section_info *info, uint64_t boottime_ns)
{
	uint64_t distance;

	if ((int64_t)info->start_ns < 0) {
		distance = rep_add(boottime_ns, 0 - info->start_ns);
		return distance > INT64_MAX ? INT64_MAX : (int64_t)distance;
	}
	if (boottime_ns >= info->start_ns) {
		distance = boottime_ns - info->start_ns;
		return distance > INT64_MAX ? INT64_MAX : (int64_t)distance;
	}
	distance = info->start_ns - boottime_ns;
	return distance > INT64_MAX ? INT64_MIN : -(int64_t)distance;
}

bool rep_section_realtime(const struct rep_section_info *info, uint64_t boottime_ns, uint64_t *ret)
{
	size_t low = 0, high = info->n_clocks;
	const struct rep_clock *clock;

	if (!info->n_clocks)
		return false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (info->clocks[middle].boottime_ns <= boottime_ns)
			low = middle + 1;
		else
			high = middle;
	}
	clock = &info->clocks[low ? low - 1 : 0];
	*ret = clock->realtime_ns + (boottime_ns - clock->boottime_ns);
	return true;
}
