/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h - reads traces from end to end and hands out what is in them.
 *
 * Owns: the readers, the model they feed, and what is in each section (section.h).
 * Never does: open files, print, choose what is shown. Called by: the commands.
 */
#ifndef REP_TRACE_H
#define REP_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replay/source/flow.h"
#include "replay/source/section.h"
#include "replay/source/timeline.h"
#include <vft/io.h>
#include "replay/model/model.h"
#include <vft/reader.h>
#include "format/block/meta.h"

/* Over all inputs. */
struct rep_trace_total {
	size_t n_sections;
	uint64_t n_events, n_blocks, size_bytes, n_lost, n_missing_blocks, n_gaps, gap_bytes;
	uint64_t n_losses;         /* rep_loss windows */
	uint64_t n_unknown_blocks; /* of a later version, and not marked as ignorable */
	bool clean_end;            /* every section has its END */
	bool damaged;              /* an input is damaged, cut or not a trace: exit status 3 */
	bool incomplete;           /* lost events or !clean_end: exit status 4 under --strict */
	struct vft_err
		err; /* of the first input that could not be opened or read on; code 0 = none */
	size_t err_source; /* which one */
};

/*
 * Callbacks, in the order of the file; any may be NULL. A negative return stops the replay and is
 * returned. Within a section: on_section (its META is known, or missing, and its first clock, if
 * that stands before all other rows), then on_block, on_gap and
 * model's in any order, then on_section_end.
 */
struct rep_trace_ops {
	/*
	 * Both NULL: processes and episodes are not rebuilt, which is faster. And no on_block: rows
	 * are counted, not decoded; what is wrong inside an intact block is not noticed then.
	 */
	struct rep_model_ops model;
	int (*on_section)(void *context, const struct rep_section_info *info);
	/*
	 * Called after the model has seen it, with those rows left out of which @kinds has no bit.
	 * rep_block_acquire to keep it.
	 */
	int (*on_block)(void *context, const struct rep_section_info *info, struct rep_block *block,
			uint64_t kinds);
	bool without_events; /* on_block looks at columns alone */
	/* Before on_block; may be NULL. On any thread, see struct rep_work: what @context points to
	 * must not change from on_section on. */
	int (*make)(void *context, uint64_t start_ns, struct rep_block *block);
	void (*free)(void *made);
	/* Not for VFT_GAP_NOT_CLOSED, which clean_end says. */
	int (*on_gap)(void *context, const struct rep_section_info *info, uint64_t offset,
		      uint64_t size_bytes, const struct vft_gap *gap);
	/* After the model has given every process and episode of the section. */
	int (*on_section_end)(void *context, const struct rep_section_info *info);
};

/* Rows that are left out, by whole blocks and by the index, where it can be followed. */
struct rep_part {
	uint64_t kept;       /* bit n: rows of kind n are not left out; clocks never are */
	uint64_t resume_off; /* rows before this place in the input; 0 = none */
	/* Rows after this time, once no episode of before is open. CLOCK_BOOTTIME; UINT64_MAX =
	 * none. */
	uint64_t to_ns;
};

struct rep_trace_options {
	const struct vft_limits *limits; /* NULL = the reader's own */
	size_t max_live;                 /* live processes and open episodes; 0 = REP_MAX_LIVE */
	const struct rep_part *part;     /* NULL = everything is read */
	struct rep_flow *flow;           /* NULL = one without threads, for this call */
	struct rep_timeline *timeline;   /* NULL = each section's own zero */
	/*
	 * Where memory, or max_live, is not enough, the rest of the input is left out and said in
	 * ret->err; what was read is told as far as memory allows, and none of it as certain.
	 */
	bool ends_at_limits;
};

/*
 * Read @n sources, which are taken over and closed, also on failure. An input that cannot be opened
 * or read on is said in ret->err (the first one) and ret->damaged, the others are still read.
 * 0 then too. @ret (not NULL) is filled on failure as well, as far as reading came. Negative:
 * -ENOMEM, -E2BIG (too many live processes; @err says so), or a callback's error.
 */
VFT_MUST_CHECK int rep_trace_replay(struct vft_source **sources, size_t n,
				    const struct rep_trace_options *options,
				    const struct rep_trace_ops *ops, void *context,
				    struct rep_trace_total *ret, struct vft_err *err);

#endif
