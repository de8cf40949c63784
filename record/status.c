/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record/base/say.h"

#define PERIOD_NS 1000000000u
#define SIZE_TEXT 32
#define LINE_TEXT 160

void rec_status_init(struct rec_status *status, bool wanted)
{
	*status = (struct rec_status){.enabled = wanted && isatty(STDERR_FILENO)};
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
	char size[SIZE_TEXT], line[LINE_TEXT];

	snprintf(line, sizeof(line),
		 "\r\033[K%.0fs  %.0f events/s  %zu in vfork  %" PRIu64 " lost  %s",
		 seconds(now->now_ns - now->start_ns), rate, now->n_waiters, now->n_lost,
		 size_text(now->size_bytes, size));
	rec_say_now(line);
	status->shown = true;
	status->last_ns = now->now_ns;
	status->last_events = now->n_events;
}

void rec_status_clear(struct rec_status *status)
{
	if (status->shown)
		rec_say_now("\r\033[K");
	status->shown = false;
}

/* What to do about losses, for the cause of most of them. */
static const char *advice(const struct rec_progress *end)
{
	static const char *const advices[REC_N_CAUSES] = {
		[VFT_CAUSE_RING_FULL] = "try a larger --ring-size",
		[VFT_CAUSE_PENDING_FULL] = "more threads waited in vfork at once than can be "
					   "followed; record fewer processes, with -p or -- CMD",
		[VFT_CAUSE_TRACKED_FULL] = "there were more descendants than can be followed; "
					   "record the whole system, with -a or without -p",
		[VFT_CAUSE_RECURSION] = "the kernel skipped hooks that were running already; no "
					"option changes that",
		[VFT_CAUSE_BAD_RECORD] = "records were garbled; please report this as a bug",
	};
	size_t most = 0;

	for (size_t i = 1; i < REC_N_CAUSES; i++)
		if (end->lost_by_cause[i] > end->lost_by_cause[most])
			most = i;
	if (most == VFT_CAUSE_RING_FULL && end->was_stalled)
		return "the output took them too slowly; write to a file, or to a faster reader";
	return advices[most] ? advices[most] : "see vfork-report info";
}

static void say_length(const struct rec_progress *end, const char *where)
{
	double length = seconds(end->now_ns - end->start_ns);
	double asked = seconds(end->asked_ns);
	char size[SIZE_TEXT], more[LINE_TEXT] = "";

	/* A busy machine lets nobody stop on time. */
	if (end->asked_ns && length > 1.1 * asked + 0.05)
		snprintf(more, sizeof(more), " (%.1f s were asked for)", asked);
	rec_say("%.1f s%s, %" PRIu64 " events, %s in %s", length, more, end->n_events,
		size_text(end->size_bytes, size), where);
}

/* What a reader of the file may learn. */
static void say_privacy(const struct rec_progress *end)
{
	if (!end->is_redacted)
		rec_say("command lines are in the file as they were, with any secrets in them");
	else if (end->n_removed)
		rec_say("%" PRIu64 " %s removed that looked like %s; other arguments, paths and "
			"names are in the file",
			end->n_removed, end->n_removed == 1 ? "value was" : "values were",
			end->n_removed == 1 ? "a secret" : "secrets");
	else
		rec_say("nothing looked like a secret; arguments, paths and names are in the file");
}

void rec_status_summarise(const struct rec_progress *end, const char *output)
{
	bool is_stdout = output && strcmp(output, "-") == 0;
	bool is_named = output && !is_stdout;

	say_length(end, is_named ? output : is_stdout ? "the stream" : "the renamed file");
	if (end->n_lost)
		rec_say("%" PRIu64 " events lost; what they could hide is reported as unknown; %s",
			end->n_lost, advice(end));
	rec_say("%s%zu %s blocked in vfork at the end%s%s", end->n_lost ? "" : "nothing lost; ",
		end->n_waiters, end->n_waiters == 1 ? "thread was" : "threads were",
		is_named ? "; read it with: vfork-report " : "", is_named ? output : "");
	say_privacy(end);
}
