/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io.h - where bytes come from and go to: file, pipe, memory, or a test's own.
 *
 * Owns: short reads and writes, EINTR, buffering of unseekable input. Never does: open by path,
 * interpret bytes. Called by: reader, writer, and whoever makes a source or sink for them.
 */
#ifndef VFT_IO_H
#define VFT_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <vft/err.h>

VFT_BEGIN_DECLS

/*
 * A source reads bytes at positions. A pipe is a source too: positions may then only be read in
 * rising order, and what has been passed can be read again only as far as the source still holds it
 * (at least the last VFT_SOURCE_KEEP bytes: the search behind a damage looks one largest block far,
 * checks the block it finds there, and may have to come back).
 */
#define VFT_SOURCE_KEEP (2 * ((16u << 20) + 4096u))

struct vft_source {
	/* Up to @size bytes at @offset; fewer only at the end. Returns the count or a negative
	 * errno; -ESPIPE when an unseekable source no longer holds @offset. */
	int64_t (*read_at)(struct vft_source *source, uint64_t offset, void *buffer, size_t size);
	void (*close)(struct vft_source *source); /* frees the source itself */
	bool seekable;
	uint64_t size_bytes; /* of a seekable source, when it was opened; else 0 */
	void *context;       /* of whoever made the source; libvft leaves it alone */
};

/* Takes @fd over, also on failure. -ENOMEM, -EISDIR, or fstat's errors. */
VFT_MUST_CHECK int vft_source_open_fd(int fd, struct vft_source **ret, struct vft_err *err);
/* Borrows @data until close. -ENOMEM. */
VFT_MUST_CHECK int vft_source_open_memory(const void *data, size_t size, struct vft_source **ret,
					  struct vft_err *err);
void vft_source_close(struct vft_source *source); /* NULL is fine */

struct vft_sink {
	/* Write everything; 0 or a negative errno. After an error how much was written is unknown.
	 * May change the iovecs. */
	int (*writev)(struct vft_sink *sink, struct iovec *iov, int n_iov);
	void (*close)(struct vft_sink *sink); /* frees the sink itself */
	void *context;                        /* of whoever made the sink; libvft leaves it alone */
};

/* Takes @fd over, also on failure. -ENOMEM. */
VFT_MUST_CHECK int vft_sink_open_fd(int fd, struct vft_sink **ret, struct vft_err *err);
/* Grows a buffer. -ENOMEM here and from writev. */
VFT_MUST_CHECK int vft_sink_open_memory(struct vft_sink **ret, struct vft_err *err);
/* The memory sink's bytes, valid until the next write or close. */
const void *vft_sink_memory(const struct vft_sink *sink, size_t *ret_size);
void vft_sink_close(struct vft_sink *sink); /* NULL is fine */

VFT_END_DECLS

#endif
