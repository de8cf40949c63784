/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output.h - opens what a recording is written to, also where others wait for root to do so.
 *
 * Owns: the rules of which names may be written to, and the directory's descriptor, in which all is
 * looked up: what was checked is what is opened. Never does: write. Called by: recorder.c, sink.c.
 */
#ifndef REC_OUTPUT_H
#define REC_OUTPUT_H

#include <stdbool.h>

#include <vft/err.h>

struct rec_output {
	int fd;           /* the caller's to close */
	int directory_fd; /* -1 if none is needed */
	char *made;       /* name in the directory of a file that was made here, else NULL */
	char *place;      /* and its path, as the kernel names it */
};

struct rec_output_options {
	bool force;    /* replace a regular file */
	int signal_fd; /* readable when there is to be no more waiting; -1 = none */
};

/*
 * Open @path for writing; "-" is stdout, unless that is a terminal.
 *
 * A new file has mode 0600 and, under sudo, belongs to the one who called it. It is made
 * exclusively, so that neither a symbolic link nor a hard link can lead elsewhere, and it is locked
 * as long as it is open. With force a regular file of that name is removed first, unless somebody
 * holds that lock; its content is not touched. An existing FIFO or character device is written to
 * if it is ours or root's, or if it is a FIFO of the owner of a directory that nobody else can
 * write to. Nothing is opened in a directory that everybody can write to unless it is sticky. For
 * the reader of a FIFO 10 s are waited.
 *
 * -EEXIST, -EBUSY, -EACCES, -EINVAL, -EINTR and the rest of open(2); @err says it in one line.
 */
VFT_MUST_CHECK int rec_output_open(const char *path, const struct rec_output_options *options,
				   struct rec_output *ret, struct vft_err *err);
/*
 * Whether a file that was made here is still what its name leads to. 0; -ENOENT if nothing leads to
 * it any more, -ESTALE if another name does.
 */
VFT_MUST_CHECK int rec_output_check(const struct rec_output *output, struct vft_err *err);
/* Remove the file if it was made here, and is still the one of that name. */
void rec_output_remove(const struct rec_output *output);
void rec_output_release(struct rec_output *output); /* not the descriptor to write to */

#endif
