/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "options.h"
#include "privileges.h"
#include "recorder.h"

int main(int argc, char **argv)
{
	struct rec_options options;
	struct vft_err err;
	int r = rec_options_parse(argc, argv, &options);

	if (r)
		return r < 0 ? REC_EXIT_USAGE : REC_EXIT_OK;
	if (rec_privileges_check(&err)) {
		fprintf(stderr, "vfork-record: %s\n", err.message);
		return REC_EXIT_FORBIDDEN;
	}
	return rec_record(&options);
}
