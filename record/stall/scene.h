/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scene.h - what is looked at, and what is concluded of one thread.
 *
 * Owns: conclusions, as text and numbers. No byte of a thread's memory is in it but the paths that
 * it handed to the kernel. Never does: stop or trace a thread, open a file of /proc. Called by:
 * chain.c, autopsy.c.
 */
#ifndef REC_SCENE_H
#define REC_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vft/err.h>

#include "record/stall/cause.h"

#define REC_COMM_TEXT   64 /* each byte of a name can become four */
#define REC_ARG_TEXT    288
#define REC_FRAME_TEXT  96
#define REC_CAUSE_TEXT  640
#define REC_FILE_TEXT   512
#define REC_MAX_FRAMES  48
#define REC_MAX_ARGS    6
#define REC_MAX_HOLDERS 8

struct vfe_task_state;
struct rec_cgroups;
struct rec_examiner;
struct rec_snapshot;

/* What is looked at, and with what. */
struct rec_scene {
	struct rec_examiner *examiner;
	const struct rec_snapshot *snapshot;
	struct rec_cgroups *cgroups;
	bool is_partial; /* the list is that of a pid namespace: there may be more processes */
};

/* Who could end a wait. */
struct rec_holder {
	uint32_t tgid, tid; /* tid 0: any thread of the process */
	char comm[REC_COMM_TEXT];
	bool is_gone; /* it does not exist any more: only tid, of its own pid namespace, is known */
};

struct rec_wait {
	uint32_t tgid, tid;
	uint64_t start_ns; /* of the thread */
	char comm[REC_COMM_TEXT];
	uint32_t state; /* enum vft_state */
	bool is_in_iowait;
	bool is_pending;        /* it is a vfork child that has not let its parent go */
	int64_t syscall_number; /* -1: in none */
	const char *syscall;    /* NULL: in none, or one without a name */
	const char *signature;  /* NULL: its arguments are not known */
	size_t n_args;
	char args[REC_MAX_ARGS][REC_ARG_TEXT];
	size_t n_frames;
	char frames[REC_MAX_FRAMES][REC_FRAME_TEXT]; /* of the kernel: "do_wait+0x12" */
	size_t frame; /* the one that tells the cause; n_frames if none does */
	enum rec_cause cause;
	char text[REC_CAUSE_TEXT]; /* what it waits for, in words that follow "it" */
	char file[REC_FILE_TEXT];  /* what it waits at; "" if it is no file */
	const char *fs;            /* that file's filesystem, or NULL */
	size_t n_open;             /* descriptors of its process */
	uint32_t tracer_tgid, tracer_tid;
	/* who could end it; n_holders is how many there are, the first of them are told */
	struct rec_holder holders[REC_MAX_HOLDERS];
	size_t n_holders;
	bool is_guess;               /* the holder is concluded from memory */
	bool needs_somebody;         /* without a holder it never ends by itself */
	bool holds_itself;           /* it is one of those who could */
	uint64_t cpu_ns, n_switches; /* since the thread's start */
	const char *no_memory;       /* why no path or mutex could be read, or NULL */
};

/* By the tid of the host; NULL if the list has none. */
const struct vfe_task_state *rec_scene_find(const struct rec_scene *scene, uint32_t tid);

/* Its name, escaped. */
void rec_wait_copy_comm(const char comm[16], char to[REC_COMM_TEXT]);

#endif
