#!/usr/bin/env python3
"""Longer hostile runs than the tests have time for: mutates the examples of rules/*.md and looks at what comes out.

    cargo build --release
    tools/hostile.py [--seconds 600] [--seed 1] [--binary target/release/deploylint]

Each batch is a folder of mutated examples, linted in one run with every rule. A batch is kept, and named, where
  - the exit code is none of 0, 1 and 2, or the run takes longer than a minute,
  - a finding or the panic hook says `internal error`,
  - an output holds a control, bidi or line separator character, or a line that a runner obeys,
  - an output holds a planted token, or its base64.
Exits with 1 where a batch was kept.
"""

import argparse
import base64
import collections
import pathlib
import random
import re
import shutil
import string
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
BATCH = 100
TIMEOUT = 60
FORMATS = ["text", "concise", "json", "sarif", "github"]

BLOCK = re.compile(r"^(```+|~~~~)(\w*) (bad|good|with) ([^\n]*)\n(.*?)^\1\s*$", re.S | re.M)
STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
COMMAND = re.compile(r"^\s*::|##[A-Za-z0-9]*\[", re.M)
OWN_COMMAND = re.compile(r"^::(error|warning|notice) [^\n]*$", re.M)

PIECES = [
    "ß", "\u00a0", "🦀", "\u2028", "\u2029", "\u0085", "\u009b", "\u202e", "\u200f", "\u061c", "\u0301", "\ufeff",
    "\r", "\r\n", "\0", "\x1b[2J", "\x7f", "\t", "\n", "\n\n", " ", "'", '"', "`", "\\", "\\\n", "$", "${", "${A:-",
    "${{", "}}", "{{", "{{ define \"", "$(", "$((", "<<EOF\n", "|\n", ">-\n", "&a ", "*a", "<<: *a\n", "!!str ", "---\n",
    "[", "]", "{", "}", "(", ")", "#", "# deploylint: ignore[", "%", "@", "/", "..", "-1", "1e999", "0x1F", ": ", "- ",
    "::error::x\n", "\n::set-output name=x::y\n", "##[command]x", "FROM ", "RUN ", "=", ",", "é" * 120, "a" * 700,
]


def examples():
    """The examples of all rules: a list of {path: text}."""
    found = []
    for page in sorted((PROJECT / "rules").glob("*.md")):
        files = {}
        for match in BLOCK.finditer(page.read_text()):
            role, path, text = match[3], match[4].strip(), match[5]
            text = re.sub(r"[ \t]*#!.*", "", text)
            text = re.sub(r"\{\{join:([^}]*)\}\}", lambda parts: parts[1].replace("|", ""), text)
            if role != "with" and files:
                found.append(files)
                files = {}
            files[path] = text
        if files:
            found.append(files)
    return found


def token(rnd):
    """A token of a documented format that nothing issued."""
    letters = string.ascii_letters + string.digits
    kinds = [("gs" + "k_", 52), ("glp" + "at-", 20), ("sk_" + "live_", 40), ("h" + "f_", 34)]
    prefix, length = rnd.choice(kinds)
    alphabet = string.ascii_letters if length == 34 else letters
    return prefix + "".join(rnd.choice(alphabet) for _ in range(length))


def mutated(rnd, text, others):
    """The text after a few changes, and the tokens that were planted into it whole."""
    planted = []
    for _ in range(rnd.choice((1, 1, 2, 4, 8))):
        at = rnd.randrange(len(text) + 1)
        kind = rnd.randrange(8)
        if kind == 0:
            words = list(re.finditer(r"[A-Za-z0-9_-]+", text))
            if words:
                word = rnd.choice(words)
                secret = token(rnd)
                planted.append(secret)
                text = text[: word.start()] + secret + text[word.end() :]
        elif kind == 1:
            text = text[:at] + text[at + rnd.choice((1, 3, 20, 100)) :]
        elif kind == 2:
            part = text[at : at + rnd.choice((1, 10, 80))]
            to = rnd.randrange(len(text) + 1)
            text = text[:to] + part * rnd.choice((1, 1, 20)) + text[to:]
        elif kind == 3:
            lines = rnd.choice(others).split("\n")
            start = rnd.randrange(len(lines))
            text = text[:at] + "\n".join(lines[start : start + rnd.randrange(1, 12)]) + text[at:]
        else:
            text = text[:at] + rnd.choice(PIECES) + text[at:]
    # What a later change cut into is no token any more.
    return text, [secret for secret in planted if secret in text]


def write(folder, path, text):
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(text.encode("utf-8", "surrogatepass"))


def make_batch(rnd, root, all_examples, texts):
    """Writes a batch and returns the planted tokens."""
    (root / ".git").mkdir(parents=True)
    planted = []
    for number in range(BATCH):
        files = dict(rnd.choice(all_examples))
        changed = rnd.choice(list(files))
        files[changed], secrets = mutated(rnd, files[changed], texts)
        folder = root / f"e{number}"
        if rnd.random() < 0.1:
            name = rnd.choice(["x\n::error::y", "x\x1b[31m", "::x", "##[x]", "\u202ex", token(rnd)])
            folder = root / f"e{number}{name}"
            secrets += [name] if len(name) > 20 else []
        for path, text in files.items():
            live = path.startswith(".github/workflows/")
            name = f".github/workflows/e{number}-{pathlib.PurePosixPath(path).name}"
            write(root if live else folder, name if live else path, text)
        planted += secrets
    return planted


def complaint(output, errors, code, format_name, planted):
    """What is wrong with a run, or nothing."""
    if code not in (0, 1, 2):
        return f"exit code {code}"
    if "internal error" in errors or re.search(r"internal-error[\"\]]", output.split('"results"')[-1]):
        return "internal error: " + errors.strip()[:300]
    for name, text in (("standard output", output), ("standard error", errors)):
        steering = STEERING.search(text)
        if steering:
            return f"{name} holds U+{ord(steering[0]):04X}"
        lines = OWN_COMMAND.sub("", text) if format_name == "github" else text
        command = COMMAND.search(lines)
        if command:
            return f"{name} holds a command: {lines[command.start():command.start() + 60]!r}"
        for secret in planted:
            encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
            if secret in text or encoded in text:
                return f"{name} shows {secret[:8]}… whole"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--binary", default=str(PROJECT / "target/release/deploylint"))
    arguments = parser.parse_args()

    rnd = random.Random(arguments.seed)
    all_examples = examples()
    texts = [text for files in all_examples for text in files.values()]
    begin = time.time()
    seen = collections.Counter()
    kept = []
    with tempfile.TemporaryDirectory(prefix="deploylint-hostile-") as scratch:
        while time.time() - begin < arguments.seconds:
            root = pathlib.Path(scratch) / "batch"
            shutil.rmtree(root, ignore_errors=True)
            planted = make_batch(rnd, root, all_examples, texts)
            format_name = rnd.choice(FORMATS)
            command = [arguments.binary, "check", "--isolated", "--profile", "strict", "--min-level", "note"]
            try:
                run = subprocess.run(
                    [*command, "--format", format_name, "."], cwd=root, capture_output=True, timeout=TIMEOUT
                )
            except subprocess.TimeoutExpired:
                wrong = f"more than {TIMEOUT} s"
            else:
                output = run.stdout.decode(errors="replace")
                errors = run.stderr.decode(errors="replace")
                wrong = complaint(output, errors, run.returncode, format_name, planted)
                seen[f"exit code {run.returncode}"] += 1
            seen["files"] += BATCH
            seen["planted"] += len(planted)
            if wrong:
                keep = tempfile.mkdtemp(prefix="deploylint-hostile-kept-")
                shutil.copytree(root, f"{keep}/batch")
                kept.append(keep)
                print(f"{keep} --format {format_name}: {wrong}", flush=True)
                if len(kept) >= 20:
                    break
    print(f"seed {arguments.seed}, {time.time() - begin:.0f} s, {dict(seen)}, kept {len(kept)}")
    sys.exit(1 if kept else 0)


if __name__ == "__main__":
    main()
