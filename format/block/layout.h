/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout.h - constants of the .vft file, as docs/format.md fixes them. No code.
 */
#ifndef VFT_LAYOUT_H
#define VFT_LAYOUT_H

#include <stdint.h>

#define VFT_SYNC           "\x89VFRB\r\n\xfe"
#define VFT_SYNC_SIZE      8
#define VFT_HEADER_SIZE    64
#define VFT_HEADER_VERSION 1
#define VFT_TRAILER_SIZE   32
#define VFT_FORMAT_VERSION 1

/* Block types. Bit 15: a reader that does not know it may skip it silently. Bit 14: a rewriter that
 * does not know it may copy it. */
#define VFT_TYPE_IGNORABLE 0x8000u
#define VFT_TYPE_COPYABLE  0x4000u
#define VFT_TYPE_ID_MASK   0x3fffu

enum vft_block_type {
	VFT_BLOCK_SECTION = 1,
	VFT_BLOCK_META = 2,
	VFT_BLOCK_SCHEMA = 3,
	VFT_BLOCK_CLOCK = 4,    /* rows, of kind clock */
	VFT_BLOCK_SNAPSHOT = 5, /* rows, of kind snapshot (and cgroup) */
	VFT_BLOCK_EVENTS = 6,   /* rows */
	VFT_BLOCK_STACKS = 7 | VFT_TYPE_IGNORABLE,
	VFT_BLOCK_INDEX = 8 | VFT_TYPE_IGNORABLE,
	VFT_BLOCK_END = 9,
	VFT_BLOCK_SEAL = 10 | VFT_TYPE_IGNORABLE, /* reserved */
};

/* Header offsets */
enum {
	VFT_HDR_SYNC = 0,
	VFT_HDR_TYPE = 8,
	VFT_HDR_VERSION = 10,
	VFT_HDR_FLAGS = 11,
	VFT_HDR_PAYLOAD_LEN = 12,
	VFT_HDR_RAW_LEN = 16,
	VFT_HDR_N_EVENTS = 20,
	VFT_HDR_SECTION_ID = 24,
	VFT_HDR_SEQ = 32,
	VFT_HDR_SELF_OFF = 40,
	VFT_HDR_FIRST_TS = 48,
	VFT_HDR_PAYLOAD_CRC = 56,
	VFT_HDR_CRC = 60,
};

/* Limits a reader holds any file to, and a writer never exceeds. */
#define VFT_MAX_PAYLOAD (16u << 20)
#define VFT_MAX_RAW     (16u << 20)
#define VFT_MAX_COLUMNS 256u
#define VFT_MAX_STRING  (2u << 20)
#define VFT_MAX_FIELDS  64u        /* columns of one kind */
#define VFT_MAX_ROWS    (1u << 18) /* rows of one block */
#define VFT_MAX_TABLE   (1u << 19) /* rows of a block's task table, and of its string table */
#define VFT_MAX_REFS    (1u << 20) /* task references of one block */
#define VFT_MAX_PID     0x7fffffffu
#define VFT_MAX_TIME_NS 0x7fffffffffffffffull

#define VFT_MAX_EXIT_CODE 255u

/* Column ids below this have a fixed role in every rows block and cannot be a kind's own. */
#define VFT_FIRST_OWN_COLUMN 16

/* How far below the largest time before it in the section a row's time may be. */
#define VFT_MAX_STEP_BACK_NS 1000000000ull

/* A writer ends a block at this many raw bytes or this much time. */
#define VFT_BLOCK_RAW_TARGET (256u << 10)
#define VFT_BLOCK_TIME_NS    2000000000ull
#define VFT_INDEX_EVERY      64u

/* Section payload: fixed offsets, then whatever a later version appends */
enum {
	VFT_SEC_VERSION = 0,
	VFT_SEC_SEGMENT = 4,
	VFT_SEC_COMPAT = 8,
	VFT_SEC_INCOMPAT = 16,
	VFT_SEC_UUID = 24,
	VFT_SEC_SIZE = 40,
};

/* Trailer offsets */
#define VFT_TRAILER_MAGIC "\x89VFTR\r\n\xfe"
enum {
	VFT_TRL_MAGIC = 0,
	VFT_TRL_SELF_OFF = 8,
	VFT_TRL_TO_END = 16,   /* bytes back to the END block */
	VFT_TRL_TO_INDEX = 20, /* bytes back to the last INDEX block, 0 = none */
	VFT_TRL_SECTION = 24,  /* low half of section_id */
	VFT_TRL_CRC = 28,
};

/* TLVs of a rows block */
enum vft_info {
	VFT_INFO_LAST_TS = 1, /* last time - first_ts */
	VFT_INFO_LOST = 2,    /* sum of the counts of the block's lost rows */
	VFT_INFO_PID_MIN = 3,
	VFT_INFO_PID_MAX = 4,
	VFT_INFO_KINDS = 5, /* bit n: rows of kind n; bit 0: a snapshot begins here */
};

#define VFT_KINDS_SNAPSHOT_BEGINS 1ull

/* TLVs of END */
enum vft_end_tlv {
	VFT_END_N_BLOCKS = 1,
	VFT_END_N_EVENTS = 2,
	VFT_END_N_SEEN = 3,
	VFT_END_N_DELIVERED = 4,
	VFT_END_N_DROPPED = 5,
	VFT_END_END_NS = 6,
	VFT_END_LOSS = 7, /* cause, cpu, count; repeated */
	VFT_END_N_LEFT_OUT = 8,
	VFT_END_REMOVED = 9, /* enum vft_removed, count; repeated */
};

enum vft_codec { VFT_CODEC_RAW = 0, VFT_CODEC_ZSTD = 1 };

#endif
