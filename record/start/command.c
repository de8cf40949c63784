/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/start/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* The lowest that are free are taken, and there are far fewer of them. */
#define MAX_OUR_FDS 1024

/*
 * An exec closes what is the recorder's, but one that hangs would keep its hooks attached and its
 * output locked after it has gone. What is not to be closed by an exec is the caller's.
 */
static void close_ours(int gate_fd, int report_fd)
{
	for (int fd = STDERR_FILENO + 1; fd < MAX_OUR_FDS; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0 && (flags & FD_CLOEXEC) && fd != gate_fd && fd != report_fd)
			close(fd);
	}
}

/* In the child: wait for the word, then become @argv or tell the parent why not. */
static _Noreturn void become(const struct rec_command_options *options, int gate_fd, int report_fd)
{
	ssize_t n;
	char word;
	int code = 0;

	do {
		n = read(gate_fd, &word, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(125); /* the recorder gave up, or is gone */
	if (options->stdout_is_taken && dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		close(STDOUT_FILENO);
	if (options->signals)
		code = -rec_signals_restore(options->signals);
	if (!code) {
		execvp(options->argv[0], options->argv);
		code = errno;
	}
	if (write(report_fd, &code, sizeof(code)) != sizeof(code))
		_exit(125);
	_exit(code == ENOENT ? 127 : 126);
}

static void close_pair(const int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

static int fork_between(const struct rec_command_options *options, const int gate[2],
			const int report[2], struct rec_command *ret)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close_ours(gate[0], report[1]); /* also its own end of the gate, to see it close */
		become(options, gate[0], report[1]);
	}
	ret->pid = pid;
	ret->gate_fd = gate[1];
	ret->report_fd = report[0];
	close(gate[0]);
	close(report[1]);
	ret->pidfd = pidfd_open(pid, 0);
	/* An exec may hang for as long as the disk does that it reads. */
	if (ret->pidfd < 0 || fcntl(ret->pidfd, F_SETFD, FD_CLOEXEC) ||
	    fcntl(ret->report_fd, F_SETFL, O_NONBLOCK)) {
		int r = -errno;

		rec_command_close(ret);
		return r;
	}
	return 0;
}

int rec_command_fork(const struct rec_command_options *options, struct rec_command *ret,
		     struct vft_err *err)
{
	int gate[2], report[2], r;

	if (pipe2(gate, O_CLOEXEC))
		return vft_fail(err, -errno, 0, "%s", strerror(errno));
	if (pipe2(report, O_CLOEXEC)) {
		r = -errno;
		close_pair(gate);
		return vft_fail(err, r, 0, "%s", strerror(-r));
	}
	r = fork_between(options, gate, report, ret);
	if (!r)
		return 0;
	if (!ret->pid) {
		close_pair(gate);
		close_pair(report);
	}
	return vft_fail(err, r, 0, "cannot start a process: %s", strerror(-r));
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int rec_command_release(struct rec_command *command, struct vft_err *err)
{
	int code = write(command->gate_fd, ".", 1) == 1 ? 0 : errno;

	close_one(&command->gate_fd);
	return code ? vft_fail(err, -code, 0, "%s", strerror(code)) : 0;
}

int rec_command_get_exec(struct rec_command *command, struct vft_err *err)
{
	int code = 0;
	ssize_t n;

	if (command->report_fd < 0)
		return 1;
	do {
		n = read(command->report_fd, &code, sizeof(code));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : vft_fail(err, -errno, 0, "%s", strerror(errno));
	close_one(&command->report_fd); /* which the exec did at its end */
	return n == sizeof(code) ? vft_fail(err, -code, 0, "%s", strerror(code)) : 1;
}

void rec_command_close(struct rec_command *command)
{
	close_one(&command->gate_fd);
	close_one(&command->report_fd);
	close_one(&command->pidfd);
}

int rec_command_wait(struct rec_command *command, int timeout_ms, int *ret_status)
{
	struct pollfd poll_fd = {.fd = command->pidfd, .events = POLLIN};
	int status;
	pid_t r;

	if (poll(&poll_fd, 1, timeout_ms) < 0 && errno != EINTR)
		return -errno;
	r = waitpid(command->pid, &status, WNOHANG);
	if (r < 0)
		return -errno;
	if (r == 0)
		return 0;
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 1;
}
