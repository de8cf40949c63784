/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exit.h - what the exit status says of a recording.
 */
#ifndef REC_EXIT_H
#define REC_EXIT_H

/* Exit codes, as the manual page lists them. */
enum {
	REC_EXIT_OK = 0,
	REC_EXIT_FOUND = 1,      /* --now --exit-code: somebody is held */
	REC_EXIT_USAGE = 2,      /* also: the output cannot be opened, no such process */
	REC_EXIT_INCOMPLETE = 4, /* recording broke off; what was written until then is readable */
	REC_EXIT_FORBIDDEN = 5,  /* missing permission or kernel feature */
};

#endif
