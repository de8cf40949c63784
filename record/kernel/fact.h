/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact.h - one thing that recording needs, and whether it is there.
 *
 * Filled by privileges.c (what this user may do) and session.c (what this kernel has), said by
 * check.c, and as an error by whoever cannot go on without it.
 */
#ifndef REC_FACT_H
#define REC_FACT_H

#include <stdbool.h>

enum rec_fact_state { REC_FACT_OK, REC_FACT_MISSING, REC_FACT_UNTRIED };

struct rec_fact {
	const char *name;
	bool required; /* no recording without it */
	enum rec_fact_state state;
	int code;           /* the negative errno of what is missing */
	char detail[192];   /* what was found, or why it is missing */
	const char *advice; /* what to do about it; NULL when it is there */
};

#endif
