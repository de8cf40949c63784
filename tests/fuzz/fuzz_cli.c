/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command line, one argument a line of the input, and what it selects of a trace that has every
 * outcome.
 */
#include "fuzz.h"

#include <stdio.h>

#define MAX_ARGS  100
#define MAX_TRACE 65536u

static uint8_t trace[MAX_TRACE];

static size_t read_trace(void)
{
	static size_t size;
	FILE *file = size ? NULL : fopen(FUZZ_TRACE, "rbe");

	if (file) {
		size = fread(trace, 1, sizeof(trace), file);
		(void)fclose(file);
	}
	if (!size)
		abort();
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[] = "vfork-report", input[] = "t.vft", *argv[MAX_ARGS + 3] = {name};
	char *text = malloc(size + 1), *rest = text;
	int argc = 1;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	while (rest && argc <= MAX_ARGS)
		argv[argc++] = strsep(&rest, "\n");
	argv[argc++] = input;
	fuzz_run(argc, argv, trace, read_trace(), size & 1, size & 2);
	free(text);
	return 0;
}
