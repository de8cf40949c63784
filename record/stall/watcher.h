/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watcher.h - says of each vfork that lasts, while it lasts, why: past the threshold, and at twice,
 * four times, ... that.
 *
 * Owns: who waits since when, and how many may be examined in what time. Never does: wait, or write
 * to the file. Called by: loop.c, at every turn. One thread.
 */
#ifndef REC_WATCHER_H
#define REC_WATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include <vft/err.h>

struct rec_cgroups;
struct rec_examiner;
struct rec_session;
struct rec_watcher;

struct rec_watcher_config {
	uint64_t threshold_ns; /* not 0 */
	struct rec_session *session;
	struct rec_examiner *examiner; /* NULL: who is held is said, and not why */
	struct rec_cgroups *cgroups;
	void (*say)(void *context, const char *line); /* one line, without its line feed */
	void *context;
};

VFT_MUST_CHECK int rec_watcher_new(const struct rec_watcher_config *config,
				   struct rec_watcher **ret);
void rec_watcher_free(struct rec_watcher *watcher); /* NULL is fine */

/*
 * Look who waits. @now_ns: CLOCK_BOOTTIME, as events have it. -ENOMEM, or -errno of the kernel
 * part, which costs what would have been said and nothing else.
 */
VFT_MUST_CHECK int rec_watcher_look(struct rec_watcher *watcher, uint64_t now_ns,
				    struct vft_err *err);

/* When there is something to say next, as far as is known; UINT64_MAX: nobody waits. */
uint64_t rec_watcher_get_due(const struct rec_watcher *watcher);

#endif
