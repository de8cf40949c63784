/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the command line, taken apart strictly.
 *
 * Owns: the list of options and which command takes which. Never does: output; a fault is one line
 * that main prints. Called by: main, tests.
 */
#ifndef REP_OPTIONS_H
#define REP_OPTIONS_H

#include "replay/commands/settings.h"
#include "replay/print/buf.h"

/*
 * Fill @ret from @argv. On -EINVAL the fault is said in @fault, one line, escaped; -ENOMEM. Release
 * @ret in any case.
 */
VFT_MUST_CHECK int rep_options_parse(int argc, char **argv, struct rep_options *ret,
				     struct rep_buf *fault);
void rep_options_release(struct rep_options *options);

#endif
