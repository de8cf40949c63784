/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fail - makes the Nth call of one class fail, in whatever program it is part of: preloaded, or
 * linked in with --wrap where a sanitizer wants to be the first to see malloc.
 *
 * VFT_FAIL=CLASS:HOW:N[+]  CLASS alloc, open, read, write, sync; HOW an errno by name or "short";
 * N counts from 1; with + every later call fails too. VFT_FAIL_FD=FD gets one byte when a call was
 * made to fail. Needs no system call but those it stands for, so that it works in a sandbox.
 */
/* Both names of a call are defined below: the headers must not make one of them. */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum class { CLASS_ALLOC = 1, CLASS_OPEN, CLASS_READ, CLASS_WRITE, CLASS_SYNC };

static const char *const class_names[] = {"", "alloc", "open", "read", "write", "sync"};

static struct {
	enum class class;
	unsigned long at, n;
	int code; /* 0 = short */
	bool goes_on;
	int fd;
} plan = {.fd = -1};

static const struct {
	const char *name;
	int code;
} codes[] = {{"ENOMEM", ENOMEM}, {"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EINTR", EINTR},
	     {"EMFILE", EMFILE}, {"EACCES", EACCES}, {"short", 0}};

__attribute__((constructor)) static void read_plan(void)
{
	const char *text = getenv("VFT_FAIL"), *fd = getenv("VFT_FAIL_FD"), *how;
	enum class class = 0;
	char *end;

	how = text ? strchr(text, ':') : NULL;
	if (!how)
		return;
	for (int i = CLASS_ALLOC; i <= CLASS_SYNC; i++)
		if (strlen(class_names[i]) == (size_t)(how - text) &&
		    !strncmp(text, class_names[i], (size_t)(how - text)))
			class = (enum class)i;
	how++;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		size_t size = strlen(codes[i].name);

		if (strncmp(how, codes[i].name, size) != 0 || how[size] != ':')
			continue;
		plan.code = codes[i].code;
		plan.at = strtoul(how + size + 1, &end, 10);
		plan.goes_on = *end == '+';
		plan.fd = fd ? atoi(fd) : -1;
		plan.class = class;
	}
}

/* Counts one call of @class; whether it is to fail. */
static bool is_due(enum class class)
{
	if (plan.class != class)
		return false;
	plan.n++;
	if (plan.n != plan.at && !(plan.goes_on && plan.n > plan.at))
		return false;
	if (plan.n == plan.at && plan.fd >= 0)
		(void)syscall(SYS_write, plan.fd, "!", 1);
	return true;
}

static bool fails(enum class class)
{
	if (!is_due(class))
		return false;
	errno = plan.code;
	return true;
}

/* For reads and writes: 0 go on, -1 fail, else how much of @size to do. */
static ssize_t choose(enum class class, size_t size)
{
	if (!is_due(class))
		return 0;
	if (plan.code == 0)
		return size > 1 ? (ssize_t)(size / 2) : 0;
	errno = plan.code;
	return -1;
}

#ifdef FAIL_WRAP
#define NAME(name) __wrap_##name
#define REAL(name) __real_##name
#else
#define NAME(name) name
#define REAL(name) __libc_##name
#endif

void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t n, size_t size);
void *REAL(realloc)(void *old, size_t size);
void *NAME(malloc)(size_t size);
void *NAME(calloc)(size_t n, size_t size);
void *NAME(realloc)(void *old, size_t size);
void *NAME(reallocarray)(void *old, size_t n, size_t size);
int NAME(open)(const char *path, int flags, ...);
int NAME(openat)(int directory, const char *path, int flags, ...);
ssize_t NAME(read)(int fd, void *buffer, size_t size);
ssize_t NAME(pread)(int fd, void *buffer, size_t size, off_t offset);
ssize_t NAME(write)(int fd, const void *bytes, size_t size);
ssize_t NAME(writev)(int fd, const struct iovec *iov, int n);
int NAME(open64)(const char *path, int flags, ...);
int NAME(openat64)(int directory, const char *path, int flags, ...);
ssize_t NAME(pread64)(int fd, void *buffer, size_t size, off64_t offset);
int NAME(fsync)(int fd);
int NAME(fdatasync)(int fd);

void *NAME(malloc)(size_t size)
{
	return fails(CLASS_ALLOC) ? NULL : REAL(malloc)(size);
}

void *NAME(calloc)(size_t n, size_t size)
{
	return fails(CLASS_ALLOC) ? NULL : REAL(calloc)(n, size);
}

void *NAME(realloc)(void *old, size_t size)
{
	return fails(CLASS_ALLOC) ? NULL : REAL(realloc)(old, size);
}

void *NAME(reallocarray)(void *old, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return NAME(realloc)(old, total);
}

int NAME(openat)(int directory, const char *path, int flags, ...)
{
	va_list list;
	int mode;

	va_start(list, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;
	va_end(list);
	return fails(CLASS_OPEN) ? -1 : (int)syscall(SYS_openat, directory, path, flags, mode);
}

int NAME(open)(const char *path, int flags, ...)
{
	va_list list;
	int mode;

	va_start(list, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;
	va_end(list);
	return NAME(openat)(AT_FDCWD, path, flags, mode);
}

ssize_t NAME(read)(int fd, void *buffer, size_t size)
{
	ssize_t n = choose(CLASS_READ, size);

	return n < 0 ? n : syscall(SYS_read, fd, buffer, n ? (size_t)n : size);
}

ssize_t NAME(pread)(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t n = choose(CLASS_READ, size);

	return n < 0 ? n : syscall(SYS_pread64, fd, buffer, n ? (size_t)n : size, offset);
}

/* What says the error must come through. */
ssize_t NAME(write)(int fd, const void *bytes, size_t size)
{
	ssize_t n = fd == STDERR_FILENO ? 0 : choose(CLASS_WRITE, size);

	return n < 0 ? n : syscall(SYS_write, fd, bytes, n ? (size_t)n : size);
}

ssize_t NAME(writev)(int fd, const struct iovec *iov, int n)
{
	ssize_t part = fd == STDERR_FILENO ? 0 : choose(CLASS_WRITE, iov->iov_len);

	if (part < 0)
		return part;
	return part ? syscall(SYS_write, fd, iov->iov_base, (size_t)part)
		    : syscall(SYS_writev, fd, iov, n);
}

int NAME(fsync)(int fd)
{
	return fails(CLASS_SYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int NAME(fdatasync)(int fd)
{
	return fails(CLASS_SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int NAME(open64)(const char *path, int flags, ...)
{
	va_list list;
	int mode;

	va_start(list, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;
	va_end(list);
	return NAME(openat)(AT_FDCWD, path, flags, mode);
}

int NAME(openat64)(int directory, const char *path, int flags, ...)
{
	va_list list;
	int mode;

	va_start(list, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, int) : 0;
	va_end(list);
	return NAME(openat)(directory, path, flags, mode);
}

ssize_t NAME(pread64)(int fd, void *buffer, size_t size, off64_t offset)
{
	return NAME(pread)(fd, buffer, size, offset);
}

#ifndef FAIL_WRAP
/*
 * Behind main() no more calls fail: there a program that was built for coverage writes its
 * counters, by code that dies when memory runs out.
 */
typedef int (*main_fn)(int argc, char **argv, char **environment);
typedef int (*start_fn)(main_fn main, int argc, char **argv, void (*init)(void), void (*fini)(void),
			void (*rtld_fini)(void), void *stack_end);
int __libc_start_main(main_fn main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end);

static main_fn real_main;

static int run_main(int argc, char **argv, char **environment)
{
	int r = real_main(argc, argv, environment);

	plan.class = 0;
	return r;
}

int __libc_start_main(main_fn main, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	start_fn start;

	*(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
	real_main = main;
	return start(run_main, argc, argv, init, fini, rtld_fini, stack_end);
}

/* What FORTIFY makes of them. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int directory, const char *path, int flags);
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room);
ssize_t __pread64_chk(int fd, void *buffer, size_t size, off_t offset, size_t room);

int __open_2(const char *path, int flags)
{
	return open(path, flags);
}

int __open64_2(const char *path, int flags)
{
	return open(path, flags);
}

int __openat_2(int directory, const char *path, int flags)
{
	return openat(directory, path, flags);
}

ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room)
{
	return read(fd, buffer, size);
}

ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room)
{
	return pread(fd, buffer, size, offset);
}

ssize_t __pread64_chk(int fd, void *buffer, size_t size, off_t offset, size_t room)
{
	return pread(fd, buffer, size, offset);
}
#endif
