/* SPDX-License-Identifier: BSD-2-Clause */
/* Every bit flipped and every length cut, of three traces: what is told stays true. */
#include "sample.h"

/* Rows of the block that byte @at belongs to: all that a flip there may cost. */
static size_t rows_at(struct bytes trace, size_t at)
{
	struct vft_header header;
	size_t offset;

	for (size_t i = 0; trace_block(trace, i, &header, &offset); i++)
		if (at < offset + vft_header_get_size(&header))
			return header.n_events;
	return 0;
}

static void check_flip(const struct sample *sample, size_t bit, size_t *n_harmless)
{
	struct view view;
	bool is_told;

	sample->trace.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	view = view_of(sample->trace.data, sample->trace.size);
	sample->trace.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	is_told = view.damaged || view.incomplete != sample->whole.incomplete;
	assert_int_equal(view.error, 0);
	assert_true(view_is_honest(&view, &sample->truth, "flipped bit", bit));
	assert_true(view_is_part(&view, &sample->whole));
	if (!is_told) {
		assert_true(view_is_head(&view, &sample->whole, sample->whole.n_events));
		assert_true(view_is_honest(&view, &sample->whole, "untold flip", bit));
		++*n_harmless;
	} else {
		assert_int_equal(view.n_events,
				 sample->whole.n_events - rows_at(sample->trace, bit / 8));
	}
	view_free(&view);
}

static void check_flips(enum sample_id id)
{
	struct sample sample = sample_load(id);
	size_t n_harmless = 0;

	for (size_t bit = 0; bit < sample.trace.size * 8; bit++)
		check_flip(&sample, bit, &n_harmless);
	/* Padding alone: seven bytes a block at most. */
	assert_true(n_harmless < sample.trace.size * 8 / 10);
	print_message("# %s: %zu bits flipped, %zu told, %zu harmless\n", sample.name,
		      sample.trace.size * 8, sample.trace.size * 8 - n_harmless, n_harmless);
	sample_free(&sample);
}

static void test_bits__golden(void **state)
{
	check_flips(SAMPLE_GOLDEN);
}

static void test_bits__outcomes(void **state)
{
	check_flips(SAMPLE_OUTCOMES);
}

static void test_bits__losses(void **state)
{
	check_flips(SAMPLE_LOSSES);
}

static void check_cuts(enum sample_id id)
{
	struct sample sample = sample_load(id);

	for (size_t size = 0; size < sample.trace.size; size++) {
		struct edge edge = edge_make(sample.trace.data, size);
		struct view view = view_of(edge.data, size);

		assert_int_equal(view.error, 0);
		assert_true(view_is_head(&view, &sample.whole, count_rows(sample.trace, size)));
		assert_true(view_is_honest(&view, &sample.truth, "cut", size));
		/* Behind END stand its padding and the trailer, which is but a hint. */
		assert_true(view.damaged || view.incomplete ||
			    size + VFT_TRAILER_SIZE + 7 >= sample.trace.size);
		view_free(&view);
		edge_free(&edge);
	}
	print_message("# %s: cut at %zu lengths\n", sample.name, sample.trace.size);
	sample_free(&sample);
}

static void test_cuts__golden(void **state)
{
	check_cuts(SAMPLE_GOLDEN);
}

static void test_cuts__outcomes(void **state)
{
	check_cuts(SAMPLE_OUTCOMES);
}

static void test_cuts__losses(void **state)
{
	check_cuts(SAMPLE_LOSSES);
}

/* The samples hold what they are for, or the others say nothing. */
static void test_samples__tell_every_outcome(void **state)
{
	for (int id = 0; id < N_SAMPLES; id++) {
		struct sample sample = sample_load((enum sample_id)id);
		size_t n[REP_N_OUTCOMES] = {0}, n_unknown = 0;

		for (size_t i = 0; i < sample.truth.n_told; i++)
			n[sample.truth.told[i].outcome] += sample.truth.told[i].certain;
		for (int i = 0; i < REP_OUTCOME_UNKNOWN; i++)
			assert_true(n[i] > 0);
		for (size_t i = 0; i < sample.whole.n_told; i++)
			n_unknown += !sample.whole.told[i].certain;
		assert_int_equal(n_unknown != 0, id == SAMPLE_LOSSES);
		assert_true(view_is_honest(&sample.whole, &sample.truth, sample.name, 0));
		sample_free(&sample);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples__tell_every_outcome),
		cmocka_unit_test(test_bits__golden),
		cmocka_unit_test(test_bits__outcomes),
		cmocka_unit_test(test_bits__losses),
		cmocka_unit_test(test_cuts__golden),
		cmocka_unit_test(test_cuts__outcomes),
		cmocka_unit_test(test_cuts__losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
