/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privileges.h - what this user and this kernel allow, and giving all of it up.
 *
 * Owns: the list of what recording needs besides hooks; the way from root to nobody. Never does:
 * gain privileges. Called by: main.c, check.c, and recorder.c once recording is on.
 */
#ifndef REC_PRIVILEGES_H
#define REC_PRIVILEGES_H

#include <stddef.h>
#include <sys/types.h>

#include <vft/err.h>
#include "record/kernel/fact.h"

#define REC_N_PRIVILEGES 6

/* The two capabilities, BTF, lockdown, /proc and seccomp, each found or missing; nothing is tried.
 */
void rec_privileges_list(struct rec_fact ret[REC_N_PRIVILEGES]);

/* 0; or -EPERM, -EOPNOTSUPP with one line on what is missing and what to do. */
VFT_MUST_CHECK int rec_privileges_check(struct vft_err *err);

/* Whom to become. */
struct rec_user {
	uid_t uid;
	gid_t gid;
	char name[64];
};

/*
 * @name is a user's name or number, "root" included: root without capabilities. NULL is nobody for
 * root, and for anybody else the same user. -EINVAL, with one line, if there is no such user.
 */
VFT_MUST_CHECK int rec_privileges_find_user(const char *name, struct rec_user *ret,
					    struct vft_err *err);

/*
 * Become @user for good, without any capability, other groups, or a way to get some back. The
 * caller must be the process's only thread: the rest would keep what they have.
 *
 * @works says afterwards whether what the caller goes on to do is still allowed (0 or -errno).
 * Before Linux 5.19, bpf() can be closed to everybody without CAP_BPF: if @works fails without that
 * capability and succeeds with it, it alone is kept.
 *
 * 0 without any capability, 1 with CAP_BPF, negative with one line when it could not be done: the
 * caller must not go on then, for the process may be anything between the two users.
 */
VFT_MUST_CHECK int rec_privileges_drop(const struct rec_user *user, int (*works)(void *context),
				       void *context, struct vft_err *err);

#endif
