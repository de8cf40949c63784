/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/base/seed.h"

#include <string.h>
#include <sys/auxv.h>

uint64_t rep_seed;

__attribute__((constructor)) static void draw(void)
{
	/* Sixteen random bytes that the kernel gives every process. */
	const void *bytes = (const void *)(uintptr_t)getauxval(AT_RANDOM);

	if (bytes)
		memcpy(&rep_seed, bytes, sizeof(rep_seed));
}
