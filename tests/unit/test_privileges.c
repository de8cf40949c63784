/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving privileges up, each time in a child: there is no way back. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/start/command.h"
#include "record/start/privileges.h"
#include "record/watch/procfs.h"

/* What a child reports in its exit status. */
enum { DROPPED_ALL = 10, KEPT_ONE = 11, REFUSED = 12, CAME_BACK = 13, WRONG_USER = 14 };

static const struct rec_user somebody = {.uid = 4242, .gid = 4343, .name = "somebody"};

static int works_always(void *context)
{
	return 0;
}

static int works_never(void *context)
{
	return -EPERM;
}

/* As a kernel before 5.19 that closes bpf() to the unprivileged. */
static int works_the_second_time(void *context)
{
	int *n_calls = context;

	return (*n_calls)++ ? 0 : -EPERM;
}

static int drop_and_look(const struct rec_user *user, int (*works)(void *context))
{
	int n_calls = 0;
	struct vft_err err;
	int r = rec_privileges_drop(user, works, &n_calls, &err);

	if (r < 0)
		return REFUSED;
	if (geteuid() != user->uid || getegid() != user->gid || getgroups(0, NULL) != 0)
		return WRONG_USER;
	if (setuid(0) == 0 || setgid(0) == 0)
		return CAME_BACK;
	return r ? KEPT_ONE : DROPPED_ALL;
}

static int status_of_drop(const struct rec_user *user, int (*works)(void *context))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(drop_and_look(user, works));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Nobody but root may become somebody else. */
static int as_root(int outcome)
{
	return geteuid() == 0 ? outcome : REFUSED;
}

static void test_drop__everything(void **state)
{
	assert_int_equal(status_of_drop(&somebody, works_always), as_root(DROPPED_ALL));
}

static void test_drop__kernel_that_needs_one_capability(void **state)
{
	assert_int_equal(status_of_drop(&somebody, works_the_second_time), as_root(KEPT_ONE));
}

static void test_drop__what_follows_is_refused(void **state)
{
	assert_int_equal(status_of_drop(&somebody, works_never), REFUSED);
}

static void test_drop__another_user_without_the_right(void **state)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rec_user other = {.uid = 4444, .gid = 4444, .name = "other"};

		if (geteuid() == 0 && setresuid(4242, 4242, 4242))
			_exit(0);
		_exit(drop_and_look(&other, works_always));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), REFUSED);
}

/* ---- a kernel that says yes and does nothing ---- */

#define LOAD(field)   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF_NOT(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)
#define DO_NOTHING    RETURN(SECCOMP_RET_ERRNO | 0)

/* From here on @number, with @argument where that is not 0, succeeds without effect. */
static bool fake(unsigned int number, unsigned int argument)
{
	struct sock_filter any[] = {LOAD(nr), IF_NOT(number), DO_NOTHING,
				    RETURN(SECCOMP_RET_ALLOW)};
	struct sock_filter one[] = {
		LOAD(nr),      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
		LOAD(args[0]), IF_NOT(argument),
		DO_NOTHING,    RETURN(SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {.len = argument ? sizeof(one) / sizeof(one[0])
						     : sizeof(any) / sizeof(any[0]),
				     .filter = argument ? one : any};

	/* Root needs no no_new_privs for it, which is one of the things to be faked. */
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static int status_of_faked_drop(unsigned int number, unsigned int argument)
{
	gid_t group = 4;
	struct vft_err err;
	int status, r;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgroups(1, &group) || !fake(number, argument))
			_exit(1);
		r = rec_privileges_drop(&somebody, works_always, NULL, &err);
		_exit(r == -EPERM ? REFUSED : r ? 2 : DROPPED_ALL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What is left is read back: no call is believed because it did not fail. */
static void test_drop__calls_that_only_seem_to_work(void **state)
{
	static const struct {
		unsigned int number, argument;
	} calls[] = {
		{SYS_setresuid, 0},
		{SYS_setresgid, 0},
		{SYS_setgroups, 0},
		{SYS_capset, 0},
		{SYS_prctl, PR_SET_NO_NEW_PRIVS},
	};

	if (geteuid() != 0)
		skip();
	/* The fake itself is no hindrance. */
	assert_int_equal(status_of_faked_drop(SYS_getppid, 0), DROPPED_ALL);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		assert_int_equal(status_of_faked_drop(calls[i].number, calls[i].argument), REFUSED);
}

static void test_find_user__names_and_numbers(void **state)
{
	struct rec_user user;
	struct vft_err err;

	assert_int_equal(rec_privileges_find_user("root", &user, &err), 0);
	assert_int_equal(user.uid, 0);
	assert_int_equal(rec_privileges_find_user("0", &user, &err), 0);
	assert_string_equal(user.name, "root");
	assert_int_equal(rec_privileges_find_user("4123456789", &user, &err), 0);
	assert_int_equal(user.uid, 4123456789u);
	assert_int_equal(user.gid, 4123456789u);
	/* (uid_t)-1 means "leave it as it is" to setresuid. */
	assert_int_equal(rec_privileges_find_user("4294967295", &user, &err), -EINVAL);
	assert_int_equal(rec_privileges_find_user("-1", &user, &err), -EINVAL);
	assert_int_equal(rec_privileges_find_user("no-such-user", &user, &err), -EINVAL);
	assert_int_equal(rec_privileges_find_user("", &user, &err), -EINVAL);
}

static void test_find_user__default(void **state)
{
	struct rec_user user;
	struct vft_err err;

	assert_int_equal(rec_privileges_find_user(NULL, &user, &err), 0);
	if (geteuid() == 0)
		assert_string_equal(user.name, "nobody");
	else
		assert_int_equal(user.uid, geteuid());
}

/* ---- CMD, forked before and released after ---- */

static int wait_for_exec(struct rec_command *command)
{
	struct pollfd poll_fd = {.fd = command->report_fd, .events = POLLIN};
	struct vft_err err;

	assert_int_equal(poll(&poll_fd, 1, 60000), 1);
	return rec_command_get_exec(command, &err);
}

static void test_command__never_released(void **state)
{
	char program[] = "true";
	char *const argv[] = {program, NULL};
	struct rec_command_options options = {.argv = argv};
	struct rec_command command = {.pidfd = -1, .gate_fd = -1, .report_fd = -1};
	struct vft_err err;
	int status;

	assert_int_equal(rec_command_fork(&options, &command, &err), 0);
	assert_int_equal(rec_command_wait(&command, 50, &status), 0);
	close(command.gate_fd);
	command.gate_fd = -1;
	assert_int_equal(rec_command_wait(&command, 60000, &status), 1);
	assert_int_equal(status, 125);
	rec_command_close(&command);
}

static void test_command__released(void **state)
{
	char shell[] = "sh", option[] = "-c", script[] = "exit 9";
	char *const argv[] = {shell, option, script, NULL};
	struct rec_command_options options = {.argv = argv};
	struct rec_command command = {.pidfd = -1, .gate_fd = -1, .report_fd = -1};
	struct vft_err err;
	int status;

	assert_int_equal(rec_command_fork(&options, &command, &err), 0);
	assert_int_equal(rec_command_get_exec(&command, &err), 0);
	assert_int_equal(rec_command_release(&command, &err), 0);
	assert_int_equal(wait_for_exec(&command), 1);
	assert_int_equal(rec_command_wait(&command, 60000, &status), 1);
	assert_int_equal(status, 9);
	rec_command_close(&command);
}

static void test_command__no_such_program(void **state)
{
	char program[] = "/nonexistent/program";
	char *const argv[] = {program, NULL};
	struct rec_command_options options = {.argv = argv};
	struct rec_command command = {.pidfd = -1, .gate_fd = -1, .report_fd = -1};
	struct vft_err err;

	assert_int_equal(rec_command_fork(&options, &command, &err), 0);
	assert_int_equal(rec_command_release(&command, &err), 0);
	assert_int_equal(wait_for_exec(&command), -ENOENT);
	rec_command_close(&command);
}

/* ---- the helper that reads /proc ---- */

static void test_reader__names(void **state)
{
	/* Ourselves, a process that is not there, ourselves without the command line. */
	struct rec_proc_names wanted[] = {
		{.pid = getpid()}, {.pid = 0}, {.pid = getpid(), .may_block = true}};
	struct rec_proc_reader reader = {0};
	struct rec_proc_batch *batch;
	const struct rec_proc_names *names;
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));

	assert_true(n > 0);
	assert_int_equal(rec_proc_reader_start(&reader), 0);
	assert_int_equal(rec_proc_read(&reader, wanted, 3, 4, UINT64_C(60000000000), &batch), 0);
	rec_proc_reader_stop(&reader);
	names = rec_proc_get(batch, 0);
	assert_int_equal(names->exe.size, n);
	assert_memory_equal(names->exe.data, exe, (size_t)n);
	assert_int_equal(names->argv.size, 4);
	assert_true(names->argv_size > 4);
	assert_null(rec_proc_get(batch, 1)->exe.data);
	assert_null(rec_proc_get(batch, 1)->argv.data);
	assert_int_equal(rec_proc_get(batch, 2)->exe.size, n);
	assert_null(rec_proc_get(batch, 2)->argv.data);
	rec_proc_free(batch);
}

static void test_reader__out_of_time(void **state)
{
	struct rec_proc_names wanted = {.pid = getpid()};
	struct rec_proc_reader reader = {0};
	struct rec_proc_batch *batch;
	pid_t pid;

	assert_int_equal(rec_proc_reader_start(&reader), 0);
	pid = reader.pid;
	assert_int_equal(rec_proc_read(&reader, &wanted, 1, 4096, 0, &batch), 0);
	assert_null(rec_proc_get(batch, 0)->exe.data);
	rec_proc_reader_stop(&reader);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	rec_proc_reader_stop(&reader); /* once more does no harm */
	rec_proc_free(batch);
}

/* Wait for @pid, a child of ours, to end by itself. */
static int wait_for_end(pid_t pid)
{
	struct timespec pause = {.tv_nsec = 1000000};
	int status = -1;

	for (int i = 0; i < 60000; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		nanosleep(&pause, NULL);
	}
	kill(pid, SIGKILL);
	fail_msg("process %d does not end", (int)pid);
	return status;
}

static void stop_process(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
}

/* A helper that waits for something else than us. */
static void test_reader__killed_where_it_hangs(void **state)
{
	struct rec_proc_reader reader = {0};
	int fds[2];
	pid_t pid;

	assert_int_equal(rec_proc_reader_start(&reader), 0);
	pid = reader.pid;
	fds[0] = reader.request_fd;
	fds[1] = reader.reply_fd;
	stop_process(pid);
	rec_proc_reader_stop(&reader);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); /* it has ended, and was reaped */
	assert_int_equal(errno, ECHILD);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(fcntl(fds[i], F_GETFD), -1);
}

static void test_reader__hung_up(void **state)
{
	struct rec_proc_reader reader = {0};
	int status;

	assert_int_equal(rec_proc_reader_start(&reader), 0);
	close(reader.request_fd);
	status = wait_for_end(reader.pid);
	close(reader.reply_fd);
	assert_true(WIFEXITED(status));
}

/* Asleep in read(2), and thus past all that comes before. */
static void wait_until_it_reads(pid_t pid)
{
	struct timespec pause = {.tv_nsec = 1000000};
	char path[64], text[32];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	for (int i = 0; i < 60000; i++) {
		FILE *file = fopen(path, "re");
		bool reads = file && fgets(text, sizeof(text), file) &&
			     strtol(text, NULL, 10) == SYS_read && text[0] != 'r';

		if (file)
			fclose(file);
		if (reads)
			return;
		nanosleep(&pause, NULL);
	}
}

/* One that is stopped cannot see that we are gone. */
static void test_reader__dies_with_its_recorder(void **state)
{
	struct rec_proc_reader reader = {0};
	struct pollfd poll_fd = {.events = POLLIN};
	int alive[2], status;
	pid_t pid;

	assert_int_equal(pipe(alive), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (rec_proc_reader_start(&reader))
			_exit(1);
		wait_until_it_reads(reader.pid);
		kill(reader.pid, SIGSTOP);
		_exit(waitpid(reader.pid, NULL, WUNTRACED) != reader.pid);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(alive[1]);
	poll_fd.fd = alive[0];
	assert_int_equal(poll(&poll_fd, 1, 60000), 1); /* its copy of the other end is closed */
	close(alive[0]);
}

/* More names than a pipe holds, and nobody who takes them. */
static void test_reader__asked_while_it_hangs(void **state)
{
	enum { N = 100000 };
	struct rec_proc_names *wanted = calloc(N, sizeof(wanted[0]));
	struct rec_proc_reader reader = {0};
	struct rec_proc_batch *batch;

	assert_non_null(wanted);
	assert_int_equal(rec_proc_reader_start(&reader), 0);
	stop_process(reader.pid);
	assert_int_equal(rec_proc_read(&reader, wanted, N, 4096, 1000000, &batch), 0);
	assert_null(rec_proc_get(batch, 0)->exe.data);
	rec_proc_reader_stop(&reader);
	rec_proc_free(batch);
	free(wanted);
}

static void test_reader__asked_when_it_is_gone(void **state)
{
	struct rec_proc_names wanted = {.pid = getpid()};
	struct rec_proc_reader reader = {0};
	struct rec_proc_batch *batch;
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

	assert_int_equal(sigaction(SIGPIPE, &ignore, &before), 0);
	assert_int_equal(rec_proc_reader_start(&reader), 0);
	assert_int_equal(kill(reader.pid, SIGKILL), 0);
	wait_for_end(reader.pid);
	assert_int_equal(rec_proc_read(&reader, &wanted, 1, 4096, 1000000000, &batch), 0);
	assert_null(rec_proc_get(batch, 0)->exe.data);
	rec_proc_free(batch);
	close(reader.request_fd);
	close(reader.reply_fd);
	assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drop__everything),
		cmocka_unit_test(test_drop__kernel_that_needs_one_capability),
		cmocka_unit_test(test_drop__what_follows_is_refused),
		cmocka_unit_test(test_drop__calls_that_only_seem_to_work),
		cmocka_unit_test(test_drop__another_user_without_the_right),
		cmocka_unit_test(test_find_user__names_and_numbers),
		cmocka_unit_test(test_find_user__default),
		cmocka_unit_test(test_command__never_released),
		cmocka_unit_test(test_command__released),
		cmocka_unit_test(test_command__no_such_program),
		cmocka_unit_test(test_reader__names),
		cmocka_unit_test(test_reader__out_of_time),
		cmocka_unit_test(test_reader__killed_where_it_hangs),
		cmocka_unit_test(test_reader__hung_up),
		cmocka_unit_test(test_reader__dies_with_its_recorder),
		cmocka_unit_test(test_reader__asked_while_it_hangs),
		cmocka_unit_test(test_reader__asked_when_it_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
