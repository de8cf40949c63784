/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/start/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: wait for the word, then become @argv or tell the parent why not. */
static _Noreturn void become(char *const *argv, bool stdout_is_taken, int gate_fd, int report_fd)
{
	sigset_t none;
	ssize_t n;
	char word;
	int code;

	do {
		n = read(gate_fd, &word, 1);
	} while (n < 0 && errno == EINTR);
	if (n != 1)
		_exit(125); /* the recorder gave up, or is gone */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (stdout_is_taken && dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		close(STDOUT_FILENO);
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

static void close_pair(const int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

static int fork_between(char *const *argv, bool stdout_is_taken, const int gate[2],
			const int report[2], struct rec_command *ret)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(gate[1]); /* so that it sees the end of the gate */
		close(report[0]);
		become(argv, stdout_is_taken, gate[0], report[1]);
	}
	ret->pid = pid;
	ret->gate_fd = gate[1];
	ret->report_fd = report[0];
	close(gate[0]);
	close(report[1]);
	ret->pidfd = pidfd_open(pid, 0);
	if (ret->pidfd < 0 || fcntl(ret->pidfd, F_SETFD, FD_CLOEXEC)) {
		int r = -errno;

		rec_command_close(ret);
		return r;
	}
	return 0;
}

int rec_command_fork(char *const *argv, bool stdout_is_taken, struct rec_command *ret,
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
	r = fork_between(argv, stdout_is_taken, gate, report, ret);
	if (!r)
		return 0;
	if (!ret->pid) {
		close_pair(gate);
		close_pair(report);
	}
	return vft_fail(err, r, 0, "cannot start a process: %s", strerror(-r));
}

int rec_command_release(struct rec_command *command, struct vft_err *err)
{
	int code = write(command->gate_fd, ".", 1) == 1 ? 0 : errno;

	if (!code)
		code = read_report(command->report_fd);
	close(command->gate_fd);
	close(command->report_fd);
	command->gate_fd = command->report_fd = -1;
	return code ? vft_fail(err, -code, 0, "%s", strerror(code)) : 0;
}

void rec_command_close(struct rec_command *command)
{
	int *const fds[] = {&command->gate_fd, &command->report_fd, &command->pidfd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
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
