/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/commands/cmd_events.h"

#include <errno.h>
#include <stdlib.h>

#include "replay/print/exporter.h"
#include "replay/rows/event_text.h"
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
	const struct rep_exporter *exporter;
	struct rep_event_format *format; /* NULL: rows are made one by one, of cells */
	struct rep_order order;
	struct rep_select_events select;
	bool is_selective;
	const struct rep_section_info *info;
	struct rep_event_row row;
	struct rep_origin origin, first;
	struct vft_str note;
	size_t n_sections;
};

/* What is made of a block. */
struct made {
	struct rep_ranks ranks;
	struct rep_event_text *text;
};

/* On any thread. What is selected is known later, and written then. */
static int make(void *context, uint64_t start_ns, struct rep_block *block)
{
	const struct events *self = context;
	struct made *made = block->made ? block->made : calloc(1, sizeof(*made));
	int r = made ? 0 : -ENOMEM;

	block->made = made;
	if (!r && !self->is_selective)
		r = rep_ranks_init(&made->ranks, block->columns);
	if (!r && self->format)
		r = rep_event_text_make(self->format, block->columns, start_ns,
					self->is_selective ? 0 : UINT32_MAX, &made->text);
	return r;
}

static void free_made(void *block_made)
{
	struct made *made = block_made;

	if (!made)
		return;
	rep_ranks_release(&made->ranks);
	rep_event_text_free(made->text);
	free(made);
}

static int select_rows(struct events *self, const struct rep_block *block, uint64_t kinds)
{
	struct rep_window window = rep_period_window(&self->select.select->period, self->info);
	struct made *made = block->made;
	uint32_t *rows, n = 0;
	int r = rep_ranks_select(&made->ranks, block->columns, &rows);

	for (uint32_t i = 0; r >= 0 && i < block->columns->n_rows; i++) {
		const struct vft_event *event = &block->batch.events[i];

		if (!(kinds >> event->kind & 1))
			continue;
		r = rep_select_event(&self->select, self->info, &window, event);
		rep_seen_event(&self->run->seen, self->select.select, event, r > 0);
		if (r > 0)
			rows[n++] = i;
	}
	if (r >= 0)
		rep_ranks_finish(&made->ranks, block->columns, n);
	return r < 0 ? r : 0;
}

static int put_row(struct events *self, const struct vft_event *event)
{
	uint64_t epoch_ns;

	rep_events_cells(event, self->info->start_ns, &self->row);
	if (self->exporter->has_world_clock &&
	    rep_section_realtime(self->info, event->time_ns, &epoch_ns))
		self->row.cells[0].moment.epoch_ns = epoch_ns;
	return rep_table_row_sparse(self->table, self->row.which, self->row.cells, self->row.n);
}

static int on_rows(void *context, const struct rep_block *block, uint32_t first, uint32_t n)
{
	struct events *self = context;
	const struct made *made = block->made;
	int err = 0;

	if (self->format)
		return rep_event_text_send(self->format, made->text, first, n, self->run->out);
	for (uint32_t i = first; i < first + n && !err; i++)
		err = put_row(self, &block->batch.events[i]);
	return err;
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

static int on_block(void *context, const struct rep_section_info *info, struct rep_block *block,
		    uint64_t kinds)
{
	struct events *self = context;
	const struct made *made = block->made;
	int r = self->is_selective ? select_rows(self, block, kinds) : 0;

	return r < 0 ? r : rep_order_append(&self->order, block, &made->ranks);
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

static int replay(struct events *self, struct vft_err *err)
{
	struct rep_run *run = self->run;
	const struct rep_select *select = self->select.select;
	struct rep_trace_ops ops = {.on_section = on_section,
				    .on_block = on_block,
				    .without_events = self->format && !self->is_selective,
				    .make = make,
				    .free = free_made,
				    .on_section_end = on_section_end};

	/* Cgroup paths and outcomes are the model's; without need of them reading is faster. */
	if (run->options->exit_code || select->containers.n)
		ops.model.on_episode = on_episode;
	if (!run->options->exit_code) /* which counts what is open anywhere */
		run->input->need = select->exes.n ? REP_NEED_PAST : REP_NEED_LISTS;
	run->input->on_pause = on_pause;
	return rep_input_replay(run->input, &ops, self, &run->facts, err);
}

int rep_events_run(struct rep_run *run, struct vft_err *err)
{
	const struct rep_select *select = &run->options->select;
	struct events self = {.run = run,
			      .exporter = rep_exporter_of(run->out),
			      .select = {.select = select},
			      .is_selective = !rep_select_is_empty(select),
			      .order = {.on_rows = on_rows, .context = &self}};
	int result = rep_event_format_new(run->out, &self.format);

	if (!result)
		result = rep_table_begin(run->out, rep_events_columns, REP_N_EVENTS, &self.table);
	if (!result)
		result = replay(&self, err);
	if (result || run->input->has_failed)
		rep_table_free(self.table);
	else
		result = rep_table_end(self.table);
	rep_order_release(&self.order);
	rep_select_events_release(&self.select);
	rep_event_format_free(self.format);
	return result;
}

static int run_events(struct rep_run *run, struct vft_err *err)
{
	return rep_stream_rows(run, "events", rep_events_run, err);
}

const struct rep_command rep_cmd_events = {
	.name = "events",
	.title = "what was recorded, raw",
	.help = help,
	.traits = REP_CMD_CSV | REP_CMD_SELECT | REP_CMD_TABLES,
	.run = run_events,
};
