/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/commands/cmd.h"

#include <errno.h>

#include "replay/commands/cmd_events.h"
#include "replay/rows/top.h"

static const char help[] =
	"Usage: vfork-report vforks [OPTIONS] FILE...   one row per vfork\n"
	"  vfork-report vforks --outcome open,unknown t.vft    those without a known end\n"
	"  vfork-report vforks --min 100ms --sort blocked t.vft\n"
	"  vfork-report vforks --comm java --json t.vft | jq '.rows[].exec_path'\n"
	"\n"
	"  --min DUR        only those that held their parent at least so long; one of\n"
	"                   which that is not known is kept: selected=maybe\n"
	"  --outcome LIST   only these: exec,exec_died,exec_failed,exit,killed,\n"
	"                   parent_killed,open,unknown\n"
	"  --sort KEY       start (default) or blocked: longest first\n"
	"  --limit N, -n N  no more than N rows\n"
	"  --json, --ndjson, --csv, --csv-safe\n"
	"  --from, --to, --pid, --ns, --comm, --exe, --container, --uid: see --help\n"
	"                   A vfork is in the time window if any part of its wait is.\n"
	"When a pipe pauses, what has ended is printed; not with --limit or --json.\n"
	"  --exit-code      status 1 when one of the selected is open or unknown\n"
	"Columns and their meaning: docs/schema.md, or --json-schema.\n";

struct vforks {
	struct rep_run *run;
	const struct rep_section_info *info;
	const struct rep_origin *origin, *first;
	struct rep_origins origins;
	struct rep_top top;
	struct rep_table *table; /* NULL: nothing has been printed */
};

static int on_section(void *context, const struct rep_section_info *info)
{
	struct vforks *self = context;

	self->info = info;
	self->origins.file = rep_input_current_of_many(self->run->input);
	self->origin = rep_origins_append(&self->origins, info);
	if (!self->first)
		self->first = self->origin;
	return self->origin ? 0 : -ENOMEM;
}

static enum rep_match is_shown(const struct rep_options *options, const struct rep_episode *episode)
{
	if (options->outcomes && !(options->outcomes & 1u << episode->outcome))
		return REP_MATCH_NO;
	return options->has_min ? rep_match_min(episode, options->min_ns) : REP_MATCH_YES;
}

static int on_episode(void *context, const struct rep_episode *episode)
{
	struct vforks *self = context;
	const struct rep_options *options = self->run->options;
	struct rep_vfork vfork;
	int err = 0;

	rep_vfork_init(&vfork, self->info, self->origin, episode);
	vfork.match = rep_select_vfork(&options->select, self->info, &vfork);
	if (vfork.match) {
		rep_run_count_finding(self->run, episode);
		vfork.match = rep_match_both(vfork.match, is_shown(options, episode));
	}
	rep_seen_vfork(&self->run->seen, &options->select, &vfork, vfork.match);
	if (vfork.match)
		err = rep_top_append(&self->top, &vfork);
	return err;
}

/* Hand out what is kept, in its order. */
static int fill(struct vforks *self)
{
	struct rep_cell cells[REP_N_VFORKS];
	struct rep_scratch scratch;
	int err = 0;

	if (!self->table)
		err = rep_table_begin(self->run->out, rep_vforks_columns, REP_N_VFORKS,
				      &self->table);
	rep_top_sort(&self->top);
	for (size_t i = 0; i < self->top.n_rows && !err; i++) {
		struct vft_str from;
		const char *note = rep_origin_note(self->top.rows[i].origin, self->first, &from);

		rep_vforks_cells(&self->top.rows[i], &scratch, cells);
		rep_table_note(self->table, note, from);
		err = rep_table_row(self->table, cells);
	}
	rep_top_release(&self->top);
	return err;
}

/* Rows of a live trace: in order within what came at once. */
static void on_pause(void *context)
{
	struct vforks *self = context;

	if (!self->info || !self->top.n_rows || fill(self) || rep_table_flush(self->table))
		return; /* noticed with the next row */
}

static int fill_all(struct vforks *self)
{
	struct rep_out *out = self->run->out;
	bool json = out->options.format == REP_JSON;
	int err;

	if (json) {
		rep_envelope_open(out, "vforks");
		rep_envelope_facts(out, &self->run->facts);
		rep_json_open(out, "rows", '[');
	}
	err = fill(self);
	if (err)
		return err;
	err = rep_table_end(self->table);
	self->table = NULL;
	if (json && !err) {
		rep_json_close(out, ']');
		rep_envelope_close(out);
	}
	return err;
}

static int run_vforks(struct rep_run *run, struct vft_err *err)
{
	static const struct rep_trace_ops ops = {.model = {.on_episode = on_episode},
						 .on_section = on_section};
	const struct rep_options *options = run->options;
	struct vforks self = {.run = run};
	int result;

	self.top.by = options->sort == REP_SORT_BLOCKED ? REP_BY_BLOCKED : REP_BY_START;
	self.top.limit =
		options->has_limit && options->limit < SIZE_MAX ? (size_t)options->limit : SIZE_MAX;
	run->input->need = REP_NEED_PAST;
	/* Which are the longest or the first, and what JSON begins with, is known at the end. */
	if (self.top.by == REP_BY_START && !options->has_limit &&
	    run->out->options.format != REP_JSON)
		run->input->on_pause = on_pause;
	result = rep_input_replay(run->input, &ops, &self, &run->facts, err);
	if (!result && run->input->n_read)
		result = fill_all(&self);
	rep_table_free(self.table);
	rep_top_release(&self.top);
	rep_origins_release(&self.origins);
	return result;
}

const struct rep_command rep_cmd_vforks = {
	.name = "vforks",
	.title = "one row per vfork",
	.help = help,
	.traits = REP_CMD_CSV | REP_CMD_SELECT | REP_CMD_TABLES | REP_CMD_EPISODES,
	.run = run_vforks,
};
