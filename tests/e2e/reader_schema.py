# SPDX-License-Identifier: BSD-2-Clause
"""Documents and rows of vfork-report against what `vfork-report --json-schema` prints."""

import harness

try:
    import jsonschema
except ImportError:
    jsonschema = None


class Validator:
    """Validates nothing where python3-jsonschema is not installed, which ./dev does."""

    def __init__(self, schema):
        self.schema = schema
        self.validators = {}
        if jsonschema:
            jsonschema.Draft202012Validator.check_schema(schema)

    def check(self, name, schema, value):
        if not jsonschema:
            return
        if name not in self.validators:
            self.validators[name] = jsonschema.Draft202012Validator(schema)
        error = jsonschema.exceptions.best_match(self.validators[name].iter_errors(value))
        harness.check(error is None, f'not as the schema of {name} says: {str(error)[:600]}')

    def document(self, document):
        self.check('documents', self.schema, document)

    def row(self, table, row):
        self.check(table, {'$ref': f'#/$defs/{table}', '$defs': self.schema['$defs']}, row)
