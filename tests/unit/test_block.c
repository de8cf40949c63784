/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>

#include "format/base/crc32c.h"
#include "trace.h"

static const struct vft_header sample = {.type = VFT_BLOCK_EVENTS,
					 .version = VFT_HEADER_VERSION,
					 .payload_len = 100,
					 .raw_len = 200,
					 .n_events = 10,
					 .section_id = 0x8877665544332211,
					 .seq = 7,
					 .self_off = 4096,
					 .first_ts = T0,
					 .payload_crc = 0xdeadbeef};

static void test_block__header_layout(void **state)
{
	uint8_t bytes[VFT_HEADER_SIZE];
	struct vft_header header;

	vft_header_store(&sample, bytes);
	assert_memory_equal(bytes, "\x89VFRB\r\n\xfe\x06\0\x01\0\x64\0\0\0\xc8\0\0\0\x0a\0\0\0",
			    24);
	assert_memory_equal(bytes + 24, "\x11\x22\x33\x44\x55\x66\x77\x88\x07", 9);
	assert_int_equal(vft_header_parse(bytes, &header), 0);
	assert_int_equal(header.type, sample.type);
	assert_int_equal(header.payload_len, 100);
	assert_int_equal(header.raw_len, 200);
	assert_int_equal(header.n_events, 10);
	assert_true(header.section_id == sample.section_id);
	assert_int_equal(header.seq, 7);
	assert_int_equal(header.self_off, 4096);
	assert_true(header.first_ts == T0);
	assert_int_equal(header.payload_crc, 0xdeadbeef);
	assert_int_equal(vft_header_get_size(&header), 64 + 104);
	assert_null(vft_header_check(&header));
}

/* Each limit of the format: what just keeps it, and what does not. */
static void test_block__header_limits(void **state)
{
	struct vft_header header = sample;

	header.payload_len = VFT_MAX_PAYLOAD;
	header.raw_len = VFT_MAX_RAW;
	header.n_events = VFT_MAX_ROWS;
	header.first_ts = VFT_MAX_TIME_NS;
	assert_null(vft_header_check(&header));
	header.payload_len++;
	assert_non_null(vft_header_check(&header));
	header.payload_len--;
	header.raw_len++;
	assert_non_null(vft_header_check(&header));
	header.raw_len--;
	header.n_events++;
	assert_non_null(vft_header_check(&header));
	header.n_events--;
	header.first_ts++;
	assert_non_null(vft_header_check(&header));
	header.first_ts--;
	header.version++;
	assert_non_null(vft_header_check(&header));
	/* An event takes a byte at least. */
	header = sample;
	header.n_events = header.raw_len;
	assert_null(vft_header_check(&header));
	header.n_events++;
	assert_non_null(vft_header_check(&header));
}

static void test_block__header_every_bit(void **state)
{
	uint8_t bytes[VFT_HEADER_SIZE];
	struct vft_header header;

	vft_header_store(&sample, bytes);
	for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_int_equal(vft_header_parse(bytes, &header), -EBADMSG);
		bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

static void test_block__payload_without_sync(void **state)
{
	struct vft_header header = sample;
	struct vft_buffer payload = {0};

	assert_int_equal(vft_buffer_append_bytes(&payload, "plain", 5), 0);
	assert_int_equal(vft_payload_seal(&payload, &header), 0);
	assert_int_equal(header.flags, 0);
	assert_int_equal(header.payload_len, 5);
	assert_int_equal(payload.size, 8);
	assert_memory_equal(payload.data, "plain\0\0\0", 8);
	assert_int_equal(vft_payload_open(payload.data, &header), 0);
	assert_memory_equal(payload.data, "plain", 5);
	payload.data[4] ^= 0x20;
	assert_int_equal(vft_payload_open(payload.data, &header), -EBADMSG);
	vft_buffer_release(&payload);
}

/* The pattern itself, and as it would look under the first masks. */
static void test_block__payload_is_masked(void **state)
{
	struct vft_header header = sample;
	struct vft_buffer payload = {0};
	uint8_t text[40 + 8 * 5];

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < 5; i++) {
		memcpy(text + 40 + 8 * i, VFT_SYNC, 8);
		for (size_t j = 0; i && j < 8; j++)
			text[40 + 8 * i + j] ^=
				(uint8_t)(sample.section_id >> (8 * j)) ^ (uint8_t)i;
	}
	assert_int_equal(vft_buffer_append_bytes(&payload, text, sizeof(text)), 0);
	assert_int_equal(vft_payload_seal(&payload, &header), 0);
	assert_int_equal(header.flags, 5);
	assert_null(memmem(payload.data, payload.size, VFT_SYNC, VFT_SYNC_SIZE));
	assert_int_equal(vft_payload_open(payload.data, &header), 0);
	assert_memory_equal(payload.data, text, sizeof(text));
	vft_buffer_release(&payload);
}

/* The pattern under every mask there is: the last one is taken, and reading is not harmed. */
static void test_block__payload_under_every_mask(void **state)
{
	struct vft_header header = sample;
	struct vft_buffer payload = {0};
	uint8_t text[8 * 256];

	for (size_t i = 0; i < 256; i++)
		for (size_t j = 0; j < 8; j++)
			text[8 * i + j] =
				(uint8_t)VFT_SYNC[j] ^
				(i ? (uint8_t)(sample.section_id >> (8 * j)) ^ (uint8_t)i : 0);
	assert_int_equal(vft_buffer_append_bytes(&payload, text, sizeof(text)), 0);
	assert_int_equal(vft_payload_seal(&payload, &header), 0);
	assert_int_equal(header.flags, UINT8_MAX);
	assert_int_equal(vft_payload_open(payload.data, &header), 0);
	assert_memory_equal(payload.data, text, sizeof(text));
	vft_buffer_release(&payload);
}

static int unpack(uint8_t codec, uint32_t raw_len, const char *bytes, size_t size)
{
	struct vft_column_frame frame = {.id = 1,
					 .codec = codec,
					 .raw_len = raw_len,
					 .stored = vft_cursor_init(bytes, size)};
	struct vft_unpacker *unpacker;
	uint8_t raw[8];
	int r;

	assert_int_equal(vft_unpacker_new(&unpacker), 0);
	r = vft_unpacker_unpack(unpacker, &frame, raw);
	vft_unpacker_free(unpacker);
	return r;
}

/* No bytes are a column of no bytes, and nothing else. */
static void test_block__empty_frame(void **state)
{
	assert_int_equal(unpack(VFT_CODEC_RAW, 0, "", 0), 0);
	assert_int_equal(unpack(VFT_CODEC_RAW, 0, NULL, 0), 0);
	assert_int_equal(unpack(VFT_CODEC_RAW, 5, "", 0), -EBADMSG);
	assert_int_equal(unpack(VFT_CODEC_ZSTD, 0, "", 0), -EBADMSG);
	assert_int_equal(unpack(VFT_CODEC_ZSTD, 5, "no zstd", 7), -EBADMSG);
	assert_int_equal(unpack(VFT_CODEC_RAW, 3, "abc", 3), 0);
}

/* Pack two columns, one that compresses and one that does not. */
static void pack(struct vft_buffer *payload, uint32_t *ret_raw_len)
{
	struct vft_buffer zeros = {calloc(1, 5000), 5000, 5000}, few = {calloc(1, 3), 3, 3};
	struct vft_buffer none = {0}, info = {0};
	struct vft_column_data columns[] = {{1, &zeros}, {2, &none}, {9, &few}};
	struct vft_packer *packer;

	assert_int_equal(vft_buffer_append_tlv_uint(&info, 1, 5), 0);
	assert_int_equal(vft_packer_new(&packer), 0);
	assert_int_equal(vft_packer_pack(packer, 3, &info, columns, 3, payload, ret_raw_len), 0);
	vft_packer_free(packer);
	vft_buffer_release(&zeros);
	vft_buffer_release(&few);
	vft_buffer_release(&info);
}

static int parse(const struct vft_buffer *payload, uint32_t raw_len)
{
	static struct vft_directory directory;
	struct vft_header header = {.raw_len = raw_len};
	const char *what = NULL;
	struct edge edge = edge_make(payload->data, payload->size);
	int r = vft_directory_parse(vft_cursor_init(edge.data, payload->size), &header, &directory,
				    &what);

	assert_int_equal(r == 0, what == NULL);
	edge_free(&edge);
	return r;
}

static void test_block__directory_round_trip(void **state)
{
	static struct vft_directory directory;
	struct vft_header header = {0};
	struct vft_buffer payload = {0};
	struct vft_unpacker *unpacker;
	uint8_t *raw = malloc(5000);
	const char *what;

	pack(&payload, &header.raw_len);
	assert_int_equal(header.raw_len, 5003);
	assert_true(payload.size < 100);
	assert_int_equal(vft_directory_parse(vft_cursor_init(payload.data, payload.size), &header,
					     &directory, &what),
			 0);
	assert_int_equal(directory.n_columns, 2); /* the empty one is left out */
	assert_int_equal(directory.columns[0].id, 1);
	assert_int_equal(directory.columns[0].codec, VFT_CODEC_ZSTD);
	assert_int_equal(directory.columns[1].id, 9);
	assert_int_equal(directory.columns[1].codec, VFT_CODEC_RAW);
	assert_int_equal(vft_unpacker_new(&unpacker), 0);
	assert_int_equal(vft_unpacker_unpack(unpacker, &directory.columns[0], raw), 0);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(raw[i], 0);
	/* More or less than was declared is an error, and so are two frames. */
	directory.columns[0].raw_len = 4999;
	assert_int_equal(vft_unpacker_unpack(unpacker, &directory.columns[0], raw), -EBADMSG);
	free(raw);
	raw = malloc(5001);
	directory.columns[0].raw_len = 5001;
	assert_int_equal(vft_unpacker_unpack(unpacker, &directory.columns[0], raw), -EBADMSG);
	directory.columns[0].raw_len = 5000;
	directory.columns[0].stored.end++;
	assert_int_equal(vft_unpacker_unpack(unpacker, &directory.columns[0], raw), -EBADMSG);
	directory.columns[0].stored.end -= 2;
	assert_int_equal(vft_unpacker_unpack(unpacker, &directory.columns[0], raw), -EBADMSG);
	free(raw);
	vft_unpacker_free(unpacker);
	vft_buffer_release(&payload);
}

/* Two frames that expand to the declared size together are not one. */
static void test_block__two_frames(void **state)
{
	static struct vft_directory directory;
	struct vft_header header = {0};
	struct vft_buffer payload = {0}, twice = {0};
	struct vft_column_frame *frame = &directory.columns[0];
	struct vft_unpacker *unpacker;
	uint8_t *raw = malloc(10000);
	const char *what;
	size_t size;

	pack(&payload, &header.raw_len);
	assert_int_equal(vft_directory_parse(vft_cursor_init(payload.data, payload.size), &header,
					     &directory, &what),
			 0);
	size = vft_cursor_left(&frame->stored);
	assert_int_equal(vft_buffer_append_bytes(&twice, frame->stored.at, size), 0);
	assert_int_equal(vft_buffer_append_bytes(&twice, frame->stored.at, size), 0);
	frame->stored = vft_cursor_init(twice.data, twice.size);
	frame->raw_len = 10000;
	assert_int_equal(vft_unpacker_new(&unpacker), 0);
	assert_int_equal(vft_unpacker_unpack(unpacker, frame, raw), -EBADMSG);
	vft_unpacker_free(unpacker);
	vft_buffer_release(&payload);
	vft_buffer_release(&twice);
	free(raw);
}

static void test_block__directory_cut_anywhere(void **state)
{
	struct vft_buffer payload = {0};
	uint32_t raw_len;
	size_t size;

	pack(&payload, &raw_len);
	assert_int_equal(parse(&payload, raw_len), 0);
	assert_int_equal(parse(&payload, raw_len - 1), -EBADMSG);
	assert_int_equal(parse(&payload, raw_len + 1), -EBADMSG);
	size = payload.size;
	for (payload.size = 0; payload.size < size; payload.size++)
		assert_int_equal(parse(&payload, raw_len), -EBADMSG);
	assert_int_equal(vft_buffer_append_bytes(&payload, "", 1), 0);
	assert_int_equal(parse(&payload, raw_len), -EBADMSG); /* a byte that is nobody's */
	vft_buffer_release(&payload);
}

#define PARSE(raw_len, ...)                                                                        \
	parse_values(raw_len, (const uint64_t[]){__VA_ARGS__},                                     \
		     sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static int parse_values(uint32_t raw_len, const uint64_t *values, size_t n)
{
	struct vft_buffer payload = {0};
	int r;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(vft_buffer_append_varint(&payload, values[i]), 0);
	r = parse(&payload, raw_len);
	vft_buffer_release(&payload);
	return r;
}

/* info length, number, {id, codec, raw, stored}, bytes */
static void test_block__directory_malformed(void **state)
{
	assert_int_equal(PARSE(1, 0, 1, 5, 0, 1, 1, 'a'), 0);
	assert_int_equal(PARSE(0, 0, 0), 0);
	assert_int_equal(PARSE(1, 100, 1, 5, 0, 1, 1, 'a'), -EBADMSG);
	assert_int_equal(PARSE(1, UINT64_MAX, 1, 5, 0, 1, 1, 'a'), -EBADMSG);
	assert_int_equal(PARSE(1, 0, 1, 0, 0, 1, 1, 'a'), -EBADMSG); /* id 0 */
	assert_int_equal(PARSE(1, 0, 1, 65536, 0, 1, 1, 'a'), -EBADMSG);
	assert_int_equal(PARSE(1, 0, 1, 5, 2, 1, 1, 'a'), -EBADMSG);      /* codec */
	assert_int_equal(PARSE(1, 0, 1, 5, 0, 1, 2, 'a', 'b'), -EBADMSG); /* raw of two sizes */
	assert_int_equal(PARSE(2, 0, 2, 5, 0, 1, 1, 5, 0, 1, 1, 'a', 'b'), -EBADMSG); /* twice */
	assert_int_equal(PARSE(2, 0, 2, 5, 0, 1, 1, 4, 0, 1, 1, 'a', 'b'), -EBADMSG); /* order */
	assert_int_equal(PARSE(2, 0, 2, 4, 0, 1, 1, 5, 0, 1, 1, 'a', 'b'), 0);
	assert_int_equal(PARSE(1, 0, 1, 5, 1, 1, UINT64_MAX, 'a'), -EBADMSG);
	assert_int_equal(PARSE(1, 0, 1, 5, 0, UINT64_MAX, UINT64_MAX, 'a'), -EBADMSG);
	assert_int_equal(PARSE(1, 0, 257, 5, 0, 1, 1, 'a'), -EBADMSG);
	assert_int_equal(PARSE(1, 0, UINT64_MAX, 5, 0, 1, 1, 'a'), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_block__header_layout),
		cmocka_unit_test(test_block__header_limits),
		cmocka_unit_test(test_block__header_every_bit),
		cmocka_unit_test(test_block__payload_without_sync),
		cmocka_unit_test(test_block__payload_is_masked),
		cmocka_unit_test(test_block__payload_under_every_mask),
		cmocka_unit_test(test_block__empty_frame),
		cmocka_unit_test(test_block__directory_round_trip),
		cmocka_unit_test(test_block__two_frames),
		cmocka_unit_test(test_block__directory_cut_anywhere),
		cmocka_unit_test(test_block__directory_malformed),
	};

	return cmocka_run_group_tests_name("block", tests, NULL, NULL);
}
