/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/json.h"

#include "replay/print/cell.h"
#include "replay/print/escape.h"
#include "replay/print/exporter.h"

#define MAX_PLAIN 65536u /* room for three times as many bytes is made */

static void put_key(struct rep_buf *buf, const char *key, const char *suffix)
{
	rep_buf_char(buf, '"');
	rep_buf_text(buf, key);
	rep_buf_text(buf, suffix);
	rep_buf_bytes(buf, "\":", 2);
}

/* A second value that goes with that of @key. */
static void put_more(struct rep_buf *buf, const char *key, const char *suffix)
{
	rep_buf_char(buf, ',');
	put_key(buf, key, suffix);
}

static void begin_value(struct rep_out *out, const char *key)
{
	if (!out->json_first)
		rep_buf_char(&out->buf, ',');
	out->json_first = false;
	if (key)
		put_key(&out->buf, key, "");
}

static void json_bytes(struct rep_buf *buf, const char *key, struct vft_str bytes)
{
	if (rep_escape_json(buf, bytes) && key) {
		put_more(buf, key, "_raw");
		rep_buf_char(buf, '"');
		rep_escape_base64(buf, bytes);
		rep_buf_char(buf, '"');
	}
}

/* Arguments without anything to escape; false: there is something, and nothing is written. */
static bool plain_argv(struct rep_buf *buf, struct vft_str argv)
{
	const char *end = argv.data + argv.size;
	char *p;

	if (!argv.size || argv.size > MAX_PLAIN || !rep_buf_reserve(buf, 3 * (size_t)argv.size + 4))
		return false;
	p = buf->data + buf->size;
	*p++ = '[';
	*p++ = '"';
	for (const char *from = argv.data; from < end; from++) {
		if (rep_escape_is(*from, REP_IN_JSON)) {
			*p++ = *from;
		} else if (*from) {
			return false;
		} else if (from + 1 < end) {
			*p++ = '"';
			*p++ = ',';
			*p++ = '"';
		}
	}
	*p++ = '"';
	*p++ = ']';
	buf->size = (size_t)(p - buf->data);
	return true;
}

static void json_argv(struct rep_buf *buf, const char *key, struct vft_str argv)
{
	bool replaced = false;
	struct vft_str arg;
	size_t at = 0;

	if (plain_argv(buf, argv))
		return;
	rep_buf_char(buf, '[');
	for (bool first = true; rep_argv_next(argv, &at, &arg); first = false) {
		if (!first)
			rep_buf_char(buf, ',');
		replaced |= rep_escape_json(buf, arg);
	}
	rep_buf_char(buf, ']');
	if (!replaced || !key)
		return;
	put_more(buf, key, "_raw");
	at = 0;
	rep_buf_char(buf, '[');
	for (bool first = true; rep_argv_next(argv, &at, &arg); first = false) {
		rep_buf_text(buf, first ? "\"" : ",\"");
		rep_escape_base64(buf, arg);
		rep_buf_char(buf, '"');
	}
	rep_buf_char(buf, ']');
}

/* What is larger is rounded by readers that keep numbers as doubles: jq before 1.7, JavaScript. */
#define MAX_EXACT ((1ull << 53) - 1)

/* All digits of a number that is too large, beside it. */
static void json_digits(struct rep_buf *buf, const char *key, enum rep_cell_type type,
			const struct rep_cell *cell)
{
	if (!key)
		return;
	put_more(buf, key, "_text");
	rep_buf_char(buf, '"');
	rep_cell_common(buf, type, cell);
	rep_buf_char(buf, '"');
}

static bool is_exact(enum rep_cell_type type, const struct rep_cell *cell)
{
	if (type == REP_CELL_BOOL)
		return true;
	if (type == REP_CELL_UINT || type == REP_CELL_DURATION || type == REP_CELL_FLAGS)
		return cell->u <= MAX_EXACT;
	return cell->i <= (int64_t)MAX_EXACT && cell->i >= -(int64_t)MAX_EXACT;
}

/* Behind its key. */
static void json_cell(struct rep_buf *buf, const char *key, enum rep_cell_type type,
		      const struct rep_cell *cell)
{
	if (cell->is_null) {
		rep_buf_bytes(buf, "null", 4);
		return;
	}
	switch (type) {
	case REP_CELL_UINT: /* most of all */
		rep_buf_u64(buf, cell->u);
		if (cell->u > MAX_EXACT)
			json_digits(buf, key, type, cell);
		break;
	case REP_CELL_INT:
	case REP_CELL_BOOL:
	case REP_CELL_DURATION:
	case REP_CELL_OFFSET:
	case REP_CELL_MOMENT:
	case REP_CELL_FLAGS:
		rep_cell_common(buf, type, cell);
		if (!is_exact(type, cell))
			json_digits(buf, key, type, cell);
		break;
	case REP_CELL_TIME:
		rep_buf_char(buf, '"');
		rep_buf_time(buf, cell->u);
		rep_buf_char(buf, '"');
		break;
	case REP_CELL_BYTES:
		json_bytes(buf, key, cell->bytes);
		break;
	case REP_CELL_WORD:
		json_bytes(buf, key, (struct vft_str){cell->word, (uint32_t)strlen(cell->word)});
		break;
	case REP_CELL_ARGV:
		json_argv(buf, key, cell->bytes);
		break;
	}
}

void rep_json_value(struct rep_out *out, const char *key, enum rep_cell_type type,
		    struct rep_cell cell)
{
	begin_value(out, key);
	json_cell(&out->buf, key, type, &cell);
}

void rep_json_open(struct rep_out *out, const char *key, char bracket)
{
	begin_value(out, key);
	rep_buf_char(&out->buf, bracket);
	out->json_first = true;
}

void rep_json_close(struct rep_out *out, char bracket)
{
	rep_buf_char(&out->buf, bracket);
	out->json_first = false;
}

void rep_json_end(struct rep_out *out)
{
	rep_buf_char(&out->buf, '\n');
	out->json_first = true;
}

static void between_values(struct rep_buf *buf, const struct rep_column *columns, size_t n,
			   size_t from, size_t to)
{
	if (from == REP_ROW_BEGIN)
		rep_buf_char(buf, '{');
	else if (to < n)
		rep_buf_char(buf, ',');
	if (to < n)
		put_key(buf, columns[to].name, "");
	else
		rep_buf_char(buf, '}');
}

static void between_lines(struct rep_buf *buf, const struct rep_column *columns, size_t n,
			  size_t from, size_t to)
{
	between_values(buf, columns, n, from, to);
	if (to == n)
		rep_buf_char(buf, '\n');
}

static void cell(struct rep_pen *pen, const struct rep_column *column, const struct rep_cell *value)
{
	json_cell(pen->buf, column->name, column->type, value);
}

static const struct rep_syntax json = {
	.between = between_values,
	.cell = cell,
	.separator = ",",
	.has_keys = true,
	.max_number = MAX_EXACT,
};
static const struct rep_syntax ndjson = {
	.between = between_lines,
	.cell = cell,
	.separator = "",
	.has_keys = true,
	.max_number = MAX_EXACT,
};

const struct rep_exporter rep_exporter_json = {
	.name = "json",
	.is_document = true,
	.begin = rep_syntax_begin,
	.row = rep_syntax_row,
	.end = rep_syntax_end,
	.free = rep_syntax_free,
	.syntax = &json,
};

const struct rep_exporter rep_exporter_ndjson = {
	.name = "ndjson",
	.begin = rep_syntax_begin,
	.row = rep_syntax_row,
	.end = rep_syntax_end,
	.free = rep_syntax_free,
	.syntax = &ndjson,
};
