/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bpf/events.h"
#include "format/base/cleanup.h"
#include "record/stall/text.h"
#include "record/stall/wait.h"
#include "record/watch/snapshot.h"

static void add_link(struct rec_chain *chain, const struct rec_wait *wait)
{
	struct rec_link *link = &chain->links[chain->n++];

	*link = (struct rec_link){.tgid = wait->tgid,
				  .tid = wait->tid,
				  .cause = wait->cause,
				  .is_guess = wait->is_guess};
	snprintf(link->comm, sizeof(link->comm), "%s", wait->comm);
	snprintf(link->waits_for, sizeof(link->waits_for), "%s", wait->text);
}

static void add_process(struct rec_chain *chain, const struct rec_holder *holder)
{
	struct rec_link *link = &chain->links[chain->n++];

	*link = (struct rec_link){.tgid = holder->tgid};
	snprintf(link->comm, sizeof(link->comm), "%s", holder->comm);
}

/* The place of a thread, or of the only thread of a process; n if it is not there. */
static size_t find_link(const struct rec_chain *chain, uint32_t tid)
{
	size_t i = 0;

	while (i < chain->n && chain->links[i].tid != tid)
		i++;
	return i;
}

/* The thread that has to act: the one that is named, or the only one that its process has. */
static const struct vfe_task_state *find_thread(const struct rec_scene *scene,
						const struct rec_holder *holder)
{
	const struct vfe_task_state *only = NULL;

	if (holder->tid)
		return rec_scene_find(scene, holder->tid);
	for (size_t i = 0; i < rec_snapshot_count(scene->snapshot); i++) {
		const struct vfe_task_state *task = rec_snapshot_get(scene->snapshot, i);

		if (task->task.tgid != holder->tgid || task->exit_state)
			continue;
		if (only)
			return NULL;
		only = task;
	}
	return only;
}

/* Whether vfork holds @task for somebody in the chain: it can end nothing before that one does. */
static bool waits_for_chain(const struct rec_scene *scene, const struct rec_chain *chain,
			    const struct vfe_task_state *task)
{
	for (size_t i = 0; i < rec_snapshot_count(scene->snapshot); i++)
		if (rec_snapshot_get_waiter(scene->snapshot, i) == task &&
		    find_link(chain, rec_snapshot_get(scene->snapshot, i)->task.tid) < chain->n)
			return true;
	return false;
}

/* All of the holders of a lock have to let go; of a pipe's other end, one of them has to act. */
static bool needs_all(const struct rec_wait *wait)
{
	return wait->cause == REC_CAUSE_LOCK;
}

/* Who could end it is known to the last, whoever else there is. */
static bool is_exact(const struct rec_wait *wait)
{
	return wait->cause != REC_CAUSE_PIPE && wait->cause != REC_CAUSE_FIFO;
}

static bool has_others(const struct rec_scene *scene, const struct rec_wait *wait)
{
	return !needs_all(wait) &&
	       (wait->n_holders > REC_MAX_HOLDERS || (scene->is_partial && !is_exact(wait)));
}

/* All from link @cycle on wait for each other; whether nobody else could end one of these waits. */
static bool is_closed(const struct rec_chain *chain, size_t cycle)
{
	for (size_t i = cycle; i < chain->n; i++)
		if (chain->links[i].has_others)
			return false;
	return true;
}

/*
 * Whom to follow from @wait: returns true with *ret. Otherwise the chain ends here, and its end is
 * set.
 */
static bool choose_next(const struct rec_scene *scene, const struct rec_wait *wait,
			struct rec_chain *chain, const struct rec_holder **ret)
{
	size_t n = wait->n_holders < REC_MAX_HOLDERS ? wait->n_holders : REC_MAX_HOLDERS;
	size_t n_gone = 0, n_free = 0, cycle = chain->n;
	struct rec_link *last = &chain->links[chain->n - 1];
	const struct rec_holder *held = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct rec_holder *holder = &wait->holders[i];
		const struct vfe_task_state *task = find_thread(scene, holder);
		size_t at = task ? find_link(chain, task->task.tid) : chain->n;

		if (holder->is_gone) {
			n_gone++;
		} else if (at < chain->n) {
			cycle = at < cycle ? at : cycle;
		} else if (task && waits_for_chain(scene, chain, task)) {
			held = held ? held : holder;
		} else {
			if (!n_free)
				*ret = holder;
			n_free++;
		}
	}
	last->has_others = has_others(scene, wait);
	if (held && (!n_free || needs_all(wait))) {
		*ret = held;
		return true;
	}
	if (cycle < chain->n && (needs_all(wait) || !n_free)) {
		chain->end = is_closed(chain, cycle) ? REC_CHAIN_CYCLE : REC_CHAIN_UNKNOWN;
		chain->cycle = cycle;
		return false;
	}
	if (n_free == 1 || (n_free && needs_all(wait)))
		return true;
	if (n_free)
		chain->end = REC_CHAIN_MANY;
	else if (last->has_others)
		chain->end = REC_CHAIN_UNKNOWN;
	else if (n_gone)
		chain->end = REC_CHAIN_GONE;
	else if (wait->cause == REC_CAUSE_CPU)
		chain->end = REC_CHAIN_RUNS;
	else
		chain->end = wait->needs_somebody ? REC_CHAIN_NOBODY : REC_CHAIN_OUTSIDE;
	return false;
}

int rec_chain_follow(const struct rec_scene *scene, const struct rec_wait *first,
		     struct rec_chain *ret)
{
	struct rec_wait *wait VFT_AUTO_FREE = malloc(sizeof(*wait));
	const struct rec_holder *next = NULL;

	if (!wait)
		return -ENOMEM;
	*wait = *first;
	ret->n = 0;
	ret->end = REC_CHAIN_UNKNOWN;
	for (;;) {
		struct rec_holder holder;
		const struct vfe_task_state *task;

		add_link(ret, wait);
		if (!choose_next(scene, wait, ret, &next))
			return 0;
		if (ret->n == REC_MAX_LINKS) {
			ret->end = REC_CHAIN_CUT;
			return 0;
		}
		holder = *next; /* it lies in what is looked at next */
		task = find_thread(scene, &holder);
		if (!task || rec_wait_look(scene, task, wait)) {
			add_process(ret, &holder);
			ret->end = task ? REC_CHAIN_UNKNOWN : REC_CHAIN_MANY;
			return 0;
		}
	}
}

/* ---- in words ---- */

static void put_link(struct rec_text *text, const struct rec_link *link)
{
	rec_text_add(text, "%s[%u]", link->comm, link->tgid);
	if (link->tid && link->tid != link->tgid)
		rec_text_add(text, " thread %u", link->tid);
}

static const char *end_words(enum rec_chain_end end)
{
	switch (end) {
	case REC_CHAIN_NOBODY:
		return ", which no process could end now";
	case REC_CHAIN_RUNS:
		return ", which runs";
	case REC_CHAIN_MANY:
		return ", which more than one could end";
	case REC_CHAIN_GONE:
		return ", whose holder does not exist any more";
	case REC_CHAIN_CUT:
		return ", and on";
	case REC_CHAIN_UNKNOWN:
		return ", of which no more is known";
	case REC_CHAIN_OUTSIDE:
	case REC_CHAIN_CYCLE:
		break;
	}
	return "";
}

bool rec_chain_is_guess(const struct rec_chain *chain)
{
	for (size_t i = 0; i < chain->n; i++)
		if (chain->links[i].is_guess)
			return true;
	return false;
}

void rec_chain_describe(const struct rec_chain *chain, char *ret, size_t size)
{
	struct rec_text text = rec_text_over(ret, size);
	const struct rec_link *last = &chain->links[chain->n - 1];

	if (chain->end == REC_CHAIN_CYCLE)
		rec_text_add(&text,
			     rec_chain_is_guess(chain) ? "probably a deadlock: " : "deadlock: ");
	for (size_t i = 0; i < chain->n; i++) {
		if (i)
			rec_text_add(&text, chain->links[i - 1].is_guess ? " -> (guess) " : " -> ");
		put_link(&text, &chain->links[i]);
	}
	if (chain->end == REC_CHAIN_CYCLE) {
		rec_text_add(&text, last->is_guess ? " -> (guess) " : " -> ");
		put_link(&text, &chain->links[chain->cycle]);
	} else if (chain->n > 1 && last->waits_for[0] && chain->end != REC_CHAIN_RUNS) {
		rec_text_add(&text, ", which %s", last->waits_for);
	}
	rec_text_add(&text, "%s", end_words(chain->end));
}
