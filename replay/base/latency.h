/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latency.h - how long parents were held: counts, percentiles and a histogram, in bounded memory.
 *
 * The first REP_N_EXACT values are kept as they are. From then on a value counts in a bucket of its
 * octave, 1024 buckets each: a percentile is off by 1/2048 of itself at most (0.05 %). The number,
 * the largest value and the total are exact whatever their number.
 */
#ifndef REP_LATENCY_H
#define REP_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vft/err.h>

/* Decades of the histogram: below 10 us, 100 us, 1 ms, 10 ms, 100 ms, 1 s, 10 s, and the rest. */
#define REP_N_DECADES 8u

#define REP_N_EXACT 1024u
#define REP_OCTAVES 54u

struct rep_latency {
	uint64_t n, max_ns, total_ns; /* total saturates */
	uint64_t decades[REP_N_DECADES];
	/* The rest is latency.c's own. */
	uint64_t *exact; /* the first ones; NULL once there are octaves */
	size_t max_exact;
	uint64_t *octaves[REP_OCTAVES]; /* counts; made when a value needs them */
	bool is_folded;
};

VFT_MUST_CHECK int rep_latency_append(struct rep_latency *latency, uint64_t ns); /* -ENOMEM */
/* A value that at least @percent of all do not exceed (nearest rank); 0 when empty. */
uint64_t rep_latency_percentile(const struct rep_latency *latency, unsigned int percent);
void rep_latency_release(struct rep_latency *latency);

#endif
