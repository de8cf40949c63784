/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeline.h - one zero for the times of several sections.
 *
 * Owns: where the report's time begins on the clock of each boot. Sections of one boot share a
 * clock; those of others are set beside it by the world's clock, as CLOCK rows tell it. Never does:
 * read. Called by: trace.c, for each section, with one timeline for all inputs.
 */
#ifndef REP_TIMELINE_H
#define REP_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vft/meta.h>
#include "format/block/meta.h"

/* Past this many boots, each section has its own zero. */
#define REP_MAX_BOOTS 64u

struct rep_section_info;

/* A boot id, or where that was not recorded, of the recording session. Longer ones are cut. */
struct rep_boot_id {
	char text[64];
	uint32_t size; /* 0 = unknown: equal to none */
};

struct rep_timeline {
	struct {
		struct rep_boot_id id;
		uint64_t
			zero_ns; /* CLOCK_BOOTTIME; below 0, as mod 2^64, where it was not up yet */
	} boots[REP_MAX_BOOTS];
	size_t n_boots;
	bool has_section, has_epoch;
	uint64_t epoch_ns; /* of the zero */
};

void rep_boot_id_init(struct rep_boot_id *ret, const struct vft_section *section,
		      const struct vft_meta *meta);
bool rep_boot_id_equal(const struct rep_boot_id *a, const struct rep_boot_id *b);

/* Make @info's start_ns the zero, once its first clocks are known. NULL: it stays its own. */
void rep_timeline_place(struct rep_timeline *timeline, struct rep_section_info *info);

#endif
