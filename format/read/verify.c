/* SPDX-License-Identifier: BSD-2-Clause */
#include <vft/verify.h>

#include <errno.h>
#include <string.h>

#include "format/base/grown.h"
#include "format/base/cleanup.h"
#include "format/read/reader_impl.h"
#include "format/read/strict.h"

/* Blocks between two INDEX blocks that are remembered; a writer leaves far fewer. */
#define MAX_REMEMBERED (1u << 20)

struct verifier {
	struct vft_reader *reader;
	int (*on_damage)(void *context, const struct vft_damage *damage);
	void *context;
	struct vft_verify result;
	bool is_damaged, lacks_trailer;
	struct vft_buffer seen, entries; /* seen: the blocks since the last INDEX */
	bool is_complete;                /* nothing of them was lost */
	uint64_t previous_off;           /* of the last INDEX */
	uint64_t latest_ns;              /* of the section's rows so far */
	bool is_order_told;
};

VFT_DEFINE_GUARD(close_reader, struct vft_reader *, vft_reader_close)

static int report(struct verifier *v, uint64_t offset, uint64_t length, const char *what,
		  bool is_notice)
{
	struct vft_damage damage = {offset, length, what, is_notice};

	if (!is_notice)
		v->is_damaged = true;
	return v->on_damage ? v->on_damage(v->context, &damage) : 0;
}

static int on_gap(struct verifier *v, const struct vft_item *item)
{
	v->is_complete = false;
	return report(v, item->offset, item->size_bytes, item->gap.what,
		      item->gap.kind == VFT_GAP_NOT_CLOSED);
}

/* What the reader has just read, in the form an INDEX block has it. */
static int remember(struct verifier *v, const struct vft_item *item)
{
	const struct vft_header *header = &v->reader->blocks.header;
	struct vft_index_entry entry = {.self_off = header->self_off,
					.size_bytes = item->size_bytes,
					.seq = header->seq,
					.first_ns = header->first_ts,
					.n_events = header->n_events,
					.type = header->type};

	if (vft_type_is_rows(header->type)) {
		struct vft_rows_info info;

		if (vft_rows_info_decode(v->reader->decoder.directory.info, header, &info) < 0)
			return -EBADMSG;
		entry.last_ns = info.last_ts;
		entry.n_lost = info.n_lost;
		entry.kinds = info.kinds;
	}
	if (vft_index_count(&v->seen) >= MAX_REMEMBERED) {
		v->is_complete = false;
		return 0;
	}
	return vft_index_append(&v->seen, &entry);
}

/* Of a type that is not known here, what is not in its header is not known either. */
static bool is_same_entry(const struct vft_index_entry *seen, const struct vft_index_entry *listed)
{
	bool same = seen->self_off == listed->self_off && seen->size_bytes == listed->size_bytes &&
		    seen->seq == listed->seq && seen->n_events == listed->n_events &&
		    seen->type == listed->type;

	if (!vft_type_is_rows(seen->type))
		return same;
	return same && seen->first_ns == listed->first_ns && seen->last_ns == listed->last_ns &&
	       seen->n_lost == listed->n_lost && seen->kinds == listed->kinds;
}

static int check_index(struct verifier *v, const struct vft_item *item)
{
	uint64_t previous_off = 0;
	size_t n = vft_index_count(&v->seen);
	int r;

	v->entries.size = 0;
	r = vft_index_decode(vft_blocks_payload(&v->reader->blocks), MAX_REMEMBERED, &v->entries,
			     &previous_off);
	if (r == -ENOMEM)
		return r;
	if (r == 0 && v->is_complete) {
		bool same = n == vft_index_count(&v->entries) && previous_off == v->previous_off;

		for (size_t i = 0; same && i < n; i++)
			same = is_same_entry(vft_index_get(&v->seen, i),
					     vft_index_get(&v->entries, i));
		if (!same)
			r = -EBADMSG;
	}
	v->seen.size = 0;
	v->is_complete = true;
	v->previous_off = v->reader->blocks.header.self_off;
	return r < 0 ? report(v, item->offset, item->size_bytes,
			      "the index does not agree with the blocks", true)
		     : 0;
}

static int check_end(struct verifier *v, const struct vft_item *item)
{
	const struct vft_where *where = &v->reader->blocks.where;

	/* Whatever was lost has been reported; then the totals cannot be right either. */
	if (!v->is_damaged && (item->end->n_blocks != v->reader->blocks.header.seq ||
			       item->end->n_events != where->n_events))
		return report(v, item->offset, item->size_bytes,
			      "END does not count what the section holds", false);
	return 0;
}

static int check_padding(struct verifier *v, const struct vft_item *item)
{
	const struct vft_reader *reader = v->reader;
	uint64_t end = item->offset + VFT_HEADER_SIZE + reader->blocks.header.payload_len;
	uint64_t padding = item->offset + item->size_bytes - end;
	int r = 0;

	if (reader->blocks.has_bad_padding)
		r = report(v, end, padding, "padding that is not zero", false);
	if (r == 0 && reader->blocks.has_cut_padding)
		r = report(v, end, padding, "padding that is cut short", true);
	return r;
}

static int check_block(struct verifier *v, const struct vft_item *item)
{
	int r = check_padding(v, item);
	const char *what = vft_strict_check(v->reader);

	v->result.n_blocks++;
	if (r == 0 && what)
		r = report(v, item->offset, item->size_bytes, what, false);
	if (r == 0 && item->kind == VFT_ITEM_INDEX && item->block_type == VFT_BLOCK_INDEX)
		return check_index(v, item);
	return r == 0 ? remember(v, item) : r;
}

/* Times may step back a little: more than that, and rows are not in the order they are read in. */
static int check_order(struct verifier *v, const struct vft_item *item)
{
	const struct vft_batch *batch = item->batch;
	bool is_wrong = false;

	for (size_t i = 0; i < batch->n_events; i++) {
		uint64_t time_ns = batch->events[i].time_ns;

		is_wrong |= v->latest_ns > time_ns + VFT_MAX_STEP_BACK_NS;
		v->latest_ns = time_ns > v->latest_ns ? time_ns : v->latest_ns;
	}
	if (!is_wrong || v->is_order_told)
		return 0;
	v->is_order_told = true;
	return report(v, item->offset, item->size_bytes, "times step back by more than a second",
		      true);
}

/* SECTION begins the next one; so does a made-up one of length 0, which is no block. */
static int begin_section(struct verifier *v, const struct vft_item *item)
{
	v->seen.size = 0;
	v->is_complete = item->size_bytes != 0;
	v->previous_off = 0;
	v->latest_ns = 0;
	v->is_order_told = false;
	return item->size_bytes ? check_block(v, item) : 0;
}

static int check_item(struct verifier *v, const struct vft_item *item)
{
	int r;

	switch (item->kind) {
	case VFT_ITEM_GAP:
		return on_gap(v, item);
	case VFT_ITEM_SECTION:
		return begin_section(v, item);
	case VFT_ITEM_BATCH:
		v->result.n_events += v->reader->blocks.header.n_events;
		if (v->is_damaged)
			v->result.n_recovered_events += v->reader->blocks.header.n_events;
		r = check_order(v, item);
		return r == 0 ? check_block(v, item) : r;
	case VFT_ITEM_END:
		r = check_end(v, item);
		return r == 0 ? check_block(v, item) : r;
	case VFT_ITEM_SKIPPED:
		r = item->block_type & VFT_TYPE_IGNORABLE
			    ? 0
			    : report(v, item->offset, item->size_bytes, item->gap.what, true);
		return r == 0 ? check_block(v, item) : r;
	case VFT_ITEM_META:
	case VFT_ITEM_PASSED:
	case VFT_ITEM_COUNTED:
	case VFT_ITEM_RAW:
	case VFT_ITEM_INDEX:
		break;
	}
	return item->block_type ? check_block(v, item) : 0;
}

static int verify_all(struct verifier *v, struct vft_err *err)
{
	struct vft_item item;
	int r;

	for (;;) {
		r = vft_reader_next(v->reader, &item, err);
		if (r < 0)
			return r;
		/* END without the trailer: only the index is harder to find. */
		if (v->lacks_trailer && (r == 0 || item.kind == VFT_ITEM_SECTION)) {
			int stop = report(v, r ? item.offset : v->reader->at, 0,
					  "the trailer is missing", true);

			if (stop < 0)
				return stop;
		}
		if (r == 0)
			return 0;
		v->lacks_trailer = item.kind == VFT_ITEM_END;
		r = check_item(v, &item);
		if (r < 0)
			return r;
	}
}

int vft_verify(struct vft_source *source, const struct vft_limits *limits,
	       int (*on_damage)(void *context, const struct vft_damage *damage), void *context,
	       struct vft_verify *ret, struct vft_err *err)
{
	struct vft_reader *reader VFT_CLEANUP(close_reader) = NULL;
	struct verifier v = {.on_damage = on_damage, .context = context};
	int r = ret->size < VFT_LEAST(struct vft_verify, n_recovered_events) ? -EINVAL : 0;

	if (r < 0) {
		vft_source_close(source);
		return vft_fail(err, r, 0, "a struct without its size");
	}
	r = vft_reader_open(source, limits, &reader, err);
	if (r < 0)
		return r;
	v.reader = reader;
	reader->blocks.is_strict = reader->decoder.is_strict = true;
	r = verify_all(&v, err);
	vft_buffer_release(&v.seen);
	vft_buffer_release(&v.entries);
	if (r < 0)
		return r;
	v.result.ok = !v.is_damaged;
	return vft_grown_give(&v.result, sizeof(v.result),
			      VFT_LEAST(struct vft_verify, n_recovered_events), ret);
}
