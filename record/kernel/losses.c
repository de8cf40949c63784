/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/kernel/losses.h"

#include <errno.h>
#include <stdlib.h>

#include "record/base/clock.h"
#include "bpf/events.h"

/* The causes that are not per CPU stand behind those that are. */
enum { ROW_RECURSION };
static const uint32_t single_causes[] = {
	[ROW_RECURSION] = VFT_CAUSE_RECURSION,
	VFT_CAUSE_BAD_RECORD,
	VFT_CAUSE_PENDING_FULL,
	VFT_CAUSE_TRACKED_FULL,
};
#define N_SINGLE_ROWS (sizeof(single_causes) / sizeof(single_causes[0]))

struct rec_losses {
	const struct rec_session *session;
	size_t n_cpus;
	uint64_t last_ns, last_recursion_ns;
	struct vft_loss *told;  /* compacted copy of rows, without zeros */
	struct vft_loss rows[]; /* n_cpus x VFE_N_DROPS, then N_SINGLE_ROWS */
};

static uint32_t cause_of(enum vfe_drop drop)
{
	switch (drop) {
	case VFE_DROP_RING:
		return VFT_CAUSE_RING_FULL;
	case VFE_DROP_PENDING:
		return VFT_CAUSE_PENDING_FULL;
	case VFE_DROP_TRACKED:
		return VFT_CAUSE_TRACKED_FULL;
	case VFE_N_DROPS:
		break;
	}
	return 0;
}

static size_t n_rows(const struct rec_losses *losses)
{
	return losses->n_cpus * VFE_N_DROPS + N_SINGLE_ROWS;
}

static struct vft_loss *single_row(struct rec_losses *losses, size_t i)
{
	return &losses->rows[losses->n_cpus * VFE_N_DROPS + i];
}

int rec_losses_new(const struct rec_session *session, struct rec_losses **ret)
{
	size_t n_cpus = rec_session_n_cpus(session);
	size_t n = n_cpus * VFE_N_DROPS + N_SINGLE_ROWS;
	struct rec_losses *losses = calloc(1, sizeof(*losses) + n * sizeof(losses->rows[0]));

	if (!losses)
		return -ENOMEM;
	losses->told = calloc(n, sizeof(losses->told[0]));
	if (!losses->told) {
		free(losses);
		return -ENOMEM;
	}
	losses->session = session;
	losses->n_cpus = n_cpus;
	losses->last_ns = losses->last_recursion_ns = rec_clock_now();
	for (size_t cpu = 0; cpu < n_cpus; cpu++)
		for (unsigned int drop = 0; drop < VFE_N_DROPS; drop++)
			losses->rows[cpu * VFE_N_DROPS + drop] =
				(struct vft_loss){.cause = cause_of(drop), .cpu = (uint32_t)cpu};
	for (size_t i = 0; i < N_SINGLE_ROWS; i++)
		*single_row(losses, i) =
			(struct vft_loss){.cause = single_causes[i], .cpu = VFT_CPU_NONE};
	*ret = losses;
	return 0;
}

/* Count @n more in @row and say so in the file. */
static int tell(struct vft_loss *row, uint64_t n, uint64_t from_ns, struct rec_sink *sink,
		struct vft_err *err)
{
	uint64_t to_ns = rec_clock_now();
	struct vft_event event = {
		.kind = VFT_KIND_LOST,
		.time_ns = to_ns,
		.cpu = row->cpu == VFT_CPU_NONE ? 0 : row->cpu,
		.lost = {.cause = row->cause,
			 .cpu = row->cpu,
			 .count = n,
			 .from_ns = from_ns,
			 .to_ns = to_ns},
	};

	row->count += n;
	return rec_sink_append(sink, &event, err);
}

int rec_losses_poll(struct rec_losses *losses, struct rec_sink *sink, struct vft_err *err)
{
	uint64_t before_ns = rec_clock_now();
	int r = 0;

	for (size_t cpu = 0; !r && cpu < losses->n_cpus; cpu++) {
		for (unsigned int drop = 0; !r && drop < VFE_N_DROPS; drop++) {
			struct vft_loss *row = &losses->rows[cpu * VFE_N_DROPS + drop];
			uint64_t n = rec_session_get_drops(losses->session, cpu, drop);

			if (n != row->count)
				r = tell(row, n - row->count, losses->last_ns, sink, err);
		}
	}
	losses->last_ns = before_ns;
	return r;
}

int rec_losses_poll_recursion(struct rec_losses *losses, struct rec_sink *sink, struct vft_err *err)
{
	struct vft_loss *row = single_row(losses, ROW_RECURSION);
	uint64_t before_ns = rec_clock_now(), from_ns = losses->last_recursion_ns;
	struct rec_counters counters;

	rec_session_get_counters(losses->session, &counters);
	losses->last_recursion_ns = before_ns;
	if (counters.recursion_misses == row->count)
		return 0;
	return tell(row, counters.recursion_misses - row->count, from_ns, sink, err);
}

int rec_losses_add(struct rec_losses *losses, enum vft_cause cause, uint64_t n,
		   struct rec_sink *sink, struct vft_err *err)
{
	for (size_t i = 0; n && i < N_SINGLE_ROWS; i++)
		if (single_causes[i] == cause)
			return tell(single_row(losses, i), n, losses->last_ns, sink, err);
	return n ? vft_fail(err, -EINVAL, 0, "a loss of cause %d has a CPU", (int)cause) : 0;
}

const struct vft_loss *rec_losses_get(const struct rec_losses *losses, size_t *ret_n)
{
	size_t n = 0;

	for (size_t i = 0; i < n_rows(losses); i++)
		if (losses->rows[i].count)
			losses->told[n++] = losses->rows[i];
	*ret_n = n;
	return losses->told;
}

uint64_t rec_losses_get_sum(const struct rec_losses *losses, uint32_t cause)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n_rows(losses); i++)
		if (!cause || losses->rows[i].cause == cause)
			sum += losses->rows[i].count;
	return sum;
}

void rec_losses_free(struct rec_losses *losses)
{
	if (!losses)
		return;
	free(losses->told);
	free(losses);
}
