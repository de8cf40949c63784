/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * out.h - where rows go: one buffered descriptor, how it wants them, and how much it may get.
 *
 * Owns: the descriptor and its buffer. Never does: decide what is shown. Called by: table.c, which
 * fills the buffer, and main, which opens it and asks at the end whether everything was written.
 */
#ifndef REP_OUT_H
#define REP_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/print/buf.h"

enum rep_format { REP_TEXT, REP_JSON, REP_NDJSON, REP_CSV };

struct rep_out_options {
	enum rep_format format;
	bool csv_safe;      /* guard fields that a spreadsheet would run */
	bool color;         /* text: SGR sequences of our own */
	bool utf8;          /* text: line drawing and the ellipsis; else ASCII */
	bool ascii_only;    /* nothing else of what others chose: a terminal could obey it */
	unsigned int width; /* text: columns of the terminal; 0 = never cut */
	uint64_t max_bytes; /* 0 = no limit */
};

struct rep_out {
	struct rep_out_options options;
	struct rep_buf buf;
	int fd;          /* -1: bytes stay in buf (tests) */
	uint64_t n_sent; /* bytes written to fd */
	int error;       /* the first one; sticky */
	bool is_full;    /* it is that max_bytes is reached */
	bool json_first; /* no value yet in the innermost JSON object or array */
	size_t styled;   /* text: where in buf the last style ended, 0 = nowhere */
	uint8_t style;   /* which it was */
};

/* Takes @fd over. */
void rep_out_init(struct rep_out *out, int fd, const struct rep_out_options *options);
/* Write what is buffered once it is much. 0, -EFBIG past max_bytes, -ENOMEM, or write's error. */
VFT_MUST_CHECK int rep_out_drain(struct rep_out *out);
/* As if @data were put into the buffer and drained; what is much is not copied. Errors as
 * rep_out_drain. */
VFT_MUST_CHECK int rep_out_send(struct rep_out *out, const char *data, size_t size);
/* Write all of it. Errors as rep_out_drain. */
VFT_MUST_CHECK int rep_out_flush(struct rep_out *out);
/* Flush and close the descriptor: the last errors appear here. Errors as rep_out_drain, or close's.
 */
VFT_MUST_CHECK int rep_out_close(struct rep_out *out);
void rep_out_release(struct rep_out *out);

#endif
