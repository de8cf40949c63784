/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/recorder.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "record/base/clock.h"
#include "record/recording.h"
#include "record/base/say.h"
#include "record/store/output.h"
#include "record/start/seccomp.h"

#define COMMAND_GRACE_MS 1000

/* One that was not named gets a number if another recording began in the same second. */
#define MAX_NAMES 100

static const char *output_name(const struct recorder *rec)
{
	return rec->options->output ? rec->options->output : rec->description.output;
}

static bool is_stdout(const struct recorder *rec)
{
	return strcmp(output_name(rec), "-") == 0;
}

/* One line for an error, and the exit status it means. */
static int complain(int status, const char *what, const struct vft_err *err)
{
	rec_say("%s%s%s", what ? what : "", what ? ": " : "", err->message);
	return status;
}

/* ---- beginning and end ---- */

static int attach(struct recorder *rec, struct vft_err *err)
{
	int r = rec_losses_new(rec->session, &rec->losses);

	if (r)
		return vft_fail(err, r, 0, "out of memory");
	r = rec_append_clock(rec, err);
	if (!r)
		r = rec_session_attach(rec->session, err);
	rec->attached_ns = rec->begin_ns = rec->followed_ns = rec_clock_now();
	rec_cgroups_scan(rec->cgroups);
	if (!r)
		r = rec_append_mark(rec, VFT_MARK_START, rec->attached_ns, rec->description.options,
				    err);
	if (!r)
		r = rec_first_list(rec, err);
	return r;
}

static const char *stop_reason(const struct recorder *rec)
{
	if (rec->last_signal)
		return "signal";
	if (rec->command_ended || rec->exec_error)
		return "command ended";
	return rec->followed_ended ? "processes ended" : "duration";
}

/* What still holds a parent at the end, and in what state. */
static int write_stalls(struct recorder *rec, const struct rec_snapshot *last, struct vft_err *err)
{
	rec->n_waiters = rec_snapshot_count_waiters(last, rec->filtered);
	return rec_snapshot_write_stalls(last, rec->filtered, rec->cgroups, rec->sink, err);
}

static int finish(struct recorder *rec, struct vft_err *err)
{
	struct rec_snapshot *last = NULL;
	struct rec_counters counters = {0};
	struct vft_end end;
	int r;

	r = rec_take_followed(rec, &last, err);
	rec->end_ns = rec->stop_ns = rec_clock_now();
	rec_session_detach(rec->session);
	if (!r)
		r = rec_drain_to_the_end(rec, &counters, err);
	if (!r)
		r = write_stalls(rec, last, err);
	rec_snapshot_free(last);
	if (!r)
		r = rec_losses_poll(rec->losses, rec->sink, err);
	if (!r)
		r = rec_losses_poll_recursion(rec->losses, rec->sink, err);
	if (!r)
		r = rec_append_mark(rec, VFT_MARK_STOP, rec->end_ns, stop_reason(rec), err);
	if (!r)
		r = rec_append_clock(rec, err);
	if (r)
		return r;
	end = (struct vft_end){
		.size = sizeof(end),
		.end_ns = rec->end_ns,
		.n_seen = counters.seen,
		.n_delivered = rec->n_delivered,
		.n_dropped = counters.seen - rec->n_delivered,
		.n_left_out = rec->n_left_out,
		.has_left_out = true,
	};
	if (rec->redact)
		memcpy(end.n_removed, rec_redact_get_counts(rec->redact), sizeof(end.n_removed));
	end.losses = rec_losses_get(rec->losses, &end.n_losses);
	return rec_sink_finish(rec->sink, &end, err);
}

static int prepare_signals(struct recorder *rec)
{
	int r = rec_signals_take(&rec->signals, &rec->signal_fd);

	if (r)
		return r;
	rec->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return rec->epoll_fd < 0 ? -errno : rec_watch(rec, rec->signal_fd, EPOLLIN);
}

static int open_output(struct recorder *rec, struct rec_output *ret, struct vft_err *err)
{
	struct rec_output_options options = {.signal_fd = rec->signal_fd};
	int r = -EEXIST;

	if (rec->options->output) {
		options.force = rec->options->force;
		return rec_output_open(rec->options->output, &options, ret, err);
	}
	for (unsigned int n = 1; r == -EEXIST && n <= MAX_NAMES; n++) {
		rec_describe_name(&rec->description, n);
		r = rec_output_open(rec->description.output, &options, ret, err);
	}
	return r;
}

static int open_sink(struct recorder *rec, struct vft_err *err)
{
	struct rec_output output;
	int r = open_output(rec, &output, err);

	if (r)
		return r;
	rec->start_ns = rec->description.meta.start_ns = rec_clock_now();
	r = rec_sink_open(&output, rec->options->level, &rec->description.meta, rec->redact,
			  &rec->sink, err);
	if (!r)
		r = rec_watch_output(rec);
	return r;
}

static int open_session(struct recorder *rec, struct vft_err *err)
{
	struct rec_session_config config = {
		.ring_bytes = rec->options->ring_bytes,
		.threads = rec->options->threads,
		.filter = rec->filtered,
		.vfork_only = rec->options->vfork_only,
		.failures = rec->options->failures,
		.argv_max = rec->options->args == REC_ARGS_NONE ? 0 : REC_ARGV_MAX,
		.v1_hierarchy = rec->hierarchies.container,
		.v1_is_pids = rec->hierarchies.container_is_pids,
		.freezer_hierarchy = rec->hierarchies.freezer,
	};
	int64_t boottime_ns, monotonic_ns;
	int r = rec_session_open(&config, &rec->session, err);

	if (r)
		return r;
	rec_session_get_clocks(rec->session, &boottime_ns, &monotonic_ns);
	rec_clock_correct(boottime_ns, monotonic_ns);
	r = rec_watch(rec, rec_session_get_fd(rec->session), EPOLLIN | EPOLLET);
	return r ? vft_fail(err, r, 0, "cannot wait for the ring buffer: %s", strerror(-r)) : 0;
}

/* Events are the whole host's, lists those of a pid namespace: what that leaves out is said. */
static int tell_list_coverage(struct recorder *rec, struct vft_err *err)
{
	uint32_t pidns = 0;
	int r = rec_session_find_list_pidns(rec->session, &pidns, err);

	rec->description.meta.pidns = pidns;
	rec->description.meta.list_pidns = pidns == VFT_PIDNS_INITIAL ? 0 : pidns;
	if (!r && pidns != VFT_PIDNS_INITIAL && !rec->options->quiet)
		rec_say("of processes that run already, only those of the recorder's own pid "
			"namespace can be listed; to see all, record on the host itself, or in a "
			"container started with --pid=host");
	return r;
}

static void say_stall(void *context, const char *line)
{
	struct recorder *rec = context;

	rec_status_clear(&rec->status);
	rec_say("stall: %s", line);
}

/* What a kernel cannot explain is said without. */
static int open_watcher(struct recorder *rec, struct vft_err *err)
{
	struct rec_watcher_config config = {.threshold_ns = rec->options->stall_ns,
					    .session = rec->session,
					    .cgroups = rec->cgroups,
					    .say = say_stall,
					    .context = rec};
	struct vft_err why = {0};
	int r;

	if (!rec->options->stall_ns || rec->options->quiet)
		return 0;
	r = rec_examiner_open(&rec->examiner, &why);
	if (r == -ENOMEM)
		return vft_fail(err, r, 0, "%s", why.message);
	config.examiner = rec->examiner;
	r = rec_watcher_new(&config, &rec->watcher);
	return r ? vft_fail(err, r, 0, "out of memory") : 0;
}

/* Everything up to the first event. The exit status; 0 = recording. */
static int begin(struct recorder *rec, struct vft_err *err)
{
	int r = prepare_signals(rec);

	if (r) {
		vft_fail(err, r, 0, "cannot set up signals: %s", strerror(-r));
		return complain(REC_EXIT_FORBIDDEN, NULL, err);
	}
	if (rec->options->args != REC_ARGS_FULL &&
	    rec_redact_new(rec->options->redact_rules, &rec->redact, err))
		return complain(REC_EXIT_USAGE, NULL, err);
	r = rec_proc_reader_start(&rec->reader);
	if (!r)
		r = rec_describe(rec->options, rec->filtered, rec->redact, &rec->description);
	rec_hierarchies_find(&rec->hierarchies);
	if (!r)
		r = rec_cgroups_new(&rec->hierarchies, &rec->cgroups);
	if (r) {
		vft_fail(err, r, 0, "cannot start: %s", strerror(-r));
		return complain(REC_EXIT_FORBIDDEN, NULL, err);
	}
	if (open_session(rec, err) || tell_list_coverage(rec, err) || open_watcher(rec, err))
		return complain(REC_EXIT_FORBIDDEN, NULL, err);
	if (open_sink(rec, err))
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
	const struct recorder *rec = context;
	int r = rec_session_is_usable(rec->session);

	return r || !rec->examiner ? r : rec_examiner_is_usable(rec->examiner);
}

/*
 * The recorder reads what all processes choose to be called: from here on as a user who may do
 * nothing, and who can do little else than record. The thread that writes starts between the two:
 * it is nobody else, and there is no other after it. The exit status; 0 = done.
 */
static int drop_privileges(struct recorder *rec, struct vft_err *err)
{
	int r = rec_privileges_drop(rec->user, is_usable, rec, err);

	if (r > 0 && !rec->options->quiet)
		rec_say("this kernel allows bpf() to nobody without CAP_BPF, which is therefore "
			"kept; Linux 5.19 does not need it");
	if (r >= 0)
		r = rec_sink_start(rec->sink, err);
	if (!r)
		(void)rec_seccomp_enter(); /* --check says where there is none */
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
	struct rec_command_options options = {.argv = rec->options->command,
					      .stdout_is_taken = is_stdout(rec),
					      .signals = &rec->signals};
	int r;

	if (!rec->options->command)
		return 0;
	r = rec_command_fork(&options, &rec->command, err);
	if (!r)
		r = rec_watch(rec, rec->command.pidfd, EPOLLIN);
	if (!r)
		r = rec_watch(rec, rec->command.report_fd, EPOLLIN);
	return r ? command_failed(rec, r, err) : 0;
}

/* Unless a signal came meanwhile: whoever wants it to end does not want it to begin. */
static int release_command(struct recorder *rec, struct vft_err *err)
{
	int r = rec_look_for_signals(rec, err);

	if (r || !rec->options->command)
		return r ? complain(REC_EXIT_FORBIDDEN, NULL, err) : 0;
	if (rec->stop) {
		rec_command_close(&rec->command);
		rec_say("%s was not started: a signal came first", rec->options->command[0]);
		return 0;
	}
	r = rec_command_release(&rec->command, err);
	return r ? command_failed(rec, r, err) : 0;
}

/* @is_hurried: a second signal came. */
static int command_status(struct recorder *rec, bool is_hurried)
{
	int grace_ms = rec->last_signal && !is_hurried ? COMMAND_GRACE_MS : 0;

	if (!rec->options->command || rec->command.pidfd < 0)
		return REC_EXIT_OK;
	if (rec->exec_error)
		return rec->exec_error == -ENOENT ? 127 : 126;
	if (!rec->command_ended &&
	    rec_command_wait(&rec->command, grace_ms, &rec->command_status) == 1)
		rec->command_ended = true;
	if (rec->command_ended)
		return rec->command_status;
	rec_say("%s (process %d) still runs; it was left alone", rec->options->command[0],
		(int)rec->command.pid);
	return REC_EXIT_OK;
}

/* What @r means for what there is now. */
static void say_broken(const struct recorder *rec, int r, const struct vft_err *err)
{
	bool is_stream = rec_sink_is_stream(rec->sink);

	if (r == -EPIPE && is_stream) {
		rec_say("%s: its reader has gone away; what it had not read by then is lost",
			output_name(rec));
		return;
	}
	complain(0, output_name(rec), err);
	if (r != -ETIMEDOUT && r != -ENOENT)
		rec_say("recording broke off; what was written until then can be read");
}

/*
 * The recording cannot go on, but CMD can: it is waited for, so that nobody takes our end for its
 * end. What is queued is written as far as that goes.
 */
static int break_off(struct recorder *rec, int r, struct vft_err *err)
{
	struct vft_err more;

	rec->is_broken = true;
	rec_session_detach(rec->session);
	say_broken(rec, r, err);
	r = rec_wait_for_command(rec, &more);
	if (!r)
		r = rec_sink_settle(rec->sink, rec->signal_fd, &more);
	if (rec->options->command && !rec->command_ended)
		(void)command_status(rec, r == -ETIMEDOUT); /* says that it still runs */
	return REC_EXIT_INCOMPLETE;
}

/* All that was appended is on its way: wait for it to arrive, and say how it went. The exit status.
 */
static int settle(struct recorder *rec, struct vft_err *err)
{
	int r = rec_sink_settle(rec->sink, rec->signal_fd, err);
	struct rec_progress progress;

	if (r && r != -ESTALE) {
		say_broken(rec, r, err);
		return REC_EXIT_INCOMPLETE;
	}
	rec_fill_progress(rec, rec->stop_ns, &progress);
	if (r)
		complain(0, output_name(rec), err); /* elsewhere is not lost */
	if (!rec->options->quiet)
		rec_status_summarise(&progress, r ? NULL : output_name(rec));
	return REC_EXIT_OK;
}

static int run_to_the_end(struct recorder *rec, struct vft_err *err)
{
	int r = rec_run_loop(rec, err), incomplete, status;

	rec_status_clear(&rec->status);
	if (!r)
		r = finish(rec, err);
	if (r)
		return break_off(rec, r, err);
	incomplete = settle(rec, err);
	status = command_status(rec, incomplete != 0);
	return incomplete ? incomplete : status;
}

static int run(struct recorder *rec, struct vft_err *err)
{
	int status = begin(rec, err), r;

	if (status)
		return status;
	status = fork_command(rec, err);
	r = drop_privileges(rec, err);
	if (r)
		return r;
	if (!status)
		status = release_command(rec, err);
	if (status)
		rec->stop = true;
	r = run_to_the_end(rec, err);
	return status ? status : r;
}

static void release(struct recorder *rec)
{
	rec_proc_reader_stop(&rec->reader);
	rec_command_close(&rec->command);
	rec_sink_close(rec->sink);
	rec_redact_free(rec->redact);
	rec_losses_free(rec->losses);
	rec_cgroups_free(rec->cgroups);
	rec_watcher_free(rec->watcher);
	rec_examiner_close(rec->examiner);
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

	/* The terminal is CMD's, where there is one. */
	rec_status_init(&rec.status, !options->quiet && !options->command);
	status = run(&rec, &err);
	release(&rec);
	return status;
}
