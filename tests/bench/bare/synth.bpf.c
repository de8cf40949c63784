/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * synth.bpf.c - puts made-up records into the ring of a running vfork-record, as fast as asked for,
 * and counts them in its counters as its own hooks would.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>

#include "events.h"

#define BATCH 64

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u64 cfg_wake_bytes = 0;

__u64 n_made = 0, n_dropped = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vfe_cpu);
} cpus SEC(".maps");

static __always_inline void make_one(struct vfe_cpu *cpu, __u64 now_ns, __u32 i)
{
	struct vfe_exit *event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);

	__sync_fetch_and_add(&cpu->seen, 1);
	n_made++;
	if (!event) {
		__sync_fetch_and_add(&cpu->drops[VFE_DROP_RING], 1);
		n_dropped++;
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->header.time_ns = now_ns + i;
	event->header.size = sizeof(*event);
	event->header.kind = VFE_EXIT;
	event->task.tgid = event->task.tid = 1000 + (n_made & 0xffff);
	event->task.ns_tgid = event->task.ns_tid = event->task.tgid;
	event->task.start_ns = now_ns - 20000;
	event->task.pidns = 4026531836u;
	event->task.comm[0] = 's';
	event->flags = VFE_EXIT_PROCESS;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

SEC("raw_tp")
int make_batch(void *ctx)
{
	__u32 number = bpf_get_smp_processor_id(), i;
	struct vfe_cpu *cpu = bpf_map_lookup_elem(&cpus, &number);
	__u64 now_ns = bpf_ktime_get_boot_ns();
	struct vfe_header *nothing;

	if (!cpu)
		return 0;
	for (i = 0; i < BATCH; i++)
		make_one(cpu, now_ns, i);
	if (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < cfg_wake_bytes)
		return 0;
	nothing = bpf_ringbuf_reserve(&ring, sizeof(*nothing), 0);
	if (nothing) /* a record that is discarded wakes up like any other */
		bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
	return 0;
}
