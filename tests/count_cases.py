#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Count the cases in meson's testlog.json files and end with "N passed, N failed, N skipped".

A test that speaks TAP counts as its cases, any other as one. A test that failed without a failing
case (a crash, a time limit, a plan not kept) counts as one failure more. Exits 1 on any failure,
and when nothing ran at all.
"""

import json
import re
import sys

TAP_CASE = re.compile(r'^(not )?ok\b(?:\s+\d+)?(?:\s*-)?\s*(.*)$')
TAP_SKIP_ALL = re.compile(r'^1\.\.0\b.*#\s*skip\S*\s*(.*)$', re.IGNORECASE)
DIRECTIVE = re.compile(r'#\s*(skip|todo)\S*\s*(.*)$', re.IGNORECASE)
MAX_REASONS = 20
GOOD = {'OK', 'EXPECTEDFAIL'}


class Tally:
    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skips = []

    def add_tap(self, test, text):
        """Count the cases of one TAP stream; True when there was any."""
        seen = False
        reasons = []  # the comment lines before a case that failed
        for line in text.splitlines():
            if line.startswith('# '):
                reasons.append(line)
            skip_all = TAP_SKIP_ALL.match(line)
            if skip_all:
                self.skips.append((test, skip_all.group(1)))
                seen = True
            case = TAP_CASE.match(line)
            if case:
                self.add_case(test, bool(case.group(1)), case.group(2), reasons)
                reasons = []
                seen = True
        return seen

    def add_case(self, test, is_failure, text, reasons):
        directive = DIRECTIVE.search(text)
        kind = directive.group(1).lower() if directive else None
        name = f'{test}: {text[:directive.start()].strip() if directive else text}'
        if kind == 'skip':
            self.skips.append((name, directive.group(2)))
        elif is_failure and kind != 'todo':
            self.failures.append('\n'.join([name, *reasons[:MAX_REASONS]]))
        else:
            self.passed += 1

    def add_test(self, test):
        name, result = test['name'], test['result']
        failures_before = len(self.failures)
        has_cases = self.add_tap(name, test.get('stdout') or '')
        if result in GOOD or result == 'SKIP':
            if not has_cases and result == 'SKIP':
                self.skips.append((name, last_line(test)))
            elif not has_cases:
                self.passed += 1
        elif is_cmocka_skip(test):
            pass  # its cases are counted already
        elif len(self.failures) == failures_before:
            self.failures.append(f'{name}: {result.lower()}')


def is_cmocka_skip(test):
    """cmocka 1.1 says "not ok N # SKIP name", which meson takes for a failure: told by the status.

    The plan must have been kept, so that a test which ended early does not pass for one.
    """
    text = test.get('stdout') or ''
    plan = re.search(r'^1\.\.(\d+)', text, re.MULTILINE)
    cases = [line for line in text.splitlines() if TAP_CASE.match(line)]
    failed = [line for line in cases if line.startswith('not ok')]
    return (test.get('returncode') == 0 and bool(plan) and len(cases) == int(plan.group(1))
            and bool(failed) and all(DIRECTIVE.search(line) for line in failed))


def last_line(test):
    text = (test.get('stderr') or '') or (test.get('stdout') or '')
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else 'no reason given'


def main(paths):
    tally = Tally()
    for path in paths:
        try:
            with open(path, encoding='utf-8', errors='replace') as log:
                for line in log:
                    tally.add_test(json.loads(line))
        except OSError as error:
            tally.failures.append(f'no test log: {error}')
    for name, reason in tally.skips:
        print(f'skipped: {name} ({reason})')
    for name in tally.failures:
        print(f'failed: {name}')
    nothing_ran = not (tally.passed or tally.failures or tally.skips)
    print(f'{tally.passed} passed, {len(tally.failures)} failed, {len(tally.skips)} skipped')
    return 1 if tally.failures or nothing_ran else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
