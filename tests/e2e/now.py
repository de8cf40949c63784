#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vfork-record --now beside children that know what they wait for."""

import json
import os
import platform
import subprocess
import time

import cgroupfs
import harness
from harness import check, check_equal, wait_until



def now(t, *options, status=0):
    result = t.run(harness.RECORD, '--now', *options)
    check_equal(result.status, status, f'the status of {result}')
    check_equal(result.stderr, b'', f'stderr of {result}')
    return result


def look_at(t, truth, *options):
    """The one row of the truth's child."""
    rows = now(t, '--json', '-p', str(truth['child_pid']), *options).json()['rows']
    rows = [row for row in rows if row['child_pid'] == truth['child_pid']]
    check_equal(len(rows), 1, f'the number of rows of {truth}')
    check_equal((rows[0]['parent_pid'], rows[0]['parent_tid']),
                (truth['parent_pid'], truth['parent_tid']), 'whom it holds')
    return rows[0]


def status_of(pid):
    with open(f'/proc/{pid}/status', encoding='ascii', errors='replace') as file:
        return dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)


def has_settled(pid):
    """It sleeps, or is stopped: it is in what it wanted to be stuck in."""
    return status_of(pid)['State'][0] in 'SDTt'


def hang(t, scenario, *arguments, program='waits'):
    t.start(t.workload(program), scenario, *arguments)
    truth = t.wait_truth('stuck')
    if scenario not in ('running', 'calls'):
        wait_until(lambda: has_settled(truth['child_pid']), f'{scenario} to hang')
    return truth


def check_untouched(truth, state='S', tracer='0'):
    for pid in (truth['child_pid'], truth['parent_pid']):
        status = status_of(pid)
        expected = state if pid == truth['child_pid'] else 'D'
        check_equal(status['State'][0], expected, f'the state of {pid} afterwards')
        check_equal(status['TracerPid'], tracer if pid == truth['child_pid'] else '0',
                    f'TracerPid of {pid} afterwards')


def check_row(t, truth, cause, call, end, links=(), **columns):
    """@links: the pids behind the child in the chain."""
    row = look_at(t, truth)
    told = f'{row["cause_text"]} / {row["chain_text"]}'
    check_equal(row['cause'], cause, f'the cause ({told})')
    check_equal(row['child_syscall'], call, 'the system call')
    check_equal([link['pid'] for link in row['chain']], [truth['child_pid'], *links],
                f'the chain ({told})')
    check_equal(row['chain_end'], end, f'the end of the chain ({told})')
    check_equal(row['has_moved'], False, 'has_moved')
    for name, value in columns.items():
        check_equal(row[name], value, name)
    check_untouched(truth)
    return row


def check_frames(row, *names):
    frames = [frame.split('+')[0] for frame in row['child_kernel_stack']]
    check(any(name in frames for name in names), f'none of {names} is in {frames}')


# --- time, signals, the CPU -----------------------------------------------------------------------

def test_sleep(t):
    truth = hang(t, 'nanosleep')
    row = check_row(t, truth, 'sleep', 'clock_nanosleep', 'outside')
    check_equal(row['child_syscall_args'], ['1', '0x0', '3600s'], 'its arguments')
    check_frames(row, 'do_nanosleep', 'hrtimer_nanosleep')
    check_equal(row['interval_cpu_ns'], 0, 'the CPU time of one that sleeps')
    check(any(frame.startswith(('wait_for_vfork_done', 'kernel_clone'))
              for frame in row['parent_kernel_stack']), f'{row["parent_kernel_stack"]}')


def test_pause(t):
    check_row(t, hang(t, 'pause', program='stuck'), 'signal', 'pause', 'outside')


def test_poll(t):
    check_row(t, hang(t, 'poll'), 'poll', 'poll', 'outside')


def test_socket(t):
    row = check_row(t, hang(t, 'socket'), 'socket', 'recvfrom', 'outside', wait_fs='sockfs')
    check(row['wait_file'].startswith('socket:['), row['wait_file'])


def test_busy_loop(t):
    truth = hang(t, 'running', program='stuck')
    row = look_at(t, truth)
    check_equal((row['cause'], row['child_syscall'], row['chain_end'], row['child_state']),
                ('cpu', None, 'runs', 'running'), 'one that runs')
    check(row['interval_cpu_ns'] > 0, 'it used no CPU')
    check_equal(row['no_stack_reason'], 'it runs', 'no_stack_reason')
    check_untouched(truth, 'R')


def test_busy_with_system_calls(t):
    """Registers of one that runs are those of its last entry: no call is told."""
    truth = hang(t, 'calls')
    row = look_at(t, truth)
    check_equal((row['cause'], row['child_syscall'], row['child_kernel_stack']),
                ('cpu', None, []), 'one that runs')


def test_call_of_32_bits(t):
    if platform.machine() != 'x86_64':
        raise harness.Skip('not an x86-64')
    check_row(t, hang(t, 'compat'), 'signal', 'pause', 'outside', child_syscall_nr=29)


# --- pipes and FIFOs ------------------------------------------------------------------------------

def test_fifo_that_nobody_opens(t):
    path = t.gate('fi fo')
    row = check_row(t, hang(t, 'fifo_open', path), 'fifo', 'openat', 'nobody', wait_file=path)
    check_equal(row['child_syscall_args'][:2], ['AT_FDCWD', f'"{path}"'], 'its arguments')
    check('writing' in row['cause_text'], row['cause_text'])


def test_pipe_of_its_own(t):
    row = check_row(t, hang(t, 'pipe_self'), 'pipe', 'read', 'nobody', wait_fs='pipefs')
    check('no other process has its other end open' in row['cause_text'], row['cause_text'])


def test_pipe_of_its_parent(t):
    truth = hang(t, 'pipe_parent')
    row = check_row(t, truth, 'pipe', 'read', 'deadlock', [truth['parent_pid']])
    check(row['chain_text'].startswith('deadlock: '), row['chain_text'])
    check_equal([link['certain'] for link in row['chain']], [True, True], 'what is certain')


def check_held(t, scenario, cause, call, *arguments):
    truth = hang(t, scenario, *arguments)
    holder = t.wait_truth('holder')
    wait_until(lambda: has_settled(holder['pid']), 'the holder to pause')
    row = check_row(t, truth, cause, call, 'outside', [holder['pid']])
    check_equal((row['chain'][1]['tid'], row['chain'][1]['waits_for']),
                (holder['tid'], 'waits for a signal in pause'), 'the holder')
    check(f'[{holder["pid"]}]' in row['cause_text'], row['cause_text'])
    return row


def test_pipe_of_another(t):
    check_held(t, 'pipe_other', 'pipe', 'read')


def test_pipe_of_its_parent_and_another(t):
    """One of them is enough: no deadlock."""
    row = check_held(t, 'pipe_both', 'pipe', 'read')
    check(f'[{row["parent_pid"]}]' in row['cause_text'], row['cause_text'])


def test_pipe_that_nobody_empties(t):
    check_held(t, 'pipe_write', 'pipe', 'write')


def test_pipe_in_a_pid_namespace(t):
    """Who else may have its other end is not listed there: no deadlock is concluded."""
    harness.require_tool('unshare')
    result = t.run('unshare', '--pid', '--fork', '--mount-proc', 'sh', '-c',
                   '"$0" pipe_parent & n=0; until grep -qs stuck "$VFT_TRUTH" || [ $n = 600 ]; '
                   'do sleep 0.1; n=$((n + 1)); done; sleep 0.2; "$1" --now --json; kill -9 $!',
                   t.workload('waits'), os.path.abspath(harness.RECORD))
    check_equal(result.status, 0, f'{result}')
    rows = result.json()['rows']
    check_equal([(row['cause'], row['chain_end'], len(row['chain'])) for row in rows],
                [('pipe', 'unknown', 2)], f'{rows}')
    check('deadlock' not in rows[0]['chain_text'], rows[0]['chain_text'])


# --- mutexes --------------------------------------------------------------------------------------

def test_mutex_of_another_thread(t):
    row = check_held(t, 'mutex_thread', 'futex', 'futex')
    check_equal(row['chain'][0]['certain'], False, 'certainty of what memory says')
    check_equal(row['owner_tid'], t.truth('holder')['tid'], 'owner_tid')
    check_equal((row['n_threads'], row['n_waiting']), (2, 1), 'threads, and those in vfork')
    check_equal(sorted((group['what'], group['n']) for group in row['threads']),
                [('pause', 1), ('vfork', 1)], 'what they do')


def test_mutex_with_priority_inheritance(t):
    check_held(t, 'mutex_pi', 'futex', 'futex')


def test_mutex_of_the_held_thread(t):
    truth = hang(t, 'mutex_parent')
    row = check_row(t, truth, 'futex', 'futex', 'deadlock', [truth['parent_pid']])
    check(row['chain_text'].startswith('probably a deadlock: '), row['chain_text'])


def test_mutex_of_whom_the_parent_holds(t):
    truth = hang(t, 'mutex_nested')
    row = look_at(t, truth)
    outer = row['lineage'][2]['pid']
    check_equal(([link['pid'] for link in row['chain']], row['chain_end']),
                ([truth['child_pid'], outer, truth['parent_pid']], 'deadlock'), 'the chain')


def test_mutex_whose_owner_is_gone(t):
    truth = hang(t, 'mutex_gone')
    row = check_row(t, truth, 'futex', 'futex', 'gone')
    check(f'thread {t.truth("holder")["tid"]} has locked, which does not exist any more'
          in row['cause_text'], row['cause_text'])


# --- locks of files -------------------------------------------------------------------------------

def test_flock(t):
    path = t.path('lock')
    check_equal(check_held(t, 'flock', 'lock', 'flock', path)['wait_file'], path, 'the file')


def test_posix_lock(t):
    path = t.path('lock')
    check_equal(check_held(t, 'posix_lock', 'lock', 'fcntl', path)['wait_file'], path, 'the file')


def test_flock_of_its_parent(t):
    truth = hang(t, 'flock_parent', t.path('lock'))
    check_row(t, truth, 'lock', 'flock', 'deadlock', [truth['parent_pid']])


def test_flock_that_others_may_share(t):
    path = t.path('lock')
    with open(path, 'w', encoding='ascii'):
        truth = hang(t, 'flock_parent', path)
        row = look_at(t, truth)
    check_equal(row['chain_end'], 'deadlock', 'the end')
    check_equal([link['certain'] for link in row['chain']], [False, True], 'what is certain')
    check(row['chain_text'].startswith('probably a deadlock: '), row['chain_text'])


# --- other processes ------------------------------------------------------------------------------

def test_wait_for_a_child(t):
    check_held(t, 'wait_child', 'child', 'wait4')


def test_nested_vforks(t):
    t.start(t.workload('stuck'), 'nested')
    wait_until(lambda: len(t.truths('stuck')) == 3, 'three to wait for each other')
    truths = t.truths('stuck')
    wait_until(lambda: has_settled(truths[2]['child_pid']), 'the last to hang')
    pids = [truth['child_pid'] for truth in truths]
    row = look_at(t, truths[0])
    check_equal((row['cause'], [link['pid'] for link in row['chain']], row['chain_end']),
                ('child', pids, 'outside'), 'the chain')
    check_equal([ancestor['pid'] for ancestor in look_at(t, truths[2])['lineage']][:4],
                [*reversed(pids), truths[0]['parent_pid']], 'the lineage')
    rows = now(t, '--json', '-p', str(truths[0]['parent_pid'])).json()['rows']
    check_equal(sorted(row['child_pid'] for row in rows), sorted(pids), 'whom -p means')


def test_stopped(t):
    truth = hang(t, 'stopped', program='stuck')
    row = look_at(t, truth)
    check_equal((row['cause'], row['child_state'], row['chain_end']),
                ('stopped', 'stopped', 'outside'), 'one that is stopped')
    check_untouched(truth, 'T')


def test_traced(t):
    truth = hang(t, 'ptraced')
    tracer = t.wait_truth('holder')['pid']
    wait_until(lambda: has_settled(tracer), 'the tracer to pause')
    row = look_at(t, truth)
    check_equal((row['cause'], row['tracer_pid'], [link['pid'] for link in row['chain']]),
                ('ptrace', tracer, [truth['child_pid'], tracer]), 'one that is traced')
    check_untouched(truth, 't', str(tracer))


def test_frozen(t):
    cgroup = cgroupfs.make(t, f'vft-now-{os.getpid()}')
    cgroup.start(t, t.workload('stuck'), 'pause')
    truth = t.wait_truth('stuck')
    t.undo.callback(cgroup.thaw)
    cgroup.write('cgroup.freeze', 1)
    wait_until(lambda: 'frozen 1' in cgroup.read('cgroup.events'), 'the cgroup to freeze')
    row = look_at(t, truth)
    check_equal((row['cause'], row['child_state'], row['cgroup']),
                ('frozen', 'frozen', cgroup.path), 'one that is frozen')
    check_equal(row['cause_text'], f'is frozen with its cgroup {cgroup.path}', 'the words')


# --- whatever anyone chooses ----------------------------------------------------------------------

def test_hostile_names(t):
    path = t.gate('\x1b[31m\n"\\\u202e')
    row = check_row(t, hang(t, 'hostile', path), 'fifo', 'openat', 'nobody')
    check_equal(row['child_comm'], '\\x1b[31m"\\\\\\x0a\\xff$', 'its name')
    check(row['wait_file'].endswith('/\\x1b[31m\\x0a"\\\\\\xe2\\x80\\xae'), row['wait_file'])
    text = now(t, '-p', str(row['child_pid'])).stdout
    check(all(byte == 10 or 32 <= byte < 127 for byte in text), f'{text!r}')


def test_children_that_vanish(t):
    t.start(t.workload('waits'), 'moments')
    t.wait_truth('moments')
    for _ in range(20):
        document = now(t, '--json').json()
        check(all(row['child_pid'] and row['cause'] for row in document['rows']), f'{document}')


# --- the command ----------------------------------------------------------------------------------

def test_nobody(t):
    idle = t.start('sleep', '1000')
    result = now(t, '-p', str(idle.pid), '--exit-code')
    check_equal(result.text(), 'No thread is held by a vfork.\n', 'the words')
    check_equal(now(t, '--json', '-p', str(idle.pid)).json()['rows'], [], 'rows')


def test_exit_code_and_text(t):
    truth = hang(t, 'pipe_parent')
    result = now(t, '-p', str(truth['parent_pid']), '--exit-code', status=1)
    lines = result.text().splitlines()
    check_equal(lines[0], '1 thread is held by vfork.', 'the first line')
    check(lines[2].startswith(f'waits[{truth["child_pid"]}] has held waits[{truth["parent_pid"]}]'
                              ' for '), lines[2])
    check(len(lines) <= 24, 'it is more than a screen')
    for label in ('cause', 'chain', 'child', 'CPU', 'parent', 'threads', 'files', 'lineage'):
        check(any(line.startswith(f'  {label} ') for line in lines), f'no {label} in {lines}')


def test_everybody_at_once(t):
    truth = hang(t, 'nanosleep')
    begin = time.monotonic()
    rows = now(t, '--json').json()['rows']
    check(truth['child_pid'] in [row['child_pid'] for row in rows], f'it is not in {rows}')
    check(time.monotonic() - begin < harness.WAIT_SECONDS, 'it did not end soon')


def test_looks_without_privileges(t):
    """What stays open while it looks is read as nobody: no capability, no new one."""
    truth = hang(t, 'nanosleep')
    held = subprocess.Popen([harness.RECORD, '--now'], stdout=subprocess.PIPE,
                            env=t.environment)
    seen = []

    def look():
        try:
            status = status_of(held.pid)
        except FileNotFoundError:
            return True
        if status['State'][0] == 'Z':
            return True
        seen.append((status['Uid'].split()[0], status['CapEff'], status['NoNewPrivs']))
        return False
    wait_until(look, 'it to end')
    text = held.communicate()[0].decode()
    check(f'[{truth["child_pid"]}] has held' in text, text)
    check(any(uid != '0' and int(caps, 16) == 0 and new == '1' for uid, caps, new in seen),
          f'never without privileges: {set(seen)}')


def test_refuses_what_does_not_go_together(t):
    for options, words in ((('-o', 'x.vft'), '--output'), (('-d', '1'), '--duration'),
                           (('--check',), '--check'), (('--', 'true'), 'a command')):
        result = t.run(harness.RECORD, '--now', *options)
        check_equal((result.status, len(result.error_lines())), (2, 1), f'{result}')
        check(words in result.error_lines()[0], f'{result}')
    result = t.run(harness.RECORD, '--exit-code')
    check_equal(result.status, 2, f'{result}')


def test_check_names_what_explains(t):
    facts = json.loads(t.run(harness.RECORD, '--check', '--json').stdout)['checks']
    states = {fact['name']: fact['state'] for fact in facts if fact['name'].startswith('stall')}
    check_equal(sorted(states), ['stall: files', 'stall: memory', 'stall: tasks'], 'its lines')


if __name__ == '__main__':
    harness.main(globals())
