/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model_internal.h - what the parts of the model share: model.c takes events apart, model_process.c
 * keeps processes, model_episode.c keeps episodes, model_ended.c remembers who has ended,
 * model_str.c keeps names. Nobody else includes it.
 */
#ifndef REP_MODEL_INTERNAL_H
#define REP_MODEL_INTERNAL_H

#include <errno.h>
#include <stdlib.h>

#include "replay/model/losses.h"
#include "replay/base/map.h"
#include "replay/model/model.h"
#include "replay/model/pids.h"
#include "replay/model/verdict.h"

#define MODEL_LINE        64u
#define MODEL_N_INTERNED  4096u
#define MODEL_INTERN_SIZE 256u
#define MODEL_N_SEEN      256u
/* Verdicts that wait for the section's end, before the oldest go. */
#define MODEL_N_WAITING   32768u
#define MODEL_MAX_CGROUPS 1000000u

/*
 * A loss is told when the recorder next drains its counters. Ten seconds is far more than it takes;
 * only used where waiting for the section's end would cost unbounded memory.
 */
#define MODEL_LOSS_DELAY_NS 10000000000u
/* Events older than a list of processes are all there once an event this much later is. */
#define MODEL_LIST_DELAY_NS 1000000000u

struct rep_str {
	uint32_t n_refs;
	uint32_t size;
	uint64_t hash;
	char data[];
};

/* Every event looks at the first line of the cache, and most at no other. */
struct process {
	_Alignas(
		MODEL_LINE) struct episode *waiters; /* open ones whose blocked thread is its own */
	uint64_t last_ns;                            /* of its own events */
	uint32_t list;                               /* the last complete list that named it */
	bool had_episode;                            /* as a vfork child */
	bool is_ahead; /* only lists have named it: events of before, also its spawn, may come */
	struct rep_process pub;
	struct process *next, *previous; /* live ones, in order of appearance */
	struct process *older;           /* of the same pid, while this one is ahead */
};

struct episode {
	struct rep_episode pub;
	struct rep_evidence evidence;
	struct episode *next,
		*previous; /* open ones, in order of appearance; next also when free */
	struct episode *next_waiter, *previous_waiter;
	struct process *waiter; /* whose list of waiters it stands in, NULL: in none */
	struct episode *older;  /* of the same tid, while this one is ahead */
	uint32_t list;          /* the last list that named it as pending */
	uint64_t child_ns;      /* of what the child's name, uid and cgroup were taken from */
	bool is_ahead;          /* as of a process */
	bool is_row_pending; /* evidence.pending is of a row: what acted before it says nothing */
	bool is_child_gone; /* the exit seen was that of the process, or of a child that is a thread
			     */
	uint32_t sent_signal; /* the last one, and who sent it */
	uint32_t sent_by;
	struct rep_str *sent_comm;
};

/* A verdict that rests on nothing having been lost, until all losses are told. */
struct waiting {
	struct rep_episode pub;
	struct rep_evidence evidence;
};

struct chunk;

struct pool {
	struct chunk *chunks;
	void *free;
	size_t size; /* of one object */
};

/*
 * Who has ended. Rows of lists and stalls tell of a moment before the events that stand before
 * them, so they can name the dead: those who ended since that moment. A list takes less than
 * MODEL_LIST_DELAY_NS; as many are remembered as end in that time, or MAX_CAPACITY. Of all others
 * only the latest end is known: a row of before it may name one of them.
 */
struct ended {
	struct ended_entry *entries; /* those numbered [first, next), each at number % capacity */
	uint32_t *last;              /* by hash: the last with it */
	uint32_t capacity;           /* a power of two, or 0 */
	uint32_t first, next;        /* 0 is no number */
	uint64_t forgotten_ns;       /* the latest end of those forgotten */
	bool has_forgotten;
};

struct rep_model {
	struct rep_model_ops ops;
	void *context;
	size_t max_live;
	bool is_rebuilding; /* somebody wants processes or episodes */

	/* Of the section. */
	uint64_t has;               /* VFT_HAS_* */
	uint64_t start_ns;          /* META's, 0 unknown */
	uint64_t first_ns, last_ns; /* of events other than snapshot rows */
	uint64_t attached_ns, stop_ns;
	uint32_t n_gaps;
	/* What the last gap hides is no later than the first event behind it. Rows are none. */
	uint64_t gap_end_ns;
	bool is_gap_open; /* no event has come since */
	struct rep_loss last_gap;
	struct rep_losses *losses; /* its own memory: sorted on demand, also for who only looks */
	struct {
		uint32_t number;
		bool is_running, is_done;
		uint64_t first_ns, last_ns;
	} list;

	struct pids *pids;  /* live processes, open episodes, and who waits in them */
	struct map cgroups; /* id -> struct rep_str */
	struct process *first_process, *last_process;
	struct episode *first_episode, *last_episode;
	bool is_list_partial;   /* some that run are in no list */
	bool has_whole_list;    /* a list of all that run has been read */
	uint64_t whole_list_ns; /* when the first such began */
	size_t n_older;         /* processes and episodes behind one that is ahead */
	struct ended ended;

	struct waiting *waiting; /* a ring of n_waiting from first_waiting on */
	size_t first_waiting, n_waiting, waiting_capacity;

	struct pool process_pool, episode_pool;
	struct rep_str *interned[MODEL_N_INTERNED];
	/* The strings of the batch at hand, by address: a batch has each string once. */
	struct {
		const struct vft_str *bytes;
		struct rep_str *str;
	} seen[MODEL_N_SEEN];
	struct map long_seen; /* those over MODEL_INTERN_SIZE */
};

static inline struct rep_key model_key_of(const struct vft_task *task)
{
	return (struct rep_key){task->tgid, task->start_ns};
}

/* model.c. One event. -ENOMEM, -E2BIG, or a callback's error. */
VFT_MUST_CHECK int model_take(struct rep_model *model, const struct vft_event *event);

/* No more processes and episodes are kept. */
static inline bool model_is_full(const struct rep_model *model)
{
	return model->pids->n[PID_PROCESS] + model->pids->n[PID_CHILD] + model->n_older >=
	       model->max_live;
}

/* model_list.c. -ENOMEM, -E2BIG, or a callback's error. */
VFT_MUST_CHECK int model_on_snapshot(struct rep_model *model, const struct vft_event *event);
VFT_MUST_CHECK int model_on_stall(struct rep_model *model, const struct vft_event *event);
/* Give up what the last complete list lacks. */
VFT_MUST_CHECK int model_sweep(struct rep_model *model);

/* model_str.c */
VFT_MUST_CHECK int model_set_new_str(struct rep_model *model, struct rep_str **slot,
				     const struct vft_str *bytes);
void model_forget_seen(struct rep_model *model); /* another batch begins */

static inline void model_release_str(struct rep_str *str)
{
	if (str && --str->n_refs == 0)
		free(str);
}

/* Make *@slot a reference to @str. */
static inline void model_copy_str(struct rep_str **slot, struct rep_str *str)
{
	struct rep_str *former = *slot;

	if (former == str)
		return;
	if (str)
		str->n_refs++;
	*slot = str;
	model_release_str(former);
}

static inline size_t model_seen_slot(const struct vft_str *bytes)
{
	return ((uintptr_t)bytes / sizeof(*bytes)) % MODEL_N_SEEN;
}

/* Make *@slot a copy of @bytes (NULL: leave it). */
VFT_MUST_CHECK static inline int model_set_str(struct rep_model *model, struct rep_str **slot,
					       const struct vft_str *bytes)
{
	size_t i = model_seen_slot(bytes);

	if (!bytes)
		return 0;
	if (model->seen[i].bytes != bytes)
		return model_set_new_str(model, slot, bytes);
	model_copy_str(slot, model->seen[i].str);
	return 0;
}

/* model_pool.c. Zeroed objects of one size; NULL for -ENOMEM. */
void *model_pool_new(struct pool *pool, size_t size);
void model_pool_put(struct pool *pool, void *object,
		    size_t size); /* its first pointer is overwritten */
void model_pool_release(struct pool *pool);

/* A row tells of a moment that may lie before the events that stand before it. */
static inline bool model_is_row(const struct vft_event *event)
{
	return event->kind == VFT_KIND_SNAPSHOT || event->kind == VFT_KIND_STALL;
}

/* model_ended.c */
bool model_is_ended(const struct rep_model *model, struct rep_key key);
/* Whether one who was alive at @time_ns may have ended and been forgotten. */
bool model_may_be_forgotten(const struct rep_model *model, uint64_t time_ns);
void model_set_ended(struct rep_model *model, struct rep_key key, uint64_t end_ns);
void model_ended_drop(struct rep_model *model);
void model_ended_release(struct rep_model *model);

/* model_process.c */
static inline struct process *model_process_find(const struct rep_model *model, struct rep_key key)
{
	struct process *process = pids_find(model->pids, key.tgid, PID_PROCESS);

	while (process && process->pub.key.start_ns != key.start_ns)
		process = process->older;
	return process;
}

/*
 * The live process of @key, which @event names, made when it is not known; *ret NULL when it has
 * ended or may have, or its pid belongs to a later one. A former owner of the pid is ended, unseen,
 * or put behind a newcomer that is ahead. 0 or negative errno.
 */
VFT_MUST_CHECK int model_process_get(struct rep_model *model, struct rep_key key,
				     const struct vft_event *event, struct process **ret);
/* As above, of an event's task; takes over what the task says. */
VFT_MUST_CHECK int model_process_touch(struct rep_model *model, const struct vft_event *event,
				       struct process **ret);
/* The child of a spawn event by @caller. */
VFT_MUST_CHECK int model_process_spawn(struct rep_model *model, const struct vft_event *event,
				       struct process *caller);
/* Hand the process out and free it; what depends on it must have been told. */
VFT_MUST_CHECK int model_process_end(struct rep_model *model, struct process *process);
/* It ended unseen, at the latest at @time_ns. */
VFT_MUST_CHECK int model_process_vanish(struct rep_model *model, struct process *process,
					uint64_t time_ns, enum rep_giving_up why);
/* Hand all out that live when the section ends. */
VFT_MUST_CHECK int model_process_flush(struct rep_model *model);
/* Those whose pid belongs to a later process have ended, whatever was not seen of it. */
VFT_MUST_CHECK int model_vanish_older(struct rep_model *model);

/* model_episode.c */
struct rep_point model_now(const struct rep_model *model, uint64_t time_ns);
static inline struct episode *model_episode_find(const struct rep_model *model, uint32_t tid,
						 struct rep_key key)
{
	struct episode *episode = pids_find(model->pids, tid, PID_CHILD);

	while (episode &&
	       (episode->pub.child.start_ns != key.start_ns || episode->pub.child.tgid != key.tgid))
		episode = episode->older;
	return episode;
}

VFT_MUST_CHECK int model_episode_spawn(struct rep_model *model, const struct vft_event *event,
				       struct process *caller);
/*
 * Known by something other than its spawn: snapshot, stall, release, exit. *ret NULL: there is none
 * such, or no more.
 */
VFT_MUST_CHECK int model_episode_discover(struct rep_model *model, const struct vft_event *event,
					  struct rep_key waiter, uint32_t waiter_tid,
					  struct episode **ret);
/* @event says who is blocked. */
VFT_MUST_CHECK int model_episode_set_waiter(struct rep_model *model, struct episode *episode,
					    struct rep_key waiter, uint32_t waiter_tid,
					    const struct vft_event *event);
/* @row shows the child still holding its parent. */
void model_episode_set_pending(struct rep_model *model, struct episode *episode,
			       const struct vft_event *row);
/* The blocked thread no longer waits. */
void model_episode_unblock(struct rep_model *model, struct episode *episode);
/* What is open of @key's pid, and of earlier processes than @key, is given up. */
VFT_MUST_CHECK int model_episode_arrive(struct rep_model *model, struct rep_key key,
					uint64_t time_ns);
/* What an event of the child says of it: its name, uid and cgroup. */
VFT_MUST_CHECK int model_episode_take_child(struct rep_model *model, struct episode *episode,
					    const struct vft_event *event);
/* A verdict can be given: decide, hand out or keep for later, free. */
VFT_MUST_CHECK int model_episode_finish(struct rep_model *model, struct episode *episode);
VFT_MUST_CHECK int model_episode_give_up(struct rep_model *model, struct episode *episode,
					 uint64_t time_ns, enum rep_giving_up why);
/* The thread did something at @time_ns that a blocked one cannot do. */
void model_thread_acts(struct rep_model *model, uint32_t tid, struct rep_key key, uint64_t time_ns);
/* Whether something at @time_ns happened before the wait is known to have been open. */
bool model_is_before_wait(const struct episode *episode, uint64_t time_ns);
/* At the section's end. */
VFT_MUST_CHECK int model_episode_flush(struct rep_model *model,
				       const struct rep_verdict_context *context);
/* Forget everything, handing nothing out. */
void model_episode_drop(struct rep_model *model);
void model_process_drop(struct rep_model *model);

#endif
