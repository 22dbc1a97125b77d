#!/usr/bin/env python3
"""Writes rules/data/kubernetes-fields.txt: the fields of Kubernetes' own objects, by version.

    pip download --no-deps kubernetes==28.1.0 kubernetes==29.0.0 ... # one for each minor version
    tools/kubernetes-fields.py kubernetes-*.whl > rules/data/kubernetes-fields.txt

The official Python client is generated from the OpenAPI document of the Kubernetes version of its
number: 31.0.0 is made from Kubernetes 1.31. Only the types that an object of a file can reach are
written; `status` is not followed, because controllers write it.

A line that begins with a kind is `Kind group/version Type`; one that begins with `.` is a type and
its fields. The end of a field says what it holds: nothing is a string, `#` an integer, `?` a
boolean, `~` anything, `%` a mapping of strings, `%~` any mapping, `=T` a type, `*` a list of
strings, `*T` a list of a type, `*~` any list, `%T` a mapping of a type. `@30` is a field since
1.30, and `!33` one that 1.33 had last.
"""
import ast
import re
import sys
import zipfile

# Strings in the client, but quantities in the API, which may be numbers.
QUANTITIES = {
    ("V1EmptyDirVolumeSource", "sizeLimit"),
    ("V1ResourceFieldSelector", "divisor"),
    ("V2MetricTarget", "averageValue"),
    ("V2MetricTarget", "value"),
}
QUANTITY_NAMES = {
    "limits", "requests", "hard", "used", "capacity", "allocatable", "overhead", "default",
    "defaultRequest", "max", "min", "maxLimitRequestRatio", "maximumVolumeSize", "podFixed",
    "allocatedResources", "minimumVolumeSize", "tolerance", "adminAccess",
}
NOT_FOLLOWED = {"status", "managedFields"}


def dictionary(text, name):
    match = re.search(name + r"\b[^=\n]*= (\{.*?\n    \})", text, re.S)
    return ast.literal_eval(match.group(1)) if match else {}


def read(path):
    """Types and kinds of one version."""
    types, kinds = {}, {}
    with zipfile.ZipFile(path) as wheel:
        for name in wheel.namelist():
            if name.startswith("kubernetes/client/models/") and name.endswith(".py"):
                text = wheel.read(name).decode()
                match = re.search(r"^class (\w+)\(", text, re.M)
                if match:
                    held, names = dictionary(text, "openapi_types"), dictionary(text, "attribute_map")
                    types[match.group(1)] = {names[key]: kind for key, kind in held.items()}
            if name.startswith("kubernetes/client/api/") and name.endswith("_api.py"):
                kinds.update(created(wheel.read(name).decode()))
    return types, kinds


def created(text):
    """The kinds that requests make: `(kind, group/version)` and their type."""
    made = {}
    # Each request has the type of its answer before or behind its path, by the client's version.
    for path, answer in re.findall(r"'(/api[^'\n]*)', 'POST',[^)]*?response_type='(\w+)'", text):
        made[path] = answer
    answer = None
    for code_answer, method, path, old_path in re.findall(
        r"'?201'?: \"(\w+)\",|method='(\w+)',\s*resource_path='([^']+)'|'(/api[^'\n]*)', 'POST',",
        text,
    ):
        if code_answer:
            answer = code_answer
        else:
            if answer and (old_path or method == "POST"):
                made[old_path or path] = answer
            answer = None
    kinds = {}
    for path, answer in made.items():
        if path.count("/") > 6 or "{name}" in path:
            continue
        parts = path.strip("/").split("/")
        version = "v1" if parts[0] == "api" else "/".join(parts[1:3])
        kind = re.sub(r"^[A-Za-z]*?V\d+(?:(?:alpha|beta)\d+)?", "", answer, count=1)
        kinds[kind, version] = answer
    return kinds


def ending(owner, field, kind, types):
    def of(inner):
        return inner if inner in types else {"str": "", "datetime": "", "object": "~"}.get(inner, "~")

    if (owner, field) in QUANTITIES:
        return "~"
    kind = kind.replace("List[", "list[").replace("Dict[", "dict[").replace("dict(", "dict[")
    kind = kind.rstrip(")]") + ("]" if "[" in kind else "")
    if kind.startswith("list["):
        inner = kind[5:].rstrip("]")
        return "*~" if "[" in inner else "*" + of(inner)
    if kind.startswith("dict["):
        inner = kind[5:].rstrip("]").split(",")[-1].strip()
        return "%~" if "[" in inner or field in QUANTITY_NAMES else "%" + of(inner)
    if field in QUANTITY_NAMES and kind == "str":
        return "~"
    if kind in types:
        return "=" + kind
    return {"str": "", "datetime": "", "date": "", "int": "#", "bool": "?"}.get(kind, "~")


def main(paths):
    versions = {}
    for path in paths:
        number = int(re.search(r"kubernetes-(\d+)\.", path).group(1))
        versions[number] = read(path)
    first, last = min(versions), max(versions)
    fields, kinds = {}, {}
    for number, (types, made) in sorted(versions.items()):
        kinds.update(made)
        for owner, held in types.items():
            for field, kind in held.items():
                entry = fields.setdefault(owner, {}).setdefault(field, [number, number, ""])
                entry[1] = number
                entry[2] = ending(owner, field, kind, types)
    reached, queue = [], sorted(set(kinds.values()))
    while queue:
        owner = queue.pop(0)
        if owner in reached or owner not in fields:
            continue
        reached.append(owner)
        for field, (_, _, kind) in sorted(fields[owner].items()):
            if field not in NOT_FOLLOWED and kind[:1] in ("=", "*", "%"):
                queue.append(kind[1:])
    print("# Fields of the objects of Kubernetes 1.%d to 1.%d, from the official Python client." % (first, last))
    print("# Written by tools/kubernetes-fields.py.")
    for (kind, version), owner in sorted(kinds.items()):
        if owner in fields:
            print(kind, version, owner)
    for owner in sorted(reached):
        words = ["." + owner]
        for field, (since, until, kind) in sorted(fields[owner].items()):
            if field in NOT_FOLLOWED:
                kind = "~"
            word = field + kind
            if since > first:
                word += "@%d" % since
            if until < last:
                word += "!%d" % until
            words.append(word)
        print(" ".join(words))


main(sys.argv[1:])
