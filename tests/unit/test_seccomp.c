/* SPDX-License-Identifier: BSD-2-Clause */
/* What a recorder may still do once it records, tried in a child: there is no way back. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/start/seccomp.h"

/* Of enum bpf_cmd. */
enum { MAP_CREATE = 0, MAP_LOOKUP = 1, PROG_LOAD = 5, LINK_CREATE = 28, ITER_CREATE = 33 };

static bool fails_with(long r, int code)
{
	return r == -1 && errno == code;
}

static bool is_denied(long r)
{
	return fails_with(r, EPERM);
}

static bool denies_files_to_write_to(void)
{
	return is_denied(open("/dev/null", O_WRONLY)) && is_denied(open("/dev/null", O_RDWR)) &&
	       is_denied(open("/tmp/no", O_RDONLY | O_CREAT, 0600)) &&
	       is_denied(syscall(SYS_unlinkat, AT_FDCWD, "/nowhere", 0)) &&
	       is_denied(syscall(SYS_renameat2, AT_FDCWD, "/nowhere", AT_FDCWD, "/no", 0)) &&
	       is_denied(syscall(SYS_fchmod, STDERR_FILENO, 0600)) &&
	       is_denied(syscall(SYS_ftruncate, STDERR_FILENO, 0));
}

static bool denies_processes(void)
{
	char name[] = "/bin/true";
	char *const argv[] = {name, NULL};

	return is_denied(execv(name, argv)) && is_denied(fork()) &&
	       is_denied(syscall(SYS_kill, getppid(), 0)) &&
	       is_denied(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) &&
	       is_denied(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0)) &&
	       is_denied(syscall(SYS_setresuid, 0, 0, 0)) && is_denied(syscall(SYS_unshare, 0)) &&
	       is_denied(syscall(SYS_ioctl, 0, 0, 0));
}

static bool denies_the_network(void)
{
	return is_denied(socket(AF_INET, SOCK_STREAM, 0)) &&
	       is_denied(socket(AF_UNIX, SOCK_DGRAM, 0)) &&
	       is_denied(syscall(SYS_connect, 0, 0, 0));
}

static bool denies_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page != MAP_FAILED && is_denied(mprotect(page, 4096, PROT_READ | PROT_EXEC)) &&
	       mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
	       errno == EPERM && munmap(page, 4096) == 0;
}

/* New maps, programs and links are denied by us; what the rest answers is the kernel's. */
static bool denies_new_bpf(void)
{
	return is_denied(syscall(SYS_bpf, MAP_CREATE, NULL, 0)) &&
	       is_denied(syscall(SYS_bpf, PROG_LOAD, NULL, 0)) &&
	       is_denied(syscall(SYS_bpf, LINK_CREATE, NULL, 0));
}

static bool allows_its_work(void)
{
	struct timespec none = {0};
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	char byte;

	return fd >= 0 && read(fd, &byte, 1) == 1 && close(fd) == 0 &&
	       write(STDERR_FILENO, "", 0) == 0 && fails_with(fdatasync(-1), EBADF) &&
	       nanosleep(&none, NULL) == 0 && fails_with(waitpid(-1, NULL, WNOHANG), ECHILD) &&
	       malloc(1u << 24) != NULL;
}

/* As root, since for others bpf() says EPERM by itself. */
static bool allows_looking_at_bpf(void)
{
	long r = syscall(SYS_bpf, MAP_LOOKUP, NULL, 0);

	if (geteuid() != 0 || fails_with(r, ENOSYS))
		return true;
	return !is_denied(r) && !is_denied(syscall(SYS_bpf, ITER_CREATE, NULL, 0));
}

static bool (*const checks[])(void) = {
	denies_files_to_write_to, denies_processes, denies_the_network,    denies_code,
	denies_new_bpf,           allows_its_work,  allows_looking_at_bpf,
};

#define N_CHECKS (sizeof(checks) / sizeof(checks[0]))
#define SKIPPED  99

static void test_seccomp__denies_all_but_its_work(void **state)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (!rec_seccomp_is_possible())
			_exit(SKIPPED);
		if (!rec_seccomp_enter())
			_exit(100);
		for (size_t i = 0; i < N_CHECKS; i++)
			if (!checks[i]())
				_exit((int)i + 1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Its numbers mean other calls. */
static void test_seccomp__another_architecture_kills(void **state)
{
#ifdef __x86_64__
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (!rec_seccomp_is_possible())
			_exit(SKIPPED);
		(void)rec_seccomp_enter();
		syscall(0x40000000 | SYS_getpid); /* x32 */
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seccomp__denies_all_but_its_work),
		cmocka_unit_test(test_seccomp__another_architecture_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
