#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vfork-report when memory, the input or the output fails at any one call, or from there on."""

import os
import sys
import tempfile

from faults import Failure, Runner, check_manners, run_cases

TRACES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../golden/v1/cli')
COMMANDS = [
    ['summary'], ['vforks'], ['tree'], ['events'], ['info'], ['verify'],
    ['summary', '--json'], ['vforks', '--csv'], ['tree', '--ndjson'], ['events', '--json'],
    ['info', '--json'], ['verify', '--json'], ['export', '--format', 'csv', '--table', 'processes'],
    ['export', '--format', 'ndjson', '--table', 'events'],
]
FAULTS = [
    ('alloc:ENOMEM', ''), ('alloc:ENOMEM', '+'),
    ('open:EMFILE', ''), ('open:EACCES', '+'),
    ('read:EIO', ''), ('read:EIO', '+'),
    ('write:EIO', ''), ('write:ENOSPC', '+'),
]
# What no program may notice.
HARMLESS = [('read:EINTR', ''), ('read:short', ''), ('write:EINTR', ''), ('write:short', ''),
            ('read:short', '+'), ('write:short', '+')]


class Report:
    def __init__(self, program, preload):
        self.program = program
        self.runner = Runner(preload)

    def command(self, arguments, trace):
        return [self.program, *arguments, os.path.join(TRACES, trace)]

    def check_truth(self, plan, result, whole):
        """Status 0 stands for the whole output, be it that without a locale to draw lines in."""
        if result.code == 0 and result.stdout not in whole:
            raise Failure(f'{plan}: status 0, and an output of {len(result.stdout)} bytes instead '
                          f'of {len(whole[0])}: {result.stderr}')

    def check_faults(self, arguments):
        before = self.runner.n_points
        traces = ['outcomes.vft', 'damaged.vft'] if len(arguments) == 1 else ['outcomes.vft']
        for trace in traces:
            command = self.command(arguments, trace)
            plain = self.runner.run(command)
            whole = [plain.stdout, self.runner.run(command, locale='C').stdout]
            for how, on in FAULTS:
                for plan, result in self.runner.points(command, how, on):
                    is_as_ever = result.code == plain.code and result.stdout in whole
                    check_manners(plan, result, 'vfork-report', is_as_ever)
                    self.check_truth(plan, result, whole)
        return self.runner.count(before)

    def check_harmless(self):
        before = self.runner.n_points
        for arguments in COMMANDS:
            command = self.command(arguments, 'outcomes.vft')
            whole = self.runner.run(command)
            for how, on in HARMLESS:
                for plan, result in self.runner.points(command, how, on):
                    if (result.code, result.stdout) != (whole.code, whole.stdout):
                        raise Failure(f'{arguments}: {plan}: status {result.code}, '
                                      f'{len(result.stdout)} bytes: {result.stderr}')
        return self.runner.count(before)

    def check_output_file(self):
        """-o FILE: status 0 only when all of it is there."""
        before = self.runner.n_points
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'out.csv')
            command = self.command(['export', '--format', 'csv', '--table', 'vforks', '-o', path],
                                   'outcomes.vft')
            self.runner.run(command)
            whole = read(path)
            for how, on in FAULTS:
                for plan, result in self.runner.points(command, how, on):
                    check_manners(plan, result, 'vfork-report')
                    if result.code == 0 and read(path) != whole:
                        raise Failure(f'{plan}: status 0 and half a file')
        return self.runner.count(before)


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def main(program, preload):
    report = Report(program, preload)
    cases = [('report__' + '_'.join(a.lstrip('-') for a in arguments),
              lambda arguments=arguments: report.check_faults(arguments))
             for arguments in COMMANDS]
    cases.append(('report__interrupted_and_short', report.check_harmless))
    cases.append(('report__output_file', report.check_output_file))
    run_cases(cases)


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
