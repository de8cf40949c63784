/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/kernel/session.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/events.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* bpftool's code */
#include "vfork.skel.h"
#pragma GCC diagnostic pop

/*
 * All the threads and processes of most machines, for 5 MiB of the kernel's memory each. Who needs
 * more loses what did not fit, which is counted; nothing may be refused for it, since any user can
 * fill a table.
 */
#define MAX_WAITERS  65536u
#define MAX_FOLLOWED 65536u
#define MAX_OPENED   1024u /* execs that fail at one time */

/* In the order in which they are told. */
enum hook {
	NEWTASK,
	WAKING,
	EXEC,
	EXIT,
	CGROUP_MKDIR,
	CGROUP_RMDIR,
	/* of --failures */
	EXIT_EXECVE,
	EXIT_EXECVEAT,
	EXIT_MMAP,
	EXIT_VFORK,
	EXIT_FORK,
	EXIT_CLONE,
	EXIT_CLONE3,
	N_TRACEPOINTS,
	ITERATOR = N_TRACEPOINTS,
	RING,
	SYSCALL_NUMBER,
	N_HOOKS,
};
_Static_assert(N_HOOKS == REC_N_HOOKS, "REC_N_HOOKS");

static const struct {
	const char *name;
	bool required;
} hooks[N_HOOKS] = {
	[NEWTASK] = {"task_newtask", true},
	[WAKING] = {"sched_waking", true},
	[EXEC] = {"sched_process_exec", true},
	[EXIT] = {"sched_process_exit", true},
	[CGROUP_MKDIR] = {"cgroup_mkdir", false},
	[CGROUP_RMDIR] = {"cgroup_rmdir", false},
	[EXIT_EXECVE] = {"sys_exit_execve", false},
	[EXIT_EXECVEAT] = {"sys_exit_execveat", false},
	[EXIT_MMAP] = {"exit_mmap", false},
	[EXIT_VFORK] = {"sys_exit_vfork", false},
	[EXIT_FORK] = {"sys_exit_fork", false},
	[EXIT_CLONE] = {"sys_exit_clone", false},
	[EXIT_CLONE3] = {"sys_exit_clone3", false},
	[ITERATOR] = {"iter/task", true},
	[RING] = {"ring buffer", true},
	[SYSCALL_NUMBER] = {"syscall number", false},
};

struct rec_session {
	struct vfork_bpf *skel;
	struct ring_buffer *ring;
	struct bpf_link *links[N_TRACEPOINTS];
	size_t n_links;
	struct bpf_link *task_iterator;
	const struct vfe_cpu *cpus; /* mapped, the kernel writes it */
	size_t cpus_bytes, n_cpus;
	/* the drain under way */
	rec_record_fn on_record;
	void *context;
	int64_t drained_bytes, max_bytes;
	int failure;
};

/* A drain that has had its share stops through this; no errno that libbpf itself returns. */
#define ENOUGH (-EUCLEAN)

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* Whether the running kernel's tracepoint passes at least @n arguments; -ENOENT without it. */
static int tracepoint_has_args(const struct btf *btf, const char *name, unsigned int n)
{
	const struct btf_type *type;
	char typedef_name[64];
	int id;

	snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, typedef_name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -ENOENT;
	type = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (type && btf_is_ptr(type))
		type = btf__type_by_id(btf, type->type);
	if (!type || !btf_is_func_proto(type))
		return -ENOENT;
	return btf_vlen(type) > n; /* the first parameter is the programs' own */
}

static bool enum_has(const struct btf *btf, const char *name, const char *value)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_ENUM);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);

	for (unsigned int i = 0; type && i < btf_vlen(type); i++)
		if (strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), value) == 0)
			return true;
	return false;
}

/* Whether the running kernel has it at all. */
static bool kernel_has(const struct btf *btf, enum hook hook)
{
	switch (hook) {
	case NEWTASK:
	case WAKING:
	case EXEC:
	case EXIT:
	case CGROUP_MKDIR:
	case CGROUP_RMDIR:
	case EXIT_MMAP:
		return tracepoint_has_args(btf, hooks[hook].name, 1) > 0;
	case EXIT_EXECVE:
	case EXIT_EXECVEAT:
	case EXIT_CLONE:
	case EXIT_CLONE3: /* BTF does not say; to attach them tells */
		return true;
	case EXIT_VFORK:
	case EXIT_FORK: /* calls that newer architectures do without */
#ifdef SYS_vfork
		return true;
#else
		return false;
#endif
	case ITERATOR:
		return btf__find_by_name_kind(btf, "bpf_iter__task", BTF_KIND_STRUCT) >= 0;
	case RING:
		return enum_has(btf, "bpf_map_type", "BPF_MAP_TYPE_RINGBUF");
	case SYSCALL_NUMBER:
		return enum_has(btf, "bpf_func_id", "BPF_FUNC_task_pt_regs");
	case N_HOOKS:
		break;
	}
	return false;
}

/* NULL where no program belongs to it. */
static struct bpf_program *program_of(const struct vfork_bpf *skel, enum hook hook)
{
	switch (hook) {
	case NEWTASK:
		return skel->progs.on_newtask;
	case WAKING:
		return skel->progs.on_waking;
	case EXEC:
		return skel->progs.on_exec;
	case EXIT:
		return skel->progs.on_exit;
	case CGROUP_MKDIR:
		return skel->progs.on_cgroup_mkdir;
	case CGROUP_RMDIR:
		return skel->progs.on_cgroup_rmdir;
	case EXIT_EXECVE:
		return skel->progs.on_exit_execve;
	case EXIT_EXECVEAT:
		return skel->progs.on_exit_execveat;
	case EXIT_MMAP:
		return skel->progs.on_exit_mmap;
	case EXIT_VFORK:
		return skel->progs.on_exit_vfork;
	case EXIT_FORK:
		return skel->progs.on_exit_fork;
	case EXIT_CLONE:
		return skel->progs.on_exit_clone;
	case EXIT_CLONE3:
		return skel->progs.on_exit_clone3;
	case ITERATOR:
		return skel->progs.list_tasks;
	case RING:
	case SYSCALL_NUMBER:
	case N_HOOKS:
		break;
	}
	return NULL;
}

static int load_btf(struct btf **ret, struct vft_err *err)
{
	*ret = btf__load_vmlinux_btf();
	if (*ret)
		return 0;
	return vft_fail(err, -EOPNOTSUPP, 0,
			"this kernel has no type information (/sys/kernel/btf/vmlinux); use one "
			"built with CONFIG_DEBUG_INFO_BTF");
}

static bool is_of_failures(enum hook hook)
{
	return hook >= EXIT_EXECVE && hook <= EXIT_CLONE3;
}

/* Leave out what was not asked for, and what this kernel lacks and a recording can do without. */
static int choose_programs(struct vfork_bpf *skel, const struct btf *btf, bool failures,
			   struct vft_err *err)
{
	for (enum hook hook = 0; hook < N_HOOKS; hook++) {
		struct bpf_program *program = program_of(skel, hook);

		if (kernel_has(btf, hook) && (failures || !is_of_failures(hook)))
			continue;
		if (hooks[hook].required)
			return vft_fail(err, -EOPNOTSUPP, 0,
					"this kernel has no %s; use 5.11 or newer",
					hooks[hook].name);
		if (program)
			bpf_program__set_autoload(program, false);
	}
	return 0;
}

static int size_maps(const struct rec_session *session, const struct rec_session_config *config)
{
	const struct vfork_bpf *skel = session->skel;
	bool follows = config->filter || config->vfork_only;
	uint32_t max_waiters = config->max_waiters ? config->max_waiters : MAX_WAITERS;
	uint32_t max_followed = config->max_followed ? config->max_followed : MAX_FOLLOWED;
	int r = bpf_map__set_max_entries(skel->maps.ring, (uint32_t)config->ring_bytes);

	if (!r)
		r = bpf_map__set_max_entries(skel->maps.cpus, (uint32_t)session->n_cpus);
	if (!r)
		r = bpf_map__set_max_entries(skel->maps.waiters, max_waiters);
	if (!r && config->failures)
		r = bpf_map__set_max_entries(skel->maps.opened, MAX_OPENED);
	if (!r && follows)
		r = bpf_map__set_max_entries(skel->maps.tracked, max_followed);
	return r;
}

static int configure(struct rec_session *session, const struct rec_session_config *config,
		     struct vft_err *err)
{
	struct vfork_bpf *skel = session->skel;
	struct btf *btf;
	int r = load_btf(&btf, err);

	if (r)
		return r;
	r = choose_programs(skel, btf, config->failures, err);
	skel->rodata->cfg_exit_tells_group_dead =
		tracepoint_has_args(btf, "sched_process_exit", 2) > 0;
	btf__free(btf);
	if (r)
		return r;

	skel->rodata->cfg_threads = config->threads;
	skel->rodata->cfg_filter = config->filter;
	skel->rodata->cfg_vfork_only = config->vfork_only;
	skel->rodata->cfg_argv_max = config->argv_max;
	skel->rodata->cfg_v1_hierarchy = config->v1_hierarchy;
	skel->rodata->cfg_v1_is_pids = config->v1_is_pids;
	skel->rodata->cfg_freezer_hierarchy = config->freezer_hierarchy;
	skel->rodata->cfg_wake_bytes = config->ring_bytes / 8;
	r = size_maps(session, config);
	return r ? vft_fail(err, r, 0, "cannot size the ring buffer: %s", strerror(-r)) : 0;
}

static int map_counters(struct rec_session *session, struct vft_err *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = session->n_cpus * sizeof(struct vfe_cpu);
	void *at;

	bytes = (bytes + page - 1) / page * page;
	at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, bpf_map__fd(session->skel->maps.cpus), 0);
	if (at == MAP_FAILED)
		return vft_fail(err, -errno, 0, "cannot map the loss counters: %s",
				strerror(errno));
	session->cpus = at;
	session->cpus_bytes = bytes;
	return 0;
}

static int load_failed(int r, struct vft_err *err)
{
	if (r == -EPERM)
		return vft_fail(
			err, -EPERM, 0,
			"the kernel refused to load the BPF programs: %s; run as root, or with "
			"CAP_BPF and CAP_PERFMON",
			strerror(-r));
	if (r == -ENOMEM || r == -E2BIG)
		return vft_fail(err, r, 0,
				"no memory for the BPF maps: %s; try a smaller --ring-size",
				strerror(-r));
	return vft_fail(
		err, -EOPNOTSUPP, 0,
		"the kernel refused to load the BPF programs: %s; it needs 5.11 or newer, with "
		"BTF, not locked down for confidentiality",
		strerror(-r));
}

static int handle_record(void *context, void *data, size_t size)
{
	struct rec_session *session = context;

	session->failure = session->on_record(session->context, data, size);
	if (session->failure < 0)
		return ENOUGH;
	session->drained_bytes += (int64_t)size;
	return session->drained_bytes < session->max_bytes ? 0 : ENOUGH;
}

/* Load the program of this hook alone, to see whether it can be. */
static void leave_out_others(struct rec_session *session, enum hook only)
{
	for (enum hook hook = 0; hook < N_HOOKS; hook++) {
		struct bpf_program *program = program_of(session->skel, hook);

		if (program && hook != only)
			bpf_program__set_autoload(program, false);
	}
}

static int attach_one(struct rec_session *session, struct bpf_program *program,
		      struct bpf_link **ret, struct vft_err *err)
{
	struct bpf_link *link;

	if (!bpf_program__autoload(program))
		return 0;
	link = bpf_program__attach(program);
	if (!link) {
		int code = errno == EPERM || errno == EACCES ? -EPERM : -EOPNOTSUPP;

		if (errno == ENOENT) /* of tp_btf the kernel's own list has said that it is there */
			return vft_fail(err, code, 0,
					"this kernel has no tracepoint for %s, which --failures "
					"needs: mount tracefs at /sys/kernel/tracing, or use a "
					"kernel with CONFIG_FTRACE_SYSCALLS",
					bpf_program__name(program));
		return vft_fail(err, code, 0, "the kernel refused to attach %s: %s",
				bpf_program__name(program), strerror(errno));
	}
	*ret = link;
	return 0;
}

static int stop_listing(void *context, const struct vfe_task_state *task)
{
	(void)context;
	(void)task;
	return -ECANCELED; /* one is enough: each run of the iterator has learnt of the lister */
}

/* From here on tasks can be listed. Before any hook is attached: their programs go by what the
 * iterator learns of this process. */
static int attach_iterator(struct rec_session *session, struct vft_err *err)
{
	struct bpf_program *program = session->skel->progs.list_tasks;
	int r = attach_one(session, program, &session->task_iterator, err);

	if (r || !session->task_iterator)
		return r;
	r = rec_session_list_tasks(session, stop_listing, NULL, err);
	return r == -ECANCELED ? 0 : r;
}

/* @only: a hook to be tried, or N_HOOKS for all. */
static int open_session(struct rec_session *session, const struct rec_session_config *config,
			enum hook only, struct vft_err *err)
{
	int r = libbpf_num_possible_cpus();

	if (r < 0)
		return vft_fail(err, r, 0, "cannot count the CPUs: %s", strerror(-r));
	session->n_cpus = (size_t)r;
	session->skel = vfork_bpf__open();
	if (!session->skel)
		return load_failed(-errno, err);
	r = configure(session, config, err);
	if (r)
		return r;
	if (only != N_HOOKS)
		leave_out_others(session, only);
	r = vfork_bpf__load(session->skel);
	if (r)
		return load_failed(r, err);
	r = map_counters(session, err);
	if (r)
		return r;
	session->ring = ring_buffer__new(bpf_map__fd(session->skel->maps.ring), handle_record,
					 session, NULL);
	if (!session->ring)
		return vft_fail(err, -errno, 0, "cannot map the ring buffer: %s", strerror(errno));
	return attach_iterator(session, err);
}

static int new_session(const struct rec_session_config *config, enum hook only,
		       struct rec_session **ret, struct vft_err *err)
{
	struct rec_session *session = calloc(1, sizeof(*session));
	int r;

	if (!session)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	libbpf_set_print(print_nothing);
	r = open_session(session, config, only, err);
	if (r) {
		rec_session_close(session);
		return r;
	}
	*ret = session;
	return 0;
}

int rec_session_open(const struct rec_session_config *config, struct rec_session **ret,
		     struct vft_err *err)
{
	return new_session(config, config->list_only ? ITERATOR : N_HOOKS, ret, err);
}

int rec_session_attach(struct rec_session *session, struct vft_err *err)
{
	int r = 0;

	/* Exits before spawns: whoever is seen to begin is also seen to end. */
	for (size_t i = N_TRACEPOINTS; !r && i > 0; i--) {
		r = attach_one(session, program_of(session->skel, (enum hook)(i - 1)),
			       &session->links[session->n_links], err);
		if (!r && session->links[session->n_links])
			session->n_links++;
	}
	return r;
}

/* Load and attach one hook in a session of its own. */
static int try_hook(enum hook hook, struct vft_err *err)
{
	struct rec_session_config config = {.ring_bytes = (uint64_t)sysconf(_SC_PAGESIZE),
					    .failures = is_of_failures(hook)};
	struct rec_session *session = NULL;
	int r = new_session(&config, hook, &session, err);

	if (r)
		return r;
	r = rec_session_attach(session, err);
	rec_session_close(session);
	return r;
}

static void list_hook(const struct btf *btf, enum hook hook, bool try, struct rec_fact *ret)
{
	bool is_tried = try && hook != SYSCALL_NUMBER;
	struct vft_err err = {0};

	*ret = (struct rec_fact){.name = hooks[hook].name, .required = hooks[hook].required};
	if (!kernel_has(btf, hook))
		ret->code = vft_fail(&err, -EOPNOTSUPP, 0, "this kernel does not have it");
	else if (is_tried)
		ret->code = try_hook(hook, &err);
	snprintf(ret->detail, sizeof(ret->detail), "%s",
		 ret->code                ? err.message
		 : hook == SYSCALL_NUMBER ? "this kernel tells it"
		 : !try                   ? "this kernel has it; not tried without privileges"
		 : hook == RING           ? "made and mapped"
					  : "loaded and attached");
	if (ret->code) {
		ret->state = REC_FACT_MISSING;
		ret->advice =
			hooks[hook].required
				? "use Linux 5.11 or newer with BTF, not locked down for "
				  "confidentiality"
			: is_of_failures(hook)
				? "needed by --failures only, with CONFIG_FTRACE_SYSCALLS and "
				  "tracefs at /sys/kernel/tracing"
				: "none needed: a recording does without it";
	} else if (!is_tried && hook != SYSCALL_NUMBER) {
		ret->state = REC_FACT_UNTRIED;
	}
}

int rec_session_list_hooks(bool try, struct rec_fact ret[REC_N_HOOKS], struct vft_err *err)
{
	struct btf *btf;
	int r = load_btf(&btf, err);

	if (r)
		return r;
	for (enum hook hook = 0; hook < N_HOOKS; hook++)
		list_hook(btf, hook, try, &ret[hook]);
	btf__free(btf);
	return 0;
}

/* -ENOSPC for each way in which a hash map says that it has no room (now). */
static int put(const struct bpf_map *map, const void *key, const void *value)
{
	if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY) == 0)
		return 0;
	return errno == E2BIG || errno == ENOMEM || errno == EBUSY ? -ENOSPC : -errno;
}

int rec_session_follow(struct rec_session *session, uint32_t tgid, uint64_t start_ns, bool is_self)
{
	struct vfe_tracked entry = {.start_ns = start_ns,
				    .flags = VFE_FOLLOW | (is_self ? VFE_SELF : 0)};

	return put(session->skel->maps.tracked, &tgid, &entry);
}

bool rec_session_is_followed(struct rec_session *session, uint32_t tgid, uint64_t start_ns)
{
	struct vfe_tracked entry;

	return bpf_map_lookup_elem(bpf_map__fd(session->skel->maps.tracked), &tgid, &entry) == 0 &&
	       entry.start_ns == start_ns && (entry.flags & VFE_FOLLOW);
}

bool rec_session_follows_anybody(struct rec_session *session)
{
	uint32_t tgid;

	/* An error is no proof that nobody is there. */
	return bpf_map_get_next_key(bpf_map__fd(session->skel->maps.tracked), NULL, &tgid) !=
	       -ENOENT;
}

int rec_session_add_waiter(struct rec_session *session, uint32_t parent_tid, uint32_t child_tid)
{
	struct vfe_waiter waiter = {.child_tid = child_tid};

	return put(session->skel->maps.waiters, &parent_tid, &waiter);
}

int rec_session_next_waiter(struct rec_session *session, uint32_t after, uint32_t *ret_parent_tid,
			    uint32_t *ret_child_tid)
{
	int fd = bpf_map__fd(session->skel->maps.waiters);
	struct vfe_waiter waiter;

	do {
		if (bpf_map_get_next_key(fd, after ? &after : NULL, ret_parent_tid))
			return errno == ENOENT ? 0 : -errno;
		after = *ret_parent_tid;
	} while (bpf_map_lookup_elem(fd, ret_parent_tid, &waiter)); /* gone since */
	*ret_child_tid = waiter.child_tid;
	return 1;
}

int64_t rec_session_drain(struct rec_session *session, rec_record_fn on_record, void *context,
			  uint64_t max_bytes)
{
	int r;

	session->on_record = on_record;
	session->context = context;
	session->drained_bytes = 0;
	session->max_bytes = (int64_t)max_bytes;
	session->failure = 0;
	r = ring_buffer__consume(session->ring);
	if (session->failure < 0)
		return session->failure;
	return r < 0 && r != ENOUGH ? r : session->drained_bytes;
}

int rec_session_get_fd(const struct rec_session *session)
{
	return bpf_map__fd(session->skel->maps.ring);
}

void rec_session_set_asleep(struct rec_session *session, bool asleep)
{
	__atomic_store_n(&session->skel->bss->consumer_asleep, asleep, __ATOMIC_SEQ_CST);
}

/* Iterator output is a stream of whole records; a read may end anywhere in one. */
static int read_tasks(int fd, int (*on_task)(void *context, const struct vfe_task_state *task),
		      void *context, struct vft_err *err)
{
	struct vfe_task_state task;
	size_t have = 0;

	for (;;) {
		ssize_t n = read(fd, (char *)&task + have, sizeof(task) - have);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return vft_fail(err, -errno, 0, "cannot list the running processes: %s",
					strerror(errno));
		if (n == 0)
			return have ? vft_fail(err, -EBADMSG, 0,
					       "the list of running processes was cut")
				    : 0;
		have += (size_t)n;
		if (have < sizeof(task))
			continue;
		r = on_task(context, &task);
		if (r < 0)
			return r;
		have = 0;
	}
}

int rec_session_list_tasks(struct rec_session *session,
			   int (*on_task)(void *context, const struct vfe_task_state *task),
			   void *context, struct vft_err *err)
{
	int fd = bpf_iter_create(bpf_link__fd(session->task_iterator));
	int r;

	if (fd < 0)
		return vft_fail(err, fd, 0, "cannot list the running processes: %s", strerror(-fd));
	r = read_tasks(fd, on_task, context, err);
	close(fd);
	return r;
}

void rec_session_get_clocks(const struct rec_session *session, int64_t *ret_boottime_ahead_ns,
			    int64_t *ret_monotonic_ahead_ns)
{
	*ret_boottime_ahead_ns = session->skel->bss->lister_boottime_ns;
	*ret_monotonic_ahead_ns = session->skel->bss->lister_monotonic_ns;
}

static int take_pidns(void *context, const struct vfe_task_state *task)
{
	*(uint32_t *)context = task->lister_pidns;
	return -ECANCELED; /* every row says it: one is enough */
}

int rec_session_find_list_pidns(struct rec_session *session, uint32_t *ret, struct vft_err *err)
{
	int r = rec_session_list_tasks(session, take_pidns, ret, err);

	if (r == -ECANCELED)
		return 0;
	return r ? r : vft_fail(err, -ENOENT, 0, "the kernel lists no process at all");
}

size_t rec_session_n_cpus(const struct rec_session *session)
{
	return session->n_cpus;
}

uint64_t rec_session_get_drops(const struct rec_session *session, size_t cpu, unsigned int drop)
{
	return __atomic_load_n(&session->cpus[cpu].drops[drop], __ATOMIC_ACQUIRE);
}

static uint64_t recursion_misses(const struct rec_session *session)
{
	struct bpf_program *program;
	uint64_t sum = 0;

	bpf_object__for_each_program(program, session->skel->obj)
	{
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);

		if (bpf_program__fd(program) >= 0 &&
		    bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) == 0)
			sum += info.recursion_misses;
	}
	return sum;
}

void rec_session_get_counters(const struct rec_session *session, struct rec_counters *ret)
{
	*ret = (struct rec_counters){.recursion_misses = recursion_misses(session)};
	for (size_t i = 0; i < session->n_cpus; i++) {
		ret->seen += __atomic_load_n(&session->cpus[i].seen, __ATOMIC_ACQUIRE);
		ret->ring_drops += rec_session_get_drops(session, i, VFE_DROP_RING);
		ret->pending_drops += rec_session_get_drops(session, i, VFE_DROP_PENDING);
		ret->tracked_drops += rec_session_get_drops(session, i, VFE_DROP_TRACKED);
	}
}

/* Each kind of call that comes after the privileges are gone: iterate, ask for counters, look up.
 */
int rec_session_is_usable(const struct rec_session *session)
{
	int fd = bpf_iter_create(bpf_link__fd(session->task_iterator));
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info), nobody = 0;
	struct vfe_tracked entry;
	int r;

	if (fd < 0)
		return fd;
	close(fd);
	if (!bpf_program__autoload(session->skel->progs.on_exit))
		return 0; /* it only lists */
	r = bpf_obj_get_info_by_fd(bpf_program__fd(session->skel->progs.on_exit), &info, &size);
	if (r)
		return r;
	r = bpf_map_lookup_elem(bpf_map__fd(session->skel->maps.tracked), &nobody, &entry);
	return r == -ENOENT ? 0 : r;
}

void rec_session_detach(struct rec_session *session)
{
	while (session->n_links)
		bpf_link__destroy(session->links[--session->n_links]);
	bpf_link__destroy(session->task_iterator);
	session->task_iterator = NULL;
}

void rec_session_close(struct rec_session *session)
{
	if (!session)
		return;
	rec_session_detach(session);
	ring_buffer__free(session->ring);
	if (session->cpus)
		munmap((void *)(uintptr_t)session->cpus, session->cpus_bytes);
	vfork_bpf__destroy(session->skel);
	free(session);
}
