/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/facts.h"

#include <errno.h>
#include <stdlib.h>

#include "replay/base/saturate.h"
#include "format/block/meta.h"

static int keep(struct rep_str **slot, struct vft_str text)
{
	if (!text.data)
		return 0;
	*slot = rep_str_new(&text);
	return *slot ? 0 : -ENOMEM;
}

static int first_section(struct rep_facts *facts, const struct rep_section_info *info)
{
	const struct vft_meta *meta = &info->meta;
	int err = keep(&facts->host, meta->hostname);

	if (!err)
		err = keep(&facts->kernel, meta->kernel);
	if (!err)
		err = keep(&facts->arch, meta->arch);
	if (!err)
		err = keep(&facts->boot_id, meta->boot_id);
	if (!err)
		err = keep(&facts->filters, meta->filters);
	if (!err)
		err = keep(&facts->notes, meta->notes);
	facts->has_start = rep_section_realtime(info, info->start_ns, &facts->start_epoch_ns);
	facts->clean_end = true;
	return err;
}

static int append_windows(struct rep_facts *facts, const struct rep_section_info *info)
{
	size_t room = REP_MAX_WINDOWS - facts->n_windows;
	size_t n = info->n_losses < room ? info->n_losses : room;
	struct rep_window_row *windows;

	facts->n_more_windows += info->n_losses - n;
	if (!n)
		return 0;
	windows = reallocarray(facts->windows, facts->n_windows + n, sizeof(*windows));
	if (!windows)
		return -ENOMEM;
	facts->windows = windows;
	for (size_t i = 0; i < n; i++) {
		const struct rep_loss *loss = &info->losses[i];

		windows[facts->n_windows++] = (struct rep_window_row){
			.cause = loss->cause,
			.cpu = loss->cpu,
			.count = loss->count,
			.from_ns = rep_section_relative(info, loss->from_ns),
			.to_ns = loss->to_ns == UINT64_MAX
					 ? INT64_MAX
					 : rep_section_relative(info, loss->to_ns),
		};
	}
	return 0;
}

/* With a filter, whoever matches it is in the recorder's own namespace or below. */
static void take_coverage(struct rep_facts *facts, const struct vft_meta *meta)
{
	if (facts->list_is_partial || !rep_model_list_is_partial(meta) ||
	    (meta->has & VFT_HAS_FILTER))
		return;
	facts->list_is_partial = true;
	facts->list_pidns = (uint32_t)(meta->list_pidns ? meta->list_pidns : meta->pidns);
}

bool rep_facts_are_incomplete(const struct rep_facts *facts)
{
	return facts->n_lost || facts->n_windows || facts->n_more_windows ||
	       facts->n_missing_blocks || facts->n_gaps;
}

int rep_facts_append(struct rep_facts *facts, const struct rep_section_info *info)
{
	int64_t end_ns = rep_section_relative(info, info->end_ns);

	if (!facts->n_sections++) {
		int err = first_section(facts, info);

		if (err)
			return err;
	}
	if (end_ns > 0 && (uint64_t)end_ns > facts->duration_ns)
		facts->duration_ns = (uint64_t)end_ns;
	facts->n_events += info->n_events;
	facts->clean_end &= info->clean_end;
	facts->n_lost = rep_add(facts->n_lost, info->n_lost);
	facts->n_missing_blocks = rep_add(facts->n_missing_blocks, info->n_missing_blocks);
	facts->n_gaps += info->n_gaps;
	facts->gap_bytes += info->gap_bytes;
	facts->has |= info->meta.has;
	take_coverage(facts, &info->meta);
	return append_windows(facts, info);
}

void rep_facts_release(struct rep_facts *facts)
{
	rep_str_release(facts->host);
	rep_str_release(facts->kernel);
	rep_str_release(facts->arch);
	rep_str_release(facts->boot_id);
	rep_str_release(facts->filters);
	rep_str_release(facts->notes);
	free(facts->windows);
	*facts = (struct rep_facts){0};
}
