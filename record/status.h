/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status.h - what the person at the terminal sees: the status line while recording, the summary
 * after.
 *
 * Owns: their wording, and whether the line is on the screen. Writes to stderr only. Called by:
 * recorder.c.
 */
#ifndef REC_STATUS_H
#define REC_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vft/event.h>

#define REC_N_CAUSES (VFT_CAUSE_BAD_RECORD + 1) /* the last that a recorder can have */

struct rec_status {
	bool enabled, shown;
	uint64_t last_ns, last_events;
};

struct rec_progress {
	uint64_t now_ns, start_ns, n_events, n_lost, size_bytes;
	uint64_t lost_by_cause[REC_N_CAUSES];
	uint64_t asked_ns; /* the length that was asked for, 0 = none */
	size_t n_waiters;  /* threads blocked in vfork now */
	bool was_stalled;  /* the output did not take what there was */
	bool is_redacted;
	uint64_t n_removed; /* values; 0 unless is_redacted */
};

/* Not @wanted, or stderr is no terminal: no line. */
void rec_status_init(struct rec_status *status, bool wanted);
bool rec_status_is_due(const struct rec_status *status, uint64_t now_ns);
void rec_status_show(struct rec_status *status, const struct rec_progress *progress);
void rec_status_clear(struct rec_status *status);
/* Three lines, and one more about losses. @output as named by the user; NULL if it is not there any
 * more. */
void rec_status_summarise(const struct rec_progress *progress, const char *output);

#endif
