/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syscalls.h - system calls by number, and what their arguments are.
 *
 * Owns: tables. Called by: arguments.c, wait.c, surroundings.
 */
#ifndef REC_SYSCALLS_H
#define REC_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

enum rec_abi { REC_ABI_UNKNOWN, REC_ABI_X86_64, REC_ABI_I386, REC_ABI_ARM64 };

/* Of a task of this machine; @is_compat: it runs as 32-bit. */
enum rec_abi rec_abi_here(bool is_compat);

/* NULL for a number that has no name. */
const char *rec_syscall_name(enum rec_abi abi, int64_t number);

/*
 * A letter for each argument, or NULL where they are not known:
 *   d signed   u unsigned   x flags   o mode   P address
 *   f descriptor   F directory's descriptor   p path   s time to wait
 */
const char *rec_syscall_arguments(const char *name);

#endif
