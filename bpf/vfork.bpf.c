/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * vfork.bpf.c - the kernel part: four BTF raw tracepoints on the way of a vfork (task_newtask,
 * sched_waking, sched_process_exec, sched_process_exit), cgroup_mkdir for names, and the task
 * iterator for what ran before.
 *
 * Each program runs with preemption off, so one CPU's scratch space and counters have one user at a
 * time; counters are atomic all the same, because sched_waking also fires in interrupts.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "events.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set by the recorder before loading; the verifier prunes what they switch off. */
const volatile bool cfg_threads = false;
const volatile bool cfg_filter = false;     /* only processes in `tracked` with VFE_FOLLOW */
const volatile bool cfg_vfork_only = false; /* only vfork episodes and what belongs to them */
const volatile bool cfg_exit_tells_group_dead = false; /* the tracepoint has that argument */
const volatile __u32 cfg_argv_max = VFE_ARGV_MAX;
/* The v1 hierarchies whose cgroups have names in the file; 0 = there is none. */
const volatile __u32 cfg_v1_hierarchy = 0;
const volatile bool cfg_v1_is_pids = false; /* else it is memory's */
const volatile __u32 cfg_freezer_hierarchy = 0;
const volatile __u64 cfg_wake_bytes = 0; /* wake the recorder when the ring holds this much */

/* The recorder sets it before it sleeps; whoever wakes it clears it: one wake-up, not one per
 * event. */
__u32 consumer_asleep = 0;

/* Of who reads the iterator: the recorder, which does so before anything is attached. Paths of
 * files end at its root, as in its /proc. */
__u64 lister_root_mnt = 0, lister_root_dentry = 0;
/* How far its clocks are ahead, in a time namespace. */
__s64 lister_boottime_ns = 0, lister_monotonic_ns = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20); /* --ring-size */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* set to the number of possible CPUs */
	__type(key, __u32);
	__type(value, struct vfe_cpu);
} cpus SEC(".maps");

/* Threads blocked in vfork right now, by tid. The recorder sizes it, and the next. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vfe_waiter);
} waiters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vfe_tracked);
} tracked SEC(".maps");

/* Processes whose last exit was told, for kernels whose tracepoint does not say which thread is
 * last: two threads that exit together can both see no thread left. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u64);
} ended SEC(".maps");

struct scratch {
	struct vfe_exec exec;
	char data[VFE_DATA_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* ---- counters and the ring ---- */

static __always_inline struct vfe_cpu *this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&cpus, &cpu);
}

static __always_inline void count_drop(enum vfe_drop cause)
{
	struct vfe_cpu *cpu = this_cpu();

	if (cpu)
		__sync_fetch_and_add(&cpu->drops[cause], 1);
}

static __always_inline void count_seen(void)
{
	struct vfe_cpu *cpu = this_cpu();

	if (cpu)
		__sync_fetch_and_add(&cpu->seen, 1);
}

/* A wake-up costs its producer 9 us on a busy machine: only for a recorder that sleeps, and only
 * when there is enough to do. A late one is harmless, since the recorder also looks every 100 ms.
 */
static __always_inline __u64 submit_flags(void)
{
	if (!consumer_asleep || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < cfg_wake_bytes)
		return BPF_RB_NO_WAKEUP;
	consumer_asleep = 0;
	return BPF_RB_FORCE_WAKEUP;
}

/* The compiler knows that @size is in bounds and would drop the test that shows it to the verifier.
 */
static __always_inline __u64 bound(__u64 size, __u64 max)
{
	barrier_var(size);
	return size > max ? max : size;
}

static __always_inline void fill_header(struct vfe_header *header, __u16 kind, __u32 size)
{
	header->time_ns = bpf_ktime_get_boot_ns();
	header->size = size;
	header->kind = kind;
	header->cpu = bpf_get_smp_processor_id();
}

/* Room for one record of @type, counted whether or not there is any. */
#define RESERVE(type, kind)                                                                        \
	({                                                                                         \
		struct type *record;                                                               \
                                                                                                   \
		count_seen();                                                                      \
		record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);                           \
		if (record)                                                                        \
			fill_header(&record->header, kind, sizeof(*record));                       \
		else                                                                               \
			count_drop(VFE_DROP_RING);                                                 \
		record;                                                                            \
	})

/* ---- tasks ---- */

static __always_inline __u32 task_state(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return ((struct task_struct___before_5_14 *)task)->state;
}

/* The number in the innermost namespace, and that one's inode. */
static __always_inline __u32 innermost_nr(struct pid *pid, __u32 *ret_inum)
{
	__u32 level = pid->level;
	struct upid *last;

	if (!level) {
		*ret_inum = pid->numbers[0].ns->ns.inum;
		return pid->numbers[0].nr;
	}
	last = (void *)__builtin_preserve_access_index(&pid->numbers[0]) +
	       level * bpf_core_type_size(struct upid);
	*ret_inum = BPF_CORE_READ(last, ns, ns.inum);
	return BPF_CORE_READ(last, nr);
}

static __always_inline __u64 cgroup_id(struct task_struct *task)
{
	return task->cgroups->dfl_cgrp->kn->id;
}

#define CONTROLLER(name) bpf_core_enum_value(enum cgroup_subsys_id___here, name##___here)

/* The task's cgroup in the hierarchy of that controller. */
static __always_inline struct cgroup_subsys_state *css_of(struct task_struct *task,
							  __u32 controller)
{
	struct cgroup_subsys_state **first =
		__builtin_preserve_access_index(&task->cgroups->subsys[0]);

	return first[controller];
}

/*
 * Where cgroup v2 and v1 are both in use, container engines that manage the latter leave the former
 * as they found it: at the root, or in the service that started them.
 */
static __always_inline __u64 cgroup_v1_id(struct task_struct *task)
{
	struct cgroup *cgroup;
	__u32 hierarchy;

	if (!cfg_v1_hierarchy)
		return 0;
	if (cfg_v1_is_pids)
		cgroup = css_of(task, CONTROLLER(pids_cgrp_id))->cgroup;
	else
		cgroup = css_of(task, CONTROLLER(memory_cgrp_id))->cgroup;
	hierarchy = cgroup->root->hierarchy_id;
	return cgroup->level && hierarchy ? VFE_CGROUP_ID(hierarchy, cgroup->kn->id) : 0;
}

static __always_inline void fill_task(struct vfe_task *ret, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	const struct cred *cred = task->real_cred;
	const __u64 *comm = (const __u64 *)task->comm;

	ret->tgid = task->tgid;
	ret->tid = task->pid;
	ret->start_ns = leader->start_boottime;
	ret->cgroup = cgroup_id(task);
	ret->cgroup_v1 = cgroup_v1_id(task);
	ret->ns_tid = innermost_nr(task->thread_pid, &ret->pidns);
	ret->ns_tgid = ret->ns_tid;
	if (ret->tid != ret->tgid)
		ret->ns_tgid = innermost_nr(leader->thread_pid, &ret->pidns);
	ret->uid = cred ? cred->uid.val : 0; /* never NULL, which some verifiers cannot know */
	((__u64 *)ret->comm)[0] = comm[0];
	((__u64 *)ret->comm)[1] = comm[1];
}

/* ---- the filter ---- */

static __always_inline bool needs_tracking(void)
{
	return cfg_filter || cfg_vfork_only;
}

static __always_inline __u32 tracked_flags(struct task_struct *task)
{
	__u32 tgid = task->tgid;
	struct vfe_tracked *entry = bpf_map_lookup_elem(&tracked, &tgid);

	if (!entry || entry->start_ns != task->group_leader->start_boottime)
		return 0;
	return entry->flags;
}

static __always_inline bool is_recorded(struct task_struct *task)
{
	__u32 flags;

	if (!needs_tracking())
		return true;
	flags = tracked_flags(task);
	if (cfg_filter && (flags & (VFE_FOLLOW | VFE_SELF)) != VFE_FOLLOW)
		return false;
	return !cfg_vfork_only || (flags & VFE_VFORKED);
}

static __always_inline void track_child(struct task_struct *child, bool is_vfork)
{
	__u32 tgid = child->tgid;
	struct vfe_tracked entry = {.start_ns = child->start_boottime};

	entry.flags = VFE_FOLLOW | (is_vfork ? VFE_VFORKED : 0);
	if (bpf_map_update_elem(&tracked, &tgid, &entry, BPF_ANY))
		count_drop(VFE_DROP_TRACKED);
}

/* ---- spawn ---- */

/* The number of the system call that a task is in, or -1: the helper came with 5.15. */
static __always_inline __s32 current_syscall(struct task_struct *task)
{
	void *regs;

	if (!bpf_core_enum_value_exists(enum bpf_func_id___here, BPF_FUNC_task_pt_regs___here))
		return -1;
	regs = (void *)bpf_task_pt_regs(task);
	if (bpf_core_field_exists(((struct pt_regs___x86 *)0)->orig_ax))
		return ((struct pt_regs___x86 *)regs)->orig_ax;
	if (bpf_core_field_exists(((struct pt_regs___arm64 *)0)->syscallno))
		return ((struct pt_regs___arm64 *)regs)->syscallno;
	return -1;
}

static __always_inline bool is_compat(struct task_struct *task)
{
	struct thread_info___x86 *x86 = (void *)&task->thread_info;

	if (bpf_core_field_exists(x86->status))
		return x86->status & TS_COMPAT_X86;
	return task->thread_info.flags & (1ul << TIF_32BIT_ARM64);
}

static __always_inline void remember_waiter(struct task_struct *parent, struct task_struct *child)
{
	__u32 tid = parent->pid;
	struct vfe_waiter waiter = {.child_tid = child->pid};

	if (bpf_map_update_elem(&waiters, &tid, &waiter, BPF_ANY))
		count_drop(VFE_DROP_PENDING);
}

SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *child, __u64 clone_flags)
{
	struct task_struct *parent = bpf_get_current_task_btf();
	bool is_vfork = clone_flags & CLONE_VFORK;
	bool is_thread = clone_flags & CLONE_THREAD, is_kernel = parent->flags & PF_KTHREAD;
	struct task_struct *leader;
	struct vfe_spawn *event;

	if (child->flags & PF_KTHREAD)
		return 0;
	if (cfg_filter) {
		__u32 flags = tracked_flags(parent);

		if (!(flags & VFE_FOLLOW) || (is_thread && (flags & VFE_SELF)))
			return 0;
	}
	if (needs_tracking() && !is_thread && (cfg_filter || is_vfork))
		track_child(child, is_vfork);
	if (is_vfork)
		remember_waiter(parent, child);
	else if (cfg_vfork_only || (is_thread && !cfg_threads))
		return 0;

	event = RESERVE(vfe_spawn, VFE_SPAWN);
	if (!event)
		return 0;
	fill_task(&event->parent, parent);
	leader = child->group_leader;
	event->clone_flags = clone_flags & ~(__u64)CSIGNAL;
	event->child_start_ns = leader->start_boottime;
	event->child_cgroup = cgroup_id(child);
	event->child_cgroup_v1 = cgroup_v1_id(child);
	event->child_tgid = child->tgid;
	event->child_tid = child->pid;
	event->child_ns_tid = innermost_nr(child->thread_pid, &event->child_pidns);
	event->child_ns_tgid = event->child_ns_tid;
	if (is_thread)
		event->child_ns_tgid = innermost_nr(leader->thread_pid, &event->child_pidns);
	event->exit_signal = is_thread ? 0 : child->exit_signal;
	/* A thread of the kernel, such as one that starts a helper for a core dump, calls nothing.
	 */
	event->syscall = is_kernel ? -1 : current_syscall(parent);
	event->flags = is_kernel ? VFE_SPAWN_KERNEL : is_compat(parent) ? VFE_SPAWN_COMPAT : 0;
	bpf_ringbuf_submit(event, submit_flags());
	return 0;
}

/* ---- release ---- */

/*
 * complete() wakes the blocked parent in the child's context: the true end of the wait. The child
 * has cleared its vfork_done by then, which tells this wake-up from a SIGKILL that it sends its
 * parent.
 */
SEC("tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *parent)
{
	struct task_struct *child;
	struct vfe_waiter *waiter;
	struct vfe_release *event;
	__u32 tid;

	if (!(task_state(parent) & TASK_WAKEKILL))
		return 0;
	tid = parent->pid;
	waiter = bpf_map_lookup_elem(&waiters, &tid);
	if (!waiter)
		return 0;
	child = bpf_get_current_task_btf();
	if (waiter->child_tid != (__u32)child->pid || child->vfork_done)
		return 0;
	bpf_map_delete_elem(&waiters, &tid);

	event = RESERVE(vfe_release, VFE_RELEASE);
	if (!event)
		return 0;
	fill_task(&event->child, child);
	event->parent_start_ns = parent->group_leader->start_boottime;
	event->parent_tgid = parent->tgid;
	event->parent_tid = tid;
	event->by = child->flags & PF_EXITING ? VFE_BY_EXIT : VFE_BY_EXEC;
	event->pad = 0;
	bpf_ringbuf_submit(event, submit_flags());
	return 0;
}

#include "exe.h"

/* ---- exec ---- */

/*
 * A child that is quick on another CPU can be done before its parent sleeps: nobody is woken then,
 * and the entry is still there. (After an exit it stays until the parent's next vfork or end: on
 * some kernels the exit is told before the release.)
 */
static __always_inline void forget_released(struct task_struct *child)
{
	__u32 tid = child->real_parent->pid;
	struct vfe_waiter *waiter = bpf_map_lookup_elem(&waiters, &tid);

	if (waiter && waiter->child_tid == (__u32)child->pid)
		bpf_map_delete_elem(&waiters, &tid);
}

/* Append a kernel string of at most VFE_PATH_MAX bytes at @at. */
static __always_inline __u32 append_string(struct scratch *scratch, __u32 at, const char *from)
{
	char last = 0;
	long n;

	at = bound(at, VFE_EXE_MAX + VFE_PATH_MAX);
	n = bpf_probe_read_kernel_str(scratch->data + at, VFE_PATH_MAX, from);
	if (n <= 0)
		return 0;
	/* A string that just fits fills the room as one that is cut does. */
	if (n >= VFE_PATH_MAX && (bpf_probe_read_kernel(&last, 1, from + VFE_PATH_MAX - 1) || last))
		scratch->exec.flags |= VFE_EXEC_PATH_CUT;
	return n;
}

/* argv is read from the new image, after the kernel copied it: what the program gets, whatever the
 * caller does to its own copy meanwhile. */
static __always_inline void append_argv(struct scratch *scratch, __u32 at, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	__u64 start = mm->arg_start, end = mm->arg_end;
	__u64 size = end > start ? end - start : 0;

	scratch->exec.argv_full_size = size;
	if (size > cfg_argv_max)
		size = cfg_argv_max;
	if (size > VFE_ARGV_MAX)
		size = VFE_ARGV_MAX;
	if (!size)
		return;
	at = bound(at, VFE_EXE_MAX + 2 * VFE_PATH_MAX);
	if (bpf_probe_read_user(scratch->data + at, size, (void *)start)) {
		scratch->exec.flags |= VFE_EXEC_ARGV_FAULT;
		return;
	}
	scratch->exec.argv_size = size;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_tid, struct linux_binprm *bprm)
{
	const char *path, *interp;
	struct scratch *scratch;
	struct inode *inode;
	__u32 zero = 0;
	__u64 size;

	forget_released(task);
	if (!is_recorded(task))
		return 0;
	count_seen();
	scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!scratch)
		return 0; /* cannot be: the map has this one entry */
	fill_task(&scratch->exec.task, task);
	inode = bprm->file->f_inode;
	scratch->exec.exe_ino = inode->i_ino;
	scratch->exec.exe_dev = inode->i_sb->s_dev;
	scratch->exec.exe_fs = inode->i_sb->s_magic;
	scratch->exec.old_tid = old_tid;
	scratch->exec.flags = 0;
	scratch->exec.argv_size = 0;
	scratch->exec.interp_size = 0;

	append_exe(scratch, bprm->file);
	path = bprm->filename;
	interp = bprm->interp;
	size = scratch->exec.exe_size;
	scratch->exec.path_size = append_string(scratch, size, path);
	size += scratch->exec.path_size;
	if (interp != path) {
		__u32 n = append_string(scratch, size, interp);

		scratch->exec.interp_size = n;
		size += n;
	}
	append_argv(scratch, size, task);
	size += scratch->exec.argv_size;
	size += sizeof(struct vfe_exec);
	size = bound(size, sizeof(*scratch));
	fill_header(&scratch->exec.header, VFE_EXEC, size);
	if (bpf_ringbuf_output(&ring, scratch, size, submit_flags()))
		count_drop(VFE_DROP_RING);
	return 0;
}

/* ---- exit ---- */

/* Whether this is the process's last exit, told once. */
static __always_inline bool is_process_exit(struct task_struct *task, __u64 group_dead)
{
	__u32 tgid = task->tgid;
	__u64 start, *told;

	if (cfg_exit_tells_group_dead)
		return group_dead;
	if (task->signal->live.counter)
		return false;
	start = task->group_leader->start_boottime;
	told = bpf_map_lookup_elem(&ended, &tgid);
	if (told && *told == start)
		return false;
	if (told) /* a reused pid */
		bpf_map_update_elem(&ended, &tgid, &start, BPF_ANY);
	else if (bpf_map_update_elem(&ended, &tgid, &start, BPF_NOEXIST))
		return false;
	return true;
}

static __always_inline __u32 wait_status(struct task_struct *task, bool is_process)
{
	struct signal_struct *signal = task->signal;

	if (!is_process)
		return task->exit_code;
	if (signal->flags & SIGNAL_GROUP_EXIT)
		return signal->group_exit_code;
	return task->group_leader->exit_code;
}

static __always_inline bool forget_waiter(struct task_struct *task)
{
	__u32 tid = task->pid;

	/* To look is cheaper than to delete, and mostly nothing is there. */
	return bpf_map_lookup_elem(&waiters, &tid) && bpf_map_delete_elem(&waiters, &tid) == 0;
}

SEC("tp_btf/sched_process_exit")
int on_exit(unsigned long long *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u64 group_dead = cfg_exit_tells_group_dead ? (ctx[1] & 1) : 0;
	__u32 tgid = task->tgid;
	bool is_process, is_pending, is_waiter, is_wanted;
	struct vfe_exit *event;

	if (task->flags & PF_KTHREAD)
		return 0;
	is_process = is_process_exit(task, group_dead);
	is_pending = task->vfork_done != NULL;
	is_waiter = forget_waiter(task);
	is_wanted = is_recorded(task);
	if (is_process && needs_tracking())
		bpf_map_delete_elem(&tracked, &tgid);
	/* A waiter is in the map only if its vfork was recorded. */
	if (!is_waiter && !(is_wanted && (is_process || is_pending || cfg_threads)))
		return 0;

	event = RESERVE(vfe_exit, VFE_EXIT);
	if (!event)
		return 0;
	fill_task(&event->task, task);
	event->wait_status = wait_status(task, is_process);
	event->flags = (is_process ? VFE_EXIT_PROCESS : 0) |
		       (is_pending ? VFE_EXIT_VFORK_PENDING : 0) |
		       (is_waiter ? VFE_EXIT_WAITER : 0);
	bpf_ringbuf_submit(event, submit_flags());
	return 0;
}

#include "failures.h"

/* ---- cgroups that come and go while recording ---- */

/* Its id, or 0 where nothing refers to this hierarchy. */
static __always_inline __u64 id_of_cgroup(struct cgroup *cgroup)
{
	__u32 hierarchy = cgroup->root->hierarchy_id;

	if (hierarchy && hierarchy != cfg_v1_hierarchy && hierarchy != cfg_freezer_hierarchy)
		return 0;
	return VFE_CGROUP_ID(hierarchy, cgroup->kn->id);
}

static __always_inline __u32 string_size(long read)
{
	return read > 0 ? read - 1 : 0;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	__u64 id = id_of_cgroup(cgroup), size;
	__u32 zero = 0, at, name_size = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	struct vfe_cgroup *event = (void *)scratch;
	char *bytes = (char *)(event + 1);

	if (!scratch || !id)
		return 0;
	count_seen();
	event->id = id;
	event->parent_id = VFE_CGROUP_ID(cgroup->root->hierarchy_id,
					 BPF_CORE_READ(cgroup, self.parent, cgroup, kn, id));
	at = string_size(bpf_probe_read_kernel_str(bytes, VFE_TRACE_CGROUP_PATH, path));
	if (at >= VFE_TRACE_CGROUP_PATH - 1) {
		at = VFE_TRACE_CGROUP_PATH - 1;
		name_size = string_size(
			bpf_probe_read_kernel_str(bytes + at, VFE_CGROUP_NAME, cgroup->kn->name));
	}
	event->path_size = at;
	event->name_size = name_size;
	size = bound(sizeof(*event) + at + name_size,
		     sizeof(*event) + VFE_TRACE_CGROUP_PATH + VFE_CGROUP_NAME);
	fill_header(&event->header, VFE_CGROUP, size);
	if (bpf_ringbuf_output(&ring, event, size, submit_flags()))
		count_drop(VFE_DROP_RING);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(on_cgroup_rmdir, struct cgroup *cgroup)
{
	__u64 id = id_of_cgroup(cgroup);
	struct vfe_cgroup *event;

	if (!id)
		return 0;
	event = RESERVE(vfe_cgroup, VFE_CGROUP_GONE);
	if (!event)
		return 0;
	event->id = id;
	event->parent_id = 0;
	event->path_size = 0;
	event->name_size = 0;
	bpf_ringbuf_submit(event, submit_flags());
	return 0;
}

/* ---- what runs already ---- */

static __always_inline __s64 in_ns(const struct timespec64 *time)
{
	return time->tv_sec * 1000000000ll + time->tv_nsec;
}

static __always_inline void learn_lister(void)
{
	struct task_struct *lister = bpf_get_current_task_btf();
	struct time_namespace *times = NULL;

	lister_root_mnt = (__u64)lister->fs->root.mnt;
	lister_root_dentry = (__u64)lister->fs->root.dentry;
	if (!bpf_core_field_exists(lister->nsproxy->time_ns) ||
	    !bpf_core_field_exists(times->offsets))
		return;
	times = lister->nsproxy->time_ns;
	lister_boottime_ns = in_ns(&times->offsets.boottime);
	lister_monotonic_ns = in_ns(&times->offsets.monotonic);
}

/*
 * Every task that waits in vfork has its frozen bit set, so that a cgroup can count as frozen in
 * spite of it. With the order to freeze it means what it says.
 */
static __always_inline bool is_frozen_v2(struct task_struct *task)
{
	return bpf_core_field_exists(task->frozen) && BPF_CORE_READ_BITFIELD_PROBED(task, frozen) &&
	       (BPF_CORE_READ(task, jobctl) & JOBCTL_TRAP_FREEZE);
}

static __always_inline void fill_frozen(struct vfe_task_state *out, struct task_struct *task)
{
	struct cgroup_subsys_state *css;

	if (is_frozen_v2(task)) {
		out->frozen = true;
		out->frozen_cgroup = out->task.cgroup;
		return;
	}
	if (!cfg_freezer_hierarchy ||
	    !((out->state & TASK_FROZEN) || (out->task_flags & PF_FROZEN)))
		return;
	css = css_of(task, CONTROLLER(freezer_cgrp_id));
	if (!(BPF_CORE_READ((struct freezer *)css, state) & CGROUP_FREEZING))
		return; /* all of the machine is being frozen, or thawed */
	out->frozen = true;
	out->frozen_cgroup = VFE_CGROUP_ID(BPF_CORE_READ(css, cgroup, root, hierarchy_id),
					   BPF_CORE_READ(css, cgroup, kn, id));
}

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *lister = bpf_get_current_task_btf();
	struct vfe_task_state out = {};
	struct task_struct *parent;
	struct inode *inode;

	learn_lister();
	if (!task || BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0;
	fill_header(&out.header, VFE_TASK, sizeof(out));
	fill_task(&out.task, task);
	parent = BPF_CORE_READ(task, real_parent);
	out.parent_tgid = BPF_CORE_READ(parent, tgid);
	out.parent_start_ns = BPF_CORE_READ(parent, group_leader, start_boottime);
	out.vfork_done = (__u64)BPF_CORE_READ(task, vfork_done);
	out.stack = (__u64)BPF_CORE_READ(task, stack);
	inode = BPF_CORE_READ(task, mm, exe_file, f_inode);
	out.exe_ino = BPF_CORE_READ(inode, i_ino);
	out.exe_dev = BPF_CORE_READ(inode, i_sb, s_dev);
	out.state = task_state(task);
	out.exit_state = BPF_CORE_READ(task, exit_state);
	out.task_flags = BPF_CORE_READ(task, flags);
	fill_frozen(&out, task);
	out.thread_start_ns = BPF_CORE_READ(task, start_boottime);
	out.cpu_ns = BPF_CORE_READ(task, se.sum_exec_runtime);
	out.n_switches = BPF_CORE_READ(task, nvcsw) + BPF_CORE_READ(task, nivcsw);
	out.syscall = current_syscall(task);
	out.syscall_flags = is_compat(task) ? VFE_SPAWN_COMPAT : 0;
	out.alive = BPF_CORE_READ(task, signal, live.counter) > 0;
	out.lister_tgid = lister->tgid;
	innermost_nr(lister->thread_pid, &out.lister_pidns);
	bpf_seq_write(ctx->meta->seq, &out, sizeof(out));
	return 0;
}
