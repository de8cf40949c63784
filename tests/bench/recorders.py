# SPDX-License-Identifier: BSD-2-Clause
"""The product, the bare recorder and the peers: how each is started, and what it took."""

import glob
import os
import re
import shutil
import signal
import subprocess
import threading
import time

PERF_EVENTS = ('-e', 'task:task_newtask', '-e', 'sched:sched_process_exec',
               '-e', 'sched:sched_process_exit')
BPFTRACE = ('tracepoint:task:task_newtask { printf("spawn %d %d\\n", pid, args->pid); } '
            'tracepoint:sched:sched_process_exec { printf("exec %d %s\\n", pid, comm); } '
            'tracepoint:sched:sched_process_exit { printf("exit %d %s\\n", pid, comm); }')
COMPLAINT = re.compile(r"unable|not permitted|cannot|can't|couldn't|error|failed", re.IGNORECASE)
SETTLED_S = 0.12
BUSY_S = 1.5  # on a busy machine a recorder of everything never rests
COMPILER_BUSY_S = 10  # those that compile their programs first
START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 60
LOAD_TIMEOUT_S = 600


class Unusable(Exception):
    """A recorder that does not run here, and why."""


class Recorder:
    """One way to record. wraps: it runs the load itself instead of the whole system."""

    def __init__(self, name, argv, wraps=False, busy_s=BUSY_S):
        self.name, self.argv, self.wraps, self.busy_s = name, argv, wraps, busy_s
        self.skipped = None


def vfork_record(build, name='vfork-record', options=()):
    program = f'{build}/record/vfork-record'
    return Recorder(name, lambda path: [program, '-q', '--force', '-a', '-d', '1h', *options,
                                        '-o', path])


def bare(build):
    return Recorder('bare', lambda path: [f'{build}/tests/bench/bare/bare', path])


def followers(build):
    """Those whose sizes are compared, following the load alone: nothing else gets into the file."""
    program = f'{build}/record/vfork-record'
    return [
        Recorder('vfork-record', lambda path: [program, '-q', '--force', '-o', path, '--'],
                 wraps=True),
        Recorder('perf -z', lambda path: ['perf', 'record', '-q', '-z', '-B', '-N', *PERF_EVENTS,
                                          '-o', path, '--'], wraps=True),
    ]


def peers():
    exitsnoop = shutil.which('exitsnoop-bpfcc') or 'exitsnoop-bpfcc'
    return [
        Recorder('trace-cmd', lambda path: ['trace-cmd', 'record', '-q', '-o', path,
                                            *PERF_EVENTS]),
        Recorder('perf', lambda path: ['perf', 'record', '-q', '-a', '-B', '-N', *PERF_EVENTS,
                                       '-o', path]),
        Recorder('perf -z', lambda path: ['perf', 'record', '-q', '-z', '-a', '-B', '-N',
                                          *PERF_EVENTS, '-o', path]),
        Recorder('perf trace', lambda path: ['perf', 'trace', '-a', '-o', path, '-e',
                                             'task:task_newtask,sched:sched_process_exec,'
                                             'sched:sched_process_exit']),
        Recorder('bpftrace', lambda path: ['bpftrace', '-o', path, '-e', BPFTRACE],
                 busy_s=COMPILER_BUSY_S),
        Recorder('forkstat', lambda path: ['sh', '-c', 'exec forkstat >"$0"', path]),
        Recorder('exitsnoop', lambda path: ['sh', '-c', f'exec {exitsnoop} >"$0"', path],
                 busy_s=COMPILER_BUSY_S),
        Recorder('strace', lambda path: ['strace', '-f', '-q', '-e', 'trace=process', '-o', path],
                 wraps=True),
    ]


def cpu_and_state(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
        words = file.read().rpartition(')')[2].split()
    return words[0], int(words[11]) + int(words[12])


def cpu_seconds(pid):
    """Of all its threads so far, to the nanosecond."""
    total = 0
    for path in glob.glob(f'/proc/{pid}/task/*/schedstat'):
        with open(path, encoding='utf-8') as file:
            total += int(file.read().split()[0])
    return total / 1e9


def memory_beside_ring(pid):
    """Bytes resident, the mapped ring and maps of BPF left out."""
    total, counted = 0, True
    try:
        with open(f'/proc/{pid}/smaps', encoding='utf-8', errors='replace') as file:
            for line in file:
                if re.match(r'[0-9a-f]+-[0-9a-f]+ ', line):
                    counted = 'bpf-map' not in line and 'bpf_map' not in line
                elif counted and line.startswith('Rss:'):
                    total += int(line.split()[1]) * 1024
    except OSError:
        return None
    return total


def heed_interrupt():
    """What is started in the background of a script would ignore the signal that ends it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running:
    """A recorder at work."""

    def __init__(self, recorder, path, load=()):
        remove(path)
        self.recorder, self.path = recorder, path
        self.errors = path + '.err'
        with open(self.errors, 'wb') as errors:
            self.process = subprocess.Popen([*recorder.argv(path), *load], stderr=errors,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            preexec_fn=heed_interrupt)
        self.cpu_before = 0.0
        if not load:
            self.wait_until_settled()
            self.cpu_before = cpu_seconds(self.process.pid)

    def complaint(self):
        with open(self.errors, encoding='utf-8', errors='replace') as file:
            lines = [line.strip() for line in file if line.strip()]
        telling = [line for line in lines if COMPLAINT.search(line)] or lines[-1:]
        return telling[0][:150] if telling else 'it ended by itself'

    def has_ended(self):
        """Without reaping it: wait4 must still find its usage."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.process.pid, flags) is not None

    def wait_until_settled(self):
        """It sleeps, and used no CPU for a while: it records."""
        start, before = time.monotonic(), None
        while time.monotonic() - start < START_TIMEOUT_S:
            time.sleep(SETTLED_S)
            if self.has_ended():
                self.process.wait()
                raise Unusable(self.complaint())
            now = cpu_and_state(self.process.pid)
            waited = time.monotonic() - start
            rests = now == before and waited > 4 * SETTLED_S
            if now[0] == 'S' and (rests or waited > self.recorder.busy_s):
                return
            before = now
        self.process.kill()
        self.process.wait()
        raise Unusable(f'not ready after {START_TIMEOUT_S} s')

    def stop(self):
        """What it took since it was settled: cpu_s, max_rss, size, memory."""
        memory = memory_beside_ring(self.process.pid)
        ended_early = not self.recorder.wraps and self.has_ended()
        if not self.recorder.wraps:
            os.kill(self.process.pid, signal.SIGINT)
        patience = LOAD_TIMEOUT_S if self.recorder.wraps else STOP_TIMEOUT_S
        guard = threading.Timer(patience, os.kill, (self.process.pid, signal.SIGKILL))
        guard.start()
        output = self.process.stdout.read().decode(errors='replace')
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.process.stdout.close()
        guard.cancel()
        if ended_early:
            raise Unusable(self.complaint())
        return {'cpu_s': usage.ru_utime + usage.ru_stime - self.cpu_before,
                'max_rss': usage.ru_maxrss * 1024,
                'memory': memory, 'output': output, 'status': self.process.returncode,
                'size': sum(os.path.getsize(name) for name in glob.glob(self.path + '*')
                            if name != self.errors)}


def remove(path):
    for name in glob.glob(path + '*'):
        if os.path.isfile(name):
            os.unlink(name)
