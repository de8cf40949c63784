/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/columns.h"

#include <string.h>

static void get_value(const struct vft_columns *columns, uint32_t *at,
		      const struct vft_field *field, struct vft_event *event)
{
	void *member = (char *)event + field->offset;
	const union vft_values *of = &columns->of[field->column];
	uint32_t i = at[field->column]++, row;

	switch ((enum vft_type)field->type) {
	case VFT_TYPE_U32:
	case VFT_TYPE_I32:
		*(uint32_t *)member = of->u32[i];
		break;
	case VFT_TYPE_U64:
		*(uint64_t *)member = of->u64[i];
		break;
	case VFT_TYPE_TASK:
		*(const struct vft_task **)member = &columns->tasks[of->u32[i]];
		break;
	case VFT_TYPE_STR:
		row = of->u32[i];
		*(const struct vft_str **)member =
			row == VFT_NO_STRING ? NULL : &columns->strings[row];
		break;
	}
}

void vft_columns_get(const struct vft_columns *columns, uint32_t at[VFT_COLUMN_MAX], uint32_t i,
		     struct vft_event *event)
{
	size_t n;
	const struct vft_field *fields = vft_event_fields(columns->kind[i], &n);

	memset(event, 0, sizeof(*event));
	event->time_ns = columns->time_ns[i];
	event->kind = columns->kind[i];
	event->cpu = columns->cpu ? columns->cpu[i] : 0;
	for (size_t j = 0; j < n; j++)
		if (columns->of[fields[j].column].u32)
			get_value(columns, at, &fields[j], event);
}

void vft_columns_to_events(const struct vft_columns *columns, struct vft_event *events)
{
	uint32_t at[VFT_COLUMN_MAX] = {0};

	for (uint32_t i = 0; i < columns->n_rows; i++)
		vft_columns_get(columns, at, i, &events[i]);
}
