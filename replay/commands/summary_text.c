/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/commands/summary_text.h"

#include <stdio.h>
#include <string.h>

#include "replay/base/saturate.h"
#include "replay/base/zone.h"
#include "replay/print/escape.h"

#define MAX_NOTES       4u /* on one line */
#define BAR_COLUMNS     40u
#define COMMAND_COLUMNS 60u
#define FROZEN_COLUMNS  160u /* the path of a container's cgroup is long */

static void number(struct rep_out *out, enum rep_style style, uint64_t value)
{
	rep_line_cell(out, style, REP_CELL_UINT, REP_UINT(value));
}

static void duration(struct rep_out *out, enum rep_style style, uint64_t ns)
{
	rep_line_cell(out, style, REP_CELL_DURATION, REP_UINT(ns));
}

static void plural(struct rep_out *out, enum rep_style style, uint64_t n, const char *one,
		   const char *many)
{
	number(out, style, n);
	rep_line_word(out, style, n == 1 ? one : many);
}

/* comm[pid]; the pid alone where the name is not known */
static void who(struct rep_out *out, enum rep_style style, struct rep_str *comm, uint32_t pid)
{
	struct vft_str name = rep_str_get(comm);

	rep_line_bytes(out, style, name.data ? name : (struct vft_str){"?", 1}, 32);
	rep_line_word(out, style, "[");
	if (pid)
		number(out, style, pid);
	else
		rep_line_word(out, style, "?");
	rep_line_word(out, style, "]");
}

/* A process, and where the thread is not its leader, that as such: "java[123] thread 456" */
static void who_thread(struct rep_out *out, enum rep_style style, struct rep_str *comm,
		       uint32_t pid, uint32_t tid)
{
	who(out, style, comm, pid ? pid : tid);
	if (!pid || !tid || tid == pid)
		return;
	rep_line_word(out, style, " thread ");
	number(out, style, tid);
}

static void who_waits(struct rep_out *out, enum rep_style style, const struct rep_episode *e)
{
	who_thread(out, style, e->leader_comm ? e->leader_comm : e->parent_comm, e->parent.tgid,
		   e->parent_tid);
}

static void who_holds(struct rep_out *out, enum rep_style style, const struct rep_episode *e)
{
	who_thread(out, style, e->child_comm, e->child.tgid, e->child_tid);
}

/* "stopped", "frozen with cgroup /docker/1f2e": that one's, or what is above it, has to be thawed
 */
static void state_word(struct rep_out *out, enum rep_style style, uint32_t state,
		       struct vft_str cgroup)
{
	rep_line_word(out, style, vft_state_name(state));
	if (state != VFT_STATE_FROZEN || !cgroup.data)
		return;
	rep_line_word(out, style, " with cgroup ");
	rep_line_bytes(out, style, cgroup, FROZEN_COLUMNS);
}

static void state_of(struct rep_out *out, enum rep_style style, uint32_t state,
		     struct vft_str cgroup)
{
	if (!vft_state_name(state) || state == VFT_STATE_UNKNOWN)
		return;
	rep_line_word(out, style, " (");
	state_word(out, style, state, cgroup);
	rep_line_word(out, style, ")");
}

static struct vft_str last_component(struct vft_str path)
{
	uint32_t from = path.size;

	while (from && path.data[from - 1] != '/')
		from--;
	if (!path.data)
		return path;
	return (struct vft_str){path.data + from, path.size - from};
}

static bool is_same(struct vft_str a, struct vft_str b)
{
	return a.size == b.size && a.size && memcmp(a.data, b.data, a.size) == 0;
}

/* More than the program's own name, which comm is. */
static bool says_more(struct vft_str argv, struct vft_str comm)
{
	struct vft_str first, next;
	size_t at = 0;

	return rep_argv_next(argv, &at, &first) &&
	       (rep_argv_next(argv, &at, &next) || !is_same(last_component(first), comm));
}

/* The unit of systemd that a cgroup is: "nginx.service"; empty for others. */
static struct vft_str unit_of(struct vft_str cgroup)
{
	static const char suffix[] = ".service";
	struct vft_str name = last_component(cgroup);
	size_t n = sizeof(suffix) - 1;

	if (name.size <= n || memcmp(name.data + name.size - n, suffix, n) != 0)
		return (struct vft_str){0};
	return name;
}

/* " (python3 /srv/app.py)": who that is, where the name does not say it. */
static void what_waits(struct rep_out *out, enum rep_style style, const struct rep_vfork *vfork)
{
	struct vft_str argv = rep_str_get(vfork->parent_argv),
		       unit = unit_of(rep_str_get(vfork->cgroup_str));
	struct rep_cell cell = REP_BYTES(argv);
	struct rep_buf text = {.ascii_only = out->buf.ascii_only};
	size_t n;

	if (says_more(argv, rep_str_get(vfork->episode.parent_comm)))
		rep_cell_text(&text, REP_CELL_ARGV, &cell, out->options.utf8);
	else if (unit.size)
		rep_escape_text(&text, unit);
	if (text.size && !text.failed) {
		n = rep_utf8_fit(text.data, text.size, COMMAND_COLUMNS);
		if (n < text.size) {
			text.size = n;
			rep_buf_text(&text, "...");
		}
		rep_buf_text(&text, ")");
		rep_buf_char(&text, '\0');
		rep_line_word(out, style, " (");
		rep_line_word(out, style, text.failed ? "" : text.data);
	}
	out->buf.failed |= text.failed;
	rep_buf_release(&text);
}

/* "sh[123] has been held 12.3s by child foo[456] (stopped)" */
static void held_by(struct rep_out *out, enum rep_style style, const struct rep_vfork *vfork)
{
	const struct rep_episode *e = &vfork->episode;

	who_waits(out, style, e);
	what_waits(out, style, vfork);
	if (e->outcome == REP_OUTCOME_OPEN) {
		rep_line_word(out, style, " has been held ");
		duration(out, style, e->blocked_ns);
	} else {
		rep_line_word(out, style, " was held");
		if (e->blocked_min_ns) {
			rep_line_word(out, style, " at least ");
			duration(out, style, e->blocked_min_ns);
		}
	}
	rep_line_word(out, style, " by child ");
	who_holds(out, style, e);
	/* Its own state is that it waits; the state that matters is the holder's. */
	if (!e->n_inside) {
		state_of(out, style, e->child_state, rep_str_get(vfork->child_cgroup_str));
		return;
	}
	rep_line_word(out, style, ", which waits for it");
	if (e->n_inside > 1) {
		rep_line_word(out, style, " through ");
		number(out, style, e->n_inside - 1);
		rep_line_word(out, style, " more");
	}
}

/* A verdict under loss names the loss in the same breath. */
static void what_is_missing(struct rep_out *out, const struct rep_facts *facts)
{
	if (!rep_facts_are_incomplete(facts))
		return;
	rep_line_word(out, REP_WARN, "; ");
	if (facts->n_lost)
		plural(out, REP_WARN, facts->n_lost, " event was lost", " events were lost");
	else if (facts->n_gaps || facts->n_missing_blocks)
		rep_line_word(out, REP_WARN, "a part of the file is missing");
	else
		rep_line_word(out, REP_WARN, "events were lost");
}

/* Who was held before the recording, and outside of what was listed, is not known. */
static void who_was_not_listed(struct rep_out *out, const struct rep_facts *facts)
{
	rep_line_word(out, REP_WARN,
		      "Not known whether a vfork is stuck: what ran before was listed "
		      "only in pid namespace ");
	number(out, REP_WARN, facts->list_pidns);
	rep_line_word(out, REP_WARN, "; ");
}

/* Of @n vforks the longest is @vfork: it, and who holds it and how many more in the end. */
static void longest(struct rep_out *out, enum rep_style style, uint64_t n,
		    const struct rep_vfork *vfork)
{
	const struct rep_episode *e = &vfork->episode;

	if (!e->n_inside) {
		rep_line_word(out, style, n == 1 ? ": " : "; longest: ");
	} else {
		if (n > e->chain->n_waits) {
			rep_line_word(out, style, ", ");
			number(out, style, e->chain->n_waits);
			rep_line_word(out, style, " of them");
		}
		rep_line_word(out, style, " behind ");
		who_thread(out, style, e->chain->holder_comm, e->chain->holder.tgid,
			   e->chain->holder_tid);
		state_of(out, style, e->chain->holder_state, (struct vft_str){0});
		rep_line_word(out, style, ": ");
	}
	held_by(out, style, vfork);
}

static void health_open(const struct rep_summary *s)
{
	struct rep_out *out = s->run->out;
	uint64_t n_open = s->outcomes[REP_OUTCOME_OPEN], n = s->n_stuck ? s->n_stuck : n_open;
	enum rep_style style = s->n_stuck ? REP_BAD : REP_WARN;

	plural(out, style, n, " vfork ", " vforks ");
	if (s->n_stuck)
		rep_line_word(out, style, n == 1 ? "is stuck" : "are stuck");
	else
		rep_line_word(out, style,
			      n == 1 ? "was still open when the trace ended"
				     : "were still open when the trace ended");
	longest(out, style, n, &s->open.rows[0]);
	if (s->n_may_be_stuck) {
		rep_line_word(out, REP_WARN, "; ");
		number(out, REP_WARN, s->n_may_be_stuck);
		rep_line_word(out, REP_WARN, " more may be");
	}
	what_is_missing(out, &s->run->facts);
	rep_line_end(out);
}

/* What could tell that they are not is missing. */
static void health_maybe(const struct rep_summary *s)
{
	struct rep_out *out = s->run->out;

	plural(out, REP_WARN, s->n_may_be_stuck, " vfork may be stuck", " vforks may be stuck");
	longest(out, REP_WARN, s->n_may_be_stuck, &s->may_be_open.rows[0]);
	what_is_missing(out, &s->run->facts);
	rep_line_end(out);
}

void rep_summary_health(const struct rep_summary *s)
{
	struct rep_out *out = s->run->out;
	const struct rep_facts *facts = &s->run->facts;
	uint64_t n_unknown = s->outcomes[REP_OUTCOME_UNKNOWN];
	bool hidden = rep_facts_are_incomplete(facts);

	if (s->open.n_rows) {
		health_open(s);
		return;
	}
	if (facts->list_is_partial)
		who_was_not_listed(out, facts);
	if (s->n_may_be_stuck) {
		health_maybe(s);
		return;
	}
	if (n_unknown) {
		rep_line_word(out, REP_WARN,
			      facts->list_is_partial
				      ? "the end of "
				      : "No vfork is known to be stuck, but the end of ");
		number(out, REP_WARN, n_unknown);
		rep_line_word(out, REP_WARN, " is unknown");
	} else if (!s->n_episodes) {
		rep_line_word(out, hidden ? REP_WARN : REP_PLAIN,
			      facts->list_is_partial ? "none was seen" : "No vfork was seen");
	} else {
		enum rep_style style = hidden || facts->list_is_partial ? REP_WARN : REP_GOOD;

		if (!facts->list_is_partial)
			rep_line_word(out, style,
				      hidden ? "No vfork is known to be stuck: "
					     : "No vfork is stuck: ");
		if (s->n_episodes == 1)
			rep_line_word(out, style, "the only one ended");
		else
			plural(out, style, s->n_episodes, "", " ended");
		if (s->latency.n) {
			rep_line_word(out, style, ", the longest wait was ");
			duration(out, style, s->latency.max_ns);
		}
	}
	if (!rep_select_is_empty(&s->run->options->select))
		rep_line_word(out, REP_PLAIN, " in this selection");
	what_is_missing(out, facts);
	rep_line_end(out);
}

/* Up to two lines, only when there is something to say. */
static void losses(const struct rep_summary *s)
{
	struct rep_out *out = s->run->out;
	const struct rep_facts *facts = &s->run->facts;

	if (rep_facts_are_incomplete(facts)) {
		const char *between = "";

		rep_line_word(out, REP_WARN, "Incomplete: ");
		if (facts->n_lost) {
			plural(out, REP_WARN, facts->n_lost, " event lost", " events lost");
			between = ", ";
		} else if (!facts->n_gaps && !facts->n_missing_blocks) {
			rep_line_word(out, REP_WARN, "some events lost");
		}
		if (facts->n_missing_blocks) {
			rep_line_word(out, REP_WARN, between);
			plural(out, REP_WARN, facts->n_missing_blocks, " block missing",
			       " blocks missing");
			between = ", ";
		}
		if (facts->gap_bytes) {
			rep_line_word(out, REP_WARN, between);
			number(out, REP_WARN, facts->gap_bytes);
			rep_line_word(out, REP_WARN, " bytes of the file damaged");
		} else if (facts->n_gaps && !facts->n_missing_blocks) {
			rep_line_word(out, REP_WARN, between);
			rep_line_word(out, REP_WARN, "rows of the file missing");
		}
		rep_line_word(out, REP_WARN, "; what that could hide is called unknown");
		rep_line_end(out);
	}
	if (!facts->clean_end) {
		rep_line_word(out, REP_WARN, "Not closed cleanly: nothing is known after ");
		duration(out, REP_WARN, facts->duration_ns);
		rep_line_end(out);
	}
}

static bool is_same_day(const struct rep_civil *a, const struct rep_civil *b)
{
	return a->day == b->day && a->month == b->month && a->year == b->year;
}

/* To the second, so that it can be read aloud. */
static void date(struct rep_out *out, enum rep_style style, const struct rep_civil *at)
{
	char text[96];

	snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d", at->year, at->month, at->day,
		 at->hour, at->minute, at->second);
	rep_line_word(out, style, text);
}

/* The time alone on the day on which the trace starts. */
static void time_of_day(const struct rep_summary *s, uint64_t epoch_ns)
{
	struct rep_out *out = s->run->out;
	struct rep_civil at, start;
	char text[48];

	rep_zone_split(epoch_ns, &at);
	rep_zone_split(s->run->facts.start_epoch_ns, &start);
	if (!is_same_day(&at, &start)) {
		date(out, REP_PLAIN, &at);
		return;
	}
	snprintf(text, sizeof(text), "%02d:%02d:%02d", at.hour, at.minute, at.second);
	rep_line_word(out, REP_PLAIN, text);
}

static void start_of(struct rep_out *out, uint64_t epoch_ns)
{
	char zone[REP_ZONE_NAME];
	struct rep_civil at;

	rep_zone_split(epoch_ns, &at);
	rep_zone_name(at.offset_s, zone);
	date(out, REP_DIM, &at);
	rep_line_word(out, REP_DIM, " ");
	rep_line_word(out, REP_DIM, zone);
}

/* What the user noted, "KEY=VALUE" each; all of it is in info. */
static void notes_line(struct rep_out *out, struct vft_str notes)
{
	const char *at = notes.data, *end = at + notes.size;

	if (!notes.size)
		return;
	rep_line_word(out, REP_DIM, "Noted");
	for (unsigned int n = 0; at < end; n++) {
		size_t size = strnlen(at, (size_t)(end - at));

		if (n == MAX_NOTES) {
			rep_line_word(out, REP_DIM, " and more");
			break;
		}
		rep_line_word(out, REP_PLAIN, n ? ", " : " ");
		rep_line_bytes(out, REP_PLAIN, (struct vft_str){at, (uint32_t)size}, 60);
		at += size + 1;
	}
	rep_line_end(out);
}

static void trace_line(const struct rep_summary *s)
{
	struct rep_out *out = s->run->out;
	const struct rep_facts *facts = &s->run->facts;
	struct vft_str host = rep_str_get(facts->host), kernel = rep_str_get(facts->kernel);

	rep_line_word(out, REP_DIM, "Trace");
	if (host.size) {
		rep_line_word(out, REP_DIM, " of ");
		rep_line_bytes(out, REP_DIM, host, 32);
	}
	if (kernel.size) {
		rep_line_word(out, REP_DIM, ", Linux ");
		rep_line_bytes(out, REP_DIM, kernel, 32);
	}
	if (facts->has_start) {
		rep_line_word(out, REP_DIM, ", from ");
		start_of(out, facts->start_epoch_ns);
	}
	rep_line_word(out, REP_DIM, " for ");
	duration(out, REP_DIM, facts->duration_ns);
	rep_line_word(out, REP_DIM, ": ");
	plural(out, REP_DIM, facts->n_events, " event, ", " events, ");
	plural(out, REP_DIM, s->n_processes, " process", " processes");
	if (s->n_never_execed) {
		rep_line_word(out, REP_PLAIN, ", ");
		plural(out, REP_PLAIN, s->n_never_execed,
		       " of them forked and not seen to exec or exit",
		       " of them forked and not seen to exec or exit");
	}
	rep_line_end(out);
	notes_line(out, rep_str_get(facts->notes));
	if (rep_str_get(facts->filters).size) {
		rep_line_word(out, REP_WARN, "Recorded with filters: ");
		rep_line_bytes(out, REP_WARN, rep_str_get(facts->filters), 100);
		rep_line_end(out);
	}
}

static enum rep_style outcome_style(unsigned int outcome)
{
	if (outcome == REP_OUTCOME_OPEN)
		return REP_BAD;
	return outcome == REP_OUTCOME_EXEC || outcome == REP_OUTCOME_EXIT ? REP_PLAIN : REP_WARN;
}

/* Under loss what was not seen may have been any of them. */
static void outcomes(const struct rep_summary *s)
{
	struct rep_out *out = s->run->out;
	const struct rep_facts *facts = &s->run->facts;
	const char *between = " ";

	if (!s->n_episodes)
		return;
	rep_line_word(out, REP_BOLD, "Outcomes");
	for (unsigned int i = 0; i < REP_N_OUTCOMES; i++) {
		uint64_t n = s->outcomes[i];

		if (!n)
			continue;
		rep_line_word(out, REP_PLAIN, between);
		rep_line_word(out, outcome_style(i), rep_words_outcome[i]);
		rep_line_word(out, outcome_style(i), " ");
		number(out, outcome_style(i), n);
		if (facts->n_lost && i != REP_OUTCOME_UNKNOWN) {
			rep_line_word(out, REP_PLAIN, "..");
			number(out, REP_PLAIN, rep_add(n, facts->n_lost));
		} else if (facts->n_gaps || facts->n_missing_blocks) {
			rep_line_word(out, REP_PLAIN, "+");
		}
		between = ", ";
	}
	if (s->n_maybe_selected) {
		rep_line_word(out, REP_WARN, "; ");
		number(out, REP_WARN, s->n_maybe_selected);
		rep_line_word(out, REP_WARN, " of them may not be of this selection");
	}
	rep_line_end(out);
}

static struct rep_cell held_cell(const struct rep_episode *e)
{
	struct rep_cell cell = e->has_blocked ? REP_UINT(e->blocked_ns) : REP_NULL;

	cell.is_at_least = !e->has_blocked && e->blocked_min_ns;
	if (cell.is_at_least)
		cell.u = e->blocked_min_ns;
	return cell;
}

/* "  12.3s  sh[123] by foo[456]  open, stopped  at 14:05:30, 1.234567  file a.vft  /bin/x" */
static void vfork_line(const struct rep_summary *s, const struct rep_vfork *vfork)
{
	struct rep_out *out = s->run->out;
	const struct rep_episode *e = &vfork->episode;
	struct vft_str from;
	const char *note = rep_origin_note(vfork->origin, s->first, &from);
	char name[REP_NAME_SIZE];

	rep_line_padded(out, outcome_style(e->outcome), REP_CELL_DURATION, held_cell(e), 9, true);
	rep_line_word(out, REP_PLAIN, "  ");
	who_waits(out, REP_PLAIN, e);
	rep_line_word(out, REP_PLAIN, " by ");
	who_holds(out, REP_PLAIN, e);
	rep_line_word(out, REP_PLAIN, "  ");
	rep_line_word(out, outcome_style(e->outcome), rep_outcome_name(e->outcome));
	if ((e->outcome == REP_OUTCOME_OPEN || e->may_be_open) &&
	    e->child_state != VFT_STATE_UNKNOWN && vft_state_name(e->child_state)) {
		rep_line_word(out, REP_PLAIN, ", ");
		state_word(out, REP_PLAIN, e->child_state, rep_str_get(vfork->child_cgroup_str));
	}
	if (e->has_exit && e->exit_signal) {
		rep_line_word(out, REP_PLAIN, " ");
		rep_line_word(out, REP_PLAIN, rep_signal_name(e->exit_signal, name));
	} else if (e->exec_error) {
		rep_line_word(out, REP_PLAIN, " ");
		rep_line_word(out, REP_PLAIN, rep_errno_name(e->exec_error, name));
	} else if (e->has_exit) {
		rep_line_word(out, REP_PLAIN, " code ");
		number(out, REP_PLAIN, e->exit_code);
	}
	rep_line_word(out, REP_PLAIN, "  at ");
	if (vfork->has_time) {
		time_of_day(s, vfork->time_ns);
		rep_line_word(out, REP_PLAIN, ", ");
	}
	rep_line_cell(out, REP_PLAIN, REP_CELL_OFFSET, REP_INT(rep_vfork_start(vfork)));
	if (note) {
		rep_line_word(out, REP_PLAIN, "  ");
		rep_line_word(out, REP_PLAIN, note);
		rep_line_word(out, REP_PLAIN, " ");
		rep_line_bytes(out, REP_PLAIN, from, 32);
	}
	if (rep_episode_n_behind(e)) {
		rep_line_word(out, REP_BAD, "  and ");
		number(out, REP_BAD, rep_episode_n_behind(e));
		rep_line_word(out, REP_BAD, " more behind it");
	}
	if (rep_str_get(e->exec_path).data) {
		rep_line_word(out, REP_PLAIN, "  ");
		rep_line_bytes(out, REP_PLAIN, rep_str_get(e->exec_path), 48);
	}
	rep_line_end(out);
}

/* At most @most lines; how many vforks they tell of: under a selection each has its own. */
static uint64_t vfork_lines(const struct rep_summary *s, const struct rep_top *top, size_t most)
{
	bool by_chain = rep_select_is_empty(&s->run->options->select);
	uint64_t n_told = 0;

	for (size_t i = 0; i < top->n_rows && i < most; i++) {
		vfork_line(s, &top->rows[i]);
		n_told += 1 + (by_chain ? rep_episode_n_behind(&top->rows[i].episode) : 0);
	}
	return n_told;
}

/* Those that are open or may be: five lines at most. */
static void open_lines(const struct rep_summary *s)
{
	struct rep_out *out = s->run->out;
	uint64_t n_all = s->outcomes[REP_OUTCOME_OPEN] + s->n_may_be_open, n_told;
	size_t n_open = s->holders.n_rows;

	if (!n_open && !s->may_be_open.n_rows)
		return;
	rep_line_word(out, REP_BOLD, n_open ? "Open" : "May be open");
	rep_line_end(out);
	n_told = vfork_lines(s, &s->holders, REP_SUMMARY_OPEN);
	if (n_open < REP_SUMMARY_OPEN)
		n_told += vfork_lines(s, &s->may_be_open, REP_SUMMARY_OPEN - n_open);
	if (n_all <= n_told)
		return;
	rep_line_word(out, REP_DIM, "           and ");
	number(out, REP_DIM, n_all - n_told);
	rep_line_word(out, REP_DIM, " more: 'vfork-report vforks --outcome open");
	rep_line_word(out, REP_DIM, s->n_may_be_open ? ",unknown'" : "'");
	rep_line_end(out);
}

static void ended_lines(const struct rep_summary *s, size_t most)
{
	struct rep_out *out = s->run->out;

	if (!s->ended.n_rows)
		return;
	rep_line_word(out, REP_BOLD,
		      s->open.n_rows || s->may_be_open.n_rows ? "Held longest, ended"
							      : "Held longest");
	rep_line_end(out);
	(void)vfork_lines(s, &s->ended, most);
}

static void bar(struct rep_out *out, uint64_t n, uint64_t most)
{
	const char *block = out->options.utf8 ? "\xe2\x96\x88" : "#";
	/* In double: counts times columns may pass 64 bits. */
	unsigned int columns = (unsigned int)((double)n / (double)most * BAR_COLUMNS);

	if (n && !columns)
		columns = 1;
	for (unsigned int i = 0; i < columns; i++)
		rep_line_word(out, REP_PLAIN, block);
}

static void latency(const struct rep_summary *s)
{
	static const char *const names[REP_N_DECADES] = {"< 10us",  "< 100us", "< 1ms", "< 10ms",
							 "< 100ms", "< 1s",    "< 10s", ">= 10s"};
	static const unsigned int percents[] = {50, 90, 99};
	struct rep_out *out = s->run->out;
	const struct rep_latency *l = &s->latency;
	unsigned int first = REP_N_DECADES, last = 0;
	uint64_t most = 0;

	if (!l->n)
		return;
	rep_line_word(out, REP_BOLD, "Parents were held");
	for (unsigned int i = 0; i < 3; i++) {
		rep_line_word(out, REP_PLAIN, i ? ", p" : " p");
		number(out, REP_PLAIN, percents[i]);
		rep_line_word(out, REP_PLAIN, " ");
		duration(out, REP_PLAIN, rep_latency_percentile(l, percents[i]));
	}
	rep_line_word(out, REP_PLAIN, ", max ");
	duration(out, REP_PLAIN, l->max_ns);
	rep_line_word(out, REP_PLAIN, ", total ");
	duration(out, REP_PLAIN, l->total_ns);
	rep_line_end(out);
	for (unsigned int i = 0; i < REP_N_DECADES; i++) {
		if (!l->decades[i])
			continue;
		first = first < i ? first : i;
		last = i;
		most = most > l->decades[i] ? most : l->decades[i];
	}
	for (unsigned int i = first; i <= last; i++) {
		rep_line_padded(out, REP_PLAIN, REP_CELL_WORD, REP_WORD(names[i]), 9, true);
		rep_line_padded(out, REP_PLAIN, REP_CELL_UINT, REP_UINT(l->decades[i]), 9, true);
		rep_line_word(out, REP_PLAIN, "  ");
		bar(out, l->decades[i], most);
		rep_line_end(out);
	}
}

/* Unless it is out already, word for word. Another one says that it takes that one's place: then
 * there is a line more, and true is returned. */
static bool first_line(const struct rep_summary *s)
{
	struct rep_out *out = s->run->out;
	size_t at = out->buf.size;
	bool same;

	rep_summary_health(s);
	if (!s->told.size || out->buf.failed)
		return false;
	same = out->buf.size - at == s->told.size &&
	       memcmp(out->buf.data + at, s->told.data, s->told.size) == 0;
	out->buf.size = at;
	out->styled = 0;
	if (same)
		return false;
	rep_line_word(out, REP_WARN, "Corrected: ");
	rep_summary_health(s);
	return true;
}

int rep_summary_text(const struct rep_summary *s)
{
	struct rep_out *out = s->run->out;
	size_t n_more = first_line(s);

	/* 1 + 2 + 2 + 1 + (1 + 3 + 1) + (1 + 4) + (1 + 8): 25 lines at most. */
	losses(s);
	trace_line(s);
	outcomes(s);
	open_lines(s);
	ended_lines(s, REP_SUMMARY_ENDED - n_more);
	latency(s);
	return rep_out_drain(out);
}
