/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/index.h"

#include <errno.h>
#include <string.h>

#include "format/base/crc32c.h"

int vft_index_append(struct vft_buffer *entries, const struct vft_index_entry *entry)
{
	return vft_buffer_append_bytes(entries, entry, sizeof(*entry));
}

int vft_index_encode(const struct vft_buffer *entries, uint64_t previous_off,
		     struct vft_buffer *payload)
{
	size_t n = vft_index_count(entries);
	uint64_t last_first_ns = 0;
	int r = vft_buffer_reserve(payload, (4 + 7 * n) * VFT_VARINT_MAX);

	if (r < 0)
		return r;
	vft_buffer_put_varint(payload, previous_off);
	vft_buffer_put_varint(payload, n);
	if (n) {
		vft_buffer_put_varint(payload, vft_index_get(entries, 0)->self_off);
		vft_buffer_put_varint(payload, vft_index_get(entries, 0)->seq);
	}
	for (size_t i = 0; i < n; i++) {
		const struct vft_index_entry *e = vft_index_get(entries, i);

		vft_buffer_put_varint(payload, e->size_bytes);
		vft_buffer_put_varint(payload, e->type);
		vft_buffer_put_varint(payload, e->n_events);
		if (!e->n_events)
			continue;
		vft_buffer_put_varint(payload, vft_zigzag(e->first_ns - last_first_ns));
		vft_buffer_put_varint(payload, e->last_ns - e->first_ns);
		vft_buffer_put_varint(payload, e->n_lost);
		vft_buffer_put_varint(payload, e->kinds);
		last_first_ns = e->first_ns;
	}
	return 0;
}

static bool is_possible(const struct vft_index_entry *e)
{
	return e->size_bytes >= VFT_HEADER_SIZE && e->size_bytes % 8 == 0 &&
	       e->size_bytes <= VFT_HEADER_SIZE + (uint64_t)VFT_MAX_PAYLOAD &&
	       e->first_ns <= VFT_MAX_TIME_NS && e->last_ns >= e->first_ns &&
	       e->last_ns <= VFT_MAX_TIME_NS;
}

int vft_index_decode(struct vft_cursor c, size_t max_entries, struct vft_buffer *entries,
		     uint64_t *ret_previous_off)
{
	uint64_t previous_off = vft_cursor_varint(&c), n = vft_cursor_varint(&c);
	uint64_t at, seq, last_first_ns = 0;

	/* Three bytes are the least an entry takes, so that @n is bounded by what is there. */
	if (c.failed || n > max_entries || n > vft_cursor_left(&c) / 3)
		return -EBADMSG;
	at = n ? vft_cursor_varint(&c) : 0;
	seq = n ? vft_cursor_varint(&c) : 0;
	for (; n; n--) {
		struct vft_index_entry e = {.self_off = at, .seq = seq++};
		uint64_t type, n_events;

		e.size_bytes = vft_cursor_varint(&c);
		type = vft_cursor_varint(&c);
		n_events = vft_cursor_varint(&c);
		if (type > UINT16_MAX || n_events > VFT_MAX_ROWS)
			return -EBADMSG;
		e.type = (uint16_t)type;
		e.n_events = (uint32_t)n_events;
		if (n_events) {
			e.first_ns = last_first_ns += vft_cursor_svarint(&c);
			e.last_ns = e.first_ns + vft_cursor_varint(&c);
			e.n_lost = vft_cursor_varint(&c);
			e.kinds = vft_cursor_varint(&c);
		}
		if (c.failed || !is_possible(&e) || __builtin_add_overflow(at, e.size_bytes, &at))
			return -EBADMSG;
		if (vft_index_append(entries, &e) < 0)
			return -ENOMEM;
	}
	if (c.failed)
		return -EBADMSG;
	*ret_previous_off = previous_off;
	return 0;
}

bool vft_index_entry_agrees(const struct vft_index_entry *entry, const struct vft_header *header)
{
	return header->type == entry->type && header->seq == entry->seq &&
	       header->self_off == entry->self_off && header->n_events == entry->n_events &&
	       vft_header_get_size(header) == entry->size_bytes &&
	       (!entry->n_events || header->first_ts == entry->first_ns);
}

void vft_trailer_store(const struct vft_trailer *trailer, uint8_t *bytes)
{
	memcpy(bytes + VFT_TRL_MAGIC, VFT_TRAILER_MAGIC, VFT_SYNC_SIZE);
	vft_put_fixed(bytes + VFT_TRL_SELF_OFF, trailer->self_off, 8);
	vft_put_fixed(bytes + VFT_TRL_TO_END, trailer->to_end, 4);
	vft_put_fixed(bytes + VFT_TRL_TO_INDEX, trailer->to_index, 4);
	vft_put_fixed(bytes + VFT_TRL_SECTION, trailer->section, 4);
	vft_put_fixed(bytes + VFT_TRL_CRC, vft_crc32c(0, bytes, VFT_TRL_CRC), 4);
}

int vft_trailer_parse(const uint8_t *bytes, struct vft_trailer *ret)
{
	struct vft_cursor c = vft_cursor_init(bytes, VFT_TRAILER_SIZE);

	if (memcmp(vft_cursor_bytes(&c, VFT_SYNC_SIZE), VFT_TRAILER_MAGIC, VFT_SYNC_SIZE))
		return -EBADMSG;
	ret->self_off = vft_cursor_u64(&c);
	ret->to_end = vft_cursor_u32(&c);
	ret->to_index = vft_cursor_u32(&c);
	ret->section = vft_cursor_u32(&c);
	return vft_cursor_u32(&c) == vft_crc32c(0, bytes, VFT_TRL_CRC) ? 0 : -EBADMSG;
}
