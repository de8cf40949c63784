/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact_lines [RULE...] - takes records of NUL-separated arguments from stdin, each ended by 0x1e,
 * and prints what is left of them, then the counts on stderr.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/redact/redact.h"

static int redact_record(struct vft_redact *redact, const char *line, size_t size)
{
	struct vft_str text = {line, (uint32_t)size};
	int r = vft_redact_argv(redact, text, &text);

	if (r)
		return r;
	fwrite(text.data, 1, text.size, stdout);
	putchar(0x1e);
	return 0;
}

int main(int argc, char **argv)
{
	struct vft_redact *redact;
	struct vft_err err = {0};
	char *line = NULL;
	size_t capacity = 0;
	ssize_t n;
	int r = vft_redact_new(&redact);

	for (int i = 1; !r && i < argc; i++)
		r = vft_redact_add_rule(redact, argv[i], &err);
	while (!r && (n = getdelim(&line, &capacity, 0x1e, stdin)) > 0)
		r = redact_record(redact, line, (size_t)n - (line[n - 1] == 0x1e));
	free(line);
	if (r) {
		fprintf(stderr, "redact_lines: %s\n", err.message[0] ? err.message : strerror(-r));
		return 1;
	}
	for (unsigned int i = 0; i < VFT_N_REMOVED; i++)
		if (vft_redact_get_counts(redact)[i])
			fprintf(stderr, "%s %llu\n", vft_removed_name(i),
				(unsigned long long)vft_redact_get_counts(redact)[i]);
	vft_redact_free(redact);
	return 0;
}
