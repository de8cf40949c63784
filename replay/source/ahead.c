/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* Enough to even out what blocks cost; the second bounds memory where blocks are hostile. */
#define N_SLOTS    4u
#define MAX_EVENTS 500000u

struct slot {
	struct vft_item item;
	struct vft_err err;
	int result; /* of vft_reader_next */
};

struct rep_ahead {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct vft_reader *reader; /* NULL: nothing to do */
	bool is_ready, is_over;
	bool is_reading; /* inside vft_reader_next */
	bool is_done;    /* the last slot is the last there will be */
	/* What an item that is no batch points to is the reader's, and only until it goes on. */
	bool is_lent;
	bool has_current; /* slots[first] is what the caller has */
	unsigned int first, n;
	size_t n_events; /* in all slots */
	struct slot slots[N_SLOTS];
};

static bool points_into_reader(const struct slot *slot)
{
	return slot->result == 1 &&
	       (slot->item.kind == VFT_ITEM_SECTION || slot->item.kind == VFT_ITEM_META ||
		slot->item.kind == VFT_ITEM_END || slot->item.kind == VFT_ITEM_COUNTED);
}

static bool is_batch(const struct slot *slot)
{
	return slot->result == 1 && slot->item.kind == VFT_ITEM_BATCH;
}

static bool may_read(const struct rep_ahead *ahead)
{
	return ahead->reader && !ahead->is_done && !ahead->is_lent && ahead->n < N_SLOTS &&
	       (!ahead->n || ahead->n_events < MAX_EVENTS);
}

static void read_one(struct rep_ahead *ahead)
{
	struct vft_reader *reader = ahead->reader;
	struct slot slot = {0};

	ahead->is_reading = true;
	(void)pthread_mutex_unlock(&ahead->mutex);
	slot.result = vft_reader_next(reader, &slot.item, &slot.err);
	if (is_batch(&slot))
		vft_batch_acquire(slot.item.batch);
	(void)pthread_mutex_lock(&ahead->mutex);
	ahead->is_reading = false;
	ahead->is_done = slot.result != 1;
	ahead->is_lent = points_into_reader(&slot);
	if (is_batch(&slot))
		ahead->n_events += slot.item.batch->n_events;
	ahead->slots[(ahead->first + ahead->n++) % N_SLOTS] = slot;
	(void)pthread_cond_broadcast(&ahead->changed);
}

static void *work(void *context)
{
	struct rep_ahead *ahead = context;

	(void)pthread_mutex_lock(&ahead->mutex);
	ahead->is_ready = true;
	(void)pthread_cond_broadcast(&ahead->changed);
	while (!ahead->is_over) {
		if (may_read(ahead))
			read_one(ahead);
		else
			(void)pthread_cond_wait(&ahead->changed, &ahead->mutex);
	}
	(void)pthread_mutex_unlock(&ahead->mutex);
	return NULL;
}

int rep_ahead_new(struct rep_ahead **ret)
{
	struct rep_ahead *ahead = calloc(1, sizeof(*ahead));
	int err;

	if (!ahead)
		return -ENOMEM;
	(void)pthread_mutex_init(&ahead->mutex,
				 NULL); /* neither can fail with default attributes */
	(void)pthread_cond_init(&ahead->changed, NULL);
	err = pthread_create(&ahead->thread, NULL, work, ahead);
	if (err) {
		free(ahead);
		return -err;
	}
	(void)pthread_mutex_lock(&ahead->mutex);
	while (!ahead->is_ready)
		(void)pthread_cond_wait(&ahead->changed, &ahead->mutex);
	(void)pthread_mutex_unlock(&ahead->mutex);
	*ret = ahead;
	return 0;
}

void rep_ahead_begin(struct rep_ahead *ahead, struct vft_reader *reader)
{
	(void)pthread_mutex_lock(&ahead->mutex);
	ahead->reader = reader;
	(void)pthread_cond_broadcast(&ahead->changed);
	(void)pthread_mutex_unlock(&ahead->mutex);
}

/* The oldest slot is done with. */
static void drop_first(struct rep_ahead *ahead)
{
	struct slot *slot = &ahead->slots[ahead->first];

	if (is_batch(slot)) {
		ahead->n_events -= slot->item.batch->n_events;
		vft_batch_release(slot->item.batch);
	}
	if (points_into_reader(slot))
		ahead->is_lent = false;
	ahead->first = (ahead->first + 1) % N_SLOTS;
	ahead->n--;
}

int rep_ahead_next(struct rep_ahead *ahead, struct vft_item *ret, struct vft_err *err)
{
	const struct slot *slot;
	int result;

	(void)pthread_mutex_lock(&ahead->mutex);
	if (ahead->has_current)
		drop_first(ahead);
	(void)pthread_cond_broadcast(&ahead->changed);
	while (!ahead->n)
		(void)pthread_cond_wait(&ahead->changed, &ahead->mutex);
	ahead->has_current = true;
	slot = &ahead->slots[ahead->first];
	result = slot->result;
	if (result == 1)
		*ret = slot->item;
	if (result < 0 && err)
		*err = slot->err;
	(void)pthread_mutex_unlock(&ahead->mutex);
	return result;
}

void rep_ahead_end(struct rep_ahead *ahead)
{
	(void)pthread_mutex_lock(&ahead->mutex);
	ahead->reader = NULL;
	while (ahead->is_reading)
		(void)pthread_cond_wait(&ahead->changed, &ahead->mutex);
	while (ahead->n)
		drop_first(ahead);
	ahead->has_current = ahead->is_done = ahead->is_lent = false;
	(void)pthread_mutex_unlock(&ahead->mutex);
}

void rep_ahead_free(struct rep_ahead *ahead)
{
	if (!ahead)
		return;
	(void)pthread_mutex_lock(&ahead->mutex);
	ahead->is_over = true;
	(void)pthread_cond_broadcast(&ahead->changed);
	(void)pthread_mutex_unlock(&ahead->mutex);
	(void)pthread_join(ahead->thread, NULL);
	(void)pthread_cond_destroy(&ahead->changed);
	(void)pthread_mutex_destroy(&ahead->mutex);
	free(ahead);
}
