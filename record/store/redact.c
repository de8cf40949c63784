/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/store/redact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/buffer.h"
#include "format/base/cleanup.h"
#include "format/redact/redact.h"

#define MAX_STRINGS 6u /* of one kind of event */

struct rec_redact {
	struct vft_redact *rules;
	struct vft_event event;
	struct vft_str strings[MAX_STRINGS];
	struct vft_buffer bytes[MAX_STRINGS];
};

static int read_rules(struct vft_redact *rules, const char *path, struct vft_err *err)
{
	char *line VFT_AUTO_FREE = NULL;
	FILE *file = fopen(path, "re");
	struct vft_err why = {0};
	unsigned int n = 0;
	size_t size = 0;
	int r = 0, code;

	if (!file)
		return vft_fail(err, -errno, 0, "--redact-rules %s: %s; check its name", path,
				strerror(errno));
	while (!r && getline(&line, &size, file) >= 0) {
		n++;
		r = vft_redact_add_rule(rules, line, &why);
	}
	code = ferror(file) ? errno : 0;
	if (r == -EINVAL)
		vft_fail(err, r, 0, "--redact-rules %s, line %u: %s", path, n, why.message);
	else if (r || code)
		r = vft_fail(err, r ? r : -code, 0, "--redact-rules %s: %s; give a file of rules",
			     path, strerror(r ? -r : code));
	fclose(file);
	return r;
}

int rec_redact_new(const char *rules_path, struct rec_redact **ret, struct vft_err *err)
{
	struct rec_redact *redact = calloc(1, sizeof(*redact));
	int r;

	if (!redact)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	r = vft_redact_new(&redact->rules);
	if (r)
		vft_fail(err, r, 0, "cannot redact: %s", strerror(-r));
	else if (rules_path)
		r = read_rules(redact->rules, rules_path, err);
	if (r) {
		rec_redact_free(redact);
		return r;
	}
	*ret = redact;
	return 0;
}

/* Most names have nothing that a secret would stand behind. */
static bool is_plain(const struct vft_str *name)
{
	return !memchr(name->data, ':', name->size) && !memchr(name->data, '=', name->size);
}

static int redact_string(struct rec_redact *redact, unsigned int column, const struct vft_str *from,
			 struct vft_str *ret)
{
	*ret = *from;
	switch (column) {
	case VFT_COL_ARGV:
		return vft_redact_argv(redact->rules, *from, ret);
	case VFT_COL_COMM:
	case VFT_COL_SENDER_COMM:
		return is_plain(from) ? 0 : vft_redact_path(redact->rules, *from, ret);
	default:
		return vft_redact_path(redact->rules, *from, ret);
	}
}

/* The event with @str in place of the string that @field says; the @n-th that is replaced. */
static int replace(struct rec_redact *redact, const struct vft_field *field, struct vft_str str,
		   unsigned int n)
{
	void *member = (char *)&redact->event + field->offset;
	int r;

	redact->bytes[n].size = 0;
	r = vft_buffer_append_bytes(&redact->bytes[n], str.data, str.size);
	if (r)
		return r;
	redact->strings[n] = (struct vft_str){(const char *)redact->bytes[n].data, str.size};
	*(const struct vft_str **)member = &redact->strings[n];
	return 0;
}

/* "Cut" is told by the difference of the two sizes, so that it must not change. */
static void keep_cut(struct vft_event *event, uint32_t before, uint32_t after)
{
	uint32_t *size =
		event->kind == VFT_KIND_EXEC ? &event->exec.argv_size : &event->snapshot.argv_size;

	*size = *size - before + after;
}

int rec_redact_event(struct rec_redact *redact, const struct vft_event *event,
		     const struct vft_event **ret)
{
	size_t n_fields;
	const struct vft_field *fields = vft_event_fields(event->kind, &n_fields);
	unsigned int n = 0;

	*ret = event;
	if (event->kind == VFT_KIND_CGROUP)
		return 0;
	for (size_t i = 0; i < n_fields; i++) {
		const void *member = (const char *)event + fields[i].offset;
		const struct vft_str *from;
		struct vft_str to;
		int r;

		if (fields[i].type != VFT_TYPE_STR)
			continue;
		from = *(const struct vft_str *const *)member;
		if (!from || !from->size)
			continue;
		r = redact_string(redact, fields[i].column, from, &to);
		if (r)
			return r;
		if (to.data == from->data)
			continue;
		if (!n)
			redact->event = *event;
		r = replace(redact, &fields[i], to, n++);
		if (r)
			return r;
		if (fields[i].column == VFT_COL_ARGV)
			keep_cut(&redact->event, from->size, to.size);
		*ret = &redact->event;
	}
	return 0;
}

int rec_redact_argv(struct rec_redact *redact, struct vft_str argv, struct vft_str *ret)
{
	return vft_redact_argv(redact->rules, argv, ret);
}

const uint64_t *rec_redact_get_counts(const struct rec_redact *redact)
{
	return vft_redact_get_counts(redact->rules);
}

void rec_redact_free(struct rec_redact *redact)
{
	if (!redact)
		return;
	vft_redact_free(redact->rules);
	for (size_t i = 0; i < MAX_STRINGS; i++)
		vft_buffer_release(&redact->bytes[i]);
	free(redact);
}
