/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every allocation, read and write of libvft failing in turn, in process: the caller is told, what
 * was whole comes back whole, and (under LeakSanitizer) nothing is left behind.
 *
 * Linked with --wrap: see meson.build.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>

#include "../unit/trace.h"
#include "format/block/index.h"
#include "format/block/schema.h"
#include <vft/verify.h>
#include "format/block/meta.h"

enum class { CLASS_NONE, CLASS_ALLOC, CLASS_READ, CLASS_WRITE, CLASS_PACK };

enum { SHORT = 0, NOTHING = -1 }; /* beside errnos: half of what was asked for, or none of it */

static struct {
	enum class class;
	int how;
	unsigned long at, n;
	bool goes_on, was_hit, is_block_device;
} plan;

static void arm(enum class class, int how, unsigned long at)
{
	plan.class = class;
	plan.how = how;
	plan.at = at;
	plan.n = 0;
	plan.was_hit = false;
}

static void disarm(void)
{
	plan.class = CLASS_NONE;
}

static bool is_due(enum class class)
{
	if (plan.class != class || (++plan.n != plan.at && !(plan.goes_on && plan.n > plan.at)))
		return false;
	plan.was_hit = true;
	return true;
}

#define WRAP(type, name, ...)                                                                      \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

WRAP(void *, malloc, size_t size)
{
	return is_due(CLASS_ALLOC) ? NULL : __real_malloc(size);
}

WRAP(void *, calloc, size_t n, size_t size)
{
	return is_due(CLASS_ALLOC) ? NULL : __real_calloc(n, size);
}

WRAP(void *, realloc, void *old, size_t size)
{
	return is_due(CLASS_ALLOC) ? NULL : __real_realloc(old, size);
}

WRAP(ZSTD_CCtx *, ZSTD_createCCtx, void)
{
	return is_due(CLASS_ALLOC) ? NULL : __real_ZSTD_createCCtx();
}

WRAP(ZSTD_DCtx *, ZSTD_createDCtx, void)
{
	return is_due(CLASS_ALLOC) ? NULL : __real_ZSTD_createDCtx();
}

WRAP(size_t, ZSTD_compressCCtx, ZSTD_CCtx *zstd, void *to, size_t room, const void *from,
     size_t size, int level)
{
	/* Too little room is an error that zstd itself tells. */
	return __real_ZSTD_compressCCtx(zstd, to, is_due(CLASS_PACK) ? 0 : room, from, size, level);
}

/* What one read or write is to do: -1 with errno, 0, or go on with this many bytes of @size. */
static ssize_t choose(enum class class, size_t size)
{
	if (!is_due(class))
		return (ssize_t)size;
	if (plan.how == SHORT)
		return size > 1 ? (ssize_t)(size / 2) : (ssize_t)size;
	if (plan.how == NOTHING)
		return 0;
	errno = plan.how;
	return -1;
}

WRAP(ssize_t, read, int fd, void *buffer, size_t size)
{
	ssize_t n = choose(CLASS_READ, size);

	return n <= 0 ? n : __real_read(fd, buffer, (size_t)n);
}

WRAP(ssize_t, pread, int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t n = choose(CLASS_READ, size);

	return n <= 0 ? n : __real_pread(fd, buffer, (size_t)n, offset);
}

WRAP(ssize_t, pread64, int fd, void *buffer, size_t size, off64_t offset)
{
	ssize_t n = choose(CLASS_READ, size);

	return n <= 0 ? n : __real_pread64(fd, buffer, (size_t)n, offset);
}

WRAP(ssize_t, writev, int fd, const struct iovec *iov, int n_iov)
{
	ssize_t n = choose(CLASS_WRITE, iov->iov_len);

	if (n <= 0)
		return n;
	return (size_t)n < iov->iov_len ? write(fd, iov->iov_base, (size_t)n)
					: __real_writev(fd, iov, n_iov);
}

WRAP(int, fstat, int fd, struct stat *ret)
{
	int r = __real_fstat(fd, ret);

	if (r == 0 && plan.is_block_device)
		ret->st_mode = (ret->st_mode & ~(mode_t)S_IFMT) | S_IFBLK;
	return r;
}

WRAP(int, fstat64, int fd, struct stat64 *ret)
{
	int r = __real_fstat64(fd, ret);

	if (r == 0 && plan.is_block_device)
		ret->st_mode = (ret->st_mode & ~(mode_t)S_IFMT) | S_IFBLK;
	return r;
}

/* --- writing -------------------------------------------------------------------------------- */

#define N_MANY 1500u /* as many tasks and strings make the tables grow inside one block */

static struct vft_event many[N_MANY];
static struct vft_task many_tasks[N_MANY];
static struct vft_str many_names[N_MANY];
static char many_texts[N_MANY][16];

static void make_many(void)
{
	for (uint32_t i = 0; i < N_MANY; i++) {
		many_tasks[i] = sample_task(1000 + i);
		many_names[i] = (struct vft_str){
			many_texts[i],
			(uint32_t)snprintf(many_texts[i], sizeof(many_texts[i]), "name %u", i)};
		many[i] = (struct vft_event){.kind = VFT_KIND_EXIT,
					     .time_ns = T0 + i,
					     .task = &many_tasks[i],
					     .comm = &many_names[i]};
	}
}

static int write_events(struct vft_sink *sink, const struct vft_event *events, size_t n,
			uint32_t raw_target)
{
	struct vft_writer_options options = {
		.size = sizeof(options), .section_id = SECTION_ID, .raw_target = raw_target};
	struct vft_meta meta = {.tool = STR("test 1"), .start_ns = T0};
	struct vft_loss loss = {VFT_CAUSE_RING_FULL, 1, 3};
	struct vft_end end = {.size = sizeof(end),
			      .n_seen = n,
			      .end_ns = T0 + N_MANY,
			      .losses = &loss,
			      .n_losses = 1};
	struct vft_writer *writer = NULL;
	int r = vft_writer_open(sink, &options, &meta, &writer, NULL);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = vft_writer_append(writer, &events[i], NULL);
	if (r == 0)
		r = vft_writer_finish(writer, &end, NULL);
	vft_writer_close(writer);
	return r;
}

struct output {
	int result;
	struct bytes bytes;
};

static void keep(struct output *output, const void *data, size_t size)
{
	output->bytes = (struct bytes){malloc(size + 1), size};
	assert_non_null(output->bytes.data);
	if (size)
		memcpy(output->bytes.data, data, size);
}

static struct output write_memory(const struct vft_event *events, size_t n, uint32_t raw_target)
{
	struct output output = {0};
	struct vft_sink *sink;
	const void *data;
	size_t size;

	output.result = vft_sink_open_memory(&sink, NULL);
	if (output.result < 0)
		return output;
	output.result = write_events(sink, events, n, raw_target);
	disarm();
	data = vft_sink_memory(sink, &size);
	keep(&output, data, size);
	vft_sink_close(sink);
	return output;
}

static struct output write_file(const struct vft_event *events, size_t n, uint32_t raw_target)
{
	struct output output = {0};
	int fd = memfd_create("trace", MFD_CLOEXEC), again = dup(fd);
	uint8_t buffer[1 << 16];
	struct vft_sink *sink;
	ssize_t size;

	assert_true(fd >= 0 && again >= 0);
	output.result = vft_sink_open_fd(fd, &sink, NULL);
	if (output.result == 0) {
		output.result = write_events(sink, events, n, raw_target);
		vft_sink_close(sink);
	}
	disarm();
	size = pread(again, buffer, sizeof(buffer), 0);
	assert_in_range(size, 0, sizeof(buffer) - 1);
	keep(&output, buffer, (size_t)size);
	assert_int_equal(close(again), 0);
	return output;
}

typedef struct output (*write_fn)(const struct vft_event *events, size_t n, uint32_t raw_target);

/* Whatever was written before the failure is read back, and is the beginning of the whole. */
static void check_head(const struct output *output, const struct output *whole)
{
	struct reading head, all = read_bytes(whole->bytes.data, whole->bytes.size);

	if (output->bytes.size >= VFT_HEADER_SIZE) {
		head = read_bytes(output->bytes.data, output->bytes.size);
		if (head.open_error == 0) {
			assert_int_equal(head.error, 0);
			assert_int_equal(count_gaps(&head, VFT_GAP_DAMAGE), 0);
			assert_true(head.n_events <= all.n_events);
			if (head.n_events)
				assert_memory_equal(head.events, all.events,
						    head.n_events * sizeof(uint64_t));
		}
		reading_free(&head);
	}
	reading_free(&all);
}

static unsigned long check_writes(write_fn write_trace, enum class class, int how, int expected,
				  const struct vft_event *events, size_t n, uint32_t raw_target)
{
	struct output whole = write_trace(events, n, raw_target), output;
	unsigned long at;

	assert_int_equal(whole.result, 0);
	for (at = 1;; at++) {
		arm(class, how, at);
		output = write_trace(events, n, raw_target);
		disarm();
		if (plan.was_hit)
			assert_int_equal(output.result, expected);
		if (output.result == 0 && class != CLASS_PACK) {
			assert_int_equal(output.bytes.size, whole.bytes.size);
			assert_memory_equal(output.bytes.data, whole.bytes.data, whole.bytes.size);
		}
		check_head(&output, &whole);
		bytes_free(&output.bytes);
		if (!plan.was_hit)
			break;
	}
	bytes_free(&whole.bytes);
	assert_true(at > 1); /* else the calls are not wrapped */
	return at - 1;
}

static void test_write__memory_runs_out(void **state)
{
	size_t n;
	const struct vft_event *events = sample_events(&n);
	unsigned long points = 0;

	make_many();
	for (int goes_on = 0; goes_on < 2; goes_on++) {
		plan.goes_on = goes_on;
		points += check_writes(write_memory, CLASS_ALLOC, ENOMEM, -ENOMEM, events, n, 64);
		points += check_writes(write_memory, CLASS_ALLOC, ENOMEM, -ENOMEM, events, n, 0);
		points += check_writes(write_memory, CLASS_ALLOC, ENOMEM, -ENOMEM, many, N_MANY, 0);
		points += check_writes(write_file, CLASS_ALLOC, ENOMEM, -ENOMEM, events, n, 64);
	}
	plan.goes_on = false;
	print_message("# %lu allocations failed\n", points);
}

/* A descriptor that is taken over is closed also when there is no memory for its sink. */
static void test_write__no_sink(void **state)
{
	struct vft_sink *sink = NULL;
	int fd = dup(STDOUT_FILENO);

	arm(CLASS_ALLOC, ENOMEM, 1);
	assert_int_equal(vft_sink_open_fd(fd, &sink, NULL), -ENOMEM);
	disarm();
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	arm(CLASS_ALLOC, ENOMEM, 1);
	assert_int_equal(vft_sink_open_fd(-1, &sink, NULL), -ENOMEM);
	disarm();
	assert_null(sink);
}

static void test_write__file_fails(void **state)
{
	static const int errors[] = {EIO, ENOSPC, EDQUOT};
	size_t n;
	const struct vft_event *events = sample_events(&n);

	for (size_t i = 0; i < N_OF(errors); i++)
		(void)check_writes(write_file, CLASS_WRITE, errors[i], -errors[i], events, n, 64);
	/* A write that takes nothing and says nothing would be tried for ever. */
	(void)check_writes(write_file, CLASS_WRITE, NOTHING, -EIO, events, n, 64);
}

static void test_write__interrupted_and_short(void **state)
{
	size_t n;
	const struct vft_event *events = sample_events(&n);

	(void)check_writes(write_file, CLASS_WRITE, EINTR, 0, events, n, 64);
	(void)check_writes(write_file, CLASS_WRITE, SHORT, 0, events, n, 64);
}

/* What cannot be compressed is stored as it is. */
static void test_write__zstd_fails(void **state)
{
	make_many();
	(void)check_writes(write_memory, CLASS_PACK, 0, 0, many, N_MANY, 0);
}

/* --- reading -------------------------------------------------------------------------------- */

enum way { WAY_MEMORY, WAY_FILE, WAY_STREAM, WAY_DEVICE, N_WAYS };

static struct vft_source *open_trace(struct bytes trace, enum way way, int *ret_error)
{
	struct vft_source *source = NULL;
	enum class class = plan.class;
	int fd;

	if (way == WAY_MEMORY) {
		*ret_error = vft_source_open_memory(trace.data, trace.size, &source, NULL);
		return source;
	}
	disarm();
	fd = memfd_create("trace", MFD_CLOEXEC);
	assert_true(fd >= 0);
	/* A file that somebody has read into already is a stream. */
	if (way == WAY_STREAM)
		assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(write(fd, trace.data, trace.size), trace.size);
	assert_int_equal(lseek(fd, way == WAY_STREAM, SEEK_SET), way == WAY_STREAM);
	plan.class = class;
	plan.is_block_device = way == WAY_DEVICE;
	*ret_error = vft_source_open_fd(fd, &source, NULL);
	plan.is_block_device = false;
	if (*ret_error == 0)
		assert_int_equal(source->seekable, way != WAY_STREAM);
	return source;
}

/* The events' hashes; realloc is among what fails, so the room is there before. */
struct seen {
	int result;
	uint64_t events[N_MANY];
	size_t n;
};

static bool passes_none(void *context, const struct vft_index_entry *entry)
{
	return false;
}

static bool passes_all(void *context, const struct vft_index_entry *entry)
{
	return true;
}

static void read_items(struct vft_reader *reader, struct seen *seen)
{
	struct vft_item item;
	int r;

	while ((r = vft_reader_next(reader, &item, NULL)) > 0) {
		for (size_t i = 0; item.kind == VFT_ITEM_BATCH && i < item.batch->n_events; i++) {
			assert_true(seen->n < N_OF(seen->events));
			seen->events[seen->n++] = event_hash(&item.batch->events[i]);
		}
	}
	seen->result = r;
}

typedef void (*read_fn)(struct vft_source *source, struct seen *seen);

static void read_plainly(struct vft_source *source, struct seen *seen)
{
	struct vft_reader *reader;

	seen->result = vft_reader_open(source, NULL, &reader, NULL);
	if (seen->result < 0)
		return;
	read_items(reader, seen);
	if (seen->result == 0)
		seen->result = vft_reader_has_index(reader, NULL);
	vft_reader_close(reader);
}

static void read_indexed(struct vft_source *source, struct seen *seen, vft_pass_fn pass)
{
	const struct vft_index_entry *entries;
	struct vft_reader *reader;
	size_t n;

	seen->result = vft_reader_open(source, NULL, &reader, NULL);
	if (seen->result < 0)
		return;
	seen->result = vft_reader_get_index(reader, &entries, &n, NULL);
	vft_reader_set_pass(reader, pass, NULL);
	if (seen->result >= 0)
		read_items(reader, seen);
	vft_reader_close(reader);
}

static void read_passing_none(struct vft_source *source, struct seen *seen)
{
	read_indexed(source, seen, passes_none);
}

static void read_passing_all(struct vft_source *source, struct seen *seen)
{
	read_indexed(source, seen, passes_all);
}

static void verify_trace(struct vft_source *source, struct seen *seen)
{
	struct vft_verify result = {.size = sizeof(result)};

	seen->result = vft_verify(source, NULL, NULL, NULL, &result, NULL);
	seen->events[0] = result.n_events;
	seen->n = seen->result == 0;
}

static const read_fn ways_to_read[] = {read_plainly, read_passing_none, read_passing_all,
				       verify_trace};

static void read_way(struct bytes trace, enum way way, read_fn read_trace, struct seen *seen)
{
	struct vft_source *source;

	seen->n = 0;
	source = open_trace(trace, way, &seen->result);
	if (source)
		read_trace(source, seen);
	disarm();
}

static bool is_part(const struct seen *part, const struct seen *whole)
{
	size_t at = 0;

	for (size_t i = 0; i < part->n; i++, at++) {
		while (at < whole->n && whole->events[at] != part->events[i])
			at++;
		if (at == whole->n)
			return false;
	}
	return true;
}

/* A failing call is told. Or it only made a guess wider: then nothing else may change. */
static void check_told(const struct seen *seen, const struct seen *whole, int how)
{
	if (how == EINTR || how == SHORT) {
		assert_int_equal(seen->result, whole->result);
		assert_int_equal(seen->n, whole->n);
	}
	if (seen->result == -how && how > 0)
		return;
	assert_true(seen->result >= 0 || seen->result == whole->result || how == NOTHING);
	if (how != NOTHING)
		assert_int_equal(seen->n, whole->n);
}

static unsigned long check_reads(struct bytes trace, enum way way, enum class class, int how)
{
	static struct seen all, whole, seen;
	unsigned long points = 0;

	read_way(trace, way, read_plainly, &all);
	for (size_t i = 0; i < N_OF(ways_to_read); i++) {
		read_way(trace, way, ways_to_read[i], &whole);
		for (unsigned long at = 1;; at++) {
			arm(class, how, at);
			read_way(trace, way, ways_to_read[i], &seen);
			if (!plan.was_hit)
				break;
			points++;
			check_told(&seen, &whole, how);
			if (ways_to_read[i] != verify_trace)
				assert_true(is_part(&seen, &all));
		}
	}
	return points;
}

/* Whole, twice, cut, and damaged in each of its blocks: header, then payload. */
static void for_each_trace(unsigned long (*check)(struct bytes trace, const void *context),
			   const void *context)
{
	struct bytes trace = trace_sample(), twice = bytes_join(trace, trace), cut = trace;
	struct vft_header header;
	unsigned long points = 0;
	size_t offset;

	points += check(trace, context);
	points += check(twice, context);
	cut.size = trace.size - VFT_TRAILER_SIZE - 1;
	points += check(cut, context);
	for (size_t i = 0; trace_block(trace, i, &header, &offset); i++) {
		for (size_t j = 0; j < 2; j++) {
			uint8_t *byte = &trace.data[offset + (j ? VFT_HEADER_SIZE : 20)];

			*byte ^= 0x10;
			points += check(trace, context);
			*byte ^= 0x10;
		}
	}
	twice.data[10] ^= 1;
	points += check(twice, context);
	print_message("# %lu calls failed\n", points);
	assert_true(points > 100);
	bytes_free(&trace);
	bytes_free(&twice);
}

static unsigned long check_allocations(struct bytes trace, const void *context)
{
	unsigned long points = 0;

	for (enum way way = WAY_MEMORY; way < N_WAYS; way++)
		points += check_reads(trace, way, CLASS_ALLOC, ENOMEM);
	return points;
}

static unsigned long check_input(struct bytes trace, const void *context)
{
	const int *how = context;

	return check_reads(trace, WAY_FILE, CLASS_READ, *how) +
	       check_reads(trace, WAY_STREAM, CLASS_READ, *how);
}

static void test_read__memory_runs_out(void **state)
{
	for_each_trace(check_allocations, NULL);
	plan.goes_on = true;
	for_each_trace(check_allocations, NULL);
	plan.goes_on = false;
}

static void test_read__input_fails(void **state)
{
	static const int error = EIO;

	for_each_trace(check_input, &error);
}

static void test_read__interrupted_and_short(void **state)
{
	static const int interrupted = EINTR, half = SHORT;

	for_each_trace(check_input, &interrupted);
	for_each_trace(check_input, &half);
}

/* A file that shrinks while it is read: what comes is still of it, and in order. */
static void test_read__input_ends_early(void **state)
{
	static const int nothing = NOTHING;

	for_each_trace(check_input, &nothing);
}

/* --- what is encoded seldom ----------------------------------------------------------------- */

static int encode_section(struct vft_buffer *payload)
{
	struct vft_section section = {.version = VFT_FORMAT_VERSION};

	return vft_section_encode(&section, payload);
}

static int encode_meta(struct vft_buffer *payload)
{
	struct vft_meta meta = {
#define X(id, NAME, member) .member = STR("a text"),
		VFT_META_TEXT_LIST(X)
#undef X
#define X(id, NAME, member) .member = (id) + 1,
			VFT_META_INT_LIST(X)
#undef X
	};

	return vft_meta_encode(&meta, payload);
}

static int encode_end(struct vft_buffer *payload)
{
	struct vft_loss losses[] = {{1, 0, 5}, {2, VFT_CPU_NONE, UINT64_MAX}};
	struct vft_end end = {sizeof(end),  1, 2,    3,   4, 5, 6, losses,
			      N_OF(losses), 7, true, {0}, 0, 0};

	return vft_end_encode(&end, payload);
}

static int encode_index(struct vft_buffer *payload)
{
	struct vft_index_entry list[] = {
		{.size_bytes = 64, .type = VFT_BLOCK_META},
		{.self_off = 64, .size_bytes = 128, .seq = 1, .type = VFT_BLOCK_EVENTS}};
	struct vft_buffer entries = {(uint8_t *)list, sizeof(list), sizeof(list)};

	return vft_index_encode(&entries, 0, payload);
}

/* However much room there is: all of it, or -ENOMEM. */
static void test_encode__no_room_to_grow(void **state)
{
	static int (*const encoders[])(struct vft_buffer * payload) = {
		encode_section, encode_meta, encode_end, encode_index, vft_schema_encode};

	for (size_t i = 0; i < N_OF(encoders); i++) {
		struct vft_buffer whole = {0}, part;
		size_t room;
		int r;

		assert_int_equal(encoders[i](&whole), 0);
		for (room = 1;; room++) {
			part = (struct vft_buffer){malloc(room), 0, room};
			assert_non_null(part.data);
			arm(CLASS_ALLOC, ENOMEM, 1);
			r = encoders[i](&part);
			disarm();
			assert_true(part.size <= room);
			if (r == 0)
				break;
			assert_int_equal(r, -ENOMEM);
			vft_buffer_release(&part);
		}
		assert_true(room >= whole.size);
		assert_int_equal(part.size, whole.size);
		assert_memory_equal(part.data, whole.data, whole.size);
		vft_buffer_release(&part);
		vft_buffer_release(&whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write__memory_runs_out),
		cmocka_unit_test(test_write__no_sink),
		cmocka_unit_test(test_write__file_fails),
		cmocka_unit_test(test_write__interrupted_and_short),
		cmocka_unit_test(test_write__zstd_fails),
		cmocka_unit_test(test_read__memory_runs_out),
		cmocka_unit_test(test_read__input_fails),
		cmocka_unit_test(test_read__interrupted_and_short),
		cmocka_unit_test(test_read__input_ends_early),
		cmocka_unit_test(test_encode__no_room_to_grow),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
