/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/rows/rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "format/block/meta.h"

#define CONTAINER_ID_SIZE 64u

const char *const rep_words_syscall[] = {"vfork", "clone", "clone3", NULL};
const char *const rep_words_outcome[] = {
#define X(NAME, name) #name,
	REP_OUTCOME_LIST(X)
#undef X
		NULL};
const char *const rep_words_source[] = {"release", "prepare_exec", "exec", "exit", NULL};
const char *const rep_words_state[] = {
#define X(id, NAME, name) #name,
	VFT_STATE_LIST(X)
#undef X
		NULL};
const char *const rep_words_selected[] = {"yes", "maybe", NULL};
const char *const rep_words_spawn[] = {"vfork", "fork", "clone", "existing", "unknown", NULL};

#define COLUMN(ID, n, title_, type_, show_, null_, words_, width_, about_)                         \
	{.name = #n,                                                                               \
	 .title = title_,                                                                          \
	 .about = about_,                                                                          \
	 .words = words_,                                                                          \
	 .type = REP_CELL_##type_,                                                                 \
	 .show = REP_##show_,                                                                      \
	 .may_be_null = null_,                                                                     \
	 .max_width = width_},

const struct rep_column rep_vforks_columns[REP_N_VFORKS] = {REP_VFORKS_LIST(COLUMN)};
const struct rep_column rep_processes_columns[REP_N_PROCESSES] = {REP_PROCESSES_LIST(COLUMN)};

const struct rep_table_info rep_tables[] = {
	{"vforks", rep_vforks_columns, REP_N_VFORKS, "one row per CLONE_VFORK spawn"},
	{"processes", rep_processes_columns, REP_N_PROCESSES, "one row per process"},
	{"events", rep_events_columns, REP_N_EVENTS, "one row per recorded event"},
	{0},
};

static uint32_t copy_text(char *to, size_t max, struct vft_str from)
{
	size_t n = from.size < max ? from.size : max;

	if (n)
		memcpy(to, from.data, n);
	return (uint32_t)n;
}

void rep_origin_init(struct rep_origin *origin, const struct rep_section_info *info)
{
	*origin = (struct rep_origin){.source = info->source, .start_ns = info->start_ns};
	origin->boot_id_size =
		copy_text(origin->boot_id, sizeof(origin->boot_id), info->meta.boot_id);
	origin->arch_size = copy_text(origin->arch, sizeof(origin->arch), info->meta.arch);
	origin->host_size = copy_text(origin->host, sizeof(origin->host), info->meta.hostname);
}

const char *rep_origin_note(const struct rep_origin *origin, const struct rep_origin *first,
			    struct vft_str *ret)
{
	if (origin->file) {
		*ret = (struct vft_str){origin->file, (uint32_t)strlen(origin->file)};
		return "file";
	}
	*ret = (struct vft_str){origin->host, origin->host_size};
	return origin->host_size != first->host_size ||
			       memcmp(origin->host, first->host, origin->host_size) != 0
		       ? "host"
		       : NULL;
}

static int64_t relative(const struct rep_origin *origin, uint64_t boottime_ns)
{
	return (int64_t)(boottime_ns - origin->start_ns);
}

void rep_vfork_init(struct rep_vfork *ret, const struct rep_section_info *info,
		    const struct rep_origin *origin, const struct rep_episode *episode)
{
	/* Member by member: a whole one would be made first, and then copied. */
	ret->episode = *episode;
	ret->origin = origin;
	ret->match = REP_MATCH_YES;
	ret->parent_argv = NULL;
	ret->has_time = rep_section_realtime(info, episode->start_ns, &ret->time_ns);
	ret->cgroup_str = rep_model_cgroup(info->model, episode->cgroup);
	/* Nearly always the same. */
	ret->child_cgroup_str = episode->child_cgroup == episode->cgroup
					? ret->cgroup_str
					: rep_model_cgroup(info->model, episode->child_cgroup);
}

void rep_vfork_acquire(struct rep_vfork *vfork)
{
	rep_str_acquire(vfork->cgroup_str);
	rep_str_acquire(vfork->child_cgroup_str);
	rep_str_acquire(vfork->parent_argv);
	rep_episode_acquire(&vfork->episode);
}

void rep_vfork_release(struct rep_vfork *vfork)
{
	rep_episode_release(&vfork->episode);
	rep_str_release(vfork->cgroup_str);
	rep_str_release(vfork->child_cgroup_str);
	rep_str_release(vfork->parent_argv);
}

int64_t rep_vfork_start(const struct rep_vfork *vfork)
{
	return relative(vfork->origin, vfork->episode.start_ns);
}

static bool is_hex(const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!((data[i] >= '0' && data[i] <= '9') || (data[i] >= 'a' && data[i] <= 'f')))
			return false;
	}
	return true;
}

/*
 * docker-ID.scope, cri-containerd-ID.scope, crio-ID.scope, libpod-ID.scope, and a bare ID as below
 * /docker/ and kubepods: in every one 64 digits that end a component, but for ".scope".
 */
struct vft_str rep_container_id(struct vft_str path)
{
	size_t end = path.size, start, size;

	while (end) {
		start = end;
		while (start && path.data[start - 1] != '/')
			start--;
		size = end - start;
		if (size > 6 && memcmp(path.data + end - 6, ".scope", 6) == 0)
			size -= 6;
		if (size >= CONTAINER_ID_SIZE) {
			const char *id = path.data + start + size - CONTAINER_ID_SIZE;

			if (is_hex(id, CONTAINER_ID_SIZE) &&
			    (size == CONTAINER_ID_SIZE || id[-1] == '-' || id[-1] == ':'))
				return (struct vft_str){id, CONTAINER_ID_SIZE};
		}
		end = start ? start - 1 : 0;
	}
	return (struct vft_str){0};
}

static struct rep_cell key_cell(const struct rep_origin *origin, struct rep_key key, char *buffer,
				size_t size)
{
	int n;

	if (!key.tgid)
		return REP_NULL;
	n = snprintf(buffer, size, "%.*s:%" PRIu32 ":%" PRIu64, (int)origin->boot_id_size,
		     origin->boot_id, key.tgid, key.start_ns);
	if (n < 0)
		return REP_NULL;
	return REP_BYTES(((struct vft_str){buffer, (uint32_t)n}));
}

static struct rep_cell cgroup_cell(uint64_t id, struct vft_str path, char *buffer, size_t size)
{
	int n;

	if (path.data || !id)
		return REP_BYTES(path);
	n = snprintf(buffer, size, "id:%" PRIu64, id);
	return n < 0 ? REP_NULL : REP_BYTES(((struct vft_str){buffer, (uint32_t)n}));
}

static struct rep_cell id_cell(uint32_t id)
{
	return id ? REP_UINT(id) : REP_NULL;
}

static enum rep_style outcome_style(enum rep_outcome outcome)
{
	switch (outcome) {
	case REP_OUTCOME_OPEN:
		return REP_BAD;
	case REP_OUTCOME_UNKNOWN:
	case REP_OUTCOME_EXEC_DIED:
	case REP_OUTCOME_KILLED:
	case REP_OUTCOME_PARENT_KILLED:
	case REP_OUTCOME_EXEC_FAILED:
		return REP_WARN;
	case REP_OUTCOME_EXEC:
	case REP_OUTCOME_EXIT:
	case REP_N_OUTCOMES:
		break;
	}
	return REP_PLAIN;
}

static struct rep_cell syscall_cell(const struct rep_vfork *vfork)
{
	const struct rep_origin *origin = vfork->origin;

	return REP_WORD(rep_syscall_name((struct vft_str){origin->arch, origin->arch_size},
					 vfork->episode.compat, vfork->episode.syscall));
}

static struct rep_cell reason_cell(const struct rep_vfork *vfork, struct rep_scratch *scratch)
{
	const char *text =
		rep_reason_text(&vfork->episode, vfork->origin->start_ns, scratch->reason);

	return text ? REP_BYTES(((struct vft_str){text, (uint32_t)strlen(text)})) : REP_NULL;
}

static void vforks_end_cells(const struct rep_episode *e, struct rep_scratch *scratch,
			     struct rep_cell *cells)
{
	bool killed = e->has_exit && e->exit_signal;

	cells[REP_VF_EXEC_PATH] = REP_BYTES(rep_str_get(e->exec_path));
	cells[REP_VF_EXEC_ERRNO] = REP_WORD(rep_errno_name(e->exec_error, scratch->number[0]));
	cells[REP_VF_EXIT_CODE] = e->has_exit && !killed ? REP_UINT(e->exit_code) : REP_NULL;
	cells[REP_VF_EXIT_SIGNAL] =
		killed ? REP_WORD(rep_signal_name(e->exit_signal, scratch->number[1])) : REP_NULL;
	cells[REP_VF_CHILD_STATE] = e->outcome == REP_OUTCOME_OPEN || e->may_be_open
					    ? REP_WORD(vft_state_name(e->child_state))
					    : REP_NULL;
}

/* Text has no room for two columns more, but must not say "-" where a bound is known. */
static struct rep_cell blocked_cell(const struct rep_episode *e)
{
	struct rep_cell cell = e->has_blocked ? REP_UINT(e->blocked_ns) : REP_NULL;

	if (!e->has_blocked && e->blocked_min_ns) {
		cell.u = e->blocked_min_ns;
		cell.is_at_least = true;
	}
	return cell;
}

static void vforks_child_cells(const struct rep_vfork *vfork, struct rep_scratch *scratch,
			       struct rep_cell *cells)
{
	const struct rep_episode *e = &vfork->episode;
	struct vft_str cgroup = rep_str_get(vfork->child_cgroup_str);

	cells[REP_VF_CHILD_PID] = id_cell(e->child_tid ? e->child_tid : e->child.tgid);
	cells[REP_VF_CHILD_NS_PID] = id_cell(e->child_ns_tgid);
	cells[REP_VF_CHILD_COMM] = REP_BYTES(rep_str_get(e->child_comm));
	cells[REP_VF_CHILD_KEY] =
		key_cell(vfork->origin, e->child, scratch->key, sizeof(scratch->key));
	cells[REP_VF_CHILD_UID] = REP_UINT(e->child_uid);
	cells[REP_VF_CHILD_CGROUP] = cgroup_cell(e->child_cgroup, cgroup, scratch->child_cgroup,
						 sizeof(scratch->child_cgroup));
	cells[REP_VF_CHILD_CONTAINER_ID] = REP_BYTES(rep_container_id(cgroup));
}

static struct rep_cell selected_cell(enum rep_match match)
{
	struct rep_cell cell = REP_WORD(rep_words_selected[match != REP_MATCH_YES]);

	cell.is_quiet = match == REP_MATCH_YES;
	return cell;
}

void rep_vforks_cells(const struct rep_vfork *vfork, struct rep_scratch *scratch,
		      struct rep_cell cells[REP_N_VFORKS])
{
	const struct rep_episode *e = &vfork->episode;
	const struct rep_origin *origin = vfork->origin;
	struct vft_str cgroup = rep_str_get(vfork->cgroup_str);

	vforks_end_cells(e, scratch, cells);
	vforks_child_cells(vfork, scratch, cells);
	cells[REP_VF_START_NS] =
		REP_MOMENT(relative(origin, e->start_ns), vfork->has_time ? vfork->time_ns : 0);
	cells[REP_VF_START] = vfork->has_time ? REP_UINT(vfork->time_ns) : REP_NULL;
	cells[REP_VF_PARENT_PID] = id_cell(e->parent.tgid);
	cells[REP_VF_PARENT_TID] = id_cell(e->parent_tid);
	cells[REP_VF_PARENT_TID].is_quiet = e->parent_tid == e->parent.tgid;
	cells[REP_VF_PARENT_COMM] = REP_BYTES(rep_str_get(e->parent_comm));
	cells[REP_VF_PARENT_EXE] = REP_BYTES(rep_str_get(e->parent_exe));
	cells[REP_VF_SYSCALL] = syscall_cell(vfork);
	cells[REP_VF_CLONE_FLAGS] = e->has_flags ? REP_UINT(e->clone_flags) : REP_NULL;
	cells[REP_VF_OUTCOME] = REP_WORD(rep_outcome_name(e->outcome));
	cells[REP_VF_OUTCOME].style = outcome_style(e->outcome);
	cells[REP_VF_CERTAIN] = REP_BOOL(e->certain);
	cells[REP_VF_REASON] = reason_cell(vfork, scratch);
	cells[REP_VF_BLOCKED_NS] = blocked_cell(e);
	cells[REP_VF_BLOCKED_MIN_NS] = REP_UINT(e->blocked_min_ns);
	cells[REP_VF_BLOCKED_MAX_NS] =
		e->blocked_max_ns == UINT64_MAX ? REP_NULL : REP_UINT(e->blocked_max_ns);
	cells[REP_VF_RELEASE_SOURCE] = REP_WORD(rep_source_name(e->source));
	cells[REP_VF_FROM_SNAPSHOT] = REP_BOOL(e->from_snapshot);
	cells[REP_VF_UID] = e->has_parent_task ? REP_UINT(e->uid) : REP_NULL;
	cells[REP_VF_CGROUP] =
		cgroup_cell(e->cgroup, cgroup, scratch->cgroup, sizeof(scratch->cgroup));
	cells[REP_VF_CONTAINER_ID] = REP_BYTES(rep_container_id(cgroup));
	cells[REP_VF_PARENT_KEY] =
		key_cell(origin, e->parent, scratch->parent_key, sizeof(scratch->parent_key));
	cells[REP_VF_SELECTED] = selected_cell(vfork->match);
}

void rep_processes_cells(const struct rep_section_info *info, const struct rep_origin *origin,
			 const struct rep_process *p, enum rep_match match,
			 struct rep_scratch *scratch, struct rep_cell cells[REP_N_PROCESSES])
{
	struct vft_str cgroup = rep_str_get(rep_model_cgroup(info->model, p->cgroup));
	bool killed = p->ended && p->exit_signal;

	cells[REP_PR_KEY] = key_cell(origin, p->key, scratch->key, sizeof(scratch->key));
	cells[REP_PR_PID] = REP_UINT(p->key.tgid);
	cells[REP_PR_NS_PID] = id_cell(p->ns_tgid);
	cells[REP_PR_PPID] = id_cell(p->parent.tgid);
	cells[REP_PR_PARENT_KEY] =
		key_cell(origin, p->parent, scratch->parent_key, sizeof(scratch->parent_key));
	cells[REP_PR_COMM] = REP_BYTES(rep_str_get(p->comm));
	cells[REP_PR_EXE] = REP_BYTES(rep_str_get(p->exe));
	cells[REP_PR_ARGV] = REP_BYTES(rep_str_get(p->argv));
	cells[REP_PR_ARGV_TRUNCATED] = REP_BOOL(p->argv_cut);
	cells[REP_PR_UID] = p->has_task ? REP_UINT(p->uid) : REP_NULL;
	cells[REP_PR_CGROUP] =
		cgroup_cell(p->cgroup, cgroup, scratch->cgroup, sizeof(scratch->cgroup));
	cells[REP_PR_CONTAINER_ID] = REP_BYTES(rep_container_id(cgroup));
	cells[REP_PR_SPAWN] = REP_WORD(rep_spawn_name(p->spawn));
	cells[REP_PR_START_NS] = p->start_ns ? REP_INT(relative(origin, p->start_ns)) : REP_NULL;
	cells[REP_PR_END_NS] = p->end_ns ? REP_INT(relative(origin, p->end_ns)) : REP_NULL;
	cells[REP_PR_EXEC_COUNT] = REP_UINT(p->exec_count);
	cells[REP_PR_EXIT_CODE] = p->ended && !killed ? REP_UINT(p->exit_code) : REP_NULL;
	cells[REP_PR_EXIT_SIGNAL] =
		killed ? REP_WORD(rep_signal_name(p->exit_signal, scratch->number[0])) : REP_NULL;
	cells[REP_PR_EXEC_NS] = p->exec_count ? REP_INT(relative(origin, p->exec_ns)) : REP_NULL;
	cells[REP_PR_SELECTED] = selected_cell(match);
}
