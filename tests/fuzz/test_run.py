#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""run.py: what a fuzzer found is kept and told once; one that found nothing leaves no folder."""

import os
import tempfile
import unittest

import run


class KeepFound(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.found = os.path.join(folder.name, 'found')
        self.crashes = os.path.join(folder.name, 'crashes', 'target')
        os.makedirs(self.found)

    def find(self, name):
        with open(os.path.join(self.found, name), 'w', encoding='utf-8') as file:
            file.write(name)

    def test_nothing_found(self):
        self.assertEqual(run.keep_found(self.found, self.crashes), set())
        self.assertFalse(os.path.exists(os.path.dirname(self.crashes)))

    def test_found_again(self):
        self.find('crash-1')
        self.assertEqual(run.keep_found(self.found, self.crashes), {'crash-1'})
        self.find('crash-1')
        self.find('crash-2')
        self.assertEqual(run.keep_found(self.found, self.crashes), {'crash-2'})
        self.assertEqual(sorted(os.listdir(self.crashes)), ['crash-1', 'crash-2'])
        self.assertEqual(os.listdir(self.found), [])


if __name__ == '__main__':
    unittest.main()
