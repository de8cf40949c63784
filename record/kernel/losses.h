/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * losses.h - turns the kernel part's drop counters into lost events.
 *
 * Owns: what was last seen of each counter. Never does: reset them. Called by: recorder.c at every
 * turn of its loop.
 */
#ifndef REC_LOSSES_H
#define REC_LOSSES_H

#include <stdint.h>

#include "record/kernel/session.h"
#include "record/store/sink.h"

struct rec_losses;

/* Before the programs are attached. -ENOMEM. */
VFT_MUST_CHECK int rec_losses_new(const struct rec_session *session, struct rec_losses **ret);

/*
 * Append a lost event for every counter that rose since the last call, over the time from before
 * that call read the counters until after this one has: it always covers the drop.
 */
VFT_MUST_CHECK int rec_losses_poll(struct rec_losses *losses, struct rec_sink *sink,
				   struct vft_err *err);
/* The same for program runs the kernel skipped; a few system calls. */
VFT_MUST_CHECK int rec_losses_poll_recursion(struct rec_losses *losses, struct rec_sink *sink,
					     struct vft_err *err);
/*
 * @n events that the recorder itself has lost since the last rec_losses_poll: records that it could
 * not translate (VFT_CAUSE_BAD_RECORD), or what it found no room for in the kernel part's tables
 * (VFT_CAUSE_PENDING_FULL, VFT_CAUSE_TRACKED_FULL).
 */
VFT_MUST_CHECK int rec_losses_add(struct rec_losses *losses, enum vft_cause cause, uint64_t n,
				  struct rec_sink *sink, struct vft_err *err);

/* All losses so far, by cause and CPU, as END lists them; borrowed. */
const struct vft_loss *rec_losses_get(const struct rec_losses *losses, size_t *ret_n);
/* How many events one cause, or with 0 every cause, has cost. */
uint64_t rec_losses_get_sum(const struct rec_losses *losses, uint32_t cause);
void rec_losses_free(struct rec_losses *losses); /* NULL is fine */

#endif
