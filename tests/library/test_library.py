#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""libvft as another project sees it: installed, found by pkg-config, from C11 and C++."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

EXAMPLES = ('count_events', 'list_losses', 'write_trace')


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def case(self, name, ok, detail=''):
        self.n += 1
        self.failed += not ok
        print(f'{"ok" if ok else "not ok"} {self.n} - {name}')
        for line in str(detail).splitlines() if not ok else ():
            print(f'# {line}')

    def skip(self, name, reason):
        self.n += 1
        print(f'ok {self.n} - {name} # SKIP {reason}')


def run(*command, env=None):
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout, result.stderr


class Installed:
    """A copy below @root, and how to compile and run against it."""

    def __init__(self, build, root):
        status, out, err = run('meson', 'install', '-C', build, '--no-rebuild', '--destdir', root,
                               '--quiet')
        self.problem = '' if status == 0 else out + err
        found = [folder for folder, _, names in os.walk(root) if 'libvft.pc' in names]
        self.pkgconfig = found[0] if found else None
        self.env = {**os.environ, 'PKG_CONFIG_PATH': self.pkgconfig or '',
                    'PKG_CONFIG_SYSROOT_DIR': root,
                    'LD_LIBRARY_PATH': os.path.dirname(self.pkgconfig or '')}

    def flags(self):
        return run('pkg-config', '--cflags', '--libs', 'libvft', env=self.env)

    def compile(self, compiler, source, program):
        status, out, err = self.flags()
        if status:
            return err
        status, _, err = run(*compiler, '-Wall', '-Wextra', '-Wpedantic', '-Werror', source,
                             *out.split(), '-o', program, env=self.env)
        return err if status else ''


def declared(include):
    """The functions of the public headers."""
    names = set()
    for folder, _, files in os.walk(include):
        for name in files:
            with open(os.path.join(folder, name), encoding='utf-8') as file:
                text = file.read().replace('\\\n', ' ')
            text = re.sub(r'/\*.*?\*/', '', text, flags=re.DOTALL)
            text = re.sub(r'^\s*#.*$', '', text, flags=re.MULTILINE)
            names |= set(re.findall(r'\b(vft_\w+)\s*\([^;{]*\)[^;{]*;', text))
    return names


def check_symbols(tap, installed, root):
    """What is exported is what is declared, each under a version."""
    library = os.path.join(os.path.dirname(installed.pkgconfig), 'libvft.so')
    status, out, err = run('nm', '-D', '--defined-only', library)
    tap.case('the symbols of the library can be listed', status == 0, err)
    exported = {line.split()[-1] for line in out.splitlines() if ' A ' not in line}
    tap.case('each symbol has a version', all('@@VFT_' in name for name in exported), out)
    names = {name.partition('@')[0] for name in exported}
    wanted = declared(os.path.join(root, 'format', 'include', 'vft'))
    tap.case('exported is what headers declare', names == wanted,
             f'only exported: {sorted(names - wanted)}\nonly declared: {sorted(wanted - names)}')


def check_examples(tap, installed, root, folder):
    for name in EXAMPLES:
        source = os.path.join(root, 'docs', 'examples', name + '.c')
        problem = installed.compile(('cc', '-std=c11', '-D_GNU_SOURCE'), source,
                                    os.path.join(folder, name))
        tap.case(f'{name} compiles as C11', not problem, problem)
    trace = os.path.join(folder, 'own.vft')
    status, out, err = run(os.path.join(folder, 'write_trace'), trace, env=installed.env)
    tap.case('write_trace writes', status == 0, out + err)
    status, out, err = run(os.path.join(folder, 'count_events'), trace, env=installed.env)
    tap.case('count_events counts what write_trace wrote',
             (status, out) == (0, 'spawn 1\nexec 1\nexit 1\n'), out + err)
    status, out, err = run(os.path.join(folder, 'list_losses'), trace, env=installed.env)
    tap.case('list_losses finds nothing missing in it',
             (status, out) == (0, 'closed cleanly; 0 events dropped\n'), out + err)


def check_golden(tap, installed, root, folder):
    golden = os.path.join(root, 'tests', 'golden', 'v1', 'cli')
    status, out, err = run(os.path.join(folder, 'list_losses'),
                           os.path.join(golden, 'lossy.vft'), env=installed.env)
    tap.case('list_losses tells of lost events', status == 0 and 'lost ' in out, out + err)
    status, out, err = run(os.path.join(folder, 'count_events'),
                           os.path.join(golden, 'damaged.vft'), env=installed.env)
    tap.case('count_events tells of damage', status == 0 and 'damaged in ' in out, out + err)
    status, out, err = run(os.path.join(folder, 'count_events'),
                           os.path.join(golden, 'nosuch.vft'), env=installed.env)
    tap.case('count_events says what is wrong with a name', status == 3 and 'No such file' in err,
             out + err)


def check_cpp(tap, installed, root, folder):
    if not shutil.which('c++'):
        tap.skip('every header compiles as C++', 'there is no C++ compiler')
        return
    program = os.path.join(folder, 'versions')
    problem = installed.compile(('c++', '-std=c++11'),
                                os.path.join(root, 'docs', 'examples', 'versions.cpp'), program)
    tap.case('every header compiles as C++', not problem, problem)
    status, out, err = run(program, env=installed.env)
    tap.case('headers and library are of one version', status == 0, out + err)


def main(root, build):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        installed = Installed(build, os.path.join(folder, 'root'))
        tap.case('it installs, with libvft.pc', not installed.problem and installed.pkgconfig,
                 installed.problem)
        if installed.pkgconfig:
            check_symbols(tap, installed, root)
            check_examples(tap, installed, root, folder)
            check_golden(tap, installed, root, folder)
            check_cpp(tap, installed, root, folder)
    print(f'1..{tap.n}')
    sys.exit(1 if tap.failed else 0)


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2])
