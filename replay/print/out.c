/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/out.h"

#include <errno.h>
#include <unistd.h>

#define DRAIN_SIZE (128u << 10)

void rep_out_init(struct rep_out *out, int fd, const struct rep_out_options *options)
{
	*out = (struct rep_out){.options = *options, .fd = fd, .json_first = true};
	out->buf.ascii_only = options->ascii_only;
}

static void check_limit(struct rep_out *out, size_t size)
{
	if (!out->error && out->options.max_bytes && size > out->options.max_bytes - out->n_sent) {
		out->error = -EFBIG;
		out->is_full = true;
	}
}

static void write_all(struct rep_out *out, const char *data, size_t size)
{
	size_t at = 0;

	check_limit(out, size);
	while (!out->error && at < size) {
		ssize_t n = write(out->fd, data + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			out->error = -errno;
		else
			at += (size_t)n;
	}
	out->n_sent += at;
}

int rep_out_flush(struct rep_out *out)
{
	if (!out->error)
		out->error = rep_buf_error(&out->buf);
	if (out->fd < 0) { /* bytes stay */
		check_limit(out, out->buf.size);
		return out->error;
	}
	write_all(out, out->buf.data, out->buf.size);
	out->buf.size = 0;
	out->styled = 0;
	return out->error;
}

int rep_out_send(struct rep_out *out, const char *data, size_t size)
{
	int err;

	if (out->fd < 0 || size < DRAIN_SIZE / 4) {
		rep_buf_bytes(&out->buf, data, size);
		return rep_out_drain(out);
	}
	err = rep_out_flush(out);
	if (err)
		return err;
	write_all(out, data, size);
	return out->error;
}

int rep_out_drain(struct rep_out *out)
{
	if (out->error)
		return out->error;
	if (out->buf.size >= DRAIN_SIZE || out->buf.failed)
		return rep_out_flush(out);
	return 0;
}

int rep_out_close(struct rep_out *out)
{
	int err = rep_out_flush(out);

	if (out->fd >= 0 && close(out->fd) && !err)
		err = out->error = -errno;
	out->fd = -1;
	return err;
}

void rep_out_release(struct rep_out *out)
{
	if (out->fd > 2)
		close(out->fd);
	out->fd = -1;
	rep_buf_release(&out->buf);
}
