/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waits.c - vfork children that hold their parent, each in a wait of one kind, which it knows.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "truth.h"

static void say_stuck(struct truth_spawn *spawn)
{
	spawn->child_pid = spawn->child_ns_pid;
	spawn->ended_ns = truth_now();
	truth_spawn_line(spawn);
}

static void say_holder(void)
{
	truth_line("{\"what\": \"holder\", \"pid\": %d, \"tid\": %d}", (int)getpid(),
		   (int)syscall(SYS_gettid));
}

/* ---- helpers that hold something ---- */

static void pause_for_ever(void)
{
	for (;;)
		pause();
}

/* A process that does @hold with @argument, says so, and stays. Returns when it has. */
static void start_holder(void (*hold)(const void *argument), const void *argument)
{
	int ready[2];
	char byte;

	if (pipe2(ready, O_CLOEXEC) != 0)
		truth_fail("pipe2");
	if (fork() == 0) {
		prctl(PR_SET_NAME, "holder");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		hold(argument);
		say_holder();
		close(ready[1]);
		pause_for_ever();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) < 0)
		truth_fail("read");
	close(ready[0]);
}

/* ---- time, signals, the CPU ---- */

static void hang_in_nanosleep(struct truth_spawn *spawn, const void *argument)
{
	struct timespec hour = {.tv_sec = 3600};

	say_stuck(spawn);
	for (;;)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &hour, NULL);
}

static void nanosleep_(char **arguments)
{
	truth_vfork("stuck", hang_in_nanosleep, NULL);
}

/* It runs, in the kernel most of the time, and waits for nothing. */
static void hang_in_calls(struct truth_spawn *spawn, const void *argument)
{
	say_stuck(spawn);
	for (;;)
		syscall(SYS_getppid);
}

static void calls(char **arguments)
{
	truth_vfork("stuck", hang_in_calls, NULL);
}

static void hang_in_poll(struct truth_spawn *spawn, const void *argument)
{
	struct pollfd pollfd = {.fd = *(const int *)argument, .events = POLLIN};

	say_stuck(spawn);
	for (;;)
		poll(&pollfd, 1, -1);
}

static void poll_(char **arguments)
{
	int ends[2];

	if (pipe(ends) != 0)
		truth_fail("pipe");
	truth_vfork("stuck", hang_in_poll, &ends[0]);
}

static void hang_in_socket(struct truth_spawn *spawn, const void *argument)
{
	char byte;

	say_stuck(spawn);
	for (;;)
		(void)!recv(*(const int *)argument, &byte, 1, 0);
}

static void socket_(char **arguments)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		truth_fail("socketpair");
	truth_vfork("stuck", hang_in_socket, &ends[0]);
}

/* A 32-bit system call of a 64-bit program: another table, other registers. */
static void hang_in_compat(struct truth_spawn *spawn, const void *argument)
{
	say_stuck(spawn);
#ifdef __x86_64__
	for (;;) {
		long number = 29; /* pause, of i386 */

		__asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
	}
#else
	pause_for_ever();
#endif
}

static void compat(char **arguments)
{
	truth_vfork("stuck", hang_in_compat, NULL);
}

/* ---- pipes and FIFOs ---- */

static void hang_in_open(struct truth_spawn *spawn, const void *argument)
{
	say_stuck(spawn);
	(void)!open(argument, O_RDONLY);
}

static void fifo_open(char **arguments)
{
	truth_vfork("stuck", hang_in_open, arguments[0]);
}

static void hang_in_read(struct truth_spawn *spawn, const void *argument)
{
	char byte;

	say_stuck(spawn);
	(void)!read(*(const int *)argument, &byte, 1);
}

static void hang_in_own_pipe(struct truth_spawn *spawn, const void *argument)
{
	int ends[2];

	if (pipe(ends) != 0)
		_exit(1);
	hang_in_read(spawn, &ends[0]);
}

static void pipe_self(char **arguments)
{
	truth_vfork("stuck", hang_in_own_pipe, NULL);
}

static void pipe_parent(char **arguments)
{
	int ends[2];

	if (pipe(ends) != 0)
		truth_fail("pipe");
	truth_vfork("stuck", hang_in_read, &ends[0]);
}

static void hold_nothing(const void *argument)
{
}

static void pipe_other(char **arguments)
{
	int ends[2];

	if (pipe(ends) != 0)
		truth_fail("pipe");
	start_holder(hold_nothing, NULL);
	close(ends[1]);
	truth_vfork("stuck", hang_in_read, &ends[0]);
}

/* The one that writes could be the held parent, and the holder. */
static void pipe_both(char **arguments)
{
	int ends[2];

	if (pipe(ends) != 0)
		truth_fail("pipe");
	start_holder(hold_nothing, NULL);
	truth_vfork("stuck", hang_in_read, &ends[0]);
}

static void hang_in_write(struct truth_spawn *spawn, const void *argument)
{
	static char block[4096];

	say_stuck(spawn);
	for (;;)
		(void)!write(*(const int *)argument, block, sizeof(block));
}

static void pipe_write(char **arguments)
{
	int ends[2];

	if (pipe(ends) != 0)
		truth_fail("pipe");
	start_holder(hold_nothing, NULL);
	close(ends[0]);
	truth_vfork("stuck", hang_in_write, &ends[1]);
}

/* ---- mutexes ---- */

static pthread_mutex_t mutex;
static pthread_barrier_t barrier;

static void hang_in_mutex(struct truth_spawn *spawn, const void *argument)
{
	say_stuck(spawn);
	pthread_mutex_lock(&mutex);
}

static void init_mutex(int protocol)
{
	pthread_mutexattr_t attributes;

	if (pthread_mutexattr_init(&attributes) != 0 ||
	    pthread_mutexattr_setprotocol(&attributes, protocol) != 0 ||
	    pthread_mutex_init(&mutex, &attributes) != 0)
		truth_fail("pthread_mutex_init");
}

static void *lock_and_stay(void *argument)
{
	prctl(PR_SET_NAME, "owner");
	pthread_mutex_lock(&mutex);
	say_holder();
	pthread_barrier_wait(&barrier);
	pause_for_ever();
	return NULL;
}

static void *lock_and_go(void *argument)
{
	pthread_mutex_lock(&mutex);
	say_holder();
	return NULL;
}

static void vfork_while_another_owns(int protocol)
{
	pthread_t owner;

	init_mutex(protocol);
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&owner, NULL, lock_and_stay, NULL) != 0)
		truth_fail("pthread_create");
	pthread_barrier_wait(&barrier);
	truth_vfork("stuck", hang_in_mutex, NULL);
}

static void mutex_thread(char **arguments)
{
	vfork_while_another_owns(PTHREAD_PRIO_NONE);
}

static void mutex_pi(char **arguments)
{
	vfork_while_another_owns(PTHREAD_PRIO_INHERIT);
}

static void mutex_parent(char **arguments)
{
	init_mutex(PTHREAD_PRIO_NONE);
	pthread_mutex_lock(&mutex);
	truth_vfork("stuck", hang_in_mutex, NULL);
}

/* The mutex is that of whom its parent holds, whose memory all three share. */
static void hang_nested_in_mutex(struct truth_spawn *spawn, const void *argument)
{
	prctl(PR_SET_NAME, "middle");
	truth_vfork("stuck", hang_in_mutex, NULL);
}

static void mutex_nested(char **arguments)
{
	init_mutex(PTHREAD_PRIO_NONE);
	pthread_mutex_lock(&mutex);
	truth_vfork("middle", hang_nested_in_mutex, NULL);
}

static void mutex_gone(char **arguments)
{
	pthread_t owner;

	init_mutex(PTHREAD_PRIO_NONE);
	if (pthread_create(&owner, NULL, lock_and_go, NULL) != 0)
		truth_fail("pthread_create");
	pthread_join(owner, NULL);
	truth_vfork("stuck", hang_in_mutex, NULL);
}

/* ---- locks of files ---- */

static void take_flock(const void *argument)
{
	if (flock(open(argument, O_RDWR | O_CREAT, 0600), LOCK_EX) != 0)
		truth_fail("flock");
}

static void take_posix_lock(const void *argument)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(open(argument, O_RDWR | O_CREAT, 0600), F_SETLK, &lock) != 0)
		truth_fail("fcntl");
}

static void hang_in_flock(struct truth_spawn *spawn, const void *argument)
{
	int fd = open(argument, O_RDWR);

	say_stuck(spawn);
	flock(fd, LOCK_EX);
}

static void hang_in_posix_lock(struct truth_spawn *spawn, const void *argument)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(argument, O_RDWR);

	say_stuck(spawn);
	fcntl(fd, F_SETLKW, &lock);
}

static void flock_(char **arguments)
{
	start_holder(take_flock, arguments[0]);
	truth_vfork("stuck", hang_in_flock, arguments[0]);
}

static void posix_lock(char **arguments)
{
	start_holder(take_posix_lock, arguments[0]);
	truth_vfork("stuck", hang_in_posix_lock, arguments[0]);
}

/* The lock is its own parent's, who waits for it. */
static void flock_parent(char **arguments)
{
	take_flock(arguments[0]);
	truth_vfork("stuck", hang_in_flock, arguments[0]);
}

/* ---- other processes ---- */

static void hang_in_wait(struct truth_spawn *spawn, const void *argument)
{
	long child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); /* no fork handlers */

	if (child == 0) {
		prctl(PR_SET_NAME, "grandchild");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(TRUTH_GUARD_SECONDS);
		truth_line("{\"what\": \"holder\", \"pid\": %d, \"tid\": %d}",
			   (int)syscall(SYS_getpid), (int)syscall(SYS_gettid));
		pause_for_ever();
	}
	say_stuck(spawn);
	waitpid((pid_t)child, NULL, 0);
}

static void wait_child(char **arguments)
{
	truth_vfork("stuck", hang_in_wait, NULL);
}

static volatile pid_t *traced;

/* Waits for the child's pid, and stops it as a debugger does. */
static void run_tracer(void)
{
	prctl(PR_SET_NAME, "tracer");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(TRUTH_GUARD_SECONDS);
	while (!*traced)
		truth_sleep_ms(1);
	if (ptrace(PTRACE_SEIZE, *traced, NULL, NULL) != 0 ||
	    ptrace(PTRACE_INTERRUPT, *traced, NULL, NULL) != 0 ||
	    waitpid(*traced, NULL, __WALL) != *traced)
		truth_fail("ptrace");
	say_holder();
	pause_for_ever();
}

static void hang_traced(struct truth_spawn *spawn, const void *argument)
{
	say_stuck(spawn);
	*traced = spawn->child_ns_pid;
	pause_for_ever();
}

static void ptraced(char **arguments)
{
	traced = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (traced == MAP_FAILED)
		truth_fail("mmap");
	if (fork() == 0)
		run_tracer();
	truth_vfork("stuck", hang_traced, NULL);
}

/* ---- names ---- */

static void hang_under_a_name(struct truth_spawn *spawn, const void *argument)
{
	prctl(PR_SET_NAME, "\x1b[31m\"\\\n\xff$");
	hang_in_open(spawn, argument);
}

static void hostile(char **arguments)
{
	truth_vfork("stuck", hang_under_a_name, arguments[0]);
}

/* Children that end while they are looked at. */
static void hang_a_moment(struct truth_spawn *spawn, const void *argument)
{
	struct timespec moment = {.tv_nsec = 3000000};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
	_exit(0);
}

static void moments(char **arguments)
{
	truth_line("{\"what\": \"moments\"}");
	for (;;) {
		pid_t child = vfork();

		if (child == 0)
			hang_a_moment(NULL, NULL);
		waitpid(child, NULL, 0);
	}
}

/* Many threads, each held by a child of its own. */
static void *hold_one(void *argument)
{
	if (vfork() == 0)
		pause_for_ever();
	return NULL;
}

static void many(char **arguments)
{
	int n = atoi(arguments[0]);
	pthread_t thread;

	for (int i = 0; i < n; i++)
		if (pthread_create(&thread, NULL, hold_one, NULL) != 0)
			truth_fail("pthread_create");
	truth_line("{\"what\": \"many\"}");
	pause_for_ever();
}

/* One that holds its parent for as many milliseconds, and then execs. */
static void hang_and_exec(struct truth_spawn *spawn, const void *argument)
{
	truth_sleep_ms(*(const unsigned int *)argument);
	truth_exec_true(spawn, NULL);
}

static void slow_exec(char **arguments)
{
	unsigned int ms = (unsigned int)atoi(arguments[0]);

	truth_vfork("slow", hang_and_exec, &ms);
}

static const struct truth_scenario scenarios[] = {
	{"nanosleep", nanosleep_},
	{"poll", poll_},
	{"socket", socket_},
	{"compat", compat},
	{"fifo_open", fifo_open},
	{"pipe_self", pipe_self},
	{"pipe_parent", pipe_parent},
	{"pipe_other", pipe_other},
	{"pipe_both", pipe_both},
	{"pipe_write", pipe_write},
	{"calls", calls},
	{"mutex_thread", mutex_thread},
	{"mutex_pi", mutex_pi},
	{"mutex_parent", mutex_parent},
	{"mutex_gone", mutex_gone},
	{"mutex_nested", mutex_nested},
	{"flock", flock_},
	{"flock_parent", flock_parent},
	{"posix_lock", posix_lock},
	{"wait_child", wait_child},
	{"ptraced", ptraced},
	{"hostile", hostile},
	{"moments", moments},
	{"many", many},
	{"slow_exec", slow_exec},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	return truth_run(scenarios, argc, argv);
}
