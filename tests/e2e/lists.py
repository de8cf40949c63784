#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Lists of what ran before: whom they hold, and whom the recorder can be told to follow."""

import os

import harness
from harness import RECORD, Trace, check, check_equal

PIDNS_INITIAL = 4026531836


def own_pidns():
    return os.stat('/proc/self/ns/pid').st_ino


def section_of(trace):
    (row,) = trace.report('info', '--json').json()['rows']
    return row


def test_list_of_the_whole_host(t):
    if own_pidns() != PIDNS_INITIAL:
        raise harness.Skip('these tests run in a pid namespace')
    process, trace = t.start_recorder('true')
    result = t.finish_recorder(process)
    section = section_of(trace)
    check_equal(section['list_pidns'], None, 'what lists cover')
    check('namespace' not in result.stderr.decode(), f'a notice without a reason: {result}')
    check('Lists' not in trace.report('info').text(), 'info speaks of lists that cover all')


def test_list_of_a_pid_namespace(t):
    """Also where /proc is still that of the host."""
    harness.require_tool('unshare')
    for mount in ([], ['--mount-proc']):
        path = t.path('inside.vft')
        inside = ('unshare', '--pid', '--fork', *mount, RECORD, '--force', '-o', path)
        result = t.run(*inside, '--', 'readlink', '/proc/self/ns/pid')
        check_equal(result.status, 0, f'status of {result}')
        trace = Trace(t, path)
        section = section_of(trace)
        inode = int(result.stdout.decode().strip('pid:[]\n'))
        check_equal(section['list_pidns'], inode, f'what lists cover {mount}')
        check('--pid=host' in result.stderr.decode(), f'nothing is said: {result}')
        check('pid namespace' in trace.report('info').text(), 'info says nothing')
        result = t.run(*inside, '-q', '--', 'true')
        check_equal(result.stderr, b'', 'what -q says')


if __name__ == '__main__':
    harness.main(globals())
