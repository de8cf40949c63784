/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keep - what every run asks for anew and is dear to get under a sanitizer, kept from run to run:
 * zstd's contexts, and structs that are so large that each would be mapped and unmapped. Linked
 * with --wrap (see meson.build), into the fuzzers only; between runs a kept struct is poisoned.
 */
#include <sanitizer/asan_interface.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define N_KEPT 8
#define LARGE  (128u << 10)

struct kept {
	void *data;
	size_t size;
	bool is_used;
};

static struct kept contexts_d[N_KEPT], contexts_c[N_KEPT], structs[N_KEPT];

void *__real_calloc(size_t n, size_t size);
void __real_free(void *data);
ZSTD_DCtx *__real_ZSTD_createDCtx(void);
ZSTD_CCtx *__real_ZSTD_createCCtx(void);
size_t __real_ZSTD_freeDCtx(ZSTD_DCtx *context);
size_t __real_ZSTD_freeCCtx(ZSTD_CCtx *context);

void *__wrap_calloc(size_t n, size_t size);
void __wrap_free(void *data);
ZSTD_DCtx *__wrap_ZSTD_createDCtx(void);
ZSTD_CCtx *__wrap_ZSTD_createCCtx(void);
size_t __wrap_ZSTD_freeDCtx(ZSTD_DCtx *context);
size_t __wrap_ZSTD_freeCCtx(ZSTD_CCtx *context);

/*
 * A small quarantine, whose memory is soon used again and stays in the caches: with 256 MiB each
 * run touches new pages. The rest is about pages too.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=2:thread_local_quarantine_size_kb=128:"
	       "allocator_release_to_os_interval_ms=-1:malloc_context_size=10";
}

/* One of @size, or a slot to put one into; NULL: all are in use. */
static struct kept *take(struct kept *kept, size_t size)
{
	for (size_t i = 0; i < N_KEPT; i++) {
		if (kept[i].is_used || (kept[i].data && kept[i].size != size))
			continue;
		kept[i].size = size;
		kept[i].is_used = true;
		return &kept[i];
	}
	return NULL;
}

static struct kept *find(struct kept *kept, const void *data)
{
	for (size_t i = 0; i < N_KEPT && kept[i].data; i++)
		if (kept[i].data == data)
			return &kept[i];
	return NULL;
}

/* False: it is none of those kept. That one is freed a second time must not go unseen. */
static bool give_back(struct kept *kept, const void *data)
{
	struct kept *slot = find(kept, data);

	if (!slot)
		return false;
	if (!slot->is_used)
		abort();
	slot->is_used = false;
	return true;
}

void *__wrap_calloc(size_t n, size_t size)
{
	struct kept *slot;

	if (n != 1 || size < LARGE)
		return __real_calloc(n, size);
	slot = take(structs, size);
	if (!slot)
		return __real_calloc(1, size);
	if (!slot->data)
		return slot->data = __real_calloc(1, size);
	ASAN_UNPOISON_MEMORY_REGION(slot->data, size);
	return memset(slot->data, 0, size);
}

void __wrap_free(void *data)
{
	struct kept *slot = data ? find(structs, data) : NULL;

	if (!slot) {
		__real_free(data);
		return;
	}
	(void)give_back(structs, data);
	ASAN_POISON_MEMORY_REGION(slot->data, slot->size);
}

ZSTD_DCtx *__wrap_ZSTD_createDCtx(void)
{
	struct kept *slot = take(contexts_d, 0);

	if (!slot)
		return __real_ZSTD_createDCtx();
	if (!slot->data)
		slot->data = __real_ZSTD_createDCtx();
	return slot->data;
}

ZSTD_CCtx *__wrap_ZSTD_createCCtx(void)
{
	struct kept *slot = take(contexts_c, 0);

	if (!slot)
		return __real_ZSTD_createCCtx();
	if (!slot->data)
		slot->data = __real_ZSTD_createCCtx();
	return slot->data;
}

size_t __wrap_ZSTD_freeDCtx(ZSTD_DCtx *context)
{
	return give_back(contexts_d, context) ? 0 : __real_ZSTD_freeDCtx(context);
}

size_t __wrap_ZSTD_freeCCtx(ZSTD_CCtx *context)
{
	return give_back(contexts_c, context) ? 0 : __real_ZSTD_freeCCtx(context);
}
