/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/wait.h"

#include <errno.h>
#include <string.h>

#include <vft/event.h>

#include "bpf/autopsy.h"
#include "bpf/events.h"
#include "record/kernel/examiner.h"
#include "record/kernel/translate.h"
#include "record/stall/arguments.h"
#include "record/stall/holders.h"
#include "record/stall/syscalls.h"
#include "record/stall/text.h"
#include "record/watch/snapshot.h"

/* "do_wait+0x12/0x90 [module]": the function's size is no news. */
static void take_frame(const char *line, size_t size, char to[REC_FRAME_TEXT])
{
	struct rec_text text = rec_text_over(to, REC_FRAME_TEXT);
	const char *slash = memchr(line, '/', size);
	const char *module = slash ? memchr(slash, ' ', size - (size_t)(slash - line)) : NULL;

	rec_text_escape(&text, line, slash ? (size_t)(slash - line) : size);
	if (module)
		rec_text_escape(&text, module, size - (size_t)(module - line));
}

static void take_frames(const char *kstack, struct rec_wait *wait)
{
	while (*kstack && wait->n_frames < REC_MAX_FRAMES) {
		size_t n = strcspn(kstack, "\n");

		if (n)
			take_frame(kstack, n, wait->frames[wait->n_frames++]);
		kstack += n + (kstack[n] == '\n');
	}
}

/* How every wait begins. */
static bool is_scheduler(const char *frame)
{
	static const char *const names[] = {"__schedule+", "schedule", "io_schedule", "preempt_"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(frame, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void find_cause(struct rec_wait *wait)
{
	const char *frames[REC_MAX_FRAMES];
	struct rec_signs signs = {.state = wait->state,
				  .syscall = wait->syscall,
				  .frames = frames,
				  .n_frames = wait->n_frames};

	for (size_t i = 0; i < wait->n_frames; i++)
		frames[i] = wait->frames[i];
	wait->cause = rec_cause_find(&signs, &wait->frame);
	for (size_t i = 0; wait->frame == wait->n_frames && i < wait->n_frames; i++)
		if (!is_scheduler(wait->frames[i]))
			wait->frame = i;
}

/* What the list says of it, as it is now. */
static uint32_t state_now(const struct vfe_task_state *task, const struct vfa_task *look)
{
	struct vfe_task_state now = *task;

	now.state = look->state;
	now.exit_state = look->exit_state;
	return rec_translate_state(&now);
}

static void take_look(const struct vfe_task_state *task, const struct vfa_task *look,
		      struct rec_wait *ret)
{
	enum rec_abi abi = rec_abi_here(look->flags & VFA_TASK_COMPAT);

	*ret = (struct rec_wait){
		.tgid = look->tgid,
		.tid = look->tid,
		.start_ns = look->thread_start_ns,
		.state = state_now(task, look),
		.is_in_iowait = look->flags & VFA_TASK_IOWAIT,
		.is_pending = look->vfork_done,
		.syscall_number = look->flags & VFA_TASK_REGS ? look->syscall : -1,
		.tracer_tgid = look->tracer_tgid,
		.tracer_tid = look->tracer_tid,
		.cpu_ns = look->cpu_ns,
		.n_switches = look->n_switches,
	};
	/* Registers of one that runs are those of its last entry into the kernel, whatever it was.
	 */
	if (ret->state == VFT_STATE_RUNNING)
		ret->syscall_number = -1;
	ret->syscall = rec_syscall_name(abi, ret->syscall_number);
	ret->signature = ret->syscall ? rec_syscall_arguments(ret->syscall) : NULL;
	rec_wait_copy_comm(look->comm, ret->comm);
}

int rec_wait_look_again(const struct rec_scene *scene, const struct rec_wait *wait,
			bool *ret_has_moved)
{
	char kstack[REC_KSTACK_TEXT];
	struct vfa_task look;
	int r = rec_examiner_look(scene->examiner, wait->tid, &look, kstack);

	if (r)
		return r;
	if (look.thread_start_ns != wait->start_ns || !look.vfork_done)
		return -ESRCH;
	*ret_has_moved = wait->state != VFT_STATE_RUNNING && look.n_switches != wait->n_switches;
	return 0;
}

int rec_wait_look(const struct rec_scene *scene, const struct vfe_task_state *task,
		  struct rec_wait *ret)
{
	char kstack[REC_KSTACK_TEXT];
	struct vfa_task look;
	struct rec_fds fds;
	int r = rec_examiner_look(scene->examiner, task->task.tid, &look, kstack);

	if (r)
		return r;
	if (look.thread_start_ns != task->thread_start_ns || look.tgid != task->task.tgid)
		return -ESRCH; /* its id is another's by now */
	take_look(task, &look, ret);
	/* The stack of one that runs is what it was when it last slept. */
	if (ret->state != VFT_STATE_RUNNING)
		take_frames(kstack, ret);
	find_cause(ret);
	rec_arguments_read(scene, &look, ret, &fds);
	rec_holders_find(scene, task, &look, &fds, ret);
	return 0;
}
