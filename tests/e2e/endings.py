#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""How a vfork ends: exec, exit, a signal, a failed exec, a parent that dies first."""

import harness
from episodes import (CLONE_VFORK, CLONE_VM, check_episode, check_nothing_lost, check_process)
from harness import check, check_equal


def record(t, scenario):
    trace = t.record_workload('basic', scenario)
    check_nothing_lost(trace)
    return trace


def test_exec(t):
    trace = record(t, 'vfork_exec')
    truth = t.truth('vfork_exec')
    row = check_episode(trace.vforks(), truth, 'exec', syscall='vfork', from_snapshot=False,
                        exec_path='/bin/true', release_source='release', uid=0)
    check_equal(row['clone_flags'] & (CLONE_VFORK | CLONE_VM), CLONE_VFORK | CLONE_VM,
                'CLONE_VFORK and CLONE_VM of clone_flags')
    check_equal(row['parent_comm'], 'basic', 'parent_comm')
    check(row['parent_exe'].endswith('/basic'), f'parent_exe is {row["parent_exe"]!r}')
    process = check_process(trace.processes(), truth['child_pid'], truth['status'],
                            ppid=truth['parent_pid'], spawn='vfork', exec_count=1, comm='true',
                            argv=['true', 'vfork_exec'], argv_truncated=False)
    check_equal((row['child_key'], row['parent_key']), (process['key'], process['parent_key']),
                'the keys of both tables')


def test_exit(t):
    trace = record(t, 'vfork_exit')
    truth = t.truth('vfork_exit')
    check_episode(trace.vforks(), truth, 'exit', exit_code=3, exec_path=None)
    check_process(trace.processes(), truth['child_pid'], truth['status'], exec_count=0,
                  spawn='vfork', comm='basic')


def test_killed(t):
    trace = record(t, 'killed')
    for name in ('SIGKILL', 'SIGSEGV'):
        truth = t.truth('killed_' + name.lower())
        check_episode(trace.vforks(), truth, 'killed', exit_signal=name)
        check_process(trace.processes(), truth['child_pid'], truth['status'])


def test_exec_of_missing_file(t):
    """Without --failures the failed exec itself is not seen; what is seen is told as it is."""
    trace = record(t, 'exec_failed')
    truth = t.truth('exec_failed')
    check_episode(trace.vforks(), truth, 'exit', exit_code=127, exec_path=None)
    check_process(trace.processes(), truth['child_pid'], truth['status'], exec_count=0)


def test_nested(t):
    trace = record(t, 'nested')
    rows = trace.vforks()
    outer, inner = t.truth('nested_outer'), t.truth('nested_inner')
    check_equal(inner['parent_pid'], outer['child_pid'], 'the inner parent')
    outer_row = check_episode(rows, outer, 'exec')
    inner_row = check_episode(rows, inner, 'exec')
    check_equal(inner_row['parent_key'], outer_row['child_key'], 'the key in the middle')
    check_equal(len(rows), 2, 'the number of episodes')


def test_two_execs_of_one_process(t):
    trace = record(t, 'exec_twice')
    truth = t.truth('exec_twice')
    check_episode(trace.vforks(), truth, 'exec', exec_path='/bin/sh')
    check_process(trace.processes(), truth['child_pid'], truth['status'], exec_count=2,
                  comm='true', argv=['/bin/true', 'twice'])


def test_parent_killed(t):
    trace = record(t, 'parent_killed')
    truth = t.truth('parent_killed')
    statuses = {line['pid']: line['status'] for line in t.truths('reaped')}
    check_episode(trace.vforks(), truth, 'parent_killed')
    processes = trace.processes()
    check_process(processes, truth['parent_pid'], statuses[truth['parent_pid']])
    # Its new parent is another process; the one shown is the one that made it.
    check_process(processes, truth['child_pid'], statuses[truth['child_pid']],
                  ppid=truth['parent_pid'])


if __name__ == '__main__':
    harness.main(globals())
