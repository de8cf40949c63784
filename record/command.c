/* SPDX-License-Identifier: BSD-2-Clause */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: become @argv, or tell the parent why not. */
static _Noreturn void become(char *const *argv, int report_fd)
{
	sigset_t none;
	int code;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	code = errno;
	if (write(report_fd, &code, sizeof(code)) != sizeof(code))
		_exit(125);
	_exit(code == ENOENT ? 127 : 126);
}

/* 0 when the exec went through (the pipe closes), else its errno. */
static int read_report(int fd)
{
	int code = 0;
	ssize_t n;

	do {
		n = read(fd, &code, sizeof(code));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(code) ? code : 0;
}

int rec_command_start(char *const *argv, struct rec_command *ret, struct vft_err *err)
{
	int report[2], code;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		return vft_fail(err, -errno, 0, "%s", strerror(errno));
	pid = fork();
	if (pid == 0)
		become(argv, report[1]);
	code = pid < 0 ? errno : 0;
	close(report[1]);
	if (!code)
		code = read_report(report[0]);
	close(report[0]);
	if (pid < 0)
		return vft_fail(err, -code, 0, "cannot start a process: %s", strerror(code));
	ret->pid = pid;
	ret->pidfd = pidfd_open(pid, 0);
	if (ret->pidfd < 0 && !code)
		code = errno;
	if (code)
		return vft_fail(err, -code, 0, "%s", strerror(code));
	return fcntl(ret->pidfd, F_SETFD, FD_CLOEXEC) ? -errno : 0;
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
