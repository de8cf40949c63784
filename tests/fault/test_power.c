/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power loss. Writes and syncs are logged; at some moment the power goes, and of what was written
 * since the last sync any sectors are there, torn, or still hold what was there before. What the
 * sync acknowledged is read back, and nothing becomes certain that is not true.
 */
#include "sample.h"

#define N_ROUNDS   16u
#define RAW_TARGET 100u
#define SECTOR     512u
#define PER_SYNC   37u /* events */
#define N_IMAGES   6000u

struct log {
	struct vft_sink sink;
	struct bytes trace;
	size_t ends[1024], n_ends;   /* of each write */
	size_t syncs[1024], n_syncs; /* sizes that were acknowledged */
	size_t n_events;
	uint64_t random;
};

static int log_write(struct vft_sink *sink, struct iovec *iov, int n_iov)
{
	struct log *log = (struct log *)sink;

	for (int i = 0; i < n_iov; i++) {
		log->trace.data = realloc(log->trace.data, log->trace.size + iov[i].iov_len);
		assert_non_null(log->trace.data);
		memcpy(log->trace.data + log->trace.size, iov[i].iov_base, iov[i].iov_len);
		log->trace.size += iov[i].iov_len;
	}
	assert_true(log->n_ends < N_OF(log->ends));
	log->ends[log->n_ends++] = log->trace.size;
	return 0;
}

static void sync_sometimes(void *context)
{
	struct log *log = context;

	if (++log->n_events % PER_SYNC == 0)
		log->syncs[log->n_syncs++] = log->trace.size;
}

static uint64_t below(struct log *log, uint64_t n)
{
	log->random ^= log->random << 13;
	log->random ^= log->random >> 7;
	log->random ^= log->random << 17;
	return log->random % n;
}

/* What stood in a sector that was never written: nothing, noise, or a part of an older trace. */
static void fill_stale(struct log *log, uint8_t *at, size_t offset, size_t size)
{
	size_t from;

	switch (below(log, 4)) {
	case 0: /* of the same recording, elsewhere */
		from = below(log, log->trace.size / SECTOR) * SECTOR;
		for (size_t i = 0; i < size; i++)
			at[i] = log->trace.data[(from + i) % log->trace.size];
		return;
	case 1: /* nearly what belongs here */
		memcpy(at, log->trace.data + offset, size);
		at[below(log, size)] ^= (uint8_t)(1 + below(log, 255));
		return;
	default:
		memset(at, 0, size);
	}
}

/* The disk after the power went with @written bytes handed over and @synced acknowledged. */
static struct bytes lose_power(struct log *log, size_t synced, size_t written)
{
	struct bytes image = {malloc(written + 1), written};
	bool is_short = below(log, 3) == 0;
	uint64_t one_in = 1 + below(log, 6);

	assert_non_null(image.data);
	memcpy(image.data, log->trace.data, synced);
	for (size_t at = synced; at < written;) {
		size_t end =
			(at / SECTOR + 1) * SECTOR < written ? (at / SECTOR + 1) * SECTOR : written;
		size_t size = end - at, kept = size;

		if (below(log, one_in + 1) == 0)
			kept = below(log, 3) == 0 ? below(log, size + 1) : 0;
		memcpy(image.data + at, log->trace.data + at, kept);
		if (kept < size)
			fill_stale(log, image.data + at + kept, at + kept, size - kept);
		at = end;
	}
	/* The file's size is written apart from its bytes. */
	if (is_short)
		image.size = synced + below(log, written - synced + 1);
	return image;
}

static int set_up(void **state)
{
	struct log *log = calloc(1, sizeof(*log));

	assert_non_null(log);
	log->sink.writev = log_write;
	log->random = 88172645463325252ull;
	assert_int_equal(sample_write(&log->sink, N_ROUNDS, RAW_TARGET, false, sync_sometimes, log),
			 0);
	*state = log;
	return 0;
}

static int tear_down(void **state)
{
	struct log *log = *state;

	bytes_free(&log->trace);
	free(log);
	return 0;
}

static size_t find_sync(const struct log *log, size_t written)
{
	size_t synced = 0;

	for (size_t i = 0; i < log->n_syncs; i++)
		if (log->syncs[i] <= written)
			synced = log->syncs[i];
	return synced;
}

static void test_power__what_was_synced_comes_back(void **state)
{
	struct log *log = *state;
	struct view whole = view_of(log->trace.data, log->trace.size);
	size_t n_damaged = 0, n_beyond = 0;

	assert_true(log->n_syncs >= 5);
	for (size_t i = 0; i < N_IMAGES; i++) {
		size_t written = log->ends[below(log, log->n_ends)];
		size_t synced = find_sync(log, written), n_safe = count_rows(log->trace, synced);
		struct bytes image = lose_power(log, synced, written);
		struct view view = view_of(image.data, image.size);

		assert_int_equal(view.error, 0);
		assert_true(view_is_part(&view, &whole));
		assert_true(view.n_events >= n_safe);
		assert_true(n_safe == 0 ||
			    memcmp(view.events, whole.events, n_safe * sizeof(*view.events)) == 0);
		assert_true(view_is_honest(&view, &whole, "power lost, image", i));
		n_damaged += view.damaged;
		n_beyond += view.n_events > n_safe;
		view_free(&view);
		bytes_free(&image);
	}
	/* The images differ from cut files, or this test is test_kill once more. */
	assert_true(n_damaged > N_IMAGES / 4 && n_beyond > N_IMAGES / 10);
	print_message("# %zu writes, %zu syncs, %u images: %zu damaged, %zu with more than was"
		      " synced\n",
		      log->n_ends, log->n_syncs, N_IMAGES, n_damaged, n_beyond);
	view_free(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power__what_was_synced_comes_back),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
