/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * autopsy.bpf.c - looks at tasks without touching them: iterators over tasks, their memory and
 * their files. Loaded beside vfork.bpf.c, and run only when the recorder reads them.
 *
 * One reader at a time: scratch memory is an array of one.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "autopsy.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

enum { MAX_LISTED_LOCKS = VFA_MAX_LOCKS };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next, *prev;
};

struct task_struct___autopsy {
	unsigned int ptrace;
	struct task_struct *parent;
	unsigned int in_iowait : 1;
};

struct pt_regs___x86_full {
	unsigned long r10, r9, r8, bp, bx, cx, dx, si, di, orig_ax;
};

struct pt_regs___arm64_full {
	__u64 regs[31];
	__u64 orig_x0;
	int syscallno;
};

struct file_lock_context {
	struct list_head flc_flock, flc_posix;
};

struct inode___autopsy {
	unsigned short i_mode;
	struct file_lock_context *i_flctx;
};

struct file___autopsy {
	unsigned int f_mode;
	struct path f_path;
	struct inode *f_inode;
};

struct file_lock___before_6_9 {
	struct list_head fl_list;
	unsigned int fl_pid;
};

/*
 * Its common part is a struct of its own. Reached through file_lock, which every kernel has: for a
 * type that is in none of the kernel's, libbpf asks the modules, which takes CAP_SYS_ADMIN.
 */
struct file_lock___since_6_9 {
	struct {
		struct list_head flc_list;
		int flc_pid;
	} c;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file___autopsy *file;
};

#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vfa_wanted);
} wanted SEC(".maps");

struct memory {
	__u8 bytes[VFA_MEMORY_SIZE];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct memory);
} memories SEC(".maps");

struct scratch {
	union {
		struct vfa_task task;
		struct vfa_file file;
	};
	char path[VFA_PATH_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct vfa_wanted *get_wanted(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&wanted, &zero);
}

static __always_inline struct scratch *get_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratches, &zero);
}

/* ---- a task ---- */

static __always_inline void fill_x86(struct vfa_task *out, struct pt_regs___x86_full *regs)
{
	out->syscall = (__s64)BPF_CORE_READ(regs, orig_ax);
	if (out->flags & VFA_TASK_COMPAT) {
		out->args[0] = (__u32)BPF_CORE_READ(regs, bx);
		out->args[1] = (__u32)BPF_CORE_READ(regs, cx);
		out->args[2] = (__u32)BPF_CORE_READ(regs, dx);
		out->args[3] = (__u32)BPF_CORE_READ(regs, si);
		out->args[4] = (__u32)BPF_CORE_READ(regs, di);
		out->args[5] = (__u32)BPF_CORE_READ(regs, bp);
	} else {
		out->args[0] = BPF_CORE_READ(regs, di);
		out->args[1] = BPF_CORE_READ(regs, si);
		out->args[2] = BPF_CORE_READ(regs, dx);
		out->args[3] = BPF_CORE_READ(regs, r10);
		out->args[4] = BPF_CORE_READ(regs, r8);
		out->args[5] = BPF_CORE_READ(regs, r9);
	}
}

static __always_inline void fill_arm64(struct vfa_task *out, struct pt_regs___arm64_full *regs)
{
	out->syscall = BPF_CORE_READ(regs, syscallno);
	bpf_core_read(out->args, sizeof(out->args), &regs->regs);
	out->args[0] = BPF_CORE_READ(regs, orig_x0);
}

static __always_inline bool is_compat(struct task_struct *task)
{
	struct thread_info___x86 *x86 = (void *)&task->thread_info;

	if (bpf_core_field_exists(x86->status))
		return BPF_CORE_READ(x86, status) & TS_COMPAT_X86;
	return BPF_CORE_READ(task, thread_info.flags) & (1ul << TIF_32BIT_ARM64);
}

static __always_inline void fill_regs(struct vfa_task *out, struct task_struct *task)
{
	void *regs;

	out->syscall = -1;
	if (!bpf_core_enum_value_exists(enum bpf_func_id___here, BPF_FUNC_task_pt_regs___here))
		return;
	regs = (void *)bpf_task_pt_regs(task);
	if (!regs)
		return;
	out->flags |= VFA_TASK_REGS;
	if (is_compat(task))
		out->flags |= VFA_TASK_COMPAT;
	if (bpf_core_field_exists(((struct pt_regs___x86 *)0)->orig_ax))
		fill_x86(out, regs);
	else if (bpf_core_field_exists(((struct pt_regs___arm64 *)0)->syscallno))
		fill_arm64(out, regs);
}

static __always_inline void fill_tracer(struct vfa_task *out, struct task_struct___autopsy *task)
{
	struct task_struct *tracer;

	if (!BPF_CORE_READ(task, ptrace))
		return;
	tracer = BPF_CORE_READ(task, parent);
	out->tracer_tid = BPF_CORE_READ(tracer, pid);
	out->tracer_tgid = BPF_CORE_READ(tracer, tgid);
}

static __always_inline __u32 task_state(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state);
	return BPF_CORE_READ((struct task_struct___before_5_14 *)task, state);
}

static __always_inline void fill_task(struct vfa_task *out, struct task_struct *task)
{
	struct task_struct___autopsy *more = (void *)task;

	out->tgid = BPF_CORE_READ(task, tgid);
	out->tid = BPF_CORE_READ(task, pid);
	out->state = task_state(task);
	out->exit_state = BPF_CORE_READ(task, exit_state);
	out->thread_start_ns = BPF_CORE_READ(task, start_boottime);
	out->cpu_ns = BPF_CORE_READ(task, se.sum_exec_runtime);
	out->n_switches = BPF_CORE_READ(task, nvcsw) + BPF_CORE_READ(task, nivcsw);
	out->vfork_done = (__u64)BPF_CORE_READ(task, vfork_done);
	if (BPF_CORE_READ_BITFIELD_PROBED(more, in_iowait))
		out->flags |= VFA_TASK_IOWAIT;
	BPF_CORE_READ_STR_INTO(&out->comm, task, comm);
}

SEC("iter/task")
int look(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct vfa_wanted *w = get_wanted();
	struct scratch *scratch = get_scratch();
	struct vfa_task *out;
	long n;

	if (!task || !w || !scratch || BPF_CORE_READ(task, pid) != (int)w->tid)
		return 0;
	out = &scratch->task;
	__builtin_memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	fill_task(out, task);
	fill_tracer(out, (void *)task);
	fill_regs(out, task);
	n = bpf_get_task_stack(task, out->kstack, sizeof(out->kstack), 0);
	out->n_kstack = n > 0 ? (__u32)n / sizeof(__u64) : 0;
	bpf_seq_write(ctx->meta->seq, out, sizeof(*out));
	for (__u32 i = 0; i < VFA_MAX_KSTACK; i++) {
		if (i >= out->n_kstack)
			break;
		BPF_SEQ_PRINTF(ctx->meta->seq, "%pB\n", (void *)out->kstack[i]);
	}
	return 0;
}

/* ---- its memory: since 5.18 ---- */

SEC("iter.s/task")
int peek(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct vfa_wanted *w = get_wanted();
	struct memory *memory;
	__u32 zero = 0, size;

	if (!task || !w || w->tid != (__u32)task->pid)
		return 0;
	memory = bpf_map_lookup_elem(&memories, &zero);
	size = w->memory_size;
	if (!memory || size > VFA_MEMORY_SIZE)
		return 0;
	w->memory_result = (__s32)bpf_copy_from_user_task(memory->bytes, size,
							  (void *)w->memory_address, task, 0);
	return 0;
}

/* ---- open files ---- */

static __always_inline __u32 append_path(char *path, struct file___autopsy *file)
{
	long n = bpf_d_path((struct path *)&file->f_path, path, VFA_PATH_MAX);

	return n > 0 && n <= VFA_PATH_MAX ? (__u32)n - 1 : 0;
}

static __always_inline void write_path(struct seq_file *seq, const char *path, __u32 size)
{
	barrier_var(size); /* or the bound below is dropped as already known */
	size &= VFA_PATH_MAX - 1;
	if (size)
		bpf_seq_write(seq, path, size);
}

/* A lock is found by its place in the list. */
static __always_inline __u32 lock_pid(struct list_head *entry)
{
	if (bpf_core_field_exists(((struct file_lock___since_6_9 *)0)->c.flc_pid)) {
		struct file_lock___since_6_9 *lock =
			(void *)entry -
			bpf_core_field_offset(struct file_lock___since_6_9, c.flc_list);

		return BPF_CORE_READ(lock, c.flc_pid);
	} else {
		struct file_lock___before_6_9 *lock =
			(void *)entry -
			bpf_core_field_offset(struct file_lock___before_6_9, fl_list);

		return BPF_CORE_READ(lock, fl_pid);
	}
}

static __always_inline void list_locks(struct vfa_file *out, struct list_head *head, __u32 kind)
{
	struct list_head *entry = BPF_CORE_READ(head, next);

	for (int i = 0; i < MAX_LISTED_LOCKS; i++) {
		__u32 n = out->n_locks;

		if (!entry || entry == head || n >= VFA_MAX_LOCKS)
			return;
		out->locks[n & (VFA_MAX_LOCKS - 1)].pid = lock_pid(entry);
		out->locks[n & (VFA_MAX_LOCKS - 1)].kind = kind;
		out->n_locks = n + 1;
		entry = BPF_CORE_READ(entry, next);
	}
}

static __always_inline void fill_locks(struct vfa_file *out, struct inode___autopsy *inode)
{
	struct file_lock_context *locks = BPF_CORE_READ(inode, i_flctx);

	if (!locks)
		return;
	list_locks(out, __builtin_preserve_access_index(&locks->flc_flock), 1);
	list_locks(out, __builtin_preserve_access_index(&locks->flc_posix), 2);
}

static __always_inline bool is_wanted_file(struct vfa_wanted *w, __u32 tgid, __u32 fd)
{
	if (w->tid != tgid)
		return false;
	w->n_files++;
	for (__u32 i = 0; i < VFA_MAX_FDS; i++) {
		if (i >= w->n_fds)
			return false;
		if (w->fds[i] == fd)
			return true;
	}
	return false;
}

SEC("iter/task_file")
int list_files(struct bpf_iter__task_file *ctx)
{
	struct file___autopsy *file = ctx->file;
	struct task_struct *task = ctx->task;
	struct vfa_wanted *w = get_wanted();
	struct scratch *scratch = get_scratch();
	struct vfa_file *out;
	struct inode *inode;

	if (!file || !task || !w || !scratch)
		return 0;
	inode = file->f_inode;
	if (w->files == VFA_FILES_OF_TASK && !is_wanted_file(w, task->tgid, ctx->fd))
		return 0;
	if (w->files == VFA_FILES_OF_INODE &&
	    (w->ino != inode->i_ino || w->dev != inode->i_sb->s_dev))
		return 0;
	out = &scratch->file;
	__builtin_memset(out, 0, sizeof(*out));
	out->size = sizeof(*out);
	out->tgid = task->tgid;
	out->tid = task->pid;
	out->fd = ctx->fd;
	out->ino = inode->i_ino;
	out->dev = inode->i_sb->s_dev;
	out->fs_magic = inode->i_sb->s_magic;
	out->mode = file->f_mode;
	out->i_mode = BPF_CORE_READ((struct inode___autopsy *)inode, i_mode);
	BPF_CORE_READ_STR_INTO(&out->comm, task, comm);
	if (w->files == VFA_FILES_OF_INODE)
		fill_locks(out, (void *)inode);
	out->path_size = append_path(scratch->path, file);
	bpf_seq_write(ctx->meta->seq, out, sizeof(*out));
	write_path(ctx->meta->seq, scratch->path, out->path_size);
	return 0;
}
