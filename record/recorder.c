/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/recorder.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "record/watch/cgroups.h"
#include "record/clock.h"
#include "record/start/command.h"
#include "record/describe.h"
#include "record/kernel/losses.h"
#include "record/start/privileges.h"
#include "record/watch/procfs.h"
#include "record/kernel/session.h"
#include "record/store/sink.h"
#include "record/watch/snapshot.h"
#include "record/status.h"

#define DRAIN_BYTES           (4u << 20) /* then signals, clocks and losses have their turn */
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
#define MAX_FOLLOW_PASSES     16
#define COMMAND_GRACE_MS      1000
#define FINAL_DRAINS          100 /* of 1 ms each, for programs that still run on other CPUs */
#define MAX_WAITERS_SHOWN     10000

struct recorder {
	const struct rec_options *options;
	const struct rec_user *user;
	struct rec_description description;
	struct rec_session *session;
	struct rec_sink *sink;
	struct rec_losses *losses;
	struct rec_cgroups *cgroups;
	struct rec_proc_reader reader; /* only until the first snapshot */
	struct rec_command command;
	struct rec_status status;
	struct rec_translation translation;
	int epoll_fd, signal_fd;
	bool filtered;
	bool stop; /* a signal came, the duration passed, or CMD ended */
	bool command_ended;
	int command_status;
	int last_signal;
	uint64_t start_ns, attached_ns, end_ns, n_delivered;
	size_t n_waiters;                             /* blocked in vfork when last counted */
	uint64_t clock_ns, recursion_ns, snapshot_ns; /* when each was last due */
	uint64_t snapshot_end, snapshot_bytes;        /* where the last one ended, its size */
};

static const char *output_name(const struct recorder *rec)
{
	return rec->options->output ? rec->options->output : rec->description.output;
}

/* One line for an error, and the exit status it means. */
static int complain(int status, const char *what, const struct vft_err *err)
{
	fprintf(stderr, "vfork-record: %s%s%s\n", what ? what : "", what ? ": " : "", err->message);
	return status;
}

/* ---- events ---- */

static int tell_cgroups(struct recorder *rec, const struct vft_event *event, struct vft_err *err)
{
	int r = event->task ? rec_cgroups_tell(rec->cgroups, event->task->cgroup, event->time_ns,
					       rec->sink, err)
			    : 0;

	if (!r && event->kind == VFT_KIND_SPAWN)
		r = rec_cgroups_tell(rec->cgroups, event->spawn.child->cgroup, event->time_ns,
				     rec->sink, err);
	return r;
}

/*
 * Hooks are attached and detached one by one: outside this window an exit can be seen whose spawn
 * was not, and the other way round. What ran before it is in the snapshot.
 */
static bool is_within(const struct recorder *rec, uint64_t time_ns)
{
	return time_ns >= rec->attached_ns && (!rec->end_ns || time_ns <= rec->end_ns);
}

/*
 * A block is never on disk without what was lost before its last event: after a kill -9 it may be
 * the last one.
 */
static int end_block(struct recorder *rec, struct vft_err *err)
{
	int r = rec_losses_poll(rec->losses, rec->sink, err);

	if (!r)
		r = rec_losses_poll_recursion(rec->losses, rec->sink, err);
	return r ? r : rec_sink_flush(rec->sink, err);
}

struct drain {
	struct recorder *rec;
	struct vft_err *err;
};

static int on_record(void *context, const void *record, size_t size)
{
	struct drain *drain = context;
	struct recorder *rec = drain->rec;
	struct vft_event *event = &rec->translation.event;
	int r;

	rec->n_delivered++;
	if (rec_translate(record, size, rec->options->args, &rec->translation))
		return rec_losses_add_bad_record(rec->losses, rec->sink, drain->err);
	if (event->kind == VFT_KIND_CGROUP) {
		rec_cgroups_add(rec->cgroups, event->cgroup.id, *event->cgroup.path);
		return 0;
	}
	if (!is_within(rec, event->time_ns))
		return 0;
	r = rec_sink_is_due(rec->sink, event->time_ns) ? end_block(rec, drain->err) : 0;
	if (!r)
		r = tell_cgroups(rec, event, drain->err);
	if (!r)
		r = rec_sink_append(rec->sink, event, drain->err);
	/* An event that the format cannot hold is as lost as one that was garbled. */
	return r == -EINVAL ? rec_losses_add_bad_record(rec->losses, rec->sink, drain->err) : r;
}

static int64_t drain_ring(struct recorder *rec, struct vft_err *err)
{
	struct drain drain = {.rec = rec, .err = err};

	return rec_session_drain(rec->session, on_record, &drain, DRAIN_BYTES);
}

static int append_clock(struct recorder *rec, struct vft_err *err)
{
	struct vft_event event = {
		.kind = VFT_KIND_CLOCK,
		.time_ns = rec_clock_now(),
		.clock = {.monotonic_ns = rec_clock_read(CLOCK_MONOTONIC),
			  .realtime_ns = rec_clock_read(CLOCK_REALTIME)},
	};

	rec->clock_ns = event.time_ns;
	return rec_sink_append(rec->sink, &event, err);
}

static int append_mark(struct recorder *rec, enum vft_mark what, uint64_t time_ns, const char *text,
		       struct vft_err *err)
{
	struct vft_str string = {text, (uint32_t)strlen(text)};
	struct vft_event event = {
		.kind = VFT_KIND_MARK, .time_ns = time_ns, .mark = {.what = what, .text = &string}};

	return rec_sink_append(rec->sink, &event, err);
}

/* ---- what runs already ---- */

static int follow_failed(pid_t pid, int r, struct vft_err *err)
{
	if (r == -ESRCH)
		return vft_fail(err, r, 0, "there is no process %d; look it up with ps", (int)pid);
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
					       .args = rec->options->args};
	uint64_t begin = rec_sink_get_size(rec->sink);
	int r = rec_snapshot_write(snapshot, &options, rec->sink, err);

	rec->snapshot_ns = rec_clock_now();
	rec->snapshot_end = rec_sink_get_size(rec->sink);
	rec->snapshot_bytes = rec->snapshot_end - begin;
	return r;
}

static int first_snapshot(struct recorder *rec, struct vft_err *err)
{
	struct rec_snapshot *snapshot;
	int r = take_and_follow(rec, &snapshot, err);

	if (r)
		return r;
	r = rec_snapshot_add_waiters(snapshot, rec->session, rec->filtered);
	if (r)
		r = vft_fail(err, r, 0, "too many threads are blocked in vfork");
	else
		r = write_snapshot(rec, snapshot, &rec->reader, err);
	rec_snapshot_free(snapshot);
	return r;
}

static int take_followed(struct recorder *rec, struct rec_snapshot **ret, struct vft_err *err)
{
	int r = rec_snapshot_take(rec->session, ret, err);

	if (!r)
		rec_snapshot_select_followed(*ret, rec->session);
	return r;
}

/* A later one lets a replay begin in the middle; who is followed is known to the kernel part. */
static int next_snapshot(struct recorder *rec, struct vft_err *err)
{
	struct rec_snapshot *snapshot;
	int r = take_followed(rec, &snapshot, err);

	if (r)
		return r;
	r = write_snapshot(rec, snapshot, NULL, err);
	rec_snapshot_free(snapshot);
	return r;
}

/* ---- the loop ---- */

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

static int watch(struct recorder *rec, int fd, uint32_t events)
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
	int r = take_followed(rec, &snapshot, err);

	if (r)
		return r;
	rec->n_waiters = rec_snapshot_count_waiters(snapshot, rec->filtered);
	rec_snapshot_free(snapshot);
	return 0;
}

static void fill_progress(struct recorder *rec, uint64_t now_ns, struct rec_progress *ret)
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
		r = end_block(rec, err);
	if (!r && is_clock_due)
		r = append_clock(rec, err);
	if (!r && is_snapshot_due(rec, now_ns))
		r = next_snapshot(rec, err);
	if (!r && rec_sink_is_due(rec->sink, now_ns))
		r = end_block(rec, err);
	if (!r && rec_status_is_due(&rec->status, now_ns)) {
		struct rec_progress progress;

		r = count_waiters(rec, err);
		fill_progress(rec, now_ns, &progress);
		rec_status_show(&rec->status, &progress);
	}
	return r;
}

/* Whether a drain of @n bytes found much; of a ring of any size it hands over DRAIN_BYTES at most.
 */
static bool is_behind(const struct recorder *rec, int64_t n)
{
	return n >= DRAIN_BYTES || (uint64_t)n > rec->options->ring_bytes / 2;
}

static int run_loop(struct recorder *rec, struct vft_err *err)
{
	while (!rec->stop) {
		int64_t n = drain_ring(rec, err);
		uint64_t now_ns = rec_clock_now();
		int r = n < 0 ? (int)n : do_what_is_due(rec, now_ns, err);

		if (r)
			return r;
		rec_sink_set_pressure(rec->sink, is_behind(rec, n));
		if (n >= DRAIN_BYTES)
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

/* ---- beginning and end ---- */

static int attach(struct recorder *rec, struct vft_err *err)
{
	int r = rec_losses_new(rec->session, &rec->losses);

	if (r)
		return vft_fail(err, r, 0, "out of memory");
	r = append_clock(rec, err);
	if (!r)
		r = rec_session_attach(rec->session, err);
	rec->attached_ns = rec_clock_now();
	if (!r)
		r = append_mark(rec, VFT_MARK_START, rec->attached_ns, rec->description.options,
				err);
	if (!r)
		r = first_snapshot(rec, err);
	return r;
}

/* What the kernel part saw must be what came out of the ring, but for what it says it dropped. */
static int drain_to_the_end(struct recorder *rec, struct rec_counters *ret, struct vft_err *err)
{
	struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < FINAL_DRAINS; i++) {
		int64_t n = drain_ring(rec, err);

		if (n < 0)
			return (int)n;
		rec_session_get_counters(rec->session, ret);
		if (n == 0 && rec->n_delivered >= ret->seen - ret->ring_drops)
			return 0;
		if (n == 0)
			nanosleep(&pause, NULL);
	}
	return 0;
}

static const char *stop_reason(const struct recorder *rec)
{
	if (rec->last_signal)
		return "signal";
	return rec->command_ended ? "command ended" : "duration";
}

/* What still holds a parent at the end, and in what state. */
static int write_stalls(struct recorder *rec, const struct rec_snapshot *last, struct vft_err *err)
{
	rec->n_waiters = rec_snapshot_count_waiters(last, rec->filtered);
	return rec_snapshot_write_stalls(last, rec->filtered, rec->sink, err);
}

static int finish(struct recorder *rec, struct vft_err *err)
{
	struct rec_snapshot *last = NULL;
	struct rec_counters counters = {0};
	struct vft_end end;
	int r;

	r = take_followed(rec, &last, err);
	rec->end_ns = rec_clock_now();
	rec_session_detach(rec->session);
	if (!r)
		r = drain_to_the_end(rec, &counters, err);
	if (!r)
		r = write_stalls(rec, last, err);
	rec_snapshot_free(last);
	if (!r)
		r = rec_losses_poll(rec->losses, rec->sink, err);
	if (!r)
		r = rec_losses_poll_recursion(rec->losses, rec->sink, err);
	if (!r)
		r = append_mark(rec, VFT_MARK_STOP, rec->end_ns, stop_reason(rec), err);
	if (!r)
		r = append_clock(rec, err);
	if (r)
		return r;
	end = (struct vft_end){
		.end_ns = rec->end_ns,
		.n_seen = counters.seen,
		.n_delivered = rec->n_delivered,
		.n_dropped = counters.seen - rec->n_delivered,
	};
	end.losses = rec_losses_get(rec->losses, &end.n_losses);
	return rec_sink_finish(rec->sink, &end, err);
}

static int prepare_signals(struct recorder *rec)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &mask, NULL))
		return -errno;
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is a failed write, with a line of its own */
	rec->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	rec->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (rec->signal_fd < 0 || rec->epoll_fd < 0)
		return -errno;
	return watch(rec, rec->signal_fd, EPOLLIN);
}

static int open_session(struct recorder *rec, struct vft_err *err)
{
	struct rec_session_config config = {
		.ring_bytes = rec->options->ring_bytes,
		.threads = rec->options->threads,
		.filter = rec->filtered,
		.vfork_only = rec->options->vfork_only,
		.argv_max = rec->options->args == REC_ARGS_NONE ? 0 : REC_ARGV_MAX,
	};
	int r = rec_session_open(&config, &rec->session, err);

	if (r)
		return r;
	r = watch(rec, rec_session_get_fd(rec->session), EPOLLIN | EPOLLET);
	return r ? vft_fail(err, r, 0, "cannot wait for the ring buffer: %s", strerror(-r)) : 0;
}

/* Everything up to the first event. The exit status; 0 = recording. */
static int begin(struct recorder *rec, struct vft_err *err)
{
	int r = prepare_signals(rec);

	if (r) {
		vft_fail(err, r, 0, "cannot set up signals: %s", strerror(-r));
		return complain(REC_EXIT_FORBIDDEN, NULL, err);
	}
	r = rec_proc_reader_start(&rec->reader);
	if (!r)
		r = rec_describe(rec->options, rec->filtered, &rec->description);
	if (!r)
		r = rec_cgroups_new(&rec->cgroups);
	if (r) {
		vft_fail(err, r, 0, "cannot start: %s", strerror(-r));
		return complain(REC_EXIT_FORBIDDEN, NULL, err);
	}
	if (open_session(rec, err))
		return complain(REC_EXIT_FORBIDDEN, NULL, err);
	rec->start_ns = rec->description.meta.start_ns = rec_clock_now();
	if (rec_sink_open(output_name(rec), rec->options->force, rec->options->level,
			  &rec->description.meta, &rec->sink, err))
		return complain(REC_EXIT_USAGE, output_name(rec), err);
	r = attach(rec, err);
	rec_proc_reader_stop(&rec->reader);
	if (!r)
		return 0;
	rec_sink_discard(rec->sink);
	rec->sink = NULL;
	return complain(r == -ESRCH ? REC_EXIT_USAGE : REC_EXIT_FORBIDDEN, NULL, err);
}

static int is_usable(void *context)
{
	return rec_session_is_usable(context);
}

/*
 * The recorder reads what all processes choose to be called: from here on as a user who may do
 * nothing. The sync thread starts afterwards, so that it is nobody else. The exit status; 0 = done.
 */
static int drop_privileges(struct recorder *rec, struct vft_err *err)
{
	int r = rec_privileges_drop(rec->user, is_usable, rec->session, err);

	if (r > 0 && !rec->options->quiet)
		fputs("vfork-record: this kernel allows bpf() to nobody without CAP_BPF, which is "
		      "therefore kept; Linux 5.19 does not need it\n",
		      stderr);
	if (r >= 0)
		r = rec_sink_start_sync(rec->sink, err);
	if (!r)
		return 0;
	rec_sink_discard(rec->sink);
	rec->sink = NULL;
	return complain(REC_EXIT_FORBIDDEN, NULL, err);
}

static int command_failed(const struct recorder *rec, int r, struct vft_err *err)
{
	complain(0, rec->options->command[0], err);
	return r == -ENOENT ? 127 : 126;
}

/* A process that will be CMD: forked while it inherits everything, released when all is ready. */
static int fork_command(struct recorder *rec, struct vft_err *err)
{
	int r;

	if (!rec->options->command)
		return 0;
	r = rec_command_fork(rec->options->command, strcmp(output_name(rec), "-") == 0,
			     &rec->command, err);
	if (!r)
		r = watch(rec, rec->command.pidfd, EPOLLIN);
	return r ? command_failed(rec, r, err) : 0;
}

static int release_command(struct recorder *rec, struct vft_err *err)
{
	int r;

	if (!rec->options->command)
		return 0;
	r = rec_command_release(&rec->command, err);
	return r ? command_failed(rec, r, err) : 0;
}

static int command_status(struct recorder *rec)
{
	if (!rec->options->command || rec->command.pidfd < 0)
		return REC_EXIT_OK;
	if (!rec->command_ended &&
	    rec_command_wait(&rec->command, rec->last_signal ? COMMAND_GRACE_MS : 0,
			     &rec->command_status) == 1)
		rec->command_ended = true;
	if (rec->command_ended)
		return rec->command_status;
	fprintf(stderr, "vfork-record: %s (process %d) still runs; it was left alone\n",
		rec->options->command[0], (int)rec->command.pid);
	return REC_EXIT_OK;
}

static int run(struct recorder *rec, struct vft_err *err)
{
	struct rec_progress progress;
	int status = begin(rec, err), r;

	if (status)
		return status;
	status = fork_command(rec, err);
	r = drop_privileges(rec, err);
	if (r)
		return r;
	if (!status)
		status = release_command(rec, err);
	r = status ? 0 : run_loop(rec, err);
	rec_status_clear(&rec->status);
	if (!r)
		r = finish(rec, err);
	if (r) {
		complain(0, output_name(rec), err);
		fputs("vfork-record: recording broke off; what was written until then can be "
		      "read\n",
		      stderr);
		return REC_EXIT_INCOMPLETE;
	}
	fill_progress(rec, rec->end_ns, &progress);
	if (!rec->options->quiet)
		rec_status_summarise(&progress, output_name(rec));
	return status ? status : command_status(rec);
}

static void release(struct recorder *rec)
{
	rec_proc_reader_stop(&rec->reader);
	rec_command_close(&rec->command);
	rec_sink_close(rec->sink);
	rec_losses_free(rec->losses);
	rec_cgroups_free(rec->cgroups);
	rec_session_close(rec->session);
	rec_describe_release(&rec->description);
	if (rec->signal_fd >= 0)
		close(rec->signal_fd);
	if (rec->epoll_fd >= 0)
		close(rec->epoll_fd);
}

int rec_record(const struct rec_options *options, const struct rec_user *user)
{
	struct recorder rec = {
		.options = options,
		.user = user,
		.epoll_fd = -1,
		.signal_fd = -1,
		.command = {.pidfd = -1, .gate_fd = -1, .report_fd = -1},
		.filtered = options->n_pids || (options->command && !options->all),
	};
	struct vft_err err = {0};
	int status;

	rec_status_init(&rec.status, options->quiet);
	status = run(&rec, &err);
	release(&rec);
	return status;
}
