/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "replay/commands/cmd.h"
#include <vft/verify.h>

static const char help[] =
	"Usage: vfork-report verify [OPTIONS] FILE...   checks every byte\n"
	"  vfork-report verify t.vft\n"
	"  vfork-report verify --json t.vft | jq .damage\n"
	"\n"
	"Says what is damaged, where, and how many events stand behind the first damage\n"
	"and can still be read. Status 3 when anything is damaged. By a notice nothing\n"
	"is lost: a recording that was not closed, padding cut short, an index that\n"
	"cannot be used, times out of order, blocks of a later version.\n"
	"  --json    ok, blocks, events, damage (offset, length, what), recovered_events,\n"
	"            notices; with several files the sums, and a \"file\" in each row\n"
	"  --csv     one row per finding\n"
	"  --strict  status 4 for a recording that was not closed\n";

/* One finding. */
struct finding {
	const char *file;
	struct vft_damage damage;
};

/* Findings kept; a hostile file may have one at every other byte. */
#define MAX_FINDINGS 100000u

struct verify {
	struct rep_run *run;
	const char *file;
	struct finding *findings;
	size_t n_findings, max_findings, n_more;
	size_t n_damage;
	struct vft_verify sum;
};

enum { C_FILE, C_OFFSET, C_LENGTH, C_NOTICE, C_WHAT, N_COLUMNS };

static const struct rep_column columns[N_COLUMNS] = {
	[C_FILE] = {.name = "file", .title = "FILE", .type = REP_CELL_BYTES, .show = REP_SHOW},
	[C_OFFSET] = {.name = "offset", .title = "OFFSET", .type = REP_CELL_UINT, .show = REP_SHOW},
	[C_LENGTH] = {.name = "length", .title = "LENGTH", .type = REP_CELL_UINT, .show = REP_SHOW},
	[C_NOTICE] = {.name = "notice", .title = "NOTICE", .type = REP_CELL_BOOL, .show = REP_SHOW},
	[C_WHAT] = {.name = "what", .title = "WHAT", .type = REP_CELL_WORD, .show = REP_SHOW},
};

static int on_damage(void *context, const struct vft_damage *damage)
{
	struct verify *self = context;

	self->n_damage += !damage->is_notice;
	if (self->n_findings == MAX_FINDINGS) {
		self->n_more++;
		return 0;
	}
	if (self->n_findings == self->max_findings) {
		size_t max = self->max_findings ? self->max_findings * 2 : 16;
		struct finding *findings = reallocarray(self->findings, max, sizeof(*findings));

		if (!findings)
			return -ENOMEM;
		self->findings = findings;
		self->max_findings = max;
	}
	self->findings[self->n_findings++] = (struct finding){self->file, *damage};
	return 0;
}

static void fill_cells(const struct finding *finding, struct rep_cell cells[N_COLUMNS])
{
	cells[C_FILE] =
		REP_BYTES(((struct vft_str){finding->file, (uint32_t)strlen(finding->file)}));
	cells[C_OFFSET] = REP_UINT(finding->damage.offset);
	cells[C_LENGTH] = REP_UINT(finding->damage.length);
	cells[C_NOTICE] = REP_BOOL(finding->damage.is_notice);
	cells[C_WHAT] = REP_WORD(finding->damage.what ? finding->damage.what : "damaged");
	if (!finding->damage.is_notice)
		cells[C_WHAT].style = REP_BAD;
}

/* All findings, or in JSON those that are or are not notices. */
static int fill_rows(const struct verify *self, bool all, bool notices)
{
	struct rep_cell cells[N_COLUMNS];
	struct rep_table *table;
	int err = rep_table_begin(self->run->out, columns, N_COLUMNS, &table);

	if (err)
		return err;
	for (size_t i = 0; i < self->n_findings && !err; i++) {
		if (!all && self->findings[i].damage.is_notice != notices)
			continue;
		fill_cells(&self->findings[i], cells);
		err = rep_table_row(table, cells);
	}
	if (!err)
		return rep_table_end(table);
	rep_table_free(table);
	return err;
}

static int fill_json(const struct verify *self)
{
	struct rep_out *out = self->run->out;
	int err;

	out->options.format = REP_JSON;
	rep_envelope_open(out, "verify");
	rep_json_value(out, "ok", REP_CELL_BOOL, REP_BOOL(self->sum.ok));
	rep_json_value(out, "blocks", REP_CELL_UINT, REP_UINT(self->sum.n_blocks));
	rep_json_value(out, "events", REP_CELL_UINT, REP_UINT(self->sum.n_events));
	rep_json_open(out, "damage", '[');
	err = fill_rows(self, false, false);
	rep_json_close(out, ']');
	rep_json_value(out, "recovered_events", REP_CELL_UINT,
		       REP_UINT(self->sum.n_recovered_events));
	rep_json_open(out, "notices", '[');
	if (!err)
		err = fill_rows(self, false, true);
	rep_json_close(out, ']');
	if (self->n_more)
		rep_json_value(out, "more_findings", REP_CELL_UINT, REP_UINT(self->n_more));
	rep_envelope_close(out);
	return err ? err : rep_out_drain(out);
}

static int fill_text(const struct verify *self)
{
	struct rep_out *out = self->run->out;
	enum rep_style style = self->sum.ok ? REP_GOOD : REP_BAD;

	rep_line_word(out, style, self->sum.ok ? "ok" : "damaged");
	rep_line_word(out, REP_PLAIN, ": ");
	rep_line_cell(out, REP_PLAIN, REP_CELL_UINT, REP_UINT(self->sum.n_blocks));
	rep_line_word(out, REP_PLAIN, " blocks, ");
	rep_line_cell(out, REP_PLAIN, REP_CELL_UINT, REP_UINT(self->sum.n_events));
	rep_line_word(out, REP_PLAIN, " events");
	if (!self->sum.ok) {
		rep_line_word(out, REP_PLAIN, " can be read, ");
		rep_line_cell(out, REP_PLAIN, REP_CELL_UINT,
			      REP_UINT(self->sum.n_recovered_events));
		rep_line_word(out, REP_PLAIN, " of them behind the first damage");
	}
	rep_line_end(out);
	return self->n_findings ? fill_rows(self, true, false) : rep_out_drain(out);
}

static int verify_one(struct verify *self, struct vft_source *source)
{
	uint64_t size_bytes = source->size_bytes;
	struct vft_verify one = {.size = sizeof(one)};
	struct vft_err err = {0};
	int result = vft_verify(source, NULL, on_damage, self, &one, &err);

	if (result == -ENOMEM)
		return result;
	if (result) {
		/* Not a trace at all, or not readable on: say so as damage of what is left. */
		struct vft_damage damage = {
			.offset = err.offset,
			.length = size_bytes > err.offset ? size_bytes - err.offset : 0,
			.what = result == -EOPNOTSUPP ? "from a newer version of the format"
				: result == -ENODATA  ? "empty, or cut before the first block"
				: result == -EBADMSG  ? "not a trace"
						      : "cannot be read on",
		};

		if (!self->run->input->is_packed)
			rep_input_say(self->file, err.message);
		one = (struct vft_verify){0};
		result = on_damage(self, &damage);
		if (result)
			return result;
	}
	self->sum.ok &= one.ok;
	self->sum.n_blocks += one.n_blocks;
	self->sum.n_events += one.n_events;
	self->sum.n_recovered_events += one.n_recovered_events;
	return 0;
}

static int run_verify(struct rep_run *run, struct vft_err *err)
{
	struct verify self = {.run = run, .sum = {.ok = true}};
	struct vft_source *source;
	size_t at = 0;
	int result = 0;

	while (!result && (source = rep_input_next(run->input, &at, &self.file)))
		result = verify_one(&self, source);
	/* What could not be opened has been said. */
	self.sum.ok &= !run->input->damaged;
	run->damaged |= !self.sum.ok;
	run->input->incomplete |= self.n_findings > self.n_damage;
	if (!self.file)
		return result;
	if (!result && run->out->options.format == REP_TEXT)
		result = fill_text(&self);
	else if (!result && run->out->options.format == REP_CSV)
		result = fill_rows(&self, true, false);
	else if (!result)
		result = fill_json(&self);
	free(self.findings);
	return result;
}

const struct rep_command rep_cmd_verify = {
	.name = "verify",
	.title = "checks every byte",
	.help = help,
	.traits = REP_CMD_CSV,
	.run = run_verify,
};
