/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * bare.bpf.c - the least that records the life of a vfork: four BTF tracepoints, one ring, and a
 * wake-up only when that is an eighth full. The practical limit that ./dev bench compares with.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "bare.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u64 cfg_wake_bytes = 0;

__u64 n_dropped = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

static __always_inline __u64 submit_flags(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < cfg_wake_bytes ? BPF_RB_NO_WAKEUP
									    : BPF_RB_FORCE_WAKEUP;
}

static __always_inline void fill(struct bare_record *record, enum bare_kind kind,
				 struct task_struct *task, __u32 other_pid, __u64 value)
{
	record->time_ns = bpf_ktime_get_boot_ns();
	record->start_ns = BPF_CORE_READ(task, start_boottime);
	record->value = value;
	record->kind = kind;
	record->pid = BPF_CORE_READ(task, pid);
	record->other_pid = other_pid;
	record->cpu = bpf_get_smp_processor_id();
	BPF_CORE_READ_INTO(&record->comm, task, comm);
}

static __always_inline int tell(enum bare_kind kind, struct task_struct *task, __u32 other_pid,
				__u64 value)
{
	struct bare_record *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);

	if (!record) {
		__sync_fetch_and_add(&n_dropped, 1);
		return 0;
	}
	fill(record, kind, task, other_pid, value);
	bpf_ringbuf_submit(record, submit_flags());
	return 0;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(on_newtask, struct task_struct *child, __u64 clone_flags)
{
	struct task_struct *parent = bpf_get_current_task_btf();

	return tell(BARE_SPAWN, child, BPF_CORE_READ(parent, pid), clone_flags);
}

SEC("tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *parent)
{
	struct task_struct *child;

	if (!(BPF_CORE_READ(parent, __state) & TASK_WAKEKILL))
		return 0;
	child = bpf_get_current_task_btf();
	if (BPF_CORE_READ(child, real_parent) != parent || BPF_CORE_READ(child, vfork_done))
		return 0;
	return tell(BARE_RELEASE, child, BPF_CORE_READ(parent, pid), 0);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_tid, struct linux_binprm *bprm)
{
	struct bare_exec *exec = bpf_ringbuf_reserve(&ring, sizeof(*exec), 0);

	if (!exec) {
		__sync_fetch_and_add(&n_dropped, 1);
		return 0;
	}
	fill(&exec->record, BARE_EXEC, task, (__u32)old_tid, 0);
	bpf_probe_read_kernel_str(exec->name, sizeof(exec->name), BPF_CORE_READ(bprm, filename));
	bpf_ringbuf_submit(exec, submit_flags());
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	return tell(BARE_EXIT, task, 0, (__u64)BPF_CORE_READ(task, exit_code));
}
