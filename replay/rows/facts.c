/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/rows/facts.h"

#include <errno.h>
#include <stdlib.h>

#include "replay/base/saturate.h"
#include "replay/rows/rows.h"
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

void rep_envelope_open(struct rep_out *out, const char *command)
{
	rep_json_open(out, NULL, '{');
	rep_json_value(out, "schema_version", REP_CELL_UINT, REP_UINT(REP_SCHEMA_VERSION));
	rep_json_value(out, "command", REP_CELL_WORD, REP_WORD(command));
}

static void trace_object(struct rep_out *out, const struct rep_facts *facts)
{
	rep_json_open(out, "trace", '{');
	rep_json_value(out, "host", REP_CELL_BYTES, REP_BYTES(rep_str_get(facts->host)));
	rep_json_value(out, "kernel", REP_CELL_BYTES, REP_BYTES(rep_str_get(facts->kernel)));
	rep_json_value(out, "arch", REP_CELL_BYTES, REP_BYTES(rep_str_get(facts->arch)));
	rep_json_value(out, "boot_id", REP_CELL_BYTES, REP_BYTES(rep_str_get(facts->boot_id)));
	rep_json_value(out, "start", REP_CELL_TIME,
		       facts->has_start ? REP_UINT(facts->start_epoch_ns) : REP_NULL);
	rep_json_value(out, "duration_ns", REP_CELL_UINT, REP_UINT(facts->duration_ns));
	rep_json_value(out, "events", REP_CELL_UINT, REP_UINT(facts->n_events));
	rep_json_value(out, "clean_end", REP_CELL_BOOL, REP_BOOL(facts->clean_end));
	rep_json_value(out, "filters", REP_CELL_BYTES, REP_BYTES(rep_str_get(facts->filters)));
	if (facts->notes)
		rep_json_value(out, "notes", REP_CELL_ARGV, REP_BYTES(rep_str_get(facts->notes)));
	rep_json_value(out, "sections", REP_CELL_UINT, REP_UINT(facts->n_sections));
	rep_json_value(out, "list_pidns", REP_CELL_UINT,
		       facts->list_is_partial ? REP_UINT(facts->list_pidns) : REP_NULL);
	rep_json_close(out, '}');
}

static void losses_object(struct rep_out *out, const struct rep_facts *facts)
{
	rep_json_open(out, "losses", '{');
	rep_json_value(out, "events", REP_CELL_UINT, REP_UINT(facts->n_lost));
	rep_json_open(out, "windows", '[');
	for (size_t i = 0; i < facts->n_windows; i++) {
		const struct rep_window_row *w = &facts->windows[i];
		const char *cause = w->cause ? vft_cause_name(w->cause) : "file";

		rep_json_open(out, NULL, '{');
		rep_json_value(out, "cpu", REP_CELL_UINT,
			       w->cpu == VFT_CPU_NONE ? REP_NULL : REP_UINT(w->cpu));
		rep_json_value(out, "cause", REP_CELL_WORD, REP_WORD(cause));
		/* 0 stands for bytes that are gone with an unknown number of events. */
		rep_json_value(out, "count", REP_CELL_UINT,
			       w->count ? REP_UINT(w->count) : REP_NULL);
		rep_json_value(out, "from_ns", REP_CELL_INT, REP_INT(w->from_ns));
		rep_json_value(out, "to_ns", REP_CELL_INT,
			       w->to_ns == INT64_MAX ? REP_NULL : REP_INT(w->to_ns));
		rep_json_close(out, '}');
	}
	rep_json_close(out, ']');
	rep_json_value(out, "missing_blocks", REP_CELL_UINT, REP_UINT(facts->n_missing_blocks));
	if (facts->n_more_windows)
		rep_json_value(out, "more_windows", REP_CELL_UINT, REP_UINT(facts->n_more_windows));
	rep_json_close(out, '}');
}

void rep_envelope_facts(struct rep_out *out, const struct rep_facts *facts)
{
	trace_object(out, facts);
	losses_object(out, facts);
}

void rep_envelope_close(struct rep_out *out)
{
	rep_json_close(out, '}');
	rep_json_end(out);
}
