/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/recording.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "record/clock.h"

/*
 * How often the ring is looked at without a wake-up, which comes when it is an eighth full: while
 * there is something in it, and otherwise. A look that finds nothing costs a process switch.
 */
#define LOOK_MS               100
#define IDLE_MS               500
#define CLOCK_PERIOD_NS       60000000000u
#define RECURSION_PERIOD_NS   1000000000u
#define SNAPSHOT_PERIOD_NS    300000000000u
/* By size, lists take one part in so many of the file, or less. */
#define SNAPSHOT_PERIOD_BYTES (1u << 20)
#define SNAPSHOT_SHARE        16u

static void on_signal(struct recorder *rec)
{
	struct signalfd_siginfo info;

	if (read(rec->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	rec->last_signal = (int)info.ssi_signo;
	rec->stop = true;
}

static void on_command_end(struct recorder *rec)
{
	if (rec_command_wait(&rec->command, 0, &rec->command_status) != 1)
		return;
	rec->command_ended = true;
	rec->stop = true;
}

int rec_watch(struct recorder *rec, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(rec->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int wait_for_events(struct recorder *rec, int timeout_ms, struct vft_err *err)
{
	struct epoll_event events[4];
	int n = epoll_wait(rec->epoll_fd, events, 4, timeout_ms);

	if (n < 0 && errno != EINTR)
		return vft_fail(err, -errno, 0, "cannot wait: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == rec->signal_fd)
			on_signal(rec);
		else if (events[i].data.fd == rec->command.pidfd)
			on_command_end(rec);
	}
	return 0;
}

static int sleep_until_due(struct recorder *rec, uint64_t now_ns, bool is_idle, struct vft_err *err)
{
	uint64_t end_ns = rec->start_ns + rec->options->duration_ns;
	int timeout_ms = is_idle ? IDLE_MS : LOOK_MS, r;

	if (rec->options->duration_ns && end_ns < now_ns + (uint64_t)timeout_ms * 1000000u)
		timeout_ms = end_ns > now_ns ? (int)((end_ns - now_ns) / 1000000u) + 1 : 0;
	rec_session_set_asleep(rec->session, true);
	r = wait_for_events(rec, timeout_ms, err);
	rec_session_set_asleep(rec->session, false);
	return r;
}

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
		.start_ns = rec->start_ns,
		.n_events = rec_sink_get_n_events(rec->sink),
		.n_lost = rec_losses_get_total(rec->losses),
		.size_bytes = rec_sink_get_size(rec->sink),
		.n_waiters = rec->n_waiters,
	};
}

static bool is_snapshot_due(const struct recorder *rec, uint64_t now_ns)
{
	uint64_t grown = rec_sink_get_size(rec->sink) - rec->snapshot_end;

	return now_ns - rec->snapshot_ns >= SNAPSHOT_PERIOD_NS ||
	       (grown >= SNAPSHOT_PERIOD_BYTES && grown >= SNAPSHOT_SHARE * rec->snapshot_bytes);
}

static int do_what_is_due(struct recorder *rec, uint64_t now_ns, struct vft_err *err)
{
	int r = rec_losses_poll(rec->losses, rec->sink, err);
	bool is_clock_due;

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
	if (!r && rec_sink_is_due(rec->sink, now_ns))
		r = rec_end_block(rec, err);
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

int rec_run_loop(struct recorder *rec, struct vft_err *err)
{
	while (!rec->stop) {
		int64_t n = rec_drain_ring(rec, err);
		uint64_t now_ns = rec_clock_now();
		int r = n < 0 ? (int)n : do_what_is_due(rec, now_ns, err);

		if (r)
			return r;
		rec_sink_set_pressure(rec->sink, is_behind(rec, n));
		if (n >= REC_DRAIN_BYTES)
			r = wait_for_events(rec, 0, err); /* more is there: only look for signals */
		else
			r = sleep_until_due(rec, now_ns, n == 0, err);
		if (r)
			return r;
		if (rec->options->duration_ns &&
		    rec_clock_now() - rec->start_ns >= rec->options->duration_ns)
			rec->stop = true;
	}
	return 0;
}
