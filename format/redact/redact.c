/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/redact/redact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "format/redact/scan.h"

static void match_all(struct scan *s, const regex_t *regex, const char *word, size_t at)
{
	regmatch_t match;
	size_t from = 0;

	while (regexec(regex, word + from, 1, &match, from ? REG_NOTBOL : 0) == 0) {
		size_t end = from + (size_t)match.rm_eo;

		vft_scan_remove(s, at + from + (size_t)match.rm_so, at + end, VFT_REMOVED_RULE);
		if (match.rm_eo == 0)
			return;
		from = end;
	}
}

/* The first expression that matches an argument removes what it matches. */
static void scan_regexes(struct scan *s)
{
	const struct vft_rules *rules = &s->redact->rules;

	for (size_t at = 0; at < s->size && !s->error;) {
		size_t n = strnlen((const char *)s->text + at, s->size - at), copied = s->copied;
		char *word = strndup((const char *)s->text + at, n);

		if (!word)
			s->error = -ENOMEM;
		for (size_t i = 0; word && i < rules->n_regexes && s->copied == copied; i++)
			match_all(s, &rules->regexes[i], word, at);
		free(word);
		at += n + 1;
	}
}

static int finish(struct scan *s, struct vft_str *ret)
{
	struct vft_buffer *out = &s->redact->out;

	if (!s->error && s->is_changed)
		s->error = vft_buffer_append_bytes(out, s->text + s->copied, s->size - s->copied);
	if (s->error)
		return s->error;
	*ret = s->is_changed ? (struct vft_str){(const char *)out->data, (uint32_t)out->size}
			     : (struct vft_str){(const char *)s->text, (uint32_t)s->size};
	return 0;
}

/* What a regular expression removed cannot be looked at with the rest: another walk does that. */
static int redact_string(struct vft_redact *redact, struct vft_str text, bool is_path,
			 struct vft_str *ret)
{
	struct scan s = {.redact = redact,
			 .text = (const uint8_t *)text.data,
			 .size = text.size,
			 .is_path = is_path};
	struct vft_str kept = text;
	uint8_t *copy = NULL;
	int r = 0;

	redact->out.size = 0;
	if (redact->rules.n_regexes) {
		scan_regexes(&s);
		r = finish(&s, &kept);
		if (r)
			return r;
	}
	if (s.is_changed) {
		copy = malloc(kept.size ? kept.size : 1);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, kept.data, kept.size);
		redact->out.size = 0;
		s = (struct scan){
			.redact = redact, .text = copy, .size = kept.size, .is_path = is_path};
		/* The result is what is in the buffer, also if nothing more is found. */
		s.is_changed = true;
	}
	vft_scan_words(&s);
	r = finish(&s, ret);
	free(copy);
	return r;
}

int vft_redact_argv(struct vft_redact *redact, struct vft_str argv, struct vft_str *ret)
{
	return redact_string(redact, argv, false, ret);
}

int vft_redact_path(struct vft_redact *redact, struct vft_str path, struct vft_str *ret)
{
	return redact_string(redact, path, true, ret);
}

int vft_redact_add_rule(struct vft_redact *redact, const char *line, struct vft_err *err)
{
	return vft_rules_add(&redact->rules, line, err);
}

const uint64_t *vft_redact_get_counts(const struct vft_redact *redact)
{
	return redact->counts;
}

int vft_redact_new(struct vft_redact **ret)
{
	struct vft_redact *redact = calloc(1, sizeof(*redact));

	if (!redact)
		return -ENOMEM;
	if (getrandom(redact->key, sizeof(redact->key), 0) != sizeof(redact->key)) {
		free(redact);
		return -EIO;
	}
	*ret = redact;
	return 0;
}

void vft_redact_free(struct vft_redact *redact)
{
	if (!redact)
		return;
	vft_rules_release(&redact->rules);
	vft_buffer_release(&redact->out);
	explicit_bzero(redact, sizeof(*redact));
	free(redact);
}
