/* SPDX-License-Identifier: BSD-2-Clause */
/* exec_flags FILE - of each exec in a trace: the size of its path, and "cut" if that was longer. */
#include <fcntl.h>
#include <stdio.h>

#include <vft/reader.h>

static int print_batch(const struct vft_batch *batch)
{
	for (size_t i = 0; i < batch->n_events; i++) {
		const struct vft_event *event = &batch->events[i];

		if (event->kind == VFT_KIND_EXEC && event->exec.path &&
		    printf("%u %s\n", event->exec.path->size,
			   event->flags & VFT_EXEC_PATH_CUT ? "cut" : "whole") < 0)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1, r;
	struct vft_limits limits = {.size = sizeof(limits), .max_raw_total = UINT64_MAX};
	struct vft_reader *reader = NULL;
	struct vft_source *source;
	struct vft_err err = {0};
	struct vft_item item;

	if (fd < 0)
		return 2;
	r = vft_source_open_fd(fd, &source, &err);
	if (!r)
		r = vft_reader_open(source, &limits, &reader, &err);
	while (!r && (r = vft_reader_next(reader, &item, &err)) > 0)
		r = item.kind == VFT_ITEM_BATCH ? print_batch(item.batch) : 0;
	vft_reader_close(reader);
	return r != 0;
}
