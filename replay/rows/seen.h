/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seen.h - what a selection was held against, to say so when nothing matches.
 *
 * Owns: how many rows there were, how many matched, and a few of the values that a row would have
 * had to have. Never does: choose. Called by: the commands, for each row.
 */
#ifndef REP_SEEN_H
#define REP_SEEN_H

#include "replay/rows/filter.h"

#define REP_SEEN_VALUES 6u
#define REP_SEEN_SIZE   48u /* of one; longer ones are cut */

struct rep_seen {
	uint64_t n_rows, n_matched;
	unsigned int n_values;
	bool has_more;
	char values[REP_SEEN_VALUES][REP_SEEN_SIZE]; /* as they are in the trace */
	uint8_t sizes[REP_SEEN_VALUES];
};

void rep_seen_vfork(struct rep_seen *seen, const struct rep_select *select,
		    const struct rep_vfork *vfork, bool matches);
void rep_seen_process(struct rep_seen *seen, const struct rep_select *select,
		      const struct rep_section_info *info, const struct rep_process *process,
		      bool matches);
void rep_seen_event(struct rep_seen *seen, const struct rep_select *select,
		    const struct vft_event *event, bool matches);
/* ", of sh, java and more"; what the first of the given options is about. Nothing for a window. */
void rep_seen_describe(const struct rep_seen *seen, const struct rep_select *select,
		       struct rep_buf *buf);

#endif
