/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/survey.h"

#include <errno.h>
#include <stdlib.h>

#include "format/block/index.h"
#include "format/block/layout.h"
#include "replay/source/view.h"
#include "format/block/meta.h"

/* SECTION is the first block, META the second; damage may stand between. */
#define MAX_ITEMS 4

/* Where the section begins whose trailer ends at @end_off. False: there is none. */
static bool find_start(struct vft_source *source, uint64_t end_off, uint64_t *ret_off)
{
	uint8_t bytes[VFT_TRAILER_SIZE];
	struct vft_trailer trailer;

	if (end_off < sizeof(bytes) ||
	    source->read_at(source, end_off - sizeof(bytes), bytes, sizeof(bytes)) !=
		    (int64_t)sizeof(bytes) ||
	    vft_trailer_parse(bytes, &trailer) < 0 || !trailer.self_off ||
	    trailer.self_off > end_off - sizeof(bytes))
		return false;
	*ret_off = end_off - sizeof(bytes) - trailer.self_off;
	return true;
}

/* 1: *ret is filled, 0: no section begins there, -ENOMEM. */
static int look_at(struct vft_source *source, uint64_t off, struct rep_survey_section *ret)
{
	struct vft_section section = {0};
	struct vft_reader *reader;
	struct vft_item item;
	int r = rep_view_open(source, off, &reader);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	*ret = (struct rep_survey_section){0};
	for (int i = 0; i < MAX_ITEMS && (r = vft_reader_next(reader, &item, NULL)) == 1; i++) {
		if (item.kind == VFT_ITEM_SECTION) {
			section = *item.section;
			ret->section_id = section.section_id;
		} else if (item.kind == VFT_ITEM_META) {
			rep_boot_id_init(&ret->boot, &section, item.meta);
			ret->begin_ns = item.meta->start_ns;
			break;
		}
	}
	vft_reader_close(reader);
	return r == -ENOMEM ? r : ret->section_id != 0;
}

int rep_survey(struct vft_source *source, struct rep_survey_section **ret, size_t *ret_n)
{
	struct rep_survey_section *sections;
	uint64_t *starts, start_off = source->size_bytes;
	size_t n = 0, n_found = 0;
	int r = 0;

	*ret = NULL;
	*ret_n = 0;
	if (!source->seekable)
		return 0;
	starts = calloc(REP_MAX_SURVEY, sizeof(*starts));
	sections = calloc(REP_MAX_SURVEY, sizeof(*sections));
	if (!starts || !sections) {
		free(starts);
		free(sections);
		return -ENOMEM;
	}
	while (start_off && n < REP_MAX_SURVEY) {
		if (!find_start(source, start_off, &start_off))
			start_off = 0;
		starts[n++] = start_off;
	}
	while (r >= 0 && n > 0) {
		r = look_at(source, starts[--n], &sections[n_found]);
		n_found += r == 1;
	}
	free(starts);
	if (r < 0 || !n_found) {
		free(sections);
		return r < 0 ? r : 0;
	}
	*ret = sections;
	*ret_n = n_found;
	return 0;
}
