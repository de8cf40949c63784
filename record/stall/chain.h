/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain.h - who waits for whom, from a stuck child to whoever could end it.
 *
 * Owns: the links, and how the chain ends. Each link says whether it is known or a guess. Called
 * by: autopsy.c.
 */
#ifndef REC_CHAIN_H
#define REC_CHAIN_H

#include "record/stall/scene.h"

#define REC_MAX_LINKS 12

enum rec_chain_end {
	REC_CHAIN_UNKNOWN, /* the last could not be looked at */
	REC_CHAIN_NOBODY,  /* nobody could end the last one's wait */
	REC_CHAIN_CYCLE,   /* the last waits for one that is in the chain, from @cycle on */
	REC_CHAIN_RUNS,    /* the last one runs */
	REC_CHAIN_OUTSIDE, /* the last waits for something that no process holds: time, a signal */
	REC_CHAIN_MANY,    /* any of several could end the last one's wait */
	REC_CHAIN_GONE,    /* the last waits for one that does not exist any more */
	REC_CHAIN_CUT,     /* it goes on */
};

struct rec_link {
	uint32_t tgid, tid; /* tid 0: any thread of the process */
	char comm[REC_COMM_TEXT];
	enum rec_cause cause;
	char waits_for[REC_CAUSE_TEXT]; /* "" for one that was not looked at */
	bool is_guess;                  /* that it waits for the next one */
	bool has_others;                /* who could end its wait as well, and are not known */
};

struct rec_chain {
	struct rec_link links[REC_MAX_LINKS];
	size_t n;
	enum rec_chain_end end;
	size_t cycle;
};

/* From @first on, which was looked at. -ENOMEM. */
VFT_MUST_CHECK int rec_chain_follow(const struct rec_scene *scene, const struct rec_wait *first,
				    struct rec_chain *ret);

/* Whether some link is a guess. */
bool rec_chain_is_guess(const struct rec_chain *chain);

/* "deadlock: a[1] -> b[2] -> a[1]" and the like, in one line. */
void rec_chain_describe(const struct rec_chain *chain, char *ret, size_t size);

#endif
