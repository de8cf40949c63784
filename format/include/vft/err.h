/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * err.h - how libvft says what went wrong.
 *
 * Functions return 0 (or a documented positive value) or a negative errno. Boundary calls also fill
 * a caller-owned struct vft_err; it is left untouched on success. Three codes have a fixed meaning:
 * -EBADMSG corrupt input, -ENODATA truncated input, -EOPNOTSUPP input from a newer version.
 *
 * Structs that may grow begin with their size, which the caller sets to sizeof. A library that is
 * newer takes what is not there for zero; an older one refuses what it does not know with -E2BIG,
 * unless that is zero. A size that is too small for the first version of a struct is -EINVAL.
 */
#ifndef VFT_BASE_ERR_H
#define VFT_BASE_ERR_H

#include <stdint.h>

#ifdef __cplusplus
#define VFT_BEGIN_DECLS extern "C" {
#define VFT_END_DECLS   }
#else
#define VFT_BEGIN_DECLS
#define VFT_END_DECLS
#endif

#define VFT_MUST_CHECK   __attribute__((warn_unused_result))
#define VFT_PRINTF(f, a) __attribute__((format(printf, f, a)))

VFT_BEGIN_DECLS

struct vft_err {
	int code;          /* negative errno, as returned */
	uint64_t offset;   /* byte position in the input or output, 0 where none applies */
	char message[192]; /* one line, no newline, no escape needed: our own words only */
};

/*
 * Fill @err (may be NULL) and return @code, so that "return vft_fail(err, -EBADMSG, off, ...)"
 * reads as one statement. The message never contains bytes taken from a file.
 */
int vft_fail(struct vft_err *err, int code, uint64_t offset, const char *fmt, ...) VFT_PRINTF(4, 5);

VFT_END_DECLS

#endif
