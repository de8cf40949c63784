#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vforks that are open: at the end of the recording, from before its start, across both."""

import signal
import time

import harness
from episodes import check_episode, check_nothing_lost, find
from harness import boottime_ns, check, check_between, check_equal

HOLD_SECONDS = 0.2


def record_stuck(t, scenario):
    """Record until the child hangs, and a little on; gives the trace, truth and enclosing time."""
    process, trace = t.start_recorder(t.workload('stuck'), scenario)
    truth = t.wait_truth('stuck')
    time.sleep(HOLD_SECONDS)
    truth['ended_ns'] = boottime_ns()
    process.send_signal(signal.SIGINT)
    t.finish_recorder(process, status=None)
    return trace, truth, boottime_ns()


def check_open(t, scenario, states):
    trace, truth, end_ns = record_stuck(t, scenario)
    check_nothing_lost(trace)
    row = check_episode(trace.vforks(), truth, 'open', end_ns, from_snapshot=False,
                        release_source=None, exit_code=None, exec_path=None)
    check(row['child_state'] in states, f'child_state is {row["child_state"]!r}')
    return trace, truth, row


def test_open_at_the_end(t):
    trace, truth, row = check_open(t, 'pause', ('sleeping', 'running', 'unknown', None))
    summary = trace.summary()
    check_equal(summary['outcomes'].get('open'), 1, 'open in the summary')
    check_equal(summary['worst'][0]['child_key'], row['child_key'], 'the worst of the summary')
    first_line = trace.report('summary').text().splitlines()[0]
    check('open' in first_line or 'stuck' in first_line, f'the verdict is {first_line!r}')
    text = trace.report('summary').text()
    check(str(truth['child_pid']) in text, f'the summary names not {truth["child_pid"]}: {text}')


def test_open_and_stopped(t):
    check_open(t, 'stopped', ('stopped', 'running', 'unknown', None))


def test_open_and_running(t):
    check_open(t, 'running', ('running', 'unknown', None))


def test_ends_with_duration(t):
    """-d ends a recording whose command hangs: nobody waits for the command."""
    process, trace = t.start_recorder(t.workload('stuck'), 'pause', options=('-d', '1s'))
    t.finish_recorder(process, status=None)
    check_equal(find(trace.vforks(), t.truth('stuck'))['outcome'], 'open', 'outcome')


def start_gated(t, scenario, *arguments):
    """A workload outside the recording, hung before it begins."""
    t.start(t.workload('stuck'), scenario, *arguments)
    what = 'gated' if arguments else 'stuck'
    return t.wait_truth(what)


def record_around(t, action, options=('-a',)):
    """Record everything; do action() when every hook is attached; end the recording."""
    command, gate = t.gatekeeper()
    process, trace = t.start_recorder(*command, options=options)
    t.wait_truth('ready')
    began_ns = boottime_ns()
    action()
    t.open_gate(gate)
    t.finish_recorder(process)
    return trace, began_ns


def check_from_snapshot(row, truth, began_ns):
    check_equal(row['from_snapshot'], True, 'from_snapshot')
    check(row['start_ns'] < 0, f'start_ns is {row["start_ns"]}: it began before the recording')
    check(row['blocked_ns'] >= began_ns - truth['began_ns'], f'blocked_ns is {row["blocked_ns"]}')


def check_began_before(t, scenario, states):
    truth = start_gated(t, scenario)
    time.sleep(HOLD_SECONDS)
    trace, began_ns = record_around(t, lambda: None)
    row = find(trace.vforks(), truth)
    check_equal((row['outcome'], row['certain']), ('open', True), f'outcome ({row["reason"]})')
    check_from_snapshot(row, truth, began_ns)
    check_between(0, row['blocked_ns'], boottime_ns() - truth['before_ns'], 'blocked_ns')
    check(row['child_state'] in states, f'child_state is {row["child_state"]!r}')


def test_began_before_the_recording(t):
    check_began_before(t, 'pause', ('sleeping',))


def test_began_before_and_stopped(t):
    check_began_before(t, 'stopped', ('stopped',))


def test_released_while_recording(t):
    gate = t.gate()
    truth = start_gated(t, 'until_gate', gate)
    time.sleep(HOLD_SECONDS)

    def release():
        t.open_gate(gate)
        harness.wait_until(lambda: len(t.truths('gated')) == 2, 'the child to exec')

    trace, began_ns = record_around(t, release)
    after = t.truths('gated')[1]
    row = check_episode(trace.vforks(), after, 'exec', exec_path='/bin/true')
    check_from_snapshot(row, truth, began_ns)


def test_parent_of_a_snapshot_child_is_killed(t):
    truth = start_gated(t, 'pause')

    def kill_parent():
        harness.os.kill(truth['parent_pid'], signal.SIGKILL)
        harness.wait_until(lambda: harness.parent_of(truth['child_pid']) != truth['parent_pid'],
                           'the parent to die')

    trace, began_ns = record_around(t, kill_parent)
    row = find(trace.vforks(), truth)
    check_equal(row['outcome'], 'parent_killed', f'outcome ({row["reason"]})')
    check_from_snapshot(row, truth, began_ns)


if __name__ == '__main__':
    harness.main(globals())
