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

int rep_out_flush(struct rep_out *out)
{
	size_t at = 0;

	if (!out->error)
		out->error = rep_buf_error(&out->buf);
	if (!out->error && out->options.max_bytes &&
	    out->buf.size > out->options.max_bytes - out->n_sent) {
		out->error = -EFBIG;
		out->is_full = true;
	}
	while (!out->error && out->fd >= 0 && at < out->buf.size) {
		ssize_t n = write(out->fd, out->buf.data + at, out->buf.size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			out->error = -errno;
		else
			at += (size_t)n;
	}
	if (out->fd >= 0) {
		out->n_sent += at;
		out->buf.size = 0;
		out->styled = 0;
	}
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
