/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/start/signals.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/signalfd.h>

static bool is_ignored(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

int rec_signals_take(struct rec_signals *ret, int *ret_fd)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, normal = {.sa_handler = SIG_DFL};
	sigset_t heard;
	int fd;

	sigemptyset(&heard);
	sigaddset(&heard, SIGINT);
	sigaddset(&heard, SIGTERM);
	/* A blocked signal is delivered though it is ignored. */
	if (!is_ignored(SIGHUP))
		sigaddset(&heard, SIGHUP);
	/* A closed pipe and a size limit are failed writes, and have lines of their own. With
	 * SIGCHLD ignored the status of CMD would be lost. */
	if (sigprocmask(SIG_BLOCK, &heard, &ret->mask) || sigaction(SIGPIPE, &ignore, &ret->pipe) ||
	    sigaction(SIGXFSZ, &ignore, &ret->xfsz) || sigaction(SIGCHLD, &normal, &ret->child))
		return -errno;
	fd = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int rec_signals_restore(const struct rec_signals *signals)
{
	if (sigaction(SIGPIPE, &signals->pipe, NULL) || sigaction(SIGXFSZ, &signals->xfsz, NULL) ||
	    sigaction(SIGCHLD, &signals->child, NULL) ||
	    sigprocmask(SIG_SETMASK, &signals->mask, NULL))
		return -errno;
	return 0;
}
