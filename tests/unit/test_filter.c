/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/base/zone.h"
#include "replay/rows/filter.h"
#include "replay/rows/seen.h"

static struct vft_str str(const char *text)
{
	return (struct vft_str){text, (uint32_t)strlen(text)};
}

static void test_filter__moment_relative(void **state)
{
	struct rep_moment m;

	assert_int_equal(rep_moment_parse("1.5s", &m), 0);
	assert_false(m.is_absolute);
	assert_int_equal(m.relative_ns, 1500000000);
	assert_int_equal(rep_moment_parse("-250ms", &m), 0);
	assert_int_equal(m.relative_ns, -250000000);
	assert_int_equal(rep_moment_parse("0", &m), 0);
	assert_int_equal(m.relative_ns, 0);
}

static void test_filter__moment_absolute(void **state)
{
	struct rep_moment m;

	assert_int_equal(rep_moment_parse("2024-02-29T12:34:56Z", &m), 0);
	assert_true(m.is_absolute);
	assert_int_equal(m.epoch_ns, 1709210096000000000u);
	assert_int_equal(rep_moment_parse("2024-02-29T14:34:56.000000001+02:00", &m), 0);
	assert_int_equal(m.epoch_ns, 1709210096000000001u);
	assert_int_equal(rep_moment_parse("2024-02-29t12:04:56.5-00:30", &m), 0);
	assert_int_equal(m.epoch_ns, 1709210096500000000u);
}

static void test_filter__moment_refuses(void **state)
{
	static const char *const bad[] = {"",
					  "yesterday",
					  "--5s",
					  "5 s",
					  "2024-02-29T12:34:56 ago",
					  "14:5",
					  "24:00",
					  "14:05:30.",
					  "14:05x",
					  "ago",
					  " ago",
					  "x ago",
					  "-5s ago",
					  "2024-13-01T00:00:00Z",
					  "2024-02-29T12:34:56.Z",
					  "2024-02-29T12:34:56Zx",
					  "2024-02-29T12:34:56+2",
					  "2024-02-29"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rep_moment m = {.relative_ns = 42};

		assert_int_equal(rep_moment_parse(bad[i], &m), -EINVAL);
		assert_int_equal(m.relative_ns, 42);
	}
}

/* A zone of its own for a test; there is none of the machine's in it. */
static void set_zone(const char *name, bool utc)
{
	assert_int_equal(setenv("TZ", name, 1), 0);
	rep_zone_set(utc);
}

static void test_filter__moment_local(void **state)
{
	struct rep_moment m;

	set_zone("CET-1CEST,M3.5.0,M10.5.0/3", false);
	assert_int_equal(rep_moment_parse("2024-07-01 12:00", &m), 0);
	assert_int_equal(rep_moment_settle(&m), 0);
	assert_int_equal(m.epoch_ns, 1719828000000000000u); /* 10:00 UTC, in summer */
	assert_int_equal(rep_moment_parse("2024-01-01T12:00:00.5", &m), 0);
	assert_int_equal(rep_moment_settle(&m), 0);
	assert_int_equal(m.epoch_ns, 1704106800500000000u); /* 11:00 UTC */
	set_zone("CET-1", true);
	assert_int_equal(rep_moment_parse("2024-01-01T12:00:00.5", &m), 0);
	assert_int_equal(rep_moment_settle(&m), 0);
	assert_int_equal(m.epoch_ns, 1704110400500000000u);
	assert_int_equal(rep_moment_parse("2024-01-01T12:00Z", &m), 0);
	assert_int_equal(m.needs, REP_MOMENT_NEEDS_NOTHING);
}

#define NOON_UTC 1704110400000000000u /* 2024-01-01 */
#define HOUR     3600000000000u

static uint64_t resolved(const char *text, uint64_t start, uint64_t end)
{
	struct rep_moment m;

	assert_int_equal(rep_moment_parse(text, &m), 0);
	rep_moment_resolve(&m, start, end);
	assert_true(m.is_absolute);
	assert_int_equal(m.needs, REP_MOMENT_NEEDS_NOTHING);
	return m.epoch_ns;
}

static void test_filter__moment_of_the_traces_day(void **state)
{
	struct rep_clock clock = {1000, NOON_UTC};
	struct rep_section_info info = {.start_ns = 1000, .clocks = &clock, .n_clocks = 1};
	struct rep_moment m;

	set_zone("XXX-2", false);
	assert_int_equal(resolved("14:30", NOON_UTC, NOON_UTC + HOUR), NOON_UTC + HOUR / 2);
	assert_int_equal(resolved("14:30:00.25", NOON_UTC, NOON_UTC + HOUR),
			 NOON_UTC + HOUR / 2 + 250000000);
	/* Past midnight: the next day's, but only where the trace reaches it. */
	assert_int_equal(resolved("01:00", NOON_UTC, NOON_UTC + 20 * HOUR), NOON_UTC + 11 * HOUR);
	assert_int_equal(resolved("01:00", NOON_UTC, NOON_UTC + HOUR), NOON_UTC - 13 * HOUR);
	assert_int_equal(resolved("13:00", NOON_UTC, NOON_UTC + 20 * HOUR), NOON_UTC - HOUR);
	/* Of a pipe, whose end is not known. */
	assert_int_equal(rep_moment_parse("14:00:01", &m), 0);
	assert_int_equal(rep_moment_in(&m, &info, 7), 1000 + 1000000000);
	info.n_clocks = 0;
	assert_int_equal(rep_moment_in(&m, &info, 7), 7);
	set_zone("UTC", true);
}

static void test_filter__moment_before_the_end(void **state)
{
	assert_int_equal(resolved("10m ago", NOON_UTC, NOON_UTC + HOUR),
			 NOON_UTC + HOUR - HOUR / 6);
	assert_int_equal(resolved("1h30m ago", NOON_UTC, NOON_UTC + HOUR), NOON_UTC - HOUR / 2);
	assert_int_equal(resolved("0 ago", NOON_UTC, NOON_UTC + HOUR), NOON_UTC + HOUR);
}

static void test_filter__seen(void **state)
{
	struct rep_section_info info = {0};
	struct rep_select select = {.uids = {{5}, 1}};
	struct rep_seen seen = {0};
	struct rep_process process = {.uid = 7};
	struct rep_buf buf = {0};

	for (process.uid = 100; process.uid < 100 + REP_SEEN_VALUES; process.uid++) {
		rep_seen_process(&seen, &select, &info, &process, false);
		rep_seen_process(&seen, &select, &info, &process, false);
	}
	assert_int_equal(seen.n_rows, 2 * REP_SEEN_VALUES);
	rep_seen_describe(&seen, &select, &buf);
	rep_buf_char(&buf, '\0');
	assert_string_equal(buf.data, "; uids there: 100, 101, 102, 103, 104, 105");
	rep_seen_process(&seen, &select, &info, &process, false);
	buf.size = 0;
	rep_seen_describe(&seen, &select, &buf);
	rep_buf_char(&buf, '\0');
	assert_string_equal(buf.data, "; uids there: 100, 101, 102, 103, 104, 105, ...");
	rep_buf_release(&buf);
	rep_seen_process(&seen, &select, &info, &process, true);
	assert_int_equal(seen.n_matched, 1);
}

static void test_filter__glob(void **state)
{
	assert_true(rep_glob("sh", str("sh")));
	assert_false(rep_glob("sh", str("bash")));
	assert_true(rep_glob("*sh", str("bash")));
	assert_true(rep_glob("b*h", str("bash")));
	assert_true(rep_glob("?ash", str("bash")));
	assert_false(rep_glob("?ash", str("ash")));
	assert_true(rep_glob("*", str("")));
	assert_false(rep_glob("", str("x")));
	assert_true(rep_glob("*a*b*c", str("xaxbxbc")));
	assert_false(rep_glob("a*b", str("acb_")));
	/* what would take for ever with naive backtracking */
	assert_false(rep_glob("*a*a*a*a*a*a*a*a*b",
			      str("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
}

static void test_filter__window(void **state)
{
	static const struct rep_clock clocks[] = {{1000, 5000}, {2000, 6100}};
	struct rep_section_info info = {.start_ns = 900, .clocks = clocks, .n_clocks = 2};
	struct rep_select select = {.period.from = {.is_given = true, .relative_ns = 100}};
	struct rep_window w = rep_period_window(&select.period, &info);

	assert_int_equal(w.from_ns, 1000);
	assert_int_equal(w.to_ns, UINT64_MAX);
	select.period.from.relative_ns = -5000;
	assert_int_equal(rep_period_window(&select.period, &info).from_ns, 0);
	select.period.from =
		(struct rep_moment){.is_given = true, .is_absolute = true, .epoch_ns = 5500};
	assert_int_equal(rep_period_window(&select.period, &info).from_ns, 1500);
	select.period.from.epoch_ns = 6200; /* behind the second clock: it decides */
	assert_int_equal(rep_period_window(&select.period, &info).from_ns, 2100);
	info.n_clocks = 0;
	assert_int_equal(rep_period_window(&select.period, &info).from_ns, 0);
}

static struct rep_vfork vfork_of(uint64_t start, uint64_t end, enum rep_outcome outcome)
{
	uint64_t blocked = end > start ? end - start : 0;

	return (struct rep_vfork){.episode = {.start_ns = start,
					      .end_ns = end,
					      .blocked_min_ns = blocked,
					      .blocked_max_ns = end ? blocked : UINT64_MAX,
					      .has_blocked = end,
					      .blocked_ns = blocked,
					      .outcome = outcome,
					      .parent = {10, 1},
					      .parent_tid = 11,
					      .child = {20, 2},
					      .child_tid = 20,
					      .child_ns_tgid = 5,
					      .parent_ns_tgid = 6,
					      .has_parent_task = true,
					      .uid = 1000,
					      .child_uid = 1000}};
}

static void test_filter__vfork_overlaps_window(void **state)
{
	struct rep_section_info info = {0};
	struct rep_select select = {.period.from = {.is_given = true, .relative_ns = 100},
				    .period.to = {.is_given = true, .relative_ns = 200}};
	struct rep_vfork vfork = vfork_of(50, 100, REP_OUTCOME_EXEC);

	assert_true(rep_select_vfork(&select, &info, &vfork));
	vfork = vfork_of(50, 99, REP_OUTCOME_EXEC);
	assert_false(rep_select_vfork(&select, &info, &vfork));
	vfork = vfork_of(200, 300, REP_OUTCOME_EXEC);
	assert_true(rep_select_vfork(&select, &info, &vfork));
	vfork.episode.start_ns = 201;
	assert_false(rep_select_vfork(&select, &info, &vfork));
	vfork = vfork_of(10, 0, REP_OUTCOME_OPEN); /* goes on */
	assert_true(rep_select_vfork(&select, &info, &vfork));
}

static void test_filter__vfork_pid_uid(void **state)
{
	static const uint32_t yes[] = {10, 11, 20};
	struct rep_section_info info = {0};
	struct rep_vfork vfork = vfork_of(1, 2, REP_OUTCOME_EXEC);

	for (size_t i = 0; i < 3; i++) {
		struct rep_select select = {.pids = {{yes[i]}, 1}};

		assert_true(rep_select_vfork(&select, &info, &vfork));
		select.uids = (struct rep_numbers){{999}, 1};
		assert_false(rep_select_vfork(&select, &info, &vfork));
		select.uids = (struct rep_numbers){{999, 1000}, 2};
		assert_true(rep_select_vfork(&select, &info, &vfork));
	}
	struct rep_select select = {.pids = {{5}, 1}};

	assert_false(rep_select_vfork(&select, &info, &vfork));
	select.ns = true;
	assert_true(rep_select_vfork(&select, &info, &vfork));
	select.pids.items[0] = 6;
	assert_true(rep_select_vfork(&select, &info, &vfork));
	select.pids.items[0] = 10;
	assert_false(rep_select_vfork(&select, &info, &vfork));
}

static struct rep_str *text(const char *bytes)
{
	struct vft_str copy = str(bytes);

	return rep_str_new(&copy);
}

/* Of the two sides either may be meant. */
static void test_filter__vfork_either_side(void **state)
{
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	struct rep_section_info info = {0};
	struct rep_vfork vfork = vfork_of(1, 2, REP_OUTCOME_EXEC);
	struct rep_select uid = {.uids = {{33}, 1}}, comm = {.comms = {{"(nginx)"}, 1}};
	struct rep_select container = {.containers = {{"bbbb"}, 1}};

	vfork.episode.parent_comm = text("systemd");
	vfork.episode.child_comm = text("systemd");
	vfork.cgroup_str = text("/docker/" ID_A);
	vfork.child_cgroup_str = text("/docker/" ID_A);
	assert_int_equal(rep_select_vfork(&uid, &info, &vfork), REP_MATCH_NO);
	assert_int_equal(rep_select_vfork(&comm, &info, &vfork), REP_MATCH_NO);
	assert_int_equal(rep_select_vfork(&container, &info, &vfork), REP_MATCH_NO);
	rep_str_release(vfork.episode.child_comm);
	vfork.episode.child_comm = text("(nginx)");
	vfork.episode.child_uid = 33;
	rep_str_release(vfork.child_cgroup_str);
	vfork.child_cgroup_str = text("/docker/" ID_B);
	assert_int_equal(rep_select_vfork(&uid, &info, &vfork), REP_MATCH_YES);
	assert_int_equal(rep_select_vfork(&comm, &info, &vfork), REP_MATCH_YES);
	assert_int_equal(rep_select_vfork(&container, &info, &vfork), REP_MATCH_YES);
	container.containers.items[0] = "aaaa";
	assert_int_equal(rep_select_vfork(&container, &info, &vfork), REP_MATCH_YES);
	/* The head of an id, but not of every one. */
	container.containers.items[0] = "";
	assert_int_equal(rep_select_vfork(&container, &info, &vfork), REP_MATCH_NO);
	rep_vfork_release(&vfork);
}

/* A name of more than the kernel's 15 bytes means a process by its first 15, and not by more. */
static void test_filter__long_names(void **state)
{
	struct rep_section_info info = {0};
	struct rep_vfork vfork = vfork_of(1, 2, REP_OUTCOME_EXEC);
	struct rep_select comm = {.comms = {{"0123456789abcdef"}, 1}};

	vfork.episode.child_comm = text("sh");
	vfork.episode.parent_comm = text("0123456789abcde");
	assert_int_equal(rep_select_vfork(&comm, &info, &vfork), REP_MATCH_YES);
	rep_str_release(vfork.episode.parent_comm);
	vfork.episode.parent_comm = text("0123456789abcdeX");
	assert_int_equal(rep_select_vfork(&comm, &info, &vfork), REP_MATCH_NO);
	rep_str_release(vfork.episode.parent_comm);
	vfork.episode.parent_comm = text("0123456789abcd");
	assert_int_equal(rep_select_vfork(&comm, &info, &vfork), REP_MATCH_NO);
	rep_vfork_release(&vfork);
}

/* Both ends of the window belong to it. */
static void test_filter__event_in_window(void **state)
{
	struct rep_select select = {0};
	struct rep_select_events events = {.select = &select};
	struct rep_section_info info = {0};
	struct rep_window window = {100, 200};

	for (uint64_t ns = 99; ns <= 201; ns++) {
		struct vft_event event = {.kind = VFT_KIND_MARK, .time_ns = ns};

		assert_int_equal(rep_select_event(&events, &info, &window, &event),
				 ns >= 100 && ns <= 200);
	}
	rep_select_events_release(&events);
}

/* What is not known of one side may be what is asked for; what is known of it settles it. */
static void test_filter__vfork_not_known(void **state)
{
	struct rep_section_info info = {0};
	struct rep_vfork vfork = vfork_of(1, 2, REP_OUTCOME_EXEC);
	struct rep_select uid = {.uids = {{33}, 1}}, comm = {.comms = {{"sh"}, 1}};
	struct rep_select exe = {.exes = {{"cc1"}, 1}}, container = {.containers = {{"b"}, 1}};
	struct rep_select both = {.uids = {{33}, 1}, .pids = {{999}, 1}};

	vfork.episode.has_parent_task = false;
	assert_int_equal(rep_select_vfork(&uid, &info, &vfork), REP_MATCH_MAYBE);
	assert_int_equal(rep_select_vfork(&comm, &info, &vfork), REP_MATCH_MAYBE);
	assert_int_equal(rep_select_vfork(&exe, &info, &vfork), REP_MATCH_MAYBE);
	assert_int_equal(rep_select_vfork(&container, &info, &vfork), REP_MATCH_MAYBE);
	assert_int_equal(rep_select_vfork(&both, &info, &vfork), REP_MATCH_NO);
	vfork.episode.child_uid = 33;
	assert_int_equal(rep_select_vfork(&uid, &info, &vfork), REP_MATCH_YES);
	vfork.cgroup_str = vfork.child_cgroup_str = text("/user.slice");
	assert_int_equal(rep_select_vfork(&container, &info, &vfork), REP_MATCH_NO);
	rep_str_release(vfork.cgroup_str);
}

static void test_filter__vfork_end_not_known(void **state)
{
	struct rep_section_info info = {0};
	struct rep_select select = {.period.from = {.is_given = true, .relative_ns = 100}};
	struct rep_vfork vfork = vfork_of(50, 0, REP_OUTCOME_UNKNOWN);

	assert_int_equal(rep_select_vfork(&select, &info, &vfork), REP_MATCH_MAYBE);
	vfork.episode.blocked_min_ns = 50;
	assert_int_equal(rep_select_vfork(&select, &info, &vfork), REP_MATCH_YES);
	vfork.episode.blocked_min_ns = 10;
	vfork.episode.blocked_max_ns = 49;
	assert_int_equal(rep_select_vfork(&select, &info, &vfork), REP_MATCH_NO);
	vfork.episode.blocked_max_ns = 50;
	assert_int_equal(rep_select_vfork(&select, &info, &vfork), REP_MATCH_MAYBE);
}

static void test_filter__min(void **state)
{
	struct rep_episode e = {
		.outcome = REP_OUTCOME_UNKNOWN, .blocked_min_ns = 10, .blocked_max_ns = UINT64_MAX};

	assert_int_equal(rep_match_min(&e, 10), REP_MATCH_YES);
	assert_int_equal(rep_match_min(&e, 11), REP_MATCH_MAYBE);
	e.blocked_max_ns = 20;
	assert_int_equal(rep_match_min(&e, 20), REP_MATCH_MAYBE);
	assert_int_equal(rep_match_min(&e, 21), REP_MATCH_NO);
	/* An open one is asked for the time so far. */
	e = (struct rep_episode){.outcome = REP_OUTCOME_OPEN,
				 .has_blocked = true,
				 .blocked_ns = 30,
				 .blocked_max_ns = UINT64_MAX};
	assert_int_equal(rep_match_min(&e, 30), REP_MATCH_YES);
	assert_int_equal(rep_match_min(&e, 31), REP_MATCH_NO);
	e.has_blocked = false;
	assert_int_equal(rep_match_min(&e, 31), REP_MATCH_MAYBE);
}

/* A process that runs what is wanted, and one that does not, through their lives. */
static void test_filter__events_follow_the_file(void **state)
{
	static const struct vft_str wanted = {"/usr/bin/cc1", 12}, other = {"/bin/sh", 7};
	const struct vft_task parent = {.tgid = 1, .tid = 1, .start_ns = 5};
	const struct vft_task child = {.tgid = 2, .tid = 2, .start_ns = 6};
	struct vft_event exec = {.kind = VFT_KIND_EXEC, .task = &parent, .exec = {.path = &wanted}};
	struct vft_event spawn = {
		.kind = VFT_KIND_SPAWN, .task = &parent, .spawn = {.child = &child}};
	struct vft_event leave = {.kind = VFT_KIND_EXEC, .task = &child, .exec = {.path = &other}};
	struct vft_event exit = {.kind = VFT_KIND_EXIT, .task = &parent, .flags = VFT_EXIT_PROCESS};
	struct vft_event release = {.kind = VFT_KIND_RELEASE, .task = &child};
	struct rep_select select = {.exes = {{"cc1"}, 1}};
	struct rep_select_events events = {.select = &select};
	struct rep_section_info info = {0};
	struct rep_window all = {0, UINT64_MAX};

	assert_int_equal(rep_select_event(&events, &info, &all, &spawn), 0);
	assert_int_equal(rep_select_event(&events, &info, &all, &exec), 1);
	assert_int_equal(rep_select_event(&events, &info, &all, &spawn), 1);
	assert_int_equal(rep_select_event(&events, &info, &all, &release), 1); /* inherited */
	assert_int_equal(rep_select_event(&events, &info, &all, &leave), 1);   /* its last act */
	assert_int_equal(rep_select_event(&events, &info, &all, &release), 0);
	assert_int_equal(rep_select_event(&events, &info, &all, &exit), 1);
	assert_int_equal(rep_select_event(&events, &info, &all, &spawn), 0);
	rep_select_events_release(&events);
}

/* What a file is called by says nothing where the file itself is known. */
static void test_filter__exec_file_before_words(void **state)
{
	static const struct vft_str wanted = {"/usr/bin/cc1", 12}, words = {"./link", 6};
	static const struct vft_str parent = {"/usr/bin/make", 13};
	const struct vft_task task = {.tgid = 1, .tid = 1, .start_ns = 5};
	struct vft_event exec = {.kind = VFT_KIND_EXEC, .task = &task, .exec = {.path = &words}};
	struct rep_select by_file = {.exes = {{"cc1"}, 1}}, by_words = {.exes = {{"link"}, 1}};
	struct rep_select_events file_events = {.select = &by_file},
				 words_events = {.select = &by_words};
	struct rep_section_info info = {0};
	struct rep_window all = {0, UINT64_MAX};
	struct rep_vfork vfork = {
		.episode = {.exec_path = rep_str_new(&words), .parent_exe = rep_str_new(&parent)}};

	(void)state;
	assert_int_equal(rep_select_event(&file_events, &info, &all, &exec), 0);
	assert_int_equal(rep_select_event(&words_events, &info, &all, &exec), 1);
	assert_true(rep_select_vfork(&by_words, &info, &vfork));
	assert_false(rep_select_vfork(&by_file, &info, &vfork));
	exec.exec.exe = &wanted;
	vfork.episode.exec_exe = rep_str_new(&wanted);
	assert_int_equal(rep_select_event(&file_events, &info, &all, &exec), 1);
	assert_int_equal(rep_select_event(&words_events, &info, &all, &exec), 1); /* its last act */
	assert_int_equal(rep_select_event(&words_events, &info, &all, &exec), 0);
	assert_true(rep_select_vfork(&by_file, &info, &vfork));
	assert_false(rep_select_vfork(&by_words, &info, &vfork));
	rep_str_release(vfork.episode.exec_path);
	rep_str_release(vfork.episode.exec_exe);
	rep_str_release(vfork.episode.parent_exe);
	rep_select_events_release(&file_events);
	rep_select_events_release(&words_events);
}

static void test_filter__events_memory_follows_the_living(void **state)
{
	static const struct vft_str wanted = {"/usr/bin/cc1", 12};
	struct rep_select select = {.exes = {{"cc1"}, 1}};
	struct rep_select_events events = {.select = &select};
	struct rep_section_info info = {0};
	struct rep_window all = {0, UINT64_MAX};

	for (uint32_t pid = 1; pid <= 100000; pid++) {
		const struct vft_task task = {.tgid = pid, .tid = pid, .start_ns = pid};
		struct vft_event exec = {
			.kind = VFT_KIND_EXEC, .task = &task, .exec = {.path = &wanted}};
		struct vft_event exit = {
			.kind = VFT_KIND_EXIT, .task = &task, .flags = VFT_EXIT_PROCESS};

		assert_int_equal(rep_select_event(&events, &info, &all, &exec), 1);
		assert_int_equal(rep_select_event(&events, &info, &all, &exit), 1);
	}
	assert_in_range(events.n_slots, 1, 1024);
	rep_select_events_release(&events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter__moment_relative),
		cmocka_unit_test(test_filter__moment_absolute),
		cmocka_unit_test(test_filter__moment_refuses),
		cmocka_unit_test(test_filter__moment_local),
		cmocka_unit_test(test_filter__moment_of_the_traces_day),
		cmocka_unit_test(test_filter__moment_before_the_end),
		cmocka_unit_test(test_filter__seen),
		cmocka_unit_test(test_filter__glob),
		cmocka_unit_test(test_filter__window),
		cmocka_unit_test(test_filter__vfork_overlaps_window),
		cmocka_unit_test(test_filter__vfork_pid_uid),
		cmocka_unit_test(test_filter__vfork_either_side),
		cmocka_unit_test(test_filter__vfork_not_known),
		cmocka_unit_test(test_filter__long_names),
		cmocka_unit_test(test_filter__event_in_window),
		cmocka_unit_test(test_filter__vfork_end_not_known),
		cmocka_unit_test(test_filter__min),
		cmocka_unit_test(test_filter__events_follow_the_file),
		cmocka_unit_test(test_filter__exec_file_before_words),
		cmocka_unit_test(test_filter__events_memory_follows_the_living),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
