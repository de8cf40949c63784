/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>

#include "replay/commands/cmd.h"
#include "replay/commands/cmd_events.h"
#include "replay/base/latency.h"
#include "replay/commands/summary_text.h"

/* Below this all is read as fast. */
#define EARLY_BYTES   (8u << 20)
/* Up to this much command lines are kept. */
#define COMMAND_BYTES (4u << 20)

static const char help[] =
	"Usage: vfork-report [summary] [OPTIONS] FILE...   verdict first, in 25 lines\n"
	"  vfork-report t.vft\n"
	"  vfork-report summary --container 4c01db0b339c --from 10s t.vft\n"
	"  vfork-report --exit-code -q t.vft || page-somebody\n"
	"  vfork-report summary --json t.vft | jq .blocked_ns.p99\n"
	"\n"
	"Prints: is a parent held now, and by whom; what was lost; how many vforks had\n"
	"which outcome; who was held longest; which are open; how the times are spread.\n"
	"  --json           one object: trace, losses, outcomes, episodes, processes,\n"
	"                   never_execed, worst, open, may_be_open, blocked_ns (p50, p90,\n"
	"                   p99, max, total; of open ones the time so far)\n"
	"  --from, --to, --pid, --ns, --comm, --exe, --container, --uid: see --help\n"
	"  --exit-code      status 1 when a vfork is open or its end unknown\n"
	"  --strict         status 4 when events were lost or the trace was not closed\n"
	"Under loss a count is a range: what was seen, and that plus all that was lost.\n";

static int on_section(void *context, const struct rep_section_info *info)
{
	struct rep_summary *self = context;

	self->info = info;
	self->origins.file = rep_input_current_of_many(self->run->input);
	self->origin = rep_origins_append(&self->origins, info);
	if (!self->first)
		self->first = self->origin;
	return self->origin ? 0 : -ENOMEM;
}

static int take_open(struct rep_summary *self, const struct rep_vfork *vfork)
{
	const struct rep_episode *episode = &vfork->episode;

	self->outcomes[REP_OUTCOME_OPEN]++;
	self->n_stuck += episode->has_blocked && episode->blocked_ns >= REP_STUCK_NS;
	/* Who waits behind another is told with that one, unless it is left out. */
	if (!episode->n_inside || !rep_select_is_empty(&self->run->options->select)) {
		int err = rep_top_append(&self->holders, vfork);

		if (err)
			return err;
	}
	return rep_top_append(&self->open, vfork);
}

static int take_ended(struct rep_summary *self, const struct rep_vfork *vfork)
{
	const struct rep_episode *episode = &vfork->episode;

	self->outcomes[episode->outcome]++;
	if (!episode->may_be_open)
		return rep_top_append(&self->ended, vfork);
	self->n_may_be_open++;
	self->n_may_be_stuck += episode->open_ns >= REP_STUCK_NS;
	return rep_top_append(&self->may_be_open, vfork);
}

static int take_episode(struct rep_summary *self, const struct rep_vfork *vfork)
{
	const struct rep_episode *episode = &vfork->episode;
	int err;

	self->n_episodes++;
	self->n_maybe_selected += vfork->match == REP_MATCH_MAYBE;
	rep_run_count_finding(self->run, episode);
	if (episode->has_blocked) {
		err = rep_latency_append(&self->latency, episode->blocked_ns);
		if (err)
			return err;
	}
	err = episode->outcome == REP_OUTCOME_OPEN ? take_open(self, vfork)
						   : take_ended(self, vfork);
	return err ? err : rep_top_append(&self->worst, vfork);
}

/*
 * Of a long trace the name must do, since a quarter of the time would go into arguments. By what
 * has been read, so that a pipe says what the file says.
 */
static void set_command(const struct rep_summary *self, struct rep_vfork *vfork)
{
	const struct rep_process *parent = rep_model_find(self->info->model, vfork->episode.parent);

	if (parent && self->n_bytes + self->info->size_bytes < COMMAND_BYTES &&
	    self->run->input->size_bytes < COMMAND_BYTES)
		vfork->parent_argv = parent->argv;
}

static int on_section_end(void *context, const struct rep_section_info *info)
{
	((struct rep_summary *)context)->n_bytes += info->size_bytes;
	return 0;
}

static int on_episode(void *context, const struct rep_episode *episode)
{
	struct rep_summary *self = context;
	const struct rep_select *select = &self->run->options->select;
	struct rep_vfork vfork;
	int err = 0;

	rep_vfork_init(&vfork, self->info, self->origin, episode);
	vfork.match = rep_select_vfork(select, self->info, &vfork);
	rep_seen_vfork(&self->run->seen, select, &vfork, vfork.match);
	if (vfork.match && (episode->outcome == REP_OUTCOME_OPEN || episode->may_be_open))
		set_command(self, &vfork);
	if (vfork.match)
		err = take_episode(self, &vfork);
	return err;
}

/* What happens outside of the window does not count: it may not even be read. */
static bool is_never_execed(const struct rep_summary *self, const struct rep_process *process)
{
	struct rep_window window;

	if (process->spawn != REP_SPAWN_FORK && process->spawn != REP_SPAWN_CLONE)
		return false;
	window = rep_period_window(&self->run->options->select.period, self->info);
	/* What ended unseen, or may have exec'd unseen, is not said to have done neither. */
	return process->start_ns >= window.from_ns && !process->vanished &&
	       (process->exec_ns ? process->exec_ns > window.to_ns : !process->execed) &&
	       (!process->end_ns || process->end_ns > window.to_ns);
}

static int on_process(void *context, const struct rep_process *process)
{
	struct rep_summary *self = context;
	const struct rep_select *select = &self->run->options->select;
	enum rep_match match = rep_select_process(select, self->info, process);

	rep_seen_process(&self->run->seen, select, self->info, process, match);
	if (!match)
		return 0;
	self->n_processes++;
	self->n_never_execed += is_never_execed(self, process);
	return 0;
}

static int fill_rows(struct rep_out *out, const char *key, const struct rep_top *top)
{
	struct rep_cell cells[REP_N_VFORKS];
	struct rep_scratch scratch;
	struct rep_table *table;
	int err = rep_table_begin(out, rep_vforks_columns, REP_N_VFORKS, &table);

	if (err)
		return err;
	rep_json_open(out, key, '[');
	for (size_t i = 0; i < top->n_rows && !err; i++) {
		rep_vforks_cells(&top->rows[i], &scratch, cells);
		err = rep_table_row(table, cells);
	}
	rep_json_close(out, ']');
	rep_table_free(table);
	return err;
}

static int fill_json(struct rep_summary *self)
{
	static const struct {
		const char *name;
		unsigned int percent;
	} percentiles[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}};
	struct rep_out *out = self->run->out;
	bool any = self->latency.n > 0;
	int err;

	out->options.format = REP_JSON;
	rep_envelope_open(out, "summary");
	rep_envelope_facts(out, &self->run->facts);
	rep_json_open(out, "outcomes", '{');
	for (unsigned int i = 0; i < REP_N_OUTCOMES; i++)
		rep_json_value(out, rep_words_outcome[i], REP_CELL_UINT,
			       REP_UINT(self->outcomes[i]));
	rep_json_close(out, '}');
	rep_json_value(out, "episodes", REP_CELL_UINT, REP_UINT(self->n_episodes));
	rep_json_value(out, "processes", REP_CELL_UINT, REP_UINT(self->n_processes));
	rep_json_value(out, "never_execed", REP_CELL_UINT, REP_UINT(self->n_never_execed));
	err = fill_rows(out, "worst", &self->worst);
	if (!err)
		err = fill_rows(out, "open", &self->open);
	if (!err)
		err = fill_rows(out, "may_be_open", &self->may_be_open);
	rep_json_open(out, "blocked_ns", '{');
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t ns = rep_latency_percentile(&self->latency, percentiles[i].percent);

		rep_json_value(out, percentiles[i].name, REP_CELL_UINT,
			       any ? REP_UINT(ns) : REP_NULL);
	}
	rep_json_value(out, "max", REP_CELL_UINT, any ? REP_UINT(self->latency.max_ns) : REP_NULL);
	rep_json_value(out, "total", REP_CELL_UINT, REP_UINT(self->latency.total_ns));
	rep_json_close(out, '}');
	rep_envelope_close(out);
	return err ? err : rep_out_drain(out);
}

static int on_early_episode(void *context, const struct rep_episode *episode)
{
	struct rep_summary *self = context;
	struct rep_vfork vfork;

	if (episode->outcome != REP_OUTCOME_OPEN)
		return 0;
	rep_vfork_init(&vfork, self->info, self->origin, episode);
	return take_open(self, &vfork);
}

/*
 * Of a long trace the end is looked at first: who is held there can be told at once. That nobody
 * is cannot, since that line counts all that ended.
 */
static int tell_early(struct rep_summary *self)
{
	static const struct rep_trace_ops ops = {
		.model = {.on_episode = on_early_episode, .without_argv = true},
		.on_section = on_section};
	struct rep_run *run = self->run;
	struct rep_summary early = {.run = run,
				    .open = {.by = REP_BY_BLOCKED, .limit = REP_SUMMARY_ROWS},
				    .holders = {.by = REP_BY_CHAIN, .limit = REP_SUMMARY_OPEN}};
	int result = 0;

	if (run->out->options.format == REP_TEXT && run->input->size_bytes >= EARLY_BYTES &&
	    rep_select_is_empty(&run->options->select) &&
	    rep_input_replay_end(run->input, &ops, &early) && early.open.n_rows) {
		rep_top_sort(&early.open);
		rep_summary_health(&early);
		rep_buf_bytes(&self->told, run->out->buf.data, run->out->buf.size);
		result = rep_buf_error(&self->told);
		if (!result)
			result = rep_out_flush(run->out);
	}
	rep_top_release(&early.open);
	rep_top_release(&early.holders);
	rep_origins_release(&early.origins);
	return result;
}

static int run_summary(struct rep_run *run, struct vft_err *err)
{
	const struct rep_trace_ops ops = {
		.model = {.on_episode = on_episode,
			  .on_process = on_process,
			  .without_argv = run->input->size_bytes >= COMMAND_BYTES},
		.on_section = on_section,
		.on_section_end = on_section_end};
	struct rep_summary self = {.run = run,
				   .worst = {.by = REP_BY_BLOCKED, .limit = REP_SUMMARY_ROWS},
				   .open = {.by = REP_BY_BLOCKED, .limit = REP_SUMMARY_ROWS},
				   .may_be_open = {.by = REP_BY_BLOCKED, .limit = REP_SUMMARY_ROWS},
				   .holders = {.by = REP_BY_CHAIN, .limit = REP_SUMMARY_OPEN},
				   .ended = {.by = REP_BY_BLOCKED, .limit = REP_SUMMARY_ENDED}};
	/* Lists of processes taken later than at the start do not say what each of them runs. */
	bool needs_exe = run->out->options.format == REP_JSON || run->options->select.exes.n;
	int result;

	run->input->need = needs_exe ? REP_NEED_PAST : REP_NEED_LISTS;
	result = tell_early(&self);
	if (!result)
		result = rep_input_replay(run->input, &ops, &self, &run->facts, err);
	if (!result && run->input->n_read) {
		rep_top_sort(&self.worst);
		rep_top_sort(&self.open);
		rep_top_sort(&self.may_be_open);
		rep_top_sort(&self.holders);
		rep_top_sort(&self.ended);
		result = run->out->options.format == REP_TEXT ? rep_summary_text(&self)
							      : fill_json(&self);
	}
	rep_top_release(&self.worst);
	rep_top_release(&self.open);
	rep_top_release(&self.may_be_open);
	rep_top_release(&self.holders);
	rep_top_release(&self.ended);
	rep_origins_release(&self.origins);
	rep_latency_release(&self.latency);
	rep_buf_release(&self.told);
	return result;
}

const struct rep_command rep_cmd_summary = {
	.name = "summary",
	.title = "verdict first (default)",
	.help = help,
	.traits = REP_CMD_SELECT,
	.run = run_summary,
};
