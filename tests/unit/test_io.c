/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace.h"

static void test_io__memory_source(void **state)
{
	struct vft_source *source;
	char buffer[8];

	assert_int_equal(vft_source_open_memory("0123456789", 10, &source, NULL), 0);
	assert_true(source->seekable);
	assert_int_equal(source->size_bytes, 10);
	assert_int_equal(source->read_at(source, 2, buffer, 3), 3);
	assert_memory_equal(buffer, "234", 3);
	assert_int_equal(source->read_at(source, 8, buffer, 8), 2);
	assert_int_equal(source->read_at(source, 10, buffer, 8), 0);
	assert_int_equal(source->read_at(source, UINT64_MAX, buffer, 8), 0);
	vft_source_close(source);
	vft_source_close(NULL);
}

static void test_io__file_source(void **state)
{
	int fd = memfd_create("file_source", MFD_CLOEXEC);
	struct vft_source *source;
	char buffer[8];

	assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(vft_source_open_fd(fd, &source, NULL), 0);
	assert_true(source->seekable);
	assert_int_equal(source->size_bytes, 10);
	assert_int_equal(source->read_at(source, 7, buffer, 8), 3);
	assert_memory_equal(buffer, "789", 3);
	assert_int_equal(source->read_at(source, UINT64_MAX, buffer, 8), 0);
	assert_int_equal(source->read_at(source, 0, buffer, SIZE_MAX), -EINVAL);
	vft_source_close(source);
}

/* Neither a file nor a pipe: nothing can be said of its size. */
static void test_io__character_device(void **state)
{
	struct vft_source *source;
	char byte;

	assert_int_equal(vft_source_open_fd(open("/dev/null", O_RDONLY | O_CLOEXEC), &source, NULL),
			 0);
	assert_false(source->seekable);
	assert_int_equal(source->size_bytes, 0);
	assert_int_equal(source->read_at(source, 0, &byte, 1), 0);
	vft_source_close(source);
}

/* Longer than what a stream keeps behind it. */
static void test_io__long_read_of_a_stream(void **state)
{
	size_t size = VFT_SOURCE_KEEP + 4096;
	uint8_t *data = malloc(size);
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct vft_source *source;

	assert_non_null(data);
	memset(data, 1, size);
	assert_int_equal(vft_source_open_fd(fd, &source, NULL), 0);
	assert_int_equal(source->read_at(source, 0, data, size), size);
	for (size_t i = 0; i < size; i++)
		if (data[i])
			fail_msg("byte %zu was not read", i);
	vft_source_close(source);
	free(data);
}

static void test_io__refuses_directory(void **state)
{
	struct vft_source *source = NULL;
	struct vft_err err = {0};
	int fd = open("/", O_RDONLY | O_CLOEXEC);

	assert_int_equal(vft_source_open_fd(fd, &source, &err), -EISDIR);
	assert_int_equal(err.code, -EISDIR);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* taken over, also on failure */
	assert_int_equal(vft_source_open_fd(-1, &source, NULL), -EBADF);
	assert_null(source);
}

#define PIPE_BYTES (3ull * VFT_SOURCE_KEEP)

static uint32_t word_at(uint64_t offset)
{
	return (uint32_t)(offset * 2654435761u);
}

static void *write_words(void *context)
{
	static uint32_t words[16384];
	int fd = *(int *)context;
	size_t n_bytes = 0;

	while (n_bytes < PIPE_BYTES) {
		for (size_t i = 0; i < N_OF(words); i++)
			words[i] = word_at(n_bytes + 4 * i);
		for (size_t done = 0; done < sizeof(words);) {
			ssize_t n = write(fd, (char *)words + done, sizeof(words) - done);

			if (n <= 0)
				return NULL;
			done += (size_t)n;
		}
		n_bytes += sizeof(words);
	}
	(void)close(fd);
	return NULL;
}

static void check_word(struct vft_source *source, uint64_t offset)
{
	uint32_t word;

	assert_int_equal(source->read_at(source, offset, &word, 4), 4);
	assert_int_equal(word, word_at(offset));
}

static void test_io__pipe_source(void **state)
{
	struct vft_source *source;
	pthread_t writer;
	char byte;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_words, &fds[1]), 0);
	assert_int_equal(vft_source_open_fd(fds[0], &source, NULL), 0);
	assert_false(source->seekable);
	assert_int_equal(source->size_bytes, 0);
	check_word(source, 0);
	check_word(source, 4000000);
	check_word(source, 40);
	/* Everything in the last VFT_SOURCE_KEEP bytes can be read again, at any time. */
	for (uint64_t at = 0; at + 4 <= PIPE_BYTES; at += 1u << 20) {
		check_word(source, at);
		check_word(source, at + 4 > VFT_SOURCE_KEEP ? at + 4 - VFT_SOURCE_KEEP : 0);
	}
	assert_int_equal(source->read_at(source, 0, &byte, 1), -ESPIPE);
	assert_int_equal(source->read_at(source, 3 * (uint64_t)VFT_SOURCE_KEEP + 65536, &byte, 1),
			 0);
	vft_source_close(source);
	assert_int_equal(pthread_join(writer, NULL), 0);
}

struct slow_reader {
	int fd;
	struct bytes got;
};

static void *read_slowly(void *context)
{
	struct slow_reader *r = context;

	for (;;) {
		ssize_t n = read(r->fd, r->got.data + r->got.size, 1000);

		if (n <= 0)
			break;
		r->got.size += (size_t)n;
	}
	(void)close(r->fd);
	return NULL;
}

/* A pipe takes what fits: the sink goes on until all is out. */
static void test_io__sink_loops_on_short_writes(void **state)
{
	size_t size = 300000;
	struct bytes data = {malloc(size), size};
	struct slow_reader reader = {.got = {malloc(2 * size), 0}};
	struct vft_sink *sink;
	struct iovec iov[3];
	pthread_t thread;
	int fds[2];

	assert_true(data.data && reader.got.data);
	for (size_t i = 0; i < size; i++)
		data.data[i] = (uint8_t)(i * 31 >> 3);
	assert_int_equal(pipe(fds), 0);
	reader.fd = fds[0];
	assert_int_equal(pthread_create(&thread, NULL, read_slowly, &reader), 0);
	assert_int_equal(vft_sink_open_fd(fds[1], &sink, NULL), 0);
	iov[0] = (struct iovec){data.data, 100001};
	iov[1] = (struct iovec){NULL, 0};
	iov[2] = (struct iovec){data.data + 100001, size - 100001};
	assert_int_equal(sink->writev(sink, iov, 3), 0);
	vft_sink_close(sink);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(reader.got.size, size);
	assert_memory_equal(reader.got.data, data.data, size);
	free(reader.got.data);
	bytes_free(&data);
}

static void test_io__sink_error(void **state)
{
	struct vft_sink *sink;
	struct iovec iov = {(void *)(uintptr_t) "text", 4}, nothing[2] = {{NULL, 0}, {NULL, 0}};

	assert_int_equal(vft_sink_open_fd(open("/dev/full", O_WRONLY | O_CLOEXEC), &sink, NULL), 0);
	assert_int_equal(sink->writev(sink, nothing, 2), 0);
	assert_int_equal(sink->writev(sink, &iov, 1), -ENOSPC);
	vft_sink_close(sink);
	assert_int_equal(vft_sink_open_fd(-1, &sink, NULL), 0);
	assert_int_equal(sink->writev(sink, &iov, 1), -EBADF);
	vft_sink_close(sink);
	vft_sink_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_io__memory_source),
		cmocka_unit_test(test_io__file_source),
		cmocka_unit_test(test_io__refuses_directory),
		cmocka_unit_test(test_io__character_device),
		cmocka_unit_test(test_io__long_read_of_a_stream),
		cmocka_unit_test(test_io__pipe_source),
		cmocka_unit_test(test_io__sink_loops_on_short_writes),
		cmocka_unit_test(test_io__sink_error),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}
