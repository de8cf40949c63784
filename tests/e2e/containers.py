#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Cgroups: their names for every row that refers to one, v1 beside v2, and frozen ones."""

import os
import signal

import cgroupfs
import harness
from episodes import find
from harness import check, check_equal

HIERARCHY = 1 << 40
CONTAINER = '0123456789abcdef' * 4
OTHER = 'fedcba9876543210' * 4
PATH_MAX = 4096
MARK = '/…'
MAX_INODE = 200_000


def unique(name):
    return f'vft-e2e-{os.getpid()}-{name}'


def hang_in(t, cgroup, scenario='pause'):
    """A stuck vfork in that cgroup, from before any recording."""
    before = len(t.truths('stuck'))
    cgroup.start(t, t.workload('stuck'), scenario)
    return harness.wait_until(lambda: t.truths('stuck')[before:], 'the workload to hang')[0]


def record_now(t, *options, name='t.vft'):
    """A recording of everything, or as options say, that begins and ends now."""
    process, trace = t.start_recorder(options=('--force', '-d', '200ms', *options), name=name)
    t.finish_recorder(process)
    return trace


def start_recording(t, *options, **words):
    """A recording that lasts until it is ended, with every hook attached."""
    process, trace = t.start_recorder(options=options, **words)
    harness.wait_until(lambda: is_recording(trace), 'the recording to begin')
    return process, trace


def is_recording(trace):
    """Once the first list is in the file, all hooks are there."""
    if not os.path.exists(trace.path):
        return False
    result = trace.report('events', '--ndjson', status=None)
    return b'"snapshot"' in result.stdout


def end_recording(t, process):
    process.send_signal(signal.SIGINT)
    t.finish_recorder(process)


def check_all_named(trace):
    """No row refers to a cgroup that has no name. (Rows are sorted by time, the file is not.)"""
    events = trace.events()
    named = {event['cgroup'] for event in events if event['kind'] == 'cgroup'}
    for event in events:
        for key in ('cgroup', 'child_cgroup'):
            check(event.get(key) is None or event[key] in named,
                  f'{key} of {event["kind"]} of {event.get("pid")} has no name: {event.get(key)}')


def check_container(trace, truth, path, container):
    row = find(trace.vforks(), truth)
    check_equal((row['cgroup'], row['container_id']), (path, container), 'the container')
    check_equal(len(trace.vforks('--container', container[:12])), 1, 'vforks of the container')
    check_all_named(trace)


def test_name_of_a_hung_container(t):
    """It began before the recording, and nothing else happens in it."""
    cgroup = cgroupfs.make(t, unique('docker'), CONTAINER)
    truth = hang_in(t, cgroup)
    check_container(record_now(t), truth, cgroup.path, CONTAINER)
    check_container(record_now(t, '-p', truth['parent_pid']), truth, cgroup.path, CONTAINER)


def test_name_in_a_recording_that_was_killed(t):
    cgroup = cgroupfs.make(t, unique('docker'), CONTAINER)
    truth = hang_in(t, cgroup)
    process, trace = start_recording(t, '-p', truth['parent_pid'])
    process.send_signal(signal.SIGKILL)
    process.wait()
    row = find(trace.vforks(status=None), truth)
    check_equal(row['container_id'], CONTAINER, 'the container')


def test_name_of_a_cgroup_that_is_new(t):
    process, trace = start_recording(t)
    cgroup = cgroupfs.make(t, unique('docker'), CONTAINER)
    truth = hang_in(t, cgroup)
    end_recording(t, process)
    check_container(trace, truth, cgroup.path, CONTAINER)


def test_name_of_a_child_that_was_moved(t):
    """Before the recording, and while it runs."""
    parent = cgroupfs.make(t, unique('a'))
    early, late = cgroupfs.make(t, unique('b')), cgroupfs.make(t, unique('c'))
    truth = hang_in(t, parent)
    early.put(truth['child_pid'])
    process, trace = start_recording(t, '-p', truth['parent_pid'])
    late.put(truth['child_pid'])
    end_recording(t, process)
    check_all_named(trace)
    names = {event['cgroup']: event['path'] for event in trace.events()
             if event['kind'] == 'cgroup'}
    seen = [names[event['cgroup']] for event in trace.events()
            if event.get('pid') == truth['child_pid'] and event['kind'] in ('snapshot', 'stall')]
    check_equal(seen, [early.path, late.path], 'the cgroups of the child')


def test_name_of_a_cgroup_that_is_removed(t):
    """Removed while the last list is not written yet, or long before the end."""
    process, trace = start_recording(t)
    cgroup = cgroupfs.make(t, unique('short'))
    truth = hang_in(t, cgroup)
    cgroup.remove()
    end_recording(t, process)
    check_equal(find(trace.vforks(), truth)['cgroup'], cgroup.path, 'the cgroup')
    check_all_named(trace)


def long_names(size):
    """Names whose path has that many bytes."""
    names = [unique(f'long{size}')]
    left = size - len(names[0]) - 1
    while left:
        n = left if left <= 201 else 201 if left != 202 else 101
        names.append('x' * (n - 1))
        left -= n
    return names


def check_long(truth, trace, path):
    is_cut = len(path) > PATH_MAX
    kept = path[:PATH_MAX - len(MARK.encode())] + MARK if is_cut else path
    check_equal(find(trace.vforks(), truth)['cgroup'], kept, 'the cgroup')
    check_all_named(trace)


def test_long_paths(t):
    """Longer than what the kernel tells, and longer than what is kept: that is said."""
    for size in (1023, 1024, 3000, PATH_MAX, PATH_MAX + 1, 6000):
        process, trace = start_recording(t, name=f'new{size}.vft')
        cgroup = cgroupfs.make(t, *long_names(size))
        check_equal(len(cgroup.path), size, 'the size of the path')
        truth = hang_in(t, cgroup)
        end_recording(t, process)
        check_long(truth, trace, cgroup.path)
        check_long(truth, record_now(t, '-p', truth['parent_pid'], name=f'old{size}.vft'),
                   cgroup.path)


# --- v1 beside v2 ---------------------------------------------------------------------------------

def v1_controller():
    for controller in ('memory', 'pids'):
        if cgroupfs.find_mount(controller):
            return controller
    raise harness.Skip('no v1 hierarchy of memory or pids is mounted')


def test_container_of_v1(t):
    """Where cgroup v2 says / or the engine's own service, v1 names the container."""
    controller = v1_controller()
    v1 = cgroupfs.make(t, unique('docker'), CONTAINER, controller=controller)
    for v2 in (None, cgroupfs.make(t, unique('containerd.service'))):
        truth = hang_in(t, v1)
        for pid in (truth['parent_pid'], truth['child_pid']):
            (v2 or cgroupfs.Cgroup(cgroupfs.find_mount(), '/')).put(pid)
        check_container(record_now(t, '-p', truth['parent_pid']), truth, v1.path, CONTAINER)
        v1.kill_all()


def test_container_of_v2_beside_v1(t):
    controller = v1_controller()
    v2 = cgroupfs.make(t, unique('docker'), CONTAINER)
    for name in (OTHER, 'slice'):
        v1 = cgroupfs.make(t, unique('docker'), name, controller=controller)
        truth = hang_in(t, v2)
        for pid in (truth['parent_pid'], truth['child_pid']):
            v1.put(pid)
        check_container(record_now(t, '-p', truth['parent_pid']), truth, v2.path, CONTAINER)
        v2.kill_all()


def test_container_of_v1_that_is_new(t):
    controller = v1_controller()
    process, trace = start_recording(t)
    v1 = cgroupfs.make(t, unique('docker'), CONTAINER, controller=controller)
    truth = hang_in(t, v1)
    for pid in (truth['parent_pid'], truth['child_pid']):
        cgroupfs.Cgroup(cgroupfs.find_mount(), '/').put(pid)
    end_recording(t, process)
    names = [event for event in trace.events()
             if event['kind'] == 'cgroup' and event['path'] == v1.path]
    check(names and names[0]['cgroup'] // HIERARCHY, f'the name of the v1 cgroup: {names}')
    check_all_named(trace)


def test_same_inode_in_another_hierarchy(t):
    """A cgroup of v1 that has the inode of one of v2 leaves the latter its name."""
    mount = cgroupfs.mount_named(t)
    v2 = cgroupfs.make(t, unique('v2'))
    truth = hang_in(t, v2)
    wanted = v2.inode()
    if wanted > MAX_INODE:
        raise harness.Skip(f'the inodes of cgroup v2 are at {wanted} already')
    first = cgroupfs.make(t, 'first', mount=mount).inode()
    step = cgroupfs.make(t, 'second', mount=mount).inode() - first
    process, trace = start_recording(t)
    # Whichever of the v2 cgroups is hit: make them until one lies on the way of the others.
    while (wanted - first) % step:
        v2.kill_all()
        v2 = cgroupfs.make(t, unique(f'v2-{wanted}'))
        wanted = v2.inode()
        truth = None
    truth = truth or hang_in(t, v2)
    at = first + step
    while at < wanted:
        cgroupfs.Cgroup(mount, '/n').make()
        at = cgroupfs.Cgroup(mount, '/n').inode()
        os.rmdir(f'{mount}/n')
    check_equal(at, wanted, 'the inode of the last cgroup of v1')
    end_recording(t, process)
    check_equal(find(trace.vforks(), truth)['cgroup'], v2.path, 'the cgroup')
    check('/n' not in [event['path'] for event in trace.events() if event['kind'] == 'cgroup'],
          'a name of a hierarchy that no row refers to is in the file')


# --- frozen ---------------------------------------------------------------------------------------

def states_of(trace, pid):
    return [event['state'] for event in trace.events()
            if event.get('pid') == pid and event['kind'] in ('snapshot', 'stall')]


def check_states(t, truth, child, parent, cgroup=None):
    trace = record_now(t, '-p', truth['parent_pid'])
    check_equal(set(states_of(trace, truth['child_pid'])), {child}, 'states of the child')
    check_equal(set(states_of(trace, truth['parent_pid'])), {parent}, 'states of the parent')
    row = find(trace.vforks(), truth)
    check_equal(row['child_state'], child, 'child_state')
    if cgroup:
        check_equal(row['child_cgroup'], cgroup.path, 'child_cgroup')
        text = trace.report('summary').text()
        check(f'frozen with cgroup {cgroup.path}' in text, f'the summary does not name it: {text}')
    check_all_named(trace)


def test_waiting_is_not_frozen(t):
    cgroup = cgroupfs.make(t, unique('warm'))
    check_states(t, hang_in(t, cgroup), 'sleeping', 'blocked')


def test_frozen_in_v2(t):
    """Also where it is a cgroup above that was told to freeze."""
    cgroup = cgroupfs.make(t, unique('ice'))
    below = cgroupfs.make(t, unique('ice'), 'below')
    truth = hang_in(t, below)
    t.undo.callback(cgroup.thaw)
    cgroup.write('cgroup.freeze', 1)
    harness.wait_until(lambda: 'frozen 1' in cgroup.read('cgroup.events'), 'the cgroup to freeze')
    check_states(t, truth, 'frozen', 'frozen', below)
    cgroup.write('cgroup.freeze', 0)
    harness.wait_until(lambda: 'frozen 0' in cgroup.read('cgroup.events'), 'the cgroup to thaw')
    check_states(t, truth, 'sleeping', 'blocked')


def test_frozen_in_v1(t):
    cgroup = cgroupfs.make(t, unique('ice'), controller='freezer')
    below = cgroupfs.make(t, unique('ice'), 'below', controller='freezer')
    truth = hang_in(t, below)
    t.undo.callback(cgroup.thaw)
    cgroup.write('freezer.state', 'FROZEN')
    harness.wait_until(lambda: cgroup.read('freezer.state') == 'FROZEN\n', 'the cgroup to freeze')
    check_states(t, truth, 'frozen', 'frozen', below)
    cgroup.write('freezer.state', 'THAWED')
    check_states(t, truth, 'sleeping', 'blocked')


if __name__ == '__main__':
    harness.main(globals())
