#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is removed from command lines, and what is left alone. argv[1]: redact_lines."""

import subprocess
import sys

import samples

END = b'\x1e'
failed = 0
n = 0


def redact(lines, *rules):
    records = b''.join(b''.join(a.encode() + b'\0' for a in line) + END for line in lines)
    run = subprocess.run([sys.argv[1], *rules], input=records, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=True)
    out = [record.split(b'\0')[:-1] for record in run.stdout.split(END)[:-1]]
    return [[a.decode() for a in line] for line in out]


def check(what, is_right, why=''):
    global failed, n
    n += 1
    if not is_right:
        failed += 1
    print(f'{"ok" if is_right else "not ok"} {n} - {what}')
    for line in why.splitlines() if not is_right else ():
        print('# ' + line)


def check_secrets():
    pairs = list(samples.all_secrets())
    left = [(line, value) for (line, value), out in zip(pairs, redact([p[0] for p in pairs]))
            if value in '\0'.join(out)]
    check(f'none of {len(pairs)} secrets is left', len(pairs) >= 200 and not left,
          '\n'.join(map(repr, left)))


def check_other_seeds():
    pairs = [p for seed in range(2, 22) for p in samples.all_secrets(seed)]
    left = [(line, value) for (line, value), out in zip(pairs, redact([p[0] for p in pairs]))
            if value in '\0'.join(out)]
    check(f'of {len(pairs)} others at most 2 of 1000 are left', len(left) * 500 <= len(pairs),
          '\n'.join(map(repr, left)))


def check_harmless():
    lines = list(samples.all_harmless())
    changed = [(line, out) for line, out in zip(lines, redact(lines)) if line != out]
    check(f'of {len(lines)} harmless command lines at most 2 of 100 change',
          len(lines) >= 200 and len(changed) * 50 <= len(lines), '\n'.join(map(repr, changed)))


check_secrets()
check_other_seeds()
check_harmless()
print(f'1..{n}')
sys.exit(failed > 0)
