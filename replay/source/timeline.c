/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/timeline.h"

#include <string.h>

#include "format/block/meta.h"
#include "replay/source/section.h"

/* Clocks that set a section further away say nothing. */
#define MAX_DISTANCE_NS (INT64_MAX / 4)

void rep_boot_id_init(struct rep_boot_id *ret, const struct vft_section *section,
		      const struct vft_meta *meta)
{
	static const uint8_t none[sizeof(section->uuid)];
	const void *bytes = meta->boot_id.data;
	size_t size = meta->boot_id.size;

	*ret = (struct rep_boot_id){0};
	if (!size && memcmp(section->uuid, none, sizeof(none)) != 0) {
		bytes = section->uuid;
		size = sizeof(section->uuid);
	}
	if (!size)
		return;
	ret->size = (uint32_t)(size < sizeof(ret->text) ? size : sizeof(ret->text));
	memcpy(ret->text, bytes, ret->size);
}

bool rep_boot_id_equal(const struct rep_boot_id *a, const struct rep_boot_id *b)
{
	return a->size && a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

/* The zero on the clock of a boot that has not been seen before. */
static uint64_t align(const struct rep_timeline *timeline, const struct rep_section_info *info)
{
	const struct rep_clock *clock = info->clocks;
	uint64_t zero_ns;
	int64_t distance_ns;

	if (!timeline->has_epoch || !info->n_clocks)
		return info->begin_ns;
	zero_ns = clock->boottime_ns + (timeline->epoch_ns - clock->realtime_ns);
	distance_ns = (int64_t)(zero_ns - info->begin_ns);
	return distance_ns > MAX_DISTANCE_NS || distance_ns < -MAX_DISTANCE_NS ? info->begin_ns
									       : zero_ns;
}

void rep_timeline_place(struct rep_timeline *timeline, struct rep_section_info *info)
{
	struct rep_boot_id id;

	info->start_ns = info->begin_ns;
	if (!timeline)
		return;
	if (!timeline->has_section) {
		timeline->has_section = true;
		timeline->has_epoch =
			rep_section_realtime(info, info->begin_ns, &timeline->epoch_ns);
	} else {
		info->start_ns = align(timeline, info);
	}
	rep_boot_id_init(&id, &info->section, &info->meta);
	for (size_t i = 0; i < timeline->n_boots; i++) {
		if (rep_boot_id_equal(&timeline->boots[i].id, &id)) {
			info->start_ns = timeline->boots[i].zero_ns;
			return;
		}
	}
	if (!id.size || timeline->n_boots == REP_MAX_BOOTS)
		return;
	timeline->boots[timeline->n_boots].id = id;
	timeline->boots[timeline->n_boots++].zero_ns = info->start_ns;
}
