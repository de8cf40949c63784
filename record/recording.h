/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recording.h - the state of one recording, and the parts that work on it.
 *
 * Owns: nothing; recorder.c makes and releases the state. Private to recorder.c (what comes when),
 * loop.c (waiting, and what is due), feed.c (from the ring to the file) and lists.c (what runs
 * already). One thread.
 */
#ifndef REC_RECORDING_H
#define REC_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "record/describe.h"
#include "record/kernel/losses.h"
#include "record/kernel/examiner.h"
#include "record/kernel/session.h"
#include "record/options.h"
#include "record/start/command.h"
#include "record/start/privileges.h"
#include "record/stall/watcher.h"
#include "record/start/signals.h"
#include "record/status.h"
#include "record/store/sink.h"
#include "record/watch/cgroups.h"
#include "record/watch/procfs.h"
#include "record/watch/snapshot.h"

#define REC_DRAIN_BYTES (4u << 20) /* then signals, clocks and losses have their turn */

struct recorder {
	const struct rec_options *options;
	const struct rec_user *user;
	struct rec_description description;
	struct rec_session *session;
	struct rec_redact *redact; /* NULL with --args full */
	struct rec_sink *sink;
	struct rec_losses *losses;
	struct rec_hierarchies hierarchies;
	struct rec_cgroups *cgroups;
	struct rec_examiner *examiner; /* NULL where this kernel cannot explain */
	struct rec_watcher *watcher;   /* NULL if nothing is to be said of stalls */
	struct rec_proc_reader reader; /* only until the first snapshot */
	struct rec_signals signals;    /* as the caller had them */
	struct rec_command command;
	struct rec_status status;
	struct rec_translation translation;
	int epoll_fd, signal_fd;
	bool filtered;
	bool stop; /* a signal came, the duration passed, or what is recorded has ended */
	bool command_ended, followed_ended;
	bool was_stalled; /* the output did not take what there was */
	bool is_broken;   /* nothing can be recorded any more, and that was said */
	int exec_error;   /* CMD could not be run: its negative errno */
	int command_status;
	int last_signal;
	uint64_t start_ns, attached_ns, end_ns;
	uint64_t n_delivered,
		n_left_out;         /* records of the ring; of these, those that are no rows */
	uint64_t begin_ns, stop_ns; /* what a duration is counted from, and its end */
	size_t n_waiters;           /* blocked in vfork when last counted */
	uint64_t clock_ns, recursion_ns, snapshot_ns; /* when each was last due */
	uint64_t followed_ns;
	uint64_t snapshot_end, snapshot_bytes; /* where the last one ended, its size */
};

/* ---- feed.c ---- */

/*
 * Hand what is in the ring, at most about REC_DRAIN_BYTES, to the sink. The number of bytes, or
 * -errno.
 */
VFT_MUST_CHECK int64_t rec_drain_ring(struct recorder *rec, struct vft_err *err);
/* Drain until all that the kernel part saw is here, but for what it says it dropped. */
VFT_MUST_CHECK int rec_drain_to_the_end(struct recorder *rec, struct rec_counters *ret,
					struct vft_err *err);
VFT_MUST_CHECK int rec_append_clock(struct recorder *rec, struct vft_err *err);
VFT_MUST_CHECK int rec_append_mark(struct recorder *rec, enum vft_mark what, uint64_t time_ns,
				   const char *text, struct vft_err *err);
/* End the open block, after what was lost before its end was told. */
VFT_MUST_CHECK int rec_end_block(struct recorder *rec, struct vft_err *err);

/* ---- lists.c ---- */

/* Follow who is asked for, and write the list that a trace begins with. */
VFT_MUST_CHECK int rec_first_list(struct recorder *rec, struct vft_err *err);
/* A later one lets a replay begin in the middle. */
VFT_MUST_CHECK int rec_next_list(struct recorder *rec, struct vft_err *err);
/* All that runs now, with those selected who are followed. */
VFT_MUST_CHECK int rec_take_followed(struct recorder *rec, struct rec_snapshot **ret,
				     struct vft_err *err);

/* ---- loop.c ---- */

/* Have the loop look at @fd. -errno. */
VFT_MUST_CHECK int rec_watch(struct recorder *rec, int fd, uint32_t events);
/* Record until a signal comes, the duration passes, or CMD ends. */
VFT_MUST_CHECK int rec_run_loop(struct recorder *rec, struct vft_err *err);
/* Have the loop look at the output too: whether a write has failed, or its reader has gone. */
VFT_MUST_CHECK int rec_watch_output(struct recorder *rec);
/* See what has come, without waiting. */
VFT_MUST_CHECK int rec_look_for_signals(struct recorder *rec, struct vft_err *err);
/* When nothing can be recorded any more: wait for CMD as the loop would. */
VFT_MUST_CHECK int rec_wait_for_command(struct recorder *rec, struct vft_err *err);
void rec_fill_progress(struct recorder *rec, uint64_t now_ns, struct rec_progress *ret);

#endif
