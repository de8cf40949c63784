/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/watch/cgroup_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In every kernfs the root is the first to get an id. */
#define ROOT_INO 1

/* ---- hierarchies ---- */

/* Whether comma-separated @list has @word. */
static bool has_word(const char *list, size_t size, const char *word)
{
	size_t n = strlen(word);

	for (size_t at = 0; at < size;) {
		const char *comma = memchr(list + at, ',', size - at);
		size_t end = comma ? (size_t)(comma - list) : size;

		if (end - at == n && memcmp(list + at, word, n) == 0)
			return true;
		at = end + 1;
	}
	return false;
}

/* "4:memory:/path" */
void rec_hierarchies_add_line(struct rec_hierarchies *hierarchies, const char *line)
{
	char *controllers;
	unsigned long number = strtoul(line, &controllers, 10);
	const char *end;

	if (!number || number > UINT32_MAX || *controllers != ':')
		return;
	end = strchr(++controllers, ':');
	if (!end)
		return;
	if (has_word(controllers, (size_t)(end - controllers), "freezer"))
		hierarchies->freezer = (uint32_t)number;
	if (has_word(controllers, (size_t)(end - controllers), "memory")) {
		hierarchies->container = (uint32_t)number;
		hierarchies->container_is_pids = false;
	} else if (has_word(controllers, (size_t)(end - controllers), "pids") &&
		   !hierarchies->container) {
		hierarchies->container = (uint32_t)number;
		hierarchies->container_is_pids = true;
	}
}

void rec_hierarchies_find(struct rec_hierarchies *ret)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t capacity = 0;

	*ret = (struct rec_hierarchies){0};
	if (!file)
		return;
	while (getline(&line, &capacity, file) > 0)
		rec_hierarchies_add_line(ret, line);
	free(line);
	fclose(file);
}

/* ---- mounts ---- */

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Space, tab, newline and backslash come as three octal digits. */
static void unescape(char *text)
{
	char *out = text;

	for (const char *at = text; *at; at++) {
		if (*at == '\\' && is_octal(at[1]) && is_octal(at[2]) && is_octal(at[3])) {
			*out++ = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 3;
		} else {
			*out++ = *at;
		}
	}
	*out = '\0';
}

struct mount_line {
	char *root, *place, *type, *options;
};

/* "36 35 0:32 ROOT PLACE rw,relatime shared:1 - TYPE SOURCE OPTIONS", cut up in place. */
static bool parse_mount(char *line, struct mount_line *ret)
{
	char *words[6], *rest = strstr(line, " - "), *save = NULL;

	line[strcspn(line, "\n")] = '\0';
	if (!rest)
		return false;
	*rest = '\0';
	for (int i = 0; i < 6; i++) {
		words[i] = strtok_r(i ? NULL : line, " ", &save);
		if (!words[i])
			return false;
	}
	ret->root = words[3];
	ret->place = words[4];
	ret->type = strtok_r(rest + 3, " ", &save);
	if (!ret->type || !strtok_r(NULL, " ", &save)) /* the source says nothing */
		return false;
	ret->options = strtok_r(NULL, " ", &save);
	if (!ret->options)
		return false;
	unescape(ret->root);
	unescape(ret->place);
	return true;
}

/* Whether it is one of those that are wanted, and the number of its hierarchy. */
static bool is_wanted(const struct rec_hierarchies *hierarchies, const struct mount_line *line,
		      uint32_t *ret)
{
	size_t size = strlen(line->options);
	const char *controller = hierarchies->container_is_pids ? "pids" : "memory";

	*ret = 0;
	if (strcmp(line->type, "cgroup2") == 0)
		return true;
	if (strcmp(line->type, "cgroup") != 0)
		return false;
	if (hierarchies->container && has_word(line->options, size, controller))
		*ret = hierarchies->container;
	else if (hierarchies->freezer && has_word(line->options, size, "freezer"))
		*ret = hierarchies->freezer;
	return *ret != 0;
}

static bool is_known(const struct rec_cgroup_mount *mounts, size_t n, uint32_t hierarchy)
{
	for (size_t i = 0; i < n; i++)
		if (mounts[i].hierarchy == hierarchy)
			return true;
	return false;
}

/* What is mounted may be a part of the hierarchy. Inside a cgroup namespace that is shown as all of
 * it ("/"), or as something outside ("/.."). */
static const char *prefix_of(const struct mount_line *line, ino_t ino)
{
	if (ino == ROOT_INO)
		return "";
	if (strcmp(line->root, "/") == 0 || strncmp(line->root, "/..", 3) == 0)
		return NULL;
	return line->root;
}

static bool open_mount(const struct mount_line *line, uint32_t hierarchy,
		       struct rec_cgroup_mount *ret)
{
	const char *prefix = NULL;
	struct stat st;

	*ret = (struct rec_cgroup_mount){.hierarchy = hierarchy};
	ret->fd = open(line->place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->fd < 0)
		return false;
	if (fstat(ret->fd, &st) == 0)
		prefix = prefix_of(line, st.st_ino);
	ret->prefix = prefix ? strdup(prefix) : NULL;
	if (ret->prefix)
		return true;
	close(ret->fd);
	return false;
}

size_t rec_cgroup_mounts_open(const struct rec_hierarchies *hierarchies,
			      struct rec_cgroup_mount ret[REC_N_HIERARCHIES])
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *text = NULL;
	size_t capacity = 0, n = 0;
	uint32_t hierarchy;

	if (!file)
		return 0;
	while (n < REC_N_HIERARCHIES && getline(&text, &capacity, file) > 0) {
		struct mount_line line;

		if (parse_mount(text, &line) && is_wanted(hierarchies, &line, &hierarchy) &&
		    !is_known(ret, n, hierarchy) && open_mount(&line, hierarchy, &ret[n]))
			n++;
	}
	free(text);
	fclose(file);
	return n;
}

void rec_cgroup_mounts_close(struct rec_cgroup_mount *mounts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		close(mounts[i].fd);
		free(mounts[i].prefix);
	}
}

/* ---- the walk ---- */

/* One directory on the way down: what is below it and still to be visited. */
struct level {
	char **names;
	size_t n, capacity;
	ino_t ino;
	size_t path_size;
};

struct walk {
	const struct rec_cgroup_mount *mount;
	rec_cgroup_fn fn;
	void *context;
	int fd; /* the directory it is in: one descriptor, however deep that lies */
	dev_t device;
	char *path;
	size_t path_size, path_capacity;
	struct level *levels;
	size_t n_levels, levels_capacity;
};

static bool append_path(struct walk *walk, const char *text)
{
	size_t size = strlen(text);

	if (walk->path_size + size + 2 > walk->path_capacity) {
		size_t capacity = 2 * (walk->path_size + size + 2);
		char *grown = realloc(walk->path, capacity);

		if (!grown)
			return false;
		walk->path = grown;
		walk->path_capacity = capacity;
	}
	memcpy(walk->path + walk->path_size, text, size + 1);
	walk->path_size += size;
	return true;
}

static bool append_name(struct level *level, const char *name)
{
	if (level->n == level->capacity) {
		size_t capacity = level->capacity ? 2 * level->capacity : 16;
		char **grown = reallocarray(level->names, capacity, sizeof(level->names[0]));

		if (!grown)
			return false;
		level->names = grown;
		level->capacity = capacity;
	}
	level->names[level->n] = strdup(name);
	if (!level->names[level->n])
		return false;
	level->n++;
	return true;
}

static void list_directories(int fd, struct level *level)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;

	if (!directory) {
		if (copy >= 0)
			close(copy);
		return;
	}
	while ((entry = readdir(directory)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 && !append_name(level, entry->d_name))
			break;
	closedir(directory);
}

static struct level *push_level(struct walk *walk)
{
	if (walk->n_levels == walk->levels_capacity) {
		size_t capacity = walk->levels_capacity ? 2 * walk->levels_capacity : 16;
		struct level *grown = reallocarray(walk->levels, capacity, sizeof(walk->levels[0]));

		if (!grown)
			return NULL;
		walk->levels = grown;
		walk->levels_capacity = capacity;
	}
	walk->levels[walk->n_levels] = (struct level){.path_size = walk->path_size};
	return &walk->levels[walk->n_levels++];
}

/* Tell of the directory that the walk is in now, and look what is below it. */
static bool visit(struct walk *walk)
{
	struct level *level = push_level(walk);
	struct vft_str path = {walk->path_size ? walk->path : "/",
			       walk->path_size ? (uint32_t)walk->path_size : 1};
	struct stat st;

	if (!level || fstat(walk->fd, &st))
		return false;
	walk->device = walk->n_levels == 1 ? st.st_dev : walk->device;
	level->ino = st.st_ino;
	if (st.st_dev != walk->device)
		return true; /* something else is mounted there */
	walk->fn(walk->context, VFT_CGROUP_ID(walk->mount->hierarchy, st.st_ino), path);
	if (st.st_nlink != 2) /* in kernfs, 2 and one for each directory in it */
		list_directories(walk->fd, level);
	return true;
}

static bool go_to(struct walk *walk, const char *name, int more_flags)
{
	int fd = openat(walk->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | more_flags);

	if (fd < 0)
		return false;
	close(walk->fd);
	walk->fd = fd;
	return true;
}

static void drop_level(struct walk *walk)
{
	struct level *level = &walk->levels[--walk->n_levels];

	while (level->n)
		free(level->names[--level->n]);
	free(level->names);
}

/* Back to the directory above, if it is still the same. */
static bool go_up(struct walk *walk)
{
	struct stat st;

	drop_level(walk);
	if (!walk->n_levels)
		return false;
	walk->path_size = walk->levels[walk->n_levels - 1].path_size;
	return go_to(walk, "..", 0) && fstat(walk->fd, &st) == 0 &&
	       st.st_ino == walk->levels[walk->n_levels - 1].ino;
}

static bool go_down(struct walk *walk)
{
	struct level *level = &walk->levels[walk->n_levels - 1];
	char *name = level->names[--level->n];
	bool is_there = go_to(walk, name, O_NOFOLLOW);
	bool goes_on = !is_there || (append_path(walk, "/") && append_path(walk, name));

	free(name);
	return goes_on && (!is_there || visit(walk));
}

void rec_cgroup_mount_walk(const struct rec_cgroup_mount *mount, rec_cgroup_fn fn, void *context)
{
	struct walk walk = {.mount = mount, .fn = fn, .context = context};
	bool goes_on;

	walk.fd = openat(mount->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	goes_on = walk.fd >= 0 && append_path(&walk, mount->prefix) && visit(&walk);
	while (goes_on)
		goes_on = walk.levels[walk.n_levels - 1].n ? go_down(&walk) : go_up(&walk);
	while (walk.n_levels)
		drop_level(&walk);
	if (walk.fd >= 0)
		close(walk.fd);
	free(walk.levels);
	free(walk.path);
}
