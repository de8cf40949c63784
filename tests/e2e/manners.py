#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vfork-report when what surrounds it is odd: closed descriptors, limits, signals, slow input."""

import os

import harness
from harness import REPORT, check, check_equal

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'golden', 'v1', 'cli')
UNREADABLE = 3


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


if __name__ == '__main__':
    harness.main(globals(), requirement=lambda: None)
