/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "record/start/check.h"
#include "record/options.h"
#include "record/start/privileges.h"
#include "record/recorder.h"
#include "record/now.h"

/*
 * With stdin, stdout or stderr closed, the first files we open would get their numbers, and what we
 * say would land in the output. What is put there can be neither read nor written, and CMD does
 * not inherit it. Without room for three descriptors nothing else would work either.
 */
static int reserve_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/", O_PATH | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	return fd < 0 ? -1 : close(fd);
}

int main(int argc, char **argv)
{
	struct rec_options options;
	struct rec_user user;
	struct vft_err err;
	int r;

	if (reserve_standard_descriptors())
		return REC_EXIT_FORBIDDEN;
	r = rec_options_parse(argc, argv, &options);
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
	return options.now ? rec_now(&options, &user) : rec_record(&options, &user);
}
