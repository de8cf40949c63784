/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.h - the selection that every command takes: when, who, where.
 *
 * Owns: what matches. Values of one option are alternatives, different options must all match.
 * Never does: output. Called by: options.c, which fills it, and the commands, which ask.
 */
#ifndef REP_FILTER_H
#define REP_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/source/moment.h"
#include "replay/rows/rows.h"
#include "replay/source/trace.h"

#define REP_MAX_SELECT 64u

struct rep_texts {
	const char *items[REP_MAX_SELECT]; /* borrowed */
	size_t n;
};

struct rep_numbers {
	uint32_t items[REP_MAX_SELECT];
	size_t n;
};

struct rep_select {
	struct rep_period period;
	struct rep_numbers pids, uids;
	bool ns; /* pids are those of the process's own pid namespace */
	/* Names and paths may hold * and ?. A container is given by the head of its id. */
	struct rep_texts comms, exes, containers;
};

bool rep_select_is_empty(const struct rep_select *select);
bool rep_glob(const char *pattern, struct vft_str text);

enum rep_match rep_select_vfork(const struct rep_select *select,
				const struct rep_section_info *info, const struct rep_vfork *vfork);
enum rep_match rep_select_process(const struct rep_select *select,
				  const struct rep_section_info *info,
				  const struct rep_process *process);
/* Whether the wait lasted so long. */
enum rep_match rep_match_min(const struct rep_episode *episode, uint64_t min_ns);
/* Of two that must both hold. */
static inline enum rep_match rep_match_both(enum rep_match a, enum rep_match b)
{
	return a < b ? a : b;
}

/*
 * Events say who did it, but only exec and snapshot say from which file: for --exe a list of the
 * processes that run one now is kept, in the order of the file.
 */
struct rep_select_events {
	const struct rep_select *select;
	struct rep_exe_slot *slots;
	size_t n_slots, n_used;
};

/* 1 it is wanted, 0 not, -ENOMEM. To be asked for every event in the order of the file. */
VFT_MUST_CHECK int rep_select_event(struct rep_select_events *events,
				    const struct rep_section_info *info,
				    const struct rep_window *window, const struct vft_event *event);
void rep_select_events_release(struct rep_select_events *events);

#endif
