/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meta.h - what SECTION, META and END say, in memory. Encoded and decoded by meta.c; filled by the
 * recorder, read by replay.
 */
#ifndef VFT_META_H
#define VFT_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vft/event.h>

VFT_BEGIN_DECLS

/*
 * A section: one recording, or one segment of it. Of an item of a reader, until its next call.
 */
struct vft_section;

uint64_t vft_section_get_id(const struct vft_section *section); /* random; in all its blocks */
/* 16 bytes, of the recording session; the same in every rotated segment. The section's. */
const uint8_t *vft_section_get_uuid(const struct vft_section *section);
uint32_t vft_section_get_segment(const struct vft_section *section); /* 0, 1, ... */
uint32_t vft_section_get_version(const struct vft_section *section); /* of the format */

/* X(id, NAME, name): text TLVs; NULL or absent where unknown. Bytes from a file: escape before
 * printing. */
#define VFT_META_TEXT_LIST(X)                                                                      \
	X(1, TOOL, tool)         /* "vfork-record 0.1.0" */                                        \
	X(2, KERNEL, kernel)     /* uname release */                                               \
	X(3, ARCH, arch)         /* uname machine */                                               \
	X(4, BOOT_ID, boot_id)   /* as /proc/sys/kernel/random/boot_id prints it */                \
	X(5, HOSTNAME, hostname) /* optional */                                                    \
	X(6, OPTIONS, options)   /* the command line's options, one line */                        \
	X(7, FILTERS, filters)   /* what was left out in the kernel, one line; empty = nothing */  \
	X(8, REDACTION, redaction) /* "none", "argv0", "redacted", "full" */                       \
	X(9, COMMAND, command)     /* of "-- CMD", NUL-separated */                                \
	X(10, NOTES, notes)        /* of the user, "KEY=VALUE", each ended by NUL */

/* X(id, NAME, name): integer TLVs */
#define VFT_META_INT_LIST(X)                                                                       \
	X(32, N_CPUS, n_cpus)                                                                      \
	X(33, ARGV_LIMIT, argv_limit) /* bytes kept of one argv */                                 \
	X(34, RING_SIZE, ring_size)   /* bytes */                                                  \
	X(35, START_NS,                                                                            \
	  start_ns)         /* CLOCK_BOOTTIME when recording began: zero of the report's time */   \
	X(36, PIDNS, pidns) /* inode of the recorder's pid namespace */                            \
	X(38, HAS, has)     /* VFT_HAS_*: which kinds of event this recording could see */         \
	X(39, LIST_PIDNS,                                                                          \
	  list_pidns) /* inode of the pid namespace that lists cover; 0 = all the host */

/* Inode of the first pid namespace, on every kernel since 3.8. */
#define VFT_PIDNS_INITIAL 4026531836u

#define VFT_HAS_THREADS    0x1u /* thread creation and exit */
#define VFT_HAS_EXEC_FAIL  0x2u /* failed exec */
#define VFT_HAS_RELEASE    0x4u /* the true release moment */
#define VFT_HAS_ARGV       0x8u
#define VFT_HAS_VFORK_ONLY 0x10u /* only vfork episodes: other spawns and processes are absent */
#define VFT_HAS_FILTER     0x20u /* processes outside a filter are absent */
#define VFT_HAS_SPAWN_FAIL 0x40u /* failed vfork, fork, clone and clone3 */

enum vft_meta_text {
#define X(id, NAME, name) VFT_META_##NAME = id,
	VFT_META_TEXT_LIST(X)
#undef X
};

enum vft_meta_number {
#define X(id, NAME, name) VFT_META_##NAME = id,
	VFT_META_INT_LIST(X)
#undef X
};

/* What a recording says of its making. Of an item of a reader, until its next call; or made by
 * vft_meta_new. */
struct vft_meta;

/* The text, whose bytes are as long-lived as @meta; .data is NULL where it is absent, or @what is
 * not known. Bytes from a file: escape before printing. */
struct vft_str vft_meta_get_text(const struct vft_meta *meta, enum vft_meta_text what);
/* In the unit that the list gives; 0 where it is absent, or @what is not known. */
uint64_t vft_meta_get_number(const struct vft_meta *meta, enum vft_meta_number what);

/* One that says nothing yet, for vft_writer_open; the caller's. -ENOMEM. */
VFT_MUST_CHECK int vft_meta_new(struct vft_meta **ret);
void vft_meta_free(struct vft_meta *meta); /* NULL is fine */

/* @text's bytes stay the caller's and must outlive @meta's last use. -EINVAL: @what is not known.
 */
VFT_MUST_CHECK int vft_meta_set_text(struct vft_meta *meta, enum vft_meta_text what,
				     struct vft_str text);
VFT_MUST_CHECK int vft_meta_set_number(struct vft_meta *meta, enum vft_meta_number what,
				       uint64_t value);

/* One CPU's loss by one cause, as END repeats it. */
struct vft_loss {
	uint32_t cause; /* enum vft_cause */
	uint32_t cpu;   /* or VFT_CPU_NONE */
	uint64_t count;
};

/*
 * Why the recorder took a value out of what a process said. X(id, NAME, name), in docs/format.md.
 */
#define VFT_REMOVED_LIST(X)                                                                        \
	X(1, NAMED, named)   /* what stands behind a name such as password */                      \
	X(2, URL, url)       /* user and password of a URL */                                      \
	X(3, HEADER, header) /* of HTTP */                                                         \
	X(4, OPTION, option) /* of a program that takes a password with it */                      \
	X(5, TOKEN, token)   /* of a known service, by how it begins */                            \
	X(6, KEY, key)       /* as random as a key */                                              \
	X(7, PEM, pem)       /* a private key */                                                   \
	X(8, RULE, rule)     /* by a rule of the user */

enum vft_removed {
#define X(id, NAME, name) VFT_REMOVED_##NAME = id,
	VFT_REMOVED_LIST(X)
#undef X
		VFT_N_REMOVED = 16, /* ids are below it */
};

/* "named", "url", ...; NULL for an unknown id. */
const char *vft_removed_name(unsigned int why);

/* May grow at its end: see size in err.h. */
struct vft_end {
	size_t size;       /* sizeof(struct vft_end), set by who writes */
	uint64_t n_blocks; /* before this one, in the section */
	uint64_t n_events; /* rows of them, as their headers count */
	uint64_t n_seen;   /* events the kernel part wanted to record: delivered + dropped */
	uint64_t n_delivered;
	uint64_t n_dropped;
	uint64_t end_ns; /* CLOCK_BOOTTIME when recording ended */
	const struct vft_loss *losses;
	size_t n_losses;
	/* Delivered, but no rows, and not lost: see docs/format.md. Older recorders do not say. */
	uint64_t n_left_out;
	bool has_left_out;
	uint64_t n_removed[VFT_N_REMOVED]; /* values, by enum vft_removed; 0 where not said */
	/* Not in the file: what the reader found, to be held against n_blocks and n_events. What it
	 * reported as a gap is not among them. */
	uint64_t seen_blocks, seen_rows;
};

VFT_END_DECLS

#endif
