/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/start/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "record/base/exit.h"
#include "record/kernel/fact.h"
#include "record/kernel/examiner.h"
#include "record/kernel/session.h"

#define SCHEMA_VERSION 1

/* The privileges, the hooks, what explains stalls, and giving the privileges up. */
#define MAX_FACTS (REC_N_PRIVILEGES + REC_N_HOOKS + REC_N_EXAMINER_FACTS + 1)

struct report {
	struct utsname kernel;
	struct rec_fact facts[MAX_FACTS];
	size_t n_facts;
	uid_t uid; /* before it is given up */
	bool possible;
};

/* ---- finding out ---- */

static bool has_all(const struct rec_fact *facts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (facts[i].required && facts[i].state == REC_FACT_MISSING)
			return false;
	return true;
}

static int is_usable(void *context)
{
	return rec_session_is_usable(context);
}

/* All hooks at once, then what follows them: as a recording does it. */
static int try_drop(const struct rec_user *user, struct vft_err *err)
{
	struct rec_session_config config = {.ring_bytes = 1u << 20};
	struct rec_session *session;
	int r = rec_session_open(&config, &session, err);

	if (r)
		return r;
	r = rec_session_attach(session, err);
	if (!r)
		r = rec_privileges_drop(user, is_usable, session, err);
	rec_session_close(session);
	return r;
}

static void list_drop(const struct rec_user *user, bool try, struct rec_fact *ret)
{
	struct vft_err err = {0};
	int r = try ? try_drop(user, &err) : 0;

	*ret = (struct rec_fact){.name = "drop privileges", .required = true};
	if (r < 0) {
		ret->state = REC_FACT_MISSING;
		ret->code = r;
		ret->advice = "see what is missing above, or name another user with --drop-to";
		snprintf(ret->detail, sizeof(ret->detail), "%s", err.message);
		return;
	}
	if (!try)
		ret->state = REC_FACT_UNTRIED;
	snprintf(ret->detail, sizeof(ret->detail), "%s %s %s",
		 try ? "a recording goes on as" : "not tried; a recording would go on as",
		 user->name, r ? "with CAP_BPF alone" : "without capabilities");
}

static void find_out(const struct rec_user *user, struct report *ret)
{
	struct vft_err err;
	bool allowed;

	memset(ret, 0, sizeof(*ret));
	ret->uid = geteuid();
	(void)uname(&ret->kernel); /* cannot fail with a good pointer */
	rec_privileges_list(ret->facts);
	ret->n_facts = REC_N_PRIVILEGES;
	allowed = has_all(ret->facts, ret->n_facts);
	if (rec_session_list_hooks(allowed, &ret->facts[ret->n_facts], &err) == 0) {
		ret->n_facts += REC_N_HOOKS;
		allowed = allowed && has_all(ret->facts, ret->n_facts);
		if (rec_examiner_list(allowed, &ret->facts[ret->n_facts], &err) == 0)
			ret->n_facts += REC_N_EXAMINER_FACTS;
		list_drop(user, allowed, &ret->facts[ret->n_facts++]);
	} else {
		allowed = false; /* BTF is listed as missing, or it is there and cannot be read */
	}
	ret->possible = allowed && has_all(ret->facts, ret->n_facts);
}

/* ---- saying it ---- */

static const char *state_name(const struct rec_fact *fact)
{
	switch (fact->state) {
	case REC_FACT_OK:
		return "ok";
	case REC_FACT_MISSING:
		return "missing";
	case REC_FACT_UNTRIED:
		return "untried";
	}
	return NULL;
}

static void print_text(const struct report *report)
{
	printf("%-20s %-8s %s %s\n", "kernel", "ok", report->kernel.release,
	       report->kernel.machine);
	for (size_t i = 0; i < report->n_facts; i++) {
		const struct rec_fact *fact = &report->facts[i];

		printf("%-20s %-8s %s%s%s%s\n", fact->name, state_name(fact), fact->detail,
		       fact->required ? "" : " (optional)", fact->advice ? "; " : "",
		       fact->advice ? fact->advice : "");
	}
	puts(report->possible ? "Recording is possible."
			      : "Recording is not possible: see what is missing.");
}

/* Our own words and those of the kernel about itself; a user's name could be anything. */
static void print_string(const char *text)
{
	putchar('"');
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < 0x20 || *c >= 0x7f)
			printf("\\u%04x", *c);
		else
			putchar(*c);
	}
	putchar('"');
}

static void print_member(const char *name, const char *value)
{
	printf(", \"%s\": ", name);
	if (value)
		print_string(value);
	else
		fputs("null", stdout);
}

static void print_fact_json(const struct rec_fact *fact)
{
	fputs("{\"name\": ", stdout);
	print_string(fact->name);
	printf(", \"ok\": %s, \"required\": %s",
	       fact->state == REC_FACT_UNTRIED ? "null"
	       : fact->state == REC_FACT_OK    ? "true"
					       : "false",
	       fact->required ? "true" : "false");
	print_member("state", state_name(fact));
	print_member("detail", fact->detail);
	print_member("advice", fact->advice);
	putchar('}');
}

static void print_json(const struct report *report)
{
	printf("{\"schema_version\": %d, \"command\": \"check\", \"ok\": %s", SCHEMA_VERSION,
	       report->possible ? "true" : "false");
	print_member("tool", "vfork-record " VFT_TOOL_VERSION);
	print_member("kernel", report->kernel.release);
	print_member("arch", report->kernel.machine);
	printf(", \"uid\": %u, \"checks\": [", (unsigned int)report->uid);
	for (size_t i = 0; i < report->n_facts; i++) {
		fputs(i ? ",\n  " : "\n  ", stdout);
		print_fact_json(&report->facts[i]);
	}
	puts("]}");
}

int rec_check(const struct rec_user *user, bool json)
{
	struct report report;

	find_out(user, &report);
	if (json)
		print_json(&report);
	else
		print_text(&report);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "vfork-record: cannot write to stdout: %s\n", strerror(errno));
		return REC_EXIT_USAGE;
	}
	return report.possible ? REC_EXIT_OK : REC_EXIT_FORBIDDEN;
}
