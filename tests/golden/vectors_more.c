/* SPDX-License-Identifier: BSD-2-Clause */
/* Vectors that were added later: the section id of each comes from its name. */
#include "vectors.h"

#include "format/base/hash.h"

static uint64_t id_of(const char *name)
{
	return vft_hash_bytes(0, name, strlen(name));
}

static struct bytes make_sample(const char *name)
{
	size_t n;
	const struct vft_event *list = sample_events(&n);

	return trace_make(id_of(name), list, n, 64, true);
}

static void save_and_free(const char *name, struct bytes trace)
{
	vectors_save(name, trace.data, trace.size);
	bytes_free(&trace);
}

/* @trace with @n_removed bytes at @at exchanged for @n_added others. */
static struct bytes splice(struct bytes trace, size_t at, size_t n_removed, const void *added,
			   size_t n_added)
{
	struct bytes middle = {(uint8_t *)(uintptr_t)added, n_added};
	struct bytes tail = {trace.data + at + n_removed, trace.size - at - n_removed};
	struct bytes front = bytes_join((struct bytes){trace.data, at}, middle);
	struct bytes whole = bytes_join(front, tail);

	bytes_free(&front);
	return whole;
}

/* --- bytes missing, and too many --- */

static void write_missing(void)
{
	struct bytes trace = make_sample("head_cut_at_block");
	struct vft_header header;
	size_t at = trace_find(trace, VFT_BLOCK_SNAPSHOT, &header);

	vectors_save("head_cut_at_block", trace.data + at, trace.size - at);
	bytes_free(&trace);
	trace = make_sample("schema_lost");
	vectors_save("schema_lost", trace.data + at + 1, trace.size - at - 1);
	bytes_free(&trace);
	trace = make_sample("block_removed");
	save_and_free("block_removed", splice(trace, at, vft_header_get_size(&header), "", 0));
	bytes_free(&trace);
	trace = make_sample("bytes_inserted");
	save_and_free("bytes_inserted",
		      splice(trace, at + 100, 0, "these bytes belong to nothing at all", 36));
	bytes_free(&trace);
}

static void write_padding(void)
{
	struct bytes trace = make_sample("cut_in_padding"), part = trace, other, both;
	struct vft_header header;
	size_t at = trace_find(trace, VFT_BLOCK_SNAPSHOT, &header);

	assert_int_not_equal(header.payload_len % 8, 0);
	part.size = at + vft_header_get_size(&header) - 1;
	vectors_save("cut_in_padding", part.data, part.size);
	bytes_free(&trace);
	trace = make_sample("cut_in_padding_then_file");
	other = make_sample("cut_in_padding_then_file: the other");
	part.data = trace.data;
	both = bytes_join(part, other);
	save_and_free("cut_in_padding_then_file", both);
	bytes_free(&trace);
	bytes_free(&other);
}

static void write_joined(void)
{
	struct bytes trace = make_sample("partial_then_whole"), part = trace, other, both;
	struct vft_header header;
	size_t at = trace_find(trace, VFT_BLOCK_EVENTS, &header);

	part.size = at + 100;
	both = bytes_join(part, trace);
	save_and_free("partial_then_whole", both);
	bytes_free(&trace);
	trace = make_sample("whole_then_headless");
	other = make_sample("whole_then_headless: the other");
	part = (struct bytes){other.data + at, other.size - at};
	both = bytes_join(trace, part);
	save_and_free("whole_then_headless", both);
	bytes_free(&trace);
	bytes_free(&other);
}

/* --- what END says, and what there is --- */

/* The SNAPSHOT block taken out, and those behind it made to fit, as if it had never been there. */
static void write_renumbered(void)
{
	struct bytes trace = make_sample("block_renumbered"), less;
	struct vft_header header;
	size_t at = trace_find(trace, VFT_BLOCK_SNAPSHOT, &header), offset;
	uint64_t size = vft_header_get_size(&header);

	less = splice(trace, at, size, "", 0);
	for (size_t i = (size_t)header.seq; trace_block(less, i, &header, &offset); i++) {
		header.seq--;
		header.self_off -= size;
		vft_header_store(&header, less.data + offset);
	}
	less.size -= VFT_TRAILER_SIZE; /* it would say otherwise */
	save_and_free("block_renumbered", less);
	bytes_free(&trace);
}

/* An ignorable block of a later version that counts rows, as END does. */
static void write_future_rows(void)
{
	struct bytes trace = make_sample("future_rows");
	struct vft_header header;
	size_t at = trace_find(trace, VFT_BLOCK_SNAPSHOT, &header);

	header.type = 0x123 | VFT_TYPE_IGNORABLE;
	vft_header_store(&header, trace.data + at);
	save_and_free("future_rows", trace);
}

/* --- columns --- */

static void put_all(struct vft_buffer *buffer, const uint64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(vft_buffer_append_varint(buffer, values[i]), 0);
}

#define PUT(buffer, ...)                                                                           \
	put_all(buffer, (const uint64_t[]){__VA_ARGS__},                                           \
		sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* Column 14 of a later version: three values of an encoding that is known, in a block of two rows.
 */
static void write_future_column(void)
{
	struct bytes whole = make_sample("future_column"), trace, block;
	struct vft_buffer payload = {0};
	struct vft_header header;

	trace = bytes_join((struct bytes){whole.data, trace_find(whole, VFT_BLOCK_SCHEMA, &header)},
			   (struct bytes){0});
	bytes_free(&whole);
	PUT(&payload, 2, 14, 5, 'l', 'a', 't', 'e', 'r', VFT_ENC_UINT, 52, 4, 'w', 'h', 'a', 't',
	    VFT_ENC_UINT, 1, VFT_KIND_MARK, 4, 'm', 'a', 'r', 'k', 1, 52);
	block = block_make(VFT_BLOCK_SCHEMA, 0, 0, 0, payload.data, payload.size);
	trace_append(&trace, block);
	bytes_free(&block);
	payload.size = 0;
	/* information: last_ts 2; columns time, kind, cpu, later, what */
	PUT(&payload, 3, VFT_INFO_LAST_TS, 1, 2, 5);
	PUT(&payload, 1, 0, 2, 2, 2, 0, 2, 2, 3, 0, 2, 2, 14, 0, 3, 3, 52, 0, 2, 2);
	PUT(&payload, 0, 4, VFT_KIND_MARK, VFT_KIND_MARK, 0, 1, 7, 8, 9, VFT_MARK_START,
	    VFT_MARK_STOP);
	block = block_make(VFT_BLOCK_EVENTS, 0, 0, 0, payload.data, payload.size);
	assert_int_equal(vft_header_parse(block.data, &header), 0);
	header.raw_len = 11;
	header.n_events = 2;
	header.first_ts = T0;
	vft_header_store(&header, block.data);
	trace_append(&trace, block);
	bytes_free(&block);
	vft_buffer_release(&payload);
	save_and_free("future_column", trace);
}

/* --- values --- */

static struct bytes make_mark(const char *name, uint64_t time_ns, uint32_t cpu)
{
	struct vft_event e = {.kind = VFT_KIND_MARK, .time_ns = time_ns, .cpu = cpu};

	e.mark.what = VFT_MARK_START;
	return trace_make(id_of(name), &e, 1, 0, true);
}

/* In the first EVENTS block @from becomes @to, of the same size. */
static void exchange(struct bytes trace, const char *from, const char *to, size_t size)
{
	struct vft_header header;
	size_t at = trace_find(trace, VFT_BLOCK_EVENTS, &header);
	uint8_t *p = trace.data + at + VFT_HEADER_SIZE;

	p = memmem(p, header.payload_len, from, size);
	assert_non_null(p);
	memcpy(p, to, size);
	trace_reseal(trace, at);
}

static void write_values(void)
{
	struct vft_task task = sample_task(200);
	struct vft_event e = {.kind = VFT_KIND_EXIT, .time_ns = T0, .task = &task};
	struct bytes trace;

	e.exit.code = 201;
	trace = trace_make(id_of("code_256"), &e, 1, 0, true);
	exchange(trace, "\xc9\x01", "\x80\x02", 2);
	save_and_free("code_256", trace);
	trace = make_mark("cpu_none", T0, VFT_CPU_NONE);
	save_and_free("cpu_none", trace);
	trace = make_mark("cpu_too_wide", T0, VFT_CPU_NONE);
	exchange(trace, "\xff\xff\xff\xff\x0f", "\xff\xff\xff\xff\x1f", 5);
	save_and_free("cpu_too_wide", trace);
	trace = make_mark("time_over_limit", VFT_MAX_TIME_NS, 0);
	/* largest time of the rows - first_ts */
	exchange(trace, "\x01\x01\x00", "\x01\x01\x01", 3);
	save_and_free("time_over_limit", trace);
}

static void write_descending(void)
{
	struct vft_event list[5];

	for (size_t i = 0; i < N_OF(list); i++) {
		list[i] = (struct vft_event){.kind = VFT_KIND_MARK,
					     .time_ns = T0 + (N_OF(list) - i) * 1000000000ull};
		list[i].mark.what = VFT_MARK_TRIGGER;
	}
	save_and_free("times_descending",
		      trace_make(id_of("times_descending"), list, N_OF(list), 1, true));
}

/* --- what a writer must not do --- */

static void write_unmasked(void)
{
	static const char payload[] = "before " VFT_SYNC " behind";
	struct bytes trace = make_mark("unmasked_sync", T0, 0), block;
	struct vft_header header;
	size_t offset;

	trace.size = trace_find(trace, VFT_BLOCK_INDEX, &header);
	offset = trace.size;
	block = block_make(VFT_BLOCK_STACKS, 0, 0, 0, payload, sizeof(payload) - 1);
	trace_append(&trace, block);
	bytes_free(&block);
	assert_int_equal(vft_header_parse(trace.data + offset, &header), 0);
	header.flags = 0;
	vft_header_store(&header, trace.data + offset);
	memcpy(trace.data + offset + VFT_HEADER_SIZE, payload, sizeof(payload) - 1);
	trace_reseal(trace, offset);
	save_and_free("unmasked_sync", trace);
}

/* META's n_cpus is 4, in two bytes. */
static void write_long_number(void)
{
	static const uint8_t payload[] = {32, 2, 0x84, 0};
	struct bytes whole = make_mark("long_number", T0, 0), trace, block;
	struct vft_header header;
	size_t at = trace_find(whole, VFT_BLOCK_META, &header), offset;

	trace = bytes_join((struct bytes){whole.data, at}, (struct bytes){0});
	block = block_make(VFT_BLOCK_META, 0, 0, 0, payload, sizeof(payload));
	trace_append(&trace, block);
	bytes_free(&block);
	for (size_t i = 2; trace_block(whole, i, &header, &offset); i++) {
		if (header.type == VFT_BLOCK_INDEX)
			continue;
		block = (struct bytes){whole.data + offset, vft_header_get_size(&header)};
		trace_append(&trace, block);
		if (header.type != VFT_BLOCK_END)
			continue;
		/* One block less than there was: no INDEX. */
		at = trace.size - block.size;
		trace.data[at + VFT_HEADER_SIZE + 2]--;
		trace_reseal(trace, at);
	}
	save_and_free("long_number", trace);
	bytes_free(&whole);
}

/* --- the second example of docs/format.md --- */

static void write_life(void)
{
	struct vft_task parent = sample_task(100), child = sample_task(101);
	struct vft_str sh = STR("sh"), env = STR("env"), path = STR("/usr/bin/env");
	struct vft_str argv = STR("env\0PATH=/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin\0");
	struct vft_event list[3] = {{.kind = VFT_KIND_SPAWN, .task = &parent, .comm = &sh},
				    {.kind = VFT_KIND_EXEC, .task = &child, .comm = &env},
				    {.kind = VFT_KIND_EXIT, .task = &child, .comm = &env}};

	parent.cgroup = child.cgroup = 4242;
	child.start_ns = T0 - 300;
	for (size_t i = 0; i < N_OF(list); i++)
		list[i].time_ns = T0 + i * 1000;
	list[1].cpu = list[2].cpu = 1;
	list[0].spawn.child = &child;
	list[0].spawn.clone_flags = 0x4100;
	list[0].spawn.exit_signal = 17;
	list[0].spawn.syscall = 58;
	list[1].exec.path = &path;
	list[1].exec.argv = &argv;
	list[1].exec.argv_size = argv.size;
	list[1].exec.exe_dev = 8u << 20 | 1;
	list[1].exec.exe_ino = 1234;
	list[1].exec.exe_fs = 0xef53;
	list[2].exit.code = 1;
	list[2].flags = VFT_EXIT_PROCESS;
	save_and_free("spawn_exec_exit",
		      trace_make(id_of("spawn_exec_exit"), list, N_OF(list), 0, true));
}

/* What column 55 says: the file of an exec beside the words; one without it; and one that is cut.
 */
static void write_exec_file(void)
{
	struct vft_task task = sample_task(300);
	struct vft_str words = STR("./link"), file = STR("/usr/bin/true"), tail = STR("bin/true");
	struct vft_event events[3];

	for (size_t i = 0; i < N_OF(events); i++) {
		events[i] =
			(struct vft_event){.kind = VFT_KIND_EXEC, .time_ns = T0 + i, .task = &task};
		events[i].exec.path = &words;
	}
	events[0].exec.exe = &file;
	events[2].exec.exe = &tail;
	events[2].flags = VFT_EXEC_EXE_CUT;
	save_and_free("exec_file", trace_make(id_of("exec_file"), events, N_OF(events), 0, true));
}

/* What --failures adds: columns 56 to 59, kind 13, and the new columns of exec_fail. */
static void write_failures(void)
{
	struct vft_task task = sample_task(300);
	struct vft_str path = STR("/opt/x/helper"), interp = STR("/usr/bin/python9");
	struct vft_event events[4];

	for (size_t i = 0; i < N_OF(events); i++)
		events[i] =
			(struct vft_event){.kind = i < 2 ? VFT_KIND_EXEC_FAIL : VFT_KIND_SPAWN_FAIL,
					   .time_ns = T0 + i,
					   .task = &task};
	events[0].exec_fail.error = 14; /* EFAULT, of which there is no path */
	events[1].exec_fail.error = 2;
	events[1].exec_fail.path = &path;
	events[1].exec_fail.interp = &interp;
	events[1].flags = VFT_EXEC_FAIL_OPENED;
	events[2].spawn_fail.syscall = 58;
	events[2].spawn_fail.error = 11;
	events[2].spawn_fail.clone_flags = 0x4100;
	events[2].spawn_fail.nproc = 120;
	events[2].spawn_fail.nproc_limit = VFT_NO_LIMIT;
	events[2].spawn_fail.pids = 8;
	events[2].spawn_fail.pids_limit = 8;
	events[3].spawn_fail.syscall = 435;
	events[3].spawn_fail.error = 22;
	events[3].spawn_fail.nproc_limit = events[3].spawn_fail.pids_limit = VFT_NO_LIMIT;
	events[3].flags = VFT_SPAWN_FAIL_NO_FLAGS;
	save_and_free("failures", trace_make(id_of("failures"), events, N_OF(events), 0, true));
}

void vectors_write_more(void)
{
	write_missing();
	write_padding();
	write_joined();
	write_renumbered();
	write_future_rows();
	write_future_column();
	write_values();
	write_descending();
	write_unmasked();
	write_long_number();
	write_life();
	write_exec_file();
	write_failures();
}
