/* SPDX-License-Identifier: BSD-2-Clause */
#include <vft/err.h>

#include <stdarg.h>
#include <stdio.h>

int vft_fail(struct vft_err *err, int code, uint64_t offset, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	err->offset = offset;
	va_start(args, fmt);
	if (vsnprintf(err->message, sizeof(err->message), fmt, args) < 0)
		err->message[0] = '\0';
	va_end(args);
	return code;
}
