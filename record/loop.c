/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/recording.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "record/base/clock.h"
#include "record/base/say.h"

/*
 * How often the ring is looked at without a wake-up, which comes when it is an eighth full: while
 * there is something in it, and otherwise. A look that finds nothing costs a process switch.
 */
#define NS_PER_MS             1000000u
#define MAX_EVENTS            8
#define FOLLOWED_PERIOD_NS    10000000000u
#define LOOK_MS               100
#define IDLE_MS               500
#define MIN_LOOK_MS           10
#define CLOCK_PERIOD_NS       60000000000u
#define RECURSION_PERIOD_NS   1000000000u
#define SNAPSHOT_PERIOD_NS    300000000000u
/* By size, lists take one part in so many of the file, or less. */
#define SNAPSHOT_PERIOD_BYTES (1u << 20)
#define SNAPSHOT_SHARE        16u

/* ---- what it waits for ---- */

static void on_signal(struct recorder *rec)
{
	struct signalfd_siginfo info;

	if (read(rec->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	rec->last_signal = (int)info.ssi_signo;
	rec->stop = true;
}

static void on_command_exec(struct recorder *rec)
{
	struct vft_err err;
	int r = rec_command_get_exec(&rec->command, &err);

	if (r >= 0)
		return;
	rec->exec_error = r;
	rec->stop = true;
	rec_say("%s: %s", rec->options->command[0], err.message);
}

static void on_command_end(struct recorder *rec)
{
	if (rec_command_wait(&rec->command, 0, &rec->command_status) != 1)
		return;
	on_command_exec(rec); /* it may have ended since it could not become CMD */
	rec->command_ended = true;
	rec->stop = true;
}

int rec_watch(struct recorder *rec, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(rec->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

int rec_watch_output(struct recorder *rec)
{
	int r = rec_watch(rec, rec_sink_get_event_fd(rec->sink), EPOLLIN | EPOLLET);

	if (r)
		return r;
	/* Nothing but that its reader has gone, which is told unasked. Files have no such thing. */
	r = rec_watch(rec, rec_sink_get_output_fd(rec->sink), EPOLLET);
	return r == -EPERM ? 0 : r;
}

static int on_output(const struct recorder *rec, int fd, struct vft_err *err)
{
	int r = rec_sink_get_error(rec->sink);

	if (!r && fd == rec_sink_get_output_fd(rec->sink))
		r = -EPIPE;
	return r ? vft_fail(err, r, 0, "cannot write: %s", strerror(-r)) : 0;
}

static int on_event(struct recorder *rec, int fd, struct vft_err *err)
{
	if (fd == rec->signal_fd)
		on_signal(rec);
	else if (fd == rec->command.pidfd)
		on_command_end(rec);
	else if (fd == rec->command.report_fd)
		on_command_exec(rec);
	else if (!rec->is_broken && fd != rec_session_get_fd(rec->session))
		return on_output(rec, fd, err);
	return 0;
}

static int wait_for_events(struct recorder *rec, int timeout_ms, struct vft_err *err)
{
	struct epoll_event events[MAX_EVENTS];
	int n = epoll_wait(rec->epoll_fd, events, MAX_EVENTS, timeout_ms), r = 0;

	if (n < 0 && errno != EINTR)
		return vft_fail(err, -errno, 0, "cannot wait: %s", strerror(errno));
	for (int i = 0; !r && i < n; i++)
		r = on_event(rec, events[i].data.fd, err);
	return r;
}

int rec_look_for_signals(struct recorder *rec, struct vft_err *err)
{
	return wait_for_events(rec, 0, err);
}

static uint64_t end_of_duration(const struct recorder *rec)
{
	uint64_t end_ns;

	if (!rec->options->duration_ns ||
	    __builtin_add_overflow(rec->begin_ns, rec->options->duration_ns, &end_ns))
		return UINT64_MAX;
	return end_ns;
}

/* At most @timeout_ms, and no longer than the recording is to last. */
static int wait_at_most(struct recorder *rec, int timeout_ms, struct vft_err *err)
{
	uint64_t now_ns = rec_clock_now(), end_ns = end_of_duration(rec);
	int r;

	if (end_ns <= now_ns)
		timeout_ms = 0;
	else if (end_ns - now_ns < (uint64_t)timeout_ms * NS_PER_MS)
		timeout_ms = (int)((end_ns - now_ns) / NS_PER_MS) + 1;
	r = wait_for_events(rec, timeout_ms, err);
	if (!r && rec_clock_now() >= end_ns)
		rec->stop = true;
	return r;
}

/* As @timeout_ms, or until there is something to say of a stall. */
static int until_stall(const struct recorder *rec, int timeout_ms)
{
	uint64_t due_ns = rec->watcher ? rec_watcher_get_due(rec->watcher) : UINT64_MAX;
	uint64_t now_ns = rec_clock_now();

	if (due_ns <= now_ns)
		return MIN_LOOK_MS;
	if ((due_ns - now_ns) / NS_PER_MS >= (uint64_t)timeout_ms)
		return timeout_ms;
	timeout_ms = (int)((due_ns - now_ns) / NS_PER_MS) + 1;
	return timeout_ms < MIN_LOOK_MS ? MIN_LOOK_MS : timeout_ms;
}

/* A reader of the stream sees rows soon; a file can wait, and costs less that way. */
static int sleep_until_due(struct recorder *rec, bool is_idle, struct vft_err *err)
{
	int r;

	int timeout_ms = is_idle && !rec_sink_is_stream(rec->sink) ? IDLE_MS : LOOK_MS;

	rec_session_set_asleep(rec->session, true);
	r = wait_at_most(rec, until_stall(rec, timeout_ms), err);
	rec_session_set_asleep(rec->session, false);
	return r;
}

/* ---- what is due ---- */

static int count_waiters(struct recorder *rec, struct vft_err *err)
{
	struct rec_snapshot *snapshot;
	int r = rec_take_followed(rec, &snapshot, err);

	if (r)
		return r;
	rec->n_waiters = rec_snapshot_count_waiters(snapshot, rec->filtered);
	rec_snapshot_free(snapshot);
	return 0;
}

void rec_fill_progress(struct recorder *rec, uint64_t now_ns, struct rec_progress *ret)
{
	*ret = (struct rec_progress){
		.now_ns = now_ns,
		.start_ns = rec->begin_ns,
		.asked_ns = rec->options->duration_ns,
		.n_events = rec_sink_get_n_events(rec->sink),
		.n_lost = rec_losses_get_sum(rec->losses, 0),
		.size_bytes = rec_sink_get_size(rec->sink),
		.n_waiters = rec->n_waiters,
		.was_stalled = rec->was_stalled,
	};
	ret->is_redacted = rec->redact != NULL;
	for (size_t why = 0; rec->redact && why < VFT_N_REMOVED; why++)
		ret->n_removed += rec_redact_get_counts(rec->redact)[why];
	for (uint32_t cause = 1; cause < REC_N_CAUSES; cause++)
		ret->lost_by_cause[cause] = rec_losses_get_sum(rec->losses, cause);
}

static bool is_snapshot_due(const struct recorder *rec, uint64_t now_ns)
{
	uint64_t grown = rec_sink_get_size(rec->sink) - rec->snapshot_end;

	return now_ns - rec->snapshot_ns >= SNAPSHOT_PERIOD_NS ||
	       (grown >= SNAPSHOT_PERIOD_BYTES && grown >= SNAPSHOT_SHARE * rec->snapshot_bytes);
}

/*
 * The recording of processes ends with the last of them. That the kernel part follows nobody is
 * asked at every look; one that ended just as it began to be followed is found in a list.
 */
static int look_for_followed(struct recorder *rec, uint64_t now_ns, struct vft_err *err)
{
	struct rec_snapshot *snapshot;
	bool is_anybody = rec_session_follows_anybody(rec->session);
	int r;

	if (is_anybody && now_ns - rec->followed_ns >= FOLLOWED_PERIOD_NS) {
		rec->followed_ns = now_ns;
		r = rec_take_followed(rec, &snapshot, err);
		if (r)
			return r;
		is_anybody = rec_snapshot_count_selected(snapshot) > 0;
		rec_snapshot_free(snapshot);
	}
	if (!is_anybody)
		rec->followed_ended = rec->stop = true;
	return 0;
}

/* What cannot be said of stalls is no reason to end the recording. */
static void look_for_stalls(struct recorder *rec, uint64_t now_ns)
{
	struct vft_err err = {0};

	if (!rec->watcher || !rec_watcher_look(rec->watcher, now_ns, &err))
		return;
	rec_status_clear(&rec->status);
	rec_say("stalls are not said any more: %s", err.message);
	rec_watcher_free(rec->watcher);
	rec->watcher = NULL;
}

static int do_what_is_due(struct recorder *rec, uint64_t now_ns, struct vft_err *err)
{
	int r = rec_losses_poll(rec->losses, rec->sink, err);
	bool is_clock_due;

	rec_cgroups_forget_gone(rec->cgroups);
	look_for_stalls(rec, now_ns);
	if (!r && now_ns - rec->recursion_ns >= RECURSION_PERIOD_NS) {
		rec->recursion_ns = now_ns;
		r = rec_losses_poll_recursion(rec->losses, rec->sink, err);
	}
	is_clock_due = now_ns - rec->clock_ns >= CLOCK_PERIOD_NS;
	/* Clocks and lists go to blocks of their own, which end the current one. */
	if (!r && (is_clock_due || is_snapshot_due(rec, now_ns)))
		r = rec_end_block(rec, err);
	if (!r && is_clock_due)
		r = rec_append_clock(rec, err);
	if (!r && is_snapshot_due(rec, now_ns))
		r = rec_next_list(rec, err);
	if (!r && (rec_sink_is_stream(rec->sink) || rec_sink_is_due(rec->sink, now_ns)))
		r = rec_end_block(rec, err);
	if (!r && rec->options->n_pids)
		r = look_for_followed(rec, now_ns, err);
	if (!r && rec_status_is_due(&rec->status, now_ns)) {
		struct rec_progress progress;

		r = count_waiters(rec, err);
		rec_fill_progress(rec, now_ns, &progress);
		rec_status_show(&rec->status, &progress);
	}
	return r;
}

/* Whether a drain of @n bytes found much; of a ring of any size it hands over REC_DRAIN_BYTES at
 * most.
 */
static bool is_behind(const struct recorder *rec, int64_t n)
{
	return n >= REC_DRAIN_BYTES || (uint64_t)n > rec->options->ring_bytes / 2;
}

static int do_turn(struct recorder *rec, struct vft_err *err)
{
	int64_t n = rec_drain_ring(rec, err);
	int r = n < 0 ? (int)n : do_what_is_due(rec, rec_clock_now(), err);

	if (r || rec->stop)
		return r;
	rec_sink_set_pressure(rec->sink, is_behind(rec, n));
	if (n >= REC_DRAIN_BYTES)
		return wait_at_most(rec, 0, err); /* more is there: only look for signals */
	return sleep_until_due(rec, n == 0, err);
}

int rec_run_loop(struct recorder *rec, struct vft_err *err)
{
	int r = 0;

	while (!r && !rec->stop) {
		if (!rec_sink_is_full(rec->sink)) {
			r = do_turn(rec, err);
			continue;
		}
		/* What is not taken from the ring is lost, counted and told; memory would be the
		 * whole machine's. */
		rec->was_stalled = true;
		r = wait_at_most(rec, LOOK_MS, err);
	}
	return r;
}

int rec_wait_for_command(struct recorder *rec, struct vft_err *err)
{
	int r = 0;

	if (!rec->options->command)
		return 0;
	while (!r && !rec->stop)
		r = wait_at_most(rec, IDLE_MS, err);
	return r;
}
