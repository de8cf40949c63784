/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/base/latency.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_BITS 10u
#define N_BUCKETS   (1u << BUCKET_BITS)

/* Values below 2 * N_BUCKETS have a bucket each; from there on 2^@octave of them share one. */
static unsigned int octave_of(uint64_t ns)
{
	return ns < 2 * N_BUCKETS ? 0 : 63 - (unsigned int)__builtin_clzll(ns) - BUCKET_BITS;
}

static uint64_t middle_of(unsigned int octave, size_t bucket)
{
	return ((uint64_t)bucket << octave) + (octave ? 1ull << (octave - 1) : 0);
}

static int count(struct rep_latency *latency, uint64_t ns)
{
	unsigned int octave = octave_of(ns);
	uint64_t **counts = &latency->octaves[octave];

	if (!*counts)
		*counts = calloc(2 * (size_t)N_BUCKETS, sizeof(**counts));
	if (!*counts)
		return -ENOMEM;
	(*counts)[ns >> octave]++;
	return 0;
}

static int fold(struct rep_latency *latency)
{
	for (size_t i = 0; i < latency->n; i++) {
		int r = count(latency, latency->exact[i]);

		if (r < 0)
			return r;
	}
	free(latency->exact);
	latency->exact = NULL;
	latency->is_folded = true;
	return 0;
}

static int keep(struct rep_latency *latency, uint64_t ns)
{
	if (latency->n == latency->max_exact) {
		size_t max = latency->max_exact ? latency->max_exact * 2 : 16;
		uint64_t *exact = reallocarray(latency->exact, max, sizeof(*exact));

		if (!exact)
			return -ENOMEM;
		latency->exact = exact;
		latency->max_exact = max;
	}
	latency->exact[latency->n] = ns;
	return 0;
}

int rep_latency_append(struct rep_latency *latency, uint64_t ns)
{
	uint64_t bound = 10000;
	unsigned int decade = 0;
	int r = 0;

	if (!latency->is_folded && latency->n == REP_N_EXACT)
		r = fold(latency);
	if (r == 0)
		r = latency->is_folded ? count(latency, ns) : keep(latency, ns);
	if (r < 0)
		return r;
	latency->n++;
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

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The value of @rank, counted from 1. */
static uint64_t exact_rank(const struct rep_latency *latency, uint64_t rank)
{
	uint64_t sorted[REP_N_EXACT];

	memcpy(sorted, latency->exact, latency->n * sizeof(sorted[0]));
	qsort(sorted, latency->n, sizeof(sorted[0]), by_value);
	return sorted[rank - 1];
}

static uint64_t folded_rank(const struct rep_latency *latency, uint64_t rank)
{
	for (unsigned int octave = 0; octave < REP_OCTAVES; octave++) {
		const uint64_t *counts = latency->octaves[octave];

		for (size_t bucket = 0; counts && bucket < 2 * (size_t)N_BUCKETS; bucket++) {
			if (counts[bucket] >= rank) {
				uint64_t ns = middle_of(octave, bucket);

				return ns < latency->max_ns ? ns : latency->max_ns;
			}
			rank -= counts[bucket];
		}
	}
	return latency->max_ns;
}

uint64_t rep_latency_percentile(const struct rep_latency *latency, unsigned int percent)
{
	uint64_t n = latency->n, rank = n / 100 * percent + (n % 100 * percent + 99) / 100;

	if (!n)
		return 0;
	if (!rank)
		rank = 1;
	if (rank >= n)
		return latency->max_ns;
	return latency->is_folded ? folded_rank(latency, rank) : exact_rank(latency, rank);
}

void rep_latency_release(struct rep_latency *latency)
{
	free(latency->exact);
	for (unsigned int octave = 0; octave < REP_OCTAVES; octave++)
		free(latency->octaves[octave]);
	*latency = (struct rep_latency){0};
}
