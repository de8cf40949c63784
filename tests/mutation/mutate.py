#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whether the quick suites notice small changes of meaning: mutate.py SOURCE FOLDER [-k NAME].

Each mutation of mutations.py is made in a copy of the tree, which FOLDER keeps from one run to the
next; what depends on it is built; and the tests of the suites unit, golden and fuzz (the corpus)
run until one fails, those first that the table names. What no test notices has survived: it needs a
test, or, where no input can tell the difference, a reason in the table. That the text of a mutation
is no longer found exactly once is a failure too, so that the table stays true.

One TAP case for each mutation.
"""

import argparse
import concurrent.futures
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys

from mutations import MUTATIONS

SUITES = ('unit', 'golden', 'fuzz')
OPTIONS = ('-Dbuildtype=plain', '-Doptimization=1', '-Drecord=auto')
SKIPPED = re.compile(r'^(\.git|build.*|__pycache__)$')
TIMES_AS_LONG = 3  # as meson gives a test, before it is taken for hung


class Broken(Exception):
    """What the tree is like without any mutation keeps one from looking."""


# --- the copy of the tree -------------------------------------------------------------------------

def files_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not SKIPPED.match(name)]
        for name in names:
            if name != '.git':
                yield os.path.relpath(os.path.join(folder, name), root)


def content(path):
    with open(path, 'rb') as file:
        return file.read()


def copy_tree(root, copy):
    """Make copy the same as root; what does not differ is not touched, so that it is not built."""
    wanted = set(files_of(root))
    for path in wanted:
        source, target = os.path.join(root, path), os.path.join(copy, path)
        if not os.path.exists(target) or content(source) != content(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(source, target)
    for path in set(files_of(copy)) - wanted:
        os.remove(os.path.join(copy, path))


# --- commands -------------------------------------------------------------------------------------

RUNNING = set()


def kill(process):
    """With all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def end(number, _):
    for process in list(RUNNING):
        kill(process)
    sys.exit(128 + number)


def run(command, seconds=None, **options):
    """(status, output)"""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True, **options) as process:
        RUNNING.add(process)
        try:
            output = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            kill(process)
            return 'hangs', process.communicate()[0].decode(errors='replace')
        finally:
            RUNNING.discard(process)
    return process.returncode, output.decode(errors='replace')


def must(command, **options):
    status, output = run(command, **options)
    if status:
        raise Broken(f'{" ".join(command)} ended with {status}:\n{output[-4000:]}')
    return output


class Test:
    def __init__(self, described, files_of_target, build):
        self.name = described['name']
        self.command = described['cmd']
        self.seconds = described['timeout'] * TIMES_AS_LONG
        self.folder = described['workdir'] or build
        # What malloc gives has no zeros in it, as under `meson test`, but the same for every run.
        self.environment = {**os.environ, 'MALLOC_PERTURB_': '77', **described['env']}
        files = [name for target in described['depends'] for name in files_of_target[target]]
        self.targets = sorted({os.path.relpath(name, build) for name in files})

    def fails(self):
        return run(self.command, self.seconds, cwd=self.folder, env=self.environment)[0] != 0


class Build:
    def __init__(self, source, folder):
        self.folder = folder
        if not os.path.exists(os.path.join(folder, 'build.ninja')):
            must(['meson', 'setup', folder, source, *OPTIONS])
        self.tests = []

    def load(self):
        """The quick tests, as the build files have them now."""
        must(['ninja', '-C', self.folder, 'build.ninja'])
        targets = self.introspect('targets')
        files_of_target = {target['id']: target['filename'] for target in targets}
        # Those that run no program of ours look at how it is built.
        self.tests = [Test(test, files_of_target, self.folder)
                      for test in self.introspect('tests')
                      if test['depends'] and
                      any(suite.split(':')[-1] in SUITES for suite in test['suite'])]

    def introspect(self, what):
        with open(os.path.join(self.folder, 'meson-info', f'intro-{what}.json'),
                  encoding='utf-8') as file:
            return json.load(file)

    def make(self, tests):
        targets = sorted({target for test in tests for target in test.targets})
        return run(['ninja', '-C', self.folder, '--quiet', *targets])

    def first_failure(self, tests):
        """The name of a test that fails, None when all pass; no more are begun when one has."""
        failed = []

        def try_one(test):
            if not failed and test.fails():
                failed.append(test.name)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(try_one, tests))
        return failed[0] if failed else None


# --- mutations ------------------------------------------------------------------------------------

def mutate(text, mutation):
    """The text with the mutation made; how it is laid out in lines does not matter."""
    pattern = r'\s+'.join(re.escape(word) for word in mutation.old.split())
    places = list(re.finditer(pattern, text))
    if len(places) != 1:
        raise LookupError(f'its text stands in {mutation.path} {len(places)} times, not once')
    return text[:places[0].start()] + mutation.new + text[places[0].end():]


def notice(build, mutation):
    """Which test notices what is now in the copy; None: none does."""
    first = [test for test in build.tests if test.name.removeprefix('unit/') in mutation.tests]
    rest = [test for test in build.tests if test not in first]
    for tests in first, rest:
        status, output = build.make(tests)
        if status:
            raise LookupError(f'it does not compile:\n{output[-2000:]}')
        failure = build.first_failure(tests)
        if failure:
            return failure
    return None


def judge(build, copy, mutation):
    """(ok, what is to be said)"""
    path = os.path.join(copy, mutation.path)
    original = content(path).decode()
    try:
        mutated = mutate(original, mutation)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(mutated)
        failure = notice(build, mutation)
    except LookupError as error:
        return False, str(error)
    finally:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(original)
    if mutation.equivalent:
        return (False, f'said to change nothing, and yet {failure} fails') if failure else (
            True, f'changes nothing: {mutation.equivalent}')
    return bool(failure), f'{failure} fails' if failure else 'no test fails'


def check_unchanged(build):
    status, output = build.make(build.tests)
    if status:
        raise Broken(f'the tree does not build:\n{output[-4000:]}')
    failure = build.first_failure(build.tests)
    if failure:
        raise Broken(f'{failure} fails without any mutation')


def check_all(source, folder, mutations):
    copy = os.path.join(folder, 'tree')
    copy_tree(source, copy)
    build = Build(copy, os.path.join(folder, 'build'))
    build.load()
    check_unchanged(build)
    n_failed = 0
    for number, mutation in enumerate(mutations, 1):
        is_ok, said = judge(build, copy, mutation)
        n_failed += not is_ok
        if not is_ok:
            print('\n'.join(f'# {line}' for line in said.splitlines()))
        print(f'{"ok" if is_ok else "not ok"} {number} - {mutation.path}: {mutation.name}'
              f'{" (" + said + ")" if is_ok else ""}', flush=True)
    print(f'1..{len(mutations)}')
    return n_failed


def main():
    parser = argparse.ArgumentParser(
        prog='./dev mutation', description='Whether tests notice small changes of meaning.')
    parser.add_argument('source', help=argparse.SUPPRESS)
    parser.add_argument('folder', help=argparse.SUPPRESS)
    parser.add_argument('-k', default='', metavar='NAME',
                        help='only mutations whose file or name contains NAME')
    args = parser.parse_args()
    mutations = [m for m in MUTATIONS if args.k in f'{m.path}: {m.name}']
    if not mutations:
        parser.error(f"no mutation's file or name contains '{args.k}'")
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, end)
    folder = os.path.abspath(args.folder)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, 'lock'), 'w', encoding='utf-8') as lock:
        # Who comes second waits: there is one copy.
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            n_failed = check_all(os.path.abspath(args.source), folder, mutations)
        except Broken as problem:
            print('\n'.join(f'# {line}' for line in str(problem).splitlines()))
            print('Bail out! see above')
            return 1
    return 1 if n_failed else 0


if __name__ == '__main__':
    sys.exit(main())
