/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/span.h"

#include <errno.h>

#include "format/block/layout.h"
#include "replay/source/view.h"

static int on_section_end(void *context, const struct rep_section_info *info)
{
	struct rep_span *span = context;
	uint64_t start_ns, end_ns;

	if (!rep_section_realtime(info, info->start_ns, &start_ns) ||
	    !rep_section_realtime(info, info->end_ns, &end_ns))
		return 0;
	if (!span->is_known || start_ns < span->start_epoch_ns)
		span->start_epoch_ns = start_ns;
	if (!span->is_known || end_ns > span->end_epoch_ns)
		span->end_epoch_ns = end_ns;
	span->is_known = true;
	return 0;
}

int rep_span_find(struct vft_source *source, struct rep_span *ret)
{
	/* Clocks are read in any case, and more is not asked for. */
	static const struct rep_part no_rows = {.resume_off = UINT64_MAX, .to_ns = UINT64_MAX};
	struct rep_trace_options options = {.part = &no_rows};
	struct rep_trace_ops ops = {.on_section_end = on_section_end};
	struct rep_trace_total total;
	struct vft_source *view = rep_view_new(source, 0);

	if (!view)
		return -ENOMEM;
	return rep_trace_replay(&view, 1, &options, &ops, ret, &total, NULL);
}
