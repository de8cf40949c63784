/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet.h - the way of bytes out: a queue, and a thread that writes and syncs.
 *
 * A disk that stalls and a pipe that nobody reads block a thread, and the one that drains the ring
 * must not be it. Owns: the output descriptor, the queue, the thread. Never does: put bytes in
 * order, or give any up by itself. Called by: sink.c. The thread touches nothing else.
 */
#ifndef REC_OUTLET_H
#define REC_OUTLET_H

#include <stdbool.h>
#include <stdint.h>

#include <vft/io.h>

struct rec_outlet;

/*
 * Takes @fd over if it succeeds. Until rec_outlet_start, what is for a regular file is written by
 * the caller's thread, and what is for anything else waits in the queue. -ENOMEM or -errno.
 */
VFT_MUST_CHECK int rec_outlet_new(int fd, struct rec_outlet **ret, struct vft_err *err);

/* Start the thread, with the caller's credentials of now. -errno. */
VFT_MUST_CHECK int rec_outlet_start(struct rec_outlet *outlet, struct vft_err *err);

/*
 * For libvft's writer; borrowed. Its writev only queues: it returns -ENOMEM, or what a write failed
 * with before, and never waits.
 */
struct vft_sink *rec_outlet_get_sink(struct rec_outlet *outlet);

/* Whether so much waits that no more should be made. */
bool rec_outlet_is_full(struct rec_outlet *outlet);

/* Whether it goes to a pipe, a socket or a device: somebody may be reading along. */
bool rec_outlet_is_stream(const struct rec_outlet *outlet);

/* Readable once a write has failed, or all is done. */
int rec_outlet_get_event_fd(const struct rec_outlet *outlet);

/* What a write failed with, or 0. */
int rec_outlet_get_error(struct rec_outlet *outlet);

/*
 * Nothing more comes: wait until all is written and synced. A stream gets 3 s for each next byte,
 * a disk 30 s, and both half a second from when @hurry_fd (-1 = none) is readable.
 *
 * 0; -ETIMEDOUT when that did not do, with one line on what is missing; or the errno of a write or
 * a sync.
 */
VFT_MUST_CHECK int rec_outlet_settle(struct rec_outlet *outlet, int hurry_fd, struct vft_err *err);

/* A thread that still waits for its disk or reader is left behind, with what it needs. */
void rec_outlet_close(struct rec_outlet *outlet); /* NULL is fine */

#endif
