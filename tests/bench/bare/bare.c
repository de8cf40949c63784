/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bare - bare FILE [RING_BYTES]: record to FILE until SIGINT, each record as it comes out of the
 * ring. Prints how many were lost.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* the generated skeleton */
#include "bare.skel.h"
#pragma GCC diagnostic pop

#define BUFFER_BYTES (256u << 10)
#define IDLE_MS      100

static volatile sig_atomic_t stop;

struct output {
	int fd;
	size_t n;
	char buffer[BUFFER_BYTES];
};

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static int flush(struct output *output)
{
	ssize_t n = write(output->fd, output->buffer, output->n);

	if (n < 0 || (size_t)n != output->n)
		return -EIO;
	output->n = 0;
	return 0;
}

static int on_record(void *context, void *record, size_t size)
{
	struct output *output = context;

	if (output->n + size > sizeof(output->buffer) && flush(output))
		return -EIO;
	memcpy(output->buffer + output->n, record, size);
	output->n += size;
	return 0;
}

static int run(struct ring_buffer *ring, struct output *output)
{
	while (!stop) {
		int n = ring_buffer__poll(ring, IDLE_MS);

		if (n < 0 && n != -EINTR)
			return n;
		if (n == 0 && ring_buffer__consume(ring) < 0)
			return -EIO;
	}
	return ring_buffer__consume(ring) < 0 ? -EIO : flush(output);
}

int main(int argc, char **argv)
{
	static struct output output;
	unsigned long ring_bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 16ul << 20;
	struct sigaction action = {.sa_handler = on_signal};
	struct bare_bpf *skel;
	struct ring_buffer *ring;
	int r;

	if (argc < 2)
		return 2;
	sigaction(SIGINT, &action, NULL);
	output.fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	skel = bare_bpf__open();
	if (output.fd < 0 || !skel)
		return 5;
	skel->rodata->cfg_wake_bytes = ring_bytes / 8;
	bpf_map__set_max_entries(skel->maps.ring, (unsigned int)ring_bytes);
	if (bare_bpf__load(skel) || bare_bpf__attach(skel))
		return 5;
	ring = ring_buffer__new(bpf_map__fd(skel->maps.ring), on_record, &output, NULL);
	if (!ring)
		return 5;
	r = run(ring, &output);
	printf("%llu lost\n", (unsigned long long)skel->bss->n_dropped);
	ring_buffer__free(ring);
	bare_bpf__destroy(skel);
	return r ? 5 : 0;
}
