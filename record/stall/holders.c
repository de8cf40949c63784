/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/holders.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bpf/autopsy.h"
#include "bpf/events.h"
#include "record/kernel/examiner.h"
#include "record/kernel/translate.h"
#include "record/stall/text.h"
#include "record/watch/cgroups.h"
#include "record/watch/snapshot.h"

#define PIPEFS             0x50495045u
#define KERNEL_FMODE_READ  1u
#define KERNEL_FMODE_WRITE 2u
#define MAX_SHARERS        16 /* of nested vforks */

enum { LOCK_FLOCK = 1, LOCK_POSIX = 2 }; /* of struct vfa_file */

/* What one case works on. */
struct finding {
	const struct rec_scene *scene;
	const struct vfe_task_state *task;
	const struct vfa_task *look;
	const struct rec_fds *fds;
	struct rec_wait *wait;
	struct rec_text *text;
};

/* ---- holders ---- */

static bool is_known_holder(const struct rec_wait *wait, uint32_t tgid, uint32_t tid)
{
	size_t n = wait->n_holders < REC_MAX_HOLDERS ? wait->n_holders : REC_MAX_HOLDERS;

	for (size_t i = 0; i < n; i++)
		if (wait->holders[i].tgid == tgid && wait->holders[i].tid == tid)
			return true;
	return false;
}

static void add_holder(struct rec_wait *wait, uint32_t tgid, uint32_t tid, const char comm[16])
{
	struct rec_holder *holder = &wait->holders[wait->n_holders];

	if (is_known_holder(wait, tgid, tid))
		return;
	if (wait->n_holders++ >= REC_MAX_HOLDERS)
		return;
	*holder = (struct rec_holder){.tgid = tgid, .tid = tid};
	rec_wait_copy_comm(comm, holder->comm);
}

static void add_task(struct rec_wait *wait, const struct vfe_task_state *task)
{
	add_holder(wait, task->task.tgid, task->task.tid, task->task.comm);
}

/* "a[1], b[2] and 3 more" */
static void put_holders(struct rec_text *text, const struct rec_wait *wait)
{
	size_t n = wait->n_holders < REC_MAX_HOLDERS ? wait->n_holders : REC_MAX_HOLDERS;

	for (size_t i = 0; i < n; i++) {
		const struct rec_holder *holder = &wait->holders[i];

		rec_text_add(text, "%s%s[%u]", i ? ", " : "", holder->comm, holder->tgid);
		if (holder->tid && holder->tid != holder->tgid)
			rec_text_add(text, " thread %u", holder->tid);
	}
	if (wait->n_holders > n)
		rec_text_add(text, " and %zu more", wait->n_holders - n);
}

static const struct rec_fd *first_fd(const struct rec_fds *fds)
{
	return fds->n && fds->fds[0].fd != REC_FD_NONE ? &fds->fds[0] : NULL;
}

static void take_file(struct rec_wait *wait, const struct rec_fd *fd)
{
	snprintf(wait->file, sizeof(wait->file), "%s", fd->path);
	wait->fs = rec_fs_name(fd->fs_magic);
}

/* The first path among the arguments, in quotation marks as it is there; "" if there is none. */
static void take_path(struct rec_wait *wait)
{
	for (size_t i = 0; i < wait->n_args; i++) {
		if (wait->signature[i] != 'p' || wait->args[i][0] != '"')
			continue;
		snprintf(wait->file, sizeof(wait->file), "%s", wait->args[i] + 1);
		if (wait->file[0]) {
			char *end = strrchr(wait->file, '"');

			if (end)
				*end = '\0';
		}
		return;
	}
}

/* ---- pipes ---- */

struct pipe_search {
	struct rec_wait *wait;
	uint32_t wanted; /* FMODE of the other end */
};

static int take_end(void *context, const struct vfa_file *file, const char *path)
{
	struct pipe_search *search = context;

	(void)path;
	if (!(file->mode & search->wanted))
		return 0;
	if (file->tgid == search->wait->tgid)
		search->wait->holds_itself = true;
	else
		add_holder(search->wait, file->tgid, 0, file->comm);
	return 0;
}

static bool is_writing(const struct rec_wait *wait)
{
	return wait->syscall && strstr(wait->syscall, "write");
}

static void find_pipe(struct finding *f)
{
	const struct rec_fd *fd = first_fd(f->fds);
	struct rec_wait *wait = f->wait;
	bool writes = is_writing(wait);
	struct pipe_search search = {.wait = wait,
				     .wanted = writes ? KERNEL_FMODE_READ : KERNEL_FMODE_WRITE};
	int r;

	if (!fd) {
		rec_text_add(f->text, "waits at a pipe");
		return;
	}
	take_file(wait, fd);
	if (fd->fs_magic != PIPEFS && S_ISFIFO(fd->i_mode))
		wait->cause = REC_CAUSE_FIFO;
	wait->needs_somebody = true;
	r = rec_examiner_list_holders(f->scene->examiner, fd->ino, fd->dev, take_end, &search);
	rec_text_add(f->text, "waits for %s %s (fd %u); ",
		     writes ? "somebody to read from" : "data in", wait->file, fd->fd);
	if (r) {
		wait->needs_somebody = false;
		rec_text_add(f->text, "who has its other end is not known");
		return;
	}
	if (!wait->n_holders) {
		rec_text_add(f->text, "%s",
			     wait->holds_itself ? "no other process has its other end open"
						: "no process has its other end open");
		return;
	}
	rec_text_add(f->text, "its other end is open in ");
	put_holders(f->text, wait);
	if (wait->holds_itself)
		rec_text_add(f->text, " and in itself");
}

/* That it waits at all proves that nobody has the other end. */
static void find_fifo_open(struct finding *f)
{
	struct rec_wait *wait = f->wait;
	size_t at = wait->syscall && strcmp(wait->syscall, "openat") == 0 ? 2 : 1;
	bool writes = (f->look->args[at] & O_ACCMODE) == O_WRONLY;

	take_path(wait);
	wait->fs = NULL;
	wait->needs_somebody = true;
	rec_text_add(f->text, "waits for somebody to open the FIFO %s for %s; no process has",
		     wait->file[0] ? wait->file : "(path not known)",
		     writes ? "reading" : "writing");
}

/* ---- locks of files ---- */

struct lock_search {
	struct rec_wait *wait;
	const struct rec_scene *scene;
	uint32_t kind;
	bool is_ofd; /* some lock belongs to no process */
	bool is_listed;
	bool has_others; /* who may have inherited what is locked */
};

static void add_lock(struct lock_search *search, uint32_t pid)
{
	const struct vfe_task_state *task = rec_scene_find(search->scene, pid);
	struct rec_wait *wait = search->wait;

	if ((int32_t)pid < 0) {
		search->is_ofd = true;
	} else if (task) {
		add_holder(wait, task->task.tgid, 0, task->task.comm);
	} else if (wait->n_holders < REC_MAX_HOLDERS) {
		wait->holders[wait->n_holders++] =
			(struct rec_holder){.tgid = pid, .is_gone = true};
	}
}

/* Each row has all the locks of the file: those of the first are enough. */
static int take_locks(void *context, const struct vfa_file *file, const char *path)
{
	struct lock_search *search = context;

	(void)path;
	for (uint32_t i = 0; !search->is_listed && i < file->n_locks && i < VFA_MAX_LOCKS; i++)
		if (file->locks[i].kind == search->kind)
			add_lock(search, file->locks[i].pid);
	search->is_listed = true;
	if (file->tgid != search->wait->tgid && !is_known_holder(search->wait, file->tgid, 0))
		search->has_others = true;
	return 0;
}

static void find_lock(struct finding *f)
{
	const struct rec_fd *fd = first_fd(f->fds);
	struct rec_wait *wait = f->wait;
	bool is_flock = wait->syscall && strcmp(wait->syscall, "flock") == 0;
	struct lock_search search = {
		.wait = wait, .scene = f->scene, .kind = is_flock ? LOCK_FLOCK : LOCK_POSIX};

	if (!fd) {
		take_path(wait);
		rec_text_add(f->text, "waits for a lock or lease of the file %s", wait->file);
		return;
	}
	take_file(wait, fd);
	wait->needs_somebody = true;
	rec_text_add(f->text, "waits for %s of %s (fd %u)", is_flock ? "the flock" : "a POSIX lock",
		     wait->file, fd->fd);
	if (rec_examiner_list_holders(f->scene->examiner, fd->ino, fd->dev, take_locks, &search) <
	    0)
		search.is_listed = false;
	/* A flock is of the open file: whoever shares that can let it go. */
	wait->is_guess = is_flock && search.has_others;
	if (search.is_ofd || !search.is_listed)
		wait->needs_somebody = false;
	if (wait->n_holders == 1 && wait->holders[0].is_gone) {
		rec_text_add(f->text,
			     ", taken by process %u, which is gone; whoever inherited its "
			     "descriptor keeps it",
			     wait->holders[0].tgid);
	} else if (wait->n_holders) {
		rec_text_add(f->text, ", held by ");
		put_holders(f->text, wait);
	} else if (search.is_ofd) {
		rec_text_add(f->text, ", held through an open file description");
	}
}

/* ---- futexes ---- */

/* The thread that vfork child @tid holds, in whose memory it runs; NULL if it holds none. */
static const struct vfe_task_state *find_waiter(const struct rec_snapshot *snapshot, uint32_t tid)
{
	for (size_t i = 0; i < rec_snapshot_count(snapshot); i++) {
		const struct vfe_task_state *waiter = rec_snapshot_get_waiter(snapshot, i);

		if (waiter && rec_snapshot_get(snapshot, i)->task.tid == tid)
			return waiter;
	}
	return NULL;
}

/* A thread of process @tgid, or of any in the pid namespace @pidns if that is 0, by the id that it
 * knows itself by. */
static const struct vfe_task_state *find_by_ns_tid(const struct rec_snapshot *snapshot,
						   uint32_t ns_tid, uint32_t tgid, uint32_t pidns)
{
	for (size_t i = 0; i < rec_snapshot_count(snapshot); i++) {
		const struct vfe_task_state *task = rec_snapshot_get(snapshot, i);

		if (task->task.ns_tid == ns_tid && !task->exit_state &&
		    (tgid ? task->task.tgid == tgid : task->task.pidns == pidns))
			return task;
	}
	return NULL;
}

/*
 * First among those who share the memory by vfork, then anywhere: a mutex may be shared, and memory
 * by clone().
 */
static const struct vfe_task_state *find_owner(const struct finding *f, uint32_t ns_tid)
{
	const struct rec_snapshot *snapshot = f->scene->snapshot;
	const struct vfe_task_state *sharer = f->task, *found = NULL;

	for (size_t depth = 0; !found && sharer && depth < MAX_SHARERS; depth++) {
		found = find_by_ns_tid(snapshot, ns_tid, sharer->task.tgid, 0);
		sharer = find_waiter(snapshot, sharer->task.tid);
	}
	sharer = f->task;
	for (size_t depth = 0; !found && sharer && depth < MAX_SHARERS; depth++) {
		found = find_by_ns_tid(snapshot, ns_tid, 0, sharer->task.pidns);
		sharer = find_waiter(snapshot, sharer->task.tid);
	}
	return found;
}

/*
 * Whom the words beside a futex name as the owner of a mutex, as glibc lays it out: the lock, a
 * count, the owner. With priority inheritance, or if it is robust, the lock itself holds the owner.
 * 0 if it does not look like one.
 */
static uint32_t guess_owner(const struct finding *f)
{
	uint32_t op = (uint32_t)f->look->args[1] & FUTEX_CMD_MASK;
	uint32_t expected = (uint32_t)f->look->args[2], words[5] = {0}, owner = 0;
	bool is_pi = op == FUTEX_LOCK_PI || op == 13; /* FUTEX_LOCK_PI2 */
	size_t size = is_pi ? sizeof(words[0]) : sizeof(words);
	int r = rec_examiner_peek(f->scene->examiner, f->wait->tid, f->look->args[0], words, size);

	if (r == -EOPNOTSUPP)
		f->wait->no_memory = "this kernel shows no memory of another process; Linux 5.18 "
				     "does";
	if (r)
		return 0;
	if (is_pi || (expected & FUTEX_WAITERS))
		owner = words[0] & FUTEX_TID_MASK;
	else if (expected == 2 && words[0] == 2)
		owner = words[2];
	explicit_bzero(words, sizeof(words));
	return owner <= 4194304u ? owner : 0;
}

static void find_futex(struct finding *f)
{
	struct rec_wait *wait = f->wait;
	uint64_t address = f->look->args[0];
	const struct vfe_task_state *owner;
	uint32_t ns_tid;

	if (!wait->syscall || strncmp(wait->syscall, "futex", 5) != 0) {
		rec_text_add(f->text, "waits for a futex");
		return;
	}
	ns_tid = guess_owner(f);
	if (!ns_tid) {
		rec_text_add(f->text,
			     "waits for a futex at 0x%" PRIx64 "; nothing beside it tells whose "
			     "turn it is",
			     address);
		return;
	}
	owner = find_owner(f, ns_tid);
	wait->is_guess = true;
	wait->needs_somebody = true;
	rec_text_add(f->text, "waits for the mutex at 0x%" PRIx64 ", which by its memory ",
		     address);
	if (!owner && f->scene->is_partial) {
		wait->needs_somebody = false;
		rec_text_add(f->text, "thread %u has locked, which is not listed here", ns_tid);
		return;
	}
	if (!owner) {
		wait->holders[0] = (struct rec_holder){.tid = ns_tid, .is_gone = true};
		wait->n_holders = 1;
		rec_text_add(f->text, "thread %u has locked, which does not exist any more",
			     ns_tid);
		return;
	}
	if (owner->task.tid == wait->tid) {
		wait->holds_itself = true;
		rec_text_add(f->text, "it has locked itself");
		return;
	}
	add_task(wait, owner);
	rec_text_add(f->text, "%s[%u] thread %u has locked", wait->holders[0].comm,
		     owner->task.tgid, owner->task.tid);
}

/* ---- children ---- */

static int32_t waited_for(const struct rec_wait *wait, const struct vfa_task *look)
{
	if (!wait->syscall)
		return -1;
	if (strcmp(wait->syscall, "wait4") == 0 || strcmp(wait->syscall, "waitpid") == 0)
		return (int32_t)look->args[0];
	if (strcmp(wait->syscall, "waitid") == 0 && look->args[0] == P_PID)
		return (int32_t)look->args[1];
	return -1;
}

static void find_child(struct finding *f)
{
	const struct rec_snapshot *snapshot = f->scene->snapshot;
	struct rec_wait *wait = f->wait;
	int32_t pid = waited_for(wait, f->look);

	wait->needs_somebody = true;
	for (size_t i = 0; i < rec_snapshot_count(snapshot); i++) {
		const struct vfe_task_state *task = rec_snapshot_get(snapshot, i);

		if (task->parent_tgid != wait->tgid || task->task.tgid == wait->tgid ||
		    task->task.tid != task->task.tgid || !task->alive)
			continue;
		if (pid > 0 && task->task.pidns == f->task->task.pidns &&
		    task->task.ns_tgid != (uint32_t)pid)
			continue;
		add_holder(wait, task->task.tgid, 0, task->task.comm);
	}
	if (pid > 0)
		rec_text_add(f->text, "waits for the end of its child %d", pid);
	else
		rec_text_add(f->text, "waits for the end of %s child",
			     wait->n_holders > 1 ? "any" : "its");
	if (wait->n_holders) {
		rec_text_add(f->text, pid > 0 ? ", " : ": ");
		put_holders(f->text, wait);
	} else {
		rec_text_add(f->text, ", which is not there any more");
	}
}

/* Whether a vfork of its own holds it. */
static bool find_vfork(struct finding *f)
{
	const struct rec_snapshot *snapshot = f->scene->snapshot;

	for (size_t i = 0; i < rec_snapshot_count(snapshot); i++) {
		const struct vfe_task_state *waiter = rec_snapshot_get_waiter(snapshot, i);

		if (!waiter || waiter->task.tid != f->wait->tid)
			continue;
		f->wait->cause = REC_CAUSE_CHILD;
		f->wait->needs_somebody = true;
		add_task(f->wait, rec_snapshot_get(snapshot, i));
		rec_text_add(f->text, "waits in vfork for ");
		put_holders(f->text, f->wait);
		return true;
	}
	return false;
}

/* ---- who stopped it ---- */

static void find_tracer(struct finding *f)
{
	const struct vfe_task_state *tracer = rec_scene_find(f->scene, f->wait->tracer_tid);

	rec_text_add(f->text, "is stopped by its tracer");
	if (!tracer)
		return;
	f->wait->needs_somebody = true;
	add_task(f->wait, tracer);
	rec_text_add(f->text, " ");
	put_holders(f->text, f->wait);
}

static void find_freezer(struct finding *f)
{
	const struct vfe_task_state *task = f->task;
	struct vft_str path = rec_cgroups_find_path(
		f->scene->cgroups, task->frozen_cgroup ? task->frozen_cgroup : task->task.cgroup,
		0);

	rec_text_add(f->text, "is frozen with its cgroup ");
	if (path.size)
		rec_text_escape(f->text, path.data, path.size);
	else
		rec_text_add(f->text, "(name not known)");
}

/* ---- what needs nobody in particular ---- */

static const char *frame_name(const struct rec_wait *wait, char name[REC_FRAME_TEXT])
{
	size_t n;

	if (wait->frame >= wait->n_frames)
		return "the kernel";
	n = strcspn(wait->frames[wait->frame], "+");
	snprintf(name, REC_FRAME_TEXT, "%.*s", (int)n, wait->frames[wait->frame]);
	return name;
}

static void put_file(struct finding *f)
{
	const struct rec_fd *fd = first_fd(f->fds);
	struct rec_wait *wait = f->wait;

	if (fd)
		take_file(wait, fd);
	/* A path says more than the directory it is looked up from. */
	take_path(wait);
	if (!wait->file[0])
		return;
	rec_text_add(f->text, " for %s", wait->file);
	if (fd && wait->fs)
		rec_text_add(f->text, " (%s)", wait->fs);
}

static void describe_sleep(struct finding *f)
{
	const char *at = f->wait->signature ? strchr(f->wait->signature, 's') : NULL;

	if (at)
		rec_text_add(f->text, "sleeps for %s in %s", f->wait->args[at - f->wait->signature],
			     f->wait->syscall);
	else
		rec_text_add(f->text, "sleeps");
}

/* The words around the kernel's function or the system call. */
static const struct {
	const char *before, *after;
	enum { NOTHING, FRAME, CALL } what;
} phrases[REC_N_WAIT_CAUSES] = {
	[REC_CAUSE_UNKNOWN] = {"waits in ", "", FRAME},
	[REC_CAUSE_CPU] = {"runs and waits for nothing", "", NOTHING},
	[REC_CAUSE_SIGNAL] = {"waits for a signal in ", "", CALL},
	[REC_CAUSE_SOCKET] = {"waits at a socket in ", "", FRAME},
	[REC_CAUSE_TERMINAL] = {"waits at a terminal in ", "", FRAME},
	[REC_CAUSE_POLL] = {"waits for descriptors in ", "", CALL},
	[REC_CAUSE_KERNEL_LOCK] = {"waits for a lock of the kernel in ", "", FRAME},
	[REC_CAUSE_FILE] = {"waits in ", "", FRAME},
	[REC_CAUSE_FUSE] = {"waits in ", " for the server of a FUSE filesystem", FRAME},
	[REC_CAUSE_FANOTIFY] = {"waits in ", " for a fanotify listener", FRAME},
	[REC_CAUSE_NETWORK_FS] = {"waits in ", "", FRAME},
	[REC_CAUSE_PAGE_FAULT] = {"waits in ", " for a page of its memory", FRAME},
	[REC_CAUSE_MEMORY_RECLAIM] = {"waits in ", " until memory is reclaimed", FRAME},
	[REC_CAUSE_SECCOMP] = {"waits for the supervisor of its seccomp filter to answer ", "",
			       CALL},
	[REC_CAUSE_CORE_DUMP] = {"waits in ", " while a core dump is written", FRAME},
	[REC_CAUSE_STOPPED] = {"is stopped by a signal; SIGCONT would let it go on", "", NOTHING},
	[REC_CAUSE_GONE] = {"is ending", "", NOTHING},
};

static void describe(struct finding *f)
{
	char name[REC_FRAME_TEXT];
	size_t i = f->wait->cause;
	const char *what = "";

	if (phrases[i].what == FRAME)
		what = frame_name(f->wait, name);
	else if (phrases[i].what == CALL)
		what = f->wait->syscall ? f->wait->syscall : "a system call";
	rec_text_add(f->text, "%s%s%s", phrases[i].before, what, phrases[i].after);
}

static void describe_at_file(struct finding *f)
{
	describe(f);
	put_file(f);
}

static void (*const finders[REC_N_WAIT_CAUSES])(struct finding *f) = {
	[REC_CAUSE_UNKNOWN] = describe_at_file,
	[REC_CAUSE_CPU] = describe,
	[REC_CAUSE_SLEEP] = describe_sleep,
	[REC_CAUSE_SIGNAL] = describe,
	[REC_CAUSE_FIFO] = find_fifo_open,
	[REC_CAUSE_PIPE] = find_pipe,
	[REC_CAUSE_SOCKET] = describe_at_file,
	[REC_CAUSE_TERMINAL] = describe_at_file,
	[REC_CAUSE_POLL] = describe,
	[REC_CAUSE_FUTEX] = find_futex,
	[REC_CAUSE_LOCK] = find_lock,
	[REC_CAUSE_KERNEL_LOCK] = describe_at_file,
	[REC_CAUSE_CHILD] = find_child,
	[REC_CAUSE_FILE] = describe_at_file,
	[REC_CAUSE_FUSE] = describe_at_file,
	[REC_CAUSE_FANOTIFY] = describe_at_file,
	[REC_CAUSE_NETWORK_FS] = describe_at_file,
	[REC_CAUSE_PAGE_FAULT] = describe,
	[REC_CAUSE_MEMORY_RECLAIM] = describe,
	[REC_CAUSE_SECCOMP] = describe,
	[REC_CAUSE_CORE_DUMP] = describe,
	[REC_CAUSE_FROZEN] = find_freezer,
	[REC_CAUSE_STOPPED] = describe,
	[REC_CAUSE_PTRACE] = find_tracer,
	[REC_CAUSE_GONE] = describe,
};

/* Whatever else it does, it cannot go on. */
static bool is_held_by_state(enum rec_cause cause)
{
	return cause == REC_CAUSE_PTRACE || cause == REC_CAUSE_FROZEN ||
	       cause == REC_CAUSE_STOPPED || cause == REC_CAUSE_GONE || cause == REC_CAUSE_CPU;
}

void rec_holders_find(const struct rec_scene *scene, const struct vfe_task_state *task,
		      const struct vfa_task *look, const struct rec_fds *fds, struct rec_wait *wait)
{
	struct rec_text text = REC_TEXT(wait->text);
	struct finding f = {.scene = scene,
			    .task = task,
			    .look = look,
			    .fds = fds,
			    .wait = wait,
			    .text = &text};

	if (is_held_by_state(wait->cause) || !find_vfork(&f))
		finders[wait->cause](&f);
}
