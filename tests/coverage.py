#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Lines and branches that the tests reached, by folder, from the gcov data in BUILD.

Exits 1 when format/ has fewer than 95 % of its branches or another folder fewer than 85 % of its
lines; record/ is only held to it when the recordings ran (--recorded).
"""

import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ('format', 'replay', 'record')
MIN_FORMAT_BRANCHES, MIN_LINES = 95.0, 85.0


def files_of(build):
    # Only @build is searched: the tree may hold other builds.
    command = ['gcovr', '--root', ROOT, '--json-summary', '-',
               *(f'--filter={ROOT}/{folder}/' for folder in FOLDERS), build]
    text = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return json.loads(text)['files']


def percent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def share(files, what):
    return percent(sum(f[what + '_covered'] for f in files), sum(f[what + '_total'] for f in files))


def main(build, recorded):
    files = files_of(build)
    failed = False
    for file in sorted(files, key=lambda f: f['filename']):
        print(f'  {file["filename"]:<32} {share([file], "line"):6.1f} % of lines '
              f'{share([file], "branch"):6.1f} % of branches')
    for folder in FOLDERS:
        own = [f for f in files if f['filename'].startswith(folder + '/')]
        if not own:
            print(f'{folder}/: not built')
            continue
        lines, branches = share(own, 'line'), share(own, 'branch')
        enough = branches >= MIN_FORMAT_BRANCHES if folder == 'format' else lines >= MIN_LINES
        goal = (f'{MIN_FORMAT_BRANCHES:.0f} % of branches' if folder == 'format'
                else f'{MIN_LINES:.0f} % of lines')
        held = recorded or folder != 'record'
        verdict = 'reached' if enough else 'MISSED' if held else 'not held to it: no recordings'
        print(f'{folder}/: {lines:.1f} % of lines, {branches:.1f} % of branches '
              f'(goal {goal}: {verdict})')
        failed |= held and not enough
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], '--recorded' in sys.argv[2:]))
