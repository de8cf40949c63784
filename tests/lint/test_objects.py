#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The layering once more, in what the linker made: libraries used, symbols undefined, hardening."""

import glob
import os
import re
import subprocess
import sys

import source

REPORT_LIBRARIES = re.compile(r'^(linux-vdso|lib(c|m|zstd|pthread|sqlite3|seccomp)\b|ld-linux)')
SANITIZERS = re.compile(r'^lib(asan|ubsan|stdc\+\+|gcc_s)\b')
# What a library that never prints, ends the process or looks at the clock has no use for.
LIBRARY_FORBIDDEN = re.compile(
    r'^(v?f?printf|__v?f?printf_chk|v?dprintf|puts|putchar|perror|stdout|stderr|exit|_exit|abort'
    r'|__assert_fail|getopt.*|optind|optarg|clock_gettime|gettimeofday|time)(@.*)?$')


def lines_of(*command):
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return result.stdout.splitlines()


def shared_libraries(program):
    return [line.split()[0].rsplit('/', 1)[-1] for line in lines_of('ldd', program) if line.strip()]


def undefined_symbols(archive):
    return {line.split()[-1] for line in lines_of('nm', '--undefined-only', archive)
            if line.startswith(' ')}


def check_report_libraries(program):
    return [f'vfork-report is linked with {name}' for name in shared_libraries(program)
            if not REPORT_LIBRARIES.match(name) and not SANITIZERS.match(name)]


def check_archive(archive):
    return [f'{os.path.basename(archive)} uses {symbol}'
            for symbol in sorted(undefined_symbols(archive)) if LIBRARY_FORBIDDEN.match(symbol)]


def check_hardening(program, build):
    text = '\n'.join(lines_of('readelf', '-W', '-h', '-l', '-d', program))
    symbols = '\n'.join(lines_of('nm', '-D', '--undefined-only', program))
    wanted = {
        'position-independent': r'Type:\s+DYN',
        'relro': r'GNU_RELRO',
        'bound at start (-z now)': r'BIND_NOW|Flags:.*\bNOW\b',
        'a stack that cannot run': r'GNU_STACK.*\sRW\s',
    }
    missing = [what for what, pattern in wanted.items() if not re.search(pattern, text)]
    if '__stack_chk_fail' not in symbols:
        missing.append('built with the stack protector')
    # Neither goes with the sanitizers, nor FORTIFY with -O0: meson.build leaves it out there.
    if not is_sanitized(program) and has_optimization(build) and '_chk' not in re.sub(
            '__stack_chk_fail', '', symbols):
        missing.append('built with FORTIFY_SOURCE')
    return [f'{program} is not {what}' for what in missing]


def check_cet(archive):
    """In our objects: a program gets the mark only when the C library's start files have it too."""
    header = '\n'.join(lines_of('readelf', '-W', '-h', archive))
    if not re.search(r'Machine:.*X86-64', header):
        return []
    unmarked = header.count('Machine:') - sum(
        'IBT, SHSTK' in line for line in lines_of('readelf', '-W', '-n', archive))
    return [f'{unmarked} objects of {archive} are not marked for CET'] if unmarked else []


def is_sanitized(program):
    return any(SANITIZERS.match(name) for name in shared_libraries(program)) or any(
        '__asan_init' in line for line in lines_of('nm', program))


def has_optimization(build):
    options = subprocess.run(['meson', 'introspect', '--buildoptions', build], check=False,
                             capture_output=True, text=True).stdout
    return '"name": "optimization", "value": "0"' not in options


def self_test(tap):
    """The forbidden are found where there are some: libc itself has them all."""
    tap.case('forbidden symbols are recognised', [
        symbol for symbol in ('printf', '__printf_chk', 'exit', 'abort', 'stderr', 'getopt_long')
        if not LIBRARY_FORBIDDEN.match(symbol)])
    tap.case('allowed symbols are recognised', [
        symbol for symbol in ('snprintf', '__vsnprintf_chk', 'memcpy', 'times')
        if LIBRARY_FORBIDDEN.match(symbol)])
    tap.case('libbpf is no library of vfork-report', [] if not REPORT_LIBRARIES.match(
        'libbpf.so.1') else ['libbpf.so.1 would pass'])


def main(build):
    tap = source.Tap()
    self_test(tap)
    report = os.path.join(build, 'replay', 'vfork-report')
    tap.case('vfork-report is linked with libc and libzstd only', check_report_libraries(report))
    archives = sorted(glob.glob(os.path.join(build, 'format', '**', '*.a'), recursive=True))
    tap.case('libvft is built as a static library', [] if archives else ['no archive in format/'])
    for archive in archives:
        tap.case(f'{os.path.basename(archive)} never prints, ends or asks the clock',
                 check_archive(archive))
        tap.case(f'{os.path.basename(archive)} is built for CET', check_cet(archive))
    for program in (report, os.path.join(build, 'record', 'vfork-record')):
        name = os.path.basename(program)
        if os.path.exists(program):
            tap.case(f'{name} is hardened', check_hardening(program, build))
        else:
            tap.skip(f'{name} is hardened', 'not built')
    tap.finish()


if __name__ == '__main__':
    main(sys.argv[2])
