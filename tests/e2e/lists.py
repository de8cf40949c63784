#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Lists of what ran before: whom they hold, and whom the recorder can be told to follow."""

import os
import signal
import threading

import harness
from episodes import find, one
from harness import RECORD, Trace, check, check_equal

PIDNS_INITIAL = 4026531836


def own_pidns():
    return os.stat('/proc/self/ns/pid').st_ino


def section_of(trace):
    (row,) = trace.report('info', '--json').json()['rows']
    return row


def test_list_of_the_whole_host(t):
    if own_pidns() != PIDNS_INITIAL:
        raise harness.Skip('these tests run in a pid namespace')
    process, trace = t.start_recorder('true')
    result = t.finish_recorder(process)
    section = section_of(trace)
    check_equal(section['list_pidns'], None, 'what lists cover')
    check('namespace' not in result.stderr.decode(), f'a notice without a reason: {result}')
    check('Lists' not in trace.report('info').text(), 'info speaks of lists that cover all')


def test_list_of_a_pid_namespace(t):
    """Also where /proc is still that of the host."""
    harness.require_tool('unshare')
    # Of all mounts that of /proc alone is made private: a chroot's root may be no mount point.
    for mount in ([], ['--mount-proc', '--propagation', 'unchanged']):
        path = t.path('inside.vft')
        inside = ('unshare', '--pid', '--fork', *mount, RECORD, '--force', '-o', path)
        result = t.run(*inside, '--', 'readlink', '/proc/self/ns/pid')
        check_equal(result.status, 0, f'status of {result}')
        trace = Trace(t, path)
        section = section_of(trace)
        inode = int(result.stdout.decode().strip('pid:[]\n'))
        check_equal(section['list_pidns'], inode, f'what lists cover {mount}')
        check('--pid=host' in result.stderr.decode(), f'nothing is said: {result}')
        check('pid namespace' in trace.report('info').text(), 'info says nothing')
        result = t.run(*inside, '-q', '--', 'true')
        check_equal(result.stderr, b'', 'what -q says')


# --- whom -p follows ------------------------------------------------------------------------------

def record_pid(t, pid, status=0):
    process, trace = t.start_recorder(options=('--force', '-d', '200ms', '-p', pid))
    return t.finish_recorder(process, status), trace


def hang(t):
    t.start(t.workload('stuck'), 'pause')
    return t.wait_truth('stuck')


def test_thread_id(t):
    """-p of a thread records the process that it belongs to, and says so."""
    ready = threading.Event()
    end = threading.Event()
    ids = []

    def wait():
        ids.append(threading.get_native_id())
        ready.set()
        end.wait()
    thread = threading.Thread(target=wait)
    thread.start()
    try:
        ready.wait()
        with open('/proc/self/comm', encoding='utf-8') as file:
            comm = file.read().strip()
        result, trace = record_pid(t, ids[0])
        check_equal(result.error_lines()[0],
                    f'vfork-record: {ids[0]} is a thread of process {os.getpid()} ({comm}), '
                    'which is recorded with all its threads', 'the first line')
        check(os.getpid() in [row['pid'] for row in trace.processes()],
              'the process of the thread is not in the file')
        result, _ = record_pid(t, os.getpid())
        check('is a thread' not in result.stderr.decode(), f'a leader is called a thread: {result}')
    finally:
        end.set()
        thread.join()


def refusal(t, pid):
    result, trace = record_pid(t, pid, status=2)
    check(not os.path.exists(trace.path), 'a file was left')
    (line,) = result.error_lines()
    return line


def test_kernel_thread(t):
    """Those are in no list; that there is no such process would not be true."""
    with open('/proc/2/stat', encoding='utf-8') as file:
        if '(kthreadd)' not in file.read():
            raise harness.Skip('no kernel thread is to be seen here')
    check('2 (kthreadd) is a kernel thread' in refusal(t, 2), f'it says: {refusal(t, 2)}')


def test_process_that_is_not_listed(t):
    """Some kernels keep process 1 out of what programs list."""
    trace = t.record('true', options=('-a',))
    if 1 in [row['pid'] for row in trace.processes()]:
        raise harness.Skip('this kernel lists process 1')
    check('process 1 ' in refusal(t, 1) and 'does not list' in refusal(t, 1),
          f'it says: {refusal(t, 1)}')


def test_zombie(t):
    zombie = t.start('true')
    harness.wait_until(lambda: state_of(zombie.pid) == 'Z', 'the process to end')
    check('ended already' in refusal(t, zombie.pid), f'it says: {refusal(t, zombie.pid)}')


def state_of(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
        return file.read().rpartition(')')[2].split()[0]


def test_only_the_child(t):
    """Its parent is held, and so is named: with executable, though nobody asked for it."""
    truth = hang(t)
    _, trace = record_pid(t, truth['child_pid'])
    row = find(trace.vforks(), truth)
    check_equal((row['outcome'], row['certain'], row['parent_comm'], row['parent_exe']),
                ('open', True, 'stuck', os.path.realpath(t.workload('stuck'))), 'the row')
    parent = one(trace.processes(), 'processes', pid=truth['parent_pid'])
    check_equal(parent['argv'][1:], ['pause'], "the parent's arguments")
    check_equal([event['pid'] for event in trace.events() if event['kind'] == 'snapshot'],
                sorted((truth['parent_pid'], truth['child_pid'])), 'who is listed')


def test_only_the_child_of_a_parent_that_ends(t):
    """The parent's own end is seen as far as it ends the wait; nothing else is claimed."""
    truth = hang(t)
    process, trace = t.start_recorder(options=('-p', truth['child_pid']))
    harness.wait_until(lambda: os.path.exists(trace.path) and b'"snapshot"' in trace.report(
        'events', '--ndjson', status=None).stdout, 'the list')
    os.kill(truth['parent_pid'], signal.SIGKILL)
    harness.wait_until(lambda: harness.parent_of(truth['child_pid']) != truth['parent_pid'],
                       'the parent to die')
    process.send_signal(signal.SIGINT)
    t.finish_recorder(process)
    row = find(trace.vforks(), truth)
    check_equal((row['outcome'], row['certain'], row['parent_comm']),
                ('parent_killed', True, 'stuck'), f'the row ({row["reason"]})')


if __name__ == '__main__':
    harness.main(globals())
