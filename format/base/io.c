/* SPDX-License-Identifier: BSD-2-Clause */
#include <vft/io.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base/buffer.h"
#include "format/base/pause.h"

struct fd_source {
	struct vft_source source;
	int fd;
	/* Of an unseekable one: bytes [held_off, held_off + held.size) of the input. */
	struct vft_buffer held;
	uint64_t held_off;
	bool at_end;
	void (*on_pause)(void *context); /* NULL: reads just wait */
	void *pause_context;
};

struct memory_source {
	struct vft_source source;
	const uint8_t *data;
};

static int64_t read_seekable(struct vft_source *source, uint64_t offset, void *buffer, size_t size)
{
	struct fd_source *s = (struct fd_source *)source;
	char *at = buffer;
	size_t done = 0;

	if (size > SSIZE_MAX)
		return -EINVAL;
	while (done < size) {
		ssize_t n;

		if (offset + done > INT64_MAX)
			break;
		n = pread(s->fd, at + done, size - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (int64_t)done;
}

/* How long nothing must come to be called a pause: more than a writer on a busy machine takes. */
#define PAUSE_NS 200000000

/*
 * True when there is something to read, or that cannot be told. Not by poll(), which refuses even
 * one descriptor to a process whose limit of them is 0, as vfork-report's is.
 */
static bool wait_or_pause(const struct fd_source *s)
{
	struct timespec timeout = {.tv_nsec = PAUSE_NS};
	fd_set in;
	int r;

	if (s->fd >= FD_SETSIZE)
		return true;
	do {
		FD_ZERO(&in);
		FD_SET(s->fd, &in);
		r = pselect(s->fd + 1, &in, NULL, NULL, &timeout, NULL);
	} while (r < 0 && errno == EINTR);
	return r != 0;
}

/* Read on until @until is held or the input ends. */
static int fill_held(struct fd_source *s, uint64_t until)
{
	while (!s->at_end && s->held_off + s->held.size < until) {
		uint64_t want = until - (s->held_off + s->held.size);
		ssize_t n;
		int r;

		if (want < 65536)
			want = 65536;
		if (want > (1u << 20))
			want = 1u << 20;
		/* Drop the front only when half as much again may be forgotten, so that a byte is
		 * moved twice and not with every read. */
		if (s->held.size >= VFT_SOURCE_KEEP / 2 * (size_t)3) {
			size_t drop = s->held.size - VFT_SOURCE_KEEP;

			memmove(s->held.data, s->held.data + drop, VFT_SOURCE_KEEP);
			s->held.size = VFT_SOURCE_KEEP;
			s->held_off += drop;
		}
		r = vft_buffer_reserve(&s->held, want);
		if (r < 0)
			return r;
		if (s->on_pause && !wait_or_pause(s))
			s->on_pause(s->pause_context);
		n = read(s->fd, s->held.data + s->held.size, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		s->at_end = n == 0;
		s->held.size += (size_t)n;
	}
	return 0;
}

static int64_t read_unseekable(struct vft_source *source, uint64_t offset, void *buffer,
			       size_t size)
{
	struct fd_source *s = (struct fd_source *)source;
	char *out = buffer;
	size_t done = 0;

	/* In steps of what may be dropped behind us, so that a long read never outruns itself. */
	while (done < size) {
		uint64_t at = offset + done;
		size_t step = size - done, have;
		int r;

		if (step > VFT_SOURCE_KEEP / 4)
			step = VFT_SOURCE_KEEP / 4;
		r = fill_held(s, at + step);
		if (r < 0)
			return r;
		if (at < s->held_off)
			return -ESPIPE;
		if (at >= s->held_off + s->held.size)
			break;
		have = s->held.size - (size_t)(at - s->held_off);
		if (have > step)
			have = step;
		memcpy(out + done, s->held.data + (at - s->held_off), have);
		done += have;
	}
	return (int64_t)done;
}

static void close_fd_source(struct vft_source *source)
{
	struct fd_source *s = (struct fd_source *)source;

	(void)close(s->fd); /* was only read: nothing can be lost */
	vft_buffer_release(&s->held);
	free(s);
}

int vft_source_open_fd(int fd, struct vft_source **ret, struct vft_err *err)
{
	struct fd_source *s = NULL;
	struct stat st;
	off_t position;
	int r;

	if (fstat(fd, &st) < 0) {
		r = -errno;
		goto fail;
	}
	if (S_ISDIR(st.st_mode)) {
		r = -EISDIR;
		goto fail;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		r = -ENOMEM;
		goto fail;
	}
	s->fd = fd;
	s->source.close = close_fd_source;
	position = lseek(fd, 0, SEEK_CUR);
	/* "tool < file" with the file already read into by somebody: then it is a stream. */
	s->source.seekable = position == 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
	if (s->source.seekable) {
		off_t end = S_ISREG(st.st_mode) ? st.st_size : lseek(fd, 0, SEEK_END);

		s->source.size_bytes = end > 0 ? (uint64_t)end : 0;
	}
	s->source.read_at = s->source.seekable ? read_seekable : read_unseekable;
	*ret = &s->source;
	return 0;
fail:
	if (fd >= 0)
		(void)close(fd);
	return vft_fail(err, r, 0, "cannot read input: %s", strerror(-r));
}

void vft_source_set_pause(struct vft_source *source, void (*on_pause)(void *context), void *context)
{
	struct fd_source *s = (struct fd_source *)source;

	if (source->read_at != read_unseekable)
		return;
	s->on_pause = on_pause;
	s->pause_context = context;
}

static int64_t read_memory(struct vft_source *source, uint64_t offset, void *buffer, size_t size)
{
	struct memory_source *s = (struct memory_source *)source;

	if (offset >= source->size_bytes)
		return 0;
	if (size > source->size_bytes - offset)
		size = (size_t)(source->size_bytes - offset);
	memcpy(buffer, s->data + offset, size);
	return (int64_t)size;
}

static void close_memory_source(struct vft_source *source)
{
	free(source);
}

int vft_source_open_memory(const void *data, size_t size, struct vft_source **ret,
			   struct vft_err *err)
{
	struct memory_source *s = calloc(1, sizeof(*s));

	if (!s)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	s->source.read_at = read_memory;
	s->source.close = close_memory_source;
	s->source.seekable = true;
	s->source.size_bytes = size;
	s->data = data;
	*ret = &s->source;
	return 0;
}

void vft_source_close(struct vft_source *source)
{
	if (source)
		source->close(source);
}

struct fd_sink {
	struct vft_sink sink;
	int fd;
};

struct memory_sink {
	struct vft_sink sink;
	struct vft_buffer bytes;
};

static int write_fd(struct vft_sink *sink, struct iovec *iov, int n_iov)
{
	struct fd_sink *s = (struct fd_sink *)sink;

	while (n_iov > 0) {
		ssize_t n;

		if (!iov->iov_len) {
			iov++;
			n_iov--;
			continue;
		}
		n = writev(s->fd, iov, n_iov < IOV_MAX ? n_iov : IOV_MAX);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		for (; n_iov > 0 && (size_t)n >= iov->iov_len; iov++, n_iov--)
			n -= (ssize_t)iov->iov_len;
		if (n_iov > 0 && n > 0) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
	return 0;
}

static void close_fd_sink(struct vft_sink *sink)
{
	struct fd_sink *s = (struct fd_sink *)sink;

	(void)close(s->fd); /* whoever needs the outcome syncs before */
	free(s);
}

int vft_sink_open_fd(int fd, struct vft_sink **ret, struct vft_err *err)
{
	struct fd_sink *s = calloc(1, sizeof(*s));

	if (!s) {
		if (fd >= 0)
			(void)close(fd);
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	}
	s->sink.writev = write_fd;
	s->sink.close = close_fd_sink;
	s->fd = fd;
	*ret = &s->sink;
	return 0;
}

static int write_memory(struct vft_sink *sink, struct iovec *iov, int n_iov)
{
	struct memory_sink *s = (struct memory_sink *)sink;

	for (int i = 0; i < n_iov; i++) {
		int r = vft_buffer_append_bytes(&s->bytes, iov[i].iov_base, iov[i].iov_len);

		if (r < 0)
			return r;
	}
	return 0;
}

static void close_memory_sink(struct vft_sink *sink)
{
	struct memory_sink *s = (struct memory_sink *)sink;

	vft_buffer_release(&s->bytes);
	free(s);
}

int vft_sink_open_memory(struct vft_sink **ret, struct vft_err *err)
{
	struct memory_sink *s = calloc(1, sizeof(*s));

	if (!s)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	s->sink.writev = write_memory;
	s->sink.close = close_memory_sink;
	*ret = &s->sink;
	return 0;
}

const void *vft_sink_memory(const struct vft_sink *sink, size_t *ret_size)
{
	const struct memory_sink *s = (const struct memory_sink *)sink;

	*ret_size = s->bytes.size;
	return s->bytes.data;
}

void vft_sink_close(struct vft_sink *sink)
{
	if (sink)
		sink->close(sink);
}
