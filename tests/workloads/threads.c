/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * threads.c - eight threads that vfork at once; an exec by a thread that is not the leader.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truth.h"

#define N_THREADS 8
#define N_ROUNDS  10

static pthread_barrier_t barrier;

static void sleep_and_exec(struct truth_spawn *spawn, const void *argument)
{
	truth_sleep_ms(5);
	truth_exec_true(spawn, NULL);
}

static void *vfork_rounds(void *argument)
{
	for (int round = 0; round < N_ROUNDS; round++) {
		pthread_barrier_wait(&barrier);
		truth_vfork("thread", sleep_and_exec, NULL);
	}
	return NULL;
}

static void eight(char **arguments)
{
	pthread_t threads[N_THREADS];

	pthread_barrier_init(&barrier, NULL, N_THREADS);
	for (int i = 0; i < N_THREADS; i++) {
		if (pthread_create(&threads[i], NULL, vfork_rounds, NULL) != 0)
			truth_fail("pthread_create");
	}
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void *exec_here(void *argument)
{
	truth_line("{\"what\": \"exec_by_thread\", \"pid\": %d, \"tid\": %d}", getpid(),
		   (int)syscall(SYS_gettid));
	execl("/bin/sh", "sh", "-c", "exit 9", (char *)NULL);
	truth_fail("exec");
}

/* In a process of its own; its leader sleeps meanwhile, and its tid is what the new image gets. */
static void exec_by_thread(char **arguments)
{
	int status;
	pid_t child = fork();
	pthread_t thread;

	if (child == 0) {
		if (pthread_create(&thread, NULL, exec_here, NULL) != 0)
			truth_fail("pthread_create");
		for (;;)
			pause();
	}
	if (waitpid(child, &status, 0) != child)
		truth_fail("waitpid");
	truth_line("{\"what\": \"reaped\", \"pid\": %d, \"status\": %d}", child, status);
}

static const struct truth_scenario scenarios[] = {
	{"eight", eight},
	{"exec_by_thread", exec_by_thread},
	{NULL, NULL},
};

int main(int argc, char **argv)
{
	return truth_run(scenarios, argc, argv);
}
