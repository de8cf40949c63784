/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/moment.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "format/base/parse.h"
#include "replay/base/zone.h"

#define NS_PER_S   1000000000ull
#define NS_PER_DAY (86400 * NS_PER_S)

/* @n digits at *@at, which moves behind them. */
static bool digits(const char **at, unsigned int n, unsigned int min, unsigned int max, int *ret)
{
	unsigned int value = 0;

	for (unsigned int i = 0; i < n; i++, (*at)++) {
		if (!isdigit((unsigned char)**at))
			return false;
		value = value * 10 + (unsigned int)(**at - '0');
	}
	*ret = (int)value;
	return value >= min && value <= max;
}

static bool one(const char **at, const char *of)
{
	if (!**at || !strchr(of, **at))
		return false;
	(*at)++;
	return true;
}

/* "Z", "+02:00", "-0530" to seconds; the text ends there. */
static bool zone(const char *at, int *ret_seconds)
{
	int hours, minutes, sign = *at == '-' ? -1 : 1;

	if ((*at == 'Z' || *at == 'z') && !at[1]) {
		*ret_seconds = 0;
		return true;
	}
	if (!one(&at, "+-") || !digits(&at, 2, 0, 23, &hours))
		return false;
	one(&at, ":");
	if (!digits(&at, 2, 0, 59, &minutes) || *at)
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* "12:00", "12:00:30", "12:00:30.5" at *@at, which moves behind it, as ns of the day. */
static int parse_clock(const char **at, uint64_t *ret)
{
	int hour, minute, second = 0;
	uint64_t fraction = 0, scale = NS_PER_S;

	if (!digits(at, 2, 0, 23, &hour) || !one(at, ":") || !digits(at, 2, 0, 59, &minute))
		return -EINVAL;
	if (one(at, ":")) {
		if (!digits(at, 2, 0, 60, &second))
			return -EINVAL;
		if (one(at, ".")) {
			if (!isdigit((unsigned char)**at))
				return -EINVAL;
			for (; isdigit((unsigned char)**at); (*at)++) {
				scale /= 10;
				fraction += scale * (uint64_t)(**at - '0');
			}
		}
	}
	*ret = (uint64_t)(hour * 3600 + minute * 60 + second) * NS_PER_S + fraction;
	return 0;
}

/* With a zone as RFC 3339 has it, or without: the one of zone.h. */
static int parse_date(const char *at, struct rep_moment *moment)
{
	struct tm tm = {0};
	int offset = 0, month;
	uint64_t clock_ns;
	int64_t seconds;

	if (!digits(&at, 4, 1970, 2500, &tm.tm_year) || !one(&at, "-") ||
	    !digits(&at, 2, 1, 12, &month) || !one(&at, "-") ||
	    !digits(&at, 2, 1, 31, &tm.tm_mday) || !one(&at, "Tt ") || parse_clock(&at, &clock_ns))
		return -EINVAL;
	if (!*at)
		moment->needs = REP_MOMENT_NEEDS_ZONE;
	else if (!zone(at, &offset))
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon = month - 1;
	seconds = (int64_t)timegm(&tm) - offset;
	if (seconds < 0 && clock_ns < (uint64_t)-seconds * NS_PER_S)
		return -ERANGE;
	moment->is_absolute = true;
	moment->epoch_ns = (uint64_t)seconds * NS_PER_S + clock_ns;
	return 0;
}

/* "10m ago" */
static int parse_ago(const char *text, size_t size, struct rep_moment *moment)
{
	char duration[32];
	int err;

	if (size >= sizeof(duration))
		return -EINVAL;
	memcpy(duration, text, size);
	duration[size] = '\0';
	err = vft_parse_duration(duration, &moment->clock_ns);
	moment->needs = REP_MOMENT_NEEDS_END;
	return !err && moment->clock_ns > INT64_MAX ? -ERANGE : err;
}

static int parse_offset(const char *text, struct rep_moment *moment)
{
	bool negative = text[0] == '-';
	uint64_t ns;
	int err = vft_parse_duration(text + (negative || text[0] == '+'), &ns);

	if (err)
		return err;
	if (ns > INT64_MAX)
		return -ERANGE;
	moment->relative_ns = negative ? -(int64_t)ns : (int64_t)ns;
	return 0;
}

int rep_moment_parse(const char *text, struct rep_moment *ret)
{
	static const char ago[] = " ago";
	struct rep_moment moment = {.is_given = true};
	size_t size = strlen(text), n_ago = sizeof(ago) - 1;
	const char *at = text;
	int err;

	if (size > 10 && text[4] == '-') {
		err = parse_date(text, &moment);
	} else if (size > n_ago && strcmp(text + size - n_ago, ago) == 0) {
		err = parse_ago(text, size - n_ago, &moment);
	} else if (strchr(text, ':')) {
		err = parse_clock(&at, &moment.clock_ns);
		if (!err && *at)
			err = -EINVAL;
		moment.needs = REP_MOMENT_NEEDS_START;
	} else {
		err = parse_offset(text, &moment);
	}
	if (!err)
		*ret = moment;
	return err;
}

/* @clock_ns of the day of @epoch_ns, or of one @days later. */
static bool on_day_of(uint64_t epoch_ns, int days, uint64_t clock_ns, uint64_t *ret)
{
	uint64_t seconds = clock_ns / NS_PER_S;
	struct rep_civil civil;

	rep_zone_split(epoch_ns, &civil);
	civil.day += days;
	civil.hour = (int)(seconds / 3600);
	civil.minute = (int)(seconds / 60 % 60);
	civil.second = (int)(seconds % 60);
	civil.ns = (uint32_t)(clock_ns % NS_PER_S);
	return rep_zone_join(&civil, ret);
}

static void set_epoch(struct rep_moment *moment, uint64_t epoch_ns)
{
	moment->is_absolute = true;
	moment->epoch_ns = epoch_ns;
	moment->needs = REP_MOMENT_NEEDS_NOTHING;
}

int rep_moment_settle(struct rep_moment *moment)
{
	time_t seconds = (time_t)(moment->epoch_ns / NS_PER_S);
	struct rep_civil civil;
	struct tm tm;

	if (moment->needs != REP_MOMENT_NEEDS_ZONE || !gmtime_r(&seconds, &tm))
		return 0;
	civil = (struct rep_civil){tm.tm_year + 1900,
				   tm.tm_mon + 1,
				   tm.tm_mday,
				   tm.tm_hour,
				   tm.tm_min,
				   tm.tm_sec,
				   (uint32_t)(moment->epoch_ns % NS_PER_S),
				   0};
	if (!rep_zone_join(&civil, &moment->epoch_ns))
		return -ERANGE;
	moment->needs = REP_MOMENT_NEEDS_NOTHING;
	return 0;
}

void rep_moment_resolve(struct rep_moment *moment, uint64_t start_epoch_ns, uint64_t end_epoch_ns)
{
	uint64_t ns, next;

	if (moment->needs == REP_MOMENT_NEEDS_END) {
		set_epoch(moment,
			  end_epoch_ns > moment->clock_ns ? end_epoch_ns - moment->clock_ns : 0);
	} else if (moment->needs == REP_MOMENT_NEEDS_START &&
		   on_day_of(start_epoch_ns, 0, moment->clock_ns, &ns)) {
		if (ns < start_epoch_ns && on_day_of(start_epoch_ns, 1, moment->clock_ns, &next) &&
		    next <= end_epoch_ns)
			ns = next;
		set_epoch(moment, ns);
	}
}

/* @base + @delta, held within 0 and the end of time. */
static uint64_t shift(uint64_t base, int64_t delta)
{
	uint64_t by = delta < 0 ? 0 - (uint64_t)delta : (uint64_t)delta;

	if (delta < 0)
		return by > base ? 0 : base - by;
	return by > UINT64_MAX - base ? UINT64_MAX : base + by;
}

/* As a moment of the section's clock, which may not have run at the zero of the report's time. */
static uint64_t since_zero(int64_t zero_ns, int64_t relative_ns)
{
	int64_t sum_ns;

	if (zero_ns >= 0)
		return shift((uint64_t)zero_ns, relative_ns);
	/* Below every moment: both are negative. */
	if (__builtin_add_overflow(zero_ns, relative_ns, &sum_ns) || sum_ns < 0)
		return 0;
	return (uint64_t)sum_ns;
}

uint64_t rep_moment_in(const struct rep_moment *moment, const struct rep_section_info *info,
		       uint64_t otherwise)
{
	const struct rep_clock *clock = info->clocks;
	uint64_t epoch_ns = moment->epoch_ns, start_epoch_ns;

	if (!moment->is_given || moment->needs == REP_MOMENT_NEEDS_END)
		return otherwise;
	/* A pipe: where it ends is not known. */
	if (moment->needs == REP_MOMENT_NEEDS_START &&
	    (!rep_section_realtime(info, info->start_ns, &start_epoch_ns) ||
	     !on_day_of(start_epoch_ns, 0, moment->clock_ns, &epoch_ns)))
		return otherwise;
	if (!moment->is_absolute && moment->needs == REP_MOMENT_NEEDS_NOTHING)
		return since_zero((int64_t)info->start_ns, moment->relative_ns);
	if (!info->n_clocks)
		return otherwise;
	for (size_t i = 1; i < info->n_clocks; i++) {
		if (info->clocks[i].realtime_ns <= epoch_ns)
			clock = &info->clocks[i];
	}
	return shift(clock->boottime_ns, (int64_t)(epoch_ns - clock->realtime_ns));
}

bool rep_moment_is_after(const struct rep_moment *from, const struct rep_moment *to)
{
	if (!from->is_given || !to->is_given || from->needs != to->needs ||
	    from->is_absolute != to->is_absolute)
		return false;
	if (from->needs == REP_MOMENT_NEEDS_END)
		return from->clock_ns < to->clock_ns;
	if (from->needs != REP_MOMENT_NEEDS_NOTHING)
		return false; /* a night lies between 23:00 and 01:00 */
	return from->is_absolute ? from->epoch_ns > to->epoch_ns
				 : from->relative_ns > to->relative_ns;
}

struct rep_window rep_period_window(const struct rep_period *period,
				    const struct rep_section_info *info)
{
	return (struct rep_window){rep_moment_in(&period->from, info, 0),
				   rep_moment_in(&period->to, info, UINT64_MAX)};
}
