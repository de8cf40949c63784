#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Paths, arguments and comms that anyone may choose: kept byte by byte, and never printed raw."""

import csv
import io
import os
import shutil

import harness
from episodes import (check_episode, check_nothing_lost, check_process, one, raw, raw_argv)
from harness import check, check_equal

HOSTILE_ARGV = [
    b'/bin/true', b'line\nfeed\ttab\rreturn', b'\x1b[31mred\x1b[0m\x1b]0;title\x07',
    b'\xff\xfe\xc0\xaf\xed\xa0\x80', b'c1\xc2\x9b31m', b'bidi\xe2\x80\xaedlrow',
    b'quo"te\'s,comma;semi', b'', b"=cmd|' /C calc'!A0", b'\xe4\xb8\xad\xe6\x96\x87',
]
HOSTILE_PARENT = b'\x1b[2J\n\xff,"p'
HOSTILE_CHILD = b"\x1b]0;x\x07\n\xc2\x9b\xfe'"
HUGE_BYTES = 2 << 20
KEPT_BYTES = 4096
EXE_CUT = 0x10

TEXT_COMMANDS = (
    ('summary',), ('vforks',), ('tree',), ('events',), ('info',),
    ('export', '--format', 'csv', '--table', 'processes'),
    ('export', '--format', 'csv', '--table', 'events'),
    ('export', '--format', 'csv', '--table', 'vforks'),
    ('vforks', '--csv'), ('tree', '--color=always'),
)


def check_harmless(text, what, colour=False):
    """No control byte but newline (and our own colours), no C1, bidi or invalid UTF-8."""
    decoded = text.decode('utf-8')  # raises on what is not UTF-8
    allowed = '\n\r\x1b' if colour else '\n\r'
    bad = sorted({char for char in decoded if char not in allowed and
                  (ord(char) < 0x20 or 0x7f <= ord(char) < 0xa0 or
                   0x202a <= ord(char) <= 0x202e or 0x2066 <= ord(char) <= 0x2069)})
    check(not bad, f'{what} prints {bad!r}')
    for sequence in ('\x1b]', '\x1b[2J', '\x1b[31mred'):
        check(sequence not in decoded, f'{what} prints {sequence!r}')


def check_all_harmless(trace):
    for words in TEXT_COMMANDS:
        result = trace.report(*words)
        check_harmless(result.stdout, ' '.join(words), '--color=always' in words)


def test_argv_of_hostile_bytes(t):
    trace = t.record_workload('names', 'hostile')
    check_nothing_lost(trace)
    truth = t.truth('hostile')
    row = check_process(trace.processes(), truth['child_pid'], truth['status'],
                        argv_truncated=False)
    check_equal(raw_argv(row), HOSTILE_ARGV, 'argv')
    check_equal(len(row['argv']), len(HOSTILE_ARGV), 'words of argv as text')
    check_all_harmless(trace)


def test_hostile_argv_in_csv(t):
    """RFC 4180: a strict reader gets one row per process, with the columns of the header."""
    trace = t.record_workload('names', 'hostile')
    text = trace.report('export', '--format', 'csv', '--table', 'processes').stdout.decode('utf-8')
    header, *rows = csv.reader(io.StringIO(text, newline=''), strict=True)
    check_equal({len(row) for row in rows}, {len(header)}, 'columns')
    row = one([dict(zip(header, row)) for row in rows], 'processes',
              pid=str(t.truth('hostile')['child_pid']))
    check(r'\x1b' in row['argv'] and r'\xff' in row['argv'], f'argv is {row["argv"]!r}')
    check('\n' not in row['argv'], f'argv is {row["argv"]!r}')


def test_argv_of_two_mebibytes(t):
    trace = t.record_workload('names', 'huge', HUGE_BYTES)
    check_nothing_lost(trace)
    truth = t.truth('huge')
    row = check_process(trace.processes(), truth['child_pid'], truth['status'],
                        argv_truncated=True)
    words = raw_argv(row)
    check_equal(words[0], b'/bin/true', 'the first word')
    check(set(b''.join(words[1:])) == set(b'a'), 'the rest is not all of the letter a')
    kept = sum(map(len, words)) + len(words)
    check(KEPT_BYTES // 2 <= kept <= KEPT_BYTES + 2, f'{kept} bytes were kept')
    event = one([event for event in trace.events() if event['kind'] == 'exec'], 'events',
                argv_size=HUGE_BYTES)
    check_equal(event['path'], '/bin/true', 'the path of the exec with 2 MiB of arguments')


def test_comm_of_hostile_bytes(t):
    trace = t.record_workload('names', 'comm')
    check_nothing_lost(trace)
    truth = t.truth('comm')
    row = check_episode(trace.vforks(), truth, 'exit', exit_code=8)
    check_equal(raw(row, 'parent_comm'), HOSTILE_PARENT, 'parent_comm')
    process = one(trace.processes(), 'processes', pid=truth['child_pid'])
    check_equal(raw(process, 'comm'), HOSTILE_CHILD, 'comm of the child')
    check_all_harmless(trace)


def test_path_of_hostile_bytes(t):
    folder = os.path.join(os.fsencode(t.folder), b'new\nline \x1b[7m\xff')
    os.mkdir(folder)
    program = os.path.join(folder, b'pro,gram"')
    os.symlink('/bin/true', program)
    trace = t.record(t.workload('names'), 'argv', os.fsdecode(program))
    row = check_episode(trace.vforks(), t.truth('argv'), 'exec')
    check_equal(raw(row, 'exec_path'), program, 'exec_path')
    check_all_harmless(trace)


LONG_EXEC = '''
import ctypes, os, sys
path = b"./" * 2046 + b"true"  # of 4096 bytes, which the kernel takes below /dev/fd/N/
folder = os.open("/bin", os.O_RDONLY)
if sys.argv[1] == "longer":
    os.set_inheritable(folder, True)
    argv, none = (ctypes.c_char_p * 2)(b"true"), (ctypes.c_char_p * 1)()
    ctypes.CDLL(None).execveat(folder, path[-4094:], argv, none, 0)
os.execv("/" * int(sys.argv[1]) + "bin/true", ["true"])
'''


def test_path_as_long_as_it_can_be(t):
    """A path of 4095 bytes is whole; one that says where a descriptor leads may be longer."""
    for words, answer in (('4086', '4094 whole'), ('4087', '4095 whole'), ('longer', '4095 cut')):
        trace = t.record('python3', '-c', LONG_EXEC, words, name=f'{words}.vft')
        result = t.run(t.workload('exec_flags'), trace.path)
        check_equal(result.status, 0, 'status of exec_flags')
        check_equal(result.text().splitlines()[-1], answer, 'the last exec')


def test_script(t):
    """The path is the script's, the interpreter is told apart, argv is as the kernel made it."""
    script = t.path('script.sh')
    with open(script, 'w', encoding='utf-8') as file:
        file.write('#!/bin/dash -e\nexit 6\n')
    os.chmod(script, 0o755)
    trace = t.record_workload('names', 'argv', script, 'word')
    truth = t.truth('argv')
    check_episode(trace.vforks(), truth, 'exec', exec_path=script)
    check_process(trace.processes(), truth['child_pid'], truth['status'],
                  argv=['/bin/dash', '-e', script, 'word'])
    event = one([event for event in trace.events() if event['kind'] == 'exec'], 'events',
                path=script)
    check_equal(event['interp'], '/bin/dash', 'interp')


def readlinks(t):
    """What /proc/PID/exe said: {pid: path}."""
    with open(t.path('links'), 'rb') as file:
        words = [line.split(b' ', 1) for line in file.read().splitlines()]
    return {int(pid): path for pid, path in words}


# show NAME COMMAND...: when what it comes to run is a file of that name, note which file that is
# for the kernel, and end it.
SHOW = r"""
show() {
    name=$1; shift
    "$@" & pid=$!
    until readlink /proc/$pid/exe | grep -q "/$name"; do sleep 0.01; done
    printf '%s %s\n' "$pid" "$(readlink /proc/$pid/exe)" >>"$links"
    kill -9 "$pid"; wait "$pid"
}
links=$PWD/links
"""


def record_shown(t, script, *shell):
    """The rows of processes, by pid, of all that the script showed, each with its readlink."""
    trace = t.record(*shell, 'dash', '-c', f'{SHOW}\n{script}\nexit 0')
    check_nothing_lost(trace)
    rows = {row['pid']: row for row in trace.processes()}
    return trace, [(rows[pid], link) for pid, link in readlinks(t).items()]


def check_shown(shown, n):
    check_equal(len(shown), n, 'the number of processes that were shown')
    for row, link in shown:
        check_equal(raw(row, 'exe'), link, f'exe of {row["argv"]}')


def test_exe_is_the_file(t):
    """However it was called: exe is what /proc/PID/exe was, exec_path the words."""
    folder = t.path('folder')
    os.mkdir(folder)
    shutil.copy('/bin/sleep', os.path.join(folder, 'program'))
    os.symlink('program', os.path.join(folder, 'link'))
    os.symlink('folder', t.path('other'))
    before = t.start(os.path.join(folder, 'link'), '60')
    trace, shown = record_shown(t, """
        show program ./other/link 60
        show program "$PWD/other/../folder/./program" 60
        cp /bin/sleep gone; exec 5<gone; rm gone
        show gone /proc/self/fd/5 60
        cd folder
        show program ../folder/link 60
        """)
    check_shown(shown, 4)
    program = os.path.realpath(os.path.join(folder, 'program'))
    check_equal([row['exe'] for row, _ in shown],
                [program, program, os.path.realpath(t.folder) + '/gone (deleted)', program], 'exe')
    paths = [event['path'] for event in trace.events()
             if event['kind'] == 'exec' and event['exe'] == program]
    check_equal(paths, ['./other/link', f'{os.path.realpath(t.folder)}/other/../folder/./program',
                        '../folder/link'], 'the words')
    whole = t.record('dash', '-c', './other/link 0; exit 0', name='all.vft', options=('--all',))
    row = one(whole.processes(), 'processes', pid=before.pid)
    check_equal(row['exe'], program, 'exe of one that ran before')
    found = whole.report('export', '--format', 'json', '--table', 'processes', '--exe',
                         program).json()['rows']
    # Of others it may not be known: they ended before anybody could read their /proc.
    check_equal(sorted(row['exec_count'] for row in found if row['selected'] == 'yes'), [0, 1],
                'those found by --exe')


def test_exe_across_mounts(t):
    """Mounts on a folder, on a file, one on the other; a namespace and a root of one's own."""
    harness.require_own_mounts()
    harness.require_tool('chroot')
    harness.require_tool('nsenter')
    for name in ('one', 'two', 'jail'):
        os.mkdir(t.path(name))
    shutil.copy('/bin/sleep', t.path('one/program'))
    shutil.copy('/bin/sleep', t.path('file'))
    # What /proc says to the recorder: its root may be a chroot's, of which this is a copy.
    _, shown = record_shown(t, f"""
        readlink() {{ nsenter --target {os.getpid()} --mount --root readlink "$@"; }}
        mount --bind one two && mount --bind two two && show program two/program 60
        mount --bind one/program file && show file ./file 60
        mount -t tmpfs none one && mkdir one/deep && cp /bin/sleep one/deep
        show sleep one/deep/sleep 60
        mount --bind / jail && show sleep chroot jail /bin/sleep 60
        """, 'unshare', '--mount', '--propagation', 'private')
    check_shown(shown, 4)
    here = os.path.realpath(t.folder)
    ends = 'two/program', 'file', 'one/deep/sleep', 'jail' + os.path.realpath('/bin/sleep')
    for (row, _), end in zip(shown, ends):
        check(row['exe'].endswith(f'{here}/{end}'), f'exe is {row["exe"]!r}, of {end}')


def test_exe_seen_by_a_recorder_in_a_jail(t):
    """As its own /proc shows it: paths begin at its root."""
    harness.require_own_mounts()
    harness.require_tool('chroot')
    os.mkdir(t.path('jail'))
    path = t.path('t.vft')
    result = t.run('unshare', '--mount', '--propagation', 'private', 'dash', '-c',
                   'mount --rbind / jail && exec chroot jail "$@"', 'dash',
                   os.path.abspath(harness.RECORD), '-q', '-o', path, '--', '/bin/true')
    check_equal(result.status, 0, f'the status of {result}')
    check_equal([row['exe'] for row in harness.Trace(t, path).processes() if row['exec_count']],
                [os.path.realpath('/bin/true')], 'exe')


def test_exe_of_many_names(t):
    """The head of a path of more names than are kept is left out, and that is said."""
    names = [f'n{i}' for i in range(100)]
    os.makedirs(t.path(os.path.join(*names)))
    shutil.copy('/bin/sleep', t.path(os.path.join(*names, 'program')))
    trace, shown = record_shown(t, f'show program {os.path.join(*names, "program")} 60')
    (row, link), = shown
    check(not row['exe'].startswith('/') and link.endswith(b'/' + raw(row, 'exe')),
          f'exe is {row["exe"]}, the file {link}')
    check(row['exe'].count('/') > 32, f'exe is {row["exe"]}')
    event = one([event for event in trace.events() if event['kind'] == 'exec'], 'events',
                exe=row['exe'])
    check(event['flags'] & EXE_CUT, f'flags of {event}')


def test_exec_of_a_memfd(t):
    trace = t.record_workload('names', 'memfd')
    truth = t.truth('memfd')
    row = check_episode(trace.vforks(), truth, 'exec')
    check(row['exec_path'].startswith('/dev/fd/'), f'exec_path is {row["exec_path"]!r}')
    process = check_process(trace.processes(), truth['child_pid'], truth['status'],
                            argv=['from-memfd', 'argument'])
    check_equal(process['exe'], '/memfd:vft-memfd (deleted)', 'exe')


def test_args_option(t):
    """--args none and argv0 keep what they say and no more, anywhere in the file."""
    secret = 'hunter2-secret'
    for kept, wanted in (('none', []), ('argv0', ['/bin/true']), ('full', ['/bin/true', secret])):
        trace = t.record(t.workload('names'), 'argv', '/bin/true', secret, name=f'{kept}.vft',
                         options=('--args', kept))
        truth = t.truths('argv')[-1]
        row = one(trace.processes(), 'processes', pid=truth['child_pid'])
        check_equal(row['argv'] or [], wanted, f'argv with --args {kept}')
        check_equal(secret in trace.report('export', '--format', 'json', '--table',
                                           'events').text(), kept == 'full', 'the secret shows')


if __name__ == '__main__':
    harness.main(globals())
