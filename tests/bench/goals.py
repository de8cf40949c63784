# SPDX-License-Identifier: BSD-2-Clause
"""The goals of ./dev bench: from what was measured to figure, floor, stretch, reached."""

# What trace-cmd took in units of the bare recorder where it could be measured (1.5 us to 1.05 us):
# stands in for it where it cannot run.
TRACE_CMD_TO_BARE = 1.43

AT_LEAST, AT_MOST = 'at least', 'at most'

# Runs of one ratio that lie further apart than this say nothing about a goal of a few percent.
MOST_SPREAD = 1.25


def is_noisy(spread):
    return spread['max'] > MOST_SPREAD * spread['min']


class Goal:
    """One figure. value: what is compared; text: how it reads; None when it was not measured."""

    def __init__(self, number, figure, value, text, order, floor, stretch, note='', noisy=False):
        self.noisy = noisy
        self.number, self.figure, self.value, self.text = number, figure, value, text
        self.order, self.floor, self.stretch, self.note = order, floor, stretch, note

    def meets(self, limit):
        if self.value is None or limit is None:
            return False
        return self.value >= limit if self.order == AT_LEAST else self.value <= limit

    def verdict(self):
        if self.value is None:
            return 'not measured'
        if self.noisy:
            return 'too noisy'
        if self.meets(self.stretch):
            return 'stretch'
        return 'floor' if self.meets(self.floor) else 'missed'

    def row(self):
        return {'number': self.number, 'figure': self.figure, 'value': self.value,
                'text': self.text, 'order': self.order, 'floor': self.floor,
                'stretch': self.stretch, 'reached': self.verdict(), 'note': self.note}


def show(spread, digits=3):
    return (f'{spread["median"]:.{digits}f} ({spread["min"]:.{digits}f}'
            f'..{spread["max"]:.{digits}f}, n={spread["n"]})')


def left_out(number, figure, why):
    return Goal(number, figure, None, '-', AT_MOST, None, None, why)


def rates(recording):
    """1 and 2, each also in the load's own CPU, which other work on the machine disturbs less."""
    for number, what, floor, stretch in (('1', 'exit', 0.92, None), ('2', 'exec', 0.97, 0.99)):
        ours, bare = (recording[what][name] for name in ('vfork-record', 'bare'))
        name = 'vfork+_exit' if what == 'exit' else 'vfork+exec'
        yield Goal(number, f'{name}, rate traced / untraced', ours['rate']['median'],
                   show(ours['rate']), AT_LEAST, floor,
                   bare['rate']['median'] if stretch is None else stretch,
                   f'bare {show(bare["rate"])}; untraced {ours["untraced_us"]["median"]:.1f} us '
                   f'a life', is_noisy(ours['rate']) or is_noisy(bare['rate']))
        yield Goal(f'{number}c', f'{name}, CPU untraced / traced', 1 / ours['load_cpu']['median'],
                   f'{1 / ours["load_cpu"]["median"]:.3f}', AT_LEAST, floor,
                   1 / bare['load_cpu']['median'] if stretch is None else stretch,
                   f'bare {1 / bare["load_cpu"]["median"]:.3f}; CPU with it is '
                   f'x {show(ours["load_cpu"])}',
                   is_noisy(ours['load_cpu']) or is_noisy(bare['load_cpu']))


def losses(recording):
    for ring, number in (('16 MiB', '3'), ('4 MiB', '3s')):
        run = recording['spawners'][ring]
        balance = 'balances' if run['balances'] else 'DOES NOT BALANCE'
        yield Goal(number, f'lost, two spawners, {ring} ring', run['lost'], str(run['lost']),
                   AT_MOST, 0, 0, f'of {run["made"]} lives at {run["lives_per_s"]:,.0f} a second; '
                                  f'written + lost {balance}')
    synthetic = recording['synthetic']
    if 'skipped' in synthetic:
        yield left_out('4', 'synthetic producer', synthetic['skipped'])
        return
    clean = [run['rate'] for run in synthetic['runs'] if run['lost'] == 0]
    shown = '; '.join(f'{run["rate"] / 1e6:.2f} M/s: {run["lost"]} of {run["made"]} lost'
                      for run in synthetic['runs'])
    yield Goal('4', 'synthetic producer, million/s with 0 lost', max(clean, default=0) / 1e6,
               f'{max(clean, default=0) / 1e6:.2f}', AT_LEAST, 1 - 0.02, 5 - 0.1, shown)


def sizes(recording):
    for what, floor, stretch in (('exit', 8, 5), ('exec', 16, 10)):
        found = recording.get('sizes', {}).get(what, {})
        if 'vfork-record' not in found:
            yield left_out('5', f'bytes per life, vfork+{what}', 'the recording failed')
            continue
        ours, packed = found['vfork-record'], found.get('perf -z')
        note = (f'{ours["median"] / packed["median"]:.3f} of perf -z, {show(packed, 1)}; only the '
                f'load recorded; whole system '
                f'{show(recording[what]["vfork-record"]["bytes"], 1)}' if packed else '')
        yield Goal('5' if what == 'exit' else '5x', f'bytes per life, vfork+{what}',
                   ours['median'], show(ours, 2), AT_MOST, floor, stretch, note)
    fixed = recording['fixed']
    kib = {key: n / 1024 if key != 'n' else n for key, n in fixed['bytes'].items()}
    yield Goal('6', f'fixed file size, KiB, {fixed["processes"]} processes', kib['median'],
               show(kib, 1), AT_MOST, 64, 16)


def cost(recording):
    for what, number in (('exit', '7'), ('exec', '7x')):
        ours = recording[what]['vfork-record']['collector_us']
        named = recording[what].get('trace-cmd')
        peer = (named['collector_us']['median'] if named
                else TRACE_CMD_TO_BARE * recording[what]['bare']['collector_us']['median'])
        yield Goal(number, f'collector CPU per life, us, vfork+{what}', ours['median'],
                   show(ours, 2), AT_MOST, 2 * peer, peer,
                   f'bare {show(recording[what]["bare"]["collector_us"], 2)}'
                   + ('' if named else f'; trace-cmd taken for {TRACE_CMD_TO_BARE} x bare'),
                   ours['min'] <= 0 or ours['max'] > 2 * ours['min'])
    mib = recording['exit']['vfork-record']['memory']['max'] / 2 ** 20
    yield Goal('8', 'memory beside the ring, MiB', mib, f'{mib:.1f}', AT_MOST, 32, 12)
    idle, quiet = recording['idle'], recording['quiet']
    yield Goal('9', 'idle, % of a core', 100 * quiet['share'], f'{100 * quiet["share"]:.3f}',
               AT_MOST, 0.1, 0.01,
               'following one sleeping process; whole system '
               f'{100 * idle["share"]:.3f} with {idle["events_per_s"]:.0f} events a second')
    loop = recording['getppid']
    yield Goal('10', 'getppid loop, CPU traced / untraced', loop['cpu']['median'],
               show(loop['cpu']), AT_MOST, 1.03, 1.005, f'wall {show(loop["wall"])}')


def million(value):
    return f'{value / 1e6:.2f} M'


def against_peers(replay):
    scan, export = replay.get('scan'), replay.get('export')
    if not scan or 'skipped' in export:
        why = export['skipped'] if export else 'perf does not run here'
        yield left_out('11', 'scan and count events', why)
        yield left_out('12', 'export of events', why)
        return
    ratio = scan['info'] / scan['perf_stats']
    yield Goal('11', 'info, x perf report --stats', ratio, f'{ratio:.1f}', AT_LEAST, 3, 10,
               f'{million(scan["info"])}/s, read_events {million(scan["read_events"])}/s, perf '
               f'{million(scan["perf_stats"])}/s of {scan["events"]}')
    for name in ('csv', 'ndjson'):
        ratio = export[name] / export['perf_script']
        yield Goal('12' if name == 'csv' else '12n', f'export {name}, x perf script', ratio,
                   f'{ratio:.1f}', AT_LEAST, 20, 60,
                   f'{million(export[name])}/s, perf script {million(export["perf_script"])}/s; '
                   'trace-cmd report was not compared')


def reading(replay):
    decode, summary = replay.get('decode'), replay.get('summary', {})
    if not decode or 'skipped' in summary:
        yield left_out('13', 'read and decode', summary.get('skipped', 'not reached'))
        return
    yield Goal('13', 'read + decode with argv, million/s', decode['rate'] / 1e6,
               f'{decode["rate"] / 1e6:.1f}', AT_LEAST, 15, 30,
               f'made by gen_events, {decode["events"]} events; decompressing alone '
               f'{decode["unpack_rate"] / 1e6:.1f}')
    yield Goal('15', 'summary / decompressing the same bytes', summary['ratio_wall'],
               f'{summary["ratio_wall"]:.2f}', AT_MOST, 2, 1.2,
               f'CPU {summary["ratio_cpu"]:.2f}; {summary["events"]} events in '
               f'{show(summary["wall_s"], 2)} s')
    for key, number in (('wall', '16'), ('cpu', '16c')):
        part = {name: 100 * n if name != 'n' else n for name, n in replay['window'][key].items()}
        yield Goal(number, f'--from/--to for 1 %, % of the full read, {key}', part['median'],
                   show(part, 1), AT_MOST, 5, 2)


def memory(replay):
    export, stream = replay.get('export', {}), replay.get('stream')
    if stream and 'script_rss' in export:
        ratio = stream['max_rss'] / export['script_rss']
        yield Goal('17', 'memory of a streaming export, x perf script', ratio, f'{ratio:.2f}',
                   AT_MOST, 0.3, None,
                   f'{stream["max_rss"] / 2**20:.1f} MiB for {stream["events"]} events, '
                   f'{export["csv_rss"] / 2**20:.1f} for {export["events"]}, perf script '
                   f'{export["script_rss"] / 2**20:.1f}')
    summary = replay.get('summary', {})
    if 'max_rss' in summary:
        mib = summary['max_rss'] / 2 ** 20
        yield Goal('17s', 'memory of summary, 10,000 live, MiB', mib, f'{mib:.1f}', AT_MOST, 64,
                   None)


def waiting(replay):
    tree, first = replay.get('tree', {}), replay.get('first', {})
    if 'cpu_s' in tree:
        scale = 1e7 / tree['processes']
        yield Goal('14', 'tree of 10 million processes, s', tree['cpu_s'] * scale,
                   f'{tree["cpu_s"] * scale:.1f}', AT_MOST, 2, 1,
                   f'CPU, reading ({tree["read_cpu_s"] * scale:.1f}) and printing included; '
                   f'{tree["processes"]} processes')
        yield Goal('14b', 'tree, bytes per process', tree['bytes_each'],
                   f'{tree["bytes_each"]:.0f}', AT_MOST, 64, 32, 'peak memory / processes')
    else:
        yield left_out('14', 'tree of 10 million processes', tree.get('skipped', 'not reached'))
    if 'one' in first:
        for number, who in (('18', 'one'), ('18n', 'none')):
            yield Goal(number, f'summary, first line, {who} held at the end, s',
                       first[who]['median'], show(first[who], 2), AT_MOST, 1, 0.3,
                       f'{first["bytes"] / 1e6:.0f} MB, {first["events"]} events')
    else:
        yield left_out('18', 'summary, first line', first.get('skipped', 'not reached'))


def judge(recording, replay):
    parts = []
    if recording:
        parts += [*rates(recording), *losses(recording), *sizes(recording), *cost(recording),
                  left_out('9f', 'idle as flight recorder', 'there is no flight recorder yet')]
    if replay:
        parts += [*against_peers(replay), *reading(replay), *waiting(replay), *memory(replay)]
    return parts
