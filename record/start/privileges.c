/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/start/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/base/parse.h"
#include "record/start/seccomp.h"

#define LOCKDOWN_PATH "/sys/kernel/security/lockdown"
#define BTF_PATH      "/sys/kernel/btf/vmlinux"
#define PROC_PATH     "/proc/self/ns/pid"

/* What the kernel itself calls a user that it cannot name, and what every system calls nobody. */
#define NOBODY 65534u

/* Since Linux 5.8, and maybe not in the C library's headers. */
enum { PERFMON = 38, BPF = 39 };

/* ---- capabilities, without a library for three system calls ---- */

struct capabilities {
	uint64_t effective, permitted, inheritable;
};

static int get_capabilities(struct capabilities *ret)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data))
		return -errno;
	*ret = (struct capabilities){
		.effective = data[0].effective | (uint64_t)data[1].effective << 32,
		.permitted = data[0].permitted | (uint64_t)data[1].permitted << 32,
		.inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32,
	};
	return 0;
}

/* Of the calling thread; nothing is inheritable. */
static int set_capabilities(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
		{.effective = (uint32_t)(effective >> 32),
		 .permitted = (uint32_t)(permitted >> 32)},
	};

	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/* ---- what there is ---- */

static void list_capability(const char *name, unsigned int bit, struct rec_fact *ret)
{
	struct capabilities have = {0};
	bool ok = get_capabilities(&have) == 0 &&
		  (have.effective & (UINT64_C(1) << bit | UINT64_C(1) << CAP_SYS_ADMIN));

	*ret = (struct rec_fact){
		.name = name,
		.required = true,
		.state = ok ? REC_FACT_OK : REC_FACT_MISSING,
		.code = ok ? 0 : -EPERM,
		.advice = ok ? NULL
			     : "run it with sudo, or give it the capabilities CAP_BPF and "
			       "CAP_PERFMON",
	};
	snprintf(ret->detail, sizeof(ret->detail), "%s the capability %s",
		 ok ? "it has" : "recording needs root, or", name);
}

static void list_btf(struct rec_fact *ret)
{
	bool ok = access(BTF_PATH, R_OK) == 0;
	const char *why = ok ? "readable" : strerror(errno);

	*ret = (struct rec_fact){
		.name = "btf",
		.required = true,
		.state = ok ? REC_FACT_OK : REC_FACT_MISSING,
		.code = ok ? 0 : -EOPNOTSUPP,
		.advice = ok ? NULL : "use a kernel built with CONFIG_DEBUG_INFO_BTF",
	};
	snprintf(ret->detail, sizeof(ret->detail), "%s: %s", BTF_PATH, why);
}

/* The file reads "none [integrity] confidentiality", what holds in brackets. */
static void read_lockdown(char *state, size_t size)
{
	FILE *file = fopen(LOCKDOWN_PATH, "re");
	char line[128] = "", found[32] = "";
	const char *bracket;

	snprintf(state, size, file ? "not told" : "none: %s is not there", LOCKDOWN_PATH);
	if (!file)
		return;
	if (fgets(line, sizeof(line), file)) {
		bracket = strchr(line, '[');
		if (bracket && sscanf(bracket, "[%31[a-z]]", found) == 1)
			snprintf(state, size, "%s", found);
	}
	fclose(file);
}

static void list_lockdown(struct rec_fact *ret)
{
	*ret = (struct rec_fact){.name = "lockdown", .required = true};
	read_lockdown(ret->detail, sizeof(ret->detail));
	if (strcmp(ret->detail, "confidentiality") != 0)
		return;
	snprintf(ret->detail, sizeof(ret->detail),
		 "the kernel is locked down for confidentiality, which forbids BPF tracing");
	ret->state = REC_FACT_MISSING;
	ret->code = -EOPNOTSUPP;
	ret->advice = "boot with lockdown=integrity or none";
}

/* Which pid namespace we are in is told nowhere else, and with it which process is meant by a pid.
 */
static void list_proc(struct rec_fact *ret)
{
	bool ok = access(PROC_PATH, F_OK) == 0;
	const char *why = ok ? "there" : strerror(errno);

	*ret = (struct rec_fact){
		.name = "procfs",
		.required = true,
		.state = ok ? REC_FACT_OK : REC_FACT_MISSING,
		.code = ok ? 0 : -EOPNOTSUPP,
		.advice = ok ? NULL : "mount it: mount -t proc proc /proc",
	};
	snprintf(ret->detail, sizeof(ret->detail), "%s: %s", PROC_PATH, why);
}

static void list_seccomp(struct rec_fact *ret)
{
	bool ok = rec_seccomp_is_possible();

	*ret = (struct rec_fact){
		.name = "seccomp",
		.state = ok ? REC_FACT_OK : REC_FACT_MISSING,
		.code = ok ? 0 : -EOPNOTSUPP,
		.advice = ok ? NULL : "none needed: a recording does without it",
	};
	snprintf(ret->detail, sizeof(ret->detail), "%s",
		 ok ? "a recorder forbids itself what it does not need"
		    : "this kernel or this build has no filter for system calls");
}

void rec_privileges_list(struct rec_fact ret[REC_N_PRIVILEGES])
{
	list_capability("CAP_BPF", BPF, &ret[0]);
	list_capability("CAP_PERFMON", PERFMON, &ret[1]);
	list_btf(&ret[2]);
	list_lockdown(&ret[3]);
	list_proc(&ret[4]);
	list_seccomp(&ret[5]);
}

int rec_privileges_check(struct vft_err *err)
{
	struct rec_fact facts[REC_N_PRIVILEGES];

	rec_privileges_list(facts);
	for (size_t i = 0; i < REC_N_PRIVILEGES; i++)
		if (facts[i].required && facts[i].state == REC_FACT_MISSING)
			return vft_fail(err, facts[i].code, 0, "%s; %s", facts[i].detail,
					facts[i].advice);
	return 0;
}

/* ---- whom to become ---- */

static void fill_user(struct rec_user *ret, uid_t uid, gid_t gid, const char *name)
{
	*ret = (struct rec_user){.uid = uid, .gid = gid};
	snprintf(ret->name, sizeof(ret->name), "%s", name);
}

static void find_own(struct rec_user *ret)
{
	const struct passwd *entry = getpwuid(geteuid());
	char number[24];

	snprintf(number, sizeof(number), "user %u", (unsigned int)geteuid());
	fill_user(ret, geteuid(), getegid(), entry ? entry->pw_name : number);
}

int rec_privileges_find_user(const char *name, struct rec_user *ret, struct vft_err *err)
{
	const struct passwd *entry;
	uint64_t number;

	if (!name && geteuid() != 0) {
		find_own(ret);
		return 0;
	}
	entry = getpwnam(name ? name : "nobody");
	if (entry) {
		fill_user(ret, entry->pw_uid, entry->pw_gid, entry->pw_name);
	} else if (!name) {
		fill_user(ret, NOBODY, NOBODY, "nobody");
	} else if (vft_parse_u64(name, 0, UINT32_MAX - 1, &number) == 0) {
		entry = getpwuid((uid_t)number);
		fill_user(ret, (uid_t)number, entry ? entry->pw_gid : (gid_t)number,
			  entry ? entry->pw_name : name);
	} else {
		return vft_fail(err, -EINVAL, 0, "there is no such user; see getent passwd");
	}
	return 0;
}

/* ---- becoming ---- */

/* Without CAP_SETPCAP the bounding set stays; no_new_privs makes it harmless. */
static void drop_bounding_set(void)
{
	for (unsigned long cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return;
}

/* Who stays the same user keeps its groups: it may not be allowed to change them. */
static int set_ids(const struct rec_user *user)
{
	if (user->uid != geteuid() && setgroups(0, NULL))
		return -errno;
	if (setresgid(user->gid, user->gid, user->gid) ||
	    setresuid(user->uid, user->uid, user->uid))
		return -errno;
	return 0;
}

/* Capabilities outlive the change of user, so that one of them can be kept if it must. */
static int become(const struct rec_user *user)
{
	int r;

	drop_bounding_set();
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return -errno;
	r = set_ids(user);
	if (r)
		return r;
	/* No exec gives anything back, and no other process of that user may look inside. */
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return 0;
}

/* The capabilities that are left at the end: 0, or those of CAP_BPF; or a negative errno. */
static int give_up_capabilities(int (*works)(void *context), void *context, uint64_t *ret_left)
{
	struct capabilities had = {0};
	uint64_t bpf;
	int r = get_capabilities(&had);

	if (r)
		return r;
	bpf = had.permitted & UINT64_C(1) << BPF;
	r = set_capabilities(0, bpf);
	if (r)
		return r;
	*ret_left = 0;
	r = works(context);
	if (r && bpf) {
		*ret_left = bpf;
		r = set_capabilities(bpf, bpf);
		return r ? r : works(context);
	}
	return r ? r : set_capabilities(0, 0);
}

/* Believe the kernel, not the calls that did not fail. */
static bool has_become(const struct rec_user *user, bool is_other, uint64_t left)
{
	struct capabilities have = {0};
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) || getresgid(&gid[0], &gid[1], &gid[2]) ||
	    get_capabilities(&have))
		return false;
	for (size_t i = 0; i < 3; i++)
		if (uid[i] != user->uid || gid[i] != user->gid)
			return false;
	/* Who stays the same user may have to keep its groups. */
	if (is_other && getgroups(0, NULL) != 0)
		return false;
	return have.effective == left && have.permitted == left && !have.inheritable &&
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

int rec_privileges_drop(const struct rec_user *user, int (*works)(void *context), void *context,
			struct vft_err *err)
{
	bool is_other = user->uid != geteuid();
	uint64_t left = 0;
	int r = become(user);

	if (r)
		return vft_fail(err, r, 0,
				"cannot become %s: %s; start it as root, or name a user this one "
				"may become with --drop-to",
				user->name, strerror(-r));
	r = give_up_capabilities(works, context, &left);
	if (r)
		return vft_fail(err, r, 0,
				"as %s without capabilities the kernel refuses to go on: %s; try "
				"--drop-to another user",
				user->name, strerror(-r));
	if (!has_become(user, is_other, left))
		return vft_fail(err, -EPERM, 0,
				"the kernel did not take all privileges away; try --drop-to "
				"another user");
	return left ? 1 : 0;
}
