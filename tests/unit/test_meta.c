/* SPDX-License-Identifier: BSD-2-Clause */
/* SECTION, META and END: what is written comes back, and what no writer writes is refused. */
#include <errno.h>

#include "trace.h"
#include "format/block/meta.h"

static struct vft_cursor over(const struct vft_buffer *payload)
{
	return vft_cursor_init(payload->data, payload->size);
}

static void test_section__round_trip(void **state)
{
	struct vft_section section = {.uuid = "0123456789abcde",
				      .version = 1,
				      .segment = 7,
				      .compat = 1ull << 63,
				      .incompat = 5},
			   back;
	struct vft_buffer payload = {0};

	assert_int_equal(vft_section_encode(&section, &payload), 0);
	assert_int_equal(vft_section_decode(over(&payload), &back), 0);
	assert_memory_equal(&back, &section, sizeof(section));
	/* A later version may append. */
	assert_int_equal(vft_buffer_append_bytes(&payload, "more", 4), 0);
	assert_int_equal(vft_section_decode(over(&payload), &back), 0);
	for (size_t size = 0; size < payload.size - 4; size++) {
		struct edge edge = edge_make(payload.data, size);

		assert_int_equal(vft_section_decode(vft_cursor_init(edge.data, size), &back),
				 -EBADMSG);
		edge_free(&edge);
	}
	vft_buffer_release(&payload);
}

static struct vft_meta sample_meta(void)
{
	return (struct vft_meta){
#define X(id, NAME, member) .member = STR(#member " \0 of it"),
		VFT_META_TEXT_LIST(X)
#undef X
#define X(id, NAME, member) .member = UINT64_MAX - (id),
			VFT_META_INT_LIST(X)
#undef X
	};
}

static void test_meta__round_trip(void **state)
{
	struct vft_meta meta = sample_meta(), back;
	struct vft_buffer payload = {0};

	assert_int_equal(vft_meta_encode(&meta, &payload), 0);
	assert_int_equal(vft_meta_decode(over(&payload), &back), 0);
#define X(id, NAME, member)                                                                        \
	assert_int_equal(back.member.size, meta.member.size);                                      \
	assert_memory_equal(back.member.data, meta.member.data, meta.member.size);
	VFT_META_TEXT_LIST(X)
#undef X
#define X(id, NAME, member) assert_true(back.member == meta.member);
	VFT_META_INT_LIST(X)
#undef X
	vft_buffer_release(&payload);
}

/* Absent is not the same as empty. */
static void test_meta__absent(void **state)
{
	struct vft_meta meta = {.filters = {"", 0}}, back;
	struct vft_buffer payload = {0};

	assert_int_equal(vft_meta_encode(&meta, &payload), 0);
	assert_int_equal(payload.size, 2);
	assert_int_equal(vft_meta_decode(over(&payload), &back), 0);
	assert_non_null(back.filters.data);
	assert_int_equal(back.filters.size, 0);
	assert_null(back.tool.data);
	assert_int_equal(back.n_cpus, 0);
	vft_buffer_release(&payload);
}

static int decode_meta(const void *bytes, size_t size)
{
	struct edge edge = edge_make(bytes, size);
	struct vft_meta meta;
	int r = vft_meta_decode(vft_cursor_init(edge.data, size), &meta);

	edge_free(&edge);
	return r;
}

static void test_meta__malformed(void **state)
{
	static const uint8_t later[] = {99, 2, 'x', 'y', 32, 1, 4};
	static const uint8_t two_numbers[] = {32, 2, 1, 1};
	static const uint8_t half_number[] = {32, 1, 0x80};
	static const uint8_t too_long[] = {1, 5, 'x'};
	static const uint8_t no_length[] = {1};

	assert_int_equal(decode_meta(later, sizeof(later)), 0);
	assert_int_equal(decode_meta(later, 0), 0);
	assert_int_equal(decode_meta(two_numbers, sizeof(two_numbers)), -EBADMSG);
	assert_int_equal(decode_meta(half_number, sizeof(half_number)), -EBADMSG);
	assert_int_equal(decode_meta(too_long, sizeof(too_long)), -EBADMSG);
	assert_int_equal(decode_meta(no_length, sizeof(no_length)), -EBADMSG);
}

static void test_end__round_trip(void **state)
{
	struct vft_loss list[] = {{1, 0, 5}, {UINT32_MAX, VFT_CPU_NONE, UINT64_MAX}};
	struct vft_end end = {sizeof(end),
			      1,
			      2,
			      3,
			      4,
			      5,
			      VFT_MAX_TIME_NS,
			      list,
			      N_OF(list),
			      6,
			      true,
			      {[VFT_REMOVED_URL] = 7, [15] = UINT64_MAX},
			      0,
			      0},
		       back;
	struct vft_buffer payload = {0}, losses = {0};

	assert_int_equal(vft_end_encode(&end, &payload), 0);
	for (unsigned int round = 0; round < 2; round++) {
		assert_int_equal(vft_end_decode(over(&payload), &losses, &back), 0);
		assert_int_equal(back.n_losses, N_OF(list));
		assert_memory_equal(back.losses, list, sizeof(list));
	}
	back.losses = end.losses;
	assert_memory_equal(&back, &end, offsetof(struct vft_end, n_left_out));
	assert_int_equal(back.n_left_out, 6);
	assert_true(back.has_left_out);
	assert_memory_equal(back.n_removed, end.n_removed, sizeof(end.n_removed));
	/* Old files do not say. */
	end.has_left_out = false;
	payload.size = 0;
	assert_int_equal(vft_end_encode(&end, &payload), 0);
	assert_int_equal(vft_end_decode(over(&payload), &losses, &back), 0);
	assert_int_equal(back.n_left_out, 0);
	assert_false(back.has_left_out);
	vft_buffer_release(&payload);
	vft_buffer_release(&losses);
}

static int decode_end(const void *bytes, size_t size)
{
	struct edge edge = edge_make(bytes, size);
	struct vft_buffer losses = {0};
	struct vft_end end;
	int r = vft_end_decode(vft_cursor_init(edge.data, size), &losses, &end);

	edge_free(&edge);
	vft_buffer_release(&losses);
	return r;
}

/* One TLV whose value are varints. */
static int decode_end_of(uint64_t id, const uint64_t *values, size_t n)
{
	struct vft_buffer value = {0}, payload = {0};
	int r;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(vft_buffer_append_varint(&value, values[i]), 0);
	assert_int_equal(vft_buffer_append_tlv(&payload, id, value.data, value.size), 0);
	r = decode_end(payload.data, payload.size);
	vft_buffer_release(&value);
	vft_buffer_release(&payload);
	return r;
}

static void test_end__malformed(void **state)
{
	static const uint64_t good[] = {1, 2, 3, 4}, wide_cause[] = {1ull << 32, 2, 3},
			      wide_cpu[] = {1, 1ull << 32, 3}, late[] = {VFT_MAX_TIME_NS + 1};
	static const uint8_t no_length[] = {VFT_END_N_BLOCKS};

	assert_int_equal(decode_end_of(VFT_END_LOSS, good, 3), 0);
	assert_int_equal(decode_end_of(VFT_END_LOSS, good, 2), -EBADMSG);
	assert_int_equal(decode_end_of(VFT_END_LOSS, good, 4), -EBADMSG);
	assert_int_equal(decode_end_of(VFT_END_LOSS, wide_cause, 3), -EBADMSG);
	assert_int_equal(decode_end_of(VFT_END_LOSS, wide_cpu, 3), -EBADMSG);
	for (uint64_t id = VFT_END_N_BLOCKS; id < VFT_END_LOSS; id++) {
		assert_int_equal(decode_end_of(id, good, 1), 0);
		assert_int_equal(decode_end_of(id, good, 2), -EBADMSG);
	}
	assert_int_equal(decode_end_of(VFT_END_END_NS, late, 1), -EBADMSG);
	assert_int_equal(decode_end_of(1000, good, 4), 0);
	assert_int_equal(decode_end(no_length, sizeof(no_length)), -EBADMSG);
}

/* What other programs set is what is there, and what they get. */
static void test_meta__by_getters(void **state)
{
	struct vft_meta *meta;

	assert_int_equal(vft_meta_new(&meta), 0);
#define X(id, NAME, member)                                                                        \
	assert_null(vft_meta_get_text(meta, VFT_META_##NAME).data);                                \
	assert_int_equal(vft_meta_set_text(meta, VFT_META_##NAME, STR(#member)), 0);
	VFT_META_TEXT_LIST(X)
#undef X
#define X(id, NAME, member)                                                                        \
	assert_int_equal(vft_meta_get_number(meta, VFT_META_##NAME), 0);                           \
	assert_int_equal(vft_meta_set_number(meta, VFT_META_##NAME, (id) + 1), 0);
	VFT_META_INT_LIST(X)
#undef X
#define X(id, NAME, member)                                                                        \
	assert_int_equal(meta->member.size, strlen(#member));                                      \
	assert_string_equal(vft_meta_get_text(meta, VFT_META_##NAME).data, #member);
	VFT_META_TEXT_LIST(X)
#undef X
#define X(id, NAME, member)                                                                        \
	assert_int_equal(meta->member, (id) + 1);                                                  \
	assert_int_equal(vft_meta_get_number(meta, VFT_META_##NAME), (id) + 1);
	VFT_META_INT_LIST(X)
#undef X
	assert_int_equal(vft_meta_set_number(meta, (enum vft_meta_number)1, 5), -EINVAL);
	assert_int_equal(vft_meta_set_text(meta, (enum vft_meta_text)32, STR("")), -EINVAL);
	assert_null(vft_meta_get_text(meta, (enum vft_meta_text)32).data);
	assert_int_equal(vft_meta_get_number(meta, (enum vft_meta_number)1), 0);
	vft_meta_free(meta);
	vft_meta_free(NULL);
}

static void test_section__by_getters(void **state)
{
	const struct vft_section section = {
		.uuid = {1, [15] = 16}, .section_id = 2, .version = 3, .segment = 4};

	assert_int_equal(vft_section_get_id(&section), 2);
	assert_int_equal(vft_section_get_version(&section), 3);
	assert_int_equal(vft_section_get_segment(&section), 4);
	assert_memory_equal(vft_section_get_uuid(&section), section.uuid, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_section__round_trip),
		cmocka_unit_test(test_meta__round_trip),
		cmocka_unit_test(test_meta__absent),
		cmocka_unit_test(test_meta__malformed),
		cmocka_unit_test(test_meta__by_getters),
		cmocka_unit_test(test_section__by_getters),
		cmocka_unit_test(test_end__round_trip),
		cmocka_unit_test(test_end__malformed),
	};

	return cmocka_run_group_tests_name("meta", tests, NULL, NULL);
}
