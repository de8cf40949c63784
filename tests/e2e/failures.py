#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""--failures: calls that fail, told by workloads that know how."""

import contextlib
import errno
import os

import harness
from episodes import check_nothing_lost
from harness import Skip, check, check_equal

TRIES = 20

# Runs each file named, in a child of its own made by what `how` names, and says what exec said.
EXECS = r'''
import ctypes, os, sys
how, words = sys.argv[1], sys.argv[2:]
for word in words:
    if how == 'posix_spawn':
        try:
            os.waitpid(os.posix_spawn(word, [word], {}), 0)
        except OSError:
            pass
        continue
    pid = os.fork()
    if not pid:
        try:
            os.execve(word, [word] if how == 'fork' else ['x' * (1 << 17)], {})
        except OSError as error:
            os._exit(error.errno)
    os.waitpid(pid, 0)
'''


def python(text, *arguments):
    return ('/usr/bin/python3', '-S', '-c', text, *arguments)


def kinds(trace, kind):
    return [event for event in trace.events() if event['kind'] == kind]


def put(t, name, data=b'', mode=0o755):
    path = t.path(name)
    with open(path, 'wb') as file:
        file.write(data)
    os.chmod(path, mode)
    return path


def record(t, *command, options=('--failures',), **more):
    trace = t.record(*command, options=options, **more)
    check_nothing_lost(trace)
    return trace


def failed(trace, paths):
    """(path, error) of each failed exec of these."""
    return [(event['path'], event['error']) for event in kinds(trace, 'exec_fail')
            if event['path'] in paths]


def test_exec(t):
    """Each reason that a file itself can be."""
    folder = t.path('folder')
    os.mkdir(folder)
    wanted = {t.path('missing'): 'ENOENT', folder: 'EACCES',
              put(t, 'no_permission', mode=0o644): 'EACCES',
              put(t, 'no_format', b'garbage'): 'ENOEXEC',
              put(t, 'no_interpreter', b'#!/no/such/interpreter -x\n'): 'ENOENT',
              t.path('no_format') + '/below': 'ENOTDIR'}
    busy = put(t, 'busy', b'\x7fELF')
    with open(busy, 'r+b'):
        trace = record(t, *python(EXECS, 'fork', *wanted, busy))
    wanted[busy] = 'ETXTBSY'
    check_equal(sorted(failed(trace, wanted)), sorted(wanted.items()), 'what failed')


def test_arguments_too_long(t):
    trace = record(t, *python(EXECS, 'long', '/bin/true'))
    check_equal(failed(trace, ['/bin/true']), [('/bin/true', 'E2BIG')], 'what failed')


def test_interpreter(t):
    """Of a script whose interpreter is missing, it is named: not each time, but never wrongly."""
    script = put(t, 'script', b'#!/no/such/interpreter -x\n')
    trace = record(t, *python(EXECS, 'posix_spawn', *[script] * TRIES, t.path('missing')))
    rows = kinds(trace, 'exec_fail')
    names = [row['interp'] for row in rows if row['path'] == script]
    check_equal(len(names), TRIES, 'the number of failures')
    check_equal({name for name in names if name}, {'/no/such/interpreter'}, 'the interpreter')
    check_equal([row['interp'] for row in rows if row['path'] == t.path('missing')], [None],
                'the interpreter of nothing')


def test_posix_spawn(t):
    missing = t.path('missing')
    trace = record(t, *python(EXECS, 'posix_spawn', missing))
    row, = [row for row in trace.vforks() if row['exec_path'] == missing]
    check_equal((row['outcome'], row['certain'], row['exec_errno'], row['exit_code']),
                ('exec_failed', True, 'ENOENT', 127), 'the vfork')
    check(trace.report('info', '--json').json()['rows'][0]['has']['exec_fail'], 'info says so')


def test_only_with_the_option(t):
    """Without it nothing is recorded, and nothing claims that it could have been."""
    trace = record(t, *python(EXECS, 'posix_spawn', t.path('missing')), options=())
    check_equal(kinds(trace, 'exec_fail') + kinds(trace, 'spawn_fail'), [], 'what failed')
    has = trace.report('info', '--json').json()['rows'][0]['has']
    check_equal((has['exec_fail'], has['spawn_fail']), (False, False), 'what info says')


# Makes calls by number that cannot work, and prints nothing.
BAD_CALLS = r'''
import ctypes, platform
libc = ctypes.CDLL(None)
CLONE_SIGHAND = 0x800 # needs CLONE_VM
numbers = {'x86_64': (56, 435), 'aarch64': (220, 435)}[platform.machine()]
libc.syscall(numbers[0], CLONE_SIGHAND | 17, 0, 0, 0, 0)
flags = (ctypes.c_uint64 * 8)(CLONE_SIGHAND, 0, 0, 0, 17)
libc.syscall(numbers[1], flags, ctypes.sizeof(flags))
libc.syscall(numbers[1], 1, 64) # no such memory
'''


def test_bad_flags(t):
    trace = record(t, *python(BAD_CALLS))
    rows = kinds(trace, 'spawn_fail')
    check_equal([(row['error'], row['clone_flags'], row['flags']) for row in rows],
                [('EINVAL', 0x800, 0), ('EINVAL', 0x800, 0), ('EFAULT', 0, 1)], 'what failed')
    check_equal([row['nproc_limit'] for row in rows], [None] * 3, 'the limit of no EAGAIN')


FORK_AS = r'''
import os, resource
os.setresgid(65533, 65533, 65533)
os.setgroups([])
os.setresuid(65533, 65533, 65533)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
try:
    pid = os.fork()
except BlockingIOError:
    pid = 1
if not pid:
    os._exit(0)
'''


def test_rlimit(t):
    row, = kinds(record(t, *python(FORK_AS)), 'spawn_fail')
    check_equal((row['error'], row['nproc_limit']), ('EAGAIN', 1), 'what failed')
    check(row['nproc'] is None or row['nproc'] >= 1, f'how many: {row}')


FORK_IN = r'''
import os, sys
open(sys.argv[1] + '/cgroup.procs', 'w').write('0')
try:
    pid = os.fork()
except BlockingIOError:
    pid = 1
if not pid:
    os._exit(0)
'''


def pids_cgroup(t):
    """A cgroup of the hierarchy that has the pids controller: of v2, or of v1."""
    with open('/proc/self/mounts', encoding='utf-8') as file:
        mounts = [line.split() for line in file]
    for _, mount, kind, options, *_ in mounts:
        if kind != 'cgroup2' and not (kind == 'cgroup' and 'pids' in options.split(',')):
            continue
        with contextlib.suppress(OSError), \
                open(f'{mount}/cgroup.subtree_control', 'w', encoding='ascii') as file:
            file.write('+pids')
        path = f'{mount}/vft-failures-{os.getpid()}'
        with contextlib.suppress(FileExistsError):  # mounted at two places
            os.mkdir(path)
            t.undo.callback(remove, path)
        if os.path.exists(f'{path}/pids.max'):
            return path
    raise Skip('no cgroup with the pids controller can be made')


def remove(path):
    harness.kill_descendants()
    os.rmdir(path)


def test_pids_max(t):
    path = pids_cgroup(t)
    with open(f'{path}/pids.max', 'w', encoding='ascii') as file:
        file.write('1')
    row, = kinds(record(t, *python(FORK_IN, path)), 'spawn_fail')
    check_equal((row['error'], row['pids'], row['pids_limit']), ('EAGAIN', 1, 1), 'what failed')


def test_path_is_whole(t):
    """One of PATH_MAX - 1 bytes is kept as it is; a longer one fails for that, and is cut."""
    longest, longer = '/' + 'a/' * 2047, '/' + 'a/' * 2048
    trace = record(t, *python(EXECS, 'fork', longest, longer))
    rows = [row for row in kinds(trace, 'exec_fail') if row['path'].startswith('/a/')]
    check_equal([(row['path'] == longest, row['flags'], row['error']) for row in rows],
                [(True, 0, 'ENOENT'), (True, 1, errno.errorcode[errno.ENAMETOOLONG])],
                'what failed')


def test_filter(t):
    """What fails outside the command's tree is not recorded."""
    outside = t.path('outside')
    keeper, gate = t.gatekeeper()
    process, trace = t.start_recorder(*keeper, options=('--failures',))
    t.wait_truth('ready')
    t.run(*python(EXECS, 'posix_spawn', outside))
    t.open_gate(gate)
    t.finish_recorder(process)
    check_equal(failed(trace, [outside]), [], 'what failed outside')


if __name__ == '__main__':
    harness.main(globals())
