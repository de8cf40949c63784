# SPDX-License-Identifier: BSD-2-Clause
"""Rows of a report held against the truth of a workload."""

import base64
import datetime
import os
import signal
import time

from harness import Failure, SECOND_NS, check, check_between, check_equal

CLONE_VM = 0x100
CLONE_VFORK = 0x4000
CLONE_PARENT = 0x8000
CLONE_NEWPID = 0x20000000

# CLOCK_REALTIME may be slewed against CLOCK_BOOTTIME while a case runs.
SLEW_NS = 20_000_000


def one(rows, what, **wanted):
    """The one row that has the wanted values."""
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    if len(found) != 1:
        raise Failure(f'{len(found)} rows of {what} have {wanted}, of {len(rows)}: {rows[:5]}')
    return found[0]


def realtime_ns(text):
    """RFC 3339 in UTC with nine digits, as ns since the epoch."""
    check(text.endswith('Z') and len(text) == len('2026-01-01T00:00:00.000000000Z'),
          f'{text!r} is not RFC 3339 in ns')
    seconds = datetime.datetime.fromisoformat(text[:19] + '+00:00').timestamp()
    return int(seconds) * SECOND_NS + int(text[20:29])


def boottime_of(text):
    """The same moment on CLOCK_BOOTTIME."""
    offset = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return realtime_ns(text) - offset


def raw(row, key):
    """The bytes of a string column."""
    if row.get(key + '_raw') is not None:
        return base64.b64decode(row[key + '_raw'])
    return None if row[key] is None else row[key].encode()


def raw_argv(row):
    if row.get('argv_raw') is not None:
        return [base64.b64decode(word) for word in row['argv_raw']]
    return [word.encode() for word in row['argv']]


def check_status(row, status, what):
    """exit_code and exit_signal against a status of waitpid."""
    if os.WIFEXITED(status):
        check_equal(row['exit_code'], os.WEXITSTATUS(status), f'{what}: exit_code')
        check_equal(row['exit_signal'], None, f'{what}: exit_signal')
    else:
        check_equal(row['exit_signal'], signal.Signals(os.WTERMSIG(status)).name,
                    f'{what}: exit_signal')


def check_times(row, truth, end_ns=None):
    """blocked_ns lies between what the child did while it held the parent and what that saw."""
    end_ns = end_ns or truth['after_ns']
    if row['blocked_ns'] is None:
        raise Failure(f'{truth["what"]}: blocked_ns is null')
    held = max(truth['ended_ns'] - truth['began_ns'], 0)
    check_between(held, row['blocked_ns'], end_ns - truth['before_ns'],
                  f'{truth["what"]}: blocked_ns')
    latest = (truth['began_ns'] or end_ns) + SLEW_NS
    check_between(truth['before_ns'] - SLEW_NS, boottime_of(row['start']), latest,
                  f'{truth["what"]}: start')


def find(rows, truth):
    """The row of the truth's child, with the right pids on both sides."""
    child = truth['child_pid']
    wanted = {'child_pid': child} if child else {}
    row = one(rows, 'vforks', parent_tid=truth['parent_tid'], **wanted)
    check_equal(row['parent_pid'], truth['parent_pid'], f'{truth["what"]}: parent_pid')
    if truth['child_ns_pid']:
        check_equal(row['child_ns_pid'], truth['child_ns_pid'], f'{truth["what"]}: child_ns_pid')
    return row


def check_episode(rows, truth, outcome, end_ns=None, **wanted):
    """Find the truth's row and hold it against the truth; gives the row."""
    row = find(rows, truth)
    what = truth['what']
    check_equal(row['outcome'], outcome, f'{what}: outcome')
    check_equal(row['certain'], True, f'{what}: certain ({row["reason"]})')
    for key, value in wanted.items():
        check_equal(row[key], value, f'{what}: {key}')
    check_times(row, truth, end_ns)
    if outcome in ('exit', 'killed', 'exec_failed'):
        check_status(row, truth['status'], what)
    return row


def check_process(rows, pid, status=None, **wanted):
    """The one process of this pid; gives the row."""
    row = one(rows, 'processes', pid=pid)
    for key, value in wanted.items():
        check_equal(row[key], value, f'process {pid}: {key}')
    if status is not None:
        check_status(row, status, f'process {pid}')
    return row


def check_nothing_lost(trace):
    """Without loss, for whatever cause, and closed as it should be."""
    summary = trace.summary()
    check_equal(summary['losses']['events'], 0, 'lost events')
    check_equal(summary['losses']['windows'], [], 'loss windows')
    check_equal(summary['losses']['missing_blocks'], 0, 'missing blocks')
    check_equal(summary['trace']['clean_end'], True, 'clean_end')
    return summary
