/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "format/block/index.h"
#include "trace.h"

static const struct vft_index_entry entries[] = {
	{.self_off = 4096, .size_bytes = 128, .seq = 9, .type = VFT_BLOCK_META},
	{.self_off = 4224,
	 .size_bytes = 64,
	 .seq = 10,
	 .type = VFT_BLOCK_EVENTS,
	 .n_events = 5,
	 .first_ns = T0,
	 .last_ns = T0 + 9,
	 .n_lost = 3,
	 .kinds = 1ull << 63},
	{.self_off = 4288,
	 .size_bytes = 640,
	 .seq = 11,
	 .type = VFT_BLOCK_SNAPSHOT,
	 .n_events = 1,
	 .first_ns = T0 - 5,
	 .last_ns = T0 - 5,
	 .kinds = 0x81},
};

static void encode(struct vft_buffer *payload)
{
	struct vft_buffer list = {0};

	for (size_t i = 0; i < N_OF(entries); i++)
		assert_int_equal(vft_index_append(&list, &entries[i]), 0);
	assert_int_equal(vft_index_encode(&list, 777, payload), 0);
	vft_buffer_release(&list);
}

static void test_index__round_trip(void **state)
{
	struct vft_buffer payload = {0}, list = {0};
	uint64_t previous_off = 0;

	encode(&payload);
	assert_int_equal(vft_index_decode(vft_cursor_init(payload.data, payload.size), 100, &list,
					  &previous_off),
			 0);
	assert_int_equal(previous_off, 777);
	assert_int_equal(vft_index_count(&list), N_OF(entries));
	assert_memory_equal(list.data, entries, sizeof(entries));
	list.size = 0;
	assert_int_equal(vft_index_decode(vft_cursor_init(payload.data, payload.size),
					  N_OF(entries) - 1, &list, &previous_off),
			 -EBADMSG);
	vft_buffer_release(&payload);
	vft_buffer_release(&list);
}

static void test_index__cut_anywhere(void **state)
{
	struct vft_buffer payload = {0}, list = {0};
	uint64_t previous_off;

	encode(&payload);
	for (size_t size = 0; size < payload.size; size++) {
		struct edge edge = edge_make(payload.data, size);

		list.size = 0;
		assert_int_equal(vft_index_decode(vft_cursor_init(edge.data, size), 100, &list,
						  &previous_off),
				 -EBADMSG);
		edge_free(&edge);
	}
	vft_buffer_release(&payload);
	vft_buffer_release(&list);
}

/* A number of entries that memory should not be asked for. */
static void test_index__too_many(void **state)
{
	static const uint8_t bytes[] = {0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 64, 1, 0};
	struct vft_buffer list = {0};
	uint64_t previous_off;

	assert_int_equal(vft_index_decode(vft_cursor_init(bytes, sizeof(bytes)), SIZE_MAX, &list,
					  &previous_off),
			 -EBADMSG);
	assert_null(list.data);
}

static void test_index__entry_agrees(void **state)
{
	struct vft_header header = {.type = VFT_BLOCK_EVENTS,
				    .seq = 10,
				    .self_off = 4224,
				    .n_events = 5,
				    .first_ts = T0};

	assert_true(vft_index_entry_agrees(&entries[1], &header));
	header.seq++;
	assert_false(vft_index_entry_agrees(&entries[1], &header));
	header.seq--;
	header.payload_len = 1;
	assert_false(vft_index_entry_agrees(&entries[1], &header));
	header.payload_len = 0;
	header.first_ts++;
	assert_false(vft_index_entry_agrees(&entries[1], &header));
	header.first_ts--;
	header.self_off += 8;
	assert_false(vft_index_entry_agrees(&entries[1], &header));
	header.self_off -= 8;
	header.n_events++;
	assert_false(vft_index_entry_agrees(&entries[1], &header));
	header.n_events--;
	header.type = VFT_BLOCK_CLOCK;
	assert_false(vft_index_entry_agrees(&entries[1], &header));
	/* What has no events has no time. */
	header = (struct vft_header){.type = VFT_BLOCK_META,
				     .seq = 9,
				     .self_off = 4096,
				     .payload_len = 64,
				     .first_ts = T0};
	assert_true(vft_index_entry_agrees(&entries[0], &header));
}

static void test_index__no_entries(void **state)
{
	struct vft_buffer payload = {0}, list = {0};
	uint64_t previous_off = 0;

	assert_int_equal(vft_index_encode(&list, 777, &payload), 0);
	assert_int_equal(vft_index_decode(vft_cursor_init(payload.data, payload.size), 100, &list,
					  &previous_off),
			 0);
	assert_int_equal(previous_off, 777);
	assert_int_equal(vft_index_count(&list), 0);
	vft_buffer_release(&payload);
}

/* One entry at @at: size, type, n_events, and then first, length, n_lost and kinds. */
static int decode_one(uint64_t at, const uint64_t values[7])
{
	uint8_t bytes[11 * VFT_VARINT_MAX];
	struct vft_buffer payload = {bytes, 0, sizeof(bytes)}, list = {0};
	uint64_t previous_off;
	int r;

	vft_buffer_put_varint(&payload, 0);
	vft_buffer_put_varint(&payload, 1);
	vft_buffer_put_varint(&payload, at);
	vft_buffer_put_varint(&payload, 9);
	for (size_t i = 0; i < (values[2] ? 7 : 3); i++)
		vft_buffer_put_varint(&payload, values[i]);
	r = vft_index_decode(vft_cursor_init(payload.data, payload.size), 100, &list,
			     &previous_off);
	vft_buffer_release(&list);
	return r;
}

/* What no block can be. */
static void test_index__impossible_entries(void **state)
{
	const uint64_t good[7] = {640, VFT_BLOCK_EVENTS, 5, vft_zigzag(T0), 9, 0, 2};
	const struct {
		size_t i;
		uint64_t value;
	} bad[] = {
		{0, 56},
		{0, 644},
		{0, VFT_HEADER_SIZE + (uint64_t)VFT_MAX_PAYLOAD + 8},
		{1, UINT16_MAX + 1},
		{2, VFT_MAX_ROWS + 1},
		{3, vft_zigzag(VFT_MAX_TIME_NS + 1)},
		{4, UINT64_MAX}, /* ends before it begins */
		{4, VFT_MAX_TIME_NS},
	};

	assert_int_equal(decode_one(4096, good), 0);
	for (size_t i = 0; i < N_OF(bad); i++) {
		uint64_t values[7];

		memcpy(values, good, sizeof(values));
		values[bad[i].i] = bad[i].value;
		assert_int_equal(decode_one(4096, values), -EBADMSG);
	}
	assert_int_equal(decode_one(UINT64_MAX - 100, good), -EBADMSG);
}

static void test_index__trailer_every_bit(void **state)
{
	struct vft_trailer trailer = {5000, 64, 128, 0xabcdef01}, parsed;
	uint8_t bytes[VFT_TRAILER_SIZE];

	vft_trailer_store(&trailer, bytes);
	assert_int_equal(vft_trailer_parse(bytes, &parsed), 0);
	assert_int_equal(parsed.self_off, 5000);
	assert_int_equal(parsed.to_end, 64);
	assert_int_equal(parsed.to_index, 128);
	assert_int_equal(parsed.section, 0xabcdef01);
	for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_int_equal(vft_trailer_parse(bytes, &parsed), -EBADMSG);
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index__round_trip),
		cmocka_unit_test(test_index__cut_anywhere),
		cmocka_unit_test(test_index__too_many),
		cmocka_unit_test(test_index__entry_agrees),
		cmocka_unit_test(test_index__no_entries),
		cmocka_unit_test(test_index__impossible_entries),
		cmocka_unit_test(test_index__trailer_every_bit),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
