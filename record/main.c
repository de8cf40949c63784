/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "record/start/check.h"
#include "record/options.h"
#include "record/start/privileges.h"
#include "record/recorder.h"

int main(int argc, char **argv)
{
	struct rec_options options;
	struct rec_user user;
	struct vft_err err;
	int r = rec_options_parse(argc, argv, &options);

	if (r)
		return r < 0 ? REC_EXIT_USAGE : REC_EXIT_OK;
	if (rec_privileges_find_user(options.drop_to, &user, &err)) {
		fprintf(stderr, "vfork-record: --drop-to '%s': %s\n", options.drop_to, err.message);
		return REC_EXIT_USAGE;
	}
	if (options.check)
		return rec_check(&user, options.json);
	if (rec_privileges_check(&err)) {
		fprintf(stderr, "vfork-record: %s\n", err.message);
		return REC_EXIT_FORBIDDEN;
	}
	return rec_record(&options, &user);
}
