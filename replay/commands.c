/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/commands/cmd.h"

const struct rep_command *const rep_commands[] = {
	&rep_cmd_summary, &rep_cmd_vforks, &rep_cmd_tree,   &rep_cmd_events,
	&rep_cmd_export,  &rep_cmd_info,   &rep_cmd_verify, NULL};

const struct rep_command *rep_command_find(const char *name)
{
	for (size_t i = 0; rep_commands[i]; i++) {
		if (strcmp(rep_commands[i]->name, name) == 0)
			return rep_commands[i];
	}
	return NULL;
}
