/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/commands/cmd.h"

const struct rep_command *const rep_commands[] = {
#define ADDRESS_OF(name) &rep_cmd_##name,
	REP_COMMANDS(ADDRESS_OF) NULL};

const struct rep_command *rep_command_find(const char *name)
{
	for (size_t i = 0; rep_commands[i]; i++) {
		if (strcmp(rep_commands[i]->name, name) == 0)
			return rep_commands[i];
	}
	return NULL;
}
