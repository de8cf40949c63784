#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Print an annotated hexdump of a small .vft file, for docs/format.md.

usage: hexdump.py FILE [TYPE]

TYPE, such as EVENTS: only blocks of that type. Written from the specification alone and independent
of libvft. Exits 1 at the first byte that the specification does not explain.
"""

import ctypes
import ctypes.util
import struct
import sys

TYPES = {1: 'SECTION', 2: 'META', 3: 'SCHEMA', 4: 'CLOCK', 5: 'SNAPSHOT', 6: 'EVENTS',
         0x8007: 'STACKS', 0x8008: 'INDEX', 9: 'END', 0x800a: 'SEAL'}
ENCODINGS = {1: 'UINT', 2: 'SINT', 3: 'DELTA', 4: 'TIME', 5: 'TASK', 6: 'STRING', 7: 'BYTES'}
META = {1: 'tool', 2: 'kernel', 3: 'arch', 4: 'boot_id', 5: 'hostname', 6: 'options', 7: 'filters',
        8: 'redaction', 9: 'command', 10: 'notes', 32: 'n_cpus', 33: 'argv_limit', 34: 'ring_size',
        35: 'start_ns', 36: 'pidns', 38: 'has', 39: 'list_pidns'}
INFO = {1: 'last_ts - first_ts', 2: 'lost', 3: 'pid_min', 4: 'pid_max', 5: 'kinds'}
END = {1: 'n_blocks', 2: 'n_events', 3: 'n_seen', 4: 'n_delivered', 5: 'n_dropped', 6: 'end_ns',
       7: 'loss: cause, cpu, count', 8: 'n_left_out', 9: 'removed: why, count'}
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
        self.columns, self.kinds = {}, {}  # as SCHEMA has them
        self.first_ts = self.n_events = 0  # of the block

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
        dump.columns[column] = (name, encoding)
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
            columns.append(column)
        dump.kinds[kind] = (name, columns)
        dump.show(at - dump.at, f'{kind} {name}: {" ".join(map(str, columns))}')


def unzstd(frame, size):
    library = ctypes.CDLL(ctypes.util.find_library('zstd') or 'libzstd.so.1')
    library.ZSTD_decompress.restype = ctypes.c_size_t
    raw = ctypes.create_string_buffer(size)
    if library.ZSTD_decompress(raw, ctypes.c_size_t(size), frame, ctypes.c_size_t(len(frame))) \
            != size:
        raise ValueError('a column that does not decompress')
    return raw.raw


def unzigzag(value):
    return value >> 1 ^ -(value & 1)


def text(data):
    return '"' + ''.join(chr(byte) if 0x20 <= byte < 0x7f and byte not in b'"\\\\' else
                         f'\\{byte:o}' for byte in data) + '"'


class Column:
    """What section 4 calls a column: its values one after the other, as they are stored."""

    def __init__(self, column, raw, dump):
        self.name, self.encoding = dump.columns.get(column, (f'column {column}', 1))
        self.values, self.next, self.last, at = [], 0, 0, 0
        self.raw = raw
        while self.encoding != 7 and at < len(raw):
            value = shift = 0
            while True:
                byte = raw[at]
                value |= (byte & 0x7f) << shift
                at, shift = at + 1, shift + 7
                if byte < 0x80:
                    break
            self.values.append(value if self.encoding in (1, 5, 6) else unzigzag(value))

    def describe(self):
        if self.encoding == 7:
            return f'{self.name}: {text(self.raw)}'
        return f'{self.name}: {", ".join(map(str, self.values))}'

    def take(self):
        self.next += 1
        return self.values[self.next - 1]

    def delta(self):
        self.last += self.take()
        return self.last


class Rows:
    """Section 4: columns to rows."""

    def __init__(self, columns, dump, first_ts):
        self.columns, self.dump, self.time = columns, dump, first_ts
        self.strings, self.at, self.references, self.tasks = [], 0, [], 0

    def column(self, column):
        if column not in self.columns:
            raise ValueError(f'column {column} is used and not there')
        return self.columns[column]

    def task(self):
        """The next row of the task table: columns 4 to 11."""
        tid = self.column(4).delta()
        tgid = tid - self.column(5).take()
        start = self.time - self.column(6).take()
        ns_tid = tid - self.column(7).take()
        ns_tgid = tgid - self.column(8).take()
        uid, pidns, cgroup = (self.column(column).delta() for column in (9, 10, 11))
        self.tasks += 1
        return (f'task {self.tasks} {{tid {tid} tgid {tgid} start {start} ns {ns_tid}/{ns_tgid} '
                f'uid {uid} pidns {pidns} cgroup {cgroup}}}')

    def value(self, column):
        values = self.column(column)
        if values.encoding == 3:
            return values.delta()
        value = values.take()
        if values.encoding == 4:
            return self.time - value
        if values.encoding == 5:
            self.references.append(self.references[-value] if value else self.task())
            shown = self.references[-1]
            return shown if not value else shown.split(' {')[0]
        if values.encoding == 6:
            if value == 1:
                size = self.column(12).take()
                self.strings.append(self.column(13).raw[self.at:self.at + size])
                self.at += size
            return text(self.strings[value - 2 if value > 1 else -1]) if value else 'absent'
        return value

    def row(self):
        self.time += self.column(1).take()
        kind, columns = self.dump.kinds[self.column(2).take()]
        cpu = self.column(3).take()
        lines = [f'{self.time} {kind} cpu {cpu}']
        for column in columns:
            lines.append(f'    {self.dump.columns[column][0]} = {self.value(column)}')
        return lines


def rows(dump, end):
    size = dump.varints(1, 'information: {0} bytes')[0]
    dump.tlvs(dump.at + size, INFO, lambda tlv: True)
    frames = []
    for _ in range(dump.varints(1, '{0} columns')[0]):
        frames.append(dump.varints(4, 'column {0}: codec {1}, {2} bytes, stored in {3}'))
    columns = {}
    for column, codec, size, stored in frames:
        data = dump.data[dump.at:dump.at + stored]
        columns[column] = Column(column, data if codec == 0 else unzstd(data, size), dump)
        dump.show(stored, ('zstd: ' if codec else '') + columns[column].describe())
    made = Rows(columns, dump, dump.first_ts)
    for number in range(dump.n_events):
        for i, line in enumerate(made.row()):
            dump.lines.append(f'      {f"row {number}" if i == 0 else "":<8}{line}')


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
    dump.n_events = dump.fixed(4, 'n_events {}')
    dump.fixed(8, 'section_id {:#x}')
    dump.fixed(8, 'seq {}')
    if dump.fixed(8, 'self_off {}') != start:
        raise ValueError('self_off is not the position')
    dump.first_ts = dump.fixed(8, 'first_ts {}')
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
    if len(sys.argv) not in (2, 3):
        sys.exit('usage: hexdump.py FILE [TYPE]')
    with open(sys.argv[1], 'rb') as file:
        dump = Dump(file.read())
    while dump.at < len(dump.data):
        n = len(dump.lines)
        if dump.data[dump.at:dump.at + 5] == b'\x89VFTR':
            trailer(dump)
        else:
            block(dump)
        if len(sys.argv) == 3 and dump.lines[n] != f'-- {sys.argv[2]}':
            del dump.lines[n:]
    print('\n'.join(dump.lines))


if __name__ == '__main__':
    main()
