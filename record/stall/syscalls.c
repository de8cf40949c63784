/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/syscalls.h"

#include <stddef.h>
#include <string.h>

#include "record/stall/syscall_names.h"

#define X32_BIT 0x40000000

static const struct {
	const char *name, *arguments;
} signatures[] = {
	{"read", "fPu"},
	{"write", "fPu"},
	{"readv", "fPu"},
	{"writev", "fPu"},
	{"pread64", "fPuu"},
	{"pwrite64", "fPuu"},
	{"open", "pxo"},
	{"openat", "Fpxo"},
	{"openat2", "FpPu"},
	{"creat", "po"},
	{"close", "f"},
	{"close_range", "uux"},
	{"stat", "pP"},
	{"stat64", "pP"},
	{"lstat", "pP"},
	{"lstat64", "pP"},
	{"fstat", "fP"},
	{"fstat64", "fP"},
	{"newfstatat", "FpPx"},
	{"fstatat64", "FpPx"},
	{"statx", "FpxxP"},
	{"statfs", "pP"},
	{"access", "po"},
	{"faccessat", "Fpo"},
	{"faccessat2", "Fpox"},
	{"readlink", "pPu"},
	{"readlinkat", "FpPu"},
	{"execve", "pPP"},
	{"execveat", "FpPPx"},
	{"chdir", "p"},
	{"fchdir", "f"},
	{"chroot", "p"},
	{"mkdir", "po"},
	{"mkdirat", "Fpo"},
	{"unlink", "p"},
	{"unlinkat", "Fpx"},
	{"rename", "pp"},
	{"renameat", "FpFp"},
	{"renameat2", "FpFpx"},
	{"getdents64", "fPu"},
	{"ftruncate", "fu"},
	{"fallocate", "fxuu"},
	{"fsync", "f"},
	{"fdatasync", "f"},
	{"sync", ""},
	{"syncfs", "f"},
	{"dup", "f"},
	{"dup2", "fu"},
	{"dup3", "fux"},
	{"lseek", "fdd"},
	{"fcntl", "fdP"},
	{"fcntl64", "fdP"},
	{"flock", "fx"},
	{"ioctl", "fxP"},
	{"sendfile", "ffPu"},
	{"splice", "fPfPux"},
	{"poll", "Pud"},
	{"ppoll", "PusP"},
	{"select", "dPPPP"},
	{"pselect6", "dPPPsP"},
	{"epoll_wait", "fPdd"},
	{"epoll_pwait", "fPddP"},
	{"epoll_pwait2", "fPds"},
	{"recvfrom", "fPux"},
	{"recvmsg", "fPx"},
	{"recvmmsg", "fPux"},
	{"sendto", "fPux"},
	{"sendmsg", "fPx"},
	{"accept", "fPP"},
	{"accept4", "fPPx"},
	{"connect", "fPu"},
	{"pause", ""},
	{"nanosleep", "s"},
	{"clock_nanosleep", "dxs"},
	{"clock_nanosleep_time64", "dxs"},
	{"rt_sigsuspend", "Pu"},
	{"rt_sigtimedwait", "PPs"},
	{"futex", "Pxu"},
	{"futex_time64", "Pxu"},
	{"futex_wait", "Puxx"},
	{"wait4", "dPxP"},
	{"waitpid", "dPx"},
	{"waitid", "ddPxP"},
	{"vfork", ""},
	{"fork", ""},
	{"clone", "xP"},
	{"clone3", "Pu"},
	{"mount", "pppxP"},
	{"umount2", "px"},
	{"mmap", "PuxxdP"},
	{"munmap", "Pu"},
	{"mprotect", "Pux"},
	{"kill", "dd"},
	{"tgkill", "ddd"},
	{"setns", "fx"},
	{"unshare", "x"},
	{"setresuid", "ddd"},
	{"setresgid", "ddd"},
	{"prctl", "dxxxx"},
	{"getrandom", "Pux"},
	{"io_uring_enter", "fuux"},
	{"exit", "d"},
	{"exit_group", "d"},
	{"sched_yield", ""},
	{"restart_syscall", ""},
};

enum rec_abi rec_abi_here(bool is_compat)
{
#if defined(__x86_64__)
	return is_compat ? REC_ABI_I386 : REC_ABI_X86_64;
#elif defined(__aarch64__)
	return is_compat ? REC_ABI_UNKNOWN : REC_ABI_ARM64;
#else
	(void)is_compat;
	return REC_ABI_UNKNOWN;
#endif
}

/* The @n-th of the strings that lie one behind the other in @size bytes. */
static const char *nth(const char *names, size_t size, uint64_t n)
{
	const char *end = names + size - 1; /* the literal's own NUL */

	for (; n && names < end; n--)
		names += strlen(names) + 1;
	return names < end && *names ? names : NULL;
}

const char *rec_syscall_name(enum rec_abi abi, int64_t number)
{
	if (number < 0)
		return NULL;
	if (abi == REC_ABI_X86_64)
		number &= ~(int64_t)X32_BIT;
	if (abi != REC_ABI_UNKNOWN && number >= (int64_t)SHARED_FIRST)
		return nth(shared_names, sizeof(shared_names), (uint64_t)number - SHARED_FIRST);
	switch (abi) {
	case REC_ABI_X86_64:
		return nth(x86_64_names, sizeof(x86_64_names), (uint64_t)number);
	case REC_ABI_I386:
		return nth(i386_names, sizeof(i386_names), (uint64_t)number);
	case REC_ABI_ARM64:
		return nth(arm64_names, sizeof(arm64_names), (uint64_t)number);
	case REC_ABI_UNKNOWN:
		break;
	}
	return NULL;
}

const char *rec_syscall_arguments(const char *name)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (strcmp(signatures[i].name, name) == 0)
			return signatures[i].arguments;
	return NULL;
}
