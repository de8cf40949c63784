#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Print an annotated hexdump of a small .vft file, for docs/format.md.

Written from the specification alone and independent of libvft; it reads files whose columns are
all stored raw. Exits 1 at the first byte that the specification does not explain.
"""

import struct
import sys

TYPES = {1: 'SECTION', 2: 'META', 3: 'SCHEMA', 4: 'CLOCK', 5: 'SNAPSHOT', 6: 'EVENTS',
         0x8007: 'STACKS', 0x8008: 'INDEX', 9: 'END', 0x800a: 'SEAL'}
ENCODINGS = {1: 'UINT', 2: 'SINT', 3: 'DELTA', 4: 'TIME', 5: 'TASK', 6: 'STRING', 7: 'BYTES'}
META = {1: 'tool', 2: 'kernel', 3: 'arch', 4: 'boot_id', 5: 'hostname', 6: 'options', 7: 'filters',
        8: 'redaction', 9: 'command', 32: 'n_cpus', 33: 'argv_limit', 34: 'ring_size',
        35: 'start_ns', 36: 'pidns', 38: 'has', 39: 'list_pidns'}
INFO = {1: 'last_ts - first_ts', 2: 'lost', 3: 'pid_min', 4: 'pid_max', 5: 'kinds'}
END = {1: 'n_blocks', 2: 'n_events', 3: 'n_seen', 4: 'n_delivered', 5: 'n_dropped', 6: 'end_ns',
       7: 'loss: cause, cpu, count'}
WIDTH = 12


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class Dump:
    def __init__(self, data):
        self.data = data
        self.at = 0
        self.lines = []

    def show(self, size, text):
        """Account for the next @size bytes."""
        chunk = self.data[self.at:self.at + size]
        if len(chunk) != size:
            raise ValueError(f'ends at {len(self.data)}, inside {text}')
        for i in range(0, size, WIDTH):
            part = ' '.join(f'{byte:02x}' for byte in chunk[i:i + WIDTH])
            self.lines.append(f'{self.at + i:04x}  {part:<{3 * WIDTH}} {text if i == 0 else ""}'
                              .rstrip())
        self.at += size
        return chunk

    def fixed(self, size, text):
        value = int.from_bytes(self.data[self.at:self.at + size], 'little')
        self.show(size, text.format(value))
        return value

    def varint_at(self, at):
        value = shift = 0
        while True:
            byte = self.data[at]
            value |= (byte & 0x7f) << shift
            at += 1
            shift += 7
            if byte < 0x80:
                return value, at

    def varints(self, n, text):
        """@n varints on one line; text may use {0}, {1}..."""
        values, at = [], self.at
        for _ in range(n):
            value, at = self.varint_at(at)
            values.append(value)
        self.show(at - self.at, text.format(*values))
        return values

    def tlvs(self, end, names, numbers):
        while self.at < end:
            tlv, at = self.varint_at(self.at)
            size, at = self.varint_at(at)
            name = names.get(tlv, 'unknown')
            if numbers(tlv):
                name += f' = {self.varint_at(at)[0]}'
            self.show(at + size - self.at, f'TLV {tlv}: {name}')

    def title(self, text):
        self.lines.append(f'-- {text}')


def section(dump, end):
    dump.fixed(4, 'version {}')
    dump.fixed(4, 'segment {}')
    dump.fixed(8, 'compat {:#x}')
    dump.fixed(8, 'incompat {:#x}')
    dump.show(16, 'uuid of the session')


def schema(dump, end):
    for _ in range(dump.varints(1, '{0} columns')[0]):
        column, at = dump.varint_at(dump.at)
        size, at = dump.varint_at(at)
        name = dump.data[at:at + size].decode()
        encoding, at = dump.varint_at(at + size)
        dump.show(at - dump.at, f'{column} {name}: {ENCODINGS[encoding]}')
    for _ in range(dump.varints(1, '{0} kinds')[0]):
        kind, at = dump.varint_at(dump.at)
        size, at = dump.varint_at(at)
        name = dump.data[at:at + size].decode()
        at += size
        n, at = dump.varint_at(at)
        columns = []
        for _ in range(n):
            column, at = dump.varint_at(at)
            columns.append(str(column))
        dump.show(at - dump.at, f'{kind} {name}: {" ".join(columns)}')


def rows(dump, end):
    size = dump.varints(1, 'information: {0} bytes')[0]
    dump.tlvs(dump.at + size, INFO, lambda tlv: True)
    columns = []
    for _ in range(dump.varints(1, '{0} columns')[0]):
        columns.append(dump.varints(4, 'column {0}: codec {1}, {2} bytes, stored in {3}'))
    for column, codec, _, stored in columns:
        if codec != 0:
            raise ValueError('a compressed column')
        dump.show(stored, f'column {column}')


def index(dump, end):
    dump.varints(1, 'previous INDEX at {0} (0: none)')
    n = dump.varints(1, '{0} entries')[0]
    if n:
        dump.varints(2, 'first at {0}, seq {1}')
    for _ in range(n):
        _, at = dump.varint_at(dump.at)
        kind, at = dump.varint_at(at)
        n_events, at = dump.varint_at(at)
        name = TYPES.get(kind, f'type {kind:#x}')
        if n_events:
            dump.varints(7, f'{name} of {{0}} bytes, {{2}} events, times, lost {{5}}, '
                            'kinds {6:#x}')
        else:
            dump.varints(3, f'{name} of {{0}} bytes')


PAYLOADS = {
    1: section, 2: lambda dump, end: dump.tlvs(end, META, lambda tlv: tlv >= 32), 3: schema,
    4: rows, 5: rows, 6: rows, 0x8008: index,
    9: lambda dump, end: dump.tlvs(end, END, lambda tlv: tlv < 7),
}


def block(dump):
    start = dump.at
    kind = struct.unpack_from('<H', dump.data, start + 8)[0]
    dump.title(TYPES[kind])
    dump.show(8, 'sync')
    dump.show(2, f'type {kind:#x}')
    dump.fixed(1, 'header version {}')
    dump.fixed(1, 'mask {}')
    payload_len = dump.fixed(4, 'payload_len {}')
    dump.fixed(4, 'raw_len {}')
    dump.fixed(4, 'n_events {}')
    dump.fixed(8, 'section_id {:#x}')
    dump.fixed(8, 'seq {}')
    if dump.fixed(8, 'self_off {}') != start:
        raise ValueError('self_off is not the position')
    dump.fixed(8, 'first_ts {}')
    payload = dump.data[start + 64:start + 64 + payload_len]
    if dump.fixed(4, 'CRC-32C of the payload') != crc32c(payload):
        raise ValueError('wrong payload checksum')
    if dump.fixed(4, 'CRC-32C of the 60 bytes before') != crc32c(dump.data[start:start + 60]):
        raise ValueError('wrong header checksum')
    end = dump.at + payload_len
    PAYLOADS[kind](dump, end)
    if dump.at != end:
        raise ValueError('payload is longer or shorter than it says')
    if payload_len % 8:
        if any(dump.show(8 - payload_len % 8, 'padding')):
            raise ValueError('padding is not zero')


def trailer(dump):
    start = dump.at
    dump.title('trailer')
    dump.show(8, 'magic')
    dump.fixed(8, 'self_off {}')
    dump.fixed(4, 'END is {} bytes back')
    dump.fixed(4, 'INDEX is {} bytes back')
    dump.fixed(4, 'low half of section_id, {:#x}')
    if dump.fixed(4, 'CRC-32C of the 28 bytes before') != crc32c(dump.data[start:start + 28]):
        raise ValueError('wrong trailer checksum')


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: hexdump.py FILE')
    with open(sys.argv[1], 'rb') as file:
        dump = Dump(file.read())
    while dump.at < len(dump.data):
        if dump.data[dump.at:dump.at + 5] == b'\x89VFTR':
            trailer(dump)
        else:
            block(dump)
    print('\n'.join(dump.lines))


if __name__ == '__main__':
    main()
