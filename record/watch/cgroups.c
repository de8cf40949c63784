/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/watch/cgroups.h"

#include <errno.h>
#include <fts.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define N_SLOTS   65536u /* a power of two */
#define MAX_NAMES (N_SLOTS / 2)

struct name {
	uint64_t id; /* 0 = free slot */
	char *path;
	uint32_t size;
	bool told;
};

struct rec_cgroups {
	struct name *slots;
	size_t n;
	uint64_t last_id; /* told already: most events come from few cgroups */
};

static struct name *slot_of(struct rec_cgroups *cgroups, uint64_t id)
{
	size_t i = (size_t)((id * 0x9e3779b97f4a7c15u) >> 48) & (N_SLOTS - 1);

	while (cgroups->slots[i].id && cgroups->slots[i].id != id)
		i = (i + 1) & (N_SLOTS - 1);
	return &cgroups->slots[i];
}

void rec_cgroups_add(struct rec_cgroups *cgroups, uint64_t id, struct vft_str path)
{
	struct name *name = slot_of(cgroups, id);
	char *copy;

	if (!id || (!name->id && cgroups->n == MAX_NAMES))
		return;
	copy = malloc(path.size + 1u);
	if (!copy)
		return; /* a name is a convenience: the id is in the events */
	if (!name->id)
		cgroups->n++;
	memcpy(copy, path.data, path.size);
	free(name->path);
	*name = (struct name){.id = id, .path = copy, .size = path.size};
	if (cgroups->last_id == id)
		cgroups->last_id = 0;
}

static char *find_mount(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;
	char *found = NULL;

	if (!mounts)
		return NULL;
	while (!found && (entry = getmntent(mounts)))
		if (strcmp(entry->mnt_type, "cgroup2") == 0)
			found = strdup(entry->mnt_dir);
	endmntent(mounts);
	return found;
}

static void walk(struct rec_cgroups *cgroups, char *root)
{
	char *const roots[] = {root, NULL};
	size_t root_size = strlen(root);
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	FTSENT *entry;

	if (!walk)
		return;
	while ((entry = fts_read(walk))) {
		struct vft_str path = {entry->fts_path + root_size,
				       (uint32_t)(entry->fts_pathlen - root_size)};

		if (entry->fts_info != FTS_D)
			continue;
		if (!path.size)
			path = (struct vft_str){"/", 1};
		rec_cgroups_add(cgroups, entry->fts_statp->st_ino, path);
	}
	fts_close(walk);
}

int rec_cgroups_new(struct rec_cgroups **ret)
{
	struct rec_cgroups *cgroups = calloc(1, sizeof(*cgroups));
	char *root;

	if (cgroups)
		cgroups->slots = calloc(N_SLOTS, sizeof(cgroups->slots[0]));
	if (!cgroups || !cgroups->slots) {
		free(cgroups);
		return -ENOMEM;
	}
	root = find_mount();
	if (root)
		walk(cgroups, root);
	free(root);
	*ret = cgroups;
	return 0;
}

int rec_cgroups_tell(struct rec_cgroups *cgroups, uint64_t id, uint64_t time_ns,
		     struct rec_sink *sink, struct vft_err *err)
{
	struct name *name;
	struct vft_str path;
	struct vft_event event = {
		.kind = VFT_KIND_CGROUP, .time_ns = time_ns, .cgroup = {.id = id, .path = &path}};

	if (id == cgroups->last_id || !id)
		return 0;
	cgroups->last_id = id;
	name = slot_of(cgroups, id);
	if (!name->id || name->told)
		return 0;
	name->told = true;
	path = (struct vft_str){name->path, name->size};
	return rec_sink_append(sink, &event, err);
}

void rec_cgroups_free(struct rec_cgroups *cgroups)
{
	if (!cgroups)
		return;
	for (size_t i = 0; i < N_SLOTS; i++)
		free(cgroups->slots[i].path);
	free(cgroups->slots);
	free(cgroups);
}
