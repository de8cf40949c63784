/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show.h - an autopsy as a person or a program reads it.
 *
 * Owns: words and layout. Never does: conclude anything. Called by: now.c, watcher.c.
 */
#ifndef REC_SHOW_H
#define REC_SHOW_H

#include <stdio.h>

#include "record/stall/autopsy.h"

#define REC_LINE_TEXT 1024

struct rec_text;

/* "java[812] thread 830", of one that was not looked at. */
void rec_show_task(struct rec_text *text, const struct vfe_task_state *task);

/* A screen of text. */
void rec_show_text(FILE *out, const struct rec_autopsy *autopsy);

/* "java[812] thread 830 held 1.00s by jspawnhelper[901]: openat("/x") in nfs_wait_bit_killable" */
void rec_show_line(const struct rec_autopsy *autopsy, char *ret, size_t size);

/* An object with the columns of the table stalls. */
void rec_show_json(FILE *out, const struct rec_autopsy *autopsy);

/* What is shown of the kernel's frames: all but how every wait begins and ends. */
size_t rec_show_first_frame(const struct rec_wait *wait);
size_t rec_show_end_frame(const struct rec_wait *wait);

#endif
