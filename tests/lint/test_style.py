#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Lengths, licence lines, scripts, man pages, build options."""

import glob
import os
import re
import shutil
import subprocess
import sys

import source

MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 80
MAX_COLUMNS = 100  # of Python; C is clang-format's
CODE = ('.c', '.h', '.py', '.sh')
SCRIPTS = ('dev', '.ci/run')
# Meson's own options, which are not in meson_options.txt.
BUILTIN_OPTION = re.compile(r'^(b_|c_|werror$|warning|optimization$|debug$|buildtype$|prefix$'
                            r'|.*dir$|default_library$)')


def check_file_lengths(root):
    for path in [*source.files(root, *CODE), *SCRIPTS]:
        n_lines = source.read(root, path).count('\n')
        if n_lines > MAX_FILE_LINES:
            yield f'{path} has {n_lines} lines, more than {MAX_FILE_LINES}'


def function_lengths(text):
    """Line number and length of each body between a { and a } in the first column."""
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith('{'):
            start = number
        elif line.startswith('}') and start:
            yield start, number - start + 1
            start = None


def check_function_lengths(root):
    for path in source.files(root, '.c'):
        for line, n_lines in function_lengths(source.read(root, path)):
            if n_lines > MAX_FUNCTION_LINES:
                yield f'{path}:{line} is a function of {n_lines} lines'


def check_licence_lines(root):
    for path in [*source.files(root, *CODE), *SCRIPTS]:
        head = source.read(root, path).splitlines()[:3]
        if not any('SPDX-License-Identifier:' in line for line in head):
            yield f'{path} has no SPDX-License-Identifier'
        elif path.startswith('bpf/') and not any('GPL-2.0-only' in line for line in head):
            yield f'{path} is not under the dual licence of bpf/'


def check_scripts(root):
    scripts = [*SCRIPTS, *source.files(root, '.sh')]
    result = subprocess.run(['shellcheck', '-f', 'gcc', *scripts], cwd=root, capture_output=True,
                            text=True, check=False)
    return (result.stdout + result.stderr).splitlines()


def check_python(root):
    for path in source.files(root, '.py'):
        for number, line in enumerate(source.read(root, path).splitlines(), 1):
            if len(line) > MAX_COLUMNS:
                yield f'{path}:{number} has {len(line)} columns'
        try:
            compile(source.read(root, path), path, 'exec')
        except SyntaxError as error:
            yield f'{path}: {error}'


def check_options(root):
    defined = set(re.findall(r"^option\('([^']+)'", source.read(root, 'meson_options.txt'),
                             re.MULTILINE))
    used = set()
    for path in source.files(root, 'meson.build'):
        used |= set(re.findall(r"get_option\('([^']+)'\)", source.read(root, path)))
    for name in sorted(defined - used):
        yield f'option {name} is defined and never used'
    for name in sorted(used - defined):
        if not BUILTIN_OPTION.match(name):
            yield f'option {name} is used and not defined'


def check_manual(root):
    """The manual has a paragraph of each command, and names each option."""
    manual = source.read(root, 'docs/man/vfork-report.1.scd')
    listed = re.search(r'#define REP_COMMANDS\(X\)((?:.*\\\n)*.*)',
                       source.read(root, 'replay/commands/cmd.h'))[1]
    options = re.findall(r'^\t\{"([\w-]+)", (?:0|\'.\'), ', source.read(root, 'replay/options.c'),
                         re.MULTILINE)
    if not options:
        yield 'no options are found in replay/options.c'
    chapter = manual.split('\n# COMMANDS\n')[1].split('\n# ')[0]
    for name in re.findall(r'X\((\w+)\)', listed):
        if not re.search(rf'^\*{name}\*', chapter, re.MULTILINE):
            yield f'command {name} is not in docs/man/vfork-report.1.scd'
    for name in options:
        if f'*--{name}*' not in manual:
            yield f'option --{name} is not in docs/man/vfork-report.1.scd'


def man_page_complaints(path):
    with open(path, encoding='utf-8') as page:
        roff = subprocess.run(['scdoc'], stdin=page, capture_output=True, check=False)
    if roff.returncode:
        return roff.stderr.decode().splitlines() or ['scdoc failed']
    groff = subprocess.run(['groff', '-ww', '-man', '-Tutf8', '-z'], input=roff.stdout,
                           capture_output=True, check=False)
    return groff.stderr.decode().splitlines()


def add_man_pages(tap, root):
    pages = sorted(glob.glob(os.path.join(root, 'docs', 'man', '*.scd')))
    if not pages:
        tap.skip('man pages', 'docs/man has none')
    for page in pages:
        name = f'man page {os.path.basename(page)}'
        if shutil.which('scdoc') and shutil.which('groff'):
            tap.case(name, man_page_complaints(page))
        else:
            tap.skip(name, 'scdoc or groff is not installed')


def self_test(tap):
    body = 'int f(void)\n{\n' + '\tx();\n' * MAX_FUNCTION_LINES + '}\n'
    found = [n for _, n in function_lengths(body) if n > MAX_FUNCTION_LINES]
    tap.case('a function that is too long is found', [] if found else ['not found'])


def main(root):
    tap = source.Tap()
    self_test(tap)
    for check in (check_file_lengths, check_function_lengths, check_licence_lines, check_python,
                  check_options, check_manual):
        tap.case(check.__name__.removeprefix('check_').replace('_', ' '), list(check(root)))
    if shutil.which('shellcheck'):
        tap.case('scripts', check_scripts(root))
    else:
        tap.skip('scripts', 'shellcheck is not installed')
    add_man_pages(tap, root)
    tap.finish()


if __name__ == '__main__':
    main(sys.argv[1])
