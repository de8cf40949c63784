/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "format/base/crc32c.h"
#include "format/block/index.h"
#include "format/block/meta.h"
#include "trace.h"
#include <vft/verify.h>

#define MAX_FINDINGS 16

struct findings {
	struct vft_damage damage[MAX_FINDINGS];
	size_t n;
	int stop;
};

static int remember(void *context, const struct vft_damage *damage)
{
	struct findings *findings = context;

	if (findings->n < MAX_FINDINGS)
		findings->damage[findings->n] = *damage;
	findings->n++;
	return findings->stop;
}

static int verify(struct bytes trace, struct findings *findings, struct vft_verify *ret)
{
	struct vft_source *source;

	*findings = (struct findings){.stop = findings->stop};
	assert_int_equal(vft_source_open_memory(trace.data, trace.size, &source, NULL), 0);
	return vft_verify(source, NULL, remember, findings, ret, NULL);
}

static void test_verify__clean(void **state)
{
	struct bytes trace = trace_sample(), twice = bytes_join(trace, trace);
	struct findings findings = {0};
	struct vft_verify result = {.size = sizeof(result)};
	size_t n;

	(void)sample_events(&n);
	assert_int_equal(verify(twice, &findings, &result), 0);
	assert_true(result.ok);
	assert_int_equal(findings.n, 0);
	assert_int_equal(result.n_events, 2 * n);
	assert_int_equal(result.n_recovered_events, 0);
	assert_true(result.n_blocks >= 2 * 8);
	bytes_free(&trace);
	bytes_free(&twice);
}

/* Nothing in the file can change without being found: not even padding. */
static void test_verify__every_bit_flip_is_found(void **state)
{
	struct bytes trace = trace_sample();
	struct findings findings = {0};
	struct vft_verify result = {.size = sizeof(result)};

	for (size_t bit = 0; bit < trace.size * 8; bit++) {
		trace.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_int_equal(verify(trace, &findings, &result), 0);
		trace.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_false(result.ok);
		assert_true(findings.n >= 1);
		assert_in_range(bit / 8, findings.damage[0].offset,
				findings.damage[0].offset + findings.damage[0].length - 1);
	}
	bytes_free(&trace);
}

static void test_verify__every_truncation_is_found(void **state)
{
	struct bytes trace = trace_sample(), cut = trace;
	struct findings findings = {0};
	struct vft_verify result = {.size = sizeof(result)};

	for (cut.size = 200; cut.size < trace.size; cut.size++) {
		assert_int_equal(verify(cut, &findings, &result), 0);
		assert_true(findings.n >= 1);
	}
	/* Without its trailer alone nothing is lost. */
	cut.size = trace.size - VFT_TRAILER_SIZE;
	assert_int_equal(verify(cut, &findings, &result), 0);
	assert_true(result.ok);
	assert_int_equal(findings.n, 1);
	assert_true(findings.damage[0].is_notice);
	bytes_free(&trace);
}

static void test_verify__not_closed_is_a_notice(void **state)
{
	size_t n;
	const struct vft_event *list = sample_events(&n);
	struct bytes trace = trace_make(SECTION_ID, list, n, 0, false);
	struct findings findings = {0};
	struct vft_verify result = {.size = sizeof(result)};

	assert_int_equal(verify(trace, &findings, &result), 0);
	assert_true(result.ok);
	assert_int_equal(findings.n, 1);
	assert_true(findings.damage[0].is_notice);
	assert_int_equal(findings.damage[0].offset, trace.size);
	bytes_free(&trace);
}

static void test_verify__recovered_events(void **state)
{
	struct bytes trace = trace_sample();
	struct findings findings = {0};
	struct vft_header header;
	struct vft_verify result = {.size = sizeof(result)};
	size_t n, offset = trace_find(trace, VFT_BLOCK_SNAPSHOT, &header);

	(void)sample_events(&n);
	trace.data[offset + VFT_HEADER_SIZE] ^= 1;
	assert_int_equal(verify(trace, &findings, &result), 0);
	assert_false(result.ok);
	assert_int_equal(findings.n, 1);
	assert_int_equal(findings.damage[0].offset, offset);
	assert_int_equal(findings.damage[0].length, vft_header_get_size(&header));
	assert_false(findings.damage[0].is_notice);
	assert_int_equal(result.n_events, n - 1);
	assert_int_equal(result.n_recovered_events, n - 2); /* CLOCK stands before */
	bytes_free(&trace);
}

static void test_verify__index_disagrees(void **state)
{
	struct bytes trace = trace_sample();
	struct findings findings = {0};
	struct vft_header header;
	struct vft_verify result = {.size = sizeof(result)};
	size_t offset = trace_find(trace, VFT_BLOCK_INDEX, &header);

	/* The number of lost events of the last entry. */
	trace.data[offset + VFT_HEADER_SIZE + header.payload_len - 1] ^= 1;
	trace_reseal(trace, offset);
	assert_int_equal(verify(trace, &findings, &result), 0);
	assert_true(result.ok);
	assert_int_equal(findings.n, 1);
	assert_true(findings.damage[0].is_notice);
	assert_int_equal(findings.damage[0].offset, offset);
	bytes_free(&trace);
}

/* The index with one member of one entry changed; the same number of bytes all the same. */
static void change_index(struct bytes trace, void (*change)(struct vft_index_entry *entry),
			 uint64_t previous_off)
{
	struct vft_header header;
	size_t offset = trace_find(trace, VFT_BLOCK_INDEX, &header), i = 0;
	struct vft_buffer entries = {0}, payload = {0};
	uint8_t *at = trace.data + offset + VFT_HEADER_SIZE;
	uint64_t ignored;

	assert_int_equal(
		vft_index_decode(vft_cursor_init(at, header.payload_len), 1000, &entries, &ignored),
		0);
	while (!vft_index_get(&entries, i)->n_events)
		i++;
	if (change)
		change((struct vft_index_entry *)(void *)entries.data + i);
	assert_int_equal(vft_index_encode(&entries, previous_off, &payload), 0);
	assert_int_equal(payload.size, header.payload_len);
	memcpy(at, payload.data, payload.size);
	trace_reseal(trace, offset);
	vft_buffer_release(&entries);
	vft_buffer_release(&payload);
}

static void change_type(struct vft_index_entry *entry)
{
	entry->type ^= 1;
}

static void change_count(struct vft_index_entry *entry)
{
	entry->n_events++;
}

static void change_kinds(struct vft_index_entry *entry)
{
	entry->kinds ^= 1;
}

static void change_lost(struct vft_index_entry *entry)
{
	entry->n_lost ^= 1;
}

static void change_first(struct vft_index_entry *entry)
{
	entry->first_ns++;
	entry->last_ns++;
}

static void change_last(struct vft_index_entry *entry)
{
	entry->last_ns++;
}

static void change_size(struct vft_index_entry *entry)
{
	entry->size_bytes += 8;
}

static void test_verify__index_entry_differs(void **state)
{
	static void (*const changes[])(struct vft_index_entry * entry) = {
		NULL, /* where the previous INDEX is */
		change_type,  change_count, change_kinds, change_lost,
		change_first, change_last,  change_size};
	struct findings findings = {0};
	struct vft_verify result = {.size = sizeof(result)};

	for (size_t i = 0; i < N_OF(changes); i++) {
		struct bytes trace = trace_sample();

		change_index(trace, NULL, 0);
		assert_int_equal(verify(trace, &findings, &result), 0);
		assert_int_equal(findings.n, 0);
		change_index(trace, changes[i], !changes[i]);
		assert_int_equal(verify(trace, &findings, &result), 0);
		assert_int_equal(findings.n, 1);
		assert_true(findings.damage[0].is_notice);
		bytes_free(&trace);
	}
}

static void test_verify__end_miscounts(void **state)
{
	struct bytes trace = trace_sample();
	struct findings findings = {0};
	struct vft_header header;
	struct vft_verify result = {.size = sizeof(result)};
	size_t offset = trace_find(trace, VFT_BLOCK_END, &header);

	trace.data[offset + VFT_HEADER_SIZE + 5] ^= 1; /* the value of n_events */
	trace_reseal(trace, offset);
	assert_int_equal(verify(trace, &findings, &result), 0);
	assert_false(result.ok);
	assert_int_equal(findings.n, 1);
	assert_int_equal(findings.damage[0].offset, offset);
	bytes_free(&trace);
}

/* @trace's block of @type with the varint at @at of its payload made one byte longer. */
static struct bytes lengthen(struct bytes trace, uint16_t type, size_t at)
{
	struct vft_header header;
	size_t offset = trace_find(trace, type, &header);
	uint8_t payload[4096];
	struct bytes head = {trace.data, offset}, block, whole;

	assert_true(header.payload_len < sizeof(payload) - 1 && !header.flags);
	memcpy(payload, trace.data + offset + VFT_HEADER_SIZE, header.payload_len);
	assert_true(payload[at] < 0x80);
	memmove(payload + at + 2, payload + at + 1, header.payload_len - at - 1);
	payload[at] |= 0x80;
	payload[at + 1] = 0;
	block = block_make(type, 0, 0, 0, payload, header.payload_len + 1);
	whole = bytes_join(head, (struct bytes){0});
	trace_append(&whole, block);
	if (header.n_events) {
		struct vft_header now;

		assert_int_equal(vft_header_parse(whole.data + offset, &now), 0);
		now.raw_len = header.raw_len;
		now.n_events = header.n_events;
		now.first_ts = header.first_ts;
		vft_header_store(&now, whole.data + offset);
	}
	bytes_free(&block);
	return whole;
}

/* A reader bears a number in more bytes than it needs, and verify says where one is. */
static void test_verify__long_numbers(void **state)
{
	/* Of META the length of a text; of SCHEMA the numbers of columns and of kinds' columns; of
	 * rows the length of the information, an id, and a column's codec; of INDEX and END any. */
	static const struct {
		uint16_t type;
		size_t at;
	} numbers[] = {{VFT_BLOCK_META, 1},   {VFT_BLOCK_SCHEMA, 0}, {VFT_BLOCK_SCHEMA, 2},
		       {VFT_BLOCK_SCHEMA, 7}, {VFT_BLOCK_EVENTS, 0}, {VFT_BLOCK_CLOCK, 11},
		       {VFT_BLOCK_INDEX, 1},  {VFT_BLOCK_END, 0},    {VFT_BLOCK_END, 3}};
	struct bytes trace = trace_sample();
	struct findings findings = {0};
	struct vft_verify result = {.size = sizeof(result)};

	for (size_t i = 0; i < N_OF(numbers); i++) {
		struct bytes longer = lengthen(trace, numbers[i].type, numbers[i].at);
		struct vft_header header;
		size_t offset = trace_find(longer, numbers[i].type, &header), n_found = 0;

		assert_int_equal(verify(longer, &findings, &result), 0);
		assert_false(result.ok);
		for (size_t j = 0; j < findings.n; j++)
			n_found += findings.damage[j].offset == offset &&
				   strstr(findings.damage[j].what, "more bytes than it needs");
		assert_int_equal(n_found, 1);
		bytes_free(&longer);
	}
	bytes_free(&trace);
}

/* A payload that a writer should have masked: it can be read, and somebody may be led into it. */
static void test_verify__sync_without_mask(void **state)
{
	struct bytes trace = trace_sample(), block, masked;
	struct findings findings = {0};
	struct vft_header header;
	struct vft_verify result = {.size = sizeof(result)};
	size_t offset = trace_find(trace, VFT_BLOCK_END, &header);

	trace.size = offset;
	block = block_make(VFT_BLOCK_STACKS, SECTION_ID, 0, 0, "12" VFT_SYNC "34567", 15);
	masked = bytes_join(trace, (struct bytes){0});
	trace_append(&masked, block);
	assert_int_equal(verify(masked, &findings, &result), 0);
	assert_true(result.ok);
	assert_int_equal(vft_header_parse(masked.data + offset, &header), 0);
	assert_int_not_equal(header.flags, 0);
	memcpy(masked.data + offset + VFT_HEADER_SIZE, "12" VFT_SYNC "34567", 15);
	header.flags = 0;
	vft_header_store(&header, masked.data + offset);
	trace_reseal(masked, offset);
	assert_int_equal(verify(masked, &findings, &result), 0);
	assert_false(result.ok);
	assert_int_equal(findings.damage[0].offset, offset);
	bytes_free(&block);
	bytes_free(&masked);
	bytes_free(&trace);
}

/* Times may step back by a second; beyond that the order of rows says nothing. Once a section. */
static void test_verify__order_of_time(void **state)
{
	static const uint64_t steps[] = {VFT_MAX_STEP_BACK_NS, VFT_MAX_STEP_BACK_NS + 1};

	for (size_t i = 0; i < N_OF(steps); i++)
		for (uint32_t target = 1; target <= 4096; target += 4095) {
			struct vft_event list[4] = {{.time_ns = T0 + steps[i]},
						    {.time_ns = T0},
						    {.time_ns = T0},
						    {.time_ns = T0 + 1}};
			struct bytes trace;
			struct findings findings = {0};
			struct vft_verify result = {.size = sizeof(result)};

			for (size_t j = 0; j < N_OF(list); j++)
				list[j].kind = VFT_KIND_MARK;
			/* Each in a block of its own, or all in one. */
			trace = trace_make(SECTION_ID, list, N_OF(list), target, true);
			assert_int_equal(verify(trace, &findings, &result), 0);
			assert_true(result.ok);
			assert_int_equal(findings.n, i);
			bytes_free(&trace);
		}
}

/* A block of a later version counts in END, and one that may not be ignored is said. */
static void test_verify__later_blocks(void **state)
{
	static const uint16_t types[] = {0x8123, 0x123};

	for (size_t i = 0; i < N_OF(types); i++) {
		struct bytes trace = trace_sample();
		struct findings findings = {0};
		struct vft_header header;
		struct vft_verify result = {.size = sizeof(result)};
		size_t n_notices = 0, offset = trace_find(trace, VFT_BLOCK_SNAPSHOT, &header);

		header.type = types[i];
		vft_header_store(&header, trace.data + offset);
		assert_int_equal(verify(trace, &findings, &result), 0);
		assert_true(result.ok);
		for (size_t j = 0; j < findings.n; j++)
			n_notices += strstr(findings.damage[j].what, "later version") != NULL;
		assert_int_equal(n_notices, i);
		bytes_free(&trace);
	}
}

static void test_verify__callback_stops(void **state)
{
	struct bytes trace = trace_sample();
	struct findings findings = {.stop = -ECANCELED};
	struct vft_verify result = {.size = sizeof(result), .n_blocks = 77};

	trace.data[300] ^= 1;
	trace.data[1200] ^= 1;
	assert_int_equal(verify(trace, &findings, &result), -ECANCELED);
	assert_int_equal(findings.n, 1);
	assert_int_equal(result.n_blocks, 77);
	bytes_free(&trace);
}

/* Wherever there is something to tell, whoever is told can end it. */
static void test_verify__callback_stops_anywhere(void **state)
{
	struct findings findings = {.stop = -ECANCELED};
	struct bytes trace = trace_sample(), cut = trace;
	struct vft_header header;
	struct vft_verify result = {.size = sizeof(result)};
	size_t offset;

	cut.size -= VFT_TRAILER_SIZE;
	assert_int_equal(verify(cut, &findings, &result), -ECANCELED);
	offset = trace_find(trace, VFT_BLOCK_END, &header);
	trace.data[offset + VFT_HEADER_SIZE + 5] ^= 1;
	trace_reseal(trace, offset);
	assert_int_equal(verify(trace, &findings, &result), -ECANCELED);
	trace.data[offset + VFT_HEADER_SIZE + 5] ^= 1;
	trace_reseal(trace, offset);
	for (size_t i = 0; trace_block(trace, i, &header, &offset); i++) {
		size_t last = offset + vft_header_get_size(&header) - 1;

		if (header.payload_len % 8 == 0)
			continue;
		trace.data[last] ^= 1;
		assert_int_equal(verify(trace, &findings, &result), -ECANCELED);
		assert_int_equal(findings.damage[0].offset + findings.damage[0].length, last + 1);
		trace.data[last] ^= 1;
	}
	bytes_free(&trace);
}

static void test_verify__not_a_trace(void **state)
{
	struct findings findings = {0};
	struct vft_verify result = {.size = sizeof(result)};

	assert_int_equal(verify((struct bytes){(uint8_t *)(uintptr_t) "", 0}, &findings, &result),
			 -ENODATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verify__clean),
		cmocka_unit_test(test_verify__every_bit_flip_is_found),
		cmocka_unit_test(test_verify__every_truncation_is_found),
		cmocka_unit_test(test_verify__not_closed_is_a_notice),
		cmocka_unit_test(test_verify__recovered_events),
		cmocka_unit_test(test_verify__index_disagrees),
		cmocka_unit_test(test_verify__index_entry_differs),
		cmocka_unit_test(test_verify__end_miscounts),
		cmocka_unit_test(test_verify__long_numbers),
		cmocka_unit_test(test_verify__sync_without_mask),
		cmocka_unit_test(test_verify__order_of_time),
		cmocka_unit_test(test_verify__later_blocks),
		cmocka_unit_test(test_verify__callback_stops),
		cmocka_unit_test(test_verify__callback_stops_anywhere),
		cmocka_unit_test(test_verify__not_a_trace),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
