/* SPDX-License-Identifier: BSD-2-Clause */
/* What the writer keeps in memory: buffers at the end of what a size can say, and the tables of
 * strings and tasks at the end of what a generation can say. */
#include <errno.h>
#include <fcntl.h>

#include "format/base/buffer.h"
#include "format/base/cleanup.h"
#include "format/base/cursor.h"
#include <vft/err.h>
#include "format/base/hash.h"
#include "format/block/string_table.h"
#include "format/block/task_table.h"
#include "trace.h"

static void test_buffer__appends(void **state)
{
	static const uint8_t expected[] = {0xac, 0x02, 0x34, 0x12, 'a',  'b', 9,
					   2,    'x',  'y',  0x80, 0x01, 1,   5};
	struct vft_buffer buffer = {0};

	assert_int_equal(vft_buffer_append_varint(&buffer, 300), 0);
	assert_int_equal(vft_buffer_append_fixed(&buffer, 0x1234, 2), 0);
	assert_int_equal(vft_buffer_append_bytes(&buffer, "ab", 2), 0);
	assert_int_equal(vft_buffer_append_bytes(&buffer, NULL, 0), 0);
	assert_int_equal(vft_buffer_append_tlv(&buffer, 9, "xy", 2), 0);
	assert_int_equal(vft_buffer_append_tlv_uint(&buffer, 128, 5), 0);
	assert_int_equal(buffer.size, sizeof(expected));
	assert_memory_equal(buffer.data, expected, sizeof(expected));
	vft_buffer_release(&buffer);
	assert_null(buffer.data);
}

static void test_buffer__grows(void **state)
{
	struct vft_buffer buffer = {0};

	for (unsigned int i = 0; i < 100000; i++)
		assert_int_equal(vft_buffer_append_fixed(&buffer, i, 4), 0);
	for (unsigned int i = 0; i < 100000; i++) {
		struct vft_cursor c = vft_cursor_init(buffer.data + 4 * (size_t)i, 4);

		assert_int_equal(vft_cursor_u32(&c), i);
	}
	vft_buffer_release(&buffer);
}

/* More than there can be: refused without asking for it, and the buffer is as it was. */
static void test_buffer__too_large(void **state)
{
	struct vft_buffer full = {NULL, SIZE_MAX - 1, SIZE_MAX - 1}, buffer = {0};

	assert_int_equal(vft_buffer_append_varint(&full, 1), -ENOMEM);
	assert_int_equal(vft_buffer_append_fixed(&full, 1, 8), -ENOMEM);
	assert_int_equal(vft_buffer_append_bytes(&full, "12", 2), -ENOMEM);
	assert_int_equal(vft_buffer_append_tlv(&full, 1, "12", 2), -ENOMEM);
	assert_int_equal(vft_buffer_append_tlv_uint(&full, 1, 2), -ENOMEM);
	assert_true(!full.data && full.size == SIZE_MAX - 1);
	assert_int_equal(vft_buffer_reserve(&buffer, SIZE_MAX / 2 + 1), -ENOMEM);
	assert_true(!buffer.data && !buffer.capacity);
}

static void test_err__message(void **state)
{
	struct vft_err err = {0};

	assert_int_equal(vft_fail(NULL, -EIO, 5, "%s", "nobody asks"), -EIO);
	assert_int_equal(vft_fail(&err, -EIO, 5, "%s of %d", "one", 2), -EIO);
	assert_int_equal(err.code, -EIO);
	assert_int_equal(err.offset, 5);
	assert_string_equal(err.message, "one of 2");
	/* What libc cannot write in the locale "C" leaves no half of a message. */
	assert_int_equal(vft_fail(&err, -EIO, 5, "%ls", L"\u20ac"), -EIO);
	assert_string_equal(err.message, "");
}

static void test_cleanup__closes_what_is_open(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), none = -1;

	assert_true(fd >= 0);
	errno = ENOENT;
	vft_guard_fd(&fd);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	vft_guard_fd(&none);
	assert_int_equal(errno, EBADF);
}

/* --- tables --------------------------------------------------------------------------------- */

static uint32_t intern(struct vft_strings *strings, const char *text)
{
	struct vft_str str = {text, (uint32_t)strlen(text)};

	assert_int_equal(vft_strings_reserve(strings, 1), 0);
	assert_int_equal(vft_buffer_reserve(&strings->data, str.size), 0);
	return vft_strings_intern(strings, &str);
}

static void test_strings__forget_at_reset(void **state)
{
	struct vft_strings strings;

	vft_strings_init(&strings, 1);
	assert_int_equal(intern(&strings, "one"), 0);
	assert_int_equal(intern(&strings, ""), 1);
	assert_int_equal(intern(&strings, "one"), 0);
	assert_int_equal(intern(&strings, ""), 1);
	vft_strings_reset(&strings);
	assert_int_equal(intern(&strings, "two"), 0);
	assert_int_equal(intern(&strings, "one"), 1);
	vft_strings_release(&strings);
}

/* After 2^32 blocks a slot of the first must not come alive. */
static void test_strings__generation_wraps(void **state)
{
	struct vft_strings strings;

	vft_strings_init(&strings, 1);
	strings.generation = UINT32_MAX;
	vft_strings_reset(&strings); /* nothing to forget yet */
	assert_int_equal(strings.generation, 1);
	assert_int_equal(intern(&strings, "one"), 0);
	strings.generation = UINT32_MAX;
	vft_strings_reset(&strings);
	assert_int_equal(strings.generation, 1);
	assert_int_equal(intern(&strings, "two"), 0);
	assert_int_equal(intern(&strings, "one"), 1);
	vft_strings_release(&strings);
}

/* So many that two of them have one hash, and must be told apart by their bytes. */
#define N_FOR_A_COLLISION 300000u

struct hashed {
	uint32_t hash, number;
};

static int by_hash(const void *a, const void *b)
{
	uint32_t x = ((const struct hashed *)a)->hash, y = ((const struct hashed *)b)->hash;

	return x < y ? -1 : x > y;
}

/* Two numbers whose things have the same hash. */
static void find_collision(uint32_t (*hash_of)(uint32_t number), uint32_t ret[2])
{
	struct hashed *all = malloc(N_FOR_A_COLLISION * sizeof(*all));
	size_t i;

	assert_non_null(all);
	for (uint32_t number = 0; number < N_FOR_A_COLLISION; number++)
		all[number] = (struct hashed){hash_of(number), number};
	qsort(all, N_FOR_A_COLLISION, sizeof(*all), by_hash);
	for (i = 1; i < N_FOR_A_COLLISION && all[i].hash != all[i - 1].hash; i++)
		;
	assert_true(i < N_FOR_A_COLLISION);
	ret[0] = all[i - 1].number;
	ret[1] = all[i].number;
	free(all);
}

static uint32_t hash_of_text(uint32_t number)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%012u", number * 2654435761u);
	return (uint32_t)vft_hash_bytes(1, text, 12);
}

static void test_strings__same_hash(void **state)
{
	struct vft_strings strings;
	uint32_t number[2];
	char text[2][16];

	find_collision(hash_of_text, number);
	vft_strings_init(&strings, 1);
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "%012u", number[i] * 2654435761u);
		assert_int_equal(intern(&strings, text[i]), i);
	}
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(intern(&strings, text[i]), i);
	vft_strings_release(&strings);
}

static uint32_t refer(struct vft_tasks *tasks, uint32_t pid)
{
	struct vft_task task = sample_task(pid);

	assert_int_equal(vft_tasks_reserve(tasks, 1), 0);
	return vft_tasks_refer(tasks, &task);
}

/* After 2^32 rows a slot of the first must not come alive. */
static void test_tasks__rows_wrap(void **state)
{
	struct vft_tasks tasks;

	vft_tasks_init(&tasks, 1);
	tasks.first_row = UINT32_MAX / 2 + 1;
	vft_tasks_reset(&tasks); /* nothing to forget yet */
	assert_int_equal(tasks.first_row, 1);
	assert_int_equal(refer(&tasks, 10), 0);
	assert_int_equal(refer(&tasks, 11), 0);
	assert_int_equal(refer(&tasks, 10), 2);
	vft_tasks_reset(&tasks);
	assert_int_equal(tasks.first_row, 3);
	assert_int_equal(refer(&tasks, 11), 0);
	tasks.first_row = UINT32_MAX / 2;
	vft_tasks_reset(&tasks);
	assert_int_equal(tasks.first_row, 1);
	assert_int_equal(refer(&tasks, 11), 0);
	assert_int_equal(refer(&tasks, 11), 1);
	vft_tasks_release(&tasks);
}

/* One thread under many uids, which share the slot that is tried first. */
static void test_tasks__same_tid(void **state)
{
	struct vft_task task = sample_task(7);
	struct vft_tasks tasks;

	vft_tasks_init(&tasks, 1);
	for (unsigned int look = 0; look < 3; look++) {
		for (task.uid = 0; task.uid < 3000; task.uid++) {
			assert_int_equal(vft_tasks_reserve(&tasks, 1), 0);
			assert_int_equal(vft_tasks_refer(&tasks, &task), look ? 3000 : 0);
		}
	}
	assert_int_equal(tasks.n, 3000);
	vft_tasks_release(&tasks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffer__appends),
		cmocka_unit_test(test_buffer__grows),
		cmocka_unit_test(test_buffer__too_large),
		cmocka_unit_test(test_err__message),
		cmocka_unit_test(test_cleanup__closes_what_is_open),
		cmocka_unit_test(test_strings__forget_at_reset),
		cmocka_unit_test(test_strings__generation_wraps),
		cmocka_unit_test(test_strings__same_hash),
		cmocka_unit_test(test_tasks__rows_wrap),
		cmocka_unit_test(test_tasks__same_tid),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
