/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "model_internal.h"

#define PER_CHUNK 128u

struct chunk {
	struct chunk *next;
	_Alignas(max_align_t) char objects[];
};

void *model_pool_new(struct pool *pool, size_t size)
{
	void *object = pool->free;

	if (!object) {
		struct chunk *chunk = malloc(sizeof(*chunk) + PER_CHUNK * size);

		if (!chunk)
			return NULL;
		chunk->next = pool->chunks;
		pool->chunks = chunk;
		for (size_t i = PER_CHUNK; i > 0; i--)
			model_pool_put(pool, chunk->objects + (i - 1) * size);
		object = pool->free;
	}
	memcpy(&pool->free, object, sizeof(pool->free));
	return memset(object, 0, size);
}

void model_pool_put(struct pool *pool, void *object)
{
	memcpy(object, &pool->free, sizeof(pool->free));
	pool->free = object;
}

void model_pool_release(struct pool *pool)
{
	while (pool->chunks) {
		struct chunk *chunk = pool->chunks;

		pool->chunks = chunk->next;
		free(chunk);
	}
	pool->free = NULL;
}
