# SPDX-License-Identifier: BSD-2-Clause
"""Who may depend on whom: the rules, as data, and the check of a source tree against them.

ROOMS says which room may include headers of which; what is above is never in its list. Foreign
headers and some of our own are kept to single files by FOREIGN and OWN. No module comes back to
itself by way of others; a module is a .c file, the header of its name, and NAME_impl.h, which it
shares with its variants.
"""

import os
import re

import source

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

FORMAT = ('format/base', 'format/block', 'format/include/vft')

# The rooms whose headers a room may include besides its own. A single header may be named.
ROOMS = {
    'format/include/vft': (),
    'format/base': ('format/include/vft',),
    'format/block': ('format/base', 'format/include/vft'),
    'format/read': FORMAT,
    'format/write': FORMAT,
    'format/redact': FORMAT,
    'bpf': (),
    'record/base': ('format/base', 'format/include/vft'),
    'record/store': FORMAT + ('format/redact', 'record/base'),
    'record/kernel': FORMAT + ('bpf', 'record/base', 'record/store'),
    'record/watch': FORMAT + ('bpf', 'record/base', 'record/store', 'record/kernel'),
    'record/stall': FORMAT + ('bpf', 'record/base', 'record/kernel', 'record/watch'),
    'record/start': FORMAT + ('record/base', 'record/kernel'),
    'record': FORMAT + ('bpf/events.h', 'record/base', 'record/store', 'record/kernel',
                        'record/watch', 'record/stall', 'record/start'),
    'replay/base': FORMAT,
    'replay/print': FORMAT + ('replay/base',),
    'replay/model': FORMAT + ('replay/base',),
    # what is wrong with an input is said where it is found
    'replay/source': FORMAT + ('format/read/raw.h', 'replay/base', 'replay/model',
                               'replay/print/message.h'),
    'replay/rows': FORMAT + ('replay/base', 'replay/print', 'replay/model', 'replay/source'),
    'replay/tree': FORMAT + ('replay/base', 'replay/print', 'replay/model', 'replay/source',
                             'replay/rows'),
}
_BELOW_COMMANDS = FORMAT + ('replay/base', 'replay/print', 'replay/model', 'replay/source',
                            'replay/rows', 'replay/tree')
ROOMS.update({
    'replay/export': _BELOW_COMMANDS,
    'replay/html': _BELOW_COMMANDS,
    'replay/rewrite': _BELOW_COMMANDS,
    'replay/commands': _BELOW_COMMANDS + ('replay/export', 'replay/html', 'replay/rewrite'),
    'replay': _BELOW_COMMANDS + ('replay/commands',),
})

# For the time being: its modules still know each other both ways.
CIRCLES_BORNE = re.compile(r'^replay/model/')

# Foreign headers: name pattern, and the only files that may include them.
FOREIGN = (
    (re.compile(r'^zstd'), re.compile(r'^format/block/block\.c$')),
    (re.compile(r'^(bpf/bpf_(helpers|tracing|core_read|endian|helper_defs)\.h)$'),
     re.compile(r'^bpf/')),
    (re.compile(r'^(bpf/(?!bpf_(helpers|tracing|core_read|endian))|linux/bpf|libbpf)|\.skel\.h$'),
     re.compile(r'^(record/(kernel/(session|examiner)|watch/snapshot)\.[ch]|bpf/.*\.bpf\.c)$')),
    (re.compile(r'^(elfutils/|dwarf|libdw|libelf|gelf)'), re.compile(r'^record/stall/worker\.c$')),
    (re.compile(r'^(getopt|argp|err|error|time|sys/time)\.h$'), re.compile(r'^(?!format/)')),
)

# Headers of ours that only some of those who could may include.
OWN = (
    (re.compile(r'^format/include/vft/(?!err\.h|io\.h)'), re.compile(r'^(?!format/base/)')),
    (re.compile(r'^bpf/events\.h$'),
     re.compile(r'^(bpf/|record/(kernel/(translate|losses|session)|watch/snapshot|stall/\w+|now)'
                r'\.[ch]$)')),
    (re.compile(r'^bpf/autopsy\.h$'),
     re.compile(r'^(bpf/|record/(kernel/examiner|stall/\w+)\.c$)')),
    (re.compile(r'^bpf/(?!(events|autopsy)\.h)'), re.compile(r'^bpf/')),
)

PRINTING = r'v?f?printf|v?dprintf|f?puts|f?putc|putchar|perror|psignal|fwrite|v?warnx?|v?errx?'
ENDING = r'_?exit|_Exit|quick_exit|abort|assert'
ARGV_AND_CLOCK = r'getopt(_long)?|argp_parse|clock_gettime|gettimeofday|time|localtime(_r)?'

# Calls that do not belong in a folder: pattern of files, calls.
FORBIDDEN_CALLS = (
    (re.compile(r'^format/'), (PRINTING, ENDING, ARGV_AND_CLOCK)),
    (re.compile(r'^replay/commands/[^/]*\.c$'), (PRINTING,)),
    (re.compile(r'^replay/(model/(model|verdict)|rows/filter)\.c$'), (PRINTING, ENDING)),
)


def is_foreign_allowed(path, header):
    return all(where.search(path) for what, where in FOREIGN if what.search(header))


def resolve(path, header, tree):
    """Where a quoted include of ours leads: beside the includer, from the root, or by its name."""
    beside = os.path.normpath(os.path.join(os.path.dirname(path), header))
    if beside in tree:
        return beside
    if header in tree:
        return header
    found = [other for other in tree if other.endswith('/' + header)]
    found.sort(key=lambda other: not may_include(path, other))
    return found[0] if found else None


def room_of(path):
    room = os.path.dirname(path)
    while room and room not in ROOMS:
        room = os.path.dirname(room)
    return room


def may_include(path, target):
    room = room_of(path)
    return room_of(target) == room or any(each in ROOMS[room] for each in (target, room_of(target)))


def check_include(path, header, tree):
    target = resolve(path, header, tree)
    if target is None:
        return None if is_foreign_allowed(path, header) else f'{path} includes {header}'
    if not may_include(path, target):
        return f'{path} includes {target}: {room_of(path)} may not use {room_of(target)}'
    if not all(where.search(path) for what, where in OWN if what.search(target)):
        return f'{path} includes {target}, which is not for it'
    return None


def headers_of(text):
    """Each included header, and whether it is one of ours by the way it is included."""
    for match in INCLUDE.finditer(text):
        kind, header = match.groups()
        if header.startswith('vft/'):
            yield 'format/include/' + header, True
        else:
            yield header, kind == '"'


def check_includes(path, text, tree):
    for header, is_ours in headers_of(text):
        if is_ours:
            problem = check_include(path, header, tree)
        else:
            problem = None if is_foreign_allowed(path, header) else f'{path} includes <{header}>'
        if problem:
            yield problem


def module_of(path):
    return os.path.splitext(path)[0].removesuffix('_impl')


def uses_of(texts):
    """Which modules each module includes headers of."""
    uses = {module_of(path): set() for path in texts}
    for path, text in texts.items():
        for header, is_ours in headers_of(text):
            target = resolve(path, header, texts) if is_ours else None
            if target and module_of(target) != module_of(path):
                uses[module_of(path)].add(module_of(target))
    return uses


def find_circle(uses, module, trail, done):
    """A way from the module back to one of the trail; None when there is none."""
    if module in trail:
        return trail[trail.index(module):] + [module]
    if module in done:
        return None
    for used in sorted(uses[module]):
        circle = find_circle(uses, used, trail + [module], done)
        if circle:
            return circle
    done.add(module)
    return None


def check_circles(texts):
    borne = {path for path in texts if CIRCLES_BORNE.search(path)}
    uses = uses_of({path: text for path, text in texts.items() if path not in borne})
    done = set()
    for module in sorted(uses):
        circle = find_circle(uses, module, [], done)
        if circle:
            yield 'circle: ' + ' -> '.join(circle)
            done.update(circle)


def check_calls(path, text):
    for where, patterns in FORBIDDEN_CALLS:
        if not where.search(path):
            continue
        call = re.compile(r'(?<![\w.>])(' + '|'.join(patterns) + r')\s*\(')
        for match in call.finditer(text):
            line = text.count('\n', 0, match.start()) + 1
            yield f'{path}:{line} calls {match.group(1)}()'


def check(root):
    """Every breach of the rules below root."""
    paths = sorted(path for path in source.files(root, '.c', '.h') if room_of(path))
    texts = {path: source.strip_c(source.read(root, path)) for path in paths}
    problems = []
    for path, text in texts.items():
        problems += check_includes(path, text, texts)
        problems += check_calls(path, text)
    return problems + list(check_circles(texts))
