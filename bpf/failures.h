/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * failures.h - calls that fail: exec, and vfork, fork, clone and clone3. Part of vfork.bpf.c, which
 * includes it behind struct scratch and what is known of tasks. Loaded only with --failures, since
 * one attached system call tracepoint makes every system call of every process dearer.
 *
 * All is read when the call returns. Its arguments are still in the registers, and the kernel has
 * just read the path, so that its page is there; before the call it might not be.
 */
#ifndef VFE_FAILURES_H
#define VFE_FAILURES_H

/* Of a tracepoint in syscalls/, as the kernel passes it to programs. */
struct sys_exit {
	__u64 of_kernel;
	__s32 nr;
	__s32 pad;
	__s64 ret;
};

enum { FIRST_RESTART = 512, MAX_ERRNO = 4095 }; /* ERESTARTSYS: the call is made again */

/* What exit_mmap saw of an exec that is about to fail, by tid. */
struct opened {
	char interp[VFE_INTERP_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1); /* the recorder sizes it */
	__type(key, __u32);
	__type(value, struct opened);
} opened SEC(".maps");

/* 0 for a call that did not fail, or that is about to be made once more. */
static __always_inline __u32 error_of(const struct sys_exit *ctx)
{
	__s64 ret = ctx->ret;

	if (ret >= 0 || ret < -MAX_ERRNO || ret <= -FIRST_RESTART)
		return 0;
	return -ret;
}

/* The @n-th argument of the call, 0 or 1: of the native ABI, as others pass no such tracepoint. */
static __always_inline bool argument(struct task_struct *task, int n, __u64 *ret)
{
	struct pt_regs___x86 *x86;
	struct pt_regs___arm64 *arm64;
	void *regs;

	if (!bpf_core_enum_value_exists(enum bpf_func_id___here, BPF_FUNC_task_pt_regs___here))
		return false;
	regs = (void *)bpf_task_pt_regs(task);
	x86 = regs;
	arm64 = regs;
	if (bpf_core_field_exists(x86->di))
		*ret = n ? BPF_CORE_READ(x86, si) : BPF_CORE_READ(x86, di);
	else if (bpf_core_field_exists(arm64->orig_x0))
		*ret = n ? BPF_CORE_READ(arm64, regs[1]) : BPF_CORE_READ(arm64, orig_x0);
	else
		return false;
	return true;
}

/* ---- exec ---- */

/* Past the point of no return the memory is the new image's, and so are all addresses. */
static __always_inline bool is_doomed(struct task_struct *task)
{
	return task->pending.signal.sig[0] & (1ul << (SIGKILL - 1) | 1ul << (SIGSEGV - 1));
}

static __always_inline void append_given_path(struct vfe_exec_fail *event, struct task_struct *task,
					      int n)
{
	char *data = (char *)(event + 1);
	__u64 from;
	long size;
	char last;

	if (is_doomed(task) || !argument(task, n, &from))
		return;
	size = bpf_probe_read_user_str(data, VFE_PATH_MAX, (void *)from);
	if (size <= 0)
		return;
	event->path_size = size;
	/* A string that just fits fills the room as one that is cut does. */
	if (size >= VFE_PATH_MAX &&
	    (bpf_probe_read_user(&last, 1, (void *)(from + VFE_PATH_MAX - 1)) || last))
		event->flags |= VFE_EXEC_FAIL_PATH_CUT;
}

static __always_inline void append_interp(struct vfe_exec_fail *event, __u32 tid)
{
	struct opened *entry = bpf_map_lookup_elem(&opened, &tid);
	char *data = (char *)(event + 1);
	long size;

	if (!entry)
		return;
	event->flags |= VFE_EXEC_FAIL_OPENED;
	if (entry->interp[0]) {
		data += bound(event->path_size, VFE_PATH_MAX);
		size = bpf_probe_read_kernel_str(data, VFE_INTERP_MAX, entry->interp);
		event->interp_size = size > 0 ? size : 0;
	}
	bpf_map_delete_elem(&opened, &tid);
}

static __always_inline int exec_returns(const struct sys_exit *ctx, int path_argument)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 zero = 0, error = error_of(ctx);
	struct vfe_exec_fail *event;
	__u64 size;

	if (!error || !is_recorded(task))
		return 0;
	count_seen();
	event = bpf_map_lookup_elem(&scratches, &zero);
	if (!event)
		return 0; /* cannot be: the map has this one entry */
	fill_task(&event->task, task);
	event->error = error;
	event->flags = event->path_size = event->interp_size = 0;
	append_given_path(event, task, path_argument);
	append_interp(event, task->pid);
	size = sizeof(*event) + event->path_size + event->interp_size;
	size = bound(size, sizeof(*event) + VFE_PATH_MAX + VFE_INTERP_MAX);
	fill_header(&event->header, VFE_EXEC_FAIL, size);
	if (bpf_ringbuf_output(&ring, event, size, submit_flags()))
		count_drop(VFE_DROP_RING);
	return 0;
}

SEC("tp/syscalls/sys_exit_execve")
int on_exit_execve(struct sys_exit *ctx)
{
	return exec_returns(ctx, 0);
}

SEC("tp/syscalls/sys_exit_execveat")
int on_exit_execveat(struct sys_exit *ctx)
{
	return exec_returns(ctx, 1);
}

/* Words of the kernel's stack below the registers of the call in which exec's own frames lie. */
#define STACK_WORDS 128

/*
 * The caller's struct linux_binprm, which no tracepoint passes while an exec fails. Its address is
 * on the stack; it is known by what it alone points to, the memory that was being made.
 */
static __always_inline struct linux_binprm *find_binprm(struct task_struct *task,
							const struct mm_struct *mm)
{
	struct scratch *scratch;
	__u64 *words, regs;
	__u32 zero = 0;

	if (!bpf_core_enum_value_exists(enum bpf_func_id___here, BPF_FUNC_task_pt_regs___here))
		return NULL;
	scratch = bpf_map_lookup_elem(&scratches, &zero);
	regs = (__u64)bpf_task_pt_regs(task);
	if (!scratch)
		return NULL;
	words = (__u64 *)scratch->data;
	if (bpf_probe_read_kernel(words, STACK_WORDS * 8, (void *)(regs - STACK_WORDS * 8)))
		return NULL;
	for (int i = STACK_WORDS - 1; i >= 0; i--) {
		struct linux_binprm *bprm = (void *)words[i];

		if ((__s64)words[i] < 0 && !(words[i] & 7) && BPF_CORE_READ(bprm, mm) == mm)
			return bprm;
	}
	return NULL;
}

/*
 * The memory of an image that never ran is given back: an exec fails whose file was opened. The
 * caller is not told whether the file or its interpreter is missing; here the latter's name is
 * still there.
 */
SEC("tp_btf/exit_mmap")
int BPF_PROG(on_exit_mmap, struct mm_struct *mm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct opened entry = {};
	struct linux_binprm *bprm;
	const char *interp;
	__u32 tid = task->pid;

	/* Of a process that ends, of a kernel thread, or within an exec that went well. */
	if (!task->mm || task->mm == mm || (task->flags & (PF_KTHREAD | PF_EXITING)) ||
	    (bpf_core_field_exists(task->in_execve) &&
	     BPF_CORE_READ_BITFIELD_PROBED(task, in_execve)) ||
	    !is_recorded(task))
		return 0;
	bprm = find_binprm(task, mm);
	if (!bprm || !BPF_CORE_READ(bprm, file))
		return 0;
	interp = BPF_CORE_READ(bprm, interp);
	if (interp != BPF_CORE_READ(bprm, filename))
		bpf_probe_read_kernel_str(entry.interp, sizeof(entry.interp), interp);
	bpf_map_update_elem(&opened, &tid, &entry, BPF_ANY); /* without it less is said */
	return 0;
}

/* ---- vfork and its kin ---- */

static __always_inline void fill_nproc(struct vfe_spawn_fail *event, struct task_struct *task)
{
	const struct cred *cred = task->real_cred;
	const struct ucounts *ucounts = NULL;

	event->nproc_limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_NPROC].rlim_cur);
	if (!bpf_core_field_exists(ucounts->rlimit))
		return;
	ucounts = BPF_CORE_READ(cred, ucounts);
	event->nproc = BPF_CORE_READ(ucounts, rlimit[UCOUNT_RLIMIT_NPROC].counter);
}

static __always_inline __u64 limit_of(const struct pids_cgroup *pids)
{
	const struct pids_cgroup___plain *plain = (void *)pids;
	__u64 limit;

	if (bpf_core_field_exists(pids->limit))
		limit = BPF_CORE_READ(pids, limit.counter);
	else
		limit = BPF_CORE_READ(plain, limit);
	return limit > PID_MAX_LIMIT ? VFE_NO_LIMIT : limit;
}

/* The nearest cgroup without room; else the task's own. */
static __always_inline void fill_pids(struct vfe_spawn_fail *event, struct task_struct *task)
{
	struct pids_cgroup *pids = NULL;
	struct cgroup_subsys_state *css;

	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id___here, pids_cgrp_id___here) ||
	    !bpf_core_type_exists(struct pids_cgroup))
		return;
	css = css_of(task, CONTROLLER(pids_cgrp_id));
	for (int i = 0; i < CGROUP_LEVELS && css; i++) {
		__u64 limit, n;

		pids = (void *)css;
		limit = limit_of(pids);
		n = BPF_CORE_READ(pids, counter.counter);
		if (!i || n >= limit) {
			event->pids = n;
			event->pids_limit = limit;
		}
		if (n >= limit)
			return;
		css = BPF_CORE_READ(css, parent);
	}
}

static __always_inline bool spawn_flags(struct task_struct *task, __u64 by_call, bool is_clone,
					bool is_clone3, __u64 *ret)
{
	__u64 first;

	*ret = by_call;
	if (!is_clone && !is_clone3)
		return true;
	if (!argument(task, 0, &first))
		return false;
	*ret = first;
	if (is_clone3 && bpf_probe_read_user(ret, sizeof(*ret), (void *)first)) {
		*ret = 0;
		return false;
	}
	*ret &= ~(__u64)CSIGNAL;
	return true;
}

static __always_inline int spawn_returns(const struct sys_exit *ctx, __u64 by_call, bool is_clone,
					 bool is_clone3)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 error = error_of(ctx);
	struct vfe_spawn_fail *event;
	bool is_known;
	__u64 flags;

	if (!error)
		return 0;
	is_known = spawn_flags(task, by_call, is_clone, is_clone3, &flags);
	if (cfg_filter && (tracked_flags(task) & (VFE_FOLLOW | VFE_SELF)) != VFE_FOLLOW)
		return 0;
	if (cfg_vfork_only && is_known && !(flags & CLONE_VFORK))
		return 0;
	event = RESERVE(vfe_spawn_fail, VFE_SPAWN_FAIL);
	if (!event)
		return 0;
	fill_task(&event->task, task);
	event->clone_flags = flags;
	event->error = error;
	event->syscall = ctx->nr;
	event->flags = is_known ? 0 : VFE_SPAWN_FAIL_NO_FLAGS;
	event->pad = 0;
	event->nproc = event->pids = 0;
	event->nproc_limit = event->pids_limit = VFE_NO_LIMIT;
	if (error == EAGAIN) {
		fill_nproc(event, task);
		fill_pids(event, task);
	}
	bpf_ringbuf_submit(event, submit_flags());
	return 0;
}

SEC("tp/syscalls/sys_exit_vfork")
int on_exit_vfork(struct sys_exit *ctx)
{
	return spawn_returns(ctx, CLONE_VFORK | CLONE_VM, false, false);
}

SEC("tp/syscalls/sys_exit_fork")
int on_exit_fork(struct sys_exit *ctx)
{
	return spawn_returns(ctx, 0, false, false);
}

SEC("tp/syscalls/sys_exit_clone")
int on_exit_clone(struct sys_exit *ctx)
{
	return spawn_returns(ctx, 0, true, false);
}

SEC("tp/syscalls/sys_exit_clone3")
int on_exit_clone3(struct sys_exit *ctx)
{
	return spawn_returns(ctx, 0, false, true);
}

#endif
