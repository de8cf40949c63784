/* SPDX-License-Identifier: BSD-2-Clause */
#include "sample.h"

#include "replay/source/trace.h"
#include "../unit/script.h"
#include "format/block/meta.h"

static int on_block(void *context, const struct rep_section_info *info, struct rep_block *block,
		    uint64_t kinds)
{
	const struct vft_batch *batch = &block->batch;
	struct view *view = context;

	if (view->n_events + batch->n_events > view->capacity) {
		view->capacity = 2 * (view->n_events + batch->n_events);
		view->events = realloc(view->events, view->capacity * sizeof(*view->events));
		assert_non_null(view->events);
	}
	for (size_t i = 0; i < batch->n_events; i++)
		view->events[view->n_events++] = event_hash(&batch->events[i]);
	return 0;
}

static int on_episode(void *context, const struct rep_episode *episode)
{
	struct view *view = context;

	assert_true(view->n_told < MAX_TOLD);
	view->told[view->n_told++] = (struct told){.child_tid = episode->child_tid,
						   .outcome = episode->outcome,
						   .certain = episode->certain,
						   .has_exit = episode->has_exit,
						   .exit_code = episode->exit_code,
						   .exit_signal = episode->exit_signal,
						   .exec_error = episode->exec_error};
	return 0;
}

struct view view_of(const void *data, size_t size)
{
	static const struct rep_trace_ops ops = {.model = {.on_episode = on_episode},
						 .on_block = on_block};
	struct view view = {.told = malloc(MAX_TOLD * sizeof(*view.told))};
	struct rep_trace_total total;
	struct vft_source *source;

	assert_non_null(view.told);
	assert_int_equal(vft_source_open_memory(data, size, &source, NULL), 0);
	view.error = rep_trace_replay(&source, 1, NULL, &ops, &view, &total, NULL);
	view.damaged = total.damaged;
	view.incomplete = total.incomplete;
	return view;
}

void view_free(struct view *view)
{
	free(view->events);
	free(view->told);
	*view = (struct view){0};
}

bool view_is_head(const struct view *view, const struct view *whole, size_t n)
{
	return view->n_events == n && n <= whole->n_events &&
	       (!n || memcmp(view->events, whole->events, n * sizeof(*view->events)) == 0);
}

bool view_is_part(const struct view *view, const struct view *whole)
{
	size_t at = 0;

	for (size_t i = 0; i < view->n_events; i++, at++) {
		while (at < whole->n_events && whole->events[at] != view->events[i])
			at++;
		if (at == whole->n_events)
			return false;
	}
	return true;
}

static const struct told *find_told(const struct view *view, uint32_t child_tid)
{
	for (size_t i = 0; i < view->n_told; i++)
		if (view->told[i].child_tid == child_tid)
			return &view->told[i];
	return NULL;
}

/* An exec_error seen is positive; one not seen is not a claim of its own. */
static bool is_same(const struct told *told, const struct told *truth)
{
	if (told->outcome != truth->outcome)
		return false;
	if (told->has_exit && (!truth->has_exit || told->exit_code != truth->exit_code ||
			       told->exit_signal != truth->exit_signal))
		return false;
	return !told->exec_error || told->exec_error == truth->exec_error;
}

bool view_is_honest(const struct view *view, const struct view *truth, const char *what,
		    uint64_t where)
{
	for (size_t i = 0; i < view->n_told; i++) {
		const struct told *told = &view->told[i];
		const struct told *right = find_told(truth, told->child_tid);

		if (!told->certain || (right && is_same(told, right)))
			continue;
		print_message("# %s at %llu: child %u is told %s for certain, but is %s\n", what,
			      (unsigned long long)where, told->child_tid,
			      rep_outcome_name(told->outcome),
			      right ? rep_outcome_name(right->outcome) : "not there");
		return false;
	}
	return true;
}

/* One vfork of a parent of its own, so that no fate hides another's. */
static void add_fate(struct script *script, uint32_t n, uint64_t time_ns, enum rep_outcome outcome)
{
	struct vft_task parent = leader_of(100 + n, n + 1), child = leader_of(5000 + n, time_ns);
	bool releases = n % 3 != 0;

	script_vfork(script, time_ns, parent, child);
	time_ns += 2 * MS;
	switch (outcome) {
	case REP_OUTCOME_EXEC:
		if (n % 2)
			script_exec_fail(script, time_ns - MS, child, "/no/such", 2);
		if (releases)
			script_release(script, time_ns, child, parent, VFT_BY_EXEC);
		script_exec(script, time_ns + 1000, child, "/bin/true");
		script_exit(script, time_ns + 3 * MS, child, 0, 0, VFT_EXIT_PROCESS);
		return;
	case REP_OUTCOME_EXEC_DIED:
		script_release(script, time_ns, child, parent, VFT_BY_EXEC);
		script_exit(script, time_ns + MS, child, 0, 11, VFT_EXIT_PROCESS);
		return;
	case REP_OUTCOME_EXEC_FAILED:
		script_exec_fail(script, time_ns - MS, child, "/no/such", 13);
		__attribute__((fallthrough));
	case REP_OUTCOME_EXIT:
	case REP_OUTCOME_KILLED:
		script_exit(script, time_ns, child, outcome == REP_OUTCOME_KILLED ? 0 : 3 + n % 5,
			    outcome == REP_OUTCOME_KILLED ? 9 : 0,
			    VFT_EXIT_PROCESS | (n % 2 ? VFT_EXIT_VFORK_PENDING : 0));
		if (releases)
			script_release(script, time_ns + 1000, child, parent, VFT_BY_EXIT);
		return;
	case REP_OUTCOME_PARENT_KILLED:
		script_exit(script, time_ns, parent, 0, 9, VFT_EXIT_PROCESS | VFT_EXIT_WAITER);
		script_exit(script, time_ns + MS, child, 0, 0, VFT_EXIT_PROCESS);
		return;
	case REP_OUTCOME_OPEN:
	case REP_OUTCOME_UNKNOWN:
	case REP_N_OUTCOMES:
		return;
	}
}

static int compare_steps(const void *pa, const void *pb)
{
	const struct step *a = pa, *b = pb;

	return a->event.time_ns < b->event.time_ns ? -1 : a->event.time_ns > b->event.time_ns;
}

/* The tasks of an event lie beside it, and move with it. */
static void relink(struct script *script)
{
	for (size_t i = 0; i < script->n; i++) {
		struct step *step = &script->steps[i];

		if (step->event.task)
			step->event.task = &step->task;
		if (step->event.kind == VFT_KIND_SPAWN)
			step->event.spawn.child = &step->child;
	}
}

static struct script *make_script(uint32_t n_rounds)
{
	struct script *script = script_new();
	uint64_t time_ns = 10 * MS;
	uint32_t n = 0;

	for (uint32_t round = 0; round < n_rounds; round++)
		for (int outcome = 0; outcome < REP_OUTCOME_UNKNOWN; outcome++, n++) {
			add_fate(script, n, time_ns, (enum rep_outcome)outcome);
			time_ns += 3 * MS / 2;
		}
	script->end.end_ns = time_ns + 100 * MS;
	script_mark(script, time_ns + 99 * MS, VFT_MARK_STOP);
	qsort(script->steps, script->n, sizeof(*script->steps), compare_steps);
	relink(script);
	return script;
}

/* Which events the ring had no room for: of every kind, now and then. */
static bool is_lost(const struct script *script, size_t i)
{
	return script->steps[i].event.kind != VFT_KIND_MARK && i % 5 == 2;
}

struct filling {
	struct vft_writer *writer;
	uint64_t n_lost, n_untold, from_ns;
	void (*on_flushed)(void *context);
	void *context;
};

static int put(struct filling *filling, const struct vft_event *event)
{
	int r = vft_writer_append(filling->writer, event, NULL);

	if (r == 0 && filling->on_flushed)
		filling->on_flushed(filling->context);
	return r;
}

/* As the recorder does: a loss is told before the first event that comes after it. */
static int tell_loss(struct filling *filling, uint64_t time_ns)
{
	struct vft_event event = {.kind = VFT_KIND_LOST, .time_ns = time_ns};

	if (!filling->n_untold)
		return 0;
	event.lost.cause = VFT_CAUSE_RING_FULL;
	event.lost.count = filling->n_untold;
	event.lost.from_ns = filling->from_ns;
	event.lost.to_ns = time_ns;
	filling->n_untold = 0;
	return put(filling, &event);
}

static int fill(struct filling *filling, const struct script *script, bool lossy)
{
	int r = 0;

	for (size_t i = 0; i < script->n && r == 0; i++) {
		const struct vft_event *event = &script->steps[i].event;

		if (lossy && is_lost(script, i)) {
			if (!filling->n_untold++)
				filling->from_ns = event->time_ns;
			filling->n_lost++;
			continue;
		}
		r = tell_loss(filling, event->time_ns);
		if (r == 0)
			r = put(filling, event);
	}
	return r;
}

int sample_write(struct vft_sink *sink, uint32_t n_rounds, uint32_t raw_target, bool lossy,
		 void (*on_flushed)(void *context), void *context)
{
	struct vft_writer_options options = {
		.size = sizeof(options), .raw_target = raw_target, .section_id = SECTION_ID};
	struct vft_meta meta = {.tool = STR("fault 1"),
				.boot_id = STR("00000000-0000-0000-0000-000000000001"),
				.has = VFT_HAS_RELEASE | VFT_HAS_EXEC_FAIL};
	struct vft_loss loss = {.cause = VFT_CAUSE_RING_FULL};
	struct script *script = make_script(n_rounds);
	struct filling filling = {.on_flushed = on_flushed, .context = context};
	struct vft_end end = script->end;
	int r;

	end.size = sizeof(end);
	memcpy(options.uuid, "0123456789abcdef", 16);
	r = vft_writer_open(sink, &options, &meta, &filling.writer, NULL);
	if (r == 0)
		r = fill(&filling, script, lossy);
	loss.count = end.n_dropped = filling.n_lost;
	end.n_seen = script->n;
	end.n_delivered = script->n - filling.n_lost;
	end.losses = &loss;
	end.n_losses = filling.n_lost != 0;
	if (r == 0)
		r = vft_writer_finish(filling.writer, &end, NULL);
	if (r == 0 && on_flushed)
		on_flushed(context);
	vft_writer_close(filling.writer);
	script_free(script);
	return r;
}

static struct bytes write_memory(bool lossy)
{
	struct vft_sink *sink;
	struct bytes trace;
	const void *data;

	assert_int_equal(vft_sink_open_memory(&sink, NULL), 0);
	assert_int_equal(sample_write(sink, 3, 160, lossy, NULL, NULL), 0);
	data = vft_sink_memory(sink, &trace.size);
	trace.data = malloc(trace.size);
	assert_non_null(trace.data);
	memcpy(trace.data, data, trace.size);
	vft_sink_close(sink);
	return trace;
}

static struct bytes read_golden(void)
{
	struct bytes trace = {malloc(1 << 20), 0};
	char path[4096];
	FILE *file;

	assert_non_null(trace.data);
	snprintf(path, sizeof(path), "%s/tests/golden/v1/cli/outcomes.vft", getenv("SOURCE_ROOT"));
	file = fopen(path, "re");
	assert_non_null(file);
	trace.size = fread(trace.data, 1, 1 << 20, file);
	assert_true(trace.size > 1000);
	assert_int_equal(fclose(file), 0);
	return trace;
}

struct sample sample_load(enum sample_id id)
{
	static const char *const names[] = {"golden", "outcomes", "losses"};
	struct sample sample = {.name = names[id]};
	struct bytes truth;

	sample.trace = id == SAMPLE_GOLDEN ? read_golden() : write_memory(id == SAMPLE_LOSSES);
	truth = id == SAMPLE_LOSSES ? write_memory(false)
				    : bytes_join(sample.trace, (struct bytes){0});
	sample.whole = view_of(sample.trace.data, sample.trace.size);
	sample.truth = view_of(truth.data, truth.size);
	assert_int_equal(sample.whole.error, 0);
	assert_false(sample.whole.damaged);
	bytes_free(&truth);
	return sample;
}

void sample_free(struct sample *sample)
{
	bytes_free(&sample->trace);
	view_free(&sample->whole);
	view_free(&sample->truth);
}

size_t count_rows(struct bytes trace, size_t size)
{
	struct vft_header header;
	size_t offset, n = 0;

	for (size_t i = 0; trace_block(trace, i, &header, &offset); i++)
		if (offset + VFT_HEADER_SIZE + header.payload_len <= size) /* without padding */
			n += header.n_events;
	return n;
}
