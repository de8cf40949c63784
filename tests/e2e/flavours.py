#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every call that makes a CLONE_VFORK child: clone, clone3, posix_spawn, system, popen."""

import errno

import harness
from episodes import (CLONE_PARENT, CLONE_VFORK, CLONE_VM, check_episode, check_nothing_lost,
                      check_process, find)
from harness import check, check_between, check_equal


def record(t, scenario):
    process, trace = t.start_recorder(t.workload('flavours'), scenario)
    if t.finish_recorder(process, status=None).status == 77:
        raise harness.Skip(f'the workload cannot do {scenario} on this architecture')
    check_nothing_lost(trace)
    return trace


def check_flags(row, present, absent=0):
    flags = row['clone_flags']
    check_equal(flags & present, present, f'flags {present:#x} of {flags:#x}')
    check_equal(flags & absent, 0, f'flags {absent:#x} of {flags:#x}')


def test_clone_vm(t):
    trace = record(t, 'clone_vm')
    row = check_episode(trace.vforks(), t.truth('clone_vm'), 'exec', syscall='clone')
    check_flags(row, CLONE_VFORK | CLONE_VM)


def test_clone_without_vm(t):
    trace = record(t, 'clone_no_vm')
    row = check_episode(trace.vforks(), t.truth('clone_no_vm'), 'exit', syscall='clone',
                        exit_code=4)
    check_flags(row, CLONE_VFORK, CLONE_VM)


def test_clone3_vm(t):
    trace = record(t, 'clone3_vm')
    row = check_episode(trace.vforks(), t.truth('clone3_vm'), 'exec', syscall='clone3')
    check_flags(row, CLONE_VFORK | CLONE_VM)


def test_clone3_without_vm(t):
    trace = record(t, 'clone3_no_vm')
    row = check_episode(trace.vforks(), t.truth('clone3_no_vm'), 'exec', syscall='clone3')
    check_flags(row, CLONE_VFORK, CLONE_VM)


def test_clone_parent(t):
    """The blocked thread is the caller, though the child's parent is the caller's parent."""
    trace = record(t, 'clone_parent')
    row = check_episode(trace.vforks(), t.truth('clone_parent'), 'exec')
    check_flags(row, CLONE_VFORK | CLONE_VM | CLONE_PARENT)


def test_posix_spawn(t):
    trace = record(t, 'spawn_works')
    truth = t.truth('spawn_works')
    check_episode(trace.vforks(), truth, 'exec', exec_path='/bin/true')
    check_process(trace.processes(), truth['child_pid'], truth['status'],
                  argv=['true', 'spawn_works'], spawn='vfork')


def test_posix_spawn_fails(t):
    trace = record(t, 'spawn_fails')
    truth = t.truth('spawn_fails')
    check_equal(truth['status'], errno.ENOENT, 'what posix_spawn gave')
    row = find(trace.vforks(), truth)
    check_equal((row['outcome'], row['certain'], row['exit_code'], row['exec_path']),
                ('exit', True, 127, None), 'the episode')
    check_between(0, row['blocked_ns'], truth['after_ns'] - truth['before_ns'], 'blocked_ns')


def test_system(t):
    trace = record(t, 'system')
    truth = t.truth('system')
    row = check_episode(trace.vforks(), truth, 'exec')
    check(row['exec_path'].endswith('/sh'), f'exec_path is {row["exec_path"]!r}')
    process = check_process(trace.processes(), row['child_pid'], truth['status'])
    check_equal(process['argv'][-1], 'exit 6', 'the last word of argv')


def test_popen(t):
    trace = record(t, 'popen')
    truth = t.truth('popen')
    check_episode(trace.vforks(), truth, 'exec')
    process = check_process(trace.processes(), truth['child_pid'], truth['status'])
    # Since glibc 2.41 a "--" stands before the command.
    argv = [word for word in process['argv'] if word != '--']
    check_equal(argv, ['sh', '-c', 'echo $$; exit 2'], 'argv')


if __name__ == '__main__':
    harness.main(globals())
