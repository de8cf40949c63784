#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who is who: pid namespaces, a pid used twice, the tree of those who made whom."""

import errno
import os
import re

import harness
from episodes import (CLONE_NEWPID, CLONE_VFORK, check_episode, check_nothing_lost, check_process,
                      check_status)
from harness import Skip, check, check_equal

SPAWN_KERNEL = 2
# Asks for a key that nobody has: the kernel starts a program that may know it.
REQUEST_KEY = {'x86_64': 249, 'aarch64': 218}


def test_child_in_a_new_pid_namespace(t):
    trace = t.record_workload('pidns', 'new_namespace')
    check_nothing_lost(trace)
    truth = t.truth('new_namespace')
    check_equal(truth['child_ns_pid'], 1, 'the pid the child saw')
    row = check_episode(trace.vforks(), truth, 'exit', exit_code=11, child_ns_pid=1)
    check_equal(row['clone_flags'] & (CLONE_NEWPID | CLONE_VFORK), CLONE_NEWPID | CLONE_VFORK,
                'clone_flags')
    check_process(trace.processes(), truth['child_pid'], truth['status'], ns_pid=1,
                  ppid=truth['parent_pid'])
    host = trace.vforks('--pid', truth['child_pid'])
    inside = trace.vforks('--pid', '1', '--ns')
    check_equal([[r['child_pid'] for r in rows] for rows in (host, inside)],
                [[truth['child_pid']]] * 2, 'selection by host pid and by container pid')


def test_tree_inside_a_pid_namespace(t):
    """Everybody in it has two pids, grandchildren too."""
    harness.require_tool('unshare')
    script = "sh -c 'echo $$ >inner; :' ; exit 3"
    trace = t.record('unshare', '--pid', '--fork', 'dash', '-c', script, status=3)
    with open(t.path('inner'), encoding='utf-8') as file:
        inner = int(file.read())
    processes = trace.processes()
    init = next(row for row in processes if row['ns_pid'] == 1 and row['comm'] == 'dash')
    check(init['pid'] != 1, 'the host pid of the namespace\'s init is 1')
    child = next(row for row in processes if row['parent_key'] == init['key'])
    check_equal((child['ns_pid'], child['ppid']), (inner, init['pid']), 'the pids of its child')


def test_pid_used_twice(t):
    if not os.access('/proc/sys/kernel/ns_last_pid', os.W_OK):
        raise Skip('this kernel has no ns_last_pid')
    trace = t.record_workload('pidns', 'reuse')
    check_nothing_lost(trace)
    first, second = t.truth('first'), t.truths('second')[-1]
    check_equal(first['child_pid'], second['child_pid'], 'the pid')
    rows = [row for row in trace.vforks('--sort', 'start')
            if row['child_pid'] == first['child_pid']]
    check_equal([row['exit_code'] for row in rows], [21, 22], 'the codes of the two')
    check(rows[0]['child_key'] != rows[1]['child_key'], f'both have key {rows[0]["child_key"]}')
    processes = {row['key']: row for row in trace.processes()}
    for row, truth in zip(rows, (first, second)):
        check_equal(processes[row['child_key']]['pid'], truth['child_pid'], 'pid by key')
        check_status(processes[row['child_key']], truth['status'], 'by key')


def test_made_by_the_kernel(t):
    """What a worker of the kernel starts: nobody called anything, and the parent has a name."""
    if os.uname().machine not in REQUEST_KEY:
        raise Skip('the number of request_key is not known here')
    ask = (f'import ctypes; libc = ctypes.CDLL(None, use_errno=True); '
           f'libc.syscall({REQUEST_KEY[os.uname().machine]}, b"user", b"vft-none", b"to be asked", '
           f'ctypes.c_int(-3)); raise SystemExit(ctypes.get_errno() == {errno.ENOSYS})')
    process, trace = t.start_recorder('python3', '-c', ask, options=('--all',))
    if t.finish_recorder(process, status=None).status:
        raise Skip('this kernel keeps no keys')
    spawns = [event for event in trace.events()
              if event['kind'] == 'spawn' and event['flags'] & SPAWN_KERNEL]
    if not spawns:
        raise Skip('this kernel makes such tasks unseen')
    processes = {row['pid']: row for row in trace.processes()}
    for spawn in spawns:
        check_equal(spawn['syscall'], None, f'the system call of {spawn}')
        check(spawn['comm'].startswith('kworker/'), f'the caller of {spawn}')
        check_equal(processes[spawn['child_pid']]['ppid'], spawn['pid'], 'its parent')
        check(processes[spawn['pid']]['comm'], 'the parent has no name')


def test_tree(t):
    """Children stand below those who made them, equal siblings are folded."""
    trace = t.record('dash', '-c', 'sh -c "/bin/true; :"; /bin/true; /bin/true; exit 0')
    text = trace.report('tree').text()
    check(re.search(r'dash.*\n(.*\n)*.*\bsh\b.*\n?(.*\n)*.*true', text), f'the tree is {text}')
    check_equal(trace.report('tree', '--pid', next(
        row['pid'] for row in trace.processes() if row['comm'] == 'sh')).text().count('true'), 1,
        'true below sh')


def test_uid(t):
    harness.require_tool('setpriv')
    trace = t.record('setpriv', '--reuid', '65534', '--clear-groups', 'dash', '-c',
                     '/bin/true; exit 0')
    rows = [row for row in trace.vforks() if row['parent_comm'] == 'dash']
    check_equal([row['uid'] for row in rows], [65534], 'uid of the episode')
    check_equal(len(trace.vforks('--uid', '65534')), 1, 'episodes of uid 65534')
    check_equal(trace.vforks('--uid', '12345'), [], 'episodes of uid 12345')


if __name__ == '__main__':
    harness.main(globals())
