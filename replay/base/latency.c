/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/base/latency.h"

#include <errno.h>
#include <stdlib.h>

int rep_latency_append(struct rep_latency *latency, uint64_t ns)
{
	uint64_t bound = 10000;
	unsigned int decade = 0;

	if (latency->n == latency->max_values) {
		size_t max =
			latency->max_values ? latency->max_values + latency->max_values / 2 : 1024;
		uint64_t *values = reallocarray(latency->values, max, sizeof(*values));

		if (!values)
			return -ENOMEM;
		latency->values = values;
		latency->max_values = max;
	}
	latency->values[latency->n++] = ns;
	if (ns > latency->max_ns)
		latency->max_ns = ns;
	if (__builtin_add_overflow(latency->total_ns, ns, &latency->total_ns))
		latency->total_ns = UINT64_MAX;
	while (decade < REP_N_DECADES - 1 && ns >= bound) {
		bound *= 10;
		decade++;
	}
	latency->decades[decade]++;
	return 0;
}

uint64_t rep_latency_percentile(const struct rep_latency *latency, unsigned int percent)
{
	/* Byte by byte from the top: at most eight passes whatever the values are, and no second
	 * copy. */
	int top = latency->max_ns ? (63 - __builtin_clzll(latency->max_ns)) / 8 * 8 : 0;
	uint64_t prefix = 0, mask = 0, rank;

	if (!latency->n)
		return 0;
	rank = ((uint64_t)latency->n * percent + 99) / 100;
	for (int shift = top; shift >= 0; shift -= 8) {
		uint64_t counts[256] = {0};
		unsigned int byte = 0;

		for (size_t i = 0; i < latency->n; i++) {
			if ((latency->values[i] & mask) == prefix)
				counts[latency->values[i] >> shift & 255]++;
		}
		while (byte < 255 && counts[byte] < rank)
			rank -= counts[byte++];
		prefix |= (uint64_t)byte << shift;
		mask |= 255ull << shift;
	}
	return prefix;
}

void rep_latency_release(struct rep_latency *latency)
{
	free(latency->values);
	*latency = (struct rep_latency){0};
}
