/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the ring to the file, with a kernel part that drops when it is told to: whatever block a
 * recorder comes to last, the file tells what is missing before that block's end.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bpf/events.h"
#include "record/recording.h"
#include <vft/reader.h>
#include "format/block/meta.h"

#define N_RECORDS 60000u /* several blocks of them, all in one drain */
#define N_LOST    7u

/* ---- the kernel part ---- */

static struct {
	uint64_t first_ns, gap_ns; /* the record of gap_ns comes behind a loss */
	uint64_t drops;
} kernel;

size_t __wrap_rec_session_n_cpus(const struct rec_session *session);
uint64_t __wrap_rec_session_get_drops(const struct rec_session *session, size_t cpu,
				      unsigned int drop);
void __wrap_rec_session_get_counters(const struct rec_session *session, struct rec_counters *ret);
int64_t __wrap_rec_session_drain(struct rec_session *session, rec_record_fn on_record,
				 void *context, uint64_t max_bytes);

size_t __wrap_rec_session_n_cpus(const struct rec_session *session)
{
	return 1;
}

uint64_t __wrap_rec_session_get_drops(const struct rec_session *session, size_t cpu,
				      unsigned int drop)
{
	return drop == VFE_DROP_RING ? kernel.drops : 0;
}

void __wrap_rec_session_get_counters(const struct rec_session *session, struct rec_counters *ret)
{
	*ret = (struct rec_counters){.ring_drops = kernel.drops};
}

/* Exits a microsecond apart, and N_LOST records that are not there, in the middle. */
int64_t __wrap_rec_session_drain(struct rec_session *session, rec_record_fn on_record,
				 void *context, uint64_t max_bytes)
{
	for (uint32_t i = 0; i < N_RECORDS; i++) {
		struct vfe_exit record = {
			.header = {.time_ns = kernel.first_ns + i * 1000u,
				   .size = sizeof(record),
				   .kind = VFE_EXIT},
			.task = {.tgid = i + 2, .tid = i + 2, .start_ns = i + 1, .comm = "storm"},
			.wait_status = i << 8,
			.flags = VFE_EXIT_PROCESS,
		};

		if (i == N_RECORDS / 2 + 1000) {
			kernel.drops = N_LOST;
			kernel.gap_ns = record.header.time_ns;
		}
		assert_int_equal(on_record(context, &record, sizeof(record)), 0);
	}
	return N_RECORDS * (int64_t)sizeof(struct vfe_exit);
}

/* ---- the file ---- */

static void read_head(int fd, struct vft_reader **ret)
{
	struct vft_limits limits = {.size = sizeof(limits), .max_raw_total = UINT64_MAX};
	struct vft_source *source;
	struct vft_err err;

	assert_int_equal(vft_source_open_fd(fd, &source, &err), 0);
	assert_int_equal(vft_reader_open(source, &limits, ret, &err), 0);
}

/* How many blocks hold something from behind the gap; each must come with the loss, or after it. */
static unsigned int check_blocks(const char *path)
{
	unsigned int n = 0, n_before = 0;
	struct vft_reader *reader;
	struct vft_item item;
	struct vft_err err;
	bool told = false;

	read_head(open(path, O_RDONLY | O_CLOEXEC), &reader);
	while (vft_reader_next(reader, &item, &err) > 0) {
		bool is_behind = false;

		if (item.kind != VFT_ITEM_BATCH)
			continue;
		for (size_t i = 0; i < item.batch->n_events; i++) {
			const struct vft_event *event = &item.batch->events[i];

			is_behind |=
				event->kind == VFT_KIND_EXIT && event->time_ns >= kernel.gap_ns;
			if (event->kind == VFT_KIND_LOST) {
				assert_int_equal(event->lost.count, N_LOST);
				told = true;
			}
		}
		if (is_behind)
			assert_true(told);
		n += is_behind;
		n_before += !is_behind;
	}
	vft_reader_close(reader);
	assert_true(n_before > 0);
	return n;
}

static void open_sink(const char *path, struct rec_sink **ret)
{
	struct rec_output_options options = {.signal_fd = -1};
	struct vft_meta meta = {.boot_id = {"00000000-0000-0000-0000-000000000001", 36}};
	struct rec_output output;
	struct vft_err err;

	assert_int_equal(rec_output_open(path, &options, &output, &err), 0);
	assert_int_equal(rec_sink_open(&output, 1, &meta, NULL, ret, &err), 0);
}

static void test_feed__a_block_tells_what_was_lost_before_its_end(void **state)
{
	char folder[] = "/tmp/vft-unit-feed-XXXXXX", path[64];
	struct rec_options options = {.args = REC_ARGS_FULL};
	struct recorder rec = {.options = &options};
	struct vft_err err;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/t.vft", folder);
	kernel.first_ns = 5000000000u;
	open_sink(path, &rec.sink);
	assert_int_equal(rec_losses_new(NULL, &rec.losses), 0);
	assert_int_equal(rec_cgroups_new(&rec.hierarchies, &rec.cgroups), 0);
	assert_true(rec_drain_ring(&rec, &err) > 0);
	/* What is on the disk here is what a kill -9 would leave. */
	assert_true(check_blocks(path) > 0);
	rec_losses_free(rec.losses);
	rec_cgroups_free(rec.cgroups);
	rec_sink_discard(rec.sink);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feed__a_block_tells_what_was_lost_before_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
