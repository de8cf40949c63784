/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of cgroups: what is learnt, what the file is told, what is let go. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/watch/cgroups.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* ---- what would be in the file ---- */

static struct {
	size_t n;
	uint64_t id;
	char path[8192];
} told;

int __wrap_rec_sink_append(struct rec_sink *sink, const struct vft_event *event,
			   struct vft_err *err);

int __wrap_rec_sink_append(struct rec_sink *sink, const struct vft_event *event,
			   struct vft_err *err)
{
	(void)sink;
	(void)err;
	assert_int_equal(event->kind, VFT_KIND_CGROUP);
	assert_true(event->cgroup.path->size < sizeof(told.path));
	told.n++;
	told.id = event->cgroup.id;
	memcpy(told.path, event->cgroup.path->data, event->cgroup.path->size);
	told.path[event->cgroup.path->size] = '\0';
	return 0;
}

/* One that knows nothing: what is mounted here is none of the tests' business. */
static struct rec_cgroups *start(void)
{
	struct rec_hierarchies none = {0};
	struct rec_cgroups *cgroups;

	memset(&told, 0, sizeof(told));
	assert_int_equal(rec_cgroups_new(&none, &cgroups), 0);
	return cgroups;
}

static void learn_part(struct rec_cgroups *cgroups, uint64_t id, const char *path, uint64_t parent,
		       const char *name)
{
	struct rec_translation change = {.cgroup_parent = parent,
					 .cgroup_name = {name, (uint32_t)strlen(name)}};
	struct vft_str string = {path, path ? (uint32_t)strlen(path) : 0};

	change.event.kind = VFT_KIND_CGROUP;
	change.event.cgroup.id = id;
	change.event.cgroup.path = path ? &string : NULL;
	rec_cgroups_learn(cgroups, &change);
}

static void learn(struct rec_cgroups *cgroups, uint64_t id, const char *path)
{
	learn_part(cgroups, id, path, 0, "");
}

/* An event of a task in these; gives the cgroup it gets. */
static uint64_t happens_in(struct rec_cgroups *cgroups, uint64_t v2, uint64_t v1)
{
	struct rec_translation out = {.task_cgroup_v1 = v1};
	struct vft_err err = {0};

	out.task.cgroup = v2;
	out.event.kind = VFT_KIND_EXIT;
	out.event.task = &out.task;
	assert_int_equal(rec_cgroups_tell(cgroups, &out, NULL, &err), 0);
	return out.task.cgroup;
}

static void test_cgroups__told_once(void **state)
{
	struct rec_cgroups *cgroups = start();
	struct vft_err err = {0};

	(void)state;
	learn(cgroups, 1000, "/a");
	learn(cgroups, 1001, "/b");
	happens_in(cgroups, 1000, 0);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.id, 1000);
	assert_string_equal(told.path, "/a");
	happens_in(cgroups, 1001, 0);
	happens_in(cgroups, 1000, 0);
	happens_in(cgroups, 5000, 0); /* nobody knows it */
	assert_int_equal(told.n, 2);
	/* A list stands by itself. */
	assert_int_equal(rec_cgroups_begin_list(cgroups, NULL, &err), 0);
	happens_in(cgroups, 1000, 0);
	happens_in(cgroups, 1001, 0);
	happens_in(cgroups, 1000, 0);
	rec_cgroups_end_list(cgroups);
	assert_int_equal(told.n, 4);
	happens_in(cgroups, 1001, 0);
	assert_int_equal(told.n, 4);
	/* Another name is told, the same again is not. */
	learn(cgroups, 1001, "/b");
	happens_in(cgroups, 1001, 0);
	assert_int_equal(told.n, 4);
	learn(cgroups, 1001, "/renamed");
	happens_in(cgroups, 1001, 0);
	assert_string_equal(told.path, "/renamed");
	rec_cgroups_free(cgroups);
}

/* Learning never ends, and what is gone is let go: but not under a list's feet. */
static void test_cgroups__a_million_come_and_go(void **state)
{
	struct rec_cgroups *cgroups = start();
	char path[64];

	(void)state;
	learn(cgroups, 7, "/stays");
	for (uint64_t id = 1000; id < 1001000; id++) {
		snprintf(path, sizeof(path), "/job/%llu", (unsigned long long)id);
		learn(cgroups, id, path);
		happens_in(cgroups, id, 0);
		assert_string_equal(told.path, path);
		learn(cgroups, id, NULL);
		happens_in(cgroups, id, 0);
		if (id % 100 == 0)
			rec_cgroups_forget_gone(cgroups);
	}
	assert_int_equal(told.n, 1000000);
	rec_cgroups_forget_gone(cgroups);
	assert_true(rec_cgroups_count(cgroups) < 1000);
	happens_in(cgroups, 7, 0);
	assert_string_equal(told.path, "/stays");
	rec_cgroups_free(cgroups);
}

static void test_cgroups__many_at_once(void **state)
{
	struct rec_cgroups *cgroups = start();
	char path[64];

	(void)state;
	for (uint64_t id = 1; id <= 100000; id++) {
		snprintf(path, sizeof(path), "/job/%llu", (unsigned long long)id);
		learn(cgroups, id, path);
	}
	rec_cgroups_forget_gone(cgroups);
	assert_int_equal(rec_cgroups_count(cgroups), 100000);
	happens_in(cgroups, 100000, 0);
	assert_string_equal(told.path, "/job/100000");
	happens_in(cgroups, 1, 0);
	assert_string_equal(told.path, "/job/1");
	rec_cgroups_free(cgroups);
}

static void test_cgroups__gone_is_still_told(void **state)
{
	struct rec_cgroups *cgroups = start();

	(void)state;
	for (uint64_t id = 1; id <= 5000; id++)
		learn(cgroups, id, "/x");
	for (uint64_t id = 1; id <= 5000; id++)
		learn(cgroups, id, NULL);
	happens_in(cgroups, 4321, 0);
	assert_int_equal(told.id, 4321);
	rec_cgroups_forget_gone(cgroups);
	assert_int_equal(rec_cgroups_count(cgroups), 0);
	happens_in(cgroups, 4322, 0);
	assert_int_equal(told.n, 1);
	rec_cgroups_free(cgroups);
}

static void test_cgroups__long_paths(void **state)
{
	struct rec_cgroups *cgroups = start();
	char path[REC_CGROUP_PATH_MAX + 2];

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	learn(cgroups, 100, path);
	happens_in(cgroups, 100, 0);
	assert_int_equal(strlen(told.path), REC_CGROUP_PATH_MAX);
	assert_string_equal(told.path + REC_CGROUP_PATH_MAX - 5, "p/\xe2\x80\xa6");
	path[REC_CGROUP_PATH_MAX] = '\0';
	learn(cgroups, 101, path);
	happens_in(cgroups, 101, 0);
	assert_int_equal(strlen(told.path), REC_CGROUP_PATH_MAX);
	/* What the kernel cut is put together from the parent's; below a cut one all is cut. */
	learn(cgroups, 102, "/known");
	learn_part(cgroups, 103, "/kno", 102, "leaf");
	happens_in(cgroups, 103, 0);
	assert_string_equal(told.path, "/known/leaf");
	learn_part(cgroups, 104, "/pp", 100, "leaf");
	happens_in(cgroups, 104, 0);
	assert_int_equal(strlen(told.path), REC_CGROUP_PATH_MAX);
	learn_part(cgroups, 105, "/unknown/par", 999, "leaf");
	happens_in(cgroups, 105, 0);
	assert_string_equal(told.path, "/unknown/par/\xe2\x80\xa6");
	rec_cgroups_free(cgroups);
}

static void test_cgroups__which_hierarchy(void **state)
{
	struct rec_cgroups *cgroups = start();
	uint64_t v1_container = VFT_CGROUP_ID(4, 50), v1_plain = VFT_CGROUP_ID(4, 51);

	(void)state;
	learn(cgroups, 1, "/");
	learn(cgroups, 50, "/system.slice/containerd.service");
	learn(cgroups, 51, "/docker/" HEX64);
	learn(cgroups, v1_container, "/docker/" HEX64);
	learn(cgroups, v1_plain, "/user.slice");
	assert_int_equal(happens_in(cgroups, 50, 0), 50);
	assert_int_equal(happens_in(cgroups, 1, v1_plain), v1_plain);
	assert_string_equal(told.path, "/user.slice");
	assert_int_equal(happens_in(cgroups, 1, v1_container), v1_container);
	assert_int_equal(happens_in(cgroups, 50, v1_container), v1_container);
	assert_int_equal(happens_in(cgroups, 50, v1_plain), 50);
	assert_int_equal(happens_in(cgroups, 51, v1_container), 51);
	assert_int_equal(happens_in(cgroups, 51, v1_plain), 51);
	/* A name that comes later counts from then on. */
	assert_int_equal(happens_in(cgroups, 50, VFT_CGROUP_ID(4, 52)), 50);
	learn(cgroups, VFT_CGROUP_ID(4, 52), "/kubepods/crio-" HEX64 ".scope");
	assert_int_equal(happens_in(cgroups, 50, VFT_CGROUP_ID(4, 52)), VFT_CGROUP_ID(4, 52));
	rec_cgroups_free(cgroups);
}

static struct rec_hierarchies hierarchies_of(const char *const *lines)
{
	struct rec_hierarchies found = {0};

	for (; *lines; lines++)
		rec_hierarchies_add_line(&found, *lines);
	return found;
}

static void test_hierarchies__lines(void **state)
{
	const char *const hybrid[] = {"9:name=systemd:/\n", "8:pids:/\n", "6:cpu,freezer:/x:y\n",
				      "4:memory:/\n",       "0::/\n",     NULL};
	const char *const without_memory[] = {"12:pids:/\n", "3:memory_other,xmemory:/\n", NULL};
	const char *const pids_last[] = {"4:memory:/\n", "8:pids:/\n", NULL};
	const char *const unified[] = {"0::/user.slice\n",
				       "",
				       ":",
				       "5",
				       "5:",
				       "5:memory",
				       "0:memory:/\n",
				       "99999999999:memory:/\n",
				       "x:memory:/\n",
				       NULL};
	struct rec_hierarchies found = hierarchies_of(hybrid);

	(void)state;
	assert_int_equal(found.container, 4);
	assert_false(found.container_is_pids);
	assert_int_equal(found.freezer, 6);
	found = hierarchies_of(without_memory);
	assert_int_equal(found.container, 12);
	assert_true(found.container_is_pids);
	assert_int_equal(found.freezer, 0);
	found = hierarchies_of(pids_last);
	assert_int_equal(found.container, 4);
	assert_false(found.container_is_pids);
	found = hierarchies_of(unified);
	assert_int_equal(found.container, 0);
	assert_int_equal(found.freezer, 0);
}

/* ---- the walk, over an ordinary tree ---- */

struct seen {
	size_t n, longest;
	uint64_t last_id;
	bool has_leaf, has_other;
};

static void on_cgroup(void *context, uint64_t id, struct vft_str path)
{
	struct seen *seen = context;

	seen->n++;
	seen->last_id = id;
	if (path.size > seen->longest)
		seen->longest = path.size;
	if (path.size == 9 && memcmp(path.data, "/pre/b/ba", 9) == 0)
		seen->has_leaf = true;
	if (memmem(path.data, path.size, "link", 4) || memmem(path.data, path.size, "file", 4))
		seen->has_other = true;
}

static void make_below(int top, const char *name)
{
	assert_int_equal(mkdirat(top, name, 0700), 0);
}

/* A chain of @depth directories "d", and the way back. */
static void make_chain(int top, size_t depth)
{
	int fd = dup(top);

	for (size_t i = 0; i < depth; i++) {
		int below;

		make_below(fd, "d");
		below = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		assert_true(below >= 0);
		close(fd);
		fd = below;
	}
	close(fd);
}

static void remove_chain(int top, size_t depth)
{
	int fd = dup(top);

	for (size_t i = 0; i < depth; i++) {
		int below = openat(fd, "d", O_RDONLY | O_DIRECTORY);

		assert_true(below >= 0);
		close(fd);
		fd = below;
	}
	for (size_t i = 0; i < depth; i++) {
		int above = openat(fd, "..", O_RDONLY | O_DIRECTORY);

		assert_int_equal(unlinkat(above, "d", AT_REMOVEDIR), 0);
		close(fd);
		fd = above;
	}
	close(fd);
}

static void test_walk__a_deep_tree(void **state)
{
	enum { DEPTH = 2100 };
	char folder[] = "/tmp/test_cgroups.XXXXXX", prefix[] = "/pre";
	struct rec_cgroup_mount mount = {.hierarchy = 4, .prefix = prefix};
	struct seen seen = {0};
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	mount.fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(mount.fd >= 0);
	make_below(mount.fd, "a");
	make_below(mount.fd, "b");
	make_below(mount.fd, "b/ba");
	assert_int_equal(symlinkat("b", mount.fd, "link"), 0);
	fd = openat(mount.fd, "file", O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
	make_chain(mount.fd, DEPTH);
	rec_cgroup_mount_walk(&mount, on_cgroup, &seen);
	assert_int_equal(seen.n, 1 + 3 + DEPTH);
	assert_int_equal(seen.longest, strlen(prefix) + 2 * DEPTH);
	assert_true(seen.has_leaf);
	assert_false(seen.has_other);
	assert_int_equal(seen.last_id >> 40 & 4, 4);
	remove_chain(mount.fd, DEPTH);
	unlinkat(mount.fd, "file", 0);
	unlinkat(mount.fd, "link", 0);
	unlinkat(mount.fd, "b/ba", AT_REMOVEDIR);
	unlinkat(mount.fd, "b", AT_REMOVEDIR);
	unlinkat(mount.fd, "a", AT_REMOVEDIR);
	close(mount.fd);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cgroups__told_once),
		cmocka_unit_test(test_cgroups__a_million_come_and_go),
		cmocka_unit_test(test_cgroups__many_at_once),
		cmocka_unit_test(test_cgroups__gone_is_still_told),
		cmocka_unit_test(test_cgroups__long_paths),
		cmocka_unit_test(test_cgroups__which_hierarchy),
		cmocka_unit_test(test_hierarchies__lines),
		cmocka_unit_test(test_walk__a_deep_tree),
	};

	return cmocka_run_group_tests_name("cgroups", tests, NULL, NULL);
}
