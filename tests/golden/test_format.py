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
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE / 'v1' / 'format'
DOCUMENT = HERE.parent.parent / 'docs' / 'format.md'

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
        same = (pathlib.Path(folder) / 'smallest.vft').read_bytes() == \
            (VECTORS / 'smallest.vft').read_bytes()
    case('smallest.vft is written again byte by byte', [] if same else ['it differs'])

    document = DOCUMENT.read_text()
    shown = re.search(r'^```hexdump\n(.*?)^```$', document, re.M | re.S).group(1)
    dump = run(sys.executable, str(HERE / 'hexdump.py'), str(VECTORS / 'smallest.vft'))
    case('the hexdump in docs/format.md', difference(shown, dump))
    missing = [name for name in sorted(actual) if f'`{name}`' not in document]
    case('docs/format.md names every vector', missing)

    print(f'1..{n_cases}')
    sys.exit(1 if n_failed else 0)


if __name__ == '__main__':
    main()
