/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Builds for a test bench go without: the sanitizers read /proc/self/maps and start a symbolizer
 * when they have something to say, and coverage writes its counters when the program ends.
 * REP_SANDBOX_OFF is their reason, set by meson.build; a compiler's own flags are seen here.
 */
#ifndef REP_SANDBOX_OFF
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define REP_SANDBOX_OFF "built with a sanitizer"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
	__has_feature(thread_sanitizer)
#define REP_SANDBOX_OFF "built with a sanitizer"
#endif
#endif
#endif

/* --- limits --- */

static bool lower_limit(int resource, rlim_t value)
{
	struct rlimit now;

	if (getrlimit(resource, &now))
		return false;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
		value = now.rlim_max;
	/* A lower one that the user chose stays. */
	if (now.rlim_cur == RLIM_INFINITY || now.rlim_cur > value)
		now.rlim_cur = value;
	now.rlim_max = value;
	return setrlimit(resource, &now) == 0;
}

/*
 * The soft one sends SIGXCPU, which main hears and tells; the kernel's end of the process follows
 * for one that does not listen any more.
 */
static bool limit_cpu(uint64_t seconds)
{
	const rlim_t grace = 5;
	struct rlimit now;

	if (getrlimit(RLIMIT_CPU, &now))
		return false;
	if (now.rlim_max == RLIM_INFINITY || now.rlim_max > seconds + grace)
		now.rlim_max = seconds + grace;
	if (now.rlim_cur == RLIM_INFINITY || now.rlim_cur > seconds)
		now.rlim_cur = seconds;
	return setrlimit(RLIMIT_CPU, &now) == 0;
}

/*
 * No limit of the size of files: --max-output is one that can say what happened, while the
 * kernel's would end us with SIGXFSZ.
 */
static bool enter_limits(const struct rep_sandbox_limits *limits)
{
	uint64_t space = REP_SANDBOX_ADDRESS_SPACE + 2 * limits->memory_bytes;
	bool done = true;

	if ((rlim_t)space == space)
		done &= lower_limit(RLIMIT_AS, (rlim_t)space);
	/* Since Linux 4.7 all private memory that can be written to counts, whoever maps it; what
	 * libc only reserves does not. */
	if (limits->memory_bytes && (rlim_t)limits->memory_bytes == limits->memory_bytes)
		done &= lower_limit(RLIMIT_DATA, (rlim_t)limits->memory_bytes);
	done &= lower_limit(RLIMIT_NOFILE, 0); /* those that are open go on */
	done &= lower_limit(RLIMIT_NPROC, 0);
	done &= lower_limit(RLIMIT_CORE, 0);
	if (limits->cpu_seconds)
		done &= limit_cpu(limits->cpu_seconds);
	return done;
}

/* --- Landlock ---
 *
 * The kernel's header and libc's wrappers are newer than the oldest system we build on, so the few
 * names are our own. A ruleset that handles every right and allows none leaves nothing.
 */

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self  446
#endif

#define LANDLOCK_VERSION_FLAG 1u
#define LANDLOCK_ABI_KNOWN    6

struct landlock_attr {
	uint64_t fs, net, scoped;
};

/* All rights that an ABI knows: the kernel refuses a bit that is newer than itself. */
static struct landlock_attr landlock_rights(long abi, size_t *ret_size)
{
	struct landlock_attr attr = {.fs = (1u << 13) - 1};

	if (abi >= 2)
		attr.fs |= 1u << 13; /* links and renames across directories */
	if (abi >= 3)
		attr.fs |= 1u << 14; /* truncate */
	if (abi >= 4)
		attr.net = 3; /* TCP: bind, connect */
	if (abi >= 5)
		attr.fs |= 1u << 15; /* ioctl of devices */
	if (abi >= 6)
		attr.scoped = 3; /* abstract unix sockets, signals to others */
	*ret_size = abi >= 6   ? sizeof(attr)
		    : abi >= 4 ? offsetof(struct landlock_attr, scoped)
			       : offsetof(struct landlock_attr, net);
	return attr;
}

/* The ABI in force, 0 if none is. */
static unsigned int enter_landlock(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG), failed;
	struct landlock_attr attr;
	size_t size;
	int fd;

	if (abi <= 0)
		return 0;
	if (abi > LANDLOCK_ABI_KNOWN)
		abi = LANDLOCK_ABI_KNOWN;
	attr = landlock_rights(abi, &size);
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (fd < 0)
		return 0;
	failed = syscall(SYS_landlock_restrict_self, fd, 0);
	(void)close(fd); /* holds no data */
	return failed ? 0 : (unsigned int)abi;
}

/* --- seccomp ---
 *
 * What is not on the list fails with EPERM and does not kill: a call that some libc makes in
 * passing must not cost the user the report, and a call that fails gives an attacker no more
 * than one that kills. Calls of another architecture (i386, x32) kill: no code of ours makes
 * them, and their numbers mean other calls.
 */

#if defined(__x86_64__) && !defined(__ILP32__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && !defined(__ILP32__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef FILTER_ARCH

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW 4u
#endif
#define X32_BIT 0x40000000u

#define LOAD(field)               BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IF(op, value, then, not ) BPF_JUMP(BPF_JMP | (op) | BPF_K, value, then, not )
#define RETURN(value)             BPF_STMT(BPF_RET | BPF_K, value)
#define ALLOW(name)               IF(BPF_JEQ, __NR_##name, 0, 1), RETURN(SECCOMP_RET_ALLOW)
#define DENY                      RETURN(SECCOMP_RET_ERRNO | EPERM)

static const struct sock_filter filter[] = {
	LOAD(arch),
	IF(BPF_JEQ, FILTER_ARCH, 1, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	LOAD(nr),
#ifdef __x86_64__
	IF(BPF_JGE, X32_BIT, 0, 1),
	RETURN(SECCOMP_RET_KILL_PROCESS),
#endif
	/* the files that are open */
	ALLOW(read),
	ALLOW(pread64),
	ALLOW(write),
	ALLOW(writev),
	ALLOW(lseek),
	ALLOW(close),
	ALLOW(fstat),
	ALLOW(pselect6),
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

static bool enter_seccomp(void)
{
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(filter[0])};
	/* For all threads, should a preloaded library have made some. Kernels before 5.16 would
	 * otherwise slow down every load and store against attacks by code that we never run. */
	unsigned int flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	/* The kernel only reads it, but its type does not say so. */
	struct sock_filter copy[sizeof(filter) / sizeof(filter[0])];

	memcpy(copy, filter, sizeof(filter));
	program.filter = copy;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) == 0;
}

#else

static bool enter_seccomp(void)
{
	return false;
}

#endif

/* --- all of it --- */

/* Valgrind opens, maps and makes code as it goes, and its calls are ours to the kernel. */
static bool runs_on_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "/vgpreload_");
}

void rep_sandbox_enter(unsigned int layers, const struct rep_sandbox_limits *limits,
		       struct rep_sandbox *ret)
{
	static const struct rep_sandbox_limits none = {0};

	*ret = (struct rep_sandbox){0};
#ifdef REP_SANDBOX_OFF
	ret->off = REP_SANDBOX_OFF;
#endif
	if (!ret->off && runs_on_valgrind())
		ret->off = "runs under valgrind";
	if (ret->off)
		return;
	ret->no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
	/* Landlock needs a descriptor, and the filter denies what the others are made of. */
	if (layers & REP_SANDBOX_LANDLOCK)
		ret->landlock = enter_landlock();
	if (layers & REP_SANDBOX_LIMITS)
		ret->limits = enter_limits(limits ? limits : &none);
	if (layers & REP_SANDBOX_SECCOMP)
		ret->seccomp = enter_seccomp();
}

void rep_sandbox_describe(const struct rep_sandbox *sandbox, struct rep_buf *buf)
{
	const char *between = "";

	rep_buf_text(buf, "sandbox: ");
	if (sandbox->seccomp) {
		rep_buf_text(buf, "seccomp");
		between = ", ";
	}
	if (sandbox->landlock) {
		rep_buf_text(buf, between);
		rep_buf_text(buf, "landlock ");
		rep_buf_u64(buf, sandbox->landlock);
		between = ", ";
	}
	if (sandbox->no_new_privs) {
		rep_buf_text(buf, between);
		rep_buf_text(buf, "no_new_privs");
		between = ", ";
	}
	if (sandbox->limits) {
		rep_buf_text(buf, between);
		rep_buf_text(buf, "rlimits");
		between = ", ";
	}
	if (!*between) {
		rep_buf_text(buf, "none (");
		rep_buf_text(buf, sandbox->off ? sandbox->off : "this kernel has nothing for it");
		rep_buf_char(buf, ')');
	}
	rep_buf_char(buf, '\n');
}
