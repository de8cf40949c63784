/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/commands/cmd_events.h"

#include "replay/source/order.h"

static const char help[] =
	"Usage: vfork-report events [OPTIONS] FILE...   what was recorded, by time\n"
	"  vfork-report events --from 1.5s --to 2s t.vft\n"
	"  vfork-report events --pid 4242 t.vft\n"
	"  vfork-report events --ndjson t.vft | jq 'select(.kind == \"exec\")'\n"
	"\n"
	"  --json, --ndjson, --csv, --csv-safe\n"
	"  --from, --to, --pid, --ns, --comm, --exe, --container, --uid: see --help\n"
	"                   --pid also finds the spawn of that child; --exe finds what a\n"
	"                   process did while it ran that file.\n"
	"When a pipe pauses, what has come is printed.\n"
	"JSON has the fields of the event's own kind, CSV a column for each field of any.\n"
	"--json writes \"trace\" and \"losses\" behind \"rows\": they are known at the end.\n"
	"Columns and their meaning: docs/schema.md, or --json-schema.\n";

struct events {
	struct rep_run *run;
	struct rep_table *table;
	struct rep_order order;
	struct rep_select_events select;
	const struct rep_section_info *info;
	struct rep_window window;
	struct rep_event_row row;
	struct rep_origin origin, first;
	struct vft_str note;
	size_t n_sections;
};

static int wants(void *context, const struct vft_event *event)
{
	struct events *self = context;

	int matches = rep_select_event(&self->select, self->info, &self->window, event);

	rep_seen_event(&self->run->seen, self->select.select, event, matches > 0);
	return matches;
}

static int on_event(void *context, const struct vft_event *event)
{
	struct events *self = context;

	uint64_t epoch_ns;

	rep_events_cells(event, self->info->start_ns, &self->row);
	if (self->run->out->options.format == REP_TEXT &&
	    rep_section_realtime(self->info, event->time_ns, &epoch_ns))
		self->row.cells[0].moment.epoch_ns = epoch_ns;
	return rep_table_row_sparse(self->table, self->row.which, self->row.cells, self->row.n);
}

static int on_section(void *context, const struct rep_section_info *info)
{
	struct events *self = context;
	const char *note;

	self->info = info;
	rep_origin_init(&self->origin, info);
	self->origin.file = rep_input_current_of_many(self->run->input);
	if (!self->n_sections++)
		self->first = self->origin;
	note = rep_origin_note(&self->origin, &self->first, &self->note);
	rep_table_note(self->table, note, self->note);
	return 0;
}

static int on_batch(void *context, const struct rep_section_info *info,
		    const struct vft_batch *batch)
{
	struct events *self = context;

	self->window = rep_select_window(&self->run->options->select, info);
	return rep_order_append(&self->order, batch);
}

/* What is wrong with the output is noticed with the next row. */
static void on_pause(void *context)
{
	struct events *self = context;

	if (!self->info || rep_order_flush(&self->order) || rep_table_flush(self->table))
		return;
}

static int on_section_end(void *context, const struct rep_section_info *info)
{
	return rep_order_flush(&((struct events *)context)->order);
}

static int on_episode(void *context, const struct rep_episode *episode)
{
	rep_run_count_finding(((struct events *)context)->run, episode);
	return 0;
}

int rep_events_run(struct rep_run *run, struct vft_err *err)
{
	const struct rep_select *select = &run->options->select;
	struct rep_trace_ops ops = {
		.on_section = on_section, .on_batch = on_batch, .on_section_end = on_section_end};
	struct events self = {.run = run, .select = {.select = select}};
	int result = rep_table_begin(run->out, rep_events_columns, REP_N_EVENTS, &self.table);

	if (result)
		return result;
	/* Cgroup paths and outcomes are the model's; without need of them reading is faster. */
	if (run->options->exit_code || select->containers.n)
		ops.model.on_episode = on_episode;
	self.order = (struct rep_order){.on_event = on_event, .context = &self};
	if (!rep_select_is_empty(select))
		self.order.wants = wants;
	if (!run->options->exit_code) /* which counts what is open anywhere */
		run->input->need = select->exes.n ? REP_NEED_PAST : REP_NEED_LISTS;
	run->input->on_pause = on_pause;
	result = rep_input_replay(run->input, &ops, &self, &run->facts, err);
	if (result)
		rep_table_free(self.table);
	else
		result = rep_table_end(self.table);
	rep_order_release(&self.order);
	rep_select_events_release(&self.select);
	return result;
}

static int run_events(struct rep_run *run, struct vft_err *err)
{
	return rep_stream_rows(run, "events", rep_events_run, err);
}

const struct rep_command rep_cmd_events = {
	.name = "events",
	.help = help,
	.bit = REP_CMD_EVENTS,
	.run = run_events,
};
