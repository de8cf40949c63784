/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A record of the ring to an event, as each way to keep arguments asks for it.
 */
#include "fuzz.h"

#include "bpf/events.h"
#include "record/kernel/translate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum rec_args ways[] = {REC_ARGS_NONE, REC_ARGS_ARGV0, REC_ARGS_REDACTED,
					     REC_ARGS_FULL};
	/* The ring's records are aligned; the copy ends where the record does. */
	void *record = malloc(size ? size : 1);
	struct rec_translation translation;
	uint64_t sum = 0;

	if (!record)
		return 0;
	memcpy(record, data, size);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (rec_translate(record, size, ways[i], &translation) < 0)
			continue;
		sum += fuzz_touch(&translation.event);
		if (ways[i] == REC_ARGS_NONE && translation.event.kind == VFT_KIND_EXEC &&
		    translation.event.exec.argv)
			abort(); /* what was not to be kept */
	}
	if (size >= sizeof(struct vfe_task_state)) {
		rec_translate_task(record, &translation);
		sum += fuzz_touch(&translation.event);
		rec_translate_stall(record, &translation);
		sum += fuzz_touch(&translation.event);
	}
	__asm__ volatile("" : : "r"(sum)); /* what was touched must have been read */
	free(record);
	return 0;
}
