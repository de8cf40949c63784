#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What may stall, stalls somebody else: outputs that nobody reads, commands that do not begin,
processes that end. The recorder hears signals, keeps its duration and says what is missing."""

import fcntl
import os
import resource
import signal
import subprocess
import time

import harness
from episodes import check_nothing_lost
from harness import RECORD, REPORT, Trace, check, check_equal
from losses import ends_of_events_blocks
from recorder import USAGE, check_one_line, run_record

INCOMPLETE = 4
F_SETPIPE_SZ = 1031
FULL = b'\0' * (1 << 20)


def full_pipe(t):
    """A pipe that has no room, and a reader that does not read: (write end)."""
    read_fd, write_fd = os.pipe()
    t.undo.callback(os.close, read_fd)
    fcntl.fcntl(write_fd, F_SETPIPE_SZ, 4096)
    os.set_blocking(write_fd, False)
    try:
        while True:
            os.write(write_fd, FULL)
    except BlockingIOError:
        pass
    os.set_blocking(write_fd, True)
    return write_fd


def blocked_signals(process):
    try:
        with open(f'/proc/{process.pid}/status', encoding='utf-8') as file:
            lines = dict(line.split(':', 1) for line in file)
        return int(lines['SigBlk'], 16)
    except (OSError, KeyError):
        return 0


def wait_until_it_hears(process):
    """From then on a signal ends the recording and not the recorder."""
    harness.wait_until(lambda: blocked_signals(process) & 1 << signal.SIGINT - 1,
                       'the recorder to take its signals')


def wait_until_it_records(process):
    """The thread that writes begins when all else is on."""
    harness.wait_until(lambda: len(os.listdir(f'/proc/{process.pid}/task')) == 2, 'the recording')


def said(process):
    process.outputs[1].flush()
    with open(f'/proc/self/fd/{process.outputs[1].fileno()}', encoding='utf-8') as file:
        return file.read()


# --- outputs --------------------------------------------------------------------------------------

def test_duration_with_an_output_that_nobody_reads(t):
    output = full_pipe(t)
    process = t.start(RECORD, '-q', '-a', '-d', '300ms', '-o', '-', stdout=output)
    os.close(output)
    result = t.finish(process, ('vfork-record',))
    check_equal(result.status, INCOMPLETE, f'status of {result}')
    check('were not read' in said(process), f'what is missing is not said: {said(process)!r}')


def test_signals_with_an_output_that_nobody_reads(t):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        output = full_pipe(t)
        process = t.start(RECORD, '-q', '-a', '-o', '-', stdout=output)
        os.close(output)
        wait_until_it_hears(process)
        process.send_signal(number)
        result = t.finish(process, ('vfork-record',))
        check_equal(result.status, INCOMPLETE, f'status after {number.name}: {result}')
        check('were not read' in said(process), f'what is missing is not said: {said(process)!r}')


def test_fifo_without_a_reader(t):
    os.mkfifo(t.path('fifo'))
    process = t.start(RECORD, '-q', '-o', t.path('fifo'), '--', 'touch', t.path('ran'))
    wait_until_it_hears(process)
    process.send_signal(signal.SIGINT)
    result = t.finish(process, ('vfork-record',))
    check_equal(result.status, USAGE, 'status')
    check('signal' in check_one_line(result), f'{result}')
    check(not os.path.exists(t.path('ran')), 'the command ran all the same')


def test_size_limit_is_a_full_disk(t):
    process = t.start(RECORD, '-q', '-o', t.path('t.vft'), '--', 'dash', '-c',
                      'i=0; while [ $i -lt 1000 ]; do /bin/true $i; i=$((i+1)); done; exit 3',
                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
    result = t.finish(process, ('vfork-record',))
    check_equal(result.status, INCOMPLETE, f'status of {result}')
    check('File too large' in result.error_lines()[0], f'{result}')


def test_reader_that_goes_away_is_missed_at_once(t):
    """Also by a recorder that has nothing to write; and the command may go on to its end."""
    command, gate = t.gatekeeper()
    process = t.start(RECORD, '-q', '-o', '-', '--', *command, stdout=subprocess.PIPE)
    t.wait_truth('ready')
    process.stdout.close()
    process.stdout = None
    harness.wait_until(lambda: 'its reader has gone away' in said(process), 'the loss to be said')
    check(process.poll() is None, 'the recorder did not wait for its command')
    t.open_gate(gate)
    check_equal(t.finish(process, ('vfork-record',)).status, INCOMPLETE, 'status')


def test_a_stream_does_not_wait_for_full_blocks(t):
    """The same second of events: one or two blocks of a file, and many of a stream."""
    words = ('dash', '-c', 'for i in 1 2 3 4 5 6; do sleep 0.2; done')
    file = t.record(*words)
    with open(t.path('stream.vft'), 'wb') as copy:
        reader = t.start('cat', stdin=subprocess.PIPE, stdout=copy)
        process = t.start(RECORD, '-q', '-o', '-', '--', *words, stdout=reader.stdin)
        reader.stdin.close()
        reader.stdin = None
        check_equal(t.finish(process, ('vfork-record',)).status, 0, 'status')
        t.finish(reader, ('cat',))
    check_nothing_lost(Trace(t, t.path('stream.vft')))
    few, many = (len(ends_of_events_blocks(path)) for path in (file.path, t.path('stream.vft')))
    check(many >= few + 3, f'{few} blocks in the file, {many} in the stream')


# --- CMD ------------------------------------------------------------------------------------------

def test_command_whose_exec_hangs(t):
    """An exec waits for a lease on its file, for 45 s if nobody gives it up."""
    program = t.path('program')
    subprocess.run(['cp', '/usr/bin/touch', program], check=True)
    holder = t.start('python3', '-c', f'''
import fcntl, os, signal, time
signal.signal(signal.SIGIO, signal.SIG_IGN)
fd = os.open({program!r}, os.O_RDONLY)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
open({t.path('held')!r}, 'w').close()
time.sleep(1000)
''')
    harness.wait_until(lambda: os.path.exists(t.path('held')) or holder.poll() is not None,
                       'the lease')
    if holder.poll() is not None:
        raise harness.Skip('no leases here')
    for options, number in ((('-d', '200ms'), None), ((), signal.SIGINT), ((), signal.SIGTERM)):
        process, trace = t.start_recorder(program, t.path('ran'), options=options + ('--force',))
        if number:
            harness.wait_until(lambda: os.path.exists(trace.path), 'the file')
            wait_until_it_hears(process)
            time.sleep(0.2)  # so that it is the exec that it waits for; any moment must do
            process.send_signal(number)
        t.finish_recorder(process)
        check(not os.path.exists(t.path('ran')), 'it waited for the exec: the case proves nothing')
        check('left alone' in said(process) or 'not started' in said(process), said(process))
        check_nothing_lost(trace)


# --- what is recorded ends ------------------------------------------------------------------------

def test_ends_with_the_processes_it_follows(t):
    command, gate = t.gatekeeper()
    followed = t.start(*command)
    t.wait_truth('ready')
    process = t.start(RECORD, '-o', t.path('t.vft'), '-p', f'{followed.pid}')
    wait_until_it_records(process)
    t.open_gate(gate)
    t.finish(followed)
    check_equal(t.finish(process, ('vfork-record',)).status, 0, 'status')
    check_nothing_lost(Trace(t, t.path('t.vft')))


def test_does_not_end_before_the_last_descendant(t):
    gate = t.gate('last')
    first = t.start('dash', '-c', f'cat {gate} & echo $! >{t.path("pid")}; read x <{t.gate("go")}')
    harness.wait_until(lambda: os.path.exists(t.path('pid')) and os.path.getsize(t.path('pid')),
                       'the descendant')
    process, trace = t.start_recorder(options=('-p', str(first.pid)))
    wait_until_it_records(process)
    t.open_gate(t.path('go'))
    t.finish(first)
    time.sleep(0.5)
    check(process.poll() is None, 'it ended while a descendant still ran')
    t.open_gate(gate)
    t.finish_recorder(process)
    check_nothing_lost(trace)


def test_several_processes_in_one_word(t):
    loops = [t.start('dash', '-c', 'while :; do /bin/true "$0"; sleep 0.02; done', name)
             for name in ('one', 'two', 'three', 'other')]
    pids = [loop.pid for loop in loops]
    for number, words in enumerate((['-p', f'{pids[0]},{pids[1]},{pids[2]}'],
                                    ['-p', f'{pids[0]} {pids[1]}\n{pids[2]}\n'],
                                    ['-p', *map(str, pids[:3])])):
        trace = Trace(t, t.path(f'{number}.vft'))
        result = run_record(t, *words, '-q', '-d', '1', '-o', trace.path)
        check_equal(result.status, 0, f'status of {result}')
        parents = {row['parent_pid'] for row in trace.vforks()}
        check(parents and parents <= set(pids[:3]), f'{words}: the parents are {parents}')


# --- two at once ----------------------------------------------------------------------------------

def test_force_spares_a_file_that_is_being_recorded_into(t):
    command, gate = t.gatekeeper()
    process, trace = t.start_recorder(*command)
    t.wait_truth('ready')
    result = run_record(t, '--force', '-o', trace.path, '--', 'touch', t.path('ran'))
    check_equal(result.status, USAGE, 'status')
    check('another vfork-record' in check_one_line(result), f'{result}')
    check(not os.path.exists(t.path('ran')), 'the command ran all the same')
    t.open_gate(gate)
    t.finish_recorder(process)
    check_nothing_lost(trace)
    check_nothing_lost(t.record('true', options=('--force',)))


def test_names_of_one_second(t):
    processes = [t.start(RECORD, '-q', '--', 'true') for _ in range(5)]
    for process in processes:
        check_equal(t.finish(process, ('vfork-record',)).status, 0, said(process))
    names = [name for name in os.listdir(t.folder) if name.endswith('.vft')]
    check_equal(len(names), len(processes), f'files: {names}')


# --- a file that does not stay --------------------------------------------------------------------

def test_file_that_goes(t):
    for change, status, word in ((os.unlink, INCOMPLETE, 'removed'),
                                 (lambda path: os.replace(t.path('other'), path), INCOMPLETE,
                                  'replaced'),
                                 (lambda path: os.rename(path, t.path('moved.vft')), 0,
                                  t.path('moved.vft'))):
        with open(t.path('other'), 'w', encoding='utf-8') as file:
            file.write('other')
        gate = t.gate(f'gate{status}{word.replace("/", "_")}')
        process, trace = t.start_recorder(t.workload('storm'), '0', gate, options=('--force',))
        harness.wait_until(lambda: len(t.truths('ready')), 'the command to run')
        os.unlink(t.truth_path)
        change(trace.path)
        t.open_gate(gate)
        t.finish_recorder(process, status)
        check(word in said(process), f'{word!r} is not said: {said(process)!r}')
        check(f'vfork-report {trace.path}' not in said(process), f'misleading: {said(process)!r}')
    check_nothing_lost(Trace(t, t.path('moved.vft')))


# --- CMD is left alone ----------------------------------------------------------------------------

SIGNALS = '''
import os, signal, sys
for number in (signal.SIGPIPE, signal.SIGHUP, signal.SIGXFSZ, signal.SIGCHLD):
    signal.signal(number, getattr(signal, sys.argv[1]))
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGALRM, signal.SIGTERM})
os.execvp(sys.argv[2], sys.argv[2:])
'''


def test_command_has_the_callers_signals(t):
    words = ('grep', '-E', 'Sig(Blk|Ign)', '/proc/self/status')
    for how in ('SIG_IGN', 'SIG_DFL'):
        caller = ('python3', '-c', SIGNALS, how)
        direct = t.run(*caller, *words)
        recorded = t.run(*caller, RECORD, '-q', '-o', t.path(f'{how}.vft'), '--', *words)
        check_equal((recorded.status, recorded.stdout), (0, direct.stdout), f'with {how}')


def test_hangup_under_nohup(t):
    """Who ignores SIGHUP goes on."""
    command, gate = t.gatekeeper()
    process, trace = t.start_recorder(
        *command, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    t.wait_truth('ready')
    process.send_signal(signal.SIGHUP)
    t.open_gate(gate)
    t.finish_recorder(process)
    check_nothing_lost(trace)
    marks = [row for row in trace.events() if row['kind'] == 'mark']
    check('command ended' in str(marks[-1]), f'it did not end with its command: {marks[-1]}')


def test_closed_standard_descriptors(t):
    """What is said does not land in the output; CMD finds them closed, as it would without us."""
    for closed in ((0,), (1,), (2,), (0, 1, 2)):
        name = f'{len(closed)}{closed[0]}.vft'
        process, trace = t.start_recorder(
            'dash', '-c', f'ls /proc/$$/fd >{t.path("fds")}; exit 0', name=name,
            preexec_fn=lambda closed=closed: [os.close(fd) for fd in closed])
        t.finish_recorder(process)
        check_nothing_lost(trace)
        with open(t.path('fds'), encoding='utf-8') as file:
            there = {int(word) for word in file.read().split()}
        for fd in closed:
            check(fd == 1 or fd not in there, f'the command has descriptor {fd}: {there}')
    result = t.run(RECORD, '-o', '-', '--', 'true', preexec_fn=lambda: os.close(1))
    check_equal(result.status, USAGE, 'status with stdout closed')
    check_one_line(result)


def test_file_belongs_to_whom_called_sudo(t):
    caller = {**t.environment, 'SUDO_UID': '1234', 'SUDO_GID': '2345'}
    process, trace = t.start_recorder('true', env=caller)
    t.finish_recorder(process)
    status = os.stat(trace.path)
    check_equal((status.st_uid, status.st_gid, status.st_mode & 0o777), (1234, 2345, 0o600),
                'owner, group and mode')
    verified = t.run('setpriv', '--reuid', '1234', '--regid', '2345', '--clear-groups',
                     copy_of_report(t), 'verify', trace.path)
    check_equal(verified.status, 0, f'the caller reads it: {verified}')


def copy_of_report(t):
    """The build folder may be where only root can go."""
    program = t.path('vfork-report')
    subprocess.run(['cp', REPORT, program], check=True)
    return program


if __name__ == '__main__':
    harness.main(globals())
