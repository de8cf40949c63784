/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/store/outlet.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/base/clock.h"

/* At 5 MB/s, which is half a million events a second, a disk may stall for as long as 12 s. */
#define FULL_BYTES      (64u << 20)
#define SYNC_PERIOD_NS  5000000000u
#define STREAM_GRACE_NS 3000000000u
#define DISK_GRACE_NS   30000000000u
#define HURRY_NS        500000000u
/* However slowly it moves: nobody waits longer for the end of a recording. */
#define MAX_SETTLE_NS   600000000000u

struct chunk {
	struct chunk *next;
	size_t size;
	char bytes[];
};

struct rec_outlet {
	struct vft_sink sink; /* first: libvft's writer knows this alone */
	int fd, event_fd;
	bool is_stream, has_thread;
	pthread_t thread;
	pthread_mutex_t lock; /* for all that follows */
	pthread_cond_t wake, started;
	struct chunk *first, **last;
	uint64_t queued_bytes, written_bytes; /* a chunk counts as queued until it is written */
	bool is_running, ended, is_synced, is_syncing, done;
	uint64_t sync_ns; /* when the last sync ended */
	int error, sync_error;
};

/* ---- writing ---- */

static void note_written(struct rec_outlet *outlet, size_t n)
{
	pthread_mutex_lock(&outlet->lock);
	outlet->written_bytes += n;
	outlet->queued_bytes -= n;
	outlet->is_synced = false;
	pthread_mutex_unlock(&outlet->lock);
}

/* Whoever shares our stdout may have made it non-blocking. */
static int wait_for_room(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

	return poll(&poll_fd, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

static int write_bytes(struct rec_outlet *outlet, const char *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = write(outlet->fd, bytes + at, size - at);
		int r = 0;

		if (n == 0)
			return -EIO;
		if (n > 0) {
			note_written(outlet, (size_t)n);
			at += (size_t)n;
		} else if (errno == EAGAIN) {
			r = wait_for_room(outlet->fd);
		} else if (errno != EINTR) {
			r = -errno;
		}
		if (r)
			return r;
	}
	return 0;
}

static void tell(struct rec_outlet *outlet)
{
	uint64_t one = 1;

	/* Can only fail when the counter is full: then it is readable already. */
	if (write(outlet->event_fd, &one, sizeof(one)) < 0)
		return;
}

static struct chunk *take(struct rec_outlet *outlet)
{
	struct chunk *chunk = outlet->first;

	outlet->first = chunk->next;
	if (!outlet->first)
		outlet->last = &outlet->first;
	return chunk;
}

static void drop_queue(struct rec_outlet *outlet)
{
	while (outlet->first)
		free(take(outlet));
}

/* The lock is held here and given away for the while. */
static void write_next(struct rec_outlet *outlet)
{
	struct chunk *chunk = take(outlet);
	int r;

	pthread_mutex_unlock(&outlet->lock);
	r = write_bytes(outlet, chunk->bytes, chunk->size);
	free(chunk);
	pthread_mutex_lock(&outlet->lock);
	if (!r)
		return;
	outlet->error = r;
	drop_queue(outlet);
	outlet->queued_bytes = 0;
	tell(outlet);
}

static void sync_now(struct rec_outlet *outlet)
{
	int r;

	outlet->is_syncing = true;
	outlet->is_synced = true;
	pthread_mutex_unlock(&outlet->lock);
	r = fdatasync(outlet->fd) ? -errno : 0;
	pthread_mutex_lock(&outlet->lock);
	outlet->is_syncing = false;
	outlet->sync_ns = rec_clock_read(CLOCK_MONOTONIC);
	if (r && !outlet->sync_error)
		outlet->sync_error = r;
}

static bool needs_sync(const struct rec_outlet *outlet)
{
	return !outlet->is_stream && !outlet->is_synced && !outlet->error && !outlet->sync_error;
}

static void wait_for_work(struct rec_outlet *outlet)
{
	uint64_t due_ns = outlet->sync_ns + SYNC_PERIOD_NS;
	struct timespec due = {.tv_sec = (time_t)(due_ns / 1000000000u),
			       .tv_nsec = (long)(due_ns % 1000000000u)};

	if (needs_sync(outlet))
		pthread_cond_timedwait(&outlet->wake, &outlet->lock, &due);
	else
		pthread_cond_wait(&outlet->wake, &outlet->lock);
}

static void *write_and_sync(void *context)
{
	struct rec_outlet *outlet = context;

	pthread_mutex_lock(&outlet->lock);
	outlet->is_running = true;
	pthread_cond_signal(&outlet->started);
	while (outlet->first || !outlet->ended) {
		if (needs_sync(outlet) &&
		    rec_clock_read(CLOCK_MONOTONIC) - outlet->sync_ns >= SYNC_PERIOD_NS)
			sync_now(outlet);
		else if (outlet->first)
			write_next(outlet);
		else
			wait_for_work(outlet);
	}
	if (needs_sync(outlet))
		sync_now(outlet);
	outlet->done = true;
	tell(outlet);
	pthread_mutex_unlock(&outlet->lock);
	return NULL;
}

/* ---- queueing ---- */

static int copy(const struct iovec *iov, int n_iov, struct chunk **ret)
{
	struct chunk *chunk;
	size_t size = 0, at = 0;

	for (int i = 0; i < n_iov; i++)
		size += iov[i].iov_len;
	chunk = malloc(sizeof(*chunk) + size);
	if (!chunk)
		return -ENOMEM;
	chunk->next = NULL;
	chunk->size = size;
	for (int i = 0; i < n_iov; i++) {
		if (iov[i].iov_len)
			memcpy(chunk->bytes + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	*ret = chunk;
	return 0;
}

static int enqueue(struct vft_sink *sink, struct iovec *iov, int n_iov)
{
	struct rec_outlet *outlet = (struct rec_outlet *)sink;
	bool is_direct = !outlet->has_thread && !outlet->is_stream;
	struct chunk *chunk;
	int r = copy(iov, n_iov, &chunk);

	if (r)
		return r;
	pthread_mutex_lock(&outlet->lock);
	r = outlet->error;
	if (r) {
		free(chunk);
	} else {
		*outlet->last = chunk;
		outlet->last = &chunk->next;
		outlet->queued_bytes += chunk->size;
		pthread_cond_signal(&outlet->wake);
		if (is_direct)
			write_next(outlet);
		r = outlet->error;
	}
	pthread_mutex_unlock(&outlet->lock);
	return r;
}

/* The outlet is closed by whoever made it. */
static void close_nothing(struct vft_sink *sink)
{
}

static int init_lock(struct rec_outlet *outlet)
{
	pthread_condattr_t attr;
	int r = pthread_mutex_init(&outlet->lock, NULL);

	if (!r)
		r = pthread_condattr_init(&attr);
	if (r)
		return -r;
	/* A step of the wall clock must not hold a sync back. */
	r = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!r)
		r = pthread_cond_init(&outlet->wake, &attr);
	if (!r)
		r = pthread_cond_init(&outlet->started, NULL);
	pthread_condattr_destroy(&attr);
	return -r;
}

static int open_outlet(struct rec_outlet *outlet)
{
	struct stat st;
	int r;

	if (fstat(outlet->fd, &st))
		return -errno;
	outlet->is_stream = !S_ISREG(st.st_mode);
	outlet->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (outlet->event_fd < 0)
		return -errno;
	r = init_lock(outlet);
	if (r)
		close(outlet->event_fd);
	return r;
}

int rec_outlet_new(int fd, struct rec_outlet **ret, struct vft_err *err)
{
	struct rec_outlet *outlet = calloc(1, sizeof(*outlet));
	int r;

	if (!outlet)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	outlet->sink = (struct vft_sink){.writev = enqueue, .close = close_nothing};
	outlet->fd = fd;
	outlet->last = &outlet->first;
	outlet->is_synced = true;
	outlet->sync_ns = rec_clock_read(CLOCK_MONOTONIC);
	r = open_outlet(outlet);
	if (r) {
		free(outlet);
		return vft_fail(err, r, 0, "%s", strerror(-r));
	}
	*ret = outlet;
	return 0;
}

int rec_outlet_start(struct rec_outlet *outlet, struct vft_err *err)
{
	int r = pthread_create(&outlet->thread, NULL, write_and_sync, outlet);

	if (r)
		return vft_fail(err, -r, 0, "cannot start a thread: %s", strerror(r));
	outlet->has_thread = true;
	/* What libc does for a new thread, it must have done before calls are forbidden. */
	pthread_mutex_lock(&outlet->lock);
	while (!outlet->is_running)
		pthread_cond_wait(&outlet->started, &outlet->lock);
	pthread_mutex_unlock(&outlet->lock);
	return 0;
}

struct vft_sink *rec_outlet_get_sink(struct rec_outlet *outlet)
{
	return &outlet->sink;
}

bool rec_outlet_is_full(struct rec_outlet *outlet)
{
	bool is_full;

	pthread_mutex_lock(&outlet->lock);
	is_full = outlet->queued_bytes >= FULL_BYTES;
	pthread_mutex_unlock(&outlet->lock);
	return is_full;
}

bool rec_outlet_is_stream(const struct rec_outlet *outlet)
{
	return outlet->is_stream;
}

int rec_outlet_get_event_fd(const struct rec_outlet *outlet)
{
	return outlet->event_fd;
}

int rec_outlet_get_error(struct rec_outlet *outlet)
{
	int r;

	pthread_mutex_lock(&outlet->lock);
	r = outlet->error;
	pthread_mutex_unlock(&outlet->lock);
	return r;
}

/* ---- the end ---- */

static void drain_event(const struct rec_outlet *outlet)
{
	uint64_t n;

	if (read(outlet->event_fd, &n, sizeof(n)) < 0)
		return; /* it was not readable */
}

struct progress {
	uint64_t queued_bytes, written_bytes;
	bool is_syncing, done;
};

static void get_progress(struct rec_outlet *outlet, struct progress *ret)
{
	pthread_mutex_lock(&outlet->lock);
	*ret = (struct progress){outlet->queued_bytes, outlet->written_bytes, outlet->is_syncing,
				 outlet->done};
	pthread_mutex_unlock(&outlet->lock);
}

static int timed_out(const struct rec_outlet *outlet, const struct progress *at,
		     struct vft_err *err)
{
	if (at->is_syncing || !at->queued_bytes)
		return vft_fail(err, -ETIMEDOUT, 0,
				"the disk has not confirmed what was written; treat the file as "
				"suspect");
	return vft_fail(err, -ETIMEDOUT, 0, "the last %llu bytes were not %s",
			(unsigned long long)at->queued_bytes,
			outlet->is_stream ? "read; whoever reads is too slow, or hangs"
					  : "written; the disk is too slow, or hangs");
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* 0 when the thread is done, -ETIMEDOUT when there is no waiting for it. */
static int wait_until_done(struct rec_outlet *outlet, int hurry_fd, struct vft_err *err)
{
	struct pollfd poll_fds[] = {{.fd = outlet->event_fd, .events = POLLIN},
				    {.fd = hurry_fd, .events = POLLIN}};
	uint64_t grace_ns = outlet->is_stream ? STREAM_GRACE_NS : DISK_GRACE_NS;
	uint64_t now_ns = rec_clock_read(CLOCK_MONOTONIC);
	uint64_t end_ns = now_ns + MAX_SETTLE_NS, moved_ns = now_ns;
	struct progress before, now;

	for (get_progress(outlet, &before);; before = now) {
		get_progress(outlet, &now);
		if (now.done)
			return 0;
		now_ns = rec_clock_read(CLOCK_MONOTONIC);
		if (now.written_bytes != before.written_bytes ||
		    now.is_syncing != before.is_syncing)
			moved_ns = now_ns;
		if (now_ns >= least(end_ns, moved_ns + grace_ns))
			return timed_out(outlet, &now, err);
		/* The descriptor tells of the end and of errors; progress has to be looked for. */
		if (poll(poll_fds, 2, 100) < 0 && errno != EINTR)
			return vft_fail(err, -errno, 0, "cannot wait: %s", strerror(errno));
		if (poll_fds[1].revents) {
			poll_fds[1].fd = -1;
			poll_fds[1].revents = 0;
			end_ns = least(end_ns, now_ns + HURRY_NS);
		}
		/* An error was told at its time; only the end is still of interest. */
		if (poll_fds[0].revents)
			drain_event(outlet);
	}
}

/* Without a thread: by the caller's own, for a regular file or a recording that never began. */
static void finish_directly(struct rec_outlet *outlet)
{
	pthread_mutex_lock(&outlet->lock);
	while (outlet->first)
		write_next(outlet);
	if (needs_sync(outlet))
		sync_now(outlet);
	outlet->done = true;
	pthread_mutex_unlock(&outlet->lock);
}

int rec_outlet_settle(struct rec_outlet *outlet, int hurry_fd, struct vft_err *err)
{
	int r = 0;

	pthread_mutex_lock(&outlet->lock);
	outlet->ended = true;
	pthread_cond_signal(&outlet->wake);
	pthread_mutex_unlock(&outlet->lock);
	if (outlet->has_thread)
		r = wait_until_done(outlet, hurry_fd, err);
	else
		finish_directly(outlet);
	if (r)
		return r;
	if (outlet->error)
		return vft_fail(err, outlet->error, 0, "cannot write: %s",
				strerror(-outlet->error));
	if (outlet->sync_error)
		return vft_fail(err, outlet->sync_error, 0,
				"the disk did not confirm what was written: %s; treat the file as "
				"suspect",
				strerror(-outlet->sync_error));
	return 0;
}

/* Whether nobody else uses the outlet any more. */
static bool stop_thread(struct rec_outlet *outlet)
{
	bool is_idle;

	if (!outlet->has_thread)
		return true;
	pthread_mutex_lock(&outlet->lock);
	outlet->ended = true;
	drop_queue(outlet);
	is_idle = outlet->done;
	pthread_cond_signal(&outlet->wake);
	pthread_mutex_unlock(&outlet->lock);
	if (!is_idle)
		return false;
	pthread_join(outlet->thread, NULL);
	return true;
}

void rec_outlet_close(struct rec_outlet *outlet)
{
	if (!outlet || !stop_thread(outlet))
		return;
	drop_queue(outlet);
	close(outlet->fd);
	close(outlet->event_fd);
	pthread_cond_destroy(&outlet->started);
	pthread_cond_destroy(&outlet->wake);
	pthread_mutex_destroy(&outlet->lock);
	free(outlet);
}
