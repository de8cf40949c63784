/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/rows/rows_events.h"

static const char *const words_kind[] = {
#define X(id, NAME, name) #name,
	VFT_KIND_LIST(X)
#undef X
		NULL};
static const char *const words_cause[] = {
#define X(id, NAME, name) #name,
	VFT_CAUSE_LIST(X)
#undef X
		NULL};
static const char *const words_mark[] = {
#define X(id, NAME, name) #name,
	VFT_MARK_LIST(X)
#undef X
		NULL};
static const char *const words_state[] = {
#define X(id, NAME, name) #name,
	VFT_STATE_LIST(X)
#undef X
		NULL};
static const char *const words_by[] = {"unknown", "exec", "exit", NULL};

#define WORDS(ID)                                                                                  \
	(REP_EV_##ID == REP_EV_KIND    ? words_kind                                                \
	 : REP_EV_##ID == REP_EV_CAUSE ? words_cause                                               \
	 : REP_EV_##ID == REP_EV_WHAT  ? words_mark                                                \
	 : REP_EV_##ID == REP_EV_STATE ? words_state                                               \
	 : REP_EV_##ID == REP_EV_BY    ? words_by                                                  \
				       : NULL)

const struct rep_column rep_events_columns[REP_N_EVENTS] = {
#define X(ID, n, title_, type_, show_, about_)                                                     \
	{.name = #n,                                                                               \
	 .title = title_,                                                                          \
	 .about = about_,                                                                          \
	 .words = WORDS(ID),                                                                       \
	 .bits = REP_EV_##ID == REP_EV_CLONE_FLAGS ? rep_bits_clone : NULL,                        \
	 .type = REP_CELL_##type_,                                                                 \
	 .show = REP_##show_,                                                                      \
	 .may_be_null = REP_EV_##ID > REP_EV_CPU},
	REP_EVENTS_LIST(X)
#undef X
};

enum rep_events_column rep_events_column(unsigned int vft_column)
{
	switch (vft_column) {
#define X(ID)                                                                                      \
	case VFT_COL_##ID:                                                                         \
		return REP_EV_##ID
		X(COMM);
		X(CLONE_FLAGS);
		X(EXIT_SIGNAL);
		X(SYSCALL);
		X(FLAGS);
		X(STACK);
		X(PARENT_TGID);
		X(PARENT_TID);
		X(PARENT_START);
		X(BY);
		X(PATH);
		X(INTERP);
		X(EXE_DEV);
		X(EXE_INO);
		X(EXE_FS);
		X(ARGV);
		X(ARGV_SIZE);
		X(OLD_TID);
		X(ERROR);
		X(CODE);
		X(SIGNAL);
		X(SENDER_TGID);
		X(SENDER_COMM);
		X(STATE);
		X(WAITER_TGID);
		X(WAITER_TID);
		X(WAITER_START);
		X(CAUSE);
		X(LOST_CPU);
		X(COUNT);
		X(FROM);
		X(TO);
		X(MONOTONIC);
		X(REALTIME);
		X(WHAT);
		X(TEXT);
		X(CGROUP);
		X(EXE);
		X(NPROC);
		X(NPROC_LIMIT);
		X(PIDS);
		X(PIDS_LIMIT);
#undef X
	case VFT_COL_TASK:
		return REP_EV_PID;
	case VFT_COL_CHILD:
		return REP_EV_CHILD_PID;
	default:
		return REP_N_EVENTS;
	}
}

static struct rep_cell *append(struct rep_event_row *row, enum rep_events_column column)
{
	row->which[row->n] = (uint8_t)column;
	return &row->cells[row->n++];
}

size_t rep_events_order(unsigned int kind, uint8_t *ret_fields, uint8_t *ret_columns)
{
	size_t n, n_fields, at;
	const struct vft_field *fields = vft_event_fields(kind, &n_fields);

	for (n = 0; n_fields--;) {
		enum rep_events_column column = rep_events_column(fields[n_fields].column);

		if (column == REP_N_EVENTS)
			continue;
		for (at = n++; at && ret_columns[at - 1] > column; at--) {
			ret_columns[at] = ret_columns[at - 1];
			ret_fields[at] = ret_fields[at - 1];
		}
		ret_columns[at] = (uint8_t)column;
		ret_fields[at] = (uint8_t)n_fields;
	}
	return n;
}

static void put_task(struct rep_event_row *row, const struct vft_task *task,
		     enum rep_events_column first)
{
	_Static_assert(REP_EV_TID == REP_EV_PID + 1 && REP_EV_NS_PID == REP_EV_PID + 2 &&
			       REP_EV_NS_TID == REP_EV_PID + 3 &&
			       REP_EV_TASK_START == REP_EV_PID + 4 &&
			       REP_EV_UID == REP_EV_PID + 5 && REP_EV_PIDNS == REP_EV_PID + 6 &&
			       REP_EV_CGROUP == REP_EV_PID + 7,
		       "a task is eight columns in a row");
	_Static_assert(REP_EV_CHILD_CGROUP - REP_EV_CHILD_PID == 7, "and so is the child");
	const uint64_t values[8] = {task ? task->tgid : 0,     task ? task->tid : 0,
				    task ? task->ns_tgid : 0,  task ? task->ns_tid : 0,
				    task ? task->start_ns : 0, task ? task->uid : 0,
				    task ? task->pidns : 0,    task ? task->cgroup : 0};

	for (unsigned int i = 0; i < 8; i++)
		*append(row, first + i) = task ? REP_UINT(values[i]) : REP_NULL;
	/* Text says of a new thread that it is one. */
	if (first == REP_EV_CHILD_PID)
		row->cells[row->n - 7].is_quiet = task && task->tid == task->tgid;
}

static struct rep_cell string_cell(const struct vft_str *string)
{
	if (!string)
		return REP_NULL;
	return REP_BYTES(((struct vft_str){string->data ? string->data : "", string->size}));
}

bool rep_events_is_plain(enum rep_events_column column)
{
	return rep_events_columns[column].type != REP_CELL_OFFSET && column != REP_EV_LOST_CPU &&
	       column != REP_EV_NPROC_LIMIT && column != REP_EV_PIDS_LIMIT;
}

struct rep_cell rep_events_number(enum rep_events_column column, uint64_t value, uint64_t start_ns,
				  char name[2][REP_NAME_SIZE])
{
	switch ((int)column) {
	case REP_EV_EXIT_SIGNAL:
	case REP_EV_SIGNAL:
		return REP_WORD(rep_signal_name((uint32_t)value, name[0]));
	case REP_EV_ERROR:
		return REP_WORD(rep_errno_name((uint32_t)value, name[1]));
	case REP_EV_STATE:
		return REP_WORD(vft_state_name((uint32_t)value));
	case REP_EV_CAUSE:
		return REP_WORD(vft_cause_name((uint32_t)value));
	case REP_EV_WHAT:
		return REP_WORD(vft_mark_name((uint32_t)value));
	case REP_EV_BY:
		return REP_WORD(value <= VFT_BY_EXIT ? words_by[value] : NULL);
	case REP_EV_FROM:
	case REP_EV_TO:
		return REP_INT((int64_t)(value - start_ns));
	case REP_EV_LOST_CPU:
		return value == VFT_CPU_NONE ? REP_NULL : REP_UINT(value);
	case REP_EV_NPROC_LIMIT:
	case REP_EV_PIDS_LIMIT:
		return value == VFT_NO_LIMIT ? REP_NULL : REP_UINT(value);
	case REP_EV_NPROC:
	case REP_EV_PIDS:
	case REP_EV_STACK:
	case REP_EV_OLD_TID:
	case REP_EV_PARENT_START:
	case REP_EV_EXE_DEV:
	case REP_EV_EXE_INO:
	case REP_EV_EXE_FS:
	case REP_EV_WAITER_TGID:
	case REP_EV_WAITER_TID:
	case REP_EV_WAITER_START:
		return value ? REP_UINT(value) : REP_NULL;
	default:
		return REP_UINT(value);
	}
}

void rep_events_cells(const struct vft_event *event, uint64_t start_ns, struct rep_event_row *ret)
{
	const struct vft_field *fields;
	size_t n;

	ret->n = 0;
	*append(ret, REP_EV_TIME_NS) = REP_MOMENT((int64_t)(event->time_ns - start_ns), 0);
	*append(ret, REP_EV_KIND) = REP_WORD(vft_kind_name(event->kind));
	*append(ret, REP_EV_CPU) = event->cpu == VFT_CPU_NONE ? REP_NULL : REP_UINT(event->cpu);
	fields = vft_event_fields(event->kind, &n);
	if (!n)
		return;
	if (!ret->orders[event->kind].n)
		ret->orders[event->kind].n =
			(uint8_t)rep_events_order(event->kind, ret->orders[event->kind].fields,
						  ret->orders[event->kind].columns);
	for (size_t i = 0; i < ret->orders[event->kind].n; i++) {
		const struct vft_field *field = &fields[ret->orders[event->kind].fields[i]];
		enum rep_events_column column = ret->orders[event->kind].columns[i];
		const void *member = (const char *)event + field->offset;

		switch ((enum vft_type)field->type) {
		case VFT_TYPE_TASK:
			put_task(ret, *(const struct vft_task *const *)member, column);
			break;
		case VFT_TYPE_STR:
			*append(ret, column) = string_cell(*(const struct vft_str *const *)member);
			break;
		case VFT_TYPE_I32: {
			int32_t value = *(const int32_t *)member;

			*append(ret, column) = value < 0 ? REP_NULL : REP_INT(value);
			break;
		}
		case VFT_TYPE_U32:
			*append(ret, column) = rep_events_number(column, *(const uint32_t *)member,
								 start_ns, ret->number);
			/* Whom a signal ended has no code. */
			if (column == REP_EV_CODE && event->exit.signal)
				ret->cells[ret->n - 1] = REP_NULL;
			break;
		case VFT_TYPE_U64:
			*append(ret, column) = rep_events_number(column, *(const uint64_t *)member,
								 start_ns, ret->number);
			if (column == REP_EV_REALTIME)
				*append(ret, REP_EV_REALTIME_UTC) =
					REP_UINT(event->clock.realtime_ns);
			break;
		}
	}
}
