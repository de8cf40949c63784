/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join.h - what several recordings of one boot tell of one process or wait becomes one row.
 *
 * Owns: the rows that a recording still to come may tell more of, until all are read. A row whose
 * end was seen before the next recording of its boot began goes straight on: of recordings one
 * after another only what lives and waits at their ends is held, of those that overlap also what
 * ended while they did. Never does: read, or know of files. Called by: input.c.
 */
#ifndef REP_JOIN_H
#define REP_JOIN_H

#include "replay/source/trace.h"

struct rep_join;

/* Rows go to @ops and @context. @max_held: of one kind and boot; 0 = REP_MAX_LIVE. NULL: -ENOMEM.
 */
struct rep_join *rep_join_new(const struct rep_trace_ops *ops, void *context, size_t max_held);
void rep_join_free(struct rep_join *join); /* NULL is fine */
/* Before the first section: there will be one of @boot that begins at @begin_ns. -ENOMEM. */
VFT_MUST_CHECK int rep_join_expect(struct rep_join *join, const struct rep_boot_id *boot,
				   uint64_t begin_ns);
/* How many sections of @boot are expected. */
size_t rep_join_count(const struct rep_join *join, const struct rep_boot_id *boot);

/*
 * Between what the trace says of each section, which @input has. -ENOMEM; -E2BIG when more must be
 * held than the limit; a callback's error.
 */
void rep_join_begin(struct rep_join *join, const struct rep_section_info *info, uint32_t input);
VFT_MUST_CHECK int rep_join_episode(struct rep_join *join, const struct rep_episode *episode);
VFT_MUST_CHECK int rep_join_process(struct rep_join *join, const struct rep_process *process);
void rep_join_end(struct rep_join *join);
/* No input: what more than one tells. */
#define REP_JOIN_SEVERAL UINT32_MAX
/*
 * All are read: give what is held, for each boot and input behind @on_input and an on_section of
 * its own, which counts in no total and has no end.
 */
VFT_MUST_CHECK int rep_join_flush(struct rep_join *join,
				  void (*on_input)(void *context, uint32_t input), void *context);

#endif
