/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/recording.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "record/base/clock.h"
#include "record/kernel/translate.h"

#define FINAL_DRAINS 100 /* of 1 ms each, for programs that still run on other CPUs */

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
int rec_end_block(struct recorder *rec, struct vft_err *err)
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

static int lose_record(struct recorder *rec, struct vft_err *err)
{
	return rec_losses_add(rec->losses, VFT_CAUSE_BAD_RECORD, 1, rec->sink, err);
}

static int on_record(void *context, const void *record, size_t size)
{
	struct drain *drain = context;
	struct recorder *rec = drain->rec;
	struct vft_event *event = &rec->translation.event;
	int r;

	rec->n_delivered++;
	if (rec_translate(record, size, rec->options->args, &rec->translation))
		return lose_record(rec, drain->err);
	if (event->kind == VFT_KIND_CGROUP) {
		rec_cgroups_learn(rec->cgroups, &rec->translation);
		rec->n_left_out++; /* its row is written once it is needed */
		return 0;
	}
	if (!is_within(rec, event->time_ns)) {
		rec->n_left_out++;
		return 0;
	}
	r = rec_sink_is_due(rec->sink, event->time_ns) ? rec_end_block(rec, drain->err) : 0;
	if (!r)
		r = rec_cgroups_tell(rec->cgroups, &rec->translation, rec->sink, drain->err);
	if (!r)
		r = rec_sink_append(rec->sink, event, drain->err);
	/* An event that the format cannot hold is as lost as one that was garbled. */
	return r == -EINVAL ? lose_record(rec, drain->err) : r;
}

int64_t rec_drain_ring(struct recorder *rec, struct vft_err *err)
{
	struct drain drain = {.rec = rec, .err = err};

	return rec_session_drain(rec->session, on_record, &drain, REC_DRAIN_BYTES);
}

int rec_append_clock(struct recorder *rec, struct vft_err *err)
{
	struct vft_event event = {
		.kind = VFT_KIND_CLOCK,
		.time_ns = rec_clock_now(),
		.clock = {.monotonic_ns = rec_clock_monotonic(),
			  .realtime_ns = rec_clock_read(CLOCK_REALTIME)},
	};

	rec->clock_ns = event.time_ns;
	return rec_sink_append(rec->sink, &event, err);
}

int rec_append_mark(struct recorder *rec, enum vft_mark what, uint64_t time_ns, const char *text,
		    struct vft_err *err)
{
	struct vft_str string = {text, (uint32_t)strlen(text)};
	struct vft_event event = {
		.kind = VFT_KIND_MARK, .time_ns = time_ns, .mark = {.what = what, .text = &string}};

	return rec_sink_append(rec->sink, &event, err);
}

/* What the kernel part saw must be what came out of the ring, but for what it says it dropped. */
int rec_drain_to_the_end(struct recorder *rec, struct rec_counters *ret, struct vft_err *err)
{
	struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < FINAL_DRAINS; i++) {
		int64_t n = rec_drain_ring(rec, err);

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
