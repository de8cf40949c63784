# SPDX-License-Identifier: BSD-2-Clause
"""Builds this tree for another architecture, against libraries that no system folder sees.

The compiler is Debian's cross compiler. The libraries are Debian's packages for that architecture,
fetched by an apt of its own (lists, cache and status lie in the build folder) and unpacked there.
"""

import collections
import glob
import os
import shutil
import subprocess
import time

from harness import Failure, Skip

COMMAND_SECONDS = 1200  # only a hang ever takes it

Target = collections.namedtuple('Target', 'triplet qemu cpu_family cpu endian')

TARGETS = {
    's390x': Target('s390x-linux-gnu', 'qemu-s390x-static', 's390x', 's390x', 'big'),
    'armhf': Target('arm-linux-gnueabihf', 'qemu-arm-static', 'arm', 'armv7hl', 'little'),
    'arm64': Target('aarch64-linux-gnu', 'qemu-aarch64-static', 'aarch64', 'aarch64', 'little'),
}

# libc-bin has the locale C.UTF-8, whose files have a byte order too.
PACKAGES = ('libc6', 'libc-bin', 'libzstd1', 'libzstd-dev', 'libcmocka0', 'libcmocka-dev')

CROSS_FILE = '''
[binaries]
c = '{triplet}-gcc'
ar = '{triplet}-ar'
strip = '{triplet}-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['{qemu}', '-L', '{sysroot}']

[properties]
sys_root = '{sysroot}'
pkg_config_libdir = '{sysroot}/usr/lib/{triplet}/pkgconfig'
needs_exe_wrapper = true

[built-in options]
c_link_args = ['-L{sysroot}/usr/lib/{triplet}']

[host_machine]
system = 'linux'
cpu_family = '{cpu_family}'
cpu = '{cpu}'
endian = '{endian}'
'''


def run(*command, timeout=COMMAND_SECONDS, **options):
    options.setdefault('stdin', subprocess.DEVNULL)
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=timeout, **options)
    except subprocess.TimeoutExpired as error:
        raise Failure(f'{" ".join(command)} does not end') from error


def said(result):
    return (result.stdout + result.stderr).decode(errors='replace')[-3000:].strip()


class Cross:
    """One architecture: a sysroot, a cross file and a build, all below folder."""

    def __init__(self, architecture, folder):
        self.architecture = architecture
        self.target = TARGETS[architecture]
        self.folder = os.path.join(folder, architecture)
        self.sysroot = os.path.join(self.folder, 'sysroot')
        self.build_folder = os.path.join(self.folder, 'build')

    # --- libraries ------------------------------------------------------------------------------

    def apt(self, *words, cwd):
        """apt-get as if this machine were of that architecture, and had nothing installed."""
        state = os.path.join(self.folder, 'apt')
        for name in ('lists/partial', 'cache/archives/partial'):
            os.makedirs(os.path.join(state, name), exist_ok=True)
        status = os.path.join(state, 'status')
        with open(status, 'w', encoding='utf-8'):
            pass
        settings = (f'APT::Architecture={self.architecture}',
                    f'APT::Architectures={self.architecture}',
                    f'Dir::State::lists={state}/lists', f'Dir::State::status={status}',
                    f'Dir::Cache={state}/cache', 'APT::Sandbox::User=root')
        options = [word for setting in settings for word in ('-o', setting)]
        return run('apt-get', '-qq', *options, *words, cwd=cwd)

    def fetch_libraries(self):
        """Leave the sysroot behind, whole or not at all."""
        if os.path.isdir(self.sysroot):
            return
        debs = os.path.join(self.folder, 'debs')
        shutil.rmtree(debs, ignore_errors=True)
        os.makedirs(debs)
        self.apt('update', cwd=debs)  # a source without this architecture makes it complain
        result = self.apt('download', *PACKAGES, cwd=debs)
        if result.returncode:
            raise Skip(f'the {self.architecture} libraries cannot be downloaded: '
                       f'{said(result).splitlines()[-1:]}')
        partial = self.sysroot + '.part'
        shutil.rmtree(partial, ignore_errors=True)
        for deb in glob.glob(os.path.join(debs, '*.deb')):
            result = run('dpkg-deb', '-x', deb, partial)
            if result.returncode:
                raise Failure(f'{deb} cannot be unpacked: {said(result)}')
        os.rename(partial, self.sysroot)
        shutil.rmtree(debs)
        shutil.rmtree(os.path.join(self.folder, 'apt'))

    # --- the build ------------------------------------------------------------------------------

    def build(self, source):
        """Build everything that needs no recorder; gives the seconds it took."""
        began = time.monotonic()
        self.fetch_libraries()
        cross_file = os.path.join(self.folder, 'cross.ini')
        with open(cross_file, 'w', encoding='utf-8') as file:
            file.write(CROSS_FILE.format(sysroot=self.sysroot, **self.target._asdict()))
        if not os.path.exists(os.path.join(self.build_folder, 'build.ninja')):
            self.must('meson', 'setup', '--cross-file', cross_file, '-Drecord=disabled',
                      '-Dman=disabled', '--werror', self.build_folder, source)
        self.must('ninja', '-C', self.build_folder)
        return time.monotonic() - began

    def must(self, *command):
        result = run(*command)
        if result.returncode:
            raise Failure(f'{" ".join(command)}: status {result.returncode}\n{said(result)}')
        return result

    def built(self, path):
        return os.path.join(self.build_folder, path)

    def command(self, path):
        """The words to run a built program with."""
        return [self.target.qemu, '-L', self.sysroot, self.built(path)]

    def wrapper(self, path):
        """A script that runs a built program, for tests that take the path of one."""
        name = os.path.join(self.folder, 'run-' + os.path.basename(path))
        with open(name, 'w', encoding='utf-8') as file:
            words = ' '.join(f"'{word}'" for word in self.command(path))
            file.write(f'#!/bin/sh\nexec {words} "$@"\n')
        os.chmod(name, 0o755)
        return name
