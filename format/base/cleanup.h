/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cleanup.h - scope guards: what a block opens is closed however the block is left.
 */
#ifndef VFT_BASE_CLEANUP_H
#define VFT_BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define VFT_CLEANUP(function) __attribute__((cleanup(function)))

/* Define a guard @name for pointers of @type, released by @function, which must accept NULL. */
#define VFT_DEFINE_GUARD(name, type, function)                                                     \
	static inline void name(type *p)                                                           \
	{                                                                                          \
		if (*p)                                                                            \
			function(*p);                                                              \
	}

static inline void vft_guard_free(void *p)
{
	free(*(void **)p);
}

static inline void vft_guard_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	errno = saved;
}

/* char *line VFT_AUTO_FREE = NULL; int fd VFT_AUTO_CLOSE = -1; */
#define VFT_AUTO_FREE  VFT_CLEANUP(vft_guard_free)
#define VFT_AUTO_CLOSE VFT_CLEANUP(vft_guard_fd)

/* Hand what a guard holds to somebody else. */
#define VFT_TAKE(p)                                                                                \
	__extension__({                                                                            \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

#endif
