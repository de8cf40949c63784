# SPDX-License-Identifier: BSD-2-Clause
"""A Debian kernel in an emulated machine: fetch it, give it an initramfs, run it, take files out.

The machine has no disk and no network. What its /init leaves in /out comes back as a tar archive in
base64 over the serial console, with a checksum. Its clock counts instructions (-icount): a busy
host makes it slow, yet no timer of its own comes early.
"""

import base64
import gzip
import hashlib
import io
import os
import re
import shutil
import stat
import subprocess
import tarfile

from harness import Failure, Skip, check

FETCH_SECONDS = 600
BOOT_SECONDS = 900  # emulated on a busy machine; only a hang ever takes it
MEMORY_MIB = 512
CPUS = 2

# What /init says on the console; the machine's own messages stand between.
PAYLOAD_LINE = re.compile(rb'^OUT:([A-Za-z0-9+/=]+)$')
CHECKSUM_LINE = re.compile(rb'^SHA256:([0-9a-f]{64})$')


# --- kernels --------------------------------------------------------------------------------------

def output_of(*command, **options):
    """What a command prints, or None when it fails."""
    result = subprocess.run(command, capture_output=True, check=False, timeout=FETCH_SECONDS,
                            env={**os.environ, 'LC_ALL': 'C.UTF-8'}, **options)
    return None if result.returncode else result.stdout


def newest_package(meta_package):
    """The kernel package that meta_package stands for now; None when apt does not know it."""
    text = output_of('apt-cache', 'depends', '--important', meta_package) or b''
    found = re.search(r'Depends: (linux-image-\d\S*)', text.decode())
    return found.group(1) if found else None


def extract_kernel(package, path):
    """Leave the vmlinuz of a downloaded package at path."""
    folder = os.path.dirname(path)
    debs = [name for name in os.listdir(folder) if name.startswith(f'{package}_')]
    check(len(debs) == 1, f'apt-get download {package} left {debs}')
    deb = os.path.join(folder, debs[0])
    content = output_of('dpkg-deb', '--fsys-tarfile', deb)
    check(content, f'{deb} cannot be unpacked')
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        member = next(name for name in archive.getnames() if '/boot/vmlinuz-' in name)
        with open(path + '.part', 'wb') as file:
            shutil.copyfileobj(archive.extractfile(member), file)
    os.rename(path + '.part', path)
    os.unlink(deb)


def fetch_kernel(meta_package, cache):
    """The path of a kernel's vmlinuz, downloaded unless the folder cache has it."""
    package = newest_package(meta_package)
    if not package:
        raise Skip(f'apt knows no {meta_package}: no Debian 12, or no package lists')
    folder = os.path.join(cache, package)
    path = os.path.join(folder, 'vmlinuz')
    if os.path.exists(path):
        return path
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    if output_of('apt-get', '-qq', 'download', package, cwd=folder) is None:
        shutil.rmtree(folder)
        raise Skip(f'{package} cannot be downloaded')
    extract_kernel(package, path)
    return path


# --- the initramfs --------------------------------------------------------------------------------

class Initramfs:
    """A cpio archive in the "newc" form, written by hand: a device node then needs no root."""

    def __init__(self):
        self.file = io.BytesIO()
        self.seen = set()
        self.add_node('/dev/console', stat.S_IFCHR | 0o600, device=(5, 1))

    def append(self, name, mode, content=b'', device=(0, 0)):
        raw_name = name.encode() + b'\0'
        inode = len(self.seen)
        fields = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(raw_name), 0)
        self.file.write(b'070701' + b''.join(b'%08X' % field for field in fields) + raw_name)
        self.pad()
        self.file.write(content)
        self.pad()

    def pad(self):
        self.file.write(b'\0' * (-self.file.tell() % 4))

    def add_node(self, path, mode, content=b'', device=(0, 0)):
        """One entry, after the folders it lies in; the first of a path stays."""
        if path in self.seen:
            return
        parent = os.path.dirname(path)
        if parent != '/':
            self.add_folder(parent)
        self.seen.add(path)
        self.append(path.lstrip('/'), mode, content, device)

    def add_folder(self, path):
        self.add_node(path, stat.S_IFDIR | 0o755)

    def add_file(self, path, content, mode=0o644):
        self.add_node(path, stat.S_IFREG | mode, content)

    def add_link(self, path, target):
        self.add_node(path, stat.S_IFLNK | 0o777, target.encode())

    def add_program(self, path, source):
        """A program of this machine, and the shared libraries it needs where it expects them."""
        with open(source, 'rb') as file:
            self.add_file(path, file.read(), 0o755)
        listing = output_of('ldd', source) or b''  # fails for a static program
        for library in re.findall(r'(/\S+) \(0x', listing.decode()):
            with open(library, 'rb') as file:
                self.add_file(library, file.read(), 0o755)

    def content(self):
        self.append('TRAILER!!!', 0)
        return gzip.compress(self.file.getvalue(), 1)


# --- running --------------------------------------------------------------------------------------

def boot(kernel, initramfs, folder, arguments=''):
    """Boot once, to the end of /init: (what it left in /out by name, the console's text)."""
    path = os.path.join(folder, 'initramfs')
    with open(path, 'wb') as file:
        file.write(initramfs)
    command = ('qemu-system-x86_64', '-M', 'microvm,acpi=off', '-cpu', 'max',
               '-m', str(MEMORY_MIB), '-smp', str(CPUS), '-icount', 'shift=1,sleep=off',
               '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none',
               '-serial', 'stdio', '-kernel', kernel, '-initrd', path, '-append',
               f'console=ttyS0 quiet loglevel=1 panic=-1 reboot=t rdinit=/init {arguments}')
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=BOOT_SECONDS,
                                stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        console = (error.stdout or b'').decode(errors='replace')
        raise Failure(f'the machine did not end; its console:\n{console[-3000:]}') from error
    console = result.stdout.replace(b'\r', b'')
    check(result.returncode == 0, f'qemu ended with {result.returncode}: {result.stderr!r}')
    return unpack(console), console.decode(errors='replace')


def unpack(console):
    """The files that /init packed into the console's text."""
    lines = console.split(b'\n')
    text = b''.join(found.group(1) for found in map(PAYLOAD_LINE.match, lines) if found)
    checksums = [found.group(1) for found in map(CHECKSUM_LINE.match, lines) if found]
    shown = console.decode(errors='replace')[-3000:]
    check(len(checksums) == 1, f'/init did not get to its end; the console:\n{shown}')
    packed = base64.b64decode(text)
    check(hashlib.sha256(packed).hexdigest().encode() == checksums[0],
          f'what came over the console is damaged:\n{shown}')
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return {os.path.normpath(member.name): archive.extractfile(member).read()
                for member in archive.getmembers() if member.isfile()}
