/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PERIOD_NS 1000000000u
#define SIZE_TEXT 32

void rec_status_init(struct rec_status *status, bool quiet)
{
	*status = (struct rec_status){.enabled = !quiet && isatty(STDERR_FILENO)};
}

bool rec_status_is_due(const struct rec_status *status, uint64_t now_ns)
{
	return status->enabled && now_ns - status->last_ns >= PERIOD_NS;
}

static const char *size_text(uint64_t bytes, char text[SIZE_TEXT])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(text, SIZE_TEXT, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return text;
}

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

void rec_status_show(struct rec_status *status, const struct rec_progress *now)
{
	uint64_t since_ns = status->last_ns ? status->last_ns : now->start_ns;
	double rate = now->now_ns > since_ns ? (double)(now->n_events - status->last_events) /
						       seconds(now->now_ns - since_ns)
					     : 0;
	char size[SIZE_TEXT];

	fprintf(stderr, "\r\033[K%.0fs  %.0f events/s  %zu in vfork  %" PRIu64 " lost  %s",
		seconds(now->now_ns - now->start_ns), rate, now->n_waiters, now->n_lost,
		size_text(now->size_bytes, size));
	fflush(stderr);
	status->shown = true;
	status->last_ns = now->now_ns;
	status->last_events = now->n_events;
}

void rec_status_clear(struct rec_status *status)
{
	if (status->shown)
		fputs("\r\033[K", stderr);
	status->shown = false;
}

void rec_status_summarise(const struct rec_progress *end, const char *output)
{
	bool is_stdout = strcmp(output, "-") == 0;
	char size[SIZE_TEXT];

	fprintf(stderr, "vfork-record: %.1f s, %" PRIu64 " events, %s in %s\n",
		seconds(end->now_ns - end->start_ns), end->n_events,
		size_text(end->size_bytes, size), is_stdout ? "the stream" : output);
	if (end->n_lost)
		fprintf(stderr,
			"vfork-record: %" PRIu64
			" events lost; what they could hide is reported as unknown; try a larger "
			"--ring-size\n",
			end->n_lost);
	else
		fputs("vfork-record: nothing lost\n", stderr);
	fprintf(stderr,
		"vfork-record: %zu %s blocked in vfork at the end; read it with: vfork-report %s\n",
		end->n_waiters, end->n_waiters == 1 ? "thread was" : "threads were", output);
}
