/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings.h - what the user asked for.
 *
 * Filled by options.c from the command line, read by main and the commands.
 */
#ifndef REP_SETTINGS_H
#define REP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/print/out.h"
#include "replay/rows/filter.h"

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

#endif
