#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a recorder says of vforks that last, while they last."""

import re
import time

import harness
from harness import check, check_equal, wait_until

PREFIX = 'vfork-record: stall: '
HELD = re.compile(r' held (\d+\.\d\d)s by ')


def lines_of(process):
    """What it has said of stalls so far."""
    stream = process.outputs[1]
    stream.flush()
    with open(f'/proc/self/fd/{stream.fileno()}', 'rb') as file:
        text = file.read().decode()
    return [line.removeprefix(PREFIX) for line in text.splitlines() if line.startswith(PREFIX)]


def start(t, *command, options=()):
    return t.start_recorder(*command, options=('--stall', '200ms', *options))[0]


def wait_lines(process, n):
    wait_until(lambda: len(lines_of(process)) >= n, f'{n} lines on stalls')
    return lines_of(process)


def end(t, process):
    process.terminate()
    return t.finish_recorder(process, status=None)


def test_says_why(t):
    path = t.gate('fifo')
    process = start(t, t.workload('waits'), 'fifo_open', path)
    truth = t.wait_truth('stuck')
    line = wait_lines(process, 1)[0]
    held = HELD.search(line)
    check(held and float(held[1]) >= 0.2, line)
    check_equal(HELD.sub(' held by ', line),
                f'waits[{truth["parent_pid"]}] held by waits[{truth["child_pid"]}]: '
                f'openat(AT_FDCWD, "{path}", 0x0, 0) in wait_for_partner', 'the line')
    end(t, process)


def test_says_it_again_and_again_more_seldom(t):
    process = start(t, t.workload('stuck'), 'pause')
    held = [float(HELD.search(line)[1]) for line in wait_lines(process, 3)]
    check(held[0] >= 0.2 and held[1] >= 0.4 and held[2] >= 0.8, f'{held}')
    end(t, process)


def test_deadlock(t):
    process = start(t, t.workload('waits'), 'pipe_parent')
    line = wait_lines(process, 1)[0]
    check(line.endswith('; deadlock'), line)
    end(t, process)


def test_guess(t):
    process = start(t, t.workload('waits'), 'mutex_parent')
    line = wait_lines(process, 1)[0]
    check(line.endswith('; probably a deadlock'), line)
    end(t, process)


def test_one_from_before(t):
    t.start(t.workload('stuck'), 'in_thread')
    truth = t.wait_truth('stuck')
    time.sleep(0.5)
    process = start(t, options=('-p', str(truth['parent_pid'])))
    line = wait_lines(process, 1)[0]
    check(f'[{truth["parent_pid"]}] thread {truth["parent_tid"]} held ' in line, line)
    check(float(HELD.search(line)[1]) >= 0.5, line)
    end(t, process)


def test_one_that_ends(t):
    result = t.finish(start(t, t.workload('waits'), 'slow_exec', '700'))
    lines = [line for line in result.error_lines() if line.startswith(PREFIX)]
    check(1 <= len(lines) <= 2, f'{lines}')


def test_nothing_of_short_ones(t):
    process, _ = t.start_recorder(t.workload('waits'), 'slow_exec', '300',
                                  options=('--stall', '30s'))
    check_equal(lines_of_result(t.finish(process)), [], 'lines')


def lines_of_result(result):
    return [line for line in result.error_lines() if line.startswith(PREFIX)]


def test_off_and_quiet(t):
    for i, options in enumerate((('--stall', '0'), ('--stall', '100ms', '-q'))):
        process, _ = t.start_recorder(t.workload('waits'), 'slow_exec', '700', options=options,
                                      name=f'{i}.vft')
        check_equal(lines_of_result(t.finish(process)), [], f'lines with {options}')


def test_only_of_those_recorded(t):
    t.start(t.workload('stuck'), 'pause')
    t.wait_truth('stuck')
    process = start(t, t.workload('waits'), 'slow_exec', '1000')
    lines = lines_of_result(t.finish(process))
    check(lines and all('by waits[' in line for line in lines), f'{lines}')


def test_a_storm_is_counted(t):
    process = start(t, t.workload('waits'), 'many', '300')
    t.wait_truth('many')
    lines = wait_until(lambda: [line for line in lines_of(process) if 'not examined' in line],
                       'the rest to be counted')
    check(re.fullmatch(r'\d+ more were held past the threshold and not examined', lines[0]),
          lines[0])
    check([line for line in lines_of(process) if HELD.search(line)], 'none was examined')
    end(t, process)


def test_hostile_names(t):
    path = t.gate('\x1b[31m\n"')
    process = start(t, t.workload('waits'), 'hostile', path)
    line = wait_lines(process, 1)[0]
    check('\\x1b[31m\\x0a"' in line and '\x1b' not in line, line)
    end(t, process)


def test_refuses_what_is_no_duration(t):
    result = t.run(harness.RECORD, '--stall', 'soon')
    check_equal((result.status, len(result.error_lines())), (2, 1), f'{result}')


if __name__ == '__main__':
    harness.main(globals())
