/* SPDX-License-Identifier: BSD-2-Clause */
#include "session.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "events.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* bpftool's code */
#include "vfork.skel.h"
#pragma GCC diagnostic pop

#define MAX_LINKS 8

struct rec_session {
	struct vfork_bpf *skel;
	struct ring_buffer *ring;
	struct bpf_link *links[MAX_LINKS];
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

static int configure(struct rec_session *session, const struct rec_session_config *config,
		     struct vft_err *err)
{
	static const char *const needed[] = {"task_newtask", "sched_waking", "sched_process_exec",
					     "sched_process_exit"};
	struct vfork_bpf *skel = session->skel;
	struct btf *btf = btf__load_vmlinux_btf();
	int r = 0;

	if (!btf)
		return vft_fail(err, -EOPNOTSUPP, 0,
				"this kernel has no type information (/sys/kernel/btf/vmlinux); "
				"use one built with CONFIG_DEBUG_INFO_BTF");
	for (size_t i = 0; !r && i < sizeof(needed) / sizeof(needed[0]); i++)
		if (tracepoint_has_args(btf, needed[i], 1) < 0)
			r = vft_fail(err, -EOPNOTSUPP, 0,
				     "this kernel has no tracepoint %s; use 5.11 or newer",
				     needed[i]);
	if (tracepoint_has_args(btf, "cgroup_mkdir", 1) < 0)
		bpf_program__set_autoload(skel->progs.on_cgroup_mkdir, false);
	skel->rodata->cfg_exit_tells_group_dead =
		tracepoint_has_args(btf, "sched_process_exit", 2) > 0;
	btf__free(btf);
	if (r)
		return r;

	skel->rodata->cfg_threads = config->threads;
	skel->rodata->cfg_filter = config->filter;
	skel->rodata->cfg_vfork_only = config->vfork_only;
	skel->rodata->cfg_argv_max = config->argv_max;
	skel->rodata->cfg_wake_bytes = config->ring_bytes / 8;
	r = bpf_map__set_max_entries(skel->maps.ring, (uint32_t)config->ring_bytes);
	if (!r)
		r = bpf_map__set_max_entries(skel->maps.cpus, (uint32_t)session->n_cpus);
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

static int open_session(struct rec_session *session, const struct rec_session_config *config,
			struct vft_err *err)
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
	return 0;
}

int rec_session_open(const struct rec_session_config *config, struct rec_session **ret,
		     struct vft_err *err)
{
	struct rec_session *session = calloc(1, sizeof(*session));
	int r;

	if (!session)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	libbpf_set_print(print_nothing);
	r = open_session(session, config, err);
	if (r) {
		rec_session_close(session);
		return r;
	}
	*ret = session;
	return 0;
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

		return vft_fail(err, code, 0, "the kernel refused to attach %s: %s",
				bpf_program__name(program), strerror(errno));
	}
	*ret = link;
	return 0;
}

int rec_session_attach(struct rec_session *session, struct vft_err *err)
{
	/* Exits first and spawns last: whoever is seen to begin is also seen to end. */
	struct bpf_program *programs[] = {
		session->skel->progs.on_exit, session->skel->progs.on_exec,
		session->skel->progs.on_waking, session->skel->progs.on_cgroup_mkdir,
		session->skel->progs.on_newtask};
	int r;

	r = attach_one(session, session->skel->progs.list_tasks, &session->task_iterator, err);
	for (size_t i = 0; !r && i < sizeof(programs) / sizeof(programs[0]); i++) {
		r = attach_one(session, programs[i], &session->links[session->n_links], err);
		if (!r && session->links[session->n_links])
			session->n_links++;
	}
	return r;
}

int rec_session_follow(struct rec_session *session, uint32_t tgid, uint64_t start_ns, bool is_self)
{
	struct vfe_tracked entry = {.start_ns = start_ns,
				    .flags = VFE_FOLLOW | (is_self ? VFE_SELF : 0)};

	if (bpf_map_update_elem(bpf_map__fd(session->skel->maps.tracked), &tgid, &entry, BPF_ANY))
		return -errno;
	return 0;
}

bool rec_session_is_followed(struct rec_session *session, uint32_t tgid, uint64_t start_ns)
{
	struct vfe_tracked entry;

	return bpf_map_lookup_elem(bpf_map__fd(session->skel->maps.tracked), &tgid, &entry) == 0 &&
	       entry.start_ns == start_ns && (entry.flags & VFE_FOLLOW);
}

int rec_session_add_waiter(struct rec_session *session, uint32_t parent_tid, uint32_t child_tid)
{
	struct vfe_waiter waiter = {.child_tid = child_tid};

	if (bpf_map_update_elem(bpf_map__fd(session->skel->maps.waiters), &parent_tid, &waiter,
				BPF_ANY))
		return -errno;
	return 0;
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
