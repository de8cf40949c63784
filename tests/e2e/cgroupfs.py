# SPDX-License-Identifier: BSD-2-Clause
"""Cgroups for the cases: made below the root of a hierarchy, and taken away with all in them."""

import contextlib
import os
import signal
import subprocess
import time

import harness
from harness import Skip

CHUNK = 16  # components of a path that are walked with one open()


def find_mount(controller=None):
    """Where cgroup v2, or the v1 hierarchy of that controller, is mounted; None if it is not."""
    with open('/proc/self/mountinfo', encoding='utf-8', errors='surrogateescape') as file:
        for line in file:
            words, _, rest = line.partition(' - ')
            kind, _, options = rest.split(maxsplit=2)
            if (kind == 'cgroup2' if controller is None else
                    kind == 'cgroup' and controller in options.strip().split(',')):
                return words.split()[4]
    return None


def open_folder(root, path):
    """A descriptor of a folder at any depth."""
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    names = [name for name in path.split('/') if name]
    while names:
        below = os.open('/'.join(names[:CHUNK]), os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
        os.close(fd)
        fd, names = below, names[CHUNK:]
    return fd


class Cgroup:
    """One cgroup: root is the mount, path what the kernel calls it."""

    def __init__(self, root, path):
        self.root = root
        self.path = path

    @contextlib.contextmanager
    def open(self, name, mode='r'):
        folder = open_folder(self.root, self.path)
        try:
            flags = os.O_RDONLY if mode == 'r' else os.O_WRONLY
            with os.fdopen(os.open(name, flags, dir_fd=folder), mode) as file:
                yield file
        finally:
            os.close(folder)

    def write(self, name, value):
        with self.open(name, 'w') as file:
            file.write(str(value))

    def read(self, name):
        with self.open(name) as file:
            return file.read()

    def inode(self):
        folder = open_folder(self.root, self.path)
        try:
            return os.fstat(folder).st_ino
        finally:
            os.close(folder)

    def make(self):
        above, _, name = self.path.rpartition('/')
        folder = open_folder(self.root, above)
        try:
            os.mkdir(name, dir_fd=folder)
        except OSError as error:
            raise Skip(f'no cgroup can be made in {self.root}: {error}') from error
        finally:
            os.close(folder)
        return self

    def put(self, pid):
        self.write('cgroup.procs', pid)

    def start(self, case, *command):
        """A command that is in this cgroup from its beginning."""
        folder = open_folder(self.root, self.path)
        case.undo.callback(os.close, folder)

        def enter():
            procs = os.open('cgroup.procs', os.O_WRONLY, dir_fd=folder)
            os.write(procs, b'0')
            os.close(procs)
        return case.start(*command, preexec_fn=enter, pass_fds=(folder,))

    def thaw(self):
        """With all above it: nothing frozen can be killed."""
        at = self
        while at.path:
            for name, value in (('cgroup.freeze', '0'), ('freezer.state', 'THAWED')):
                with contextlib.suppress(OSError):
                    at.write(name, value)
            at = Cgroup(at.root, at.path.rpartition('/')[0])

    def kill_all(self):
        self.thaw()
        pids = self.read('cgroup.procs').split()
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(int(pid), signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        return not pids

    def remove(self):
        """With all processes in it; what is below has to be gone."""
        above, _, name = self.path.rpartition('/')
        folder = open_folder(self.root, above)

        def is_removed():
            try:
                self.kill_all()
                os.rmdir(name, dir_fd=folder)
            except FileNotFoundError:
                return True
            except OSError:
                return False
            return True
        try:
            harness.wait_until(is_removed, f'the cgroup {name} to be removed')
        finally:
            os.close(folder)


def make(case, *names, controller=None, mount=None):
    """The last of nested cgroups, of v2 or a controller's v1 hierarchy; removed with the case."""
    root = mount or find_mount(controller)
    if not root:
        raise Skip(f'no cgroup {"v2" if controller is None else "v1 " + controller} is mounted')
    path = ''
    for name in names:
        path += '/' + name
        cgroup = Cgroup(root, path)
        if (root, path) not in case.cgroups:
            cgroup.make()
            case.undo.callback(cgroup.remove)
            case.cgroups.add((root, path))
    return cgroup


def mount_named(case):
    """A v1 hierarchy of its own, without controllers: its inodes are counted from 1."""
    folder, name = case.path('named'), f'name=vft{os.getpid()}{time.monotonic_ns()}'
    os.mkdir(folder)

    def mount():
        return subprocess.run(['mount', '-t', 'cgroup', '-o', f'none,{name}', 'none', folder],
                              capture_output=True, check=False).returncode == 0

    def umount():
        subprocess.run(['umount', folder], capture_output=True, check=False)

    def is_gone():
        with open('/proc/self/cgroup', encoding='utf-8') as file:
            return f':{name}:' not in file.read()

    def end():
        """It goes a moment after its mount; if its last cgroup had not yet, after another."""
        umount()
        for _ in range(5):
            time.sleep(0.3)
            if is_gone():
                return
            mount()
            umount()
        harness.wait_until(is_gone, 'the hierarchy to go')
    if not mount():
        raise Skip('this kernel mounts no v1 hierarchy')
    case.undo.callback(end)
    return folder
