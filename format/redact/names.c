/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/redact/rules.h"

#include <string.h>

#define MAX_WORDS 3u  /* at the end of a name are looked at */
#define MAX_WORD  24u /* letters; no word of the tables is longer */

struct words {
	char text[MAX_WORDS][MAX_WORD + 1]; /* the last one first, in lower case */
	unsigned int n;                     /* in all, counted to MAX_WORDS */
};

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* A word of a name ends before @at: db|Password, api|_key, HTTP|Token. */
static bool is_edge(const uint8_t *name, size_t size, size_t at)
{
	uint8_t before = name[at - 1], c = name[at];

	if (!is_upper(c) && !is_lower(c))
		return true;
	if (!is_upper(before) && !is_lower(before))
		return true;
	if (is_lower(before) && is_upper(c))
		return true;
	return is_upper(before) && is_upper(c) && at + 1 < size && is_lower(name[at + 1]);
}

static void take_word(struct words *words, const uint8_t *at, size_t size)
{
	char *text = words->text[words->n++];

	if (size > MAX_WORD) { /* the end says what it is */
		at += size - MAX_WORD;
		size = MAX_WORD;
	}
	for (size_t i = 0; i < size; i++)
		text[i] = (char)(is_upper(at[i]) ? at[i] + ('a' - 'A') : at[i]);
	text[size] = '\0';
}

static struct words split(struct vft_span name)
{
	struct words words;
	size_t end = name.size;

	words.n = 0;
	while (end && words.n < MAX_WORDS) {
		size_t from;

		if (!is_upper(name.at[end - 1]) && !is_lower(name.at[end - 1])) {
			end--;
			continue;
		}
		from = end - 1;
		while (from && !is_edge(name.at, name.size, from))
			from--;
		take_word(&words, name.at + from, end - from);
		end = from;
	}
	for (unsigned int i = words.n; i < MAX_WORDS; i++)
		words.text[i][0] = '\0';
	return words;
}

static bool is_among(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (*word == *list[i] && strcmp(word, list[i]) == 0)
			return true;
	return false;
}

#define IS_AMONG(word, list) is_among(word, list, sizeof(list) / sizeof((list)[0]))

static bool ends_with(const char *word, const char *end)
{
	size_t n = strlen(word), m = strlen(end);

	return n >= m && memcmp(word + n - m, end, m) == 0;
}

/* PASSWORD_VALUE, token64 and secret.b64 are what their first word says. */
static void drop_trailer(struct words *words)
{
	static const char *const trailers[] = {"value", "plain", "plaintext", "base",
					       "b",     "hex",   "string",    "literal",
					       "text",  "raw",   "data",      "current"};

	while (words->n > 1 && IS_AMONG(words->text[0], trailers)) {
		memmove(words->text[0], words->text[1], sizeof(words->text[0]));
		memmove(words->text[1], words->text[2], sizeof(words->text[0]));
		words->text[2][0] = '\0';
		words->n--;
	}
}

static bool is_password(const struct words *words)
{
	static const char *const exact[] = {"pwd", "pass",     "passin",  "passout",
					    "psk", "passwort", "keypass", "storepass"};
	static const char *const ends[] = {"password", "passwd", "passphrase", "passcode"};

	if (IS_AMONG(words->text[0], exact))
		return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(words->text[0], ends[i]))
			return true;
	return ends_with(words->text[0], "pwd") && !ends_with(words->text[0], "oldpwd");
}

static bool is_secret_key(const struct words *words)
{
	static const char *const before[] = {
		"api",     "access",  "secret",      "private", "encryption", "encrypt",
		"signing", "auth",    "account",     "shared",  "master",     "session",
		"storage", "license", "deploy",      "client",  "app",        "write",
		"admin",   "service", "integration", "ingest",  "webhook"};
	static const char *const exact[] = {"apikey",    "secretkey",    "accesskey", "privatekey",
					    "authkey",   "accountkey",   "masterkey", "signingkey",
					    "sharedkey", "encryptionkey"};

	if (IS_AMONG(words->text[0], exact))
		return true;
	return strcmp(words->text[0], "key") == 0 && IS_AMONG(words->text[1], before);
}

static bool is_secret(const struct words *words)
{
	static const char *const exact[] = {"secret",    "secrets", "credential", "credentials",
					    "creds",     "cred",    "token",      "cookie",
					    "sessionid", "jwt",     "pat",        "otp",
					    "signature", "sig",     "dsn",        "sas"};
	static const char *const ends[] = {"token", "secret"};

	if (IS_AMONG(words->text[0], exact))
		return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(words->text[0], ends[i]))
			return true;
	return false;
}

static bool is_identifier(const struct words *words)
{
	static const char *const exact[] = {
		"id",       "ids",   "uuid",    "guid",        "commit", "rev",
		"revision", "ref",   "sha",     "md",          "digest", "hash",
		"checksum", "build", "oid",     "fingerprint", "image",  "container",
		"seed",     "tree",  "cid",     "etag",        "bundle", "root",
		"handle",   "sum",   "buildid", "cgroup",      "machine"};

	return IS_AMONG(words->text[0], exact);
}

/* -DapiKey defines apiKey. */
static struct vft_span drop_define(struct vft_span name)
{
	if (name.size > 2 && name.at[0] == '-' && (name.at[1] == 'D' || name.at[1] == 'P'))
		return (struct vft_span){name.at + 2, name.size - 2};
	return name;
}

enum vft_name vft_name_find(struct vft_span name)
{
	struct words words = split(drop_define(name));

	drop_trailer(&words);
	if (!words.n)
		return VFT_NAME_NONE;
	if (ends_with(words.text[0], "authorization") || strcmp(words.text[0], "cookie") == 0)
		return VFT_NAME_HEADER;
	if (is_password(&words))
		return VFT_NAME_SECRET;
	if (is_secret_key(&words) || is_secret(&words) || strcmp(words.text[0], "auth") == 0)
		return VFT_NAME_KEY;
	return is_identifier(&words) ? VFT_NAME_ID : VFT_NAME_NONE;
}

bool vft_name_is_compound(struct vft_span name)
{
	enum vft_name what = vft_name_find(name);

	return split(name).n > 1 && (what == VFT_NAME_SECRET || what == VFT_NAME_KEY);
}

static bool is_plain_word(struct vft_span value)
{
	static const char *const words[] = {
		"true",     "false",    "yes",         "no",     "none",   "null",  "stdin",
		"prompt",   "ask",      "env",         "file",   "auto",   "never", "always",
		"off",      "on",       "interactive", "basic",  "digest", "ntlm",  "negotiate",
		"required", "optional", "disabled",    "enabled"};
	char text[16];

	if (value.size >= sizeof(text))
		return false;
	for (size_t i = 0; i < value.size; i++)
		text[i] = (char)(is_upper(value.at[i]) ? value.at[i] + ('a' - 'A') : value.at[i]);
	text[value.size] = '\0';
	return IS_AMONG(text, words);
}

static bool begins(struct vft_span value, const char *with)
{
	size_t n = strlen(with);

	return value.size >= n && memcmp(value.at, with, n) == 0;
}

static bool is_number(struct vft_span value)
{
	for (size_t i = 0; i < value.size; i++)
		if (!is_digit(value.at[i]))
			return false;
	return true;
}

static bool begins_with_one(struct vft_span value, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (begins(value, list[i]))
			return true;
	return false;
}

#define BEGINS_WITH_ONE(value, list) begins_with_one(value, list, sizeof(list) / sizeof((list)[0]))

/* A file is named, where no random generator would have drawn it: a slash alone says little. */
static bool is_path(struct vft_span value, enum vft_name name)
{
	static const char *const heads[] = {"./",     "../",   "~/",    "/dev/",  "/etc/",
					    "/home/", "/mnt/", "/opt/", "/proc/", "/root/",
					    "/run/",  "/srv/", "/tmp/", "/usr/",  "/var/"};
	struct vft_shape shape;

	if (!BEGINS_WITH_ONE(value, heads) && (name != VFT_NAME_KEY || !begins(value, "/")))
		return false;
	shape = vft_shape_of(value);
	return !vft_shape_is_random(&shape);
}

bool vft_value_is_harmless(struct vft_span value, enum vft_name name)
{
	static const char *const references[] = {"$",   "%(",   "{{",    "<",   "@/",    "@./",
						 "@~/", "env:", "file:", "fd:", "stdin:"};

	if (BEGINS_WITH_ONE(value, references))
		return true;
	if (!value.size || (value.size == 1 && (value.at[0] == '-' || is_digit(value.at[0]))))
		return true;
	if (is_plain_word(value) || is_path(value, name))
		return true;
	return name == VFT_NAME_KEY && is_number(value) && value.size < 6;
}
