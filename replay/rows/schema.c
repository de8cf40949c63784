/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/rows/schema.h"

#include <stdio.h>

#include "replay/rows/rows.h"

static void word(struct rep_out *out, const char *key, const char *value)
{
	rep_json_value(out, key, REP_CELL_WORD, REP_WORD(value));
}

static const char *type_name(enum rep_cell_type type)
{
	switch (type) {
	case REP_CELL_INT:
	case REP_CELL_UINT:
	case REP_CELL_DURATION:
	case REP_CELL_OFFSET:
	case REP_CELL_MOMENT:
	case REP_CELL_FLAGS:
		return "integer";
	case REP_CELL_BOOL:
		return "boolean";
	case REP_CELL_ARGV:
		return "array";
	case REP_CELL_TIME:
	case REP_CELL_BYTES:
	case REP_CELL_WORD:
		break;
	}
	return "string";
}

static void column_schema(struct rep_out *out, const struct rep_column *column)
{
	rep_json_open(out, column->name, '{');
	word(out, "description", column->about);
	if (column->may_be_null) {
		rep_json_open(out, "type", '[');
		word(out, NULL, type_name(column->type));
		word(out, NULL, "null");
		rep_json_close(out, ']');
	} else {
		word(out, "type", type_name(column->type));
	}
	if (column->type == REP_CELL_UINT || column->type == REP_CELL_DURATION)
		rep_json_value(out, "minimum", REP_CELL_UINT, REP_UINT(0));
	if (column->type == REP_CELL_TIME)
		word(out, "format", "date-time");
	if (column->words) {
		rep_json_open(out, "enum", '[');
		for (const char *const *w = column->words; *w; w++)
			word(out, NULL, *w);
		if (column->may_be_null)
			rep_json_value(out, NULL, REP_CELL_WORD, REP_NULL);
		rep_json_close(out, ']');
	}
	if (column->type == REP_CELL_ARGV) {
		rep_json_open(out, "items", '{');
		word(out, "type", "string");
		rep_json_close(out, '}');
	}
	rep_json_close(out, '}');
}

static void raw_schema(struct rep_out *out, const struct rep_column *column)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_raw", column->name);
	rep_json_open(out, name, '{');
	word(out, "description", "base64; present only where bytes were replaced");
	word(out, "type", column->type == REP_CELL_ARGV ? "array" : "string");
	if (column->type == REP_CELL_ARGV) {
		rep_json_open(out, "items", '{');
		word(out, "type", "string");
		word(out, "contentEncoding", "base64");
		rep_json_close(out, '}');
	} else {
		word(out, "contentEncoding", "base64");
	}
	rep_json_close(out, '}');
}

static bool is_number(enum rep_cell_type type)
{
	return strcmp(type_name(type), "integer") == 0;
}

static void digits_schema(struct rep_out *out, const struct rep_column *column)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_text", column->name);
	rep_json_open(out, name, '{');
	word(out, "description", "all digits; present only beyond 2^53 - 1");
	word(out, "type", "string");
	word(out, "pattern", "^-?[0-9]+$");
	rep_json_close(out, '}');
}

static void table_schema(struct rep_out *out, const struct rep_table_info *table)
{
	bool sparse = table->columns == rep_events_columns;

	rep_json_open(out, table->name, '{');
	word(out, "description", table->about);
	word(out, "type", "object");
	rep_json_open(out, "properties", '{');
	for (size_t i = 0; i < table->n_columns; i++) {
		column_schema(out, &table->columns[i]);
		if (table->columns[i].type == REP_CELL_BYTES ||
		    table->columns[i].type == REP_CELL_ARGV)
			raw_schema(out, &table->columns[i]);
		if (is_number(table->columns[i].type))
			digits_schema(out, &table->columns[i]);
	}
	rep_json_close(out, '}');
	rep_json_open(out, "required", '[');
	for (size_t i = 0; i < table->n_columns; i++) {
		if (!sparse || i <= REP_EV_CPU)
			word(out, NULL, table->columns[i].name);
	}
	rep_json_close(out, ']');
	rep_json_close(out, '}');
}

/* The rows of the commands that print tables; docs/schema.md alone describes those of the others.
 */
static void rows_schema(struct rep_out *out, const char *const *commands, size_t n)
{
	rep_json_open(out, "if", '{');
	rep_json_open(out, "properties", '{');
	rep_json_open(out, "command", '{');
	rep_json_open(out, "enum", '[');
	for (size_t i = 0; i < n; i++)
		word(out, NULL, commands[i]);
	rep_json_close(out, ']');
	rep_json_close(out, '}');
	rep_json_close(out, '}');
	rep_json_close(out, '}');
	rep_json_open(out, "then", '{');
	rep_json_open(out, "properties", '{');
	rep_json_open(out, "rows", '{');
	rep_json_open(out, "items", '{');
	rep_json_open(out, "anyOf", '[');
	for (const struct rep_table_info *table = rep_tables; table->name; table++) {
		char ref[64];

		snprintf(ref, sizeof(ref), "#/$defs/%s", table->name);
		rep_json_open(out, NULL, '{');
		word(out, "$ref", ref);
		rep_json_close(out, '}');
	}
	rep_json_close(out, ']');
	rep_json_close(out, '}');
	rep_json_close(out, '}');
	rep_json_close(out, '}');
	rep_json_close(out, '}');
}

static void fill(struct rep_out *out, const char *const *commands, size_t n)
{
	rep_json_open(out, NULL, '{');
	word(out, "$schema", "https://json-schema.org/draft/2020-12/schema");
	word(out, "title", "vfork-report --json");
	word(out, "type", "object");
	rep_json_open(out, "properties", '{');
	rep_json_open(out, "schema_version", '{');
	rep_json_value(out, "const", REP_CELL_UINT, REP_UINT(REP_SCHEMA_VERSION));
	rep_json_close(out, '}');
	rep_json_open(out, "command", '{');
	word(out, "type", "string");
	rep_json_close(out, '}');
	rep_json_open(out, "trace", '{');
	word(out, "type", "object");
	rep_json_close(out, '}');
	rep_json_open(out, "losses", '{');
	word(out, "type", "object");
	rep_json_close(out, '}');
	rep_json_open(out, "rows", '{');
	word(out, "type", "array");
	rep_json_open(out, "items", '{');
	word(out, "type", "object");
	rep_json_close(out, '}');
	rep_json_close(out, '}');
	rep_json_close(out, '}');
	rows_schema(out, commands, n);
	rep_json_open(out, "required", '[');
	word(out, NULL, "schema_version");
	word(out, NULL, "command");
	rep_json_close(out, ']');
	rep_json_open(out, "$defs", '{');
	for (const struct rep_table_info *table = rep_tables; table->name; table++)
		table_schema(out, table);
	rep_json_close(out, '}');
	rep_json_close(out, '}');
	rep_json_end(out);
}

/* Two columns a level; an array of words stays on its line. */
static void indent(struct rep_buf *to, const char *data, size_t size)
{
	unsigned int depth = 0;
	bool in_string = false, in_words = false;

	for (size_t i = 0; i < size; i++) {
		char c = data[i];
		bool opens = c == '{' || (c == '[' && i + 1 < size && data[i + 1] == '{');

		if (c == '"' && (!i || data[i - 1] != '\\'))
			in_string = !in_string;
		if (!in_string && c == '[' && !opens)
			in_words = true;
		if (!in_string && !in_words && (c == '}' || c == ']')) {
			rep_buf_char(to, '\n');
			rep_buf_fill(to, ' ', 2 * (size_t)--depth);
		}
		rep_buf_char(to, c);
		if (in_string)
			continue;
		if (c == ':' || (c == ',' && in_words))
			rep_buf_char(to, ' ');
		if (c == ']')
			in_words = false;
		if (opens)
			depth++;
		if (opens || (c == ',' && !in_words)) {
			rep_buf_char(to, '\n');
			rep_buf_fill(to, ' ', 2 * (size_t)depth);
		}
	}
}

void rep_schema_fill(struct rep_out *out, const char *const *commands, size_t n)
{
	struct rep_out flat;

	rep_out_init(&flat, -1, &out->options);
	fill(&flat, commands, n);
	out->buf.failed |= flat.buf.failed;
	indent(&out->buf, flat.buf.data, flat.buf.size);
	rep_out_release(&flat);
}
