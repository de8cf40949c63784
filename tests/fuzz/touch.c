/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"

uint64_t fuzz_touch(const struct vft_event *event)
{
	size_t n;
	const struct vft_field *fields = vft_event_fields(event->kind, &n);
	uint64_t sum = event->time_ns + event->cpu;

	for (size_t i = 0; i < n; i++) {
		const void *member = (const char *)event + fields[i].offset;
		const struct vft_task *task;
		const struct vft_str *str;

		switch ((enum vft_type)fields[i].type) {
		case VFT_TYPE_U32:
		case VFT_TYPE_I32:
			sum += *(const uint32_t *)member;
			break;
		case VFT_TYPE_U64:
			sum += *(const uint64_t *)member;
			break;
		case VFT_TYPE_STR:
			str = *(const struct vft_str *const *)member;
			for (uint32_t j = 0; str && j < str->size && j < 64; j++)
				sum += (uint8_t)str->data[j];
			if (str && str->size)
				sum += (uint8_t)str->data[str->size - 1];
			break;
		case VFT_TYPE_TASK:
			task = *(const struct vft_task *const *)member;
			if (task)
				sum += task->start_ns + task->cgroup + task->tid + task->tgid;
			break;
		}
	}
	return sum;
}
