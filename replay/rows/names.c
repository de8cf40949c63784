/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/rows/names.h"

#include <stdio.h>
#include <string.h>

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *const signals[] = {
	[1] = "SIGHUP",     [2] = "SIGINT",   [3] = "SIGQUIT",   [4] = "SIGILL",   [5] = "SIGTRAP",
	[6] = "SIGABRT",    [7] = "SIGBUS",   [8] = "SIGFPE",    [9] = "SIGKILL",  [10] = "SIGUSR1",
	[11] = "SIGSEGV",   [12] = "SIGUSR2", [13] = "SIGPIPE",  [14] = "SIGALRM", [15] = "SIGTERM",
	[16] = "SIGSTKFLT", [17] = "SIGCHLD", [18] = "SIGCONT",  [19] = "SIGSTOP", [20] = "SIGTSTP",
	[21] = "SIGTTIN",   [22] = "SIGTTOU", [23] = "SIGURG",   [24] = "SIGXCPU", [25] = "SIGXFSZ",
	[26] = "SIGVTALRM", [27] = "SIGPROF", [28] = "SIGWINCH", [29] = "SIGIO",   [30] = "SIGPWR",
	[31] = "SIGSYS",
};

static const char *const errors[] = {
	[1] = "EPERM",
	[2] = "ENOENT",
	[3] = "ESRCH",
	[4] = "EINTR",
	[5] = "EIO",
	[6] = "ENXIO",
	[7] = "E2BIG",
	[8] = "ENOEXEC",
	[9] = "EBADF",
	[10] = "ECHILD",
	[11] = "EAGAIN",
	[12] = "ENOMEM",
	[13] = "EACCES",
	[14] = "EFAULT",
	[15] = "ENOTBLK",
	[16] = "EBUSY",
	[17] = "EEXIST",
	[18] = "EXDEV",
	[19] = "ENODEV",
	[20] = "ENOTDIR",
	[21] = "EISDIR",
	[22] = "EINVAL",
	[23] = "ENFILE",
	[24] = "EMFILE",
	[25] = "ENOTTY",
	[26] = "ETXTBSY",
	[27] = "EFBIG",
	[28] = "ENOSPC",
	[29] = "ESPIPE",
	[30] = "EROFS",
	[31] = "EMLINK",
	[32] = "EPIPE",
	[33] = "EDOM",
	[34] = "ERANGE",
	[35] = "EDEADLK",
	[36] = "ENAMETOOLONG",
	[37] = "ENOLCK",
	[38] = "ENOSYS",
	[39] = "ENOTEMPTY",
	[40] = "ELOOP",
	[42] = "ENOMSG",
	[43] = "EIDRM",
	[44] = "ECHRNG",
	[45] = "EL2NSYNC",
	[46] = "EL3HLT",
	[47] = "EL3RST",
	[48] = "ELNRNG",
	[49] = "EUNATCH",
	[50] = "ENOCSI",
	[51] = "EL2HLT",
	[52] = "EBADE",
	[53] = "EBADR",
	[54] = "EXFULL",
	[55] = "ENOANO",
	[56] = "EBADRQC",
	[57] = "EBADSLT",
	[59] = "EBFONT",
	[60] = "ENOSTR",
	[61] = "ENODATA",
	[62] = "ETIME",
	[63] = "ENOSR",
	[64] = "ENONET",
	[65] = "ENOPKG",
	[66] = "EREMOTE",
	[67] = "ENOLINK",
	[68] = "EADV",
	[69] = "ESRMNT",
	[70] = "ECOMM",
	[71] = "EPROTO",
	[72] = "EMULTIHOP",
	[73] = "EDOTDOT",
	[74] = "EBADMSG",
	[75] = "EOVERFLOW",
	[76] = "ENOTUNIQ",
	[77] = "EBADFD",
	[78] = "EREMCHG",
	[79] = "ELIBACC",
	[80] = "ELIBBAD",
	[81] = "ELIBSCN",
	[82] = "ELIBMAX",
	[83] = "ELIBEXEC",
	[84] = "EILSEQ",
	[85] = "ERESTART",
	[86] = "ESTRPIPE",
	[87] = "EUSERS",
	[88] = "ENOTSOCK",
	[89] = "EDESTADDRREQ",
	[90] = "EMSGSIZE",
	[91] = "EPROTOTYPE",
	[92] = "ENOPROTOOPT",
	[93] = "EPROTONOSUPPORT",
	[94] = "ESOCKTNOSUPPORT",
	[95] = "EOPNOTSUPP",
	[96] = "EPFNOSUPPORT",
	[97] = "EAFNOSUPPORT",
	[98] = "EADDRINUSE",
	[99] = "EADDRNOTAVAIL",
	[100] = "ENETDOWN",
	[101] = "ENETUNREACH",
	[102] = "ENETRESET",
	[103] = "ECONNABORTED",
	[104] = "ECONNRESET",
	[105] = "ENOBUFS",
	[106] = "EISCONN",
	[107] = "ENOTCONN",
	[108] = "ESHUTDOWN",
	[109] = "ETOOMANYREFS",
	[110] = "ETIMEDOUT",
	[111] = "ECONNREFUSED",
	[112] = "EHOSTDOWN",
	[113] = "EHOSTUNREACH",
	[114] = "EALREADY",
	[115] = "EINPROGRESS",
	[116] = "ESTALE",
	[117] = "EUCLEAN",
	[118] = "ENOTNAM",
	[119] = "ENAVAIL",
	[120] = "EISNAM",
	[121] = "EREMOTEIO",
	[122] = "EDQUOT",
	[123] = "ENOMEDIUM",
	[124] = "EMEDIUMTYPE",
	[125] = "ECANCELED",
	[126] = "ENOKEY",
	[127] = "EKEYEXPIRED",
	[128] = "EKEYREVOKED",
	[129] = "EKEYREJECTED",
	[130] = "EOWNERDEAD",
	[131] = "ENOTRECOVERABLE",
	[132] = "ERFKILL",
	[133] = "EHWPOISON",
};

/* Without CLONE_, as strace -e abbrev has them; the lowest eight are the exit signal. */
const char *const rep_bits_clone[] = {"",
				      "",
				      "",
				      "",
				      "",
				      "",
				      "",
				      "NEWTIME",
				      "VM",
				      "FS",
				      "FILES",
				      "SIGHAND",
				      "PIDFD",
				      "PTRACE",
				      "VFORK",
				      "PARENT",
				      "THREAD",
				      "NEWNS",
				      "SYSVSEM",
				      "SETTLS",
				      "PARENT_SETTID",
				      "CHILD_CLEARTID",
				      "DETACHED",
				      "UNTRACED",
				      "CHILD_SETTID",
				      "NEWCGROUP",
				      "NEWUTS",
				      "NEWIPC",
				      "NEWUSER",
				      "NEWPID",
				      "NEWNET",
				      "IO",
				      "CLEAR_SIGHAND",
				      "INTO_CGROUP",
				      NULL};

const char *rep_signal_name(uint32_t number, char buffer[REP_NAME_SIZE])
{
	/* The C library keeps 32 and 33 to itself: what programs call SIGRTMIN is 34. */
	if (number < N_OF(signals))
		return signals[number];
	if (number == 34)
		return "SIGRTMIN";
	if (number > 34 && number <= 64)
		snprintf(buffer, REP_NAME_SIZE, "SIGRTMIN+%u", number - 34);
	else
		snprintf(buffer, REP_NAME_SIZE, "SIG%u", number);
	return buffer;
}

const char *rep_errno_name(uint32_t number, char buffer[REP_NAME_SIZE])
{
	if (!number)
		return NULL;
	if (number < N_OF(errors) && errors[number])
		return errors[number];
	snprintf(buffer, REP_NAME_SIZE, "E%u", number);
	return buffer;
}

static const struct {
	const char *arch;
	bool compat;
	int32_t vfork, clone; /* -1: has none */
} abis[] = {
	{"x86_64", false, 58, 56},    {"x86_64", true, 190, 120},  {"i686", false, 190, 120},
	{"i386", false, 190, 120},    {"aarch64", false, -1, 220}, {"aarch64", true, 190, 120},
	{"armv7l", false, 190, 120},  {"armv8l", false, 190, 120}, {"riscv64", false, -1, 220},
	{"s390x", false, 190, 120},   {"s390x", true, 190, 120},   {"loongarch64", false, -1, 220},
	{"ppc64le", false, 189, 120}, {"ppc64", false, 189, 120},
};

const char *rep_syscall_name(struct vft_str arch, bool compat, int32_t number)
{
	if (number < 0)
		return NULL;
	for (size_t i = 0; i < N_OF(abis); i++) {
		if (abis[i].compat != compat || strlen(abis[i].arch) != arch.size ||
		    memcmp(abis[i].arch, arch.data, arch.size) != 0)
			continue;
		if (number == 435)
			return "clone3";
		if (number == abis[i].vfork)
			return "vfork";
		return number == abis[i].clone ? "clone" : NULL;
	}
	return NULL;
}
