/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latency.h - how long parents were held: exact percentiles from eight bytes for each episode.
 */
#ifndef REP_LATENCY_H
#define REP_LATENCY_H

#include <stddef.h>
#include <stdint.h>

#include <vft/err.h>

/* Decades of the histogram: below 10 us, 100 us, 1 ms, 10 ms, 100 ms, 1 s, 10 s, and the rest. */
#define REP_N_DECADES 8u

struct rep_latency {
	uint64_t *values;
	size_t n, max_values;
	uint64_t max_ns, total_ns; /* total saturates */
	uint64_t decades[REP_N_DECADES];
};

VFT_MUST_CHECK int rep_latency_append(struct rep_latency *latency, uint64_t ns); /* -ENOMEM */
/* The smallest value that at least @percent of all do not exceed (nearest rank); 0 when empty. */
uint64_t rep_latency_percentile(const struct rep_latency *latency, unsigned int percent);
void rep_latency_release(struct rep_latency *latency);

#endif
