/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/watch/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/base/clock.h"
#include "record/kernel/translate.h"

/* One command line is read to its end to learn its size, but no further than this. */
#define MAX_ARGV_READ (4u << 20)
#define FIRST_BYTES   (256u << 10)
#define REAP_TRIES    100 /* of 1 ms each */

/* What passes through the two pipes, between one program and itself. */
struct request {
	uint64_t n;
	uint32_t argv_max;
	uint32_t pad;
};

struct wanted {
	int32_t pid;
	uint32_t may_block;
};

/* Followed by exe_size and argv_size bytes. */
struct reply {
	uint32_t exe_size, argv_size, argv_full_size;
	uint32_t has_argv;
};

struct rec_proc_batch {
	char *bytes; /* everything the helper said; the names point into it */
	size_t size, capacity;
	size_t n;
	struct rec_proc_names entries[];
};

static int write_all(int fd, const void *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = write(fd, (const char *)bytes + at, size - at);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			at += (size_t)n;
	}
	return 0;
}

/* ---- the helper ---- */

static int read_all(int fd, void *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = read(fd, (char *)bytes + at, size - at);

		if (n == 0)
			return -EPIPE;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			at += (size_t)n;
	}
	return 0;
}

static uint32_t read_exe(int32_t pid, char target[PATH_MAX])
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, target, PATH_MAX);
	return n > 0 ? (uint32_t)n : 0;
}

/* Fill @buffer as far as it goes, then count what is left. */
static uint32_t read_and_count(int fd, char *buffer, uint32_t size, uint32_t *ret_kept)
{
	char rest[4096];
	uint32_t total = 0;

	while (total < MAX_ARGV_READ) {
		bool keep = total < size;
		ssize_t n =
			read(fd, keep ? buffer + total : rest, keep ? size - total : sizeof(rest));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		total += (uint32_t)n;
	}
	*ret_kept = total < size ? total : size;
	return total;
}

static void read_argv(int32_t pid, char *buffer, uint32_t argv_max, struct reply *reply)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	reply->argv_full_size = read_and_count(fd, buffer, argv_max, &reply->argv_size);
	reply->has_argv = 1;
	close(fd);
}

static int answer(int fd, const struct wanted *wanted, uint32_t argv_max)
{
	char bytes[sizeof(struct reply) + PATH_MAX + REC_ARGV_MAX];
	struct reply reply = {0};
	size_t at = sizeof(reply);

	reply.exe_size = read_exe(wanted->pid, bytes + at);
	at += reply.exe_size;
	if (!wanted->may_block && argv_max)
		read_argv(wanted->pid, bytes + at, argv_max, &reply);
	at += reply.argv_size;
	memcpy(bytes, &reply, sizeof(reply));
	return write_all(fd, bytes, at);
}

static int serve(int request_fd, int reply_fd)
{
	struct request request;
	struct wanted *wanted;
	int r = read_all(request_fd, &request, sizeof(request));

	if (r)
		return r;
	wanted = calloc(request.n + 1, sizeof(wanted[0]));
	if (!wanted)
		return -ENOMEM;
	r = read_all(request_fd, wanted, request.n * sizeof(wanted[0]));
	for (uint64_t i = 0; !r && i < request.n; i++)
		r = answer(reply_fd, &wanted[i], request.argv_max);
	free(wanted);
	return r;
}

int rec_proc_reader_start(struct rec_proc_reader *ret)
{
	int request[2], reply[2], r;
	pid_t pid;

	if (pipe2(request, O_CLOEXEC))
		return -errno;
	if (pipe2(reply, O_CLOEXEC)) {
		r = -errno;
		close(request[0]);
		close(request[1]);
		return r;
	}
	pid = fork();
	if (pid == 0) {
		/* Its end of file tells it if the recorder is gone already. */
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		close(request[1]);
		close(reply[0]);
		_exit(serve(request[0], reply[1]) ? 1 : 0);
	}
	r = pid < 0 ? -errno : 0;
	close(request[0]);
	close(reply[1]);
	/* It may be stopped, and then takes no more than a pipe holds. */
	if (!r && fcntl(request[1], F_SETFL, O_NONBLOCK))
		r = -errno;
	if (r) {
		close(request[1]);
		close(reply[0]);
		return r;
	}
	*ret = (struct rec_proc_reader){.pid = pid, .request_fd = request[1], .reply_fd = reply[0]};
	return 0;
}

/* One that waits for a lock dies of this; one that hangs deeper is left to the kernel. */
void rec_proc_reader_stop(struct rec_proc_reader *reader)
{
	struct timespec pause = {.tv_nsec = 1000000};

	if (!reader->pid)
		return;
	close(reader->request_fd);
	close(reader->reply_fd);
	(void)kill(reader->pid, SIGKILL); /* it may have ended by itself */
	for (int i = 0; i < REAP_TRIES && waitpid(reader->pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&pause, NULL);
	reader->pid = 0;
}

/* ---- the recorder ---- */

/* Milliseconds that are left, rounded up; 0 when the time is up. */
static int time_left(uint64_t until_ns)
{
	uint64_t now_ns = rec_clock_read(CLOCK_MONOTONIC);

	return now_ns >= until_ns ? 0 : (int)((until_ns - now_ns) / 1000000u) + 1;
}

/* 0; -ETIMEDOUT; or -EPIPE when the helper is gone. */
static int send_until(int fd, const void *bytes, size_t size, uint64_t until_ns)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

	for (size_t at = 0; at < size;) {
		ssize_t n = write(fd, (const char *)bytes + at, size - at);
		int left_ms;

		if (n > 0)
			at += (size_t)n;
		if (n >= 0 || errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		left_ms = time_left(until_ns);
		if (!left_ms)
			return -ETIMEDOUT;
		if (poll(&poll_fd, 1, left_ms) < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}

static int ask(int fd, const struct rec_proc_names *wanted, size_t n, uint32_t argv_max,
	       uint64_t until_ns)
{
	struct request request = {.n = n, .argv_max = argv_max};
	struct wanted *list = calloc(n + 1, sizeof(list[0]));
	int r;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		list[i] = (struct wanted){.pid = wanted[i].pid, .may_block = wanted[i].may_block};
	r = send_until(fd, &request, sizeof(request), until_ns);
	if (!r)
		r = send_until(fd, list, n * sizeof(list[0]), until_ns);
	free(list);
	return r;
}

static int grow(struct rec_proc_batch *batch)
{
	size_t capacity = batch->capacity ? 2 * batch->capacity : FIRST_BYTES;
	char *grown = realloc(batch->bytes, capacity);

	if (!grown)
		return -ENOMEM;
	batch->bytes = grown;
	batch->capacity = capacity;
	return 0;
}

/* Until the helper has said everything, or its time is up. */
static int listen_until(struct rec_proc_batch *batch, int fd, uint64_t until_ns)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	for (;;) {
		int left_ms = time_left(until_ns), r;
		ssize_t n;

		if (!left_ms)
			return 0;
		r = poll(&poll_fd, 1, left_ms);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r <= 0)
			continue;
		if (batch->size == batch->capacity && grow(batch))
			return -ENOMEM;
		n = read(fd, batch->bytes + batch->size, batch->capacity - batch->size);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		if (n > 0)
			batch->size += (size_t)n;
	}
}

/* Whole replies only: the last may be cut. */
static void understand(struct rec_proc_batch *batch)
{
	size_t at = 0;

	for (size_t i = 0; i < batch->n; i++) {
		struct rec_proc_names *entry = &batch->entries[i];
		struct reply reply;

		if (batch->size - at < sizeof(reply))
			return;
		memcpy(&reply, batch->bytes + at, sizeof(reply));
		at += sizeof(reply);
		if (batch->size - at < (uint64_t)reply.exe_size + reply.argv_size)
			return;
		if (reply.exe_size)
			entry->exe = (struct vft_str){batch->bytes + at, reply.exe_size};
		at += reply.exe_size;
		if (reply.has_argv)
			entry->argv = (struct vft_str){batch->bytes + at, reply.argv_size};
		entry->argv_size = reply.argv_full_size;
		at += reply.argv_size;
	}
}

int rec_proc_read(struct rec_proc_reader *reader, const struct rec_proc_names *wanted, size_t n,
		  uint32_t argv_max, uint64_t timeout_ns, struct rec_proc_batch **ret)
{
	uint64_t until_ns = rec_clock_read(CLOCK_MONOTONIC) + timeout_ns;
	struct rec_proc_batch *batch = calloc(1, sizeof(*batch) + n * sizeof(batch->entries[0]));
	int r;

	if (!batch)
		return -ENOMEM;
	batch->n = n;
	r = ask(reader->request_fd, wanted, n, argv_max < REC_ARGV_MAX ? argv_max : REC_ARGV_MAX,
		until_ns);
	/* Without the helper names are missing, which must not keep anybody from recording. */
	if (r == -ETIMEDOUT || r == -EPIPE)
		r = 0;
	else if (!r)
		r = listen_until(batch, reader->reply_fd, until_ns);
	if (r) {
		rec_proc_free(batch);
		return r;
	}
	understand(batch);
	*ret = batch;
	return 0;
}

const struct rec_proc_names *rec_proc_get(const struct rec_proc_batch *batch, size_t i)
{
	return &batch->entries[i];
}

void rec_proc_free(struct rec_proc_batch *batch)
{
	if (!batch)
		return;
	free(batch->bytes);
	free(batch);
}
