/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/rows/envelope.h"

#include "replay/print/json.h"
#include "replay/rows/rows.h"

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
