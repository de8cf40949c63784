#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vfork-report when what surrounds it is odd: closed descriptors, limits, signals, slow input."""

import os
import select
import shutil
import signal
import subprocess
import time

import harness
from harness import GEN_EVENTS, REPORT, Skip, check, check_equal, wait_until

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'golden', 'v1', 'cli')
USAGE, UNREADABLE = 2, 3


def golden(name='outcomes'):
    return os.path.abspath(os.path.join(GOLDEN, f'{name}.vft'))


def content(path):
    with open(path, 'rb') as file:
        return file.read()


# --- descriptors ----------------------------------------------------------------------------------

def test_closed_descriptors_are_not_reused(t):
    """A notice does not land in the output file, nor rows in the place of stderr."""
    words = ('export', '--format', 'csv', '--table', 'events', '-o')
    t.run(REPORT, *words, t.path('whole'), golden('cut'))
    for closed in ('2>&-', '1>&- 2>&-', '0<&- 1>&- 2>&-'):
        path = t.path('out')
        result = t.run('sh', '-c', f'exec "$@" {closed}', 'sh', REPORT, *words, path,
                       golden('cut'))
        check_equal(result.status, UNREADABLE, f'{closed}: the status of a cut trace')
        check_equal(content(path), content(t.path('whole')), f'{closed}: the output')
        os.unlink(path)


def test_output_is_as_private_as_the_inputs(t):
    """Who may not read a trace may not read what was made of it."""
    words = (REPORT, 'export', '--format', 'csv', '-o')
    inputs = {mode: t.path(f'{mode:o}.vft') for mode in (0o644, 0o664, 0o640, 0o604, 0o600)}
    for mode, path in inputs.items():
        shutil.copyfile(golden(), path)
        os.chmod(path, mode)
    for modes, expected in (((0o644,), 0o644), ((0o664,), 0o644), ((0o640,), 0o600),
                            ((0o604,), 0o604), ((0o644, 0o600), 0o600), ((), 0o600)):
        path = t.path('out')
        t.run('sh', '-c', 'umask 0; exec "$@"', 'sh', *words, path,
              *([inputs[mode] for mode in modes] or '-'), data=content(golden()))
        check_equal(f'{os.stat(path).st_mode & 0o777:o}', f'{expected:o}', f'mode, of {modes}')
        os.unlink(path)
    os.close(os.open(t.path('mine'), os.O_CREAT | os.O_WRONLY, 0o640))
    before = os.stat(t.path('mine')).st_mode
    t.run(*words, t.path('mine'), inputs[0o600])
    check_equal(os.stat(t.path('mine')).st_mode, before, 'the mode of a file that was there')


def test_closed_output_is_said(t):
    """What stands in for a closed descriptor takes nothing: rows are not lost in silence."""
    result = t.run('sh', '-c', 'exec "$@" 1>&-', 'sh', REPORT, 'events', golden())
    check_equal(result.status, UNREADABLE, 'status without stdout')
    check(b'output could not be written' in result.stderr, f'{result}')
    result = t.run('sh', '-c', 'exec "$@" 0<&-', 'sh', REPORT, 'events', '-')
    check_equal(result.status, UNREADABLE, 'status without stdin')
    check_equal((result.stdout, len(result.error_lines())), (b'', 1), f'{result}')


# --- terminals ------------------------------------------------------------------------------------

def test_no_byte_for_a_terminal_of_eight_bits(t):
    """Without UTF-8 the bytes of a name could be commands; what a program reads stays as it is."""
    plain = {**t.environment, 'LC_ALL': 'C'}
    for command in ('summary', 'vforks', 'tree', 'events', 'info', 'verify'):
        result = t.run(REPORT, command, golden('hostile'), env=plain)
        check(max(result.stdout + result.stderr) < 0x80, f'{command}: {result}')
    for form in ('--csv', '--json'):
        check_equal(t.run(REPORT, 'vforks', form, golden('hostile'), env=plain).stdout,
                    t.run(REPORT, 'vforks', form, golden('hostile')).stdout, form)
    result = t.run(REPORT, t.path('no\u00dbfile'), env=plain)
    check(max(result.stderr) < 0x80, f'{result}')


# --- signals and limits ---------------------------------------------------------------------------

def is_locked_in(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as file:
        return 'Seccomp:\t2' in file.read()


def waiting_reader(t, *words, **options):
    """A vfork-report that has done all but read its input, a pipe."""
    process = t.start(REPORT, *words, '-', stdin=subprocess.PIPE, **options)
    require_seccomp(t)
    wait_until(lambda: is_locked_in(process.pid), 'the reader to be ready')
    return process


def require_seccomp(t):
    if 'seccomp' not in t.run(REPORT, '--version').text():
        raise Skip('no seccomp here, by which one sees that it is ready')


def test_one_interrupt_is_passed_over(t):
    """Ctrl-C ends the recorder before us in the pipeline; what it still writes is read."""
    process = waiting_reader(t, 'summary')
    os.kill(process.pid, signal.SIGINT)
    result = t.finish(process, ('vfork-report',), content(golden()))
    check_equal((result.status, result.stderr), (0, b''), f'{result}')
    check_equal(result.stdout, t.run(REPORT, 'summary', golden()).stdout, 'the report')


def test_the_second_interrupt_ends(t):
    process = waiting_reader(t, 'summary')
    check(signal_is_caught(process.pid, signal.SIGINT), 'SIGINT is not caught')
    os.kill(process.pid, signal.SIGINT)
    wait_until(lambda: not signal_is_caught(process.pid, signal.SIGINT), 'the first to be heard')
    check_equal(process.poll(), None, 'after the first')
    os.kill(process.pid, signal.SIGINT)
    check_equal(t.finish(process).status, 128 + signal.SIGINT, 'after the second')


def signal_is_caught(pid, number):
    with open(f'/proc/{pid}/status', encoding='utf-8') as file:
        caught = next(line for line in file if line.startswith('SigCgt:'))
    return int(caught.split()[1], 16) >> (number - 1) & 1


def test_a_file_is_not_read_on_after_an_interrupt(t):
    """Nor is an interrupt taken from a program that was told to ignore it."""
    path = t.path('large.vft')
    check_equal(t.run(GEN_EVENTS, '--events', '300000', '-o', path).status, 0, 'generator')
    process = t.start(REPORT, 'events', path, stdout=subprocess.PIPE)
    check(process.stdout.read(1), 'no output')  # nobody reads the rest
    os.kill(process.pid, signal.SIGINT)
    check_equal(process.wait(), -signal.SIGINT, 'the end')
    require_seccomp(t)
    process = t.start('sh', '-c', 'trap "" INT; exec "$@"', 'sh', REPORT, '-',
                      stdin=subprocess.PIPE)
    wait_until(lambda: is_locked_in(process.pid), 'the reader to be ready')
    check(not signal_is_caught(process.pid, signal.SIGINT), 'SIGINT is ignored no more')


def test_interrupt_of_a_pipeline_with_the_recorder(t):
    """The help's own line, ended with Ctrl-C: all of it gets SIGINT, and there is a report."""
    harness.require_recorder()
    ready = t.path('ready')
    process = t.start('sh', '-c', 'trap : INT; "$1" -q -o - -- "$3" -c \'touch "$1"; exec sleep 999'
                      '\' sh "$4" | "$2" -', 'sh', harness.RECORD, REPORT, '/bin/sh', ready)
    wait_until(lambda: os.path.exists(ready), 'the command')
    os.killpg(process.pid, signal.SIGINT)
    result = t.finish(process)
    check(b'Trace of ' in result.stdout, f'no report: {result}')


def test_limit_of_file_size(t):
    """It is an error like a full disk, not the end by SIGXFSZ."""
    for words in (('events', golden()), ('export', '--format', 'csv', '--table', 'events', '-o',
                                         t.path('out'), golden())):
        result = t.run('sh', '-c', 'ulimit -f 1; exec "$@"', 'sh', REPORT, *words)
        check_equal(result.status, UNREADABLE, f'status with a limit: {result}')
        check(b'File too large' in result.stderr and b'ulimit' in result.stderr, f'{result}')
        check_equal(len(result.error_lines()), 1, f'lines of {result}')


def limits_of(pid):
    with open(f'/proc/{pid}/limits', encoding='utf-8') as file:
        return {line[:25].strip(): line[25:].split()[:2] for line in file}


def test_cpu_time_is_bounded(t):
    """Hours for a few bytes are not spent in silence: there is a limit, and its signal is told."""
    process = waiting_reader(t, 'summary', '--max-cpu', '1h')
    check_equal(limits_of(process.pid)['Max cpu time'], ['3600', '3605'], 'the limit asked for')
    os.kill(process.pid, signal.SIGXCPU)
    result = t.finish(process)
    check_equal((result.status, result.stdout), (UNREADABLE, b''), f'{result}')
    check(b'--max-cpu' in result.stderr and len(result.error_lines()) == 1, f'{result}')
    path = t.path('large.vft')
    check_equal(t.run(GEN_EVENTS, '--events', '300000', '-o', path).status, 0, 'generator')
    process = t.start(REPORT, 'events', path, stdout=subprocess.PIPE)
    check(process.stdout.read(1), 'no output')
    seconds = 60 + (os.path.getsize(path) >> 16)
    check_equal(limits_of(process.pid)['Max cpu time'], [str(seconds), str(seconds + 5)],
                'the limit by the size')


# --- what was meant -------------------------------------------------------------------------------

def test_packed_input(t):
    """It says with what, and how to go on; the way it names works."""
    for name, suffix in (('gzip', 'gz'), ('zstd', 'zst'), ('xz', 'xz')):
        if not shutil.which(name):
            continue
        path = t.path(f'packed.{suffix}')
        with open(path, 'wb') as file:
            file.write(t.run(name, '-c', golden()).stdout)
        for words in (('summary',), ('info',), ('verify',), ('events', '--json')):
            result = t.run(REPORT, *words, path)
            check_equal(result.status, UNREADABLE, f'{result}')
            check(words[0] == 'verify' or not result.stdout, f'{result}')
            check_equal(len(result.error_lines()), 1, f'{result}')
            check(f'{name} -dc FILE | vfork-report -'.encode() in result.stderr, f'{result}')
        check_equal(t.run('sh', '-c', f'{name} -dc {path} | "$1" -', 'sh', REPORT).stdout,
                    t.run(REPORT, golden()).stdout, f'{name} -dc')


def test_quiet_status(t):
    """-q --exit-code: 'vfork-report ... || page-somebody' has nothing to print."""
    for words in (('summary',), ('vforks', '--json'), ('tree',), ('events',)):
        result = t.run(REPORT, *words, '--exit-code', '-q', golden())
        check_equal((result.status, result.stdout, result.stderr), (1, b'', b''), f'{result}')
    check(t.run(REPORT, '--exit-code', golden()).stdout, 'nothing without -q')
    check(t.run(REPORT, '-q', golden()).stdout, 'nothing without --exit-code')
    result = t.run(REPORT, '--exit-code', '-q', t.path('missing'))
    check_equal((result.status, len(result.error_lines())), (UNREADABLE, 1), f'{result}')
    path = t.path('out')
    t.run(REPORT, 'export', '--format', 'csv', '--exit-code', '-q', '-o', path, golden())
    check(content(path), 'an export is its output')


def test_moments_of_pipes(t):
    """The end of what is being written is not known, its start is."""
    result = t.run(REPORT, 'vforks', '--from', '1s ago', '-', data=content(golden()))
    check_equal((result.status, result.stdout), (USAGE, b''), f'{result}')
    check_equal(len(result.error_lines()), 1, f'{result}')
    words = ('vforks', '--utc', '--csv', '--from', '22:13:20.3')
    check_equal(t.run(REPORT, *words, '-', data=content(golden())).stdout,
                t.run(REPORT, *words, golden()).stdout, 'of a pipe')


def test_local_zone_works_inside(t):
    """The zone's file is read before the lock; a clock time is one of that zone."""
    name = 'Asia/Kolkata'
    is_known = os.path.exists(f'/usr/share/zoneinfo/{name}')
    env = {**t.environment, 'TZ': name if is_known else 'IST-5:30'}
    words = ('vforks', '--csv', '--from')
    check_equal(t.run(REPORT, *words, '03:43:20.3', golden(), env=env).stdout,
                t.run(REPORT, *words, '22:13:20.3', '--utc', golden(), env=env).stdout, 'rows')
    result = t.run(REPORT, 'vforks', '--from', '1h', golden(), env=env)
    check(b'03:43:20 to 2023-11-15 03:43:22 +05:30' in result.stderr, f'{result}')


def test_headline_says_what_is_held(t):
    """The name alone says little where an interpreter runs: its command line is there too."""
    harness.require_recorder()
    process, trace = t.start_recorder(t.workload('stuck'), 'pause', options=('-d', '500ms'))
    t.finish_recorder(process, status=None)
    first = trace.report('summary').text().splitlines()[0]
    check(f"({t.workload('stuck')} pause) has been held" in first, f'not in {first}')


# --- live input -----------------------------------------------------------------------------------

LIVE = (
    ('events',), ('events', '--csv'), ('events', '--ndjson'), ('events', '--json'),
    ('vforks',), ('vforks', '--csv'), ('vforks', '--ndjson'),
    ('export', '--format', 'csv', '--table', 'vforks'),
    ('export', '--format', 'ndjson', '--table', 'processes'),
)


def read_within(stream, what):
    ready = select.select([stream], [], [], harness.WAIT_SECONDS)[0]
    check(ready, f'{what} do not come')
    data = os.read(stream.fileno(), 1 << 20)
    check(data, f'{what} do not come before the end')
    return data


def rows_of(data):
    """Whatever their order and widths: those that are open are known to be so at the end."""
    return sorted(line.split() for line in data.splitlines())


def test_rows_come_when_the_input_pauses(t):
    """The writer has not ended: what it has written is shown; the end brings the rest."""
    data = content(golden())
    for words in LIVE:
        process = t.start(REPORT, *words, '-', stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(data[:-1])
        process.stdin.flush()
        first = read_within(process.stdout, f'{words}: rows')
        process.stdin.write(data[-1:])
        process.stdin.close()
        rest = process.stdout.read()
        check_equal(process.wait(), 0, f'{words}: status')
        whole = t.run(REPORT, *words, golden()).stdout
        check_equal(rows_of(first + rest), rows_of(whole), f'{words}: the rows')


def test_a_pause_before_anything_shows_nothing(t):
    """What is no trace gives no rows, no heading and no half of a document."""
    for words in LIVE:
        process = t.start(REPORT, *words, '-', stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
        time.sleep(0.5)
        process.stdin.close()
        check_equal(process.stdout.read(), b'', f'{words}: output')
        check_equal(process.wait(), UNREADABLE, f'{words}: status')


def test_without_pauses_a_pipe_is_a_file(t):
    for words in (*LIVE, ('vforks', '--sort', 'blocked'), ('vforks', '--limit', '3')):
        check_equal(t.run(REPORT, *words, '-', data=content(golden())).stdout,
                    t.run(REPORT, *words, golden()).stdout, f'{words} of a pipe')


if __name__ == '__main__':
    harness.main(globals(), requirement=lambda: None)
