/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the command line of vfork-record, parsed and checked.
 *
 * Owns: names, defaults and messages of the options. Never does: anything an option asks for.
 * Called by: main.c alone; below it, values are passed.
 */
#ifndef REC_OPTIONS_H
#define REC_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "record/kernel/translate.h"

#define REC_MAX_PIDS         64
#define REC_MAX_NOTES        32
#define REC_DEFAULT_STALL_NS 1000000000ull

struct rec_options {
	const char *output;   /* NULL = a name made of host and time */
	uint64_t duration_ns; /* 0 = no end */
	uint64_t stall_ns;    /* say of vforks that last as long; 0 = of none */
	pid_t pids[REC_MAX_PIDS];
	size_t n_pids;
	bool all, force, threads, vfork_only, failures, quiet;
	bool check;          /* say what is allowed instead of recording */
	bool now, exit_code; /* look once instead of recording */
	bool json;           /* of check or now */
	const char *drop_to; /* NULL = nobody */
	uint64_t ring_bytes; /* a power of two */
	int level;
	enum rec_args args;
	const char *notes[REC_MAX_NOTES + 1]; /* "KEY=VALUE", NULL-terminated */
	const char *redact_rules;             /* NULL = none but our own */
	char **command;                       /* NULL-terminated, NULL without "-- CMD" */
};

/*
 * 0 with *ret filled; 1 when --help or --version was printed; -EINVAL after one line on stderr.
 */
VFT_MUST_CHECK int rec_options_parse(int argc, char **argv, struct rec_options *ret);

const char *rec_args_name(enum rec_args args);

#endif
