/* SPDX-License-Identifier: BSD-2-Clause */
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

/* One command line is read to its end to learn its size, but no further than this. */
#define MAX_ARGV_READ (4u << 20)

/* Two owners, the caller and the thread: whoever comes last frees it. */
struct rec_proc_batch {
	atomic_int n_owners;
	atomic_size_t n_done; /* entries that the thread will not touch again */
	pthread_mutex_t lock;
	pthread_cond_t finished;
	bool is_finished;
	uint32_t argv_max;
	size_t n, n_visible;
	struct rec_proc_names entries[];
};

static char *read_exe(pid_t pid, uint32_t *ret_size)
{
	char path[64], target[PATH_MAX];
	char *copy;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, target, sizeof(target));
	if (n <= 0)
		return NULL;
	copy = malloc((size_t)n);
	if (!copy)
		return NULL;
	memcpy(copy, target, (size_t)n);
	*ret_size = (uint32_t)n;
	return copy;
}

/* Fill @buffer as far as it goes, then count what is left. */
static uint32_t read_and_count(int fd, char *buffer, uint32_t size, uint32_t *ret_kept)
{
	char rest[4096];
	uint32_t total = 0;

	while (total < MAX_ARGV_READ) {
		bool keep = total < size;
		ssize_t n =
			read(fd, keep ? buffer + total : rest, keep ? size - total : sizeof(rest));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		total += (uint32_t)n;
	}
	*ret_kept = total < size ? total : size;
	return total;
}

static void read_argv(struct rec_proc_names *entry, uint32_t argv_max)
{
	char path[64];
	char *buffer;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)entry->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	buffer = malloc(argv_max + 1u);
	if (buffer) {
		entry->argv_size = read_and_count(fd, buffer, argv_max, &entry->argv.size);
		entry->argv.data = buffer;
	}
	close(fd);
}

static void release_batch(struct rec_proc_batch *batch)
{
	if (atomic_fetch_sub(&batch->n_owners, 1) != 1)
		return;
	for (size_t i = 0; i < batch->n; i++) {
		free((char *)(uintptr_t)batch->entries[i].exe.data);
		free((char *)(uintptr_t)batch->entries[i].argv.data);
	}
	pthread_cond_destroy(&batch->finished);
	pthread_mutex_destroy(&batch->lock);
	free(batch);
}

static void *read_all(void *context)
{
	struct rec_proc_batch *batch = context;

	for (size_t i = 0; i < batch->n; i++) {
		struct rec_proc_names *entry = &batch->entries[i];

		entry->exe.data = read_exe(entry->pid, &entry->exe.size);
		if (!entry->may_block && batch->argv_max)
			read_argv(entry, batch->argv_max);
		atomic_store_explicit(&batch->n_done, i + 1, memory_order_release);
	}
	pthread_mutex_lock(&batch->lock);
	batch->is_finished = true;
	pthread_cond_signal(&batch->finished);
	pthread_mutex_unlock(&batch->lock);
	release_batch(batch);
	return NULL;
}

static void wait_for_thread(struct rec_proc_batch *batch, uint64_t timeout_ns)
{
	uint64_t until_ns = rec_clock_read(CLOCK_MONOTONIC) + timeout_ns;
	struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
				 .tv_nsec = (long)(until_ns % 1000000000u)};
	int r = 0;

	pthread_mutex_lock(&batch->lock);
	while (!batch->is_finished && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&batch->finished, &batch->lock, &until);
	pthread_mutex_unlock(&batch->lock);
	batch->n_visible = atomic_load_explicit(&batch->n_done, memory_order_acquire);
}

static struct rec_proc_batch *new_batch(const struct rec_proc_names *wanted, size_t n)
{
	struct rec_proc_batch *batch = calloc(1, sizeof(*batch) + n * sizeof(batch->entries[0]));
	pthread_condattr_t attributes;

	if (!batch)
		return NULL;
	batch->n = n;
	for (size_t i = 0; i < n; i++) {
		batch->entries[i].pid = wanted[i].pid;
		batch->entries[i].may_block = wanted[i].may_block;
	}
	atomic_init(&batch->n_owners, 2);
	pthread_mutex_init(&batch->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&batch->finished, &attributes);
	pthread_condattr_destroy(&attributes);
	return batch;
}

int rec_proc_read(const struct rec_proc_names *wanted, size_t n, uint32_t argv_max,
		  uint64_t timeout_ns, struct rec_proc_batch **ret)
{
	struct rec_proc_batch *batch = new_batch(wanted, n);
	pthread_t thread;
	int r;

	if (!batch)
		return -ENOMEM;
	batch->argv_max = argv_max;
	r = pthread_create(&thread, NULL, read_all, batch);
	if (r) {
		atomic_store(&batch->n_owners, 1);
		release_batch(batch);
		return -r;
	}
	pthread_detach(thread);
	wait_for_thread(batch, timeout_ns);
	*ret = batch;
	return 0;
}

const struct rec_proc_names *rec_proc_get(const struct rec_proc_batch *batch, size_t i)
{
	static const struct rec_proc_names nothing;

	return i < batch->n_visible ? &batch->entries[i] : &nothing;
}

void rec_proc_free(struct rec_proc_batch *batch)
{
	if (batch)
		release_batch(batch);
}
