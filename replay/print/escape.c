/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/escape.h"

#include <wchar.h>

#define IS_PRINTABLE_ASCII(c) ((unsigned char)(c) >= 0x20 && (unsigned char)(c) < 0x7f)

size_t rep_utf8_next(const char *data, size_t size, int32_t *ret_code)
{
	const unsigned char *p = (const unsigned char *)data;
	unsigned int low = 0x80, high = 0xbf; /* allowed second byte, RFC 3629 */
	int32_t code;
	size_t n, i;

	*ret_code = -1;
	if (p[0] < 0x80) {
		*ret_code = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 1;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	code = p[0] & (0x7f >> n);
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	for (i = 1; i < n; i++) {
		if (i == size || p[i] < low || p[i] > high)
			return i;
		code = code << 6 | (p[i] & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	*ret_code = code;
	return n;
}

unsigned int rep_utf8_width(int32_t code)
{
	int width;

	if (code >= 0x20 && code < 0x7f)
		return 1;
	width = wcwidth((wchar_t)code);
	return width < 0 ? 1 : (unsigned int)width;
}

/* In rising order: what a terminal obeys, what turns the order of others around, and what has no
 * shape of its own, so that two names which differ would look alike. */
static const struct {
	int32_t first, last;
} controls[] = {
	{0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},
	{0x61c, 0x61c},     {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
	{0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
	{0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
	{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

bool rep_utf8_is_control(int32_t code)
{
	size_t i = 0;

	while (i < sizeof(controls) / sizeof(controls[0]) && controls[i].last < code)
		i++;
	return i < sizeof(controls) / sizeof(controls[0]) && controls[i].first <= code;
}

size_t rep_utf8_columns(const char *data, size_t size)
{
	size_t columns = 0;
	int32_t code;

	for (size_t at = 0; at < size;) {
		at += rep_utf8_next(data + at, size - at, &code);
		columns += rep_utf8_width(code);
	}
	return columns;
}

size_t rep_utf8_fit(const char *data, size_t size, size_t columns)
{
	size_t used = 0, at = 0, n;
	int32_t code;

	while (at < size) {
		n = rep_utf8_next(data + at, size - at, &code);
		used += rep_utf8_width(code);
		if (used > columns)
			break;
		at += n;
	}
	return at;
}

#define TEXT (REP_IN_CSV | REP_IN_JSON)
#define WORD (REP_IN_CSV | REP_IN_JSON | REP_IN_SHELL | REP_IN_ARGV)
/* clang-format off */
const uint8_t rep_plain[256] = {
	['\0'] = REP_IN_ARGV,
	[' ' ... '!'] = TEXT,
	['#' ... '$'] = TEXT,
	['%'] = WORD,
	['&' ... '*'] = TEXT,
	['+'] = WORD,
	[','] = REP_IN_JSON,
	['-' ... ':'] = WORD,
	[';' ... '<'] = TEXT,
	['='] = WORD,
	['>' ... '?'] = TEXT,
	['@' ... 'Z'] = WORD,
	['['] = TEXT,
	[']' ... '^'] = TEXT,
	['_'] = WORD,
	['`'] = TEXT,
	['a' ... 'z'] = WORD,
	['{' ... '~'] = TEXT,
};
/* clang-format on */
#undef TEXT
#undef WORD

/* How many bytes from @data on can be copied as they are: printable ASCII without @a and @b. */
static size_t plain_run(const char *data, size_t size, char a, char b)
{
	size_t n = 0;

	while (n < size && IS_PRINTABLE_ASCII(data[n]) && data[n] != a && data[n] != b)
		n++;
	return n;
}

static void hex_bytes(struct rep_buf *buf, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		rep_buf_bytes(buf, "\\x", 2);
		rep_buf_hex2(buf, (unsigned char)data[i]);
	}
}

static bool may_show(const struct rep_buf *buf, int32_t code)
{
	return !rep_utf8_is_control(code) && (code < 0x80 || !buf->ascii_only);
}

/* @a and @b get a backslash before them, what is not plain becomes \xNN. */
static void escape_bytes(struct rep_buf *buf, struct vft_str bytes, char a, char b)
{
	const char *p = bytes.data;
	size_t left = bytes.size, n;
	int32_t code;

	while (left) {
		n = plain_run(p, left, a, b);
		rep_buf_bytes(buf, p, n);
		p += n;
		left -= n;
		if (!left)
			return;
		n = rep_utf8_next(p, left, &code);
		if (code == a || code == b) {
			rep_buf_char(buf, '\\');
			rep_buf_bytes(buf, p, n);
		} else if (code < 0 || !may_show(buf, code)) {
			hex_bytes(buf, p, n);
		} else {
			rep_buf_bytes(buf, p, n);
		}
		p += n;
		left -= n;
	}
}

void rep_escape_text(struct rep_buf *buf, struct vft_str bytes)
{
	escape_bytes(buf, bytes, '\\', '\\');
}

static bool is_plain(const struct rep_buf *buf, struct vft_str bytes)
{
	int32_t code;

	for (size_t at = 0; at < bytes.size;) {
		at += rep_utf8_next(bytes.data + at, bytes.size - at, &code);
		if (code < 0 || !may_show(buf, code))
			return false;
	}
	return true;
}

static bool is_shell_safe(struct vft_str bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		char c = bytes.data[i];

		/* A comma needs no quotes but those of CSV. */
		if ((!rep_escape_is(c, REP_IN_SHELL) && c != ',') || (c == '=' && !i))
			return false;
	}
	return bytes.size > 0;
}

void rep_escape_shell(struct rep_buf *buf, struct vft_str bytes)
{
	if (is_shell_safe(bytes)) {
		rep_buf_bytes(buf, bytes.data, bytes.size);
	} else if (is_plain(buf, bytes) && !(bytes.size && memchr(bytes.data, '\'', bytes.size))) {
		rep_buf_char(buf, '\'');
		rep_buf_bytes(buf, bytes.data, bytes.size);
		rep_buf_char(buf, '\'');
	} else {
		rep_buf_bytes(buf, "$'", 2);
		escape_bytes(buf, bytes, '\\', '\'');
		rep_buf_char(buf, '\'');
	}
}

static void json_unit(struct rep_buf *buf, unsigned int unit)
{
	rep_buf_bytes(buf, "\\u", 2);
	rep_buf_hex2(buf, unit >> 8);
	rep_buf_hex2(buf, unit & 255);
}

static void json_unicode(struct rep_buf *buf, int32_t code)
{
	unsigned int above = (unsigned int)code - 0x10000;

	if (code < 0x10000) {
		json_unit(buf, (unsigned int)code);
		return;
	}
	json_unit(buf, 0xd800 | above >> 10);
	json_unit(buf, 0xdc00 | (above & 0x3ff));
}

static void json_control(struct rep_buf *buf, int32_t code)
{
	static const char shorts[] = "\bb\nn\rr\tt\ff";

	for (size_t i = 0; i < sizeof(shorts) - 1; i += 2) {
		if (code == shorts[i]) {
			rep_buf_char(buf, '\\');
			rep_buf_char(buf, shorts[i + 1]);
			return;
		}
	}
	json_unicode(buf, code);
}

bool rep_escape_json(struct rep_buf *buf, struct vft_str bytes)
{
	const char *p = bytes.data;
	size_t left = bytes.size, n;
	bool replaced = false;
	int32_t code;

	rep_buf_char(buf, '"');
	while (left) {
		n = plain_run(p, left, '"', '\\');
		rep_buf_bytes(buf, p, n);
		p += n;
		left -= n;
		if (!left)
			break;
		n = rep_utf8_next(p, left, &code);
		if (code < 0) {
			rep_buf_text(buf, buf->ascii_only ? "\\ufffd" : "\xef\xbf\xbd");
			replaced = true;
		} else if (code == '"' || code == '\\') {
			rep_buf_char(buf, '\\');
			rep_buf_char(buf, *p);
		} else if (!may_show(buf, code)) {
			json_control(buf, code);
		} else {
			rep_buf_bytes(buf, p, n);
		}
		p += n;
		left -= n;
	}
	rep_buf_char(buf, '"');
	return replaced;
}

bool rep_escape_is_utf8(struct vft_str bytes)
{
	int32_t code;

	for (size_t at = 0; at < bytes.size;) {
		at += rep_utf8_next(bytes.data + at, bytes.size - at, &code);
		if (code < 0)
			return false;
	}
	return true;
}

void rep_escape_base64(struct rep_buf *buf, struct vft_str bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)bytes.data;

	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t left = bytes.size - i;
		uint32_t v = (uint32_t)p[i] << 16;

		v |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
		v |= left > 2 ? p[i + 2] : 0;
		rep_buf_char(buf, digits[v >> 18]);
		rep_buf_char(buf, digits[v >> 12 & 63]);
		rep_buf_char(buf, left > 1 ? digits[v >> 6 & 63] : '=');
		rep_buf_char(buf, left > 2 ? digits[v & 63] : '=');
	}
}

static bool is_blank(int32_t code)
{
	return code == ' ' || code == '\t' || code == 0xa0 || code == 0x1680 || code == 0x202f ||
	       (code >= 0x2000 && code <= 0x200a) || code == 0x205f || code == 0x3000;
}

/* What begins a formula, also behind blanks and in the forms that East Asian input makes. */
static bool is_formula(const char *text, size_t size)
{
	static const int32_t starters[] = {'=',    '+',    '-',    '@',    '\t',
					   '\r',   0x2212, 0xfe62, 0xfe63, 0xfe66,
					   0xfe6b, 0xff0b, 0xff0d, 0xff1d, 0xff20};
	int32_t code = ' ';

	for (size_t at = 0; at < size && is_blank(code);)
		at += rep_utf8_next(text + at, size - at, &code);
	for (size_t i = 0; i < sizeof(starters) / sizeof(starters[0]); i++) {
		if (code == starters[i])
			return true;
	}
	return false;
}

void rep_escape_csv(struct rep_buf *buf, const char *text, size_t size, bool guard)
{
	bool quote = !size || text[0] == ' ' || text[size - 1] == ' ';

	guard = guard && is_formula(text, size);
	for (size_t i = 0; !quote && i < size; i++)
		quote = text[i] == ',' || text[i] == '"' || text[i] == '\r' || text[i] == '\n';
	if (!quote) {
		if (guard)
			rep_buf_char(buf, '\'');
		rep_buf_bytes(buf, text, size);
		return;
	}
	rep_buf_char(buf, '"');
	if (guard)
		rep_buf_char(buf, '\'');
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"')
			rep_buf_char(buf, '"');
		rep_buf_char(buf, text[i]);
	}
	rep_buf_char(buf, '"');
}

bool rep_argv_next(struct vft_str argv, size_t *at, struct vft_str *ret)
{
	const char *start, *nul;

	if (*at >= argv.size)
		return false;
	start = argv.data + *at;
	nul = memchr(start, '\0', argv.size - *at);
	ret->data = start;
	ret->size = (uint32_t)(nul ? (size_t)(nul - start) : argv.size - *at);
	*at += ret->size + 1u;
	return true;
}
