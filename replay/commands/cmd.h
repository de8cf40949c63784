/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd.h - the command table.
 *
 * A command reads its inputs and fills rows; it never prints, opens files or exits. main does
 * those.
 */
#ifndef REP_CMD_H
#define REP_CMD_H

#include <stdbool.h>

#include "replay/commands/settings.h"
#include "replay/print/table.h"
#include "replay/rows/envelope.h"
#include "replay/rows/seen.h"
#include "replay/source/facts.h"
#include "replay/source/input.h"

/*
 * Every command, in the order of the help: its descriptor is rep_cmd_NAME, in cmd_NAME.c. Help,
 * options, nearest names, the JSON schema and the tests go by this list and the descriptors.
 */
#define REP_COMMANDS(X) X(summary) X(vforks) X(tree) X(events) X(export) X(info) X(verify)

/* What a command has beyond the options that all take. */
enum rep_command_trait {
	REP_CMD_CSV = 1 << 0,      /* its rows have a CSV form */
	REP_CMD_SELECT = 1 << 1,   /* it can be narrowed to a time or to some processes */
	REP_CMD_TABLES = 1 << 2,   /* its JSON rows are those of rep_tables */
	REP_CMD_EPISODES = 1 << 3, /* its rows are vforks: outcomes, durations, order, number */
	REP_CMD_EXPORT = 1 << 4,   /* it writes a file in a format of choice */
};

struct rep_run {
	const struct rep_options *options;
	struct rep_input *input;
	struct rep_out *out;
	struct rep_facts facts;
	struct rep_seen seen; /* what the selection was held against */
	uint64_t n_findings;  /* episodes that are open or unknown */
	bool damaged;         /* exit status 3, beyond what the input says by itself */
};

struct rep_command {
	const char *name;
	const char *title;   /* a few words, for the list of commands */
	const char *help;    /* one screen, examples first */
	unsigned int traits; /* set of enum rep_command_trait */
	/* 0, or a negative errno when reading cannot go on; -EPIPE and the like come from run->out.
	 */
	int (*run)(struct rep_run *run, struct vft_err *err);
};

#define REP_DECLARE_COMMAND(name) extern const struct rep_command rep_cmd_##name;
REP_COMMANDS(REP_DECLARE_COMMAND)
#undef REP_DECLARE_COMMAND

/* All of them; NULL at the end. */
extern const struct rep_command *const rep_commands[];
const struct rep_command *rep_command_find(const char *name); /* NULL when there is none */

#endif
