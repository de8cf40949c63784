/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * say.h - words for the person who started the recording, on stderr.
 *
 * Never does: wait for long. A terminal that was stopped with Ctrl-S, or a pipe that nobody reads,
 * must not stop the recorder: what does not go out is dropped. Called by: recorder.c, status.c.
 */
#ifndef REC_SAY_H
#define REC_SAY_H

#include <vft/err.h>

/* One line: "vfork-record: ", the message, a line feed. Waits a second at most. */
void rec_say(const char *format, ...) VFT_PRINTF(1, 2);

/* @text as it is, if it goes out at once. */
void rec_say_now(const char *text);

#endif
