/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "replay/model/model_internal.h"

#define PER_CHUNK 128u

/* What the pool holds back is freed memory to the sanitizer too. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define POISON(object, size)   ASAN_POISON_MEMORY_REGION(object, size)
#define UNPOISON(object, size) ASAN_UNPOISON_MEMORY_REGION(object, size)
#else
#define POISON(object, size)   ((void)(object), (void)(size))
#define UNPOISON(object, size) ((void)(object), (void)(size))
#endif

struct chunk {
	struct chunk *next;
	_Alignas(MODEL_LINE) char objects[];
};

void *model_pool_new(struct pool *pool, size_t size)
{
	void *object = pool->free;

	if (!object) {
		struct chunk *chunk = aligned_alloc(MODEL_LINE, sizeof(*chunk) + PER_CHUNK * size);

		if (!chunk)
			return NULL;
		pool->size = size;
		chunk->next = pool->chunks;
		pool->chunks = chunk;
		for (size_t i = PER_CHUNK; i > 0; i--)
			model_pool_put(pool, chunk->objects + (i - 1) * size, size);
		object = pool->free;
	}
	UNPOISON(object, size);
	memcpy(&pool->free, object, sizeof(pool->free));
	return memset(object, 0, size);
}

void model_pool_put(struct pool *pool, void *object, size_t size)
{
	memcpy(object, &pool->free, sizeof(pool->free));
	pool->free = object;
	POISON(object, size);
}

void model_pool_release(struct pool *pool)
{
	while (pool->chunks) {
		struct chunk *chunk = pool->chunks;

		pool->chunks = chunk->next;
		UNPOISON(chunk->objects, PER_CHUNK * pool->size);
		free(chunk);
	}
	pool->free = NULL;
}
