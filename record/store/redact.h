/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact.h - the one place that every string of a process passes before it is written.
 *
 * Owns: the copy of an event without its secrets. Never does: decide what a secret is, which
 * format/redact does. Called by: sink.c, for each event, and describe.c, for CMD.
 */
#ifndef REC_REDACT_H
#define REC_REDACT_H

#include <vft/meta.h>

struct rec_redact;

/* With the rules of the file @rules_path, if it is not NULL. -ENOMEM, -EIO, or -errno of the file;
 * -EINVAL for a wrong line, which *err names. */
VFT_MUST_CHECK int rec_redact_new(const char *rules_path, struct rec_redact **ret,
				  struct vft_err *err);
void rec_redact_free(struct rec_redact *redact); /* NULL is fine */

/* *ret is @event, or a copy that stays until the next call. -ENOMEM. */
VFT_MUST_CHECK int rec_redact_event(struct rec_redact *redact, const struct vft_event *event,
				    const struct vft_event **ret);

/* *ret is @argv, or bytes that stay until the next call. -ENOMEM. */
VFT_MUST_CHECK int rec_redact_argv(struct rec_redact *redact, struct vft_str argv,
				   struct vft_str *ret);

/* VFT_N_REMOVED counts, by enum vft_removed. */
const uint64_t *rec_redact_get_counts(const struct rec_redact *redact);

#endif
