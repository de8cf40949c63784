#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Run libFuzzer targets on their corpora: run.py BUILD [TARGET] [-t SECONDS].

What a target learns is kept in BUILD/corpus/TARGET. An input that it fails on is found in
BUILD/found/TARGET and put under tests/fuzz/crashes/TARGET, which `meson test --suite fuzz` replays
ever after. Exits 1 on a finding.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Bytes of an input, at most: so few that thousands run in a second, and enough for each seed.
# Longer ones are left to replay.c.
MAX_INPUT = {'block': 1024, 'cli': 256, 'redact': 512, 'roundtrip': 512, 'translate': 512}
MAX_TRACE = 6144
# A minute of grace: sanitized start-up and the first pass over the corpus are not counted by -t.
GRACE_SECONDS = 120


def targets_of(build):
    """Name -> folders of seeds, as meson gives them to the replay of the same target."""
    text = subprocess.run(['meson', 'introspect', '--tests', build], check=True,
                          capture_output=True, text=True).stdout
    return {test['name'].removeprefix('fuzz/'): test['cmd'][1:]
            for test in json.loads(text) if test['name'].startswith('fuzz/')}


def last_number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def listing(folder):
    return set(os.listdir(folder)) if os.path.isdir(folder) else set()


def keep_found(found, crashes):
    """Moves what was found to the crashes, whose folder is not made for nothing: its new names."""
    names = listing(found)
    if names:
        os.makedirs(crashes, exist_ok=True)
    known = listing(crashes)
    for name in names:
        shutil.move(os.path.join(found, name), os.path.join(crashes, name))
    return names - known


def inputs_of(seeds):
    """The seeds' files, without what golden tests expect of them."""
    for seed in seeds:
        for folder, folders, files in os.walk(seed):
            folders[:] = [name for name in folders if name != 'expected']
            yield from (os.path.join(folder, name) for name in files if name != 'expected')


def fuzz(build, name, seeds, seconds):
    """One target for @seconds: (name, executions, edges, features, corpus, findings)."""
    learned = os.path.join(build, 'corpus', name)
    found = os.path.join(build, 'found', name)
    os.makedirs(learned, exist_ok=True)
    os.makedirs(found, exist_ok=True)
    listed = os.path.join(build, f'fuzz-{name}.seeds')
    with open(listed, 'w', encoding='utf-8') as out:
        out.write(','.join(inputs_of(seeds)))
    command = [os.path.join(build, 'tests', 'fuzz', 'fuzz_' + name), f'-max_total_time={seconds}',
               f'-artifact_prefix={found}/', f'-max_len={MAX_INPUT.get(name, MAX_TRACE)}',
               # No limit of resident memory: it takes a thread, whose CPU must be told of every
               # page that is given back. Entropic's book-keeping takes more than it brings.
               '-timeout=20', '-rss_limit_mb=0', '-malloc_limit_mb=2048', '-entropic=0',
               '-reload=0', '-print_final_stats=1', f'-seed_inputs=@{listed}', learned]
    log = os.path.join(build, f'fuzz-{name}.log')
    with open(log, 'w', encoding='utf-8') as out:
        try:
            status = subprocess.run(command, stdout=out, stderr=out, check=False,
                                    timeout=seconds + GRACE_SECONDS).returncode
        except subprocess.TimeoutExpired:
            status = 1
    new = keep_found(found, os.path.join(HERE, 'crashes', name))
    with open(log, encoding='utf-8', errors='replace') as file:
        text = file.read()
    if status and not new:
        print(f'{name}: ended with {status}, see {log}', flush=True)
    for crash in sorted(new):
        why = re.search(r'(ERROR: .*|SUMMARY: .*|runtime error: .*)', text)
        print(f'{name}: {why.group(1) if why else "failed"}\n'
              f'  input tests/fuzz/crashes/{name}/{crash}, log {log}', flush=True)
    return (name, last_number(r'stat::number_of_executed_units:\s*(\d+)', text),
            last_number(r' cov: (\d+)', text), last_number(r' ft: (\d+)', text),
            len(listing(learned)), max(len(new), 1 if status else 0))


def main():
    parser = argparse.ArgumentParser(prog='./dev fuzz', description='Run libFuzzer targets.')
    parser.add_argument('build', help=argparse.SUPPRESS)
    parser.add_argument('target', nargs='?')
    parser.add_argument('-t', type=int, default=60, metavar='SECONDS', help='for each target')
    args = parser.parse_args()
    targets = targets_of(args.build)
    if args.target and args.target not in targets:
        parser.error(f"no target '{args.target}'; there are: {' '.join(targets)}")
    names = [args.target] if args.target else list(targets)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(lambda name: fuzz(args.build, name, targets[name], args.t), names))
    print(f'{"target":<10} {"executions":>11} {"edges":>6} {"features":>8} {"corpus":>6} findings')
    for name, runs, edges, features, corpus, findings in rows:
        print(f'{name:<10} {runs:>11} {edges:>6} {features:>8} {corpus:>6} {findings:>8}')
    findings = sum(row[-1] for row in rows)
    print(f'{len(rows)} targets, {sum(row[1] for row in rows)} executions, {findings} findings')
    return 1 if findings or not all(row[1] for row in rows) else 0


if __name__ == '__main__':
    sys.exit(main())
