/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * facts.h - what every report says of the trace as a whole.
 *
 * Owns: a copy of the first section's texts, the totals over all sections. Never does: read. Called
 * by: input.c, which feeds it at each section's end, and the commands.
 */
#ifndef REP_FACTS_H
#define REP_FACTS_H

#include "replay/source/trace.h"

/* Windows kept for the report; more are only counted. */
#define REP_MAX_WINDOWS 65536u

struct rep_window_row {
	uint32_t cause, cpu;
	uint64_t count;
	int64_t from_ns, to_ns; /* since the section's start; to_ns INT64_MAX = open end */
};

struct rep_facts {
	size_t n_sections;
	struct rep_str *host, *kernel, *arch, *boot_id, *filters, *notes; /* of the first section */
	bool has_start;
	uint64_t start_epoch_ns;
	uint64_t duration_ns; /* from the first one's start to the last end of any */
	uint64_t n_events;
	bool clean_end;
	uint64_t n_lost, n_missing_blocks, n_gaps, gap_bytes;
	struct rep_window_row *windows;
	size_t n_windows, n_more_windows;
	uint64_t has; /* VFT_HAS_* of all sections together */
	/* Of what ran before a section, only processes of this pid namespace were listed. */
	bool list_is_partial;
	uint32_t list_pidns;
};

/* Whether events, or bytes of a file, are missing, however many. */
bool rep_facts_are_incomplete(const struct rep_facts *facts);

/* Take a section that has ended in. -ENOMEM. */
VFT_MUST_CHECK int rep_facts_append(struct rep_facts *facts, const struct rep_section_info *info);
void rep_facts_release(struct rep_facts *facts);

#endif
