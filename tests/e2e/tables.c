/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tables.c - the kernel part's tables when they are full: what has no room is counted as lost, in a
 * window that covers it, and nothing is refused. The recorder's own session, with tables of one or
 * two entries. Any process of the machine may take an entry, so there may be more without room than
 * ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/base/clock.h"
#include "record/kernel/losses.h"
#include "record/kernel/session.h"
#include "record/watch/snapshot.h"

#define MAX_TOLD 256
#define GUARD_S  60

/* What was told as lost, in place of the file. */
static struct vft_event told[MAX_TOLD];
static size_t n_told;

int __wrap_rec_sink_append(struct rec_sink *sink, const struct vft_event *event,
			   struct vft_err *err);

int __wrap_rec_sink_append(struct rec_sink *sink, const struct vft_event *event,
			   struct vft_err *err)
{
	(void)sink;
	(void)err;
	assert_true(n_told < MAX_TOLD);
	told[n_told++] = *event;
	return 0;
}

static uint64_t n_lost(enum vft_cause cause, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t n = 0;

	for (size_t i = 0; i < n_told; i++) {
		assert_int_equal(told[i].kind, VFT_KIND_LOST);
		if (told[i].lost.cause != cause)
			continue;
		n += told[i].lost.count;
		assert_true(told[i].lost.from_ns <= to_ns);
		assert_true(told[i].lost.to_ns >= from_ns);
		assert_true(told[i].lost.from_ns <= told[i].lost.to_ns);
	}
	return n;
}

/* ---- processes of ours ---- */

/* A process that has made others, which all wait until it is let go. */
struct family {
	pid_t pid;
	int gate;
};

static void wait_at(int ready, int gate)
{
	char byte = '.';

	alarm(GUARD_S);
	if (write(ready, &byte, 1) == 1)
		(void)!read(gate, &byte, 1); /* until all its writers are gone */
	_exit(0);
}

/* Each blocked by the next, the last of them waits: @n threads are blocked. */
static void be_chain(unsigned int n, int ready, int gate)
{
	for (volatile unsigned int i = 0; i < n; i++)
		if (vfork())
			_exit(0);
	wait_at(ready, gate);
}

static void be_parent(unsigned int n, int ready, int gate)
{
	for (unsigned int i = 0; i < n; i++)
		if (fork() == 0)
			wait_at(ready, gate);
	wait_at(ready, gate);
}

static struct family begin(void (*be)(unsigned int n, int ready, int gate), unsigned int n,
			   unsigned int n_ready)
{
	struct family family;
	int ready[2], gate[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(gate), 0);
	family.pid = fork();
	if (family.pid == 0) {
		close(ready[0]);
		close(gate[1]);
		be(n, ready[1], gate[0]);
	}
	assert_true(family.pid > 0);
	close(ready[1]);
	close(gate[0]);
	family.gate = gate[1];
	for (unsigned int i = 0; i < n_ready; i++)
		assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return family;
}

static void end(struct family *family)
{
	close(family->gate);
	assert_int_equal(waitpid(family->pid, NULL, 0), family->pid);
}

static struct family begin_chain(unsigned int n)
{
	return begin(be_chain, n, 1);
}

static struct family begin_parent(unsigned int n)
{
	return begin(be_parent, n, n + 1);
}

/* ---- sessions ---- */

struct recording {
	struct rec_session *session;
	struct rec_losses *losses;
	uint64_t before_ns;
};

static void open_recording(struct recording *recording, uint32_t max_waiters, uint32_t max_followed)
{
	struct rec_session_config config = {.ring_bytes = 1 << 20,
					    .filter = max_followed != 0,
					    .max_waiters = max_waiters,
					    .max_followed = max_followed};
	struct vft_err err;

	n_told = 0;
	if (rec_session_open(&config, &recording->session, &err))
		fail_msg("%s", err.message);
	assert_int_equal(rec_losses_new(recording->session, &recording->losses), 0);
	recording->before_ns = rec_clock_now();
}

static void attach(const struct recording *recording)
{
	struct vft_err err;

	if (rec_session_attach(recording->session, &err))
		fail_msg("%s", err.message);
}

static uint64_t count_lost(const struct recording *recording, enum vft_cause cause)
{
	assert_int_equal(rec_losses_poll(recording->losses, NULL, NULL), 0);
	return n_lost(cause, recording->before_ns, rec_clock_now());
}

static void close_recording(struct recording *recording)
{
	rec_losses_free(recording->losses);
	rec_session_close(recording->session);
}

static struct rec_snapshot *take(const struct recording *recording)
{
	struct rec_snapshot *snapshot;
	struct vft_err err;

	if (rec_snapshot_take(recording->session, &snapshot, &err))
		fail_msg("%s", err.message);
	return snapshot;
}

/* ---- tests ---- */

static void test_tables__waiters_overflow(void **state)
{
	struct recording recording;
	struct rec_counters counters;
	struct family family;
	uint64_t n;

	(void)state;
	open_recording(&recording, 2, 0);
	attach(&recording);
	family = begin_chain(6);
	n = count_lost(&recording, VFT_CAUSE_PENDING_FULL);
	assert_true(n >= 4);
	rec_session_get_counters(recording.session, &counters);
	assert_true(counters.pending_drops >= n);
	assert_int_equal(count_lost(&recording, VFT_CAUSE_TRACKED_FULL), 0);
	end(&family);
	close_recording(&recording);
}

/* The tables of a recorder hold as many. */
static void test_tables__waiters_fit(void **state)
{
	struct recording recording;
	struct family family;

	(void)state;
	open_recording(&recording, 0, 0);
	attach(&recording);
	family = begin_chain(300);
	assert_int_equal(count_lost(&recording, VFT_CAUSE_PENDING_FULL), 0);
	end(&family);
	close_recording(&recording);
}

static void test_tables__waiters_overflow_at_start(void **state)
{
	struct family family = begin_chain(6);
	struct recording recording;
	struct rec_snapshot *snapshot;
	size_t n_causes;
	int n;

	(void)state;
	open_recording(&recording, 2, 0);
	snapshot = take(&recording);
	n = rec_snapshot_add_waiters(snapshot, recording.session, false);
	assert_true(n >= 4);
	assert_int_equal(
		rec_losses_add(recording.losses, VFT_CAUSE_PENDING_FULL, (uint64_t)n, NULL, NULL),
		0);
	assert_int_equal(count_lost(&recording, VFT_CAUSE_PENDING_FULL), n);
	assert_int_equal(rec_losses_get(recording.losses, &n_causes)->count, n);
	assert_int_equal(n_causes, 1);
	assert_int_equal(rec_losses_get_sum(recording.losses, 0), n);
	rec_snapshot_free(snapshot);
	close_recording(&recording);
	end(&family);
}

static void test_tables__followed_overflow(void **state)
{
	struct recording recording;
	struct rec_snapshot *snapshot;
	struct family family;

	(void)state;
	open_recording(&recording, 0, 1);
	snapshot = take(&recording);
	assert_int_equal(rec_snapshot_follow_self(snapshot, recording.session), 1);
	assert_int_equal(rec_snapshot_get_n_unfollowed(snapshot), 0);
	rec_snapshot_free(snapshot);
	attach(&recording);
	/* The parent has no room. So its children are nobody's that is followed. */
	family = begin_parent(3);
	assert_int_equal(count_lost(&recording, VFT_CAUSE_TRACKED_FULL), 1);
	end(&family);
	family = begin_parent(0);
	assert_int_equal(count_lost(&recording, VFT_CAUSE_TRACKED_FULL), 2);
	assert_int_equal(count_lost(&recording, VFT_CAUSE_PENDING_FULL), 0);
	end(&family);
	close_recording(&recording);
}

static void test_tables__followed_overflow_at_start(void **state)
{
	struct family family = begin_parent(4);
	struct recording recording;
	struct rec_snapshot *snapshot;

	(void)state;
	open_recording(&recording, 0, 2);
	snapshot = take(&recording);
	assert_int_equal(rec_snapshot_follow_tree(snapshot, recording.session, family.pid), 2);
	assert_int_equal(rec_snapshot_get_n_unfollowed(snapshot), 3);
	rec_snapshot_free(snapshot);
	close_recording(&recording);
	end(&family);
}

static void test_tables__loss_of_a_cpu_is_the_kernels(void **state)
{
	struct recording recording;
	struct vft_err err;

	(void)state;
	open_recording(&recording, 0, 0);
	assert_true(rec_losses_add(recording.losses, VFT_CAUSE_RING_FULL, 1, NULL, &err) < 0);
	assert_int_equal(rec_losses_add(recording.losses, VFT_CAUSE_RING_FULL, 0, NULL, &err), 0);
	assert_int_equal(n_told, 0);
	close_recording(&recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables__waiters_overflow),
		cmocka_unit_test(test_tables__waiters_fit),
		cmocka_unit_test(test_tables__waiters_overflow_at_start),
		cmocka_unit_test(test_tables__followed_overflow),
		cmocka_unit_test(test_tables__followed_overflow_at_start),
		cmocka_unit_test(test_tables__loss_of_a_cpu_is_the_kernels),
	};

	if (geteuid() || access("/sys/kernel/btf/vmlinux", R_OK)) {
		puts("1..0 # SKIP recording needs root, and a kernel with BTF");
		return 0;
	}
	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
