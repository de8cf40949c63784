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


def test_open_child_that_renamed_itself(t):
    trace, _, _ = record_stuck(t, 'renamed')
    for option, value in (('--comm', '(renamed)'), ('--uid', '33'), ('--comm', 'stuck')):
        rows = trace.vforks(option, value)
        check_equal([(row['child_comm'], row['child_uid'], row['uid'], row['outcome'],
                      row['selected']) for row in rows],
                    [('(renamed)', 33, 0, 'open', 'yes')], f'vforks {option} {value}')
    check_equal(trace.vforks('--uid', '34'), [], 'vforks of another uid')
    check('(renamed)[' in trace.report('summary').text().splitlines()[0], 'its name in the verdict')


def began_nested(t):
    t.start(t.workload('stuck'), 'nested')
    harness.wait_until(lambda: len(t.truths('stuck')) == 3, 'three to wait for each other')
    return t.truths('stuck')


def check_nested(trace, truths):
    first, middle, last = truths
    rows = trace.vforks('--comm', 'nested-*')
    check_equal([(row['parent_pid'], row['child_pid'], row['child_comm'], row['outcome'])
                 for row in rows],
                [(truth['parent_pid'], truth['child_pid'], f'nested-{i + 1}', 'open')
                 for i, truth in enumerate((first, middle, last))], 'the chain')
    lines = trace.report('summary').text().splitlines()
    check(lines[0].startswith(f'3 vforks are stuck behind nested-3[{last["child_pid"]}] (sleeping):'
                              f' stuck[{first["parent_pid"]}] ('), lines[0])
    check(lines[0].endswith(f'by child nested-1[{first["child_pid"]}], which waits for it through '
                            '1 more'), lines[0])
    told = lines[lines.index('Open') + 1]
    check(f'nested-3[{last["child_pid"]}]' in told and 'and 2 more behind it' in told, told)
    check(not any('frozen' in line or 'more: ' in line for line in lines), '\n'.join(lines))


def test_nested_waits_name_the_last(t):
    """Recorded from their beginning."""
    process, trace = t.start_recorder(t.workload('stuck'), 'nested')
    harness.wait_until(lambda: len(t.truths('stuck')) == 3, 'three to wait for each other')
    time.sleep(HOLD_SECONDS + 1)  # until the recorder has looked at them
    process.send_signal(signal.SIGINT)
    t.finish_recorder(process, status=None)
    check_nested(trace, t.truths('stuck'))


def test_nested_waits_from_before(t):
    truths = began_nested(t)
    time.sleep(HOLD_SECONDS)
    trace = t.record(options=('-p', str(truths[0]['parent_pid']), '-d', '300ms'))
    check_nested(trace, truths)


def test_a_thread_is_named_with_its_process(t):
    t.start(t.workload('stuck'), 'in_thread')
    truth = t.wait_truth('stuck')
    time.sleep(HOLD_SECONDS)
    check(truth['parent_tid'] != truth['parent_pid'], 'the workload vforked from its leader')
    trace = t.record('true', options=('-a',))
    text = trace.report('summary', '--pid', str(truth['parent_tid'])).text()
    check(f'stuck[{truth["parent_pid"]}] thread {truth["parent_tid"]} (' in
          text.splitlines()[0], text)
    text = trace.report('vforks', '--pid', str(truth['parent_tid'])).text()
    check(f'thread={truth["parent_tid"]}' in text, text)


def test_forked_children_that_never_exec(t):
    process, trace = t.start_recorder(t.workload('stuck'), 'forks')
    truth = t.wait_truth('forked')
    t.finish_recorder(process, status=None)
    rows = {row['pid']: row for row in trace.processes()}
    check_equal((rows[truth['pid']]['spawn'], rows[truth['pid']]['exec_ns'],
                 rows[truth['pid']]['end_ns']), ('fork', None, None), 'the one that waits')
    check_equal([row['exec_count'] for row in rows.values() if row['exec_ns'] is not None and
                 row['spawn'] == 'fork' and row['comm'] == 'true'], [1], 'the one that execs')
    check_equal(trace.summary()['never_execed'], 1, 'never_execed')
    check('1 of them forked and not seen to exec or exit' in trace.report('summary').text(),
          'the summary')


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


def test_two_recordings_of_one_hang(t):
    """Whatever their order, and with one given twice: one wait, its child one process."""
    truth = start_gated(t, 'pause')
    first, second = (t.record(options=('-a', '-d', '300ms'), name=name)
                     for name in ('a.vft', 'b.vft'))
    alone = find(second.vforks(), truth)
    for before, last in ((first, second), (second, first)):
        rows = last.vforks(before.path, second.path)
        row = find(rows, truth)
        check_equal(len([r for r in rows if r['child_key'] == row['child_key']]), 1, 'rows')
        check_equal((row['outcome'], row['certain']), ('open', True), row['reason'])
        check_equal(row['blocked_ns'], alone['blocked_ns'], 'blocked_ns')
        children = last.report('export', '--format', 'json', '--table', 'processes', before.path)
        children = [p for p in children.json()['rows'] if p['pid'] == truth['child_pid']]
        check_equal(len(children), 1, 'processes with the pid of the child')
        check_equal(children[0]['spawn'], 'existing', 'spawn')
    harness.os.kill(truth['child_pid'], signal.SIGKILL)
    harness.wait_until(lambda: not harness.os.path.exists(f'/proc/{truth["child_pid"]}'),
                       'the child to end')
    third = t.record(options=('-a', '-d', '300ms'), name='c.vft')
    row = find(third.vforks(first.path), truth)
    check_equal(row['outcome'], 'unknown', 'what became of it between two recordings')
    check('list' in row['reason'], row['reason'])


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
