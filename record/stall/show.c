/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/show.h"

#include <inttypes.h>
#include <string.h>

#include <vft/event.h>

#include "bpf/events.h"
#include "record/stall/text.h"

#define NS_PER_S   1e9
#define MAX_FRAMES 8 /* of each stack on the screen */

static const char *const states[] = {
#define X(id, NAME, name) [id] = #name,
	VFT_STATE_LIST(X)
#undef X
};

static bool begins_with_any(const char *frame, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(frame, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

size_t rec_show_first_frame(const struct rec_wait *wait)
{
	static const char *const names[] = {"__schedule+", "schedule", "io_schedule", "preempt_",
					    "context_switch"};
	size_t i = 0;

	while (i < wait->n_frames &&
	       begins_with_any(wait->frames[i], names, sizeof(names) / sizeof(names[0])))
		i++;
	return i;
}

size_t rec_show_end_frame(const struct rec_wait *wait)
{
	static const char *const names[] = {"entry_",     "do_syscall_",   "x64_sys_call",
					    "el0_",       "el0t_",         "invoke_syscall",
					    "do_el0_",    "do_int80_",     "do_fast_syscall",
					    "__do_fast_", "ret_from_fork", "ia32_sys_call"};
	size_t end = wait->n_frames;

	while (end &&
	       begins_with_any(wait->frames[end - 1], names, sizeof(names) / sizeof(names[0])))
		end--;
	return end;
}

void rec_show_task(struct rec_text *text, const struct vfe_task_state *task)
{
	char comm[REC_COMM_TEXT];

	rec_wait_copy_comm(task->task.comm, comm);
	rec_text_add(text, "%s[%u]", comm, task->task.tgid);
	if (task->task.tid != task->task.tgid)
		rec_text_add(text, " thread %u", task->task.tid);
}

static void put_task(struct rec_text *text, const struct rec_wait *wait)
{
	rec_text_add(text, "%s[%u]", wait->comm, wait->tgid);
	if (wait->tid != wait->tgid)
		rec_text_add(text, " thread %u", wait->tid);
}

static void put_call(struct rec_text *text, const struct rec_wait *wait)
{
	if (!wait->syscall) {
		if (wait->syscall_number >= 0)
			rec_text_add(text, "system call %" PRId64, wait->syscall_number);
		return;
	}
	rec_text_add(text, "%s(", wait->syscall);
	if (!wait->signature)
		rec_text_add(text, "...");
	for (size_t i = 0; i < wait->n_args; i++)
		rec_text_add(text, "%s%s", i ? ", " : "", wait->args[i]);
	rec_text_add(text, ")");
}

static void put_frame(struct rec_text *text, const struct rec_wait *wait)
{
	if (wait->frame < wait->n_frames)
		rec_text_add(text, " in %.*s", (int)strcspn(wait->frames[wait->frame], "+"),
			     wait->frames[wait->frame]);
}

void rec_show_line(const struct rec_autopsy *autopsy, char *ret, size_t size)
{
	struct rec_text text = rec_text_over(ret, size);
	const struct rec_wait *child = &autopsy->child;

	if (autopsy->parent.tid)
		put_task(&text, &autopsy->parent);
	else
		rec_text_add(&text, "a thread");
	rec_text_add(&text, " held %.2fs by ", (double)autopsy->held_ns / NS_PER_S);
	put_task(&text, child);
	rec_text_add(&text, ": ");
	if (child->state == VFT_STATE_SLEEPING || child->state == VFT_STATE_BLOCKED) {
		put_call(&text, child);
		put_frame(&text, child);
	} else {
		rec_text_add(&text, "it %s", child->text);
	}
	if (autopsy->chain.end == REC_CHAIN_CYCLE)
		rec_text_add(&text, rec_chain_is_guess(&autopsy->chain) ? "; probably a deadlock"
									: "; deadlock");
}

/* ---- a screen ---- */

static void show_frames(FILE *out, const struct rec_wait *wait)
{
	size_t first = rec_show_first_frame(wait), end = rec_show_end_frame(wait);

	for (size_t i = first; i < end && i < first + MAX_FRAMES; i++)
		fprintf(out, "            %s\n", wait->frames[i]);
	if (end > first + MAX_FRAMES)
		fprintf(out, "            and %zu more\n", end - first - MAX_FRAMES);
}

static void show_wait(FILE *out, const char *label, const struct rec_wait *wait)
{
	char line[2 * REC_LINE_TEXT];
	struct rec_text text = REC_TEXT(line);

	put_call(&text, wait);
	fprintf(out, "  %-8s  %s%s%s%s\n", label, states[wait->state], line[0] ? " in " : "", line,
		wait->is_in_iowait ? ", waiting for I/O" : "");
	show_frames(out, wait);
}

static void show_use(FILE *out, const struct rec_autopsy *autopsy)
{
	fprintf(out, "  %-8s  ", "CPU");
	if (autopsy->interval_ns && !autopsy->interval_cpu_ns)
		fprintf(out, "none in the last %.1f s; ", (double)autopsy->interval_ns / NS_PER_S);
	else if (autopsy->interval_ns)
		fprintf(out, "%.0f %% in the last %.1f s; ",
			100.0 * (double)autopsy->interval_cpu_ns / (double)autopsy->interval_ns,
			(double)autopsy->interval_ns / NS_PER_S);
	fprintf(out, "%.3f s and %" PRIu64 " switches in all\n",
		(double)autopsy->child.cpu_ns / NS_PER_S, autopsy->child.n_switches);
}

static void show_threads(FILE *out, const struct rec_autopsy *autopsy)
{
	if (!autopsy->n_threads)
		return;
	fprintf(out, "  %-8s  %zu in %s[%u]:", "threads", autopsy->n_threads, autopsy->parent.comm,
		autopsy->parent.tgid);
	for (size_t i = 0; i < autopsy->n_groups; i++)
		fprintf(out, "%s %zu in %s", i ? "," : "", autopsy->groups[i].n,
			autopsy->groups[i].what);
	fputc('\n', out);
}

static void show_lineage(FILE *out, const struct rec_autopsy *autopsy)
{
	fprintf(out, "  %-8s  ", "lineage");
	for (size_t i = autopsy->n_lineage; i > 0; i--)
		fprintf(out, "%s[%u]%s", autopsy->lineage[i - 1].comm, autopsy->lineage[i - 1].tgid,
			i > 1 ? " > " : "\n");
}

/* One that ends with the child says no more than the cause. */
static void show_chain(FILE *out, const struct rec_chain *chain)
{
	char line[2 * REC_LINE_TEXT];

	if (chain->n == 1 && (chain->end == REC_CHAIN_OUTSIDE || chain->end == REC_CHAIN_RUNS))
		return;
	rec_chain_describe(chain, line, sizeof(line));
	fprintf(out, "  %-8s  %s\n", "chain", line);
}

void rec_show_text(FILE *out, const struct rec_autopsy *autopsy)
{
	const struct rec_wait *child = &autopsy->child, *parent = &autopsy->parent;
	char line[2 * REC_LINE_TEXT];
	struct rec_text text = REC_TEXT(line);

	put_task(&text, child);
	rec_text_add(&text, " has held ");
	if (parent->tid)
		put_task(&text, parent);
	else
		rec_text_add(&text, "a thread");
	fprintf(out, "%s for %.1f s: it %s.\n", line, (double)autopsy->held_ns / NS_PER_S,
		child->text);
	fprintf(out, "  %-8s  %s\n", "cause", rec_cause_word(child->cause));
	show_chain(out, &autopsy->chain);
	show_wait(out, "child", child);
	if (autopsy->has_moved)
		fprintf(out, "            it moved while it was looked at\n");
	if (child->no_memory)
		fprintf(out, "            %s\n", child->no_memory);
	show_use(out, autopsy);
	if (child->tracer_tgid)
		fprintf(out, "  %-8s  by process %u\n", "traced", child->tracer_tgid);
	if (parent->tid)
		show_wait(out, "parent", parent);
	show_threads(out, autopsy);
	fprintf(out, "  %-8s  %zu descriptors open in the child\n", "files", child->n_open);
	if (autopsy->cgroup[0])
		fprintf(out, "  %-8s  %s\n", "cgroup", autopsy->cgroup);
	show_lineage(out, autopsy);
}
