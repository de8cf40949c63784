/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/table.h"

#include <errno.h>
#include <stdlib.h>

#include "replay/print/escape.h"
#include "replay/print/table_text.h"

struct rep_table {
	struct rep_out *out;
	const struct rep_column *columns;
	size_t n_columns;
	struct rep_text *text;  /* REP_TEXT */
	struct rep_buf scratch; /* a CSV field before it is quoted */
	/* JSON: "name": of each column, one after the other */
	struct rep_buf keys;
	uint32_t key_ends[UINT8_MAX];
};

static void cell_offset(struct rep_buf *buf, int64_t ns)
{
	uint64_t abs_us = (ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns) / 1000,
		 rest = abs_us % 1000000;

	if (ns < 0)
		rep_buf_char(buf, '-');
	rep_buf_u64(buf, abs_us / 1000000);
	rep_buf_char(buf, '.');
	for (uint64_t scale = 100000; scale > rest && scale > 1; scale /= 10)
		rep_buf_char(buf, '0');
	rep_buf_u64(buf, rest);
}

static void argv_text(struct rep_buf *buf, struct vft_str argv)
{
	struct vft_str arg;
	size_t at = 0;

	for (bool first = true; rep_argv_next(argv, &at, &arg); first = false) {
		if (!first)
			rep_buf_char(buf, ' ');
		rep_escape_shell(buf, arg);
	}
}

/* What text and CSV have in common: everything but durations, offsets and booleans. */
static void cell_common(struct rep_buf *buf, enum rep_cell_type type, const struct rep_cell *cell)
{
	switch (type) {
	case REP_CELL_INT:
	case REP_CELL_OFFSET:
	case REP_CELL_MOMENT:
		rep_buf_i64(buf, cell->i);
		break;
	case REP_CELL_UINT:
	case REP_CELL_FLAGS:
	case REP_CELL_DURATION:
		rep_buf_u64(buf, cell->u);
		break;
	case REP_CELL_BOOL:
		rep_buf_text(buf, cell->b ? "true" : "false");
		break;
	case REP_CELL_TIME:
		rep_buf_time(buf, cell->u);
		break;
	case REP_CELL_BYTES:
		rep_escape_text(buf, cell->bytes);
		break;
	case REP_CELL_WORD:
		rep_buf_text(buf, cell->word);
		break;
	case REP_CELL_ARGV:
		argv_text(buf, cell->bytes);
		break;
	}
}

void rep_cell_text(struct rep_buf *buf, enum rep_cell_type type, const struct rep_cell *cell,
		   bool utf8)
{
	if (cell->is_at_least) {
		rep_buf_text(buf, utf8 ? "\xe2\x89\xa5 " : ">= ");
		rep_buf_duration(buf, cell->u);
		return;
	}
	if (cell->is_null)
		rep_buf_char(buf, '-');
	else if (type == REP_CELL_DURATION)
		rep_buf_duration(buf, cell->u);
	else if (type == REP_CELL_OFFSET || type == REP_CELL_MOMENT)
		cell_offset(buf, cell->i);
	else if (type == REP_CELL_BOOL)
		rep_buf_text(buf, cell->b ? "yes" : "no");
	else
		cell_common(buf, type, cell);
}

static void csv_cell(struct rep_table *table, enum rep_cell_type type, const struct rep_cell *cell)
{
	struct rep_out *out = table->out;

	if (cell->is_null)
		return;
	if (type == REP_CELL_UINT) { /* most of all */
		rep_buf_u64(&out->buf, cell->u);
		return;
	}
	if (type != REP_CELL_BYTES && type != REP_CELL_ARGV) {
		cell_common(&out->buf, type, cell);
		return;
	}
	table->scratch.size = 0;
	cell_common(&table->scratch, type, cell);
	rep_escape_csv(&out->buf, table->scratch.data, table->scratch.size, out->options.csv_safe);
	if (table->scratch.failed)
		out->buf.failed = true;
}

static void json_key(struct rep_out *out, const char *key, const char *suffix)
{
	if (!out->json_first)
		rep_buf_char(&out->buf, ',');
	out->json_first = false;
	if (!key)
		return;
	rep_buf_char(&out->buf, '"');
	rep_buf_text(&out->buf, key);
	rep_buf_text(&out->buf, suffix);
	rep_buf_bytes(&out->buf, "\":", 2);
}

static void json_bytes(struct rep_out *out, const char *key, struct vft_str bytes)
{
	if (rep_escape_json(&out->buf, bytes) && key) {
		json_key(out, key, "_raw");
		rep_buf_char(&out->buf, '"');
		rep_escape_base64(&out->buf, bytes);
		rep_buf_char(&out->buf, '"');
	}
}

static void json_argv(struct rep_out *out, const char *key, struct vft_str argv)
{
	bool replaced = false;
	struct vft_str arg;
	size_t at = 0;

	rep_buf_char(&out->buf, '[');
	for (bool first = true; rep_argv_next(argv, &at, &arg); first = false) {
		if (!first)
			rep_buf_char(&out->buf, ',');
		replaced |= rep_escape_json(&out->buf, arg);
	}
	rep_buf_char(&out->buf, ']');
	if (!replaced || !key)
		return;
	json_key(out, key, "_raw");
	at = 0;
	rep_buf_char(&out->buf, '[');
	for (bool first = true; rep_argv_next(argv, &at, &arg); first = false) {
		rep_buf_text(&out->buf, first ? "\"" : ",\"");
		rep_escape_base64(&out->buf, arg);
		rep_buf_char(&out->buf, '"');
	}
	rep_buf_char(&out->buf, ']');
}

/* What is larger is rounded by readers that keep numbers as doubles: jq before 1.7, JavaScript. */
#define MAX_EXACT ((1ull << 53) - 1)

/* All digits of a number that is too large, beside it. */
static void json_digits(struct rep_out *out, const char *key, enum rep_cell_type type,
			const struct rep_cell *cell)
{
	if (!key)
		return;
	json_key(out, key, "_text");
	rep_buf_char(&out->buf, '"');
	cell_common(&out->buf, type, cell);
	rep_buf_char(&out->buf, '"');
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
static void json_cell(struct rep_out *out, const char *key, enum rep_cell_type type,
		      const struct rep_cell *cell)
{
	if (cell->is_null) {
		rep_buf_bytes(&out->buf, "null", 4);
		return;
	}
	switch (type) {
	case REP_CELL_UINT: /* most of all */
		rep_buf_u64(&out->buf, cell->u);
		if (cell->u > MAX_EXACT)
			json_digits(out, key, type, cell);
		break;
	case REP_CELL_INT:
	case REP_CELL_BOOL:
	case REP_CELL_DURATION:
	case REP_CELL_OFFSET:
	case REP_CELL_MOMENT:
	case REP_CELL_FLAGS:
		cell_common(&out->buf, type, cell);
		if (!is_exact(type, cell))
			json_digits(out, key, type, cell);
		break;
	case REP_CELL_TIME:
		rep_buf_char(&out->buf, '"');
		rep_buf_time(&out->buf, cell->u);
		rep_buf_char(&out->buf, '"');
		break;
	case REP_CELL_BYTES:
		json_bytes(out, key, cell->bytes);
		break;
	case REP_CELL_WORD:
		json_bytes(out, key, (struct vft_str){cell->word, (uint32_t)strlen(cell->word)});
		break;
	case REP_CELL_ARGV:
		json_argv(out, key, cell->bytes);
		break;
	}
}

void rep_json_value(struct rep_out *out, const char *key, enum rep_cell_type type,
		    struct rep_cell cell)
{
	json_key(out, key, "");
	json_cell(out, key, type, &cell);
}

void rep_json_open(struct rep_out *out, const char *key, char bracket)
{
	json_key(out, key, "");
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

static void keep_keys(struct rep_table *table)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		rep_buf_char(&table->keys, '"');
		rep_buf_text(&table->keys, table->columns[i].name);
		rep_buf_bytes(&table->keys, "\":", 2);
		table->key_ends[i] = (uint32_t)table->keys.size;
	}
}

int rep_table_begin(struct rep_out *out, const struct rep_column *columns, size_t n_columns,
		    struct rep_table **ret)
{
	struct rep_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -ENOMEM;
	*table = (struct rep_table){.out = out, .columns = columns, .n_columns = n_columns};
	table->scratch.ascii_only = out->buf.ascii_only;
	if (out->options.format == REP_TEXT) {
		table->text = rep_text_new(out, columns, n_columns);
		if (!table->text) {
			free(table);
			return -ENOMEM;
		}
	} else if (out->options.format == REP_CSV) {
		for (size_t i = 0; i < n_columns; i++) {
			if (i)
				rep_buf_char(&out->buf, ',');
			rep_buf_text(&out->buf, columns[i].name);
		}
		rep_buf_bytes(&out->buf, "\r\n", 2);
	} else {
		keep_keys(table);
	}
	*ret = table;
	return 0;
}

/* @which NULL: one cell per column. */
static int any_row(struct rep_table *table, const uint8_t *which, const struct rep_cell *cells,
		   size_t n)
{
	struct rep_out *out = table->out;
	size_t column = 0, at;

	if (table->keys.failed)
		return -ENOMEM;
	if (out->options.format == REP_TEXT)
		return rep_text_row(table->text, which, cells, n);
	if (out->options.format == REP_CSV) {
		for (size_t i = 0; i < n; i++) {
			at = which ? which[i] : i;
			rep_buf_fill(&out->buf, ',', at - column);
			column = at;
			csv_cell(table, table->columns[at].type, &cells[i]);
		}
		rep_buf_fill(&out->buf, ',', table->n_columns - 1 - column);
		rep_buf_bytes(&out->buf, "\r\n", 2);
		return rep_out_drain(out);
	}
	rep_json_open(out, NULL, '{');
	for (size_t i = 0; i < n; i++) {
		const struct rep_column *c;
		size_t key;

		at = which ? which[i] : i;
		c = &table->columns[at];
		key = at ? table->key_ends[at - 1] : 0;
		if (i)
			rep_buf_char(&out->buf, ',');
		rep_buf_bytes(&out->buf, table->keys.data + key, table->key_ends[at] - key);
		out->json_first = false;
		json_cell(out, c->name, c->type, &cells[i]);
	}
	rep_json_close(out, '}');
	if (out->options.format == REP_NDJSON)
		rep_json_end(out);
	return rep_out_drain(out);
}

int rep_table_row(struct rep_table *table, const struct rep_cell *cells)
{
	return any_row(table, NULL, cells, table->n_columns);
}

int rep_table_row_sparse(struct rep_table *table, const uint8_t *which,
			 const struct rep_cell *cells, size_t n)
{
	return any_row(table, which, cells, n);
}

void rep_table_note(struct rep_table *table, const char *name, struct vft_str value)
{
	if (table->text)
		rep_text_note(table->text, name, value);
}

int rep_table_flush(struct rep_table *table)
{
	int err = table->text ? rep_text_flush(table->text) : 0;

	return err ? err : rep_out_flush(table->out);
}

int rep_table_end(struct rep_table *table)
{
	int err = table->text ? rep_text_flush(table->text) : rep_out_drain(table->out);

	rep_table_free(table);
	return err;
}

void rep_table_free(struct rep_table *table)
{
	if (!table)
		return;
	rep_text_free(table->text);
	rep_buf_release(&table->scratch);
	rep_buf_release(&table->keys);
	free(table);
}
