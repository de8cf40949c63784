# SPDX-License-Identifier: BSD-2-Clause
"""Runs a program whose Nth call fails, for every N until none is left to fail."""

import os
import subprocess
import sys

EXIT_CODES = {0, 1, 2, 3, 4, 5}  # the documented ones
TIME_LIMIT = 20


class Failure(Exception):
    pass


class Result:
    def __init__(self, process, was_hit):
        self.code = process.returncode
        self.stdout = process.stdout
        self.stderr = process.stderr.decode('utf-8', 'replace')
        self.was_hit = was_hit

    def lines(self):
        return self.stderr.splitlines()


class Runner:
    """preload: the shim, or None for a program that has it linked in."""

    def __init__(self, preload):
        self.environment = dict(os.environ, TZ='UTC')
        self.environment.pop('VFT_FAIL', None)
        if preload:
            self.environment['LD_PRELOAD'] = preload
        self.n_points = 0

    def run(self, command, plan=None, locale='C.UTF-8'):
        reader, writer = os.pipe()
        environment = dict(self.environment, LC_ALL=locale)
        if plan:
            environment.update(VFT_FAIL=plan, VFT_FAIL_FD=str(writer))
        try:
            process = subprocess.run(command, env=environment, pass_fds=[writer],
                                     stdin=subprocess.DEVNULL, capture_output=True,
                                     timeout=TIME_LIMIT, check=False)
        except subprocess.TimeoutExpired as expired:
            raise Failure(f'{plan}: no end within {TIME_LIMIT} s') from expired
        finally:
            os.close(writer)
            was_hit = os.read(reader, 1) != b''
            os.close(reader)
        return Result(process, was_hit)

    def points(self, command, how, on='', step=1, before=None):
        """Yields (plan, result) for N = 1, 1 + step, ... until a run passes untouched."""
        n = 1
        while True:
            plan = f'{how}:{n}{on}'
            if before:
                before()
            result = self.run(command, plan)
            if not result.was_hit:
                return
            self.n_points += 1
            yield plan, result
            n += step

    def count(self, before):
        """How many points there were; none means that the shim was not reached."""
        if self.n_points == before:
            raise Failure('no call was made to fail')
        return f'{self.n_points - before} points'


def check_manners(plan, result, name, is_as_ever=False):
    """No crash, a documented status, and one line that says what failed, if anything did."""
    if result.code not in EXIT_CODES:
        raise Failure(f'{plan}: status {result.code}: {result.stderr[-2000:]}')
    if result.code and not result.stderr and not is_as_ever:
        raise Failure(f'{plan}: status {result.code} and not a word')
    if len(result.lines()) > 2:
        raise Failure(f'{plan}: more than a line: {result.stderr[-2000:]}')
    for line in result.lines():
        if not line.startswith(f'{name}: '):
            raise Failure(f'{plan}: a stray line: {line}')


def run_cases(cases):
    """TAP of (name, function); a function returns a comment, or ('skip', reason)."""
    n_failed = 0
    print(f'1..{len(cases)}')
    for number, (name, function) in enumerate(cases, 1):
        try:
            said = function()
        except Failure as failure:
            n_failed += 1
            print('\n'.join('# ' + line for line in str(failure).splitlines()))
            print(f'not ok {number} - {name}', flush=True)
            continue
        if isinstance(said, tuple):
            print(f'ok {number} - {name} # SKIP {said[1]}', flush=True)
            continue
        if said:
            print(f'# {said}')
        print(f'ok {number} - {name}', flush=True)
    sys.exit(n_failed != 0)
