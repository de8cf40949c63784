/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * holders.h - who could end the wait of a thread, and the words for it.
 *
 * Called by: wait.c, which has found the cause.
 */
#ifndef REC_HOLDERS_H
#define REC_HOLDERS_H

#include "record/stall/arguments.h"

/* Fill text, file, fs and holders of @wait, by its cause, which may become a better one. */
void rec_holders_find(const struct rec_scene *scene, const struct vfe_task_state *task,
		      const struct vfa_task *look, const struct rec_fds *fds,
		      struct rec_wait *wait);

#endif
