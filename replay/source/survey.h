/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * survey.h - which recordings an input holds, before it is replayed.
 *
 * Owns: a look at the beginning of each section, found from the input's end by the trailers. Never
 * does: look at rows. Behind a section that was not closed there is no trailer: then those before
 * it are taken for one. Called by: input.c.
 */
#ifndef REP_SURVEY_H
#define REP_SURVEY_H

#include "replay/source/timeline.h"
#include <vft/io.h>

struct rep_survey_section {
	struct rep_boot_id boot;
	uint64_t section_id, begin_ns;
};

/* Sections beyond this many are not looked for. */
#define REP_MAX_SURVEY 4096u

/*
 * In the order of the input, *ret is the caller's to free. None where it cannot seek, or nothing in
 * it is a trace. -ENOMEM.
 */
VFT_MUST_CHECK int rep_survey(struct vft_source *source, struct rep_survey_section **ret,
			      size_t *ret_n);

#endif
