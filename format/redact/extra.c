/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/redact/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/cleanup.h"

#define MIN_PREFIX 3u /* fewer bytes begin too much */

/* Room for one more of @size bytes in *list, which has @n. */
static int grow(void *list, size_t n, size_t size)
{
	void *old, *more;

	memcpy(&old, list, sizeof(old));
	more = reallocarray(old, n + 1, size);
	if (!more)
		return -ENOMEM;
	memcpy(list, &more, sizeof(more));
	return 0;
}

static int add_text(char ***list, size_t *n, const char *text)
{
	int r = grow(list, *n, sizeof(**list));

	if (r)
		return r;
	(*list)[*n] = strdup(text);
	if (!(*list)[*n])
		return -ENOMEM;
	(*n)++;
	return 0;
}

static int add_option(struct vft_rules *rules, const char *text, struct vft_err *err)
{
	char *program = NULL, *option = NULL;
	int r;

	if (sscanf(text, "%ms %ms", &program, &option) != 2) {
		free(program);
		return vft_fail(err, -EINVAL, 0,
				"'option' wants a program and its option: option mysql -p");
	}
	r = grow(&rules->options, rules->n_options, sizeof(*rules->options));
	if (r) {
		free(program);
		free(option);
		return r;
	}
	rules->options[rules->n_options++] = (struct vft_option_rule){program, option};
	return 0;
}

static int add_regex(struct vft_rules *rules, const char *text, struct vft_err *err)
{
	char message[128];
	regex_t regex;
	int r = regcomp(&regex, text, REG_EXTENDED);

	if (r) {
		regerror(r, &regex, message, sizeof(message));
		return vft_fail(err, -EINVAL, 0, "'%s' is no extended regular expression: %s", text,
				message);
	}
	r = grow(&rules->regexes, rules->n_regexes, sizeof(*rules->regexes));
	if (r) {
		regfree(&regex);
		return r;
	}
	rules->regexes[rules->n_regexes++] = regex;
	return 0;
}

static int add_rule(struct vft_rules *rules, const char *word, const char *rest,
		    struct vft_err *err)
{
	if (strcmp(word, "name") == 0)
		return add_text(&rules->names, &rules->n_names, rest);
	if (strcmp(word, "prefix") == 0) {
		if (strlen(rest) < MIN_PREFIX)
			return vft_fail(err, -EINVAL, 0,
					"a prefix of fewer than 3 characters removes too much");
		return add_text(&rules->prefixes, &rules->n_prefixes, rest);
	}
	if (strcmp(word, "option") == 0)
		return add_option(rules, rest, err);
	if (strcmp(word, "regex") == 0)
		return add_regex(rules, rest, err);
	return vft_fail(err, -EINVAL, 0, "'%s' is no rule; there are: name, prefix, option, regex",
			word);
}

int vft_rules_add(struct vft_rules *rules, const char *line, struct vft_err *err)
{
	char *text VFT_AUTO_FREE = strdup(line), *rest, *word;
	size_t n;

	if (!text)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	n = strlen(text);
	while (n && strchr(" \t\r\n", text[n - 1]))
		text[--n] = '\0';
	word = text + strspn(text, " \t");
	if (!*word || *word == '#')
		return 0;
	n = strcspn(word, " \t");
	rest = word + n;
	rest += strspn(rest, " \t");
	if (!*rest)
		return vft_fail(err, -EINVAL, 0,
				"a rule is 'name WORD', 'prefix TEXT', 'option PROGRAM OPTION' or "
				"'regex ERE'");
	word[n] = '\0';
	return add_rule(rules, word, rest, err);
}

void vft_rules_release(struct vft_rules *rules)
{
	for (size_t i = 0; i < rules->n_names; i++)
		free(rules->names[i]);
	for (size_t i = 0; i < rules->n_prefixes; i++)
		free(rules->prefixes[i]);
	for (size_t i = 0; i < rules->n_options; i++) {
		free(rules->options[i].program);
		free(rules->options[i].option);
	}
	for (size_t i = 0; i < rules->n_regexes; i++)
		regfree(&rules->regexes[i]);
	free(rules->names);
	free(rules->prefixes);
	free(rules->options);
	free(rules->regexes);
}

static bool is_same_name(const char *rule, struct vft_span name)
{
	size_t n = strlen(rule);

	while (name.size && *name.at == '-') {
		name.at++;
		name.size--;
	}
	if (n != name.size)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((rule[i] | 0x20) != (name.at[i] | 0x20))
			return false;
	return true;
}

bool vft_rules_has_name(const struct vft_rules *rules, struct vft_span name)
{
	for (size_t i = 0; i < rules->n_names; i++)
		if (is_same_name(rules->names[i], name))
			return true;
	return false;
}

static bool is_blank_or_quote(uint8_t c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '`';
}

/* What begins with a prefix of the user's goes up to the next blank or quote. */
size_t vft_rules_token_size(const struct vft_rules *rules, struct vft_span word)
{
	for (size_t i = 0; i < rules->n_prefixes; i++) {
		size_t n = strlen(rules->prefixes[i]);

		if (word.size <= n || memcmp(word.at, rules->prefixes[i], n) != 0)
			continue;
		while (n < word.size && !is_blank_or_quote(word.at[n]))
			n++;
		return n;
	}
	return 0;
}

enum vft_style vft_rules_find_option(const struct vft_rules *rules, struct vft_span program,
				     struct vft_span word, size_t *ret_size)
{
	for (size_t i = 0; i < rules->n_options; i++) {
		const struct vft_option_rule *rule = &rules->options[i];
		size_t n = strlen(rule->program), size = strlen(rule->option);

		if (n != program.size || memcmp(rule->program, program.at, n) != 0 ||
		    word.size < size || memcmp(word.at, rule->option, size) != 0)
			continue;
		*ret_size = word.size > size && word.at[size] == '=' ? size + 1 : size;
		return VFT_STYLE_VALUE;
	}
	return VFT_STYLE_NONE;
}
