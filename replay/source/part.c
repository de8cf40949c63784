/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/part.h"

#include <errno.h>

#include "format/block/layout.h"
#include "replay/source/view.h"
#include "format/block/meta.h"

/* What one look at the clocks, the marks and the end says. */
struct look {
	const struct rep_period *period;
	struct rep_window window;
	size_t n_sections;
	bool is_whole;      /* nothing was lost, nothing is damaged */
	bool lists_are_all; /* who is in no list did not run */
};

/*
 * A moment of the world's clock is told by the clocks that have been read so far: with all of them
 * read it may turn out another, by as much as that clock was adjusted meanwhile.
 */
static uint64_t adjustment(const struct rep_section_info *info)
{
	uint64_t base =
		info->n_clocks ? info->clocks[0].realtime_ns - info->clocks[0].boottime_ns : 0;
	uint64_t most = 0;

	for (size_t i = 0; i < info->n_clocks; i++) {
		int64_t by =
			(int64_t)(info->clocks[i].realtime_ns - info->clocks[i].boottime_ns - base);
		uint64_t size = by < 0 ? 0 - (uint64_t)by : (uint64_t)by;

		most = size > most ? size : most;
	}
	return most > UINT64_MAX / 2 ? UINT64_MAX : 2 * most;
}

static int on_section_end(void *context, const struct rep_section_info *info)
{
	struct look *look = context;
	uint64_t slack = adjustment(info);

	look->window = rep_period_window(look->period, info);
	look->window.from_ns -= slack < look->window.from_ns ? slack : look->window.from_ns;
	look->window.to_ns +=
		slack < UINT64_MAX - look->window.to_ns ? slack : UINT64_MAX - look->window.to_ns;
	look->n_sections++;
	look->is_whole = info->clean_end && info->has_meta && !info->n_losses && !info->n_lost &&
			 !info->n_gaps && !info->n_missing_blocks;
	look->lists_are_all = info->has_meta && rep_model_list_is_whole(&info->meta);
	return 0;
}

static int look_at(struct vft_source *source, const struct rep_timeline *timeline,
		   struct look *look)
{
	static const struct rep_part no_rows = {
		.kept = 1ull << VFT_KIND_LOST, .resume_off = UINT64_MAX, .to_ns = UINT64_MAX};
	struct rep_timeline own = timeline ? *timeline : (struct rep_timeline){0};
	struct rep_trace_options options = {.part = &no_rows, .timeline = &own};
	struct rep_trace_ops ops = {.on_section_end = on_section_end};
	struct rep_trace_total total;
	struct vft_source *view = rep_view_new(source, 0);
	int r;

	if (!view)
		return -ENOMEM;
	r = rep_trace_replay(&view, 1, &options, &ops, look, &total, NULL);
	return r < 0 ? r : look->n_sections == 1 && look->is_whole && !total.damaged;
}

/* A list of processes: blocks [first, end) of the index. */
struct list {
	size_t first, end;
	uint64_t last_ns;
};

/* The last list that was complete at @time_ns. */
static bool find_list(const struct vft_index_entry *entries, size_t n, uint64_t time_ns,
		      struct list *ret)
{
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		struct list list = {.first = i};

		if (entries[i].type != VFT_BLOCK_SNAPSHOT ||
		    !(entries[i].kinds & VFT_KINDS_SNAPSHOT_BEGINS))
			continue;
		for (list.end = i;
		     list.end < n && entries[list.end].type == VFT_BLOCK_SNAPSHOT &&
		     (list.end == i || !(entries[list.end].kinds & VFT_KINDS_SNAPSHOT_BEGINS));
		     list.end++)
			list.last_ns = entries[list.end].last_ns;
		if (list.last_ns <= time_ns) {
			*ret = list;
			found = true;
		}
	}
	return found;
}

static bool pass_others(void *context, const struct vft_index_entry *entry)
{
	const struct vft_index_entry *const *range = context;

	return entry->self_off < range[0]->self_off || entry->self_off > range[1]->self_off;
}

/* Since when the oldest vfork has been pending that the list names; the end of time: none is. */
static int oldest_pending(struct vft_reader *reader, const struct vft_index_entry *entries,
			  const struct list *list, uint64_t *ret_ns)
{
	const struct vft_index_entry *range[] = {&entries[list->first], &entries[list->end - 1]};
	uint64_t oldest_ns = UINT64_MAX;
	struct vft_item item;
	int r;

	vft_reader_set_pass(reader, pass_others, range);
	while ((r = vft_reader_next(reader, &item, NULL)) == 1) {
		if (item.kind == VFT_ITEM_GAP)
			return 0;
		for (size_t i = 0; item.kind == VFT_ITEM_BATCH && i < item.batch->n_events; i++) {
			const struct vft_event *event = &item.batch->events[i];

			if (event->kind == VFT_KIND_SNAPSHOT &&
			    event->flags & VFT_SNAPSHOT_VFORK_PENDING &&
			    event->task->start_ns < oldest_ns)
				oldest_ns = event->task->start_ns;
		}
	}
	*ret_ns = oldest_ns;
	return r < 0 ? r : 1;
}

/*
 * Where to begin: at a list old enough that every vfork which reaches into the window began behind
 * it; those that were pending at that list had ended by a later one.
 */
static int find_resume(struct vft_source *source, uint64_t from_ns, uint64_t *ret_off)
{
	const struct vft_index_entry *entries;
	struct vft_reader *reader;
	uint64_t oldest_ns = 0;
	struct list list;
	size_t n;
	int r = rep_view_open(source, 0, &reader);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = vft_reader_get_index(reader, &entries, &n, NULL);
	if (r == 1)
		r = find_list(entries, n, from_ns, &list);
	if (r == 1)
		r = oldest_pending(reader, entries, &list, &oldest_ns);
	if (r == 1 && oldest_ns != UINT64_MAX)
		r = find_list(entries, n, oldest_ns, &list);
	if (r == 1)
		*ret_off = entries[list.first].self_off;
	vft_reader_close(reader);
	return r == -ENOMEM ? r : 0;
}

int rep_part_find(struct vft_source *source, const struct rep_period *period, enum rep_need need,
		  const struct rep_timeline *timeline, struct rep_part *ret)
{
	bool from = period->from.is_given && need == REP_NEED_LISTS;
	struct look look = {.period = period};
	struct rep_part part = {.kept = 1ull << VFT_KIND_MARK | 1ull << VFT_KIND_CGROUP};
	int r;

	if (need == REP_NEED_ALL || !source->seekable || (!from && !period->to.is_given))
		return 0;
	r = look_at(source, timeline, &look);
	if (r != 1)
		return r;
	part.to_ns = look.window.to_ns;
	if (from && look.lists_are_all)
		r = find_resume(source, look.window.from_ns, &part.resume_off);
	if (r < 0)
		return r;
	*ret = part;
	return part.resume_off || part.to_ns != UINT64_MAX;
}
