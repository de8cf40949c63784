/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/redact/rules.h"

#include <string.h>

/* Sorted by name, for the eye and the search: options whose value is a password, and what else a
 * program's arguments mean. */
static const struct vft_program programs[] = {
	{"7z", "-p", VFT_STYLE_JOINED},
	{"7za", "-p", VFT_STYLE_JOINED},
	{"7zr", "-p", VFT_STYLE_JOINED},
	{"aws", NULL, VFT_STYLE_SETTER},
	{"az", "-p", VFT_STYLE_NEXT},
	{"bcp", "-P", VFT_STYLE_VALUE},
	{"btrfs", NULL, VFT_STYLE_IDS},
	{"buildah", "-p", VFT_STYLE_NEXT},
	{"busybox", NULL, VFT_STYLE_RUNS},
	{"chroot", NULL, VFT_STYLE_RUNS},
	{"chrt", NULL, VFT_STYLE_RUNS},
	{"command", NULL, VFT_STYLE_RUNS},
	{"composer", NULL, VFT_STYLE_SETTER},
	{"conmon", NULL, VFT_STYLE_IDS},
	{"containerd-shim", NULL, VFT_STYLE_IDS},
	{"containerd-shim-runc-v2", NULL, VFT_STYLE_IDS},
	{"crictl", NULL, VFT_STYLE_IDS},
	{"crictl", NULL, VFT_STYLE_RUNS},
	{"ctr", NULL, VFT_STYLE_IDS},
	{"ctr", NULL, VFT_STYLE_RUNS},
	{"curl", "--proxy-user", VFT_STYLE_PAIR},
	{"curl", "--user", VFT_STYLE_PAIR},
	{"curl", "-U", VFT_STYLE_PAIR},
	{"curl", "-u", VFT_STYLE_PAIR},
	{"doas", NULL, VFT_STYLE_RUNS},
	{"docker", NULL, VFT_STYLE_IDS},
	{"docker", NULL, VFT_STYLE_RUNS},
	{"docker-proxy", NULL, VFT_STYLE_IDS},
	{"dockerd", NULL, VFT_STYLE_IDS},
	{"dumb-init", NULL, VFT_STYLE_RUNS},
	{"env", NULL, VFT_STYLE_RUNS},
	{"exec", NULL, VFT_STYLE_RUNS},
	{"expdp", NULL, VFT_STYLE_SLASH},
	{"freerdp", "/p:", VFT_STYLE_JOINED},
	{"gcloud", NULL, VFT_STYLE_SETTER},
	{"gh", NULL, VFT_STYLE_SETTER},
	{"git", NULL, VFT_STYLE_IDS},
	{"git", NULL, VFT_STYLE_SETTER},
	{"git-remote-https", NULL, VFT_STYLE_IDS},
	{"gosu", NULL, VFT_STYLE_RUNS},
	{"heroku", NULL, VFT_STYLE_SETTER},
	{"hg", NULL, VFT_STYLE_IDS},
	{"htpasswd", NULL, VFT_STYLE_LAST},
	{"http", "--auth", VFT_STYLE_PAIR},
	{"http", "-a", VFT_STYLE_PAIR},
	{"https", "--auth", VFT_STYLE_PAIR},
	{"https", "-a", VFT_STYLE_PAIR},
	{"impdp", NULL, VFT_STYLE_SLASH},
	{"influx", "-t", VFT_STYLE_NEXT},
	{"ionice", NULL, VFT_STYLE_RUNS},
	{"ipmitool", "-P", VFT_STYLE_VALUE},
	{"isql", "-P", VFT_STYLE_VALUE},
	{"kopia", "-p", VFT_STYLE_NEXT},
	{"kubectl", NULL, VFT_STYLE_RUNS},
	{"ldapadd", "-w", VFT_STYLE_VALUE},
	{"ldapcompare", "-w", VFT_STYLE_VALUE},
	{"ldapdelete", "-w", VFT_STYLE_VALUE},
	{"ldapmodify", "-w", VFT_STYLE_VALUE},
	{"ldappasswd", "-a", VFT_STYLE_VALUE},
	{"ldappasswd", "-s", VFT_STYLE_VALUE},
	{"ldappasswd", "-w", VFT_STYLE_VALUE},
	{"ldapsearch", "-w", VFT_STYLE_VALUE},
	{"ldapwhoami", "-w", VFT_STYLE_VALUE},
	{"lftp", "-u", VFT_STYLE_PAIR},
	{"login", "-p", VFT_STYLE_NEXT},
	{"ltrace", NULL, VFT_STYLE_RUNS},
	{"lxc", NULL, VFT_STYLE_RUNS},
	{"mariadb", "-p", VFT_STYLE_JOINED},
	{"mariadb-admin", "-p", VFT_STYLE_JOINED},
	{"mariadb-dump", "-p", VFT_STYLE_JOINED},
	{"mongo", "-p", VFT_STYLE_NEXT},
	{"mongodump", "-p", VFT_STYLE_NEXT},
	{"mongoexport", "-p", VFT_STYLE_NEXT},
	{"mongoimport", "-p", VFT_STYLE_NEXT},
	{"mongorestore", "-p", VFT_STYLE_NEXT},
	{"mongosh", "-p", VFT_STYLE_NEXT},
	{"mosquitto_pub", "-P", VFT_STYLE_NEXT},
	{"mosquitto_sub", "-P", VFT_STYLE_NEXT},
	{"mysql", "-p", VFT_STYLE_JOINED},
	{"mysqladmin", "-p", VFT_STYLE_JOINED},
	{"mysqlcheck", "-p", VFT_STYLE_JOINED},
	{"mysqldump", "-p", VFT_STYLE_JOINED},
	{"mysqlimport", "-p", VFT_STYLE_JOINED},
	{"mysqlsh", "-p", VFT_STYLE_JOINED},
	{"mysqlshow", "-p", VFT_STYLE_JOINED},
	{"nerdctl", NULL, VFT_STYLE_IDS},
	{"nerdctl", NULL, VFT_STYLE_RUNS},
	{"net", "-U", VFT_STYLE_PAIR},
	{"nice", NULL, VFT_STYLE_RUNS},
	{"nmcli", NULL, VFT_STYLE_SETTER},
	{"nohup", NULL, VFT_STYLE_RUNS},
	{"npm", NULL, VFT_STYLE_SETTER},
	{"nsenter", NULL, VFT_STYLE_RUNS},
	{"openssl", "-K", VFT_STYLE_NEXT},
	{"openssl", "-k", VFT_STYLE_NEXT},
	{"ostree", NULL, VFT_STYLE_IDS},
	{"pip", NULL, VFT_STYLE_SETTER},
	{"plink", "-pw", VFT_STYLE_NEXT},
	{"podman", NULL, VFT_STYLE_IDS},
	{"podman", NULL, VFT_STYLE_RUNS},
	{"poetry", NULL, VFT_STYLE_SETTER},
	{"proxychains", NULL, VFT_STYLE_RUNS},
	{"pscp", "-pw", VFT_STYLE_NEXT},
	{"psftp", "-pw", VFT_STYLE_NEXT},
	{"rar", "-hp", VFT_STYLE_JOINED},
	{"rar", "-p", VFT_STYLE_JOINED},
	{"rdesktop", "-p", VFT_STYLE_NEXT},
	{"redis-cli", "-a", VFT_STYLE_NEXT},
	{"rman", NULL, VFT_STYLE_SLASH},
	{"rpcclient", "-U", VFT_STYLE_PAIR},
	{"runc", NULL, VFT_STYLE_IDS},
	{"runuser", NULL, VFT_STYLE_RUNS},
	{"setpriv", NULL, VFT_STYLE_RUNS},
	{"setsid", NULL, VFT_STYLE_RUNS},
	{"skopeo", NULL, VFT_STYLE_IDS},
	{"smbclient", "-U", VFT_STYLE_PAIR},
	{"snmpget", "-A", VFT_STYLE_NEXT},
	{"snmpget", "-X", VFT_STYLE_NEXT},
	{"snmpget", "-c", VFT_STYLE_NEXT},
	{"snmpset", "-A", VFT_STYLE_NEXT},
	{"snmpset", "-X", VFT_STYLE_NEXT},
	{"snmpset", "-c", VFT_STYLE_NEXT},
	{"snmpwalk", "-A", VFT_STYLE_NEXT},
	{"snmpwalk", "-X", VFT_STYLE_NEXT},
	{"snmpwalk", "-c", VFT_STYLE_NEXT},
	{"sqlcmd", "-P", VFT_STYLE_VALUE},
	{"sqlplus", NULL, VFT_STYLE_SLASH},
	{"ssh", NULL, VFT_STYLE_RUNS},
	{"ssh-keygen", "-N", VFT_STYLE_NEXT},
	{"ssh-keygen", "-P", VFT_STYLE_NEXT},
	{"sshpass", "-p", VFT_STYLE_VALUE},
	{"stdbuf", NULL, VFT_STYLE_RUNS},
	{"strace", NULL, VFT_STYLE_RUNS},
	{"su-exec", NULL, VFT_STYLE_RUNS},
	{"sudo", NULL, VFT_STYLE_RUNS},
	{"systemd-run", NULL, VFT_STYLE_RUNS},
	{"taskset", NULL, VFT_STYLE_RUNS},
	{"time", NULL, VFT_STYLE_RUNS},
	{"timeout", NULL, VFT_STYLE_RUNS},
	{"tini", NULL, VFT_STYLE_RUNS},
	{"tsql", "-P", VFT_STYLE_VALUE},
	{"twine", "-p", VFT_STYLE_NEXT},
	{"unrar", "-p", VFT_STYLE_JOINED},
	{"unshare", NULL, VFT_STYLE_RUNS},
	{"unzip", "-P", VFT_STYLE_VALUE},
	{"watch", NULL, VFT_STYLE_RUNS},
	{"wlfreerdp", "/p:", VFT_STYLE_JOINED},
	{"wpa_passphrase", NULL, VFT_STYLE_LAST},
	{"xargs", NULL, VFT_STYLE_RUNS},
	{"xfreerdp", "/p:", VFT_STYLE_JOINED},
	{"zip", "-P", VFT_STYLE_VALUE},
};

#define N_PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static int compare(const char *name, struct vft_span with)
{
	size_t n = strlen(name);
	int r = memcmp(name, with.at, n < with.size ? n : with.size);

	return r ? r : n < with.size ? -1 : n > with.size;
}

const struct vft_program *vft_program_find(struct vft_span name)
{
	size_t from = 0, to = N_PROGRAMS;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (compare(programs[middle].name, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from < N_PROGRAMS && compare(programs[from].name, name) == 0 ? &programs[from]
									    : NULL;
}

static const struct vft_program *next_line(const struct vft_program *program)
{
	const struct vft_program *next = program + 1;

	return next < programs + N_PROGRAMS && strcmp(next->name, program->name) == 0 ? next : NULL;
}

enum vft_style vft_program_find_option(const struct vft_program *program, struct vft_span word,
				       size_t *ret_size)
{
	for (; program; program = next_line(program)) {
		size_t n = program->option ? strlen(program->option) : 0;
		bool is_long = n > 2 && program->option[1] == '-';

		if (!n || word.size < n || memcmp(word.at, program->option, n) != 0)
			continue;
		if (word.size > n &&
		    (program->style == VFT_STYLE_NEXT || (is_long && word.at[n] != '=')))
			continue;
		*ret_size = word.size > n && word.at[n] == '=' ? n + 1 : n;
		return program->style;
	}
	return VFT_STYLE_NONE;
}

bool vft_program_has_style(const struct vft_program *program, enum vft_style style)
{
	for (; program; program = next_line(program))
		if (!program->option && program->style == style)
			return true;
	return false;
}
