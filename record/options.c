/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "format/base/cleanup.h"
#include "format/base/nearest.h"
#include "format/base/parse.h"

#define MIN_RING_BYTES     4096ull
#define MAX_RING_BYTES     (1ull << 30)
#define DEFAULT_RING_BYTES (16ull << 20)
#define DEFAULT_LEVEL      3
#define MAX_PID            4194304u /* PID_MAX_LIMIT of a 64-bit kernel */

enum {
	OPT_FORCE = 256,
	OPT_RING_SIZE,
	OPT_LEVEL,
	OPT_ARGS,
	OPT_REDACT_RULES,
	OPT_NOTE,
	OPT_THREADS,
	OPT_VFORK_ONLY,
	OPT_FAILURES,
	OPT_DROP_TO,
	OPT_CHECK,
	OPT_JSON,
	OPT_NOW,
	OPT_STALL,
	OPT_EXIT_CODE,
};

static const struct option long_options[] = {
	{"output", required_argument, NULL, 'o'},
	{"duration", required_argument, NULL, 'd'},
	{"all", no_argument, NULL, 'a'},
	{"pid", required_argument, NULL, 'p'},
	{"quiet", no_argument, NULL, 'q'},
	{"force", no_argument, NULL, OPT_FORCE},
	{"ring-size", required_argument, NULL, OPT_RING_SIZE},
	{"level", required_argument, NULL, OPT_LEVEL},
	{"args", required_argument, NULL, OPT_ARGS},
	{"note", required_argument, NULL, OPT_NOTE},
	{"redact-rules", required_argument, NULL, OPT_REDACT_RULES},
	{"threads", no_argument, NULL, OPT_THREADS},
	{"vfork-only", no_argument, NULL, OPT_VFORK_ONLY},
	{"failures", no_argument, NULL, OPT_FAILURES},
	{"drop-to", required_argument, NULL, OPT_DROP_TO},
	{"check", no_argument, NULL, OPT_CHECK},
	{"json", no_argument, NULL, OPT_JSON},
	{"now", no_argument, NULL, OPT_NOW},
	{"stall", required_argument, NULL, OPT_STALL},
	{"exit-code", no_argument, NULL, OPT_EXIT_CODE},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"Records which process spawned which, and which vfork holds its parent.\n"
	"\n"
	"  vfork-record -d 30s                   the whole system for 30 seconds\n"
	"  vfork-record -o build.vft -- make     a command and its descendants\n"
	"  vfork-record -p 1234 -o hang.vft      a process and what it spawns\n"
	"  vfork-record -o - | vfork-report -    without a file\n"
	"  vfork-record --now                    who is stuck right now, and why\n"
	"\n"
	"Usage: vfork-record [OPTIONS] [-o FILE] [-- CMD ARG...]\n"
	"\n"
	"  -o, --output FILE     default vfork-HOST-TIME.vft; - streams to stdout\n"
	"  -d, --duration DUR    stop after DUR: 5 (seconds), 250ms, 10s, 5m, 1h30m\n"
	"  -p, --pid PID[,PID]   these processes and their descendants, until all ended\n"
	"  -a, --all             with CMD: the whole system, not just CMD's tree\n"
	"      --vfork-only      only vfork episodes and what belongs to them\n"
	"      --threads         also thread creation and exit\n"
	"      --failures        also failed exec, vfork, fork and clone; see the manual\n"
	"      --args WHAT       command lines: none, argv0, redacted (default) or full\n"
	"      --redact-rules FILE  what else to take out of them\n"
	"      --note KEY=VALUE  kept in FILE, and shown by info and summary; repeatable\n"
	"      --force           replace FILE if it exists\n"
	"      --ring-size SIZE  buffer between kernel and recorder, default 16M\n"
	"      --level N         zstd level 1..19, default 3\n"
	"      --drop-to USER    whom to become once recording is on, default nobody\n"
	"      --check [--json]  what this kernel and these permissions allow\n"
	"      --stall DUR       say why a vfork lasts past DUR, 2*DUR, ...; default 1s, 0: off\n"
	"      --now [--json]    who is held by vfork at this moment, and why\n"
	"      --exit-code       with --now: status 1 if somebody is\n"
	"  -q, --quiet           no status line and no summary\n"
	"  -h, --help            this page\n"
	"  -V, --version         the version\n"
	"\n"
	"FILE holds command lines and paths of all recorded processes. Passwords, tokens\n"
	"and keys are taken out as far as they look like ones: look before you share it.\n"
	"Needs root, or CAP_BPF and CAP_PERFMON, and Linux 5.11 or newer with BTF.\n";

const char *rec_args_name(enum rec_args args)
{
	switch (args) {
	case REC_ARGS_NONE:
		return "none";
	case REC_ARGS_ARGV0:
		return "argv0";
	case REC_ARGS_REDACTED:
		return "redacted";
	case REC_ARGS_FULL:
		return "full";
	}
	return NULL;
}

static int bad_value(const char *option, const char *value, const char *want)
{
	fprintf(stderr, "vfork-record: %s '%s' is not %s; see 'vfork-record --help'\n", option,
		value, want);
	return -EINVAL;
}

static int add_pid(const char *word, struct rec_options *ret)
{
	uint64_t pid;

	if (vft_parse_u64(word, 1, MAX_PID, &pid))
		return bad_value("--pid", word, "a process id from 1 to 4194304");
	for (size_t i = 0; i < ret->n_pids; i++)
		if (ret->pids[i] == (pid_t)pid)
			return 0;
	if (ret->n_pids == REC_MAX_PIDS) {
		fprintf(stderr,
			"vfork-record: more than %d --pid; record the whole system instead\n",
			REC_MAX_PIDS);
		return -EINVAL;
	}
	ret->pids[ret->n_pids++] = (pid_t)pid;
	return 0;
}

/* "1,2", or what pidof prints: "1 2". */
static int parse_pids(const char *value, struct rec_options *ret)
{
	char *words VFT_AUTO_FREE = strdup(value), *rest = NULL, *word;
	int r = 0;

	if (!words)
		return bad_value("--pid", value, "to be had: out of memory");
	word = strtok_r(words, ", \n", &rest);
	if (!word) {
		fprintf(stderr, "vfork-record: --pid names no process; is it running?\n");
		return -EINVAL;
	}
	for (; !r && word; word = strtok_r(NULL, ", \n", &rest))
		r = add_pid(word, ret);
	return r;
}

/* The kernel takes powers of two pages only. */
static int parse_ring_size(const char *value, struct rec_options *ret)
{
	uint64_t bytes, rounded = MIN_RING_BYTES;

	if (vft_parse_size(value, &bytes) || bytes < MIN_RING_BYTES || bytes > MAX_RING_BYTES)
		return bad_value("--ring-size", value, "a size from 4K to 1G");
	while (rounded < bytes)
		rounded *= 2;
	if (rounded < (uint64_t)sysconf(_SC_PAGESIZE))
		rounded = (uint64_t)sysconf(_SC_PAGESIZE);
	ret->ring_bytes = rounded;
	return 0;
}

static int parse_level(const char *value, struct rec_options *ret)
{
	uint64_t level;

	if (vft_parse_u64(value, 1, 19, &level))
		return bad_value("--level", value, "a zstd level from 1 to 19");
	ret->level = (int)level;
	return 0;
}

static int parse_args(const char *value, struct rec_options *ret)
{
	static const enum rec_args all[] = {REC_ARGS_NONE, REC_ARGS_ARGV0, REC_ARGS_REDACTED,
					    REC_ARGS_FULL};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(value, rec_args_name(all[i])) == 0) {
			ret->args = all[i];
			return 0;
		}
	}
	return bad_value("--args", value, "none, argv0, redacted or full");
}

static int parse_note(const char *value, struct rec_options *ret)
{
	size_t n = 0;

	if (!strchr(value, '=') || *value == '=')
		return bad_value("--note", value, "KEY=VALUE");
	while (ret->notes[n])
		n++;
	if (n == REC_MAX_NOTES) {
		fprintf(stderr, "vfork-record: more than %d --note; put them into one\n",
			REC_MAX_NOTES);
		return -EINVAL;
	}
	ret->notes[n] = value;
	return 0;
}

static int parse_duration(const char *value, struct rec_options *ret)
{
	int r = vft_parse_duration(value, &ret->duration_ns);

	if (r == -ERANGE)
		return bad_value("--duration", value, "a duration up to 200000d");
	if (r)
		return bad_value("--duration", value, "a duration such as 250ms, 10s, 5m or 1h30m");
	if (!ret->duration_ns)
		return bad_value("--duration", value,
				 "longer than 0; leave it out to record "
				 "until Ctrl-C");
	return 0;
}

static int parse_stall(const char *value, struct rec_options *ret)
{
	if (vft_parse_duration(value, &ret->stall_ns))
		return bad_value("--stall", value, "a duration such as 500ms or 5s; 0 is off");
	return 0;
}

static int parse_one(int option, struct rec_options *ret)
{
	switch (option) {
	case 'o':
		ret->output = optarg;
		return 0;
	case 'd':
		return parse_duration(optarg, ret);
	case 'p':
		return parse_pids(optarg, ret);
	case 'a':
		ret->all = true;
		return 0;
	case 'q':
		ret->quiet = true;
		return 0;
	case OPT_FORCE:
		ret->force = true;
		return 0;
	case OPT_RING_SIZE:
		return parse_ring_size(optarg, ret);
	case OPT_LEVEL:
		return parse_level(optarg, ret);
	case OPT_ARGS:
		return parse_args(optarg, ret);
	case OPT_NOTE:
		return parse_note(optarg, ret);
	case OPT_REDACT_RULES:
		ret->redact_rules = optarg;
		return 0;
	case OPT_THREADS:
		ret->threads = true;
		return 0;
	case OPT_VFORK_ONLY:
		ret->vfork_only = true;
		return 0;
	case OPT_FAILURES:
		ret->failures = true;
		return 0;
	case OPT_DROP_TO:
		ret->drop_to = optarg;
		return 0;
	case OPT_CHECK:
		ret->check = true;
		return 0;
	case OPT_JSON:
		ret->json = true;
		return 0;
	case OPT_STALL:
		return parse_stall(optarg, ret);
	case OPT_NOW:
		ret->now = true;
		return 0;
	case OPT_EXIT_CODE:
		ret->exit_code = true;
		return 0;
	default:
		return -EINVAL;
	}
}

/* A long option with a wrong name: the one that was meant, if one is near. */
static int unknown_option(const char *word)
{
	struct vft_nearest nearest = {0};
	size_t length = strcspn(word, "=");
	char *name VFT_AUTO_FREE = strndup(word + 2, length - 2);

	for (const struct option *option = long_options; name && option->name; option++)
		vft_nearest_offer(&nearest, name, option->name);
	fprintf(stderr, "vfork-record: there is no option '%.*s'; %s%s%s\n", (int)length, word,
		nearest.name ? "did you mean --" : "see 'vfork-record --help'",
		nearest.name ? nearest.name : "", nearest.name ? "?" : "");
	return -EINVAL;
}

/* @word is one that getopt knows: it has a value and takes none, or it stands for several. */
static bool is_known(const char *word)
{
	size_t length = strcspn(word, "=") - 2;

	for (const struct option *option = long_options; option->name; option++)
		if (strncmp(word + 2, option->name, length) == 0)
			return true;
	return false;
}

static int bad_option(int option, char **argv)
{
	/* optopt names a short option; a long one stands before optind. */
	const char *word = argv[optind - 1];

	if (option == ':')
		fprintf(stderr,
			"vfork-record: option '%s' needs a value; see 'vfork-record --help'\n",
			word);
	else if (optopt && optopt < 256 && strncmp(word, "--", 2) != 0)
		fprintf(stderr,
			"vfork-record: there is no option '-%c'; see 'vfork-record --help'\n",
			optopt);
	else if (!is_known(word))
		return unknown_option(word);
	else
		fprintf(stderr,
			"vfork-record: option '%s' is ambiguous or takes no value; see "
			"'vfork-record --help'\n",
			word);
	return -EINVAL;
}

static int say(const char *text)
{
	if (fputs(text, stdout) < 0 || fflush(stdout)) {
		fprintf(stderr, "vfork-record: cannot write to stdout: %s\n", strerror(errno));
		return -EINVAL;
	}
	return 1;
}

static int check_now(const struct rec_options *options)
{
	const char *other = options->command       ? "a command"
			    : options->output      ? "--output"
			    : options->check       ? "--check"
			    : options->duration_ns ? "--duration"
						   : NULL;

	if (options->exit_code && !options->now) {
		fprintf(stderr, "vfork-record: --exit-code belongs to --now; what a recording "
				"holds, vfork-report --exit-code says\n");
		return -EINVAL;
	}
	if (!options->now || !other)
		return 0;
	fprintf(stderr,
		"vfork-record: --now looks once and records nothing; leave %s out, or --now\n",
		other);
	return -EINVAL;
}

static int check_together(const struct rec_options *options)
{
	if (options->command && options->n_pids) {
		fprintf(stderr,
			"vfork-record: --pid and a command exclude each other; leave one out\n");
		return -EINVAL;
	}
	if (options->all && options->n_pids) {
		fprintf(stderr,
			"vfork-record: --all and --pid exclude each other; leave one out\n");
		return -EINVAL;
	}
	if (options->check && (options->command || options->n_pids || options->output)) {
		fprintf(stderr, "vfork-record: --check records nothing; leave the command, --pid "
				"and --output out\n");
		return -EINVAL;
	}
	if (options->json && !options->check && !options->now) {
		fprintf(stderr, "vfork-record: --json belongs to --check or --now; what a "
				"recording says, vfork-report prints as JSON\n");
		return -EINVAL;
	}
	if (options->redact_rules && options->args == REC_ARGS_FULL) {
		fprintf(stderr, "vfork-record: --redact-rules has no use with --args full; leave "
				"one out\n");
		return -EINVAL;
	}
	if (options->output && !*options->output) {
		fprintf(stderr, "vfork-record: --output needs a file name\n");
		return -EINVAL;
	}
	return 0;
}

/* Words where options should be. */
static int bad_word(const char *word)
{
	size_t length = strlen(word);

	if (length > 4 && strcmp(word + length - 4, ".vft") == 0)
		fprintf(stderr,
			"vfork-record: unexpected '%s'; a file to write is named with -o %s\n",
			word, word);
	else
		fprintf(stderr,
			"vfork-record: unexpected '%s'; a command to run goes after '--': "
			"vfork-record -- %s\n",
			word, word);
	return -EINVAL;
}

static bool is_number(const char *word)
{
	return *word && !word[strspn(word, "0123456789")];
}

/* Behind @last, the option that came last: what "-p $(pidof x)" becomes when x runs twice. */
static int parse_more_pids(int argc, char **argv, int last, struct rec_options *ret)
{
	int r = 0;

	while (!r && last == 'p' && optind < argc && is_number(argv[optind]))
		r = add_pid(argv[optind++], ret);
	return r;
}

/* 0 with the options done, 1 when they have been printed, or -EINVAL. */
static int parse_options(int argc, char **argv, struct rec_options *ret)
{
	int last = 0, option, r;

	while ((option = getopt_long(argc, argv, "+:o:d:p:aqhV", long_options, NULL)) != -1) {
		if (option == 'h')
			return say(help);
		if (option == 'V')
			return say("vfork-record " VFT_TOOL_VERSION "\n");
		if (option == '?' || option == ':')
			return bad_option(option, argv);
		r = parse_one(option, ret);
		if (!r)
			r = parse_more_pids(argc, argv, option, ret);
		if (r)
			return r;
		last = optind; /* what lies before it is no "--" of ours */
	}
	if (optind == last || strcmp(argv[optind - 1], "--") != 0)
		return optind < argc ? bad_word(argv[optind]) : 0;
	if (optind == argc) {
		fprintf(stderr, "vfork-record: no command after '--'; name one, or leave '--' "
				"out to record the whole system\n");
		return -EINVAL;
	}
	ret->command = argv + optind;
	return 0;
}

int rec_options_parse(int argc, char **argv, struct rec_options *ret)
{
	int r;

	*ret = (struct rec_options){.stall_ns = REC_DEFAULT_STALL_NS,
				    .ring_bytes = DEFAULT_RING_BYTES,
				    .level = DEFAULT_LEVEL,
				    .args = REC_ARGS_REDACTED};
	opterr = 0;
	if (argc > 1 && strcmp(argv[1], "help") == 0)
		return say(help);
	r = parse_options(argc, argv, ret);
	if (!r)
		r = check_together(ret);
	return r ? r : check_now(ret);
}
