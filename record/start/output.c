/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/start/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base/cleanup.h"

/* Others must not be able to put their own file in our output's place. */
static int check_directory(const struct stat *directory, struct vft_err *err)
{
	if ((directory->st_mode & (S_IWOTH | S_ISVTX)) != S_IWOTH)
		return 0;
	return vft_fail(err, -EACCES, 0,
			"its directory is writable by everybody and not sticky; choose another");
}

/* The directory is opened before it is checked, and everything after is looked up in it. */
static int open_directory(const char *path, struct rec_output *ret, struct stat *ret_directory,
			  struct vft_err *err)
{
	const char *slash = strrchr(path, '/');
	char *name VFT_AUTO_FREE =
		slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");

	if (!name)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	ret->directory_fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->directory_fd < 0 || fstat(ret->directory_fd, ret_directory))
		return vft_fail(err, -errno, 0, "its directory: %s; make it first",
				strerror(errno));
	return check_directory(ret_directory, err);
}

/* As fs.protected_fifos has it: whoever owns a FIFO reads what is written to it. */
static bool is_trusted(const struct stat *node, const struct stat *directory)
{
	if (node->st_uid == 0 || node->st_uid == geteuid())
		return true;
	return S_ISFIFO(node->st_mode) && node->st_uid == directory->st_uid &&
	       !(directory->st_mode & (S_IWGRP | S_IWOTH));
}

/* A FIFO or device is looked at before it is opened for writing, which could already do something:
 * what O_PATH found is what /proc reopens. */
static int open_node(int directory_fd, const char *name, const struct stat *directory,
		     struct vft_err *err)
{
	int found VFT_AUTO_CLOSE = openat(directory_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char path[64];
	struct stat st;
	int fd;

	if (found < 0 || fstat(found, &st))
		return vft_fail(err, -errno, 0, "%s", strerror(errno));
	if (!S_ISCHR(st.st_mode) && !S_ISFIFO(st.st_mode))
		return vft_fail(err, -EEXIST, 0,
				"it exists and is no regular file; choose another name");
	if (!is_trusted(&st, directory))
		return vft_fail(err, -EACCES, 0,
				"it is somebody else's %s, who would see everything; choose "
				"another name",
				S_ISFIFO(st.st_mode) ? "FIFO" : "device");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return vft_fail(err, -errno, 0, "%s", strerror(errno));
	return fd;
}

static int make_file(struct rec_output *output, const char *name, struct vft_err *err)
{
	int fd = openat(output->directory_fd, name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return vft_fail(err, -errno, 0, "%s", strerror(errno));
	output->made = strdup(name); /* without it the file merely stays */
	return fd;
}

static int open_in_directory(struct rec_output *output, const char *name,
			     const struct stat *directory, bool force, struct vft_err *err)
{
	struct stat st;

	if (!*name)
		return vft_fail(err, -EISDIR, 0, "it is a directory; name a file in it");
	if (fstatat(output->directory_fd, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			return vft_fail(err, -errno, 0, "%s", strerror(errno));
		return make_file(output, name, err);
	}
	if (!S_ISREG(st.st_mode))
		return open_node(output->directory_fd, name, directory, err);
	if (!force)
		return vft_fail(err, -EEXIST, 0, "it exists; --force replaces it");
	if (unlinkat(output->directory_fd, name, 0))
		return vft_fail(err, -errno, 0, "cannot replace it: %s", strerror(errno));
	return make_file(output, name, err);
}

static int open_stdout(struct vft_err *err)
{
	int fd;

	if (isatty(STDOUT_FILENO))
		return vft_fail(err, -EINVAL, 0,
				"a trace is not for a terminal; redirect stdout or name a file");
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? vft_fail(err, -errno, 0, "%s", strerror(errno)) : fd;
}

int rec_output_open(const char *path, bool force, struct rec_output *ret, struct vft_err *err)
{
	struct rec_output output = {.fd = -1, .directory_fd = -1};
	const char *slash = strrchr(path, '/');
	struct stat directory;
	int r;

	if (strcmp(path, "-") == 0) {
		output.fd = open_stdout(err);
	} else {
		r = open_directory(path, &output, &directory, err);
		output.fd = r ? r
			      : open_in_directory(&output, slash ? slash + 1 : path, &directory,
						  force, err);
	}
	if (output.fd < 0) {
		rec_output_release(&output);
		return output.fd;
	}
	*ret = output;
	return 0;
}

void rec_output_remove(const struct rec_output *output)
{
	struct stat ours, there;

	if (!output->made || fstat(output->fd, &ours) ||
	    fstatat(output->directory_fd, output->made, &there, AT_SYMLINK_NOFOLLOW))
		return;
	if (ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		(void)unlinkat(output->directory_fd, output->made, 0);
}

void rec_output_release(struct rec_output *output)
{
	if (output->directory_fd >= 0)
		close(output->directory_fd);
	output->directory_fd = -1;
	free(output->made);
	output->made = NULL;
}
