// SPDX-License-Identifier: BSD-2-Clause
// versions - every public header from C++, and the version of headers and library.
#include <cstdio>

#include <vft/err.h>
#include <vft/event.h>
#include <vft/io.h>
#include <vft/meta.h>
#include <vft/raw.h>
#include <vft/reader.h>
#include <vft/trace.h>
#include <vft/verify.h>
#include <vft/version.h>
#include <vft/writer.h>

int main()
{
	std::printf("%d %u %s\n", VFT_VERSION_NUMBER, vft_version(), vft_kind_name(VFT_KIND_SPAWN));
	return vft_version() == VFT_VERSION_NUMBER ? 0 : 1;
}
