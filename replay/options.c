/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "format/base/nearest.h"
#include "format/base/parse.h"
#include "replay/base/zone.h"
#include "replay/commands/cmd.h"
#include "replay/source/flow.h"
#include "replay/print/escape.h"
#include "replay/print/exporter.h"

enum option_id {
	OPT_HELP,
	OPT_VERSION,
	OPT_JSON_SCHEMA,
	OPT_INPUT,
	OPT_FROM,
	OPT_TO,
	OPT_PID,
	OPT_NS,
	OPT_COMM,
	OPT_EXE,
	OPT_CONTAINER,
	OPT_UID,
	OPT_JSON,
	OPT_NDJSON,
	OPT_CSV,
	OPT_CSV_SAFE,
	OPT_MIN,
	OPT_OUTCOME,
	OPT_SORT,
	OPT_LIMIT,
	OPT_EXIT_CODE,
	OPT_STRICT,
	OPT_QUIET,
	OPT_COLOR,
	OPT_UTC,
	OPT_MAX_OUTPUT,
	OPT_MAX_CPU,
	OPT_MAX_MEMORY,
	OPT_THREADS,
	OPT_FORMAT,
	OPT_TABLE,
	OPT_OUTPUT,
};

struct option_def {
	const char *name;
	char letter; /* 0 = none */
	bool has_value;
	enum option_id id;
	unsigned int traits; /* of the commands that take it; 0 = all */
};

static const struct option_def defs[] = {
	{"help", 'h', false, OPT_HELP, 0},
	{"version", 'V', false, OPT_VERSION, 0},
	{"json-schema", 0, false, OPT_JSON_SCHEMA, 0},
	{"input", 'i', true, OPT_INPUT, 0},
	{"from", 0, true, OPT_FROM, 0},
	{"to", 0, true, OPT_TO, 0},
	{"pid", 'p', true, OPT_PID, 0},
	{"ns", 0, false, OPT_NS, 0},
	{"comm", 0, true, OPT_COMM, 0},
	{"exe", 0, true, OPT_EXE, 0},
	{"container", 0, true, OPT_CONTAINER, 0},
	{"uid", 0, true, OPT_UID, 0},
	{"json", 0, false, OPT_JSON, 0},
	{"ndjson", 0, false, OPT_NDJSON, 0},
	{"csv", 0, false, OPT_CSV, REP_CMD_CSV},
	{"csv-safe", 0, false, OPT_CSV_SAFE, REP_CMD_CSV},
	{"min", 0, true, OPT_MIN, REP_CMD_EPISODES},
	{"outcome", 0, true, OPT_OUTCOME, REP_CMD_EPISODES},
	{"sort", 0, true, OPT_SORT, REP_CMD_EPISODES},
	{"limit", 'n', true, OPT_LIMIT, REP_CMD_EPISODES},
	{"exit-code", 0, false, OPT_EXIT_CODE, 0},
	{"strict", 0, false, OPT_STRICT, 0},
	{"quiet", 'q', false, OPT_QUIET, 0},
	{"color", 0, true, OPT_COLOR, 0},
	{"utc", 0, false, OPT_UTC, 0},
	{"max-output", 0, true, OPT_MAX_OUTPUT, 0},
	{"max-cpu", 0, true, OPT_MAX_CPU, 0},
	{"max-memory", 0, true, OPT_MAX_MEMORY, 0},
	{"threads", 0, true, OPT_THREADS, 0},
	{"format", 'f', true, OPT_FORMAT, REP_CMD_EXPORT},
	{"table", 't', true, OPT_TABLE, REP_CMD_EXPORT},
	{"output", 'o', true, OPT_OUTPUT, REP_CMD_EXPORT},
};

#define N_DEFS (sizeof(defs) / sizeof(defs[0]))

struct parser {
	struct rep_options *options;
	struct rep_buf *fault;
	uint32_t seen; /* set of enum option_id */
	bool has_format;
	bool no_command; /* the first name is a file */
	int argc, at;
	char **argv;
};

_Static_assert(N_DEFS <= 32, "options fit a set");

/* "A 'B' C": only B is not our own text. */
static int fault(struct parser *parser, const char *before, const char *quoted, const char *after)
{
	struct rep_buf *buf = parser->fault;

	rep_buf_text(buf, before);
	if (quoted) {
		rep_buf_text(buf, " '");
		rep_escape_text(buf, (struct vft_str){quoted, (uint32_t)strlen(quoted)});
		rep_buf_char(buf, '\'');
	}
	rep_buf_text(buf, after);
	return -EINVAL;
}

#define SEE_HELP "; see 'vfork-report --help'"

static int set_format(struct parser *parser, enum rep_format format)
{
	if (parser->has_format && parser->options->format != format)
		return fault(parser, "more than one output format is asked for; give one", NULL,
			     "");
	parser->options->format = format;
	parser->has_format = true;
	return 0;
}

static int add_text(struct parser *parser, struct rep_texts *texts, const char *value)
{
	if (texts->n == REP_MAX_SELECT)
		return fault(parser, "more than 64 values of one option, at", value, "");
	texts->items[texts->n++] = value;
	return 0;
}

/* "12", "12,13", and "12 13" as $(pidof x) gives them. */
static int add_numbers(struct parser *parser, struct rep_numbers *numbers, const char *value,
		       const char *name)
{
	static const char separators[] = ", \n";
	const char *at = value;

	do {
		char word[24];
		uint64_t number;
		size_t n;
		int err;

		at += strspn(at, separators);
		n = strcspn(at, separators);
		if (n >= sizeof(word))
			n = sizeof(word) - 1;
		memcpy(word, at, n);
		word[n] = '\0';
		err = vft_parse_u64(word, 0, UINT32_MAX, &number);
		if (err == -ERANGE)
			return fault(parser, name, value, " is out of range; give 0 to 4294967295");
		if (err)
			return fault(parser, name, value, " is no number");
		if (numbers->n == REP_MAX_SELECT)
			return fault(parser, "more than 64 values of one option, at", value, "");
		numbers->items[numbers->n++] = (uint32_t)number;
		at += n;
	} while (at[strspn(at, separators)]);
	return 0;
}

static int set_outcomes(struct parser *parser, const char *value)
{
	const char *at = value;

	while (*at) {
		size_t n = strcspn(at, ",");
		unsigned int i;

		for (i = 0; i < REP_N_OUTCOMES; i++) {
			const char *name = rep_words_outcome[i];

			if (strlen(name) == n && memcmp(name, at, n) == 0)
				break;
		}
		if (i == REP_N_OUTCOMES)
			break;
		parser->options->outcomes |= 1u << i;
		at += n;
		if (!*at)
			return 0;
		at++;
	}
	return fault(parser, "--outcome", value,
		     ": give some of exec,exec_died,exec_failed,exit,killed,parent_killed,open,"
		     "unknown");
}

static int set_export_format(struct parser *parser, const char *value)
{
	static const enum rep_format formats[] = {REP_CSV, REP_NDJSON, REP_JSON};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(value, rep_exporter_get(formats[i])->name) == 0)
			return set_format(parser, formats[i]);
	}
	return fault(parser, "export format", value,
		     " is not available; this version has csv, ndjson, json");
}

static int set_table(struct parser *parser, const char *value)
{
	for (const struct rep_table_info *table = rep_tables; table->name; table++) {
		if (strcmp(table->name, value) == 0) {
			parser->options->table = table;
			return 0;
		}
	}
	return fault(parser, "there is no table", value, "; give vforks, processes or events");
}

static int set_choice(struct parser *parser, enum option_id id, const char *value)
{
	struct rep_options *options = parser->options;

	if (id == OPT_SORT) {
		if (strcmp(value, "start") == 0)
			options->sort = REP_SORT_START;
		else if (strcmp(value, "blocked") == 0)
			options->sort = REP_SORT_BLOCKED;
		else
			return fault(parser, "--sort", value, ": give blocked or start");
		return 0;
	}
	if (strcmp(value, "auto") == 0)
		options->color = REP_COLOR_AUTO;
	else if (strcmp(value, "always") == 0)
		options->color = REP_COLOR_ALWAYS;
	else if (strcmp(value, "never") == 0)
		options->color = REP_COLOR_NEVER;
	else
		return fault(parser, "--color", value, ": give auto, always or never");
	return 0;
}

static int set_select(struct parser *parser, enum option_id id, const char *value)
{
	struct rep_select *select = &parser->options->select;

	switch ((int)id) {
	case OPT_FROM:
	case OPT_TO:
		if (rep_moment_parse(value,
				     id == OPT_FROM ? &select->period.from : &select->period.to))
			return fault(parser, id == OPT_FROM ? "--from" : "--to", value,
				     ": give 1.5s since the trace's start, '10m ago' before its"
				     " end, 14:05, or 2024-05-01T12:00:00Z");
		return 0;
	case OPT_PID:
		return add_numbers(parser, &select->pids, value, "--pid");
	case OPT_UID:
		return add_numbers(parser, &select->uids, value, "--uid");
	case OPT_COMM:
		return add_text(parser, &select->comms, value);
	case OPT_EXE:
		return add_text(parser, &select->exes, value);
	case OPT_CONTAINER:
		return add_text(parser, &select->containers, value);
	default:
		select->ns = true;
		return 0;
	}
}

static int set_duration(struct parser *parser, const char *name, const char *value, uint64_t *ret)
{
	int err = vft_parse_duration(value, ret);

	if (err == -ERANGE)
		return fault(parser, name, value, " is out of range; give up to 213503d");
	if (err)
		return fault(parser, name, value, ": give a duration such as 250ms, 10s or 1h30m");
	return 0;
}

static int set_threads(struct parser *parser, const char *value)
{
	uint64_t n;

	if (vft_parse_u64(value, 1, REP_MAX_THREADS, &n))
		return fault(parser, "--threads", value, ": give a number from 1 to 8");
	parser->options->n_threads = (unsigned int)n;
	return 0;
}

/* What is less than a block and the tables for it would be of no use. */
#define LEAST_MEMORY (64ull << 20)

static int set_memory(struct parser *parser, const char *value)
{
	uint64_t *size = &parser->options->max_memory;
	int err = vft_parse_size(value, size);

	if (err == -ERANGE || (!err && (*size < LEAST_MEMORY || *size > UINT64_MAX / 4)))
		return fault(parser, "--max-memory", value, " is out of range; give 64M or more");
	return err ? fault(parser, "--max-memory", value, ": give a size such as 512M or 2G") : 0;
}

static int set_number(struct parser *parser, enum option_id id, const char *value)
{
	struct rep_options *options = parser->options;
	int err;

	if (id == OPT_MIN) {
		options->has_min = true;
		return set_duration(parser, "--min", value, &options->min_ns);
	}
	if (id == OPT_MAX_CPU) {
		err = set_duration(parser, "--max-cpu", value, &options->max_cpu_ns);
		if (!err && !options->max_cpu_ns)
			return fault(parser, "--max-cpu", value, ": give 1s or more");
		return err;
	}
	if (id == OPT_THREADS)
		return set_threads(parser, value);
	if (id == OPT_MAX_MEMORY)
		return set_memory(parser, value);
	if (id == OPT_LIMIT) {
		options->has_limit = true;
		err = vft_parse_u64(value, 0, UINT64_MAX, &options->limit);
		if (err == -ERANGE)
			return fault(parser, "--limit", value,
				     " is out of range; give 0 to 18446744073709551615");
		return err ? fault(parser, "--limit", value, " is no number") : 0;
	}
	err = vft_parse_size(value, &options->max_output);
	if (err == -ERANGE || (!err && !options->max_output))
		return fault(parser, "--max-output", value,
			     " is out of range; give 1 to 16777215T");
	return err ? fault(parser, "--max-output", value, ": give a size such as 64M or 1G") : 0;
}

static int set_option(struct parser *parser, enum option_id id, const char *value)
{
	struct rep_options *options = parser->options;

	switch (id) {
	case OPT_HELP:
		options->help = true;
		return 0;
	case OPT_VERSION:
		options->version = true;
		return 0;
	case OPT_JSON_SCHEMA:
		options->json_schema = true;
		return 0;
	case OPT_INPUT:
		options->files[options->n_files++] = value;
		return 0;
	case OPT_JSON:
		return set_format(parser, REP_JSON);
	case OPT_NDJSON:
		return set_format(parser, REP_NDJSON);
	case OPT_CSV_SAFE:
		options->csv_safe = true;
		return set_format(parser, REP_CSV);
	case OPT_CSV:
		return set_format(parser, REP_CSV);
	case OPT_EXIT_CODE:
		options->exit_code = true;
		return 0;
	case OPT_STRICT:
		options->strict = true;
		return 0;
	case OPT_QUIET:
		options->quiet = true;
		return 0;
	case OPT_UTC:
		options->utc = true;
		return 0;
	case OPT_OUTCOME:
		return set_outcomes(parser, value);
	case OPT_FORMAT:
		return set_export_format(parser, value);
	case OPT_TABLE:
		return set_table(parser, value);
	case OPT_OUTPUT:
		options->output = value;
		return 0;
	case OPT_SORT:
	case OPT_COLOR:
		return set_choice(parser, id, value);
	case OPT_MIN:
	case OPT_LIMIT:
	case OPT_MAX_OUTPUT:
	case OPT_MAX_CPU:
	case OPT_MAX_MEMORY:
	case OPT_THREADS:
		return set_number(parser, id, value);
	case OPT_FROM:
	case OPT_TO:
	case OPT_PID:
	case OPT_NS:
	case OPT_COMM:
	case OPT_EXE:
	case OPT_CONTAINER:
	case OPT_UID:
		return set_select(parser, id, value);
	}
	return 0;
}

/* @value NULL: take the next argument if the option wants one. */
static int apply(struct parser *parser, const struct option_def *def, const char *arg,
		 const char *value)
{
	if (def->has_value && !value) {
		if (parser->at == parser->argc)
			return fault(parser, "option", arg, " needs a value" SEE_HELP);
		value = parser->argv[parser->at++];
	}
	parser->seen |= 1u << def->id;
	return set_option(parser, def->id, value);
}

static int unknown_option(struct parser *parser, const char *arg, size_t n)
{
	struct vft_nearest nearest = {0};
	char name[64];

	if (n < sizeof(name)) {
		memcpy(name, arg + 2, n);
		name[n] = '\0';
		for (size_t i = 0; i < N_DEFS; i++)
			vft_nearest_offer(&nearest, name, defs[i].name);
	}
	if (!nearest.name)
		return fault(parser, "unknown option", arg, SEE_HELP);
	fault(parser, "unknown option", arg, "; did you mean --");
	rep_buf_text(parser->fault, nearest.name);
	rep_buf_char(parser->fault, '?');
	return -EINVAL;
}

static int long_option(struct parser *parser, const char *arg)
{
	size_t n = strcspn(arg + 2, "=");
	const char *value = arg[2 + n] ? arg + 2 + n + 1 : NULL;

	for (size_t i = 0; i < N_DEFS; i++) {
		if (strlen(defs[i].name) != n || memcmp(defs[i].name, arg + 2, n) != 0)
			continue;
		if (value && !defs[i].has_value)
			return fault(parser, "option", arg, " takes no value" SEE_HELP);
		return apply(parser, &defs[i], arg, value);
	}
	return unknown_option(parser, arg, n);
}

static int short_options(struct parser *parser, const char *arg)
{
	for (const char *letter = arg + 1; *letter; letter++) {
		const struct option_def *def = NULL;
		int err;

		for (size_t i = 0; i < N_DEFS; i++) {
			if (defs[i].letter == *letter)
				def = &defs[i];
		}
		if (!def)
			return fault(parser, "unknown option", arg, SEE_HELP);
		err = apply(parser, def, arg, def->has_value && letter[1] ? letter + 1 : NULL);
		if (err || def->has_value)
			return err;
	}
	return 0;
}

static bool is_file(const char *name)
{
	return strcmp(name, "-") == 0 || access(name, F_OK) == 0;
}

static int unknown_command(struct parser *parser, const char *name)
{
	struct vft_nearest nearest = {0};

	for (size_t i = 0; rep_commands[i]; i++)
		vft_nearest_offer(&nearest, name, rep_commands[i]->name);
	if (parser->options->select.pids.n && !name[strspn(name, "0123456789")])
		return fault(parser, "there is no file", name,
			     "; give several pids as --pid 12,13");
	fault(parser, "unknown command", name, "; ");
	if (nearest.name) {
		rep_buf_text(parser->fault, "did you mean ");
		rep_buf_text(parser->fault, nearest.name);
		rep_buf_char(parser->fault, '?');
		return -EINVAL;
	}
	rep_buf_text(parser->fault, "commands: ");
	for (size_t i = 0; rep_commands[i]; i++) {
		rep_buf_text(parser->fault, i ? ", " : "");
		rep_buf_text(parser->fault, rep_commands[i]->name);
	}
	return -EINVAL;
}

/* The first name is a command, unless it can only be meant as a file. */
static int first_name(struct parser *parser, const char *name)
{
	struct rep_options *options = parser->options;

	if (strcmp(name, "help") == 0 && !options->help) {
		options->help = true; /* of the command that follows */
		return 0;
	}
	options->command = rep_command_find(name);
	if (options->command)
		return 0;
	if (!strpbrk(name, "./") && !is_file(name))
		return unknown_command(parser, name);
	options->command = &rep_cmd_summary;
	parser->no_command = true;
	options->files[options->n_files++] = name;
	return 0;
}

/* A file, unless it is a command that comes too late, or a pid too many. */
static int next_name(struct parser *parser, const char *name)
{
	struct rep_options *options = parser->options;
	const struct rep_command *command = rep_command_find(name);

	if (parser->no_command && command && !is_file(name)) {
		fault(parser, "the command comes first: 'vfork-report", NULL, " ");
		rep_buf_text(parser->fault, command->name);
		rep_buf_char(parser->fault, ' ');
		rep_escape_text(
			parser->fault,
			(struct vft_str){options->files[0], (uint32_t)strlen(options->files[0])});
		rep_buf_char(parser->fault, '\'');
		return -EINVAL;
	}
	if (options->select.pids.n && *name && !name[strspn(name, "0123456789")] && !is_file(name))
		return unknown_command(parser, name);
	options->files[options->n_files++] = name;
	return 0;
}

static int check_window(struct parser *parser)
{
	struct rep_select *select = &parser->options->select;

	rep_zone_set(parser->options->utc);
	if (rep_moment_settle(&select->period.from) || rep_moment_settle(&select->period.to))
		return fault(parser, "--from or --to is out of range; give 1970 to 2500", NULL, "");
	if (rep_moment_is_after(&select->period.from, &select->period.to))
		return fault(parser, "--from is after --to; give the earlier one as --from", NULL,
			     "");
	return 0;
}

static int check(struct parser *parser)
{
	struct rep_options *options = parser->options;

	for (size_t i = 0; i < N_DEFS; i++) {
		if (!(parser->seen & 1u << defs[i].id) || !defs[i].traits ||
		    defs[i].traits & options->command->traits)
			continue;
		rep_buf_text(parser->fault, "--");
		rep_buf_text(parser->fault, defs[i].name);
		return fault(parser, " is not an option of", options->command->name,
			     "; see 'vfork-report COMMAND --help'");
	}
	if (options->select.ns && !options->select.pids.n)
		return fault(parser, "--ns says which pid is meant: give --pid too", NULL, "");
	if (options->command->traits & REP_CMD_EXPORT) {
		if (!parser->has_format)
			return fault(parser, "export needs --format csv, ndjson or json", NULL, "");
		if (!options->table)
			options->table = &rep_tables[0];
	}
	if (!options->n_files)
		return fault(parser, "no FILE given" SEE_HELP, NULL, "");
	return check_window(parser);
}

int rep_options_parse(int argc, char **argv, struct rep_options *ret, struct rep_buf *fault_ret)
{
	struct parser parser = {
		.options = ret, .fault = fault_ret, .argc = argc, .at = 1, .argv = argv};
	bool only_names = false;
	int err = 0;

	*ret = (struct rep_options){0};
	ret->files = calloc((size_t)argc + 1, sizeof(*ret->files));
	if (!ret->files)
		return -ENOMEM;
	while (parser.at < argc && !err) {
		const char *arg = argv[parser.at++];

		if (only_names || arg[0] != '-' || !arg[1]) {
			err = ret->command ? next_name(&parser, arg) : first_name(&parser, arg);
		} else if (strcmp(arg, "--") == 0) {
			only_names = true;
		} else {
			err = arg[1] == '-' ? long_option(&parser, arg)
					    : short_options(&parser, arg);
		}
	}
	if (err)
		return err;
	if (!ret->command && !ret->help)
		ret->command = &rep_cmd_summary;
	if (ret->help || ret->version || ret->json_schema)
		return 0;
	return check(&parser);
}

void rep_options_release(struct rep_options *options)
{
	free(options->files);
	options->files = NULL;
}
