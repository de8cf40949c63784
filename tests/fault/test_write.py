#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The file side of a recording when memory, the disk or any one call fails: what was written
before is read back whole, and the failure is told."""

import os
import shutil
import struct
import subprocess
import sys
import tempfile

from faults import Failure, Runner, check_manners, run_cases

FAULTS = [('alloc:ENOMEM', ''), ('alloc:ENOMEM', '+'), ('open:EMFILE', ''), ('open:EACCES', '+'),
          ('write:EIO', ''), ('write:ENOSPC', '+'), ('sync:EIO', ''), ('sync:ENOSPC', '+')]
HARMLESS = [('write:EINTR', ''), ('write:short', ''), ('write:short', '+')]
SYNC = b'\x89VFRB\r\n\xfe'
HEADER = struct.Struct('<8sHBBIII')
HEADER_SIZE = 64
SMALL_DISK = 64 << 10


def rows_of(data):
    """How many events stand in the blocks of a file that are complete."""
    at = rows = 0
    while len(data) - at >= HEADER_SIZE:
        sync, _, _, _, payload, _, n_events = HEADER.unpack_from(data, at)
        if sync != SYNC:
            break
        size = HEADER_SIZE + (payload + 7) // 8 * 8
        if at + size > len(data):
            break
        rows += n_events
        at += size
    return rows


class Writer:
    def __init__(self, report, program, preload, folder):
        self.report = report
        self.program = program
        self.folder = folder
        self.path = os.path.join(folder, 'trace.vft')
        self.runner = Runner(preload)

    def clear(self):
        if os.path.exists(self.path):
            os.unlink(self.path)

    def record(self, *arguments):
        self.clear()
        return self.runner.run([self.program, self.path, *arguments])

    def events(self):
        result = subprocess.run([self.report, 'events', '-q', '--ndjson', self.path],
                                capture_output=True, check=False)
        return result.returncode, result.stdout.splitlines()

    def check_file(self, plan, whole):
        """Every complete block comes back, and nothing that was not written."""
        if not os.path.exists(self.path):
            return
        with open(self.path, 'rb') as file:
            data = file.read()
        code, events = self.events()
        expected = rows_of(data)
        if len(events) != expected or events != whole[:expected]:
            raise Failure(f'{plan}: {expected} events written, {len(events)} come back')
        if code not in (0, 3):
            raise Failure(f'{plan}: the report ends with {code}')

    def check_faults(self):
        plain = self.record()
        if plain.code:
            raise Failure(plain.stderr)
        _, whole = self.events()
        for how, on in FAULTS:
            for plan, result in self.runner.points([self.program, self.path], how, on,
                                                   before=self.clear):
                check_manners(plan, result, 'write_trace')
                if result.code == 0 and self.events() != (0, whole):
                    raise Failure(f'{plan}: status 0 and half a file')
                self.check_file(plan, whole)
        return self.runner.count(0)

    def check_harmless(self):
        before = self.runner.n_points
        self.record()
        _, whole = self.events()
        for how, on in HARMLESS:
            for plan, result in self.runner.points([self.program, self.path], how, on,
                                                   before=self.clear):
                if result.code or self.events() != (0, whole):
                    raise Failure(f'{plan}: status {result.code}: {result.stderr}')
        return self.runner.count(before)

    def check_full_disk(self):
        if os.geteuid() != 0:
            return ('skip', 'mounting a small tmpfs needs root')
        _, whole = (self.record('4000'), self.events()[1])
        place = os.path.join(self.folder, 'small')
        os.mkdir(place)
        mount = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={SMALL_DISK}', 'tmpfs', place],
                               capture_output=True, text=True, check=False)
        if mount.returncode:
            return ('skip', f'no tmpfs here: {mount.stderr.strip()}')
        try:
            self.path = os.path.join(place, 'trace.vft')
            result = self.record('4000')
            check_manners('a full disk', result, 'write_trace')
            if result.code != 1 or 'No space left' not in result.stderr:
                raise Failure(f'a full disk: status {result.code}: {result.stderr}')
            size = os.path.getsize(self.path)
            if size < SMALL_DISK // 2:
                raise Failure(f'only {size} bytes were written')
            self.check_file('a full disk', whole)
        finally:
            subprocess.run(['umount', place], check=False)
        return f'full at {size} bytes'


def main(report, program, preload=None):
    folder = tempfile.mkdtemp(prefix='vft-fault-')
    writer = Writer(report, program, preload, folder)
    name = os.path.basename(program)
    try:
        run_cases([(f'{name}__every_failure', writer.check_faults),
                   (f'{name}__interrupted_and_short', writer.check_harmless),
                   (f'{name}__full_disk', writer.check_full_disk)])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
