/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * exe.h - the path of the file that runs, from its dentries. Part of vfork.bpf.c, which includes it
 * behind struct scratch and what is known of the lister.
 */
#ifndef VFE_EXE_H
#define VFE_EXE_H

/* Names of the file's own mount, and mounts and names below it: the verifier follows each. */
#define EXE_NAMES 64
#define EXE_BELOW 32

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline bool is_lister_root(const struct vfsmount *mnt, const struct dentry *dentry)
{
	return (__u64)dentry == lister_root_dentry && (__u64)mnt == lister_root_mnt;
}

/* What was appended so far is in the scratch space, where the verifier does not follow it from name
 * to name. */
static __always_inline bool append_name(struct scratch *scratch, const unsigned char *name)
{
	__u32 at = scratch->exec.exe_size;
	long n;

	if (at > VFE_PATH_MAX)
		return false;
	n = bpf_probe_read_kernel_str(scratch->data + at, VFE_NAME_MAX, name);
	if (n <= 0)
		return false;
	scratch->exec.exe_size = at + n;
	return true;
}

/* Append the names up to the root of @file's mount. Whether there are mounts below to go on with.
 */
static __always_inline bool append_names(struct scratch *scratch, const struct file *file)
{
	struct dentry *dentry = file->f_path.dentry, *parent;
	struct vfsmount *mnt = file->f_path.mnt;

	for (int i = 0; i < EXE_NAMES; i++) {
		if (is_lister_root(mnt, dentry))
			return false;
		if (dentry == mnt->mnt_root)
			return true;
		parent = dentry->d_parent;
		if (parent == dentry)
			return false;
		if (!append_name(scratch, dentry->d_name.name))
			break;
		dentry = parent;
	}
	scratch->exec.flags |= VFE_EXEC_EXE_CUT;
	return false;
}

/* From the root of mount @mnt on, where no pointer is of a type that can be followed without a
 * helper. */
static __always_inline void append_mounts(struct scratch *scratch, struct vfsmount *mnt)
{
	struct dentry *root = BPF_CORE_READ(mnt, mnt_root), *dentry = root, *parent;

	for (int i = 0; i < EXE_BELOW; i++) {
		if (is_lister_root(mnt, dentry))
			return;
		if (dentry == root) {
			struct mount *mount = mount_of(mnt);
			struct mount *below = BPF_CORE_READ(mount, mnt_parent);

			if (below == mount)
				return;
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mnt = __builtin_preserve_access_index(&below->mnt);
			root = BPF_CORE_READ(mnt, mnt_root);
			continue;
		}
		parent = BPF_CORE_READ(dentry, d_parent);
		if (parent == dentry)
			return;
		if (!append_name(scratch, BPF_CORE_READ(dentry, d_name.name)))
			break;
		dentry = parent;
	}
	scratch->exec.flags |= VFE_EXEC_EXE_CUT;
}

/*
 * The path of @file as /proc/PID/exe shows it to the recorder, as names from the last to the first:
 * what d_path does, which is not to be had here. Without its locks: a directory that is renamed at
 * the very moment can show under either name.
 */
static __always_inline void append_exe(struct scratch *scratch, const struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	bool is_root = dentry == dentry->d_parent;

	scratch->exec.exe_size = 0;
	/* A file that only has a descriptor, such as a memfd, makes its name up. */
	if (dentry->d_op->d_dname && (!is_root || dentry != file->f_path.mnt->mnt_root)) {
		scratch->exec.flags |= VFE_EXEC_EXE_GONE;
		if (!append_name(scratch, dentry->d_name.name))
			scratch->exec.flags |= VFE_EXEC_EXE_CUT;
		return;
	}
	if (!is_root && !dentry->d_hash.pprev)
		scratch->exec.flags |= VFE_EXEC_EXE_GONE;
	if (append_names(scratch, file))
		append_mounts(scratch, file->f_path.mnt);
}

#endif
