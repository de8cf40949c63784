/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meta_codec.h - SECTION, META and END payloads to and from the structs of meta.h.
 *
 * Internal to libvft. Decoded texts point into the payload. Called by: writer and reader.
 */
#ifndef VFT_META_CODEC_H
#define VFT_META_CODEC_H

#include "format/base/buffer.h"
#include "format/base/cursor.h"
#include <vft/meta.h>
#include "format/block/meta.h"

VFT_MUST_CHECK int vft_section_encode(const struct vft_section *section,
				      struct vft_buffer *payload);
/* -EBADMSG: too short. section_id is in the header, not here. */
VFT_MUST_CHECK int vft_section_decode(struct vft_cursor payload, struct vft_section *ret);

VFT_MUST_CHECK int vft_meta_encode(const struct vft_meta *meta, struct vft_buffer *payload);
VFT_MUST_CHECK int vft_meta_decode(struct vft_cursor payload, struct vft_meta *ret);

VFT_MUST_CHECK int vft_end_encode(const struct vft_end *end, struct vft_buffer *payload);
/* The losses are appended to @losses, which ret->losses then points into. -ENOMEM, -EBADMSG. */
VFT_MUST_CHECK int vft_end_decode(struct vft_cursor payload, struct vft_buffer *losses,
				  struct vft_end *ret);

#endif
