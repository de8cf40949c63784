/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/store/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base/cleanup.h"
#include "format/base/parse.h"
#include "record/base/clock.h"

#define READER_TIMEOUT_NS 10000000000u
#define READER_LOOK_MS    20

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

/*
 * A FIFO is open for writing once somebody reads it, and a device may wait for a carrier; neither
 * must make us deaf.
 */
static int open_for_reader(const char *path, int signal_fd, struct vft_err *err)
{
	uint64_t until_ns = rec_clock_read(CLOCK_MONOTONIC) + READER_TIMEOUT_NS;
	struct pollfd poll_fd = {.fd = signal_fd, .events = POLLIN};

	for (;;) {
		int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), code;

		if (fd >= 0 && fcntl(fd, F_SETFL, 0) == 0)
			return fd;
		code = errno;
		if (fd >= 0)
			close(fd);
		else if (code == ENOENT)
			return vft_fail(err, -ENOENT, 0,
					"it cannot be opened without /proc; mount it");
		if (code != ENXIO)
			return vft_fail(err, -code, 0, "%s", strerror(code));
		if (poll(&poll_fd, 1, READER_LOOK_MS) > 0)
			return vft_fail(err, -EINTR, 0,
					"a signal came before anybody had opened it to read");
		if (rec_clock_read(CLOCK_MONOTONIC) >= until_ns)
			return vft_fail(err, -ENXIO, 0,
					"nobody reads it; start what reads it first");
	}
}

/* A FIFO or device is looked at before it is opened for writing, which could already do something:
 * what O_PATH found is what /proc reopens. */
static int open_node(int directory_fd, const char *name, const struct stat *directory,
		     int signal_fd, struct vft_err *err)
{
	int found VFT_AUTO_CLOSE = openat(directory_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char path[64];
	struct stat st;

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
	return open_for_reader(path, signal_fd, err);
}

/* ---- a file ---- */

/* A recorder holds a lock on its file until it ends, however it ends. */
static bool lock(int fd)
{
	/* What cannot be locked (some network filesystems) is not protected. */
	return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

/* Under sudo, the one who called it: whoever may become root may have what root recorded. */
static void give_to_caller(int fd)
{
	const char *uid_text = getenv("SUDO_UID"), *gid_text = getenv("SUDO_GID");
	uint64_t uid, gid;

	if (geteuid() != 0 || !uid_text || !gid_text ||
	    vft_parse_u64(uid_text, 0, UINT32_MAX - 1, &uid) ||
	    vft_parse_u64(gid_text, 0, UINT32_MAX - 1, &gid))
		return;
	/* Where files have no owners, or root may not give them away, it stays root's. */
	if (fchown(fd, (uid_t)uid, (gid_t)gid))
		return;
}

/* Where /proc says the file is; empty if it does not say. */
static void locate(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
}

static int is_busy(struct vft_err *err)
{
	return vft_fail(err, -EBUSY, 0,
			"another vfork-record is writing to it; choose another name");
}

static int make_file(struct rec_output *output, const char *name, struct vft_err *err)
{
	char path[PATH_MAX];
	struct stat st;
	int fd = openat(output->directory_fd, name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return vft_fail(err, -errno, 0, "%s", strerror(errno));
	/* Somebody else's --force may have come between the two. */
	if (!lock(fd) || (fstat(fd, &st) == 0 && st.st_nlink == 0)) {
		close(fd);
		return is_busy(err);
	}
	give_to_caller(fd);
	locate(fd, path);
	/* Without these the file merely stays, and is not missed. */
	output->made = strdup(name);
	output->place = strdup(path);
	return fd;
}

/* Remove what is there, unless it is being recorded into. */
static int make_room(int directory_fd, const char *name, struct vft_err *err)
{
	/* Whoever may not write to it did not make it; the directory decides who may remove it. */
	int fd VFT_AUTO_CLOSE =
		openat(directory_fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && !lock(fd))
		return is_busy(err);
	if (unlinkat(directory_fd, name, 0))
		return vft_fail(err, -errno, 0, "cannot replace it: %s", strerror(errno));
	return 0;
}

static int open_in_directory(struct rec_output *output, const char *name,
			     const struct stat *directory, const struct rec_output_options *options,
			     struct vft_err *err)
{
	int r;
	struct stat st;

	if (!*name)
		return vft_fail(err, -EISDIR, 0, "it is a directory; name a file in it");
	if (fstatat(output->directory_fd, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno != ENOENT)
			return vft_fail(err, -errno, 0, "%s", strerror(errno));
		return make_file(output, name, err);
	}
	if (!S_ISREG(st.st_mode))
		return open_node(output->directory_fd, name, directory, options->signal_fd, err);
	if (!options->force)
		return vft_fail(err, -EEXIST, 0, "it exists; --force replaces it");
	r = make_room(output->directory_fd, name, err);
	if (r)
		return r;
	return make_file(output, name, err);
}

static int open_stdout(struct vft_err *err)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL), fd;

	if (flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) == O_RDONLY)
		return vft_fail(err, -EBADF, 0,
				"stdout is not open for writing; redirect it or name a file");
	if (isatty(STDOUT_FILENO))
		return vft_fail(err, -EINVAL, 0,
				"a trace is not for a terminal; redirect stdout or name a file");
	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? vft_fail(err, -errno, 0, "%s", strerror(errno)) : fd;
}

int rec_output_open(const char *path, const struct rec_output_options *options,
		    struct rec_output *ret, struct vft_err *err)
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
						  options, err);
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

/* Nobody is led to a file of a name that a terminal would obey. */
static bool is_printable(const char *path)
{
	for (; *path; path++)
		if (*path < ' ' || *path > '~')
			return false;
	return true;
}

int rec_output_check(const struct rec_output *output, struct vft_err *err)
{
	char path[PATH_MAX];
	struct stat st;

	if (!output->made)
		return 0;
	if (fstat(output->fd, &st) == 0 && st.st_nlink == 0)
		return vft_fail(err, -ENOENT, 0,
				"it was removed or replaced while it was recorded, and what was "
				"recorded is gone");
	locate(output->fd, path);
	if (!output->place || !*path || strcmp(path, output->place) == 0)
		return 0;
	return vft_fail(err, -ESTALE, 0,
			"it was renamed while it was recorded; the recording is in %s",
			is_printable(path) ? path : "another place");
}

void rec_output_release(struct rec_output *output)
{
	if (output->directory_fd >= 0)
		close(output->directory_fd);
	output->directory_fd = -1;
	free(output->made);
	free(output->place);
	output->made = output->place = NULL;
}
