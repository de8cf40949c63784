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

struct rec_status {
	bool enabled, shown;
	uint64_t last_ns, last_events;
};

struct rec_progress {
	uint64_t now_ns, start_ns, n_events, n_lost, size_bytes;
	size_t n_waiters; /* threads blocked in vfork now */
};

/* @quiet, or stderr is no terminal: no line. */
void rec_status_init(struct rec_status *status, bool quiet);
bool rec_status_is_due(const struct rec_status *status, uint64_t now_ns);
void rec_status_show(struct rec_status *status, const struct rec_progress *progress);
void rec_status_clear(struct rec_status *status);
/* Three lines. @output as named by the user. */
void rec_status_summarise(const struct rec_progress *progress, const char *output);

#endif
