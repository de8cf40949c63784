/* SPDX-License-Identifier: BSD-2-Clause */
/* A block as columns is the block as events. */
#include <errno.h>

#include "format/block/columns.h"
#include "format/block/encode.h"
#include "trace.h"

struct block {
	struct vft_encoder encoder;
	struct vft_packer *packer;
	struct vft_columns_decoder *decoder;
	struct vft_schema schema;
	struct vft_header header;
	struct vft_buffer payload;
	const struct vft_columns *columns;
	const char *what;
};

static int set_up(void **state)
{
	struct block *block = calloc(1, sizeof(*block));

	assert_non_null(block);
	vft_encoder_init(&block->encoder, 1);
	assert_int_equal(vft_packer_new(&block->packer), 0);
	assert_int_equal(vft_columns_decoder_new(&block->decoder), 0);
	vft_schema_init(&block->schema);
	block->schema.is_guess = false;
	*state = block;
	return 0;
}

static int tear_down(void **state)
{
	struct block *block = *state;

	vft_encoder_release(&block->encoder);
	vft_packer_free(block->packer);
	vft_columns_decoder_free(block->decoder);
	vft_buffer_release(&block->payload);
	free(block);
	return 0;
}

/* As a recorder would that does not know @dropped, in which no event has a value. */
static void pack_without(struct block *block, const struct vft_event *list, size_t n,
			 unsigned int dropped)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t bound;

		assert_int_equal(vft_encoder_bound(&list[i], &bound), 0);
		assert_int_equal(vft_encoder_append(&block->encoder, &list[i], bound), 0);
	}
	if (dropped) {
		block->encoder.raw_size -= (uint32_t)block->encoder.columns[dropped].size;
		block->encoder.columns[dropped].size = 0;
	}
	block->payload.size = 0;
	block->header = (struct vft_header){.type = VFT_BLOCK_EVENTS};
	assert_int_equal(vft_encoder_pack(&block->encoder, block->packer, 3, &block->payload,
					  &block->header),
			 0);
	vft_encoder_reset(&block->encoder);
}

static void pack(struct block *block, const struct vft_event *list, size_t n)
{
	pack_without(block, list, n, 0);
}

static int decode(struct block *block, uint64_t wanted)
{
	block->what = NULL;
	return vft_columns_decode(block->decoder, &block->schema, &block->header,
				  vft_cursor_init(block->payload.data, block->payload.size), wanted,
				  &block->columns, &block->what);
}

static void assert_events(const struct block *block, const struct vft_event *list, size_t n)
{
	struct vft_event *events = calloc(n + 1, sizeof(*events));

	assert_non_null(events);
	assert_int_equal(block->columns->n_rows, n);
	vft_columns_to_events(block->columns, events);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(event_hash(&events[i]), event_hash(&list[i]));
	free(events);
}

static void test_columns__every_kind(void **state)
{
	const struct vft_kernels *sets[] = {&vft_kernels_portable, vft_kernels_get()};
	struct block *block = *state;
	size_t n;
	const struct vft_event *list = sample_events(&n);

	for (size_t i = 0; i < N_OF(sets); i++) {
		vft_columns_decoder_set_kernels(block->decoder, sets[i]);
		pack(block, list, n);
		assert_int_equal(decode(block, VFT_COLUMNS_ALL), 0);
		assert_int_equal(block->columns->first_ns, T0);
		assert_int_equal(block->columns->last_ns, T0 + 900);
		assert_events(block, list, n);
	}
}

/* A block of one event has few columns, and each takes no more room than it was given. */
static void test_columns__one_event_each(void **state)
{
	struct block *block = *state;
	size_t n;
	const struct vft_event *list = sample_events(&n);

	for (size_t i = 0; i < n; i++) {
		pack(block, &list[i], 1);
		assert_int_equal(decode(block, VFT_COLUMNS_ALL), 0);
		assert_events(block, &list[i], 1);
	}
}

/* A schema that lacks a kind's column sends the block the other way, with the same result. */
static void test_columns__other_schema(void **state)
{
	struct block *block = *state;
	size_t n;
	const struct vft_event *list = sample_events(&n);

	pack(block, list, n);
	block->schema.own_kinds = 0;
	assert_int_equal(decode(block, VFT_COLUMNS_ALL), 0);
	assert_events(block, list, n);
	assert_int_equal(decode(block, 0), 0);
}

/* What the file lacks has no values, whichever way the block goes. */
static void test_columns__a_column_that_came_later(void **state)
{
	struct block *block = *state;
	struct vft_event lone = {0};
	size_t n;
	const struct vft_event *list = sample_events(&n);

	vft_schema_init_first(&block->schema);
	block->schema.is_guess = false;
	assert_int_equal(block->schema.plans[VFT_KIND_EXEC].lacks, VFT_COLUMN_BIT(EXE));
	for (size_t i = 0; i < n; i++) {
		if (list[i].kind == VFT_KIND_EXEC)
			lone = list[i];
	}
	assert_int_equal(lone.kind, VFT_KIND_EXEC);
	lone.exec.exe = NULL;
	for (unsigned int other = 0; other < 2; other++) {
		pack_without(block, &lone, 1, VFT_COL_EXE);
		if (other)
			block->schema.own_kinds = 0;
		assert_int_equal(decode(block, VFT_COLUMNS_ALL), 0);
		assert_int_equal(block->columns->n_of[VFT_COL_EXE], 1);
		assert_int_equal(block->columns->of[VFT_COL_EXE].u32[0], VFT_NO_STRING);
		assert_events(block, &lone, 1);
	}
}

static void test_columns__own_kinds(void **state)
{
	struct block *block = *state;

	for (unsigned int kind = 1; kind <= VFT_KIND_MAX; kind++)
		assert_int_equal(block->schema.own_kinds >> kind & 1, vft_kind_name(kind) != NULL);
}

/* What is not wanted is left out, and what is wanted is the same. */
static void test_columns__only_what_is_wanted(void **state)
{
	struct block *block = *state;
	const struct vft_columns *columns;
	size_t n, n_exits = 0;
	const struct vft_event *list = sample_events(&n);

	pack(block, list, n);
	assert_int_equal(decode(block, VFT_COLUMN_BIT(CODE)), 0);
	columns = block->columns;
	assert_null(columns->cpu);
	assert_null(columns->of[VFT_COL_CLONE_FLAGS].u64);
	assert_null(columns->strings);
	for (size_t i = 0; i < n; i++)
		if (list[i].kind == VFT_KIND_EXIT)
			assert_int_equal(columns->of[VFT_COL_CODE].u32[n_exits++],
					 list[i].exit.code);
	assert_int_equal(columns->n_of[VFT_COL_CODE], n_exits);
	assert_true(n_exits > 0);
	assert_int_equal(decode(block, VFT_COLUMN_BIT(COMM)), 0);
	assert_non_null(block->columns->strings);
	assert_null(block->columns->strings[0].data);
}

/* Every column shorter by a byte, one after the other: refused, by what wants it. */
static void test_columns__refuses_what_does_not_match(void **state)
{
	struct block *block = *state;
	size_t n, n_refused = 0;
	const struct vft_event *list = sample_events(&n);
	struct vft_header sound;

	pack(block, list, n);
	sound = block->header;
	for (uint32_t n_events = 1; n_events < n; n_events++) {
		block->header = sound;
		block->header.n_events = n_events;
		assert_int_equal(decode(block, VFT_COLUMNS_ALL), -EBADMSG);
		assert_non_null(block->what);
		n_refused++;
	}
	block->header = sound;
	block->header.first_ts++;
	assert_int_equal(decode(block, 0), -EBADMSG);
	assert_int_equal(n_refused, n - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_columns__every_kind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_columns__one_event_each, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_columns__other_schema, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_columns__a_column_that_came_later, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_columns__own_kinds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_columns__only_what_is_wanted, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_columns__refuses_what_does_not_match, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
