/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/base/crc32c.h"
#include "format/base/hash.h"
#include "format/block/meta.h"

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}

struct bytes bytes_join(struct bytes a, struct bytes b)
{
	struct bytes both = {malloc(a.size + b.size + 1), a.size + b.size};

	assert_non_null(both.data);
	memcpy(both.data, a.data, a.size);
	if (b.size)
		memcpy(both.data + a.size, b.data, b.size);
	return both;
}

struct vft_task sample_task(uint32_t pid)
{
	return (struct vft_task){.tgid = pid,
				 .tid = pid,
				 .start_ns = T0 - 1000,
				 .ns_tgid = pid - 1,
				 .ns_tid = pid - 1,
				 .uid = 1000,
				 .pidns = 4026531836u,
				 .cgroup = 77};
}

static struct vft_task parent, child, thread, largest;
static struct vft_str sh, make, empty, hostile, path, argv;
static struct vft_event events[20];
static size_t n_events;

static struct vft_event *add(uint8_t kind, uint64_t time_ns)
{
	struct vft_event *event = &events[n_events++];

	*event =
		(struct vft_event){.kind = kind, .time_ns = time_ns, .cpu = (uint32_t)n_events % 3};
	return event;
}

static void add_lives(void)
{
	struct vft_event *e = add(VFT_KIND_SPAWN, T0 + 100);

	e->task = &parent;
	e->comm = &make;
	e->spawn.child = &child;
	e->spawn.clone_flags = 0x4100;
	e->spawn.exit_signal = 17;
	e->spawn.syscall = -1;
	e = add(VFT_KIND_RELEASE, T0 + 90); /* steps back */
	e->task = &child;
	e->release.parent_tgid = e->release.parent_tid = 100;
	e->release.parent_start_ns = parent.start_ns;
	e->release.by = VFT_BY_EXEC;
	e = add(VFT_KIND_EXEC, T0 + 200);
	e->task = &child;
	e->comm = &sh;
	e->exec.path = &path;
	e->exec.argv = &argv;
	e->exec.argv_size = UINT32_MAX;
	e->exec.exe_ino = UINT64_MAX;
	e->exec.exe_fs = 0xef53;
	e = add(VFT_KIND_EXEC_FAIL, T0 + 300);
	e->task = &thread;
	e->comm = &hostile;
	e->exec_fail.path = &empty;
	e->exec_fail.error = 2;
	e->exec_fail.interp = &path;
	e->flags = VFT_EXEC_FAIL_OPENED;
	e = add(VFT_KIND_SIGNAL, T0 + 310);
	e->task = &child;
	e->comm = &sh;
	e->signal.signal = 9;
	e->signal.sender_tgid = 100;
	e->signal.sender_comm = &make;
	e = add(VFT_KIND_EXIT, T0 + 400);
	e->task = &child;
	e->comm = &sh;
	e->exit.signal = 9;
	e->flags = VFT_EXIT_PROCESS | VFT_EXIT_CORE;
}

static void add_rest(void)
{
	struct vft_event *e = add(VFT_KIND_STALL, T0 + 500);

	e->task = &largest;
	e->stall.state = VFT_STATE_BLOCKED;
	e->stall.waiter_tgid = e->stall.waiter_tid = UINT32_MAX;
	e->stall.waiter_start_ns = UINT64_MAX;
	e->stall.syscall = INT32_MIN;
	e->stall.stack = UINT32_MAX;
	e = add(VFT_KIND_LOST, T0 + 600);
	e->lost.cause = VFT_CAUSE_RING_FULL;
	e->lost.cpu = VFT_CPU_NONE;
	e->lost.count = 12345;
	e->lost.from_ns = T0;
	e->lost.to_ns = UINT64_MAX;
	e = add(VFT_KIND_MARK, T0 + 700);
	e->mark.what = VFT_MARK_STOP;
	e->mark.text = &empty;
	e = add(VFT_KIND_CGROUP, T0 + 800);
	e->cgroup.id = UINT64_MAX;
	e->cgroup.path = &path;
	e = add(VFT_KIND_SPAWN_FAIL, T0 + 900);
	e->task = &thread;
	e->comm = &hostile;
	e->flags = VFT_SPAWN_FAIL_NO_FLAGS;
	e->spawn_fail.syscall = 435;
	e->spawn_fail.error = 11;
	e->spawn_fail.clone_flags = UINT64_MAX;
	e->spawn_fail.nproc = UINT64_MAX;
	e->spawn_fail.nproc_limit = VFT_NO_LIMIT;
	e->spawn_fail.pids = 9;
	e->spawn_fail.pids_limit = 8;
}

const struct vft_event *sample_events(size_t *ret_n)
{
	struct vft_event *e;

	if (!n_events) {
		parent = sample_task(100);
		child = sample_task(200);
		thread = sample_task(100);
		thread.tid = 101;
		thread.ns_tid = 1;
		largest = (struct vft_task){VFT_MAX_PID, VFT_MAX_PID, VFT_MAX_TIME_NS, 0,
					    VFT_MAX_PID, UINT32_MAX,  UINT32_MAX,      UINT64_MAX};
		sh = STR("sh");
		make = STR("make");
		empty = STR("");
		path = STR("/bin/sh");
		hostile = STR("\x1b[31m\n\xff\0");
		argv = STR("sh\0-c\0true; true\0");
		e = add(VFT_KIND_CLOCK, T0);
		e->clock.monotonic_ns = T0 - 17;
		e->clock.realtime_ns = 1700000000000000000ull;
		e = add(VFT_KIND_SNAPSHOT, T0 + 50);
		e->task = &parent;
		e->comm = &make;
		e->snapshot.parent_tgid = 1;
		e->snapshot.state = VFT_STATE_SLEEPING;
		e->flags = VFT_SNAPSHOT_FIRST | VFT_SNAPSHOT_LAST;
		e->snapshot.path = &path;
		e->snapshot.argv = &argv;
		e->snapshot.exe_ino = 5;
		add_lives();
		add_rest();
	}
	*ret_n = n_events;
	return events;
}

struct bytes trace_make(uint64_t section_id, const struct vft_event *list, size_t n,
			uint32_t raw_target, bool closed)
{
	struct vft_writer_options options = {.size = sizeof(options), .raw_target = raw_target};
	struct vft_meta meta = {.tool = STR("test 1"),
				.arch = STR("x86_64"),
				.start_ns = T0,
				.boot_id = STR("00000000-0000-0000-0000-000000000001"),
				.command = STR("sh\0-c\0true\0")};
	struct vft_loss loss = {VFT_CAUSE_RING_FULL, 1, 12345};
	struct vft_end end = {.size = sizeof(end),
			      .n_seen = n,
			      .n_delivered = n,
			      .end_ns = T0 + 1000,
			      .losses = &loss,
			      .n_losses = 1};
	struct vft_writer *writer;
	struct vft_sink *sink;
	struct bytes bytes;
	const void *data;

	options.section_id = section_id;
	memcpy(options.uuid, "0123456789abcdef", 16);
	assert_int_equal(vft_sink_open_memory(&sink, NULL), 0);
	assert_int_equal(vft_writer_open(sink, &options, &meta, &writer, NULL), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(vft_writer_append(writer, &list[i], NULL), 0);
	assert_int_equal(vft_writer_flush(writer, NULL), 0);
	if (closed)
		assert_int_equal(vft_writer_finish(writer, &end, NULL), 0);
	vft_writer_close(writer);
	data = vft_sink_memory(sink, &bytes.size);
	bytes.data = malloc(bytes.size);
	assert_non_null(bytes.data);
	memcpy(bytes.data, data, bytes.size);
	vft_sink_close(sink);
	return bytes;
}

struct bytes trace_sample(void)
{
	size_t n;
	const struct vft_event *list = sample_events(&n);

	return trace_make(SECTION_ID, list, n, 64, true);
}

struct bytes trace_long(void)
{
	struct vft_event *list = calloc(6000, sizeof(*list));
	static struct vft_task task;
	struct bytes trace;

	assert_non_null(list);
	task = sample_task(55);
	for (size_t i = 0; i < 6000; i++) {
		struct vft_event *e = &list[i];

		*e = (struct vft_event){.kind = i % 1000 ? VFT_KIND_EXIT : VFT_KIND_SNAPSHOT,
					.time_ns = T0 + i * 10000000ull,
					.task = &task};
		if (!(i % 1000))
			e->flags = VFT_SNAPSHOT_FIRST | VFT_SNAPSHOT_LAST;
	}
	trace = trace_make(SECTION_ID, list, 6000, 128, true);
	free(list);
	return trace;
}

struct bytes block_make(uint16_t type, uint64_t section_id, uint64_t seq, uint64_t self_off,
			const void *payload, size_t size)
{
	struct vft_header header = {.type = type,
				    .version = VFT_HEADER_VERSION,
				    .raw_len = (uint32_t)size,
				    .section_id = section_id,
				    .seq = seq,
				    .self_off = self_off};
	struct vft_buffer buffer = {0};
	struct bytes block;

	assert_int_equal(vft_buffer_append_bytes(&buffer, payload, size), 0);
	assert_int_equal(vft_payload_seal(&buffer, &header), 0);
	block.size = VFT_HEADER_SIZE + buffer.size;
	block.data = malloc(block.size);
	assert_non_null(block.data);
	vft_header_store(&header, block.data);
	memcpy(block.data + VFT_HEADER_SIZE, buffer.data, buffer.size);
	vft_buffer_release(&buffer);
	return block;
}

void trace_append(struct bytes *trace, struct bytes block)
{
	struct vft_header header, last = {0};
	size_t offset;

	for (size_t i = 0; trace_block(*trace, i, &header, &offset); i++)
		last = header;
	assert_int_equal(vft_header_parse(block.data, &header), 0);
	header.seq = last.seq + 1;
	header.self_off = trace->size;
	header.section_id = last.section_id;
	trace->data = realloc(trace->data, trace->size + block.size);
	assert_non_null(trace->data);
	memcpy(trace->data + trace->size, block.data, block.size);
	vft_header_store(&header, trace->data + trace->size);
	trace->size += block.size;
}

bool trace_block(struct bytes trace, size_t i, struct vft_header *ret, size_t *ret_offset)
{
	size_t offset = 0;

	for (;; i--) {
		if (trace.size - offset < VFT_HEADER_SIZE ||
		    vft_header_parse(trace.data + offset, ret) < 0)
			return false;
		*ret_offset = offset;
		if (!i)
			return true;
		offset += vft_header_get_size(ret);
	}
}

size_t trace_find(struct bytes trace, uint16_t type, struct vft_header *ret)
{
	size_t offset = 0;

	for (size_t i = 0; trace_block(trace, i, ret, &offset); i++)
		if (ret->type == type)
			return offset;
	fail_msg("no block of type %u", type);
	return 0;
}

void trace_reseal(struct bytes trace, size_t offset)
{
	struct vft_header header;
	uint8_t *p = trace.data + offset;

	/* Only the checksums are wrong: put them right from the bytes themselves. */
	header.payload_len = (uint32_t)p[VFT_HDR_PAYLOAD_LEN] |
			     (uint32_t)p[VFT_HDR_PAYLOAD_LEN + 1] << 8 |
			     (uint32_t)p[VFT_HDR_PAYLOAD_LEN + 2] << 16;
	if (header.payload_len <= trace.size - offset - VFT_HEADER_SIZE) {
		vft_put_fixed(p + VFT_HDR_PAYLOAD_CRC,
			      vft_crc32c(0, p + VFT_HEADER_SIZE, header.payload_len), 4);
		vft_put_fixed(p + VFT_HDR_CRC, vft_crc32c(0, p, VFT_HDR_CRC), 4);
	}
}

static uint64_t hash_str(uint64_t hash, const struct vft_str *str)
{
	return str ? vft_hash_bytes(hash + 1, str->data, str->size) : vft_hash_mix(hash, 0x0ff);
}

uint64_t event_hash(const struct vft_event *event)
{
	size_t n;
	const struct vft_field *fields = vft_event_fields(event->kind, &n);
	uint64_t hash = vft_hash_mix(vft_hash_mix(event->time_ns, event->kind), event->cpu);

	for (size_t i = 0; i < n; i++) {
		const void *member = (const char *)event + fields[i].offset;

		switch ((enum vft_type)fields[i].type) {
		case VFT_TYPE_U32:
		case VFT_TYPE_I32:
			hash = vft_hash_mix(hash, *(const uint32_t *)member);
			break;
		case VFT_TYPE_U64:
			hash = vft_hash_mix(hash, *(const uint64_t *)member);
			break;
		case VFT_TYPE_STR:
			hash = hash_str(hash, *(const struct vft_str *const *)member);
			break;
		case VFT_TYPE_TASK:
			hash = vft_hash_bytes(hash, *(const struct vft_task *const *)member,
					      sizeof(struct vft_task));
			break;
		}
	}
	return hash;
}

static void take_item(struct reading *reading, const struct vft_item *item)
{
	reading->n_items[item->kind]++;
	reading->covered += item->size_bytes;
	if (item->kind == VFT_ITEM_GAP && reading->n_gaps < MAX_GAPS)
		reading->gaps[reading->n_gaps++] = *item;
	if (item->kind == VFT_ITEM_SECTION && reading->n_sections < N_OF(reading->section_ids))
		reading->section_ids[reading->n_sections++] = item->section->section_id;
	if (item->kind != VFT_ITEM_BATCH)
		return;
	reading->n_skipped += item->batch->n_skipped;
	reading->events = realloc(reading->events, (reading->n_events + item->batch->n_events + 1) *
							   sizeof(uint64_t));
	assert_non_null(reading->events);
	for (size_t i = 0; i < item->batch->n_events; i++)
		reading->events[reading->n_events++] = event_hash(&item->batch->events[i]);
}

struct reading read_source(struct vft_source *source, const struct vft_limits *limits)
{
	struct reading reading = {0};
	struct vft_reader *reader;
	struct vft_item item;
	int r;

	reading.open_error = vft_reader_open(source, limits, &reader, &reading.err);
	if (reading.open_error < 0)
		return reading;
	while ((r = vft_reader_next(reader, &item, &reading.err)) > 0)
		take_item(&reading, &item);
	reading.error = r;
	vft_reader_close(reader);
	return reading;
}

struct reading read_bytes(const void *data, size_t size)
{
	struct vft_source *source;

	assert_int_equal(vft_source_open_memory(data, size, &source, NULL), 0);
	return read_source(source, NULL);
}

struct feed {
	int fd;
	const uint8_t *data;
	size_t size;
};

static void *feed_pipe(void *context)
{
	struct feed *feed = context;
	size_t step = 1;

	(void)signal(SIGPIPE, SIG_IGN); /* a reader that gave up is its test's business */
	while (feed->size) {
		size_t n = step < feed->size ? step : feed->size;
		ssize_t done = write(feed->fd, feed->data, n);

		if (done <= 0)
			break;
		feed->data += done;
		feed->size -= (size_t)done;
		step = step < 4000 ? step + 13 : 65536;
	}
	(void)close(feed->fd);
	return NULL;
}

struct reading read_pipe(const void *data, size_t size)
{
	struct vft_source *source;
	struct reading reading;
	pthread_t thread_id;
	int fds[2];
	struct feed feed;

	assert_int_equal(pipe(fds), 0);
	feed = (struct feed){fds[1], data, size};
	assert_int_equal(pthread_create(&thread_id, NULL, feed_pipe, &feed), 0);
	assert_int_equal(vft_source_open_fd(fds[0], &source, NULL), 0);
	reading = read_source(source, NULL);
	assert_int_equal(pthread_join(thread_id, NULL), 0);
	return reading;
}

void reading_free(struct reading *reading)
{
	free(reading->events);
	reading->events = NULL;
}

bool is_subsequence(const struct reading *part, const struct reading *whole)
{
	size_t at = 0;

	for (size_t i = 0; i < part->n_events; i++, at++) {
		while (at < whole->n_events && whole->events[at] != part->events[i])
			at++;
		if (at == whole->n_events)
			return false;
	}
	return true;
}

size_t count_gaps(const struct reading *reading, enum vft_gap_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < reading->n_gaps; i++)
		n += reading->gaps[i].gap.kind == kind;
	return n;
}

struct edge edge_make(const void *data, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct edge edge = {.size_pages = (size / page + 2) * page};

	edge.pages = mmap(NULL, edge.size_pages, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(edge.pages != MAP_FAILED);
	assert_int_equal(mprotect((uint8_t *)edge.pages + edge.size_pages - page, page, PROT_NONE),
			 0);
	edge.data = (uint8_t *)edge.pages + edge.size_pages - page - size;
	memcpy(edge.data, data, size);
	return edge;
}

void edge_free(struct edge *edge)
{
	assert_int_equal(munmap(edge->pages, edge->size_pages), 0);
}
