# SPDX-License-Identifier: BSD-2-Clause
"""What the lint tests share: the files of a source tree, C without its comments, TAP."""

import os
import re
import sys

SKIPPED_FOLDERS = re.compile(r'^(\.git|build.*|__pycache__)$')
C_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def files(root, *suffixes):
    """Paths below root, relative to it, that end with one of suffixes (all when none is given)."""
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not SKIPPED_FOLDERS.match(name))
        for name in sorted(names):
            if not suffixes or name.endswith(suffixes):
                yield os.path.relpath(os.path.join(folder, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8', errors='replace') as file:
        return file.read()


def strip_c(text):
    """C without comments, and with strings emptied; #include lines and line numbers stay."""
    def blank(match):
        token = match.group()
        if token[0] == '"' and text[:match.start()].rsplit('\n', 1)[-1].lstrip().startswith('#'):
            return token
        return ('""' if token[0] == '"' else '') + '\n' * token.count('\n')
    return C_TOKEN.sub(blank, text)


class Tap:
    """Cases of one test; each is a list of problems, none of which is allowed."""

    def __init__(self):
        self.n = 0
        self.failed = 0

    def case(self, name, problems):
        self.n += 1
        for problem in problems:
            print(f'# {problem}')
        if problems:
            self.failed += 1
        print(f'{"not ok" if problems else "ok"} {self.n} - {name}', flush=True)

    def skip(self, name, reason):
        self.n += 1
        print(f'ok {self.n} - {name} # SKIP {reason}', flush=True)

    def finish(self):
        print(f'1..{self.n}')
        sys.exit(1 if self.failed else 0)
