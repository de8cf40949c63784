/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader.h - opens, walks and recovers a trace that nobody vouches for.
 *
 * Owns: finding blocks, checking them, decompression and decoding, resynchronising after damage.
 * Never does: printing, exiting, trusting a length. Called by: replay, verify, tests, fuzzers.
 */
#ifndef VFT_READER_H
#define VFT_READER_H

#include <stdbool.h>
#include <stdint.h>

#include <vft/event.h>
#include <vft/io.h>
#include <vft/meta.h>

VFT_BEGIN_DECLS

struct vft_reader;

/* May grow at its end: see size in err.h. */
struct vft_limits {
	size_t size;            /* sizeof(struct vft_limits) */
	uint64_t max_raw_total; /* bytes after decompression; 0 = max(256 MiB, 100 x input size) */
};

/*
 * The decoded rows of one EVENTS, SNAPSHOT or CLOCK block, in file order (which is the order of
 * cause and effect, though times may step back by microseconds). Everything an event points to
 * lives here.
 */
struct vft_batch {
	uint16_t type; /* enum vft_block_type */
	const struct vft_event *events;
	size_t n_events;
	uint64_t first_ns, last_ns; /* smallest and largest event time */
	uint64_t n_skipped;         /* rows of kinds this version does not know */
};

enum vft_item_kind {
	VFT_ITEM_SECTION = 1, /* a section begins: another recording, or the next segment */
	VFT_ITEM_META,
	VFT_ITEM_BATCH,
	VFT_ITEM_END,     /* the section was closed cleanly */
	VFT_ITEM_GAP,     /* bytes that are no intact block */
	VFT_ITEM_SKIPPED, /* an intact block this version does not know */
	VFT_ITEM_INDEX,   /* INDEX, SCHEMA or the trailer: nothing a replay needs */
	VFT_ITEM_PASSED,  /* blocks of rows that vft_reader_set_pass chose not to read */
	VFT_ITEM_COUNTED, /* a block of rows that vft_reader_set_counted chose not to decode */
	VFT_ITEM_RAW,     /* a block of rows, not decoded: see raw.h */
};

enum vft_gap_kind {
	/* bytes that fail their check; or, with length 0, blocks that are missing */
	VFT_GAP_DAMAGE = 1,
	/* the input ends inside a block */
	VFT_GAP_CUT,
	/* the section has no END: recording was interrupted; length 0 */
	VFT_GAP_NOT_CLOSED,
	/* intact, but over a limit, or malformed inside, or from a newer version */
	VFT_GAP_REFUSED,
};

struct vft_gap {
	enum vft_gap_kind kind;
	uint64_t n_missing_blocks; /* by sequence number */
	uint64_t from_ns,
		to_ns;    /* events in this range may be missing; to_ns UINT64_MAX = open end */
	const char *what; /* static text, our own words, for people */
};

/* One block as the index tells of it: a hint until the block's header agrees. */
struct vft_index_entry {
	uint64_t self_off;   /* from the section's start */
	uint64_t size_bytes; /* header, payload and padding */
	uint64_t seq;
	uint64_t first_ns, last_ns; /* of rows blocks, else 0 */
	uint64_t n_lost;
	uint64_t kinds; /* bit n: has rows of kind n; bit 0: a list of processes begins in it */
	uint32_t n_events;
	uint16_t type;
};

struct vft_passed {
	uint64_t n_blocks, n_events;
};

/* What a block of rows says of itself, and how many rows of which kind it has. */
struct vft_counted {
	uint64_t n_kind[VFT_N_KINDS]; /* of kinds this version knows */
	uint64_t n_events;   /* the sum of them */
	uint64_t n_skipped;  /* rows of other kinds */
	uint64_t first_ns, last_ns;
};

struct vft_raw;

struct vft_item {
	enum vft_item_kind kind;
	uint64_t offset, size_bytes; /* where it stands in the input */
	uint16_t block_type;         /* of blocks; 0 for gaps and the trailer */
	union {
		const struct vft_section *section;
		const struct vft_meta *meta;
		const struct vft_batch *batch;
		const struct vft_end *end;
		struct vft_gap gap;
		struct vft_passed passed;
		const struct vft_counted *counted;
		const struct vft_raw *raw;
	};
};

/*
 * Open @source, which the reader takes over, also on failure. Reads as far as the first SECTION.
 * -ENODATA: empty, or shorter than one header. -EBADMSG: not a trace, and no block of one in it.
 * -EOPNOTSUPP: a newer major format. -EINVAL or -E2BIG: the size of @limits, which may be NULL.
 * -ENOMEM, or the source's error.
 */
VFT_MUST_CHECK int vft_reader_open(struct vft_source *source, const struct vft_limits *limits,
				   struct vft_reader **ret, struct vft_err *err);

/*
 * The next item. 1 and *ret filled (valid until the next call), 0 at the end. Damage is an item,
 * not an error: negative only for -ENOMEM, the source's own errors, and -EFBIG when max_raw_total
 * is passed.
 */
VFT_MUST_CHECK int vft_reader_next(struct vft_reader *reader, struct vft_item *ret,
				   struct vft_err *err);

/*
 * The input may have grown: after vft_reader_next has returned 0, go on at the first byte that was
 * no whole block. What was said of the end (items VFT_GAP_CUT, VFT_GAP_NOT_CLOSED, or damage that
 * reached to the end) is taken back, and said again where it still holds. A section goes on without
 * another SECTION item. 0; -EBUSY before the end, -ESPIPE for an input that cannot seek.
 */
VFT_MUST_CHECK int vft_reader_resume(struct vft_reader *reader, struct vft_err *err);

/* Hold a batch beyond the next call; release it with vft_batch_release. */
const struct vft_batch *vft_batch_acquire(const struct vft_batch *batch);
void vft_batch_release(const struct vft_batch *batch); /* NULL is fine */

/*
 * Gaps may stand before the first SECTION item. A section whose SECTION block is lost begins with a
 * SECTION item of length 0 that only has its section_id. A gap behind END has from_ns == to_ns: no
 * event can be missing there.
 */

/*
 * What the index says of each block before it, in file order, if the input is one section with a
 * whole index: 1, and *ret_entries is the reader's. 0 when there is none such, when the source
 * cannot seek, or when blocks do not stand where it says. The source's errors, or -ENOMEM.
 */
VFT_MUST_CHECK int vft_reader_get_index(struct vft_reader *reader,
					const struct vft_index_entry **ret_entries, size_t *ret_n,
					struct vft_err *err);

/*
 * Do not read blocks of rows that @pass says true of, of those that vft_reader_get_index gave: each
 * run of them becomes one item. The index is no longer followed where a block is not what it says.
 */
typedef bool (*vft_pass_fn)(void *context, const struct vft_index_entry *entry);
void vft_reader_set_pass(struct vft_reader *reader, vft_pass_fn pass, void *context);

/*
 * Do not decode blocks that have rows of @kinds (bit n: kind n) only: check their checksum, count
 * and say so in one item. A block whose rows do not fit together inside is not found out then.
 */
void vft_reader_set_counted(struct vft_reader *reader, uint64_t kinds);

/* Whether the last section's index is present and agrees with the file; -errno for I/O errors. */
VFT_MUST_CHECK int vft_reader_has_index(struct vft_reader *reader, struct vft_err *err);

void vft_reader_close(struct vft_reader *reader); /* NULL is fine */

VFT_END_DECLS

#endif
