/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * section.h - one recording inside a trace: its clocks, totals and losses, and times told by them.
 *
 * Never does: read. Filled by: trace.c. Used by: everybody who is told of a section.
 */
#ifndef REP_SECTION_H
#define REP_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vft/meta.h>
#include "replay/model/model.h"

/* CLOCK_REALTIME as the trace knew it at a moment of CLOCK_BOOTTIME. */
struct rep_clock {
	uint64_t boottime_ns, realtime_ns;
};

/*
 * What is known of one section so far; everything in it is known when on_section_end is called.
 * From on_section to the return of on_section_end it stays at one address, so that a callback that
 * is only given a process or an episode can look at the one that on_section left behind.
 */
struct rep_section_info {
	size_t source;    /* index of the input */
	size_t number;    /* of the section, counted over all inputs from 0 */
	bool has_section; /* false: its SECTION block is missing */
	bool is_joined;   /* none that is read: rows that several tell of, see join.h */
	struct vft_section section;
	bool has_meta;
	struct vft_meta meta; /* zeroes when !has_meta */
	uint64_t begin_ns;    /* when it began: meta's, else the first event's */
	/* Zero of the report's time, the same for all inputs: see timeline.h. As an int64_t: a host
	 * may not have been up then. */
	uint64_t start_ns;
	uint64_t end_ns;              /* END's, else the last event's */
	uint64_t first_ns, last_ns;   /* of events (not snapshot rows); both 0 before any */
	uint64_t n_events;            /* rows of all kinds, snapshots and clocks too */
	uint64_t n_skipped;           /* rows of unknown kinds */
	uint64_t n_kind[VFT_N_KINDS]; /* rows by enum vft_kind */
	uint64_t n_blocks, n_skipped_blocks;
	uint64_t size_bytes;            /* of its blocks */
	const struct rep_clock *clocks; /* in rising boottime */
	size_t n_clocks;
	bool clean_end;     /* it has an END block */
	struct vft_end end; /* zeroes when !clean_end */
	const struct rep_loss
		*losses; /* events' and the file's own, merged; see rep_model_losses */
	size_t n_losses;
	uint64_t n_lost; /* events known to be lost; more may be where bytes are missing */
	uint64_t n_missing_blocks;     /* by sequence number */
	uint64_t n_gaps, gap_bytes;    /* damage, cuts and refused blocks */
	const struct rep_model *model; /* for rep_model_cgroup and rep_model_find */
};

/* ns since the zero of the report's time; negative for what was before. Saturates. */
int64_t rep_section_relative(const struct rep_section_info *info, uint64_t boottime_ns);
/* ns since the epoch, by the last clock at or before @boottime_ns, else the first. False: no clock.
 */
bool rep_section_realtime(const struct rep_section_info *info, uint64_t boottime_ns, uint64_t *ret);

#endif
