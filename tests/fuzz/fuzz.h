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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
