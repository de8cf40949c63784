/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify.h - checks every byte of a trace and says what is damaged and what is recoverable.
 *
 * Owns: nothing. Never does: printing. Called by: vfork-report verify, tests.
 */
#ifndef VFT_VERIFY_H
#define VFT_VERIFY_H

#include <vft/reader.h>

VFT_BEGIN_DECLS

struct vft_damage {
	uint64_t offset, length;
	const char *what; /* static text, our own words */
	bool is_notice;   /* not closed cleanly, unusable index: nothing was lost by it */
};

/* May grow at its end: see size in err.h. */
struct vft_verify {
	size_t size; /* sizeof(struct vft_verify), set by the caller */
	bool ok;     /* no damage other than notices */
	uint64_t n_blocks, n_events;
	uint64_t n_recovered_events; /* those that stand behind the first damage */
};

/*
 * Takes @source over. Calls @on_damage for each finding in file order; a negative return from it
 * stops and is returned. Also checks what a plain reader does not need: padding, the index against
 * the blocks, END's totals, the trailer. Errors as vft_reader_open and vft_reader_next;
 * -EINVAL for a size of @ret that is too small. Of a larger one the rest becomes zero.
 */
VFT_MUST_CHECK int vft_verify(struct vft_source *source, const struct vft_limits *limits,
			      int (*on_damage)(void *context, const struct vft_damage *damage),
			      void *context, struct vft_verify *ret, struct vft_err *err);

VFT_END_DECLS

#endif
