#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Hold libvft to the test vectors of docs/format.md, and the document to the vectors.

usage: test_format.py FORMAT_VECTORS [--update]

FORMAT_VECTORS is the built program of that name. --update writes what it says now into the
expected file: for new vectors only, since what a released one means does not change.
"""

import difflib
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE / 'v1' / 'format'
DOCUMENT = HERE.parent.parent / 'docs' / 'format.md'

HEADER = struct.Struct('<8sHxxI')
HEADER_SIZE = 64
SYNC = b'\x89VFRB\r\n\xfe'
SCHEMA, INDEX, END = 3, 0x8008, 9

n_cases = 0
n_failed = 0


def case(name, problem):
    global n_cases, n_failed
    n_cases += 1
    n_failed += bool(problem)
    print(f'{"not ok" if problem else "ok"} {n_cases} - {name}')
    for line in problem or ():
        print(f'# {line}')


def difference(expected, actual):
    if expected == actual:
        return []
    return list(difflib.unified_diff(expected.splitlines(), actual.splitlines(), 'expected',
                                     'actual', lineterm='', n=1))


def by_file(text):
    parts = re.split(r'^== (.*)\n', text, flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2]))


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode()


# Traces of the first version, which were all made with one section id. None is added to these.
SHARED_ID = 0x1122334455667788
WITH_SHARED_ID = set("""
cli/cut cli/damaged cli/hostile cli/joined cli/lossy cli/not_closed cli/outcomes
format/bad_padding format/cut format/damaged_header format/damaged_payload format/every_kind
format/future_blocks format/future_incompat format/future_kind format/head_missing
format/index_disagrees format/masked format/not_closed format/over_limit format/section_lost
format/smallest format/string_beyond_table format/two_sections
""".split())


def shared_ids():
    """Section ids that are in more than one file, but for those that are known."""
    files = {}
    for path in sorted(VECTORS.parent.glob('*/*.vft')):
        name = f'{path.parent.name}/{path.stem}'
        data = path.read_bytes()
        for match in re.finditer(re.escape(SYNC), data):
            if match.start() + 64 <= len(data):
                section_id, = struct.unpack_from('<Q', data, match.start() + 24)
                files.setdefault(section_id, set()).add(name)
    files[SHARED_ID] = files.get(SHARED_ID, set()) - WITH_SHARED_ID
    return [f'{section_id:#x} is in {" and ".join(sorted(names))}: give each an id of its own'
            for section_id, names in files.items()
            if len(names) > (0 if section_id == SHARED_ID else 1)]


def payloads(data):
    """Type and payload of each block of a sound file with one section."""
    found, at = [], 0
    while at + HEADER.size <= len(data):
        sync, kind, size = HEADER.unpack_from(data, at)
        if sync != SYNC:
            break  # the trailer
        found.append((kind, data[at + HEADER_SIZE:at + HEADER_SIZE + size]))
        at += HEADER_SIZE + (size + 7) // 8 * 8
    return found


def changed(old, new):
    """What is not as it was: lists grow in SCHEMA, TLVs are added to END, INDEX has other sizes."""
    if [kind for kind, _ in old] != [kind for kind, _ in new]:
        return [f'blocks {[hex(kind) for kind, _ in new]}']
    return [f'block {kind:#x} differs' for (kind, before), (_, after) in zip(old, new)
            if kind not in (SCHEMA, INDEX) and
            not (after.startswith(before) if kind == END else after == before)]


def main():
    tool = sys.argv[1]
    text = run(tool, 'describe', str(VECTORS))
    if '--update' in sys.argv[2:]:
        (VECTORS / 'expected').write_text(text)
        return
    expected, actual = by_file((VECTORS / 'expected').read_text()), by_file(text)
    for name in sorted(expected.keys() | actual.keys()):
        case(name, difference(expected.get(name, ''), actual.get(name, '')))

    # No column of it is large enough to be compressed, so it does not hang on zstd's version.
    with tempfile.TemporaryDirectory() as folder:
        run(tool, 'write', folder)
        written = payloads((pathlib.Path(folder) / 'smallest.vft').read_bytes())
    case('smallest.vft is written again, but for what was added since',
         changed(payloads((VECTORS / 'smallest.vft').read_bytes()), written))

    document = DOCUMENT.read_text()
    shown = re.findall(r'^```hexdump\n(.*?)^```$', document, re.M | re.S)
    examples = [('smallest.vft',), ('spawn_exec_exit.vft', 'EVENTS')]
    case('docs/format.md has each hexdump', [] if len(shown) == len(examples) else ['it has not'])
    for (name, *only), text in zip(examples, shown):
        dump = run(sys.executable, str(HERE / 'hexdump.py'), str(VECTORS / name), *only)
        case(f'the hexdump of {name} in docs/format.md', difference(text, dump))
    missing = [name for name in sorted(actual) if f'`{name}`' not in document]
    case('docs/format.md names every vector', missing)
    case('no two files have sections of one id', shared_ids())

    print(f'1..{n_cases}')
    sys.exit(1 if n_failed else 0)


if __name__ == '__main__':
    main()
