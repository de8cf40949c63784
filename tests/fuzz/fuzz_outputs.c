/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole file to each output: every command in every format. One of them for each input, chosen by
 * the input's checksum, since all of them for each would make a fuzzer thirty times slower.
 */
#include "fuzz.h"

#include "format/base/crc32c.h"

#define MAX_WORDS 8

static const char *const lines[][MAX_WORDS] = {
	{"summary"},
	{"summary", "--json"},
	{"summary", "--from", "1s", "--to", "3s"},
	{"vforks"},
	{"vforks", "--json"},
	{"vforks", "--ndjson"},
	{"vforks", "--csv"},
	{"vforks", "--sort", "blocked", "--limit", "3"},
	{"vforks", "--comm", "*", "--min", "1ms"},
	{"tree"},
	{"tree", "--json"},
	{"tree", "--ndjson"},
	{"tree", "--csv-safe"},
	{"tree", "--pid", "100"},
	{"events"},
	{"events", "--json"},
	{"events", "--ndjson"},
	{"events", "--csv"},
	{"events", "--exe", "*a*"},
	{"export", "--table", "vforks", "--format", "csv"},
	{"export", "--table", "processes", "--format", "json"},
	{"export", "--table", "processes", "--format", "csv"},
	{"export", "--table", "events", "--format", "ndjson"},
	{"export", "--table", "events", "--format", "csv"},
	{"info"},
	{"info", "--json"},
	{"verify"},
	{"verify", "--json"},
	{"verify", "--csv"},
};
#define N_LINES (sizeof(lines) / sizeof(lines[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char words[MAX_WORDS + 2][16] = {"vfork-report"}, *argv[MAX_WORDS + 3];
	uint32_t pick = vft_crc32c(0, data, size);
	const char *const *line = lines[pick % N_LINES];
	int argc = 1;

	while (argc <= MAX_WORDS && line[argc - 1]) {
		strcpy(words[argc], line[argc - 1]);
		argc++;
	}
	strcpy(words[argc++], "fuzz.vft");
	for (int i = 0; i < argc; i++)
		argv[i] = words[i];
	argv[argc] = NULL;
	fuzz_run(argc, argv, data, size, pick >> 16 & 1, pick >> 17 & 1);
	return 0;
}
