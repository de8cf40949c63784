/* SPDX-License-Identifier: BSD-2-Clause */
/* A block's columns, row by row, into the model. */
#include "replay/model/model_internal.h"

/* How many rows ahead the memory of a row's process is asked for: its slot first, then itself. */
#define SLOT_AHEAD    24u
#define PROCESS_AHEAD 12u

struct rows {
	const struct vft_columns *columns;
	uint32_t at[VFT_COLUMN_MAX]; /* how many values of each column were taken */
};

static inline uint32_t take_u32(struct rows *rows, unsigned int column)
{
	return rows->columns->of[column].u32[rows->at[column]++];
}

static inline uint64_t take_u64(struct rows *rows, unsigned int column)
{
	return rows->columns->of[column].u64[rows->at[column]++];
}

static inline const struct vft_task *take_task(struct rows *rows, unsigned int column)
{
	return &rows->columns->tasks[take_u32(rows, column)];
}

static inline const struct vft_str *take_str(struct rows *rows, unsigned int column)
{
	uint32_t row = take_u32(rows, column);

	return row == VFT_NO_STRING ? NULL : &rows->columns->strings[row];
}

/*
 * What the model looks at of the frequent kinds; of the others all that is there. A column that
 * another kind has too is taken from even where nobody looks at the value.
 */
static inline void fill_event(struct rows *rows, uint32_t i, struct vft_event *event)
{
	event->time_ns = rows->columns->time_ns[i];
	event->kind = rows->columns->kind[i];
	event->flags = 0;
	event->task = NULL;
	event->comm = NULL;
	switch (event->kind) {
	case VFT_KIND_SPAWN:
		event->task = take_task(rows, VFT_COL_TASK);
		event->comm = take_str(rows, VFT_COL_COMM);
		event->spawn.child = take_task(rows, VFT_COL_CHILD);
		event->spawn.clone_flags = take_u64(rows, VFT_COL_CLONE_FLAGS);
		event->spawn.syscall = (int32_t)take_u32(rows, VFT_COL_SYSCALL);
		event->flags = take_u32(rows, VFT_COL_FLAGS);
		break;
	case VFT_KIND_RELEASE:
		event->task = take_task(rows, VFT_COL_TASK);
		event->release.parent_tgid = take_u32(rows, VFT_COL_PARENT_TGID);
		event->release.parent_tid = take_u32(rows, VFT_COL_PARENT_TID);
		event->release.parent_start_ns = take_u64(rows, VFT_COL_PARENT_START);
		event->release.by = take_u32(rows, VFT_COL_BY);
		break;
	case VFT_KIND_EXEC:
		event->task = take_task(rows, VFT_COL_TASK);
		event->comm = take_str(rows, VFT_COL_COMM);
		event->exec.path = take_str(rows, VFT_COL_PATH);
		event->exec.argv = take_str(rows, VFT_COL_ARGV);
		event->exec.argv_size = take_u32(rows, VFT_COL_ARGV_SIZE);
		event->exec.old_tid = take_u32(rows, VFT_COL_OLD_TID);
		event->flags = take_u32(rows, VFT_COL_FLAGS);
		event->exec.exe = take_str(rows, VFT_COL_EXE);
		break;
	case VFT_KIND_EXIT:
		event->task = take_task(rows, VFT_COL_TASK);
		event->comm = take_str(rows, VFT_COL_COMM);
		event->exit.code = take_u32(rows, VFT_COL_CODE);
		event->exit.signal = take_u32(rows, VFT_COL_SIGNAL);
		event->flags = take_u32(rows, VFT_COL_FLAGS);
		break;
	default:
		vft_columns_get(rows->columns, rows->at, i, event);
		break;
	}
}

/* Processes are spread over more memory than the cache holds: fetch those that come next. */
static inline void prefetch(const struct rep_model *model, const struct rows *rows)
{
	const uint32_t *next = rows->columns->of[VFT_COL_TASK].u32;
	uint32_t at = rows->at[VFT_COL_TASK], n = rows->columns->n_of[VFT_COL_TASK];
	const struct process *process;

	if (n - at <= SLOT_AHEAD)
		return;
	next += at;
	pids_prefetch(model->pids, rows->columns->tasks[next[SLOT_AHEAD]].tgid);
	process =
		pids_find(model->pids, rows->columns->tasks[next[PROCESS_AHEAD]].tgid, PID_PROCESS);
	if (!process)
		return;
	__builtin_prefetch(process);
	__builtin_prefetch((const char *)process + MODEL_LINE);
	__builtin_prefetch((const char *)process + 2 * MODEL_LINE);
}

int rep_model_columns(struct rep_model *model, const struct vft_columns *columns)
{
	struct rows rows = {.columns = columns};
	struct vft_event event;
	int r = 0;

	model_forget_seen(model);
	for (uint32_t i = 0; i < columns->n_rows && r == 0; i++) {
		prefetch(model, &rows);
		fill_event(&rows, i, &event);
		r = model_take(model, &event);
	}
	return r;
}
