/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/describe.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "record/base/clock.h"

static struct vft_str text(const char *string)
{
	return (struct vft_str){string, (uint32_t)strlen(string)};
}

static void append(char *buffer, size_t size, const char *format, ...) VFT_PRINTF(3, 4);

static void append(char *buffer, size_t size, const char *format, ...)
{
	size_t used = strlen(buffer);
	va_list args;

	va_start(args, format);
	vsnprintf(buffer + used, size - used, format, args); /* a cut text is still one */
	va_end(args);
}

static void read_boot_id(char *buffer, size_t size)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	buffer[0] = '\0';
	if (!file)
		return;
	if (fgets(buffer, (int)size, file))
		buffer[strcspn(buffer, "\n")] = '\0';
	fclose(file);
}

static void describe_options(const struct rec_options *options, char *buffer, size_t size)
{
	buffer[0] = '\0';
	append(buffer, size, "--args %s --ring-size %" PRIu64 " --level %d",
	       rec_args_name(options->args), options->ring_bytes, options->level);
	if (options->threads)
		append(buffer, size, " --threads");
	if (options->vfork_only)
		append(buffer, size, " --vfork-only");
	if (options->failures)
		append(buffer, size, " --failures");
	if (options->all)
		append(buffer, size, " --all");
	if (options->drop_to)
		append(buffer, size, " --drop-to %s", options->drop_to);
	if (options->duration_ns)
		append(buffer, size, " --duration %" PRIu64 "ns", options->duration_ns);
	if (options->stall_ns != REC_DEFAULT_STALL_NS)
		append(buffer, size, " --stall %" PRIu64 "ns", options->stall_ns);
	for (size_t i = 0; i < options->n_pids; i++)
		append(buffer, size, " --pid %d", (int)options->pids[i]);
}

static void describe_filters(const struct rec_options *options, bool filtered, char *buffer,
			     size_t size)
{
	buffer[0] = '\0';
	if (filtered && options->command)
		append(buffer, size, "only the command and its descendants");
	for (size_t i = 0; i < options->n_pids; i++)
		append(buffer, size, "%s%d",
		       i ? ", " : "only these processes and their descendants: ",
		       (int)options->pids[i]);
	if (options->vfork_only)
		append(buffer, size, "%sonly vfork episodes", buffer[0] ? "; " : "");
}

/* The words of @argv, each with its NUL, as far as there is room, without their secrets. */
static int join_words(const char *const *argv, enum rec_args args, struct rec_redact *redact,
		      char **ret_bytes, struct vft_str *ret)
{
	char *bytes = malloc(REC_ARGV_MAX);
	struct vft_str words = {bytes, 0}, kept;
	int r = 0;

	if (!bytes)
		return -ENOMEM;
	for (size_t i = 0; argv[i] && words.size < REC_ARGV_MAX; i++) {
		size_t n = strlen(argv[i]) + 1, left = REC_ARGV_MAX - words.size;

		if (n > left)
			n = left;
		memcpy(bytes + words.size, argv[i], n);
		words.size += (uint32_t)n;
	}
	words = kept = rec_translate_argv(words, args);
	if (redact)
		r = rec_redact_argv(redact, words, &kept);
	if (r == 0 && kept.data != words.data) {
		free(bytes);
		bytes = malloc(kept.size);
		if (!bytes)
			return -ENOMEM;
		memcpy(bytes, kept.data, kept.size);
	}
	*ret_bytes = bytes;
	*ret = (struct vft_str){bytes, kept.size};
	return r;
}

/* The command line is subject to --args like every other. */
static int describe_command(const struct rec_options *options, struct rec_redact *redact,
			    struct rec_description *ret)
{
	if (!options->command || options->args == REC_ARGS_NONE)
		return 0;
	return join_words((const char *const *)options->command, options->args, redact,
			  &ret->command, &ret->meta.command);
}

static int describe_notes(const struct rec_options *options, struct rec_redact *redact,
			  struct rec_description *ret)
{
	if (!options->notes[0])
		return 0;
	return join_words(options->notes, REC_ARGS_FULL, redact, &ret->notes, &ret->meta.notes);
}

/* vfork-HOST-YYYYMMDDTHHMMSSZ.vft, with nothing of the host's name that a path could trip over. */
void rec_describe_name(struct rec_description *ret, unsigned int n)
{
	time_t now = time(NULL);
	char host[65], stamp[32], number[16] = "";
	struct tm utc;
	size_t i;

	for (i = 0; i < sizeof(host) - 1 && ret->uname.nodename[i]; i++) {
		unsigned char c = (unsigned char)ret->uname.nodename[i];

		host[i] = isalnum(c) || c == '-' || (c == '.' && i) ? (char)c : '_';
	}
	host[i] = '\0';
	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	if (n > 1)
		snprintf(number, sizeof(number), "-%u", n);
	snprintf(ret->output, sizeof(ret->output), "vfork-%s-%s%s.vft", host, stamp, number);
}

int rec_describe(const struct rec_options *options, bool filtered, struct rec_redact *redact,
		 struct rec_description *ret)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	if (uname(&ret->uname))
		return -errno;
	read_boot_id(ret->boot_id, sizeof(ret->boot_id));
	describe_options(options, ret->options, sizeof(ret->options));
	describe_filters(options, filtered, ret->filters, sizeof(ret->filters));
	ret->meta.tool = text("vfork-record " VFT_TOOL_VERSION);
	ret->meta.kernel = text(ret->uname.release);
	ret->meta.arch = text(ret->uname.machine);
	ret->meta.hostname = text(ret->uname.nodename);
	ret->meta.boot_id = text(ret->boot_id);
	ret->meta.options = text(ret->options);
	ret->meta.filters = text(ret->filters);
	ret->meta.redaction = text(rec_args_name(options->args));
	ret->meta.n_cpus = (uint64_t)sysconf(_SC_NPROCESSORS_CONF);
	ret->meta.argv_limit = options->args == REC_ARGS_NONE ? 0 : REC_ARGV_MAX;
	ret->meta.ring_size = options->ring_bytes;
	ret->meta.has = VFT_HAS_RELEASE | (options->threads ? VFT_HAS_THREADS : 0) |
			(options->args != REC_ARGS_NONE ? VFT_HAS_ARGV : 0) |
			(options->vfork_only ? VFT_HAS_VFORK_ONLY : 0) |
			(options->failures ? VFT_HAS_EXEC_FAIL | VFT_HAS_SPAWN_FAIL : 0) |
			(filtered ? VFT_HAS_FILTER : 0);
	ret->meta.start_ns = rec_clock_now();
	r = describe_command(options, redact, ret);
	return r ? r : describe_notes(options, redact, ret);
}

void rec_describe_release(struct rec_description *description)
{
	free(description->command);
	free(description->notes);
}
