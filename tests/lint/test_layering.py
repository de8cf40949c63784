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
    'format/block.c': '#include <zstd.h>\n#include "base/cursor.h"\n/* never printf() */\n',
    'format/event.h': '#include <stdio.h>\nint x = snprintf(b, 1, "abort()");\n',
    'format/reader.c': '#include "event.h"\n#include "cursor.h"\nint r = error.time(1);\n',
    'bpf/events.h': '#include <linux/types.h>\n',
    'bpf/vfork.bpf.c': ('#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n'
                        '#include "events.h"\n'),
    'record/session.c': '#include <bpf/libbpf.h>\n#include "vfork.skel.h"\n#include "event.h"\n',
    'record/translate.c': '#include "../bpf/events.h"\n#include "event.h"\n',
    'record/main.c': '#include <getopt.h>\nint main(void) { printf("x"); return 0; }\n',
    'replay/cmd_summary.c': '#include "reader.h"\n#include "cmd.h"\n',
    'replay/cmd.h': '#include "event.h"\n',
    'replay/main.c': '#include <getopt.h>\nvoid f(void) { puts("x"); }\n',
    'format/reader.h': '#include "event.h"\n',
}

# Each breach: the file it is planted in, and the line.
BREACHES = (
    ('format/base/cursor.h', '#include "event.h"'),
    ('format/base/cursor.h', '#include "../event.h"'),
    ('format/reader.c', '#include <zstd.h>'),
    ('format/reader.c', '#include <getopt.h>'),
    ('format/reader.c', '#include <time.h>'),
    ('format/reader.c', '#include "../bpf/events.h"'),
    ('format/reader.c', '#include <bpf/libbpf.h>'),
    ('format/reader.c', '#include "replay/cmd.h"'),
    ('format/reader.c', 'void f(void) { printf("x"); }'),
    ('format/reader.c', 'void f(void) { fprintf(stderr, "x"); }'),
    ('format/reader.c', 'void f(void) { exit(1); }'),
    ('format/reader.c', 'void f(void) { abort(); }'),
    ('format/reader.c', 'void f(void) { assert(x); }'),
    ('format/reader.c', 'void f(void) { clock_gettime(0, &x); }'),
    ('format/block.c', '#include "../record/options.h"\n#include "session.c"'),
    ('bpf/events.h', '#include "event.h"'),
    ('bpf/events.h', '#include "../format/event.h"'),
    ('record/main.c', '#include <bpf/libbpf.h>'),
    ('record/main.c', '#include "vfork.skel.h"'),
    ('record/main.c', '#include "bpf/events.h"'),
    ('record/main.c', '#include "../replay/cmd.h"'),
    ('record/main.c', '#include <zstd.h>'),
    ('record/session.c', '#include <elfutils/libdwfl.h>'),
    ('replay/main.c', '#include "../bpf/events.h"'),
    ('replay/main.c', '#include <bpf/libbpf.h>'),
    ('replay/main.c', '#include <zstd.h>'),
    ('replay/main.c', '#include "translate.c"'),
    ('replay/cmd_summary.c', 'void f(void) { printf("x"); }'),
    ('replay/cmd_summary.c', 'void f(void) { fputs("x", stdout); }'),
    ('replay/cmd_summary.c', 'void f(void) { puts("x"); }'),
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
