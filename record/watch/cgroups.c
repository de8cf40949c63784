/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/watch/cgroups.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record/base/clock.h"

#define FIRST_SLOTS  1024u /* a power of two */
/* More than any machine has at once; only where ends were lost are there so many. Then begin anew.
 */
#define MAX_NAMES    (1u << 20)
#define MIN_GONE     256u /* that many are kept without a thought */
#define RESCAN_NS    60000000000u
#define CONTAINER_ID 64 /* hexadecimal digits */
#define ROOT_OF_V2   1u

struct name {
	uint64_t id; /* 0 = free slot */
	char *path;  /* NULL: an event referred to it, and nobody knows it */
	uint32_t size;
	uint32_t told; /* in which round the file was last told */
	bool is_cut, is_container, is_gone;
};

struct rec_cgroups {
	struct name *slots;
	size_t n_slots, n, n_gone, n_missing;
	/* A name is told if that was not done in this round. Lists are rounds of their own. */
	uint32_t round, rounds;
	uint64_t last_id; /* told already: most events come from few cgroups */
	uint64_t last_v2, last_v1, last_choice; /* likewise */
	struct rec_cgroup_mount mounts[REC_N_HIERARCHIES];
	size_t n_mounts;
	uint64_t scan_ns;
};

/* ---- the table ---- */

static struct name *slot_in(struct name *slots, size_t n_slots, uint64_t id)
{
	size_t i = (size_t)((id * 0x9e3779b97f4a7c15u) >> 32) & (n_slots - 1);

	while (slots[i].id && slots[i].id != id)
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

static struct name *slot_of(const struct rec_cgroups *cgroups, uint64_t id)
{
	return slot_in(cgroups->slots, cgroups->n_slots, id);
}

/* With a path; NULL otherwise. */
static const struct name *find(const struct rec_cgroups *cgroups, uint64_t id)
{
	const struct name *name = slot_of(cgroups, id);

	return name->id && name->path ? name : NULL;
}

static void forget_last(struct rec_cgroups *cgroups)
{
	cgroups->last_id = 0;
	cgroups->last_v2 = cgroups->last_v1 = 0;
}

enum drop { DROP_NOTHING, DROP_GONE, DROP_MISSING };

static bool is_dropped(const struct name *name, enum drop drop)
{
	return (drop == DROP_GONE && name->is_gone) || (drop == DROP_MISSING && !name->path);
}

/* Move all but what is to be dropped to a table of @n_slots, which have to be enough. */
static int rebuild(struct rec_cgroups *cgroups, size_t n_slots, enum drop drop)
{
	struct name *slots = calloc(n_slots, sizeof(slots[0]));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < cgroups->n_slots; i++) {
		struct name *name = &cgroups->slots[i];

		if (!name->id)
			continue;
		if (!is_dropped(name, drop)) {
			*slot_in(slots, n_slots, name->id) = *name;
			continue;
		}
		cgroups->n--;
		cgroups->n_gone -= name->is_gone;
		cgroups->n_missing -= !name->path;
		free(name->path);
	}
	free(cgroups->slots);
	cgroups->slots = slots;
	cgroups->n_slots = n_slots;
	forget_last(cgroups);
	return 0;
}

static void forget_all(struct rec_cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->n_slots; i++) {
		free(cgroups->slots[i].path);
		cgroups->slots[i] = (struct name){0};
	}
	cgroups->n = cgroups->n_gone = cgroups->n_missing = 0;
	forget_last(cgroups);
}

/* The slot of @id, made if need be; NULL without memory. */
static struct name *take_slot(struct rec_cgroups *cgroups, uint64_t id)
{
	struct name *name = slot_of(cgroups, id);

	if (name->id)
		return name;
	if (cgroups->n >= MAX_NAMES)
		forget_all(cgroups);
	if (2 * (cgroups->n + 1) > cgroups->n_slots &&
	    rebuild(cgroups, 2 * cgroups->n_slots, DROP_NOTHING))
		return NULL;
	name = slot_of(cgroups, id);
	*name = (struct name){.id = id};
	cgroups->n++;
	cgroups->n_missing++;
	return name;
}

/* Whether some part of it looks like an engine's name of a container; which part, is for the report
 * to say. */
static bool names_container(struct vft_str path)
{
	size_t digits = 0;

	for (uint32_t i = 0; i < path.size && digits < CONTAINER_ID; i++)
		digits = isxdigit((unsigned char)path.data[i]) ? digits + 1 : 0;
	return digits == CONTAINER_ID;
}

/* A name is a convenience, since the id is in the events: without memory there is none. */
static void add(struct rec_cgroups *cgroups, uint64_t id, struct vft_str path, bool is_cut)
{
	struct name *name = slot_of(cgroups, id);
	char *copy;

	if (!id)
		return;
	if (name->id && name->path && name->size == path.size &&
	    memcmp(name->path, path.data, path.size) == 0) {
		cgroups->n_gone -= name->is_gone;
		name->is_gone = false;
		return; /* known, and perhaps told */
	}
	copy = malloc(path.size + 1u);
	name = copy ? take_slot(cgroups, id) : NULL;
	if (!name) {
		free(copy);
		return;
	}
	memcpy(copy, path.data, path.size);
	cgroups->n_missing -= !name->path;
	cgroups->n_gone -= name->is_gone;
	free(name->path);
	*name = (struct name){.id = id,
			      .path = copy,
			      .size = path.size,
			      .is_cut = is_cut,
			      .is_container = names_container(path)};
	forget_last(cgroups);
}

/* Not all of @path is known, or wanted: the rest is a mark. */
static void add_cut(struct rec_cgroups *cgroups, uint64_t id, struct vft_str path)
{
	static const char mark[] = "/\xe2\x80\xa6"; /* an ellipsis */
	char bytes[REC_CGROUP_PATH_MAX];
	uint32_t size = sizeof(mark) - 1, max = REC_CGROUP_PATH_MAX - size;

	if (path.size > max)
		path.size = max;
	memcpy(bytes, path.data, path.size);
	memcpy(bytes + path.size, mark, size);
	add(cgroups, id, (struct vft_str){bytes, path.size + size}, true);
}

static void add_whole(struct rec_cgroups *cgroups, uint64_t id, struct vft_str path)
{
	if (path.size > REC_CGROUP_PATH_MAX)
		add_cut(cgroups, id, path);
	else
		add(cgroups, id, path, false);
}

/* ---- what comes and goes ---- */

static void on_cgroup(void *context, uint64_t id, struct vft_str path)
{
	add_whole(context, id, path);
}

void rec_cgroups_scan(struct rec_cgroups *cgroups)
{
	for (size_t i = 0; i < cgroups->n_mounts; i++)
		rec_cgroup_mount_walk(&cgroups->mounts[i], on_cgroup, cgroups);
	cgroups->scan_ns = rec_clock_now();
}

int rec_cgroups_new(const struct rec_hierarchies *hierarchies, struct rec_cgroups **ret)
{
	struct rec_cgroups *cgroups = calloc(1, sizeof(*cgroups));

	if (cgroups)
		cgroups->slots = calloc(FIRST_SLOTS, sizeof(cgroups->slots[0]));
	if (!cgroups || !cgroups->slots) {
		free(cgroups);
		return -ENOMEM;
	}
	cgroups->n_slots = FIRST_SLOTS;
	cgroups->round = cgroups->rounds = 1;
	cgroups->n_mounts = rec_cgroup_mounts_open(hierarchies, cgroups->mounts);
	*ret = cgroups;
	return 0;
}

/* The kernel cuts the path it tells. The parent's and the own name give a longer one. */
static void add_by_parent(struct rec_cgroups *cgroups, const struct rec_translation *change)
{
	const struct name *parent = find(cgroups, change->cgroup_parent);
	uint64_t id = change->event.cgroup.id;
	struct vft_str name = change->cgroup_name;
	char *path;

	if (!parent) {
		add_cut(cgroups, id, *change->event.cgroup.path);
		return;
	}
	if (parent->is_cut) { /* with the mark at its end already */
		add(cgroups, id, (struct vft_str){parent->path, parent->size}, true);
		return;
	}
	path = malloc(parent->size + 1u + name.size);
	if (!path)
		return;
	memcpy(path, parent->path, parent->size);
	path[parent->size] = '/';
	memcpy(path + parent->size + 1, name.data, name.size);
	add_whole(cgroups, id, (struct vft_str){path, parent->size + 1 + name.size});
	free(path);
}

void rec_cgroups_learn(struct rec_cgroups *cgroups, const struct rec_translation *change)
{
	struct name *name;

	if (!change->event.cgroup.path) {
		name = slot_of(cgroups, change->event.cgroup.id);
		if (name->id && !name->is_gone) {
			name->is_gone = true;
			cgroups->n_gone++;
		}
	} else if (change->cgroup_name.size) {
		add_by_parent(cgroups, change);
	} else {
		add_whole(cgroups, change->event.cgroup.id, *change->event.cgroup.path);
	}
}

/* Seldom, and then many at once. */
void rec_cgroups_forget_gone(struct rec_cgroups *cgroups)
{
	size_t n_left = cgroups->n - cgroups->n_gone, n_slots = FIRST_SLOTS;

	if (cgroups->n_gone < MIN_GONE || cgroups->n_gone < n_left / 2)
		return;
	while (n_slots < 4 * n_left)
		n_slots *= 2;
	(void)rebuild(cgroups, n_slots, DROP_GONE); /* without memory, next time */
}

size_t rec_cgroups_count(const struct rec_cgroups *cgroups)
{
	return cgroups->n - cgroups->n_missing;
}

/* ---- what the file is told ---- */

static int append(const struct name *name, uint64_t time_ns, struct rec_sink *sink,
		  struct vft_err *err)
{
	struct vft_str path = {name->path, name->size};
	struct vft_event event = {.kind = VFT_KIND_CGROUP,
				  .time_ns = time_ns,
				  .cgroup = {.id = name->id, .path = &path}};

	return rec_sink_append(sink, &event, err);
}

static int tell(struct rec_cgroups *cgroups, uint64_t id, uint64_t time_ns, struct rec_sink *sink,
		struct vft_err *err)
{
	struct name *name;
	int r;

	if (id == cgroups->last_id || !id)
		return 0;
	name = slot_of(cgroups, id);
	if (!name->id)
		name = take_slot(cgroups, id);
	cgroups->last_id = id;
	if (!name || !name->path || name->told >= cgroups->round)
		return 0;
	r = append(name, time_ns, sink, err);
	if (!r)
		name->told = cgroups->rounds;
	return r;
}

/*
 * Which cgroup names the task's container. Engines that use cgroup v1 beside v2 leave the latter as
 * they found it: at the root, or in the service that started them.
 */
static uint64_t choose(struct rec_cgroups *cgroups, uint64_t v2, uint64_t v1)
{
	const struct name *name_v1, *name_v2;
	bool is_v1;

	if (!v1)
		return v2;
	if (v2 == cgroups->last_v2 && v1 == cgroups->last_v1)
		return cgroups->last_choice;
	name_v1 = find(cgroups, v1);
	name_v2 = find(cgroups, v2);
	is_v1 = v2 == ROOT_OF_V2 ||
		(name_v1 && name_v1->is_container && !(name_v2 && name_v2->is_container));
	cgroups->last_v2 = v2;
	cgroups->last_v1 = v1;
	cgroups->last_choice = is_v1 ? v1 : v2;
	return cgroups->last_choice;
}

int rec_cgroups_tell(struct rec_cgroups *cgroups, struct rec_translation *translation,
		     struct rec_sink *sink, struct vft_err *err)
{
	const struct vft_event *event = &translation->event;
	bool is_spawn = event->kind == VFT_KIND_SPAWN;
	int r = 0;

	/* Nearly always: all of the cgroup that was told of last, and no v1 to choose from. */
	if (event->task && translation->task.cgroup == cgroups->last_id &&
	    !translation->task_cgroup_v1 &&
	    (!is_spawn ||
	     (translation->other.cgroup == cgroups->last_id && !translation->other_cgroup_v1)))
		return 0;
	if (event->task) {
		translation->task.cgroup =
			choose(cgroups, translation->task.cgroup, translation->task_cgroup_v1);
		r = tell(cgroups, translation->task.cgroup, event->time_ns, sink, err);
	}
	if (!r && is_spawn) {
		translation->other.cgroup =
			choose(cgroups, translation->other.cgroup, translation->other_cgroup_v1);
		r = tell(cgroups, translation->other.cgroup, event->time_ns, sink, err);
	}
	return r;
}

struct vft_str rec_cgroups_find_path(struct rec_cgroups *cgroups, uint64_t v2, uint64_t v1)
{
	const struct name *name = find(cgroups, choose(cgroups, v2, v1));

	return name ? (struct vft_str){name->path, name->size} : (struct vft_str){"", 0};
}

/* ---- lists, and what is missing ---- */

int rec_cgroups_find_missing(struct rec_cgroups *cgroups, struct rec_sink *sink,
			     struct vft_err *err)
{
	size_t n_missing = cgroups->n_missing;
	uint64_t *missing;
	int r = 0;

	if (!n_missing || !cgroups->n_mounts)
		return 0;
	missing = calloc(n_missing, sizeof(missing[0]));
	if (!missing)
		return 0;
	for (size_t i = 0, n = 0; i < cgroups->n_slots && n < n_missing; i++)
		if (cgroups->slots[i].id && !cgroups->slots[i].path)
			missing[n++] = cgroups->slots[i].id;
	rec_cgroups_scan(cgroups);
	for (size_t i = 0; !r && i < n_missing; i++)
		if (find(cgroups, missing[i]))
			r = tell(cgroups, missing[i], cgroups->scan_ns, sink, err);
	free(missing);
	/* What is not there now never will be. */
	if (cgroups->n_missing)
		(void)rebuild(cgroups, cgroups->n_slots, DROP_MISSING);
	return r;
}

int rec_cgroups_begin_list(struct rec_cgroups *cgroups, struct rec_sink *sink, struct vft_err *err)
{
	bool is_due = rec_clock_now() - cgroups->scan_ns >= RESCAN_NS;
	int r = is_due ? rec_cgroups_find_missing(cgroups, sink, err) : 0;

	cgroups->round = ++cgroups->rounds;
	cgroups->last_id = 0;
	return r;
}

void rec_cgroups_end_list(struct rec_cgroups *cgroups)
{
	cgroups->round = 1;
}

void rec_cgroups_free(struct rec_cgroups *cgroups)
{
	if (!cgroups)
		return;
	forget_all(cgroups);
	rec_cgroup_mounts_close(cgroups->mounts, cgroups->n_mounts);
	free(cgroups->slots);
	free(cgroups);
}
