/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/recording.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "record/base/clock.h"
#include "record/watch/target.h"

#define MAX_FOLLOW_PASSES 16

static int follow_failed(pid_t pid, int r, struct vft_err *err)
{
	if (r == -ESRCH)
		return rec_target_explain(pid, err);
	return vft_fail(err, r, 0, "cannot follow process %d: %s", (int)pid, strerror(-r));
}

/* Follow everyone who is asked for. The number newly followed, or -errno. */
static int follow_wanted(struct recorder *rec, struct rec_snapshot *snapshot, struct vft_err *err)
{
	int n = 0, r;

	if (rec->options->command) {
		r = rec_snapshot_follow_self(snapshot, rec->session);
		return r < 0 ? follow_failed(getpid(), r, err) : 0;
	}
	for (size_t i = 0; i < rec->options->n_pids; i++) {
		r = rec_snapshot_follow_tree(snapshot, rec->session, rec->options->pids[i]);
		if (r < 0)
			return follow_failed(rec->options->pids[i], r, err);
		n += r;
	}
	return n;
}

/* A process may spawn between the listing and its being followed, so list until nobody is new. */
static int take_and_follow(struct recorder *rec, struct rec_snapshot **ret, struct vft_err *err)
{
	struct rec_snapshot *snapshot;
	int n = 0, r;

	for (int pass = 0; pass < MAX_FOLLOW_PASSES; pass++) {
		r = rec_snapshot_take(rec->session, &snapshot, err);
		if (r)
			return r;
		n = rec->filtered ? follow_wanted(rec, snapshot, err) : 0;
		if (n <= 0)
			break;
		rec_snapshot_free(snapshot);
		snapshot = NULL;
	}
	if (n < 0) {
		rec_snapshot_free(snapshot);
		return n;
	}
	if (!snapshot)
		return rec_snapshot_take(rec->session, ret, err);
	*ret = snapshot;
	return 0;
}

static int write_snapshot(struct recorder *rec, struct rec_snapshot *snapshot,
			  struct rec_proc_reader *reader, struct vft_err *err)
{
	struct rec_snapshot_options options = {.selected_only = rec->filtered,
					       .threads = rec->options->threads,
					       .reader = reader,
					       .cgroups = rec->cgroups,
					       .args = rec->options->args};
	uint64_t begin = rec_sink_get_size(rec->sink);
	int r = rec_snapshot_write(snapshot, &options, rec->sink, err);

	rec->snapshot_ns = rec_clock_now();
	rec->snapshot_end = rec_sink_get_size(rec->sink);
	rec->snapshot_bytes = rec->snapshot_end - begin;
	return r;
}

/* Whoever fills the kernel part's tables costs us what does not fit, and not the recording. */
static int tell_overflow(struct recorder *rec, const struct rec_snapshot *snapshot,
			 uint64_t n_waiters, struct vft_err *err)
{
	int r = rec_losses_add(rec->losses, VFT_CAUSE_PENDING_FULL, n_waiters, rec->sink, err);

	if (!r)
		r = rec_losses_add(rec->losses, VFT_CAUSE_TRACKED_FULL,
				   rec_snapshot_get_n_unfollowed(snapshot), rec->sink, err);
	return r;
}

int rec_first_list(struct recorder *rec, struct vft_err *err)
{
	struct rec_snapshot *snapshot;
	int r = take_and_follow(rec, &snapshot, err);

	if (r)
		return r;
	for (size_t i = 0; !rec->options->quiet && i < rec->options->n_pids; i++)
		rec_target_say_thread(snapshot, rec->options->pids[i]);
	r = rec_snapshot_add_waiters(snapshot, rec->session, rec->filtered);
	if (r < 0)
		vft_fail(err, r, 0, "cannot fill the BPF maps: %s", strerror(-r));
	else
		r = tell_overflow(rec, snapshot, (uint64_t)r, err);
	if (!r)
		r = write_snapshot(rec, snapshot, &rec->reader, err);
	rec_snapshot_free(snapshot);
	return r;
}

int rec_take_followed(struct recorder *rec, struct rec_snapshot **ret, struct vft_err *err)
{
	int r = rec_snapshot_take(rec->session, ret, err);

	if (!r)
		rec_snapshot_select_followed(*ret, rec->session);
	return r;
}

/* A later one lets a replay begin in the middle; who is followed is known to the kernel part. */
int rec_next_list(struct recorder *rec, struct vft_err *err)
{
	struct rec_snapshot *snapshot;
	int r = rec_take_followed(rec, &snapshot, err);

	if (r)
		return r;
	r = write_snapshot(rec, snapshot, NULL, err);
	rec_snapshot_free(snapshot);
	return r;
}
