/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pause.h - what to do when an input that is still being written has nothing more for now.
 *
 * Owns: noticing that. Called by: vfork-report, which then shows the rows it has.
 */
#ifndef VFT_BASE_PAUSE_H
#define VFT_BASE_PAUSE_H

#include <vft/io.h>

/*
 * @on_pause is called on the reading thread whenever a read finds nothing for a fifth of a second,
 * before it waits for as long as it takes. It must not read. Nothing happens for a source that can
 * be read at any place, or that is not of vft_source_open_fd().
 */
void vft_source_set_pause(struct vft_source *source, void (*on_pause)(void *context),
			  void *context);

#endif
