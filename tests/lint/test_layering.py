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
        missed = [] if any(path in problem for problem in problems) else ['not found']
        tap.case(f'a breach is found: {path}: {line.splitlines()[-1]}'.replace('#', ''), missed)
    tap.finish()


if __name__ == '__main__':
    main(sys.argv[1])
