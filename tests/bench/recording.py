# SPDX-License-Identifier: BSD-2-Clause
"""Goals 1 to 10: what recording costs, in rounds of untraced, traced, untraced, traced..."""

import json
import os
import statistics
import subprocess
import sys
import time

from recorders import Recorder, Running, Unusable, cpu_seconds, followers, remove

PIN = ('taskset', '-c', '0')
RING_OF = {'16 MiB': '16M', '4 MiB': '4M'}


def say(*words):
    print('bench:', *words, file=sys.stderr, flush=True)


def spread(values):
    """Median, min and max."""
    if not values:
        return None
    return {'median': statistics.median(values), 'min': min(values), 'max': max(values),
            'n': len(values)}


class Bench:
    """Where the programs are, and how much is to be done."""

    def __init__(self, build, work, quick, max_pairs=0):
        self.build, self.work, self.quick = build, work, quick
        self.max_pairs = max_pairs
        self.load, self.tiny = f'{build}/tests/bench/load', f'{build}/tests/bench/tiny'

    def path(self, name):
        return os.path.join(self.work, name)

    def report(self, *words):
        result = subprocess.run([f'{self.build}/replay/vfork-report', *words],
                                capture_output=True, text=True, check=True)
        return result.stdout

    def info(self, path):
        return json.loads(self.report('info', '--json', path))['rows'][0]

    def load_words(self, what, n, pinned=True):
        words = [self.load, what, str(n)] + ([self.tiny] if what == 'exec' else [])
        return [*PIN, *words] if pinned else words


def run_load(bench, what, n, pinned=True):
    result = subprocess.run(bench.load_words(what, n, pinned), capture_output=True, text=True,
                            check=True)
    wall, cpu = (int(word) for word in result.stdout.split())
    return {'wall_s': wall / 1e9, 'cpu_s': cpu / 1e9}


def run_traced(bench, recorder, what, n, pinned=True):
    """The load's figures and the recorder's."""
    path = bench.path(recorder.name.replace(' ', '_') + '.out')
    if recorder.wraps:
        running = Running(recorder, path, bench.load_words(what, n, pinned))
        usage = running.stop()
        wall, cpu = (int(word) / 1e9 for word in usage['output'].split()[:2])
        usage['cpu_s'] = max(0.0, usage['cpu_s'] - cpu)
        return {'wall_s': wall, 'cpu_s': cpu}, usage
    running = Running(recorder, path)
    try:
        load = run_load(bench, what, n, pinned)
    finally:
        usage = running.stop()
    return load, usage


def find_usable(bench, recorders):
    """Marks those that do not run here. Returns the figures with N=1 of those that do."""
    base = {}
    for recorder in recorders:
        say(f'{recorder.name}: trying')
        try:
            runs = [run_traced(bench, recorder, 'exit', 1)[1]
                    for _ in range(1 if bench.quick else 3)]
        except (Unusable, OSError, subprocess.CalledProcessError, ValueError) as error:
            recorder.skipped = str(error)
            say(f'{recorder.name}: skipped: {error}')
            continue
        base[recorder.name] = {key: statistics.median(run[key] for run in runs)
                               for key in ('cpu_s', 'size')}
    return base


def one_pair(bench, recorder, what, n, base):
    untraced = run_load(bench, what, n)
    traced, usage = run_traced(bench, recorder, what, n)
    pair = {'rate': untraced['wall_s'] / traced['wall_s'],
            'load_cpu': traced['cpu_s'] / untraced['cpu_s'],
            'untraced_us': untraced['wall_s'] / n * 1e6,
            'bytes': (usage['size'] - base['size']) / n,
            'collector_us': (usage['cpu_s'] - base['cpu_s']) / n * 1e6,
            'memory': usage['memory'], 'max_rss': usage['max_rss']}
    if recorder.name == 'vfork-record':
        info = bench.info(bench.path('vfork-record.out'))
        pair['lost'] = info['dropped'] + info['lost']
        pair['spawns'] = info['kinds']['spawn'] / n
    return pair


def compare(bench, recorders, what, n_lives, rounds, base):
    """Per recorder the spread of each figure. rounds: name -> number of pairs, default last."""
    pairs = {recorder.name: [] for recorder in recorders if not recorder.skipped}
    for turn in range(max(rounds.values())):
        for recorder in recorders:
            if recorder.skipped or turn >= rounds.get(recorder.name, rounds['']):
                continue
            n = n_lives // 10 if recorder.wraps or recorder.name == 'perf trace' else n_lives
            try:
                pairs[recorder.name].append(one_pair(bench, recorder, what, n,
                                                     base[recorder.name]))
            except (Unusable, OSError, subprocess.CalledProcessError, ValueError) as error:
                say(f'{recorder.name}: no pair: {error}')
        say(f'vfork+{what}: round {turn + 1} of {max(rounds.values())}')
    return {name: {key: spread([pair[key] for pair in of_one if pair[key] is not None])
                   for key in of_one[0]}
            for name, of_one in pairs.items() if of_one}


def two_spawners(bench, make_recorder, n):
    """Lost at full speed with either ring, and whether the numbers balance."""
    results = {}
    for name, size in RING_OF.items():
        recorder = make_recorder(('--ring-size', size))
        load, _ = run_traced(bench, recorder, 'spawners', n, pinned=False)
        info = bench.info(bench.path('vfork-record.out'))
        results[name] = {'lives_per_s': 2 * n / load['wall_s'], 'made': 2 * n,
                         'lost': info['dropped'], 'written_spawns': info['kinds']['spawn'],
                         'balances': info['seen'] == info['delivered'] + info['dropped']
                         and info['kinds']['spawn'] + info['dropped'] >= 2 * n}
    return results


def synthetic(bench, recorder, rates, seconds):
    """Lost at each rate that a made-up producer was asked for."""
    results = []
    for rate in rates:
        running = Running(recorder, bench.path('vfork-record.out'))
        try:
            made = subprocess.run([*PIN, f'{bench.build}/tests/bench/bare/synth', str(rate),
                                   str(seconds)], capture_output=True, text=True, check=False)
        finally:
            usage = running.stop()
        if made.returncode:
            return {'skipped': made.stderr.strip() or f'synth ended with {made.returncode}'}
        n_made, n_dropped, took = (int(word) for word in made.stdout.split())
        info = bench.info(bench.path('vfork-record.out'))
        results.append({'asked': rate, 'rate': n_made / took * 1e9, 'made': n_made,
                        'lost': n_dropped, 'collector_us': usage['cpu_s'] / n_made * 1e6,
                        'balances': info['seen'] == info['delivered'] + info['dropped']})
    return {'runs': results}


def sizes(bench, n_of, rounds):
    """Bytes per life where nothing but the load is recorded."""
    results = {}
    for what, n in n_of.items():
        for recorder in followers(bench.build):
            found = []
            for _ in range(rounds):
                one, many = (run_traced(bench, recorder, what, k)[1]['size'] for k in (1, n + 1))
                found.append((many - one) / n)
            results.setdefault(what, {})[recorder.name] = spread(found)
    return results


def fixed_size(bench, recorder, n_processes):
    """The size of a file in which nothing but a snapshot of that many processes is."""
    path = bench.path('vfork-record.out')
    Running(recorder, path).stop()
    n = max(1, n_processes - bench.info(path)['kinds']['snapshot'])
    with subprocess.Popen([bench.load, 'sleepers', str(n)], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as sleepers:
        sleepers.stdout.readline()
        sizes = []
        for _ in range(3):
            usage = Running(recorder, path).stop()
            sizes.append((usage['size'], bench.info(path)['kinds']['snapshot']))
        sleepers.stdin.close()
    return {'bytes': spread([size for size, _ in sizes]),
            'processes': sizes[-1][1]}


def waiting_cpu(running, seconds):
    """The share of a core that a settled recorder takes; what starting and stopping takes is not
    in it."""
    before = cpu_seconds(running.process.pid)
    time.sleep(seconds)
    return (cpu_seconds(running.process.pid) - before) / seconds


def idle(bench, recorder, seconds):
    running = Running(recorder, bench.path('vfork-record.out'))
    share = waiting_cpu(running, seconds)
    running.stop()
    events = bench.info(bench.path('vfork-record.out'))['events']
    return {'share': share, 'seconds': seconds, 'events_per_s': events / seconds}


def idle_of_quiet(bench, make_recorder, seconds):
    """The same while it follows one process that sleeps: what waiting itself takes."""
    with subprocess.Popen(['sleep', '1d']) as sleeper:
        plain = make_recorder(())
        words = [word for word in plain.argv('') if word not in ('-a', '-o', '')]
        recorder = Recorder('quiet', lambda path: [*words, '-p', str(sleeper.pid), '-o', path])
        running = Running(recorder, bench.path('vfork-record.out'))
        share = waiting_cpu(running, seconds)
        running.stop()
        sleeper.kill()
    return {'share': share}


def getppid_loop(bench, recorder, n, rounds):
    wall, cpu = [], []
    for _ in range(rounds):
        untraced = run_load(bench, 'getppid', n)
        traced, _ = run_traced(bench, recorder, 'getppid', n)
        wall.append(traced['wall_s'] / untraced['wall_s'])
        cpu.append(traced['cpu_s'] / untraced['cpu_s'])
    return {'wall': spread(wall), 'cpu': spread(cpu)}


def measure(bench, recorders, make_recorder):
    """All of it, by name."""
    ours = recorders[0]
    quick = bench.quick
    base = find_usable(bench, recorders)
    if ours.skipped:
        raise Unusable(f'vfork-record does not run here: {ours.skipped}')
    most = bench.max_pairs or (3 if quick else 21)
    few = min(most, 1 if quick else 5)
    results = {'base': base, 'skipped': {r.name: r.skipped for r in recorders if r.skipped}}
    for what, n, pairs in (('exit', 10000 if quick else 20000, 9),
                           ('exec', 200 if quick else 1000, 21)):
        rounds = {'vfork-record': min(pairs, most), 'bare': min(pairs, most), '': few}
        results[what] = compare(bench, recorders, what, n, rounds, base)
    say('sizes')
    try:
        results['sizes'] = sizes(bench, {'exit': 10000, 'exec': 300 if quick else 2000},
                                 2 if quick else 5)
    except (OSError, ValueError, Unusable) as error:
        say(f'sizes: {error}')
    say('two spawners, synthetic producer')
    results['spawners'] = two_spawners(bench, make_recorder, 20000 if quick else 50000)
    results['synthetic'] = synthetic(bench, ours, (500000, 1000000, 2000000, 5000000),
                                     1 if quick else 2)
    results['fixed'] = fixed_size(bench, ours, 200)
    say('idle, system calls')
    results['idle'] = idle(bench, ours, 5 if quick else 20)
    results['quiet'] = idle_of_quiet(bench, make_recorder, 20)
    results['getppid'] = getppid_loop(bench, ours, 1000000,
                                      3 if quick else 9)
    remove(bench.path('vfork-record.out'))
    return results
