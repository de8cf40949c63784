/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_events.h - what the streaming commands share.
 */
#ifndef REP_CMD_EVENTS_H
#define REP_CMD_EVENTS_H

#include "replay/commands/cmd.h"

typedef int rep_fill_fn(struct rep_run *run, struct vft_err *err);

/*
 * Rows that go out while they are read: in JSON "rows" therefore stands before "trace" and
 * "losses". Nothing is written when nothing could be read.
 */
VFT_MUST_CHECK int rep_stream_rows(struct rep_run *run, const char *command, rep_fill_fn *fill,
				   struct vft_err *err);
/* Every event as a row of the table events. */
VFT_MUST_CHECK int rep_events_run(struct rep_run *run, struct vft_err *err);
/* For --exit-code. */
void rep_run_count_finding(struct rep_run *run, const struct rep_episode *episode);

#endif
