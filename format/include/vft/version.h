/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * version.h - which libvft this is.
 *
 * Until 1.0 a minor version may change the interface, and the library's soname with it; a patch
 * version never does. What changed is in docs/libvft-changes.md.
 */
#ifndef VFT_VERSION_H
#define VFT_VERSION_H

#include <vft/err.h>

/* Of the headers a program was built with: major * 1000000 + minor * 1000 + patch. */
#define VFT_VERSION_MAJOR 0
#define VFT_VERSION_MINOR 1
#define VFT_VERSION_PATCH 0
#define VFT_VERSION_NUMBER                                                                         \
	(VFT_VERSION_MAJOR * 1000000 + VFT_VERSION_MINOR * 1000 + VFT_VERSION_PATCH)

VFT_BEGIN_DECLS

/* Of the library that it runs with, in the same form. Never fails. */
unsigned int vft_version(void);

VFT_END_DECLS

#endif
