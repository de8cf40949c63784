#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vfork-report locks itself in before it reads, and can do all of its work inside.

What is refused inside is tried by tests/unit/test_sandbox.c. What every command prints inside is
compared by tests/golden/test_cli.py, since the program has no way to run outside.
"""

import ctypes
import fcntl
import glob
import os
import pty
import re
import signal
import struct
import subprocess
import termios

import harness
from harness import REPORT, Skip, check, check_equal, wait_until

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'golden', 'v1', 'cli')
COMMANDS = (
    ('summary',), ('summary', '--json'),
    ('vforks',), ('vforks', '--csv'), ('vforks', '--sort', 'blocked', '--ndjson'),
    ('tree',), ('tree', '--json'), ('events',), ('events', '--csv'),
    ('info',), ('info', '--json'), ('verify',), ('verify', '--json'), ('verify', '--csv'),
    ('export', '--format', 'csv', '--table', 'processes'),
    ('export', '--format', 'ndjson', '--table', 'events'),
    ('export', '--format', 'json', '--table', 'vforks'),
)
SYS_LANDLOCK_CREATE_RULESET, LANDLOCK_VERSION_FLAG, LANDLOCK_KNOWN = 444, 1, 6
UNREADABLE = 3


def golden(name='outcomes'):
    return os.path.abspath(os.path.join(GOLDEN, f'{name}.vft'))


def level(t):
    """The words of the second line of --version."""
    lines = t.run(REPORT, '--version').text().splitlines()
    check_equal(len(lines), 2, 'the number of lines of --version')
    check(lines[1].startswith('sandbox: '), f'no level: {lines}')
    if 'none' in lines[1]:
        raise Skip(lines[1])
    return lines[1].removeprefix('sandbox: ').split(', ')


def require_layer(t, name):
    if name not in level(t):
        raise Skip(f'no {name} here')


def status_of(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as file:
        return dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)


def waiting_reader(t, *arguments):
    """A vfork-report that has all open and waits for the first byte of a pipe."""
    process = t.start(REPORT, *arguments, '-', stdin=subprocess.PIPE)
    wait_until(lambda: status_of(process.pid).get('Seccomp') == '2', 'seccomp')
    return process


# --- the lock -------------------------------------------------------------------------------------

def test_level_is_what_the_kernel_gives(t):
    """--version: no less than this kernel has, and Landlock with its number."""
    words = level(t)
    abi = ctypes.CDLL(None).syscall(SYS_LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION_FLAG)
    found = [word for word in words if word.startswith('landlock')]
    check_equal(found, [f'landlock {min(abi, LANDLOCK_KNOWN)}'] if abi > 0 else [], 'Landlock')
    check('no_new_privs' in words and 'rlimits' in words, f'too little: {words}')
    if os.uname().machine in ('x86_64', 'aarch64'):
        check(('seccomp' in words) == ('Seccomp_filters' in status_of('self')), f'{words}')


def test_locked_before_the_first_byte(t):
    """Of a vfork-report that waits for input, /proc tells that the lock is on."""
    require_layer(t, 'seccomp')
    process = waiting_reader(t, 'summary')
    status = status_of(process.pid)
    check_equal((status['Seccomp'], status['NoNewPrivs']), ('2', '1'), 'Seccomp and NoNewPrivs')
    with open(f'/proc/{process.pid}/limits', encoding='utf-8') as file:
        limits = {line[:25].strip(): line[25:].split()[:2] for line in file}
    for name in ('Max open files', 'Max processes', 'Max core file size'):
        check_equal(limits[name], ['0', '0'], name)
    # What is reserved and not used counts as address space, but takes no memory.
    check_equal(limits['Max data size'], [str(512 << 20)] * 2, 'memory')
    check(int(limits['Max address space'][1]) <= 5 << 30, f'address space: {limits}')
    with open(golden(), 'rb') as file:
        result = t.finish(process, ('vfork-report',), file.read())
    check_equal(result.status, 0, f'the status of {result}')
    check_equal(result.stdout, t.run(REPORT, 'summary', golden()).stdout, 'what it prints')


def calls_of(t, *command):
    """What strace saw, with the names of descriptors: (call with arguments, result)."""
    log = t.path('strace')
    t.run('strace', '-y', '-qq', '-o', log, *command)
    with open(log, encoding='utf-8', errors='replace') as file:
        return [line.rstrip() for line in file]


def test_nothing_is_read_before_and_refused_behind(t):
    """Every command on every golden trace: first the lock, then the first byte; and behind the lock
    it asks for nothing that it does not get."""
    harness.require_tool('strace')
    require_layer(t, 'seccomp')
    for path in sorted(glob.glob(os.path.join(GOLDEN, '*.vft'))):
        path = os.path.abspath(path)
        for command in COMMANDS:
            what = f'{" ".join(command)} {os.path.basename(path)}'
            lines = calls_of(t, REPORT, *command, path)
            reads = [i for i, line in enumerate(lines)
                     if re.match(rf'(read|pread64|mmap)\(.*<{re.escape(path)}>', line)]
            locks = [i for i, line in enumerate(lines) if re.match(r'seccomp\(.* = 0$', line)]
            check(reads and len(locks) == 1, f'{what}: reads {reads}, locks {locks}')
            check(locks[0] < reads[0], f'{what}: reads before the lock: {lines[reads[0]]}')
            refused = [line for line in lines[locks[0]:] if re.search(r'= -1 E(PERM|ACCES)', line)]
            check_equal(refused, [], f'{what}: what was refused')


def test_the_thread_that_reads_ahead(t):
    """For a large input there is a second thread: it too is locked in before the first byte."""
    harness.require_tool('strace')
    require_layer(t, 'seccomp')
    path = t.path('large.vft')
    check_equal(t.run(harness.GEN_EVENTS, '--events', '300000', '-o', path).status, 0, 'generator')
    log = t.path('strace')
    t.run('strace', '-f', '-y', '-qq', '-o', log, REPORT, 'summary', path)
    with open(log, encoding='utf-8', errors='replace') as file:
        lines = [line.rstrip().split(None, 1) for line in file]
    locks = [i for i, (_, call) in enumerate(lines) if call.startswith('seccomp(')]
    threads = [i for i, (_, call) in enumerate(lines) if re.match(r'clone3?\(', call)]
    reads = [(i, pid) for i, (pid, call) in enumerate(lines)
             if re.match(rf'(read|pread64)\(.*<{re.escape(path)}>', call)]
    check_equal((len(locks), len(threads)), (1, 1), 'locks and threads')
    check(threads[0] < locks[0] < reads[0][0], f'thread {threads}, lock {locks}, {reads[0]}')
    # Landlock is of one thread and those that it makes: it must be shut before.
    shut = [i for i, (_, call) in enumerate(lines)
            if re.match(r'landlock_restrict_self\(.* = 0$', call)]
    if any(word.startswith('landlock') for word in level(t)):
        check(len(shut) == 1 and shut[0] < threads[0], f'Landlock {shut}, thread {threads}')
    check_equal(len({pid for _, pid in reads}), 2, 'threads that read')
    # glibc's malloc asks once how memory is committed, when a thread's arena shrinks; that it may
    # not know is what it takes for the default.
    refused = [line for line in lines[locks[0]:] if re.search(r'= -1 E(PERM|ACCES)', line[1]) and
               '/proc/sys/vm/overcommit_memory' not in line[1]]
    check_equal(refused, [], 'what was refused')


def test_every_thread_is_locked(t):
    require_layer(t, 'seccomp')
    path = t.path('large.vft')
    check_equal(t.run(harness.GEN_EVENTS, '--events', '300000', '-o', path).status, 0, 'generator')
    process = t.start(REPORT, 'events', '--csv', path, stdout=subprocess.PIPE)
    tasks = f'/proc/{process.pid}/task'
    # It has begun to write, and nobody reads what it writes: it stands still.
    wait_until(lambda: len(os.listdir(tasks)) == 2 and process.stdout.read(1), 'its output')
    for task in os.listdir(tasks):
        status = status_of(f'{process.pid}/task/{task}')
        check_equal((status['Seccomp'], status['NoNewPrivs']), ('2', '1'), f'of thread {task}')
    process.stdout.close()
    process.wait()


# --- the work -------------------------------------------------------------------------------------

def test_output_file(t):
    """-o FILE is opened before the lock and written behind it; an older one is replaced."""
    for table in ('vforks', 'processes', 'events'):
        for form in ('csv', 'ndjson', 'json'):
            words = ('export', '--format', form, '--table', table, golden())
            path = t.path('out')
            with open(path, 'ab') as file:
                file.write(b'old\n' * 10000)
            result = t.run(REPORT, *words, '-o', path)
            check_equal((result.status, result.stdout, result.stderr), (0, b'', b''), f'{result}')
            with open(path, 'rb') as file:
                check_equal(file.read(), t.run(REPORT, *words).stdout, f'{form} of {table}')


def test_many_files_and_a_pipe(t):
    """All inputs are opened before any is read, a hundred of them too."""
    with open(golden('joined'), 'rb') as file:
        data = file.read()
    words = ('export', '--format', 'ndjson', '--table', 'events')
    one = t.run(REPORT, *words, golden('joined')).stdout
    result = t.run(REPORT, *words, *[golden('joined')] * 100, '-', data=data)
    # A recording that is given again counts once, and a pipe cannot be looked at first.
    check_equal(result.stdout, one * 2, 'the rows of 101 inputs')
    check_equal(result.stderr.count(b'it counts once'), 99, 'those that were looked at in vain')


def test_full_device_and_closed_pipe(t):
    """What cannot be written is said as outside: by a message, or by SIGPIPE."""
    with open('/dev/full', 'wb') as full:
        result = t.run(REPORT, 'events', golden(), stdout=full)
    check_equal(result.status, UNREADABLE, 'the status')
    check(b'No space left' in result.stderr and result.stderr.count(b'\n') == 1, f'{result}')
    reading, writing = os.pipe()
    os.close(reading)
    result = t.run(REPORT, 'events', golden(), stdout=writing)
    os.close(writing)
    check_equal((result.status, result.stderr), (128 + signal.SIGPIPE, b''), 'the end')


def read_terminal(leader):
    data = b''
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # EIO: nobody has it open any more
            return data
        data += piece


def test_terminal(t):
    """Colours, and lines cut to the width, which was asked for before the lock."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    process = t.start(REPORT, 'vforks', golden(), stdout=follower,
                      env={**t.environment, 'TERM': 'xterm', 'NO_COLOR': ''})
    os.close(follower)
    text = read_terminal(leader).decode('utf-8')
    os.close(leader)
    check_equal(t.finish(process).status, 0, 'the status')
    check('\x1b[' in text, f'no colour: {text!r}')
    widths = [len(re.sub(r'\x1b\[[0-9;]*m', '', line)) for line in text.split('\r\n')]
    check(max(widths) <= 80, f'wider than the terminal: {widths}')


def test_locales_work_inside(t):
    """Whatever libc knows of the locale it has loaded before."""
    for locale in ('C', 'C.UTF-8', 'POSIX', 'en_US.UTF-8', 'no_SUCH.locale'):
        result = t.run(REPORT, 'tree', golden(), env={**t.environment, 'LC_ALL': locale})
        check_equal((result.status, result.stderr), (0, b''), f'with {locale}: {result}')
        result = t.run(REPORT, 'summary', t.path('missing'),
                       env={**t.environment, 'LC_ALL': locale})
        check(b'No such file' in result.stderr, f'with {locale}: {result}')


if __name__ == '__main__':
    harness.main(globals(), requirement=lambda: None)
