/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/redact/scan.h"

#include <string.h>

#define MIN_LONE    16u /* bytes of what stands alone before the @ of a URL */
#define MIN_ATOM    12u /* the shortest base64 of user:password */
#define MIN_PART    20u /* no part of a word that is shorter looks like a key */
#define PATH_RANDOM 32u /* letters and digits of a part of a path */

/* ---- values of names ---- */

/* "&page=", ";Server=" and ",uid=" go on behind a value. */
static bool is_next_name(const struct scan *s, size_t at)
{
	size_t i = at + 1;

	if (i < s->word_end && vft_scan_is(s->text[i], QUOTE))
		return true;
	while (i < s->word_end && !vft_scan_is(s->text[i], DELIMITER))
		i++;
	return i > at + 1 && i < s->word_end && s->text[i] == '=';
}

/* The end of a value that no quote holds. */
static size_t bare_end(const struct scan *s, size_t from)
{
	size_t i = from;

	for (; i < s->word_end; i++) {
		uint8_t c = s->text[i];

		if (vft_scan_is(c, BLANK) || (vft_scan_is(c, QUOTE) && s->is_spaced))
			return i;
		if ((c == '&' || c == ';' || c == ',') && is_next_name(s, i))
			return i;
		if (s->is_spaced && vft_scan_is(c, SEPARATOR))
			return i;
		if ((c == '"' || c == '}') && i + 1 >= s->word_end)
			return i;
	}
	return i;
}

/* "Bearer " and the like tell how, not with what. */
static size_t skip_scheme(const struct scan *s, size_t from, size_t to)
{
	static const char *const schemes[] = {"bearer", "basic",   "token",     "digest",
					      "apikey", "sso-key", "negotiate", "aws4-hmac-sha256"};
	size_t end = from;

	while (end < to && !vft_scan_is(s->text[end], BLANK))
		end++;
	if (end == to)
		return from;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (vft_span_equals(vft_scan_span(s, from, end), schemes[i]))
			return end + 1;
	return from;
}

/* A header runs to the end of its line, or of what quotes it. */
static void take_header(struct scan *s, size_t name, size_t from)
{
	size_t end = from;

	while (from < s->word_end && vft_scan_is(s->text[from], BLANK))
		from++;
	if (vft_scan_is_quoted(s, name))
		end = vft_scan_closing_quote(s, from, s->text[name - 1]);
	else
		end = s->word_end;
	from = skip_scheme(s, from, end);
	if (!vft_value_is_harmless(vft_scan_span(s, from, end), VFT_NAME_HEADER))
		vft_scan_remove(s, from, end, VFT_REMOVED_HEADER);
	s->at = end;
}

/* What is behind the "=" or ":" at @sign. */
static void take_value(struct scan *s, enum vft_name name, size_t sign)
{
	size_t from = sign + 1, end;

	while (s->is_spaced && from < s->word_end && vft_scan_is(s->text[from], BLANK) &&
	       s->text[sign] == ':')
		from++;
	while (from < s->word_end && s->text[from] == '\\')
		from++;
	if (from < s->word_end && vft_scan_is(s->text[from], QUOTE)) {
		from++;
		end = vft_scan_closing_quote(s, from, s->text[from - 1]);
	} else {
		end = bare_end(s, from);
	}
	if (vft_span_begins(vft_scan_span(s, from, end), "pass:"))
		from += 5;
	s->at = from;
	if (vft_value_is_harmless(vft_scan_span(s, from, end), name))
		return;
	vft_scan_remove(s, from, end, VFT_REMOVED_NAMED);
	s->at = end;
}

/* ---- URLs ---- */

static size_t find_last(const struct scan *s, size_t from, size_t to, uint8_t byte)
{
	for (size_t i = to; i > from; i--)
		if (s->text[i - 1] == byte)
			return i - 1;
	return to;
}

/* Where the user's part ends: at the @ before the path, or, where the password has a slash that
 * should have been escaped, at a later one with a host behind it. @to if there is none. */
static size_t find_userinfo(const struct scan *s, size_t from, size_t to)
{
	size_t path = vft_scan_find(s, from, to, "/?#"), sign = find_last(s, from, path, '@');
	size_t colon, port;

	if (sign < path)
		return sign;
	colon = vft_scan_find(s, from, path, ":");
	port = colon + 1;
	while (port < path && vft_scan_is(s->text[port], IS_DIGIT))
		port++;
	if (colon == path || (port == path && port > colon + 1))
		return to;
	return find_last(s, from, to, '@');
}

static bool is_for_keys(struct vft_span scheme)
{
	static const char *const schemes[] = {"ssh", "git",   "git+ssh", "svn+ssh", "sftp",
					      "ftp", "rsync", "mailto",  "sip"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (vft_span_equals(scheme, schemes[i]))
			return true;
	return false;
}

static bool looks_drawn(struct vft_span word)
{
	struct vft_shape shape = vft_shape_of(word);

	return vft_token_size(word) || vft_shape_is_random(&shape) || vft_shape_is_hex_key(&shape);
}

/* The scheme is @scheme..@colon, behind which stands "://". */
static void take_url(struct scan *s, size_t scheme, size_t colon)
{
	size_t from = colon + 3, end = vft_scan_find(s, from, s->word_end, " \t\r\n\"'`<>"), user,
	       sign;

	s->at = from;
	sign = find_userinfo(s, from, end);
	if (sign == end)
		return;
	user = vft_scan_find(s, from, sign, ":");
	if (user == sign && is_for_keys(vft_scan_span(s, scheme, colon)))
		return;
	if (looks_drawn(vft_scan_span(s, from, user)) || (user == sign && sign - from >= MIN_LONE))
		vft_scan_remove(s, from, user, VFT_REMOVED_URL);
	if (user < sign &&
	    !vft_value_is_harmless(vft_scan_span(s, user + 1, sign), VFT_NAME_SECRET))
		vft_scan_remove(s, user + 1, sign, VFT_REMOVED_URL);
	s->at = sign + 1;
}

/* ---- what looks like a key ---- */

static bool is_uuid(struct vft_span word)
{
	struct vft_shape shape;

	if (word.size != 36 || word.at[8] != '-' || word.at[13] != '-' || word.at[18] != '-' ||
	    word.at[23] != '-')
		return false;
	shape = vft_shape_of(word);
	return shape.n == 32 && shape.n_hex == 32;
}

static bool is_local_path(struct vft_span word)
{
	return vft_span_begins(word, "/") || vft_span_begins(word, "./") ||
	       vft_span_begins(word, "../") || vft_span_begins(word, "~");
}

static void take_part(struct scan *s, size_t from, size_t to, bool in_path)
{
	struct vft_shape shape = vft_shape_of(vft_scan_span(s, from, to));
	bool is_hex = shape.n && shape.n_hex == shape.n;
	bool one_case = !shape.n_upper || !shape.n_lower;
	bool is_key;

	if (is_hex)
		is_key = vft_shape_is_hex_key(&shape) && !in_path && !s->is_id &&
			 !vft_program_has_style(s->program, VFT_STYLE_IDS);
	else if (in_path)
		is_key = !one_case && shape.n >= PATH_RANDOM && vft_shape_is_random(&shape);
	else
		is_key = vft_shape_is_random(&shape) && !(one_case && s->is_id);
	if (is_key)
		vft_scan_remove(s, from, to, VFT_REMOVED_KEY);
}

/* The parts between slashes and dots, unless all of it is one run of base64. */
static void take_parts(struct scan *s, size_t from, size_t to)
{
	bool in_path = s->is_path || is_local_path(vft_scan_span(s, from, to));
	size_t dot = vft_scan_find(s, from, to, ".@%~$^");
	struct vft_shape shape = vft_shape_of(vft_scan_span(s, from, to));

	if (!in_path && dot == to && shape.n >= PATH_RANDOM && vft_shape_is_random(&shape) &&
	    shape.n_hex < shape.n) {
		take_part(s, from, to, false);
		return;
	}
	for (size_t i = from; i < to;) {
		size_t end = vft_scan_find(s, i, to, "/.@%~$^+");
		/* a file's name, when all that follows is an extension */
		bool is_named = end < to && s->text[end] == '.' && to - end <= 5;

		size_t token = i > from ? vft_token_size(vft_scan_span(s, i, to)) : 0;

		if (token)
			vft_scan_remove(s, i, i + token, VFT_REMOVED_TOKEN);
		else if (end - i >= MIN_PART && !s->is_path)
			take_part(s, i, end, in_path || is_named);
		i = token ? i + token : end + 1;
	}
}

static void take_shape(struct scan *s, size_t from, size_t to)
{
	struct vft_span word = vft_scan_span(s, from, to);

	if (is_uuid(word))
		return;
	if (!s->is_path && vft_is_wrapped(word)) {
		while (to < s->word_end && s->text[to] == '=')
			to++;
		vft_scan_remove(s, from, to, VFT_REMOVED_HEADER);
		s->at = to;
		return;
	}
	take_parts(s, from, to);
}

/* ---- atoms ---- */

/* A key that is "-----BEGIN ... PRIVATE KEY-----" at s->at, or another block in that form. */
bool vft_scan_pem(struct scan *s)
{
	static const char end_mark[] = "-----END";
	const uint8_t *at = s->text + s->at, *last, *head;
	size_t left = s->word_end - s->at, end = s->word_end;

	if (*at != '-' || !vft_span_begins(vft_scan_span(s, s->at, s->word_end), "-----BEGIN"))
		return false;
	last = memmem(at, left, end_mark, sizeof(end_mark) - 1);
	if (last) {
		size_t behind = (size_t)(last - s->text) + sizeof(end_mark) - 1;
		const uint8_t *dashes = memmem(s->text + behind, s->word_end - behind, "-----", 5);

		end = dashes ? (size_t)(dashes - s->text) + 5 : s->word_end;
	}
	head = memmem(at, end - s->at < 64 ? end - s->at : 64, "PRIVATE KEY", 11);
	if (head)
		vft_scan_remove(s, s->at, end, VFT_REMOVED_PEM);
	s->at = end;
	return true;
}

static bool take_known_token(struct scan *s)
{
	struct vft_span rest = vft_scan_span(s, s->at, s->word_end);
	size_t extra = vft_rules_token_size(&s->redact->rules, rest), size = 0;

	if (!extra)
		size = vft_token_size(rest);
	if (!extra && !size)
		return false;
	vft_scan_remove(s, s->at, s->at + (extra ? extra : size),
			extra ? VFT_REMOVED_RULE : VFT_REMOVED_TOKEN);
	s->at += extra ? extra : size;
	return true;
}

/* What is at s->at, up to the next delimiter, and its value if it is a name. */
void vft_scan_atom(struct scan *s)
{
	size_t from = s->at, to = from, sign;
	enum vft_name name;

	if (vft_scan_pem(s) || take_known_token(s))
		return;
	while (to < s->word_end && !vft_scan_is(s->text[to], DELIMITER))
		to++;
	sign = to;
	while (sign < s->word_end && vft_scan_is(s->text[sign], QUOTE))
		sign++;
	s->at = to;
	if (sign < s->word_end && s->text[sign] == ':' &&
	    vft_span_begins(vft_scan_span(s, sign, s->word_end), "://")) {
		take_url(s, from, sign);
		return;
	}
	name = sign < s->word_end && (s->text[sign] == '=' || s->text[sign] == ':')
		       ? vft_scan_name(s, vft_scan_span(s, from, to))
		       : VFT_NAME_NONE;
	if (name == VFT_NAME_HEADER && s->text[sign] == ':') {
		take_header(s, from, sign + 1);
	} else if (name == VFT_NAME_SECRET || name == VFT_NAME_KEY || name == VFT_NAME_HEADER) {
		take_value(s, name, sign);
	} else if (name == VFT_NAME_ID) {
		s->is_id = true;
		s->at = sign + 1;
	} else if (to - from >= MIN_ATOM) {
		take_shape(s, from, to);
	}
	if (name != VFT_NAME_ID)
		s->is_id = false;
}
