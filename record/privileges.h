/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privileges.h - whether this user and this kernel can record at all, said before anything is
 * tried.
 *
 * Owns: nothing. Never does: change privileges. Called by: main.c.
 */
#ifndef REC_PRIVILEGES_H
#define REC_PRIVILEGES_H

#include "base/err.h"

/* 0; or -EPERM, -EOPNOTSUPP with one line on what is missing and what to do. */
VFT_MUST_CHECK int rec_privileges_check(struct vft_err *err);

#endif
