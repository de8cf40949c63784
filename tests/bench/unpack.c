/* SPDX-License-Identifier: BSD-2-Clause */
/* unpack FILE [-] - read, check and decompress each block of a sound trace, and decode nothing:
 * what a reader of it cannot do without. Prints how many bytes came out; with "-" all of them, and
 * those of the blocks that have no columns. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "format/block/block.h"

static uint8_t payload[VFT_MAX_PAYLOAD + 8], raw[VFT_MAX_RAW];

static bool prints;

static int put(const uint8_t *data, size_t size)
{
	return prints && fwrite(data, 1, size, stdout) != size ? -1 : 0;
}

static int unpack_block(struct vft_unpacker *unpacker, const struct vft_header *header,
			uint64_t *total)
{
	struct vft_cursor cursor = vft_cursor_init(payload, header->payload_len);
	struct vft_directory directory;
	const char *what;

	if (vft_payload_open(payload, header))
		return -1;
	if (header->type != VFT_BLOCK_EVENTS && header->type != VFT_BLOCK_SNAPSHOT &&
	    header->type != VFT_BLOCK_CLOCK)
		return put(payload, header->payload_len);
	if (vft_directory_parse(cursor, header, &directory, &what))
		return -1;
	for (uint32_t i = 0; i < directory.n_columns; i++) {
		if (directory.columns[i].raw_len > sizeof(raw) ||
		    vft_unpacker_unpack(unpacker, &directory.columns[i], raw) ||
		    put(raw, directory.columns[i].raw_len))
			return -1;
		*total += directory.columns[i].raw_len;
	}
	return 0;
}

static int unpack_file(int fd, uint64_t *total)
{
	struct vft_unpacker *unpacker = NULL;
	uint8_t bytes[VFT_HEADER_SIZE];
	struct vft_header header;
	int r = vft_unpacker_new(&unpacker);

	for (off_t at = 0;
	     r == 0 && pread(fd, bytes, sizeof(bytes), at) == (ssize_t)sizeof(bytes);) {
		size_t size;

		if (vft_header_parse(bytes, &header) || vft_header_check(&header))
			break; /* the trailer */
		size = (size_t)vft_header_get_size(&header) - VFT_HEADER_SIZE;
		if (pread(fd, payload, size, at + VFT_HEADER_SIZE) != (ssize_t)size)
			r = -1;
		else
			r = unpack_block(unpacker, &header, total);
		at += (off_t)vft_header_get_size(&header);
	}
	vft_unpacker_free(unpacker);
	return r;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 || argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	uint64_t total = 0;

	prints = argc == 3;
	if (fd < 0)
		return 2;
	if (unpack_file(fd, &total)) {
		(void)fputs("unpack: damaged\n", stderr);
		return 3;
	}
	return prints ? fflush(stdout) != 0 : printf("%" PRIu64 " bytes\n", total) < 0;
}
