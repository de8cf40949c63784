#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A time window of a long recording: read in part by the index, it says what all of it says."""

import os
import signal

import harness
from episodes import check_nothing_lost, find
from harness import check, check_equal

STORM = 150_000  # with names that cannot be compressed: more than two lists of processes
LONG_STORM = 450_000  # more than 8 MiB


def record_long(t):
    """A storm while another process hangs in vfork, all of the machine."""
    command, gate = t.gatekeeper()
    process, trace = t.start_recorder(*command, options=('-a',))
    t.wait_truth('ready')
    stuck = t.start(t.workload('stuck'), 'pause')
    truth = t.wait_truth('stuck')
    t.finish(t.start(t.workload('storm'), str(STORM), '-', 'names'))
    os.kill(truth['child_pid'], signal.SIGKILL)
    t.finish(stuck)
    t.finish(t.start(t.workload('storm'), '100', '-', 'names'))
    t.open_gate(gate)
    t.finish_recorder(process)
    os.chmod(trace.path, 0o644)
    return trace, truth


def record_stuck(t):
    """A storm, and then a process that hangs in vfork to the end of the recording."""
    command, gate = t.gatekeeper()
    process, trace = t.start_recorder(*command, options=('-a',))
    t.wait_truth('ready')
    t.finish(t.start(t.workload('storm'), str(LONG_STORM), '-', 'names'))
    stuck = t.start(t.workload('stuck'), 'pause')
    truth = t.wait_truth('stuck')
    t.open_gate(gate)
    t.finish_recorder(process)
    os.kill(truth['child_pid'], signal.SIGKILL)
    t.finish(stuck)
    os.chmod(trace.path, 0o644)
    return trace, truth


def lists_of(trace):
    """When each list of processes began, ns since the start."""
    return [row['time_ns'] for row in trace.events() if row['kind'] == 'snapshot' and
            row['flags'] & 2]


def window_of(start_ns, end_ns):
    return ('--from', f'{start_ns}ns', '--to', f'{end_ns}ns')


def check_same(t, trace, window):
    """By the index, and through a pipe, where all is read."""
    with open(trace.path, 'rb') as file:
        data = file.read()
    for command in (('summary',), ('summary', '--json'), ('vforks', '--csv'), ('events', '--csv')):
        part = trace.report(*command, *window)
        whole = t.run(harness.REPORT, *command, *window, '-', data=data)
        check_equal(whole.status, 0, f'status of {command} of a pipe')
        check_equal(part.stdout, whole.stdout, f'{command} {window}')


def check_pending(trace, truth, list_ns):
    """Lists are made after the privileges are gone, too: one names who is held, and by whom."""
    rows = [row for row in trace.events() if row['kind'] == 'snapshot' and
            row['time_ns'] >= list_ns and row['pid'] == truth['child_pid']]
    check(rows and all(row['flags'] & 1 for row in rows), f'not named as pending: {rows}')
    check_equal({row['waiter_tid'] for row in rows}, {truth['parent_tid']}, 'the waiter')


def test_parts_say_what_all_says(t):
    harness.require_recorder()
    trace, truth = record_long(t)
    check_nothing_lost(trace)
    lists = lists_of(trace)
    check(len(lists) > 2, f'only {len(lists)} lists of processes in {trace.path}')
    check_pending(trace, truth, lists[1])
    end_ns = trace.summary()['trace']['duration_ns']
    windows = [(0, end_ns // 100), (end_ns // 2, end_ns * 51 // 100), (end_ns - 10**6, end_ns),
               (lists[1], lists[1] + 10**6), (lists[2] + 10**6, lists[2] + 2 * 10**6),
               (end_ns + 10**9, end_ns + 2 * 10**9)]
    for start_ns, stop_ns in windows:
        check_same(t, trace, window_of(start_ns, stop_ns))
    row = find(trace.vforks(*window_of(*windows[1])), truth)
    check_equal((row['outcome'], row['from_snapshot']), ('killed', False), 'the long wait')


def check_told_first(t, path, pid):
    """Whole, and then damaged where the look at the end does not come by."""
    with open(path, 'rb') as file:
        data = bytearray(file.read())
    whole = t.run(harness.REPORT, '-', data=bytes(data)).stdout
    first = whole.splitlines(keepends=True)[0]
    # The machine may have others that hang, and for longer.
    rows = t.run(harness.REPORT, 'vforks', '--outcome', 'open', '--json', path).json()['rows']
    check(pid in [row['child_pid'] for row in rows], f'{pid} is not open in {rows}')
    check(len(rows) > 1 or f'[{pid}]'.encode() in first, whole)
    check(b' stuck' in first, whole)
    check(len(data) >= 8 << 20, f'only {len(data)} bytes')
    check_equal(t.run(harness.REPORT, path).stdout, whole, 'the summary of a file')
    # The line is out before the damage is known, and then corrected.
    data[len(data) // 3] ^= 1
    with open(path, 'wb') as file:
        file.write(data)
    damaged = t.run(harness.REPORT, '-', data=bytes(data))
    check_equal(damaged.status, 3, 'status of a damaged pipe')
    check(b'a part of the file is missing' in damaged.stdout.splitlines()[0], damaged.stdout)
    again = t.run(harness.REPORT, path)
    check_equal(again.status, 3, 'status of a damaged file')
    if any(row['from_snapshot'] for row in rows):
        # Since when one of before the trace has hung is told by the beginning only.
        check_equal(again.stdout, damaged.stdout, 'a damaged file')
        return
    # With one line more at its head, one of those held longest is left out.
    expected = damaged.stdout.splitlines(keepends=True)
    del expected[expected.index(b'Held longest, ended\n') + 4]
    check_equal(again.stdout, first + b'Corrected: ' + b''.join(expected), 'a damaged file')
    check(again.stdout.count(b'\n') <= 25, again.stdout)


def test_who_is_held_is_told_first(t):
    """Of a long trace before all of it is read, in the words that all of it gives."""
    harness.require_recorder()
    trace, truth = record_stuck(t)
    check_nothing_lost(trace)
    check_told_first(t, trace.path, truth['child_pid'])


def test_who_is_held_is_told_first_of_any_length(t):
    """The time held is told by the same moments, so that no digit of it is corrected."""
    for n_events in range(1_200_000, 1_200_004):
        path = t.path(f'{n_events}.vft')
        t.run(harness.GEN_EVENTS, '--stuck', '--events', str(n_events), '-o', path)
        child = next(row for row in t.run(harness.REPORT, 'vforks', '--outcome', 'open', '--json',
                                          path).json()['rows'])
        check_told_first(t, path, child['child_pid'])


if __name__ == '__main__':
    harness.main(globals())
