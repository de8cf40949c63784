/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * autopsy.h - what passes between the kernel part of an autopsy and the recorder.
 *
 * The recorder asks through mapped memory and reads answers from iterators, or from mapped memory:
 * after the privileges are gone nothing else is left. Like events.h these never reach a file.
 */
#ifndef VFA_AUTOPSY_H
#define VFA_AUTOPSY_H

#ifndef __bpf__
#include <linux/types.h>
#include <stddef.h>
#endif

#define VFA_MAX_KSTACK  48 /* frames */
#define VFA_MAX_FDS     7
#define VFA_MEMORY_SIZE 4096
#define VFA_PATH_MAX    4096
#define VFA_MAX_LOCKS   16 /* holders of one file's locks that are told */

/* Written by the recorder before it reads an iterator. */
struct vfa_wanted {
	__u32 tid;      /* one thread, or of files one process */
	__u32 files;    /* enum vfa_files */
	__u64 ino, dev; /* of VFA_FILES_OF_INODE */
	__u32 n_files;  /* written by the kernel part: how many @tid has open */
	__u32 n_fds;
	__u32 fds[VFA_MAX_FDS]; /* of VFA_FILES_OF_TASK */
	/* some bytes of its memory, and how that went: 0, a negative errno, or 1 before it was
	 * tried */
	__s32 memory_result;
	__u32 memory_size; /* at most VFA_MEMORY_SIZE */
	__u64 memory_address;
};

enum vfa_files {
	VFA_FILES_OF_TASK = 1,  /* those of @fds that the process @tid has; all are counted */
	VFA_FILES_OF_INODE = 2, /* whoever has that file open */
};

#define VFA_TASK_COMPAT 0x1u
#define VFA_TASK_REGS   0x2u /* syscall and args are known */
#define VFA_TASK_IOWAIT 0x4u

/* One thread, followed by n_kstack lines of text, one a frame, each ended by a newline. */
struct vfa_task {
	__u32 size; /* of this struct */
	__u32 tgid, tid;
	__u32 flags;             /* VFA_TASK_* */
	__u32 state, exit_state; /* the kernel's own bits */
	__u64 thread_start_ns;
	__u64 cpu_ns, n_switches; /* since its start */
	__u64 vfork_done;         /* 0: its vfork holds nobody */
	__s64 syscall;            /* -1: none */
	__u64 args[6];
	__u64 kstack[VFA_MAX_KSTACK];  /* kernel addresses */
	__u32 tracer_tid, tracer_tgid; /* 0: nobody traces it */
	__u32 n_kstack;
	__u32 pad;
	char comm[16];
};

/* An open file, followed by path_size bytes. */
struct vfa_file {
	__u32 size;
	__u32 tgid, tid;
	__u32 fd;
	__u64 ino, dev;
	__u32 fs_magic;
	__u32 mode; /* FMODE_* of the kernel: 1 read, 2 write */
	__u32 i_mode;
	__u32 n_locks;
	/* Who holds locks of the file, and how: only with VFA_FILES_OF_INODE. */
	struct {
		__u32 pid;
		__u32 kind; /* 1 flock, 2 POSIX */
	} locks[VFA_MAX_LOCKS];
	char comm[16];
	__u32 path_size;
	__u32 pad;
};

#define VFA_AT(type, member, at)                                                                   \
	_Static_assert(__builtin_offsetof(struct type, member) == (at), #type "." #member)

VFA_AT(vfa_wanted, ino, 8);
VFA_AT(vfa_wanted, memory_address, 72);
VFA_AT(vfa_task, thread_start_ns, 24);
VFA_AT(vfa_task, kstack, 112);
VFA_AT(vfa_file, ino, 16);

#endif
