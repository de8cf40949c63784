/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/base/crc32c.h"

static void test_crc32c__check_value(void **state)
{
	assert_int_equal(vft_crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(vft_crc32c_portable(0, "123456789", 9), 0xe3069283);
	assert_int_equal(vft_crc32c(0, "", 0), 0);
}

/* RFC 3720, B.4 */
static void test_crc32c__known_vectors(void **state)
{
	uint8_t bytes[32] = {0};

	assert_int_equal(vft_crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0xff;
	assert_int_equal(vft_crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(vft_crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
}

/* Every length and alignment, in one piece or two, by instruction or not. */
static void test_crc32c__all_ways_agree(void **state)
{
	uint8_t bytes[80];

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 11);
	for (size_t start = 0; start < 8; start++) {
		for (size_t size = 0; size <= 64; size++) {
			uint32_t crc = vft_crc32c_portable(0, bytes + start, size);

			assert_int_equal(vft_crc32c(0, bytes + start, size), crc);
			for (size_t cut = 0; cut <= size; cut += 5)
				assert_int_equal(vft_crc32c(vft_crc32c(0, bytes + start, cut),
							    bytes + start + cut, size - cut),
						 crc);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c__check_value),
		cmocka_unit_test(test_crc32c__known_vectors),
		cmocka_unit_test(test_crc32c__all_ways_agree),
	};

	return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
