/* SPDX-License-Identifier: BSD-2-Clause */
#include "privileges.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CAP_SYS_ADMIN_BIT = 21, CAP_PERFMON_BIT = 38, CAP_BPF_BIT = 39 };

static uint64_t effective_capabilities(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long mask = 0;
	char line[256];

	if (!status)
		return geteuid() == 0 ? UINT64_MAX : 0;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "CapEff: %llx", &mask) == 1)
			break;
	fclose(status);
	return mask;
}

static bool has_capability(uint64_t mask, unsigned int bit)
{
	return (mask >> bit) & 1;
}

static bool is_locked_down(void)
{
	FILE *lockdown = fopen("/sys/kernel/security/lockdown", "re");
	char line[256] = "";
	bool locked;

	if (!lockdown)
		return false;
	locked = fgets(line, sizeof(line), lockdown) && strstr(line, "[confidentiality]");
	fclose(lockdown);
	return locked;
}

int rec_privileges_check(struct vft_err *err)
{
	uint64_t mask = effective_capabilities();
	bool admin = has_capability(mask, CAP_SYS_ADMIN_BIT);
	bool bpf = admin || has_capability(mask, CAP_BPF_BIT);
	bool perfmon = admin || has_capability(mask, CAP_PERFMON_BIT);

	if (!bpf || !perfmon)
		return vft_fail(err, -EPERM, 0,
				"recording needs root, or the capabilities CAP_BPF and CAP_PERFMON "
				"(missing: %s%s%s); run it with sudo",
				bpf ? "" : "CAP_BPF", !bpf && !perfmon ? ", " : "",
				perfmon ? "" : "CAP_PERFMON");
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return vft_fail(err, -EOPNOTSUPP, 0,
				"/sys/kernel/btf/vmlinux: %s; recording needs a kernel built with "
				"CONFIG_DEBUG_INFO_BTF",
				strerror(errno));
	if (is_locked_down())
		return vft_fail(err, -EOPNOTSUPP, 0,
				"the kernel is locked down for confidentiality, which forbids BPF "
				"tracing; boot with lockdown=integrity or none");
	return 0;
}
