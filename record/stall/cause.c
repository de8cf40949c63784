/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/cause.h"

#include <stdbool.h>
#include <string.h>

#include <vft/event.h>

/* Functions of the kernel; a trailing * stands for any end of the name. */
static const struct {
	const char *function;
	enum rec_cause cause;
} functions[] = {
	{"wait_for_partner", REC_CAUSE_FIFO},
	{"fifo_open", REC_CAUSE_FIFO},
	{"pipe_read", REC_CAUSE_PIPE},
	{"pipe_write", REC_CAUSE_PIPE},
	{"anon_pipe_*", REC_CAUSE_PIPE},
	{"fifo_pipe_*", REC_CAUSE_PIPE},
	{"pipe_wait*", REC_CAUSE_PIPE},
	{"wait_for_space", REC_CAUSE_PIPE},
	{"splice_from_pipe*", REC_CAUSE_PIPE},
	{"futex_*", REC_CAUSE_FUTEX},
	{"__futex_*", REC_CAUSE_FUTEX},
	{"do_futex", REC_CAUSE_FUTEX},
	{"locks_lock_inode_wait", REC_CAUSE_LOCK},
	{"flock_lock*", REC_CAUSE_LOCK},
	{"posix_lock*", REC_CAUSE_LOCK},
	{"do_lock_file_wait", REC_CAUSE_LOCK},
	{"fcntl_setlk*", REC_CAUSE_LOCK},
	{"__break_lease", REC_CAUSE_LOCK},
	{"do_nanosleep", REC_CAUSE_SLEEP},
	{"hrtimer_nanosleep", REC_CAUSE_SLEEP},
	{"__do_sys_pause", REC_CAUSE_SIGNAL},
	{"sigsuspend", REC_CAUSE_SIGNAL},
	{"do_sigtimedwait*", REC_CAUSE_SIGNAL},
	{"wait_for_vfork_done", REC_CAUSE_CHILD},
	{"do_wait", REC_CAUSE_CHILD},
	{"kernel_wait4", REC_CAUSE_CHILD},
	{"do_select", REC_CAUSE_POLL},
	{"do_sys_poll", REC_CAUSE_POLL},
	{"do_poll*", REC_CAUSE_POLL},
	{"ep_poll", REC_CAUSE_POLL},
	{"do_epoll_wait", REC_CAUSE_POLL},
	{"io_cqring_wait", REC_CAUSE_POLL},
	{"seccomp_do_user_notification*", REC_CAUSE_SECCOMP},
	{"fanotify_*", REC_CAUSE_FANOTIFY},
	{"fuse_*", REC_CAUSE_FUSE},
	{"request_wait_answer", REC_CAUSE_FUSE},
	{"nfs*", REC_CAUSE_NETWORK_FS},
	{"rpc_*", REC_CAUSE_NETWORK_FS},
	{"__rpc_*", REC_CAUSE_NETWORK_FS},
	{"cifs_*", REC_CAUSE_NETWORK_FS},
	{"smb2_*", REC_CAUSE_NETWORK_FS},
	{"ceph_*", REC_CAUSE_NETWORK_FS},
	{"afs_*", REC_CAUSE_NETWORK_FS},
	{"p9_*", REC_CAUSE_NETWORK_FS},
	{"v9fs_*", REC_CAUSE_NETWORK_FS},
	{"netfs_*", REC_CAUSE_NETWORK_FS},
	{"handle_userfault", REC_CAUSE_PAGE_FAULT},
	{"filemap_fault", REC_CAUSE_PAGE_FAULT},
	{"do_swap_page", REC_CAUSE_PAGE_FAULT},
	{"migration_entry_wait*", REC_CAUSE_PAGE_FAULT},
	{"try_to_free_*", REC_CAUSE_MEMORY_RECLAIM},
	{"shrink_*", REC_CAUSE_MEMORY_RECLAIM},
	{"mem_cgroup_handle_over_high", REC_CAUSE_MEMORY_RECLAIM},
	{"mem_cgroup_oom*", REC_CAUSE_MEMORY_RECLAIM},
	{"balance_dirty_pages*", REC_CAUSE_MEMORY_RECLAIM},
	{"coredump_wait", REC_CAUSE_CORE_DUMP},
	{"dump_emit*", REC_CAUSE_CORE_DUMP},
	{"do_coredump", REC_CAUSE_CORE_DUMP},
	{"vfs_coredump", REC_CAUSE_CORE_DUMP},
	{"unix_*", REC_CAUSE_SOCKET},
	{"tcp_*", REC_CAUSE_SOCKET},
	{"inet_*", REC_CAUSE_SOCKET},
	{"sk_wait_data", REC_CAUSE_SOCKET},
	{"sk_stream_wait*", REC_CAUSE_SOCKET},
	{"__skb_wait_for_more_packets", REC_CAUSE_SOCKET},
	{"netlink_*", REC_CAUSE_SOCKET},
	{"vsock_*", REC_CAUSE_SOCKET},
	{"n_tty_*", REC_CAUSE_TERMINAL},
	{"tty_*", REC_CAUSE_TERMINAL},
	{"filemap_read", REC_CAUSE_FILE},
	{"io_schedule*", REC_CAUSE_FILE},
	{"ext4_*", REC_CAUSE_FILE},
	{"jbd2_*", REC_CAUSE_FILE},
	{"xfs_*", REC_CAUSE_FILE},
	{"btrfs_*", REC_CAUSE_FILE},
	{"ovl_*", REC_CAUSE_FILE},
	{"rwsem_down_*", REC_CAUSE_KERNEL_LOCK},
	{"__mutex_lock*", REC_CAUSE_KERNEL_LOCK},
	{"mutex_lock*", REC_CAUSE_KERNEL_LOCK},
	{"__down_*", REC_CAUSE_KERNEL_LOCK},
	{"percpu_rwsem_wait", REC_CAUSE_KERNEL_LOCK},
	{"cgroup_lock*", REC_CAUSE_KERNEL_LOCK},
};

/* Where the stack says nothing. */
static const struct {
	const char *syscall;
	enum rec_cause cause;
} calls[] = {
	{"nanosleep", REC_CAUSE_SLEEP},
	{"clock_nanosleep", REC_CAUSE_SLEEP},
	{"clock_nanosleep_time64", REC_CAUSE_SLEEP},
	{"pause", REC_CAUSE_SIGNAL},
	{"rt_sigsuspend", REC_CAUSE_SIGNAL},
	{"rt_sigtimedwait", REC_CAUSE_SIGNAL},
	{"wait4", REC_CAUSE_CHILD},
	{"waitpid", REC_CAUSE_CHILD},
	{"waitid", REC_CAUSE_CHILD},
	{"vfork", REC_CAUSE_CHILD},
	{"poll", REC_CAUSE_POLL},
	{"ppoll", REC_CAUSE_POLL},
	{"select", REC_CAUSE_POLL},
	{"pselect6", REC_CAUSE_POLL},
	{"epoll_wait", REC_CAUSE_POLL},
	{"epoll_pwait", REC_CAUSE_POLL},
	{"futex", REC_CAUSE_FUTEX},
	{"futex_time64", REC_CAUSE_FUTEX},
	{"futex_wait", REC_CAUSE_FUTEX},
	{"flock", REC_CAUSE_LOCK},
};

static const char *const words[REC_N_WAIT_CAUSES] = {
#define X(NAME, word) [REC_CAUSE_##NAME] = (word),
	REC_CAUSE_LIST(X)
#undef X
};

const char *rec_cause_word(enum rec_cause cause)
{
	return words[cause];
}

static bool is_function(const char *frame, const char *pattern)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] == '*')
		return strncmp(frame, pattern, n - 1) == 0;
	/* gcc names parts of a function with a dot. */
	return strncmp(frame, pattern, n) == 0 &&
	       (frame[n] == '+' || frame[n] == '.' || frame[n] == '\0');
}

static enum rec_cause by_frames(const struct rec_signs *signs, size_t *ret_frame)
{
	for (size_t i = 0; i < signs->n_frames; i++) {
		for (size_t j = 0; j < sizeof(functions) / sizeof(functions[0]); j++) {
			if (!is_function(signs->frames[i], functions[j].function))
				continue;
			*ret_frame = i;
			return functions[j].cause;
		}
	}
	return REC_CAUSE_UNKNOWN;
}

static enum rec_cause by_syscall(const char *name)
{
	for (size_t i = 0; name && i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].syscall, name) == 0)
			return calls[i].cause;
	return REC_CAUSE_UNKNOWN;
}

enum rec_cause rec_cause_find(const struct rec_signs *signs, size_t *ret_frame)
{
	enum rec_cause cause;

	*ret_frame = signs->n_frames;
	switch (signs->state) {
	case VFT_STATE_DEAD:
		return REC_CAUSE_GONE;
	case VFT_STATE_TRACED:
		return REC_CAUSE_PTRACE;
	case VFT_STATE_STOPPED:
		return REC_CAUSE_STOPPED;
	case VFT_STATE_FROZEN:
		return REC_CAUSE_FROZEN;
	case VFT_STATE_RUNNING:
		return REC_CAUSE_CPU;
	default:
		break;
	}
	cause = by_frames(signs, ret_frame);
	return cause == REC_CAUSE_UNKNOWN ? by_syscall(signs->syscall) : cause;
}
