#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every command of vfork-report on every trace of v1/cli, against the output kept beside it.

usage: test_cli.py VFORK_REPORT [--update]

One expected file for each trace holds the commands one after the other, each with its stdout,
stderr and exit status, byte for byte but that a carriage return is shown as \\r and the sandbox's
level, which is the machine's, as LEVEL. --update writes what the program says now: look at the
difference before it is committed.
"""

import difflib
import json
import os
import pathlib
import re
import subprocess
import sys

TRACES = pathlib.Path(__file__).resolve().parent / 'v1' / 'cli'

# Of each trace.
COMMANDS = (
    'summary FILE',
    'summary --json FILE',
    'vforks FILE',
    'vforks --json FILE',
    'tree FILE',
    'events FILE',
    'export --format csv --table processes FILE',
    'info FILE',
    'info --json FILE',
    'verify FILE',
    'verify --json FILE',
    'verify --csv FILE',
)
# Of two that have everything: the other forms.
FORMS = (
    'vforks --csv FILE',
    'vforks --ndjson FILE',
    'tree --json FILE',
    'tree --csv FILE',
    'events --json FILE',
    'events --ndjson FILE',
    'events --csv FILE',
    'export --format ndjson --table processes FILE',
    'export --format json --table processes FILE',
    'export --format csv --csv-safe FILE',
)
# Of one: every way to select.
SELECTIONS = (
    '--exit-code -q FILE',
    '--strict -q FILE',
    '--color=always FILE',
    'vforks --outcome open,killed --sort blocked FILE',
    'vforks --min 20ms --limit 2 FILE',
    'vforks --from 240ms --to 300ms FILE',
    'vforks --from 2023-11-14T22:13:20.24Z --to 2023-11-15T00:13:20.3+02:00 FILE',
    'vforks --pid 303 FILE',
    'vforks --pid 7 --ns FILE',
    'vforks --comm wor* FILE',
    'vforks --exe cc1 FILE',
    'vforks --container 0123456789ab FILE',
    'vforks --container ffff FILE',
    'vforks --uid 0 FILE',
    'tree --pid 101 FILE',
    'tree --comm cc1 FILE',
    'events --pid 303 FILE',
    'events --exe cc1 FILE',
    'summary --comm worker FILE',
    'summary --from 600ms FILE',
    'summary --to 450ms FILE',
    'verify --pid 1 FILE',
    'vforks --from 22:13:20.3 --utc FILE',
    'vforks --from 1500ms\xa0ago FILE',
    'vforks --comm nobody FILE',
    'events --uid 7 FILE',
    'tree --container ff FILE',
    'summary --from 1h FILE',
    'vforks --to 2023-11-14T00:00Z FILE',
    'FILE vforks',
    'FILE FILE',
)
# Of one with children that differ from their parents, and with an end that is not known.
UNDECIDED = (
    'vforks --comm (nginx) FILE',
    'vforks --uid 33 FILE',
    'vforks --container 0123 --pid 304 FILE',
    'vforks --min 1.5s --sort blocked FILE',
    'vforks --from 1.5s --outcome unknown FILE',
    'vforks --from 1.5s --ndjson --outcome unknown FILE',
    'summary --pid 302 FILE',
    'summary --from 1.5s --pid 510 FILE',
    'summary --uid 99 FILE',
    'export --format ndjson --table processes --from 1.5s FILE',
    'export --format csv --table processes --from 1.1s FILE',
)
# Without a trace.
PROGRAM = (
    '--version', '--json-schema',
    '', '--foo', 'stalls x.vft', 'sumary x.vft',
    '--ndjsn x.vft', '--from 2 --to 1 x.vft', '--pid 99999999999 x.vft', '--pid 1 2 x.vft',
    'export --format perfetto x.vft', 'nosuch.vft', 'vforks --json nosuch.vft',
    'verify --json nosuch.vft', '.',
    # Gaps without length.
    '-q ../format/block_removed.vft', '-q ../format/head_cut_at_block.vft',
)


def shown(data):
    text = data.decode('utf-8', 'backslashreplace').replace('\r', '\\r')
    text = re.sub('(?m)^sandbox: .+$', 'sandbox: LEVEL', text)
    return text + ('' if not text or text.endswith('\n') else '\\ no line end\n')


def run(tool, line, file=None, **environment):
    words = [file if word == 'FILE' else word.replace('\xa0', ' ') for word in line.split(' ')]
    env = {'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC', **environment}
    env.update({k: v for k, v in os.environ.items() if k.startswith(('ASAN_', 'UBSAN_', 'LSAN_'))})
    result = subprocess.run([tool, *words], cwd=TRACES, env=env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    settings = ''.join(f'{k}={v} ' for k, v in environment.items())
    text = f'$ {settings}vfork-report {" ".join(words)}\n'
    text += shown(result.stdout)
    if result.stderr:
        text += '--- stderr\n' + shown(result.stderr)
    return text + f'--- status {result.returncode}\n\n'


def commands(tool):
    """Those that there are, as the tool lists them for a word that is none."""
    return re.search('commands: (.+)', run(tool, 'zzzzzzzz'))[1].split(', ')


def everything(tool):
    """Name of the expected file and what should be in it."""
    for trace in sorted(TRACES.glob('*.vft')):
        text = ''.join(run(tool, line, trace.name) for line in COMMANDS)
        text += run(tool, 'tree FILE', trace.name, LC_ALL='C')
        text += run(tool, 'summary FILE', trace.name, LC_ALL='C')
        if trace.stem in ('outcomes', 'hostile'):
            text += ''.join(run(tool, line, trace.name) for line in FORMS)
        if trace.stem == 'outcomes':
            text += ''.join(run(tool, line, trace.name) for line in SELECTIONS)
        if trace.stem == 'chain':
            text += ''.join(run(tool, line, trace.name) for line in UNDECIDED)
            for line in ('summary FILE', 'vforks FILE', 'vforks --utc FILE'):
                text += run(tool, line, trace.name, TZ='XXX-5:30')
            text += run(tool, 'vforks FILE outcomes.vft', trace.name)
            text += run(tool, 'summary FILE outcomes.vft', trace.name)
        yield trace.stem, text
    lines = ('--help', 'help', 'help tree', *(f'{name} --help' for name in commands(tool)))
    yield 'program', ''.join(run(tool, line) for line in lines + PROGRAM)


def documented(heading):
    """Of a table of docs/schema.md: key to (types, whether it may be absent)."""
    doc = (TRACES.parents[3] / 'docs' / 'schema.md').read_text(encoding='utf-8')
    section = doc.split(f'\n## {heading}\n')[1].split('\n## ')[0]
    names = {'string': str, 'integer': int, 'boolean': bool, 'array': list, 'object': dict,
             'array of strings': list, 'null': type(None)}
    lines = re.findall(r'(?m)^\| `(\w+)` \| ([\w ]+) \| (yes|no) \|', section)
    return {key: ({names[name] for name in types.split(' or ')}, absent == 'yes')
            for key, types, absent in lines}


def differences(where, value, keys):
    for key, (types, may_be_absent) in keys.items():
        if key not in value and not may_be_absent:
            yield f'{where} has no {key}'
        elif key in value and type(value[key]) not in types:
            yield f'{where} has {key} = {value[key]!r}'
    yield from (f'docs/schema.md does not have {key} of {where}' for key in value
                if key not in keys and key.removesuffix('_raw') not in keys)


def undocumented(tool):
    """What info and verify say against docs/schema.md, which alone describes it."""
    info, verify = documented('info --json'), documented('verify --json')
    seen = set()
    for trace in sorted(TRACES.glob('*.vft')):
        documents = []
        for command in ('info', 'verify'):
            result = subprocess.run([tool, command, '--json', trace.name], cwd=TRACES, check=False,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            documents.append(json.loads(result.stdout or 'null'))
        for row in documents[0]['rows'] if documents[0] else ():
            seen |= row.keys()
            yield from differences(f'info of {trace.name}', row, info)
        yield from differences(f'verify of {trace.name}', documents[1], verify)
    yield from (f'no trace here has {key}' for key, (_, absent) in info.items()
                if not absent and key not in seen)


def main():
    tool, update = os.path.abspath(sys.argv[1]), '--update' in sys.argv[2:]
    n_cases = n_failed = 0
    for name, actual in everything(tool):
        path = TRACES / 'expected' / f'{name}.txt'
        if update:
            path.parent.mkdir(exist_ok=True)
            path.write_text(actual, encoding='utf-8')
            continue
        expected = path.read_text(encoding='utf-8') if path.exists() else ''
        wanted, got = (text.split('\n$ ') for text in ('\n' + expected, '\n' + actual))
        for i, case in enumerate(got[1:], 1):
            before = wanted[i] if i < len(wanted) else ''
            n_cases += 1
            n_failed += before != case
            print(f'{"ok" if before == case else "not ok"} {n_cases} - {name}: '
                  f'{case.splitlines()[0]}')
            for line in difflib.unified_diff(before.splitlines(), case.splitlines(), 'expected',
                                             'actual', lineterm='', n=1) if before != case else ():
                print(f'# {line[:300]}')
        n_cases += 1
        n_failed += len(wanted) > len(got)
        print(f'{"not ok" if len(wanted) > len(got) else "ok"} {n_cases} - {name}: nothing is gone')
    wrong = list(undocumented(tool))
    n_cases += 1
    n_failed += bool(wrong)
    print(f'{"not ok" if wrong else "ok"} {n_cases} - docs/schema.md has what info and verify say')
    for line in wrong:
        print(f'# {line}')
    print(f'1..{n_cases}')
    sys.exit(1 if n_failed else 0)


if __name__ == '__main__':
    main()
