/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/stall/arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "bpf/autopsy.h"
#include "record/kernel/examiner.h"
#include "record/stall/syscalls.h"
#include "record/stall/text.h"

#define PAGE     4096u /* the smallest there is */
#define MAX_PATH 256u  /* bytes of a path that are shown */
#define NS_PER_S 1000000000u

static const struct {
	uint32_t magic;
	const char *name;
} filesystems[] = {
	{0x50495045, "pipefs"},  {0x534f434b, "sockfs"},     {0x01021994, "tmpfs"},
	{0xef53, "ext4"},        {0x58465342, "xfs"},        {0x9123683e, "btrfs"},
	{0x6969, "nfs"},         {0xff534d42, "cifs"},       {0xfe534d42, "smb2"},
	{0x65735546, "fuse"},    {0x794c7630, "overlay"},    {0x00c36400, "ceph"},
	{0x01021997, "9p"},      {0x5346414f, "afs"},        {0x9fa0, "proc"},
	{0x62656572, "sysfs"},   {0x09041934, "anon_inode"}, {0x1cd1, "devpts"},
	{0x63677270, "cgroup2"}, {0x27e0eb, "cgroup"},       {0x2fc12fc1, "zfs"},
	{0xf2f52010, "f2fs"},    {0x73717368, "squashfs"},   {0x9660, "iso9660"},
	{0x4d44, "vfat"},        {0x2011bab0, "exfat"},      {0x19800202, "mqueue"},
	{0x64626720, "debugfs"}, {0x74726163, "tracefs"},    {0x958458f6, "hugetlbfs"},
};

const char *rec_fs_name(uint32_t magic)
{
	for (size_t i = 0; i < sizeof(filesystems) / sizeof(filesystems[0]); i++)
		if (filesystems[i].magic == magic)
			return filesystems[i].name;
	return NULL;
}

/* ---- descriptors ---- */

static int take_fd(void *context, const struct vfa_file *file, const char *path)
{
	struct rec_fds *fds = context;

	for (size_t i = 0; i < fds->n; i++) {
		struct rec_fd *fd = &fds->fds[i];
		struct rec_text text = REC_TEXT(fd->path);

		if (fd->fd != file->fd || fd->path[0])
			continue;
		fd->ino = file->ino;
		fd->dev = file->dev;
		fd->fs_magic = file->fs_magic;
		fd->i_mode = file->i_mode;
		rec_text_escape(&text, path, strlen(path));
	}
	return 0;
}

/* One pass tells of all of them, and how many descriptors there are. */
static void read_fds(const struct rec_scene *scene, const struct vfa_task *task,
		     struct rec_wait *wait, struct rec_fds *fds)
{
	uint32_t numbers[REC_MAX_ARGS];
	int r;

	*fds = (struct rec_fds){.n = 0};
	for (size_t i = 0; wait->signature && wait->signature[i]; i++) {
		char letter = wait->signature[i];

		if (letter != 'f' && letter != 'F')
			continue;
		numbers[fds->n] = (uint32_t)task->args[i];
		fds->fds[fds->n].fd = (uint32_t)task->args[i];
		fds->n++;
	}
	/* How many there are matters of a child alone, and the pass is over all files. */
	if (!fds->n && !wait->is_pending)
		return;
	r = rec_examiner_list_fds(scene->examiner, task->tgid, numbers, fds->n, take_fd, fds,
				  &wait->n_open);
	for (size_t i = 0; i < fds->n; i++)
		if (r || !fds->fds[i].path[0])
			fds->fds[i].fd = REC_FD_NONE;
}

static const struct rec_fd *find_fd(const struct rec_fds *fds, uint64_t number)
{
	for (size_t i = 0; i < fds->n; i++)
		if (fds->fds[i].fd == (uint32_t)number && fds->fds[i].fd != REC_FD_NONE)
			return &fds->fds[i];
	return NULL;
}

static void put_fd(struct rec_text *text, const struct rec_fds *fds, uint64_t number,
		   bool is_directory)
{
	const struct rec_fd *fd = find_fd(fds, number);

	if (is_directory && (int32_t)number == AT_FDCWD)
		rec_text_add(text, "AT_FDCWD");
	else if (fd)
		rec_text_add(text, "%d<%s>", (int32_t)number, fd->path);
	else
		rec_text_add(text, "%d", (int32_t)number);
}

/* ---- memory ---- */

/* Up to its NUL, page by page: the next one may not be there. The number of bytes, or -errno. */
static int read_string(const struct rec_scene *scene, uint32_t tid, uint64_t address, char *to,
		       size_t size)
{
	size_t have = 0;

	while (have < size) {
		size_t left = PAGE - (size_t)((address + have) % PAGE);
		size_t n = left < size - have ? left : size - have;
		const char *end;
		int r = rec_examiner_peek(scene->examiner, tid, address + have, to + have, n);

		if (r)
			return r;
		end = memchr(to + have, '\0', n);
		if (end)
			return (int)(end - to);
		have += n;
	}
	return (int)have;
}

static void put_path(const struct rec_scene *scene, struct rec_wait *wait, uint64_t address,
		     struct rec_text *text)
{
	char bytes[MAX_PATH];
	int n = address ? read_string(scene, wait->tid, address, bytes, sizeof(bytes)) : -EFAULT;

	if (n < 0) {
		if (n == -EOPNOTSUPP)
			wait->no_memory = "this kernel shows no memory of another process; Linux "
					  "5.18 does";
		rec_text_add(text, address ? "0x%" PRIx64 : "NULL", address);
		return;
	}
	rec_text_add(text, "\"");
	rec_text_escape(text, bytes, (size_t)n);
	rec_text_add(text, "\"%s", n == sizeof(bytes) ? "..." : "");
	explicit_bzero(bytes, sizeof(bytes));
}

static void put_time(const struct rec_scene *scene, const struct rec_wait *wait, uint64_t address,
		     bool is_short, struct rec_text *text)
{
	int64_t words[2] = {0};
	int32_t halves[2] = {0};
	int r;

	if (!address) {
		rec_text_add(text, "NULL");
		return;
	}
	if (is_short)
		r = rec_examiner_peek(scene->examiner, wait->tid, address, halves, sizeof(halves));
	else
		r = rec_examiner_peek(scene->examiner, wait->tid, address, words, sizeof(words));
	if (r) {
		rec_text_add(text, "0x%" PRIx64, address);
		return;
	}
	if (is_short) {
		words[0] = halves[0];
		words[1] = halves[1];
	}
	if (words[1])
		rec_text_add(text, "%" PRId64 ".%09" PRIu64 "s", words[0],
			     (uint64_t)words[1] % NS_PER_S);
	else
		rec_text_add(text, "%" PRId64 "s", words[0]);
}

/* ---- all of them ---- */

static void put_number(char letter, uint64_t value, bool is_compat, struct rec_text *text)
{
	switch (letter) {
	case 'd':
		rec_text_add(text, "%" PRId32, (int32_t)value);
		break;
	case 'u':
		rec_text_add(text, "%" PRIu64, is_compat ? (uint32_t)value : value);
		break;
	case 'o':
		rec_text_add(text, "%#o", (unsigned int)value);
		break;
	default:
		rec_text_add(text, value || letter == 'x' ? "0x%" PRIx64 : "NULL", value);
	}
}

void rec_arguments_read(const struct rec_scene *scene, const struct vfa_task *task,
			struct rec_wait *wait, struct rec_fds *ret_fds)
{
	bool is_compat = task->flags & VFA_TASK_COMPAT;

	read_fds(scene, task, wait, ret_fds);
	if (!wait->signature)
		return;
	wait->n_args = strlen(wait->signature);
	for (size_t i = 0; i < wait->n_args; i++) {
		struct rec_text text = REC_TEXT(wait->args[i]);
		char letter = wait->signature[i];
		uint64_t value = task->args[i];

		if (letter == 'f' || letter == 'F')
			put_fd(&text, ret_fds, value, letter == 'F');
		else if (letter == 'p')
			put_path(scene, wait, value, &text);
		else if (letter == 's')
			put_time(scene, wait, value, is_compat && !strstr(wait->syscall, "time64"),
				 &text);
		else
			put_number(letter, value, is_compat, &text);
	}
}
