/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving privileges up, each time in a child: there is no way back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

static void test_command__never_released(void **state)
{
	char program[] = "true";
	char *const argv[] = {program, NULL};
	struct rec_command command = {.pidfd = -1, .gate_fd = -1, .report_fd = -1};
	struct vft_err err;
	int status;

	assert_int_equal(rec_command_fork(argv, false, &command, &err), 0);
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
	struct rec_command command = {.pidfd = -1, .gate_fd = -1, .report_fd = -1};
	struct vft_err err;
	int status;

	assert_int_equal(rec_command_fork(argv, false, &command, &err), 0);
	assert_int_equal(rec_command_release(&command, &err), 0);
	assert_int_equal(rec_command_wait(&command, 60000, &status), 1);
	assert_int_equal(status, 9);
	rec_command_close(&command);
}

static void test_command__no_such_program(void **state)
{
	char program[] = "/nonexistent/program";
	char *const argv[] = {program, NULL};
	struct rec_command command = {.pidfd = -1, .gate_fd = -1, .report_fd = -1};
	struct vft_err err;

	assert_int_equal(rec_command_fork(argv, false, &command, &err), 0);
	assert_int_equal(rec_command_release(&command, &err), -ENOENT);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drop__everything),
		cmocka_unit_test(test_drop__kernel_that_needs_one_capability),
		cmocka_unit_test(test_drop__what_follows_is_refused),
		cmocka_unit_test(test_drop__another_user_without_the_right),
		cmocka_unit_test(test_find_user__names_and_numbers),
		cmocka_unit_test(test_find_user__default),
		cmocka_unit_test(test_command__never_released),
		cmocka_unit_test(test_command__released),
		cmocka_unit_test(test_command__no_such_program),
		cmocka_unit_test(test_reader__names),
		cmocka_unit_test(test_reader__out_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
