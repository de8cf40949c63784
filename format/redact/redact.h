/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact.h - takes passwords, tokens and keys out of what a process says of itself.
 *
 * Owns: the rules, the key of the tokens, and how much was removed. Never does: I/O, and no promise
 * to find everything: it removes what is named like a secret or looks like one. Called by: the
 * recorder, before anything reaches the disk, and by vfork-report, which rewrites traces. One
 * thread.
 *
 * What is removed becomes "REDACTED:" and eight digits, which are the same for equal values of one
 * struct vft_redact and tell nothing of the value: its key is random and never leaves the memory.
 */
#ifndef VFT_REDACT_H
#define VFT_REDACT_H

#include <stdint.h>

#include <vft/meta.h>

struct vft_redact;

/* With a key drawn from the kernel. -ENOMEM, -EIO. */
VFT_MUST_CHECK int vft_redact_new(struct vft_redact **ret);
void vft_redact_free(struct vft_redact *redact); /* NULL is fine */

/*
 * Add one rule, a line of a rules file: "name WORD", "prefix TEXT", "option PROGRAM OPTION" or
 * "regex ERE"; empty lines and those that begin with # add nothing. -EINVAL with what is wrong in
 * *err, -ENOMEM.
 */
VFT_MUST_CHECK int vft_redact_add_rule(struct vft_redact *redact, const char *line,
				       struct vft_err *err);

/*
 * *ret is @argv, NUL-separated, without its secrets: @argv itself where there are none, else bytes
 * of @redact that stay until the next call. -ENOMEM.
 */
VFT_MUST_CHECK int vft_redact_argv(struct vft_redact *redact, struct vft_str argv,
				   struct vft_str *ret);

/* The same for a path: URLs and tokens of known services, but no run of letters and digits. */
VFT_MUST_CHECK int vft_redact_path(struct vft_redact *redact, struct vft_str path,
				   struct vft_str *ret);

/* VFT_N_REMOVED counts by enum vft_removed. */
const uint64_t *vft_redact_get_counts(const struct vft_redact *redact);

#endif
