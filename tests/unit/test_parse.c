/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/base/parse.h"

#define UNTOUCHED 12345u

struct sample {
	const char *text;
	int r;
	uint64_t value;
};

static void check(const struct sample *samples, size_t n,
		  int (*parse)(const char *text, uint64_t *ret))
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = UNTOUCHED;
		int r = parse(samples[i].text, &value);

		if (r != samples[i].r || value != (r ? UNTOUCHED : samples[i].value))
			fail_msg("\"%s\": %d, %llu", samples[i].text, r, (unsigned long long)value);
	}
}

static void test_parse__duration(void **state)
{
	static const struct sample samples[] = {
		{"0", 0, 0},
		{"0s", 0, 0},
		{"7ns", 0, 7},
		{"9us", 0, 9000},
		{"250ms", 0, 250000000},
		{"10s", 0, 10000000000},
		{"1.5s", 0, 1500000000},
		{"0.25ms", 0, 250000},
		{"5m", 0, 300000000000},
		{"1h", 0, 3600000000000},
		{"2d", 0, 172800000000000},
		{"1.000000001d", 0, 86400000086400},
		{"10", 0, 10000000000},
		{"1.5", 0, 1500000000},
		{"18446744073", 0, 18446744073000000000u},
		{"1h30m", 0, 5400000000000},
		{"2d1h1m1s1ms1us1ns", 0, 176461001001001},
		{"1m0.5s", 0, 60500000000},
		{"1m90s", 0, 150000000000},
		{"1h30", -EINVAL, 0},
		{"1.5h30m", -EINVAL, 0},
		{"30m1h", -EINVAL, 0},
		{"1h 30m", -EINVAL, 0},
		{"1h-30m", -EINVAL, 0},
		{"1sm", -EINVAL, 0},
		{"5 ", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"-1s", -EINVAL, 0},
		{"+1s", -EINVAL, 0},
		{" 1s", -EINVAL, 0},
		{"1s ", -EINVAL, 0},
		{"1 s", -EINVAL, 0},
		{"1S", -EINVAL, 0},
		{"1.s", -EINVAL, 0},
		{".5s", -EINVAL, 0},
		{"1e3s", -EINVAL, 0},
		{"0x10s", -EINVAL, 0},
		{"1s1s", -EINVAL, 0},
		{"1.0000000001s", -ERANGE, 0},
		{"18446744073709551615ns", 0, UINT64_MAX},
		{"18446744073709551616ns", -ERANGE, 0},
		{"18446744073709551615us", -ERANGE, 0},
		{"5124096h", -ERANGE, 0},
		{"5124095h2047s", 0, 18446744047000000000u},
		{"5124095h2074s", -ERANGE, 0},
		{"18446744074", -ERANGE, 0},
		{"18446744073.709551615s", 0, UINT64_MAX},
		{"18446744073.8s", -ERANGE, 0},
	};

	check(samples, sizeof(samples) / sizeof(samples[0]), vft_parse_duration);
}

static void test_parse__size(void **state)
{
	static const struct sample samples[] = {
		{"0", 0, 0},
		{"4096", 0, 4096},
		{"64K", 0, 65536},
		{"64M", 0, 64u << 20},
		{"1G", 0, 1u << 30},
		{"1T", 0, 1ull << 40},
		{"", -EINVAL, 0},
		{"M", -EINVAL, 0},
		{"1m", -EINVAL, 0},
		{"1MB", -EINVAL, 0},
		{"1.5M", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"17179869184G", -ERANGE, 0},
		{"99999999999999999999", -ERANGE, 0},
	};

	check(samples, sizeof(samples) / sizeof(samples[0]), vft_parse_size);
}

static void test_parse__u64(void **state)
{
	uint64_t value = UNTOUCHED;

	assert_int_equal(vft_parse_u64("5", 1, 10, &value), 0);
	assert_int_equal(value, 5);
	assert_int_equal(vft_parse_u64("18446744073709551615", 0, UINT64_MAX, &value), 0);
	assert_true(value == UINT64_MAX);
	value = UNTOUCHED;
	assert_int_equal(vft_parse_u64("0", 1, 10, &value), -ERANGE);
	assert_int_equal(vft_parse_u64("11", 1, 10, &value), -ERANGE);
	assert_int_equal(vft_parse_u64("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
	assert_int_equal(vft_parse_u64("", 0, 10, &value), -EINVAL);
	assert_int_equal(vft_parse_u64("5x", 0, 10, &value), -EINVAL);
	assert_int_equal(vft_parse_u64("-5", 0, 10, &value), -EINVAL);
	assert_int_equal(value, UNTOUCHED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse__duration),
		cmocka_unit_test(test_parse__size),
		cmocka_unit_test(test_parse__u64),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
