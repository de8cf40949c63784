/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/start/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The sanitizers read /proc/self/maps and start a symbolizer when they have something to say;
 * REC_SECCOMP_OFF is also set by meson.build, for coverage, which writes when the program ends. */
#ifndef REC_SECCOMP_OFF
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define REC_SECCOMP_OFF
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
	__has_feature(thread_sanitizer)
#define REC_SECCOMP_OFF
#endif
#endif
#endif

#if defined(__x86_64__) && !defined(__ILP32__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && !defined(__ILP32__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#endif

#if defined(FILTER_ARCH) && !defined(REC_SECCOMP_OFF)

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW 4u
#endif
#define X32_BIT 0x40000000u

/* Of enum bpf_cmd: the header belongs to session.c. */
enum {
	CMD_MAP_LOOKUP_ELEM = 1,
	CMD_MAP_UPDATE_ELEM = 2,
	CMD_MAP_DELETE_ELEM = 3,
	CMD_MAP_GET_NEXT_KEY = 4,
	CMD_OBJ_GET_INFO_BY_FD = 15,
	CMD_ITER_CREATE = 33,
};

#define LOAD(field)               BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(op, value, then, not ) BPF_JUMP(BPF_JMP | (op) | BPF_K, value, then, not )
#define RETURN(value)             BPF_STMT(BPF_RET | BPF_K, value)
#define ALLOW(name)               IF(BPF_JEQ, __NR_##name, 0, 1), RETURN(SECCOMP_RET_ALLOW)
#define ALLOW_VALUE(value)        IF(BPF_JEQ, value, 0, 1), RETURN(SECCOMP_RET_ALLOW)
#define DENY                      RETURN(SECCOMP_RET_ERRNO | EPERM)

static const struct sock_filter filter[] = {
	LOAD(arch),
	IF(BPF_JEQ, FILTER_ARCH, 1, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	LOAD(nr),
#ifdef __x86_64__
	IF(BPF_JGE, X32_BIT, 0, 1),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	/* waiting; the older calls, which glibc still uses where they are */
	ALLOW(poll),
	ALLOW(epoll_wait),
	ALLOW(readlink),
#endif
	ALLOW(ppoll),
	ALLOW(epoll_pwait),
	ALLOW(wait4),
	ALLOW(waitid),
	ALLOW(nanosleep),
	ALLOW(clock_nanosleep),
	/* the files that are open, and where they are */
	ALLOW(read),
	ALLOW(write),
	ALLOW(writev),
	ALLOW(lseek),
	ALLOW(fdatasync),
	ALLOW(close),
	ALLOW(fstat),
	ALLOW(newfstatat),
	ALLOW(readlinkat),
	ALLOW(getdents64),
	/* the kernel part: look and list, load nothing */
	IF(BPF_JEQ, __NR_bpf, 0, 14),
	LOAD(args[0]),
	ALLOW_VALUE(CMD_MAP_LOOKUP_ELEM),
	ALLOW_VALUE(CMD_MAP_UPDATE_ELEM),
	ALLOW_VALUE(CMD_MAP_DELETE_ELEM),
	ALLOW_VALUE(CMD_MAP_GET_NEXT_KEY),
	ALLOW_VALUE(CMD_OBJ_GET_INFO_BY_FD),
	ALLOW_VALUE(CMD_ITER_CREATE),
	DENY,
	/* names of what is new, as any user may read them; nothing to write to */
	IF(BPF_JEQ, __NR_openat, 0, 4),
	LOAD(args[2]),
	IF(BPF_JSET, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC, 0, 1),
	DENY,
	RETURN(SECCOMP_RET_ALLOW),
	/* memory, but none to put code into */
	IF(BPF_JEQ, __NR_mmap, 1, 0),
	IF(BPF_JEQ, __NR_mprotect, 0, 4),
	LOAD(args[2]), /* its low half: PROT_EXEC is there */
	IF(BPF_JSET, PROT_EXEC, 0, 1),
	DENY,
	RETURN(SECCOMP_RET_ALLOW),
	ALLOW(munmap),
	ALLOW(mremap),
	ALLOW(brk),
	ALLOW(madvise),
	/* what libc does by itself: locks, signals, time, its end */
	ALLOW(futex),
	ALLOW(sched_yield),
	ALLOW(rt_sigaction),
	ALLOW(rt_sigprocmask),
	ALLOW(rt_sigreturn),
	ALLOW(restart_syscall),
	ALLOW(clock_gettime),
	ALLOW(getrandom),
	ALLOW(getpid),
	ALLOW(gettid),
	ALLOW(exit),
	ALLOW(exit_group),
	DENY,
};

/* A filter that is not there is looked for only where there are filters. */
bool rec_seccomp_is_possible(void)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && errno == EFAULT;
}

bool rec_seccomp_enter(void)
{
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0])};
	unsigned int flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	/* The kernel only reads it, but its type does not say so. */
	struct sock_filter copy[sizeof(filter) / sizeof(filter[0])];

	memcpy(copy, filter, sizeof(filter));
	program.filter = copy;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0;
}

#else

bool rec_seccomp_is_possible(void)
{
	return false;
}

bool rec_seccomp_enter(void)
{
	return false;
}

#endif
