/* SPDX-License-Identifier: BSD-2-Clause */
/* unpack FILE - check and decompress each block of a sound trace, and decode nothing: what a reader
 * of it cannot do without. Prints the bytes that came out. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block.h"

static uint8_t raw[VFT_MAX_RAW];

static int unpack_block(struct vft_unpacker *unpacker, uint8_t *payload,
			const struct vft_header *header, uint64_t *total)
{
	struct vft_cursor cursor = vft_cursor_init(payload, header->payload_len);
	struct vft_directory directory;
	const char *what;

	if (vft_payload_open(payload, header))
		return -1;
	if (header->type != VFT_BLOCK_EVENTS && header->type != VFT_BLOCK_SNAPSHOT &&
	    header->type != VFT_BLOCK_CLOCK)
		return 0;
	if (vft_directory_parse(cursor, header, &directory, &what))
		return -1;
	for (uint32_t i = 0; i < directory.n_columns; i++) {
		if (directory.columns[i].raw_len > sizeof(raw) ||
		    vft_unpacker_unpack(unpacker, &directory.columns[i], raw))
			return -1;
		*total += directory.columns[i].raw_len;
	}
	return 0;
}

static int unpack_file(uint8_t *bytes, uint64_t size, uint64_t *total)
{
	struct vft_unpacker *unpacker = NULL;
	int r = vft_unpacker_new(&unpacker);

	for (uint64_t at = 0; r == 0 && at + VFT_HEADER_SIZE <= size;) {
		struct vft_header header;

		if (vft_header_parse(bytes + at, &header) ||
		    vft_header_get_size(&header) > size - at)
			break; /* the trailer */
		r = unpack_block(unpacker, bytes + at + VFT_HEADER_SIZE, &header, total);
		at += vft_header_get_size(&header);
	}
	vft_unpacker_free(unpacker);
	return r;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	struct stat status;
	uint64_t total = 0;
	uint8_t *bytes;
	ssize_t n;
	int r;

	if (fd < 0 || fstat(fd, &status))
		return 2;
	bytes = malloc((size_t)status.st_size + 1);
	if (!bytes)
		return 2;
	for (off_t at = 0; at < status.st_size; at += n) {
		n = read(fd, bytes + at, (size_t)(status.st_size - at));
		if (n <= 0) {
			free(bytes);
			return 2;
		}
	}
	r = unpack_file(bytes, (uint64_t)status.st_size, &total);
	free(bytes);
	if (r) {
		(void)fputs("unpack: damaged\n", stderr);
		return 3;
	}
	return printf("%" PRIu64 " bytes\n", total) < 0;
}
