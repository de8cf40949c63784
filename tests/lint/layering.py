# SPDX-License-Identifier: BSD-2-Clause
"""Who may depend on whom: the rules, as data, and the check of a source tree against them.

| folder       | may use                                                                  |
| ------------ | ------------------------------------------------------------------------ |
| format/base  | libc                                                                     |
| format       | base, libzstd in block/block.c; no argv, clock, printing                 |
| bpf          | its own headers and libbpf's BPF-side ones                               |
| record       | format; libbpf and the skeleton in session/snapshot; bpf/events.h there  |
|              | and in the customs houses translate and losses; libdw in stall/worker    |
| replay       | format only; commands fill rows and never print                          |
"""

import os
import re

import source

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# Our own headers a folder may include, by the folder they live in.
MAY_INCLUDE = {
    'format/base': ('format/base', 'format/include/vft'),
    'format/include/vft': ('format/include/vft',),
    'format': ('format', 'format/base', 'format/include/vft'),
    'bpf': ('bpf',),
    'record': ('record', 'format', 'format/base', 'format/include/vft', 'bpf'),
    'replay': ('replay', 'format', 'format/base', 'format/include/vft'),
}

# Foreign headers: name pattern, and the only files that may include them.
FOREIGN = (
    (re.compile(r'^zstd'), re.compile(r'^format/block/block\.c$')),
    (re.compile(r'^(bpf/bpf_(helpers|tracing|core_read|endian|helper_defs)\.h)$'),
     re.compile(r'^bpf/')),
    (re.compile(r'^(bpf/(?!bpf_(helpers|tracing|core_read|endian))|linux/bpf|libbpf)|\.skel\.h$'),
     re.compile(r'^(record/(kernel/session|watch/snapshot)\.[ch]|bpf/.*\.bpf\.c)$')),
    (re.compile(r'^(elfutils/|dwarf|libdw|libelf|gelf)'), re.compile(r'^record/stall/worker\.c$')),
    (re.compile(r'^(getopt|argp|err|error|time|sys/time)\.h$'), re.compile(r'^(?!format/)')),
)

# Headers of ours that only some of those who could may include.
OWN = (
    (re.compile(r'^format/include/vft/(?!err\.h|io\.h)'), re.compile(r'^(?!format/base/)')),
    (re.compile(r'^bpf/events\.h$'),
     re.compile(r'^(bpf/|record/(kernel/(translate|losses|session)|watch/snapshot)\.[ch]$)')),
    (re.compile(r'^bpf/(?!events\.h)'), re.compile(r'^bpf/')),
)

PRINTING = r'v?f?printf|v?dprintf|f?puts|f?putc|putchar|perror|psignal|fwrite|v?warnx?|v?errx?'
ENDING = r'_?exit|_Exit|quick_exit|abort|assert'
ARGV_AND_CLOCK = r'getopt(_long)?|argp_parse|clock_gettime|gettimeofday|time|localtime(_r)?'

# Calls that do not belong in a folder: pattern of files, calls.
FORBIDDEN_CALLS = (
    (re.compile(r'^format/'), (PRINTING, ENDING, ARGV_AND_CLOCK)),
    (re.compile(r'^replay/commands/[^/]*\.c$'), (PRINTING,)),
    (re.compile(r'^replay/(model/(model|verdict)|rows/filter)\.c$'), (PRINTING, ENDING)),
)


def is_foreign_allowed(path, header):
    return all(where.search(path) for what, where in FOREIGN if what.search(header))


def resolve(path, header, tree):
    """Where a quoted include of ours leads: beside the includer, from the root, or by its name."""
    beside = os.path.normpath(os.path.join(os.path.dirname(path), header))
    if beside in tree:
        return beside
    if header in tree:
        return header
    found = [other for other in tree if other.endswith('/' + header)]
    folders = MAY_INCLUDE[folder_of(path)]
    found.sort(key=lambda other: folder_of(other) not in folders)
    return found[0] if found else None


def folder_of(path):
    folder = os.path.dirname(path)
    while folder and folder not in MAY_INCLUDE:
        folder = os.path.dirname(folder)
    return folder


def check_include(path, header, tree):
    target = resolve(path, header, tree)
    if target is None:
        return None if is_foreign_allowed(path, header) else f'{path} includes {header}'
    if folder_of(target) not in MAY_INCLUDE[folder_of(path)]:
        return f'{path} includes {target}: {folder_of(path)} may not use {folder_of(target)}'
    if not all(where.search(path) for what, where in OWN if what.search(target)):
        return f'{path} includes {target}, which is not for it'
    return None


def check_includes(path, text, tree):
    for match in INCLUDE.finditer(text):
        kind, header = match.groups()
        if header.startswith('vft/'):
            kind, header = '"', 'format/include/' + header
        if kind == '"':
            problem = check_include(path, header, tree)
        else:
            problem = None if is_foreign_allowed(path, header) else f'{path} includes <{header}>'
        if problem:
            yield problem


def check_calls(path, text):
    for where, patterns in FORBIDDEN_CALLS:
        if not where.search(path):
            continue
        call = re.compile(r'(?<![\w.>])(' + '|'.join(patterns) + r')\s*\(')
        for match in call.finditer(text):
            line = text.count('\n', 0, match.start()) + 1
            yield f'{path}:{line} calls {match.group(1)}()'


def check(root):
    """Every breach of the rules below root."""
    tree = {path for path in source.files(root, '.c', '.h') if folder_of(path)}
    problems = []
    for path in sorted(tree):
        text = source.strip_c(source.read(root, path))
        problems += check_includes(path, text, tree)
        problems += check_calls(path, text)
    return problems
