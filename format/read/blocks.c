/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/read/blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format/block/index.h"
#include "format/block/meta.h"

#define CHUNK     (64u << 10)
#define N_PEEKED  16 /* blocks looked ahead for a time */
#define MAX_BLOCK (VFT_HEADER_SIZE + (uint64_t)VFT_MAX_PAYLOAD)

/* Headers that lead to checking in vain are a hostile file's way to make a search quadratic. */
#define MAX_WASTED (256u << 20)

/*
 * What looking on for the section's own next block may cost, where another stands first: so much,
 * and so many times what has been read. Past it the first that may be believed is.
 */
#define MAX_SEARCHED   (64u << 20)
#define SEARCHED_EACH  16u
#define CANDIDATE_COST 2048u /* in bytes searched */

bool vft_scan_is_section(const struct vft_header *header)
{
	return header->type == VFT_BLOCK_SECTION && header->self_off == 0 && header->seq == 0;
}

bool vft_scan_continues(const struct vft_where *where, const struct vft_header *header,
			uint64_t offset)
{
	return where->is_active && !where->has_ended && header->section_id == where->id &&
	       header->self_off == offset - where->start && header->seq >= where->next_seq &&
	       header->type != VFT_BLOCK_SECTION;
}

/* It goes on with the section, though bytes before it are missing or too many. Recorded bytes that
 * are a copy of an earlier block cannot: they are behind in seq and in self_off. */
bool vft_scan_resumes(const struct vft_where *where, const struct vft_header *header, uint64_t gap)
{
	return where->is_active && !where->has_ended && header->section_id == where->id &&
	       header->type != VFT_BLOCK_SECTION && header->seq >= where->next_seq &&
	       header->self_off >= gap - where->start;
}

int vft_scan_header(struct vft_blocks *blocks, uint64_t offset, struct vft_header *ret)
{
	uint8_t bytes[VFT_HEADER_SIZE];
	int64_t n = blocks->source->read_at(blocks->source, offset, bytes, sizeof(bytes));

	if (n < 0)
		return (int)n;
	return n == sizeof(bytes) && vft_header_parse(bytes, ret) == 0 &&
	       vft_header_check(ret) == NULL;
}

/* Read payload and padding, as far as they are there. Returns the bytes read. */
static int64_t read_payload(struct vft_blocks *blocks, uint64_t offset,
			    const struct vft_header *header, struct vft_buffer *payload)
{
	size_t size = (size_t)(vft_header_get_size(header) - VFT_HEADER_SIZE);
	int64_t n;

	payload->size = 0;
	if (vft_buffer_reserve(payload, size + 1) < 0)
		return -ENOMEM;
	n = blocks->source->read_at(blocks->source, offset + VFT_HEADER_SIZE, payload->data, size);
	if (n > 0)
		payload->size = (size_t)n;
	return n;
}

int vft_scan_payload(struct vft_blocks *blocks, uint64_t offset, const struct vft_header *header,
		     struct vft_buffer *payload)
{
	int64_t n = read_payload(blocks, offset, header, payload);

	if (n < 0)
		return (int)n;
	return (uint64_t)n >= header->payload_len && vft_payload_open(payload->data, header) == 0;
}

/*
 * Padding that is not zero, behind the loaded payload: another block may begin in it, where bytes
 * are missing. Nothing that was recorded stands there, so that an intact header is enough.
 */
static int check_padding(struct vft_blocks *blocks, uint64_t offset)
{
	const struct vft_buffer *payload = &blocks->payload;

	for (size_t i = blocks->header.payload_len; i < payload->size; i++) {
		struct vft_header header;
		int r;

		blocks->has_bad_padding |= payload->data[i] != 0;
		if (memcmp(payload->data + i, VFT_SYNC, payload->size - i))
			continue;
		r = vft_scan_header(blocks, offset + VFT_HEADER_SIZE + i, &header);
		if (r < 0)
			return r;
		if (r == 1) {
			blocks->loaded_size = VFT_HEADER_SIZE + i;
			blocks->has_bad_padding = false;
			blocks->has_cut_padding = true;
			return 0;
		}
	}
	return 0;
}

/* Payload and checks of the block whose header is in blocks->header. An enum vft_load. */
static int load_payload(struct vft_blocks *blocks, uint64_t offset)
{
	const struct vft_header *header = &blocks->header;
	struct vft_buffer *payload = &blocks->payload;
	int64_t n = read_payload(blocks, offset, header, payload);
	int r;

	if (n < 0)
		return (int)n;
	if (n < header->payload_len)
		return VFT_LOAD_CUT;
	if (blocks->is_strict)
		blocks->has_sync =
			memmem(payload->data, header->payload_len, VFT_SYNC, VFT_SYNC_SIZE);
	if (vft_payload_open(payload->data, header) < 0)
		return VFT_LOAD_PAYLOAD;
	blocks->loaded_at = offset;
	blocks->loaded_size = VFT_HEADER_SIZE + (uint64_t)n;
	blocks->has_bad_padding = false;
	blocks->has_cut_padding = blocks->loaded_size < vft_header_get_size(header);
	r = check_padding(blocks, offset);
	return r < 0 ? r : VFT_LOAD_BLOCK;
}

int vft_scan_load(struct vft_blocks *blocks, uint64_t offset, const char **ret_what,
		  uint64_t *ret_size)
{
	uint8_t bytes[VFT_HEADER_SIZE];
	int64_t n = blocks->source->read_at(blocks->source, offset, bytes, sizeof(bytes));
	struct vft_header header;
	const char *what;
	int r;

	*ret_size = 0;
	if (n <= 0)
		return (int)n;
	if (n < (int64_t)sizeof(bytes)) {
		size_t size = n < VFT_SYNC_SIZE ? (size_t)n : VFT_SYNC_SIZE;

		*ret_what = "the input ends inside a block";
		if (!memcmp(bytes, VFT_SYNC, size) ||
		    (blocks->where.has_ended && n < VFT_TRAILER_SIZE &&
		     !memcmp(bytes, VFT_TRAILER_MAGIC, size)))
			return VFT_LOAD_CUT;
		*ret_what = "bytes that are no block";
		return VFT_LOAD_DAMAGED;
	}
	*ret_what = "block header is damaged";
	if (vft_header_parse(bytes, &header) < 0)
		return VFT_LOAD_DAMAGED;
	*ret_what = "a block that does not belong here";
	if (!vft_scan_is_section(&header) && !vft_scan_continues(&blocks->where, &header, offset))
		return VFT_LOAD_DAMAGED;
	what = vft_header_check(&header);
	if (what) {
		*ret_what = what;
		return VFT_LOAD_REFUSED;
	}
	blocks->header = header;
	*ret_size = vft_header_get_size(&header);
	r = load_payload(blocks, offset);
	if (r == VFT_LOAD_CUT)
		*ret_what = "the input ends inside a block";
	else if (r == VFT_LOAD_PAYLOAD)
		*ret_what = "block contents are damaged";
	return r;
}

/* Candidates of one search. */
struct search {
	uint64_t gap;    /* where the damage begins */
	uint64_t window; /* up to here the current section's own next block wins */
	/* What stands there is the payload of the block at @gap, for all one knows, up to here. */
	uint64_t inside_until;
	bool is_cut;    /* and the input ends before that, as its intact header says */
	bool has_other; /* the first block that may be where it goes on otherwise */
	uint64_t other;
	/* Blocks of the section that were read before, at this distance. */
	bool has_copy, is_copy_outside;
	uint64_t copy_start;
};

/* Whether the section ends at @offset and the input with it, trailer or not: 1, 0, negative. */
static int is_last(struct vft_blocks *blocks, uint64_t offset)
{
	uint8_t bytes[VFT_TRAILER_SIZE + 1];
	struct vft_trailer trailer;
	int64_t n = blocks->source->read_at(blocks->source, offset, bytes, sizeof(bytes));

	if (n < 0)
		return (int)n;
	return n == 0 || (n == VFT_TRAILER_SIZE && vft_trailer_parse(bytes, &trailer) == 0);
}

/*
 * Whether intact blocks of one section follow one another from @offset on, across @until; or, when
 * the input is cut before that, up to an END that ends it too. 1, 0 or negative.
 */
static int reaches(struct vft_blocks *blocks, uint64_t offset, uint64_t until, bool is_cut)
{
	uint64_t start = 0, section_id = 0, at = offset;
	struct vft_header header;

	while (at <= until) {
		int r = vft_scan_header(blocks, at, &header);

		if (r <= 0)
			return r;
		if (at == offset) {
			start = at - header.self_off;
			section_id = header.section_id;
		} else if (header.section_id != section_id || at - header.self_off != start) {
			return 0;
		}
		blocks->n_wasted += VFT_HEADER_SIZE + header.payload_len;
		r = vft_scan_payload(blocks, at, &header, &blocks->payload);
		if (r <= 0)
			return r;
		at += vft_header_get_size(&header);
		if (header.type == VFT_BLOCK_END)
			return at > until ? 1 : is_cut ? is_last(blocks, at) : 0;
	}
	return 1;
}

/*
 * Whether what is at @offset cannot lie inside the payload of the block where the damage begins: 1,
 * 0 or negative. It is too near to it, or behind its end, or blocks follow one another across that.
 */
static int is_outside(struct vft_blocks *blocks, const struct search *search, uint64_t offset)
{
	if (offset - search->gap < VFT_HEADER_SIZE || offset >= search->inside_until)
		return 1;
	if (blocks->n_wasted > MAX_WASTED)
		return 0;
	return reaches(blocks, offset, search->inside_until, search->is_cut);
}

/* Whether a block at @offset that does not stand where it says may be believed: 1, 0, negative. */
static int may_begin(struct vft_blocks *blocks, struct search *search,
		     const struct vft_header *header, uint64_t offset)
{
	const struct vft_where *where = &blocks->where;
	bool goes_on, is_copy;
	int r;

	/* No payload is open here that could hold it. */
	if (!where->is_active || where->has_ended)
		return 1;
	if (header->section_id != where->id) {
		if (vft_scan_is_section(header) || header->self_off <= offset - search->gap)
			return 1;
		return is_outside(blocks, search, offset);
	}
	goes_on = vft_scan_resumes(where, header, search->gap);
	is_copy = search->has_copy && search->copy_start == offset - header->self_off;
	if (goes_on && !is_copy)
		return 1;
	if (!is_copy || !search->is_copy_outside) {
		r = is_outside(blocks, search, offset);
		if (r < 0)
			return r;
		search->has_copy = true;
		search->copy_start = offset - header->self_off;
		search->is_copy_outside = r;
	}
	return search->is_copy_outside && (goes_on || vft_scan_is_section(header));
}

/* Whether the candidate at @offset is to be believed: 1 and loaded, 0, or negative. */
static int try_candidate(struct vft_blocks *blocks, struct search *search, uint64_t offset)
{
	const struct vft_where *where = &blocks->where;
	struct vft_header header;
	bool continues;
	int r = vft_scan_header(blocks, offset, &header);

	if (r <= 0)
		return r;
	continues = vft_scan_continues(where, &header, offset);
	if (!continues) {
		if (search->has_other)
			return 0;
		r = may_begin(blocks, search, &header, offset);
		if (r <= 0)
			return r;
	}
	if (blocks->n_wasted > MAX_WASTED)
		return 0;
	blocks->header = header;
	r = load_payload(blocks, offset);
	if (r != VFT_LOAD_BLOCK) {
		blocks->n_wasted += header.payload_len;
		return r < 0 ? r : 0;
	}
	if (continues || !where->is_active || where->has_ended)
		return 1;
	/* Maybe recorded bytes inside the damaged block: see first whether our own goes on. */
	search->has_other = true;
	search->other = offset;
	return 0;
}

/* Whether to take the first block that may be believed: there are enough of them, or too many. */
static bool has_looked_enough(const struct vft_blocks *blocks, const struct search *search,
			      uint64_t offset)
{
	return search->has_other &&
	       (offset > search->window ||
		blocks->n_searched > MAX_SEARCHED + SEARCHED_EACH * search->gap);
}

/* The candidates in blocks->chunk, @size bytes at @offset. 1 and *ret_offset, 0, or negative. */
static int search_chunk(struct vft_blocks *blocks, struct search *search, uint64_t offset,
			size_t size, uint64_t *ret_offset)
{
	struct vft_cursor c = vft_cursor_init(blocks->chunk, size);

	while (vft_cursor_find(&c, VFT_SYNC, VFT_SYNC_SIZE)) {
		uint64_t at = offset + (size - vft_cursor_left(&c));
		int r;

		if (has_looked_enough(blocks, search, at))
			return 0;
		blocks->n_searched += search->has_other ? CANDIDATE_COST : 0;
		r = try_candidate(blocks, search, at);
		if (r != 0) {
			*ret_offset = at;
			return r;
		}
		(void)vft_cursor_u8(&c);
	}
	return 0;
}

int vft_scan_search(struct vft_blocks *blocks, uint64_t gap, enum vft_load load, uint64_t size,
		    uint64_t *ret_offset)
{
	struct search search = {.gap = gap,
				.window = gap + MAX_BLOCK,
				.inside_until = gap + (size ? size : MAX_BLOCK),
				.is_cut = load == VFT_LOAD_CUT};
	/* What does not belong at @gap may be a block of elsewhere; the others were looked at. */
	uint64_t offset = load == VFT_LOAD_DAMAGED ? gap : gap + 1;

	if (!blocks->chunk)
		blocks->chunk = malloc(CHUNK);
	if (!blocks->chunk)
		return -ENOMEM;
	for (;;) {
		int64_t n = blocks->source->read_at(blocks->source, offset, blocks->chunk, CHUNK);
		int r;

		if (n < 0)
			return (int)n;
		r = search_chunk(blocks, &search, offset, (size_t)n, ret_offset);
		if (r != 0)
			return r;
		blocks->n_searched += search.has_other ? CHUNK : 0;
		if (has_looked_enough(blocks, &search, offset) || (search.has_other && n < CHUNK)) {
			*ret_offset = search.other;
			r = vft_scan_header(blocks, search.other, &blocks->header);
			if (r == 1)
				r = load_payload(blocks, search.other);
			/* It was whole a moment ago; a file that changes meanwhile ends here. */
			return r < 0 ? r : r == VFT_LOAD_BLOCK;
		}
		if (n < CHUNK) {
			*ret_offset = offset + (uint64_t)n;
			return 0;
		}
		offset += CHUNK - (VFT_SYNC_SIZE - 1);
	}
}

static int time_of_end(struct vft_blocks *blocks, uint64_t offset, const struct vft_header *header,
		       uint64_t *ret_ns)
{
	struct vft_buffer payload = {0}, losses = {0};
	struct vft_end end;
	int r = vft_scan_payload(blocks, offset, header, &payload);

	*ret_ns = UINT64_MAX;
	if (r == 1 &&
	    vft_end_decode(vft_cursor_init(payload.data, header->payload_len), &losses, &end) ==
		    0 &&
	    end.end_ns)
		*ret_ns = end.end_ns;
	vft_buffer_release(&payload);
	vft_buffer_release(&losses);
	return r < 0 && r != -ESPIPE ? r : 0;
}

int vft_scan_time_at(struct vft_blocks *blocks, uint64_t offset, uint64_t *ret_ns)
{
	uint64_t from = offset;

	*ret_ns = UINT64_MAX;
	/* Not so far that a pipe could not come back. */
	for (unsigned int i = 0; i < N_PEEKED && offset - from < MAX_BLOCK; i++) {
		struct vft_header header;
		int r = vft_scan_header(blocks, offset, &header);

		if (r <= 0)
			return r;
		if (!vft_scan_continues(&blocks->where, &header, offset))
			return 0;
		if (header.type == VFT_BLOCK_END)
			return time_of_end(blocks, offset, &header, ret_ns);
		if (vft_type_is_rows(header.type)) {
			*ret_ns = header.first_ts;
			return 0;
		}
		offset += vft_header_get_size(&header);
	}
	return 0;
}

int vft_scan_time(struct vft_blocks *blocks, uint64_t *ret_ns)
{
	return vft_scan_time_at(blocks, blocks->loaded_at, ret_ns);
}
