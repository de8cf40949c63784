/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sample.h - the traces that the fault tests damage, and what is read back from them.
 *
 * Owns: the three samples with the truth of each, the check that nothing became wrongly certain.
 * Called by: test_bits.c, test_kill.c, test_power.c.
 */
#ifndef FAULT_SAMPLE_H
#define FAULT_SAMPLE_H

#include "../unit/trace.h"
#include "replay/model/model.h"

/* What of an episode must not change while it is called certain. */
struct told {
	uint32_t child_tid;
	enum rep_outcome outcome;
	bool certain;
	bool has_exit;
	uint32_t exit_code, exit_signal, exec_error;
};

#define MAX_TOLD 1024

/* One replay of an image. */
struct view {
	uint64_t *events; /* a hash of each row, in order */
	size_t n_events, capacity;
	struct told *told;
	size_t n_told;
	bool damaged, incomplete; /* as vfork-report would say it */
	int error;                /* of the replay itself */
};

struct view view_of(const void *data, size_t size);
void view_free(struct view *view);
/* The first @n rows of @whole, then nothing. */
bool view_is_head(const struct view *view, const struct view *whole, size_t n);
/* Rows of @whole in their order, none twice. */
bool view_is_part(const struct view *view, const struct view *whole);
/* Nothing is told with certainty that @truth does not tell; prints what is, if any. */
bool view_is_honest(const struct view *view, const struct view *truth, const char *what,
		    uint64_t where);

enum sample_id {
	SAMPLE_GOLDEN,   /* tests/golden/v1/cli/outcomes.vft */
	SAMPLE_OUTCOMES, /* generated: several episodes of every outcome, in small blocks */
	SAMPLE_LOSSES,   /* the same with events lost, told later in the file and in END */
	N_SAMPLES
};

struct sample {
	const char *name;
	struct bytes trace;
	struct view whole; /* of the trace as it is */
	struct view truth; /* of a recorder that lost nothing */
};

struct sample sample_load(enum sample_id id);
void sample_free(struct sample *sample);

/*
 * @n_rounds times every outcome, in blocks of about @raw_target bytes, through @sink; flushed after
 * every @per_flush events (0 = only when full). 0 or the writer's error.
 */
int sample_write(struct vft_sink *sink, uint32_t n_rounds, uint32_t raw_target, bool lossy,
		 void (*on_flushed)(void *context), void *context);

/* Rows in the blocks that end at or before @size. */
size_t count_rows(struct bytes trace, size_t size);

#endif
