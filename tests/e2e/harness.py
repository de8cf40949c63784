# SPDX-License-Identifier: BSD-2-Clause
"""Runs the cases of one e2e file and speaks TAP.

A case is a function test_*(t) with a Case of its own: a fresh folder, and helpers that run the
recorder, the reporter and the workloads. When it ends, whatever it left running is killed, for this
process adopts every orphan of its descendants.
"""

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

RECORD = os.environ.get('VFT_RECORD', 'build/record/vfork-record')
REPORT = os.environ.get('VFT_REPORT', 'build/replay/vfork-report')
WORKLOADS = os.environ.get('VFT_WORKLOADS', 'build/tests/workloads')
GEN_EVENTS = os.environ.get('VFT_GEN_EVENTS', 'build/tests/bench/gen_events')
GEN_HOSTILE = os.environ.get('VFT_GEN_HOSTILE', 'build/tests/bench/gen_hostile')

WAIT_SECONDS = 60  # for what must happen; only a hang ever takes it
POLL_SECONDS = 0.005
PR_SET_CHILD_SUBREAPER = 36
SECOND_NS = 1_000_000_000


class Skip(Exception):
    """The machine cannot do this case; says why."""


class Failure(Exception):
    """The case did not hold; says what."""


def check(condition, message):
    if not condition:
        raise Failure(message)


def check_equal(actual, expected, what):
    check(actual == expected, f'{what} is {actual!r}, not {expected!r}')


def check_between(low, value, high, what):
    check(low <= value <= high, f'{what}: not {low} <= {value} <= {high}')


def boottime_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def wait_until(condition, what):
    """Poll until condition() gives something true, and return that."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        result = condition()
        if result:
            return result
        check(time.monotonic() < deadline, f'waited {WAIT_SECONDS} s in vain for {what}')
        time.sleep(POLL_SECONDS)


class Result:
    """A command that ended: its status as a shell would give it, and what it printed."""

    def __init__(self, command, status, stdout, stderr, usage=None):
        self.command = command
        self.status = status
        self.stdout = stdout
        self.stderr = stderr
        self.usage = usage

    def __str__(self):
        return (f'{" ".join(map(str, self.command))}: status {self.status}, '
                f'stdout {self.stdout[:2000]!r}, stderr {self.stderr[:2000]!r}')

    def text(self):
        return self.stdout.decode('utf-8')

    def json(self):
        try:
            return json.loads(self.stdout)
        except ValueError as error:
            raise Failure(f'no JSON ({error}): {self}') from error

    def error_lines(self):
        return self.stderr.decode('utf-8', errors='replace').splitlines()


class Trace:
    """A .vft file seen through vfork-report."""

    def __init__(self, case, path):
        self.case = case
        self.path = path

    def report(self, *arguments, status=0, **options):
        result = self.case.run(REPORT, *arguments, self.path, **options)
        check(status is None or result.status == status, f'not status {status}: {result}')
        return result

    def summary(self, **options):
        return self.report('summary', '--json', **options).json()

    def vforks(self, *arguments, **options):
        return self.report('vforks', '--json', *arguments, **options).json()['rows']

    def table(self, name, **options):
        return self.report('export', '--format', 'json', '--table', name, **options).json()['rows']

    def processes(self, **options):
        return self.table('processes', **options)

    def events(self, **options):
        return self.table('events', **options)


class Case:
    def __init__(self, folder):
        self.folder = folder
        self.truth_path = self.path('truth.jsonl')
        # Under sudo the files would be the caller's: the cases say themselves who that is.
        inherited = {name: value for name, value in os.environ.items()
                     if not name.startswith('SUDO_')}
        self.environment = {**inherited, 'VFT_TRUTH': self.truth_path, 'LC_ALL': 'C.UTF-8',
                            'TZ': 'UTC'}
        self.undo = contextlib.ExitStack()
        self.cgroups = set()  # (mount, path) of those made

    def path(self, name):
        return os.path.join(self.folder, name)

    def workload(self, name):
        return os.path.join(WORKLOADS, name)

    # --- commands -------------------------------------------------------------------------------

    def start(self, *command, **options):
        """A command left to run in a session of its own.

        What it prints goes to files, not pipes: its end is then its own, and not also that of all
        it left behind.
        """
        options.setdefault('stdin', subprocess.DEVNULL)
        options.setdefault('stdout', self.undo.enter_context(tempfile.TemporaryFile()))
        options.setdefault('stderr', self.undo.enter_context(tempfile.TemporaryFile()))
        options.setdefault('env', self.environment)
        process = subprocess.Popen([str(word) for word in command], start_new_session=True,
                                   cwd=self.folder, **options)
        process.outputs = options['stdout'], options['stderr']
        self.undo.callback(end_process, process)
        return process

    def finish(self, process, command=('command',), data=None):
        """Wait for a started command to end."""
        try:
            process.communicate(data, timeout=WAIT_SECONDS * 2)
        except subprocess.TimeoutExpired as error:
            raise Failure(f'{" ".join(map(str, command))} does not end') from error
        status = process.returncode if process.returncode >= 0 else 128 - process.returncode
        return Result(command, status, *map(content_of, process.outputs))

    def run(self, *command, data=None, **options):
        if data is not None:
            options['stdin'] = subprocess.PIPE
        return self.finish(self.start(*command, **options), command, data)

    def run_measured(self, *command):
        """Run and add the resource usage of that one process."""
        process = self.start(*command)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return Result(command, process.returncode, *map(content_of, process.outputs), usage)

    # --- recording ------------------------------------------------------------------------------

    def start_recorder(self, *command, options=(), name='t.vft', **popen_options):
        path = self.path(name)
        words = [RECORD, '-o', path, *options, *(['--', *command] if command else [])]
        process = self.start(*words, **popen_options)
        return process, Trace(self, path)

    def finish_recorder(self, process, status=0):
        result = self.finish(process, ('vfork-record',))
        check(status is None or result.status == status, f'not status {status}: {result}')
        return result

    def record(self, *command, options=(), status=0, name='t.vft'):
        """Record command to its end; the trace can be read by everybody."""
        process, trace = self.start_recorder(*command, options=options, name=name)
        self.finish_recorder(process, status)
        os.chmod(trace.path, 0o644)
        return trace

    def record_workload(self, program, *arguments, **options):
        return self.record(self.workload(program), *arguments, **options)

    # --- truth ----------------------------------------------------------------------------------

    def truths(self, what=None):
        """The lines the workloads wrote so far, whole ones only."""
        try:
            with open(self.truth_path, encoding='utf-8') as file:
                lines = [json.loads(line) for line in file if line.endswith('\n')]
        except FileNotFoundError:
            lines = []
        return [line for line in lines if what in (None, line['what'])]

    def truth(self, what):
        lines = self.truths(what)
        check_equal(len(lines), 1, f'the number of truths {what}')
        return lines[0]

    def wait_truth(self, what):
        return wait_until(lambda: self.truths(what), f'the workload to say {what}')[0]

    def gate(self, name='gate'):
        path = self.path(name)
        os.mkfifo(path)
        return path

    def open_gate(self, path):
        def try_open():
            try:
                return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return None  # nobody waits there yet
        descriptor = wait_until(try_open, f'somebody to wait at {path}')
        os.write(descriptor, b'.')
        os.close(descriptor)

    def gatekeeper(self):
        """A command that says it is ready, then waits at a gate: (command, gate)."""
        gate = self.gate('keeper')
        return (self.workload('storm'), '0', gate), gate


# --- processes ------------------------------------------------------------------------------------

def end_process(process):
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with contextlib.suppress(OSError):
                stream.close()


def content_of(output):
    """What went to one of our files; nothing for a pipe or a file of somebody else's."""
    if not hasattr(output, 'seek') or 'r' not in output.mode and '+' not in output.mode:
        return b''
    output.seek(0)
    return output.read()


def parent_of(pid):
    try:
        with open(f'/proc/{pid}/stat', 'rb') as file:
            return int(file.read().rsplit(b')', 1)[1].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def descendants(ancestor):
    parents = {int(name): parent_of(name) for name in os.listdir('/proc') if name.isdigit()}
    found, wave = [], {ancestor}
    while wave:
        wave = {pid for pid, parent in parents.items() if parent in wave}
        found += wave
    return found


def kill_descendant(pid, ancestor):
    """By a descriptor: between the listing and the signal a storm may have used all pids once more,
    and this one may be a stranger's."""
    with contextlib.suppress(OSError):
        descriptor = os.pidfd_open(pid)
        try:
            above = parent_of(pid)
            while above and above != ancestor:
                above = parent_of(above)
            if above:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)


def kill_descendants():
    """SIGKILL and reap all that this process has below it, until there is nothing."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        for pid in descendants(os.getpid()):
            kill_descendant(pid, os.getpid())
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(POLL_SECONDS)


# --- what the machine can do ----------------------------------------------------------------------

def require_root():
    if os.geteuid() != 0:
        raise Skip('recording needs root')


def require_recorder():
    require_root()
    if not os.path.exists('/sys/kernel/btf/vmlinux'):
        raise Skip('this kernel has no BTF (/sys/kernel/btf/vmlinux)')
    if not os.access(RECORD, os.X_OK):
        raise Skip('vfork-record is not built')


def require_tool(name):
    if not shutil.which(name):
        raise Skip(f'{name} is not installed')


def require_own_mounts():
    require_tool('unshare')
    result = subprocess.run(['unshare', '--mount', 'true'], check=False, capture_output=True)
    if result.returncode:
        # Of a chroot whose root is no mount point, say.
        raise Skip(f'no mounts of its own: {result.stderr.decode(errors="replace").strip()}')


def is_full_run():
    return bool(os.environ.get('VFT_TEST_FULL'))


# --- running --------------------------------------------------------------------------------------

def run_case(function, requirement):
    """(ok, comment): the comment of a skip begins with '# SKIP'."""
    folder = tempfile.mkdtemp(prefix='vft-e2e-')
    os.chmod(folder, 0o755)
    case = Case(folder)
    try:
        with case.undo:
            requirement()
            function(case)
        return True, ''
    except Skip as skip:
        return True, f' # SKIP {skip}'
    except Failure as failure:
        print('\n'.join(f'# {line}' for line in str(failure).splitlines()))
        return False, ''
    except Exception:  # a broken case is a failing one, and the next must run
        print('\n'.join(f'# {line}' for line in traceback.format_exc(limit=-3).splitlines()))
        return False, ''
    finally:
        kill_descendants()
        shutil.rmtree(folder, ignore_errors=True)


def selected_cases(namespace, file_name):
    cases = [(name.removeprefix('test_'), function) for name, function in namespace.items()
             if name.startswith('test_') and callable(function)]
    pattern = os.environ.get('VFT_TEST_PATTERN', '')
    if pattern in file_name:
        return cases
    return [(name, function) for name, function in cases if pattern in name]


def forget_the_caller():
    """Under nohup, or in the background of a script, signals are ignored, and that is inherited."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.umask(0o022)


def main(namespace, requirement=require_recorder):
    """Run every test_* of namespace; requirement() is asked before each."""
    file_name = os.path.basename(sys.argv[0]).removesuffix('.py')
    forget_the_caller()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.reconfigure(errors='backslashreplace', line_buffering=True)
    cases = selected_cases(namespace, file_name)
    failed = 0
    if not cases:
        print('1..0 # SKIP no case of this name')
        return
    for number, (name, function) in enumerate(cases, 1):
        ok, comment = run_case(function, requirement)
        failed += not ok
        print(f'{"ok" if ok else "not ok"} {number} - {name}{comment}')
    print(f'1..{len(cases)}')
    sys.exit(1 if failed else 0)
