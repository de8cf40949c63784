#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The source tree keeps the layering; and planted breaches show that the check can say so."""

import os
import sys
import tempfile

import layering
import source

# A tree that keeps every rule, and looks like breaking some.
CLEAN = {
    'format/base/cursor.h': '#include <stdint.h>\n',
    'format/block/block.c': ('#include <zstd.h>\n#include "format/base/cursor.h"\n'
                             '/* never printf() */\n'),
    'format/include/vft/event.h': ('#include <stdio.h>\n'
                                   'int x = snprintf(b, 1, "abort()");\n'),
    'format/read/reader.c': ('#include <vft/event.h>\n#include "format/base/cursor.h"\n'
                             'int r = error.time(1);\n'),
    'bpf/events.h': '#include <linux/types.h>\n',
    'bpf/vfork.bpf.c': ('#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n'
                        '#include "events.h"\n'),
    'record/kernel/session.c': ('#include <bpf/libbpf.h>\n#include "vfork.skel.h"\n'
                                '#include <vft/event.h>\n'),
    'record/kernel/translate.c': '#include "bpf/events.h"\n#include <vft/event.h>\n',
    'record/main.c': '#include <getopt.h>\nint main(void) { printf("x"); return 0; }\n',
    'replay/commands/cmd_summary.c': '#include <vft/reader.h>\n#include "replay/commands/cmd.h"\n',
    'replay/commands/cmd.h': '#include <vft/event.h>\n',
    'replay/main.c': '#include <getopt.h>\nvoid f(void) { puts("x"); }\n',
    'format/include/vft/reader.h': '#include <vft/event.h>\n',
    'format/block/block.h': '',
    'format/read/raw.h': '',
    'record/base/clock.h': '#include <time.h>\n',
    'record/store/sink.h': '#include "record/base/clock.h"\n',
    'record/watch/snapshot.h': '#include "record/store/sink.h"\n',
    'record/start/check.h': '',
    'replay/print/cell.h': '',
    'replay/print/message.h': '',
    'replay/print/table.h': '#include "replay/print/cell.h"\n',
    'replay/print/table.c': '#include "replay/print/table.h"\n#include "replay/print/text.h"\n',
    'replay/print/text.h': '#include "replay/print/cell.h"\n',
    'replay/model/model.h': '',
    'replay/source/trace.h': '#include "replay/model/model.h"\n',
    'replay/source/input.c': '#include "replay/print/message.h"\n',
    'replay/rows/filter.h': '#include "replay/source/trace.h"\n',
    'replay/tree/tree.h': '#include "replay/rows/filter.h"\n',
    'replay/options.h': '#include "replay/commands/cmd.h"\n',
    'replay/options.c': '#include "replay/options.h"\n#include "replay/commands/cmd.h"\n',
}

# Each breach: the file it is planted in, and the line.
BREACHES = (
    ('format/base/cursor.h', '#include <vft/event.h>'),
    ('format/base/cursor.h', '#include "format/include/vft/event.h"'),
    ('format/read/reader.c', '#include <zstd.h>'),
    ('format/read/reader.c', '#include <getopt.h>'),
    ('format/read/reader.c', '#include <time.h>'),
    ('format/read/reader.c', '#include "bpf/events.h"'),
    ('format/read/reader.c', '#include <bpf/libbpf.h>'),
    ('format/read/reader.c', '#include "replay/commands/cmd.h"'),
    ('format/read/reader.c', 'void f(void) { printf("x"); }'),
    ('format/read/reader.c', 'void f(void) { fprintf(stderr, "x"); }'),
    ('format/read/reader.c', 'void f(void) { exit(1); }'),
    ('format/read/reader.c', 'void f(void) { abort(); }'),
    ('format/read/reader.c', 'void f(void) { assert(x); }'),
    ('format/read/reader.c', 'void f(void) { clock_gettime(0, &x); }'),
    ('format/block/block.c', '#include "record/options.h"\n#include "session.c"'),
    ('bpf/events.h', '#include <vft/event.h>'),
    ('bpf/events.h', '#include "format/include/vft/event.h"'),
    ('record/main.c', '#include <bpf/libbpf.h>'),
    ('record/main.c', '#include "vfork.skel.h"'),
    ('record/main.c', '#include "bpf/events.h"'),
    ('record/main.c', '#include "replay/commands/cmd.h"'),
    ('record/main.c', '#include <zstd.h>'),
    ('record/kernel/session.c', '#include <elfutils/libdwfl.h>'),
    ('replay/main.c', '#include "bpf/events.h"'),
    ('replay/main.c', '#include <bpf/libbpf.h>'),
    ('replay/main.c', '#include <zstd.h>'),
    ('replay/main.c', '#include "translate.c"'),
    # up, inside a folder
    ('format/base/cursor.h', '#include "format/block/block.h"'),
    ('format/block/block.c', '#include "format/read/raw.h"'),
    ('record/base/clock.h', '#include "record/store/sink.h"'),
    ('record/store/sink.h', '#include "record/start/check.h"'),
    ('record/watch/snapshot.h', '#include "record/start/check.h"'),
    ('replay/print/cell.h', '#include "replay/model/model.h"'),
    ('replay/model/model.h', '#include "replay/print/cell.h"'),
    ('replay/source/input.c', '#include "replay/print/table.h"'),
    ('replay/source/trace.h', '#include "replay/rows/filter.h"'),
    ('replay/rows/filter.h', '#include "replay/tree/tree.h"'),
    ('replay/tree/tree.h', '#include "replay/commands/cmd.h"'),
    ('replay/commands/cmd.h', '#include "replay/options.h"'),
    # circles: of two headers, of three, and of two modules whose headers alone have none
    ('replay/print/cell.h', '#include "replay/print/table.h"'),
    ('replay/print/cell.h', '#include "replay/print/text.h"'),
    ('replay/print/text.h', '#include "replay/print/table.h"'),
    ('replay/commands/cmd_summary.c', 'void f(void) { printf("x"); }'),
    ('replay/commands/cmd_summary.c', 'void f(void) { fputs("x", stdout); }'),
    ('replay/commands/cmd_summary.c', 'void f(void) { puts("x"); }'),
)


def write_tree(root, tree):
    for path, text in tree.items():
        os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(root, path), 'w', encoding='utf-8') as file:
            file.write(text)


def problems_of(tree):
    with tempfile.TemporaryDirectory() as root:
        write_tree(root, tree)
        return layering.check(root)


def main(root):
    tap = source.Tap()
    tap.case('the source tree keeps the layering', layering.check(root))
    tap.case('a clean tree is found clean', problems_of(CLEAN))
    for path, line in BREACHES:
        problems = problems_of({**CLEAN, path: CLEAN[path] + line + '\n'})
        found = any(layering.module_of(path) in problem for problem in problems)
        missed = [] if found else ['not found']
        tap.case(f'a breach is found: {path}: {line.splitlines()[-1]}'.replace('#', ''), missed)
    tap.finish()


if __name__ == '__main__':
    main(sys.argv[1])
