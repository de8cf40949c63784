/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * describe.h - what a trace says about its own making: host, kernel, clock, options, filters.
 *
 * Owns: the texts that the META block points to. Called by: recorder.c, before the file is opened.
 */
#ifndef REC_DESCRIBE_H
#define REC_DESCRIBE_H

#include <stdbool.h>
#include <sys/utsname.h>

#include <vft/meta.h>
#include "record/options.h"
#include "record/store/redact.h"
#include "format/block/meta.h"

struct rec_description {
	struct vft_meta meta;
	struct utsname uname;
	char boot_id[40];
	char options[512];
	char filters[1024];
	char *command, *notes; /* allocated */
	char output[512];      /* "" until rec_describe_name */
};

/*
 * @filtered: only a tree of processes is recorded. CMD's arguments pass @redact; NULL = as they
 * are. -ENOMEM.
 */
VFT_MUST_CHECK int rec_describe(const struct rec_options *options, bool filtered,
				struct rec_redact *redact, struct rec_description *ret);
/* Make up a name for the file, the @n-th of this host and second; after rec_describe. */
void rec_describe_name(struct rec_description *ret, unsigned int n);
void rec_describe_release(struct rec_description *description);

#endif
