/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nearest.h - what was meant by a word that is not in the list.
 *
 * Start with {0}, offer every name, read name. Never does: know the names, print.
 * Called by: the command lines of both programs.
 */
#ifndef VFT_BASE_NEAREST_H
#define VFT_BASE_NEAREST_H

struct vft_nearest {
	const char *name; /* borrowed; NULL: none is near */
	unsigned int cost;
};

/*
 * Keep @name if it is nearer to @word than those before: fewer letters to insert, remove, replace
 * or swap with a neighbour, a third of the word at most; or @word is how it begins.
 */
void vft_nearest_offer(struct vft_nearest *nearest, const char *word, const char *name);

#endif
