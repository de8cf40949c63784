/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arguments.h - the arguments of a system call as a person reads them.
 *
 * Called by: wait.c.
 */
#ifndef REC_ARGUMENTS_H
#define REC_ARGUMENTS_H

#include "record/stall/scene.h"

struct vfa_file;
struct vfa_task;

#define REC_FD_NONE UINT32_MAX

/* A file behind a descriptor of a system call. */
struct rec_fd {
	uint32_t fd; /* REC_FD_NONE: nothing is known of it */
	uint64_t ino, dev;
	uint32_t fs_magic, i_mode;
	char path[REC_FILE_TEXT]; /* escaped */
};

struct rec_fds {
	struct rec_fd fds[REC_MAX_ARGS];
	size_t n;
};

/* Fill @wait's args from registers, memory and files; *ret_fds gets the files. */
void rec_arguments_read(const struct rec_scene *scene, const struct vfa_task *task,
			struct rec_wait *wait, struct rec_fds *ret_fds);

/* NULL for one that has no name here. */
const char *rec_fs_name(uint32_t magic);

#endif
