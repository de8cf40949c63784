/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "format/block/layout.h"
#include "script.h"
#include "format/block/meta.h"

static const struct vft_str parent_comm = {"parent", 6};
static const struct vft_str child_comm = {"child", 5};
static const struct vft_str sender_comm = {"sender", 6};

struct vft_task thread_of(uint32_t tgid, uint64_t start_ns, uint32_t tid)
{
	return (struct vft_task){.tgid = tgid,
				 .tid = tid,
				 .start_ns = start_ns,
				 .ns_tgid = tgid,
				 .ns_tid = tid,
				 .uid = 7};
}

struct vft_task leader_of(uint32_t tgid, uint64_t start_ns)
{
	return thread_of(tgid, start_ns, tgid);
}

struct script *script_new(void)
{
	struct script *script = calloc(1, sizeof(*script));

	assert(script);
	script->steps = calloc(SCRIPT_MAX, sizeof(*script->steps));
	assert(script->steps);
	script->has = VFT_HAS_RELEASE;
	script->is_closed = true;
	script->end.end_ns = 1000 * MS;
	return script;
}

void script_free(struct script *script)
{
	for (size_t i = 0; i < script->n; i++)
		if (script->steps[i].event.kind == VFT_KIND_EXEC)
			free((void *)(uintptr_t)script->steps[i].event.exec.path);
		else if (script->steps[i].event.kind == VFT_KIND_EXEC_FAIL)
			free((void *)(uintptr_t)script->steps[i].event.exec_fail.path);
	free(script->steps);
	free(script);
}

static struct step *add(struct script *script, uint64_t time_ns, uint8_t kind)
{
	struct step *step;

	assert(script->n < SCRIPT_MAX);
	step = &script->steps[script->n++];
	memset(step, 0, sizeof(*step));
	step->event.time_ns = time_ns;
	step->event.kind = kind;
	return step;
}

static struct step *add_task(struct script *script, uint64_t time_ns, uint8_t kind,
			     struct vft_task task)
{
	struct step *step = add(script, time_ns, kind);

	step->task = task;
	step->event.task = &step->task;
	return step;
}

/* A vft_str with its bytes behind it. */
static struct vft_str *copy_text(const char *text)
{
	size_t size = strlen(text);
	struct vft_str *str = malloc(sizeof(*str) + size + 1);

	assert(str);
	memcpy(str + 1, text, size + 1);
	*str = (struct vft_str){(const char *)(str + 1), (uint32_t)size};
	return str;
}

struct vft_event *script_spawn(struct script *script, uint64_t time_ns, struct vft_task parent,
			       struct vft_task child, uint64_t flags)
{
	struct step *step = add_task(script, time_ns, VFT_KIND_SPAWN, parent);

	step->child = child;
	step->event.comm = &parent_comm;
	step->event.spawn.child = &step->child;
	step->event.spawn.clone_flags = flags;
	step->event.spawn.syscall = 58;
	return &step->event;
}

struct vft_event *script_release(struct script *script, uint64_t time_ns, struct vft_task child,
				 struct vft_task parent, uint32_t by)
{
	struct vft_event *event = &add_task(script, time_ns, VFT_KIND_RELEASE, child)->event;

	event->release.parent_tgid = parent.tgid;
	event->release.parent_tid = parent.tid;
	event->release.parent_start_ns = parent.start_ns;
	event->release.by = by;
	return event;
}

struct vft_event *script_exec(struct script *script, uint64_t time_ns, struct vft_task task,
			      const char *path)
{
	struct vft_event *event = &add_task(script, time_ns, VFT_KIND_EXEC, task)->event;

	event->comm = &child_comm;
	event->exec.path = copy_text(path);
	return event;
}

struct vft_event *script_exec_fail(struct script *script, uint64_t time_ns, struct vft_task task,
				   const char *path, uint32_t error)
{
	struct vft_event *event = &add_task(script, time_ns, VFT_KIND_EXEC_FAIL, task)->event;

	event->exec_fail.path = copy_text(path);
	event->exec_fail.error = error;
	return event;
}

struct vft_event *script_exit(struct script *script, uint64_t time_ns, struct vft_task task,
			      uint32_t code, uint32_t signal, uint32_t flags)
{
	struct vft_event *event = &add_task(script, time_ns, VFT_KIND_EXIT, task)->event;

	event->exit.code = code;
	event->exit.signal = signal;
	event->flags = flags;
	return event;
}

struct vft_event *script_snapshot(struct script *script, uint64_t time_ns, struct vft_task task,
				  uint32_t flags)
{
	struct vft_event *event = &add_task(script, time_ns, VFT_KIND_SNAPSHOT, task)->event;

	event->flags = flags;
	event->snapshot.state = VFT_STATE_SLEEPING;
	return event;
}

struct vft_event *script_pending(struct script *script, uint64_t time_ns, uint8_t kind,
				 struct vft_task child, struct vft_task waiter)
{
	struct vft_event *event = &add_task(script, time_ns, kind, child)->event;

	if (kind == VFT_KIND_STALL) {
		event->stall.waiter_tgid = waiter.tgid;
		event->stall.waiter_tid = waiter.tid;
		event->stall.waiter_start_ns = waiter.start_ns;
		event->stall.state = VFT_STATE_SLEEPING;
		return event;
	}
	event->flags = VFT_SNAPSHOT_VFORK_PENDING;
	event->snapshot.state = VFT_STATE_SLEEPING;
	event->snapshot.waiter_tgid = waiter.tgid;
	event->snapshot.waiter_tid = waiter.tid;
	event->snapshot.waiter_start_ns = waiter.start_ns;
	return event;
}

struct vft_event *script_lost(struct script *script, uint64_t time_ns, uint64_t from_ns,
			      uint64_t to_ns, uint64_t count)
{
	struct vft_event *event = &add(script, time_ns, VFT_KIND_LOST)->event;

	event->lost.cause = VFT_CAUSE_RING_FULL;
	event->lost.cpu = 1;
	event->lost.count = count;
	event->lost.from_ns = from_ns;
	event->lost.to_ns = to_ns;
	return event;
}

struct vft_event *script_mark(struct script *script, uint64_t time_ns, uint32_t what)
{
	struct vft_event *event = &add(script, time_ns, VFT_KIND_MARK)->event;

	event->mark.what = what;
	return event;
}

struct vft_event *script_signal(struct script *script, uint64_t time_ns, struct vft_task task,
				uint32_t signal, uint32_t sender)
{
	struct vft_event *event = &add_task(script, time_ns, VFT_KIND_SIGNAL, task)->event;

	event->signal.signal = signal;
	event->signal.sender_tgid = sender;
	event->signal.sender_comm = &sender_comm;
	return event;
}

void script_gap(struct script *script, uint64_t from_ns, uint64_t to_ns)
{
	struct step *step = add(script, from_ns, 0);

	step->is_gap = true;
	step->gap = (struct vft_gap){.kind = VFT_GAP_DAMAGE, .from_ns = from_ns, .to_ns = to_ns};
}

void script_vfork(struct script *script, uint64_t time_ns, struct vft_task parent,
		  struct vft_task child)
{
	script_spawn(script, time_ns, parent, child, F_VFORK_VM);
}

static int take_episode(void *context, const struct rep_episode *episode)
{
	struct result *result = context;

	assert(result->n_episodes < SCRIPT_MAX);
	result->episodes[result->n_episodes] = *episode;
	rep_episode_acquire(&result->episodes[result->n_episodes++]);
	return 0;
}

static int take_process(void *context, const struct rep_process *process)
{
	struct result *result = context;

	assert(result->n_processes < SCRIPT_MAX);
	result->processes[result->n_processes++] = *process;
	rep_str_acquire(process->comm);
	rep_str_acquire(process->exe);
	rep_str_acquire(process->argv);
	return 0;
}

static int replay(struct rep_model *model, const struct script *script, size_t per_batch)
{
	struct vft_event *events = calloc(script->n + 1, sizeof(*events));
	struct vft_meta meta = {
		.has = script->has, .pidns = REP_PIDNS_INITIAL, .list_pidns = script->list_pidns};
	struct vft_section section = {0};
	struct vft_batch batch = {.type = VFT_BLOCK_EVENTS, .events = events};
	int r = rep_model_begin(model, &section);

	assert(events);
	if (r == 0)
		r = rep_model_meta(model, &meta);
	for (size_t i = 0; i < script->n && r == 0; i++) {
		const struct step *step = &script->steps[i];

		if (!step->is_gap)
			events[batch.n_events++] = step->event;
		if (batch.n_events && (step->is_gap || batch.n_events == per_batch)) {
			r = rep_model_batch(model, &batch);
			batch.n_events = 0;
		}
		if (step->is_gap && r == 0)
			r = rep_model_gap(model, &step->gap);
	}
	if (r == 0 && batch.n_events)
		r = rep_model_batch(model, &batch);
	free(events);
	return r == 0 ? rep_model_end(model, script->is_closed ? &script->end : NULL) : r;
}

struct result *script_run(const struct script *script, size_t per_batch)
{
	static const struct rep_model_ops ops = {.on_episode = take_episode,
						 .on_process = take_process};
	struct result *result = calloc(1, sizeof(*result));
	struct rep_model *model;

	assert(result);
	result->r = rep_model_new(&ops, result, &model);
	if (result->r == 0) {
		result->r = replay(model, script, per_batch);
		result->list_ns = rep_model_list_ns(model);
		rep_model_free(model);
	}
	return result;
}

void result_free(struct result *result)
{
	for (size_t i = 0; i < result->n_episodes; i++) {
		rep_episode_release(&result->episodes[i]);
	}
	for (size_t i = 0; i < result->n_processes; i++) {
		rep_str_release(result->processes[i].comm);
		rep_str_release(result->processes[i].exe);
		rep_str_release(result->processes[i].argv);
	}
	free(result);
}

const struct rep_episode *result_episode(const struct result *result, uint32_t child_tid)
{
	for (size_t i = 0; i < result->n_episodes; i++)
		if (result->episodes[i].child_tid == child_tid)
			return &result->episodes[i];
	return NULL;
}

const struct rep_process *result_process(const struct result *result, uint32_t tgid)
{
	for (size_t i = 0; i < result->n_processes; i++)
		if (result->processes[i].key.tgid == tgid)
			return &result->processes[i];
	return NULL;
}
