#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""libvft and vfork-report on another architecture, under qemu-user: the same bytes as here.

usage: arch.py ARCHITECTURE SOURCE BUILD

BUILD is the native build; the other one goes below BUILD/arch.
"""

import functools
import json
import os
import pathlib
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, os.pardir, 'e2e'))

import harness  # noqa: E402
from harness import check, check_equal  # noqa: E402
import crossbuild  # noqa: E402

ARCHITECTURE, SOURCE, BUILD = sys.argv[1:4]
GOLDEN = os.path.join(SOURCE, 'tests', 'golden')
REPORT = 'replay/vfork-report'
GEN_EVENTS = 'tests/bench/gen_events'
FORMAT_VECTORS = 'tests/golden/format_vectors'

COMMANDS = (
    'summary', 'summary --json', 'vforks', 'vforks --json', 'vforks --csv', 'tree', 'tree --json',
    'info', 'info --json', 'verify', 'verify --json', 'events --csv', 'events --ndjson',
    'events --json', 'export --format csv --table processes',
    'export --format ndjson --table processes', 'export --format json --table processes',
    'export --format csv --table events', 'export --format csv --csv-safe --table vforks',
)
# Of a damaged file: what comes back, and what is said of the rest.
DAMAGE_COMMANDS = ('verify --json', 'summary --json')
# Lengths of names and ids, compression levels and mixes of events; the first is read, too.
GENERATED = (
    '--events 3000 --live 40',
    '--events 200000 --live 1000',
    '--events 20000 --live 5000 --mix exec --level 1',
    '--events 20000 --live 3 --mix exit --level 19',
)
# Of the kernel that is emulated: it has no seccomp, no Landlock and no limit of memory.
UNITS_OF_THE_KERNEL = {'unit/sandbox'}
N_CUTS = 24
N_FLIPS = 96
LARGE_BYTES = (1 << 31) + (1 << 20)  # past what a 32-bit offset can say
HOLE_SECONDS = 1200
USAGE_STATUS = 2


# --- both builds ----------------------------------------------------------------------------------

def require_tools():
    target = crossbuild.TARGETS[ARCHITECTURE]
    tools = (f'{target.triplet}-gcc', target.qemu, 'apt-get', 'dpkg-deb', 'meson', 'ninja',
             'pkg-config')
    for tool in tools:
        if not shutil.which(tool):
            raise harness.Skip(f"{tool} is not installed: './dev test --full' does that")


@functools.cache
def build():
    """(the other architecture's build, or what kept it from being one)"""
    other = crossbuild.Cross(ARCHITECTURE, os.path.join(BUILD, 'arch'))
    try:
        print(f'# built in {other.build(SOURCE):.0f} s')
    except (harness.Failure, harness.Skip) as reason:
        return None, reason
    return other, None


def cross():
    """The other architecture's build; one failure of it fails one case."""
    other, reason = build()
    if not other:
        raise harness.Skip(f'no build for {ARCHITECTURE}')
    return other


def run(command, **options):
    environment = {**os.environ, 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC', 'COLUMNS': '100'}
    return crossbuild.run(*command, env=environment, **options)


def outcome(result):
    return result.returncode, result.stdout, result.stderr


class Comparison:
    """Commands run here and there, whose status, stdout and stderr must be the same bytes."""

    def __init__(self):
        self.n = 0
        self.size = 0

    def add(self, words, **options):
        here = run([os.path.join(BUILD, REPORT), *words], **options)
        there = run([*cross().command(REPORT), *words], **options)
        check(outcome(here) == outcome(there),
              f'{" ".join(words)} differs\nhere: {crossbuild.said(here)}\n'
              f'there: {crossbuild.said(there)}')
        check(here.returncode != USAGE_STATUS, f'no such command: {crossbuild.said(here)}')
        self.n += 1
        self.size += len(here.stdout) + len(here.stderr)
        return here

    def say(self, what):
        print(f'# {what}: {self.n} outputs, {self.size} bytes, the same on {ARCHITECTURE}')


def generate(t, name, options):
    path = t.path(name)
    result = run([os.path.join(BUILD, GEN_EVENTS), *options.split(), '-o', path])
    check(result.returncode == 0, f'gen_events: {crossbuild.said(result)}')
    return path


def content(path):
    with open(path, 'rb') as file:
        return file.read()


# --- cases ----------------------------------------------------------------------------------------

def test_build(t):
    """With warnings as errors; for the architecture that it should be for."""
    _, reason = build()
    if reason:
        raise reason
    machine = crossbuild.run('readelf', '-h', cross().built(REPORT)).stdout.decode()
    endian = 'big' if 'big endian' in machine else 'little'
    check_equal(endian, cross().target.endian, 'byte order')
    check('X86' not in machine, f'built for here: {machine}')
    print('#', re.search(r'Machine:\s*(.*)', machine).group(1))


def unit_tests():
    """The names of the other build's unit tests that say something under qemu-user."""
    listing = run(['meson', 'test', '-C', cross().build_folder, '--list', '--suite', 'unit'])
    names = re.findall(r'(unit/\w+)$', listing.stdout.decode(), re.MULTILINE)
    check(names, f'there are none: {crossbuild.said(listing)}')
    return sorted(set(names) - UNITS_OF_THE_KERNEL)


def test_units(t):
    """The unit tests of libvft and vfork-report."""
    result = run(['meson', 'test', '-C', cross().build_folder, '--no-rebuild',
                  '--timeout-multiplier', '10', '--print-errorlogs', *unit_tests()])
    check(result.returncode == 0, crossbuild.said(result))
    log = os.path.join(cross().build_folder, 'meson-logs', 'testlog.json')
    count = run([sys.executable, os.path.join(SOURCE, 'tests', 'count_cases.py'), log])
    print(f'# unit tests: {count.stdout.decode().splitlines()[-1]}')


def run_golden(script, program):
    """A test of tests/golden with the other program instead of ours."""
    result = run([sys.executable, os.path.join(GOLDEN, script), cross().wrapper(program)])
    check(result.returncode == 0, crossbuild.said(result))
    cases = re.findall(rb'^ok ', result.stdout, re.MULTILINE)
    check(cases, f'{script} ran nothing')
    print(f'# {script}: {len(cases)} cases')


def test_golden_format(t):
    run_golden('test_format.py', FORMAT_VECTORS)


def test_golden_cli(t):
    run_golden('test_cli.py', REPORT)


def test_golden_outputs(t):
    """Every command on every file, whole and damaged."""
    comparison = Comparison()
    paths = sorted(pathlib.Path(GOLDEN).rglob('*.vft'))
    check(paths, 'there are no golden files')
    for path in paths:
        for command in COMMANDS:
            comparison.add([*command.split(), str(path)])
    comparison.say(f'{len(paths)} golden files')


def test_written_files(t):
    """A writer there writes what a writer here does."""
    size = 0
    for number, options in enumerate(GENERATED):
        here = generate(t, f'here{number}.vft', options)
        there = t.path(f'there{number}.vft')
        result = run([*cross().command(GEN_EVENTS), *options.split(), '-o', there])
        check(result.returncode == 0, f'gen_events {options}: {crossbuild.said(result)}')
        check(content(here) == content(there), f'gen_events {options} writes another file')
        size += os.path.getsize(here)
    print(f'# {len(GENERATED)} written files, {size} bytes, the same on {ARCHITECTURE}')


def test_generated_outputs(t):
    comparison = Comparison()
    path = generate(t, 'generated.vft', GENERATED[0])
    for command in COMMANDS:
        comparison.add([*command.split(), path])
    with open(path, 'rb') as file:
        comparison.add(['summary', '-'], stdin=file)
    large = generate(t, 'large.vft', GENERATED[1])
    for command in ('summary --json', 'verify --json', 'info --json', 'vforks --csv --limit 100'):
        comparison.add([*command.split(), large])
    comparison.say('generated files')


def test_damaged_outputs(t):
    """Recovery goes the same way, and says the same."""
    comparison = Comparison()
    whole = content(generate(t, 'whole.vft', GENERATED[0]))
    path = t.path('damaged.vft')

    def compare(data):
        with open(path, 'wb') as file:
            file.write(data)
        for command in DAMAGE_COMMANDS:
            comparison.add([*command.split(), path])
    for number in range(N_CUTS):
        compare(whole[:len(whole) * number // N_CUTS])
    for number in range(N_FLIPS):
        data = bytearray(whole)
        data[len(whole) * number // N_FLIPS] ^= 1 << number % 8
        compare(data)
    comparison.say(f'{N_CUTS} cuts and {N_FLIPS} flipped bits')


def test_large_file(t):
    """A trace behind a hole of more than 2 GiB: every offset takes 64 bits."""
    comparison = Comparison()
    path = generate(t, 'sparse.vft', GENERATED[0])
    trace = content(path)
    os.truncate(path, LARGE_BYTES)
    with open(path, 'ab') as file:
        file.write(trace)
    for command in DAMAGE_COMMANDS:
        result = comparison.add([*command.split(), path], timeout=HOLE_SECONDS)
    sections = json.loads(result.stdout)['trace']['sections']
    check_equal(sections, 2, 'the parts found, before and behind the hole')
    comparison.say(f'a file of {os.path.getsize(path)} bytes')


if __name__ == '__main__':
    sys.argv[0] = f'arch_{ARCHITECTURE}.py'  # the name that a pattern selects by
    harness.main(globals(), require_tools)
