/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/base/nearest.h"

#include <stddef.h>
#include <string.h>

/* No option or command is longer; a longer word is near to none. */
#define MAX_SIZE 31u

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: the rows of the last two letters are enough. */
static unsigned int distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	unsigned int rows[3][MAX_SIZE + 1], *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b_size; j++)
		last[j] = before[j] = (unsigned int)j;
	for (size_t i = 1; i <= a_size; i++) {
		unsigned int *spare = before;

		now[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_size; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1,
				       last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[b_size];
}

void vft_nearest_offer(struct vft_nearest *nearest, const char *word, const char *name)
{
	size_t word_size = strlen(word), name_size = strlen(name);
	unsigned int cost, most;

	if (!word_size || word_size > MAX_SIZE || name_size > MAX_SIZE)
		return;
	most = (unsigned int)(word_size + 2) / 3;
	cost = distance(word, word_size, name, name_size);
	if (word_size > 1 && word_size < name_size && memcmp(word, name, word_size) == 0)
		cost = least(cost, 1);
	if (cost > most)
		return;
	/* Of two that begin with it the shorter is meant. */
	if (nearest->name &&
	    (nearest->cost < cost || (nearest->cost == cost && strlen(nearest->name) <= name_size)))
		return;
	nearest->name = name;
	nearest->cost = cost;
}
