/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/base/buffer.h"
#include "format/base/cursor.h"
#include "trace.h"

/* Reads of every kind that do not fit, at the edge of memory: zero, failed, and for good. */
static void test_cursor__never_overruns(void **state)
{
	static const uint8_t bytes[16] = {0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88,
					  0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90};

	for (size_t size = 0; size < sizeof(bytes); size++) {
		struct edge edge = edge_make(bytes, size);
		struct vft_cursor c = vft_cursor_init(edge.data, size);

		for (size_t i = 0; i < size; i++)
			assert_int_equal(vft_cursor_u8(&c), 0x81 + i);
		assert_true(vft_cursor_is_done(&c));
		assert_int_equal(vft_cursor_u8(&c), 0);
		assert_true(c.failed && !vft_cursor_is_done(&c));
		c = vft_cursor_init(edge.data, size);
		assert_int_equal(vft_cursor_varint(&c), 0); /* never ends */
		assert_true(c.failed);
		c = vft_cursor_init(edge.data, size);
		assert_null(vft_cursor_bytes(&c, size + 1));
		assert_true(c.failed);
		c = vft_cursor_init(edge.data, size);
		assert_null(vft_cursor_bytes(&c, SIZE_MAX));
		if (size < 8) {
			c = vft_cursor_init(edge.data, size);
			assert_int_equal(vft_cursor_u64(&c), 0);
			assert_true(c.failed);
			assert_int_equal(vft_cursor_left(&c), 0);
		}
		edge_free(&edge);
	}
}

static void test_cursor__fixed_is_little_endian(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct vft_cursor c = vft_cursor_init(bytes, 8);
	uint8_t out[8];

	assert_true(vft_cursor_u64(&c) == 0x0807060504030201);
	c = vft_cursor_init(bytes, 8);
	assert_int_equal(vft_cursor_u16(&c), 0x0201);
	assert_int_equal(vft_cursor_u32(&c), 0x06050403);
	vft_put_fixed(out, 0x0807060504030201, 8);
	assert_memory_equal(out, bytes, 8);
}

static void test_cursor__varint_round_trip(void **state)
{
	struct vft_buffer buffer = {0};
	struct vft_cursor c;

	for (unsigned int shift = 0; shift < 64; shift++) {
		assert_int_equal(vft_buffer_append_varint(&buffer, 1ull << shift), 0);
		assert_int_equal(vft_buffer_append_varint(&buffer, (1ull << shift) - 1), 0);
	}
	assert_int_equal(vft_buffer_append_varint(&buffer, UINT64_MAX), 0);
	c = vft_cursor_init(buffer.data, buffer.size);
	for (unsigned int shift = 0; shift < 64; shift++) {
		assert_true(vft_cursor_varint(&c) == 1ull << shift);
		assert_true(vft_cursor_varint(&c) == (1ull << shift) - 1);
	}
	assert_true(vft_cursor_varint(&c) == UINT64_MAX);
	assert_true(vft_cursor_is_done(&c));
	vft_buffer_release(&buffer);
}

/* Eight bytes are read at once where they are there: the same value, and not one byte more taken.
 */
static void test_cursor__varint_before_others(void **state)
{
	static const uint8_t overlong[] = {0x81, 0x80, 0x80, 0x00};

	(void)state;
	for (unsigned int size = 1; size <= VFT_VARINT_MAX; size++) {
		for (unsigned int fill = 0; fill < 256; fill += 0x55) {
			uint8_t bytes[VFT_VARINT_MAX + 8];
			struct vft_cursor alone, followed;
			uint64_t value;

			memset(bytes, (int)fill, sizeof(bytes));
			for (unsigned int i = 0; i < size; i++)
				bytes[i] = (uint8_t)((i + 1 < size ? 0x80 : 0) |
						     (37 * i + fill) % 128);
			if (size == VFT_VARINT_MAX)
				bytes[size - 1] = 1;
			alone = vft_cursor_init(bytes, size);
			followed = vft_cursor_init(bytes, sizeof(bytes));
			value = vft_cursor_varint(&alone);
			assert_true(vft_cursor_is_done(&alone));
			assert_true(vft_cursor_varint(&followed) == value);
			assert_int_equal(vft_cursor_left(&followed), sizeof(bytes) - size);
		}
	}
	for (size_t rest = 0; rest <= 8; rest++) {
		uint8_t bytes[sizeof(overlong) + 8] = {0};
		struct vft_cursor c = vft_cursor_init(bytes, sizeof(overlong) + rest);

		memcpy(bytes, overlong, sizeof(overlong));
		assert_int_equal(vft_cursor_varint(&c), 1);
		assert_int_equal(vft_cursor_left(&c), rest);
	}
}

static void test_cursor__varint_limits(void **state)
{
	static const uint8_t overlong[] = {0x85, 0x80, 0x00};
	static const uint8_t bit64[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02};
	static const uint8_t eleven[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					 0x80, 0x80, 0x80, 0x80, 0x00};
	struct vft_cursor c = vft_cursor_init(overlong, sizeof(overlong));

	assert_int_equal(vft_cursor_varint(&c), 5);
	assert_true(vft_cursor_is_done(&c));
	c = vft_cursor_init(bit64, sizeof(bit64));
	assert_int_equal(vft_cursor_varint(&c), 0);
	assert_true(c.failed);
	c = vft_cursor_init(eleven, sizeof(eleven));
	assert_int_equal(vft_cursor_varint(&c), 0);
	assert_true(c.failed);
}

static void test_cursor__zigzag(void **state)
{
	static const int64_t values[] = {0, -1, 1, -64, 64, INT64_MIN, INT64_MAX};

	assert_int_equal(vft_zigzag((uint64_t)-1), 1);
	assert_int_equal(vft_zigzag(1), 2);
	for (size_t i = 0; i < N_OF(values); i++)
		assert_true(vft_unzigzag(vft_zigzag((uint64_t)values[i])) == (uint64_t)values[i]);
}

static void test_cursor__sub_cursor(void **state)
{
	struct vft_cursor c = vft_cursor_init("abcdef", 6);
	struct vft_cursor sub = vft_cursor_sub(&c, 4);

	assert_int_equal(vft_cursor_left(&sub), 4);
	assert_int_equal(vft_cursor_left(&c), 2);
	sub = vft_cursor_sub(&c, 3);
	assert_true(c.failed && sub.failed);
	assert_int_equal(vft_cursor_left(&sub), 0);
}

static void test_cursor__find(void **state)
{
	struct vft_cursor c = vft_cursor_init("xxabxab", 7);

	assert_true(vft_cursor_find(&c, "ab", 2));
	assert_int_equal(vft_cursor_left(&c), 5);
	(void)vft_cursor_u8(&c);
	assert_true(vft_cursor_find(&c, "ab", 2));
	assert_int_equal(vft_cursor_left(&c), 2);
	(void)vft_cursor_u8(&c);
	assert_false(vft_cursor_find(&c, "ab", 2));
	assert_int_equal(vft_cursor_left(&c), 1);
	c = vft_cursor_init(NULL, 0);
	assert_false(vft_cursor_find(&c, "ab", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor__never_overruns),
		cmocka_unit_test(test_cursor__fixed_is_little_endian),
		cmocka_unit_test(test_cursor__varint_round_trip),
		cmocka_unit_test(test_cursor__varint_before_others),
		cmocka_unit_test(test_cursor__varint_limits),
		cmocka_unit_test(test_cursor__zigzag),
		cmocka_unit_test(test_cursor__sub_cursor),
		cmocka_unit_test(test_cursor__find),
	};

	return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
