/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/rows/seen.h"

#include <inttypes.h>
#include <stdio.h>

#include "replay/print/escape.h"

static void keep(struct rep_seen *seen, struct vft_str value)
{
	if (!value.size)
		return;
	if (value.size > REP_SEEN_SIZE)
		value.size = REP_SEEN_SIZE;
	for (unsigned int i = 0; i < seen->n_values; i++) {
		if (seen->sizes[i] == value.size &&
		    memcmp(seen->values[i], value.data, value.size) == 0)
			return;
	}
	if (seen->n_values == REP_SEEN_VALUES) {
		seen->has_more = true;
		return;
	}
	memcpy(seen->values[seen->n_values], value.data, value.size);
	seen->sizes[seen->n_values++] = (uint8_t)value.size;
}

static void keep_number(struct rep_seen *seen, uint32_t value)
{
	char text[12];
	int n = snprintf(text, sizeof(text), "%" PRIu32, value);

	if (n > 0)
		keep(seen, (struct vft_str){text, (uint32_t)n});
}

/* As much of a container's id as people use. */
static struct vft_str head(struct vft_str id)
{
	return (struct vft_str){id.data, id.size < 12 ? id.size : 12};
}

/* What a row says of what is selected by; the same option first as in rep_seen_describe(). */
struct traits {
	uint32_t pid, uid;
	struct vft_str comm, exe, cgroup;
};

static void keep_traits(struct rep_seen *seen, const struct rep_select *select,
			const struct traits *traits)
{
	if (select->pids.n)
		keep_number(seen, traits->pid);
	else if (select->comms.n)
		keep(seen, traits->comm);
	else if (select->exes.n)
		keep(seen, traits->exe);
	else if (select->containers.n)
		keep(seen, head(rep_container_id(traits->cgroup)));
	else if (select->uids.n)
		keep_number(seen, traits->uid);
}

/* Whether it is worth a look: only while nothing has matched. */
static bool count(struct rep_seen *seen, bool matches)
{
	seen->n_rows++;
	seen->n_matched += matches;
	return !seen->n_matched && !seen->has_more;
}

void rep_seen_vfork(struct rep_seen *seen, const struct rep_select *select,
		    const struct rep_vfork *vfork, bool matches)
{
	const struct rep_episode *e = &vfork->episode;
	const struct traits traits = {
		.pid = select->ns ? e->child_ns_tgid : e->parent.tgid,
		.uid = e->uid,
		.comm = rep_str_get(e->parent_comm),
		.exe = rep_str_get(e->parent_exe),
		.cgroup = rep_str_get(vfork->cgroup_str),
	};

	if (count(seen, matches))
		keep_traits(seen, select, &traits);
}

void rep_seen_process(struct rep_seen *seen, const struct rep_select *select,
		      const struct rep_section_info *info, const struct rep_process *process,
		      bool matches)
{
	struct traits traits;

	if (!count(seen, matches))
		return;
	traits = (struct traits){
		.pid = select->ns ? process->ns_tgid : process->key.tgid,
		.uid = process->uid,
		.comm = rep_str_get(process->comm),
		.exe = rep_str_get(process->exe),
	};
	if (select->containers.n)
		traits.cgroup = rep_str_get(rep_model_cgroup(info->model, process->cgroup));
	keep_traits(seen, select, &traits);
}

void rep_seen_event(struct rep_seen *seen, const struct rep_select *select,
		    const struct vft_event *event, bool matches)
{
	struct traits traits;

	if (!count(seen, matches) || !event->task)
		return;
	traits = (struct traits){
		.pid = select->ns ? event->task->ns_tgid : event->task->tgid,
		.uid = event->task->uid,
		.comm = event->comm ? *event->comm : (struct vft_str){0},
	};
	keep_traits(seen, select, &traits);
}

void rep_seen_describe(const struct rep_seen *seen, const struct rep_select *select,
		       struct rep_buf *buf)
{
	if (!seen->n_values)
		return;
	rep_buf_text(buf, select->pids.n         ? "; pids there: "
			  : select->comms.n      ? "; names there: "
			  : select->exes.n       ? "; files there: "
			  : select->containers.n ? "; containers there: "
						 : "; uids there: ");
	for (unsigned int i = 0; i < seen->n_values; i++) {
		rep_buf_text(buf, i ? ", " : "");
		rep_escape_text(buf, (struct vft_str){seen->values[i], seen->sizes[i]});
	}
	if (seen->has_more)
		rep_buf_text(buf, ", ...");
}
