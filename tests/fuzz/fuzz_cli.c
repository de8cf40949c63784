/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command line, one argument a line of the input, and what it selects of one of four traces: with
 * every outcome, with losses, of two sections, damaged. The input's size says which.
 */
#include "fuzz.h"

#include <stdio.h>

#define MAX_ARGS  100
#define MAX_TRACE 65536u

static const struct vft_str *read_trace(size_t which)
{
	static const char *const names[] = {"outcomes.vft", "lossy.vft", "joined.vft",
					    "damaged.vft"};
	static struct vft_str traces[sizeof(names) / sizeof(names[0])];
	struct vft_str *trace = &traces[which % (sizeof(names) / sizeof(names[0]))];
	static char bytes[sizeof(names) / sizeof(names[0])][MAX_TRACE];
	char path[4096];
	FILE *file;

	if (trace->size)
		return trace;
	(void)snprintf(path, sizeof(path), "%s/%s", FUZZ_TRACES, names[trace - traces]);
	file = fopen(path, "rbe");
	if (!file)
		abort();
	trace->data = bytes[trace - traces];
	trace->size = (uint32_t)fread(bytes[trace - traces], 1, MAX_TRACE, file);
	(void)fclose(file);
	return trace;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[] = "vfork-report", input[] = "t.vft", *argv[MAX_ARGS + 3] = {name};
	const struct vft_str *trace = read_trace(size >> 2);
	char *text = malloc(size + 1), *rest = text;
	int argc = 1;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	while (rest && argc <= MAX_ARGS)
		argv[argc++] = strsep(&rest, "\n");
	argv[argc++] = input;
	fuzz_run(argc, argv, trace->data, trace->size, size & 1, size & 2);
	free(text);
	return 0;
}
