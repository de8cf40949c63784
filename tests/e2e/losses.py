#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a recording missed is said, and nothing is made up: tiny rings, killed recorders, storms."""

import collections
import csv
import io
import os
import signal
import struct
import time

import harness
from episodes import check_nothing_lost
from harness import check, check_between, check_equal

STORM_CODE = 7
KERNEL_KINDS = ('spawn', 'release', 'exec', 'exit')
TINY_STORM = 2000
LONG_STORM = 200_000
ENDLESS_STORM = 10_000_000
BLOCK_HEADER = struct.Struct('<8sHBBI48x')
EVENTS_BLOCK = 6
KILL_AFTER_BLOCKS = 5
# How far the host's clocks are apart: for as long as it was suspended.
SLEPT_NS = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()


def read_csv(trace, *words, status=0):
    text = trace.report(*words, '--csv', status=status).stdout.decode('utf-8')
    return csv.DictReader(io.StringIO(text, newline=''))


def info(trace):
    return trace.report('info', '--json').json()['rows'][0]


def check_balance(t, trace, made):
    """seen + lost = made, by the counters of the kernel side and by the events in the file.

    Each life makes a spawn, an exit, and a release unless the child was done before its parent
    had begun to wait.
    """
    counts = info(trace)
    kinds = counts['kinds']
    seen = sum(kinds[kind] for kind in KERNEL_KINDS)
    lost = trace.summary()['losses']['events']
    check_equal(counts['seen'], counts['delivered'] + counts['dropped'], 'seen in the kernel')
    check_equal((counts['delivered'], counts['dropped']), (seen + counts['left_out'], lost),
                'delivered and dropped')
    fixed = n_fixed_events(t)
    check_between(fixed + 2 * made, seen + lost, fixed + 3 * made, 'seen + lost')
    if not lost:
        check_equal(kinds['spawn'] + kinds['exit'] + kinds['exec'], fixed + 2 * made,
                    'what is no release')


def check_sum(trace):
    """seen = written + left out + lost, whatever happens on the machine."""
    counts = info(trace)
    check_equal(counts['seen'], counts['delivered'] + counts['dropped'], 'seen in the kernel')
    check_equal(counts['delivered'],
                sum(counts['kinds'][kind] for kind in KERNEL_KINDS) + counts['left_out'],
                'delivered')
    return counts


def cgroup_root():
    """Where a cgroup can be made, that of v2 before those of v1."""
    for root in ('', '/unified', '/pids', '/memory'):
        if os.access(f'/sys/fs/cgroup{root}/cgroup.procs', os.W_OK):
            return f'/sys/fs/cgroup{root}'
    raise harness.Skip('no cgroups')


def test_sum_of_a_busy_host(t):
    """What is no row, such as a cgroup that nobody is in, or outside the window, is counted."""
    stop, cgroup = t.path('stop'), f'{cgroup_root()}/vft-test-{os.getpid()}'
    t.start('dash', '-c', f'until [ -e {stop} ]; do /bin/true; done')
    check_sum(t.record('/bin/true', options=('--all',)))
    counts = check_sum(t.record('dash', '-c', f'mkdir {cgroup} && rmdir {cgroup}',
                                options=('--all',), name='cgroup.vft'))
    check(counts['left_out'] > 0, 'nothing was left out: the case proves nothing')
    with open(stop, 'w', encoding='ascii'):
        pass


def test_time_namespace(t):
    """The recorder's clocks are others than the kernel's: the file has the kernel's."""
    harness.require_tool('unshare')
    if not os.path.exists('/proc/self/ns/time'):
        raise harness.Skip('this kernel has no time namespaces')
    for boottime, monotonic in ((3600, 0), (7200, -1), (-1, 86400)):
        path = t.path(f'{boottime}.vft')
        before = harness.boottime_ns()
        result = t.run('unshare', '--time', '--fork', '--boottime', boottime, '--monotonic',
                       monotonic, os.path.abspath(harness.RECORD), '-q', '-o', path, '--', 'dash',
                       '-c', '/bin/true; exec /bin/true')
        check_equal(result.status, 0, f'the status of {result}')
        after = harness.boottime_ns()
        trace = harness.Trace(t, path)
        counts = check_sum(trace)
        check_equal(counts['kinds']['exec'], 3, 'execs')
        check_nothing_lost(trace)
        events = trace.events()
        for event in events:
            check_between(0, event['time_ns'], after - before, f'the time of {event}')
        clocks = [event['monotonic'] for event in events if event['kind'] == 'clock']
        check_equal(len(clocks), 2, 'clocks')
        check_between(before - SLEPT_NS, min(clocks), max(clocks), 'CLOCK_MONOTONIC')
        check_between(min(clocks), max(clocks), after - SLEPT_NS, 'CLOCK_MONOTONIC')


def n_fixed_events(t):
    """What a storm of no process at all leaves: the command's own spawn, exec and exit."""
    kinds = info(t.record_workload('storm', '0', name='fixed.vft'))['kinds']
    check_equal(kinds['release'], 0, 'releases where nobody vforks')
    return sum(kinds[kind] for kind in KERNEL_KINDS)


def record_starved(t, count):
    """A storm while the recorder of a 4 KiB ring stands still."""
    gate = t.gate()
    process, trace = t.start_recorder(t.workload('storm'), count, gate,
                                      options=('--ring-size', '4K'))
    t.wait_truth('ready')
    process.send_signal(signal.SIGSTOP)
    t.open_gate(gate)
    t.wait_truth('storm')
    process.send_signal(signal.SIGCONT)
    t.finish_recorder(process)
    return trace


def test_tiny_ring_says_what_is_lost(t):
    trace = record_starved(t, TINY_STORM)
    summary = trace.summary()
    losses = summary['losses']
    check(losses['events'] > 0, 'nothing was lost: the case proves nothing')
    check(losses['windows'], 'no window of loss')
    check_equal(sum(window['count'] for window in losses['windows']), losses['events'],
                'the windows\' counts')
    check_equal({window['cause'] for window in losses['windows']}, {'ring_full'}, 'causes')
    for window in losses['windows']:
        check(window['from_ns'] <= window['to_ns'], f'the window {window}')
    check_equal(trace.report('summary', '--strict', status=4).status, 4, '--strict')
    head = trace.report('summary').text().splitlines()[:1]
    check('lost' in ' '.join(head), f'the first lines say nothing of the loss: {head}')


def test_tiny_ring_balances(t):
    check_balance(t, record_starved(t, TINY_STORM), TINY_STORM)


def test_tiny_ring_is_never_clean(t):
    """An episode whose end may be lost is unknown: it is not open, and has not ended well."""
    rows = record_starved(t, TINY_STORM).vforks()
    check(rows, 'not one episode was seen: the case proves nothing')
    for row in rows:
        if row['outcome'] == 'exit':
            check_equal(row['exit_code'], STORM_CODE, f'exit_code of {row}')
        else:
            check_equal((row['outcome'], row['certain']), ('unknown', False), f'verdict of {row}')
            check(row['reason'], f'no reason for {row}')


def test_recorder_killed(t):
    """What it had written comes back, and the report says that the rest is missing."""
    process, trace = t.start_recorder(t.workload('storm'), LONG_STORM)

    def has_blocks():
        return os.path.exists(trace.path) and os.path.getsize(trace.path) > 64 << 10
    harness.wait_until(has_blocks, 'some blocks to be written')
    process.kill()
    t.finish_recorder(process, status=128 + signal.SIGKILL)
    summary = trace.report('summary', '--json', status=None).json()
    check_equal(summary['trace']['clean_end'], False, 'clean_end')
    check(summary['trace']['events'] > 1000, f'{summary["trace"]["events"]} events came back')
    verified = trace.report('verify', '--json', status=None).json()
    check_equal(verified['recovered_events'] or verified['events'], summary['trace']['events'],
                'the events of verify')
    check_killed_rows(trace)
    result = trace.report('summary', status=None)
    check('not closed' in (result.stdout + result.stderr).decode(), f'no notice: {result}')


def check_killed_rows(trace):
    counts = collections.Counter()
    for row in read_csv(trace, 'vforks', status=None):
        counts[row['outcome'], row['certain']] += 1
        if row['outcome'] == 'exit':
            check_equal(row['exit_code'], str(STORM_CODE), f'exit_code of {row}')
        else:
            check_equal((row['outcome'], row['certain']), ('open', 'false'), f'verdict of {row}')
            check('ends' in row['reason'], f'reason of {row}')
    check(counts['exit', 'true'] > 100, f'outcomes {counts}')
    check(counts['open', 'false'] <= 1, f'the storm has one vfork at a time: {counts}')


def test_killed_while_losing(t):
    """Whatever block a killed recorder comes to last: what it lacks before its end, it tells."""
    gate = t.gate()
    process, trace = t.start_recorder(t.workload('storm'), ENDLESS_STORM, gate,
                                      options=('--ring-size', '4K'))
    storm = t.wait_truth('ready')['pid']
    t.open_gate(gate)

    def has_blocks():
        for signal_number in (signal.SIGSTOP, signal.SIGCONT):
            process.send_signal(signal_number)
            time.sleep(0.01)
        return len(ends_of_events_blocks(trace.path)) > KILL_AFTER_BLOCKS
    harness.wait_until(has_blocks, 'some blocks to be written')
    process.kill()
    t.finish_recorder(process, status=128 + signal.SIGKILL)
    os.kill(storm, signal.SIGKILL)
    whole = trace.path
    gaps = 0
    for end in ends_of_events_blocks(whole):
        trace.path = t.path('cut.vft')
        with open(whole, 'rb') as file, open(trace.path, 'wb') as cut:
            cut.write(file.read(end))
        gaps = check_gaps_are_told(trace, storm)
        check_nothing_else_is_certain(trace)
    check(gaps > KILL_AFTER_BLOCKS, f'{gaps} gaps: the case proves nothing')


def ends_of_events_blocks(path):
    """Offsets behind each block of events that is whole."""
    ends, at = [], 0
    with open(path, 'rb') as file:
        data = file.read()
    while at + BLOCK_HEADER.size <= len(data):
        _, kind, _, _, size = BLOCK_HEADER.unpack_from(data, at)
        at += BLOCK_HEADER.size + (size + 7) // 8 * 8
        if kind == EVENTS_BLOCK and at <= len(data):
            ends.append(at)
    return ends


def check_gaps_are_told(trace, storm):
    """The storm has one child at a time: no spawn follows a spawn, no exit an exit."""
    windows = trace.report('summary', '--json', status=None).json()['losses']['windows']
    child, last, gaps = None, 0, 0
    for row in read_csv(trace, 'events', status=None):
        if row['kind'] == 'spawn' and row['tid'] == str(storm):
            is_gap, child = child is not None, row['child_tid']
        elif row['kind'] == 'exit':
            is_gap, child = child != row['tid'], None
        else:
            continue
        now = int(row['time_ns'])
        if is_gap:
            gaps += 1
            check(any(window['from_ns'] <= now and window['to_ns'] >= last for window in windows),
                  f'something is missing from {last} to {now}, and nothing says so: {windows[-3:]}')
        last = now
    return gaps


def check_nothing_else_is_certain(trace):
    for row in read_csv(trace, 'vforks', status=None):
        if row['outcome'] == 'exit':
            check_equal(row['exit_code'], str(STORM_CODE), f'exit_code of {row}')
        else:
            check_equal(row['certain'], 'false', f'verdict of {row}')


def test_two_hundred_thousand_processes(t):
    """Every one accounted for: seen + lost = made."""
    trace = t.record_workload('storm', LONG_STORM)
    truth = t.truth('storm')
    check_equal(truth['made'], LONG_STORM, 'processes made')
    check_balance(t, trace, LONG_STORM)
    summary = trace.summary()
    lost = summary['losses']['events']
    n_rows, n_ended = count_children(trace, truth['pid'])
    check(n_rows <= LONG_STORM <= n_rows + lost, f'{n_rows} children seen, {lost} events lost')
    if not lost:
        check_nothing_lost(trace)
        check_equal((n_rows, n_ended, summary['episodes'], summary['outcomes']['exit']),
                    (LONG_STORM,) * 4, 'rows, ended rows, episodes, exits')


def count_children(trace, parent):
    n_rows = n_ended = 0
    text = trace.report('export', '--format', 'csv', '--table', 'processes').stdout.decode()
    for row in csv.DictReader(io.StringIO(text, newline='')):
        if row['ppid'] == str(parent):
            n_rows += 1
            n_ended += row['exit_code'] == str(STORM_CODE)
    return n_rows, n_ended


if __name__ == '__main__':
    harness.main(globals())
