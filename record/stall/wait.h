/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wait.h - looks at one thread: what it does and what it waits for.
 *
 * Never does: stop or trace a thread, open a file of /proc. Called by: chain.c, autopsy.c.
 */
#ifndef REC_WAIT_H
#define REC_WAIT_H

#include "record/stall/scene.h"

/*
 * Look at the thread @task of the scene's list. -ESRCH if it is gone, or another; -errno of the
 * kernel part, without which nothing is known.
 */
VFT_MUST_CHECK int rec_wait_look(const struct rec_scene *scene, const struct vfe_task_state *task,
				 struct rec_wait *ret);

/* Whether it is still where @wait says. -ESRCH if it is gone, or holds its parent no more. */
VFT_MUST_CHECK int rec_wait_look_again(const struct rec_scene *scene, const struct rec_wait *wait,
				       bool *ret_has_moved);

#endif
