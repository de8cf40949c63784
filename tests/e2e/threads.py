#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vforks of many threads at once, and an exec by a thread that is not the leader."""

import harness
from episodes import check_episode, check_nothing_lost, check_process
from harness import check, check_equal

N_THREADS = 8
N_ROUNDS = 10
CLONE_THREAD = 0x10000


def test_eight_threads_vfork_at_once(t):
    trace = t.record_workload('threads', 'eight')
    check_nothing_lost(trace)
    truths, rows = t.truths('thread'), trace.vforks()
    check_equal((len(truths), len(rows)), (N_THREADS * N_ROUNDS,) * 2, 'the episodes')
    by_child = {row['child_pid']: row for row in rows}
    for truth in truths:
        check_episode([by_child[truth['child_pid']]], truth, 'exec')
    check_equal(len({row['parent_tid'] for row in rows}), N_THREADS, 'the threads that waited')
    check_equal(len({row['parent_key'] for row in rows}), 1, 'the processes that waited')


def test_exec_by_another_thread_than_the_leader(t):
    trace = t.record_workload('threads', 'exec_by_thread')
    check_nothing_lost(trace)
    truth, reaped = t.truth('exec_by_thread'), t.truth('reaped')
    check(truth['pid'] != truth['tid'], 'the workload exec\'d from its leader')
    check_process(trace.processes(), truth['pid'], reaped['status'], exec_count=1,
                  argv=['sh', '-c', 'exit 9'])
    check_equal([row for row in trace.processes() if row['pid'] == truth['tid']], [],
                'processes with the pid of the thread')


def test_threads_are_recorded_only_on_demand(t):
    def n_thread_spawns(trace):
        return sum(1 for event in trace.events()
                   if event['kind'] == 'spawn' and event['clone_flags'] & CLONE_THREAD
                   and event['comm'] == 'threads')

    plain = t.record_workload('threads', 'eight')
    full = t.record_workload('threads', 'eight', options=('--threads',), name='full.vft')
    check_equal(n_thread_spawns(plain), 0, 'threads without --threads')
    check_equal(n_thread_spawns(full), N_THREADS, 'threads with --threads')
    check_equal(len(full.vforks()), N_THREADS * N_ROUNDS, 'episodes with --threads')
    check_equal([row['spawn'] for row in full.processes() if row['spawn'] == 'clone'], [],
                'threads among the processes')


if __name__ == '__main__':
    harness.main(globals())
