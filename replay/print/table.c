/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/print/table.h"

#include <errno.h>
#include <stdlib.h>

#include "replay/print/exporter.h"

struct rep_table {
	struct rep_out *out;
	const struct rep_exporter *exporter;
	size_t n_columns;
	void *state; /* the exporter's */
};

const struct rep_exporter *rep_exporter_get(enum rep_format format)
{
	switch (format) {
	case REP_JSON:
		return &rep_exporter_json;
	case REP_NDJSON:
		return &rep_exporter_ndjson;
	case REP_CSV:
		return &rep_exporter_csv;
	case REP_TEXT:
		break;
	}
	return &rep_exporter_text;
}

const struct rep_exporter *rep_exporter_of(const struct rep_out *out)
{
	return rep_exporter_get(out->options.format);
}

int rep_table_begin(struct rep_out *out, const struct rep_column *columns, size_t n_columns,
		    struct rep_table **ret)
{
	struct rep_table *table = calloc(1, sizeof(*table));
	int r;

	if (!table)
		return -ENOMEM;
	*table = (struct rep_table){
		.out = out, .exporter = rep_exporter_of(out), .n_columns = n_columns};
	r = table->exporter->begin(out, columns, n_columns, &table->state);
	if (r < 0) {
		free(table);
		return r;
	}
	*ret = table;
	return 0;
}

int rep_table_row(struct rep_table *table, const struct rep_cell *cells)
{
	return table->exporter->row(table->state, NULL, cells, table->n_columns);
}

int rep_table_row_sparse(struct rep_table *table, const uint8_t *which,
			 const struct rep_cell *cells, size_t n)
{
	return table->exporter->row(table->state, which, cells, n);
}

void rep_table_note(struct rep_table *table, const char *name, struct vft_str value)
{
	if (table->exporter->note)
		table->exporter->note(table->state, name, value);
}

int rep_table_flush(struct rep_table *table)
{
	int err = table->exporter->end(table->state);

	return err ? err : rep_out_flush(table->out);
}

int rep_table_end(struct rep_table *table)
{
	int err = table->exporter->end(table->state);

	rep_table_free(table);
	return err;
}

void rep_table_free(struct rep_table *table)
{
	if (!table)
		return;
	table->exporter->free(table->state);
	free(table);
}
