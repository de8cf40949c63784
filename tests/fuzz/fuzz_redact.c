/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as arguments: what comes out has no more arguments than went in, nothing that was not
 * removed is changed, and a second look finds the same of the same.
 */
#include "fuzz.h"

#include "format/redact/redact.h"

static struct vft_str copy_of(struct vft_str text)
{
	char *bytes = malloc(text.size ? text.size : 1);

	if (!bytes)
		abort();
	if (text.size)
		memcpy(bytes, text.data, text.size);
	return (struct vft_str){bytes, text.size};
}

static uint32_t count_ends(struct vft_str text)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < text.size; i++)
		n += !text.data[i];
	return n;
}

static uint64_t sum_of(const struct vft_redact *redact)
{
	uint64_t sum = 0;

	for (size_t why = 0; why < VFT_N_REMOVED; why++)
		sum += vft_redact_get_counts(redact)[why];
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vft_str in = copy_of((struct vft_str){(const char *)data, (uint32_t)size});
	struct vft_str out, first, path;
	struct vft_redact *redact;
	struct vft_err err;
	uint64_t n;

	if (vft_redact_new(&redact))
		abort();
	if (vft_redact_add_rule(redact, "name codeword", &err) ||
	    vft_redact_add_rule(redact, "regex [0-9]{4}-[0-9]{4}", &err))
		abort();
	if (vft_redact_argv(redact, in, &out))
		abort();
	n = sum_of(redact);
	if (count_ends(out) != count_ends(in) || (!n && out.data != in.data))
		abort();
	first = copy_of(out);
	if (vft_redact_argv(redact, in, &out) || out.size != first.size ||
	    memcmp(out.data, first.data, out.size) != 0 || sum_of(redact) != 2 * n)
		abort();
	if (vft_redact_path(redact, in, &path))
		abort();
	vft_redact_free(redact);
	free((void *)(uintptr_t)first.data);
	free((void *)(uintptr_t)in.data);
	return 0;
}
