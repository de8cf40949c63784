#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a process says of itself is written without its secrets, unless one asks for them."""

import json
import os
import subprocess
import sys

import harness
from harness import RECORD, REPORT, check, check_equal

sys.path.insert(0, os.environ['VFT_SAMPLES'])
import samples  # noqa: E402  (found by the path above)

UNPACK = os.environ['VFT_UNPACK']
USAGE = 2
RUN_ALL = '''
import json, os, sys
for line in json.load(open(sys.argv[1])):
    os.waitpid(os.posix_spawn('/bin/true', line, {}), 0)
'''


def bytes_of(trace):
    """All that is in the file, decompressed."""
    return subprocess.run([UNPACK, trace.path, '-'], stdout=subprocess.PIPE, check=True).stdout


def record_lines(t, lines, *options, name='t.vft'):
    with open(t.path('lines'), 'w', encoding='utf-8') as file:
        json.dump(lines, file)
    return t.record(sys.executable, '-c', RUN_ALL, t.path('lines'), options=options, name=name)


def count_removed(trace):
    return sum(trace.report('info', '--json').json()['rows'][0]['removed'].values())


def test_no_secret_is_in_the_file(t):
    pairs = list(samples.all_secrets())
    trace = record_lines(t, [line for line, _ in pairs])
    content = bytes_of(trace)
    check(b'--verbose' in content, 'the arguments are not in what was unpacked')
    left = [(line, value) for line, value in pairs if value.encode() in content]
    check_equal(left, [], 'secrets that are in the file')
    check(count_removed(trace) >= len(pairs), 'info does not say how much was removed')


def test_with_full_all_is_there(t):
    """So that the test above can fail."""
    pairs = list(samples.all_secrets())
    trace = record_lines(t, [line for line, _ in pairs], '--args', 'full')
    content = bytes_of(trace)
    missing = [value for _, value in pairs if value.encode() not in content]
    check_equal(missing, [], 'values that are not in the file')
    check_equal(count_removed(trace), 0, 'what info says was removed')


def test_harmless_lines_stay_whole(t):
    lines = list(samples.all_harmless())
    trace = record_lines(t, lines)
    seen = {tuple(row['argv']) for row in trace.processes() if row['argv']}
    changed = [line for line in lines if tuple(line) not in seen]
    check(len(lines) >= 200 and len(changed) * 50 <= len(lines), f'changed: {changed}')


def test_equal_values_have_equal_tokens(t):
    lines = [['a', '--password', 'winter-tiger-7'], ['b', '--password=winter-tiger-7'],
             ['c', '--password=another-one-8']]
    traces = [record_lines(t, lines, name=name) for name in ('1.vft', '2.vft')]
    tokens = []
    for trace in traces:
        words = [row['argv'] for row in trace.processes() if row['argv'] and
                 row['argv'][0] in ('a', 'b', 'c')]
        check_equal(len(words), 3, 'processes')
        tokens.append([line[-1].removeprefix('--password=') for line in words])
    for first, second, third in tokens:
        check(first == second != third and first.startswith('REDACTED:'), f'{tokens}')
    check(tokens[0][0] != tokens[1][0], 'two recordings have one key')


def test_old_processes_and_the_command(t):
    """What ran before, and CMD, which META has too."""
    secret = 'Zx81-Spectrum-48k'
    process = t.start(
        sys.executable, '-c', 'import time; time.sleep(100)', f'--password={secret}')
    trace = t.record(sys.executable, '-c', 'pass', f'--token={secret}', options=('-a',))
    check(process.poll() is None, 'the old process has ended')
    rows = [row for row in trace.processes() if row['pid'] == process.pid]
    check_equal(len(rows), 1, 'rows of the old process')
    check(rows[0]['argv'][-1].startswith('--password=REDACTED:'), f'{rows[0]["argv"]}')
    check_equal(rows[0]['argv_truncated'], False, 'argv_truncated')
    check(secret.encode() not in bytes_of(trace), 'the secret is in the file')
    info = trace.report('info', '--json').json()['rows'][0]
    check(info['command_argv'][-1].startswith('--token=REDACTED:'), f'{info["command_argv"]}')
    check_equal((info['args'], info['redaction']), ('redacted', 'redacted'), 'args, redaction')


def test_paths_and_names(t):
    """A path as given and the file's own, and a comm, without the password of a URL."""
    folder = t.path('ghp_0123456789abcdefghijABCDEFGHIJ012345')
    os.mkdir(folder)
    path = os.path.join(folder, 'u:pw123456')
    os.symlink('/bin/true', path)
    trace = t.record(path, 'x')
    check(b'ghp_0123456789' not in bytes_of(trace), 'the token is in the file')


def test_rules_of_the_user(t):
    rules = t.path('rules')
    with open(rules, 'w', encoding='utf-8') as file:
        file.write('# ours\n\nname codeword\nprefix ACME-\noption acmectl -z\n'
                   'regex [0-9]{4}-[0-9]{4}-[0-9]{4}\n')
    lines = [['x', '--codeword', 'blue-moon'], ['x', 'ACME-77zz77'],
             ['acmectl', '-z', 'opensesame'],
             ['x', 'card 1234-5678-9012 ok'], ['acmectl', '-zopen2sesame', 'kept-word']]
    trace = record_lines(t, lines, '--redact-rules', rules)
    content = bytes_of(trace)
    for value in (b'blue-moon', b'77zz77', b'opensesame', b'1234-5678-9012', b'open2sesame'):
        check(value not in content, f'{value} is in the file')
    check(b'kept-word' in content, 'too much was removed')
    removed = trace.report('info', '--json').json()['rows'][0]['removed']
    check(removed.get('rule', 0) >= 2, f'{removed}')


def test_wrong_rules(t):
    rules = t.path('rules')
    for text, part in (('regex [\n', 'line 1'), ('\nnoun x\n', "line 2: 'noun' is no rule"),
                       ('prefix ab\n', '3 characters'), ('option x\n', 'option mysql -p'),
                       ('name\n', 'name WORD')):
        with open(rules, 'w', encoding='utf-8') as file:
            file.write(text)
        result = t.run(RECORD, '-o', t.path('no.vft'), '--redact-rules', rules, '--', 'true')
        check_equal(result.status, USAGE, f'status for {text!r}')
        lines = result.error_lines()
        check(len(lines) == 1 and part in lines[0], f'{text!r}: {result}')
        check(not os.path.exists(t.path('no.vft')), 'a file was left behind')
    result = t.run(RECORD, '-o', t.path('no.vft'), '--redact-rules', t.folder, '--', 'true')
    check(result.status == USAGE and 'Is a directory' in result.error_lines()[0], f'{result}')
    result = t.run(RECORD, '-o', t.path('no.vft'), '--redact-rules', t.path('none'), '--', 'true')
    check(result.status == USAGE and 'No such file' in result.error_lines()[0], f'{result}')
    result = t.run(RECORD, '-o', t.path('no.vft'), '--redact-rules', rules, '--args', 'full', '--',
                   'true')
    check_equal(result.status, USAGE, 'status with --args full')


def test_the_last_line_says_it(t):
    for arguments, options, part in ((['--password=abcdef12'], (), 'looked like'),
                                     ([], (), 'nothing looked like a secret'),
                                     ([], ('--args', 'full'), 'as they were')):
        process, _ = t.start_recorder(sys.executable, '-c', 'pass', *arguments,
                                      options=(*options, '--force'))
        result = t.finish_recorder(process)
        check(part in result.error_lines()[-1], f'{options}: {result}')


if __name__ == '__main__':
    harness.main(globals())
