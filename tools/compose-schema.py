#!/usr/bin/env python3
"""Makes rules/data/compose-spec.json: the compose specification's JSON schema without its prose.

    pip download check-jsonschema==0.39.0 --no-deps && unzip check_jsonschema-*.whl
    tools/compose-schema.py check_jsonschema/builtin_schemas/vendor/compose-spec.json > rules/data/compose-spec.json

Facts only are kept: names, types, required keys, enumerations, patterns. `src/rules/compose_schema.rs` reads the result.
"""
import json
import sys

PROSE = {"$comment", "$id", "$schema", "default", "deprecated", "description", "examples", "title"}


def facts(schema):
    """A schema without its prose. Maps from names to schemas are kept whole, whatever the names are."""
    kept = {}
    for key, value in schema.items():
        if key in PROSE:
            continue
        if key in ("properties", "patternProperties", "$defs"):
            kept[key] = {name: facts(inner) for name, inner in value.items()}
        elif key in ("oneOf", "anyOf", "allOf"):
            kept[key] = [facts(inner) for inner in value]
        elif isinstance(value, dict):
            kept[key] = facts(value)
        else:
            kept[key] = value
    return kept


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        schema = facts(json.load(source))
    source = "compose specification, from PyPI check-jsonschema 0.39.0; made by tools/compose-schema.py"
    json.dump({"source": source, **schema}, sys.stdout, separators=(",", ":"))
    print()
