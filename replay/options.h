/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the command line, taken apart strictly.
 *
 * Owns: the list of options and which command takes which. Never does: output; a fault is one line
 * that main prints. Called by: main, tests.
 */
#ifndef REP_OPTIONS_H
#define REP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/rows/filter.h"
#include "replay/print/out.h"

struct rep_command;

enum rep_color { REP_COLOR_AUTO, REP_COLOR_ALWAYS, REP_COLOR_NEVER };
enum rep_sort { REP_SORT_START, REP_SORT_BLOCKED };

struct rep_options {
	const struct rep_command *command;
	bool help, version, json_schema;
	enum rep_format format;
	bool csv_safe, exit_code, strict, quiet;
	enum rep_color color;
	bool utc;               /* clock times in UTC, not in the local zone */
	uint64_t max_output;    /* 0 = by the input's size */
	uint64_t max_cpu_ns;    /* 0 = by the input's size */
	uint64_t max_memory;    /* bytes; 0 = by the input's size */
	unsigned int n_threads; /* 0 = by the CPUs and the input's size */
	struct rep_select select;
	bool has_min;
	uint64_t min_ns;
	uint32_t outcomes; /* set of 1 << enum rep_outcome; 0 = all */
	enum rep_sort sort;
	bool has_limit;
	uint64_t limit;
	const struct rep_table_info *table; /* of export; NULL otherwise */
	const char *output;                 /* NULL or "-" = stdout */
	const char **files;                 /* borrowed from argv; the array is owned */
	size_t n_files;
};

/*
 * Fill @ret from @argv. On -EINVAL the fault is said in @fault, one line, escaped; -ENOMEM. Release
 * @ret in any case.
 */
VFT_MUST_CHECK int rep_options_parse(int argc, char **argv, struct rep_options *ret,
				     struct rep_buf *fault);
void rep_options_release(struct rep_options *options);

#endif
