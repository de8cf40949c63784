#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The contract of vfork-record's command line."""

import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import time

import harness
from episodes import check_nothing_lost
from harness import RECORD, REPORT, Skip, check, check_equal

NOBODY = ('setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups')
USAGE = 2
NO_PERMISSION = 5


def check_one_line(result, program='vfork-record'):
    """One line on stderr, nothing on stdout."""
    lines = result.error_lines()
    check(len(lines) == 1 and lines[0].startswith(f'{program}: ') and not result.stdout,
          f'not one line of error: {result}')
    return lines[0]


def run_record(t, *words, **options):
    return t.run(RECORD, *words, **options)


def test_status_of_the_command(t):
    for code in (0, 1, 3, 255):
        t.record_workload('basic', 'end_with', code, status=code, name=f'{code}.vft')
    t.record_workload('basic', 'end_by_signal', int(signal.SIGTERM), status=128 + signal.SIGTERM)


def test_command_that_is_not_there(t):
    result = run_record(t, '-o', t.path('t.vft'), '--', '/nonexistent/program')
    check_equal(result.status, 127, 'status')
    check(any('/nonexistent/program' in line for line in result.error_lines()),
          f'the command is not named: {result}')


def test_stdin_and_stdout_are_the_commands(t):
    result = run_record(t, '-q', '-o', t.path('t.vft'), '--', 'cat', data=b'words')
    check_equal((result.status, result.stdout, result.stderr), (0, b'words', b''), 'cat')


def test_never_overwrites_without_force(t):
    path = t.path('t.vft')
    with open(path, 'w', encoding='utf-8') as file:
        file.write('precious')
    result = run_record(t, '-o', path, '--', 'touch', t.path('ran'))
    check(result.status != 0, f'status 0: {result}')
    check('--force' in check_one_line(result), f'--force is not mentioned: {result}')
    check(not os.path.exists(t.path('ran')), 'the command ran all the same')
    with open(path, encoding='utf-8') as file:
        check_equal(file.read(), 'precious', 'the file')
    check_nothing_lost(t.record('true', options=('--force',)))


def test_output_in_a_missing_directory(t):
    result = run_record(t, '-o', t.path('no/such/t.vft'), '--', 'touch', t.path('ran'))
    check(result.status != 0, f'status 0: {result}')
    check_one_line(result)
    check(not os.path.exists(t.path('ran')), 'the command ran all the same')


def test_output_is_private(t):
    process, trace = t.start_recorder('true')
    t.finish_recorder(process)
    check_equal(stat.S_IMODE(os.stat(trace.path).st_mode), 0o600, 'the mode of the file')


def test_default_output_name(t):
    result = run_record(t, '--', 'true')
    check_equal(result.status, 0, 'status')
    names = [name for name in os.listdir(t.folder) if name.endswith('.vft')]
    check(len(names) == 1 and re.fullmatch(r'vfork-.+-\d{8}T\d{6}Z\.vft', names[0]),
          f'the folder has {names}')


def test_streams_into_the_report(t):
    recorder = t.start(RECORD, '-q', '-o', '-', '--', 'dash', '-c', '/bin/true; exit 4',
                       stdout=subprocess.PIPE)
    report = t.start(REPORT, 'vforks', '--json', '-', stdin=recorder.stdout)
    recorder.stdout.close()
    recorder.stdout = None
    result = t.finish(report, ('vfork-report',))
    check_equal(t.finish(recorder, ('vfork-record',)).status, 4, 'status of the recorder')
    check_equal((result.status, result.stderr), (0, b''), 'the report')
    check_equal([row['exec_path'] for row in result.json()['rows']], ['/bin/true'], 'episodes')


def test_stream_is_not_mixed_with_the_commands_output(t):
    result = run_record(t, '-q', '-o', '-', '--', 'echo', 'words of the command')
    check_equal(result.status, 0, 'status')
    verified = t.run(REPORT, 'verify', '--json', '-', data=result.stdout)
    check_equal((verified.status, verified.json()['ok']), (0, True), 'verify')


def test_stream_to_a_terminal_is_refused(t):
    primary, secondary = pty.openpty()
    t.undo.callback(os.close, primary)
    result = run_record(t, '-o', '-', '--', 'true', stdout=secondary)
    os.close(secondary)
    check_equal(result.status, USAGE, 'status')
    check_one_line(result)


def test_a_pipe_and_a_file_say_the_same(t):
    result = run_record(t, '-q', '-o', '-', '--', 'true')
    with open(t.path('piped.vft'), 'wb') as file:
        file.write(result.stdout)
    check_nothing_lost(harness.Trace(t, t.path('piped.vft')))


def copy_for_nobody(t, program):
    """The build folder may be where only root can go."""
    return shutil.copy(program, t.path(os.path.basename(program)))


def test_without_root(t):
    program = copy_for_nobody(t, RECORD)
    os.mkdir(t.path('open'), 0o777)
    os.chmod(t.path('open'), 0o777)
    result = t.run(*NOBODY, program, '-o', t.path('open/t.vft'), '--', 'touch', t.path('open/ran'))
    check_equal(result.status, NO_PERMISSION, 'status')
    line = check_one_line(result)
    check('root' in line or 'CAP_' in line, f'what is missing is not said: {line!r}')
    check_equal(os.listdir(t.path('open')), [], 'what was left behind')


def test_usage_errors(t):
    """Wrong usage is answered with the right one."""
    for words, answer in (
            (('--no-such-option',), '--no-such-option'), (('-x',), '-x'),
            (('--durtion', '5'), '--duration?'), (('--vfork-onyl',), '--vfork-only?'),
            (('--quiet=1',), '--quiet'), (('--output',), 'needs a value'),
            (('-d', 'soon'), '1h30m'), (('-d', '0s'), 'longer than 0'),
            (('-d', '99999999d'), 'up to'), (('--ring-size', 'big'), '4K to 1G'),
            (('--ring-size', '2G'), '4K to 1G'), (('--level', '99'), '1 to 19'),
            (('--note', 'x'), 'KEY=VALUE'), (('--note', '=x'), 'KEY=VALUE'),
            (('--args', 'some'), 'none, argv0, redacted or full'), (('-p', 'me'), '1 to 4194304'),
            (('-p', '0'), '1 to 4194304'), (('-p', '1,x'), "'x'"), (('-p', ''), 'is it running'),
            (('stray',), "after '--'"), (('a.vft', '--', 'true'), '-o a.vft'),
            (('--',), "no command after '--'"), (('-d', '1s', '--'), "no command after '--'")):
        result = run_record(t, '-o', t.path('t.vft'), *words)
        check_equal(result.status, USAGE, f'status of {words}')
        line = check_one_line(result)
        check(answer in line, f'{words}: {answer!r} is not in {line!r}')
        check(not os.path.exists(t.path('t.vft')), f'{words} left a file')


def test_durations(t):
    for words, seconds in ((('-d', '1'), 1), (('-d', '0.5'), 0.5), (('-d', '0m1s'), 1)):
        trace = harness.Trace(t, t.path(f'{words[1]}.vft'))
        check_equal(run_record(t, '-q', '-o', trace.path, *words).status, 0, f'status of {words}')
        check(trace.summary()['trace']['duration_ns'] >= seconds * 1e9, f'{words} were not kept')


def test_without_proc(t):
    """What is missing is said, by a recording and by --check."""
    harness.require_own_mounts()
    program = 'umount -l /proc && exec "$0" "$@"'
    for words in (('-o', t.path('t.vft'), '--', 'true'), ('--check',)):
        result = t.run('unshare', '--mount', 'dash', '-c', program, RECORD, *words)
        check_equal(result.status, NO_PERMISSION, f'status of {result}')
        check('mount -t proc' in (result.stdout + result.stderr).decode(), f'{result}')
    check(not os.path.exists(t.path('t.vft')), 'a file was left behind')


def on_a_terminal(t, *words):
    """What a recorder writes to a terminal that its command shares."""
    primary, secondary = pty.openpty()
    t.undo.callback(os.close, primary)
    status = run_record(t, '-o', t.path('t.vft'), '--force', *words, stderr=secondary).status
    os.close(secondary)
    check_equal(status, 0, 'status')
    return os.read(primary, 65536)


def test_status_line_is_not_on_the_commands_terminal(t):
    line = b'\r\033[K'
    check(line in on_a_terminal(t, '-d', '200ms'), 'no status line on a terminal')
    check(line not in on_a_terminal(t, '--', 'sleep', '0.2'), 'a status line among the output')


def test_process_that_is_not_there(t):
    ended = t.start('true')
    t.finish(ended)
    result = run_record(t, '-o', t.path('t.vft'), '-d', '1s', '-p', ended.pid)
    check(result.status != 0, f'status 0: {result}')
    check_one_line(result)


def test_help_and_version(t):
    for option in ('--help', '--version', '-h', '-V', 'help'):
        result = run_record(t, option)
        check_equal((result.status, result.stderr), (0, b''), option)
        check(result.stdout, f'{option} prints nothing')


def test_signals_end_it_cleanly(t):
    for number in (signal.SIGINT, signal.SIGTERM):
        process, trace = t.start_recorder('sleep', '60', name=f'{number.name}.vft')
        harness.wait_until(lambda: is_running(process, b'sleep'), 'the command to run')
        process.send_signal(number)
        t.finish_recorder(process, status=None)
        check_nothing_lost(trace)


def is_running(process, comm):
    for pid in harness.descendants(process.pid):
        try:
            with open(f'/proc/{pid}/comm', 'rb') as file:
                if file.read().strip() == comm:
                    return True
        except OSError:
            pass  # it ended meanwhile
    return False


def test_duration(t):
    began = time.monotonic()
    check_equal(run_record(t, '-q', '-o', t.path('t.vft'), '-d', '300ms').status, 0, 'status')
    check(time.monotonic() - began >= 0.3, 'it ended before its time')
    summary = check_nothing_lost(harness.Trace(t, t.path('t.vft')))
    check(summary['trace']['duration_ns'] >= 300_000_000, f'{summary["trace"]["duration_ns"]} ns')


def test_summary_and_quiet(t):
    loud = run_record(t, '-o', t.path('a.vft'), '--', 'true')
    check_equal((len(loud.error_lines()), loud.stdout), (3, b''), 'the lines of the summary')
    quiet = run_record(t, '-q', '-o', t.path('b.vft'), '--', 'true')
    check_equal((quiet.stdout, quiet.stderr), (b'', b''), 'with -q')


def test_notes(t):
    """They are kept, shown, and as private as everything else."""
    trace = t.record('true', options=('--note', 'ticket=4711', '--note', 'why=a\x1b[31m b',
                                      '--note', 'db_password=winter-tiger-7'))
    info = trace.report('info', '--json').json()['rows'][0]
    check_equal(info['notes'][:2], ['ticket=4711', 'why=a\x1b[31m b'], 'notes')
    check(info['notes'][2].startswith('db_password=REDACTED:'), f'{info["notes"]}')
    check_equal(trace.summary()['trace']['notes'], info['notes'], 'notes of summary')
    text = trace.report('summary').text()
    check('Noted ticket=4711, why=a\\x1b[31m b, db_password=REDACTED:' in text, text)
    check("Notes             ticket=4711" in trace.report('info').text(), 'info has no notes')
    check('notes' not in t.record('true', name='b.vft').summary()['trace'], 'notes of nobody')


def start_loop(t, name):
    """A shell that vforks and execs again and again, until the case ends."""
    return t.start('dash', '-c', 'while :; do /bin/true "$0"; sleep 0.02; done', name)


def test_pid_and_its_descendants_only(t):
    inside, outside = start_loop(t, 'inside'), start_loop(t, 'outside')
    trace = harness.Trace(t, t.path('t.vft'))
    check_equal(run_record(t, '-q', '-o', trace.path, '-d', '1s', '-p', inside.pid).status, 0,
                'status')
    parents = {row['parent_pid'] for row in trace.vforks()}
    check_equal(parents, {inside.pid}, 'the parents')
    check(outside.pid not in {row['pid'] for row in trace.processes()}, 'the other was recorded')


def test_command_tree_or_everything(t):
    outside = start_loop(t, 'outside')
    words = ('dash', '-c', 'sleep 0.3; exit 0')
    tree = t.record(*words, name='tree.vft').vforks()
    everything = t.record(*words, options=('-a',), name='all.vft').vforks()
    check_equal([row['child_comm'] for row in tree], ['sleep'], 'children of the tree')
    check(outside.pid in {row['parent_pid'] for row in everything}, '-a misses the other process')
    check(outside.pid not in {row['parent_pid'] for row in tree}, 'the tree has a stranger')


def test_vfork_only(t):
    """A fork that has nothing to do with a vfork is left out; the episodes are whole."""
    words = ('bash', '--norc', '-c', '/bin/true forked; dash -c "/bin/true vforked; exit 0"; :')
    full = t.record(*words, name='full.vft')
    small = t.record(*words, options=('--vfork-only',), name='small.vft')

    def episodes(trace):
        return [(row['outcome'], row['exec_path'], row['parent_comm']) for row in trace.vforks()]
    check_equal(episodes(small), episodes(full), 'the episodes')
    check(small.summary()['trace']['events'] < full.summary()['trace']['events'],
          'no event was left out')


def test_two_recorders_at_once(t):
    gates = [t.gate('one'), t.gate('two')]
    recorders = [t.start_recorder(t.workload('storm'), '500', gate, name=f'{number}.vft')
                 for number, gate in enumerate(gates)]
    for gate in gates:
        t.open_gate(gate)
    for process, trace in recorders:
        t.finish_recorder(process)
        check_nothing_lost(trace)
        rows = trace.vforks()
        check_equal([row for row in rows if row['exit_code'] != 7], [], 'episodes of strangers')
        check_equal(len(rows), 500, 'episodes')


def mount_small(t, size):
    folder = t.path('small')
    os.mkdir(folder)
    mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', folder],
                             capture_output=True, check=False)
    if mounted.returncode:
        raise Skip(f'cannot mount a tmpfs: {mounted.stderr.decode().strip()}')
    t.undo.callback(subprocess.run, ['umount', '-l', folder], check=False)
    return folder


def test_full_disk(t):
    """It is said, in one line; what was written before can be read; the loss shows."""
    folder = mount_small(t, '256k')
    path = os.path.join(folder, 't.vft')
    process = t.start(RECORD, '-q', '-o', path, '--', t.workload('storm'), '100000')
    result = t.finish(process, ('vfork-record',))
    lines = [line for line in result.error_lines() if line.startswith('vfork-record: ')]
    check(lines and 'No space left' in lines[0], f'the full disk is not named: {result}')
    check(result.status != 0, f'status 0 for half a trace: {result}')
    summary = harness.Trace(t, path).report('summary', '--json', status=None).json()
    check(summary['trace']['events'] > 1000, f'{summary["trace"]["events"]} events came back')
    check(not summary['trace']['clean_end'] or summary['losses']['events'] > 0,
          'the trace looks whole')


if __name__ == '__main__':
    harness.main(globals())
