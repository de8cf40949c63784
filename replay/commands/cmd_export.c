/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/commands/cmd_events.h"

#include "replay/print/exporter.h"

static const char help[] =
	"Usage: vfork-report export --format FORMAT [OPTIONS] FILE...   a whole table\n"
	"  vfork-report export --format csv --table processes -o processes.csv t.vft\n"
	"  vfork-report export --format ndjson --table events t.vft | zstd > events.zst\n"
	"  vfork-record -o - -- make | vfork-report export --format json -\n"
	"\n"
	"  --format csv|ndjson|json\n"
	"  --table vforks|processes|events   default vforks\n"
	"  --output FILE, -o FILE            default stdout; replaced if it exists\n"
	"  --csv-safe                        guard fields that a spreadsheet would run\n"
	"  --max-output SIZE                 stop there; default 1G, or 1000 times the\n"
	"                                    input if that is more\n"
	"  --from, --to, --pid, --ns, --comm, --exe, --container, --uid: see --help\n"
	"Rows are written while the trace is read, whatever its size: vforks, processes\n"
	"in the order in which they ended, events in order of time; in JSON \"trace\" and\n"
	"\"losses\" stand behind \"rows\". Columns: docs/schema.md, or --json-schema.\n";

struct export
{
	struct rep_run *run;
	struct rep_table *table;
	const struct rep_section_info *info;
	struct rep_origin origin;
	struct rep_scratch scratch;
};

void rep_run_count_finding(struct rep_run *run, const struct rep_episode *episode)
{
	run->n_findings +=
		episode->outcome == REP_OUTCOME_OPEN || episode->outcome == REP_OUTCOME_UNKNOWN;
}

int rep_stream_rows(struct rep_run *run, const char *command, rep_fill_fn *fill,
		    struct vft_err *err)
{
	struct rep_out *out = run->out;
	bool is_document = rep_exporter_of(out)->is_document;
	int result;

	if (is_document) {
		rep_envelope_open(out, command);
		rep_json_open(out, "rows", '[');
	}
	result = fill(run, err);
	if (result)
		return result;
	if (!run->input->n_read) {
		out->buf.size = 0;
		return 0;
	}
	if (is_document) {
		rep_json_close(out, ']');
		rep_envelope_facts(out, &run->facts);
		rep_envelope_close(out);
	}
	return 0;
}

static int on_section(void *context, const struct rep_section_info *info)
{
	struct export *self = context;

	self->info = info;
	rep_origin_init(&self->origin, info);
	return 0;
}

static int on_episode_row(void *context, const struct rep_episode *episode)
{
	struct export *self = context;
	const struct rep_select *select = &self->run->options->select;
	struct rep_cell cells[REP_N_VFORKS];
	struct rep_vfork vfork;
	int err = 0;

	rep_vfork_init(&vfork, self->info, &self->origin, episode);
	vfork.match = rep_select_vfork(select, self->info, &vfork);
	rep_seen_vfork(&self->run->seen, select, &vfork, vfork.match);
	if (vfork.match) {
		rep_run_count_finding(self->run, episode);
		rep_vforks_cells(&vfork, &self->scratch, cells);
		err = rep_table_row(self->table, cells);
	}
	return err;
}

static int on_episode_count(void *context, const struct rep_episode *episode)
{
	rep_run_count_finding(((struct export *)context)->run, episode);
	return 0;
}

static int on_process_row(void *context, const struct rep_process *process)
{
	struct export *self = context;
	const struct rep_select *select = &self->run->options->select;
	struct rep_cell cells[REP_N_PROCESSES];
	enum rep_match match = rep_select_process(select, self->info, process);

	rep_seen_process(&self->run->seen, select, self->info, process, match);
	if (!match)
		return 0;
	rep_processes_cells(self->info, &self->origin, process, match, &self->scratch, cells);
	return rep_table_row(self->table, cells);
}

static void on_pause(void *context)
{
	struct export *self = context;

	if (self->info && rep_table_flush(self->table))
		return; /* noticed with the next row */
}

static int fill_model(struct rep_run *run, struct vft_err *err)
{
	const struct rep_table_info *table = run->options->table;
	bool vforks = table->columns == rep_vforks_columns;
	struct rep_trace_ops ops = {.on_section = on_section};
	struct export self = {.run = run};
	int result = rep_table_begin(run->out, table->columns, table->n_columns, &self.table);

	if (result)
		return result;
	ops.model.on_episode = vforks ? on_episode_row : on_episode_count;
	ops.model.on_process = vforks ? NULL : on_process_row;
	run->input->on_pause = on_pause;
	result = rep_input_replay(run->input, &ops, &self, &run->facts, err);
	if (!result && !run->input->has_failed)
		return rep_table_end(self.table);
	rep_table_free(self.table);
	return result;
}

static int run_export(struct rep_run *run, struct vft_err *err)
{
	bool events = run->options->table->columns == rep_events_columns;

	return rep_stream_rows(run, "export", events ? rep_events_run : fill_model, err);
}

const struct rep_command rep_cmd_export = {
	.name = "export",
	.title = "a table as csv, ndjson or json",
	.help = help,
	.traits = REP_CMD_CSV | REP_CMD_SELECT | REP_CMD_TABLES | REP_CMD_EXPORT,
	.run = run_export,
};
