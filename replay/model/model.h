/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model.h - processes and vfork episodes rebuilt from events.
 *
 * Owns: live processes, open episodes, what was lost when. Never does: I/O, text, ordering of rows.
 * Called by: trace.c, which feeds it, and the commands, which take finished episodes and processes
 * out through callbacks. Memory grows with live processes and open episodes, not with events.
 */
#ifndef REP_MODEL_H
#define REP_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <vft/event.h>
#include <vft/meta.h>
#include <vft/reader.h>
#include "format/block/columns.h"
#include "format/block/meta.h"

/* A reference-counted copy of bytes a process chose. NULL = unknown. */
struct rep_str;
struct rep_str *rep_str_new(const struct vft_str *bytes); /* NULL on -ENOMEM or NULL input */
struct rep_str *rep_str_acquire(struct rep_str *str);     /* NULL is fine */
void rep_str_release(struct rep_str *str);
struct vft_str rep_str_get(const struct rep_str *str); /* {NULL, 0} for NULL */
uint64_t rep_str_hash(const struct rep_str *str);      /* of its bytes; 0 for NULL */
bool rep_str_equal(const struct rep_str *a, const struct rep_str *b);

/* A process for ever: boot_id is the section's. start_ns 0 = unknown. */
struct rep_key {
	uint32_t tgid;
	uint64_t start_ns;
};

enum rep_spawn {
	REP_SPAWN_UNKNOWN = 0, /* its creation was not recorded */
	REP_SPAWN_VFORK,       /* CLONE_VFORK, by whatever call */
	REP_SPAWN_FORK,
	REP_SPAWN_CLONE,
	REP_SPAWN_EXISTING, /* ran when recording began */
};

struct rep_process {
	struct rep_key key;
	uint32_t ns_tgid, uid, pidns;
	uint64_t cgroup;
	struct rep_str *comm, *exe, *argv;
	struct rep_key parent; /* the original one */
	uint32_t argv_size;    /* bytes before the cut */
	bool argv_cut;         /* what is stored is not all */
	bool has_task;         /* ns_tgid, uid, pidns and cgroup are known */
	enum rep_spawn spawn;
	uint64_t start_ns;   /* CLOCK_BOOTTIME: spawn event, else key.start_ns */
	uint64_t end_ns;     /* 0 = not seen to end */
	uint32_t exec_count; /* successful execs seen */
	uint64_t exec_ns;    /* the first of them; 0 = none was seen */
	/* An exec was seen, or a list says that it has exec'd, or does not know that it has not. */
	bool execed;
	bool vanished; /* it ended, and that was not seen */
	bool ended;    /* exit_code and exit_signal are known */
	uint32_t exit_code, exit_signal;
};

/* X(NAME, name): one outcome for every episode; the evidence each needs is in docs/architecture.md
 */
#define REP_OUTCOME_LIST(X)                                                                        \
	X(EXEC, exec)                                                                              \
	X(EXEC_DIED, exec_died)                                                                    \
	X(EXEC_FAILED, exec_failed)                                                                \
	X(EXIT, exit)                                                                              \
	X(KILLED, killed)                                                                          \
	X(PARENT_KILLED, parent_killed)                                                            \
	X(OPEN, open)                                                                              \
	X(UNKNOWN, unknown)

enum rep_outcome {
#define X(NAME, name) REP_OUTCOME_##NAME,
	REP_OUTCOME_LIST(X)
#undef X
		REP_N_OUTCOMES
};

/* What the end of the wait rests on. */
enum rep_source {
	REP_SOURCE_NONE,
	REP_SOURCE_RELEASE, /* the moment itself was recorded */
	REP_SOURCE_PREPARE_EXEC,
	REP_SOURCE_EXEC, /* the exec event: an upper bound */
	REP_SOURCE_EXIT, /* the exit event, of the child, or of the parent for parent_killed */
};

struct rep_loss {
	uint32_t cause, cpu;     /* enum vft_cause, 0 for missing bytes of the file; VFT_CPU_NONE */
	uint64_t count;          /* 0 = not known how many */
	uint64_t from_ns, to_ns; /* to_ns UINT64_MAX = open end */
};

/* Why an episode is not certain, or what hides its end; docs/architecture.md says when each
 * applies. */
enum rep_reason {
	REP_REASON_NONE = 0,
	REP_REASON_LOST,           /* events were lost while recording: hider */
	REP_REASON_GAP,            /* bytes of the file are missing or damaged: hider */
	REP_REASON_TRACE_ENDS,     /* nothing is known after reason_ns */
	REP_REASON_NOT_ATTACHED,   /* before reason_ns not every hook was attached */
	REP_REASON_NOT_LISTED,     /* a list of all processes, of reason_ns, shows that the wait was
				      over */
	REP_REASON_PARENT_WENT_ON, /* the parent acted at reason_ns; what let it go was not seen */
	REP_REASON_PARENT_VANISHED, /* the parent ended unseen */
	REP_REASON_PID_REUSED,      /* the child's pid was given away; its end was not seen */
	REP_REASON_PATH_UNKNOWN,    /* whether exec or exit let the parent go was not recorded */
	REP_REASON_SPAWN_UNSEEN,    /* known by its end only */
	REP_REASON_EARLY,           /* decided before all losses were told, to bound memory */
	REP_REASON_OLD_ROW,         /* known by a row that is older than events that may have
				       ended it, or than ends that are forgotten */
};

/* One CLONE_VFORK spawn: one blocked thread, one child. */
struct rep_episode {
	uint64_t start_ns; /* CLOCK_BOOTTIME of the spawn; the child's start for one from the
			      snapshot */
	struct rep_key parent, child;
	uint32_t parent_tid, parent_ns_tgid, child_ns_tgid;
	uint32_t child_tid; /* child.tgid, unless the child is a thread (CLONE_THREAD) */
	uint32_t uid, child_uid;
	uint64_t cgroup, child_cgroup; /* the parent's when it began waiting, the child's last */
	struct rep_str *parent_comm, *parent_exe, *child_comm;
	/* Where the blocked thread is not its process's leader: the leader's name, if known. */
	struct rep_str *leader_comm;
	int32_t syscall; /* number, -1 unknown */
	bool compat;     /* the number is of the 32-bit ABI */
	bool from_snapshot;
	/* The child's own row is still to come, and will say its name and its parent. */
	bool has_child_row;
	bool has_parent_task; /* uid, cgroup and parent_ns_tgid are known */
	bool has_flags;
	uint64_t clone_flags; /* 0 and !has_flags when from the snapshot */

	enum rep_outcome outcome;
	bool certain;
	enum rep_reason reason; /* why not certain, or what hides the end; text: rep_reason_text */
	struct rep_loss hider;  /* REP_REASON_LOST, _GAP: what was lost when */
	uint64_t reason_ns;     /* the moment that some reasons name */
	uint64_t end_ns;        /* when the wait ended, by source; 0 = not known */
	bool has_blocked;
	bool may_be_open;    /* unknown, and nothing says that the wait is over */
	uint64_t open_ns;    /* may_be_open: for so long, if it is */
	uint64_t blocked_ns; /* so far, when the outcome is open */
	/*
	 * What is known of the wait's length whatever the outcome is. It lasted at least
	 * blocked_min_ns: it was seen open so long after its start (0: not known to have lasted).
	 * It lasted at most blocked_max_ns: something is known to have ended it by then
	 * (UINT64_MAX: nothing is, as when it is open). Both are blocked_ns where the end itself
	 * was recorded.
	 */
	uint64_t blocked_min_ns, blocked_max_ns;
	enum rep_source source;
	struct rep_str *exec_path; /* as given to exec */
	struct rep_str *exec_exe;  /* the file that ran then; NULL in files that do not say */
	uint32_t exec_error;       /* errno of the last failed exec, 0 none */
	bool has_exit;
	uint32_t exit_code, exit_signal;
	bool exit_core;
	uint32_t sender_tgid; /* who sent exit_signal, 0 unknown */
	struct rep_str *sender_comm;
	uint32_t child_state; /* enum vft_state, last known */

	uint32_t n_inside;       /* chain: waits inside of this one, 0 = its child holds them all */
	struct rep_chain *chain; /* of one that is open or may be; NULL: of none */
};

/*
 * A vfork child may itself be the blocked parent of the next, and so on: who holds them all is the
 * child of the last. Shared by the waits of the chain.
 */
struct rep_chain {
	uint32_t n_refs;
	uint32_t n_waits;  /* at least 2 */
	uint64_t start_ns; /* of the first */
	struct rep_key holder;
	uint32_t holder_tid, holder_state;
	struct rep_str *holder_comm;
};

/* Its strings, X(member). Who keeps a copy of an episode has references of its own to them. */
#define REP_EPISODE_STRINGS(X)                                                                     \
	X(parent_comm)                                                                             \
	X(parent_exe)                                                                              \
	X(leader_comm)                                                                             \
	X(child_comm)                                                                              \
	X(exec_path)                                                                               \
	X(exec_exe)                                                                                \
	X(sender_comm)

void rep_episode_acquire(struct rep_episode *episode);
void rep_episode_release(struct rep_episode *episode);

/* Of who holds a chain: how many waits stand behind this one. */
static inline uint32_t rep_episode_n_behind(const struct rep_episode *episode)
{
	return episode->chain && !episode->n_inside ? episode->chain->n_waits - 1 : 0;
}

/* How long the parent was held, or at least, where that is all that is known; 0 not even that. */
static inline uint64_t rep_episode_held(const struct rep_episode *episode)
{
	return episode->has_blocked ? episode->blocked_ns : episode->blocked_min_ns;
}

/* As above, of a process. */
void rep_process_acquire(const struct rep_process *process);
void rep_process_release(const struct rep_process *process);

/* The file that runs since @event, an exec: older recorders tell only what was given to exec. */
static inline const struct vft_str *rep_exec_file(const struct vft_event *event)
{
	return event->exec.exe ? event->exec.exe : event->exec.path;
}

struct rep_model_ops {
	/* Each is called once per finished thing; what is pointed to is the model's and goes away
	 * after the call (acquire strings to keep them). A negative return stops the replay and is
	 * returned. */
	int (*on_episode)(void *context, const struct rep_episode *episode);
	int (*on_process)(void *context, const struct rep_process *process);
	/* Also called for live processes and open episodes at each section's end. Any may be NULL.
	 */
	bool without_argv; /* processes need none: it is the longest, and seldom twice the same */
};

struct rep_model;

VFT_MUST_CHECK int rep_model_new(const struct rep_model_ops *ops, void *context,
				 struct rep_model **ret);
void rep_model_free(struct rep_model *model); /* NULL is fine */

/* Inode of the first pid namespace of every host. */
#define REP_PIDNS_INITIAL VFT_PIDNS_INITIAL
/*
 * What lists of processes cover: only those of a pid namespace and its descendants (list_pidns;
 * before there was such a statement, the recorder's own), or the whole host. Neither where META
 * does not say: then that one is not named says nothing.
 */
bool rep_model_list_is_partial(const struct vft_meta *meta);
bool rep_model_list_is_whole(const struct vft_meta *meta);

/* A section begins (the former must have been ended). -ENOMEM. */
VFT_MUST_CHECK int rep_model_begin(struct rep_model *model, const struct vft_section *section);
VFT_MUST_CHECK int rep_model_meta(struct rep_model *model, const struct vft_meta *meta);
/* Events in file order. -ENOMEM, -E2BIG past the cap of live processes, or a callback's error. */
VFT_MUST_CHECK int rep_model_batch(struct rep_model *model, const struct vft_batch *batch);
/* The same, of a block's columns; at least these must have been wanted. */
#define REP_MODEL_COLUMNS                                                                          \
	(VFT_COLUMNS_ALL &                                                                         \
	 ~(VFT_COLUMN_BIT(CPU) | VFT_COLUMN_BIT(STACK) | VFT_COLUMN_BIT(EXIT_SIGNAL) |             \
	   VFT_COLUMN_BIT(EXE_DEV) | VFT_COLUMN_BIT(EXE_INO) | VFT_COLUMN_BIT(EXE_FS) |            \
	   VFT_COLUMN_BIT(INTERP)))
VFT_MUST_CHECK int rep_model_columns(struct rep_model *model, const struct vft_columns *columns);
/* Events of [from_ns, to_ns] may be missing, by damage of the file. -ENOMEM. */
VFT_MUST_CHECK int rep_model_gap(struct rep_model *model, const struct vft_gap *gap);
/* The section ends. @end NULL: it was not closed cleanly. Gives every open episode its outcome. */
VFT_MUST_CHECK int rep_model_end(struct rep_model *model, const struct vft_end *end);

/* Losses so far in this section, merged where they touch, by time; borrowed until the next call. */
const struct rep_loss *rep_model_losses(const struct rep_model *model, size_t *ret_n);
/* The sum of their counts; saturates. */
uint64_t rep_model_n_lost(const struct rep_model *model);
/* Nothing that happens from here on can change what became of the vforks until @time_ns. */
bool rep_model_is_settled(const struct rep_model *model, uint64_t time_ns);
/* Path of a cgroup id, borrowed; NULL when the file does not say. */
struct rep_str *rep_model_cgroup(const struct rep_model *model, uint64_t id);
/* Name a cgroup that no event of the section has named. -ENOMEM. */
VFT_MUST_CHECK int rep_model_set_cgroup(struct rep_model *model, uint64_t id, struct rep_str *path);
/*
 * When the first list began that names all who ran then, and has been read as a whole; 0: none
 * such. Who started before and is not in it had ended.
 */
uint64_t rep_model_list_ns(const struct rep_model *model);
/* Lookup of a live process (or a dead one still referred to); NULL when unknown. */
const struct rep_process *rep_model_find(const struct rep_model *model, struct rep_key key);

/*
 * Every key that a row still to come may name, for all that is known by now: of the live and of
 * those whose verdict waits, and of their parents. Not those of an ended wait with has_child_row
 * unless @with_ended, nor what an event may yet say of another one, as only lists and hostile files do. A key may come more
 * than once.
 */
void rep_model_name_held(const struct rep_model *model, bool with_ended,
			 void (*name)(void *context, struct rep_key key), void *context);

/* Cap of live processes plus open episodes; 0 = REP_MAX_LIVE. */
#define REP_MAX_LIVE 4000000u
void rep_model_set_max(struct rep_model *model, size_t max_live);

/*
 * The reason as one line in @buffer, times relative to @origin_ns; NULL for REP_REASON_NONE. Our
 * own words only: no escape needed.
 */
#define REP_REASON_SIZE 160
const char *rep_reason_text(const struct rep_episode *episode, uint64_t origin_ns,
			    char buffer[REP_REASON_SIZE]);

const char *rep_outcome_name(enum rep_outcome outcome);
const char *rep_source_name(enum rep_source source); /* NULL for none */
const char *rep_spawn_name(enum rep_spawn spawn);

#endif
