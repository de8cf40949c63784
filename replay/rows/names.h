/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names.h - numbers of the recorded kernel by their names, the same on whatever machine reads them.
 *
 * Owns: signal, errno and system call names as Linux numbers them on x86, arm64, riscv, s390x and
 * powerpc. Never does: ask the running system. Called by: the row builders.
 */
#ifndef REP_NAMES_H
#define REP_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <vft/event.h>

#define REP_NAME_SIZE 24

extern const char *const rep_bits_clone[]; /* of clone flags, from bit 0 on; NULL-ended */
/* "SIGKILL", "SIGRTMIN+2", or "SIG200" for a number no signal has; NULL for 0. May use @buffer. */
const char *rep_signal_name(uint32_t number, char buffer[REP_NAME_SIZE]);
/* "ENOENT", or "E5000" for an unknown number; NULL for 0. May use @buffer. */
const char *rep_errno_name(uint32_t number, char buffer[REP_NAME_SIZE]);
/*
 * "vfork", "clone" or "clone3" for the system call @number of a kernel whose uname machine
 * is
 * @arch; @compat: of its 32-bit ABI. NULL for any other or an unknown architecture.
 */
const char *rep_syscall_name(struct vft_str arch, bool compat, int32_t number);

#endif
