/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bare.h - the records of the bare recorder, as they pass the ring and as they are written. */
#ifndef BARE_H
#define BARE_H

#define BARE_NAME_SIZE 128

enum bare_kind { BARE_SPAWN, BARE_RELEASE, BARE_EXEC, BARE_EXIT };

struct bare_record {
	unsigned long long time_ns, start_ns, value;
	unsigned int kind, pid, other_pid, cpu;
	char comm[16];
};

struct bare_exec {
	struct bare_record record;
	char name[BARE_NAME_SIZE];
};

#endif
