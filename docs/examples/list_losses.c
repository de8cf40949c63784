/* SPDX-License-Identifier: BSD-2-Clause */
/* list_losses FILE - what a trace lacks: lost events, damage, a missing end. Item by item. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include <vft/reader.h>

static void on_batch(const struct vft_batch *batch)
{
	for (size_t i = 0; i < batch->n_events; i++) {
		const struct vft_event *event = &batch->events[i];

		if (event->kind == VFT_KIND_LOST)
			printf("lost %" PRIu64 " events (%s), time %" PRIu64 " to %" PRIu64 "\n",
			       event->lost.count, vft_cause_name(event->lost.cause),
			       event->lost.from_ns, event->lost.to_ns);
	}
}

static void on_item(const struct vft_item *item)
{
	if (item->kind == VFT_ITEM_BATCH)
		on_batch(item->batch);
	else if (item->kind == VFT_ITEM_GAP)
		printf("byte %" PRIu64 ": %s\n", item->offset, item->gap.what);
	else if (item->kind == VFT_ITEM_END)
		printf("closed cleanly; %" PRIu64 " events dropped\n", item->end->n_dropped);
}

int main(int argc, char **argv)
{
	struct vft_reader *reader = NULL;
	struct vft_source *source;
	struct vft_err err = {0};
	struct vft_item item;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1, r;

	if (fd < 0) {
		fprintf(stderr, "usage: list_losses FILE\n");
		return 2;
	}
	/* Each of these takes over what it is given, also when it fails. */
	r = vft_source_open_fd(fd, &source, &err);
	if (r == 0)
		r = vft_reader_open(source, NULL, &reader, &err);
	while (r >= 0 && (r = vft_reader_next(reader, &item, &err)) == 1)
		on_item(&item);
	vft_reader_close(reader);
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], err.message);
	return r < 0 ? 3 : 0;
}
