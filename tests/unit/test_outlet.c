/* SPDX-License-Identifier: BSD-2-Clause */
/* The recorder's way out: whoever queues never waits, and the end knows what is missing. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/store/outlet.h"

#define CHUNK_BYTES (1u << 20)
#define MANY_CHUNKS 80u /* more than the queue should hold */

static int queue(struct rec_outlet *outlet, const char *bytes, size_t size)
{
	struct vft_sink *sink = rec_outlet_get_sink(outlet);
	/* libvft's iovecs are not const, and nothing is written through them. */
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};

	return sink->writev(sink, &iov, 1);
}

struct pipe_outlet {
	struct rec_outlet *outlet;
	int read_fd, hurry[2];
};

static int set_up(void **state)
{
	struct pipe_outlet *with = calloc(1, sizeof(*with));
	struct vft_err err;
	int fds[2];

	assert_non_null(with);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pipe2(with->hurry, O_CLOEXEC), 0);
	with->read_fd = fds[0];
	assert_int_equal(rec_outlet_new(fds[1], &with->outlet, &err), 0);
	*state = with;
	return 0;
}

static int tear_down(void **state)
{
	struct pipe_outlet *with = *state;

	rec_outlet_close(with->outlet);
	if (with->read_fd >= 0)
		close(with->read_fd);
	close(with->hurry[0]);
	close(with->hurry[1]);
	free(with);
	return 0;
}

/* A reader that is not there yet holds nobody up, and gets all of it in order. */
static void test_outlet__queues_before_it_starts(void **state)
{
	struct pipe_outlet *with = *state;
	char got[12] = "";
	struct vft_err err;

	assert_true(rec_outlet_is_stream(with->outlet));
	assert_int_equal(queue(with->outlet, "first ", 6), 0);
	assert_int_equal(queue(with->outlet, "second", 6), 0);
	assert_int_equal(rec_outlet_start(with->outlet, &err), 0);
	assert_int_equal(rec_outlet_settle(with->outlet, -1, &err), 0);
	assert_int_equal(read(with->read_fd, got, sizeof(got)), sizeof(got));
	assert_memory_equal(got, "first second", sizeof(got));
}

/* The pipe is full and stays so: the queue grows, says that it is full, and the end is told. */
static void test_outlet__nobody_reads(void **state)
{
	struct pipe_outlet *with = *state;
	char *bytes = calloc(1, CHUNK_BYTES);
	struct vft_err err;
	unsigned int n = 0;

	assert_non_null(bytes);
	assert_int_equal(rec_outlet_start(with->outlet, &err), 0);
	assert_false(rec_outlet_is_full(with->outlet));
	for (; n < MANY_CHUNKS && !rec_outlet_is_full(with->outlet); n++)
		assert_int_equal(queue(with->outlet, bytes, CHUNK_BYTES), 0);
	assert_true(rec_outlet_is_full(with->outlet));
	assert_true(n > 1);
	free(bytes);
	/* With somebody in a hurry, so as not to wait for the grace. */
	assert_int_equal(write(with->hurry[1], ".", 1), 1);
	assert_int_equal(rec_outlet_settle(with->outlet, with->hurry[0], &err), -ETIMEDOUT);
	assert_non_null(strstr(err.message, "were not read"));
	/* The thread is stuck in its write: it is let go with what it needs. */
	rec_outlet_close(with->outlet);
	with->outlet = NULL;
}

static void test_outlet__nobody_in_a_hurry(void **state)
{
	struct pipe_outlet *with = *state;
	char *bytes = calloc(1, CHUNK_BYTES);
	struct vft_err err;

	assert_non_null(bytes);
	assert_int_equal(rec_outlet_start(with->outlet, &err), 0);
	assert_int_equal(queue(with->outlet, bytes, CHUNK_BYTES), 0);
	free(bytes);
	assert_int_equal(rec_outlet_settle(with->outlet, with->hurry[0], &err), -ETIMEDOUT);
	rec_outlet_close(with->outlet);
	with->outlet = NULL;
}

static void test_outlet__reader_goes_away(void **state)
{
	struct pipe_outlet *with = *state;
	struct pollfd poll_fd = {.fd = rec_outlet_get_event_fd(with->outlet), .events = POLLIN};
	struct vft_err err;

	assert_int_equal(rec_outlet_start(with->outlet, &err), 0);
	close(with->read_fd);
	with->read_fd = -1;
	assert_int_equal(queue(with->outlet, "lost", 4), 0);
	assert_int_equal(poll(&poll_fd, 1, 60000), 1);
	assert_int_equal(rec_outlet_get_error(with->outlet), -EPIPE);
	assert_int_equal(queue(with->outlet, "more", 4), -EPIPE);
	assert_int_equal(rec_outlet_settle(with->outlet, -1, &err), -EPIPE);
}

/* Whoever shares the pipe may have made it non-blocking. */
static void test_outlet__non_blocking_pipe(void **state)
{
	struct pipe_outlet *with = *state;
	char *bytes = calloc(1, CHUNK_BYTES), *got = malloc(CHUNK_BYTES);
	int fds[2], status;
	struct vft_err err;
	pid_t pid;

	assert_true(bytes && got);
	rec_outlet_close(with->outlet);
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(rec_outlet_new(fds[1], &with->outlet, &err), 0);
	assert_int_equal(queue(with->outlet, bytes, CHUNK_BYTES), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		size_t at = 0;

		close(fds[1]);
		(void)fcntl(fds[0], F_SETFL, 0);
		for (ssize_t n = 1; n > 0 && at < CHUNK_BYTES; at += (size_t)n)
			n = read(fds[0], got + at, CHUNK_BYTES - at);
		_exit(at != CHUNK_BYTES);
	}
	close(fds[0]);
	assert_int_equal(rec_outlet_start(with->outlet, &err), 0);
	assert_int_equal(rec_outlet_settle(with->outlet, -1, &err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	free(bytes);
	free(got);
}

static int ignore_sigpipe(void **state)
{
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_outlet__queues_before_it_starts, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_outlet__nobody_reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_outlet__nobody_in_a_hurry, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_outlet__reader_goes_away, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_outlet__non_blocking_pipe, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
