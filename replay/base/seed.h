/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seed.h - what hashes begin with: a file's author must not know which keys collide.
 *
 * Called by: whatever hashes something that a file says. No output depends on it.
 */
#ifndef REP_SEED_H
#define REP_SEED_H

#include <stdint.h>

/* The same for all of a process; set before main(). */
extern uint64_t rep_seed;

#endif
