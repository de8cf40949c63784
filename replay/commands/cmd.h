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

/* Bits for the sets of commands that take an option. */
enum rep_command_bit {
	REP_CMD_SUMMARY = 1 << 0,
	REP_CMD_VFORKS = 1 << 1,
	REP_CMD_TREE = 1 << 2,
	REP_CMD_EVENTS = 1 << 3,
	REP_CMD_EXPORT = 1 << 4,
	REP_CMD_INFO = 1 << 5,
	REP_CMD_VERIFY = 1 << 6,
	REP_CMD_ALL = (1 << 7) - 1,
	/* those whose rows have a CSV form, and those that a selection can narrow */
	REP_CMD_CSV =
		REP_CMD_VFORKS | REP_CMD_TREE | REP_CMD_EVENTS | REP_CMD_EXPORT | REP_CMD_VERIFY,
	REP_CMD_SELECT = REP_CMD_ALL & ~(REP_CMD_INFO | REP_CMD_VERIFY),
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
	const char *help; /* one screen, examples first */
	enum rep_command_bit bit;
	/* 0, or a negative errno when reading cannot go on; -EPIPE and the like come from run->out.
	 */
	int (*run)(struct rep_run *run, struct vft_err *err);
};

extern const struct rep_command rep_cmd_summary, rep_cmd_vforks, rep_cmd_tree, rep_cmd_events,
	rep_cmd_export, rep_cmd_info, rep_cmd_verify;

/* In the order of the help; NULL at the end. */
extern const struct rep_command *const rep_commands[];
const struct rep_command *rep_command_find(const char *name); /* NULL when there is none */

#endif
