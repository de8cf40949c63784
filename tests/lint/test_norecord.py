#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vfork-report and libvft build and run where there is no clang, no bpftool and no libbpf."""

import os
import shutil
import subprocess
import sys
import tempfile

import source
import test_objects

# All a build without the recorder may call; clang and bpftool are left out on purpose.
TOOLS = ('cc', 'gcc', 'ar', 'as', 'ld', 'nm', 'ranlib', 'strip', 'meson', 'ninja', 'python3',
         'pkg-config', 'git', 'uname', 'env', 'sh', 'rm', 'scdoc')
HIDDEN_PACKAGES = ('libbpf', 'libelf', 'libdw', 'libcmocka', 'cmocka')


def make_path(folder):
    """A PATH of links to TOOLS alone."""
    os.mkdir(folder)
    for tool in TOOLS:
        found = shutil.which(tool)
        if found:
            os.symlink(found, os.path.join(folder, tool))
    return folder


def make_pkg_config(folder):
    """A folder that answers for the hidden packages first, with files that cannot be parsed."""
    os.mkdir(folder)
    for package in HIDDEN_PACKAGES:
        with open(os.path.join(folder, package + '.pc'), 'w', encoding='utf-8') as file:
            file.write('hidden by the test\n')
    return folder


def run(command, environment):
    if not shutil.which(command[0], path=environment['PATH']):
        return [f'there is no {command[0]}']
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    return [f'{command[0]} ended with {result.returncode}',
            *(result.stdout + result.stderr).splitlines()[-20:]]


def main(root):
    tap = source.Tap()
    with tempfile.TemporaryDirectory() as scratch:
        environment = {
            'PATH': make_path(os.path.join(scratch, 'bin')),
            'PKG_CONFIG_PATH': make_pkg_config(os.path.join(scratch, 'pc')),
            'LC_ALL': 'C.UTF-8',
            'HOME': scratch,
        }
        build = os.path.join(scratch, 'build')
        tap.case('configures', run(['meson', 'setup', build, root, '-Drecord=disabled',
                                    '-Dtests=false'], environment))
        tap.case('builds', run(['ninja', '-C', build], environment))
        report = os.path.join(build, 'replay', 'vfork-report')
        tap.case('runs', run([report, '--version'], environment))
        tap.case('is linked with libc and libzstd only', test_objects.check_report_libraries(report)
                 if os.path.exists(report) else ['not built'])
        recorder = os.path.join(build, 'record', 'vfork-record')
        tap.case('has no recorder', ['it was built'] if os.path.exists(recorder) else [])
    tap.finish()


if __name__ == '__main__':
    main(sys.argv[1])
