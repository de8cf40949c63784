#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""bench.py BUILD [--quick] [--only recording|replay] - measures every goal of docs/performance.md
side by side with the peers, prints a table and writes BUILD/bench.json. Run by ./dev bench."""

import argparse
import json
import os
import shutil
import sys
import tempfile

import goals
import recorders
import recording
import replay
from recording import say

ENGLISH = {goals.AT_LEAST: '>=', goals.AT_MOST: '<='}


def parse():
    parser = argparse.ArgumentParser(prog='./dev bench', description=__doc__.split(' - ')[1])
    parser.add_argument('build', help=argparse.SUPPRESS)
    parser.add_argument('--quick', action='store_true', help='fewer rounds, smaller inputs')
    parser.add_argument('--pairs', type=int, default=0, metavar='N',
                        help='at most N pairs of untraced and traced runs')
    parser.add_argument('--only', choices=('recording', 'replay'))
    return parser.parse_args()


def limit(goal, value):
    return '-' if value is None else f'{ENGLISH[goal.order]} {value:.4g}'


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in rows)


def print_goals(found):
    rows = [('#', 'figure', 'measured', 'floor', 'stretch', 'reached')]
    rows += [(goal.number, goal.figure, goal.text, limit(goal, goal.floor),
              limit(goal, goal.stretch), goal.verdict()) for goal in found]
    print(table(rows))
    print()
    for goal in found:
        if goal.note:
            print(f'{goal.number:>4} {goal.note}')


def print_peers(measured):
    for what in ('exit', 'exec'):
        rows = [('recorder', 'rate', 'load CPU', 'bytes/life', 'collector us/life', 'pairs')]
        rows += [(name, *(goals.show(figures[key], digits).split(',')[0] + ')'
                          for key, digits in (('rate', 3), ('load_cpu', 2), ('bytes', 1),
                                              ('collector_us', 2))), str(figures['rate']['n']))
                 for name, figures in measured[what].items()]
        print(f'\nvfork+{what}: median (min..max)')
        print(table(rows))
    for name, why in measured['skipped'].items():
        print(f'{name}: skipped: {why}')


def print_end(found):
    counts = {}
    for goal in found:
        counts[goal.verdict()] = counts.get(goal.verdict(), 0) + 1
    print('\n' + ', '.join(f'{n} {verdict}' for verdict, n in sorted(counts.items())))


def machine():
    return {'cpus': os.cpu_count(), 'kernel': os.uname().release.split('-')[0],
            'arch': os.uname().machine, 'load_average': os.getloadavg()}


def earlier_half(path, only):
    """With --only, what the other half found when it was measured last."""
    try:
        with open(path, encoding='utf-8') as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return {key: found[key] for key in ('recording', 'replay') if only and key != only
            and key in found}


def main():
    options = parse()
    path = os.path.join(options.build, 'bench.json')
    result = {'machine': machine(), 'quick': options.quick, **earlier_half(path, options.only)}
    work = tempfile.mkdtemp(prefix='bench-', dir=options.build)
    bench = recording.Bench(options.build, work, options.quick, options.pairs)

    def make_recorder(words):
        return recorders.vfork_record(bench.build, options=words)

    everyone = [make_recorder(()), recorders.bare(bench.build), *recorders.peers()]
    try:
        if options.only != 'replay':
            result['recording'] = recording.measure(bench, everyone, make_recorder)
        if options.only != 'recording':
            result['replay'] = replay.measure(bench, everyone)
    except recorders.Unusable as error:
        say(error)
        return 1
    finally:
        shutil.rmtree(work)
    result['machine']['load_average_after'] = os.getloadavg()
    found = goals.judge(result.get('recording'), result.get('replay'))
    result['goals'] = [goal.row() for goal in found]
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(result, file, indent=1)
        file.write('\n')
    print_goals(found)
    if 'recording' in result:
        print_peers(result['recording'])
    print_end(found)
    return 0


if __name__ == '__main__':
    sys.exit(main())
