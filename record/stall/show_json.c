/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/show.h"

#include <inttypes.h>
#include <string.h>

#include <vft/event.h>

static const char *const states[] = {
#define X(id, NAME, name) [id] = #name,
	VFT_STATE_LIST(X)
#undef X
};

/* All text of an autopsy is printable ASCII. */
static void put_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_text(FILE *out, const char *name, const char *text)
{
	fprintf(out, ", \"%s\": ", name);
	if (text && *text)
		put_string(out, text);
	else
		fputs("null", out);
}

static void put_number(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, ", \"%s\": %" PRIu64, name, value);
}

static void put_number_if(FILE *out, const char *name, uint64_t value, bool is_there)
{
	if (is_there)
		put_number(out, name, value);
	else
		fprintf(out, ", \"%s\": null", name);
}

static void put_arguments(FILE *out, const struct rec_wait *wait)
{
	fputs(", \"child_syscall_args\": [", out);
	for (size_t i = 0; i < wait->n_args; i++) {
		fputs(i ? ", " : "", out);
		put_string(out, wait->args[i]);
	}
	fputc(']', out);
}

static void put_stack(FILE *out, const char *name, const struct rec_wait *wait)
{
	fprintf(out, ", \"%s\": [", name);
	for (size_t i = 0; i < wait->n_frames; i++) {
		fputs(i ? ", " : "", out);
		put_string(out, wait->frames[i]);
	}
	fputc(']', out);
}

static void put_chain(FILE *out, const struct rec_chain *chain)
{
	static const char *const ends[] = {
		[REC_CHAIN_UNKNOWN] = "unknown", [REC_CHAIN_NOBODY] = "nobody",
		[REC_CHAIN_CYCLE] = "deadlock",  [REC_CHAIN_RUNS] = "runs",
		[REC_CHAIN_OUTSIDE] = "outside", [REC_CHAIN_MANY] = "many",
		[REC_CHAIN_GONE] = "gone",       [REC_CHAIN_CUT] = "cut",
	};
	char text[2 * REC_LINE_TEXT];

	fputs(", \"chain\": [", out);
	for (size_t i = 0; i < chain->n; i++) {
		const struct rec_link *link = &chain->links[i];

		fprintf(out, "%s{\"pid\": %u", i ? ", " : "", link->tgid);
		put_number_if(out, "tid", link->tid, link->tid);
		put_text(out, "comm", link->comm);
		put_text(out, "waits_for", link->waits_for);
		fprintf(out, ", \"certain\": %s}", link->is_guess ? "false" : "true");
	}
	fputc(']', out);
	put_text(out, "chain_end", ends[chain->end]);
	rec_chain_describe(chain, text, sizeof(text));
	put_text(out, "chain_text", text);
}

static void put_surroundings(FILE *out, const struct rec_autopsy *autopsy)
{
	put_number(out, "n_threads", autopsy->n_threads);
	put_number(out, "n_waiting", autopsy->n_in_vfork);
	fputs(", \"threads\": [", out);
	for (size_t i = 0; i < autopsy->n_groups; i++) {
		fprintf(out, "%s{\"n\": %zu", i ? ", " : "", autopsy->groups[i].n);
		put_text(out, "what", autopsy->groups[i].what);
		fputc('}', out);
	}
	fputc(']', out);
	put_number(out, "n_fds", autopsy->child.n_open);
	put_number(out, "cpu_ns", autopsy->child.cpu_ns);
	put_number(out, "switches", autopsy->child.n_switches);
	put_number_if(out, "interval_ns", autopsy->interval_ns, autopsy->interval_ns);
	put_number_if(out, "interval_cpu_ns", autopsy->interval_cpu_ns, autopsy->interval_ns);
	fputs(", \"lineage\": [", out);
	for (size_t i = 0; i < autopsy->n_lineage; i++) {
		fprintf(out, "%s{\"pid\": %u", i ? ", " : "", autopsy->lineage[i].tgid);
		put_text(out, "comm", autopsy->lineage[i].comm);
		fputc('}', out);
	}
	fputc(']', out);
}

/* The thread that is thought to own what the child waits for. */
static uint32_t owner_tid(const struct rec_wait *child)
{
	return child->is_guess && child->n_holders == 1 ? child->holders[0].tid : 0;
}

static const char *no_stack_reason(const struct rec_wait *child)
{
	if (child->n_frames)
		return NULL;
	return child->state == VFT_STATE_RUNNING ? "it runs" : "the kernel told none";
}

void rec_show_json(FILE *out, const struct rec_autopsy *autopsy)
{
	const struct rec_wait *child = &autopsy->child, *parent = &autopsy->parent;
	bool has_parent = parent->tid != 0;

	fprintf(out, "{\"child_pid\": %u", child->tgid);
	put_number(out, "child_tid", child->tid);
	put_text(out, "child_comm", child->comm);
	put_number_if(out, "parent_pid", parent->tgid, has_parent);
	put_number_if(out, "parent_tid", parent->tid, has_parent);
	put_text(out, "parent_comm", has_parent ? parent->comm : NULL);
	put_text(out, "outcome", "open");
	put_number(out, "blocked_ns", autopsy->held_ns);
	put_text(out, "child_state", states[child->state]);
	put_number(out, "child_uid", autopsy->uid);
	put_text(out, "cgroup", autopsy->cgroup);
	put_text(out, "cause", rec_cause_word(child->cause));
	put_text(out, "cause_text", child->text);
	put_text(out, "child_syscall", child->syscall);
	put_number_if(out, "child_syscall_nr", (uint64_t)child->syscall_number,
		      child->syscall_number >= 0);
	put_arguments(out, child);
	put_text(out, "wait_file", child->file);
	put_text(out, "wait_fs", child->fs);
	put_chain(out, &autopsy->chain);
	put_number_if(out, "tracer_pid", child->tracer_tgid, child->tracer_tgid);
	put_number_if(out, "owner_tid", owner_tid(child), owner_tid(child));
	put_text(out, "parent_syscall", has_parent ? parent->syscall : NULL);
	fprintf(out, ", \"has_moved\": %s", autopsy->has_moved ? "true" : "false");
	put_stack(out, "child_kernel_stack", child);
	put_stack(out, "parent_kernel_stack", parent);
	put_text(out, "no_stack_reason", no_stack_reason(child));
	put_surroundings(out, autopsy);
	fputc('}', out);
}
