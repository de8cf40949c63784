/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * synth - synth RATE SECONDS: makes RATE records a second in the ring of the vfork-record that
 * runs. Prints how many were made, how many of them found no room, and the nanoseconds it took.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* the generated skeleton */
#include "synth.skel.h"
#pragma GCC diagnostic pop

#define BATCH 64

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The newest map of that name and type: the recorder was started last. */
static int find_map(const char *name, unsigned int type, struct bpf_map_info *info)
{
	unsigned int id = 0;
	int found = -ENOENT;

	while (!bpf_map_get_next_id(id, &id)) {
		struct bpf_map_info this = {0};
		unsigned int size = sizeof(this);
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &this, &size) || this.type != type ||
		    strcmp(this.name, name) != 0) {
			close(fd);
			continue;
		}
		if (found >= 0)
			close(found);
		found = fd;
		*info = this;
	}
	return found;
}

static int use_map(struct bpf_map *map, const char *name, unsigned int type,
		   struct bpf_map_info *info)
{
	int fd = find_map(name, type, info);

	return fd < 0 ? fd : bpf_map__reuse_fd(map, fd);
}

static int produce(int prog, uint64_t rate, uint64_t total)
{
	uint64_t start_ns = now_ns();

	for (uint64_t made = 0; made < total; made += BATCH) {
		LIBBPF_OPTS(bpf_test_run_opts, options);
		uint64_t due_ns = start_ns + made * 1000000000u / rate;

		while (now_ns() < due_ns)
			;
		if (bpf_prog_test_run_opts(prog, &options))
			return -errno;
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t rate = argc > 2 ? strtoull(argv[1], NULL, 10) : 0, start_ns;
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 0;
	struct bpf_map_info ring = {0}, cpus = {0};
	struct synth_bpf *skel = synth_bpf__open();

	if (!rate || !skel)
		return 2;
	if (use_map(skel->maps.ring, "ring", BPF_MAP_TYPE_RINGBUF, &ring) ||
	    use_map(skel->maps.cpus, "cpus", BPF_MAP_TYPE_ARRAY, &cpus)) {
		(void)fputs("synth: no vfork-record is running\n", stderr);
		return 5;
	}
	skel->rodata->cfg_wake_bytes = ring.max_entries / 8;
	if (synth_bpf__load(skel))
		return 5;
	start_ns = now_ns();
	if (produce(bpf_program__fd(skel->progs.make_batch), rate,
		    (uint64_t)((double)rate * seconds)))
		return 5;
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", (uint64_t)skel->bss->n_made,
	       (uint64_t)skel->bss->n_dropped, now_ns() - start_ns);
	synth_bpf__destroy(skel);
	return 0;
}
