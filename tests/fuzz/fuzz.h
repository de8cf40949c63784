/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz.h - what each fuzz target defines: under libFuzzer with -Dfuzz=true, else under replay.c.
 */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vft/event.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer's own mutation, or replay.c's few flipped bits. Returns the new size. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Reads every member of @event and the ends of what it points to; the sum is to be used. */
uint64_t fuzz_touch(const struct vft_event *event);

/*
 * Parses @argv as vfork-report's command line and runs the command on @data as its input, without
 * the sandbox, which would hold for the whole fuzzer. The output goes to memory.
 */
void fuzz_run(int argc, char **argv, const void *data, size_t size, bool color, bool utf8);

#endif
