/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/redact/scan.h"

#include <stdio.h>
#include <string.h>

#define TOKEN      "REDACTED:"
#define TOKEN_SIZE (sizeof(TOKEN) - 1 + 8)

static uint64_t rotate(uint64_t x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

/* SipHash-2-4: without the key nobody can try passwords against the token. */
static uint64_t sip_hash(const uint64_t key[2], const uint8_t *data, size_t size)
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
			 key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull};
	size_t left = size;
	uint64_t word;

	for (; left >= 8; left -= 8, data += 8) {
		memcpy(&word, data, 8);
		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
	}
	word = (uint64_t)size << 56;
	for (size_t i = 0; i < left; i++)
		word |= (uint64_t)data[i] << (8 * i);
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void vft_scan_remove(struct scan *s, size_t from, size_t to, enum vft_removed why)
{
	struct vft_buffer *out = &s->redact->out;
	char token[TOKEN_SIZE + 1];

	if (from >= to || from < s->copied || s->error)
		return;
	s->error = vft_buffer_reserve(out, from - s->copied + TOKEN_SIZE);
	if (s->error)
		return;
	snprintf(token, sizeof(token), TOKEN "%08x",
		 (uint32_t)sip_hash(s->redact->key, s->text + from, to - from));
	vft_buffer_put_bytes(out, s->text + s->copied, from - s->copied);
	vft_buffer_put_bytes(out, token, TOKEN_SIZE);
	s->copied = to;
	s->is_changed = true;
	s->redact->counts[why]++;
}

const uint8_t vft_scan_kinds[256] = {
	[' '] = BLANK | DELIMITER,
	['\t'] = BLANK | DELIMITER,
	['\r'] = BLANK | DELIMITER,
	['\n'] = BLANK | SEPARATOR | DELIMITER,
	['"'] = QUOTE | DELIMITER,
	['\''] = QUOTE | DELIMITER,
	['`'] = QUOTE | DELIMITER,
	['\\'] = QUOTE | DELIMITER,
	[';'] = SEPARATOR | DELIMITER,
	['|'] = SEPARATOR | DELIMITER,
	['&'] = SEPARATOR | DELIMITER,
	['('] = SEPARATOR | DELIMITER,
	[')'] = SEPARATOR | DELIMITER,
	['{'] = DELIMITER,
	['}'] = DELIMITER,
	['['] = DELIMITER,
	[']'] = DELIMITER,
	['<'] = DELIMITER,
	['>'] = DELIMITER,
	['='] = DELIMITER,
	[':'] = DELIMITER,
	[','] = DELIMITER,
	['?'] = DELIMITER,
	['#'] = DELIMITER,
	['!'] = DELIMITER,
	['*'] = DELIMITER,
	['0' ... '9'] = IS_DIGIT,
	['a' ... 'z'] = LETTER,
	['A' ... 'Z'] = LETTER,
};

bool vft_span_begins(struct vft_span with, const char *text)
{
	size_t n = strlen(text);

	return with.size >= n && memcmp(with.at, text, n) == 0;
}

bool vft_span_equals(struct vft_span word, const char *text)
{
	size_t n = strlen(text);

	if (word.size != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((word.at[i] | 0x20) != (uint8_t)text[i])
			return false;
	return true;
}

size_t vft_scan_closing_quote(const struct scan *s, size_t from, uint8_t quote)
{
	for (size_t i = from; i < s->word_end; i++)
		if (s->text[i] == quote)
			return i > from && s->text[i - 1] == '\\' ? i - 1 : i;
	return s->word_end;
}

bool vft_scan_is_quoted(const struct scan *s, size_t at)
{
	return at && vft_scan_is(s->text[at - 1], QUOTE) && s->text[at - 1] != '\\';
}

size_t vft_scan_find(const struct scan *s, size_t from, size_t to, const char *bytes)
{
	uint64_t set[4] = {0};

	for (; *bytes; bytes++)
		set[(uint8_t)*bytes / 64] |= 1ull << (uint8_t)*bytes % 64;
	while (from < to && !(set[s->text[from] / 64] >> s->text[from] % 64 & 1))
		from++;
	return from;
}

enum vft_name vft_scan_name(const struct scan *s, struct vft_span name)
{
	return vft_rules_has_name(&s->redact->rules, name) ? VFT_NAME_SECRET : vft_name_find(name);
}
