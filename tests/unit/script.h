/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * script.h - traces written down as lines of code, for the tests of the model.
 *
 * Owns: events in memory, and what the model gave for them. Called by: test_model.c,
 * test_verdict.c, test_verdict_property.c.
 */
#ifndef TEST_SCRIPT_H
#define TEST_SCRIPT_H

#include "replay/model/model.h"

#define MS         1000000ull
#define SCRIPT_MAX 8192

/* Flags of clone(2), spelt out: the headers that have them are Linux's. */
#define F_VM       0x100ull
#define F_VFORK    0x4000ull
#define F_PARENT   0x8000ull
#define F_THREAD   0x10000ull
#define F_VFORK_VM (F_VFORK | F_VM)

/* One step of a script: an event, or a gap of the file before the next event. */
struct step {
	struct vft_event event;
	struct vft_task task, child;
	struct vft_gap gap;
	bool is_gap;
	int place; /* for tests that sort: before or behind all others */
};

struct script {
	struct step *steps;
	size_t n;
	uint64_t has;
	uint64_t list_pidns; /* of META; 0 = lists cover the host */
	struct vft_end end;
	bool is_closed;
};

struct result {
	struct rep_episode episodes[SCRIPT_MAX];
	size_t n_episodes;
	struct rep_process processes[SCRIPT_MAX];
	size_t n_processes;
	uint64_t list_ns; /* rep_model_list_ns() */
	int r;            /* of the first call that failed */
};

/* A thread: process (tgid, start), thread tid. */
struct vft_task thread_of(uint32_t tgid, uint64_t start_ns, uint32_t tid);
struct vft_task leader_of(uint32_t tgid, uint64_t start_ns);

struct script *script_new(void); /* closed at 1000 ms, with release events */
void script_free(struct script *script);
struct vft_event *script_spawn(struct script *script, uint64_t time_ns, struct vft_task parent,
			       struct vft_task child, uint64_t flags);
struct vft_event *script_release(struct script *script, uint64_t time_ns, struct vft_task child,
				 struct vft_task parent, uint32_t by);
struct vft_event *script_exec(struct script *script, uint64_t time_ns, struct vft_task task,
			      const char *path);
struct vft_event *script_exec_fail(struct script *script, uint64_t time_ns, struct vft_task task,
				   const char *path, uint32_t error);
struct vft_event *script_exit(struct script *script, uint64_t time_ns, struct vft_task task,
			      uint32_t code, uint32_t signal, uint32_t flags);
struct vft_event *script_snapshot(struct script *script, uint64_t time_ns, struct vft_task task,
				  uint32_t flags);
/* A row of a list, or with VFT_KIND_STALL a stall: @child holds @waiter. */
struct vft_event *script_pending(struct script *script, uint64_t time_ns, uint8_t kind,
				 struct vft_task child, struct vft_task waiter);
struct vft_event *script_lost(struct script *script, uint64_t time_ns, uint64_t from_ns,
			      uint64_t to_ns, uint64_t count);
struct vft_event *script_mark(struct script *script, uint64_t time_ns, uint32_t what);
struct vft_event *script_signal(struct script *script, uint64_t time_ns, struct vft_task task,
				uint32_t signal, uint32_t sender);
void script_gap(struct script *script, uint64_t from_ns, uint64_t to_ns);
/* Common stories. */
void script_vfork(struct script *script, uint64_t time_ns, struct vft_task parent,
		  struct vft_task child);

/* Replay in batches of @per_batch events (0 = all at once). */
struct result *script_run(const struct script *script, size_t per_batch);
void result_free(struct result *result);
const struct rep_episode *result_episode(const struct result *result, uint32_t child_tid);
const struct rep_process *result_process(const struct result *result, uint32_t tgid);

#endif
