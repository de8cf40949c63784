#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The contract of vfork-report's command line."""

import csv
import io
import json
import os
import random
import shutil
import subprocess

import harness
from harness import GEN_EVENTS, REPORT, Skip, Trace, check, check_equal

NOBODY = ('setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups')
USAGE, UNREADABLE, INCOMPLETE = 2, 3, 4
COMMANDS = (
    ('summary',), ('vforks',), ('tree',), ('events',), ('info',), ('verify',),
    ('export', '--format', 'csv', '--table', 'processes'),
    ('export', '--format', 'ndjson', '--table', 'events'),
    ('export', '--format', 'json', '--table', 'vforks'),
)
COLUMNS = {
    'vforks': '''start_ns start parent_pid parent_tid parent_comm parent_exe child_pid child_ns_pid
        child_comm syscall clone_flags outcome certain reason blocked_ns release_source
        from_snapshot exec_path exec_errno exit_code exit_signal child_state uid cgroup
        container_id parent_key child_key blocked_min_ns blocked_max_ns child_uid child_cgroup
        child_container_id selected'''.split(),
    'processes': '''key pid ns_pid ppid parent_key comm exe argv argv_truncated uid cgroup
        container_id spawn start_ns end_ns exec_count exit_code exit_signal exec_ns
        selected'''.split(),
}
RSS_LIMIT_KIB = 256 << 10
N_SYNTHETIC, N_LIVE = 10_000_000, 10_000


def sample(t, name='t.vft', script='/bin/true; /bin/false; (exit 2); exit 0'):
    harness.require_recorder()
    return t.record('dash', '-c', script, name=name)


def stuck_sample(t):
    """A trace with an open vfork."""
    harness.require_recorder()
    process, trace = t.start_recorder(t.workload('stuck'), 'pause', options=('-d', '500ms'))
    t.finish_recorder(process, status=None)
    return trace


def check_one_line(result, what):
    lines = result.error_lines()
    check(len(lines) == 1 and lines[0].startswith('vfork-report: '),
          f'{what}: not one line of error: {result}')


# --- what goes in ---------------------------------------------------------------------------------

def test_an_ordinary_user_reads_it(t):
    """Text, JSON through jq, CSV: all work without any privilege, and agree with one another."""
    harness.require_tool('jq')
    trace = sample(t, script='true; /bin/true; exit 0')
    program = shutil.copy(REPORT, t.path('vfork-report'))

    def as_nobody(*words):
        result = t.run(*NOBODY, program, *words, trace.path)
        check_equal((result.status, result.stderr), (0, b''), f'{words} as nobody')
        return result.stdout
    check(as_nobody(), 'the summary is empty')
    document = t.run('jq', '.', data=as_nobody('vforks', '--json'))
    check_equal(document.status, 0, 'status of jq')
    check_equal(len(document.json()['rows']), 1, 'episodes')
    csv_text = as_nobody('export', '--format', 'csv', '--table', 'processes').decode()
    pids = {row['pid'] for row in csv.DictReader(io.StringIO(csv_text, newline=''))}
    check(str(document.json()['rows'][0]['child_pid']) in pids, 'the child is not in the CSV')


def as_csv_text(value):
    if value is None:
        return ''
    return json.dumps(value) if isinstance(value, bool) else str(value)


def test_forms_agree(t):
    """JSON, NDJSON and CSV have the same rows, and the columns of the contract in its order."""
    trace = sample(t)
    for table, columns in COLUMNS.items():
        rows = trace.table(table)
        check(rows, f'{table} is empty')
        check_equal(list(rows[0]), columns, f'the columns of {table}')
        lines = trace.report('export', '--format', 'ndjson', '--table', table).text().splitlines()
        check_equal([json.loads(line) for line in lines], rows, f'NDJSON of {table}')
        text = trace.report('export', '--format', 'csv', '--table', table).text()
        header, *cells = csv.reader(io.StringIO(text, newline=''), strict=True)
        check_equal(header, columns, f'the CSV header of {table}')
        plain = [at for at, name in enumerate(columns) if name != 'argv']
        check_equal([[line[at] for at in plain] for line in cells],
                    [[as_csv_text(row[columns[at]]) for at in plain] for row in rows],
                    f'CSV of {table}')


def test_commands_and_export_agree(t):
    trace = sample(t)
    check_equal(trace.vforks(), trace.table('vforks'), 'vforks')
    check_equal(trace.report('events', '--json').json()['rows'], trace.events(), 'events')
    summary = trace.summary()
    check_equal((summary['episodes'], summary['processes']),
                (len(trace.vforks()), len(trace.processes())), 'the counts of the summary')
    check_equal(sum(summary['outcomes'].values()), summary['episodes'], 'the sum of the outcomes')
    check_equal(summary['trace']['events'], len(trace.events()), 'events of the summary')


def test_json_envelope(t):
    trace = sample(t)
    for command in ('vforks', 'events', 'summary', 'info'):
        document = trace.report(command, '--json').json()
        check_equal((document['schema_version'], document['command']), (1, command), command)
    summary = trace.summary()
    for key in ('host', 'kernel', 'arch', 'boot_id', 'start', 'duration_ns', 'events', 'clean_end',
                'filters'):
        check(key in summary['trace'], f'trace has no {key}')
    for key in ('events', 'windows', 'missing_blocks'):
        check(key in summary['losses'], f'losses has no {key}')
    check_equal(sorted(summary['blocked_ns']), ['max', 'p50', 'p90', 'p99', 'total'], 'blocked_ns')
    verified = trace.report('verify', '--json').json()
    check_equal((verified['ok'], verified['damage']), (True, []), 'verify')
    check(json.loads(t.run(REPORT, '--json-schema').stdout), 'the schema is empty')


def test_input_from_pipe_and_option(t):
    trace = sample(t)
    with open(trace.path, 'rb') as file:
        content = file.read()
    wanted = trace.report('vforks', '--json').stdout
    for words in (('vforks', '--json', '-'), ('vforks', '--json', '-i', trace.path)):
        check_equal(t.run(REPORT, *words, data=content).stdout, wanted, f'{words}')
    check_equal(t.run(REPORT, trace.path).stdout, trace.report('summary').stdout,
                'the command by default')


def test_concatenated_traces(t):
    first, second = sample(t, 'a.vft'), sample(t, 'b.vft', '/bin/true; exit 0')
    joined = Trace(t, t.path('joined.vft'))
    with open(joined.path, 'wb') as out:
        for trace in (first, second):
            with open(trace.path, 'rb') as file:
                shutil.copyfileobj(file, out)
    n_episodes = len(first.vforks()) + len(second.vforks())
    check_equal(len(joined.vforks()), n_episodes, 'episodes of cat a b')
    both = t.run(REPORT, 'vforks', '--json', first.path, second.path)
    check_equal((both.status, len(both.json()['rows'])), (0, n_episodes), 'episodes of two files')
    check_equal(joined.report('verify', '--json').json()['ok'], True, 'verify of cat a b')


# --- what is wrong with it ------------------------------------------------------------------------

def bad_files(t):
    generator = random.Random(1)
    yield 'empty', b''
    yield 'random', bytes(generator.randrange(256) for _ in range(65536))
    yield 'program', open(REPORT, 'rb').read(65536)
    yield 'text', b'not a trace\n' * 100
    yield 'png', b'\x89PNG\r\n\x1a\n' + bytes(100)
    yield 'zeroes', bytes(1 << 20)


def test_files_that_are_no_traces(t):
    for name, content in bad_files(t):
        path = t.path(name)
        with open(path, 'wb') as file:
            file.write(content)
        for command in COMMANDS:
            result = t.run(REPORT, *command, path)
            check_equal(result.status, UNREADABLE, f'status of {command} on {name}: {result}')
            check_one_line(result, f'{command} on {name}')


def test_files_that_cannot_be_read(t):
    for path in (t.path('missing'), t.folder):
        result = t.run(REPORT, path)
        check_equal(result.status, UNREADABLE, f'status on {path}')
        check_one_line(result, path)


def key_in_boot(row):
    """The child's key without the boot id, which damage may have hidden."""
    return row['child_key'].split(':', 1)[1]


def check_toward_unknown(rows, whole, what):
    """A verdict may only have moved away from certainty."""
    for row in rows:
        before = whole.get(key_in_boot(row))
        check(before, f'{what}: an episode out of nothing: {row}')
        check(not row['certain'] or row['outcome'] == before['outcome'],
              f'{what}: {before["outcome"]} has become {row["outcome"]}')


def test_cut_files(t):
    """Cut anywhere: what is there is read, the rest is said to be missing, nothing is made up."""
    trace = sample(t)
    whole = {key_in_boot(row): row for row in trace.vforks()}
    with open(trace.path, 'rb') as file:
        content = file.read()
    step = 1 if harness.is_full_run() else max(len(content) // 40, 1)
    for size in range(len(content) - 1, 0, -step):
        cut = Trace(t, t.path('cut.vft'))
        with open(cut.path, 'wb') as file:
            file.write(content[:size])
        result = cut.report('vforks', '--json', status=None)
        check(result.status in (0, UNREADABLE), f'status {result.status} when cut at {size}')
        if result.stdout:
            check_toward_unknown(result.json()['rows'], whole, f'cut at {size}')
        if result.status:
            check(len(result.error_lines()) == 1, f'cut at {size}: not one line: {result}')


def test_damaged_files(t):
    """A byte turned anywhere is noticed by verify, and moves verdicts only toward unknown."""
    trace = sample(t)
    whole = {key_in_boot(row): row for row in trace.vforks()}
    with open(trace.path, 'rb') as file:
        content = bytearray(file.read())
    for position in range(0, len(content), max(len(content) // 40, 1)):
        content[position] ^= 0x10
        hurt = Trace(t, t.path('hurt.vft'))
        with open(hurt.path, 'wb') as file:
            file.write(content)
        content[position] ^= 0x10
        verified = hurt.report('verify', '--json', status=None)
        check(verified.status == UNREADABLE and not verified.json()['ok'],
              f'verify finds nothing at {position}: {verified}')
        result = hurt.report('vforks', '--json', status=None)
        check(result.status in (0, UNREADABLE), f'byte {position}: {result}')
        if result.stdout:
            check_toward_unknown(result.json()['rows'], whole, f'byte {position}')


# --- where it goes --------------------------------------------------------------------------------

def test_full_output_device(t):
    trace = sample(t)
    words = [(*command, trace.path) for command in COMMANDS]
    words += [('vforks', '--json', trace.path), ('--help',), ('--version',), ('--json-schema',)]
    for command in words:
        with open('/dev/full', 'wb') as full:
            result = t.run(REPORT, *command, stdout=full)
        check(result.status != 0, f'{command} ends with 0 when nothing could be written')
        check_one_line(result, command)


def test_closed_pipe(t):
    """A reader that has seen enough is no error to speak of."""
    trace = sample(t, script='i=0; while [ $i -lt 3000 ]; do /bin/true; i=$((i+1)); done')
    for words in (('events',), ('events', '--json'), ('export', '--format', 'csv', '--table',
                                                      'events')):
        process = t.start(REPORT, *words, trace.path, stdout=subprocess.PIPE)
        check(process.stdout.read(16), f'{words} prints nothing')
        process.stdout.close()
        process.stdout = None
        check_equal(t.finish(process, words).stderr, b'', f'stderr of {words}')


def test_export_into_a_file(t):
    trace = sample(t)
    words = ('export', '--format', 'csv', '--table', 'vforks')
    wanted = trace.report(*words).stdout
    check_equal(trace.report(*words, '-o', t.path('out.csv')).stdout, b'', 'stdout with -o')
    with open(t.path('out.csv'), 'rb') as file:
        check_equal(file.read(), wanted, 'the file')


def test_colour(t):
    trace = stuck_sample(t)
    for words, colour in (((), False), (('--color=never',), False), (('--color=always',), True)):
        for command in ('summary', 'vforks', 'tree'):
            text = trace.report(command, *words).stdout
            check_equal(b'\x1b[' in text, colour, f'colour of {command} {words}')


# --- what it ends with ----------------------------------------------------------------------------

def test_exit_code_of_findings(t):
    check_equal(sample(t, 'well.vft').report('--exit-code').status, 0, 'status on a healthy trace')
    stuck = stuck_sample(t)
    check_equal(stuck.report('--exit-code', status=None).status, 1, 'status on a stuck one')
    check_equal(stuck.report(status=None).status, 0, 'status without --exit-code')


def test_strict(t):
    trace = sample(t)
    check_equal(trace.report('--strict', status=None).status, 0, 'status on a whole trace')
    cut = Trace(t, t.path('cut.vft'))
    with open(trace.path, 'rb') as source, open(cut.path, 'wb') as target:
        target.write(source.read()[:-40])
    status = cut.report('--strict', status=None).status
    check(status in (UNREADABLE, INCOMPLETE), f'status {status} on one that was not closed')


def test_usage_errors(t):
    for words in (('no-such-command', 'x'), ('--no-such-option', 'x'), (), ('vforks',),
                  ('vforks', '--min', 'soon', 'x'), ('vforks', '--outcome', 'fine', 'x'),
                  ('export', '--format', 'csv', '--table', 'none', 'x'),
                  ('export', '--format', 'none', 'x')):
        result = t.run(REPORT, *words)
        if words[:1] == ('no-such-command',):
            check(result.status in (USAGE, UNREADABLE), f'status {result.status} of {words}')
            continue
        check_equal(result.status, USAGE, f'status of {words}')
        check_one_line(result, words)


def test_help(t):
    for words in (('--help',), *((command[0], '--help') for command in COMMANDS)):
        result = t.run(REPORT, *words)
        check_equal((result.status, result.stderr), (0, b''), f'{words}')
        check(0 < len(result.text().splitlines()) <= 50, f'{words} is more than a screen')


# --- how much -------------------------------------------------------------------------------------

def test_summary_is_short(t):
    trace = sample(t, script='i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done')
    check(len(trace.report('summary').text().splitlines()) <= 25, 'more than 25 lines')


def test_selection(t):
    trace = sample(t)
    rows = trace.vforks()
    check_equal(len(rows), 2, 'episodes of the sample')
    first = min(rows, key=lambda row: row['start_ns'])
    for words, n in ((('--limit', '1'), 1), (('--outcome', 'exec'), 2), (('--outcome', 'open'), 0),
                     (('--min', '1h'), 0), (('--comm', 'dash'), 2), (('--comm', 'zsh'), 0),
                     (('--pid', first['child_pid']), 1)):
        check_equal(len(trace.vforks(*words)), n, f'episodes of {words}')
    by_time = trace.vforks('--sort', 'blocked')
    check_equal([row['blocked_ns'] for row in by_time],
                sorted((row['blocked_ns'] for row in rows), reverse=True), '--sort blocked')


def test_ten_million_events_in_bounded_memory(t):
    if not os.access(GEN_EVENTS, os.X_OK):
        raise Skip('gen_events is not built')
    trace = Trace(t, t.path('big.vft'))
    made = t.run(GEN_EVENTS, '--events', N_SYNTHETIC, '--live', N_LIVE, '-o', trace.path)
    check_equal(made.status, 0, f'status of gen_events ({made})')
    result = t.run_measured(REPORT, 'summary', '--json', trace.path)
    check_equal(result.status, 0, f'status of the summary ({result})')
    check(result.json()['trace']['events'] >= N_SYNTHETIC, 'not every event was read')
    check(result.usage.ru_maxrss < RSS_LIMIT_KIB, f'{result.usage.ru_maxrss} KiB of memory')


if __name__ == '__main__':
    harness.main(globals(), requirement=lambda: None)
