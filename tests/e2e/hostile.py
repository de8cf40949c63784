#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Names, bombs and shapes made to break the report or whoever looks at it.

The same hostile texts are recorded for real and written by gen_hostile, which can also write what
no kernel gives; every command and output is then held to what it may print, and to give the bytes
back.
"""

import base64
import csv
import io
import json
import os
import re
import shutil

import harness
from harness import GEN_EVENTS, GEN_HOSTILE, REPORT, Skip, Trace, check, check_equal
from reader_schema import Validator

COMM_BYTES = 15
STRING_MAX = 2 << 20
META_MAX = 1 << 20  # that gen_hostile gives to each text of META
MIB = 1 << 20

# No NUL: what a process can be called and called with.
NAMES = [
    b'\x1b[31mred\x1b[0m', b'\x1b]0;title\x07', b'\x1b]52;c;cm0=\x07', b'\x1b]8;;http://x\x1b\\y',
    b'\x1b[2J\x1b[H', b'\x1bc', b'\x1bP+q\x1b\\', b'\x9b31m', b'\xc2\x9b31m', b'\xc2\x9d0;\xc2\x9c',
    b'line\nfeed', b'\n', b'carriage\rreturn', b'tab\tbed', b'\r\n', b'\x07\x08\x0b\x0c\x7f',
    b'\x01\x02\x1f', b'\xc2\x85nel', b'\xe2\x80\xaetxt.exe', b'\xe2\x80\xaa\xe2\x80\xac',
    b'\xe2\x81\xa6i\xe2\x81\xa9', b'\xd8\x9cx', b'\xe2\x80\x8e\xe2\x80\x8f', b'a\xe2\x80\xa8b',
    b'a\xe2\x80\xa9b', b'\xff\xfe', b'\xc0\xaf', b'\xed\xa0\x80', b'\xf4\x90\x80\x80', b'\xe6\xbc',
    b'\x80', b'=cmd|\' /C calc\'!A0', b'=1+1', b'+1+1', b'-1+1', b'@SUM(1)', b'\t=1', b'\r=1',
    b'</script>', b'<img src=x>', b'&amp;', b'"quoted"', b'a,b;c', b'\'', b'it\'s', b'"', b'\\x1b',
    b'\\', b'a\\', b'$(touch pwned)', b'`touch pwned`', b';touch pwned', b' lead', b'trail ', b' ',
    b'~', b'*', b'-rf', b'{"a":1}', b'null', b'\xef\xbb\xbfbom', b'\xe6\xbc\xa2\xe5\xad\x97',
    b'%s%n%n', b'\xf0\x9f\x90\xa7', b'e' + b'\xcc\x81' * 6,
]
# What only a file can say.
TEXTS = [*NAMES, b'', b'\0', b'a\0b', b'\0\0\0', b'\xff' * 999, b'\x1b[7m' * 256,
         b'\xcc\x81' * 512]
LONGEST = (b'x' * 60 + b'\x1b\xff\n\0') * (STRING_MAX // 64)
COMMANDS = ('summary', 'vforks', 'tree', 'events', 'info', 'verify')
WITH_CSV = ('vforks', 'tree', 'events', 'verify')
TABLES = ('vforks', 'processes', 'events')
SGR = re.compile('\x1b\\[(?:0|1|2|32|33|1;31)m')
CONTROLS = re.compile('[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]')
NUMBER = re.compile('-?[0-9]+')
SHELL_WORD = re.compile(r"\$'((?:[^'\\]|\\.)*)'|'([^']*)'|([^' $]+)")
NOT_A_FORMULA = ('=', '+', '-', '@', '\t', '\r')


# --- reading back ---------------------------------------------------------------------------------

def check_harmless(data, what, colour=False, line_end='\n'):
    text = data.decode('utf-8')  # raises on what is not UTF-8
    if colour:
        text = SGR.sub('', text)
    bad = CONTROLS.findall(text.replace('\r\n', '\n') if line_end == '\r\n' else text)
    check(not bad, f'{what} prints {sorted(set(bad))!r}')
    return text


def no_duplicates(pairs):
    check_equal(len({key for key, _ in pairs}), len(pairs), f'the keys of {str(pairs)[:300]}')
    return dict(pairs)


def refuse(constant):
    raise harness.Failure(f'{constant} is no JSON')


def strict_json(text):
    return json.loads(text, object_pairs_hook=no_duplicates, parse_constant=refuse)


def raw(row, name):
    """A field's bytes: argv as the list of its words."""
    value = row[name]
    if isinstance(value, list):
        if name + '_raw' in row:
            return [base64.b64decode(word, validate=True) for word in row[name + '_raw']]
        return [word.encode() for word in value]
    if name + '_raw' in row:
        return base64.b64decode(row[name + '_raw'], validate=True)
    return None if value is None else value.encode()


def unescape(text, escapes=r'\\(\\|x[0-9a-f]{2})'):
    """What an escaped text stands for."""
    def one(match):
        found = match.group(1)
        return bytes([int(found[1:], 16)]) if len(found) == 3 else found
    return re.sub(escapes.encode(), one, text.encode())


def shell_words(line):
    words, at = [], 0
    while at < len(line):
        match = SHELL_WORD.match(line, at)
        check(match, f'no shell word at {line[at:at + 60]!r}')
        dollar, quoted, plain = match.groups()
        words.append(unescape(dollar, r"\\(\\|'|x[0-9a-f]{2})") if dollar is not None else
                     (quoted if quoted is not None else plain).encode())
        at = match.end()
        check(at == len(line) or line[at] == ' ', f'{line[at:at + 60]!r} follows a word')
        at += 1
    return words


def csv_rows(data):
    """One line for each row, each with the header's columns; empty fields are None."""
    text = data.decode('utf-8')
    lines = text.split('\r\n')
    check_equal(lines.pop(), '', 'what follows the last line end')
    check('\n' not in ''.join(lines) and '\r' not in ''.join(lines), 'a field has a line end')
    header, *rows = csv.reader(io.StringIO(text, newline=''), strict=True)
    check_equal(len(rows), len(lines) - 1, 'rows of the CSV')
    check_equal({len(row) for row in rows} | {len(header)}, {len(header)}, 'columns of the CSV')
    return [dict(zip(header, row)) for row in rows]


def check_safe_csv(data):
    for row in csv_rows(data):
        for name, cell in row.items():
            check(not cell.startswith(NOT_A_FORMULA) or NUMBER.fullmatch(cell),
                  f'{name} is {cell[:60]!r}, which a spreadsheet runs')


def check_same_rows(from_json, from_csv):
    """CSV gives the same bytes as JSON does."""
    check_equal(len(from_csv), len(from_json), 'rows of the CSV')
    for wanted, row in zip(from_json, from_csv):
        for name, value in wanted.items():
            if name.endswith(('_raw', '_text')):  # JSON's own, beside what it cannot hold
                continue
            if isinstance(value, list):
                check_equal(shell_words(row[name]), raw(wanted, name), f'{name} in CSV')
            elif isinstance(value, str):
                check_equal(unescape(row[name]), raw(wanted, name), f'{name} in CSV')


# --- every command and output ---------------------------------------------------------------------

def check_text(t, report):
    for command in COMMANDS:
        for options in ((), ('--color=always',)):
            result = report(command, *options)
            check_harmless(result.stdout, f'{command} {options}', bool(options))
            check_harmless(result.stderr, f'{command} on stderr')
    for command in ('vforks', 'events'):
        n_rows = len(report(command, '--ndjson').text().splitlines())
        lines = report(command).text().split('\n')
        check_equal(len(lines), (n_rows + 2) if n_rows else 1, f'lines of {command}')
    t.environment['LC_ALL'] = 'C'
    for command in COMMANDS:
        check_harmless(report(command).stdout, f'{command} in the C locale')
    t.environment['LC_ALL'] = 'C.UTF-8'


def check_json(report):
    valid = Validator(json.loads(report('--json-schema').stdout))
    for command in COMMANDS:
        text = check_harmless(report(command, '--json').stdout, f'{command} --json')
        document = strict_json(text)
        valid.document(document)
        lines = check_harmless(report(command, '--ndjson').stdout, f'{command} --ndjson')
        rows = [strict_json(line) for line in lines.splitlines()]
        if command in ('vforks', 'tree', 'events'):
            check_equal(rows, document['rows'], f'rows of {command} --ndjson')
    for table in TABLES:
        words = 'export', '--table', table, '--format'
        document = strict_json(check_harmless(report(*words, 'json').stdout, f'{words} json'))
        valid.document(document)
        lines = check_harmless(report(*words, 'ndjson').stdout, f'{words} ndjson').splitlines()
        rows = [strict_json(line) for line in lines]
        check_equal(rows, document['rows'], f'rows of {words} ndjson')
        for row in rows:
            valid.row(table, row)


def check_csv(report):
    forms = [(command, '--csv', '--csv-safe', '--ndjson') for command in WITH_CSV]
    forms += [(f'export --table {table} --format csv', None, '--csv-safe',
               f'export --table {table} --format ndjson') for table in TABLES]
    for command, plain, safe, ndjson in forms:
        data = report(*command.split(), *([plain] if plain else [])).stdout
        check_harmless(data, f'{command} as CSV', line_end='\r\n')
        rows = csv_rows(data)
        other = report(*ndjson.split()) if plain is None else report(command, ndjson)
        if command != 'verify':
            check_same_rows([json.loads(line) for line in other.text().splitlines()], rows)
        data = report(*command.split(), safe).stdout
        check_harmless(data, f'{command} {safe}', line_end='\r\n')
        check_safe_csv(data)


def check_all(t, trace):
    check_text(t, trace.report)
    check_json(trace.report)
    check_csv(trace.report)
    check(not os.path.exists(t.path('pwned')), 'a name was run')


# --- recorded for real ----------------------------------------------------------------------------

class Recording:
    """What was done, in order: (comm, path, path of nothing, argv)."""

    def __init__(self, t):
        folder = os.fsencode(t.path('bin'))
        os.mkdir(folder)
        self.lines = []
        for name in NAMES:
            program = os.path.join(folder, name.replace(b'/', b'!'))
            shutil.copy(b'/bin/true', program)
            self.lines.append((name, program, program + b'/none', [name, b'', b'a' + name + b'z']))
        with open(t.path('table'), 'w', encoding='ascii') as file:
            for comm, path, none, argv in self.lines:
                file.write(' '.join(word.hex() or '-' for word in (comm, path, none, *argv)) + '\n')


def record_names(t):
    harness.require_recorder()
    recording = Recording(t)
    trace = t.record(t.workload('names'), 'table', t.path('table'))
    check(len(NAMES) >= 40, 'not forty names')
    check_equal(trace.summary()['losses']['events'], 0, 'events lost')
    return recording, trace


def by_pid(rows, name):
    return {row[name]: row for row in rows}


def test_recorded_names_come_back(t):
    recording, trace = record_names(t)
    vforks, processes = by_pid(trace.vforks(), 'child_pid'), by_pid(trace.processes(), 'pid')
    events = trace.events()
    execs = by_pid([event for event in events if event['kind'] == 'exec'], 'pid')
    fails = by_pid([event for event in events if event['kind'] == 'exec_fail'], 'pid')
    truths = t.truths('exec'), t.truths('fail')
    check_equal([len(truth) for truth in truths], [len(NAMES)] * 2, 'vforks that were made')
    for (comm, path, none, argv), done, failed in zip(recording.lines, *truths):
        row = vforks[done['child_pid']]
        check_equal(raw(row, 'parent_comm'), comm[:COMM_BYTES], 'parent_comm')
        check_equal(raw(row, 'exec_path'), path, 'exec_path')
        check_equal(raw(row, 'child_comm'), os.path.basename(path)[:COMM_BYTES], 'child_comm')
        check_equal(raw(processes[done['child_pid']], 'argv'), argv, 'argv of the process')
        check_equal(raw(execs[done['child_pid']], 'argv'), argv, 'argv of the event')
        check_equal(raw(execs[done['child_pid']], 'path'), path, 'path of the event')
        check_equal(raw(vforks[failed['child_pid']], 'child_comm'), comm[:COMM_BYTES], 'child_comm')
        if failed['child_pid'] in fails:
            check_equal(raw(fails[failed['child_pid']], 'path'), none, 'path that was not there')


def test_recorded_names_in_every_output(t):
    check_all(t, record_names(t)[1])


def test_recorded_names_can_be_selected(t):
    """A name is found by itself, where it has no pattern in it."""
    recording, trace = record_names(t)
    for comm, path, *_ in recording.lines:
        if not set(b'*?') & set(comm):
            rows = trace.vforks('--exe', os.fsdecode(path))
            check(path in {raw(row, 'exec_path') for row in rows}, f'--exe {path!r} finds nothing')
            rows = trace.vforks('--comm', os.fsdecode(comm[:COMM_BYTES]))
            check(rows, f'--comm {comm!r} finds nothing')


def test_hostile_host_command_and_file_name(t):
    """The texts of a recording's head, from a host of that name; messages with that file name."""
    harness.require_recorder()
    host = b'h\x1b]0;x\x07\n\xc2\x9b\xff'
    name = b't\x1b[31m\n\xe2\x80\xae\xff.vft'
    path = os.fsdecode(os.path.join(os.fsencode(t.folder), name))
    set_name = ('import ctypes, os, sys; n = bytes.fromhex(sys.argv[1]); '
                'c = ctypes.CDLL(None); os._exit(71) if c.unshare(0x04000000) or '
                'c.sethostname(n, len(n)) else os.execv(sys.argv[2], sys.argv[2:])')
    words = os.fsdecode(b'\x1b[31m'), os.fsdecode(b'\xff\n')
    result = t.run('/usr/bin/python3', '-c', set_name, host.hex(), harness.RECORD, '-o',
                   t.path('t.vft'), '--', '/bin/true', *words)
    if result.status == 71:
        raise Skip('no UTS namespace here')
    check_equal(result.status, 0, f'status of {result}')
    os.chmod(t.path('t.vft'), 0o644)
    trace = Trace(t, t.path('t.vft'))
    info = trace.report('info', '--json').json()
    check_equal(raw(info['trace'], 'host'), host, 'host')
    check_equal(raw(info['rows'][0], 'command_argv'),
                [b'/bin/true', *map(os.fsencode, words)], 'command_argv')
    check_all(t, trace)
    with open(trace.path, 'rb') as file, open(path, 'wb') as cut:
        cut.write(file.read()[:-40])
    for command in COMMANDS:
        result = Trace(t, path).report(command, status=None)
        check(len(result.stderr.splitlines()) <= 1, f'more than a line: {result}')
        check_harmless(result.stdout, command)
        check_harmless(result.stderr, f'{command} on stderr')


# --- generated ------------------------------------------------------------------------------------

def generate(t, shape, n, text=None):
    path = t.path(f'{shape}-{n}.vft')
    with open(path, 'wb') as file:
        options = {'stdout': file}
        if text is not None:
            with open(t.path('text'), 'wb') as source:
                source.write(text)
            options['stdin'] = open(t.path('text'), 'rb')
        result = t.run(GEN_HOSTILE, shape, str(n), **options)
    check_equal(result.status, 0, f'status of {result}')
    return Trace(t, path)


def joined(t, texts):
    """Each text has a section of its own, in one file."""
    path = t.path('joined.vft')
    with open(path, 'wb') as file:
        for i, text in enumerate(texts):
            with open(generate(t, 'names', i + 1, text).path, 'rb') as part:
                file.write(part.read())
    return Trace(t, path)


def words_of(text):
    return text.removesuffix(b'\0').split(b'\0') if text else []


def check_comes_back(trace, texts):
    rows = [row for row in trace.vforks() if row['outcome'] == 'exec']
    check_equal(len(rows), len(texts), 'vforks that went on to exec')
    for row in rows:
        text = raw(row, 'exec_path')
        check(text in texts, f'exec_path is {text[:60]!r}')
        for name in ('parent_comm', 'child_comm', 'cgroup', 'parent_exe'):
            check_equal(raw(row, name), text, name)
    infos = trace.report('info', '--json').json()['rows']
    for text, info in zip(texts, infos):
        for name in ('host', 'kernel', 'arch', 'boot_id', 'tool', 'options', 'filters'):
            check_equal(raw(info, name), text[:META_MAX], name)
        check_equal(raw(info, 'command_argv'), words_of(text[:META_MAX]), 'command_argv')
    events = trace.events()
    for kind, names in {'exec': ('comm', 'path', 'interp', 'argv'), 'mark': ('text',),
                        'snapshot': ('comm', 'path', 'argv'), 'signal': ('sender_comm',),
                        'exec_fail': ('path',), 'cgroup': ('path',)}.items():
        rows = [event for event in events if event['kind'] == kind]
        check_equal(len(rows), len(texts), f'events of kind {kind}')
        for text, row in zip(texts, rows):
            for name in names:
                check_equal(raw(row, name), words_of(text) if name == 'argv' else text,
                            f'{kind} {name}')


def test_generated_names_come_back(t):
    texts = [*TEXTS, LONGEST]
    check_comes_back(joined(t, texts), texts)


def test_generated_names_in_every_output(t):
    check_all(t, joined(t, TEXTS))


def test_two_mebibytes_in_every_text(t):
    trace = generate(t, 'names', 1, LONGEST)
    for command in COMMANDS:
        for form in ((), ('--color=always',), ('--json',), ('--ndjson',)):
            check_harmless(trace.report(command, *form).stdout, f'{command} {form}', bool(form))
    for command in WITH_CSV:
        check_safe_csv(trace.report(command, '--csv-safe').stdout)


# --- bombs ----------------------------------------------------------------------------------------

# A child's peak begins with its parent's at the fork: that parent has to be a small one.
MEASURE = ('import os, sys; p = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ); '
           '_, s, u = os.wait4(p, 0); print(u.ru_maxrss, file=open(sys.argv[1], "w")); '
           'os._exit(os.waitstatus_to_exitcode(s))')


def report_bounded(t, trace, *words, status=0, mib):
    """Run, within so many MiB, and say at most one line."""
    result = t.run('/usr/bin/python3', '-c', MEASURE, t.path('peak'), REPORT, *words, trace.path)
    check_equal(result.status, status, f'status of {str(result)[:600]}')
    with open(t.path('peak'), encoding='ascii') as file:
        used = int(file.read()) >> 10
    check(used <= mib, f'{" ".join(words)} took {used} MiB, more than {mib}')
    lines = result.error_lines()
    check_equal(len(lines), 1 if status else 0, f'lines of {lines}')
    return result, lines[0] if lines else ''


def test_decompression_bomb(t):
    """200 strings of 2 MiB in 67 KB: reading ends at 256 MiB, with what was read."""
    trace = generate(t, 'bomb', 200)
    check(os.path.getsize(trace.path) < MIB, 'the bomb is large')
    for words in (('summary',), ('vforks',), ('tree',), ('info',), ('verify',),
                  ('export', '--format', 'ndjson', '--table', 'vforks')):
        _, line = report_bounded(t, trace, *words, status=3, mib=400)
        check('expands to more than the allowed size' in line, line)


def test_reference_bomb_takes_no_memory(t):
    """One argv of 2 MiB, 20,000 references, 90 KB: 40 GiB if each were a copy."""
    trace = generate(t, 'argv', 20000)
    check(os.path.getsize(trace.path) < MIB, 'the bomb is large')
    for words in (('summary',), ('vforks',), ('tree',), ('info',), ('verify',),
                  ('events', '-q', '--pid', '1'), ('vforks', '-q', '--exe', 'x*y')):
        report_bounded(t, trace, *words, mib=128)
    refs = generate(t, 'refs', 20000)
    for words in (('summary',), ('tree',), ('info',), ('verify',),
                  ('vforks', '--limit', '1', '--json')):
        report_bounded(t, refs, *words, mib=256)


def test_reference_bomb_stops_at_max_output(t):
    trace = generate(t, 'argv', 20000)
    for words in (('export', '--format', 'csv', '--table', 'processes'),
                  ('export', '--format', 'json', '--table', 'processes'),
                  ('export', '--format', 'ndjson', '--table', 'events'),
                  ('events',), ('events', '--json'), ('events', '--csv')):
        result, line = report_bounded(t, trace, *words, '--max-output', '16M', status=3, mib=128)
        check('output stopped at 16777216 bytes; raise it with --max-output' in line, line)
        size = len(result.stdout)
        check(16 * MIB - 3 * STRING_MAX < size <= 16 * MIB, f'{words} wrote {size} bytes')


def test_output_is_limited_without_being_asked(t):
    """A thousand references of 2 MiB pass the 1 GiB that is the default."""
    trace = generate(t, 'argv', 600)
    with open('/dev/null', 'wb') as nowhere:
        result = t.run(REPORT, 'events', '--ndjson', trace.path, stdout=nowhere)
    check_equal(result.status, 3, f'status of {result}')
    check('output stopped at 1073741824 bytes' in result.stderr.decode(), f'said: {result}')


def test_memory_is_limited(t):
    """Processes that never end, in few bytes: reading stops, and what was read is shown."""
    n = 3_000_000
    trace = generate(t, 'live', n)
    check(os.path.getsize(trace.path) < MIB, 'the bomb is large')
    for words, mib in ((('summary',), 512), (('vforks',), 512), (('tree', '--ndjson'), 512),
                       (('export', '--format', 'csv', '--table', 'processes'), 512),
                       (('tree', '--ndjson', '--max-memory', '256M'), 256)):
        result, line = report_bounded(t, trace, *words, status=3, mib=mib + 8)
        check(f'reading stopped: it takes more than {mib} MiB of memory' in line, line)
        check('--max-memory' in line, f'no next step: {line}')
        n_lines = len(result.stdout.splitlines())
        check(words[0] == 'vforks' or n_lines > 1, f'{words} shows {n_lines} lines')
        check(n_lines < n, f'{words} shows {n_lines} lines of what did not fit')
    # All were forked, and nothing says that they have not ended in what was not read.
    summary = json.loads(report_bounded(t, trace, 'summary', '--json', status=3, mib=520)[0].stdout)
    check(0 < summary['processes'] < n, f'processes: {summary["processes"]}')


def test_more_memory_is_given_when_asked_for(t):
    trace = generate(t, 'live', 300_000)
    _, line = report_bounded(t, trace, 'summary', '--max-memory', '64M', status=3, mib=72)
    check('64 MiB' in line, line)
    report_bounded(t, trace, 'summary', mib=512)


def test_losses_between_all_vforks(t):
    n = size_of(85_000, 2_000_000)
    trace = generate(t, 'losses', n)
    result = t.run(REPORT, 'summary', '--json', trace.path)
    check_equal(result.status, 0, f'status of {result}')
    summary = json.loads(result.stdout)
    check_equal(summary['episodes'], n, 'vforks')
    check_equal(summary['outcomes']['exec'], n, 'that exec')


# --- shapes ---------------------------------------------------------------------------------------

def size_of(ordinary, full):
    return full if harness.is_full_run() else ordinary


def rows_of(t, trace, *words, mib):
    result, _ = report_bounded(t, trace, *words, mib=mib)
    return [json.loads(line) for line in result.text().splitlines()]


def check_shape(t, shape, n, mib):
    trace = generate(t, shape, n)
    report_bounded(t, trace, 'summary', mib=mib)
    report_bounded(t, trace, 'tree', mib=mib)
    rows = rows_of(t, trace, 'tree', '--ndjson', mib=mib)
    check_equal(len(rows), n, f'processes of {shape}')
    return trace, rows


def test_deep_chain(t):
    n = size_of(100_000, 1_000_000)
    trace, rows = check_shape(t, 'chain', n, 64 + n // 2000)
    check_equal([row['depth'] for row in rows], list(range(n)), 'depths')
    last = trace.report('tree').text().splitlines()[-1]
    check(f'depth {n - 1}:' in last, f'the last line is {last!r}')


def test_cycle(t):
    n = size_of(100_000, 1_000_000)
    trace, rows = check_shape(t, 'cycle', n, 64 + n // 2000)
    check_equal(sorted(row['depth'] for row in rows), list(range(n)), 'depths')
    check_equal(trace.report('tree').text().count('(its ancestors form a cycle)'), 1, 'cycles told')


def test_wide(t):
    n = size_of(200_000, 10_000_000)
    trace = generate(t, 'wide', n)
    text = report_bounded(t, trace, 'tree', mib=64 + n // 200_000)[0].text().splitlines()
    skipped = (n - 1) // 5_000_000
    check_equal(len(text), 2, 'lines of the tree')
    check(text[1].endswith(f'×{n - 1 - skipped}'), f'the children are {text[1]!r}')
    summary = json.loads(report_bounded(t, trace, 'summary', '--json', mib=64)[0].stdout)
    check_equal(summary['processes'], n - skipped, 'processes')


def test_tree_of_a_pipe(t):
    """A file's tree folds while it is read, and is read again where that was too early; a pipe's
    is built when all is there: they are the same."""
    path = t.path('events.vft')
    t.run(GEN_EVENTS, '--events', '180000', '--mix', 'exit', '-o', path)
    traces = [generate(t, shape, 40_000) for shape in ('wide', 'late', 'cycle')]
    for trace in (*traces, Trace(t, path)):
        with open(trace.path, 'rb') as file:
            content = file.read()
        for words in ((), ('--pid', '1001'), ('--exit-code',)):
            through = t.run(REPORT, 'tree', *words, '-', data=content)
            direct = trace.report('tree', *words, status=through.status)
            check(direct.stdout, f'the tree of {trace.path} is empty')
            check_equal(direct.stdout, through.stdout, f'the tree of {trace.path} with {words}')


def test_more_live_processes_than_are_kept(t):
    if not harness.is_full_run():
        raise Skip('writes and reads 4 million processes: only with --full')
    _, line = report_bounded(t, generate(t, 'chain', 4_000_100), 'summary', '--max-memory', '4G',
                             status=3, mib=3000)
    check('more live processes than the analyzer keeps' in line, line)


csv.field_size_limit(8 * STRING_MAX)

if __name__ == '__main__':
    harness.main(globals(), requirement=lambda: None)
