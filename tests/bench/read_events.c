/* SPDX-License-Identifier: BSD-2-Clause */
/* read_events FILE - decode a trace and touch every event; prints how many there were. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include <vft/reader.h>

int main(int argc, char **argv)
{
	struct vft_limits limits = {.size = sizeof(limits), .max_raw_total = UINT64_MAX};
	struct vft_reader *reader = NULL;
	struct vft_source *source;
	struct vft_err err = {0};
	struct vft_item item;
	uint64_t n_events = 0, n_gaps = 0, sum = 0;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	int r;

	if (fd < 0)
		return 2;
	r = vft_source_open_fd(fd, &source, &err);
	if (r == 0)
		r = vft_reader_open(source, &limits, &reader, &err);
	while (r == 0 && (r = vft_reader_next(reader, &item, &err)) > 0) {
		r = 0;
		n_gaps += item.kind == VFT_ITEM_GAP;
		if (item.kind != VFT_ITEM_BATCH)
			continue;
		n_events += item.batch->n_events;
		for (size_t i = 0; i < item.batch->n_events; i++)
			sum += item.batch->events[i].time_ns ^ item.batch->events[i].kind;
	}
	vft_reader_close(reader);
	if (r < 0) {
		(void)fprintf(stderr, "read_events: %s\n", err.message);
		return 3;
	}
	return printf("%" PRIu64 " events, %" PRIu64 " gaps, %" PRIx64 "\n", n_events, n_gaps,
		      sum) < 0;
}
