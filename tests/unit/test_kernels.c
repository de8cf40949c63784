/* SPDX-License-Identifier: BSD-2-Clause */
/* Each set of kernels against the cursor, which reads one value at a time. */
#include "format/base/buffer.h"
#include "format/base/cursor.h"
#include "format/block/kernels.h"
#include "trace.h"

#define MAX_VALUES 1000u

static uint64_t seed = 1;

static uint64_t next_random(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return seed >> 11 ^ seed << 47;
}

/* @n varints: mostly short ones, in runs, so that every way through the kernels is taken. */
static void make_column(struct vft_buffer *column, uint64_t *values, size_t n, unsigned int bits)
{
	size_t run = 0;
	unsigned int width = 7;

	column->size = 0;
	for (size_t i = 0; i < n; i++) {
		if (!run--) {
			run = next_random() % 200;
			width = next_random() % 3 ? 6 : 1 + (unsigned int)(next_random() % bits);
		}
		values[i] = next_random() & UINT64_MAX >> (64 - width);
		assert_int_equal(vft_buffer_append_varint(column, values[i]), 0);
	}
}

/* A copy that ends, with the slack, at a page that cannot be read. */
static struct edge place(const struct vft_buffer *column)
{
	struct vft_buffer copy = {0};
	struct edge edge;

	assert_int_equal(vft_buffer_reserve(&copy, column->size + VFT_SLACK), 0);
	memset(copy.data, 0xff, column->size + VFT_SLACK);
	if (column->size)
		memcpy(copy.data, column->data, column->size);
	edge = edge_make(copy.data, column->size + VFT_SLACK);
	vft_buffer_release(&copy);
	return edge;
}

static const struct vft_kernels *sets[2];

static void check_numbers(const struct vft_kernels *k, const uint8_t *p, size_t size,
			  const uint64_t *values, size_t n)
{
	static uint64_t out64[MAX_VALUES];
	static uint32_t out32[MAX_VALUES];
	uint64_t last = 77, last32 = 0;
	bool fits = true, fits_signed = true, fits_sums = true;

	assert_int_equal(k->count(p, size), n);
	assert_true(k->check(p, size, n));
	assert_true(k->uint64(p, size, out64, n));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(out64[i], values[i]);
		fits &= values[i] <= UINT32_MAX;
		fits_signed &= (int64_t)vft_unzigzag(values[i]) == (int32_t)vft_unzigzag(values[i]);
		last32 += vft_unzigzag(values[i]);
		fits_sums &= last32 <= UINT32_MAX;
	}
	assert_true(k->sint64(p, size, out64, n));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(out64[i], vft_unzigzag(values[i]));
	assert_true(k->delta64(p, size, out64, n, 77));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(out64[i], last += vft_unzigzag(values[i]));
	assert_int_equal(k->uint32(p, size, out32, n), fits);
	for (size_t i = 0; fits && i < n; i++)
		assert_int_equal(out32[i], values[i]);
	assert_int_equal(k->sint32(p, size, out32, n), fits_signed);
	for (size_t i = 0; fits_signed && i < n; i++)
		assert_int_equal(out32[i], (uint32_t)vft_unzigzag(values[i]));
	assert_int_equal(k->delta32(p, size, out32, n), fits_sums);
	last32 = 0;
	for (size_t i = 0; fits_sums && i < n; i++)
		assert_int_equal(out32[i], last32 += vft_unzigzag(values[i]));
}

static void test_kernels__same_as_one_by_one(void **state)
{
	static const unsigned int bits[] = {7, 8, 31, 32, 33, 56, 57, 63, 64};
	static uint64_t values[MAX_VALUES];
	struct vft_buffer column = {0};

	for (unsigned int round = 0; round < 600; round++) {
		size_t n = round < 140 ? round : next_random() % MAX_VALUES;
		struct edge edge;

		make_column(&column, values, n, bits[round % N_OF(bits)]);
		/* What comes before a run of deltas decides which way it goes. */
		if (n && round % 5 == 0) {
			column.size = 0;
			values[0] = 20000;
			for (size_t i = 0; i < n; i++)
				assert_int_equal(vft_buffer_append_varint(&column, values[i]), 0);
		}
		edge = place(&column);
		for (size_t i = 0; i < N_OF(sets); i++)
			check_numbers(sets[i], edge.data, column.size, values, n);
		edge_free(&edge);
	}
	vft_buffer_release(&column);
}

/* All of a set's kernels say the same of what is no column of @n values. */
static void assert_refused(const uint8_t *bytes, size_t size, size_t n)
{
	static uint64_t out64[MAX_VALUES];
	static uint32_t out32[MAX_VALUES];
	struct vft_buffer column = {.data = (uint8_t *)(uintptr_t)bytes, .size = size};
	struct edge edge = place(&column);

	for (size_t i = 0; i < N_OF(sets); i++) {
		assert_false(sets[i]->check(edge.data, size, n));
		assert_false(sets[i]->uint64(edge.data, size, out64, n));
		assert_false(sets[i]->sint64(edge.data, size, out64, n));
		assert_false(sets[i]->delta64(edge.data, size, out64, n, 0));
		assert_false(sets[i]->uint32(edge.data, size, out32, n));
		assert_false(sets[i]->sint32(edge.data, size, out32, n));
		assert_false(sets[i]->delta32(edge.data, size, out32, n));
	}
	edge_free(&edge);
}

static void test_kernels__refuse_what_is_no_column(void **state)
{
	uint8_t bytes[300];

	memset(bytes, 1, sizeof(bytes));
	assert_refused(bytes, 200, 199); /* too many */
	assert_refused(bytes, 200, 201); /* too few */
	assert_refused(bytes, 0, 1);
	assert_refused(bytes, 1, 0);
	bytes[199] = 0x81; /* cut inside the last one */
	assert_refused(bytes, 200, 200);
	assert_refused(bytes, 200, 199);
	memset(bytes, 0x80, sizeof(bytes));
	assert_refused(bytes, 64, 1);
	assert_refused(bytes, 300, 1);
	for (size_t size = 11; size < 40; size++) { /* a varint of more bytes than any has */
		memset(bytes, 0x80, sizeof(bytes));
		bytes[size - 1] = 1;
		assert_refused(bytes, size, 1);
	}
	memset(bytes, 0xff, sizeof(bytes)); /* more than 64 bits */
	bytes[9] = 2;
	assert_refused(bytes, 10, 1);
}

/* Longer than it need be is what the cursor accepts too; verify tells of it. */
static void test_kernels__accept_padded(void **state)
{
	static const uint8_t bytes[10] = {0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0};
	uint64_t out;

	for (size_t size = 2; size <= sizeof(bytes); size++) {
		uint8_t copy[sizeof(bytes)];
		struct vft_buffer column = {.data = copy, .size = size};
		struct edge edge;

		memcpy(copy, bytes, sizeof(bytes));
		copy[size - 1] = 0;
		edge = place(&column);
		for (size_t i = 0; i < N_OF(sets); i++) {
			assert_true(sets[i]->uint64(edge.data, size, &out, 1));
			assert_int_equal(out, 5);
		}
		edge_free(&edge);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels__same_as_one_by_one),
		cmocka_unit_test(test_kernels__refuse_what_is_no_column),
		cmocka_unit_test(test_kernels__accept_padded),
	};

	sets[0] = &vft_kernels_portable;
	sets[1] = vft_kernels_get();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
