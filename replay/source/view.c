/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/view.h"

#include <errno.h>
#include <stdlib.h>

struct view {
	struct vft_source source;
	struct vft_source *of;
	uint64_t from_off;
};

static int64_t view_read_at(struct vft_source *source, uint64_t offset, void *buffer, size_t size)
{
	const struct view *view = (struct view *)source;

	return view->of->read_at(view->of, view->from_off + offset, buffer, size);
}

static void view_close(struct vft_source *source)
{
	free(source);
}

struct vft_source *rep_view_new(struct vft_source *of, uint64_t from_off)
{
	struct view *view = malloc(sizeof(*view));

	if (!view)
		return NULL;
	*view = (struct view){.source = {.read_at = view_read_at,
					 .close = view_close,
					 .seekable = true,
					 .size_bytes = of->size_bytes - from_off},
			      .of = of,
			      .from_off = from_off};
	return &view->source;
}

int rep_view_open(struct vft_source *of, uint64_t from_off, struct vft_reader **ret)
{
	struct vft_source *view = rep_view_new(of, from_off);

	return view ? vft_reader_open(view, NULL, ret, NULL) : -ENOMEM;
}
