/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format/block/layout.h"
#include "replay/base/saturate.h"
#include "replay/model/losses.h"
#include "replay/source/trace.h"
#include "format/block/meta.h"

/* Past this many clocks every other one is forgotten: at one a minute, after three days. */
#define MAX_CLOCKS 4096u

/* Rows that are read whatever a command wants: they say how to take the others. */
#define NEEDED_KINDS (1ull << VFT_KIND_CLOCK | 1ull << VFT_KIND_LOST)

struct replay {
	const struct rep_trace_ops *ops;
	void *context;
	struct rep_model *model;
	struct rep_timeline *timeline;
	struct rep_trace_total *total;
	struct vft_err *err;
	struct rep_flow *flow;
	struct rep_work work; /* of the section at hand */

	bool is_open;      /* a section is being read */
	bool is_announced; /* on_section was called */
	bool is_headless;  /* its beginning is among what was lost before it */
	struct rep_section_info info;
	char *meta_bytes;            /* what info.meta points to */
	struct vft_loss *end_losses; /* what info.end points to */
	struct rep_clock *clocks;

	const struct rep_part *part; /* NULL: all is read */
	bool is_past;                /* rows behind the window have been left out */
	bool is_settled;             /* may be left out; the reading thread asks */
	void *reserve;               /* memory to end with where there is none left */
	struct vft_event *kept;      /* what is kept of a block before or behind the window */

	/* Damage before the section's first block. */
	bool has_early_gap;
	struct vft_gap early_gap;
	uint64_t early_offset, early_bytes;
};

/* One copy of all texts behind one pointer. */
static int copy_meta(struct replay *replay, const struct vft_meta *meta)
{
	size_t size = 1;
	char *bytes;

#define X(id, NAME, member) size += meta->member.size;
	VFT_META_TEXT_LIST(X)
#undef X
	bytes = malloc(size);
	if (!bytes)
		return -ENOMEM;
	free(replay->meta_bytes);
	replay->meta_bytes = bytes;
	replay->info.meta = *meta;
	replay->info.has_meta = true;
	replay->info.begin_ns = meta->start_ns;
#define X(id, NAME, member)                                                                              \
	if (meta->member.data) {                                                                   \
		if (meta->member.size)                                                             \
			memcpy(bytes, meta->member.data, meta->member.size);                       \
		replay->info.meta.member.data = bytes;                                             \
		bytes += meta->member.size;                                                        \
	}
	VFT_META_TEXT_LIST(X)
#undef X
	return 0;
}

static int copy_end(struct replay *replay, const struct vft_end *end)
{
	struct vft_loss *losses = NULL;

	if (end->n_losses) {
		losses = malloc(end->n_losses * sizeof(*losses));
		if (!losses)
			return -ENOMEM;
		memcpy(losses, end->losses, end->n_losses * sizeof(*losses));
	}
	free(replay->end_losses);
	replay->end_losses = losses;
	replay->info.end = *end;
	replay->info.end.losses = losses;
	replay->info.clean_end = true;
	replay->info.end_ns = end->end_ns;
	return 0;
}

static int add_clock(struct replay *replay, uint64_t time_ns, uint64_t realtime_ns)
{
	size_t n = replay->info.n_clocks;

	if (!replay->clocks) {
		replay->clocks = calloc(MAX_CLOCKS, sizeof(*replay->clocks));
		if (!replay->clocks)
			return -ENOMEM;
		replay->info.clocks = replay->clocks;
	}
	/* They are searched by bisection, so one that steps back is of no use. */
	if (n && time_ns <= replay->clocks[n - 1].boottime_ns)
		return 0;
	if (n == MAX_CLOCKS) {
		for (n = 0; n < MAX_CLOCKS / 2; n++)
			replay->clocks[n] = replay->clocks[2 * n];
	}
	replay->clocks[n++] = (struct rep_clock){time_ns, realtime_ns};
	replay->info.n_clocks = n;
	return 0;
}

static int begin_section(struct replay *replay, size_t source, const struct vft_section *section,
			 bool is_headless)
{
	int r = rep_model_begin(replay->model, section);

	if (r < 0)
		return r;
	memset(&replay->info, 0, sizeof(replay->info));
	replay->info.source = source;
	replay->info.number = replay->total->n_sections++;
	replay->info.has_section = section != NULL;
	if (section)
		replay->info.section = *section;
	replay->info.clocks = replay->clocks;
	replay->info.model = replay->model;
	replay->is_open = true;
	replay->is_announced = false;
	replay->is_headless = is_headless;
	return 0;
}

static int announce(struct replay *replay)
{
	const struct rep_trace_ops *ops = replay->ops;
	struct rep_section_info *info = &replay->info;
	int r = 0;

	if (replay->is_announced)
		return 0;
	replay->is_announced = true;
	rep_timeline_place(replay->timeline, info);
	if (ops->on_section)
		r = ops->on_section(replay->context, info);
	replay->work = (struct rep_work){ops->make, ops->free, replay->context, info->start_ns};
	rep_flow_set_work(replay->flow, &replay->work);
	if (r < 0 || !replay->has_early_gap)
		return r < 0 ? r : 0;
	replay->has_early_gap = false;
	info->n_gaps++;
	info->gap_bytes += replay->early_bytes;
	info->n_missing_blocks =
		rep_add(info->n_missing_blocks, replay->early_gap.n_missing_blocks);
	/* Nothing of a section stands before its SECTION block. */
	if (replay->is_headless) {
		r = rep_model_gap(replay->model, &replay->early_gap);
		if (r < 0)
			return r;
	}
	if (ops->on_gap)
		r = ops->on_gap(replay->context, info, replay->early_offset, replay->early_bytes,
				&replay->early_gap);
	return r < 0 ? r : 0;
}

static int end_section(struct replay *replay)
{
	struct rep_section_info *info = &replay->info;
	struct rep_trace_total *total = replay->total;
	int r;

	if (!replay->is_open)
		return 0;
	r = announce(replay);
	if (r < 0)
		return r;
	replay->is_open = false;
	/* The next one's rows are not read before its beginning has been seen here. */
	rep_flow_set_work(replay->flow, NULL);
	r = rep_model_end(replay->model, info->clean_end ? &info->end : NULL);
	if (r < 0)
		return r;
	info->losses = rep_model_losses(replay->model, &info->n_losses);
	info->n_lost = rep_model_n_lost(replay->model);
	total->n_events += info->n_events;
	total->n_blocks += info->n_blocks;
	total->size_bytes += info->size_bytes;
	total->n_lost = rep_add(total->n_lost, info->n_lost);
	total->n_losses += info->n_losses;
	total->n_missing_blocks = rep_add(total->n_missing_blocks, info->n_missing_blocks);
	total->n_gaps += info->n_gaps;
	total->gap_bytes += info->gap_bytes;
	total->clean_end &= info->clean_end;
	total->damaged |= info->n_gaps > 0;
	total->incomplete |= info->n_losses > 0 || !info->clean_end;
	if (replay->ops->on_section_end)
		r = replay->ops->on_section_end(replay->context, info);
	return r < 0 ? r : 0;
}

/* ---- a part of the input ---- */

static bool is_kept(const struct rep_part *part, unsigned int kind)
{
	return (part->kept | NEEDED_KINDS) >> kind & 1;
}

static bool pass(void *context, const struct vft_index_entry *entry)
{
	struct replay *replay = context;
	const struct rep_part *part = replay->part;

	if (!entry->kinds || entry->n_lost)
		return false;
	for (unsigned int kind = 1; kind < VFT_N_KINDS; kind++) {
		if (entry->kinds >> kind & 1 && is_kept(part, kind))
			return false;
	}
	if (entry->self_off < part->resume_off)
		return true;
	return part->to_ns < UINT64_MAX - REP_LOSS_SLACK_NS &&
	       entry->first_ns > part->to_ns + REP_LOSS_SLACK_NS &&
	       __atomic_load_n(&replay->is_settled, __ATOMIC_ACQUIRE);
}

/* Only what is kept of @batch: what else is in it would be told without its before and after. */
static int take_kept(struct replay *replay, const struct vft_batch *batch, struct vft_batch *ret)
{
	struct vft_event *kept = reallocarray(replay->kept, batch->n_events + 1, sizeof(*kept));

	if (!kept)
		return -ENOMEM;
	replay->kept = kept;
	*ret = *batch;
	ret->events = kept;
	ret->n_events = 0;
	for (size_t i = 0; i < batch->n_events; i++) {
		if (is_kept(replay->part, batch->events[i].kind))
			kept[ret->n_events++] = batch->events[i];
	}
	return 0;
}

/* ---- a section ---- */

/* What the model has taken, of @kinds of rows, for the command. */
static int tell_block(struct replay *replay, struct rep_block *block, uint64_t kinds, int taken)
{
	const struct rep_trace_ops *ops = replay->ops;
	struct rep_section_info *info = &replay->info;
	int r = taken;

	if (r == -E2BIG)
		return vft_fail(
			replay->err, r, 0,
			"more live processes than the analyzer keeps; cut the trace by time "
			"or filter it");
	if (r < 0)
		return r;
	info->n_lost = rep_model_n_lost(replay->model);
	if (replay->part && rep_model_is_settled(replay->model, replay->part->to_ns))
		__atomic_store_n(&replay->is_settled, true, __ATOMIC_RELEASE);
	if (!ops->on_block)
		return 0;
	r = ops->make ? rep_block_make(block, &replay->work) : 0;
	if (r == 0)
		r = ops->on_block(replay->context, info, block, kinds);
	return r < 0 ? r : 0;
}

/* Rows of a block of @type, whether they are looked at or only counted. */
static void take_rows(struct rep_section_info *info, uint16_t type, uint64_t first_ns,
		      uint64_t last_ns, uint64_t n_events)
{
	if (!info->n_events && !info->has_meta)
		info->begin_ns = first_ns;
	info->n_events += n_events;
	if (n_events && type == VFT_BLOCK_EVENTS) {
		if (!info->last_ns || first_ns < info->first_ns)
			info->first_ns = first_ns;
		if (last_ns > info->last_ns)
			info->last_ns = last_ns;
	}
	if (n_events && !info->clean_end && last_ns > info->end_ns)
		info->end_ns = last_ns;
}

static int on_counted(struct replay *replay, const struct vft_item *item)
{
	const struct vft_counted *counted = item->counted;
	struct rep_section_info *info = &replay->info;
	int r;

	take_rows(info, item->block_type, counted->first_ns, counted->last_ns, counted->n_events);
	r = announce(replay);
	if (r < 0)
		return r;
	info->n_skipped += counted->n_skipped;
	for (unsigned int kind = 0; kind < VFT_N_KINDS; kind++)
		info->n_kind[kind] += counted->n_kind[kind];
	return 0;
}

static int take_clocks(struct replay *replay, const struct vft_columns *columns)
{
	const uint64_t *realtime_ns = columns->of[VFT_COL_REALTIME].u64;
	int r = 0;

	if (!columns->n_kind[VFT_KIND_CLOCK])
		return 0;
	for (uint32_t i = 0; i < columns->n_rows && r == 0; i++)
		if (columns->kind[i] == VFT_KIND_CLOCK)
			r = add_clock(replay, columns->time_ns[i], *realtime_ns++);
	return r;
}

/* All to the model; where nothing is rebuilt it looks at few kinds, and at how late it is. */
static int take_columns(struct replay *replay, const struct vft_columns *columns)
{
	const uint64_t kinds =
		1ull << VFT_KIND_LOST | 1ull << VFT_KIND_CGROUP | 1ull << VFT_KIND_MARK;
	const struct rep_model_ops *ops = &replay->ops->model;
	struct vft_event last = {.time_ns = columns->last_ns, .kind = VFT_KIND_CLOCK};
	struct vft_batch batch = {.events = &last, .n_events = 1};

	if (ops->on_episode || ops->on_process || columns->kinds & kinds)
		return rep_model_columns(replay->model, columns);
	return rep_model_batch(replay->model, &batch);
}

static int on_rows(struct replay *replay, const struct rep_item *item)
{
	struct rep_section_info *info = &replay->info;
	const struct vft_columns *columns = item->block->columns;
	const struct vft_batch *batch = &item->block->batch;
	struct vft_batch kept;
	int r;

	take_rows(info, batch->type, batch->first_ns, batch->last_ns, batch->n_events);
	info->n_skipped += batch->n_skipped;
	for (unsigned int kind = 0; kind < VFT_N_KINDS; kind++)
		info->n_kind[kind] += columns->n_kind[kind];
	r = take_clocks(replay, columns);
	if (r == 0)
		r = announce(replay);
	if (r < 0)
		return r;
	if (!replay->part || (item->item.offset >= replay->part->resume_off && !replay->is_past))
		return tell_block(replay, item->block, UINT64_MAX, take_columns(replay, columns));
	r = take_kept(replay, batch, &kept);
	if (r < 0)
		return r;
	return tell_block(replay, item->block, replay->part->kept | NEEDED_KINDS,
			  rep_model_batch(replay->model, &kept));
}

static int on_passed(struct replay *replay, const struct vft_item *item)
{
	replay->info.n_events += item->passed.n_events;
	replay->info.n_blocks += item->passed.n_blocks;
	if (replay->part && item->offset >= replay->part->resume_off)
		replay->is_past = true;
	return 0;
}

static int on_gap(struct replay *replay, const struct vft_item *item)
{
	struct rep_section_info *info = &replay->info;
	int r;

	if (item->gap.kind == VFT_GAP_NOT_CLOSED)
		return 0;
	/* Whose it is will be known with the next block, or what else is known of it. */
	if (!replay->is_open ||
	    (replay->is_headless && !replay->is_announced && !replay->has_early_gap)) {
		if (!replay->has_early_gap)
			replay->early_offset = item->offset, replay->early_bytes = 0;
		replay->has_early_gap = true;
		replay->early_gap = item->gap;
		replay->early_bytes += item->size_bytes;
		return 0;
	}
	r = announce(replay);
	if (r < 0)
		return r;
	info->n_gaps++;
	info->gap_bytes += item->size_bytes;
	info->n_missing_blocks = rep_add(info->n_missing_blocks, item->gap.n_missing_blocks);
	/* What comes behind END cannot hide anything that came before it. */
	if (!info->clean_end) {
		r = rep_model_gap(replay->model, &item->gap);
		if (r < 0)
			return r;
	}
	if (!replay->ops->on_gap)
		return 0;
	r = replay->ops->on_gap(replay->context, info, item->offset, item->size_bytes, &item->gap);
	return r < 0 ? r : 0;
}

/*
 * A block that is gone shows in the numbers of those behind it, unless somebody has numbered them
 * anew: then END counts more than there is. Where is not known, so it may have been anywhere.
 */
static int compare_with_end(struct replay *replay, const struct vft_item *item)
{
	const struct rep_section_info *info = &replay->info;
	const struct vft_end *end = item->end;
	struct vft_item missing = {.kind = VFT_ITEM_GAP, .offset = item->offset};

	/* Of what is known to be missing END can tell no more. */
	if (info->n_gaps || info->clean_end)
		return 0;
	if (end->seen_blocks < end->n_blocks)
		missing.gap.what = "blocks are missing that END counts";
	else if (end->seen_rows < end->n_events)
		missing.gap.what = "rows are missing that END counts";
	else
		return 0;
	missing.gap.kind = VFT_GAP_DAMAGE;
	if (end->seen_blocks < end->n_blocks)
		missing.gap.n_missing_blocks = end->n_blocks - end->seen_blocks;
	missing.gap.from_ns =
		info->last_ns && info->first_ns < info->begin_ns ? info->first_ns : info->begin_ns;
	missing.gap.to_ns = UINT64_MAX;
	return on_gap(replay, &missing);
}

/* A block of a type that is not known. What is not marked as ignorable may hold what others rest
 * on. */
static int on_skipped(struct replay *replay, const struct vft_item *item)
{
	int r = announce(replay);

	if (r < 0)
		return r;
	replay->info.n_skipped_blocks++;
	if (item->block_type & VFT_TYPE_IGNORABLE)
		return 0;
	replay->total->n_unknown_blocks++;
	return rep_model_gap(replay->model, &item->gap);
}

static int on_block(struct replay *replay, const struct rep_item *of)
{
	const struct vft_item *item = &of->item;
	int r = 0;

	replay->info.size_bytes += item->size_bytes;
	replay->info.n_blocks += item->block_type != 0;
	if (of->block)
		return on_rows(replay, of);
	switch (item->kind) {
	case VFT_ITEM_META:
		r = copy_meta(replay, item->meta);
		return r == 0 ? rep_model_meta(replay->model, item->meta) : r;
	case VFT_ITEM_COUNTED:
		return on_counted(replay, item);
	case VFT_ITEM_END:
		r = announce(replay);
		if (r == 0)
			r = compare_with_end(replay, item);
		return r == 0 ? copy_end(replay, item->end) : r;
	case VFT_ITEM_SKIPPED:
		return on_skipped(replay, item);
	case VFT_ITEM_PASSED:
		r = announce(replay);
		return r == 0 ? on_passed(replay, item) : r;
	case VFT_ITEM_SECTION:
	case VFT_ITEM_GAP:
	case VFT_ITEM_INDEX:
	case VFT_ITEM_BATCH:
	case VFT_ITEM_RAW:
		return 0;
	}
	return 0;
}

static int on_item(struct replay *replay, size_t source, const struct rep_item *of)
{
	const struct vft_item *item = &of->item;
	int r;

	if (item->kind == VFT_ITEM_GAP)
		return on_gap(replay, item);
	if (item->kind == VFT_ITEM_SECTION) {
		r = end_section(replay);
		if (r == 0)
			r = begin_section(replay, source, item->section, !item->size_bytes);
		if (r < 0)
			return r;
	} else if (!replay->is_open) {
		/* The trailer says nothing of its own. */
		if (item->kind == VFT_ITEM_INDEX)
			return 0;
		r = begin_section(replay, source, NULL, true);
		if (r < 0)
			return r;
	}
	return on_block(replay, of);
}

/* An input went bad: said, and the others are still read. */
static void set_bad_input(struct replay *replay, size_t source, const struct vft_err *err)
{
	replay->total->damaged = true;
	replay->total->incomplete = true;
	if (replay->total->err.code)
		return;
	replay->total->err = *err;
	replay->total->err_source = source;
}

#define RESERVE_BYTES (2u << 20)

/*
 * There is no room to read on: the rest is left out, which may hide anything, and what is known is
 * told. The event at hand may have been taken in half.
 */
static int stop_at_limit(struct replay *replay, size_t source, int code, const struct vft_err *err)
{
	static const struct vft_gap rest = {
		.kind = VFT_GAP_REFUSED, .to_ns = UINT64_MAX, .what = "there was no room for more"};
	struct vft_err why = err && err->code ? *err : (struct vft_err){.code = code};
	int r = 0;

	free(replay->reserve);
	replay->reserve = NULL;
	set_bad_input(replay, source, &why);
	if (replay->err)
		*replay->err = (struct vft_err){0};
	if (replay->is_open)
		r = rep_model_gap(replay->model, &rest);
	if (r == 0)
		r = end_section(replay);
	replay->is_open = replay->has_early_gap = false;
	return r == -ENOMEM || r == -E2BIG ? 0 : r;
}

static int finish_source(struct replay *replay)
{
	int r = end_section(replay);

	/* Damage that no section followed. */
	if (replay->has_early_gap) {
		replay->has_early_gap = false;
		replay->total->damaged = true;
		replay->total->n_gaps++;
		replay->total->gap_bytes += replay->early_bytes;
		replay->total->n_missing_blocks = rep_add(replay->total->n_missing_blocks,
							  replay->early_gap.n_missing_blocks);
	}
	return r;
}

/* Without an index that can be followed all is read, which says the same. */
static int choose_part(struct replay *replay, struct vft_reader *reader,
		       const struct rep_trace_options *options, struct vft_err *err)
{
	const struct vft_index_entry *entries;
	size_t n;
	int r;

	replay->part = NULL;
	replay->is_past = replay->is_settled = false;
	if (!options || !options->part)
		return 0;
	r = vft_reader_get_index(reader, &entries, &n, err);
	if (r == 1) {
		replay->part = options->part;
		vft_reader_set_pass(reader, pass, replay);
	}
	return r < 0 ? r : 0;
}

static bool wants_no_rows(const struct rep_trace_ops *ops)
{
	return !ops->on_block && !ops->model.on_process && !ops->model.on_episode;
}

/* Events are made where somebody looks at them, or takes some and leaves others. */
static void begin_flow(const struct replay *replay, struct rep_flow *flow,
		       struct vft_reader *reader)
{
	const struct rep_trace_ops *ops = replay->ops;
	bool with_events = (ops->on_block && !ops->without_events) || replay->part;

	rep_flow_begin(flow, reader,
		       ops->on_block || with_events ? VFT_COLUMNS_ALL : REP_MODEL_COLUMNS,
		       with_events);
}

static int read_source(struct replay *replay, struct rep_flow *flow, struct vft_source *source,
		       size_t number, const struct rep_trace_options *options)
{
	struct vft_err err = {0};
	struct vft_reader *reader = NULL;
	struct rep_item item;
	int r, result = 0;

	r = vft_reader_open(source, options ? options->limits : NULL, &reader, &err);
	if (r == 0 && wants_no_rows(replay->ops))
		vft_reader_set_counted(reader, ~NEEDED_KINDS);
	if (r == 0)
		r = choose_part(replay, reader, options, &err);
	if (r == 0)
		begin_flow(replay, flow, reader);
	while (r >= 0) {
		r = rep_flow_next(flow, &item, &err);
		if (r <= 0)
			break;
		result = on_item(replay, number, &item);
		if (result < 0)
			break;
	}
	rep_flow_end(flow);
	vft_reader_close(reader);
	if (options && options->ends_at_limits && result >= 0 && r == -ENOMEM)
		return stop_at_limit(replay, number, r, &err);
	if (options && options->ends_at_limits && (result == -ENOMEM || result == -E2BIG))
		return stop_at_limit(replay, number, result, replay->err);
	if (result < 0)
		return result;
	if (r == -ENOMEM)
		return vft_fail(replay->err, r, err.offset, "out of memory");
	if (r < 0) {
		if (!err.code)
			(void)vft_fail(&err, r, 0, "cannot read: %s", strerror(-r));
		set_bad_input(replay, number, &err);
	}
	return finish_source(replay);
}

int rep_trace_replay(struct vft_source **sources, size_t n, const struct rep_trace_options *options,
		     const struct rep_trace_ops *ops, void *context, struct rep_trace_total *ret,
		     struct vft_err *err)
{
	struct replay replay = {.ops = ops,
				.context = context,
				.timeline = options ? options->timeline : NULL,
				.total = ret,
				.err = err};
	struct rep_flow *flow = options ? options->flow : NULL, *own = NULL;
	size_t i = 0;
	int r;

	memset(ret, 0, sizeof(*ret));
	ret->clean_end = true;
	r = rep_model_new(&ops->model, context, &replay.model);
	if (r == 0)
		rep_model_set_max(replay.model, options ? options->max_live : 0);
	if (options && options->ends_at_limits)
		replay.reserve = malloc(RESERVE_BYTES);
	if (r == 0 && !flow)
		r = rep_flow_new(0, &own);
	replay.flow = flow ? flow : own;
	for (; i < n && r == 0; i++)
		r = read_source(&replay, replay.flow, sources[i], i, options);
	for (; i < n; i++)
		vft_source_close(sources[i]);
	rep_flow_free(own);
	rep_model_free(replay.model);
	free(replay.meta_bytes);
	free(replay.end_losses);
	free(replay.clocks);
	free(replay.kept);
	free(replay.reserve);
	ret->clean_end &= ret->n_sections > 0;
	return r;
}
