/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kill -9 before, half-way through and after every write of a recording: what is on the disk then
 * gives back every complete block, and says that the recording was not closed.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sample.h"

#define N_ROUNDS   25u
#define RAW_TARGET 1u /* an event a block: many writes */
#define N_KILLED   200u

struct log {
	struct vft_sink sink;
	size_t *ends; /* of each write */
	size_t n, size_bytes;
};

static int log_write(struct vft_sink *sink, struct iovec *iov, int n_iov)
{
	struct log *log = (struct log *)sink;

	for (int i = 0; i < n_iov; i++)
		log->size_bytes += iov[i].iov_len;
	log->ends = realloc(log->ends, (log->n + 1) * sizeof(*log->ends));
	assert_non_null(log->ends);
	log->ends[log->n++] = log->size_bytes;
	return 0;
}

/* Dies once @left bytes are written. */
struct mortal {
	struct vft_sink sink;
	int fd;
	size_t left;
};

static int mortal_write(struct vft_sink *sink, struct iovec *iov, int n_iov)
{
	struct mortal *mortal = (struct mortal *)sink;

	for (int i = 0; i < n_iov; i++) {
		size_t size = iov[i].iov_len < mortal->left ? iov[i].iov_len : mortal->left;
		ssize_t n = size ? write(mortal->fd, iov[i].iov_base, size) : 0;

		if (n != (ssize_t)size)
			_exit(3);
		mortal->left -= size;
		if (size < iov[i].iov_len || !mortal->left)
			(void)raise(SIGKILL);
	}
	return 0;
}

static struct bytes read_all(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	struct bytes bytes = {malloc((size_t)size + 1), (size_t)size};

	assert_non_null(bytes.data);
	assert_int_equal(pread(fd, bytes.data, bytes.size, 0), size);
	return bytes;
}

/* What a process leaves that was killed after @size bytes. */
static struct bytes record_and_kill(size_t size)
{
	char path[] = "/tmp/vft-kill-XXXXXX";
	int fd = mkstemp(path), status;
	struct bytes bytes;
	pid_t pid;

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct mortal mortal = {.sink = {.writev = mortal_write}, .fd = fd, .left = size};

		if (!size)
			(void)raise(SIGKILL);
		_exit(sample_write(&mortal.sink, N_ROUNDS, RAW_TARGET, false, NULL, NULL) ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	bytes = read_all(fd);
	assert_int_equal(close(fd), 0);
	return bytes;
}

struct recording {
	struct bytes trace;
	struct view whole;
	struct log log;
	size_t *points; /* before, half-way through and after each write */
	size_t n_points;
};

static int set_up(void **state)
{
	struct recording *recording = calloc(1, sizeof(*recording));
	struct log *log = &recording->log;
	struct vft_sink *sink;
	const void *data;
	size_t start = 0;

	assert_non_null(recording);
	log->sink.writev = log_write;
	assert_int_equal(sample_write(&log->sink, N_ROUNDS, RAW_TARGET, false, NULL, NULL), 0);
	assert_int_equal(vft_sink_open_memory(&sink, NULL), 0);
	assert_int_equal(sample_write(sink, N_ROUNDS, RAW_TARGET, false, NULL, NULL), 0);
	data = vft_sink_memory(sink, &recording->trace.size);
	recording->trace.data = malloc(recording->trace.size);
	assert_non_null(recording->trace.data);
	memcpy(recording->trace.data, data, recording->trace.size);
	vft_sink_close(sink);
	assert_int_equal(log->size_bytes, recording->trace.size);
	recording->whole = view_of(recording->trace.data, recording->trace.size);
	recording->points = malloc((2 * log->n + 1) * sizeof(*recording->points));
	assert_non_null(recording->points);
	recording->points[recording->n_points++] = 0;
	for (size_t i = 0; i < log->n; i++) {
		recording->points[recording->n_points++] = start + (log->ends[i] - start) / 2;
		recording->points[recording->n_points++] = log->ends[i];
		start = log->ends[i];
	}
	*state = recording;
	return 0;
}

static int tear_down(void **state)
{
	struct recording *recording = *state;

	bytes_free(&recording->trace);
	view_free(&recording->whole);
	free(recording->log.ends);
	free(recording->points);
	free(recording);
	return 0;
}

static void check_image(const struct recording *recording, const void *data, size_t size)
{
	struct view view = view_of(data, size);

	assert_int_equal(view.error, 0);
	assert_true(view_is_head(&view, &recording->whole, count_rows(recording->trace, size)));
	assert_true(view_is_honest(&view, &recording->whole, "killed", size));
	/* Only once END is there is it a whole trace. */
	assert_true(view.damaged || view.incomplete ||
		    size + VFT_TRAILER_SIZE >= recording->trace.size);
	view_free(&view);
}

static void test_kill__every_write(void **state)
{
	const struct recording *recording = *state;

	for (size_t i = 0; i < recording->n_points; i++)
		check_image(recording, recording->trace.data, recording->points[i]);
	assert_true(recording->n_points >= 1000);
	print_message("# %zu writes, ended at %zu points\n", recording->log.n, recording->n_points);
}

static void test_kill__processes(void **state)
{
	const struct recording *recording = *state;

	for (size_t i = 0; i < N_KILLED; i++) {
		size_t size = recording->points[i * (recording->n_points - 1) / (N_KILLED - 1)];
		struct bytes image = record_and_kill(size);

		assert_int_equal(image.size, size);
		assert_memory_equal(image.data, recording->trace.data, size);
		check_image(recording, image.data, image.size);
		bytes_free(&image);
	}
	print_message("# %u processes killed\n", N_KILLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill__every_write),
		cmocka_unit_test(test_kill__processes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
