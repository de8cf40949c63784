/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/view.h"

#include <errno.h>
#include <stdlib.h>

struct view {
	struct vft_source source;
	struct vft_source *of;
};

static int64_t view_read_at(struct vft_source *source, uint64_t offset, void *buffer, size_t size)
{
	struct vft_source *of = ((struct view *)source)->of;

	return of->read_at(of, offset, buffer, size);
}

static void view_close(struct vft_source *source)
{
	free(source);
}

struct vft_source *rep_view_new(struct vft_source *of)
{
	struct view *view = malloc(sizeof(*view));

	if (!view)
		return NULL;
	*view = (struct view){.source = {.read_at = view_read_at,
					 .close = view_close,
					 .seekable = true,
					 .size_bytes = of->size_bytes},
			      .of = of};
	return &view->source;
}

int rep_view_open(struct vft_source *of, struct vft_reader **ret)
{
	struct vft_source *view = rep_view_new(of);

	return view ? vft_reader_open(view, NULL, ret, NULL) : -ENOMEM;
}
