/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "replay/commands/cmd.h"
#include "format/block/meta.h"

static const char help[] =
	"Usage: vfork-report info [OPTIONS] FILE...   what the file says of itself\n"
	"  vfork-report info t.vft\n"
	"  vfork-report info --json t.vft | jq '.rows[].kinds'\n"
	"\n"
	"For each recording in the file: where and when it was made, by which tool with\n"
	"which options and filters, its clocks, sizes, the events of each kind, whether\n"
	"it has an index and was closed, and every loss with its cause, CPU and time.\n"
	"Every checksum is checked and rows are counted; verify looks inside of them too.\n"
	"  --json   trace and losses of the whole, one row for each recording\n";

struct info {
	struct rep_run *run;
	int has_index; /* of the file being read; negative: not known */
	const char *file;
};

static void field(struct rep_out *out, const char *key, const char *title, enum rep_cell_type type,
		  struct rep_cell cell)
{
	if (out->options.format == REP_JSON) {
		rep_json_value(out, key, type, cell);
	} else if (!cell.is_null) {
		rep_line_padded(out, REP_DIM, REP_CELL_WORD, REP_WORD(title), 18, false);
		rep_line_cell(out, REP_PLAIN, type, cell);
		rep_line_end(out);
	}
}

static void text_field(struct rep_out *out, const char *key, const char *title, struct vft_str text)
{
	field(out, key, title, REP_CELL_BYTES,
	      text.size || out->options.format == REP_JSON ? REP_BYTES(text) : REP_NULL);
}

static void uint_field(struct rep_out *out, const char *key, const char *title, uint64_t value)
{
	field(out, key, title, REP_CELL_UINT, REP_UINT(value));
}

/* META has the recorder's --args, which says what is kept; what is asked is what is missing. */
static void argument_fields(struct rep_out *out, struct vft_str args)
{
	static const char *const names[][2] = {{"full", "none"}, {"none", "all"}};
	struct vft_str redaction = args;

	text_field(out, "args", "Arguments", args);
	if (out->options.format != REP_JSON)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (args.size == strlen(names[i][0]) &&
		    memcmp(args.data, names[i][0], args.size) == 0)
			redaction = (struct vft_str){names[i][1], (uint32_t)strlen(names[i][1])};
	}
	text_field(out, "redaction", NULL, redaction);
}

/* What lists leave out, where they do. */
static void list_fields(struct rep_out *out, const struct vft_meta *meta)
{
	bool is_partial = rep_model_list_is_partial(meta);

	if (out->options.format == REP_JSON)
		rep_json_value(out, "list_pidns", REP_CELL_UINT,
			       !is_partial        ? REP_NULL
			       : meta->list_pidns ? REP_UINT(meta->list_pidns)
						  : REP_UINT(meta->pidns));
	else if (is_partial)
		field(out, NULL, "Lists", REP_CELL_WORD,
		      REP_WORD("only processes of the recorder's pid namespace; older ones of "
			       "the rest of the host are not known"));
}

static void meta_fields(struct rep_out *out, const struct rep_section_info *info)
{
	const struct vft_meta *meta = &info->meta;
	uint64_t epoch_ns;

	text_field(out, "host", "Host", meta->hostname);
	text_field(out, "kernel", "Kernel", meta->kernel);
	text_field(out, "arch", "Architecture", meta->arch);
	text_field(out, "boot_id", "Boot id", meta->boot_id);
	text_field(out, "tool", "Recorded by", meta->tool);
	field(out, "command_argv", "Command", REP_CELL_ARGV, REP_BYTES(meta->command));
	if (meta->notes.size)
		field(out, "notes", "Notes", REP_CELL_ARGV, REP_BYTES(meta->notes));
	text_field(out, "options", "Options", meta->options);
	text_field(out, "filters", "Filters", meta->filters);
	argument_fields(out, meta->redaction);
	field(out, "start", "Start", REP_CELL_TIME,
	      rep_section_realtime(info, info->begin_ns, &epoch_ns) ? REP_UINT(epoch_ns)
								    : REP_NULL);
	field(out, "duration_ns", "Duration", REP_CELL_DURATION,
	      REP_UINT(info->end_ns > info->begin_ns ? info->end_ns - info->begin_ns : 0));
	uint_field(out, "cpus", "CPUs", meta->n_cpus);
	uint_field(out, "argv_limit", "Bytes of argv", meta->argv_limit);
	uint_field(out, "ring_size", "Ring buffer", meta->ring_size);
	uint_field(out, "clocks", "Clock samples", info->n_clocks);
	list_fields(out, meta);
}

static void has_fields(struct rep_out *out, uint64_t has)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} bits[] = {{VFT_HAS_THREADS, "threads"},       {VFT_HAS_EXEC_FAIL, "exec_fail"},
		    {VFT_HAS_RELEASE, "release"},       {VFT_HAS_ARGV, "argv"},
		    {VFT_HAS_VFORK_ONLY, "vfork_only"}, {VFT_HAS_FILTER, "filter"},
		    {VFT_HAS_SPAWN_FAIL, "spawn_fail"}};
	bool json = out->options.format == REP_JSON;

	if (json)
		rep_json_open(out, "has", '{');
	else
		rep_line_padded(out, REP_DIM, REP_CELL_WORD, REP_WORD("Could see"), 18, false);
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		bool set = has & bits[i].bit;

		if (json) {
			rep_json_value(out, bits[i].name, REP_CELL_BOOL, REP_BOOL(set));
		} else if (set) {
			rep_line_word(out, REP_PLAIN, bits[i].name);
			rep_line_word(out, REP_PLAIN, " ");
		}
	}
	if (json)
		rep_json_close(out, '}');
	else
		rep_line_end(out);
}

static void removed_fields(struct rep_out *out, const struct vft_end *end)
{
	bool json = out->options.format == REP_JSON;

	if (json)
		rep_json_open(out, "removed", '{');
	for (unsigned int why = 0; why < VFT_N_REMOVED; why++) {
		const char *name = vft_removed_name(why);

		if (!name || !end->n_removed[why])
			continue;
		if (json) {
			rep_json_value(out, name, REP_CELL_UINT, REP_UINT(end->n_removed[why]));
			continue;
		}
		rep_line_padded(out, REP_DIM, REP_CELL_WORD, REP_WORD("Removed"), 18, false);
		rep_line_cell(out, REP_PLAIN, REP_CELL_UINT, REP_UINT(end->n_removed[why]));
		rep_line_word(out, REP_PLAIN, " ");
		rep_line_word(out, REP_PLAIN, name);
		rep_line_end(out);
	}
	if (json)
		rep_json_close(out, '}');
}

static void kind_fields(struct rep_out *out, const struct rep_section_info *info)
{
	bool json = out->options.format == REP_JSON;

	if (json)
		rep_json_open(out, "kinds", '{');
	for (unsigned int kind = 0; kind < VFT_N_KINDS; kind++) {
		const char *name = vft_kind_name(kind);

		if (!name || (!json && !info->n_kind[kind]))
			continue;
		if (json) {
			rep_json_value(out, name, REP_CELL_UINT, REP_UINT(info->n_kind[kind]));
			continue;
		}
		rep_line_word(out, REP_DIM, "  ");
		rep_line_padded(out, REP_DIM, REP_CELL_WORD, REP_WORD(name), 16, false);
		rep_line_cell(out, REP_PLAIN, REP_CELL_UINT, REP_UINT(info->n_kind[kind]));
		rep_line_end(out);
	}
	if (json)
		rep_json_close(out, '}');
}

static void size_fields(struct info *self, const struct rep_section_info *info)
{
	struct rep_out *out = self->run->out;

	uint_field(out, "size_bytes", "Size", info->size_bytes);
	uint_field(out, "blocks", "Blocks", info->n_blocks);
	if (info->n_skipped_blocks)
		uint_field(out, "skipped_blocks", "Unknown blocks", info->n_skipped_blocks);
	uint_field(out, "events", "Events", info->n_events);
	if (info->n_skipped)
		uint_field(out, "skipped_events", "Unknown events", info->n_skipped);
	kind_fields(out, info);
	if (info->n_events && out->options.format == REP_TEXT) {
		char text[32];

		snprintf(text, sizeof(text), "%.2f",
			 (double)info->size_bytes / (double)info->n_events);
		field(out, NULL, "Bytes per event", REP_CELL_WORD, REP_WORD(text));
	}
	field(out, "index", "Index", REP_CELL_BOOL,
	      self->has_index < 0 ? REP_NULL : REP_BOOL(self->has_index > 0));
	field(out, "clean_end", "Closed cleanly", REP_CELL_BOOL, REP_BOOL(info->clean_end));
	if (info->clean_end) {
		uint_field(out, "seen", "Seen in kernel", info->end.n_seen);
		uint_field(out, "delivered", "Delivered", info->end.n_delivered);
		uint_field(out, "dropped", "Dropped", info->end.n_dropped);
		if (info->end.has_left_out)
			uint_field(out, "left_out", "Left out", info->end.n_left_out);
		removed_fields(out, &info->end);
	}
}

/* In JSON the envelope's losses say it. */
static void loss_lines(struct rep_out *out, const struct rep_section_info *info)
{
	uint_field(out, "lost", "Lost events", info->n_lost);
	if (info->n_missing_blocks)
		uint_field(out, "missing_blocks", "Missing blocks", info->n_missing_blocks);
	if (info->n_gaps)
		uint_field(out, "damaged_bytes", "Damaged bytes", info->gap_bytes);
	if (out->options.format == REP_JSON)
		return;
	for (size_t i = 0; i < info->n_losses; i++) {
		const struct rep_loss *loss = &info->losses[i];

		rep_line_word(out, REP_WARN, "  ");
		rep_line_padded(out, REP_WARN, REP_CELL_WORD,
				REP_WORD(loss->cause ? vft_cause_name(loss->cause) : "file"), 16,
				false);
		rep_line_cell(out, REP_PLAIN, REP_CELL_UINT,
			      loss->count ? REP_UINT(loss->count) : REP_NULL);
		rep_line_word(out, REP_PLAIN, " from ");
		rep_line_cell(out, REP_PLAIN, REP_CELL_OFFSET,
			      REP_INT(rep_section_relative(info, loss->from_ns)));
		rep_line_word(out, REP_PLAIN, " to ");
		rep_line_cell(out, REP_PLAIN, REP_CELL_OFFSET,
			      loss->to_ns == UINT64_MAX
				      ? REP_NULL
				      : REP_INT(rep_section_relative(info, loss->to_ns)));
		if (loss->cpu != VFT_CPU_NONE) {
			rep_line_word(out, REP_PLAIN, " on CPU ");
			rep_line_cell(out, REP_PLAIN, REP_CELL_UINT, REP_UINT(loss->cpu));
		}
		rep_line_end(out);
	}
}

static int on_section_end(void *context, const struct rep_section_info *info)
{
	struct info *self = context;
	struct rep_out *out = self->run->out;
	bool json = out->options.format == REP_JSON;
	const char *name = rep_input_current(self->run->input);

	if (self->file != name) {
		self->file = name;
		self->has_index = rep_input_current_index(self->run->input);
	}
	if (json)
		rep_json_open(out, NULL, '{');
	else if (self->run->facts.n_sections > 1)
		rep_line_end(out);
	text_field(out, "file", "File", (struct vft_str){name, (uint32_t)strlen(name)});
	if (info->has_section && info->section.segment)
		uint_field(out, "segment", "Segment", info->section.segment);
	uint_field(out, "format_version", "Format version", info->section.version);
	meta_fields(out, info);
	has_fields(out, info->meta.has);
	size_fields(self, info);
	loss_lines(out, info);
	if (json)
		rep_json_close(out, '}');
	return rep_out_drain(out);
}

static int run_info(struct rep_run *run, struct vft_err *err)
{
	static const struct rep_trace_ops ops = {.on_section_end = on_section_end};
	struct rep_out *out = run->out;
	struct info self = {.run = run, .has_index = -1};
	int result;

	run->input->wants_index = true;
	/* Counting is less than the way from one CPU to another. */
	run->input->flow = NULL;
	if (out->options.format != REP_TEXT)
		out->options.format = REP_JSON;
	if (out->options.format == REP_JSON) {
		rep_envelope_open(out, "info");
		rep_json_open(out, "rows", '[');
	}
	result = rep_input_replay(run->input, &ops, &self, &run->facts, err);
	if (result || out->options.format != REP_JSON)
		return result;
	if (!run->input->n_read) {
		out->buf.size = 0;
		return 0;
	}
	rep_json_close(out, ']');
	rep_envelope_facts(out, &run->facts);
	rep_envelope_close(out);
	return 0;
}

const struct rep_command rep_cmd_info = {
	.name = "info",
	.title = "header, clocks, losses, sizes",
	.help = help,
	.run = run_info,
};
