# SPDX-License-Identifier: BSD-2-Clause
"""Goals 11 to 18: what reading costs. CPU time where one core is meant, since that is what a busy
machine disturbs least; wall time where a user waits."""

import os
import re
import resource
import subprocess
import time

from recorders import Running, remove
from recording import run_load, say, spread

LIMIT_S = 180


def run(words, stdout=subprocess.DEVNULL):
    """Wall and CPU seconds, peak memory."""
    start = time.monotonic()
    with subprocess.Popen(words, stdout=stdout, stderr=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU,
                                                                (LIMIT_S, LIMIT_S))) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f'{words[0]} ended with {process.returncode}')
    return {'wall_s': time.monotonic() - start, 'cpu_s': usage.ru_utime + usage.ru_stime,
            'max_rss': usage.ru_maxrss * 1024}


def best_of(bench, *variants):
    """Each variant in turn, several times: its spreads."""
    runs = [[] for _ in variants]
    for _ in range(2 if bench.quick else 3):
        for words, into in zip(variants, runs):
            into.append(run(words))
    return [{key: spread([one[key] for one in of_one]) for key in of_one[0]} for of_one in runs]


def generate(bench, name, n_events, *options):
    path = bench.path(name)
    run([f'{bench.build}/tests/bench/gen_events', '--events', str(n_events), *options, '-o', path])
    return path


def record_with_perf(bench, perf, n_events):
    """A file of perf's with about that many samples, three a life; their exact number."""
    path = bench.path('perf.data')
    running = Running(perf, path)
    run_load(bench, 'exit', n_events // 2)
    running.stop()
    stats = subprocess.run(['perf', 'report', '--stats', '-i', path], capture_output=True,
                           text=True, check=True).stdout
    total = int(re.search(r'TOTAL events:\s+(\d+)', stats)[1])
    samples = int(re.search(r'SAMPLE events:\s+(\d+)', stats)[1])
    return path, total, samples


def rate(n, result):
    """Per second of CPU."""
    return n / result['cpu_s']['median']


def against_perf(bench, perf, results):
    """Goals 11, 12 and half of 17: the same number of events through both."""
    report = f'{bench.build}/replay/vfork-report'
    path, total, samples = record_with_perf(bench, perf, 90000 if bench.quick else 900000)
    trace = generate(bench, 'equal.vft', samples)
    ours, info, theirs = best_of(bench, [f'{bench.build}/tests/bench/read_events', trace],
                                 [report, 'info', trace], ['perf', 'report', '--stats', '-i', path])
    results['scan'] = {'events': samples, 'read_events': rate(samples, ours),
                       'info': rate(samples, info), 'perf_stats': rate(total, theirs)}
    csv = [report, 'export', '--format', 'csv', '--table', 'events', trace]
    ndjson = [report, 'export', '--format', 'ndjson', '--table', 'events', trace]
    csv, ndjson = best_of(bench, csv, ndjson)
    script = run(['perf', 'script', '-i', path])
    results['export'] = {'events': samples, 'csv': rate(samples, csv),
                         'ndjson': rate(samples, ndjson),
                         'perf_script': samples / script['cpu_s'],
                         'csv_rss': csv['max_rss']['median'], 'script_rss': script['max_rss']}
    remove(path)
    remove(trace)


def decode_and_summary(bench, results):
    """Goals 13, 15, 16 and 17."""
    report = f'{bench.build}/replay/vfork-report'
    n = 1000000 if bench.quick else 10000000
    trace = generate(bench, 'ten.vft', n, '--live', '10000')
    read, unpack, summary = best_of(bench, [f'{bench.build}/tests/bench/read_events', trace],
                                    [f'{bench.build}/tests/bench/unpack', trace],
                                    [report, 'summary', trace])
    results['decode'] = {'events': n, 'rate': rate(n, read), 'unpack_rate': rate(n, unpack)}
    results['summary'] = {'events': n, 'live': 10000,
                          'ratio_wall': summary['wall_s']['median'] / unpack['wall_s']['median'],
                          'ratio_cpu': summary['cpu_s']['median'] / unpack['cpu_s']['median'],
                          'cpu_s': summary['cpu_s'], 'wall_s': summary['wall_s'],
                          'max_rss': summary['max_rss']['max']}
    export = run([report, 'export', '--format', 'csv', '--table', 'events', '--max-output', '100G',
                  trace])
    results['stream'] = {'events': n, 'max_rss': export['max_rss']}
    results['window'] = window(bench, trace)
    remove(trace)


def forget(path):
    """Out of the page cache: to be read cold."""
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def window(bench, trace):
    """One hundredth of the time, from the middle, against all of it."""
    report = f'{bench.build}/replay/vfork-report'
    length = bench.info(trace)['duration_ns'] / 1e9
    part = ['--from', f'{length / 2:.6f}s', '--to', f'{length * 0.51:.6f}s']
    parts, wholes = [], []
    for _ in range(3):
        forget(trace)
        parts.append(run([report, 'summary', *part, trace]))
        forget(trace)
        wholes.append(run([report, 'summary', trace]))
    return {'wall': spread([a['wall_s'] / b['wall_s'] for a, b in zip(parts, wholes)]),
            'cpu': spread([a['cpu_s'] / b['cpu_s'] for a, b in zip(parts, wholes)])}


def tree(bench):
    """Goal 14: the tree of many processes, read and printed; goals.py scales a quick one."""
    n = 500000 if bench.quick else 10000000
    trace = generate(bench, 'tree.vft', 3 * n, '--mix', 'exit')
    result = run([f'{bench.build}/replay/vfork-report', 'tree', trace])
    read = run([f'{bench.build}/tests/bench/read_events', trace])
    remove(trace)
    return {'processes': n, 'cpu_s': result['cpu_s'], 'wall_s': result['wall_s'],
            'read_cpu_s': read['cpu_s'], 'max_rss': result['max_rss'],
            'bytes_each': result['max_rss'] / n}


def first_line(bench):
    """Goal 18: when the first line of a summary of 100 MB is there, where somebody is held at the
    end and where nobody is."""
    probe = generate(bench, 'first.vft', 1000000)
    n = int(1e6 * (10e6 if bench.quick else 100e6) / os.path.getsize(probe))
    result = {'events': n}
    for name, options in (('one', ['--stuck']), ('none', [])):
        trace = generate(bench, 'first.vft', n, *options)
        waits = [wait_for_line(bench, trace) for _ in range(2 if bench.quick else 3)]
        result |= {'bytes': os.path.getsize(trace), name: spread(waits)}
        remove(trace)
    return result


def wait_for_line(bench, trace):
    start = time.monotonic()
    with subprocess.Popen([f'{bench.build}/replay/vfork-report', 'summary', trace],
                          stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        wait = time.monotonic() - start
        process.stdout.read()
    return wait


def measure(bench, recorders):
    """All of it, by name; what could not be measured says why under 'skipped'."""
    results = {}
    perf = next(recorder for recorder in recorders if recorder.name == 'perf')
    steps = [
        ('export', lambda: against_perf(bench, perf, results)),
        ('summary', lambda: decode_and_summary(bench, results)),
        ('tree', lambda: results.update(tree=tree(bench))),
        ('first', lambda: results.update(first=first_line(bench))),
    ]
    for name, step in steps:
        say(f'replay: {name}')
        if name == 'export' and perf.skipped:
            continue
        try:
            step()
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            say(f'replay: {name}: {error}')
            results[name] = {'skipped': str(error)}
    return results
