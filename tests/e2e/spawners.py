#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Real spawners, with strace -f as a second witness: shells, make, CPython, and the workloads."""

import os
import re
import sys

import harness
from episodes import check_nothing_lost, check_process, one
from harness import check, check_equal

SCRIPT = '/bin/true one; /bin/false two; echo $(/bin/echo three) | cat; (exit 4); exit 5'

MAKEFILE = '''\
all: left right
left right:
\t@/bin/true $@
\t@/bin/echo $@; exit 0
'''

PYTHON = '''\
import subprocess
subprocess.run(["/bin/true", "by vfork"])
subprocess.run(["/bin/true", "by posix_spawn"], close_fds=False)
subprocess.run("exit 3", shell=True)
try:
    subprocess.run(["/nonexistent/program"])
except FileNotFoundError:
    pass
'''

CALL = re.compile(r'^(\d+) +(vfork|clone3?|fork)\((.*)')
RESUMED = re.compile(r'^(\d+) +<\.\.\. (vfork|clone3?|fork) resumed>(.*)')
RETURNED = re.compile(r'\)\s+= (\d+)')
EXEC = re.compile(r'^(\d+) +execve(?:at)?\(.*\)\s+= 0$')
EXEC_RESUMED = re.compile(r'^(\d+) +<\.\.\. execve(?:at)? resumed>.*= 0$')
EXITED = re.compile(r'^(\d+) +\+\+\+ exited with (\d+) \+\+\+')
KILLED = re.compile(r'^(\d+) +\+\+\+ killed by (\w+)')


class Witness:
    """What strace -f -e trace=process saw."""

    def __init__(self, path):
        self.vforks = []   # (parent, child, call)
        self.forks = []    # (parent, child)
        self.execs = {}    # pid -> how many
        self.exits = {}    # pid -> (code, signal)
        self.pending = {}  # pid -> (call, arguments)
        with open(path, encoding='utf-8', errors='replace') as log:
            for line in log:
                self.add(line.rstrip('\n'))

    def add(self, line):
        call, resumed = CALL.match(line), RESUMED.match(line)
        if call:
            self.pending[call[1]] = (call[2], call[3])
            self.add_return(int(call[1]), call[2], call[3], call[3])
        elif resumed:
            name, arguments = self.pending.get(resumed[1], (resumed[2], ''))
            self.add_return(int(resumed[1]), name, arguments + resumed[3], resumed[3])
        for pattern in (EXEC, EXEC_RESUMED):
            match = pattern.match(line)
            if match:
                self.execs[int(match[1])] = self.execs.get(int(match[1]), 0) + 1
        if EXITED.match(line):
            pid, code = EXITED.match(line).groups()
            self.exits[int(pid)] = (int(code), None)
        if KILLED.match(line):
            pid, name = KILLED.match(line).groups()
            self.exits[int(pid)] = (None, name)

    def add_return(self, parent, name, arguments, tail):
        returned = RETURNED.search(tail)
        if not returned or 'CLONE_THREAD' in arguments:
            return
        child = int(returned[1])
        if name == 'vfork' or 'CLONE_VFORK' in arguments:
            self.vforks.append((parent, child, name))
        else:
            self.forks.append((parent, child))


def record_with_witness(t, *command, name='strace'):
    harness.require_tool('strace')
    log = t.path(f'{name}.log')
    trace = t.record('strace', '-f', '-q', '-e', 'trace=process', '-o', log, *command,
                     status=None, name=f'{name}.vft')
    check_nothing_lost(trace)
    return trace, Witness(log)


def check_agreement(trace, witness):
    """Episodes, parents, execs and ends are the same in both."""
    traced = set(witness.exits)
    rows = [row for row in trace.vforks() if row['parent_tid'] in traced]
    seen = sorted((row['parent_tid'], row['child_pid'], row['syscall']) for row in rows)
    check_equal(seen, sorted(witness.vforks), 'the episodes')
    for row in rows:
        wanted = 'exec' if witness.execs.get(row['child_pid']) else 'exit'
        if witness.exits[row['child_pid']][1] and wanted == 'exit':
            wanted = 'killed'
        check_equal((row['outcome'], row['certain']), (wanted, True), f'the outcome of {row}')
    check_processes(trace, witness)
    return rows


def check_processes(trace, witness):
    processes = trace.processes()
    spawned = [(parent, child, 'vfork') for parent, child, _ in witness.vforks]
    spawned += [(parent, child, 'fork') for parent, child in witness.forks]
    for parent, child, spawn in spawned:
        row = check_process(processes, child, ppid=parent,
                            exec_count=witness.execs.get(child, 0))
        check(row['spawn'] == spawn or (spawn, row['spawn']) == ('fork', 'clone'),
              f'process {child}: spawn is {row["spawn"]}, not {spawn}')
        code, name = witness.exits[child]
        check_equal((row['exit_code'] if name is None else None, row['exit_signal']), (code, name),
                    f'process {child}: its end')


def test_dash(t):
    trace, witness = record_with_witness(t, 'dash', '-c', SCRIPT)
    rows = check_agreement(trace, witness)
    check(rows, 'dash made no vfork: it is expected to')


def test_bash(t):
    check_agreement(*record_with_witness(t, 'bash', '--norc', '-c', SCRIPT))


def test_make(t):
    with open(t.path('Makefile'), 'w', encoding='utf-8') as file:
        file.write(MAKEFILE)
    trace, witness = record_with_witness(t, 'make', '-s', '-j2', '-f', t.path('Makefile'))
    rows = check_agreement(trace, witness)
    check_equal(len([row for row in rows if row['parent_comm'] == 'make']), 4,
                'the recipe lines of make')


def python():
    return '/usr/bin/python3' if os.access('/usr/bin/python3', os.X_OK) else sys.executable


def test_cpython_subprocess(t):
    trace, witness = record_with_witness(t, python(), '-I', '-c', PYTHON)
    check_agreement(trace, witness)
    for words in (['/bin/true', 'by vfork'], ['/bin/true', 'by posix_spawn'],
                  ['/bin/sh', '-c', 'exit 3']):
        one(trace.processes(), 'processes', argv=words)


def test_workloads_twice_witnessed(t):
    """The three views agree: the workload's own, strace's and the report's."""
    for program, scenario in (('basic', 'nested'), ('basic', 'killed'), ('flavours', 'clone_vm'),
                              ('flavours', 'spawn_fails'), ('flavours', 'clone3_no_vm')):
        trace, witness = record_with_witness(t, t.workload(program), scenario, name=scenario)
        check_agreement(trace, witness)
        children = {child for _, child, _ in witness.vforks}
        for truth in t.truths():
            if truth.get('child_pid') and truth['parent_pid'] in witness.exits:
                check(truth['child_pid'] in children, f'strace saw not {truth}')


def test_without_strace(t):
    """A shell that is not traced: its own account, by $$ and $!, of who ran."""
    script = '/bin/true a; sh -c \'echo $$ $PPID >pids; exit 7\'; /bin/true b; exit 5'
    trace = t.record('dash', '-c', script, status=5)
    check_nothing_lost(trace)
    with open(t.path('pids'), encoding='utf-8') as file:
        child, parent = map(int, file.read().split())
    processes = trace.processes()
    check_process(processes, parent, status=5 << 8, comm='dash', argv=['dash', '-c', script])
    check_process(processes, child, status=7 << 8, ppid=parent, comm='sh', spawn='vfork')
    check_equal([row['argv'] for row in processes if row['comm'] == 'true'],
                [['/bin/true', 'a'], ['/bin/true', 'b']], 'the two that ran /bin/true')


if __name__ == '__main__':
    harness.main(globals())
