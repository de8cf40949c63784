/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is forbidden inside, each tried for real in a process of its own: outside it works or fails
 * with an error of its own, inside it is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "replay/sandbox.h"

#define UNTRIED 255 /* the child did not come to say */

/* What was made before the doors were shut. */
struct outside {
	int null_fd, tcp_fd;
	struct sockaddr_in listener;
	void *page;
};

/* Tries something; 0, or the errno it failed with. */
typedef int attempt_fn(const struct outside *outside);

static int result_of(long returned)
{
	return returned < 0 ? errno : 0;
}

static int try_open(const struct outside *outside)
{
	return result_of(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

static int try_open_old(const struct outside *outside)
{
#ifdef SYS_open
	return result_of(syscall(SYS_open, "/dev/null", O_RDONLY));
#else
	return try_open(outside);
#endif
}

static int try_create(const struct outside *outside)
{
	return result_of(open("/dev/shm/vft-unit-sandbox", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int try_stat(const struct outside *outside)
{
	struct stat st;

	return result_of(stat("/dev/null", &st));
}

static int try_unlink(const struct outside *outside)
{
	return result_of(unlink("/dev/shm/vft-unit-sandbox"));
}

static int try_socket(const struct outside *outside)
{
	return result_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int try_connect(const struct outside *outside)
{
	return result_of(connect(outside->tcp_fd, (const struct sockaddr *)&outside->listener,
				 sizeof(outside->listener)));
}

static int try_send(const struct outside *outside)
{
	return result_of(sendto(outside->tcp_fd, "x", 1, MSG_NOSIGNAL, NULL, 0));
}

static int try_execve(const struct outside *outside)
{
	char name[] = "true", *argv[] = {name, NULL}, *none[] = {NULL};

	return result_of(execve("/bin/true", argv, none));
}

static int child_of(pid_t pid)
{
	int err = result_of(pid);

	if (pid == 0)
		_exit(0);
	if (pid > 0 && waitpid(pid, NULL, 0) != pid)
		return UNTRIED;
	return err;
}

static int try_fork(const struct outside *outside)
{
	return child_of(fork());
}

static int try_clone(const struct outside *outside)
{
	return child_of((pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static int try_clone3(const struct outside *outside)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	} args = {.exit_signal = SIGCHLD};

	return child_of((pid_t)syscall(SYS_clone3, &args, sizeof(args)));
}

static int try_kill(const struct outside *outside)
{
	return result_of(kill(getppid(), 0));
}

static int try_ptrace(const struct outside *outside)
{
	return result_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int try_prctl(const struct outside *outside)
{
	return result_of(prctl(PR_SET_NAME, "other", 0, 0, 0));
}

static int try_code(const struct outside *outside)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? errno
		       : 0;
}

static int try_make_code(const struct outside *outside)
{
	return result_of(mprotect(outside->page, 4096, PROT_READ | PROT_EXEC));
}

static int try_limits(const struct outside *outside)
{
	struct rlimit limit = {0, 0};

	return result_of(setrlimit(RLIMIT_CORE, &limit));
}

static int try_dup(const struct outside *outside)
{
	return result_of(dup(outside->null_fd));
}

static int try_ioctl(const struct outside *outside)
{
	int n;

	return result_of(ioctl(outside->tcp_fd, FIONREAD, &n));
}

/* What it has to do there. */
static int try_work(const struct outside *outside)
{
	char *memory = malloc(64u << 20), byte = 1;
	struct timespec timeout = {0};
	int pages = 3;
	fd_set fds;

	if (!memory)
		return ENOMEM;
	for (int i = 0; i < pages; i++)
		memory[(size_t)i << 20] = 1;
	memory = realloc(memory, 128u << 20);
	if (!memory)
		return ENOMEM;
	free(memory);
	FD_ZERO(&fds);
	FD_SET(outside->null_fd, &fds);
	if (pselect(outside->null_fd + 1, &fds, NULL, NULL, &timeout, NULL) != 1)
		return errno;
	return write(outside->null_fd, &byte, 1) == 1 ? 0 : errno;
}

/* Forks, locks the child in with @layers, and has it try; what it said. */
static int inside(unsigned int layers, attempt_fn *attempt, const struct outside *at)
{
	struct rep_sandbox sandbox;
	int ends[2], status;
	uint8_t said;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (layers)
			rep_sandbox_enter(layers, NULL, &sandbox);
		said = (uint8_t)attempt(at);
		_exit(write(ends[1], &said, 1) != 1);
	}
	close(ends[1]);
	n = read(ends[0], &said, 1);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return n == 1 ? said : 0; /* an exec that works says nothing */
}

/* What this kernel and this build give, found by a child. */
static struct rep_sandbox find_level(void)
{
	struct rep_sandbox found = {0};
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		rep_sandbox_enter(REP_SANDBOX_ALL, NULL, &found);
		_exit(write(ends[1], &found, sizeof(found)) != sizeof(found));
	}
	assert_int_equal(read(ends[0], &found, sizeof(found)), sizeof(found));
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return found;
}

static void open_outside(struct outside *outside)
{
	socklen_t size = sizeof(outside->listener);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	outside->listener = (struct sockaddr_in){.sin_family = AF_INET,
						 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(listener, (struct sockaddr *)&outside->listener, size), 0);
	assert_int_equal(listen(listener, 64), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&outside->listener, &size), 0);
	outside->tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	outside->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	outside->page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(outside->tcp_fd >= 0 && outside->null_fd >= 0 && outside->page != MAP_FAILED);
}

static const struct {
	const char *name;
	attempt_fn *attempt;
} forbidden[] = {
	{"openat", try_open},       {"open", try_open_old},         {"creating a file", try_create},
	{"stat", try_stat},         {"unlink", try_unlink},         {"socket", try_socket},
	{"connect", try_connect},   {"sendto", try_send},           {"execve", try_execve},
	{"fork", try_fork},         {"clone", try_clone},           {"clone3", try_clone3},
	{"kill", try_kill},         {"ptrace", try_ptrace},         {"prctl", try_prctl},
	{"mapping code", try_code}, {"making code", try_make_code}, {"setrlimit", try_limits},
	{"dup", try_dup},           {"ioctl", try_ioctl},
};

static struct outside here;
static struct rep_sandbox level;

static int set_up(void **state)
{
	open_outside(&here);
	level = find_level();
	return 0;
}

/* cmocka's own skip() counts as a failure to some readers of TAP. */
static bool lacks(bool layer, const char *name)
{
	if (!layer)
		printf("# not tried: no %s here (%s)\n", name,
		       level.off ? level.off : "kernel or architecture");
	return !layer;
}

static void test_sandbox__seccomp_denies_all_but_its_work(void **state)
{
	if (lacks(level.seccomp, "seccomp"))
		return;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		int before = inside(0, forbidden[i].attempt, &here);
		int after = inside(REP_SANDBOX_SECCOMP, forbidden[i].attempt, &here);

		if (before == EPERM || after != EPERM)
			fail_msg("%s: outside errno %d, inside %d", forbidden[i].name, before,
				 after);
	}
	assert_int_equal(inside(REP_SANDBOX_SECCOMP, try_work, &here), 0);
}

static void test_sandbox__a_call_of_another_architecture_kills(void **state)
{
#ifdef __x86_64__
	const long x32_getpid = 0x40000000 | SYS_getpid;
	struct rep_sandbox sandbox;
	int status;
	pid_t pid;

	if (lacks(level.seccomp, "seccomp"))
		return;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		rep_sandbox_enter(REP_SANDBOX_ALL, NULL, &sandbox);
		(void)syscall(x32_getpid);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
#else
	(void)lacks(false, "other architecture");
#endif
}

static void test_sandbox__landlock_alone_shuts_files_and_network(void **state)
{
	const unsigned int alone = REP_SANDBOX_LANDLOCK;

	if (lacks(level.landlock, "landlock"))
		return;
	assert_int_equal(inside(alone, try_open, &here), EACCES);
	assert_int_equal(inside(alone, try_create, &here), EACCES);
	assert_int_equal(inside(0, try_create, &here), 0); /* something to unlink */
	assert_int_equal(inside(alone, try_unlink, &here), EACCES);
	assert_int_equal(inside(0, try_unlink, &here), 0);
	assert_int_equal(inside(alone, try_execve, &here), EACCES);
	if (level.landlock >= 4)
		assert_int_equal(inside(alone, try_connect, &here), EACCES);
	if (level.landlock >= 6)
		assert_int_equal(inside(alone, try_kill, &here), EPERM);
	assert_int_equal(inside(alone, try_work, &here), 0);
}

static int try_much_memory(const struct outside *at)
{
	/* Where pointers have 32 bits the limit is more than there is. */
	size_t much =
		REP_SANDBOX_ADDRESS_SPACE < SIZE_MAX ? (size_t)REP_SANDBOX_ADDRESS_SPACE : SIZE_MAX;

	return mmap(NULL, much, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) ==
			       MAP_FAILED
		       ? errno
		       : 0;
}

static int try_raise_limits(const struct outside *at)
{
	static const int limits[] = {RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_CORE};
	struct rlimit now;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (getrlimit(limits[i], &now) || now.rlim_cur || now.rlim_max)
			return UNTRIED;
	}
	return 0;
}

static void test_sandbox__limits_alone_bound_memory_and_descriptors(void **state)
{
	const unsigned int alone = REP_SANDBOX_LIMITS;

	if (lacks(level.limits, "limits"))
		return;
	assert_int_equal(inside(0, try_much_memory, &here), 0);
	assert_int_equal(inside(alone, try_much_memory, &here), ENOMEM);
	assert_int_equal(inside(alone, try_open, &here), EMFILE);
	assert_int_equal(inside(alone, try_dup, &here), EMFILE);
	assert_int_equal(inside(alone, try_raise_limits, &here), 0);
	assert_int_equal(inside(alone, try_work, &here), 0);
}

static int try_privileges(const struct outside *at)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : UNTRIED;
}

static void test_sandbox__privileges_cannot_be_gained(void **state)
{
	if (lacks(level.no_new_privs, "no_new_privs"))
		return;
	assert_int_equal(inside(0, try_privileges, &here), UNTRIED);
	assert_int_equal(inside(REP_SANDBOX_LIMITS, try_privileges, &here), 0);
}

static void test_sandbox__all_layers_leave_its_work(void **state)
{
	assert_int_equal(inside(REP_SANDBOX_ALL, try_work, &here), 0);
	if (level.seccomp)
		assert_int_equal(inside(REP_SANDBOX_ALL, try_open, &here), EPERM);
}

static void check_text(const struct rep_sandbox *sandbox, const char *expected)
{
	struct rep_buf buf = {0};

	rep_sandbox_describe(sandbox, &buf);
	rep_buf_char(&buf, '\0');
	assert_int_equal(rep_buf_error(&buf), 0);
	assert_string_equal(buf.data, expected);
	rep_buf_release(&buf);
}

static void test_sandbox__level_in_words(void **state)
{
	check_text(&(struct rep_sandbox){true, true, true, 6, NULL},
		   "sandbox: seccomp, landlock 6, no_new_privs, rlimits\n");
	check_text(&(struct rep_sandbox){.no_new_privs = true, .landlock = 2},
		   "sandbox: landlock 2, no_new_privs\n");
	check_text(&(struct rep_sandbox){.off = "built with a sanitizer"},
		   "sandbox: none (built with a sanitizer)\n");
	check_text(&(struct rep_sandbox){0}, "sandbox: none (this kernel has nothing for it)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sandbox__seccomp_denies_all_but_its_work),
		cmocka_unit_test(test_sandbox__a_call_of_another_architecture_kills),
		cmocka_unit_test(test_sandbox__landlock_alone_shuts_files_and_network),
		cmocka_unit_test(test_sandbox__limits_alone_bound_memory_and_descriptors),
		cmocka_unit_test(test_sandbox__privileges_cannot_be_gained),
		cmocka_unit_test(test_sandbox__all_layers_leave_its_work),
		cmocka_unit_test(test_sandbox__level_in_words),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
