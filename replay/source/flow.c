/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/flow.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "format/read/raw.h"

/* Enough for each thread to work on one block while the next waits, and to even out what blocks
 * cost; the number of rows bounds memory where blocks are hostile. */
#define SLOTS_PER_THREAD 2u
#define MAX_SLOTS        (SLOTS_PER_THREAD * (REP_MAX_THREADS + 1) + 1)
#define MAX_ROWS         (1u << 20)
/* What is deep lies on the heap; libc's 8 MiB would all count as memory that is used. */
#define STACK_BYTES      (512u << 10)

/* A schema outlives the section that it is of while its blocks are being decoded. */
struct schema {
	unsigned int n_references;
	struct vft_schema schema;
};

struct block;

/* Where blocks go that were kept beyond their turn; the consumer's thread alone looks at it. It
 * lasts as long as the flow and each of them. */
struct home {
	struct block *returned;
	unsigned int n_away;
	bool has_flow;
};

struct block {
	struct rep_block pub;
	unsigned int n_references;
	struct home *home;
	struct block *next; /* of home->returned */
	struct vft_columns_decoder *decoder;
	struct vft_buffer payload, events;
	void (*free_made)(void *made);
	struct vft_header header;
	struct schema *schema;
};

struct slot {
	struct vft_item item;
	struct vft_err err;
	int result; /* of vft_reader_next */
	bool is_ready;
	struct block *block; /* NULL: no rows */
	const char *what;    /* why the rows cannot be read; then the item is a gap */
	uint64_t before_ns;  /* the greatest time before the block */
};

struct rep_flow {
	struct home *home;
	pthread_t threads[REP_MAX_THREADS];
	unsigned int n_threads, n_ready;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct vft_reader *reader; /* NULL: nothing to do */
	uint64_t wanted;
	bool with_events;
	struct rep_work work;  /* make is NULL: none */
	struct schema *schema; /* of the section at hand */
	uint64_t schema_number;
	bool is_over;
	bool is_reading;     /* somebody is inside vft_reader_next */
	unsigned int n_busy; /* are reading or decoding */
	bool is_done;        /* the last slot is the last there will be */
	/* What an item that is no block points to is the reader's, and only until it goes on. */
	bool is_lent;
	bool has_current; /* slots[first] is what the caller has */
	unsigned int first, n, n_slots;
	size_t n_rows; /* in all slots */
	struct slot slots[MAX_SLOTS];
	struct block *free_blocks[MAX_SLOTS];
	unsigned int n_free_blocks;
};

static void schema_unref(struct schema *schema)
{
	if (schema && __atomic_sub_fetch(&schema->n_references, 1, __ATOMIC_ACQ_REL) == 0)
		free(schema);
}

static struct schema *schema_ref(struct schema *schema)
{
	__atomic_add_fetch(&schema->n_references, 1, __ATOMIC_RELAXED);
	return schema;
}

static void block_free(struct block *block)
{
	if (!block)
		return;
	vft_columns_decoder_free(block->decoder);
	vft_buffer_release(&block->payload);
	vft_buffer_release(&block->events);
	if (block->free_made)
		block->free_made(block->pub.made);
	free(block);
}

static struct block *block_new(void)
{
	struct block *block = calloc(1, sizeof(*block));

	if (block && vft_columns_decoder_new(&block->decoder) < 0) {
		free(block);
		return NULL;
	}
	return block;
}

struct rep_block *rep_block_acquire(struct rep_block *block)
{
	((struct block *)block)->n_references++;
	return block;
}

void rep_block_release(struct rep_block *block)
{
	struct block *own = (struct block *)block;
	struct home *home;

	if (!own || --own->n_references)
		return;
	home = own->home;
	home->n_away--;
	if (home->has_flow) {
		own->next = home->returned;
		home->returned = own;
		return;
	}
	block_free(own);
	if (!home->n_away)
		free(home);
}

static bool points_into_reader(const struct slot *slot)
{
	return slot->result == 1 &&
	       (slot->item.kind == VFT_ITEM_SECTION || slot->item.kind == VFT_ITEM_META ||
		slot->item.kind == VFT_ITEM_END || slot->item.kind == VFT_ITEM_COUNTED);
}

static bool may_read(const struct rep_flow *flow)
{
	return flow->reader && !flow->is_reading && !flow->is_done && !flow->is_lent &&
	       flow->n < flow->n_slots && (!flow->n || flow->n_rows < MAX_ROWS);
}

/* ---- what one thread does, with the mutex held where it begins and ends ---- */

static int take_schema(struct rep_flow *flow, const struct vft_raw *raw)
{
	struct schema *schema;

	if (flow->schema && flow->schema_number == raw->schema_number)
		return 0;
	schema = malloc(sizeof(*schema));
	if (!schema)
		return -ENOMEM;
	schema->n_references = 1;
	schema->schema = *raw->schema;
	schema_unref(flow->schema);
	flow->schema = schema;
	flow->schema_number = raw->schema_number;
	return 0;
}

/* The rows that the reader has just found go to @slot, in memory of their own. */
static int take_rows(struct rep_flow *flow, struct vft_reader *reader, struct slot *slot)
{
	const struct vft_raw *raw = slot->item.raw;
	struct block *block;
	int r = take_schema(flow, raw);

	if (r < 0)
		return r;
	block = flow->n_free_blocks ? flow->free_blocks[--flow->n_free_blocks] : block_new();
	if (!block)
		return -ENOMEM;
	block->n_references = 1;
	block->home = flow->home;
	block->pub.is_made = false;
	block->header = raw->header;
	block->schema = schema_ref(flow->schema);
	vft_reader_swap_payload(reader, &block->payload);
	slot->before_ns = raw->before_ns;
	slot->block = block;
	return 0;
}

static int fill_batch(struct block *block, bool with_events)
{
	const struct vft_columns *columns = block->pub.columns;
	struct vft_event *events;

	block->pub.batch = (struct vft_batch){.type = columns->type,
					      .n_events = columns->n_rows,
					      .first_ns = columns->first_ns,
					      .last_ns = columns->last_ns,
					      .n_skipped = columns->n_skipped};
	if (!with_events)
		return 0;
	block->events.size = 0;
	if (vft_buffer_reserve(&block->events, (columns->n_rows + 1) * sizeof(*events)) < 0)
		return -ENOMEM;
	events = (struct vft_event *)(void *)block->events.data;
	vft_columns_to_events(columns, events);
	block->pub.batch.events = events;
	return 0;
}

int rep_block_make(struct rep_block *pub, const struct rep_work *work)
{
	struct block *block = (struct block *)pub;
	int r;

	if (pub->is_made)
		return 0;
	if (block->free_made && block->free_made != work->free) {
		block->free_made(pub->made);
		pub->made = NULL;
	}
	block->free_made = work->free;
	r = work->make(work->context, work->start_ns, pub);
	pub->is_made = r == 0;
	return r;
}

static void decode(struct rep_flow *flow, struct slot *slot, const struct rep_work *work)
{
	struct block *block = slot->block;
	struct vft_cursor payload = vft_cursor_init(block->payload.data, block->header.payload_len);
	int r = vft_columns_decode(block->decoder, &block->schema->schema, &block->header, payload,
				   flow->wanted, &block->pub.columns, &slot->what);

	if (r == -EBADMSG)
		return;
	slot->what = NULL;
	if (r == 0)
		r = fill_batch(block, flow->with_events);
	if (r == 0 && work->make)
		r = rep_block_make(&block->pub, work);
	if (r < 0)
		slot->result = vft_fail(&slot->err, r, slot->item.offset, "out of memory");
}

/* Read the next item; if it has rows, decode them while others go on reading. */
static void work(struct rep_flow *flow)
{
	struct vft_reader *reader = flow->reader;
	struct slot next = {0}, *slot;
	struct rep_work todo;

	flow->is_reading = true;
	flow->n_busy++;
	(void)pthread_mutex_unlock(&flow->mutex);
	next.result = vft_reader_next(reader, &next.item, &next.err);
	(void)pthread_mutex_lock(&flow->mutex);
	if (next.result == 1 && next.item.kind == VFT_ITEM_RAW &&
	    take_rows(flow, reader, &next) < 0)
		next.result = vft_fail(&next.err, -ENOMEM, next.item.offset, "out of memory");
	flow->is_reading = false;
	flow->is_done = next.result != 1;
	flow->is_lent = points_into_reader(&next);
	next.is_ready = !next.block;
	slot = &flow->slots[(flow->first + flow->n++) % flow->n_slots];
	*slot = next;
	(void)pthread_cond_broadcast(&flow->changed);
	if (slot->block) {
		flow->n_rows += slot->block->header.n_events;
		todo = flow->work;
		(void)pthread_mutex_unlock(&flow->mutex);
		decode(flow, slot, &todo);
		(void)pthread_mutex_lock(&flow->mutex);
		slot->is_ready = true;
		(void)pthread_cond_broadcast(&flow->changed);
	}
	flow->n_busy--;
}

static void *run(void *context)
{
	struct rep_flow *flow = context;

	(void)pthread_mutex_lock(&flow->mutex);
	flow->n_ready++;
	(void)pthread_cond_broadcast(&flow->changed);
	while (!flow->is_over) {
		if (may_read(flow))
			work(flow);
		else
			(void)pthread_cond_wait(&flow->changed, &flow->mutex);
	}
	(void)pthread_mutex_unlock(&flow->mutex);
	return NULL;
}

/* ---- the consumer ---- */

int rep_flow_new(unsigned int n_threads, struct rep_flow **ret)
{
	struct rep_flow *flow = calloc(1, sizeof(*flow));
	struct home *home = calloc(1, sizeof(*home));
	pthread_attr_t small;

	if (!flow || !home) {
		free(flow);
		free(home);
		return -ENOMEM;
	}
	home->has_flow = true;
	flow->home = home;
	if (n_threads > REP_MAX_THREADS)
		n_threads = REP_MAX_THREADS;
	flow->n_slots = SLOTS_PER_THREAD * (n_threads + 1) + 1;
	(void)pthread_mutex_init(&flow->mutex, NULL); /* cannot fail with default attributes */
	(void)pthread_cond_init(&flow->changed, NULL);
	(void)pthread_attr_init(&small); /* neither fails: the size is a valid one */
	(void)pthread_attr_setstacksize(&small, STACK_BYTES);
	for (; flow->n_threads < n_threads; flow->n_threads++) {
		int err = pthread_create(&flow->threads[flow->n_threads], &small, run, flow);

		if (err) {
			(void)pthread_attr_destroy(&small);
			rep_flow_free(flow);
			return -err;
		}
	}
	(void)pthread_attr_destroy(&small);
	(void)pthread_mutex_lock(&flow->mutex);
	while (flow->n_ready < flow->n_threads)
		(void)pthread_cond_wait(&flow->changed, &flow->mutex);
	(void)pthread_mutex_unlock(&flow->mutex);
	*ret = flow;
	return 0;
}

void rep_flow_begin(struct rep_flow *flow, struct vft_reader *reader, uint64_t wanted,
		    bool with_events)
{
	(void)pthread_mutex_lock(&flow->mutex);
	vft_reader_set_raw(reader);
	flow->reader = reader;
	flow->wanted = wanted;
	flow->with_events = with_events;
	(void)pthread_cond_broadcast(&flow->changed);
	(void)pthread_mutex_unlock(&flow->mutex);
}

void rep_flow_set_work(struct rep_flow *flow, const struct rep_work *work)
{
	(void)pthread_mutex_lock(&flow->mutex);
	flow->work = work ? *work : (struct rep_work){0};
	(void)pthread_mutex_unlock(&flow->mutex);
}

static void keep_block(struct rep_flow *flow, struct block *block)
{
	if (flow->n_free_blocks < flow->n_slots)
		flow->free_blocks[flow->n_free_blocks++] = block;
	else
		block_free(block);
}

static void take_returned(struct rep_flow *flow)
{
	struct block *block;

	while ((block = flow->home->returned)) {
		flow->home->returned = block->next;
		keep_block(flow, block);
	}
}

static void give_back(struct rep_flow *flow, struct block *block)
{
	schema_unref(block->schema);
	block->schema = NULL;
	/* Somebody else holds it: it comes back when it is released. */
	if (--block->n_references)
		flow->home->n_away++;
	else
		keep_block(flow, block);
}

/* The oldest slot is done with. */
static void drop_first(struct rep_flow *flow)
{
	struct slot *slot = &flow->slots[flow->first];

	if (slot->block) {
		flow->n_rows -= slot->block->header.n_events;
		give_back(flow, slot->block);
	}
	if (points_into_reader(slot))
		flow->is_lent = false;
	*slot = (struct slot){0};
	flow->first = (flow->first + 1) % flow->n_slots;
	flow->n--;
}

/* Wait until @n slots are there, of which the last is ready, or there will be no more. Works
 * meanwhile. */
static void wait_for(struct rep_flow *flow, unsigned int n)
{
	for (;;) {
		if (flow->n >= n && flow->slots[(flow->first + n - 1) % flow->n_slots].is_ready)
			return;
		if (flow->n < n && (flow->is_done || flow->is_lent))
			return;
		if (may_read(flow))
			work(flow);
		else
			(void)pthread_cond_wait(&flow->changed, &flow->mutex);
	}
}

static bool get_time(const struct slot *slot, uint64_t *ret_ns)
{
	if (slot->result == 1 && slot->block)
		*ret_ns = slot->block->header.first_ts;
	else if (slot->result == 1 && slot->item.kind == VFT_ITEM_END)
		*ret_ns = slot->item.end->end_ns;
	else
		return false;
	return true;
}

/* The rows of slots[first] cannot be read: events may be missing up to whatever comes next. */
static void make_gap(struct rep_flow *flow)
{
	struct slot *slot = &flow->slots[flow->first];
	struct vft_gap gap = {.kind = VFT_GAP_REFUSED,
			      .n_missing_blocks = 1,
			      .what = slot->what,
			      .from_ns = slot->before_ns,
			      .to_ns = UINT64_MAX};

	for (unsigned int n = 2; n <= flow->n_slots; n++) {
		const struct slot *later = &flow->slots[(flow->first + n - 1) % flow->n_slots];

		wait_for(flow, n);
		if (flow->n < n || later->result != 1 || later->item.kind == VFT_ITEM_SECTION ||
		    get_time(later, &gap.to_ns))
			break;
	}
	if (gap.to_ns < gap.from_ns) { /* times step back a little */
		uint64_t to_ns = gap.from_ns;

		gap.from_ns = gap.to_ns;
		gap.to_ns = to_ns;
	}
	slot->item.kind = VFT_ITEM_GAP;
	slot->item.block_type = 0;
	slot->item.gap = gap;
}

int rep_flow_next(struct rep_flow *flow, struct rep_item *ret, struct vft_err *err)
{
	struct slot *slot;
	int result;

	(void)pthread_mutex_lock(&flow->mutex);
	if (flow->has_current)
		drop_first(flow);
	take_returned(flow);
	(void)pthread_cond_broadcast(&flow->changed);
	wait_for(flow, 1);
	flow->has_current = true;
	slot = &flow->slots[flow->first];
	if (slot->what)
		make_gap(flow);
	result = slot->result;
	if (result == 1) {
		ret->item = slot->item;
		ret->block = slot->block && !slot->what ? &slot->block->pub : NULL;
	}
	if (result < 0 && err)
		*err = slot->err;
	(void)pthread_mutex_unlock(&flow->mutex);
	return result;
}

void rep_flow_end(struct rep_flow *flow)
{
	(void)pthread_mutex_lock(&flow->mutex);
	flow->reader = NULL;
	while (flow->n_busy)
		(void)pthread_cond_wait(&flow->changed, &flow->mutex);
	while (flow->n)
		drop_first(flow);
	flow->has_current = flow->is_done = flow->is_lent = false;
	flow->work = (struct rep_work){0};
	schema_unref(flow->schema);
	flow->schema = NULL;
	(void)pthread_mutex_unlock(&flow->mutex);
}

void rep_flow_free(struct rep_flow *flow)
{
	if (!flow)
		return;
	(void)pthread_mutex_lock(&flow->mutex);
	flow->is_over = true;
	(void)pthread_cond_broadcast(&flow->changed);
	(void)pthread_mutex_unlock(&flow->mutex);
	for (unsigned int i = 0; i < flow->n_threads; i++)
		(void)pthread_join(flow->threads[i], NULL);
	take_returned(flow);
	flow->home->has_flow = false;
	if (!flow->home->n_away)
		free(flow->home);
	while (flow->n_free_blocks)
		block_free(flow->free_blocks[--flow->n_free_blocks]);
	(void)pthread_cond_destroy(&flow->changed);
	(void)pthread_mutex_destroy(&flow->mutex);
	free(flow);
}
