/* SPDX-License-Identifier: BSD-2-Clause */
#include <vft/meta.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format/block/layout.h"
#include "format/block/meta.h"

int vft_section_encode(const struct vft_section *section, struct vft_buffer *payload)
{
	uint8_t bytes[VFT_SEC_SIZE];

	vft_put_fixed(bytes + VFT_SEC_VERSION, section->version, 4);
	vft_put_fixed(bytes + VFT_SEC_SEGMENT, section->segment, 4);
	vft_put_fixed(bytes + VFT_SEC_COMPAT, section->compat, 8);
	vft_put_fixed(bytes + VFT_SEC_INCOMPAT, section->incompat, 8);
	memcpy(bytes + VFT_SEC_UUID, section->uuid, sizeof(section->uuid));
	return vft_buffer_append_bytes(payload, bytes, sizeof(bytes));
}

int vft_section_decode(struct vft_cursor c, struct vft_section *ret)
{
	struct vft_section section = {0};
	const uint8_t *uuid;

	section.version = vft_cursor_u32(&c);
	section.segment = vft_cursor_u32(&c);
	section.compat = vft_cursor_u64(&c);
	section.incompat = vft_cursor_u64(&c);
	uuid = vft_cursor_bytes(&c, sizeof(section.uuid));
	if (!uuid)
		return -EBADMSG;
	memcpy(section.uuid, uuid, sizeof(section.uuid));
	*ret = section;
	return 0;
}

static int append_text(struct vft_buffer *payload, unsigned int id, const struct vft_str *text)
{
	return text->data ? vft_buffer_append_tlv(payload, id, text->data, text->size) : 0;
}

static int append_number(struct vft_buffer *payload, unsigned int id, uint64_t value)
{
	return value ? vft_buffer_append_tlv_uint(payload, id, value) : 0;
}

int vft_meta_encode(const struct vft_meta *meta, struct vft_buffer *payload)
{
	int r = 0;

#define X(id, NAME, member)                                                                        \
	if (r == 0)                                                                                \
		r = append_text(payload, id, &meta->member);
	VFT_META_TEXT_LIST(X)
#undef X
#define X(id, NAME, member)                                                                        \
	if (r == 0)                                                                                \
		r = append_number(payload, id, meta->member);
	VFT_META_INT_LIST(X)
#undef X
	return r;
}

/* The next TLV; false at the end or when the payload is malformed, see c->failed. */
static bool next_tlv(struct vft_cursor *c, uint64_t *ret_id, struct vft_cursor *ret_value)
{
	if (!vft_cursor_left(c))
		return false;
	*ret_id = vft_cursor_varint(c);
	*ret_value = vft_cursor_sub(c, vft_cursor_varint(c));
	return !c->failed;
}

static struct vft_str as_text(struct vft_cursor value)
{
	size_t size = vft_cursor_left(&value);
	const uint8_t *bytes = vft_cursor_bytes(&value, size);

	return (struct vft_str){(const char *)bytes, (uint32_t)size};
}

static uint64_t as_number(struct vft_cursor value, bool *failed)
{
	uint64_t number = vft_cursor_varint(&value);

	*failed |= !vft_cursor_is_done(&value);
	return number;
}

int vft_meta_decode(struct vft_cursor c, struct vft_meta *ret)
{
	struct vft_meta meta = {0};
	struct vft_cursor value;
	bool failed = false;
	uint64_t id;

	while (next_tlv(&c, &id, &value)) {
		switch (id) {
#define X(number, NAME, member)                                                                    \
	case number:                                                                               \
		meta.member = as_text(value);                                                      \
		break;
			VFT_META_TEXT_LIST(X)
#undef X
#define X(number, NAME, member)                                                                    \
	case number:                                                                               \
		meta.member = as_number(value, &failed);                                           \
		break;
			VFT_META_INT_LIST(X)
#undef X
		default: /* of a later version */
			break;
		}
	}
	if (c.failed || failed)
		return -EBADMSG;
	*ret = meta;
	return 0;
}

static int append_loss(struct vft_buffer *payload, const struct vft_loss *loss)
{
	uint8_t bytes[3 * VFT_VARINT_MAX];
	struct vft_buffer value = {bytes, 0, sizeof(bytes)};

	vft_buffer_put_varint(&value, loss->cause);
	vft_buffer_put_varint(&value, loss->cpu);
	vft_buffer_put_varint(&value, loss->count);
	return vft_buffer_append_tlv(payload, VFT_END_LOSS, value.data, value.size);
}

static int append_removed(struct vft_buffer *payload, unsigned int why, uint64_t count)
{
	uint8_t bytes[2 * VFT_VARINT_MAX];
	struct vft_buffer value = {bytes, 0, sizeof(bytes)};

	vft_buffer_put_varint(&value, why);
	vft_buffer_put_varint(&value, count);
	return vft_buffer_append_tlv(payload, VFT_END_REMOVED, value.data, value.size);
}

int vft_end_encode(const struct vft_end *end, struct vft_buffer *payload)
{
	int r = vft_buffer_append_tlv_uint(payload, VFT_END_N_BLOCKS, end->n_blocks);

	if (r == 0)
		r = vft_buffer_append_tlv_uint(payload, VFT_END_N_EVENTS, end->n_events);
	if (r == 0)
		r = vft_buffer_append_tlv_uint(payload, VFT_END_N_SEEN, end->n_seen);
	if (r == 0)
		r = vft_buffer_append_tlv_uint(payload, VFT_END_N_DELIVERED, end->n_delivered);
	if (r == 0)
		r = vft_buffer_append_tlv_uint(payload, VFT_END_N_DROPPED, end->n_dropped);
	if (r == 0)
		r = vft_buffer_append_tlv_uint(payload, VFT_END_END_NS, end->end_ns);
	for (size_t i = 0; r == 0 && i < end->n_losses; i++)
		r = append_loss(payload, &end->losses[i]);
	if (r == 0 && end->has_left_out)
		r = vft_buffer_append_tlv_uint(payload, VFT_END_N_LEFT_OUT, end->n_left_out);
	for (unsigned int why = 1; r == 0 && why < VFT_N_REMOVED; why++)
		if (end->n_removed[why])
			r = append_removed(payload, why, end->n_removed[why]);
	return r;
}

static int decode_loss(struct vft_cursor c, struct vft_buffer *losses)
{
	uint64_t cause = vft_cursor_varint(&c), cpu = vft_cursor_varint(&c);
	struct vft_loss loss = {(uint32_t)cause, (uint32_t)cpu, vft_cursor_varint(&c)};

	if (!vft_cursor_is_done(&c) || cause > UINT32_MAX || cpu > UINT32_MAX)
		return -EBADMSG;
	return vft_buffer_append_bytes(losses, &loss, sizeof(loss));
}

/* What a later version counts under an id of its own is left out, as it has no name here. */
static bool decode_removed(struct vft_cursor c, struct vft_end *end)
{
	uint64_t why = vft_cursor_varint(&c), count = vft_cursor_varint(&c);

	if (!vft_cursor_is_done(&c))
		return false;
	if (why < VFT_N_REMOVED)
		end->n_removed[why] = count;
	return true;
}

int vft_end_decode(struct vft_cursor c, struct vft_buffer *losses, struct vft_end *ret)
{
	struct vft_end end = {.size = sizeof(end)};
	struct vft_cursor value;
	bool failed = false;
	uint64_t id;
	int r;

	losses->size = 0;
	while (next_tlv(&c, &id, &value)) {
		switch (id) {
		case VFT_END_N_BLOCKS:
			end.n_blocks = as_number(value, &failed);
			break;
		case VFT_END_N_EVENTS:
			end.n_events = as_number(value, &failed);
			break;
		case VFT_END_N_SEEN:
			end.n_seen = as_number(value, &failed);
			break;
		case VFT_END_N_DELIVERED:
			end.n_delivered = as_number(value, &failed);
			break;
		case VFT_END_N_DROPPED:
			end.n_dropped = as_number(value, &failed);
			break;
		case VFT_END_END_NS:
			end.end_ns = as_number(value, &failed);
			break;
		case VFT_END_N_LEFT_OUT:
			end.n_left_out = as_number(value, &failed);
			end.has_left_out = true;
			break;
		case VFT_END_LOSS:
			r = decode_loss(value, losses);
			if (r < 0)
				return r;
			break;
		case VFT_END_REMOVED:
			failed = !decode_removed(value, &end) || failed;
			break;
		default:
			break;
		}
	}
	if (c.failed || failed || end.end_ns > VFT_MAX_TIME_NS)
		return -EBADMSG;
	end.losses = (const struct vft_loss *)(const void *)losses->data;
	end.n_losses = losses->size / sizeof(struct vft_loss);
	*ret = end;
	return 0;
}

const char *vft_removed_name(unsigned int why)
{
	switch (why) {
#define X(id, NAME, name)                                                                          \
	case id:                                                                                   \
		return #name;
		VFT_REMOVED_LIST(X)
#undef X
	default:
		return NULL;
	}
}

/* ---- for other programs ---- */

uint64_t vft_section_get_id(const struct vft_section *section)
{
	return section->section_id;
}

const uint8_t *vft_section_get_uuid(const struct vft_section *section)
{
	return section->uuid;
}

uint32_t vft_section_get_segment(const struct vft_section *section)
{
	return section->segment;
}

uint32_t vft_section_get_version(const struct vft_section *section)
{
	return section->version;
}

struct vft_str vft_meta_get_text(const struct vft_meta *meta, enum vft_meta_text what)
{
	switch (what) {
#define X(id, NAME, member)                                                                        \
	case VFT_META_##NAME:                                                                      \
		return meta->member;
		VFT_META_TEXT_LIST(X)
#undef X
	}
	return (struct vft_str){0};
}

uint64_t vft_meta_get_number(const struct vft_meta *meta, enum vft_meta_number what)
{
	switch (what) {
#define X(id, NAME, member)                                                                        \
	case VFT_META_##NAME:                                                                      \
		return meta->member;
		VFT_META_INT_LIST(X)
#undef X
	}
	return 0;
}

int vft_meta_new(struct vft_meta **ret)
{
	struct vft_meta *meta = calloc(1, sizeof(*meta));

	if (!meta)
		return -ENOMEM;
	*ret = meta;
	return 0;
}

void vft_meta_free(struct vft_meta *meta)
{
	free(meta);
}

int vft_meta_set_text(struct vft_meta *meta, enum vft_meta_text what, struct vft_str text)
{
	switch (what) {
#define X(id, NAME, member)                                                                        \
	case VFT_META_##NAME:                                                                      \
		meta->member = text;                                                               \
		return 0;
		VFT_META_TEXT_LIST(X)
#undef X
	}
	return -EINVAL;
}

int vft_meta_set_number(struct vft_meta *meta, enum vft_meta_number what, uint64_t value)
{
	switch (what) {
#define X(id, NAME, member)                                                                        \
	case VFT_META_##NAME:                                                                      \
		meta->member = value;                                                              \
		return 0;
		VFT_META_INT_LIST(X)
#undef X
	}
	return -EINVAL;
}
